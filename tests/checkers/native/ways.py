# SPDX-License-Identifier: MIT
"""Ways to search in C, and what of a search is compared."""

from __future__ import annotations

from typing import Any

import pytest

from checkers.core.traces import Finding
from checkers.explore.search import Exploration
from checkers.native import build, library
from checkers.native.engine import SearchOptions
from spec.dsl import World

needs_a_compiler = pytest.mark.skipif(not build.compiler(), reason="no C compiler (cc) on this machine")

QUICK: dict[str, Any] = dict(chunk=8, level="-O0")
"""Small chunks, so that threads have something to share; code that is compiled quickly."""

WAYS = {
    "tables, bitmap": SearchOptions(threads=1, **QUICK),
    "tables, bitmap, two threads": SearchOptions(threads=2, **QUICK),
    "tables, hash set": SearchOptions(threads=1, bitmap=False, **QUICK),
    "tables, hash set, two threads": SearchOptions(threads=2, bitmap=False, **QUICK),
    "evaluated": SearchOptions(threads=1, tables=False, **QUICK),
    "evaluated, two threads": SearchOptions(threads=2, tables=False, **QUICK),
}
KINDS = {name: WAYS[name] for name in ("tables, bitmap", "tables, hash set, two threads", "evaluated")}
each_kind = pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)


RUN = library.Search.run


def hurried(self: library.Search, seconds: float, *more: int, **how: int) -> int:
    """In place of `Search.run`: it comes back at its first look at the clock, after as much work on any machine."""
    return RUN(self, 0.0, *more, **how)


def results(seen: Exploration) -> dict[str, object]:
    """All results of a search, with the lengths of traces in place of traces."""
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
        "guards": sorted((one.site.function, one.site.text, one.coverage.value) for one in seen.untested),
    }


def found(seen: Exploration) -> dict[str, Finding]:
    """Everything that was found, by kind and name."""
    finds = {f"violated {name}": finding for name, finding in seen.violated.items()}
    finds |= {f"reached {name}": finding for name, finding in seen.reached.items()}
    return finds | ({"deadlock": seen.deadlock} if seen.deadlock else {})


def exactly(seen: Exploration) -> dict[str, object]:
    """The same with every step and code of every trace, and for whom it was found."""
    return {**results(seen), "traces": {name: (f.args, f.trace) for name, f in found(seen).items()}}


def replays(seen: Exploration) -> bool:
    """Does every trace run again, step by step, from an initial state?"""
    world = World(seen.world.machine, seen.world.sizes)
    for trace in (finding.trace for finding in found(seen).values()):
        code = trace.start
        assert code in world.initial()
        for step in trace.steps:
            assert world.apply(code, step.instance) == step.code
            code = step.code
    return True
