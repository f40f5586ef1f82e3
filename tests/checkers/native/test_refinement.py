# SPDX-License-Identifier: MIT
"""Refinement in C gives the result of the one in Python: whether, in how many steps, and by which guards."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from checkers import engines
from checkers.engines import EngineChoice
from checkers.explore.refine import Refinement
from checkers.explore.search import Budget, explore
from checkers.mutation import faults
from checkers.native import build
from checkers.native.engine import SearchOptions
from models.broken.zoo import ZOO
from models.keep_mapped import keep_mapped
from models.per_packet import per_packet
from spec.dsl import Machine, SpecError
from tests.machines import machines, module
from tests.sampling import one_in

from .ways import KINDS, each_kind, needs_a_compiler

pytestmark = needs_a_compiler

PYTHON = EngineChoice("python")
BUDGET = Budget(states=1000)
DESIGNS = [bug.machine for bug in ZOO if bug.machine.refines]


def result(found: Refinement) -> object:
    """What both engines must agree on: the counts of a search that ends, or the length of the run."""
    if found.trace is None:
        return found.seen.states, found.seen.transitions, found.seen.orbit_sum, found.seen.fired
    steps = [step.instance.action.name for step in found.trace.steps]
    return len(steps)


@each_kind
@pytest.mark.parametrize("machine", [keep_mapped, per_packet], ids=["keep_mapped", "per_packet"])
def test_a_shipped_design_keeps_to_the_rules(machine: Machine, options: SearchOptions) -> None:
    """In each form in which C stores states, with the counts of the Python search."""
    sizes = machine.sizes("tiny", {})
    found = engines.refine(machine, sizes, choice=EngineChoice("c", options))
    assert found.seen.engine.startswith("explore (c)")
    assert result(found) == result(engines.refine(machine, sizes, choice=PYTHON))


@pytest.mark.parametrize("machine", one_in(4, DESIGNS), ids=lambda m: m.name)
def test_a_broken_design_leaves_the_rules_where_python_says(machine: Machine) -> None:
    """Or keeps to them, and breaks its invariant only."""
    sizes = machine.sizes("tiny", {})
    wanted = engines.refine(machine, sizes, choice=PYTHON)
    for options in KINDS.values():
        found = engines.refine(machine, sizes, choice=EngineChoice("c", options))
        assert result(found) == result(wanted)
        assert bool(found.candidates) == bool(wanted.candidates)
        assert all(c.why.startswith(("is refused by require(", "is permitted, but ")) for c in found.candidates)


def refining(low: Machine, high: Machine) -> Machine:
    return replace(low, refines=high)


def broken(machine: Machine, seed: int) -> Machine | None:
    """The machine with a fault planted in it, refining itself without the fault; None if the notation refuses that."""
    planted = faults(machine)
    try:
        made = refining(planted[seed % len(planted)].planted(machine), machine) if planted else None
        if made:
            explore(made, made.sizes("tiny", {}), made.symmetric, BUDGET)
        return made
    except SpecError:
        return None


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(machines(), st.integers(0, 10**6), st.sampled_from(sorted(KINDS)))
def test_random_designs_come_out_alike(machine: Machine, seed: int, way: str) -> None:
    """A random machine against itself, and with a fault planted in it against itself without the fault."""
    sizes = machine.sizes("tiny", {})
    assume(not explore(machine, sizes, machine.symmetric, BUDGET).stopped)
    for design in filter(None, (refining(machine, machine), broken(machine, seed))):
        assume(not explore(design, sizes, design.symmetric, BUDGET).stopped)
        wanted = engines.refine(design, sizes, choice=PYTHON)
        assert result(engines.refine(design, sizes, choice=EngineChoice("c", KINDS[way]))) == result(wanted)


def test_without_a_compiler_python_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the engine says why."""
    monkeypatch.setattr(build, "compiler", lambda: "")
    found = engines.refine(per_packet, per_packet.sizes("tiny", {}))
    assert found.seen.engine.startswith("explore (python): ")


OF_TWO_PAGES = """
from spec.dsl import Machine, Sort, State, between, field, members, require, some

class Page(Sort, called="{letter}"):
    '''A page.'''

class Chain(State):
    pages = members(Page)
    n = field(Page, bool, False, "whether it was reached")

def begin(s: Chain, page: Page) -> None:
    require(not some(s.pages, lambda p: s.n[p]))
    s.n[page] = True

def follow(s: Chain, page: Page, other: Page) -> None:
    require(page != other)
    require(s.n[other])
    s.n[page] = True

def go_on(s: Chain, page: Page) -> None:
    require(some(s.pages, lambda p: s.n[p]))
    s.n[page] = True

SCOPES = {"tiny": dict(pages=3)}
ABOVE = Machine(name="above", doc="d", state=Chain, system=(begin, follow), symmetric=(Page,), scopes=SCOPES)
MACHINE = Machine(
    name="low", doc="d", state=Chain, system=(begin, go_on), symmetric=(Page,), scopes=SCOPES, refines=ABOVE
)
"""


@needs_a_compiler
def test_an_action_above_may_look_at_two_pages() -> None:
    """The record of the page that steps does not decide it; the whole state does."""
    machine: Machine = module(OF_TWO_PAGES).MACHINE
    assert engines.refine(machine, machine.sizes("tiny", {})).trace is None
