"""Random walks find the bugs: most of the broken models give themselves away within 20,000 steps."""

from __future__ import annotations

from checkers.walk import walk
from poolproof import catalog
from spec.dsl import Mutant

STEPS = 20_000


def is_found(bug: Mutant) -> bool:
    machine = bug.machine
    walked = walk(machine, machine.sizes("tiny", {}), STEPS, seed=0, until=bug.breaks)
    return walked.steps <= STEPS and walked.finding is not None and walked.finding.name == bug.breaks


def test_a_walk_finds_four_of_five_broken_models() -> None:
    """Of all broken models at least 80 % are found by the promise they name, within the steps."""
    found = [bug.name for bug in catalog.BROKEN if is_found(bug)]
    assert len(found) >= 0.8 * len(catalog.BROKEN)
