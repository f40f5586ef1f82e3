# SPDX-License-Identifier: MIT
"""Lifetimes of page pools in a trace: their two counters, the kernel's reports, the pages they hold.

Addresses are reused, so a pool is identified by its address and the number of its lifetime there. A lifetime ends when
the kernel reports nothing in flight and all releases that it counts were printed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any, NamedTuple

from checkers.monitor import Label
from impl.linux.trace.events import Event, Hold, PoolRelease, Release

from .counters import Counter, ahead

Fact = Callable[..., bool]

Waiting = tuple[Label, Event, "Pool"]
"""An observation that came too early: its label, its event, its pool."""

DmaPage = tuple[str, int]
"""A device, and a page of its DMA addresses."""


@dataclass(slots=True)
class Held:
    """A page between its hold and its release.

    `possible` is the number of the set of states it may be in, and `untrusted` that its history cannot be used.
    `facts_applied` counts the facts of its pool that `possible` takes into account. `last_line` is the line of its last
    step, `unmapped_line` that of the pool's own unmap; `closed` are the keys of its closed mappings. `hold` is None for
    a release that came before its hold.
    """

    pool: Pool
    possible: int
    hold: Hold | None
    recent: tuple[Event, ...] = ()
    last_line: int = 0
    facts_applied: int = 0
    unmapped_line: int = 0
    closed: tuple[DmaPage, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    untrusted: bool = False


class Return(NamedTuple):
    """A page that left its pool after destroy: its hold, if it was printed, and its release."""

    page: int
    hold: Hold | None
    release: Release


@dataclass(slots=True)
class Pool:
    """One lifetime of a page pool.

    `in_flight` counts holds less releases as printed. `reports` are the counters of the kernel's reports, each with its
    moment (a time, or a line), until all events they count must be logged: then they become `must_be_logged`.
    `unlogged_at_end` counts numbers that the kernel counted and did not print before the end. `returned_since_retry`
    are the pages that left since `last_retry`, the last report with pages in flight.
    `unmapped_while_held` counts pages unmapped by the scrub before their release, `unexplained` releases without a
    hold. `untrusted` is set when events were lost.
    """

    address: int
    lifetime: int
    first: Event
    holds: Counter = field(default_factory=Counter)
    releases: Counter = field(default_factory=Counter)
    in_flight: int = 0
    most_in_flight: int = 0
    device: str = ""
    is_mapped: bool | None = None
    ifindex: int = 0
    mem_id: int = 0
    fact_events: list[tuple[Fact, Event]] = field(default_factory=list)
    facts: tuple[Fact, ...] = ()
    last_hold_line: int = 0
    destroyed: PoolRelease | None = None
    last_report: PoolRelease | None = None
    freed: PoolRelease | None = None
    must_be_logged: tuple[int, int] = (0, 0)
    reports: list[tuple[float, tuple[int, int]]] = field(default_factory=list)
    unlogged_at_end: int = 0
    first_unlogged: tuple[str, ...] = ()
    retries: int = 0
    is_new: bool = False
    unexplained: int = 0
    unmapped_while_held: int = 0
    returned_since_retry: list[Return] = field(default_factory=list)
    last_retry: PoolRelease | None = None
    untrusted: bool = False
    recent: deque[Event] = field(default_factory=lambda: deque[Event](maxlen=4))

    def settle(self, before: float) -> None:
        """Every event that the reports up to this moment count must have been logged."""
        while self.reports and self.reports[0][0] <= before:
            self.must_be_logged = self.reports.pop(0)[1]

    def learn(self, fact: Fact, event: Event) -> None:
        """Add a fact about the pool, and so about all its pages."""
        self.fact_events.append((fact, event))
        self.facts += (fact,)

    @property
    def name(self) -> str:
        """The address, with the number of the lifetime if it is not the first there."""
        return f"{self.address:x}" + (f"#{self.lifetime}" if self.lifetime > 1 else "")

    @property
    def is_from_the_start(self) -> bool:
        """True if the recording has the pool's first hold, or no events of the pool before it can be missing."""
        return self.is_new or self.holds.low == 1 or not (self.holds.seen or self.releases.seen or self.counted[0])

    @property
    def knows_older(self) -> bool:
        """True if the recording tells how many pages were in the pool before it began."""
        return self.is_from_the_start or bool(self.holds.seen and self.releases.seen)

    @property
    def older(self) -> int:
        """Pages in the pool before the recording began, by the first numbers of both counters (mod 2^32).

        It is 0 where these are not known.
        """
        if self.is_from_the_start or not self.knows_older:
            return 0
        return max(ahead(self.holds.low, self.releases.low), 0)

    @property
    def out_at_destroy(self) -> int | None:
        """Pages in flight at the first report, after cache and ring were emptied."""
        return self.destroyed.inflight if self.destroyed else None

    @property
    def counted(self) -> tuple[int, int]:
        """The holds and releases by the last report; without one, by the numbers that were printed."""
        if self.last_report is None:
            return self.holds.top, self.releases.top
        return self.last_report.hold, self.last_report.release

    def missing(self, since: float) -> list[tuple[str, int]]:
        """Counter values missing from the recording, as (counter, value) pairs.

        Excluded are those the kernel may not have logged before it stopped: values counted only by reports that are not
        settled, and gaps found after `since`.
        """
        return self._missing(self.must_be_logged, since)

    def unlogged(self) -> list[tuple[str, int]]:
        """All counter values that were counted and not printed, as (counter, value) pairs."""
        return self._missing(self.counted, inf)

    def _missing(self, counted: tuple[int, int], since: float) -> list[tuple[str, int]]:
        both = zip(("hold", "release"), (self.holds, self.releases), counted, strict=True)
        return [(kind, n) for kind, c, top in both for n in c.missing(top, self.is_from_the_start, since)]

    def beyond(self) -> str:
        """An impossible number that was printed: below the first, or above the kernel's last count; or ''."""
        holds, releases = self.counted
        for kind, counter, last in (("hold", self.holds, holds), ("release", self.releases, releases)):
            if counter.seen and self.is_from_the_start and ahead(counter.low, 1) < 0:
                return f"{kind} {counter.low}"
            if counter.seen and self.freed is not None and ahead(counter.top, last) > 0:
                return f"{kind} {counter.top}"
        return ""

    def as_json(self) -> dict[str, Any]:
        """The pool for JSON output."""
        return {
            "pool": self.name,
            "device": self.device,
            "ifindex": self.ifindex,
            "mem_id": self.mem_id,
            "pages": self.holds.seen,
            "older": self.older if self.knows_older else None,
            "most_in_flight": self.most_in_flight,
            "out": max(self.in_flight, 0),
            "destroyed": self.destroyed.time if self.destroyed else None,
            "freed": self.freed.time if self.freed else None,
            "retries": self.retries,
            "out_at_destroy": self.out_at_destroy,
            "unmapped_early": self.unmapped_while_held,
            "not_printed_yet": self.unlogged_at_end,
        }
