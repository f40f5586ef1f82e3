# SPDX-License-Identifier: MIT
"""The pools of a trace: the lifetime of each event, and the checks of counters.

A pool's holds and releases are dense and unique, modulo 2^32, and agree with the kernel's reports. Pages are judged in
`page_judge.py`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf

from checkers.core.wording import counted
from impl.linux.trace.events import NAMES, Connect, Disconnect, Event, Hold, PoolRelease, Release
from impl.linux.trace.info import RecordingInfo

from . import rules
from .counters import ahead
from .pools import Pool
from .violations import Finding, Findings

TAIL = 256
"""Lines before the end of a recording whose counted events may not be logged yet."""

SECONDS = 5.0
"""The same in seconds, where the clock has them: a put can be preempted between its counter and its event."""

MOST_NAMED = 5
"""Missing numbers that a message names; the others are counted."""


class PoolTable:
    """All pools: those at an address now, and `ended` ones; `on_end` is called with each pool that ends.

    `has_gaps` is set when numbers are missing, `is_sparse` when most of a pool's are.
    """

    def __init__(self, info: RecordingInfo, findings: Findings, on_end: Callable[[Pool], None]) -> None:
        self.info, self.findings, self.on_end = info, findings, on_end
        self.now: dict[int, Pool] = {}
        self.ended: list[Pool] = []
        self.by_lines = self.has_gaps = self.is_sparse = False
        self.connected: dict[int, tuple[int, int]] = {}

    def for_hold(self, event: Hold) -> Pool | None:
        """The pool lifetime of a hold; None if its number is impossible, which is added to the findings."""
        pool = self.now.get(event.pool)
        if pool is None or pool.freed is not None or event.number == 1:
            pool = self._lifetime(event, pool)
        if not pool.holds.take(event.number, event.line if self.by_lines else event.time):
            self._again(event, pool)
            return None
        pool.recent.append(event)
        pool.last_hold_line = event.line
        pool.in_flight += 1
        if pool.in_flight > pool.most_in_flight:
            pool.most_in_flight = pool.in_flight
        return pool

    def for_release(self, event: Release, pool: Pool | None) -> Pool | None:
        """The pool lifetime of a release: `pool`, which holds the page, or else the one at the address now."""
        pool = pool or self.now.get(event.pool) or self._begin(event, None)
        if not pool.releases.take(event.number, event.line if self.by_lines else event.time):
            self._again(event, pool)
            return None
        pool.recent.append(event)
        pool.in_flight -= 1
        return pool

    def for_report(self, event: PoolRelease) -> Pool:
        """The pool lifetime of a page_pool_release, after its counters are checked."""
        pool = self.now.get(event.pool)
        if pool is None or pool.freed is not None:
            pool = self._begin(event, pool)
        self._check_report(event, pool)
        pool.recent.append(event)
        return pool

    def _lifetime(self, event: Hold, pool: Pool | None) -> Pool:
        """The lifetime of a hold: the present one at its address, or the next."""
        if pool is None or not pool.holds.seen:
            return pool if pool is not None and pool.freed is None else self._begin(event, pool)
        if pool.freed is not None:
            return pool if pool.holds.awaits(event.number, pool.counted[0]) else self._begin(event, pool)
        return self._begin(event, pool) if event.number == 1 and (pool.untrusted or pool.in_flight <= 0) else pool

    def _begin(self, event: Hold | Release | PoolRelease, before: Pool | None) -> Pool:
        """Begin a lifetime, and end the one before it at the same address."""
        pool = Pool(event.pool, before.lifetime + 1 if before else 1, event)
        self.by_lines = self.info.counts_events
        if before is not None:
            self._end(before)
            before.returned_since_retry = []  # not needed any more
            before.recent = before.recent if before.unlogged() else deque()
            pool.is_new = before.freed is not None and not before.untrusted
        pool.mem_id, pool.ifindex = self.connected.pop(event.pool, (0, 0))
        self.now[event.pool] = pool
        return pool

    def _check_report(self, event: PoolRelease, pool: Pool) -> None:
        """S6: inflight is hold - release and not negative, and no number beyond these was printed before.

        Releases of all pages in flight may be printed between the moment the kernel reads the counters and the moment
        it prints them.
        """
        inflight, hold, release = event.inflight, event.hold, event.release
        if inflight < 0:
            self._number(event, pool, f"{release} are released, but only {hold} were held")
        elif inflight != ahead(hold, release):
            self._number(event, pool, f"{hold} held less {release} released are {ahead(hold, release)}, not {inflight}")
        elif pool.untrusted or not self.info.is_ordered:
            return
        elif pool.holds.seen and ahead(pool.holds.top, hold) > 0:
            self._number(event, pool, f"the kernel counts {hold} holds, but number {pool.holds.top} was printed before")
        elif pool.releases.seen and ahead(pool.releases.top, hold) > 0:
            what = f"the kernel counts {hold} holds, but release {pool.releases.top} was printed before"
            self._number(event, pool, what)

    def connect(self, event: Connect) -> None:
        """Note the memory id and the interface of a pool."""
        mem_id, ifindex = event.mem_id, event.ifindex
        pool = self.now.get(event.pool)
        if pool is not None and pool.freed is None:
            pool.mem_id, pool.ifindex = mem_id, ifindex
        elif event.pool:
            self.connected[event.pool] = (mem_id, ifindex)

    def disconnect(self, event: Disconnect) -> None:
        """Note that a pool is about to be freed."""
        pool = self.now.get(event.pool)
        if pool is not None:
            self._settle(pool)
            pool.mem_id = pool.mem_id or event.mem_id

    def report(self, event: PoolRelease, pool: Pool) -> None:
        """Note a report; all events that much earlier reports count must have been logged by now."""
        self._settle(pool)
        pool.last_report = event
        pool.reports.append((event.line if self.by_lines else event.time, pool.counted))

    def _settle(self, pool: Pool) -> None:
        """Settle the reports before the horizon; all of them under a clock that counts events."""
        pool.settle(inf if self.by_lines else self.horizon)

    @property
    def horizon(self) -> float:
        """The moment (a line, or a time) up to which every counted event must have been logged."""
        return self.info.lines - TAIL if self.by_lines else self.info.latest - SECONDS

    def _again(self, event: Hold | Release, pool: Pool) -> None:
        if not pool.untrusted:
            what = f"{NAMES[type(event)]} {event.number} was printed before, or is out of reach"
            self._number(event, pool, what, event.page)

    def _number(self, event: Event, pool: Pool, what: str, page: int = 0) -> None:
        self.findings.add(Finding(rules.NUMBERS, what, event, page, pool.name, recent=tuple(pool.recent)))

    def _end(self, pool: Pool) -> None:
        """End a lifetime; its missing numbers may still be printed, and are checked at the end of the recording."""
        self.ended.append(pool)
        self.on_end(pool)

    def lose(self) -> None:
        """Events were lost: present pools and those that ended lately are untrusted from now on."""
        for pool in self.now.values():
            pool.untrusted = True
        for pool in reversed(self.ended):
            if self.is_over(pool):
                break
            pool.untrusted = True

    def _check_complete(self, pool: Pool) -> None:
        """Check at the end of the recording that all numbers of a pool that must be logged are there."""
        is_over, last = self.is_over(pool), pool.last_report or pool.first
        missing = pool.missing(inf if is_over and self.by_lines else self.horizon)
        due = set(missing)
        unlogged = [f"{kind} {number}" for kind, number in pool.unlogged() if (kind, number) not in due]
        pool.unlogged_at_end, pool.first_unlogged = len(unlogged), tuple(unlogged[:MOST_NAMED])
        if missing:
            self.has_gaps, self.is_sparse = True, self.is_sparse or len(missing) > pool.holds.seen + pool.releases.seen
            named = ", ".join(f"{kind} {number}" for kind, number in missing[:MOST_NAMED])
            more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
            self._number(last, pool, f"counted and never printed: {named}{more}")
        if beyond := pool.beyond():
            self._number(last, pool, f"printed and never counted by the kernel: {beyond}")
        if pool.unexplained > pool.older and pool.holds.seen:
            left = f"{counted(pool.unexplained, 'page')} left that never entered"
            self._number(last, pool, f"{left}, {pool.older} had entered before the trace")

    def is_over(self, pool: Pool) -> bool:
        """True if the pool's last report is so far before the end that every event it counts must be logged.

        That is TAIL lines or SECONDS seconds before the end.
        """
        pool.settle(self.horizon)
        return pool.last_report is not None and not pool.reports

    def end_all(self) -> None:
        """End all pools with the recording, and check that their numbers are complete."""
        for pool in self.now.values():
            self._end(pool)
        for pool in self.ended:
            if not pool.untrusted:
                self._check_complete(pool)
        self.now = {}
