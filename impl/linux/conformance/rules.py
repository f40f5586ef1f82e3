# SPDX-License-Identifier: MIT
"""Relates events to the spec: the counter increments they show, the facts they state, the invariants they can deny.

The history of a page is a run of the rules with one page, its home, one other pool, its home's device and one other
device. A guard that reads other pages only gets weaker without them, so whatever the rules permit among many pages they
permit here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from checkers.monitor import Label, Monitor
from impl.linux.trace.events import Event, Hold, Map, PageAlloc, PageFree, PoolRelease, Release, Sync, Unmap
from spec import invariants, lemmas
from spec.dsl import NOBODY
from spec.page import Device, Dma, Life, Ownership, Page, Place, Pool

SCOPE = dict(pages=1, pools=2, devices=2, ring_size=1, tx_limit=1, max_refs=2, live_pools=2)
"""One page; its home and another pool; its home's device and another one."""

PAGE, HOME, OTHER, NEAR, FAR = Page(0), Pool(0), Pool(1), Device(0), Device(1)

HELD: Label = ("hold", (HOME,))
HELD_ELSEWHERE: Label = ("hold", (OTHER,))
RETURNED: Label = ("returned", (HOME,))
RETURNED_ELSEWHERE: Label = ("returned", (OTHER,))
MAPPED: Label = ("maps", (PAGE, NEAR))
MAPPED_FAR: Label = ("maps", (PAGE, FAR))
UNMAPPED: Label = ("unmaps", (PAGE, NEAR))
UNMAPPED_FAR: Label = ("unmaps", (PAGE, FAR))

STOCK = ("hold", "returned")
WITH_DMA = ("hold", "returned", "maps", "unmaps")
"""The history counters that events show without and with the DMA events."""


# Facts: what an event states about the state itself. The first words of a docstring name the event.


def anything(s: Ownership) -> bool:
    """No event: any state."""
    return True


def in_the_allocator(s: Ownership) -> bool:
    """mm_page_alloc, mm_page_free: the page is free and no pool counts it; also where every history begins."""
    return s.place[PAGE] == Place.FREE and s.home[PAGE] == NOBODY


def at_home(s: Ownership) -> bool:
    """A history before the recording: the page has this home."""
    return bool(s.home[PAGE] == HOME)


def live(s: Ownership) -> bool:
    """A hold: its pool is live."""
    return bool(s.life[HOME] == Life.LIVE)


def destroyed(s: Ownership) -> bool:
    """page_pool_release: page_pool_destroy() was called."""
    return s.life[HOME] in (Life.SCRUBBING, Life.DETACHED, Life.FREED)


def detached(s: Ownership) -> bool:
    """page_pool_release once more: page_pool_destroy() has returned, a worker retries."""
    return s.life[HOME] in (Life.DETACHED, Life.FREED)


def mapped(s: Ownership, dev: Device) -> bool:
    """dma_sync: the page is mapped for this device."""
    return bool(s.dma[PAGE, dev] != Dma.UNMAPPED)


def drained(s: Ownership) -> bool:
    """A retry: the pool ring was emptied before (kernel reference 4.1, step 4a), so the page is not idle."""
    return s.place[PAGE] != Place.POOL


DENIED: dict[Any, str] = {
    in_the_allocator: invariants.a_page_has_a_home_exactly_while_a_pool_counts_it.__name__,
    live: lemmas.a_page_of_a_live_pool_is_mapped_for_its_device.__name__,
    destroyed: invariants.the_life_of_a_pool_only_advances.__name__,
    detached: lemmas.a_detached_pool_has_no_mapping_left.__name__,
    mapped: invariants.a_sync_makes_no_mapping.__name__,
}
"""The invariant that is violated where a fact is impossible."""

MISSED = invariants.every_dma_map_has_exactly_one_unmap.__name__
"""The invariant that is violated where a map or unmap is missing before another event."""

OWN_POOL = invariants.a_page_goes_home_to_its_own_pool.__name__
NUMBERS = invariants.inflight_is_hold_minus_release.__name__
LEFT_BEHIND = invariants.a_freed_pool_is_home_to_no_page.__name__
AFTER_DESTROY = invariants.a_page_is_allocated_only_into_a_live_pool.__name__

AS_MAPPED = "a_mapping_is_unmapped_and_synced_as_it_was_mapped"
"""The one invariant that is not in the spec, which has no sizes and directions (S10: the DMA API's contract)."""

OF = {"hold": NUMBERS, "returned": NUMBERS, "maps": MISSED, "unmaps": MISSED}
"""The invariant about each counter, where no action raises it even without guards."""

SEEN: dict[str, tuple[type[Event], ...]] = {
    invariants.a_page_has_a_home_exactly_while_a_pool_counts_it.__name__: (Hold, PageAlloc, PageFree),
    OWN_POOL: (Hold, Release),
    NUMBERS: (Hold, Release, PoolRelease),
    LEFT_BEHIND: (PoolRelease,),
    AFTER_DESTROY: (Hold,),
    MISSED: (Map, Unmap),
    invariants.a_sync_makes_no_mapping.__name__: (Sync,),
    lemmas.a_page_of_a_live_pool_is_mapped_for_its_device.__name__: (Unmap,),
    lemmas.a_detached_pool_has_no_mapping_left.__name__: (Unmap,),
    AS_MAPPED: (Unmap, Sync),
}
"""The invariants that events can deny, with the kinds of events that can deny each."""


@dataclass(frozen=True)
class Level:
    """The rules as observed through some kinds of events, with the sets of states in which a history may begin."""

    monitor: Monitor

    @property
    def initial(self) -> int:
        """The states of a page that is free."""
        return self.monitor.where(in_the_allocator)

    @property
    def unknown(self) -> int:
        """All states, of a page whose history is not known."""
        return self.monitor.where(anything)

    @property
    def at_home(self) -> int:
        """The states of a page that was in its pool before the recording."""
        return self.monitor.where(at_home)
