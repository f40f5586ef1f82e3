# SPDX-License-Identifier: MIT
"""Judges maps, unmaps and syncs: each is a step or a fact of its page, and matches the mapping it is about."""

from __future__ import annotations

from collections import Counter

from checkers.monitor import Label
from impl.linux.trace.events import Event, Map, Sync, Unmap
from impl.linux.trace.info import RecordingInfo

from . import rules
from .mappings import BOTH, Mapping, Mappings
from .pools import Held
from .steps import PageSteps
from .violations import Finding, Findings


class MappingJudge:
    """The mappings of a trace; `pages` are the pages that pools hold.

    `pool_events` counts the events about pages of pools. `multi_mapped_skipped` counts the pages that are not judged
    further because several other devices had them mapped at once: fragments or clones, which the rules do not have.
    """

    def __init__(self, info: RecordingInfo, findings: Findings, steps: PageSteps, pages: dict[int, Held]) -> None:
        self.info, self.findings, self.steps, self.pages = info, findings, steps, pages
        self.table = Mappings()
        self.pool_events: Counter[type[Event]] = Counter()
        self.multi_mapped_skipped = 0

    def map(self, event: Map) -> None:
        """A page is mapped for a device."""
        mapping, held = self.table.add(event), self.pages.get(event.page)
        if held is not None and held.pool.is_mapped and not held.untrusted:
            self.adopt(mapping, held)
            if self._is_shared(mapping, held):
                self.skip(held)
            else:
                self.steps.observe(event, held, self.label(mapping, held), held.pool)

    @staticmethod
    def label(mapping: Mapping, held: Held) -> Label:
        """The observation of a map: the pool's own mapping, or a second one for another device."""
        return rules.MAPPED if mapping.is_near(held.pool.device) else rules.MAPPED_FAR

    def _is_shared(self, mapping: Mapping, held: Held) -> bool:
        """True if the page has two mappings at once besides that of its pool."""
        home = held.pool.device
        return not mapping.is_near(home) and any(m is not mapping for m in self._others(held, mapping.page))

    def _others(self, held: Held, page: int) -> list[Mapping]:
        return [m for m in self.table.of(page) if not m.is_near(held.pool.device)]

    def has_others(self, held: Held, page: int) -> bool:
        """True if a page has a mapping besides that of its pool."""
        return bool(self._others(held, page))

    def skip(self, held: Held) -> None:
        """Judge a page no further, which the rules cannot represent."""
        self.multi_mapped_skipped, held.untrusted = self.multi_mapped_skipped + 1, True

    def adopt(self, mapping: Mapping, held: Held) -> None:
        """Attach a mapping to a page that a pool holds; an earlier mismatch of it is a violation now."""
        mapping.held = held
        self.pool_events[Map] += 1
        if mapping.mismatch is not None:
            self._deny(mapping.mismatch, mapping)

    def unmap(self, event: Unmap) -> None:
        """A mapping ends."""
        mapping = self.table.take(event)
        if mapping is None:
            return
        self._check(event, mapping, event.size == mapping.size)
        if held := self._holder(mapping):
            is_near = mapping.is_near(held.pool.device)
            held.unmapped_line = event.line if is_near else held.unmapped_line
            self.steps.observe(event, held, rules.UNMAPPED if is_near else rules.UNMAPPED_FAR, held.pool)

    def sync(self, event: Sync) -> None:
        """Part of a mapping is synced, for the CPU or for the device."""
        mapping = self.table.around(event)
        if mapping is None:
            return
        self._check(event, mapping, event.address + event.size <= mapping.address + mapping.size)
        if self.info.is_ordered and (held := self._holder(mapping)):
            device = rules.NEAR if mapping.is_near(held.pool.device) else rules.FAR
            self.steps.assume(event, held, rules.mapped, mapping.page, device)

    def _holder(self, mapping: Mapping) -> Held | None:
        """The page of a mapping, if the pool still holds it that did when it was mapped."""
        held = self.pages.get(mapping.page)
        return held if held is not None and held is mapping.held else None

    def _check(self, event: Unmap | Sync, mapping: Mapping, fits: bool) -> None:
        """S10: size and direction are those of the map; a mapping in both directions may be synced in one."""
        if mapping.held is not None:
            self.pool_events[type(event)] += 1
        both = isinstance(event, Sync) and mapping.direction == BOTH
        if fits and (event.direction == mapping.direction or both):
            return
        if mapping.held is not None:
            self._deny(event, mapping)
        else:
            mapping.mismatch = mapping.mismatch or event

    def _deny(self, event: Unmap | Sync, mapping: Mapping) -> None:
        what = f"mapped with dir={mapping.direction} size={mapping.size}"
        self.findings.add(Finding(rules.AS_MAPPED, what, event, mapping.page, recent=(mapping.made,)))
