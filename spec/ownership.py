"""The ownership spec as one machine: everything that is permitted, every invariant."""

from spec import invariants, lemmas, witnesses
from spec.dsl import Machine, each
from spec.page import Bind, Device, Ownership, Page, Place, Pool
from spec.page_actions import (
    clone,
    cpu_write,
    disconnect,
    enter,
    free,
    get_page,
    leave,
    put,
    put_page,
    reclaim,
    recycle,
    redirect,
    release,
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
from spec.pool_actions import device_unbind, pool_create, pool_destroy, pool_detach, pool_free, scrub, unmap_early


def everything_is_over(s: Ownership) -> bool:
    """Where a run may end: every driver has left and every page is back in the allocator."""
    return each(s.devices, lambda d: s.bind[d] == Bind.UNBOUND) and each(s.pages, lambda p: s.place[p] == Place.FREE)


ALWAYS = (
    invariants.an_idle_page_is_held_by_nobody,
    invariants.a_page_with_the_stack_is_held_by_somebody,
    invariants.a_page_is_in_tx_exactly_while_a_device_sends_it,
    invariants.a_page_has_a_home_exactly_while_a_pool_counts_it,
    invariants.a_pool_that_is_gone_is_home_to_no_page,
    invariants.a_free_page_is_left_alone,
    invariants.a_device_only_touches_what_is_mapped_for_it,
    invariants.a_page_is_mapped_for_its_home_and_its_sender_only,
    invariants.an_idle_page_of_a_live_pool_is_mapped_and_synced,
    invariants.no_mapping_outlives_the_driver,
    invariants.a_pool_at_work_has_its_device,
    invariants.the_cpu_writes_only_in_its_turn,
    invariants.a_second_device_reads_what_was_synced_for_the_cpu,
    invariants.a_device_has_its_turn_on_what_it_touches,
    invariants.who_may_write_is_alone,
    invariants.rings_are_never_overrun,
    invariants.a_device_has_one_live_pool_for_each_queue,
    lemmas.a_page_of_a_live_pool_is_mapped_for_its_device,
    lemmas.a_device_works_only_for_a_live_pool,
    lemmas.a_page_with_the_stack_has_a_home_only_while_it_is_referenced,
    lemmas.a_detached_pool_has_no_mapping_left,
)

STEPS = (
    invariants.a_page_goes_home_to_its_own_pool,
    invariants.what_is_counted_in_is_counted_out,
    invariants.each_map_has_its_one_unmap,
    invariants.nothing_is_unmapped_or_freed_under_a_device,
    invariants.the_dma_api_is_not_called_for_a_device_that_is_gone,
    invariants.a_sync_makes_no_mapping,
    invariants.a_turn_changes_in_a_live_pool_or_on_the_way_home,
    invariants.what_the_cpu_wrote_is_not_forgotten_before_a_sync,
    invariants.the_cpu_writes_only_what_it_has_alone,
    invariants.a_reference_comes_from_a_holder,
    invariants.who_sends_a_page_gives_up_a_reference,
    invariants.a_life_goes_forward,
    invariants.a_free_page_enters_a_live_pool,
    invariants.an_idle_page_leaves_to_its_own_ring_or_the_allocator,
    invariants.a_posted_page_leaves_to_its_driver,
    invariants.the_last_holder_decides_where_a_page_goes,
    invariants.a_page_in_tx_leaves_when_its_device_is_done,
    invariants.only_its_last_holder_takes_a_page_out_of_its_pool,
)

SOMETIMES = (
    witnesses.a_page_crosses_two_devices_and_comes_home,
    (witnesses.a_page_is_out_when_its_pool_is_detached, witnesses.the_page_comes_home_late),
    (witnesses.a_page_is_out_when_its_pool_is_detached, witnesses.the_page_outlives_the_pool),
    witnesses.an_old_and_a_new_pool_each_get_their_own_page_back,
    witnesses.destroy_returns_while_the_next_pool_is_at_work,
    witnesses.a_clone_is_held_by_the_stack_while_tx_reads_it,
    witnesses.a_pool_is_freed,
    (witnesses.a_page_leaves_by_release, witnesses.the_page_comes_back_in),
    witnesses.the_rx_ring_is_full,
    witnesses.the_tx_limit_is_reached,
)

NEEDS = {
    witnesses.a_page_crosses_two_devices_and_comes_home: {"devices": 2},
    witnesses.an_old_and_a_new_pool_each_get_their_own_page_back: {"pages": 2, "pools": 2},
    witnesses.destroy_returns_while_the_next_pool_is_at_work: {"pools": 2},
}

ownership = Machine(
    name="ownership",
    doc="The rules of page ownership themselves: whatever they permit may happen, in any order.",
    state=Ownership,
    system=(
        enter, leave, rx_post, rx_repost, rx_complete, sync_for_cpu, sync_for_device, xdp_drop, xdp_tx, redirect,
        tx_complete, tx_complete_release, tx_complete_free, recycle, release, disconnect,
        pool_create, pool_destroy, scrub, unmap_early, pool_detach, pool_free,
    ),
    environment=(cpu_write, clone, put, free, get_page, put_page, reclaim, device_unbind),
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
