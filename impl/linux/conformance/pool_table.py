"""The pools of a trace: which lifetime an event belongs to, whether its numbers add up, and what is missing at its end.

Numbers are judged here, pages in `judge.py`: a pool's holds and releases are dense and unique, modulo 2^32, and what
the kernel says of them is right.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf

from impl.linux.trace.events import Event
from impl.linux.trace.reading import Heard

from . import rules
from .counters import ahead
from .pools import Pool
from .violations import Finding, Findings

TAIL = 256
"""Lines before the end of a recording in which a number may have been counted and not been printed yet."""

SECONDS = 5.0
"""The same where the clock tells the time: a put in process context is preempted between its counter and its line."""

MOST_NAMED = 5
"""Numbers that are missing which are named; the others are counted."""


class Accounts:
    """All pools: those at an address now, and those that were there before."""

    def __init__(self, heard: Heard, findings: Findings) -> None:
        self.heard, self.findings = heard, findings
        self.now: dict[int, Pool] = {}
        self.ended: list[Pool] = []
        self.by_lines = self.has_gaps = self.is_sparse = False
        self.connected: dict[int, tuple[int, int]] = {}
        self.at_end: Callable[[Pool], None] = lambda pool: None

    def of_hold(self, event: Event) -> Pool | None:
        """The lifetime that a hold belongs to; None if its number cannot be, which is a finding."""
        pool = self.now.get(event.pool)
        if pool is None or pool.freed is not None or event.number == 1:
            pool = self._lifetime(event, pool)
        if not pool.holds.take(event.number, event.line if self.by_lines else event.time):
            self._again(event, pool)
            return None
        pool.recent.append(event)
        pool.last_hold = event.line
        pool.out += 1
        if pool.out > pool.most:
            pool.most = pool.out
        return pool

    def of_release(self, event: Event, pool: Pool | None) -> Pool | None:
        """The lifetime that a release belongs to: that which holds the page, or else the one at the address."""
        pool = pool or self.now.get(event.pool) or self._begin(event, None)
        if not pool.releases.take(event.number, event.line if self.by_lines else event.time):
            self._again(event, pool)
            return None
        pool.recent.append(event)
        pool.out -= 1
        return pool

    def of_total(self, event: Event) -> Pool:
        """The lifetime that the kernel speaks of, which must add up."""
        pool = self.now.get(event.pool)
        if pool is None or pool.freed is not None:
            pool = self._begin(event, pool)
        self._must_add_up(event, pool)
        pool.recent.append(event)
        return pool

    def _lifetime(self, event: Event, pool: Pool | None) -> Pool:
        """The lifetime a hold belongs to: the one that is there, or the next at this address."""
        if pool is None or not pool.holds.seen:
            return pool if pool is not None and pool.freed is None else self._begin(event, pool)
        if pool.freed is not None:
            return pool if pool.holds.awaits(event.number, pool.counted[0]) else self._begin(event, pool)
        return self._begin(event, pool) if event.number == 1 and (pool.lost or pool.out <= 0) else pool

    def _begin(self, event: Event, before: Pool | None) -> Pool:
        """A pool is seen for the first time, or for the first time at an address that had another one."""
        pool = Pool(event.pool, before.lifetime + 1 if before else 1, event)
        self.by_lines = self.heard.counts_events
        if before is not None:
            self._end(before)
            before.returns = []  # what is over and done with takes no room
            before.recent = before.recent if before.unprinted() else deque()
            pool.is_new = before.freed is not None and not before.lost
        pool.mem_id, pool.ifindex = self.connected.pop(event.pool, (0, 0))
        self.now[event.pool] = pool
        return pool

    def _must_add_up(self, event: Event, pool: Pool) -> None:
        """S6: in flight is hold less release, never negative, and no page had entered or left beyond that.

        A release may be printed between the moment the kernel reads the counters and the moment it prints them: those
        that are in flight may all have come home meanwhile.
        """
        inflight, hold, release, _ = event.more
        if inflight < 0:
            self._number(event, pool, f"{release} are released, but only {hold} were held")
        elif inflight != ahead(hold, release):
            self._number(event, pool, f"{hold} held less {release} released are {ahead(hold, release)}, not {inflight}")
        elif pool.lost or not self.heard.is_ordered:
            return
        elif pool.holds.seen and ahead(pool.holds.top, hold) > 0:
            self._number(event, pool, f"the kernel counts {hold} holds, but number {pool.holds.top} was printed before")
        elif pool.releases.seen and ahead(pool.releases.top, hold) > 0:
            said = f"the kernel counts {hold} holds, but release {pool.releases.top} was printed before"
            self._number(event, pool, said)

    def connect(self, event: Event) -> None:
        """XDP learns of a pool: its memory id, and the interface."""
        mem_id, ifindex = event.more
        pool = self.now.get(event.pool)
        if pool is not None and pool.freed is None:
            pool.mem_id, pool.ifindex = mem_id, ifindex
        elif event.pool:
            self.connected[event.pool] = (mem_id, ifindex)

    def disconnect(self, event: Event) -> None:
        """XDP forgets a pool, which is about to be freed."""
        pool = self.now.get(event.pool)
        if pool is not None:
            self._follows(pool)
            pool.mem_id = pool.mem_id or event.more[0]

    def says(self, event: Event, pool: Pool) -> None:
        """The kernel says what a pool counts; what it said of it long ago must have been printed by now."""
        self._follows(pool)
        pool.said = event
        pool.words.append((event.line if self.by_lines else event.time, pool.counted))

    def _follows(self, pool: Pool) -> None:
        """More of a pool is printed: where lines are all there is, what it counted before must have been, too."""
        pool.settle(inf if self.by_lines else self.horizon)

    @property
    def horizon(self) -> float:
        """What was counted by then must have been printed by now."""
        return self.heard.lines - TAIL if self.by_lines else self.heard.latest - SECONDS

    def _again(self, event: Event, pool: Pool) -> None:
        if not pool.lost:
            self._number(event, pool, f"{event.kind} {event.number} was there before, or leaps")

    def _number(self, event: Event, pool: Pool, what: str) -> None:
        self.findings.add(Finding(rules.NUMBERS, what, event, event.page, pool.name, recent=tuple(pool.recent)))

    def _end(self, pool: Pool) -> None:
        """A lifetime is over; what it leaves out may still be printed, and is looked for at the end."""
        self.ended.append(pool)
        self.at_end(pool)

    def lose(self) -> None:
        """Events were lost: of the pools that are there, and of those that were there lately, all may be missing."""
        for pool in self.now.values():
            pool.lost = True
        for pool in reversed(self.ended):
            if self.is_over(pool):
                break
            pool.lost = True

    def _must_be_complete(self, pool: Pool) -> None:
        """At the end of the trace all numbers of a pool must have been seen, but for what was counted lately."""
        is_over, last = self.is_over(pool), (pool.said or pool.first)._replace(page=0)
        unseen = pool.unseen(inf if is_over and self.by_lines else self.horizon)
        due = set(unseen)
        late = [f"{kind} {number}" for kind, number in pool.unprinted() if (kind, number) not in due]
        pool.late, pool.first_late = len(late), tuple(late[:MOST_NAMED])
        if unseen:
            self.has_gaps, self.is_sparse = True, self.is_sparse or len(unseen) > pool.holds.seen + pool.releases.seen
            said = ", ".join(f"{kind} {number}" for kind, number in unseen[:MOST_NAMED])
            more = f" and {len(unseen) - MOST_NAMED} more" if len(unseen) > MOST_NAMED else ""
            self._number(last, pool, f"never printed, though counted: {said}{more}")
        if beyond := pool.beyond():
            self._number(last, pool, f"printed, though the kernel never counted so far: {beyond}")
        if pool.unexplained > pool.older and pool.holds.seen:
            said = f"{pool.unexplained} pages left that never entered, {pool.older} had entered before the trace"
            self._number(last, pool, said)

    def is_over(self, pool: Pool) -> bool:
        """Was the kernel's last word of it said so early that all that it counts must have been printed?"""
        pool.settle(self.horizon)
        return pool.said is not None and not pool.words

    def end_all(self) -> None:
        """The trace has ended, and so have all pools; what one counted long before that must have been printed."""
        for pool in self.now.values():
            self._end(pool)
        for pool in self.ended:
            if not pool.lost:
                self._must_be_complete(pool)
        self.now = {}
