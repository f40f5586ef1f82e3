"""What is true of page ownership. An invariant holds for all its arguments, in every state or at every step.

The names are sentences that somebody could deny. S numbers: the safety properties of docs/kernel-reference.md.
"""

from spec.dsl import NOBODY, each, iff, implies, some
from spec.page import Bind, Device, Dma, Life, Ownership, Page, Place, Pool, in_flight, in_tx, live_pools_of, posted

# In every state.


def an_idle_page_is_held_by_nobody(s: Ownership, page: Page) -> bool:
    """S1, S3: free, in the pool or in the RX ring, a page has no reference, no foreign reference and no sender."""
    idle = s.place[page] in (Place.FREE, Place.POOL, Place.RX_RING)
    unheld = s.refs[page] == 0 and not s.foreign[page] and s.tx_dev[page] == NOBODY
    return implies(idle, unheld)


def a_page_with_the_stack_is_held_by_somebody(s: Ownership, page: Page) -> bool:
    """S1, S24: a page that is out is never forgotten: the stack refers to it, or somebody outside does."""
    return implies(s.place[page] == Place.STACK, s.refs[page] > 0 or s.foreign[page])


def a_page_is_in_tx_exactly_while_a_device_sends_it(s: Ownership, page: Page) -> bool:
    """S1: place and sender agree, so that "nowhere" means "nobody"."""
    return iff(s.place[page] == Place.TX, s.tx_dev[page] != NOBODY)


def a_page_has_a_home_exactly_while_a_pool_counts_it(s: Ownership, page: Page) -> bool:
    """S5: in the allocator a page belongs to no pool; idle in a pool or in an RX ring it belongs to one."""
    if s.place[page] == Place.FREE:
        return s.home[page] == NOBODY
    return s.place[page] in (Place.STACK, Place.TX) or s.home[page] != NOBODY


def a_pool_that_is_gone_is_home_to_no_page(s: Ownership, page: Page) -> bool:
    """S7: once a pool is freed (and before it is created) no page would go home to it."""
    return s.home[page] == NOBODY or s.life[s.home[page]] in (Life.LIVE, Life.SCRUBBING, Life.DETACHED)


def a_free_page_is_left_alone(s: Ownership, page: Page) -> bool:
    """S8: in the allocator a page is mapped for no device, and nobody refers to it or writes it."""
    untouched = each(s.devices, lambda d: s.dma[page, d] == Dma.UNMAPPED) and s.refs[page] == 0 and not s.dirty[page]
    return implies(s.place[page] == Place.FREE, untouched)


def a_device_only_touches_what_is_mapped_for_it(s: Ownership, page: Page, dev: Device) -> bool:
    """S9: what is posted to a device, or being sent by it, is mapped for that very device."""
    return implies(touches(s, page, dev), s.dma[page, dev] != Dma.UNMAPPED)


def a_page_is_mapped_for_its_home_and_its_sender_only(s: Ownership, page: Page, dev: Device) -> bool:
    """S10: every mapping has a reason that will undo it."""
    at_home = s.home[page] != NOBODY and s.device_of[s.home[page]] == dev
    return s.dma[page, dev] == Dma.UNMAPPED or at_home or s.tx_dev[page] == dev


def an_idle_page_of_a_live_pool_is_mapped_and_synced(s: Ownership, page: Page) -> bool:
    """S3, S14: what the driver takes from its pool it may post as it is."""
    if s.place[page] != Place.POOL or s.home[page] == NOBODY or s.life[s.home[page]] != Life.LIVE:
        return True
    return s.dma[page, s.device_of[s.home[page]]] == Dma.DEVICE and not s.dirty[page]


def no_mapping_outlives_the_driver(s: Ownership, page: Page, dev: Device) -> bool:
    """S12: a device without its driver has nothing mapped."""
    return implies(s.bind[dev] == Bind.UNBOUND, s.dma[page, dev] == Dma.UNMAPPED)


def a_pool_at_work_has_its_device(s: Ownership, pool: Pool) -> bool:
    """S12: while a pool may map, unmap or sync, its device has its driver."""
    return implies(s.life[pool] in (Life.LIVE, Life.SCRUBBING), s.bind[s.device_of[pool]] == Bind.BOUND)


def the_cpu_writes_only_in_its_turn(s: Ownership, page: Page, dev: Device) -> bool:
    """S13, S14: what the cpu wrote and nobody synced is in no device's turn."""
    return implies(s.dirty[page], s.dma[page, dev] != Dma.DEVICE)


def a_second_device_reads_what_was_synced_for_the_cpu(s: Ownership, page: Page) -> bool:
    """S13: a page goes out of another device only after its own device's writes became visible."""
    if s.tx_dev[page] == NOBODY or s.home[page] == NOBODY or s.device_of[s.home[page]] == s.tx_dev[page]:
        return True
    return s.dma[page, s.device_of[s.home[page]]] != Dma.DEVICE


def a_device_has_its_turn_on_what_it_touches(s: Ownership, page: Page, dev: Device) -> bool:
    """S14: what a device may write or read was synced for it after the cpu's last access."""
    return implies(touches(s, page, dev), s.dma[page, dev] != Dma.CPU and not s.dirty[page])


def who_may_write_is_alone(s: Ownership, page: Page, dev: Device) -> bool:
    """S23: a device that may write a page shares it with nobody: no reference, no sender, no other device's turn."""
    alone = s.refs[page] == 0 and not s.foreign[page] and s.tx_dev[page] == NOBODY
    home_only = posted_to(s, page, dev) or s.dma[page, dev] != Dma.DEVICE
    return implies(s.place[page] == Place.RX_RING, alone and home_only)


def rings_are_never_overrun(s: Ownership, pool: Pool, dev: Device) -> bool:
    """S28: no more pages are posted than there are descriptors, none sent beyond the limit."""
    return posted(s, pool) <= s.ring_size and in_tx(s, dev) <= s.tx_limit


def a_device_has_one_live_pool_for_each_queue(s: Ownership, dev: Device) -> bool:
    """S16: no two live pools share a queue, whose NAPI is the one consumer of its pool."""
    return live_pools_of(s, dev) <= s.live_pools


def posted_to(s: Ownership, page: Page, dev: Device) -> bool:
    """The page is in this device's RX ring: the device of its home."""
    return s.place[page] == Place.RX_RING and s.home[page] != NOBODY and s.device_of[s.home[page]] == dev


def touches(s: Ownership, page: Page, dev: Device) -> bool:
    """The device has a live descriptor for this page: posted to it, or being sent by it."""
    return posted_to(s, page, dev) or s.tx_dev[page] == dev


# At every step: from the state before to the state after.


def a_page_goes_home_to_its_own_pool(before: Ownership, after: Ownership, page: Page) -> bool:
    """S4: a home is taken on when entering from the allocator, and then only lost, never exchanged."""
    if before.home[page] == after.home[page] or after.home[page] == NOBODY:
        return True
    return before.home[page] == NOBODY and before.place[page] == Place.FREE and after.place[page] == Place.POOL


def what_is_counted_in_is_counted_out(before: Ownership, after: Ownership, pool: Pool) -> bool:
    """S6: hold - release changes exactly as the number of pages whose home the pool is."""
    counted = (after.hold[pool] - before.hold[pool]) - (after.returned[pool] - before.returned[pool])
    return in_flight(after, pool) == in_flight(before, pool) + counted


def each_map_has_its_one_unmap(before: Ownership, after: Ownership, page: Page, dev: Device) -> bool:
    """S10, S15: nothing is mapped twice, unmapped twice, or made a mapping by a sync."""
    maps = after.maps[page, dev] - before.maps[page, dev]
    unmaps = after.unmaps[page, dev] - before.unmaps[page, dev]
    was, now = before.dma[page, dev] != Dma.UNMAPPED, after.dma[page, dev] != Dma.UNMAPPED
    if was == now:
        return maps == 0 and unmaps == 0
    if now:
        return maps == 1 and unmaps == 0
    return maps == 0 and unmaps == 1


def nothing_is_unmapped_or_freed_under_a_device(before: Ownership, after: Ownership, page: Page, dev: Device) -> bool:
    """S11: while a descriptor is live, its buffer stays mapped and where it is, up to the step that completes it."""
    if not touches(before, page, dev):
        return True
    completed = not touches(after, page, dev) and after.place[page] != Place.RX_RING
    sent = before.tx_dev[page] == dev
    return after.dma[page, dev] != Dma.UNMAPPED or (completed and sent)


def the_dma_api_is_not_called_for_a_device_that_is_gone(
    before: Ownership, after: Ownership, page: Page, dev: Device
) -> bool:
    """S12: after the driver has left, nobody maps, unmaps or syncs for its device."""
    return implies(before.bind[dev] == Bind.UNBOUND, before.dma[page, dev] == after.dma[page, dev])


def a_sync_makes_no_mapping(before: Ownership, after: Ownership, page: Page, dev: Device) -> bool:
    """S15: a mapping appears only where a page enters a pool or another device begins to send it."""
    if before.dma[page, dev] != Dma.UNMAPPED or after.dma[page, dev] == Dma.UNMAPPED:
        return True
    return before.place[page] == Place.FREE or after.tx_dev[page] == dev


def a_turn_changes_in_a_live_pool_or_on_the_way_home(
    before: Ownership, after: Ownership, page: Page, dev: Device
) -> bool:
    """S15: a driver syncs only for a pool it has not destroyed: a scrub may unmap any time; going home looks first."""
    was, now, home = before.dma[page, dev], after.dma[page, dev], before.home[page]
    if was == now or was == Dma.UNMAPPED or now == Dma.UNMAPPED:
        return True
    if home == NOBODY:
        return False
    return before.life[home] == Life.LIVE or (before.place[page] != Place.POOL and after.place[page] == Place.POOL)


def what_the_cpu_wrote_is_not_forgotten_before_a_sync(before: Ownership, after: Ownership, page: Page) -> bool:
    """S14: a write counts as visible once a device has its turn after it, or once the page is mapped for nobody."""
    if not before.dirty[page] or after.dirty[page]:
        return True
    is_synced = some(after.devices, lambda d: after.dma[page, d] == Dma.DEVICE)
    return is_synced or each(after.devices, lambda d: after.dma[page, d] == Dma.UNMAPPED)


def the_cpu_writes_only_what_it_has_alone(before: Ownership, after: Ownership, page: Page) -> bool:
    """S23: when the cpu writes, it holds the only reference of any kind, and no device reads."""
    if before.dirty[page] or not after.dirty[page]:
        return True
    alone = before.refs[page] == 1 and not before.foreign[page] and before.tx_dev[page] == NOBODY
    return before.place[page] == Place.STACK and alone


def a_reference_comes_from_a_holder(before: Ownership, after: Ownership, page: Page) -> bool:
    """S19: only who holds a page lets others hold it; the driver's first reference comes from the RX ring."""
    gained = after.refs[page] > before.refs[page] or (after.foreign[page] and not before.foreign[page])
    return implies(gained, before.refs[page] > 0 or before.place[page] == Place.RX_RING)


def who_sends_a_page_gives_up_a_reference(before: Ownership, after: Ownership, page: Page) -> bool:
    """S19, S24: the reference that TX holds was its sender's; counted twice, it would never be put."""
    if before.tx_dev[page] != NOBODY or after.tx_dev[page] == NOBODY:
        return True
    return after.refs[page] == before.refs[page] - 1


def a_life_goes_forward(before: Ownership, after: Ownership, pool: Pool) -> bool:
    """S7: a pool is created, destroyed, detached and freed, in this order, once; it keeps its device."""
    was, now = before.life[pool], after.life[pool]
    if was == Life.ABSENT:
        return now in (Life.ABSENT, Life.LIVE)
    if was == Life.LIVE:
        return now in (Life.LIVE, Life.SCRUBBING)
    if was == Life.SCRUBBING:
        return now in (Life.SCRUBBING, Life.DETACHED, Life.FREED)
    return now == Life.FREED or (was == Life.DETACHED and now == Life.DETACHED)


# For each place, how a page may leave it.


def a_free_page_enters_a_live_pool(before: Ownership, after: Ownership, page: Page) -> bool:
    """S31: out of the allocator a page only goes to a pool in use, which has counted it before it is handed on."""
    if before.place[page] != Place.FREE or after.place[page] == Place.FREE:
        return True
    return after.place[page] == Place.POOL and after.home[page] != NOBODY and after.life[after.home[page]] == Life.LIVE


def an_idle_page_leaves_to_its_own_ring_or_the_allocator(before: Ownership, after: Ownership, page: Page) -> bool:
    """S1, S2: out of a pool a page goes to the RX ring of a live pool, or is freed."""
    if before.place[page] != Place.POOL or after.place[page] in (Place.POOL, Place.FREE):
        return True
    if after.home[page] == NOBODY:
        return False
    return after.place[page] == Place.RX_RING and after.life[after.home[page]] == Life.LIVE


def a_posted_page_leaves_to_its_driver(before: Ownership, after: Ownership, page: Page) -> bool:
    """S11, S24: out of the RX ring a page goes to the one driver that posted it, with one reference."""
    if before.place[page] != Place.RX_RING or after.place[page] == Place.RX_RING:
        return True
    return after.place[page] == Place.STACK and after.refs[page] == 1 and after.home[page] == before.home[page]


def the_last_holder_decides_where_a_page_goes(before: Ownership, after: Ownership, page: Page) -> bool:
    """S18, S20: any holder may hand a page to a device; elsewhere it goes only when the last reference is put."""
    if before.place[page] != Place.STACK or after.place[page] in (Place.STACK, Place.TX):
        return True
    return count_of_references(before, page) == 1


def a_page_in_tx_leaves_when_its_device_is_done(before: Ownership, after: Ownership, page: Page) -> bool:
    """S24: out of TX a page goes back to the stack that holds it; home or out only if TX held the last reference."""
    if before.place[page] != Place.TX or after.place[page] == Place.TX:
        return True
    if after.place[page] == Place.STACK:
        return before.refs[page] > 0 or before.foreign[page]
    return before.refs[page] == 0 and after.place[page] in (Place.POOL, Place.FREE)


def only_its_last_holder_takes_a_page_out_of_its_pool(before: Ownership, after: Ownership, page: Page) -> bool:
    """S5, S6: a home is lost by an idle page, or by the hand that holds the page's last pool reference."""
    if before.home[page] == NOBODY or after.home[page] != NOBODY:
        return True
    idle = before.place[page] == Place.POOL
    last = before.place[page] == Place.STACK and before.refs[page] == 1
    return idle or last or (before.place[page] == Place.TX and before.refs[page] == 0)


def count_of_references(s: Ownership, page: Page) -> int:
    """References of the stack, and the foreign one."""
    return s.refs[page] + (1 if s.foreign[page] else 0)
