# SPDX-License-Identifier: MIT
"""A counter knows which numbers it saw, in whatever order they came: compared with a set that remembers all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from impl.linux.conformance.counters import MOST_GAPS, WRAP, Counter, ahead


@given(start=st.integers(0, WRAP - 1), steps=st.lists(st.integers(0, 30), min_size=1, max_size=40))
def test_numbers_are_seen_once_and_what_is_missing_is_known(start: int, steps: list[int]) -> None:
    """In any order, across the wrap: a number is taken once; missing are those between the least and the last."""
    counter, seen = Counter(), set[int]()
    for step in steps:
        number = (start + step) % WRAP
        assert counter.take(number, 1) is (step not in seen)
        seen.add(step)
    every = range(min(seen), max(seen) + 3)
    missing = counter.missing((start + max(seen) + 2) % WRAP, False, 1)
    assert missing == [(start + n) % WRAP for n in every if n not in seen]


@given(st.integers(0, WRAP - 1), st.integers(-(2**31), 2**31 - 1))
def test_distance_is_what_was_added_modulo_the_wrap(base: int, step: int) -> None:
    assert ahead((base + step) % WRAP, base) == step


def test_a_whole_count_begins_at_one() -> None:
    """Of a counter that is known to have begun, the numbers before the first seen are missing too."""
    counter = Counter()
    assert counter.missing(2, True, 0) == [1, 2]
    assert counter.missing(2, False, 0) == []
    counter.take(3, 1)
    assert counter.missing(3, True, 0) == [1, 2]


def test_gaps_left_lately_are_not_missing_yet() -> None:
    counter = Counter()
    for number, line in ((1, 10), (3, 20), (5, 30)):
        counter.take(number, line)
    assert counter.missing(5, True, since=25) == [2]


def test_a_leap_is_refused() -> None:
    """A number so far off is no counting; nothing is remembered of it."""
    counter = Counter()
    counter.take(1, 1)
    assert not counter.take(1 + MOST_GAPS + 1, 2)
    assert not counter.take(WRAP - MOST_GAPS, 2)
    assert (counter.top, counter.low, len(counter.gaps)) == (1, 1, 0)


def test_a_leap_costs_one_entry_and_too_far_a_leap_is_none() -> None:
    """However many numbers are left out, one range is remembered; beyond all reach nothing is counted any more."""
    counter = Counter()
    assert counter.take(1, 1)
    assert counter.take(MOST_GAPS, 2)
    assert len(counter.gaps) == 1
    assert not counter.take(3 * MOST_GAPS, 3)
    assert counter.awaits(500, MOST_GAPS)
    assert counter.take(500, 4)
    assert not counter.awaits(500, MOST_GAPS)
    assert [(gap.first, gap.size) for gap in counter.gaps] == [(2, 498), (501, MOST_GAPS - 501)]
