"""The two counters of a page_pool, read from a trace: what is dense, what is missing, and when a pool is gone.

Trace order is not the order of effects: a counter is raised before its event is printed. So numbers are judged, not
positions: holds of a pool count up by one, releases too, both modulo 2^32, each number once. A number that is not there
at the end is missing, unless it is the last: that one may not have been printed yet. The kernel's own sums
(`page_pool_release`) are compared by the numbers they carry.
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
"""Numbers that may be missing in one place; a leap beyond that is no counting any more."""


class Gap(NamedTuple):
    """Numbers that were left out, one after the other, and when that was seen: a time, or a line."""

    first: int
    size: int
    at: float


@dataclass(slots=True)
class Counter:
    """One counter: every number from `low` to `top` was seen, but for the `gaps`, which are in its order."""

    low: int = 0
    top: int = 0
    seen: int = 0
    gaps: list[Gap] = field(default_factory=list)

    def take(self, number: int, at: float) -> bool:
        """Note a number and when it was seen; False if it was given before, or leaps out of reach."""
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
        """The gap in which a number lies."""
        at = bisect_right(self.gaps, ahead(number, self.top), key=lambda gap: ahead(gap.first, self.top)) - 1
        return at if at >= 0 and ahead(number, self.gaps[at].first) < self.gaps[at].size else None

    def awaits(self, number: int, counted: int) -> bool:
        """Is this a number that was left out so far, of those up to what was counted?"""
        is_late = self.seen > 0 and 0 < ahead(number, self.top) <= ahead(counted, self.top)
        return is_late or self._gap(number) is not None

    def missing(self, counted: int, is_whole: bool, since: float) -> list[int]:
        """The numbers never seen: from 1 if the count is whole, else as far back as is known, up to what was counted.

        Gaps that were seen after `since` are not among them: they may not have been printed yet.
        """
        if not self.seen and not is_whole:
            return []
        early = range(1, self.low if self.seen else 1) if is_whole else range(0)
        amid = ((gap.first + n) % WRAP for gap in self.gaps if gap.at <= since for n in range(gap.size))
        late = range(1, max(ahead(counted, self.top), 0) + 1)
        beyond = ((self.top + n) % WRAP for n in late[:MOST_GAPS])
        return [*early[:MOST_GAPS], *islice(amid, MOST_GAPS), *beyond]
