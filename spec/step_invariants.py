# SPDX-License-Identifier: MIT
"""The invariants of page ownership at every step, from the state before to the state after."""

from spec.dsl import NOBODY, implies
from spec.page import (
    Bind,
    Bytes,
    Device,
    Frag,
    Life,
    Ownership,
    Page,
    Place,
    Pool,
    Sent,
    Where,
    all_at_rest,
    in_flight,
    in_tx,
    is_sent,
    is_visible,
    posted,
)
from spec.page_actions import is_with_its_driver

# Pages and pools.


def a_page_goes_home_to_its_own_pool(before: Ownership, after: Ownership, page: Page) -> bool:
    """S4: a page gets a home when it is allocated into a pool; later the home can be cleared, never replaced."""
    if before.home[page] == after.home[page] or after.home[page] == NOBODY:
        return True
    return before.home[page] == NOBODY and before.where[page] == Where.FREE and after.where[page] == Where.POOL


def inflight_is_hold_minus_release(before: Ownership, after: Ownership, pool: Pool) -> bool:
    """S6: each step changes hold - release by exactly the change in the number of pages whose home is this pool."""
    counted = (after.hold[pool] - before.hold[pool]) - (after.returned[pool] - before.returned[pool])
    return in_flight(after, pool) == in_flight(before, pool) + counted


def the_life_of_a_pool_only_advances(before: Ownership, after: Ownership, pool: Pool) -> bool:
    """S7: a pool is created, stopped, destroyed, detached and freed, in this order; a stopped one may start again."""
    was, now = before.life[pool], after.life[pool]
    if was == Life.ABSENT:
        return now in (Life.ABSENT, Life.LIVE)
    if was == Life.LIVE:
        return now in (Life.LIVE, Life.STOPPED)
    if was == Life.STOPPED:
        return now in (Life.STOPPED, Life.LIVE, Life.SCRUBBING)
    if was == Life.SCRUBBING:
        return now in (Life.SCRUBBING, Life.DETACHED, Life.FREED)
    return now == Life.FREED or (was == Life.DETACHED and now == Life.DETACHED)


def a_page_is_allocated_only_into_a_live_pool(before: Ownership, after: Ownership, page: Page) -> bool:
    """S31: a page from the allocator goes into a live pool and is counted in by that step."""
    if before.where[page] != Where.FREE or after.where[page] == Where.FREE:
        return True
    return after.where[page] == Where.POOL and after.home[page] != NOBODY and after.life[after.home[page]] == Life.LIVE


def an_idle_page_leaves_to_a_user_of_its_live_pool_or_the_allocator(
    before: Ownership, after: Ownership, page: Page
) -> bool:
    """S1, S2: from its pool a page goes to its driver or RX ring while the pool is live, or is freed."""
    if before.where[page] != Where.POOL or after.where[page] in (Where.POOL, Where.FREE):
        return True
    return (
        after.where[page] == Where.OUT and before.home[page] != NOBODY and before.life[before.home[page]] == Life.LIVE
    )


def a_page_that_came_back_is_recycled_or_leaves_its_pool(before: Ownership, after: Ownership, page: Page) -> bool:
    """S20, S31: after its last put nobody gets a page who does not take it from its pool or the allocator."""
    if before.where[page] != Where.BACK or after.where[page] in (Where.BACK, Where.POOL):
        return True
    return after.home[page] == NOBODY and all_at_rest(after, page)


def the_bias_is_held_from_the_pool_and_put_alone(before: Ownership, after: Ownership, page: Page, frag: Frag) -> bool:
    """S21: the bias is taken on an idle page; the step that puts it puts no other reference."""
    if before.cut[page] == after.cut[page]:
        return True
    if after.cut[page]:
        return before.where[page] == Where.POOL
    return before.refs[page, frag] == after.refs[page, frag] and before.place[page, frag] == after.place[page, frag]


def a_page_comes_back_before_it_is_recycled(before: Ownership, after: Ownership, page: Page) -> bool:
    """S1, S20: a page becomes idle when it is allocated, or after its last reference was put, and only then."""
    if before.where[page] == Where.POOL or after.where[page] != Where.POOL:
        return True
    return before.where[page] == Where.FREE or (before.where[page] == Where.BACK and not before.foreign[page])


def a_page_is_freed_by_its_last_holder(before: Ownership, after: Ownership, page: Page) -> bool:
    """S8, S20: a page is freed out of its pool, after its last put, or without a home by its last holder."""
    if before.where[page] == Where.FREE or after.where[page] != Where.FREE:
        return True
    return before.where[page] in (Where.POOL, Where.BACK) or before.home[page] == NOBODY


def only_its_pool_or_its_last_user_takes_a_page_out_of_its_pool(
    before: Ownership, after: Ownership, page: Page
) -> bool:
    """S5, S6: a home is cleared while the page is idle or on its way back, or when its driver has dropped it."""
    if before.home[page] == NOBODY or after.home[page] != NOBODY:
        return True
    return before.where[page] in (Where.POOL, Where.BACK) or not is_with_its_driver(before, page)


# Mappings.


def every_home_map_has_exactly_one_unmap(before: Ownership, after: Ownership, page: Page) -> bool:
    """S10, S15: dma_map and dma_unmap for a page's home alternate; a sync creates no mapping."""
    maps = after.home_maps[page] - before.home_maps[page]
    unmaps = after.home_unmaps[page] - before.home_unmaps[page]
    if before.mapped[page] == after.mapped[page]:
        return maps == 0 and unmaps == 0
    if after.mapped[page]:
        return maps == 1 and unmaps == 0
    return maps == 0 and unmaps == 1


def every_map_to_receive_has_exactly_one_unmap(before: Ownership, after: Ownership, page: Page, frag: Frag) -> bool:
    """S10: dma_map and dma_unmap by a driver whose pool maps nothing alternate."""
    maps = after.rx_maps[page, frag] - before.rx_maps[page, frag]
    unmaps = after.rx_unmaps[page, frag] - before.rx_unmaps[page, frag]
    if before.rx_map[page, frag] == after.rx_map[page, frag]:
        return maps == 0 and unmaps == 0
    if after.rx_map[page, frag]:
        return maps == 1 and unmaps == 0
    return maps == 0 and unmaps == 1


def every_map_to_send_has_exactly_one_unmap(
    before: Ownership, after: Ownership, page: Page, frag: Frag, dev: Device
) -> bool:
    """S10: dma_map and dma_unmap by a sender alternate; XDP_TX does neither (B41)."""
    maps = after.tx_maps[page, frag, dev] - before.tx_maps[page, frag, dev]
    unmaps = after.tx_unmaps[page, frag, dev] - before.tx_unmaps[page, frag, dev]
    was, now = before.sent[page, frag, dev] == Sent.OWN, after.sent[page, frag, dev] == Sent.OWN
    if was == now:
        return maps == 0 and unmaps == 0
    if now:
        return maps == 1 and unmaps == 0
    return maps == 0 and unmaps == 1


def a_page_with_a_live_descriptor_is_not_unmapped(
    before: Ownership, after: Ownership, page: Page, frag: Frag, dev: Device
) -> bool:
    """S11: a buffer that is posted, or sent through the home mapping, keeps that mapping in every step."""
    posted_at_home = before.place[page, frag] == Place.RX_RING and not before.rx_map[page, frag]
    return implies(posted_at_home or before.sent[page, frag, dev] == Sent.HOME, after.mapped[page])


def the_dma_api_is_not_called_for_an_unbound_device(
    before: Ownership, after: Ownership, page: Page, frag: Frag, dev: Device
) -> bool:
    """S12: after unbind nothing is mapped, unmapped or synced for the device, but by an untracked pool (B03)."""
    if before.bind[dev] == Bind.BOUND:
        return True
    home = before.home[page]
    at_home = home != NOBODY and before.device_of[home] == dev and before.tracks[home]
    same = before.mapped[page] == after.mapped[page] and before.rx_map[page, frag] == after.rx_map[page, frag]
    return before.sent[page, frag, dev] == after.sent[page, frag, dev] and implies(at_home, same)


# For each place, how a buffer may leave it.


def an_unused_buffer_goes_to_its_ring_or_its_driver(
    before: Ownership, after: Ownership, page: Page, frag: Frag
) -> bool:
    """S1, S2: a buffer at rest goes to its live pool's RX ring or driver; without a home, to who refers to its page."""
    if before.place[page, frag] != Place.REST or after.place[page, frag] == Place.REST:
        return True
    if before.home[page] == NOBODY:
        return before.foreign[page] and after.place[page, frag] == Place.STACK
    to_driver = after.place[page, frag] in (Place.RX_RING, Place.DRIVER)
    return to_driver and before.life[before.home[page]] == Life.LIVE


def a_posted_buffer_goes_to_its_driver(before: Ownership, after: Ownership, page: Page, frag: Frag) -> bool:
    """S24: a buffer from an RX ring goes to the driver that posted it, with one reference."""
    if before.place[page, frag] != Place.RX_RING or after.place[page, frag] == Place.RX_RING:
        return True
    return after.place[page, frag] == Place.DRIVER and after.refs[page, frag] == 1


def a_buffer_leaves_its_ring_when_the_device_is_done(
    before: Ownership, after: Ownership, page: Page, frag: Frag
) -> bool:
    """S11: the driver takes a posted buffer when its descriptor is done or its queue is stopped (B45)."""
    if before.place[page, frag] != Place.RX_RING or after.place[page, frag] == Place.RX_RING:
        return True
    if before.filled[page, frag]:
        return True
    return before.home[page] != NOBODY and before.life[before.home[page]] == Life.STOPPED


def a_driver_hands_on_only_what_was_synced(before: Ownership, after: Ownership, page: Page, frag: Frag) -> bool:
    """S13, S14: a driver hands up or sends what it synced for the CPU, and posts what it synced back for the device."""
    if before.place[page, frag] != Place.DRIVER:
        return True
    if after.place[page, frag] == Place.RX_RING:
        return after.bytes[page, frag] == Bytes.DEVICE
    return implies(after.place[page, frag] in (Place.STACK, Place.TX), is_visible(before, page, frag))


def what_was_handed_up_is_not_taken_back(before: Ownership, after: Ownership, page: Page, frag: Frag) -> bool:
    """S24: from the stack a buffer goes to rest, or to devices that send it: its driver never takes it (B46)."""
    if before.place[page, frag] != Place.STACK:
        return True
    return after.place[page, frag] in (Place.STACK, Place.REST, Place.TX)


def a_sent_buffer_is_put_by_its_last_sender(before: Ownership, after: Ownership, page: Page, frag: Frag) -> bool:
    """S24: a buffer that only devices hold comes to rest when the last of them has completed."""
    if before.place[page, frag] != Place.TX or after.place[page, frag] == Place.TX:
        return True
    return after.place[page, frag] == Place.REST


def a_buffer_is_put_by_its_last_reference(before: Ownership, after: Ownership, page: Page, frag: Frag) -> bool:
    """S18, S20: a buffer comes to rest with its only reference, that of a holder or that of TX."""
    if before.place[page, frag] == Place.REST or after.place[page, frag] != Place.REST:
        return True
    one_of_tx = before.refs[page, frag] == 0 and is_sent(before, page, frag)
    return one_of_tx or (before.refs[page, frag] == 1 and not is_sent(before, page, frag))


def no_device_writes_a_lent_buffer(before: Ownership, after: Ownership, page: Page, frag: Frag) -> bool:
    """S32: of a page with a plain reference no buffer that the CPU saw is handed out again."""
    handed_out = before.place[page, frag] == Place.REST and after.place[page, frag] in (Place.RX_RING, Place.DRIVER)
    return implies(handed_out and before.foreign[page], before.bytes[page, frag] == Bytes.DEVICE)


# References.


def all_other_references_stay(before: Ownership, after: Ownership, page: Page, frag: Frag) -> bool:
    """S18, S19, S24: a step gives, takes or hands on one reference of one kind."""
    same = after.refs[page, frag] == before.refs[page, frag]
    if before.foreign[page] == after.foreign[page]:
        one_more = after.refs[page, frag] == before.refs[page, frag] + 1
        return same or one_more or after.refs[page, frag] == before.refs[page, frag] - 1
    adopted = before.place[page, frag] == Place.REST and after.place[page, frag] == Place.STACK
    return same or (before.foreign[page] and adopted)


def references_are_taken_only_by_holders(before: Ownership, after: Ownership, page: Page, frag: Frag) -> bool:
    """S19: a reference is taken from an existing one, or is the driver's first one on what its pool or ring gave it."""
    if after.refs[page, frag] <= before.refs[page, frag]:
        return True
    unused = before.where[page] == Where.POOL or before.cut[page]
    first = before.place[page, frag] == Place.RX_RING or (before.place[page, frag] == Place.REST and unused)
    return before.refs[page, frag] > 0 or first or before.foreign[page]


def a_plain_reference_is_taken_through_a_holder(before: Ownership, after: Ownership, page: Page) -> bool:
    """S19: get_page() is called by who has a buffer of the page."""
    taken = after.foreign[page] and not before.foreign[page]
    return implies(taken, not all_at_rest(before, page))


def a_sender_hands_its_reference_to_tx(
    before: Ownership, after: Ownership, page: Page, frag: Frag, dev: Device
) -> bool:
    """S19, S24: the reference of TX was the sender's, and is put by the completion; the others stay."""
    was, now = before.sent[page, frag, dev] != Sent.NOT, after.sent[page, frag, dev] != Sent.NOT
    if was == now:
        return True
    if now:
        return after.refs[page, frag] == before.refs[page, frag] - 1
    return after.refs[page, frag] == before.refs[page, frag]


# Bytes.


def the_cpu_sees_bytes_by_a_sync_of_what_is_mapped(before: Ownership, after: Ownership, page: Page, frag: Frag) -> bool:
    """S13: by its driver's sync or by its driver's own unmap; an unmap of the pool's mapping shows nothing."""
    if is_visible(before, page, frag) or not is_visible(after, page, frag):
        return True
    synced = before.place[page, frag] == Place.DRIVER and before.mapped[page] and after.mapped[page]
    unmapped = before.rx_map[page, frag] and not after.rx_map[page, frag]
    never_mapped = before.place[page, frag] == Place.REST and not before.mapped[page]
    return synced or unmapped or never_mapped


def a_device_sees_bytes_by_a_sync_of_what_is_mapped(
    before: Ownership, after: Ownership, page: Page, frag: Frag
) -> bool:
    """S14, S15: by a sync of its driver or of the last put, or by its driver's own map; a free page is forgotten."""
    if not is_visible(before, page, frag) or is_visible(after, page, frag):
        return True
    synced = before.place[page, frag] == Place.DRIVER or before.where[page] == Where.BACK
    mapped = after.rx_map[page, frag] and not before.rx_map[page, frag]
    return mapped or after.where[page] == Where.FREE or (synced and before.mapped[page] and after.mapped[page])


def the_cpu_writes_only_unshared_buffers(before: Ownership, after: Ownership, page: Page, frag: Frag) -> bool:
    """S23: when the CPU writes, its reference is the only one of any kind, and no device sends the buffer."""
    if before.bytes[page, frag] == Bytes.DIRTY or after.bytes[page, frag] != Bytes.DIRTY:
        return True
    alone = before.refs[page, frag] == 1 and not before.foreign[page] and not is_sent(before, page, frag)
    return alone and before.bytes[page, frag] == Bytes.CPU


# Bounds.


def a_buffer_is_posted_only_to_a_free_descriptor(
    before: Ownership, after: Ownership, page: Page, frag: Frag, pool: Pool
) -> bool:
    """S28: no more buffers are posted than the RX ring has descriptors."""
    begun = before.place[page, frag] != Place.RX_RING and after.place[page, frag] == Place.RX_RING
    return implies(begun and before.home[page] == pool, posted(before, pool) < before.ring_size)


def a_buffer_is_sent_only_by_a_free_descriptor(
    before: Ownership, after: Ownership, page: Page, frag: Frag, dev: Device
) -> bool:
    """S28: no more buffers are sent than the TX ring has descriptors."""
    begun = before.sent[page, frag, dev] == Sent.NOT and after.sent[page, frag, dev] != Sent.NOT
    return implies(begun, in_tx(before, dev) < before.tx_limit)
