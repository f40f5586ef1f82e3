# SPDX-License-Identifier: MIT
"""The ownership rules as one machine: all actions, invariants and witnesses."""

from spec import invariants, lemmas, witnesses
from spec.dsl import Machine, each
from spec.page import Bind, Device, Ownership, Page, Place, Pool
from spec.page_actions import (
    alloc_into_pool,
    clone,
    cpu_write,
    disconnect,
    free,
    get_page,
    pp_unref,
    put_page,
    reclaim,
    recycle,
    redirect,
    release,
    return_idle,
    rx_complete,
    rx_post,
    rx_repost,
    sync_for_cpu,
    sync_for_device,
    tx_complete,
    tx_complete_free,
    tx_complete_release,
    xdp_drop,
    xdp_tx,
)
from spec.pool_actions import device_unbind, pool_create, pool_destroy, pool_detach, pool_free, scrub, scrub_unmap


def everything_is_over(s: Ownership) -> bool:
    """Where a run may end: every device is unbound and every page is free."""
    return each(s.devices, lambda d: s.bind[d] == Bind.UNBOUND) and each(s.pages, lambda p: s.place[p] == Place.FREE)


ALWAYS = (
    invariants.an_idle_page_has_no_references_and_no_sender,
    invariants.a_page_out_of_the_pool_has_a_reference,
    invariants.a_page_is_in_tx_exactly_while_a_device_sends_it,
    invariants.a_page_has_a_home_exactly_while_a_pool_counts_it,
    invariants.a_freed_pool_is_home_to_no_page,
    invariants.a_free_page_is_unmapped_unreferenced_and_clean,
    invariants.devices_access_only_pages_mapped_for_them,
    invariants.a_page_is_mapped_for_its_home_and_its_sender_only,
    invariants.an_idle_page_of_a_live_pool_is_mapped_and_synced,
    invariants.no_mapping_outlives_the_driver,
    invariants.a_pool_in_use_has_a_bound_device,
    invariants.the_cpu_writes_only_pages_it_owns,
    invariants.a_second_device_reads_what_was_synced_for_the_cpu,
    invariants.devices_access_only_pages_synced_for_them,
    invariants.a_posted_page_has_no_other_user,
    invariants.rings_are_never_overrun,
    invariants.a_device_has_one_live_pool_for_each_queue,
    lemmas.a_page_of_a_live_pool_is_mapped_for_its_device,
    lemmas.live_descriptors_belong_to_live_pools,
    lemmas.an_unreferenced_page_with_the_stack_has_no_home,
    lemmas.a_detached_pool_has_no_mapping_left,
)

STEPS = (
    invariants.a_page_goes_home_to_its_own_pool,
    invariants.inflight_is_hold_minus_release,
    invariants.every_dma_map_has_exactly_one_unmap,
    invariants.a_page_with_a_live_descriptor_is_not_unmapped_or_freed,
    invariants.the_dma_api_is_not_called_for_an_unbound_device,
    invariants.a_sync_makes_no_mapping,
    invariants.syncs_happen_only_in_live_pools_or_on_recycle,
    invariants.a_cpu_write_stays_dirty_until_a_sync_or_unmap,
    invariants.the_cpu_writes_only_unshared_pages,
    invariants.references_are_taken_only_by_holders,
    invariants.a_sender_hands_its_reference_to_tx,
    invariants.the_life_of_a_pool_only_advances,
    invariants.a_page_is_allocated_only_into_a_live_pool,
    invariants.an_idle_page_leaves_to_its_rx_ring_or_the_allocator,
    invariants.a_posted_page_leaves_to_its_driver,
    invariants.only_the_last_reference_recycles_or_frees_a_page,
    invariants.tx_completion_recycles_only_the_last_reference,
    invariants.only_the_last_pool_reference_takes_a_page_out_of_its_pool,
)

SOMETIMES = (
    witnesses.a_page_is_sent_by_another_device_and_recycled,
    (witnesses.a_page_is_out_when_its_pool_is_detached, witnesses.a_page_is_recycled_into_a_detached_pool),
    (witnesses.a_page_is_out_when_its_pool_is_detached, witnesses.the_page_outlives_the_pool),
    witnesses.an_old_and_a_new_pool_each_get_their_own_page_back,
    witnesses.destroy_returns_while_the_next_pool_is_in_use,
    witnesses.a_clone_is_held_by_the_stack_while_tx_reads_it,
    witnesses.a_pool_is_freed,
    (witnesses.a_page_leaves_by_release, witnesses.a_page_enters_a_pool_again),
    witnesses.the_rx_ring_is_full,
    witnesses.the_tx_limit_is_reached,
)

NEEDS = {
    witnesses.a_page_is_sent_by_another_device_and_recycled: {"devices": 2},
    witnesses.an_old_and_a_new_pool_each_get_their_own_page_back: {"pages": 2, "pools": 2},
    witnesses.destroy_returns_while_the_next_pool_is_in_use: {"pools": 2},
}

ownership = Machine(
    name="ownership",
    doc="The rules of page ownership: any permitted action may happen, in any order.",
    state=Ownership,
    system=(
        alloc_into_pool, return_idle, rx_post, rx_repost, rx_complete, sync_for_cpu, sync_for_device, xdp_drop, xdp_tx,
        redirect, tx_complete, tx_complete_release, tx_complete_free, recycle, release, disconnect,
        pool_create, pool_destroy, scrub, scrub_unmap, pool_detach, pool_free,
    ),
    environment=(cpu_write, clone, pp_unref, free, get_page, put_page, reclaim, device_unbind),
    always=ALWAYS,
    steps=STEPS,
    sometimes=SOMETIMES,
    needs=NEEDS,
    scopes={
        "tiny": dict(pages=1, pools=2, devices=2, ring_size=1, tx_limit=1, max_refs=2, live_pools=1),
        "small": dict(pages=2, pools=2, devices=2, ring_size=1, tx_limit=1, max_refs=2, live_pools=1),
        "large": dict(pages=3, pools=2, devices=2, ring_size=2, tx_limit=2, max_refs=2, live_pools=1),
    },
    symmetric=(Page, Pool, Device),
    place=Ownership.place,
    final=everything_is_over,
)  # fmt: skip
