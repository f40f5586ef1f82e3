"""How the events of a trace speak of the spec: which steps they show, which facts they tell, which invariants they try.

A page's history is a run of the rules with one page, its home, any other pool, its home's device and any other device.
A guard that looks at other pages only gets weaker without them, so what the rules permit among many they permit here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from impl.linux.trace.events import HOLD, MAP, PAGE_ALLOC, PAGE_FREE, POOL_RELEASE, RELEASE, SYNC, UNMAP
from spec import invariants, lemmas
from spec.dsl import NOBODY, Sort
from spec.page import Device, Dma, Life, Ownership, Page, Place, Pool

SCOPE = dict(pages=1, pools=2, devices=2, ring_size=1, tx_limit=1, max_refs=2, live_pools=2)
"""One page; its home and another pool; its home's device and another one."""

PAGE, HOME, OTHER, NEAR, FAR = Page(0), Pool(0), Pool(1), Device(0), Device(1)

Label = tuple[str, tuple[Sort, ...]]
HELD, HELD_ELSEWHERE = ("hold", (HOME,)), ("hold", (OTHER,))
RETURNED, RETURNED_ELSEWHERE = ("returned", (HOME,)), ("returned", (OTHER,))
MAPPED, MAPPED_FAR = ("maps", (PAGE, NEAR)), ("maps", (PAGE, FAR))
UNMAPPED, UNMAPPED_FAR = ("unmaps", (PAGE, NEAR)), ("unmaps", (PAGE, FAR))

STOCK = ("hold", "returned")
WITH_DMA = ("hold", "returned", "maps", "unmaps")
"""The history counters that can be seen without the DMA events, and with them."""


# What an event tells of the state itself.


def anything(s: Ownership) -> bool:
    """Nothing is known."""
    return True


def in_the_allocator(s: Ownership) -> bool:
    """mm_page_alloc, mm_page_free; and where every page begins: the page is free, and no pool counts it."""
    return s.place[PAGE] == Place.FREE and s.home[PAGE] == NOBODY


def at_home(s: Ownership) -> bool:
    """Whatever came before: the page has this home."""
    return bool(s.home[PAGE] == HOME)


def live(s: Ownership) -> bool:
    """A hold: its pool is in use."""
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
    """A retry emptied the pool ring before it counted (kernel reference 4.1, step 4a): what it counts is not idle."""
    return s.place[PAGE] != Place.POOL


DENIED: dict[Any, str] = {
    in_the_allocator: invariants.a_page_has_a_home_exactly_while_a_pool_counts_it.__name__,
    live: lemmas.a_page_of_a_live_pool_is_mapped_for_its_device.__name__,
    destroyed: invariants.the_life_of_a_pool_only_advances.__name__,
    detached: lemmas.a_detached_pool_has_no_mapping_left.__name__,
    mapped: invariants.a_sync_makes_no_mapping.__name__,
}
"""The invariant that is broken where a fact cannot be."""

MISSED = invariants.every_dma_map_has_exactly_one_unmap.__name__
"""The invariant that is broken where a step was seen without the map or unmap that goes before it."""

OWN_POOL = invariants.a_page_goes_home_to_its_own_pool.__name__
NUMBERS = invariants.inflight_is_hold_minus_release.__name__
LEFT_BEHIND = invariants.a_freed_pool_is_home_to_no_page.__name__
AFTER_DESTROY = invariants.a_page_is_allocated_only_into_a_live_pool.__name__

SYMMETRIC = "a_mapping_is_undone_and_synced_as_it_was_made"
"""The one invariant that is not of the spec, which knows no sizes and no directions (S10: the DMA API's contract)."""

OF = {"hold": NUMBERS, "returned": NUMBERS, "maps": MISSED, "unmaps": MISSED}
"""The invariant about each counter, for what no action could have shown even unguarded."""

SEEN: dict[str, tuple[str, ...]] = {
    invariants.a_page_has_a_home_exactly_while_a_pool_counts_it.__name__: (HOLD, PAGE_ALLOC, PAGE_FREE),
    OWN_POOL: (HOLD, RELEASE),
    NUMBERS: (HOLD, RELEASE, POOL_RELEASE),
    LEFT_BEHIND: (POOL_RELEASE,),
    AFTER_DESTROY: (HOLD,),
    MISSED: (MAP, UNMAP),
    invariants.a_sync_makes_no_mapping.__name__: (SYNC,),
    lemmas.a_page_of_a_live_pool_is_mapped_for_its_device.__name__: (UNMAP,),
    lemmas.a_detached_pool_has_no_mapping_left.__name__: (UNMAP,),
    SYMMETRIC: (UNMAP, SYNC),
}
"""The invariants that events can deny, and the kinds of events that try each of them."""


class Monitor(Protocol):
    """What is asked about sets of states; `checkers.monitor` is one."""

    def observe(self, at: int, label: Label) -> int: ...

    def assume(self, at: int, fact: Any, *args: Sort) -> int: ...

    def where(self, fact: Any, *args: Sort) -> int: ...

    def possible(self, at: int, field: str) -> list[Any]: ...

    def ways(self, at: int, label: Label, field: str, fact: Any, *args: Sort) -> list[Any]: ...

    def refusals(self, at: int, label: Label) -> list[Any]: ...

    def broken(self, at: int, label: Label) -> list[str]: ...


@dataclass(frozen=True)
class Level:
    """The rules as far as some kinds of events can see."""

    monitor: Monitor

    @property
    def begin(self) -> int:
        """Where a page begins: free, in any world."""
        return self.monitor.where(in_the_allocator)

    @property
    def lost(self) -> int:
        """Where a page is of which nothing is known."""
        return self.monitor.where(anything)

    @property
    def at_home(self) -> int:
        """Where a page is that was in its pool before the trace began."""
        return self.monitor.where(at_home)
