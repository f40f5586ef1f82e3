# SPDX-License-Identifier: MIT
"""Running a function and evaluating its lifted form agree: every action, invariant and witness of every machine."""

from __future__ import annotations

import random
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolproof import catalog
from spec.dsl import Machine, World
from tests.machines import shipped
from tests.sampling import one_in
from tests.semantics import as_broken, broken, broken_by_steps, concretely, disagreements, outcomes_that_differ

MACHINES = {machine.name: machine for machine in shipped()}
SOUND = [machine.name for machine in catalog.SOUND]
BROKEN = {bug.name: bug for bug in catalog.BROKEN}


@lru_cache(maxsize=64)
def world_of(name: str, sizes: tuple[tuple[str, int], ...]) -> World:
    return World(MACHINES[name], dict(sizes))


@st.composite
def scopes(draw: st.DrawFn, machine: Machine) -> tuple[tuple[str, int], ...]:
    """One or two of everything, within what the machine takes."""
    every = (machine.shape.members | machine.shape.bounds).items()
    return tuple((name, draw(st.integers(size.low, max(size.low, min(size.high, 2))))) for name, size in every)


@st.composite
def reached(draw: st.DrawFn, world: World) -> bytes:
    """A state after some steps from an initial one."""
    code = draw(st.sampled_from(world.initial()))
    for choice in draw(st.lists(st.integers(0, 99), max_size=12)):
        after = [a for _, a in world.successors(code)]
        code = after[choice % len(after)] if after else code
    return code


@st.composite
def any_state(draw: st.DrawFn, world: World) -> bytes:
    """A reached state in which some cells, perhaps all, hold any value of their domain."""
    code = bytearray(draw(reached(world)))
    sizes = {at: len(vars(world.state)[n].values_) for n, cells in world.offsets.items() for at in cells.values()}
    for at in draw(st.sets(st.sampled_from(sorted(sizes)))):
        code[at] = draw(st.integers(0, sizes[at] - 1))
    return bytes(code)


@pytest.mark.parametrize("name", SOUND)
@settings(deadline=None, max_examples=80)
@given(data=st.data())
def test_running_and_lifting_agree_on_any_state(name: str, data: st.DataObject) -> None:
    """On a state that need not be reachable, every instance has one outcome and every claim one verdict."""
    world = world_of(name, data.draw(scopes(MACHINES[name]), "scope"))
    assert disagreements(world, data.draw(any_state(world), "state")) == []


@pytest.mark.parametrize("name", one_in(3, BROKEN))
@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_running_and_lifting_agree_on_what_was_changed(name: str, data: st.DataObject) -> None:
    """The actions that a broken machine does not share with its base have one outcome on any state."""
    world = world_of(name, data.draw(scopes(MACHINES[name]), "scope"))
    base = {action.fn for action in BROKEN[name].base.actions}
    changed = [instance for instance in world.instances if instance.action.fn not in base]
    assert changed
    assert outcomes_that_differ(world, data.draw(any_state(world), "state"), changed) == []


@pytest.mark.parametrize("name", one_in(3, MACHINES))
def test_running_and_lifting_agree_where_an_action_first_happens(name: str) -> None:
    """Every action of a sound machine happens in its tiny scope; where one first does, both semantics agree."""
    machine = MACHINES[name]
    world = world_of(name, tuple(machine.sizes("tiny", {}).items()))
    missing, queue = {action.name for action in machine.actions}, dict.fromkeys(world.initial())
    for code in (todo := list(queue)):
        steps = list(world.successors(code))
        new = {world.instances[n].action.name for n, _ in steps} & missing
        if new:
            assert disagreements(world, code) == []
        missing -= new
        if not missing:
            break
        todo += [after for _, after in steps if after not in queue]
        queue.update(dict.fromkeys(after for _, after in steps))
    assert not missing or machine.breaks


@pytest.mark.parametrize("name", SOUND)
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_a_world_reports_every_violated_invariant(name: str, data: st.DataObject) -> None:
    """What a world remembers of pages with the same record never hides a broken invariant, nor its arguments."""
    world = world_of(name, data.draw(scopes(MACHINES[name]), "scope"))
    code = data.draw(any_state(world), "state")
    assert as_broken(world.violated(code)) == broken(world, code)
    steps = {n: as_broken(world.violated_by_step(code, after)) for n, after in world.successors(code)}
    assert steps == broken_by_steps(world, code)


@pytest.mark.parametrize("name", MACHINES)
def test_successors_are_the_enabled_instances(name: str) -> None:
    """The successors of a state are those of its instances that run to the end, each once, in order."""
    machine, choose = MACHINES[name], random.Random(2)
    world = world_of(name, tuple(machine.sizes("tiny", {}).items()))
    code = choose.choice(world.initial())
    for _ in range(60):
        outcomes = [(n, concretely(world, code, instance)) for n, instance in enumerate(world.instances)]
        enabled = [(n, outcome.code) for n, outcome in outcomes if not outcome.why_not]
        assert list(world.successors(code)) == enabled
        code = choose.choice(enabled)[1] if enabled else choose.choice(world.initial())
