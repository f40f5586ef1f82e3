# SPDX-License-Identifier: MIT
"""What is called proved without counting leans on nothing that needs counting."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkers.core.verdict import Kind, Outcome
from checkers.prove.deciding import SolverOptions, decide
from checkers.prove.known import Known
from checkers.prove.obligations import obligations
from checkers.prove.proof import ANY, COUNTED, Proof, prove
from checkers.prove.theory import invariants_of
from checkers.prove.uncounted import counting_free_core
from models.yardstick import yardstick
from spec.dsl import Machine
from tests.machines import module

POOL = '''
from spec.dsl import NOBODY, Machine, Sort, State, count, field, implies, members, optional, require

class Page(Sort, called="{letter}"):
    """A page."""

class Pool(Sort, called="pool{n}"):
    """A pool."""

class S(State):
    pages = members(Page, 1, 3)
    pools = members(Pool, 1, 3)
    home = field(Page, optional(Pool), NOBODY, "which pool counts it")
    mapped = field(Page, bool, False, "mapped")
    lent = field(Page, bool, False, "lent")
    open = field(Pool, bool, True, "open")

def take(s: S, page: Page, pool: Pool) -> None:
    require(s.home[page] == NOBODY)
    require(s.open[pool])

    s.home[page] = pool
    s.mapped[page] = True

def give(s: S, page: Page) -> None:
    s.home[page] = NOBODY
    s.mapped[page] = False
    s.lent[page] = False

def close(s: S, pool: Pool) -> None:
    require(count(s.pages, lambda p: s.home[p] == pool) == 0)

    s.open[pool] = False

def unmap(s: S, page: Page) -> None:
    require(s.home[page] != NOBODY)
    require(not s.open[s.home[page]])

    s.mapped[page] = False

def lend(s: S, page: Page) -> None:
    require(s.mapped[page])

    s.lent[page] = True

def a_closed_pool_has_no_page(s: S, page: Page) -> bool:
    return s.home[page] == NOBODY or s.open[s.home[page]]

def a_page_at_home_is_mapped(s: S, page: Page) -> bool:
    return implies(s.home[page] != NOBODY, s.mapped[page])

def what_is_lent_is_mapped(s: S, page: Page) -> bool:
    return implies(s.lent[page], s.mapped[page])

def what_is_mapped_is_at_home(s: S, page: Page) -> bool:
    return implies(s.mapped[page], s.home[page] != NOBODY)

def what_is_lent_is_at_home(s: S, page: Page) -> bool:
    return implies(s.lent[page], s.home[page] != NOBODY)

def a_pool_opens_once(before: S, after: S, pool: Pool) -> bool:
    return implies(after.open[pool], before.open[pool])

MACHINE = Machine(
    name="pool", doc="a pool that closes when it is empty", state=S, system=(take, give, close, unmap, lend),
    always=(a_closed_pool_has_no_page, a_page_at_home_is_mapped, what_is_lent_is_mapped, what_is_mapped_is_at_home,
            what_is_lent_is_at_home), steps=(a_pool_opens_once,), scopes={"tiny": dict(pages=2, pools=2)},
)
'''

LEANS = {
    "a_closed_pool_has_no_page": COUNTED,
    "a_page_at_home_is_mapped": COUNTED,
    "what_is_lent_is_mapped": COUNTED,
    "what_is_mapped_is_at_home": ANY,
    "what_is_lent_is_at_home": ANY,
    "a_pool_opens_once": ANY,
}
"""The first is counted; the second and the third are kept thanks to it."""


def proved(machine: Machine) -> Proof:
    return prove(machine, machine.name, SolverOptions(jobs=1))


def labels(proof: Proof) -> dict[str, str]:
    return {v.property: v.label for v in proof.verdicts if v.kind is not Kind.PATH and v.outcome is Outcome.HOLDS}


def test_what_leans_on_a_counted_invariant_is_counted_too() -> None:
    """Also where no step that keeps it counts anything."""
    assert labels(proved(module(POOL).MACHINE)) == LEANS


def test_where_nothing_is_counted_nothing_is_called_so() -> None:
    """Without the guard that counts, what still holds is proved without counting."""
    text = POOL.replace("require(count(s.pages, lambda p: s.home[p] == pool) == 0)", "require(s.open[pool])")
    found = labels(proved(module(text).MACHINE))
    assert found
    assert set(found.values()) == {ANY}


def test_what_is_broken_at_the_start_is_leant_on_by_nothing() -> None:
    """An invariant that the start breaks, and every step keeps, holds up nothing."""
    found = labels(
        proved(module(POOL.replace('field(Page, bool, False, "mapped")', 'field(Page, bool, True, "mapped")')).MACHINE)
    )
    assert not {"what_is_mapped_is_at_home", "what_is_lent_is_at_home"} & set(found)
    assert found["a_pool_opens_once"] == ANY


@pytest.mark.parametrize("machine", [yardstick, module(POOL).MACHINE], ids=lambda m: m.name)
def test_claims_that_need_no_counting_are_proved_beside_each_other(machine: Machine) -> None:
    """Both solvers find that they follow from one another, with nothing known of any size."""
    proof = proved(machine)
    plain = [f for f in invariants_of(machine) if labels(proof)[f.name] == ANY]
    assert 0 < len(plain) < len(proof.invariants)
    assert all(
        d.is_as_wanted and not d.counting for d in decide(obligations(machine, plain, plain), SolverOptions(jobs=1))
    )


def test_what_was_found_is_remembered_for_the_same_texts_only(tmp_path: Path) -> None:
    """The second time nothing is looked at; where a text or a name has changed, all is."""
    options, looks = SolverOptions(jobs=1, known=Known(tmp_path / "known")), list[int]()

    def found(text: str) -> tuple[frozenset[str], int]:
        """The claims that need no counting, and the number of questions to the solver."""
        machine, before = module(text).MACHINE, len(looks)
        _, names = counting_free_core(
            machine, invariants_of(machine), obligations(machine), options, lambda n, of: looks.append(n)
        )
        return names, len(looks) - before

    names, questions = found(POOL)
    assert questions
    assert found(POOL) == (names, 0)
    assert found(POOL.replace("s.lent[page] = True", "s.lent[page] = False"))[1]
    renamed, asked_again = found(POOL.replace("what_is_lent_is_at_home", "lent_pages_have_a_home"))
    assert asked_again
    assert renamed == {"lent_pages_have_a_home" if name == "what_is_lent_is_at_home" else name for name in names}
