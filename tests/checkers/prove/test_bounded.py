# SPDX-License-Identifier: MIT
"""Bounded questions: what z3 finds is what the explorer finds, as short, and it is believed only when it runs again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import z3
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from checkers.core.traces import Contradiction, Finding
from checkers.core.verdict import Outcome
from checkers.explore.search import Budget, Exploration, explore
from checkers.prove import bounded, unrolling
from checkers.prove.bounded import Bounded, bmc, k_induction
from checkers.prove.choices import Term
from checkers.prove.finite import System, encoded
from models.keep_mapped import keep_mapped
from models.yardstick import yardstick
from poolproof import catalog
from spec.dsl import Claim, Machine, Mutant, SpecError, World
from tests.machines import machines, module
from tests.sampling import one_in

from .test_finite import OVERDRAWN

STATES = Budget(states=800)
DEPTH = 5

often: Callable[[Any], Any] = settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def tiny(machine: Machine) -> dict[str, int]:
    return machine.sizes("tiny", {})


def explored(machine: Machine) -> Exploration:
    seen = explore(machine, tiny(machine), (), STATES)
    assume(not seen.stopped)
    return seen


def lengths(found: list[Bounded]) -> dict[str, int]:
    return {b.claim.name: b.depth for b in found if b.outcome is Outcome.VIOLATED}


def outcomes(found: list[Bounded]) -> set[Outcome]:
    return {b.outcome for b in found}


def is_broken(world: World, claim: Claim, finding: Finding) -> bool:
    """The trace begins in an initial state, each step is one of the machine, and the claim fails at its end."""
    code = finding.trace.start
    assert code in world.initial()
    for before, step in zip(finding.trace.codes, finding.trace.steps, strict=False):
        code, instance = before, step.instance
        assert world.apply(before, instance) == step.code
    if not claim.is_step:
        return not world.holds(claim, finding.trace.codes[-1], finding.args)
    steps = (n for n, _ in world.successors(code) if world.instances[n] == finding.trace.steps[-1].instance)
    return not next(world.step_holds(claim, code, finding.args) for _ in steps)


# -- agreement -----------------------------------------------------------------------------------------------------


@often
@given(machines())
def test_bounded_search_finds_what_the_explorer_finds(machine: Machine) -> None:
    """For random machines: the same invariants are violated, in as few steps, up to the given depth."""
    seen, found = explored(machine), bmc(machine, tiny(machine), DEPTH)
    expected = {name: len(f.trace.steps) for name, f in seen.violated.items() if len(f.trace.steps) <= DEPTH}
    assert lengths(found) == expected
    assert {b.claim.name: len(b.finding.trace.steps) for b in found if b.finding} == expected
    assert all(is_broken(seen.world, b.claim, b.finding) for b in found if b.finding)
    assert outcomes(found) <= {Outcome.HOLDS, Outcome.VIOLATED}
    assert [b.claim for b in found] == list(machine.invariants)


@often
@given(machines(), st.integers(1, 4))
def test_k_induction_contradicts_no_search(machine: Machine, k: int) -> None:
    """ "Holds" is violated in no state of the search; "violated" is found by the search, as short."""
    seen, found = explored(machine), k_induction(machine, tiny(machine), k)
    expected = {name: len(f.trace.steps) for name, f in seen.violated.items()}
    assert lengths(found) == {name: n for name, n in expected.items() if n <= k}
    assert not {b.claim.name for b in found if b.outcome is Outcome.HOLDS} & expected.keys()
    assert outcomes(found) <= {Outcome.HOLDS, Outcome.VIOLATED, Outcome.UNKNOWN}


@pytest.mark.parametrize("bug", one_in(3, catalog.BROKEN), ids=lambda b: b.name)
def test_every_broken_model_is_found_as_short_as_declared(bug: Mutant) -> None:
    """BMC finds the invariant that a broken model names, in exactly its number of steps, and then stops."""
    machine = bug.machine
    found = bmc(machine, tiny(machine), bug.steps, until=bug.breaks)
    [answer] = [b for b in found if b.claim.name == bug.breaks]
    assert (answer.outcome, answer.depth) == (Outcome.VIOLATED, bug.steps)
    assert answer.finding
    assert is_broken(World(machine, tiny(machine)), answer.claim, answer.finding)


LONG_ENOUGH = '''
from spec.dsl import Machine, Sort, State, between, field, members, require

class Page(Sort, called="{letter}"):
    """A page."""

class S(State):
    pages = members(Page, 1, 3)
    at = field(Page, between(0, 5), 0, "how far it is; 4 leads on to 5, but nothing leads to 4")

def on(s: S, page: Page) -> None:
    """From 0 to 1 to 2 and again 0; from 3 to 4 to 5."""
    require(s.at[page] < 5)
    s.at[page] = 0 if s.at[page] == 2 else s.at[page] + 1

def nothing_comes_to_an_end(s: S, page: Page) -> bool:
    """True, but 3 and 4 keep it too, and lead to 5."""
    return s.at[page] != 5

def no_step_ends(before: S, after: S, page: Page) -> bool:
    """The same of steps."""
    return after.at[page] != 5 or before.at[page] == 5

MACHINE = Machine(name="long", doc="k must be large enough.", state=S, system=(on,), scopes={"tiny": dict(pages=1)},
                  always=(nothing_comes_to_an_end,), steps=(no_step_ends,), symmetric=(Page,))
'''


def test_a_larger_k_proves_more() -> None:
    """Two unreachable states lead to a violation: k = 3 excludes them; with k = 2 the answer is unknown."""
    machine: Machine = module(LONG_ENOUGH).MACHINE
    assert outcomes(k_induction(machine, tiny(machine), 2)) == {Outcome.UNKNOWN}
    assert outcomes(k_induction(machine, tiny(machine), 3)) == {Outcome.HOLDS}


WAITING = '''
from spec.dsl import Machine, Sort, State, between, field, members, require

class Page(Sort, called="{letter}"):
    """A page."""

class S(State):
    pages = members(Page, 1, 3)
    at = field(Page, between(0, 3), 0, "0 and 1 in turn; 2 is unreachable, waits, and leads to 3")

def turn(s: S, page: Page) -> None:
    """From 0 to 1, and back."""
    require(s.at[page] < 2)
    s.at[page] = 1 - s.at[page]

def wait(s: S, page: Page) -> None:
    """Nothing changes."""
    require(s.at[page] == 2)

def fall(s: S, page: Page) -> None:
    """The end."""
    require(s.at[page] == 2)
    s.at[page] = 3

def nothing_comes_to_an_end(s: S, page: Page) -> bool:
    """True, but 2 keeps it too, for as long as it likes."""
    return s.at[page] != 3

MACHINE = Machine(name="waiting", doc="Waits where it never is.", state=S, system=(turn, wait, fall),
                  scopes={"tiny": dict(pages=1)}, always=(nothing_comes_to_an_end,), symmetric=(Page,))
'''


def test_runs_that_never_come_back_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unreachable state that waits spoils every k, unless all states of a run are different."""
    machine: Machine = module(WAITING).MACHINE
    assert outcomes(k_induction(machine, tiny(machine), 1)) == {Outcome.UNKNOWN}
    assert outcomes(k_induction(machine, tiny(machine), 2)) == {Outcome.HOLDS}
    monkeypatch.setattr(unrolling, "_differ", lambda run, one, other: z3.BoolVal(True))
    assert outcomes(k_induction(machine, tiny(machine), 4)) == {Outcome.UNKNOWN}


def leaning() -> Machine:
    """An invariant is broken in three steps, another in four."""
    made: Machine = module(LEANING).MACHINE
    return made


def test_an_invariant_may_not_lean_on_one_that_is_not_proved() -> None:
    """What follows only from an invariant that is broken later is unknown, not proved."""
    machine = leaning()
    seen = explore(machine, tiny(machine), (), STATES)
    assert len(seen.violated) == 2
    assert outcomes(k_induction(machine, tiny(machine), 1)) == {Outcome.UNKNOWN}


LEANING = '''
from spec.dsl import Machine, Sort, State, between, field, members, require

class Page(Sort, called="{letter}"):
    """A page."""

class S(State):
    pages = members(Page, 1, 3)
    at = field(Page, between(0, 4), 0, "how far it is")

def on(s: S, page: Page) -> None:
    """A step further."""
    require(s.at[page] < 4)
    s.at[page] += 1

def never_three(s: S, page: Page) -> bool:
    """Broken in three steps."""
    return s.at[page] != 3

def never_four(s: S, page: Page) -> bool:
    """Broken in four; it would follow from the other."""
    return s.at[page] != 4

MACHINE = Machine(name="leaning", doc="One invariant seems to follow from another.", state=S, system=(on,),
                  scopes={"tiny": dict(pages=1)}, always=(never_three, never_four), symmetric=(Page,))
'''


def test_k_supposes_something() -> None:
    """Without a step before it, nothing is supposed of a state."""
    with pytest.raises(ValueError, match="at least 1"):
        k_induction(yardstick, tiny(yardstick), 0)


def test_the_models_are_proved_by_induction() -> None:
    """All that keep_mapped invariants follows from itself in one step."""
    found = k_induction(keep_mapped, tiny(keep_mapped), 1)
    assert outcomes(found) == {Outcome.HOLDS}
    assert {b.depth for b in found} == {1}


# -- bounds --------------------------------------------------------------------------------------------------------


def test_a_step_out_of_bounds_is_an_error_of_the_spec() -> None:
    """As in the explorer, and in its words; what is too deep is not looked at."""
    machine: Machine = module(OVERDRAWN).MACHINE
    with pytest.raises(SpecError, match="outside its bounds"):
        explore(machine, tiny(machine))
    with pytest.raises(SpecError, match="outside its bounds"):
        bmc(machine, tiny(machine), 2)
    assert lengths(bmc(machine, tiny(machine), 1)) == {"a_page_has_no_debt": 1}


# -- what z3 finds is not believed ---------------------------------------------------------------------------------


def doctored(**parts: Any) -> Callable[[Machine, dict[str, int]], System]:
    """The right terms of a machine, but for these parts."""

    def encode(machine: Machine, sizes: dict[str, int]) -> System:
        right = encoded(machine, sizes)
        return replace(right, **{name: change(right) for name, change in parts.items()})

    return encode


def overrun(right: System) -> dict[str, Term]:
    """An invariant as broken as it can be."""
    return {**right.broken, "rings_are_never_overrun": True}


DOCTORED: dict[str, tuple[dict[str, Callable[[System], Any]], str]] = {
    "an invariant is broken that is not": (dict(broken=overrun), "rings_are_never_overrun holds at step 0"),
    "any state comes next": (dict(moves=lambda right: ()), "step 1 .* leads to another state"),
    "any state comes first": (dict(initial=lambda right: ()), "does not begin in an initial state"),
}


@pytest.mark.parametrize("fault", DOCTORED)
def test_what_does_not_run_again_is_a_contradiction(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the invariant and the step, and is never shown as a violation."""
    parts, reason = DOCTORED[fault]
    monkeypatch.setattr(bounded, "encoded", doctored(**parts))
    with pytest.raises(Contradiction, match=reason):
        bmc(keep_mapped, tiny(keep_mapped), 3)


def test_a_guard_left_out_is_a_contradiction(monkeypatch: pytest.MonkeyPatch) -> None:
    """Terms of a broken model find a violation that the sound one does not make."""
    bug = next(b for b in catalog.BROKEN if b.name == "b02_device_gone_before_its_pool")
    monkeypatch.setattr(
        bounded, "encoded", lambda m, sizes: replace(encoded(bug.machine, sizes), world=World(m, sizes))
    )
    with pytest.raises(Contradiction, match=f"{bug.breaks}: step 2 of .* is not enabled"):
        bmc(keep_mapped, tiny(bug.machine), 2)


def test_bounds_that_are_not_left_are_a_contradiction(monkeypatch: pytest.MonkeyPatch) -> None:
    """z3 answers that a step leaves the bounds of a field, and it does not."""
    monkeypatch.setattr(bounded, "encoded", doctored(fault=lambda right: True))
    with pytest.raises(Contradiction, match="does not leave the bounds"):
        bmc(yardstick, tiny(yardstick), 1)


def test_an_order_that_leaves_out_too_much_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """If only the first page ever moved, what needs two pages would not be found."""
    bug = next(b for b in catalog.BROKEN if b.name == "more_posted_than_descriptors")
    only_first = doctored(order=lambda right: [right.slots[slot][slot[0](0)] for slot in right.slots])
    monkeypatch.setattr(bounded, "encoded", only_first)
    found = bmc(bug.machine, tiny(bug.machine), bug.steps, until=bug.breaks)
    assert bug.breaks not in lengths(found)
