# SPDX-License-Identifier: MIT
"""The state: who has a buffer, where its page is, which pool counted the page in, for whom it is DMA-mapped.

Numbers T.., S.., P.. and B.. are those of docs/kernel-reference.md: transitions, safety properties, page states and
bugs of Linux' page_pool (6.1 and 6.12, `net/core/page_pool.c`).
"""

from spec.dsl import (
    ANY,
    NOBODY,
    Kind,
    Sort,
    State,
    between,
    bound,
    count,
    each,
    field,
    history,
    members,
    optional,
    some,
)


class Page(Sort, called="{letter}"):
    """A page of memory: it is mapped, counted in and out, and goes home as a whole."""


class Frag(Sort, called="frag{n}"):
    """A fragment; with its page it is a buffer, which has one owner at a time. A page of one fragment is not split."""


class Pool(Sort, called="pool{n}"):
    """One page pool, from its creation until it is freed; a device's next pool is another member."""


class Device(Sort, called="eth{n}"):
    """A network device as the DMA API knows it, bound to its driver until it is unbound."""


class Where(Kind):
    """Where a page is as a whole."""

    FREE = "in the page allocator"
    POOL = "idle in its pool: cache or pool ring"
    OUT = "out of the pool: a buffer of it is in use, its bias is held, or a plain reference keeps it"
    BACK = "its last pp reference was put; who put it has not yet recycled or released it"


class Place(Kind):
    """Who has a buffer."""

    REST = "nobody: it rests in its page"
    RX_RING = "its home's device: posted, and may be written at any moment"
    DRIVER = "the driver, alone"
    STACK = "whom it was handed up to: XDP redirect queue, stack, socket; devices may send it too"
    TX = "devices that send it, and nobody else"


class Bytes(Kind):
    """Who sees a buffer's right bytes, through the mapping it was received by."""

    DEVICE = "the device, which may write them or read them"
    STALE = "the device wrote them, and they were not synced for the CPU"
    CPU = "the CPU"
    DIRTY = "the CPU, which wrote them since the last sync for the device"


class Sent(Kind):
    """Whether a device sends a buffer, and through which mapping."""

    NOT = "not sent by this device"
    HOME = "sent through the home mapping (XDP_TX)"
    OWN = "sent through a mapping made for it"


class Life(Kind):
    """The life of a pool (kernel reference 4.1)."""

    ABSENT = "not created yet"
    LIVE = "in use by its driver"
    STOPPED = "its queue is stopped: the device has ended, NAPI is disabled"
    SCRUBBING = "page_pool_destroy() is running"
    DETACHED = "destroy has returned, pages are still out"
    FREED = "freed"


class Bind(Kind):
    """Whether a device has its driver; an unbound device stays unbound, a new probe makes another member."""

    BOUND = "bound to its driver"
    UNBOUND = "unbound from its driver; its DMA context is gone"


class Ownership(State):
    """The state of the ownership rules.

    No field holds a page: each page records where it is. Ring fill, pages in flight and buffers in TX are counts,
    never stored.
    """

    pages = members(Page)
    frags = members(Frag, 1, 4)
    pools = members(Pool, 1, 6)
    devices = members(Device, 1, 4)

    ring_size = bound(1, 12, "descriptors in the RX ring that a pool feeds")
    tx_limit = bound(1, 12, "buffers a device may have in TX at once")
    max_refs = bound(1, 4, "references to one buffer; a limit of the scope, not of the kernel")
    live_pools = bound(1, 6, "live or stopped pools one device may have: RX queues, header and payload")
    cutting = bound(0, 1, "1: a page may be handed out fragment by fragment, its bias held")
    two_way = bound(0, 1, "1: pools that map for both directions, and sync, may be created")
    one_way = bound(0, 1, "1: pools that map for receiving only, and sync, may be created")
    unsynced = bound(0, 1, "1: pools that map for both directions and do not sync may be created")
    unmapped = bound(0, 1, "1: pools that map nothing may be created")
    untracked = bound(0, 1, "1: pools of 6.1, whose destroy unmaps no page that is out, may be created")

    where = field(
        Page, Where, Where.FREE, "the page as a whole; written where its first buffer goes or its last returns"
    )
    home = field(Page, optional(Pool), NOBODY, "the pool that counted it in; written as it enters or leaves the pool")
    mapped = field(Page, bool, False, "the home mapping stands; written by the pool's dma_map and dma_unmap")
    cut = field(Page, bool, False, "its bias is held, by its pool or driver; written by hold_bias and drain")
    foreign = field(Page, bool, False, "a plain page reference is held; written by get_page and put_page")

    place = field((Page, Frag), Place, Place.REST, "who has the buffer; written by each action that hands it on")
    refs = field(
        (Page, Frag),
        between(0, max_refs),
        0,
        "pp references of driver or stack; a sending is one more, not counted here",
    )
    bytes = field((Page, Frag), Bytes, Bytes.DEVICE, "who sees its bytes; written by the device, the CPU and syncs")
    filled = field((Page, Frag), bool, False, "the descriptor's done bit; written by the device")
    rx_map = field((Page, Frag), bool, False, "a driver's own mapping for receiving; where the pool maps nothing")
    sent = field((Page, Frag, Device), Sent, Sent.NOT, "who sends it and how; written at xmit and at TX completion")

    life = field(Pool, Life, Life.ABSENT, "where the pool is in its life; written by its driver and the release worker")
    maps = field(Pool, bool, False, "PP_FLAG_DMA_MAP; written at creation")
    syncs = field(Pool, bool, False, "PP_FLAG_DMA_SYNC_DEV; written at creation")
    both_ways = field(Pool, bool, False, "dma_dir is DMA_BIDIRECTIONAL; written at creation")
    tracks = field(
        Pool, bool, False, "it knows its mappings (ee62ce7a1d90), so destroy unmaps them; written at creation"
    )
    dma_sync = field(Pool, bool, False, "a put syncs for the device; switched off by destroy before its walk")
    device_of = field(Pool, Device, ANY, "the device a pool maps its pages for; fixed, no action writes it")
    bind = field(Device, Bind, Bind.BOUND, "whether the device has its driver; written by the driver core")

    hold = history(Pool, "pages counted in (pages_state_hold_cnt); written by alloc_into_pool")
    returned = history(Pool, "pages counted out (pages_state_release_cnt); written when a page leaves the pool")
    home_maps = history(Page, "dma_map calls for a page's home")
    home_unmaps = history(Page, "dma_unmap calls for a page's home")
    rx_maps = history((Page, Frag), "dma_map calls of drivers for receiving")
    rx_unmaps = history((Page, Frag), "dma_unmap calls of drivers after receiving")
    tx_maps = history((Page, Frag, Device), "dma_map calls for sending")
    tx_unmaps = history((Page, Frag, Device), "dma_unmap calls after sending")


# What an action's party can observe: guards use these and plain reads.


def in_flight(s: Ownership, pool: Pool) -> int:
    """Pages counted in and not yet out; the kernel computes hold - release from two counters (S6)."""
    return count(s.pages, lambda p: s.home[p] == pool)


def is_in_use(s: Ownership, pool: Pool) -> bool:
    """The driver has the pool: page_pool_destroy() was not called yet."""
    return s.life[pool] == Life.LIVE or s.life[pool] == Life.STOPPED


def pools_in_use(s: Ownership, dev: Device) -> int:
    """The pools that a device's driver has."""
    return count(s.pools, lambda q: s.device_of[q] == dev and is_in_use(s, q))


def posted(s: Ownership, pool: Pool) -> int:
    """Buffers of this pool in its device's RX ring."""
    return count((s.pages, s.frags), lambda p, f: s.home[p] == pool and s.place[p, f] == Place.RX_RING)


def in_tx(s: Ownership, dev: Device) -> int:
    """Buffers that this device is sending: posted to TX and not completed."""
    return count((s.pages, s.frags), lambda p, f: s.sent[p, f, dev] != Sent.NOT)


def is_sent(s: Ownership, page: Page, frag: Frag) -> bool:
    """Some device sends the buffer."""
    return some(s.devices, lambda d: s.sent[page, frag, d] != Sent.NOT)


def is_visible(s: Ownership, page: Page, frag: Frag) -> bool:
    """The CPU sees the right bytes."""
    return s.bytes[page, frag] == Bytes.CPU or s.bytes[page, frag] == Bytes.DIRTY


def all_at_rest(s: Ownership, page: Page) -> bool:
    """Nobody has a buffer of the page."""
    return each(s.frags, lambda f: s.place[page, f] == Place.REST)
