"""The Python search is the oracle: whatever way C goes about it, it tells the same, to the last digit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from checkers.explore import Budget, Exploration, explore
from checkers.native import engine
from checkers.native.engine import Means
from spec.dsl import Machine, Sort, World
from tests.machines import machines, shipped

pytestmark = pytest.mark.skipif(not engine.cores(), reason="no C compiler (cc) on this machine")

QUICK: dict[str, Any] = dict(chunk=8, level="-O0")
WAYS = {
    "tables, bitmap": Means(threads=1, **QUICK),
    "tables, bitmap, two threads": Means(threads=2, **QUICK),
    "tables, hash set": Means(threads=1, bitmap=False, **QUICK),
    "tables, hash set, two threads": Means(threads=2, bitmap=False, **QUICK),
    "evaluated": Means(threads=1, tables=False, **QUICK),
    "evaluated, two threads": Means(threads=2, tables=False, **QUICK),
}
BUDGET = Budget(states=1200)
"""Larger machines are drawn again."""

often: Callable[[Any], Any] = settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def told(seen: Exploration) -> dict[str, object]:
    """Everything a search says, with the lengths of traces for the traces."""
    finds = seen.violated | seen.reached
    return {
        "states": seen.states,
        "unreduced": seen.orbit_sum,
        "transitions": seen.transitions,
        "depth": seen.depth,
        "taken": seen.fired,
        "violated": sorted(seen.violated),
        "lengths": {name: len(found.trace.steps) for name, found in finds.items()},
        "deadlock": seen.deadlock and len(seen.deadlock.trace.steps),
        "guards": sorted((site.function, site.text, says) for site, says in seen.untested),
    }


def replays(seen: Exploration) -> bool:
    """Does every trace run again, step by step, from an initial state?"""
    world = World(seen.world.machine, seen.world.sizes)
    found = [*seen.violated.values(), *seen.reached.values(), *([seen.deadlock] if seen.deadlock else [])]
    for trace in (f.trace for f in found):
        code = trace.start
        assert code in world.initial()
        for step in trace.steps:
            assert world.apply(code, step.instance) == step.code
            code = step.code
    return True


@often
@given(machines(), st.booleans(), st.lists(st.sampled_from(sorted(WAYS)), min_size=2, max_size=2, unique=True))
def test_random_machines_come_out_the_same(machine: Machine, alike: bool, ways: list[str]) -> None:
    """Counts, depth, verdicts, witnesses, lengths of traces and what guards said agree with the Python search."""
    sizes, sorts = machine.sizes("tiny", {}), machine.alike if alike else ()
    oracle = explore(machine, sizes, sorts, BUDGET)
    assume(not oracle.stopped)
    for way in ways:
        seen = engine.explore(machine, sizes, sorts, means=WAYS[way])
        assert told(seen) == told(oracle), way
        assert replays(seen)
