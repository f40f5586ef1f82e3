# SPDX-License-Identifier: MIT
"""Explains observations of one page by steps of the rules; what no step explains waits, or is a violation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from checkers.monitor import EMPTY, Label, Monitor
from impl.linux.trace.events import NAMES, Event, page_of
from impl.linux.trace.info import RecordingInfo

from . import rules
from .pools import Fact, Held, Pool
from .rules import Level
from .violations import Finding, Findings

RECENT = 6
"""Events of a page that are kept for a report."""

MOST_WAITING = 4
"""Events of a page that may come too early, one after the other, under a clock that does not order CPUs."""


class PageSteps:
    """Advances the set of possible states of a page; `stock` and `with_dma` make the monitors of the two levels.

    A page whose observation is not explained becomes untrusted, and is not judged until its next hold.
    """

    def __init__(
        self, info: RecordingInfo, findings: Findings, stock: Callable[[], Monitor], with_dma: Callable[[], Monitor]
    ) -> None:
        self.info, self.findings, self._make_dma = info, findings, with_dma
        self.stock = Level(stock())
        self._dma: Level | None = None
        self.held_stock = self.stock.monitor.observe(self.stock.initial, rules.HELD)
        self._returns: dict[tuple[Fact, ...], bool] = {}

    @property
    def dma(self) -> Level:
        """The level of traces with DMA events, made when the first pool is seen to map its pages."""
        if self._dma is None:
            self._dma = Level(self._make_dma())
        return self._dma

    def level(self, pool: Pool) -> Level:
        """The rules as the events of this pool show them."""
        return self.dma if pool.is_mapped else self.stock

    def may_return(self, facts: tuple[Fact, ...]) -> bool:
        """True if the rules explain the release of a page in `held_stock` whose pool has these facts."""
        if facts not in self._returns:
            possible = self.stock.monitor.observe(self._assumed(self.stock, self.held_stock, facts), rules.RETURNED)
            self._returns[facts] = possible != EMPTY
        return self._returns[facts]

    def while_retrying(self, pool: Pool) -> int:
        """The states of a page of this pool of which only the pool's facts are known."""
        level = self.level(pool)
        return self._assumed(level, level.at_home, pool.facts)

    def possible(self, held: Held) -> int | None:
        """The states that a page may be in by now; None if it is untrusted."""
        if held.untrusted:
            return None
        possible = self._assumed(self.level(held.pool), held.possible, [fact for fact, _ in self._new_facts(held)])
        return None if possible == EMPTY else possible

    @staticmethod
    def _assumed(level: Level, states: int, facts: tuple[Fact, ...] | list[Fact]) -> int:
        for fact in facts:
            states = level.monitor.assume(states, fact)
        return states

    def observe(self, event: Event, held: Held, label: Label, pool: Pool) -> bool:
        """Advance a page by an observation; False if no step explains it."""
        if held.untrusted:
            return True
        level = self.level(held.pool)
        self.apply_facts(held, page_of(event))
        after = level.monitor.observe(held.possible, label)
        if after != EMPTY:
            held.possible, held.last_line = after, event.line
            if held.pool.is_mapped:
                held.recent = (*held.recent[-RECENT:], event)
            return True
        if not self.info.is_ordered and len(held.waiting) < MOST_WAITING:
            held.waiting = (*held.waiting, (label, event, pool))
        else:
            self.deny(event, self._page(event, held), pool, level, held.possible, label, held)
            self._distrust(held, level)
        return False

    def apply_facts(self, held: Held, page: int) -> None:
        """Restrict a page to the states that the facts of its pool since its last step permit."""
        for fact, event in self._new_facts(held):
            if not held.untrusted:
                self._assume(held, fact, event, page, self.level(held.pool))
        held.facts_applied = len(held.pool.fact_events)

    def _new_facts(self, held: Held) -> list[tuple[Fact, Event]]:
        """The facts of its pool that a page does not have yet; a later hold states that a pool that maps is live."""
        pool = held.pool
        is_live = pool.is_mapped and not held.facts_applied and held.last_line < pool.last_hold_line
        live = [(rules.live, pool.recent[-1] if pool.recent else pool.first)] if is_live and not held.untrusted else []
        return [*live, *pool.fact_events[held.facts_applied :]]

    def assume(self, event: Event, held: Held, fact: Fact, page: int, *args: Any) -> None:
        """Restrict a page to the states in which a fact holds, which an event states about it."""
        self.apply_facts(held, page)
        if not held.untrusted:
            self._assume(held, fact, event, page, self.level(held.pool), *args)

    def _assume(self, held: Held, fact: Fact, event: Event, page: int, level: Level, *args: Any) -> None:
        after = level.monitor.assume(held.possible, fact, *args)
        if after != EMPTY:
            held.possible = after
            return
        page = page or self._page(event, held)
        before = tuple(repr(place) for place in level.monitor.possible(held.possible, "place"))
        recent = (*([held.hold] if held.hold else []), *held.recent[-RECENT:])
        what = f"{(fact.__doc__ or '').split(':')[0]}, which is impossible"
        self.findings.add(Finding(rules.DENIED[fact], what, event, page, held.pool.name, before, recent=recent))
        self._distrust(held, level)

    @staticmethod
    def _distrust(held: Held, level: Level) -> None:
        held.possible, held.untrusted = level.unknown, True

    def deny(
        self, event: Event, page: int, pool: Pool, level: Level, states: int, label: Label, held: Held | None = None
    ) -> None:
        """Add a violation: no step of the rules explains an event. With its invariant and the guards that refuse it."""
        monitor = level.monitor
        refused = tuple(monitor.refusals(states, label))
        is_missed = any(refusal.missing for refusal in refused)
        broken = [rules.MISSED] if is_missed else monitor.broken(states, label) or [rules.OF[label[0]]]
        recent = (*([held.hold] if held.hold else []), *held.recent[-RECENT:], *pool.recent) if held else ()
        before = tuple(repr(place) for place in monitor.possible(states, "place"))
        what = f"no step of the rules explains {NAMES[type(event)]}"
        if held is not None and label == rules.RETURNED_ELSEWHERE:
            broken, what = [rules.OWN_POOL], f"held by {held.pool.name}, released by {pool.name}"
        self.findings.add(Finding(broken[0], what, event, page, pool.name, before, refused, recent))

    @staticmethod
    def _page(event: Event, held: Held) -> int:
        """The page of an event; of an unmap, which names none, the page of its hold or of its last event."""
        return page_of(event) or (held.hold.page if held.hold else page_of(held.recent[-1]) if held.recent else 0)
