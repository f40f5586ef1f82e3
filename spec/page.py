# SPDX-License-Identifier: MIT
"""The state: where a page is, the pool that counted it in, for which devices it is DMA-mapped, its references.

Numbers T.., S.. and P.. are those of docs/kernel-reference.md: transitions, safety properties and page states of
Linux' page_pool (6.1 and 6.12, `net/core/page_pool.c`).
"""

from spec.dsl import ANY, NOBODY, Kind, Sort, State, between, bound, count, field, history, members, optional


class Page(Sort, called="{letter}"):
    """A page of memory."""


class Pool(Sort, called="pool{n}"):
    """One page pool, from its creation until it is freed; a device's next pool is another member."""


class Device(Sort, called="eth{n}"):
    """A network device as the DMA API knows it, bound to its driver until it is unbound."""


class Place(Kind):
    """Where a page is (P0..P13, for pages that are not split into fragments)."""

    FREE = "in the page allocator"
    POOL = "idle in its pool: cache or pool ring"
    RX_RING = "posted to its device, which may write it at any moment"
    STACK = "held by the CPU: driver, XDP program, stack, socket"
    TX = "read by a device; references of the stack may remain"


class Dma(Kind):
    """A page's DMA mapping for one device, and which side owns it: the CPU or the device."""

    UNMAPPED = "not mapped"
    CPU = "mapped, owned by the CPU"
    DEVICE = "mapped, owned by the device"


class Life(Kind):
    """The life of a pool (kernel reference 4.1)."""

    ABSENT = "not created yet"
    LIVE = "in use by its driver"
    SCRUBBING = "page_pool_destroy() is running"
    DETACHED = "destroy has returned, pages are still out"
    FREED = "freed"


class Bind(Kind):
    """Whether a device has its driver; an unbound device stays unbound, a new probe makes another member."""

    BOUND = "bound to its driver"
    UNBOUND = "unbound from its driver; its DMA context is gone"


class Ownership(State):
    """The state of the ownership rules.

    No field holds a page: each page records where it is. Ring fill, pages in flight and pages in TX are counts over
    pages, never stored.
    """

    pages = members(Page)
    pools = members(Pool, 1, 6)
    devices = members(Device, 1, 4)

    ring_size = bound(1, 12, "descriptors in a device's RX ring")
    tx_limit = bound(1, 12, "pages a device may have in TX at once")
    max_refs = bound(1, 4, "references of the stack to one page; a limit of the scope, not of the kernel")
    live_pools = bound(1, 6, "live pools one device may have: its RX queues")

    place = field(Page, Place, Place.FREE, "where the page is; written by each action that moves it")
    home = field(
        Page,
        optional(Pool),
        NOBODY,
        "the pool that counted it in; written at alloc_into_pool and when the page leaves the pool",
    )
    tx_dev = field(Page, optional(Device), NOBODY, "the device transmitting it; written at xmit and at TX completion")
    refs = field(
        Page, between(0, max_refs), 0, "references of the stack (pp refs while it has a home); written by their holders"
    )
    foreign = field(Page, bool, False, "a plain page reference is held; written by get_page and put_page")
    dirty = field(Page, bool, False, "the CPU wrote it since the last sync for device; written by the CPU and by syncs")
    dma = field((Page, Device), Dma, Dma.UNMAPPED, "its mapping for a device; written by map, unmap and sync")

    life = field(
        Pool, Life, Life.ABSENT, "where the pool is in its life; written by its driver and by the release worker"
    )
    device_of = field(Pool, Device, ANY, "the device a pool maps its pages for; fixed, no action writes it")
    bind = field(Device, Bind, Bind.BOUND, "whether the device has its driver; written by the driver core")

    hold = history(Pool, "pages counted in (pages_state_hold_cnt); written by alloc_into_pool")
    returned = history(Pool, "pages counted out (pages_state_release_cnt); written when a page leaves the pool")
    maps = history((Page, Device), "dma_map calls; written by map")
    unmaps = history((Page, Device), "dma_unmap calls; written by unmap")


# What an action's party can observe: guards use these and plain reads.


def in_flight(s: Ownership, pool: Pool) -> int:
    """Pages counted in and not yet out; the kernel computes hold - release from two counters (S6)."""
    return count(s.pages, lambda p: s.home[p] == pool)


def live_pools_of(s: Ownership, dev: Device) -> int:
    """The live pools of a device, one for each running RX queue."""
    return count(s.pools, lambda q: s.device_of[q] == dev and s.life[q] == Life.LIVE)


def posted(s: Ownership, pool: Pool) -> int:
    """Pages of this pool in its device's RX ring."""
    return count(s.pages, lambda p: s.home[p] == pool and s.place[p] == Place.RX_RING)


def in_tx(s: Ownership, dev: Device) -> int:
    """Pages that this device is transmitting: posted to TX and not completed."""
    return count(s.pages, lambda p: s.tx_dev[p] == dev)
