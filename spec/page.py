"""Who owns a page: the state. A page's place, its home, for whom it is DMA-mapped, and who still refers to it.

Numbers T.., S.. and P.. are those of the kernel reference the rules were read from, docs/kernel-reference.md:
transitions, safety properties and page states of Linux' page_pool (6.1 and 6.12, `net/core/page_pool.c`).
"""

from spec.dsl import ANY, NOBODY, Kind, Sort, State, between, bound, count, field, history, members, optional


class Page(Sort, called="{letter}"):
    """A page of memory."""


class Pool(Sort, called="pool{n}"):
    """One page pool, from its creation until it is freed; the next pool on that device is another one."""


class Device(Sort, called="eth{n}"):
    """A network device, as the DMA API knows it; bound to its driver until it is unbound."""


class Place(Kind):
    """Where a page is (P0..P13, at the level at which a page is one thing)."""

    FREE = "in the page allocator"
    POOL = "idle in its pool: cache or pool ring"
    RX_RING = "posted to its device, which may write it at any moment"
    STACK = "held by the CPU: driver, XDP program, stack, socket"
    TX = "read by a device; references of the stack may remain"


class Dma(Kind):
    """A page's mapping for one device, and whose turn it is to touch the page through it."""

    UNMAPPED = "not mapped"
    CPU = "mapped, the cpu's turn"
    DEVICE = "mapped, the device's turn"


class Life(Kind):
    """The life of a pool (kernel reference 4.1)."""

    ABSENT = "not created yet"
    LIVE = "in use by its driver"
    SCRUBBING = "page_pool_destroy() is running"
    DETACHED = "destroy has returned, pages are still out"
    FREED = "gone"


class Bind(Kind):
    """Whether a device has its driver; once unbound it stays so, a new probe makes another device."""

    BOUND = "driver bound"
    UNBOUND = "driver gone, and its DMA context with it"


class Ownership(State):
    """Everything the rules of page ownership speak of.

    Nothing points at a page: a page carries its whereabouts. Ring fill, pages in flight and pages in TX are
    counts over pages, never stored.
    """

    pages = members(Page)
    pools = members(Pool, 1, 6)
    devices = members(Device, 1, 4)

    ring_size = bound(1, 12, "descriptors in a device's RX ring")
    tx_limit = bound(1, 12, "pages a device may have in TX at once")
    max_refs = bound(1, 4, "references of the stack to one page; a limit of the scope, not of the kernel")
    live_pools = bound(1, 6, "live pools one device may have: its RX queues")

    place = field(Page, Place, Place.FREE, "where the page is; written by whoever moves it")
    home = field(
        Page, optional(Pool), NOBODY, "the pool that counted it in; written by enter, and by whatever takes it out"
    )
    tx_dev = field(Page, optional(Device), NOBODY, "the device transmitting it; written at xmit and at TX completion")
    refs = field(
        Page, between(0, max_refs), 0, "references of the stack (pp refs while it has a home); written by their holders"
    )
    foreign = field(Page, bool, False, "somebody took a plain page reference; written by get_page and put_page")
    dirty = field(Page, bool, False, "the cpu wrote it since the last sync for device; written by the cpu and by syncs")
    dma = field((Page, Device), Dma, Dma.UNMAPPED, "its mapping for a device; written by map, unmap and sync")

    life = field(
        Pool, Life, Life.ABSENT, "where the pool is in its life; written by its driver and by the release worker"
    )
    device_of = field(Pool, Device, ANY, "the device a pool maps its pages for; fixed, nobody writes it")
    bind = field(Device, Bind, Bind.BOUND, "whether the device has its driver; written by the driver core")

    hold = history(Pool, "pages counted in (pages_state_hold_cnt); written by enter")
    returned = history(Pool, "pages counted out (pages_state_release_cnt); written by whatever takes a page out")
    maps = history((Page, Device), "dma_map calls; written by map")
    unmaps = history((Page, Device), "dma_unmap calls; written by unmap")


# What the acting party can see. Guards below are made from these and from plain reads.


def in_flight(s: Ownership, pool: Pool) -> int:
    """Pages counted in and not yet out: hold - release, which the kernel reads from two counters (S6)."""
    return count(s.pages, lambda p: s.home[p] == pool)


def live_pools_of(s: Ownership, dev: Device) -> int:
    """The live pools of a device: one for each RX queue that runs."""
    return count(s.pools, lambda q: s.device_of[q] == dev and s.life[q] == Life.LIVE)


def posted(s: Ownership, pool: Pool) -> int:
    """Pages of this pool in its device's RX ring."""
    return count(s.pages, lambda p: s.home[p] == pool and s.place[p] == Place.RX_RING)


def in_tx(s: Ownership, dev: Device) -> int:
    """Pages this device has been told to read and has not completed."""
    return count(s.pages, lambda p: s.tx_dev[p] == dev)
