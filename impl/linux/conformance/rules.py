# SPDX-License-Identifier: MIT
"""Relates events to the spec: the counter increments they show, the facts they state, the invariants they can deny.

The history of a page is a run of the rules with one page, its home, one other pool, its home's device and one other
device. A guard that reads other pages only gets weaker without them, so whatever the rules permit among many pages they
permit here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from checkers.monitor import Label, Monitor
from impl.linux.trace.events import Event, Hold, Map, PageAlloc, PageFree, PoolRelease, Release, Sync, Unmap
from spec import invariants, step_invariants
from spec.dsl import NOBODY, Kind, Machine
from spec.ownership import TINY
from spec.page import Device, Frag, Life, Ownership, Page, Pool, Sent, Where

SCOPE = dict(TINY, live_pools=2)
"""One page, which is not cut: tracepoints name pages; its home and another pool; its home's device and another one.

DMA events are recorded since 6.12, whose pools know their mappings, so pools of 6.1 are not among them. A pool whose
driver maps by itself what it posts is judged as if the mapping were the pool's.
"""

HIDDEN = ("cpu_write",)
"""Actions that no event shows and that permit no other: without them the rules have half the states."""

PAGE, WHOLE, HOME, OTHER, NEAR, FAR = Page(0), Frag(0), Pool(0), Pool(1), Device(0), Device(1)

HELD: Label = ("hold", (HOME,))
HELD_ELSEWHERE: Label = ("hold", (OTHER,))
RETURNED: Label = ("returned", (HOME,))
RETURNED_ELSEWHERE: Label = ("returned", (OTHER,))
MAPPED: Label = ("home_maps", (PAGE,))
UNMAPPED: Label = ("home_unmaps", (PAGE,))

STOCK = ("hold", "returned")
WITH_DMA = ("hold", "returned", "home_maps", "home_unmaps", "tx_maps", "tx_unmaps")
"""The history counters that events show without and with the DMA events."""


def mapped_to_send(dev: Device) -> Label:
    """A map for sending, by this device."""
    return ("tx_maps", (PAGE, WHOLE, dev))


def unmapped_after_sending(dev: Device) -> Label:
    """The unmap of a map for sending, by this device."""
    return ("tx_unmaps", (PAGE, WHOLE, dev))


def observable(machine: Machine) -> Machine:
    """The rules without the actions that make no difference to any recording."""
    environment = tuple(fn for fn in machine.environment if fn.__name__ not in HIDDEN)
    return replace(machine, environment=environment)


def whereabouts(s: Ownership) -> Kind:
    """Where the page is: out of its pool, who has it."""
    return s.place[PAGE, WHOLE] if s.where[PAGE] == Where.OUT else s.where[PAGE]


# Facts: what an event states about the state itself. The first words of a docstring name the event.


def anything(s: Ownership) -> bool:
    """No event: any state."""
    return True


def in_the_allocator(s: Ownership) -> bool:
    """mm_page_alloc, mm_page_free: the page is free and no pool counts it; also where every history begins."""
    return bool(s.where[PAGE] == Where.FREE and s.home[PAGE] == NOBODY)


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


def mapped(s: Ownership) -> bool:
    """dma_sync through the home mapping: the page is mapped for its home."""
    return bool(s.mapped[PAGE])


def mapped_for_sender(s: Ownership, dev: Device) -> bool:
    """dma_sync through a sender's mapping: the page is mapped for that device."""
    return bool(s.sent[PAGE, WHOLE, dev] == Sent.OWN)


def drained(s: Ownership) -> bool:
    """A retry: the pool ring was emptied before (kernel reference 4.1, step 4a), so the page is not idle."""
    return bool(s.where[PAGE] != Where.POOL)


DENIED: dict[Any, str] = {
    in_the_allocator: invariants.a_page_has_a_home_exactly_while_a_pool_counts_it.__name__,
    live: invariants.a_page_of_a_pool_that_maps_stays_mapped.__name__,
    destroyed: step_invariants.the_life_of_a_pool_only_advances.__name__,
    detached: invariants.a_detached_pool_has_no_mapping_left.__name__,
    mapped: step_invariants.a_device_sees_bytes_by_a_sync_of_what_is_mapped.__name__,
    mapped_for_sender: step_invariants.every_map_to_send_has_exactly_one_unmap.__name__,
}
"""The invariant that is violated where a fact is impossible."""

HOME_MAPS = step_invariants.every_home_map_has_exactly_one_unmap.__name__
SENDERS_MAPS = step_invariants.every_map_to_send_has_exactly_one_unmap.__name__
MISSED = HOME_MAPS
"""The invariant that is violated where a map or unmap is missing before another event."""

OWN_POOL = step_invariants.a_page_goes_home_to_its_own_pool.__name__
NUMBERS = step_invariants.inflight_is_hold_minus_release.__name__
LEFT_BEHIND = invariants.a_freed_pool_is_home_to_no_page.__name__
AFTER_DESTROY = step_invariants.a_page_is_allocated_only_into_a_live_pool.__name__

AS_MAPPED = "a_mapping_is_unmapped_and_synced_as_it_was_mapped"
"""The one invariant that is not in the spec, which has no sizes and directions (S10: the DMA API's contract)."""

OF = {
    "hold": NUMBERS,
    "returned": NUMBERS,
    "home_maps": HOME_MAPS,
    "home_unmaps": HOME_MAPS,
    "tx_maps": SENDERS_MAPS,
    "tx_unmaps": SENDERS_MAPS,
}
"""The invariant about each counter, where no action raises it even without guards."""

SEEN: dict[str, tuple[type[Event], ...]] = {
    DENIED[in_the_allocator]: (Hold, PageAlloc, PageFree),
    OWN_POOL: (Hold, Release),
    NUMBERS: (Hold, Release, PoolRelease),
    LEFT_BEHIND: (PoolRelease,),
    AFTER_DESTROY: (Hold,),
    HOME_MAPS: (Map, Unmap),
    SENDERS_MAPS: (Map, Unmap, Sync),
    DENIED[mapped]: (Sync,),
    DENIED[live]: (Unmap,),
    DENIED[detached]: (Unmap,),
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
