# SPDX-License-Identifier: MIT
"""Memoises refusals: if a guard failed after reading only one page's record and the pool and device state, it fails
again for the same inputs.
"""

from __future__ import annotations

from collections.abc import Sequence

from .state import Members
from .values import Sort

Key = tuple[int, bytes, bytes]
"""A page (-1 for none), its record, and the cells of all pools and devices."""


class GuardRefusalCache:
    """Which instances may be enabled, by the record of their page and the state of pools and devices.

    The refusal of an instance with at most one page depends on these alone if no quantifier over pages was evaluated
    before it. `pages_of` gives the pages of each instance by number, `width` the length of a page's record in bytes,
    `split` the offset behind all records; `every_page` records whether a quantifier was evaluated.
    """

    def __init__(self, pages_of: Sequence[Sequence[int]], width: int, split: int, every_page: Members[Sort]) -> None:
        self.width, self.split, self.every_page = width, split, every_page
        self.uncached = [n for n, pages in enumerate(pages_of) if len(pages) > 1]
        self.groups: dict[int, list[int]] = {}
        for n, pages in enumerate(pages_of):
            if len(pages) <= 1:
                self.groups.setdefault(pages[0] if pages else -1, []).append(n)
        self.not_refused: dict[Key, list[int]] = {}
        self.refused: set[int] = set()

    def candidates(self, code: bytes) -> tuple[list[int], list[tuple[Key, list[int]]]]:
        """The numbers of the instances to try in this state, in order, and the cache entries that this will fill."""
        rest, numbers, missing = code[self.split :], list(self.uncached), []
        for page, group in self.groups.items():
            record = code[page * self.width : (page + 1) * self.width] if page >= 0 else b""
            key = (page, record, rest)
            known = self.not_refused.get(key)
            if known is None:
                missing.append((key, group))
            numbers += group if known is None else known
        numbers.sort()
        self.refused.clear()
        return numbers, missing

    def refuses(self, number: int) -> None:
        """Note a refusal, if it depends on the page's record, pools and devices alone."""
        if not self.every_page.is_read:
            self.refused.add(number)

    def learn(self, missing: list[tuple[Key, list[int]]]) -> None:
        """Fill cache entries after all their instances were tried."""
        for key, group in missing:
            self.not_refused[key] = [n for n in group if n not in self.refused]
