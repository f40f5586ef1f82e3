"""DMA mappings as the trace shows them: which are open, which were closed lately, and whose page each one is of.

The DMA API takes a mapping back with the device, the address, the size and the direction it was made with; the rules of
`spec/` know devices and turns, but no sizes and no directions, so that part is judged here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from impl.linux.trace.events import Event

from .pools import Held

FRAME = 12
REMEMBERED = 8
"""Closed mappings of a page that are remembered while its pool holds it: for a second unmap, or a late sync."""

LARGEST = 64
"""Pages of a mapping that are looked up; no pool has larger ones."""

Place = tuple[str, int]
"""A device, and a page of its DMA addresses."""


BOTH, TO_DEVICE = "BIDIRECTIONAL", "TO_DEVICE"


@dataclass(slots=True, eq=False)
class Mapping:
    """One mapping: of a page, for a device, from an address on."""

    page: int
    device: str
    direction: str
    size: int
    address: int
    made: Event
    held: Held | None = None
    closed: Event | None = None
    unlike: Event | None = None

    def is_near(self, device: str) -> bool:
        """Is it the one its pool made for this device? To send a page, the same device may map it once more."""
        return self.device == device and self.direction != TO_DEVICE


class Mappings:
    """All open mappings, by where they are and by page; of pages that a pool holds the last closed ones too."""

    def __init__(self) -> None:
        self.open: dict[Place, list[Mapping]] = {}
        self.of_page: dict[int, list[Mapping]] = {}
        self.closed: dict[Place, Mapping] = {}

    def add(self, event: Event) -> Mapping:
        """A mapping was made."""
        device, direction, size = event.more
        mapping = Mapping(event.page, device, direction, size, event.number, event)
        for place in self._places(mapping):
            self.open.setdefault(place, []).append(mapping)
        self.of_page.setdefault(mapping.page, []).append(mapping)
        return mapping

    def take(self, event: Event) -> Mapping | None:
        """A mapping is undone: the open one of this address, else the one that was closed there; None: it is older."""
        device, direction, size = event.more
        place = (device, event.number >> FRAME)
        same = [m for m in self.open.get(place, ()) if m.address == event.number]
        if not same:
            return self.closed.get(place)
        mapping = min(same, key=lambda m: (m.size != size, m.direction != direction))
        self._close(mapping, event)
        return mapping

    def _close(self, mapping: Mapping, event: Event) -> None:
        mapping.closed = event
        for place in self._places(mapping):
            _drop(self.open, place, mapping)
        _drop(self.of_page, mapping.page, mapping)
        if mapping.held is not None:
            self._remember((mapping.device, mapping.address >> FRAME), mapping, mapping.held)

    def _remember(self, place: Place, mapping: Mapping, held: Held) -> None:
        self.closed[place] = mapping
        held.places = (*(p for p in held.places if p != place), place)
        while len(held.places) > REMEMBERED:
            self.closed.pop(held.places[0], None)
            held.places = held.places[1:]

    def forget(self, held: Held) -> None:
        """The page is out of its pool's hands: whoever has these addresses now, it is nobody's page."""
        for place in held.places:
            self.closed.pop(place, None)

    def around(self, event: Event) -> Mapping | None:
        """The mapping in which this address lies: an open one, else the one that was closed there."""
        place = (event.more[0], event.number >> FRAME)
        inside = [m for m in self.open.get(place, ()) if m.address <= event.number < m.address + max(m.size, 1)]
        symmetric = [m for m in inside if m.direction == event.more[1]]
        return (symmetric or inside)[-1] if inside else self.closed.get(place)

    def of(self, page: int) -> list[Mapping]:
        """The open mappings of a page, in the order in which they were made."""
        return self.of_page.get(page, [])

    @staticmethod
    def _places(mapping: Mapping) -> list[Place]:
        first = mapping.address >> FRAME
        last = min((mapping.address + max(mapping.size, 1) - 1) >> FRAME, first + LARGEST)
        return [(mapping.device, n) for n in range(first, last + 1)]


def _drop(table: dict[Any, list[Mapping]], key: Any, mapping: Mapping) -> None:
    found = table.get(key, [])
    if mapping in found:
        found.remove(mapping)
    if not found:
        table.pop(key, None)
