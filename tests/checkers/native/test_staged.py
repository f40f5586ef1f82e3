# SPDX-License-Identifier: MIT
"""Witnesses in stages, searched in C: as short as the Python search finds them, for the same arguments, or none."""

from __future__ import annotations

from typing import Any

import pytest

from checkers.core.stopped import Stopped
from checkers.core.traces import Finding
from checkers.explore.search import Budget, advance, reach
from checkers.native import staged
from poolproof import catalog
from spec.dsl import Machine, Witness, World
from tests.spec.dsl.snippets import machine

from .ways import WAYS, needs_a_compiler

pytestmark = needs_a_compiler

MEANS = [WAYS["evaluated"], WAYS["evaluated, two threads"]]
either = pytest.mark.parametrize("options", MEANS, ids=["one thread", "two threads"])

STAGED = [(m, w) for m in catalog.SOUND for w in m.witnesses if len(w.stages) > 1 and w.fits(m.sizes("tiny", {}))]


def outcome(found: Finding | Stopped | None) -> object:
    return (found.name, len(found.trace.steps)) if isinstance(found, Finding) else found


def holds(made: Machine, witness: Witness, found: Finding | Stopped | None) -> bool:
    """Is each step of the run a step, and do the stages come about on it, in order, for these arguments?"""
    if not isinstance(found, Finding):
        return True
    world = World(made, made.sizes("tiny", {}))
    stages, code = witness.stages, found.trace.start
    assert code in world.initial()
    stage = advance(world, witness, 0, code, found.args)
    for step in found.trace.steps:
        for n, after in world.successors(code):
            if world.instances[n] == step.instance:
                taken = stage < len(stages) and stages[stage].is_step
                stage += taken and world.step_holds(stages[stage], code, found.args)
                assert after == step.code
                break
        code = step.code
        stage = advance(world, witness, stage, code, found.args)
    return stage == len(stages)


@either
@pytest.mark.parametrize(("made", "witness"), STAGED, ids=[f"{m.name} {w.name}" for m, w in STAGED])
def test_the_witnesses_of_sound_models_are_as_short(made: Machine, witness: Witness, options: Any) -> None:
    """Each is reached in as many steps, by a run on which its stages come about in order."""
    sizes = made.sizes("tiny", {})
    seen = staged.reach(made, sizes, witness, options=options)
    assert outcome(seen) == outcome(reach(made, sizes, witness))
    assert holds(made, witness, seen)


STAGES = """
def act_up(s: S, page: Page) -> None:
    require(s.refs[page] < 3)
    s.refs[page] += 1
    s.taken[page] += 1

def act_down(s: S, page: Page, dev: Device) -> None:
    require(s.refs[page] == 2)
    require(s.peer[dev] == dev)
    s.refs[page] = 0

def act_write(s: S, page: Page) -> None:
    require(each(s.pages, lambda p: s.refs[p] < 2))
    s.dirty[page] = not s.dirty[page]

def zero(s: S, page: Page) -> bool:
    return s.refs[page] == 0

def one(s: S, page: Page) -> bool:
    return s.refs[page] == 1

def three(s: S, page: Page) -> bool:
    return s.refs[page] == 3

def dirty(s: S, page: Page) -> bool:
    return s.dirty[page]

def falls(before: S, after: S, page: Page) -> bool:
    return after.refs[page] < before.refs[page]

def takes(before: S, after: S, page: Page) -> bool:
    return after.taken[page] > before.taken[page]

def is_away(s: S, page: Page, dev: Device) -> bool:
    return s.peer[dev] != dev and s.dirty[page]

def is_full(s: S, page: Page, dev: Device) -> bool:
    return s.refs[page] == 3 and s.up[dev]

def both(s: S, page: Page, other: Page) -> bool:
    return page != other and s.refs[page] == 2 and s.dirty[other]

def swapped(s: S, page: Page, other: Page) -> bool:
    return s.refs[page] == 3 and s.refs[other] == 1

witness_again = (one, falls, one)
witness_at_once = (zero, zero, one)
witness_steps = (takes, falls, takes, takes)
witness_never = (three, zero)
witness_turns = (dirty, falls, dirty, three)
witness_alone = (is_away, is_full)
witness_two = (both, swapped)
"""


def stages(symmetric: bool) -> Machine:
    return machine(STAGES, symmetric=("Page", "Device") if symmetric else ())


@either
@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("number", range(7))
def test_stages_come_about_in_order(number: int, symmetric: bool, options: Any) -> None:
    """States and steps as stages, several at once, stages that are there at the start, and some that never come."""
    made = stages(symmetric)
    sizes, witness = made.sizes("tiny", {}), made.witnesses[number]
    seen = staged.reach(made, sizes, witness, options=options)
    assert outcome(seen) == outcome(reach(made, sizes, witness))
    assert holds(made, witness, seen)


@either
def test_a_budget_ends_the_search_for_stages(options: Any) -> None:
    """ "Budget spent" is not "unreachable"."""
    made = stages(symmetric=False)
    found = staged.reach(made, made.sizes("tiny", {}), made.witnesses[3], Budget(states=5), options)
    assert isinstance(found, Stopped)
    assert str(found).endswith("states searched")
