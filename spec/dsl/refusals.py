"""What need not be tried again: an action that one page's record alone has refused will be refused by it always."""

from __future__ import annotations

from collections.abc import Sequence

from .state import Members
from .values import Sort

Key = tuple[int, bytes, bytes]
"""A page (or -1 for none), its record, and the cells of all pools and devices."""


class Hopeless:
    """Remembers which instances are worth trying, for each page's record and the state of pools and devices.

    An action with one page (or none) that was refused before it asked anything about all pages has looked at that
    page's record and at pools and devices only. Whenever these are the same again, so is the refusal.
    """

    def __init__(self, pages_of: Sequence[Sequence[int]], width: int, split: int, asked: Members[Sort]) -> None:
        self.width, self.split, self.asked = width, split, asked
        self.always = [n for n, pages in enumerate(pages_of) if len(pages) > 1]
        self.groups: dict[int, list[int]] = {}
        for n, pages in enumerate(pages_of):
            if len(pages) <= 1:
                self.groups.setdefault(pages[0] if pages else -1, []).append(n)
        self.worth: dict[Key, list[int]] = {}
        self.refused: set[int] = set()

    def candidates(self, code: bytes) -> tuple[list[int], list[tuple[Key, list[int]]]]:
        """The instances to try in this state, in order, and what will have been learnt once all were tried."""
        rest, numbers, learning = code[self.split :], list(self.always), []
        for page, group in self.groups.items():
            record = code[page * self.width : (page + 1) * self.width] if page >= 0 else b""
            key = (page, record, rest)
            worth = self.worth.get(key)
            if worth is None:
                learning.append((key, group))
            numbers += group if worth is None else worth
        numbers.sort()
        self.refused.clear()
        return numbers, learning

    def refuses(self, number: int) -> None:
        """Note that an instance was refused, if only its page's record can have been the reason."""
        if not self.asked.asked:
            self.refused.add(number)

    def learn(self, learning: list[tuple[Key, list[int]]]) -> None:
        """All candidates were tried: from now on only those are worth it that were not refused for good."""
        for key, group in learning:
            self.worth[key] = [n for n in group if n not in self.refused]
