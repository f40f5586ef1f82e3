# SPDX-License-Identifier: MIT
"""Random machines: both semantics agree on them, and so do searches with symmetry and without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from checkers.core.stopped import Stopped, after_states
from checkers.core.traces import Finding
from checkers.explore.search import Budget, Exploration, explore, reach
from spec.dsl import Claim, Machine, SpecError, World
from tests.machines import machines, module
from tests.semantics import Broken, as_broken, broken, broken_by_steps, concretely, disagreements
from tests.writer import machine_texts

BUDGET = Budget(states=1200)
"""Larger machines are drawn again."""

often: Callable[[Any], Any] = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def searched(machine: Machine, symmetric: bool) -> Exploration:
    seen = explore(machine, machine.sizes("tiny", {}), machine.symmetric if symmetric else (), BUDGET)
    assume(seen.stopped != after_states(1200))
    assert not seen.stopped
    return seen


def steps(world: World, code: bytes) -> list[tuple[int, bytes]]:
    """The enabled instances and the states they lead to, each found by running that function and nothing else."""
    outcomes = [(n, concretely(world, code, instance)) for n, instance in enumerate(world.instances)]
    return [(n, outcome.code) for n, outcome in outcomes if not outcome.why_not]


def reachable(world: World, most: int) -> list[bytes]:
    """The states that can be reached, breadth first, by taking steps and remembering states."""
    found = dict.fromkeys(world.initial())
    todo = list(found)
    for code in todo:
        new = [after for after in dict.fromkeys(after for _, after in steps(world, code)) if after not in found]
        found.update(dict.fromkeys(new))
        todo += new
        if len(found) > most:
            break
    return todo


@often
@given(machines())
def test_running_and_lifting_agree_on_every_reachable_state(machine: Machine) -> None:
    """For every action, invariant and witness of a machine written at random, on each state it comes to."""
    world = World(machine, machine.sizes("tiny", {}))
    for code in reachable(world, 60):
        assert disagreements(world, code) == []


@often
@given(machines())
def test_symmetry_changes_no_answer(machine: Machine) -> None:
    """Taking members as symmetric gives the same states, depth, verdicts, shortest lengths and deadlocks."""
    every, folded = searched(machine, symmetric=False), searched(machine, symmetric=True)
    assert folded.orbit_sum == every.states == every.orbit_sum
    assert folded.states <= every.states
    assert folded.depth == every.depth
    assert lengths(folded.violated) == lengths(every.violated)
    assert lengths(folded.reached) == lengths(every.reached)
    assert length(folded.deadlock) == length(every.deadlock)
    assert {a for a, n in folded.fired.items() if n} == {a for a, n in every.fired.items() if n}


@often
@given(machines(), st.booleans())
def test_every_trace_replays(machine: Machine, symmetric: bool) -> None:
    """A trace starts in an initial state, each step is a step of the machine, and what was found is true at its end."""
    seen = searched(machine, symmetric)
    invariants = {c.name: c for c in machine.invariants}
    witnesses = {w.name: w.stages[0] for w in machine.witnesses}
    for finding in (*seen.violated.values(), *seen.reached.values()):
        replays(seen.world, finding)
        claim = invariants.get(finding.name) or witnesses[finding.name]
        assert truth(seen.world, claim, finding) is (finding.name in witnesses)
    if seen.deadlock:
        replays(seen.world, seen.deadlock)
        last = seen.deadlock.trace.codes[-1]
        assert {after for _, after in seen.world.successors(last)} <= {last}


@often
@given(machines())
def test_a_search_finds_what_brute_force_finds(machine: Machine) -> None:
    """The states, and the invariants broken in some state or step, are those of a plain loop over everything."""
    seen = searched(machine, symmetric=False)
    world = World(machine, machine.sizes("tiny", {}))
    states = reachable(world, BUDGET.states)
    assert seen.states == len(states)
    assert seen.transitions == sum(len(steps(world, code)) for code in states)
    assert set(seen.violated) == {name for code in states for name, _ in broken_near(world, code)}
    assert (seen.deadlock is not None) == any(is_dead(world, code) for code in states)


@often
@given(machines())
def test_a_witness_is_reached_as_early_as_the_search_finds_it(machine: Machine) -> None:
    """Looking for one witness at a time gives the same shortest lengths as the search for all of them."""
    seen = searched(machine, symmetric=True)
    for witness in machine.witnesses:
        found = reach(machine, machine.sizes("tiny", {}), witness)
        assert not isinstance(found, Stopped)
        assert length(found) == length(seen.reached.get(witness.name))


def test_most_machines_written_at_random_are_accepted() -> None:
    """The writer knows the notation: seldom is a text refused, and then only for a guard that is plainly false."""
    refusals: list[str] = []
    plainly_false = "is enabled on no path"

    @settings(deadline=None, max_examples=200, database=None, derandomize=True)
    @given(machine_texts())
    def write(text: str) -> None:
        try:
            module(text)
        except SpecError as error:
            refusals.append(str(error))

    write()
    assert len(refusals) < 50  # of 200: some 15 are usual, in a few draws many more of a kind
    assert [text for text in refusals if plainly_false not in text] == []


def lengths(findings: dict[str, Finding]) -> dict[str, int]:
    return {name: len(found.trace.steps) for name, found in findings.items()}


def length(finding: Finding | None) -> int | None:
    return len(finding.trace.steps) if finding else None


def replays(world: World, finding: Finding) -> None:
    """Each step of the trace is a step of the machine, from an initial state on."""
    code = finding.trace.start
    assert code in world.initial()
    for step in finding.trace.steps:
        assert world.apply(code, step.instance) == step.code
        code = step.code


def truth(world: World, claim: Claim, finding: Finding) -> bool:
    """The value of a claim at the end of a trace, for the arguments it was found for."""
    codes = finding.trace.codes
    if not claim.is_step:
        return bool(claim.fn(world.load(codes[-1]), *finding.args))
    last = world.instances.index(finding.trace.steps[-1].instance)
    return dict(verdicts(world, claim, codes[-2], finding.args))[last]


def verdicts(world: World, claim: Claim, code: bytes, args: tuple[Any, ...]) -> list[tuple[int, bool]]:
    """The value of a step claim in each step from this state."""
    before = world.load(code, world.before)
    return [(n, bool(claim.fn(before, world.state, *args))) for n, _ in world.successors(code)]


def broken_near(world: World, code: bytes) -> Broken:
    """The invariants violated in this state, or by a step from it; the memo of the world agrees."""
    here, steps = broken(world, code), broken_by_steps(world, code)
    assert as_broken(world.violated(code)) == here
    assert {n: as_broken(world.violated_by_step(code, after)) for n, after in world.successors(code)} == steps
    return here.union(*steps.values())


def is_dead(world: World, code: bytes) -> bool:
    """No action changes this state, and no run may end here."""
    final = world.machine.is_final
    return all(after == code for _, after in steps(world, code)) and not (final and final.fn(world.load(code)))
