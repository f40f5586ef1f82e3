# SPDX-License-Identifier: MIT
"""The invariants of page ownership: each holds for all its arguments, in every state or at every step.

The names are sentences. S numbers: the safety properties of docs/kernel-reference.md.
"""

from spec.dsl import NOBODY, each, iff, implies, some
from spec.page import Bind, Device, Dma, Life, Ownership, Page, Place, Pool, in_flight, in_tx, live_pools_of, posted

# In every state.


def an_idle_page_has_no_references_and_no_sender(s: Ownership, page: Page) -> bool:
    """S1, S3: free, in its pool or in an RX ring, a page has no pp, page or foreign reference and no sending device."""
    idle = s.place[page] in (Place.FREE, Place.POOL, Place.RX_RING)
    unheld = s.refs[page] == 0 and not s.foreign[page] and s.tx_dev[page] == NOBODY
    return implies(idle, unheld)


def a_page_out_of_the_pool_has_a_reference(s: Ownership, page: Page) -> bool:
    """S1, S24: a page held by the CPU has a reference of the stack or a foreign one; otherwise it has leaked."""
    return implies(s.place[page] == Place.STACK, s.refs[page] > 0 or s.foreign[page])


def a_page_is_in_tx_exactly_while_a_device_sends_it(s: Ownership, page: Page) -> bool:
    """S1: the place is TX if and only if a sending device is recorded."""
    return iff(s.place[page] == Place.TX, s.tx_dev[page] != NOBODY)


def a_page_has_a_home_exactly_while_a_pool_counts_it(s: Ownership, page: Page) -> bool:
    """S5: in the allocator a page belongs to no pool; idle in a pool or in an RX ring it belongs to one."""
    if s.place[page] == Place.FREE:
        return s.home[page] == NOBODY
    return s.place[page] in (Place.STACK, Place.TX) or s.home[page] != NOBODY


def a_freed_pool_is_home_to_no_page(s: Ownership, page: Page) -> bool:
    """S7: no page has a home that is freed, or not created yet."""
    return s.home[page] == NOBODY or s.life[s.home[page]] in (Life.LIVE, Life.SCRUBBING, Life.DETACHED)


def a_free_page_is_unmapped_unreferenced_and_clean(s: Ownership, page: Page) -> bool:
    """S8: in the allocator a page has no mapping, no reference and no unsynced write."""
    untouched = each(s.devices, lambda d: s.dma[page, d] == Dma.UNMAPPED) and s.refs[page] == 0 and not s.dirty[page]
    return implies(s.place[page] == Place.FREE, untouched)


def devices_access_only_pages_mapped_for_them(s: Ownership, page: Page, dev: Device) -> bool:
    """S9: a page that is posted to a device, or being sent by it, is mapped for that device."""
    return implies(touches(s, page, dev), s.dma[page, dev] != Dma.UNMAPPED)


def a_page_is_mapped_for_its_home_and_its_sender_only(s: Ownership, page: Page, dev: Device) -> bool:
    """S10: every mapping belongs to the page's pool or to its sender, which will unmap it."""
    at_home = s.home[page] != NOBODY and s.device_of[s.home[page]] == dev
    return s.dma[page, dev] == Dma.UNMAPPED or at_home or s.tx_dev[page] == dev


def an_idle_page_of_a_live_pool_is_mapped_and_synced(s: Ownership, page: Page) -> bool:
    """S3, S14: a page taken from its pool can be posted without a map or a sync."""
    if s.place[page] != Place.POOL or s.home[page] == NOBODY or s.life[s.home[page]] != Life.LIVE:
        return True
    return s.dma[page, s.device_of[s.home[page]]] == Dma.DEVICE and not s.dirty[page]


def no_mapping_outlives_the_driver(s: Ownership, page: Page, dev: Device) -> bool:
    """S12: no page is mapped for an unbound device."""
    return implies(s.bind[dev] == Bind.UNBOUND, s.dma[page, dev] == Dma.UNMAPPED)


def a_pool_in_use_has_a_bound_device(s: Ownership, pool: Pool) -> bool:
    """S12: while a pool may map, unmap or sync, its device is bound to its driver."""
    return implies(s.life[pool] in (Life.LIVE, Life.SCRUBBING), s.bind[s.device_of[pool]] == Bind.BOUND)


def the_cpu_writes_only_pages_it_owns(s: Ownership, page: Page, dev: Device) -> bool:
    """S13, S14: no device owns a page with a CPU write that is not synced."""
    return implies(s.dirty[page], s.dma[page, dev] != Dma.DEVICE)


def a_second_device_reads_what_was_synced_for_the_cpu(s: Ownership, page: Page) -> bool:
    """S13: another device sends a page only after the home device's writes were synced for the CPU."""
    if s.tx_dev[page] == NOBODY or s.home[page] == NOBODY or s.device_of[s.home[page]] == s.tx_dev[page]:
        return True
    return s.dma[page, s.device_of[s.home[page]]] != Dma.DEVICE


def devices_access_only_pages_synced_for_them(s: Ownership, page: Page, dev: Device) -> bool:
    """S14: a page that a device may write or read was synced for it after the last CPU write."""
    return implies(touches(s, page, dev), s.dma[page, dev] != Dma.CPU and not s.dirty[page])


def a_posted_page_has_no_other_user(s: Ownership, page: Page, dev: Device) -> bool:
    """S23: a page in an RX ring has no reference and no sender, and no other device owns it."""
    alone = s.refs[page] == 0 and not s.foreign[page] and s.tx_dev[page] == NOBODY
    home_only = posted_to(s, page, dev) or s.dma[page, dev] != Dma.DEVICE
    return implies(s.place[page] == Place.RX_RING, alone and home_only)


def rings_are_never_overrun(s: Ownership, pool: Pool, dev: Device) -> bool:
    """S28: no more pages are posted, or being sent, than there are descriptors."""
    return posted(s, pool) <= s.ring_size and in_tx(s, dev) <= s.tx_limit


def a_device_has_one_live_pool_for_each_queue(s: Ownership, dev: Device) -> bool:
    """S16: no two live pools share a queue, whose NAPI is the one consumer of its pool."""
    return live_pools_of(s, dev) <= s.live_pools


def posted_to(s: Ownership, page: Page, dev: Device) -> bool:
    """The page is in this device's RX ring."""
    return s.place[page] == Place.RX_RING and s.home[page] != NOBODY and s.device_of[s.home[page]] == dev


def touches(s: Ownership, page: Page, dev: Device) -> bool:
    """The device has a live descriptor for this page, in its RX ring or in TX."""
    return posted_to(s, page, dev) or s.tx_dev[page] == dev


# At every step, from the state before to the state after.


def a_page_goes_home_to_its_own_pool(before: Ownership, after: Ownership, page: Page) -> bool:
    """S4: a page gets a home when it is allocated into a pool; later the home can be cleared, never replaced."""
    if before.home[page] == after.home[page] or after.home[page] == NOBODY:
        return True
    return before.home[page] == NOBODY and before.place[page] == Place.FREE and after.place[page] == Place.POOL


def inflight_is_hold_minus_release(before: Ownership, after: Ownership, pool: Pool) -> bool:
    """S6: each step changes hold - release by exactly the change in the number of pages whose home is this pool."""
    counted = (after.hold[pool] - before.hold[pool]) - (after.returned[pool] - before.returned[pool])
    return in_flight(after, pool) == in_flight(before, pool) + counted


def every_dma_map_has_exactly_one_unmap(before: Ownership, after: Ownership, page: Page, dev: Device) -> bool:
    """S10, S15: dma_map and dma_unmap of a page and device alternate; a sync creates no mapping."""
    maps = after.maps[page, dev] - before.maps[page, dev]
    unmaps = after.unmaps[page, dev] - before.unmaps[page, dev]
    was, now = before.dma[page, dev] != Dma.UNMAPPED, after.dma[page, dev] != Dma.UNMAPPED
    if was == now:
        return maps == 0 and unmaps == 0
    if now:
        return maps == 1 and unmaps == 0
    return maps == 0 and unmaps == 1


def a_page_with_a_live_descriptor_is_not_unmapped_or_freed(
    before: Ownership, after: Ownership, page: Page, dev: Device
) -> bool:
    """S11: while a descriptor is live its page stays mapped; only the step that completes TX unmaps it."""
    if not touches(before, page, dev):
        return True
    completed = not touches(after, page, dev) and after.place[page] != Place.RX_RING
    sent = before.tx_dev[page] == dev
    return after.dma[page, dev] != Dma.UNMAPPED or (completed and sent)


def the_dma_api_is_not_called_for_an_unbound_device(
    before: Ownership, after: Ownership, page: Page, dev: Device
) -> bool:
    """S12: after unbind no page is mapped, unmapped or synced for the device."""
    return implies(before.bind[dev] == Bind.UNBOUND, before.dma[page, dev] == after.dma[page, dev])


def a_sync_makes_no_mapping(before: Ownership, after: Ownership, page: Page, dev: Device) -> bool:
    """S15: a mapping is created only when a page is allocated into a pool or another device begins to send it."""
    if before.dma[page, dev] != Dma.UNMAPPED or after.dma[page, dev] == Dma.UNMAPPED:
        return True
    return before.place[page] == Place.FREE or after.tx_dev[page] == dev


def syncs_happen_only_in_live_pools_or_on_recycle(before: Ownership, after: Ownership, page: Page, dev: Device) -> bool:
    """S15: a mapping changes its owner only in a live pool, or on recycle, which checks that the scrub kept it."""
    was, now, home = before.dma[page, dev], after.dma[page, dev], before.home[page]
    if was == now or was == Dma.UNMAPPED or now == Dma.UNMAPPED:
        return True
    if home == NOBODY:
        return False
    return before.life[home] == Life.LIVE or (before.place[page] != Place.POOL and after.place[page] == Place.POOL)


def a_cpu_write_stays_dirty_until_a_sync_or_unmap(before: Ownership, after: Ownership, page: Page) -> bool:
    """S14: `dirty` is cleared only when a device owns the page again, or when the page has no mapping."""
    if not before.dirty[page] or after.dirty[page]:
        return True
    is_synced = some(after.devices, lambda d: after.dma[page, d] == Dma.DEVICE)
    return is_synced or each(after.devices, lambda d: after.dma[page, d] == Dma.UNMAPPED)


def the_cpu_writes_only_unshared_pages(before: Ownership, after: Ownership, page: Page) -> bool:
    """S23: when the CPU writes, its reference is the only one of any kind, and no device sends the page."""
    if before.dirty[page] or not after.dirty[page]:
        return True
    alone = before.refs[page] == 1 and not before.foreign[page] and before.tx_dev[page] == NOBODY
    return before.place[page] == Place.STACK and alone


def references_are_taken_only_by_holders(before: Ownership, after: Ownership, page: Page) -> bool:
    """S19: a reference is taken from an existing one, or is the driver's first one on a page from its RX ring."""
    gained = after.refs[page] > before.refs[page] or (after.foreign[page] and not before.foreign[page])
    return implies(gained, before.refs[page] > 0 or before.place[page] == Place.RX_RING)


def a_sender_hands_its_reference_to_tx(before: Ownership, after: Ownership, page: Page) -> bool:
    """S19, S24: the reference owned by TX was the sender's; if both counted it, it would never be put."""
    if before.tx_dev[page] != NOBODY or after.tx_dev[page] == NOBODY:
        return True
    return after.refs[page] == before.refs[page] - 1


def the_life_of_a_pool_only_advances(before: Ownership, after: Ownership, pool: Pool) -> bool:
    """S7: a pool is created, destroyed, detached and freed, in this order, once; it keeps its device."""
    was, now = before.life[pool], after.life[pool]
    if was == Life.ABSENT:
        return now in (Life.ABSENT, Life.LIVE)
    if was == Life.LIVE:
        return now in (Life.LIVE, Life.SCRUBBING)
    if was == Life.SCRUBBING:
        return now in (Life.SCRUBBING, Life.DETACHED, Life.FREED)
    return now == Life.FREED or (was == Life.DETACHED and now == Life.DETACHED)


# For each place, where a page may go from it.


def a_page_is_allocated_only_into_a_live_pool(before: Ownership, after: Ownership, page: Page) -> bool:
    """S31: a page from the allocator goes into a live pool and is counted in by that step."""
    if before.place[page] != Place.FREE or after.place[page] == Place.FREE:
        return True
    return after.place[page] == Place.POOL and after.home[page] != NOBODY and after.life[after.home[page]] == Life.LIVE


def an_idle_page_leaves_to_its_rx_ring_or_the_allocator(before: Ownership, after: Ownership, page: Page) -> bool:
    """S1, S2: an idle page is posted to the RX ring of its live pool, or freed."""
    if before.place[page] != Place.POOL or after.place[page] in (Place.POOL, Place.FREE):
        return True
    if after.home[page] == NOBODY:
        return False
    return after.place[page] == Place.RX_RING and after.life[after.home[page]] == Life.LIVE


def a_posted_page_leaves_to_its_driver(before: Ownership, after: Ownership, page: Page) -> bool:
    """S11, S24: a page from an RX ring goes to the driver that posted it, with one reference."""
    if before.place[page] != Place.RX_RING or after.place[page] == Place.RX_RING:
        return True
    return after.place[page] == Place.STACK and after.refs[page] == 1 and after.home[page] == before.home[page]


def only_the_last_reference_recycles_or_frees_a_page(before: Ownership, after: Ownership, page: Page) -> bool:
    """S18, S20: a page held by the CPU goes anywhere but to TX only when its last reference is put."""
    if before.place[page] != Place.STACK or after.place[page] in (Place.STACK, Place.TX):
        return True
    return count_of_references(before, page) == 1


def tx_completion_recycles_only_the_last_reference(before: Ownership, after: Ownership, page: Page) -> bool:
    """S24: a page from TX goes back to the stack if that has a reference; else it is recycled or freed."""
    if before.place[page] != Place.TX or after.place[page] == Place.TX:
        return True
    if after.place[page] == Place.STACK:
        return before.refs[page] > 0 or before.foreign[page]
    return before.refs[page] == 0 and after.place[page] in (Place.POOL, Place.FREE)


def only_the_last_pool_reference_takes_a_page_out_of_its_pool(before: Ownership, after: Ownership, page: Page) -> bool:
    """S5, S6: a home is cleared while the page is idle, or by the holder of its last pp reference."""
    if before.home[page] == NOBODY or after.home[page] != NOBODY:
        return True
    idle = before.place[page] == Place.POOL
    last = before.place[page] == Place.STACK and before.refs[page] == 1
    return idle or last or (before.place[page] == Place.TX and before.refs[page] == 0)


def count_of_references(s: Ownership, page: Page) -> int:
    """References of the stack and the foreign one together."""
    return s.refs[page] + (1 if s.foreign[page] else 0)
