"""State counts are pinned: who changes the rules sees how many states that adds or takes away."""

from __future__ import annotations

import pytest

from checkers.explore import explore
from models.yardstick import Device, Page, yardstick
from poolproof import catalog
from spec.dsl import Machine, Sort

Question = tuple[int, tuple[type[Sort], ...]]

YARDSTICK: dict[Question, tuple[int, int, int]] = {
    # pages, alike: states, unreduced states, transitions
    (2, ()): (1_413, 1_413, 6_454),
    (2, (Page,)): (757, 1_413, 3_286),
    (2, (Page, Device)): (388, 1_413, 1_683),
    (3, ()): (21_621, 21_621, 136_168),
    (3, (Page,)): (4_309, 21_621, 24_644),
    (3, (Page, Device)): (2_164, 21_621, 12_370),
    (4, (Page,)): (19_981, 345_749, 139_940),
    (4, (Page, Device)): (10_036, 345_749, 70_286),
}
"""The counts known from three independent tools (they count the initial state as a transition, here it is none)."""

LARGE: dict[Question, tuple[int, int, int]] = {(4, ()): (345_749, 345_749, 2_781_114)}

TINY = {
    # states, unreduced states, transitions, depth
    "ownership": (2_475, 9_436, 13_622, 15),
    "keep_mapped": (1_730, 6_672, 11_961, 19),
    "per_packet": (711, 2_548, 3_201, 15),
    "yardstick": (757, 1_413, 3_286, 13),
}


def counted(pages: int, alike: tuple[type[Sort], ...]) -> tuple[int, int, int]:
    seen = explore(yardstick, yardstick.sizes("tiny", {"pages": pages}), alike)
    assert not seen.violated
    return seen.states, seen.orbit_sum, seen.transitions


@pytest.mark.parametrize(("pages", "alike"), YARDSTICK, ids=str)
def test_the_yardstick_counts_what_other_tools_count(pages: int, alike: tuple[type[Sort], ...]) -> None:
    """States, orbits, their unreduced sum and transitions are those of the reference."""
    assert counted(pages, alike) == YARDSTICK[pages, alike]


@pytest.mark.slow
@pytest.mark.parametrize(("pages", "alike"), LARGE, ids=str)
def test_the_yardstick_counts_four_pages_unreduced(pages: int, alike: tuple[type[Sort], ...]) -> None:
    """The same with four pages, for which the search takes longer."""
    assert counted(pages, alike) == LARGE[pages, alike]


@pytest.mark.parametrize("machine", catalog.SOUND, ids=lambda m: m.name)
def test_the_counts_at_tiny_are_pinned(machine: Machine) -> None:
    """A sound model has so many states at tiny, keeps every promise there, and is stuck nowhere."""
    seen = explore(machine, machine.sizes("tiny", {}), machine.alike)
    assert (seen.states, seen.orbit_sum, seen.transitions, seen.depth) == TINY[machine.name]
    assert not seen.violated
    assert seen.deadlock is None
