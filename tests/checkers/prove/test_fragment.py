# SPDX-License-Identifier: MIT
"""What proofs for any number can express; all else is refused with its line, before a solver runs."""

from __future__ import annotations

import re

import pytest

from checkers.prove.fragment import check
from checkers.prove.theory import invariants_of
from poolproof import catalog
from spec.dsl import Machine, SpecError
from tests.machines import module

CHAIN = '''
from spec.dsl import NOBODY, Machine, Sort, State, count, each, field, implies, members, optional, require, some

class Page(Sort, called="{letter}"):
    """A page."""

class Device(Sort, called="eth{n}"):
    """A device."""

class S(State):
    pages = members(Page, 1, 3)
    devices = members(Device, 1, 3)
    at = field(Page, optional(Device), NOBODY, "where it is")
    up = field(Page, bool, False, "at work")
    CELL

def act(s: S, page: Page, dev: Device) -> None:
    require(GUARD)

    s.up[page] = VALUE

def invariant(s: S, page: Page, dev: Device) -> bool:
    return CLAIM

MACHINE = Machine(
    name="chain", doc="pages at devices", state=S, system=(act,), always=(invariant,),
    scopes={"tiny": dict(pages=2, devices=2)},
)
'''


def chain(claim: str = "True", guard: str = "not s.up[page]", value: str = "True", cell: str = "") -> Machine:
    """A machine with this invariant, guard, value or field."""
    text = CHAIN.replace("CELL", cell).replace("GUARD", guard).replace("VALUE", value)
    made: Machine = module(text.replace("CLAIM", claim if claim != "True" else "s.up[page] or not s.up[page]")).MACHINE
    return made


def line_of(words: str, **parts: str) -> int:
    """The line of the text in which these words stand."""
    text = CHAIN.replace("CELL", parts.get("cell", ""))
    return next(n for n, line in enumerate(text.split("\n"), 1) if words in line)


@pytest.mark.parametrize("machine", [*catalog.SOUND, *(b.machine for b in catalog.BROKEN)], ids=lambda m: m.name)
def test_what_is_shipped_is_reached(machine: Machine) -> None:
    """No claim and no field of a shipped machine leads in a circle."""
    check(machine, invariants_of(machine))


WITHIN = {
    "somebody": dict(guard="some(s.devices, lambda d: s.at[page] == d)"),
    "nobody of a kind": dict(claim="each(s.pages, lambda p: s.at[p] != dev)"),
    "somebody, guarded": dict(guard="some(s.pages, lambda p: s.up[p])"),
    "a denied circle": dict(claim="not some(s.pages, lambda p: s.up[p])"),
    "a count": dict(claim="count(s.pages, lambda p: s.at[p] == dev) <= 1"),
}


@pytest.mark.parametrize("parts", WITHIN.values(), ids=WITHIN)
def test_what_leads_one_way_is_reached(parts: dict[str, str]) -> None:
    """Quantifiers from pages to devices, or without new members: the solvers terminate."""
    machine = chain(**parts)
    check(machine, invariants_of(machine))


@pytest.mark.parametrize("field", ["field(Page, optional(Page), NOBODY", "field((Page, Device), Page, Page(0)"])
def test_a_field_that_leads_from_a_page_to_a_page_is_refused_by_name(field: str) -> None:
    """A list of pages has no end for a solver."""
    machine = chain(cell=f'behind = {field}, "the page behind it")')
    with pytest.raises(SpecError, match=r"^field behind: leads from Page.*--bmc or --k-induction"):
        check(machine, invariants_of(machine))


def test_a_circle_through_two_fields_is_refused() -> None:
    """From pages to devices, and from devices back to pages."""
    machine = chain(cell='last = field(Device, optional(Page), NOBODY, "the page it had last")')
    with pytest.raises(SpecError, match=r"^field last: leads from (Page to Device|Device to Page)"):
        check(machine, invariants_of(machine))


BEYOND = {
    "a page for every page": (dict(claim="some(s.pages, lambda p: s.at[p] == s.at[page])"), "def invariant"),
    "a page for every device": (dict(claim="some(s.pages, lambda p: s.at[p] == dev)"), "def invariant"),
    "in a guard": (
        dict(guard="each(s.pages, lambda p: some(s.pages, lambda q: s.at[p] == s.at[q]))"),
        "require(GUARD)",
    ),
    "in a denied guard": (
        dict(guard="not some(s.devices, lambda d: each(s.pages, lambda q: s.at[q] == d))"),
        "require(GUARD)",
    ),
    "in a value": (
        dict(value="each(s.devices, lambda d: some(s.pages, lambda q: s.at[q] == d))"),
        "s.up[page] = VALUE",
    ),
    "in what a count counts": (
        dict(claim="count(s.devices, lambda d: some(s.pages, lambda p: s.at[p] == d)) <= 1"),
        "def invariant",
    ),
}


@pytest.mark.parametrize(("parts", "at"), BEYOND.values(), ids=BEYOND)
def test_a_claim_that_leads_back_is_refused_by_its_line(parts: dict[str, str], at: str) -> None:
    """For every page (or device) some page: refused, with the line and what can be done instead."""
    machine = chain(**parts)
    with pytest.raises(SpecError) as caught:
        check(machine, invariants_of(machine))
    assert re.match(rf"<written_\d+>:{line_of(at)}: ", str(caught.value)), str(caught.value)
    assert "check it in a scope" in str(caught.value)
