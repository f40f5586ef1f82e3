# SPDX-License-Identifier: MIT
"""The zoo: bugs as mutations of sound models, each with the invariant it breaks and the length of its shortest trace.

A description that begins with a B number is that bug of docs/kernel-reference.md. The others violate the cited
property, transition or design, and are not known to have been fixed anywhere.
"""

from models.keep_mapped import keep_mapped
from models.per_packet import per_packet
from models.yardstick import yardstick
from spec.dsl import Mutant, drop, instead
from spec.ownership import ownership

HALVES = (("frags", 2), ("pools", 1), ("devices", 1), ("cutting", 1))
"""A page that is cut into two fragments."""

ZOO: tuple[Mutant, ...] = (
    Mutant(
        keep_mapped,
        "b01_pool_freed_by_timeout",
        instead("pool_free", "require(in_flight(s, pool) == 0)", "require(s.life[pool] == Life.DETACHED)"),
        breaks="a_freed_pool_is_home_to_no_page",
        steps=8,
        stands_for="B01 (c3f812cea0d7): after a grace period the pool is freed, with pages in flight.",
    ),
    Mutant(
        keep_mapped,
        "b02_device_gone_before_its_pool",
        drop(
            "device_unbind",
            "require(not some(s.pools, lambda q: s.device_of[q] == dev and is_its_drivers(s, q)))",
        ),
        breaks="a_pool_at_work_has_a_bound_device",
        steps=2,
        stands_for="B02 (f71fec47c2df): the device disappears while its pool still uses it.",
    ),
    Mutant(
        keep_mapped,
        "b03_mapping_outlives_the_driver",
        drop("pool_detach", "require(walk_is_over(s, pool))"),
        breaks="no_mapping_outlives_the_driver",
        steps=7,
        stands_for="B03 (ee62ce7a1d90): destroy empties cache and ring, but does not unmap the pages in flight.",
    ),
    Mutant(
        keep_mapped,
        "b15_mapping_left_by_a_failing_allocation",
        drop("alloc_into_pool", "s.home[page] = pool")
        + drop("alloc_into_pool", "s.hold[pool] += 1")
        + drop("alloc_into_pool", "s.where[page] = Where.POOL"),
        breaks="a_page_is_mapped_for_its_home_only",
        steps=2,
        stands_for="B15: the page has no index, is given back, and stays mapped.",
    ),
    Mutant(
        keep_mapped,
        "b18_counted_out_and_still_at_home",
        drop("count_out", "s.home[page] = NOBODY"),
        breaks="inflight_is_hold_minus_release",
        steps=3,
        stands_for="B18 (535b9c61bdef): a released page still looks like the pool's, so it can be counted out again.",
    ),
    Mutant(
        keep_mapped,
        "b19_a_plain_reference_put_as_one_of_the_pool",
        instead("put_page", "s.foreign[page] = False", "s.foreign[page] = False; s.where[page] = Where.BACK"),
        breaks="a_page_with_a_buffer_in_use_is_out",
        steps=7,
        stands_for="B19 (2cc3aeb5ecce): an expanded clone has a plain reference and puts it as the pool's: the page is recycled under the other clone.",
    ),
    Mutant(
        keep_mapped,
        "b20_put_twice_in_tx",
        instead(
            "tx_complete", "s.refs[page, frag] == 0 and (not is_sent(s, page, frag))", "not is_sent(s, page, frag)"
        ),
        breaks="a_buffer_is_put_by_its_last_reference",
        steps=8,
        stands_for="B20 (CVE-2022-49093): the completion puts the reference of a clone that is still held, as well as its own.",
    ),
    Mutant(
        keep_mapped,
        "b21_a_plain_reference_dropped_with_one_of_the_pool",
        instead("pp_unref", "s.refs[page, frag] -= 1", "s.refs[page, frag] -= 1; s.foreign[page] = False"),
        breaks="all_other_references_stay",
        steps=8,
        stands_for="B21: GRO mixes two kinds of packets, and one put drops a reference of each kind.",
    ),
    Mutant(
        keep_mapped,
        "b22_taken_as_one_kind_and_put_as_another",
        instead("clone", "s.refs[page, frag] += 1", "s.refs[page, frag] += 1; s.foreign[page] = True"),
        breaks="all_other_references_stay",
        steps=6,
        stands_for="B22 (173e7622ccb3): the kind of a reference is chosen twice, and a plain one is left that nobody puts.",
    ),
    Mutant(
        keep_mapped,
        "b23_put_page_on_a_pool_page",
        instead("come_back", "s.home[page] == NOBODY", "True"),
        breaks="a_page_has_a_home_exactly_while_a_pool_counts_it",
        steps=4,
        stands_for="B23 (CVE-2024-26953): a page that a pool still counts is freed with put_page().",
    ),
    Mutant(
        keep_mapped,
        "b24_handed_up_without_the_mark",
        instead(
            "pass_up", "s.place[page, frag] = Place.STACK", "s.place[page, frag] = Place.STACK; s.home[page] = NOBODY"
        ),
        breaks="inflight_is_hold_minus_release",
        steps=5,
        stands_for="B24 (CVE-2024-27393): the skb has no mark, so its page is put like any page and the pool counts it for ever.",
    ),
    Mutant(
        keep_mapped,
        "b25_freed_where_the_skb_cannot_be_allocated",
        instead("put_last", "to_rest(s, page, frag)", "to_rest(s, page, frag); s.where[page] = Where.FREE"),
        breaks="a_page_has_a_home_exactly_while_a_pool_counts_it",
        steps=4,
        stands_for="B25 (bnxt): the error path frees the page with put_page().",
    ),
    Mutant(
        keep_mapped,
        "b26_sent_and_still_counted",
        drop("redirect", "s.refs[page, frag] -= 1"),
        breaks="a_sender_hands_its_reference_to_tx",
        steps=5,
        stands_for="B26 (CVE-2023-53107): the sender hands its reference to TX and keeps counting it.",
    ),
    Mutant(
        keep_mapped,
        "b28_returned_twice_on_a_full_tx_ring",
        instead("redirect_refused", "put_last(s, page, frag)", "put_last(s, page, frag); s.refs[page, frag] = 1"),
        breaks="a_buffer_at_rest_or_posted_has_no_reference_and_no_sender",
        steps=8,
        stands_for="B28 (igc): the driver returns the frame it could not send, and devmap returns it again.",
    ),
    Mutant(
        keep_mapped,
        "b29_neither_side_returns_the_frame",
        instead(
            "redirect_refused", "put_last(s, page, frag)", "s.place[page, frag] = Place.STACK; s.refs[page, frag] = 0"
        ),
        breaks="a_buffer_of_the_stack_has_a_reference",
        steps=8,
        stands_for="B29 (dpaa2-eth, enetc): the redirect fails, and neither the driver nor its caller returns the frame.",
    ),
    Mutant(
        ownership,
        "b31_not_drained_where_a_fragment_was_redirected",
        instead("drain", "all_at_rest(s, page)", "False"),
        breaks="a_page_that_is_out_is_held",
        steps=4,
        sizes=HALVES,
        stands_for="B31: the release is skipped for a page of which a fragment was redirected: the page never comes back.",
    ),
    Mutant(
        ownership,
        "b35_used_again_while_a_half_is_lent",
        instead(
            "is_unused",
            "unread = s.bytes[page, frag] == Bytes.DEVICE or not s.foreign[page]",
            "unread = True",
        ),
        breaks="no_device_writes_a_lent_buffer",
        steps=9,
        sizes=HALVES,
        stands_for="B35: the count is sampled too early, and a half that somebody reads is posted again.",
    ),
    Mutant(
        ownership,
        "b36_a_fragment_is_put_and_the_bias_not_known",
        instead(
            "is_last",
            "return not s.cut[page] and each(s.frags, lambda f: f == frag or s.place[page, f] == Place.REST)",
            "return each(s.frags, lambda f: f == frag or s.place[page, f] == Place.REST)",
        ),
        breaks="a_page_with_a_buffer_in_use_is_out",
        steps=5,
        sizes=HALVES,
        stands_for="B36 (ad2047cf5d93): a program drops a fragment, the bias is not counted, and the page comes back under its driver.",
    ),
    Mutant(
        keep_mapped,
        "b37_a_descriptor_of_size_0_leaks",
        drop("rx_complete", "s.refs[page, frag] = 1"),
        breaks="a_posted_buffer_goes_to_its_driver",
        steps=5,
        stands_for="B37 (CVE-2025-39948): the descriptor is done and no reference is taken.",
    ),
    Mutant(
        ownership,
        "b39_reused_without_a_look_at_the_count",
        instead(
            "is_last",
            "return not s.cut[page] and each(s.frags, lambda f: f == frag or s.place[page, f] == Place.REST)",
            "return not s.cut[page]",
        ),
        breaks="a_page_with_a_buffer_in_use_is_out",
        steps=7,
        sizes=HALVES,
        stands_for="B39: the page is used again although another fragment of it is out.",
    ),
    Mutant(
        keep_mapped,
        "b40_taken_out_of_the_ring_twice",
        drop("rx_complete", "require(s.place[page, frag] == Place.RX_RING)"),
        breaks="a_buffer_at_rest_or_posted_has_no_reference_and_no_sender",
        steps=6,
        stands_for="B40 (d27e2da94a42): two teardowns take the buffers of one ring.",
    ),
    Mutant(
        keep_mapped,
        "b41_tx_unmaps_what_the_pool_mapped",
        instead(
            "tx_complete",
            "s.sent[page, frag, dev] = Sent.NOT",
            "s.sent[page, frag, dev] = Sent.NOT; s.mapped[page] = False; s.home_unmaps[page] += 1",
        ),
        breaks="a_page_of_a_pool_that_maps_stays_mapped",
        steps=6,
        stands_for="B41 (CVE-2024-44984): TX completion unmaps the buffer although the mapping is the pool's.",
    ),
    Mutant(
        keep_mapped,
        "b41_xdp_tx_maps_again",
        instead(
            "xdp_tx",
            "s.bytes[page, frag] = Bytes.DEVICE",
            "s.bytes[page, frag] = Bytes.DEVICE; s.home_maps[page] += 1",
        ),
        breaks="every_home_map_has_exactly_one_unmap",
        steps=5,
        stands_for="B41 (23c93c3b6275): XDP_TX maps a page that its pool has mapped.",
    ),
    Mutant(
        ownership,
        "b43_the_last_put_syncs_one_fragment",
        instead(
            "recycle",
            "require(not (s.dma_sync[pool] and some(s.frags, lambda f: is_visible(s, page, f))))",
            "require(not (s.dma_sync[pool] and not some(s.frags, lambda f: not is_visible(s, page, f))))",
        ),
        breaks="an_idle_page_of_a_pool_that_syncs_is_synced",
        steps=6,
        sizes=HALVES,
        stands_for="B43: a page of two fragments is recycled when one of them is synced.",
    ),
    Mutant(
        keep_mapped,
        "b44_xdp_before_the_sync",
        instead(
            "is_shown",
            "return s.place[page, frag] == Place.STACK or (s.place[page, frag] == Place.DRIVER and is_visible(s, page, frag))",
            "return is_in_hand(s, page, frag)",
        ),
        breaks="what_is_handed_up_or_sent_was_synced_for_the_cpu",
        steps=4,
        stands_for="B44 (ena): the XDP program runs before the buffer was synced for the CPU.",
    ),
    Mutant(
        keep_mapped,
        "b44_recycled_without_a_sync",
        drop("recycle", "require(not (s.dma_sync[pool] and some(s.frags, lambda f: is_visible(s, page, f))))"),
        breaks="an_idle_page_of_a_pool_that_syncs_is_synced",
        steps=6,
        stands_for="B44 (stmmac): pages go back to the pool, and to the device, without a sync for device.",
    ),
    Mutant(
        keep_mapped,
        "b45_the_ring_is_emptied_while_the_queue_runs",
        drop("rx_complete", "require(s.filled[page, frag] or s.life[pool] == Life.STOPPED)"),
        breaks="a_buffer_leaves_its_ring_when_the_device_is_done",
        steps=4,
        stands_for="B45: the driver takes its buffers back, and the device goes on writing them.",
    ),
    Mutant(
        keep_mapped,
        "b46_what_was_handed_up_is_posted_again",
        instead("rx_repost", "require(s.place[page, frag] == Place.DRIVER)", "require(is_in_hand(s, page, frag))")
        + instead(
            "rx_repost",
            "s.place[page, frag] = Place.RX_RING",
            "s.place[page, frag] = Place.RX_RING; s.bytes[page, frag] = Bytes.DEVICE",
        )
        + drop("rx_repost", "require(not (s.maps[pool] and is_visible(s, page, frag)))"),
        breaks="what_was_handed_up_is_not_taken_back",
        steps=6,
        stands_for="B46 (CVE-2026-53215): the refill fails after the buffer was handed up, and the same buffer is posted again.",
    ),
    Mutant(
        keep_mapped,
        "b47_second_mapping_left_behind",
        drop("tx_complete", "s.tx_unmaps[page, frag, dev] += 1"),
        breaks="every_map_to_send_has_exactly_one_unmap",
        steps=6,
        stands_for="B47 (CVE-2026-53229): the device that sent the page never unmaps it.",
    ),
    Mutant(
        per_packet,
        "b49_unmap_forgotten",
        drop("rx_complete", "s.rx_map[page, frag] = False") + drop("rx_complete", "s.rx_unmaps[page, frag] += 1"),
        breaks="a_drivers_own_mapping_ends_with_the_descriptor",
        steps=5,
        stands_for="B49 (CVE-2024-53058): a map has no unmap: the page is handed up while it is mapped.",
    ),
    Mutant(
        ownership,
        "b50_a_pool_that_maps_nothing_syncs",
        instead(
            "pool_create_unmapped",
            "s.tracks[pool] = True",
            "s.tracks[pool] = True; s.syncs[pool] = True; s.dma_sync[pool] = True",
        ),
        breaks="while_puts_sync_every_page_of_the_pool_is_mapped",
        steps=2,
        sizes=(("unmapped", 1),),
        stands_for="B50: memory that must not be synced is in a pool that syncs.",
    ),
    Mutant(
        keep_mapped,
        "destroyed_while_sending",
        drop(
            "pool_destroy",
            "require(not some(s.pages, lambda p: s.home[p] == pool and (s.cut[p] or is_sent_from_home(s, p))))",
        ),
        breaks="a_page_with_a_live_descriptor_is_not_unmapped",
        steps=9,
        stands_for="S11: the pool is destroyed while its device still sends one of its pages.",
    ),
    Mutant(
        keep_mapped,
        "freed_under_a_live_descriptor",
        drop("return_idle", "require(s.where[page] == Where.POOL)"),
        breaks="a_page_with_a_live_descriptor_is_not_unmapped",
        steps=4,
        stands_for="S11: a posted page is freed while its descriptor is live.",
    ),
    Mutant(
        keep_mapped,
        "a_shared_page_is_reposted",
        instead("rx_repost", "require(s.place[page, frag] == Place.DRIVER)", "require(is_in_hand(s, page, frag))")
        + drop("rx_repost", "s.refs[page, frag] = 0")
        + drop("rx_repost", "require(not (s.maps[pool] and is_visible(s, page, frag)))"),
        breaks="a_buffer_at_rest_or_posted_has_no_reference_and_no_sender",
        steps=4,
        stands_for="S23: the driver posts a page again without checking that its reference is the only one.",
    ),
    Mutant(
        keep_mapped,
        "walked_before_syncs_are_off",
        drop("scrub_unmap", "require(not s.dma_sync[pool])"),
        breaks="while_puts_sync_every_page_of_the_pool_is_mapped",
        steps=5,
        stands_for="S15: the scrub unmaps pages while puts may still sync them.",
    ),
    Mutant(
        keep_mapped,
        "recycled_into_another_pool",
        drop("recycle", "require(s.home[page] == pool)")
        + instead("recycle", "s.where[page] = Where.POOL", "s.where[page] = Where.POOL; s.home[page] = pool"),
        breaks="a_page_goes_home_to_its_own_pool",
        steps=5,
        sizes=(("pools", 2),),
        stands_for="S4: a driver recycles a page of another pool into its own.",
    ),
    Mutant(
        keep_mapped,
        "sent_by_a_device_that_is_gone",
        drop("redirect", "require(s.bind[dev] == Bind.BOUND)"),
        breaks="the_dma_api_is_not_called_for_an_unbound_device",
        steps=6,
        stands_for="S12: a frame is redirected to an unbound device.",
    ),
    Mutant(
        keep_mapped,
        "a_clone_is_written",
        drop("cpu_write", "require(s.refs[page, frag] == 1)"),
        breaks="the_cpu_writes_only_unshared_buffers",
        steps=7,
        stands_for="S23: the stack edits a header that it shares with a clone.",
    ),
    Mutant(
        keep_mapped,
        "recycled_with_a_plain_reference",
        drop("recycle", "require(not s.foreign[page])"),
        breaks="an_idle_or_free_page_has_no_plain_reference",
        steps=11,
        stands_for="T13 left out: a page with a plain page reference is recycled.",
    ),
    Mutant(
        keep_mapped,
        "more_posted_than_descriptors",
        drop("rx_post", "require(posted(s, pool) < s.ring_size)"),
        breaks="a_buffer_is_posted_only_to_a_free_descriptor",
        steps=5,
        stands_for="S28: more buffers are posted than the RX ring has descriptors.",
    ),
    Mutant(
        keep_mapped,
        "an_unmap_taken_for_a_sync",
        instead("unmap_home", "s.mapped[page] = False", "s.mapped[page] = False; s.bytes[page, :] = Bytes.CPU"),
        breaks="the_cpu_sees_bytes_by_a_sync_of_what_is_mapped",
        steps=6,
        stands_for="S13: the scrub's unmap is trusted to show the CPU what the device wrote.",
    ),
    Mutant(
        keep_mapped,
        "a_reference_put_that_its_caller_does_not_have",
        drop("put_last", "require(s.refs[page, frag] == 1)"),
        breaks="a_buffer_is_put_by_its_last_reference",
        steps=7,
        stands_for="S19, S20: who has one of two references puts the buffer as if it were the last.",
    ),
    Mutant(
        yardstick,
        "c06_home_to_the_completing_device",
        instead("tx_complete", "give(s, page, Owner.POOL, s.origin[page])", "give(s, page, Owner.POOL, dev)"),
        breaks="an_idle_page_is_at_home_and_mapped_there_only",
        steps=5,
        stands_for="C06: the page is recycled into the pool of the device that completed TX, and is mapped for another.",
    ),
    Mutant(
        yardstick,
        "b01_yardstick_freed_with_pages_out",
        drop("final_free", "require(held(s, dev) == 0)"),
        breaks="a_freed_device_has_no_pages",
        steps=3,
        stands_for="B01 on the yardstick: the pool is freed while a page has it as origin.",
    ),
)
