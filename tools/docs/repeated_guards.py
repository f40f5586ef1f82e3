# SPDX-License-Identifier: MIT
"""Which invariants only repeat a guard: leaving it out, whole or in part, breaks them, and nothing else does."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor

from checkers import engines
from checkers.mutation import Fault, faults
from spec.dsl import SpecError
from spec.ownership import ownership

PRESETS = ("tiny", "halves_sent", "unmapped")
"""One page in each: every invariant can be broken in one of them."""

Guard = tuple[str, str]
"""The name of a function, and the text of its guard."""


def broken_by(fault: Fault) -> frozenset[str]:
    """The names of the invariants that a fault breaks in some preset."""
    try:
        mutant = fault.planted(ownership)
        seen = [engines.explore(mutant, mutant.sizes(preset, {}), mutant.symmetric) for preset in PRESETS]
    except SpecError:
        return frozenset()
    return frozenset(name for one in seen for name in one.violated)


def guard_of(fault: Fault) -> Guard | None:
    """The guard that a fault leaves out, whole or in part; None if it leaves out something else."""
    guard = fault.of or fault.what
    return (fault.function, guard) if guard.startswith("require(") else None


def repeating(broken: Mapping[Fault, Iterable[str]]) -> dict[str, Guard]:
    """The invariants that only one guard keeps, with that guard."""
    by: dict[str, set[Guard | None]] = {}
    for fault, names in broken.items():
        for name in names:
            by.setdefault(name, set()).add(guard_of(fault))
    only = {name: next(iter(guards)) for name, guards in by.items() if len(guards) == 1}
    return {name: guard for name, guard in sorted(only.items()) if guard}


def computed() -> dict[str, Guard]:
    """The same for the rules, with every fault planted, on all cores."""
    every, spawn = faults(ownership), multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), spawn, max_tasks_per_child=20) as pool:
        return repeating(dict(zip(every, pool.map(broken_by, every), strict=True)))
