# SPDX-License-Identifier: MIT
"""What a second reading found too permissive (P) is refused, and what kernels do all day (D) is permitted.

The numbers are those of that reading (docs/decisions/spec-shape.md), not the page states and designs of the kernel
reference.
"""

from __future__ import annotations

import pytest

from .stories import HANDED_UP, LIVE, POSTED, RECEIVED, SYNCED, Story

STOPPED = "queue_stop pool0"
SENT = "redirect A frag0 eth1"

# Refused.


@pytest.mark.parametrize(
    ("before", "step"),
    [
        (RECEIVED, "rx_repost A frag0 pool0"),
        (SYNCED, "xdp_tx A frag0 pool0"),
        (SYNCED, "sync_for_device A frag0 pool0"),
        (RECEIVED, "sync_for_cpu A frag0 pool0"),
    ],
)
def test_p1_a_driver_does_nothing_with_a_buffer_that_it_handed_up(before: str, step: str) -> None:
    """The stack's reference is the only one, and it is not the driver's (B46)."""
    assert not Story(before).refuses(step)
    assert Story(HANDED_UP).refuses(step)


def test_p2_an_unmap_shows_the_cpu_nothing() -> None:
    """What the scrub unmaps stays stale: it is not written, handed up, sent or synced; it is put."""
    story = Story(f"{RECEIVED}, {STOPPED}, pool_destroy pool0, sync_off pool0, scrub_unmap A pool0")
    assert story.is_("bytes", "A", "frag0") == "STALE"
    for step in ("cpu_write A frag0", "pass_up A frag0", "redirect A frag0 eth1", "sync_for_cpu A frag0 pool0"):
        assert story.refuses(step)
    story.then("pool_detach pool0, put_last A frag0, release A pool0")


def test_p3_a_driver_takes_a_posted_buffer_only_when_the_device_is_done_or_its_queue_is_stopped() -> None:
    """The descriptor's done bit, or a stopped queue (B45)."""
    assert Story(POSTED).refuses("rx_complete A frag0 pool0")
    Story(f"{POSTED}, device_done A frag0 pool0, rx_complete A frag0 pool0")
    Story(f"{POSTED}, {STOPPED}, rx_complete A frag0 pool0")


def test_p4_no_put_syncs_after_destroy_switched_syncs_off() -> None:
    """The putter looks at the pool's flag; the walk begins after the flag is off."""
    destroyed = f"{HANDED_UP}, {STOPPED}, pool_destroy pool0"
    story = Story(f"{destroyed}, put_last A frag0")
    assert story.refuses("scrub_unmap A pool0")
    story.then("sync_off pool0")
    assert story.refuses("sync_home A pool0")
    story.then("scrub_unmap A pool0, recycle A pool0, scrub A pool0, pool_free pool0")


def test_p5_xdp_tx_needs_a_pool_that_maps_for_both_directions() -> None:
    """A pool that maps for receiving only is not sent from."""
    one_way = SYNCED.replace("pool_create ", "pool_create_one_way ")
    assert Story(one_way, one_way=1).refuses("xdp_tx A frag0 pool0")
    Story(f"{SYNCED}, xdp_tx A frag0 pool0")


def test_p6_xdp_tx_takes_a_buffer_that_its_driver_holds_alone() -> None:
    """A cloned packet was handed up, so it is not sent through the home mapping."""
    assert Story(f"{HANDED_UP}, clone A frag0").refuses("xdp_tx A frag0 pool0")


def test_p8_destroy_waits_for_no_buffer_in_the_drivers_hand() -> None:
    """What the driver did not put is unmapped under its hands, and can only be put."""
    story = Story(f"{RECEIVED}, {STOPPED}, pool_destroy pool0, sync_off pool0, scrub_unmap A pool0, pool_detach pool0")
    assert story.is_("place", "A", "frag0") == "DRIVER"
    assert story.refuses("device_unbind eth0")
    story.then("put_last A frag0, release A pool0, pool_free pool0, device_unbind eth0")


# Permitted.


def test_d1_a_page_is_sent_by_the_device_it_came_from_through_a_second_mapping() -> None:
    """Routed back out, hairpin, XDP_REDIRECT to itself: mapped once more, unmapped once more."""
    story = Story(f"{HANDED_UP}, redirect A frag0 eth0")
    assert story.is_("mapped", "A") == "True"
    assert story.is_("sent", "A", "frag0", "eth0") == "OWN"
    story.then("tx_complete A frag0 eth0, sync_home A pool0, recycle A pool0")
    assert story.is_("mapped", "A") == "True"


def test_d2_a_pool_may_map_nothing() -> None:
    """veth copies into a page; mana maps what it posts; both pages are recycled."""
    unmapped = LIVE.replace("pool_create ", "pool_create_unmapped ")
    copied = Story(f"{unmapped}, take A frag0 pool0, cpu_write A frag0, pass_up A frag0, put_last A frag0", unmapped=1)
    copied.then("recycle A pool0")
    mana = Story(f"{unmapped}, rx_post A frag0 pool0", unmapped=1)
    assert mana.is_("rx_map", "A", "frag0") == "True"
    mana.then(
        "device_done A frag0 pool0, rx_complete A frag0 pool0, pass_up A frag0, put_last A frag0, recycle A pool0"
    )
    assert mana.is_("rx_map", "A", "frag0") == "False"


def test_d3_a_pool_may_map_and_not_sync() -> None:
    """A page comes home unsynced; its driver syncs it before it posts it."""
    unsynced = HANDED_UP.replace("pool_create ", "pool_create_unsynced ")
    story = Story(f"{unsynced}, put_last A frag0, recycle A pool0", unsynced=1)
    assert story.refuses("rx_post A frag0 pool0")
    story.then("take A frag0 pool0, sync_for_device A frag0 pool0, rx_repost A frag0 pool0")


def test_d4_a_page_leaves_its_pool_without_a_ring() -> None:
    """skb heads, copy on write, test_run, and a refill that fails after the pop."""
    Story(f"{LIVE}, take A frag0 pool0, put_last A frag0, recycle A pool0")
    Story(f"{LIVE}, take A frag0 pool0, sync_for_cpu A frag0 pool0, cpu_write A frag0, pass_up A frag0")


def test_d5_who_has_a_plain_reference_sends_a_page_that_left_its_pool() -> None:
    """Splice, veth: get_page(), then the pool lets the page go, then it is sent."""
    story = Story(f"{HANDED_UP}, get_page A frag0, put_last A frag0, release A pool0")
    assert story.is_("home", "A") == "nobody"
    story.then("adopt A frag0, redirect A frag0 eth1, tx_complete A frag0 eth1")
    assert story.is_("where", "A") == "FREE"


def test_d6_two_devices_send_a_clone_each() -> None:
    """A bridge floods: each device maps for itself, and the last completion puts the page."""
    story = Story(f"{HANDED_UP}, clone A frag0, redirect A frag0 eth0, redirect A frag0 eth1")
    assert story.is_("place", "A", "frag0") == "TX"
    story.then("tx_complete A frag0 eth0")
    assert story.is_("where", "A") == "OUT"
    story.then("tx_complete A frag0 eth1")
    assert story.is_("where", "A") == "BACK"


def test_d7_a_new_pool_is_filled_before_the_old_one_stops() -> None:
    """netdev_rx_queue_restart(); if the new queue does not start, the old one does again."""
    filled = f"{POSTED}, pool_create pool1, alloc_into_pool B pool1, rx_post B frag0 pool1"
    story = Story(f"{filled}, queue_stop pool0", pages=2, live_pools=2)
    story.then("queue_stop pool1, rx_complete B frag0 pool1, put_last B frag0, release B pool1, pool_destroy pool1")
    story.then("queue_start pool0, device_done A frag0 pool0")


def test_d9_a_page_straight_from_the_allocator_passes_through_its_pool() -> None:
    """The slow path returns the last page it allocated; the rules see it idle in between."""
    Story(POSTED)


def test_d10_destroy_of_a_6_1_pool_returns_with_pages_out_and_mapped() -> None:
    """There is no walk; the page is unmapped when it comes back, however late."""
    untracked = HANDED_UP.replace("pool_create ", "pool_create_untracked ")
    story = Story(f"{untracked}, {STOPPED}, pool_destroy pool0, pool_detach pool0", untracked=1)
    assert story.is_("mapped", "A") == "True"
    assert story.refuses("scrub_unmap A pool0")
    story.then("device_unbind eth0, put_last A frag0, release A pool0")
    assert story.is_("mapped", "A") == "False"


def test_d11_a_stopped_queue_has_its_pool_until_the_last_user_lets_it_go() -> None:
    """The driver's call returns and the pool is still in use: STOPPED; one call of two is no step of the rules."""
    story = Story(f"{HANDED_UP}, {STOPPED}")
    assert story.refuses("device_unbind eth0")
    story.then("pool_destroy pool0")


def test_d12_fragments_of_a_page_are_with_several_parties() -> None:
    """One is posted, one held and one sent; the page comes back after its bias and its last fragment."""
    posted = LIVE + ", hold_bias A pool0" + "".join(f", rx_post A frag{n} pool0" for n in range(3))
    received = "".join(
        f", device_done A frag{n} pool0, rx_complete A frag{n} pool0, sync_for_cpu A frag{n} pool0, pass_up A frag{n}"
        for n in range(2)
    )
    story = Story(f"{posted}{received}, redirect A frag1 eth1", frags=3, cutting=1, ring_size=3)
    assert [story.is_("place", "A", f"frag{n}") for n in range(3)] == ["STACK", "TX", "RX_RING"]
    story.then(
        "drain A pool0, put_last A frag0, device_done A frag2 pool0, rx_complete A frag2 pool0, put_last A frag2"
    )
    assert story.is_("where", "A") == "OUT"
    story.then("tx_complete A frag1 eth1, sync_home A pool0, recycle A pool0")


def test_two_halves_of_a_page_are_flipped() -> None:
    """One half is posted while the stack has the other; a plain reference on the page ends that."""
    start = f"{LIVE}, hold_bias A pool0, rx_post A frag0 pool0, device_done A frag0 pool0, rx_complete A frag0 pool0"
    first = f"{start}, sync_for_cpu A frag0 pool0, pass_up A frag0, rx_post A frag1 pool0"
    again = "take A frag0 pool0, sync_for_device A frag0 pool0"
    Story(f"{first}, put_last A frag0, {again}, device_done A frag1 pool0", frags=2, cutting=1)
    shared = Story(f"{first}, get_page A frag0, put_last A frag0", frags=2, cutting=1)
    assert shared.refuses("take A frag0 pool0")
