# SPDX-License-Identifier: MIT
"""A counter of a page_pool as printed: which numbers were seen, and which are missing.

The order of lines is not the order of effects: a counter is raised before its event is printed. So numbers are checked,
not positions: the holds of a pool count up by one, and so do its releases, both modulo 2^32, each number once.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

WRAP = 1 << 32
HALF = WRAP >> 1


def ahead(number: int, base: int) -> int:
    """How far a number is ahead of another, modulo 2^32; negative if it is behind."""
    return (number - base + HALF) % WRAP - HALF


MOST_GAPS = 1 << 16
"""Numbers that may be missing in one place; a larger leap is refused."""


class Gap(NamedTuple):
    """`size` numbers from `first` on that were left out, and the moment (a time, or a line) that showed it."""

    first: int
    size: int
    at: float


@dataclass(slots=True)
class Counter:
    """One counter: every number from `low` to `top` was seen, except those of `gaps`, which are in order."""

    low: int = 0
    top: int = 0
    seen: int = 0
    gaps: list[Gap] = field(default_factory=list)

    def take(self, number: int, at: float) -> bool:
        """Add a number seen at a moment; False if it was seen before, or is too far from the others."""
        if not self.seen:
            self.low = self.top = number
        elif number == self.top + 1:
            self.top = number
        elif (step := ahead(number, self.top)) > 0:
            if step > MOST_GAPS:
                return False
            self._replace(len(self.gaps), 0, Gap((self.top + 1) % WRAP, step - 1, at))
            self.top = number
        elif (step := ahead(self.low, number)) > 0:
            if step > MOST_GAPS:
                return False
            self._replace(0, 0, Gap((number + 1) % WRAP, step - 1, at))
            self.low = number
        elif (n := self._gap(number)) is not None:
            first, size, since = self.gaps[n]
            before = ahead(number, first)
            self._replace(n, 1, Gap(first, before, since), Gap((number + 1) % WRAP, size - before - 1, since))
        else:
            return False
        self.seen += 1
        return True

    def _replace(self, at: int, old: int, *new: Gap) -> None:
        self.gaps[at : at + old] = [gap for gap in new if gap.size]

    def _gap(self, number: int) -> int | None:
        """The index of the gap that contains a number, or None."""
        at = bisect_right(self.gaps, ahead(number, self.top), key=lambda gap: ahead(gap.first, self.top)) - 1
        return at if at >= 0 and ahead(number, self.gaps[at].first) < self.gaps[at].size else None

    def awaits(self, number: int, counted: int) -> bool:
        """True for a number not seen yet, up to the number counted by the kernel."""
        is_late = self.seen > 0 and 0 < ahead(number, self.top) <= ahead(counted, self.top)
        return is_late or self._gap(number) is not None

    def missing(self, counted: int, is_whole: bool, since: float) -> list[int]:
        """The numbers not seen, from 1 if the counter is recorded from its start, else from `low`, up to `counted`.

        Gaps found after `since` are left out: their numbers may not be logged yet.
        """
        if not self.seen and not is_whole:
            return []
        early = range(1, self.low if self.seen else 1) if is_whole else range(0)
        amid = ((gap.first + n) % WRAP for gap in self.gaps if gap.at <= since for n in range(gap.size))
        late = range(1, max(ahead(counted, self.top), 0) + 1)
        beyond = ((self.top + n) % WRAP for n in late[:MOST_GAPS])
        return [*early[:MOST_GAPS], *islice(amid, MOST_GAPS), *beyond]
