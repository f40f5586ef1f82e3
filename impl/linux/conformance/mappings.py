# SPDX-License-Identifier: MIT
"""DMA mappings in a trace: open ones, and those of a pool's pages closed lately.

A mapping is unmapped with the device, address, size and direction it was mapped with. The rules of `spec/` have no
addresses, sizes and directions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from impl.linux.trace.events import Map, Sync, Unmap

from .pools import DmaPage, Held

FRAME = 12
REMEMBERED = 8
"""Closed mappings that are kept of a page while its pool holds it, for a second unmap or a late sync."""

LARGEST = 64
"""Pages of a mapping under which it is found; no pool has larger ones."""

BOTH, TO_DEVICE = "BIDIRECTIONAL", "TO_DEVICE"


@dataclass(slots=True, eq=False)
class Mapping:
    """One mapping; `held` is its page as held by a pool, `mismatch` an unmap or sync that does not match it."""

    page: int
    device: str
    direction: str
    size: int
    address: int
    made: Map
    held: Held | None = None
    closed: Unmap | None = None
    mismatch: Unmap | Sync | None = None

    def is_near(self, device: str) -> bool:
        """True if this is the pool's own mapping for its device; to send a page, that device may map it once more."""
        return self.device == device and self.direction != TO_DEVICE


class Mappings:
    """Open mappings by DMA page and by page, and the last closed ones of pages that a pool holds."""

    def __init__(self) -> None:
        self.open: dict[DmaPage, list[Mapping]] = {}
        self.of_page: dict[int, list[Mapping]] = {}
        self.closed: dict[DmaPage, Mapping] = {}

    def add(self, event: Map) -> Mapping:
        """Add the mapping of an event."""
        mapping = Mapping(event.page, event.device, event.direction, event.size, event.address, event)
        for place in self._places(mapping):
            self.open.setdefault(place, []).append(mapping)
        self.of_page.setdefault(mapping.page, []).append(mapping)
        return mapping

    def take(self, event: Unmap) -> Mapping | None:
        """The mapping that an unmap closes: the open one at its address, else the last closed one; None if unknown."""
        place = (event.device, event.address >> FRAME)
        same = [m for m in self.open.get(place, ()) if m.address == event.address]
        if not same:
            return self.closed.get(place)
        mapping = min(same, key=lambda m: (m.size != event.size, m.direction != event.direction))
        self._close(mapping, event)
        return mapping

    def _close(self, mapping: Mapping, event: Unmap) -> None:
        mapping.closed = event
        for place in self._places(mapping):
            _drop(self.open, place, mapping)
        _drop(self.of_page, mapping.page, mapping)
        if mapping.held is not None:
            self._remember((mapping.device, mapping.address >> FRAME), mapping, mapping.held)

    def _remember(self, place: DmaPage, mapping: Mapping, held: Held) -> None:
        self.closed[place] = mapping
        held.closed = (*(p for p in held.closed if p != place), place)
        while len(held.closed) > REMEMBERED:
            self.closed.pop(held.closed[0], None)
            held.closed = held.closed[1:]

    def forget(self, held: Held) -> None:
        """Drop the closed mappings of a page that has left its pool: their addresses may be used again."""
        for place in held.closed:
            self.closed.pop(place, None)

    def around(self, event: Sync) -> Mapping | None:
        """The mapping that contains a synced address: an open one, else the last closed one; None if unknown."""
        place = (event.device, event.address >> FRAME)
        inside = [m for m in self.open.get(place, ()) if m.address <= event.address < m.address + max(m.size, 1)]
        same_way = [m for m in inside if m.direction == event.direction]
        return (same_way or inside)[-1] if inside else self.closed.get(place)

    def of(self, page: int) -> list[Mapping]:
        """The open mappings of a page, in the order of their maps."""
        return self.of_page.get(page, [])

    @staticmethod
    def _places(mapping: Mapping) -> list[DmaPage]:
        first = mapping.address >> FRAME
        last = min((mapping.address + max(mapping.size, 1) - 1) >> FRAME, first + LARGEST)
        return [(mapping.device, n) for n in range(first, last + 1)]


def _drop(table: dict[Any, list[Mapping]], key: Any, mapping: Mapping) -> None:
    found = table.get(key, [])
    if mapping in found:
        found.remove(mapping)
    if not found:
        table.pop(key, None)
