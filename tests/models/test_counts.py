# SPDX-License-Identifier: MIT
"""State counts are pinned: who changes the rules sees how many states that adds or takes away."""

from __future__ import annotations

import pytest

from checkers import engines
from checkers.explore.search import Exploration, explore
from checkers.native import engine
from checkers.native.engine import SearchOptions
from models.yardstick import Device, Page, yardstick
from poolproof import catalog
from spec.dsl import Machine, Sort
from spec.ownership import ownership
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
    "ownership": (10_209, 39_808, 67_982, 22),
    "keep_mapped": (31_718, 126_052, 240_219, 31),
    "per_packet": (1_918, 7_106, 9_824, 20),
    "yardstick": (757, 1_413, 3_286, 13),
}


SMALL = {
    "ownership": (451_557, 3_574_208, 4_443_590, 30),
    "keep_mapped": (450_749, 3_569_056, 3_980_591, 36),
    "per_packet": (29_086, 218_734, 220_778, 28),
    "yardstick": (4_309, 21_621, 24_644, 18),
}

OTHERS = {
    "halves": (1_236_085, 4_929_560, 13_246_787, 37),
    "halves_sent": (115_583, 892_608, 988_985, 29),
    "thirds": (16_720, 86_762, 132_841, 27),
    "two_live": (475_513, 3_758_352, 4_696_310, 30),
    "three_refs": (13_265, 51_680, 92_870, 23),
    "one_way": (31_590, 124_592, 221_750, 22),
    "unsynced": (26_864, 105_874, 186_771, 22),
    "unmapped": (24_675, 97_118, 171_214, 22),
    "untracked": (24_842, 97_786, 167_564, 22),
}
"""The other presets of the rules: fragments, two live pools, three references, kinds of pools."""

LARGEST = {
    "ownership": (13_364_705, 314_463_136, 171_740_970, 38),
    "keep_mapped": (13_362_897, 314_437_824, 152_306_766, 47),
    "per_packet": (284_246, 6_266_530, 2_762_778, 37),
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


@needs_a_compiler
@pytest.mark.parametrize("preset", OTHERS)
def test_in_every_preset_the_rules_hold_and_everything_happens(preset: str) -> None:
    """Counts are pinned; each witness and action that the preset is large enough for is met; the end can be reached."""
    sizes = ownership.sizes(preset, {})
    seen = engine.explore(ownership, sizes, ownership.symmetric)
    assert counts(seen) == OTHERS[preset]
    single = {w.name for w in ownership.witnesses if len(w.stages) == 1 and w.fits(sizes)}
    assert single <= set(seen.reached)
    assert {a.name for a in ownership.actions if ownership.needs_of(a.fn).fit(sizes)} == {
        n for n, k in seen.fired.items() if k
    }
    assert not engines.ends(ownership, sizes, ownership.symmetric).stuck


def test_every_preset_of_the_rules_is_pinned() -> None:
    """None is left out."""
    assert set(ownership.scopes) == {"tiny", "small", "large", *OTHERS}


@needs_a_compiler
@pytest.mark.slow
@pytest.mark.parametrize("name", LARGEST)
def test_the_counts_at_large_are_pinned(name: str) -> None:
    """Three pages."""
    machine = next(m for m in catalog.SOUND if m.name == name)
    assert counts(engine.explore(machine, machine.sizes("large", {}), machine.symmetric)) == LARGEST[name]
