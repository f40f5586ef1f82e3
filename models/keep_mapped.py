# SPDX-License-Identifier: MIT
"""The deck's proposal as Linux built it: pages stay mapped, and the pool decides which to keep.

`spec/` defines what is permitted; this model adds what Linux chooses: when to allocate (only when the pool is empty),
when to recycle and when to release (elevated refcount, pool full), and what happens on a full TX ring. A last put is
several steps: the put, the sync, and then the choice.
"""

from spec.buffer_actions import (
    clone,
    cpu_write,
    device_done,
    pass_up,
    pp_unref,
    put_last,
    redirect,
    rx_complete,
    rx_post,
    rx_repost,
    sync_for_cpu,
    sync_for_device,
    take,
    tx_complete,
    xdp_tx,
)
from spec.dsl import NOBODY, Machine, bound, count, require
from spec.ownership import ALWAYS, NEEDS, SOMETIMES, STEPS, TINY, everything_is_over, ownership
from spec.page import Device, Frag, Ownership, Page, Place, Pool, Where, in_tx
from spec.page_actions import (
    adopt,
    alloc_into_pool,
    drain,
    get_page,
    hold_bias,
    put_page,
    recycle,
    release,
    return_idle,
    sync_home,
)
from spec.pool_actions import (
    device_unbind,
    pool_create,
    pool_destroy,
    pool_detach,
    pool_free,
    queue_start,
    queue_stop,
    scrub,
    scrub_unmap,
    sync_off,
)


class KeepMapped(Ownership):
    """The state of the rules, with the number of idle pages a pool may keep."""

    capacity = bound(1, 12, "idle pages a pool keeps: its cache and its ring together (Q2)")


def idle(s: KeepMapped, pool: Pool) -> int:
    """Idle pages of a pool: alloc.count plus the fill of its ptr_ring."""
    return count(s.pages, lambda p: s.home[p] == pool and s.where[p] == Where.POOL)


def alloc_slow(s: KeepMapped, page: Page, pool: Pool) -> None:
    """The pool is empty, so a page is allocated.

    Kernel: T2 finds the ring empty, then T4. The kernel allocates up to 64 pages at once, the model one page a step.
    """
    require(idle(s, pool) == 0)
    alloc_into_pool(s, page, pool)


def recycle_with_room(s: KeepMapped, page: Page, pool: Pool) -> None:
    """After the last put, without a plain reference, the pool has room: the page is recycled (T13 to T15, T22)."""
    require(idle(s, pool) < s.capacity)
    recycle(s, page, pool)


def release_outside(s: KeepMapped, page: Page, pool: Pool) -> None:
    """After the last put, with a plain reference left or a full pool: the page leaves its pool.

    Kernel: T16 ring full, T17 elevated refcount.
    """
    require(s.foreign[page] or idle(s, pool) >= s.capacity)
    release(s, page, pool)


def redirect_refused(s: KeepMapped, page: Page, frag: Frag, dev: Device) -> None:
    """The other device's TX ring is full: devmap puts the frames that were not sent, the driver must not (T24).

    Kernel: ndo_xdp_xmit() returns fewer than it was given, bq_xmit_all() returns the rest to its pool.
    """
    require(in_tx(s, dev) == s.tx_limit)
    require(other_device(s, page, dev))
    require(s.place[page, frag] == Place.DRIVER)
    put_last(s, page, frag)


def other_device(s: KeepMapped, page: Page, dev: Device) -> bool:
    """The device is not the one of the page's home."""
    return s.home[page] != NOBODY and s.device_of[s.home[page]] != dev


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
        alloc_slow, hold_bias, drain, rx_post, take, rx_repost, rx_complete, sync_for_cpu, sync_for_device, pass_up,
        put_last, sync_home, recycle_with_room, release_outside, xdp_tx, redirect, redirect_refused, tx_complete,
        pool_create, queue_stop, queue_start, pool_destroy, sync_off, scrub, scrub_unmap, pool_detach, pool_free,
    ),
    environment=(return_idle, device_done, cpu_write, clone, pp_unref, get_page, put_page, adopt, device_unbind),
    always=(*ALWAYS, a_pool_keeps_no_more_than_its_capacity),
    steps=STEPS,
    sometimes=(*SOMETIMES, a_pool_is_full),
    needs=NEEDS,
    scopes={
        "tiny": dict(TINY, pages=2, pools=1, capacity=1),
        "small": dict(TINY, pages=2, capacity=1),
        "large": dict(TINY, pages=3, capacity=2),
    },
    symmetric=(Page, Frag, Pool, Device),
    place=Ownership.place,
    final=everything_is_over,
    refines=ownership,
)  # fmt: skip
