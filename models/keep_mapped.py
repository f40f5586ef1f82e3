# SPDX-License-Identifier: MIT
"""The deck's proposal as Linux built it: pages stay mapped, and the pool decides which to keep.

`spec/` defines what is permitted; this model adds what Linux chooses: when to allocate (only when the pool is empty),
when to recycle and when to release (elevated refcount, pool full), and what happens on a full TX ring.
"""

from spec.dsl import NOBODY, Machine, bound, count, require
from spec.ownership import ALWAYS, NEEDS, SOMETIMES, STEPS, everything_is_over, ownership
from spec.page import Device, Ownership, Page, Place, Pool, in_tx
from spec.page_actions import (
    alloc_into_pool,
    clone,
    cpu_write,
    get_page,
    pp_unref,
    put_page,
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
    tx_complete_release,
    xdp_drop,
    xdp_tx,
)
from spec.pool_actions import device_unbind, pool_create, pool_destroy, pool_detach, pool_free, scrub, scrub_unmap


class KeepMapped(Ownership):
    """The state of the rules, with the number of idle pages a pool may keep."""

    capacity = bound(1, 12, "idle pages a pool keeps: its cache and its ring together (Q2)")


def idle(s: KeepMapped, pool: Pool) -> int:
    """Idle pages of a pool: alloc.count plus the fill of its ptr_ring."""
    return count(s.pages, lambda p: s.home[p] == pool and s.place[p] == Place.POOL)


def has_room_at_home(s: KeepMapped, page: Page) -> bool:
    """The page's pool can take it back: its ring has a free slot (T15)."""
    return s.home[page] != NOBODY and idle(s, s.home[page]) < s.capacity


def alloc_slow(s: KeepMapped, page: Page, pool: Pool) -> None:
    """The pool is empty, so a page is allocated.

    Kernel: T2 finds the ring empty, then T4. The kernel allocates up to 64 pages at once, the model one page a step.
    """
    require(idle(s, pool) == 0)
    alloc_into_pool(s, page, pool)


def put_last(s: KeepMapped, page: Page) -> None:
    """The last reference is put, there is no foreign one and the pool has room: the page is recycled.

    Kernel: T12 to T15, page_pool_put_page().
    """
    require(has_room_at_home(s, page))
    recycle(s, page)


def put_last_outside(s: KeepMapped, page: Page) -> None:
    """The last pp reference is put, with a foreign reference left or a full pool: the page leaves its pool.

    Kernel: T16 ring full, T17 elevated refcount.
    """
    require(s.foreign[page] or not has_room_at_home(s, page))
    release(s, page)


def xdp_drop_directly(s: KeepMapped, page: Page, pool: Pool) -> None:
    """XDP_DROP: recycled into the cache without a lock (T22, T14)."""
    require(has_room_at_home(s, page))
    xdp_drop(s, page, pool)


def xdp_tx_own(s: KeepMapped, page: Page, pool: Pool) -> None:
    """XDP_TX: the program runs while the driver has the only reference (T23)."""
    require(s.refs[page] == 1)
    xdp_tx(s, page, pool)


def redirect_refused(s: KeepMapped, page: Page, dev: Device) -> None:
    """The other device's TX ring is full: devmap recycles the frames that were not sent, the driver must not (T24).

    Kernel: ndo_xdp_xmit() returns fewer than it was given, bq_xmit_all() returns the rest to its pool.
    """
    require(in_tx(s, dev) == s.tx_limit)
    require(other_device(s, page, dev))
    require(has_room_at_home(s, page))
    recycle(s, page)


def other_device(s: KeepMapped, page: Page, dev: Device) -> bool:
    """The device is not the one of the page's home."""
    return s.home[page] != NOBODY and s.device_of[s.home[page]] != dev


def xmit_done(s: KeepMapped, page: Page, dev: Device) -> None:
    """TX completion: the stack still holds the page, or it is recycled into a pool with room.

    Kernel: T24, xdp_return_frame() or consume_skb() of the last clone.
    """
    require(s.refs[page] > 0 or has_room_at_home(s, page))
    tx_complete(s, page, dev)


def xmit_done_outside(s: KeepMapped, page: Page, dev: Device) -> None:
    """TX completion with the last pp reference, with a foreign one left or a full pool: the page leaves its pool."""
    require(s.foreign[page] or not has_room_at_home(s, page))
    tx_complete_release(s, page, dev)


def a_pool_keeps_no_more_than_its_capacity(s: KeepMapped, pool: Pool) -> bool:
    """Q2, S28: idle memory is bounded by the cache and the ring."""
    return idle(s, pool) <= s.capacity


def a_pool_is_full(s: KeepMapped, pool: Pool) -> bool:
    """The bound on idle pages is reached."""
    return idle(s, pool) == s.capacity


MODEL = keep_mapped = Machine(
    name="keep_mapped",
    doc="Linux' page_pool: pages stay mapped for the device they came from and are recycled for it.",
    state=KeepMapped,
    system=(
        alloc_slow, rx_post, rx_repost, rx_complete, sync_for_cpu, sync_for_device, xdp_drop_directly, xdp_tx_own,
        redirect, redirect_refused, xmit_done, xmit_done_outside, put_last, put_last_outside,
        pool_create, pool_destroy, scrub, scrub_unmap, pool_detach, pool_free,
    ),
    environment=(return_idle, cpu_write, clone, pp_unref, get_page, put_page, device_unbind),
    always=(*ALWAYS, a_pool_keeps_no_more_than_its_capacity),
    steps=STEPS,
    sometimes=(*SOMETIMES, a_pool_is_full),
    needs=NEEDS,
    scopes={
        "tiny": dict(
            pages=2, pools=1, devices=2, ring_size=1, tx_limit=1, max_refs=2, live_pools=1, capacity=1
        ),
        "small": dict(
            pages=2, pools=2, devices=2, ring_size=1, tx_limit=1, max_refs=2, live_pools=1, capacity=1
        ),
        "large": dict(
            pages=4, pools=2, devices=2, ring_size=2, tx_limit=2, max_refs=2, live_pools=1, capacity=2
        ),
    },
    symmetric=(Page, Pool, Device),
    place=Ownership.place,
    final=everything_is_over,
    refines=ownership,
)  # fmt: skip
