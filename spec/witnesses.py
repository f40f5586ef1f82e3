# SPDX-License-Identifier: MIT
"""Reachability checks. Without them a spec that allows nothing would satisfy every invariant vacuously."""

from spec.dsl import NOBODY, count, each, some
from spec.page import (
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
    in_tx,
    is_in_use,
    is_sent,
    is_visible,
    posted,
)

# The everyday round.


def a_page_is_sent_by_another_device(s: Ownership, page: Page, frag: Frag, dev: Device) -> bool:
    """A page received by one device is sent by another (deck: "DMA trick")."""
    home = s.home[page]
    return home != NOBODY and s.device_of[home] != dev and s.sent[page, frag, dev] == Sent.OWN


def it_is_recycled(before: Ownership, after: Ownership, page: Page, frag: Frag, dev: Device) -> bool:
    """The page is recycled into its own live pool, whose device is not the one that sent it."""
    if before.where[page] != Where.BACK or after.where[page] != Where.POOL or after.home[page] == NOBODY:
        return False
    return after.life[after.home[page]] == Life.LIVE and after.device_of[after.home[page]] != dev


def a_page_is_sent_on_the_device_it_came_from_through_a_second_mapping(
    s: Ownership, page: Page, frag: Frag, dev: Device
) -> bool:
    """The page is mapped for its home and once more, by the same device, for sending (routed back out, hairpin)."""
    if s.home[page] == NOBODY:
        return False
    return s.device_of[s.home[page]] == dev and s.mapped[page] and s.sent[page, frag, dev] == Sent.OWN


def a_buffer_is_sent_through_the_home_mapping(s: Ownership, page: Page, frag: Frag, dev: Device) -> bool:
    """XDP_TX: no second map."""
    return s.sent[page, frag, dev] == Sent.HOME


def a_clone_is_held_by_the_stack_while_a_device_sends_it(s: Ownership, page: Page, frag: Frag) -> bool:
    """A forwarded packet is also captured: the stack has a reference while a device reads the buffer."""
    return s.place[page, frag] == Place.STACK and is_sent(s, page, frag) and s.home[page] != NOBODY


def two_devices_send_a_clone_each(s: Ownership, page: Page, frag: Frag) -> bool:
    """A bridge floods a packet out of two devices, and nobody else holds it."""
    return s.place[page, frag] == Place.TX and count(s.devices, lambda d: s.sent[page, frag, d] == Sent.OWN) >= 2


def the_cpu_has_written_a_buffer_that_is_sent(s: Ownership, page: Page, frag: Frag, dev: Device) -> bool:
    """The stack edited a header and sends the buffer."""
    return s.bytes[page, frag] == Bytes.DIRTY and s.sent[page, frag, dev] == Sent.OWN


def a_buffer_has_three_references(s: Ownership, page: Page, frag: Frag) -> bool:
    """Two clones of a packet and the packet."""
    return s.refs[page, frag] == 3


def one_reference_of_two_is_put(before: Ownership, after: Ownership, page: Page, frag: Frag) -> bool:
    """Of two references of the stack one is put, and the stack keeps the buffer."""
    return before.refs[page, frag] == 2 and after.refs[page, frag] == 1 and not is_sent(after, page, frag)


def a_buffer_is_taken_without_a_ring(before: Ownership, after: Ownership, page: Page, frag: Frag) -> bool:
    """A page of a live pool is used as an skb head, or for a copy."""
    return before.place[page, frag] == Place.REST and after.place[page, frag] == Place.DRIVER


def a_buffer_is_reposted(before: Ownership, after: Ownership, page: Page, frag: Frag) -> bool:
    """The driver posts what it has in hand again."""
    return before.place[page, frag] == Place.DRIVER and after.place[page, frag] == Place.RX_RING


def a_driver_sends_what_it_has_in_hand_on_another_device(
    before: Ownership, after: Ownership, page: Page, frag: Frag, dev: Device
) -> bool:
    """XDP_REDIRECT: the buffer goes from the driver to the other device's TX."""
    taken = before.place[page, frag] == Place.DRIVER and after.place[page, frag] == Place.TX
    return taken and after.sent[page, frag, dev] == Sent.OWN


def a_driver_takes_a_buffer_that_its_device_has_filled(
    before: Ownership, after: Ownership, page: Page, frag: Frag, pool: Pool
) -> bool:
    """A packet is received while the queue runs."""
    taken = before.place[page, frag] == Place.RX_RING and after.place[page, frag] == Place.DRIVER
    return taken and before.home[page] == pool and before.life[pool] == Life.LIVE


def a_driver_takes_its_buffers_back_from_a_stopped_queue(
    before: Ownership, after: Ownership, page: Page, frag: Frag
) -> bool:
    """The RX ring is emptied: a buffer that the device has not filled."""
    taken = before.place[page, frag] == Place.RX_RING and after.place[page, frag] == Place.DRIVER
    return taken and not before.filled[page, frag]


def a_driver_syncs_what_it_has_in_hand_for_its_device(
    before: Ownership, after: Ownership, page: Page, frag: Frag
) -> bool:
    """The driver gives the bytes back to the device, and keeps the buffer."""
    kept = before.place[page, frag] == Place.DRIVER and after.place[page, frag] == Place.DRIVER
    return kept and is_visible(before, page, frag) and after.bytes[page, frag] == Bytes.DEVICE


def the_last_put_syncs_the_page(before: Ownership, after: Ownership, page: Page, frag: Frag) -> bool:
    """On the way home the bytes go back to the device."""
    back = before.where[page] == Where.BACK and after.where[page] == Where.BACK
    return back and is_visible(before, page, frag) and after.bytes[page, frag] == Bytes.DEVICE


# Kinds of pools.


def a_pool_maps_for_receiving_only_and_syncs(s: Ownership, pool: Pool) -> bool:
    """A live pool with DMA_FROM_DEVICE."""
    return s.life[pool] == Life.LIVE and s.syncs[pool] and s.tracks[pool] and not s.both_ways[pool]


def a_pool_maps_and_does_not_sync(s: Ownership, pool: Pool) -> bool:
    """A live pool without PP_FLAG_DMA_SYNC_DEV."""
    maps = s.maps[pool] and s.both_ways[pool] and s.tracks[pool]
    return s.life[pool] == Life.LIVE and maps and not s.syncs[pool]


def a_pool_maps_nothing(s: Ownership, pool: Pool) -> bool:
    """A live pool without PP_FLAG_DMA_MAP."""
    return s.life[pool] == Life.LIVE and s.tracks[pool] and not s.maps[pool]


def a_pool_does_not_know_its_mappings(s: Ownership, pool: Pool) -> bool:
    """A live pool of 6.1."""
    return s.life[pool] == Life.LIVE and s.syncs[pool] and s.both_ways[pool] and not s.tracks[pool]


def a_drivers_own_unmap_shows_the_bytes(before: Ownership, after: Ownership, page: Page, frag: Frag) -> bool:
    """A packet is received into a page that its driver mapped, and can be handed up."""
    return before.rx_map[page, frag] and not after.rx_map[page, frag] and is_visible(after, page, frag)


def a_driver_maps_again_what_it_posts_again(before: Ownership, after: Ownership, page: Page, frag: Frag) -> bool:
    """A buffer that the CPU saw is posted without a sync: the driver maps it."""
    return is_visible(before, page, frag) and after.rx_map[page, frag]


def what_no_device_is_mapped_for_is_the_cpus(before: Ownership, after: Ownership, page: Page, frag: Frag) -> bool:
    """A page is taken from a pool that maps nothing, to be written."""
    taken = before.place[page, frag] == Place.REST and after.place[page, frag] == Place.DRIVER
    return taken and before.bytes[page, frag] == Bytes.DEVICE and is_visible(after, page, frag)


# Leaving a pool.


def a_page_leaves_by_release(before: Ownership, after: Ownership, page: Page) -> bool:
    """After its last put a page is freed instead of recycled."""
    return before.where[page] == Where.BACK and after.where[page] == Where.FREE


def a_page_enters_a_pool(before: Ownership, after: Ownership, page: Page) -> bool:
    """A page is allocated into a pool."""
    return before.where[page] == Where.FREE and after.where[page] == Where.POOL


def a_page_leaves_its_pool_while_others_hold_it(before: Ownership, after: Ownership, page: Page) -> bool:
    """A page is counted out, and lives as an ordinary page."""
    return before.home[page] != NOBODY and after.home[page] == NOBODY and after.where[page] == Where.OUT


def a_page_is_taken_out_of_its_pool_by_those_who_hold_it(before: Ownership, after: Ownership, page: Page) -> bool:
    """page_pool_release_page(): the page is counted out while a buffer of it is in use."""
    return before.where[page] == Where.OUT and before.home[page] != NOBODY and after.home[page] == NOBODY


def a_page_without_a_home_is_sent(s: Ownership, page: Page, frag: Frag) -> bool:
    """Who had a plain reference sends the page after it left its pool (splice)."""
    return s.home[page] == NOBODY and is_sent(s, page, frag)


def a_page_is_sent_after_its_pool_is_freed(s: Ownership, page: Page, frag: Frag, pool: Pool) -> bool:
    """A device sends an ordinary page, and no pool is in use any more."""
    none = each(s.pools, lambda q: not is_in_use(s, q))
    return s.life[pool] == Life.FREED and none and s.home[page] == NOBODY and is_sent(s, page, frag)


# Destruction waits for nobody (L3).


def a_pool_is_freed(s: Ownership, pool: Pool) -> bool:
    """A pool is freed."""
    return s.life[pool] == Life.FREED


def destroy_begins_while_another_device_sends(before: Ownership, after: Ownership, page: Page, pool: Pool) -> bool:
    """The pool is destroyed while another device sends a page of it."""
    begins = before.life[pool] == Life.STOPPED and after.life[pool] == Life.SCRUBBING
    return begins and before.home[page] == pool and is_sent_elsewhere(before, page, pool)


def a_home_mapping_is_taken_away_while_another_device_sends(
    before: Ownership, after: Ownership, page: Page, pool: Pool
) -> bool:
    """The scrub unmaps a page that another device sends."""
    unmapped = before.mapped[page] and not after.mapped[page] and after.home[page] == pool
    return unmapped and is_sent_elsewhere(before, page, pool)


def destroy_returns_while_another_device_sends(before: Ownership, after: Ownership, page: Page, pool: Pool) -> bool:
    """page_pool_destroy() returns, and another device goes on sending a page of the pool."""
    returns = before.life[pool] == Life.SCRUBBING and after.life[pool] == Life.DETACHED
    return returns and before.home[page] == pool and is_sent_elsewhere(before, page, pool)


def is_sent_elsewhere(s: Ownership, page: Page, pool: Pool) -> bool:
    """A device that is not the pool's sends a buffer of the page."""
    return some(s.devices, lambda d: s.device_of[pool] != d and some(s.frags, lambda f: s.sent[page, f, d] == Sent.OWN))


def a_driver_has_a_buffer_in_hand_of_which_destroy_took_the_mapping(s: Ownership, page: Page, frag: Frag) -> bool:
    """What the driver did not put before destroy is unmapped under its hands; it can only be put."""
    return s.place[page, frag] == Place.DRIVER and s.bytes[page, frag] == Bytes.STALE and not s.mapped[page]


def a_page_is_out_when_its_pool_is_detached(s: Ownership, page: Page, pool: Pool) -> bool:
    """A page is held by the stack after page_pool_destroy() of its pool has returned."""
    held = some(s.frags, lambda f: s.place[page, f] == Place.STACK)
    return s.home[page] == pool and s.life[pool] == Life.DETACHED and held


def a_page_is_recycled_into_a_detached_pool(s: Ownership, page: Page, pool: Pool) -> bool:
    """The late page is idle in the ring of a detached pool; the next retry frees it."""
    return s.home[page] == pool and s.life[pool] == Life.DETACHED and s.where[page] == Where.POOL


def a_plain_reference_is_put_after_its_pool_is_detached(
    before: Ownership, after: Ownership, page: Page, pool: Pool
) -> bool:
    """A late plain reference is put while a buffer of the page is still out."""
    put = before.foreign[page] and not after.foreign[page]
    return put and before.home[page] == pool and before.life[pool] == Life.DETACHED


def the_page_outlives_the_pool(s: Ownership, page: Page, pool: Pool) -> bool:
    """The pool is freed while the page is held, as an ordinary page."""
    return s.life[pool] == Life.FREED and s.where[page] == Where.OUT and s.home[page] == NOBODY


# Several pools.


def a_stopped_queue_starts_again(before: Ownership, after: Ownership, pool: Pool) -> bool:
    """The driver starts the queue with the pool that it had."""
    return before.life[pool] == Life.STOPPED and after.life[pool] == Life.LIVE


def an_old_and_a_new_pool_each_get_their_own_page_back(
    s: Ownership, page: Page, other: Page, old: Pool, new: Pool
) -> bool:
    """On one device an old pool drains beside a live one, and a page of each is idle in its own pool."""
    if s.device_of[old] != s.device_of[new] or s.life[old] != Life.DETACHED or s.life[new] != Life.LIVE:
        return False
    idle = s.where[page] == Where.POOL and s.where[other] == Where.POOL
    return idle and s.home[page] == old and s.home[other] == new


def destroy_returns_while_the_next_pool_is_in_use(
    before: Ownership, after: Ownership, page: Page, old: Pool, new: Pool
) -> bool:
    """The old pool is detached while a page of the device's new pool is mapped: destroy waits for its own pages."""
    detached = before.life[old] == Life.SCRUBBING and after.life[old] == Life.DETACHED
    at_work = before.life[new] == Life.LIVE and before.home[page] == new
    return detached and at_work and before.device_of[old] == before.device_of[new]


def a_new_pool_is_filled_before_the_old_one_stops(s: Ownership, page: Page, other: Page, old: Pool, new: Pool) -> bool:
    """A queue is restarted: two live pools of one device have a page in an RX ring each."""
    if old == new or s.device_of[old] != s.device_of[new]:
        return False
    both = s.life[old] == Life.LIVE and s.life[new] == Life.LIVE and s.home[page] == old and s.home[other] == new
    return both and some(s.frags, lambda f: s.place[page, f] == Place.RX_RING and s.place[other, f] == Place.RX_RING)


def two_devices_have_a_pool_each(s: Ownership, one: Pool, other: Pool) -> bool:
    """Two drivers work at once."""
    return is_in_use(s, one) and is_in_use(s, other) and s.device_of[one] != s.device_of[other]


# Fragments.


def a_fragment_is_posted_out_of_a_cut_page(before: Ownership, after: Ownership, page: Page, frag: Frag) -> bool:
    """The driver posts the next fragment of the page it cuts."""
    posts = before.place[page, frag] == Place.REST and after.place[page, frag] == Place.RX_RING
    return posts and before.cut[page]


def one_fragment_is_posted_another_held_and_a_third_sent(
    s: Ownership, page: Page, frag: Frag, other: Frag, third: Frag
) -> bool:
    """The fragments of a page are with three parties at once."""
    two = s.place[page, frag] == Place.RX_RING and s.place[page, other] == Place.STACK
    return two and s.place[page, third] == Place.TX


def one_fragment_is_posted_while_another_is_held(s: Ownership, page: Page, frag: Frag, other: Frag) -> bool:
    """The device writes one half of a page while the stack has the other."""
    return s.place[page, frag] == Place.RX_RING and s.place[page, other] == Place.STACK


def a_page_is_drained_while_a_fragment_is_held(before: Ownership, after: Ownership, page: Page) -> bool:
    """The bias is put before the last fragment comes back."""
    return before.cut[page] and not after.cut[page] and after.where[page] == Where.OUT


# Bounds are reached.


def the_rx_ring_is_full(s: Ownership, pool: Pool) -> bool:
    """Every descriptor of the RX ring has a buffer."""
    return posted(s, pool) == s.ring_size


def the_tx_limit_is_reached(s: Ownership, dev: Device) -> bool:
    """A device sends as many buffers as it can."""
    return in_tx(s, dev) == s.tx_limit
