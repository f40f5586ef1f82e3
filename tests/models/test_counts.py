# SPDX-License-Identifier: MIT
"""State counts are pinned: who changes the rules sees how many states that adds or takes away."""

from __future__ import annotations

import pytest

from checkers.explore.search import Exploration, explore
from checkers.native import engine
from checkers.native.engine import SearchOptions
from models.yardstick import Device, Page, yardstick
from poolproof import catalog
from spec.dsl import Machine, Sort
from tests.checkers.native.ways import needs_a_compiler

Question = tuple[int, tuple[type[Sort], ...]]

YARDSTICK: dict[Question, tuple[int, int, int]] = {
    # pages, symmetric: states, unreduced states, transitions
    (2, ()): (1_413, 1_413, 6_454),
    (2, (Page,)): (757, 1_413, 3_286),
    (2, (Page, Device)): (388, 1_413, 1_683),
    (3, ()): (21_621, 21_621, 136_168),
    (3, (Page,)): (4_309, 21_621, 24_644),
    (3, (Page, Device)): (2_164, 21_621, 12_370),
}
"""The counts known from three independent tools (they count the initial state as a transition, here it is none)."""

LARGE: dict[Question, tuple[int, int, int]] = {
    (4, ()): (345_749, 345_749, 2_781_114),
    (4, (Page,)): (19_981, 345_749, 139_940),
    (4, (Page, Device)): (10_036, 345_749, 70_286),
    (5, ()): (5_631_309, 5_631_309, 55_139_962),
    (5, (Page,)): (78_565, 5_631_309, 643_310),
    (5, (Page, Device)): (39_328, 5_631_309, 322_007),
}
"""The same with more pages; of five, the tools know the states, and the search with symmetry knows them without it."""

DEPTH = {2: 13, 3: 18, 4: 23, 5: 28}

TINY = {
    # states, unreduced states, transitions, depth
    "ownership": (2_475, 9_436, 13_622, 15),
    "keep_mapped": (1_730, 6_672, 11_961, 19),
    "per_packet": (711, 2_548, 3_201, 15),
    "yardstick": (757, 1_413, 3_286, 13),
}


SMALL = {
    "ownership": (52_616, 407_536, 461_566, 22),
    "keep_mapped": (21_544, 167_760, 170_185, 22),
    "per_packet": (6_312, 44_788, 43_794, 22),
    "yardstick": (4_309, 21_621, 24_644, 18),
}


def counts(seen: Exploration) -> tuple[int, int, int, int]:
    """What is pinned of a search that found nothing wrong."""
    assert not seen.violated
    assert seen.deadlock is None
    assert not seen.stopped
    return seen.states, seen.orbit_sum, seen.transitions, seen.depth


@pytest.mark.parametrize(("pages", "symmetric"), YARDSTICK, ids=str)
def test_the_yardstick_counts_what_other_tools_count(pages: int, symmetric: tuple[type[Sort], ...]) -> None:
    """States, orbits, their unreduced sum and transitions are those of the reference."""
    seen = explore(yardstick, yardstick.sizes("tiny", {"pages": pages}), symmetric)
    assert counts(seen) == (*YARDSTICK[pages, symmetric], DEPTH[pages])


@needs_a_compiler
@pytest.mark.parametrize(("pages", "symmetric"), YARDSTICK | LARGE, ids=str)
def test_the_yardstick_counts_the_same_in_c(pages: int, symmetric: tuple[type[Sort], ...]) -> None:
    """The same, and the same with more pages, for which the Python search takes long."""
    options = SearchOptions(level="" if (pages, symmetric) in LARGE else "-O0")
    seen = engine.explore(yardstick, yardstick.sizes("tiny", {"pages": pages}), symmetric, options=options)
    assert counts(seen) == (*(YARDSTICK | LARGE)[pages, symmetric], DEPTH[pages])


@pytest.mark.parametrize("machine", catalog.SOUND, ids=lambda m: m.name)
def test_the_counts_at_tiny_are_pinned(machine: Machine) -> None:
    """A sound model has the pinned number of states at tiny, satisfies every invariant and has no deadlock."""
    seen = explore(machine, machine.sizes("tiny", {}), machine.symmetric)
    assert counts(seen) == TINY[machine.name]


@needs_a_compiler
@pytest.mark.parametrize("machine", catalog.SOUND, ids=lambda m: m.name)
def test_the_counts_at_small_are_pinned(machine: Machine) -> None:
    """The same at small, where two pools may stand beside each other."""
    assert counts(engine.explore(machine, machine.sizes("small", {}), machine.symmetric)) == SMALL[machine.name]
