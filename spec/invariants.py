# SPDX-License-Identifier: MIT
"""The invariants of page ownership in every state: each holds for all its arguments.

The names are sentences. S numbers: the safety properties of docs/kernel-reference.md. Those of steps, from a state to
the next one, are in step_invariants.py.
"""

from spec.dsl import NOBODY, each, iff, implies
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
    is_in_use,
    is_sent,
    is_visible,
)

# Who has a buffer.


def a_buffer_at_rest_or_posted_has_no_reference_and_no_sender(s: Ownership, page: Page, frag: Frag) -> bool:
    """S1, S3, S32: at rest or in an RX ring a buffer has no reference, and no device sends it."""
    idle = s.place[page, frag] in (Place.REST, Place.RX_RING)
    return implies(idle, s.refs[page, frag] == 0 and not is_sent(s, page, frag))


def a_buffer_in_its_drivers_hand_has_one_reference_and_no_sender(s: Ownership, page: Page, frag: Frag) -> bool:
    """S24: what the driver holds, it holds alone."""
    return implies(s.place[page, frag] == Place.DRIVER, s.refs[page, frag] == 1 and not is_sent(s, page, frag))


def a_buffer_of_the_stack_has_a_reference(s: Ownership, page: Page, frag: Frag) -> bool:
    """S24: a buffer that was handed up and not put is referenced; otherwise it has leaked."""
    return implies(s.place[page, frag] == Place.STACK, s.refs[page, frag] > 0)


def a_buffer_in_tx_is_held_by_devices_only(s: Ownership, page: Page, frag: Frag) -> bool:
    """S1: in TX a buffer has no reference of the stack, and some device sends it."""
    return implies(s.place[page, frag] == Place.TX, s.refs[page, frag] == 0 and is_sent(s, page, frag))


def a_page_with_a_buffer_in_use_is_out(s: Ownership, page: Page, frag: Frag) -> bool:
    """S1: free, idle or on its way back, a page has all its buffers at rest and no bias."""
    return implies(s.where[page] != Where.OUT, s.place[page, frag] == Place.REST and not s.cut[page])


def a_page_that_is_out_is_held(s: Ownership, page: Page) -> bool:
    """S24: a page out of its pool has a buffer in use, its bias held or a plain reference; otherwise it has leaked."""
    return implies(s.where[page] == Where.OUT, s.cut[page] or s.foreign[page] or not all_at_rest(s, page))


def a_page_that_its_pool_counts_is_idle_on_its_way_back_or_in_use(s: Ownership, page: Page) -> bool:
    """S5, S18: a page with a home is in its pool, on its way back, or out with a buffer in use or its bias held."""
    kept = s.where[page] == Where.OUT and (s.cut[page] or not all_at_rest(s, page))
    return implies(s.home[page] != NOBODY, s.where[page] in (Where.POOL, Where.BACK) or kept)


# Homes and pools.


def a_page_has_a_home_exactly_while_a_pool_counts_it(s: Ownership, page: Page) -> bool:
    """S5: in the allocator a page belongs to no pool; idle in a pool or on its way back it belongs to one."""
    if s.where[page] == Where.FREE:
        return s.home[page] == NOBODY
    return s.where[page] == Where.OUT or s.home[page] != NOBODY


def an_idle_or_free_page_has_no_plain_reference(s: Ownership, page: Page) -> bool:
    """S3, S8: in its pool or in the allocator nobody has a plain reference to a page."""
    return implies(s.where[page] in (Where.FREE, Where.POOL), not s.foreign[page])


def posted_buffers_and_held_biases_belong_to_a_pool_in_use(s: Ownership, page: Page, frag: Frag) -> bool:
    """S7, S11: a posted buffer and a page whose bias is held belong to a pool whose driver has not destroyed it."""
    if s.place[page, frag] != Place.RX_RING and not s.cut[page]:
        return True
    return s.home[page] != NOBODY and is_in_use(s, s.home[page])


def a_freed_pool_is_home_to_no_page(s: Ownership, page: Page) -> bool:
    """S7: no page has a home that is freed, or not created yet."""
    return s.home[page] == NOBODY or s.life[s.home[page]] not in (Life.ABSENT, Life.FREED)


def a_pool_at_work_has_a_bound_device(s: Ownership, pool: Pool) -> bool:
    """S12: while a pool may map, unmap or sync, its device is bound to its driver."""
    at_work = s.life[pool] in (Life.LIVE, Life.STOPPED, Life.SCRUBBING)
    return implies(at_work, s.bind[s.device_of[pool]] == Bind.BOUND)


def an_unbound_driver_holds_no_buffer(s: Ownership, page: Page, frag: Frag) -> bool:
    """S12, S24: what is posted or in a driver's hand has a bound driver."""
    if s.place[page, frag] not in (Place.RX_RING, Place.DRIVER):
        return True
    return s.home[page] != NOBODY and s.bind[s.device_of[s.home[page]]] == Bind.BOUND


# Mappings.


def a_page_is_mapped_for_its_home_only(s: Ownership, page: Page) -> bool:
    """S10: the home mapping belongs to the pool that counts the page, which will unmap it, and which maps."""
    return implies(s.mapped[page], s.home[page] != NOBODY and s.maps[s.home[page]])


def a_page_of_a_pool_that_maps_stays_mapped(s: Ownership, page: Page) -> bool:
    """D3: until its pool is destroyed a page stays mapped for the pool's device, in every place."""
    if s.home[page] == NOBODY or not is_in_use(s, s.home[page]):
        return True
    return iff(s.mapped[page], s.maps[s.home[page]])


def devices_write_only_buffers_mapped_for_them(s: Ownership, page: Page, frag: Frag) -> bool:
    """S9: a posted buffer is mapped for its device, by the pool or by the driver, not by both."""
    posted = s.place[page, frag] == Place.RX_RING
    return implies(posted, s.mapped[page] or s.rx_map[page, frag]) and not (s.mapped[page] and s.rx_map[page, frag])


def a_drivers_own_mapping_ends_with_the_descriptor(s: Ownership, page: Page, frag: Frag) -> bool:
    """S10: a mapping that a driver made to post a buffer stands exactly while the buffer is posted."""
    return implies(s.rx_map[page, frag], s.place[page, frag] == Place.RX_RING)


def xdp_tx_uses_a_mapping_for_both_directions(s: Ownership, page: Page, frag: Frag, dev: Device) -> bool:
    """S9: through a home mapping a buffer is sent by that pool's own device, mapped for both directions."""
    if s.sent[page, frag, dev] != Sent.HOME:
        return True
    home = s.home[page]
    if home == NOBODY:
        return False
    return is_in_use(s, home) and s.device_of[home] == dev and s.mapped[page] and s.both_ways[home]


def no_mapping_outlives_the_driver(s: Ownership, page: Page, frag: Frag, dev: Device) -> bool:
    """S12: no buffer is mapped for an unbound device, except by the home mapping of an untracked pool (B03)."""
    if s.bind[dev] == Bind.BOUND:
        return True
    home = s.home[page]
    at_home = home != NOBODY and s.device_of[home] == dev and s.tracks[home]
    return s.sent[page, frag, dev] == Sent.NOT and implies(at_home, not s.mapped[page] and not s.rx_map[page, frag])


def a_detached_pool_has_no_mapping_left(s: Ownership, page: Page) -> bool:
    """S12: after destroy has returned no page is mapped for a pool that tracks its mappings."""
    if s.home[page] == NOBODY:
        return True
    detached = s.life[s.home[page]] == Life.DETACHED and s.tracks[s.home[page]]
    return implies(detached, not s.mapped[page])


def while_puts_sync_every_page_of_the_pool_is_mapped(s: Ownership, page: Page) -> bool:
    """S15: destroy unmaps pages only after puts to the pool have ceased to sync them."""
    if s.home[page] == NOBODY:
        return True
    return implies(s.dma_sync[s.home[page]], s.mapped[page])


# Bytes.


def devices_access_only_buffers_synced_for_them(s: Ownership, page: Page, frag: Frag) -> bool:
    """S14: a buffer that its home's device may write, or reads by XDP_TX, was synced for it after the CPU saw it."""
    by_home = s.place[page, frag] == Place.RX_RING or not each(s.devices, lambda d: s.sent[page, frag, d] != Sent.HOME)
    return implies(by_home, s.bytes[page, frag] == Bytes.DEVICE)


def what_is_handed_up_or_sent_was_synced_for_the_cpu(s: Ownership, page: Page, frag: Frag, dev: Device) -> bool:
    """S13: the stack, and a device with a mapping of its own, see what the home's device wrote."""
    shown = s.place[page, frag] == Place.STACK or s.sent[page, frag, dev] == Sent.OWN
    return implies(shown, is_visible(s, page, frag))


def stale_bytes_are_in_their_drivers_hand(s: Ownership, page: Page, frag: Frag) -> bool:
    """S13: what the device wrote and nobody synced is nowhere but in the hand of the driver, who knows it."""
    return implies(s.bytes[page, frag] == Bytes.STALE, s.place[page, frag] == Place.DRIVER)


def an_idle_page_of_a_pool_that_syncs_is_synced(s: Ownership, page: Page, frag: Frag) -> bool:
    """S3, S14: a page taken from the pool can be posted without a sync."""
    if s.where[page] != Where.POOL or s.home[page] == NOBODY:
        return True
    return implies(s.dma_sync[s.home[page]], s.bytes[page, frag] == Bytes.DEVICE)


def the_done_bit_is_of_a_posted_buffer(s: Ownership, page: Page, frag: Frag) -> bool:
    """S11: the driver has taken no buffer whose descriptor still says that it is done."""
    return implies(s.filled[page, frag], s.place[page, frag] == Place.RX_RING)
