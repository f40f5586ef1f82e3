"""A trace against the rules: every event is a step of its page and a number of its pool, and is explained or denied.

The work an event takes does not grow with the trace: the page is looked up, and the number of the set of states it may
be in gives, with what was observed, the next one. What is remembered is what is live: pages between hold and release,
mappings between map and unmap, pools.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from impl.linux.trace.dmesg import Message
from impl.linux.trace.events import (
    CONNECT,
    DISCONNECT,
    GAP,
    HOLD,
    LOST,
    MAP,
    MESSAGE,
    NID,
    PAGE_ALLOC,
    PAGE_FREE,
    POOL_RELEASE,
    RELEASE,
    SYNC,
    UNMAP,
    Event,
)
from impl.linux.trace.reading import Heard

from . import rules
from .counters import ahead
from .mappings import BOTH, TO_DEVICE, Mapping, Mappings
from .pool_table import TAIL, Accounts
from .pools import Held, Pool, Return
from .rules import Label, Level, Monitor
from .violations import Finding, Findings

RECENT = 6
"""Events of a page that are remembered for a report."""

MOST_WAITING = 4
"""Events of a page that may come too early, one after the other, under a clock that does not order CPUs."""


class Judge:
    """What is known while a trace is read; `stock` and `with_dma` make the monitors of the two levels."""

    def __init__(self, heard: Heard, stock: Callable[[], Monitor], with_dma: Callable[[], Monitor]) -> None:
        self.heard, self.findings, self.mappings = heard, Findings(line=lambda: heard.lines), Mappings()
        self._make_dma = with_dma
        self.stock = Level(stock())
        self._dma: Level | None = None
        self.stock_held = self.stock.monitor.observe(self.stock.begin, rules.HELD)
        self.leaves: dict[tuple[Any, ...], bool] = {}
        self.pages: dict[int, Held] = {}
        self.accounts = Accounts(heard, self.findings)
        self.messages: list[Event] = []
        self.last: Event | None = None
        self.of_pools: Counter[str] = Counter()
        self.shared = self.since = self.judged = 0
        self.left_behind: set[int] = set()
        self.denied_by_the_log = 0
        self.on: dict[str, Callable[[Event], None]] = {
            HOLD: self.hold,
            RELEASE: self.release,
            POOL_RELEASE: self.pool_release,
            CONNECT: self.accounts.connect,
            DISCONNECT: self.accounts.disconnect,
            MAP: self.map,
            UNMAP: self.unmap,
            SYNC: self.sync,
            PAGE_ALLOC: self.page_alloc_or_free,
            PAGE_FREE: self.page_alloc_or_free,
            MESSAGE: self.message,
            LOST: self.lost,
            GAP: self.lost,
            NID: lambda event: None,
        }

    def take_all(self, events: Iterable[Event]) -> None:
        """Judge event after event."""
        on, findings = self.on, self.findings
        event = None
        for event in events:
            on[event.kind](event)
            if findings.fresh:
                findings.note(event)
        self.last = event or self.last

    # -- pages enter and leave -----------------------------------------------------------------------------------------

    def hold(self, event: Event) -> None:
        """A page is counted in by its pool."""
        pool = self.accounts.of_hold(event)
        if pool is None:
            return
        if not pool.is_mapped and self.mappings.of_page:
            self._learn_device(event, pool)
        if event.page in self.pages or pool.is_mapped or pool.said is not None or pool.lost:
            self._enter(event, pool)
        else:
            self.judged += 1
            self.pages[event.page] = Held(pool, self.stock_held, event, line=event.line)

    def _learn_device(self, event: Event, pool: Pool) -> None:
        """A pool maps its pages if the one it holds was just mapped; then all of them had to be."""
        made = [m for m in self.mappings.of(event.page) if m.direction != TO_DEVICE]
        if not made:
            return
        pool.is_mapped, pool.device = True, made[-1].device
        for page, held in list(self.pages.items()):
            if held.pool is pool and held.hold is not None and not held.lost and not pool.lost:
                if held.hold.number == pool.holds.low and held.hold.line <= self.since + TAIL:
                    held.at, held.lost = self.dma.lost, True  # its map may be what was cut off, or lost
                    continue
                self._deny(held.hold, page, held.pool, self.dma, self.dma.begin, rules.HELD, held)
                held.at, held.lost = self.dma.lost, True

    def _enter(self, event: Event, pool: Pool) -> None:
        """A hold that needs a look: of a page that is somewhere already, or is mapped, or of a pool that is gone."""
        held = self.pages.get(event.page)
        level = self.level(pool)
        if held is not None and not held.lost and held.hold is not None:
            label = rules.HELD if held.pool is pool else rules.HELD_ELSEWHERE
            if not self._step(event, held, label, pool) and held.waiting:
                return
        new = Held(pool, level.begin, event, line=event.line, lost=pool.lost)
        if pool.said is not None and ahead(event.number, pool.counted[0]) > 0:
            new.at = level.monitor.assume(new.at, rules.destroyed)
        waiting = held.waiting if held is not None and held.hold is None else ()
        if held is not None:
            self.mappings.forget(held)
        self.pages[event.page] = new
        if pool.is_mapped:
            for mapping in list(self.mappings.of(event.page)):
                self._is_of(mapping, new)
                self._step(mapping.made, new, self._maps(new, mapping), pool)
        self._step(event, new, rules.HELD, pool)
        self.judged += not new.lost
        new.hold = event
        self._settle(event.page, waiting)

    def release(self, event: Event) -> None:
        """A page is counted out by its pool."""
        held = self.pages.get(event.page)
        mine = held.pool if held is not None and held.pool.address == event.pool else None
        pool = self.accounts.of_release(event, mine)
        if pool is None:
            return
        if held is None:
            self._release_unheld(event, pool)
        elif held.pool is not pool:
            self._release_elsewhere(event, pool, held)
        elif held.at == self.stock_held and not (held.waiting or pool.is_mapped) and self._may_leave(pool.known):
            del self.pages[event.page]
            if pool.destroyed is not None:
                pool.returns.append(Return(event.page, held.hold, event))
        else:
            self._leave(event, held)

    def _may_leave(self, known: tuple[Any, ...]) -> bool:
        """Is the everyday release explained, of a page that was held and of whose pool these facts are known?"""
        if known not in self.leaves:
            at = self.stock_held
            for fact in known:
                at = self.stock.monitor.assume(at, fact)
            self.leaves[known] = bool(self.stock.monitor.observe(at, rules.RETURNED))
        return self.leaves[known]

    def _leave(self, event: Event, held: Held) -> None:
        if any(not m.is_near(held.pool.device) for m in self.mappings.of(event.page)) and not held.lost:
            self.shared, held.lost = self.shared + 1, True
        if not self._step(event, held, rules.RETURNED, held.pool) and held.waiting:
            return
        pool = held.pool
        if held.unmapped and len(pool.recent) > 1 and pool.recent[-2].line > held.unmapped:
            pool.early += 1
        if held.pool.destroyed is not None:
            held.pool.returns.append(Return(event.page, held.hold, event))
        self.mappings.forget(held)
        if self.pages.get(event.page) is held:
            del self.pages[event.page]
        self._settle(event.page, held.waiting)

    def _release_unheld(self, event: Event, pool: Pool) -> None:
        """A page leaves that was never seen to enter: before the trace began, or it was never in."""
        may_be_early = not self.heard.is_ordered and not pool.holds.seen and pool.releases.low == 1
        if pool.lost or not (pool.is_from_the_start or may_be_early):
            pool.unexplained += 1
            return
        held = Held(pool, self.level(pool).begin, None, line=event.line)
        if not self._step(event, held, rules.RETURNED, pool) and held.waiting:
            self.pages[event.page] = held

    def _release_elsewhere(self, event: Event, pool: Pool, held: Held) -> None:
        if held.lost:
            del self.pages[event.page]
        else:
            self._step(event, held, rules.RETURNED_ELSEWHERE, pool)

    # -- the mappings of a page ----------------------------------------------------------------------------------------

    def map(self, event: Event) -> None:
        """A page is mapped for a device."""
        mapping, held = self.mappings.add(event), self.pages.get(event.page)
        if held is not None and held.pool.is_mapped and not held.lost:
            self._is_of(mapping, held)
            if self._is_shared(mapping, held):
                self.shared, held.lost = self.shared + 1, True
            else:
                self._step(event, held, self._maps(held, mapping), held.pool)

    @staticmethod
    def _maps(held: Held, mapping: Mapping) -> Label:
        """Which mapping it is: the pool's own, or a second one for another device."""
        return rules.MAPPED if mapping.is_near(held.pool.device) else rules.MAPPED_FAR

    def _is_shared(self, mapping: Mapping, held: Held) -> bool:
        """Is the page mapped for others twice at once? Parts and clones are; the rules take a page for one thing."""
        home = held.pool.device
        others = (m for m in self.mappings.of(mapping.page) if m is not mapping and not m.is_near(home))
        return not mapping.is_near(home) and any(others)

    def _is_of(self, mapping: Mapping, held: Held) -> None:
        """From now on a mapping is known to be of a pool's page; what was odd about it before counts as well."""
        mapping.held = held
        self.of_pools[MAP] += 1
        if mapping.unlike is not None:
            self._unlike(mapping.unlike, mapping)

    def unmap(self, event: Event) -> None:
        """A mapping is undone."""
        mapping = self.mappings.take(event)
        if mapping is not None:
            self._must_be_symmetric(event, mapping, event.more[2] == mapping.size)
        if mapping is not None and (held := self._holder(mapping)):
            near = mapping.is_near(held.pool.device)
            held.unmapped = event.line if near else held.unmapped
            self._step(event, held, rules.UNMAPPED if near else rules.UNMAPPED_FAR, held.pool)

    def sync(self, event: Event) -> None:
        """Part of a mapping is synced, for the cpu or for the device."""
        mapping = self.mappings.around(event)
        if mapping is not None:
            self._must_be_symmetric(event, mapping, event.number + event.more[2] <= mapping.address + mapping.size)
        if mapping is not None and self.heard.is_ordered and (held := self._holder(mapping)):
            device = rules.NEAR if mapping.is_near(held.pool.device) else rules.FAR
            self._know(event, held, rules.mapped, mapping.page, device)

    def _holder(self, mapping: Mapping) -> Held | None:
        """The page as its pool holds it, if this is a mapping of that very time."""
        held = self.pages.get(mapping.page)
        return held if held is not None and held is mapping.held else None

    def _must_be_symmetric(self, event: Event, mapping: Mapping, fits: bool) -> None:
        """S10: undone and synced with the size and direction it was made with; both ways may be synced in one."""
        if mapping.held is not None:
            self.of_pools[event.kind] += 1
        if fits and (event.more[1] == mapping.direction or (event.kind == SYNC and mapping.direction == BOTH)):
            return
        if mapping.held is not None:
            self._unlike(event, mapping)
        else:
            mapping.unlike = mapping.unlike or event

    def _unlike(self, event: Event, mapping: Mapping) -> None:
        made = f"made with dir={mapping.direction} size={mapping.size}"
        self.findings.add(Finding(rules.SYMMETRIC, made, event, mapping.page, recent=(mapping.made,)))

    def page_alloc_or_free(self, event: Event) -> None:
        """The page allocator hands a page out, or takes it back: then no pool counts it."""
        held = self.pages.get(event.page)
        if held is not None and not held.lost and self.heard.is_ordered:
            self._know(event, held, rules.in_the_allocator, event.page)

    # -- pools ---------------------------------------------------------------------------------------------------------

    def pool_release(self, event: Event) -> None:
        """The kernel says what a destroyed pool counts."""
        pool = self.accounts.of_total(event)
        if pool.destroyed is None:
            pool.destroyed = event
            pool.learn(rules.destroyed, event)
        else:
            pool.retries += 1
        if event.more[3] > 1 and rules.detached not in pool.known:
            pool.learn(rules.detached, event)
        self.accounts.says(event, pool)
        if event.more[0] == 0:
            pool.freed = event
        else:
            pool.returns, pool.retry = [], event

    def message(self, event: Event) -> None:
        """The kernel's log says something about pages; what that denies is known when all pools are."""
        self.messages.append(event)

    def _hear(self) -> None:
        """What the kernel itself calls wrong, of pages: of a mapping only if it may be one that a pool made."""
        devices = {pool.device for pool in self.accounts.ended if pool.device}
        said: list[Message] = [event.more[0] for event in self.messages]
        for event, one, after in zip(self.messages, said, [*said[1:], None], strict=False):
            whole = one.with_details(after) if after is not None else one
            if whole.denies(devices):
                self.denied_by_the_log += 1
                self.findings.add(Finding(whole.invariant, f"the kernel says: {whole.text}", event))

    def lost(self, event: Event) -> None:
        """Events were lost: from here on, of what was there before nothing is known and nobody is blamed."""
        self.accounts.lose()
        for held in self.pages.values():
            held.at, held.lost, held.waiting = self.level(held.pool).lost, True, ()
        self.mappings, self.since = Mappings(), event.line

    # -- one step of one page ------------------------------------------------------------------------------------------

    @property
    def dma(self) -> Level:
        """The level of traces with DMA events, made when the first pool is seen to map."""
        if self._dma is None:
            self._dma = Level(self._make_dma())
        return self._dma

    def level(self, pool: Pool) -> Level:
        """The rules as far as the events of this pool can see."""
        return self.dma if pool.is_mapped else self.stock

    def _step(self, event: Event, held: Held, label: Label, pool: Pool) -> bool:
        """Take what was observed for a step of the page; what no rule explains waits, or is denied."""
        if held.lost:
            return True
        level = self.level(held.pool)
        self.learn(held, event.page)
        after = level.monitor.observe(held.at, label)
        if after:
            held.at, held.line = after, event.line
            if held.pool.is_mapped:
                held.recent = (*held.recent[-RECENT:], event)
            return True
        if not self.heard.is_ordered and len(held.waiting) < MOST_WAITING:
            held.waiting = (*held.waiting, (label, event, pool))
        else:
            self._deny(event, self._page(event, held), pool, level, held.at, label, held)
            held.at, held.lost = level.lost, True
        return False

    def _page(self, event: Event, held: Held) -> int:
        """The page an event is about; an unmap names none, but its mapping does."""
        return event.page or (held.hold.page if held.hold else 0) or (held.recent[-1].page if held.recent else 0)

    def _settle(self, page: int, waiting: Iterable[Any]) -> None:
        """What came too early may have its turn now."""
        for label, event, pool in waiting:
            held = self.pages.get(page)
            if label in (rules.HELD, rules.HELD_ELSEWHERE) and held is None:
                self._enter(event, pool)
            elif held is not None and label == rules.RETURNED and held.pool is pool:
                self._leave(event, held)
            elif held is not None:
                self._step(event, held, label, pool)

    def learn(self, held: Held, page: int) -> None:
        """What the pool told since the page was looked at last."""
        pool, level = held.pool, self.level(held.pool)
        if pool.is_mapped and not held.facts and held.line < pool.last_hold and not held.lost:
            self._assume(held, rules.live, pool.recent[-1] if pool.recent else pool.first, page, level)
        for fact, event in pool.facts[held.facts :]:
            held.facts += 1
            if not held.lost:
                self._assume(held, fact, event, page, level)

    def _know(self, event: Event, held: Held, fact: Any, page: int, *args: Any) -> None:
        """An event tells a fact about its page."""
        self.learn(held, page)
        if not held.lost:
            self._assume(held, fact, event, page, self.level(held.pool), *args)

    def _assume(self, held: Held, fact: Any, event: Event, page: int, level: Level, *args: Any) -> None:
        after = level.monitor.assume(held.at, fact, *args)
        if after:
            held.at = after
            return
        page = page or self._page(event, held)
        before = tuple(repr(place) for place in level.monitor.possible(held.at, "place"))
        recent = (*([held.hold] if held.hold else []), *held.recent[-RECENT:])
        what = f"{(fact.__doc__ or '').split(':')[0]}, which cannot be"
        self.findings.add(Finding(rules.DENIED[fact], what, event, page, held.pool.name, before, recent=recent))
        held.at, held.lost = level.lost, True

    def _deny(
        self, event: Event, page: int, pool: Pool, level: Level, at: int, label: Label, held: Held | None = None
    ) -> None:
        """No step of the rules explains it: which invariant that denies, and which guards said no."""
        monitor = level.monitor
        refused = tuple((r.action, r.why) for r in monitor.refusals(at, label))
        missed = any(why.endswith("before it") for _, why in refused)
        broken = [rules.MISSED] if missed else monitor.broken(at, label) or [rules.OF[label[0]]]
        recent = (*([held.hold] if held.hold else []), *held.recent[-RECENT:], *pool.recent) if held else ()
        before = tuple(repr(place) for place in monitor.possible(at, "place"))
        what = f"no step of the rules explains {event.kind}"
        if held is not None and label == rules.RETURNED_ELSEWHERE:
            broken, what = [rules.OWN_POOL], f"held by {held.pool.name}, released by {pool.name}"
        self.findings.add(Finding(broken[0], what, event, page, pool.name, before, refused, recent))

    def tried(self, invariant: str) -> int:
        """The events that could have denied an invariant; of DMA events those of pools' pages."""
        seen = {**self.heard.events, MAP: 0, UNMAP: 0, SYNC: 0, **self.of_pools}
        return sum(seen.get(kind, 0) for kind in rules.SEEN.get(invariant, ()))

    @property
    def never_recorded(self) -> str:
        """The event that was not recorded at all, though it happened: its counterpart comes twice, or it is counted."""
        seen, twice = self.heard.events, {finding.event.kind for finding in self.findings.shown}
        if seen[HOLD] and not seen[RELEASE] and (HOLD in twice or any(p.counted[1] for p in self.accounts.ended)):
            return "page_pool_state_release"
        return "dma_unmap_page" if seen[MAP] and not seen[UNMAP] else ""

    # -- the end -------------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """The trace has ended: what waits is denied, what is missing is missing."""
        for page, held in list(self.pages.items()):
            self.learn(held, page)
            for label, event, pool in held.waiting[:1]:
                if not pool.is_from_the_start and label == rules.RETURNED:
                    pool.unexplained += 1
                    continue
                self._deny(event, page, pool, self.level(held.pool), held.at, label, held)
        self.accounts.end_all()
        self._hear()
        for page, held in self.pages.items():
            pool = held.pool
            if pool.freed is not None and held.hold is not None and not held.lost and self.accounts.is_over(pool):
                what = "its pool is gone, and it was never released"
                self.left_behind.add(page)
                self.findings.add(Finding(rules.LEFT_BEHIND, what, held.hold, page, pool.name))
