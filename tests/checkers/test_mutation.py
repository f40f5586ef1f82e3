# SPDX-License-Identifier: MIT
"""Faults as places in the text: everything that can be left out is, each thing once."""

from __future__ import annotations

import pytest

from checkers.core.guards import sites
from checkers.mutation import Fault, faults
from spec.dsl import Machine
from spec.ownership import ownership
from tests.machines import module

TEXT = '''
from spec.dsl import Machine, Sort, State, between, count, field, implies, members, require

class Page(Sort, called="p"):
    """A page."""

class S(State):
    pages = members(Page, 1, 3)
    debt = field(Page, between(0, 2), 0, "a number")
    late = field(Page, bool, False, "a flag")

def debtors(s: S) -> int:
    """All in debt."""
    return count(s.pages, lambda p: s.debt[p] > 0 and not s.late[p])

def borrow(s: S, page: Page) -> None:
    """A guard of three parts, an update, a call."""
    require(s.debt[page] == 0 or (s.debt[page] == 1 and debtors(s) < 2))

    s.debt[page] += 1
    warn(s, page)

def warn(s: S, page: Page) -> None:
    """A branch of one statement, and one of two sides."""
    if s.late[page]:
        s.debt[page] = 0
    if s.debt[page] == 2:
        s.late[page] = True
    else:
        s.late[page] = False

def nobody_is_late_without_debt(s: S, page: Page) -> bool:
    """An invariant is no place for a fault: this `and` stands in none."""
    return implies(s.late[page] and s.debt[page] < 2, False)

MACHINE = Machine(name="bank", doc="Lends.", state=S, system=(borrow,), always=(nobody_is_late_without_debt,),
                  scopes={"tiny": dict(pages=1)}, symmetric=(Page,))
'''
GUARD = "require(s.debt[page] == 0 or (s.debt[page] == 1 and debtors(s) < 2))"


@pytest.fixture(scope="module")
def bank() -> Machine:
    made: Machine = module(TEXT).MACHINE
    return made


def test_everything_that_can_be_left_out_is(bank: Machine) -> None:
    """Guards, parts of guards and of what they count, branches, updates and calls; nothing of an invariant."""
    counted = "return count(s.pages, lambda p: s.debt[p] > 0 and (not s.late[p]))"
    assert sorted((f.function, f.text) for f in faults(bank)) == sorted(
        [
            ("borrow", GUARD),
            ("borrow", f"s.debt[page] == 0 of {GUARD}"),
            ("borrow", f"s.debt[page] == 1 and debtors(s) < 2 of {GUARD}"),
            ("borrow", f"s.debt[page] == 1 of {GUARD}"),
            ("borrow", f"debtors(s) < 2 of {GUARD}"),
            ("borrow", "s.debt[page] += 1"),
            ("borrow", "warn(s, page)"),
            ("debtors", f"s.debt[p] > 0 of {counted}"),
            ("debtors", f"not s.late[p] of {counted}"),
            ("warn", "always of if s.late[page]"),
            ("warn", "s.debt[page] = 0"),
            ("warn", "always of if s.debt[page] == 2"),
            ("warn", "never of if s.debt[page] == 2"),
            ("warn", "s.late[page] = True"),
            ("warn", "s.late[page] = False"),
        ]
    )


def planted(bank: Machine, line: str) -> Fault:
    return next(f for f in faults(bank) if f.text == line)


@pytest.mark.parametrize(
    ("line", "left"),
    [
        (f"s.debt[page] == 0 of {GUARD}", ["require(s.debt[page] == 1)", "require(debtors(s) < 2)"]),
        (f"s.debt[page] == 1 of {GUARD}", ["require(s.debt[page] == 0 or debtors(s) < 2)"]),
        (f"s.debt[page] == 1 and debtors(s) < 2 of {GUARD}", ["require(s.debt[page] == 0)"]),
        (GUARD, []),
    ],
)
def test_what_is_left_of_a_guard_is_one_guard_for_each_claim(bank: Machine, line: str, left: list[str]) -> None:
    """Of `a or (b and c)` without a, b and c are left, as two guards."""
    assert [site.text for site in sites(planted(bank, line).planted(bank))] == left


def test_each_fault_changes_the_machine(bank: Machine) -> None:
    """None of them leaves every action as it was."""
    assert all(f.planted(bank).digest != bank.digest for f in faults(bank))


def test_each_fault_of_the_rules_has_a_name_of_its_own() -> None:
    """Function and text identify a mutation, so that a reason belongs to one."""
    names = [(f.function, f.text) for f in faults(ownership)]
    assert len(names) == len(set(names))
