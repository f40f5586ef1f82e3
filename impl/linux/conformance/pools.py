"""The lifetimes of page pools in a trace: their two counters, what the kernel said of them, and how they ended.

Addresses are reused, so a pool is known by its address and the number of its lifetime there. A lifetime ends when the
kernel says that nothing is in flight and all the releases it counts were seen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any, NamedTuple

from impl.linux.trace.events import Event

from .counters import Counter, ahead

Fact = Callable[..., bool]


Waiting = tuple[Any, Event, "Pool"]
"""Something observed too early: its label, its event, its pool."""


@dataclass(slots=True)
class Held:
    """A page between its hold and its release: whose it is, and the number of the set of states it may be in."""

    pool: Pool
    at: int
    hold: Event | None
    recent: tuple[Event, ...] = ()
    line: int = 0
    facts: int = 0
    unmapped: int = 0
    places: tuple[tuple[str, int], ...] = ()
    waiting: tuple[Waiting, ...] = ()
    lost: bool = False


class Return(NamedTuple):
    """A page that came home after its pool was destroyed: since when it was out, and what brought it back."""

    page: int
    hold: Event | None
    release: Event


@dataclass(slots=True)
class Pool:
    """One lifetime of a page pool, as the trace shows it."""

    address: int
    lifetime: int
    first: Event
    holds: Counter = field(default_factory=Counter)
    releases: Counter = field(default_factory=Counter)
    out: int = 0
    most: int = 0
    device: str = ""
    is_mapped: bool | None = None
    ifindex: int = 0
    mem_id: int = 0
    facts: list[tuple[Fact, Event]] = field(default_factory=list)
    known: tuple[Fact, ...] = ()
    last_hold: int = 0
    destroyed: Event | None = None
    said: Event | None = None
    freed: Event | None = None
    sure: tuple[int, int] = (0, 0)
    words: list[tuple[float, tuple[int, int]]] = field(default_factory=list)
    late: int = 0
    first_late: tuple[str, ...] = ()
    retries: int = 0
    is_new: bool = False
    unexplained: int = 0
    early: int = 0
    returns: list[Return] = field(default_factory=list)
    retry: Event | None = None
    lost: bool = False
    recent: deque[Event] = field(default_factory=lambda: deque[Event](maxlen=4))

    def settle(self, before: float) -> None:
        """What the kernel had counted by then must have been printed."""
        while self.words and self.words[0][0] <= before:
            self.sure = self.words.pop(0)[1]

    def learn(self, fact: Fact, event: Event) -> None:
        """Something is known of the pool from now on, and so of all its pages."""
        self.facts.append((fact, event))
        self.known += (fact,)

    @property
    def name(self) -> str:
        """The address, and which lifetime there if it is not the first."""
        return f"{self.address:x}" + (f"#{self.lifetime}" if self.lifetime > 1 else "")

    @property
    def is_from_the_start(self) -> bool:
        """Did the trace see the first page enter?"""
        return self.is_new or self.holds.low == 1 or not (self.holds.seen or self.releases.seen or self.counted[0])

    @property
    def older(self) -> int:
        """Pages that were in the pool before the trace began, by the first numbers it shows (mod 2^32)."""
        if self.is_from_the_start or not self.holds.seen:
            return 0
        return max(ahead(self.holds.low, self.releases.low if self.releases.seen else self.holds.low), 0)

    @property
    def out_at_destroy(self) -> int | None:
        """Pages in flight when the kernel first looked, after it had emptied cache and ring."""
        return int(self.destroyed.more[0]) if self.destroyed else None

    @property
    def counted(self) -> tuple[int, int]:
        """The holds and releases that the kernel has counted, as far as it has said so."""
        if self.said is None:
            return self.holds.top, self.releases.top
        return self.said.more[1], self.said.more[2]

    def unseen(self, since: float) -> list[tuple[str, int]]:
        """The numbers that the trace leaves out, but for those that may not have been printed yet.

        That is what only words of the kernel count that are not settled, and gaps that were seen after `since`.
        """
        return self._missing(self.sure, since)

    def unprinted(self) -> list[tuple[str, int]]:
        """All numbers that were counted and not printed, whether or not they may have been."""
        return self._missing(self.counted, inf)

    def _missing(self, counted: tuple[int, int], since: float) -> list[tuple[str, int]]:
        both = zip(("hold", "release"), (self.holds, self.releases), counted, strict=True)
        return [(kind, n) for kind, c, top in both for n in c.missing(top, self.is_from_the_start, since)]

    def beyond(self) -> str:
        """A number that was printed and cannot be: below the first, or above what the kernel counted in the end."""
        holds, releases = self.counted
        for kind, counter, last in (("hold", self.holds, holds), ("release", self.releases, releases)):
            if counter.seen and self.is_from_the_start and ahead(counter.low, 1) < 0:
                return f"{kind} {counter.low}"
            if counter.seen and self.freed is not None and ahead(counter.top, last) > 0:
                return f"{kind} {counter.top}"
        return ""

    def as_json(self) -> dict[str, Any]:
        """The row of the table of pools, for other tools."""
        return {
            "pool": self.name,
            "device": self.device,
            "ifindex": self.ifindex,
            "mem_id": self.mem_id,
            "pages": self.holds.seen,
            "older": self.older,
            "most_in_flight": self.most,
            "out": max(self.out, 0),
            "destroyed": self.destroyed.time if self.destroyed else None,
            "freed": self.freed.time if self.freed else None,
            "retries": self.retries,
            "out_at_destroy": self.out_at_destroy,
            "unmapped_early": self.early,
            "not_printed_yet": self.late,
        }
