# SPDX-License-Identifier: MIT
"""A model in prose: the text of an action agrees with what it does."""

from __future__ import annotations

import pytest

from checkers.core.prose import AT_ONCE, Case, action_lines, as_it_was, enabled, touching, update, updates
from poolproof import catalog
from spec.dsl import Machine, Sort, World
from spec.dsl.ir import Read, evaluate, walk

MODELS = pytest.mark.parametrize("machine", catalog.SOUND, ids=[m.name for m in catalog.SOUND])


def holds(cases: list[Case], state: object, env: dict[str, Sort]) -> bool:
    return any(all(evaluate(g, {"": state}, env) for g in case) for case in cases)


@MODELS
def test_the_cases_of_an_action_are_those_of_its_paths(machine: Machine) -> None:
    """In reachable states an action is enabled where its text has it, and does the updates of the cases that hold."""
    world = World(machine, machine.sizes("tiny", {"pages": 1}))
    for code in reachable(world)[::29]:
        state = world.load(code, world.before)
        for instance in world.instances:
            env = {v.name: arg for v, arg in zip(instance.action.params, instance.args, strict=True)}
            always, cases = enabled(instance.action)
            taken = [p for p in instance.action.lifted.paths if evaluate(p.guard, {"": state}, env)]
            assert bool(taken) == (holds([always], state, env) and holds(cases, state, env))
            for path in taken:
                last = {(put.field, put.keys): put for put in path.puts}
                listed = [put for some, puts in updates(instance.action) if holds(some, state, env) for put in puts]
                assert sorted(map(repr, listed)) == sorted(map(repr, last.values()))


def reachable(world: World) -> list[bytes]:
    """Every reachable state, without symmetry."""
    found = dict.fromkeys(world.initial())
    queue = list(found)
    for code in queue:
        for _, after in world.successors(code):
            if after not in found:
                found[after] = None
                queue.append(after)
    return queue


@MODELS
def test_what_a_step_changes_and_reads_is_marked_as_old(machine: Machine) -> None:
    """On the right of an update and in its key no field that the same step changes stands unmarked."""
    for action in machine.actions:
        changed = frozenset(put.field for path in action.lifted.paths for put in path.puts)
        for put in (put for path in action.lifted.paths for put in path.puts):
            reads = [x for e in (put.value, *put.keys) for x in walk(as_it_was(e, changed)) if isinstance(x, Read)]
            assert all((read.when == "old") is (read.field in changed) for read in reads)
            assert " becomes " in update(put, changed)
        assert not any(" = " in line for line in action_lines(action))
    assert "at once" in AT_ONCE


@MODELS
def test_guards_stand_beside_invariants_that_read_the_same(machine: Machine) -> None:
    """Each pair has at least one field that both read, and none is there twice."""
    pairs = [(action.name, claim.name) for action, claim, names in touching(machine) if names]
    assert pairs
    assert len(set(pairs)) == len(list(touching(machine)))
