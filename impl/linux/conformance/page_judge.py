# SPDX-License-Identifier: MIT
"""Judges a trace by the rules: every event is a step of its page and a number of its pool, or a violation.

The work of an event does not depend on the length of the trace: its page is looked up, and the number of the page's set
of possible states, with the observation, gives the next set. Memory holds what is live: pages between hold and release,
mappings between map and unmap, pools.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import zip_longest
from typing import Any

from checkers.monitor import Monitor
from impl.linux.trace.events import (
    Connect,
    Disconnect,
    Event,
    Gap,
    Hold,
    LogMessage,
    Lost,
    Map,
    NodeChange,
    PageAlloc,
    PageFree,
    PoolRelease,
    Release,
    Sync,
    Unmap,
)
from impl.linux.trace.info import RecordingInfo

from . import holders, rules
from .counters import ahead
from .holders import HeldPage, HeldPool, Holders, Snapshot
from .mapping_judge import MappingJudge
from .mappings import TO_DEVICE, Mappings
from .pool_table import TAIL, PoolTable
from .pools import Held, Pool, Return, Waiting
from .steps import PageSteps
from .violations import Finding, Findings


class Judge:
    """Judges the events of a recording; `stock` and `with_dma` make the monitors of the two levels.

    `stalls` are the holders of pages of pools that ended after `least_retries` retries or more. `judged` counts the
    pages whose hold was judged, `left_behind` are those that a freed pool did not release. `trusted_from_line` is the
    line of the last loss of events: what was there before it is not judged.
    """

    def __init__(
        self,
        info: RecordingInfo,
        stock: Callable[[], Monitor],
        with_dma: Callable[[], Monitor],
        least_retries: int = holders.WARNED,
    ) -> None:
        self.info, self.least_retries = info, least_retries
        self.findings = Findings(line=lambda: info.lines)
        self.pages: dict[int, Held] = {}
        self.steps = PageSteps(info, self.findings, stock, with_dma)
        self.mappings = MappingJudge(info, self.findings, self.steps, self.pages)
        self.pools = PoolTable(info, self.findings, self._pool_ended)
        self.messages: list[LogMessage] = []
        self.stalls: list[Holders] = []
        self.last: Event | None = None
        self.trusted_from_line = self.judged = 0
        self.left_behind: set[int] = set()
        self.denied_by_the_log = 0
        self.on: dict[type[Event], Callable[[Any], None]] = {
            Hold: self.hold,
            Release: self.release,
            PoolRelease: self.pool_release,
            Connect: self.pools.connect,
            Disconnect: self.pools.disconnect,
            Map: self.mappings.map,
            Unmap: self.mappings.unmap,
            Sync: self.mappings.sync,
            PageAlloc: self.page_alloc_or_free,
            PageFree: self.page_alloc_or_free,
            LogMessage: self.messages.append,
            Lost: self.lost,
            Gap: self.lost,
            NodeChange: lambda event: None,
        }

    def take_all(self, events: Iterable[Event]) -> None:
        """Judge events in their order."""
        on, findings = self.on, self.findings
        event = None
        for event in events:
            on[type(event)](event)
            if findings.fresh:
                findings.note(event)
        self.last = event or self.last

    # -- pages enter and leave -----------------------------------------------------------------------------------------

    def hold(self, event: Hold) -> None:
        """A page is counted in by its pool."""
        pool = self.pools.for_hold(event)
        if pool is None:
            return
        if not pool.is_mapped and self.mappings.table.of_page:
            self._learn_device(event, pool)
        if event.page in self.pages or pool.is_mapped or pool.last_report is not None or pool.untrusted:
            self._enter(event, pool)
        else:
            self.judged += 1
            self.pages[event.page] = Held(pool, self.steps.held_stock, event, last_line=event.line)

    def _learn_device(self, event: Hold, pool: Pool) -> None:
        """If the page was just mapped, its pool maps its pages, and all pages it holds must have been mapped.

        The map of its first page may be missing where the recording, or the part of it after a loss, begins.
        """
        made = [m for m in self.mappings.table.of(event.page) if m.direction != TO_DEVICE]
        if not made:
            return
        pool.is_mapped, pool.device = True, made[-1].device
        for page, held in list(self.pages.items()):
            if held.pool is pool and held.hold is not None and not held.untrusted and not pool.untrusted:
                is_first = held.hold.number == pool.holds.low
                if not (is_first and held.hold.line <= self.trusted_from_line + TAIL):
                    dma = self.steps.dma
                    self.steps.deny(held.hold, page, held.pool, dma, dma.initial, rules.HELD, held)
                held.possible, held.untrusted = self.steps.dma.unknown, True

    def _enter(self, event: Hold, pool: Pool) -> None:
        """Slow path of a hold: the page is tracked already, the pool maps its pages, or destroy was reported."""
        held = self.pages.get(event.page)
        if held is not None and not held.untrusted and held.hold is not None:
            label = rules.HELD if held.pool is pool else rules.HELD_ELSEWHERE
            if not self.steps.observe(event, held, label, pool) and held.waiting:
                return
        new = self._new(event, pool)
        waiting = held.waiting if held is not None and held.hold is None else ()
        if held is not None:
            self.mappings.table.forget(held)
        self.pages[event.page] = new
        if pool.is_mapped:
            for mapping in list(self.mappings.table.of(event.page)):
                self.mappings.adopt(mapping, new)
                self.steps.observe(mapping.made, new, self.mappings.label(mapping, new), pool)
        self.steps.observe(event, new, rules.HELD, pool)
        self.judged += not new.untrusted
        new.hold = event
        self._settle(event.page, waiting)

    def _new(self, event: Hold, pool: Pool) -> Held:
        """A page before its hold; that of a destroyed pool, if the hold's number is beyond the kernel's count."""
        level = self.steps.level(pool)
        possible = level.initial
        if pool.last_report is not None and ahead(event.number, pool.counted[0]) > 0:
            possible = level.monitor.assume(possible, rules.destroyed)
        return Held(pool, possible, event, last_line=event.line, untrusted=pool.untrusted)

    def release(self, event: Release) -> None:
        """A page is counted out by its pool."""
        held = self.pages.get(event.page)
        pool = self.pools.for_release(event, held.pool if held and held.pool.address == event.pool else None)
        if pool is None:
            return
        if held is None:
            self._release_unheld(event, pool)
        elif held.pool is not pool:
            self._release_elsewhere(event, pool, held)
        elif self._is_everyday(held, pool):
            del self.pages[event.page]
            if pool.destroyed is not None:
                pool.returned_since_retry.append(Return(event.page, held.hold, event))
        else:
            self._leave(event, held)

    def _is_everyday(self, held: Held, pool: Pool) -> bool:
        """True if nothing was observed of a page but its hold, and the rules explain its release."""
        is_plain = held.possible == self.steps.held_stock and not (held.waiting or pool.is_mapped)
        return is_plain and self.steps.may_return(pool.facts)

    def _leave(self, event: Release, held: Held) -> None:
        """Slow path of a release."""
        if not held.untrusted and self.mappings.has_others(held, event.page):
            self.mappings.skip(held)
        if not self.steps.observe(event, held, rules.RETURNED, held.pool) and held.waiting:
            return
        pool = held.pool
        if held.unmapped_line and len(pool.recent) > 1 and pool.recent[-2].line > held.unmapped_line:
            pool.unmapped_while_held += 1
        if pool.destroyed is not None:
            pool.returned_since_retry.append(Return(event.page, held.hold, event))
        self.mappings.table.forget(held)
        if self.pages.get(event.page) is held:
            del self.pages[event.page]
        self._settle(event.page, held.waiting)

    def _release_unheld(self, event: Release, pool: Pool) -> None:
        """A release without a hold: of a page that entered before the recording, or never."""
        may_be_early = not self.info.is_ordered and not pool.holds.seen and pool.releases.low == 1
        if pool.untrusted or not (pool.is_from_the_start or may_be_early):
            pool.unexplained += 1
            return
        held = Held(pool, self.steps.level(pool).initial, None, last_line=event.line)
        if not self.steps.observe(event, held, rules.RETURNED, pool) and held.waiting:
            self.pages[event.page] = held

    def _release_elsewhere(self, event: Release, pool: Pool, held: Held) -> None:
        """A pool releases a page that another pool holds."""
        if held.untrusted:
            del self.pages[event.page]
        else:
            self.steps.observe(event, held, rules.RETURNED_ELSEWHERE, pool)

    def _settle(self, page: int, waiting: Iterable[Waiting]) -> None:
        """Judge again the observations of a page that came too early."""
        for label, event, pool in waiting:
            held = self.pages.get(page)
            if label in (rules.HELD, rules.HELD_ELSEWHERE) and held is None and isinstance(event, Hold):
                self._enter(event, pool)
            elif held is None:
                continue
            elif label == rules.RETURNED and held.pool is pool and isinstance(event, Release):
                self._leave(event, held)
            else:
                self.steps.observe(event, held, label, pool)

    def page_alloc_or_free(self, event: PageAlloc | PageFree) -> None:
        """The page allocator hands a page out or takes it back: no pool counts it."""
        held = self.pages.get(event.page)
        if held is not None and not held.untrusted and self.info.is_ordered:
            self.steps.assume(event, held, rules.in_the_allocator, event.page)

    # -- pools and the log ---------------------------------------------------------------------------------------------

    def pool_release(self, event: PoolRelease) -> None:
        """The kernel reports the counters of a destroyed pool."""
        pool = self.pools.for_report(event)
        if pool.destroyed is None:
            pool.destroyed = event
            pool.learn(rules.destroyed, event)
        else:
            pool.retries += 1
        if event.cnt > 1 and rules.detached not in pool.facts:
            pool.learn(rules.detached, event)
        self.pools.report(event, pool)
        if event.inflight == 0:
            pool.freed = event
        else:
            pool.returned_since_retry, pool.last_retry = [], event

    def _pool_ended(self, pool: Pool) -> None:
        if holders.retries(pool) >= self.least_retries:
            stall = holders.drained(self.info, self.steps.level(pool).monitor, self.steps.while_retrying(pool), pool)
            self.stalls += [stall] if stall else []

    def _judge_log(self) -> None:
        """Add what the log denies about pages; messages about mappings count only if a pool may have made them."""
        devices = {pool.device for pool in self.pools.ended if pool.device}
        for event, after in zip_longest(self.messages, self.messages[1:]):
            message = event.message.with_details(after.message) if after else event.message
            if message.denies(devices):
                self.denied_by_the_log += 1
                self.findings.add(Finding(message.invariant, f"the kernel's log: {message.text}", event))

    def lost(self, event: Lost | Gap) -> None:
        """Events were lost: pages and pools that are there now are untrusted from here on."""
        self.pools.lose()
        for held in self.pages.values():
            held.possible, held.untrusted, held.waiting = self.steps.level(held.pool).unknown, True, ()
        self.mappings.table, self.trusted_from_line = Mappings(), event.line

    # -- the end -------------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """End the trace: waiting observations, missing numbers and missing releases are violations."""
        for page, held in list(self.pages.items()):
            self.steps.apply_facts(held, page)
            self._deny_waiting(page, held)
        self.pools.end_all()
        self._judge_log()
        for page, held in self.pages.items():
            pool = held.pool
            if pool.freed is not None and held.hold is not None and not held.untrusted and self.pools.is_over(pool):
                self.left_behind.add(page)
                what = "its pool is freed, and it was never released"
                self.findings.add(Finding(rules.LEFT_BEHIND, what, held.hold, page, pool.name))

    def _deny_waiting(self, page: int, held: Held) -> None:
        """Deny the first observation of a page that still waits."""
        for label, event, pool in held.waiting[:1]:
            if not pool.is_from_the_start and label == rules.RETURNED:
                pool.unexplained += 1
            else:
                self.steps.deny(event, page, pool, self.steps.level(held.pool), held.possible, label, held)

    def snapshot(self) -> Snapshot:
        """The pages that pools hold at this moment."""
        of: dict[int, tuple[Pool, list[HeldPage]]] = {}
        for held in self.pages.values():
            if held.hold is not None:
                pages = of.setdefault(id(held.pool), (held.pool, []))[1]
                pages.append(HeldPage(held.hold, self.steps.possible(held)))
        steps, elsewhere = self.steps, {f.page for f in self.findings.shown if f.invariant in holders.ELSEWHERE}
        pools = (
            HeldPool(pool, steps.level(pool).monitor, tuple(pages), steps.while_retrying(pool))
            for pool, pages in of.values()
        )
        return Snapshot(self.info, tuple(pools), frozenset(self.left_behind), frozenset(elsewhere))

    def tried(self, invariant: str) -> int:
        """The number of events that could have denied an invariant; of DMA events those about pools' pages."""
        seen = {**self.info.events, Map: 0, Unmap: 0, Sync: 0, **self.mappings.pool_events}
        return sum(seen.get(kind, 0) for kind in rules.SEEN.get(invariant, ()))

    @property
    def never_recorded(self) -> str:
        """A tracepoint that fired and was not recorded: its counterpart comes twice, or the kernel counts it. Or ''."""
        seen, twice = self.info.events, {type(finding.event) for finding in self.findings.shown}
        if seen[Hold] and not seen[Release] and (Hold in twice or any(p.counted[1] for p in self.pools.ended)):
            return "page_pool_state_release"
        return "dma_unmap_page" if seen[Map] and not seen[Unmap] else ""
