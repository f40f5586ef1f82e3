# SPDX-License-Identifier: MIT
# fmt: off
"""The rules of page ownership as the first edition had them: the state and the actions, without claims.

Later editions are measured against it; test_editions.py pins its counts. It is a record that is not edited any more,
and is set tightly. It does not say where a run may end, so that a state in which nothing can happen is a deadlock.
"""

from spec.dsl import (
    ANY,
    NOBODY,
    Kind,
    Machine,
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
    require,
    some,
)


class Page(Sort, called="{letter}"):
    """A page of memory."""

class Pool(Sort, called="pool{n}"):
    """One page pool, from its creation until it is freed; a device's next pool is another member."""

class Device(Sort, called="eth{n}"):
    """A network device as the DMA API knows it, bound to its driver until it is unbound."""

class Place(Kind):
    """Where a page is."""
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
    """The life of a pool."""
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
    """The state of the ownership rules."""
    pages = members(Page)
    pools = members(Pool, 1, 6)
    devices = members(Device, 1, 4)
    ring_size = bound(1, 12, "descriptors in a device's RX ring")
    tx_limit = bound(1, 12, "pages a device may have in TX at once")
    max_refs = bound(1, 4, "references of the stack to one page; a limit of the scope, not of the kernel")
    live_pools = bound(1, 6, "live pools one device may have: its RX queues")
    place = field(Page, Place, Place.FREE, "where the page is; written by each action that moves it")
    home = field(Page, optional(Pool), NOBODY, "the pool that counted it in; written when it enters and leaves a pool")
    tx_dev = field(Page, optional(Device), NOBODY, "the device transmitting it; written at xmit and at TX completion")
    refs = field(Page, between(0, max_refs), 0, "references of the stack; written by their holders")
    foreign = field(Page, bool, False, "a plain page reference is held; written by get_page and put_page")
    dirty = field(Page, bool, False, "the CPU wrote it, and no sync followed; written by the CPU and by syncs")
    dma = field((Page, Device), Dma, Dma.UNMAPPED, "its mapping for a device; written by map, unmap and sync")
    life = field(Pool, Life, Life.ABSENT, "where the pool is in its life; written by pool_create to pool_free")
    device_of = field(Pool, Device, ANY, "the device a pool maps its pages for; fixed, no action writes it")
    bind = field(Device, Bind, Bind.BOUND, "whether the device has its driver; written by the driver core")
    hold = history(Pool, "pages counted in (pages_state_hold_cnt); written by alloc_into_pool")
    returned = history(Pool, "pages counted out (pages_state_release_cnt); written when a page leaves the pool")
    maps = history((Page, Device), "dma_map calls; written by map")
    unmaps = history((Page, Device), "dma_unmap calls; written by unmap")

def posted(s: Ownership, pool: Pool) -> int:
    """Pages of this pool in its device's RX ring."""
    return count(s.pages, lambda p: s.home[p] == pool and s.place[p] == Place.RX_RING)

def in_tx(s: Ownership, dev: Device) -> int:
    """Pages that this device is transmitting: posted to TX and not completed."""
    return count(s.pages, lambda p: s.tx_dev[p] == dev)

def map_for(s: Ownership, page: Page, dev: Device) -> None:
    """dma_map: the device owns the page and sees what the CPU wrote."""
    s.dma[page, dev] = Dma.DEVICE
    s.dirty[page] = False
    s.maps[page, dev] += 1

def unmap_for(s: Ownership, page: Page, dev: Device) -> None:
    """dma_unmap: the device may not access the page any more."""
    s.dma[page, dev] = Dma.UNMAPPED
    s.unmaps[page, dev] += 1

def sync_if_mapped(s: Ownership, page: Page, dev: Device) -> None:
    """dma_sync_for_device, unless a scrub has unmapped the page meanwhile."""
    if s.dma[page, dev] != Dma.UNMAPPED:
        s.dma[page, dev] = Dma.DEVICE
    s.dirty[page] = False

def recycle_to_pool(s: Ownership, page: Page) -> None:
    """The page is idle in the pool it came from, still mapped: "back to the originating device"."""
    sync_if_mapped(s, page, s.device_of[s.home[page]])
    s.place[page] = Place.POOL
    s.refs[page] = 0

def return_page(s: Ownership, page: Page, pool: Pool) -> None:
    """The page leaves its pool: unmap unless the scrub did, count it out, clear its home."""
    if s.dma[page, s.device_of[pool]] != Dma.UNMAPPED:
        unmap_for(s, page, s.device_of[pool])
    s.returned[pool] += 1
    s.home[page] = NOBODY
    s.dirty[page] = False

def leave_pool(s: Ownership, page: Page) -> None:
    """The page leaves its pool with its last pp reference; a foreign reference keeps it from being free."""
    return_page(s, page, s.home[page])
    s.refs[page] = 0
    s.place[page] = Place.STACK if s.foreign[page] else Place.FREE

def alloc_into_pool(s: Ownership, page: Page, pool: Pool) -> None:
    """A page is allocated, mapped for the pool's device and counted in."""
    require(s.place[page] == Place.FREE)
    require(s.life[pool] == Life.LIVE)
    map_for(s, page, s.device_of[pool])
    s.home[page] = pool
    s.hold[pool] += 1
    s.place[page] = Place.POOL

def return_idle(s: Ownership, page: Page, pool: Pool) -> None:
    """The consumer returns an idle page to the allocator: unmapped, counted out, freed."""
    require(s.home[page] == pool)
    require(s.place[page] == Place.POOL)
    require(s.life[pool] == Life.LIVE)
    return_page(s, page, pool)
    s.place[page] = Place.FREE

def reclaim(s: Ownership, page: Page, pool: Pool) -> None:
    """The page allocator takes an idle page from a live pool."""
    return_idle(s, page, pool)

def rx_post(s: Ownership, page: Page, pool: Pool) -> None:
    """The driver takes an idle page from its pool and posts it: the device may write it."""
    require(s.home[page] == pool)
    require(s.place[page] == Place.POOL)
    require(s.life[pool] == Life.LIVE)
    require(posted(s, pool) < s.ring_size)
    s.place[page] = Place.RX_RING

def rx_repost(s: Ownership, page: Page, pool: Pool) -> None:
    """The driver posts a page again of which it has the only reference, without passing the pool."""
    require(s.home[page] == pool)
    require(s.place[page] == Place.STACK)
    require(s.refs[page] == 1)
    require(not s.foreign[page])
    require(s.life[pool] == Life.LIVE)
    require(posted(s, pool) < s.ring_size)
    sync_if_mapped(s, page, s.device_of[pool])
    s.place[page] = Place.RX_RING
    s.refs[page] = 0

def rx_complete(s: Ownership, page: Page) -> None:
    """The device is done with a descriptor, or its queue was stopped: the driver holds the only reference."""
    require(s.place[page] == Place.RX_RING)
    s.place[page] = Place.STACK
    s.refs[page] = 1

def sync_for_cpu(s: Ownership, page: Page, pool: Pool) -> None:
    """The CPU takes ownership of the mapping and sees what the device wrote."""
    require(s.home[page] == pool)
    require(s.place[page] == Place.STACK)
    require(s.life[pool] == Life.LIVE)
    require(s.dma[page, s.device_of[pool]] == Dma.DEVICE)
    s.dma[page, s.device_of[pool]] = Dma.CPU

def sync_for_device(s: Ownership, page: Page, pool: Pool) -> None:
    """The device takes ownership of the mapping and sees what the CPU wrote; the CPU may not access the page."""
    require(s.home[page] == pool)
    require(s.place[page] == Place.STACK)
    require(s.life[pool] == Life.LIVE)
    require(s.dma[page, s.device_of[pool]] == Dma.CPU)
    s.dma[page, s.device_of[pool]] = Dma.DEVICE
    s.dirty[page] = False

def shown_to_cpu(s: Ownership, page: Page) -> bool:
    """No device owns the page: a driver passes a packet to XDP or the stack only after sync_for_cpu."""
    return each(s.devices, lambda d: s.dma[page, d] != Dma.DEVICE)

def cpu_write(s: Ownership, page: Page) -> None:
    """The CPU writes the page: an XDP program, or the stack editing a header."""
    require(s.place[page] == Place.STACK)
    require(s.refs[page] == 1)
    require(not s.foreign[page])
    require(shown_to_cpu(s, page))
    s.dirty[page] = True

def clone(s: Ownership, page: Page) -> None:
    """A holder takes one more reference; a shared page is not written."""
    require(s.refs[page] >= 1)
    require(s.refs[page] < s.max_refs)
    s.refs[page] += 1

def pp_unref(s: Ownership, page: Page) -> None:
    """A holder puts a reference that is not the last one."""
    require(s.refs[page] >= 1)
    require(s.refs[page] > 1 or s.place[page] == Place.TX)
    s.refs[page] -= 1

def recycle(s: Ownership, page: Page) -> None:
    """The last reference is put and the page goes back to its pool, still mapped."""
    require(s.place[page] == Place.STACK)
    require(s.refs[page] == 1)
    require(s.home[page] != NOBODY)
    require(not s.foreign[page])
    recycle_to_pool(s, page)

def xdp_drop(s: Ownership, page: Page, pool: Pool) -> None:
    """The XDP program drops the packet: the driver recycles the page directly into its own pool's cache."""
    require(s.home[page] == pool)
    require(s.life[pool] == Life.LIVE)
    recycle(s, page)

def release(s: Ownership, page: Page) -> None:
    """The last pp reference is put and the page leaves its pool instead of being recycled."""
    require(s.place[page] == Place.STACK)
    require(s.refs[page] == 1)
    require(s.home[page] != NOBODY)
    leave_pool(s, page)

def disconnect(s: Ownership, page: Page) -> None:
    """The page leaves its pool while its only holder keeps it as an ordinary page."""
    require(s.place[page] == Place.STACK)
    require(s.refs[page] == 1)
    require(s.home[page] != NOBODY)
    return_page(s, page, s.home[page])

def free(s: Ownership, page: Page) -> None:
    """The last reference to a page without a home is put: the page is freed."""
    require(s.place[page] == Place.STACK)
    require(s.refs[page] == 1)
    require(s.home[page] == NOBODY)
    require(not s.foreign[page])
    s.refs[page] = 0
    s.dirty[page] = False
    s.place[page] = Place.FREE

def get_page(s: Ownership, page: Page) -> None:
    """A plain page reference is taken through a holder; the pool does not count it."""
    require(s.refs[page] >= 1)
    require(not s.foreign[page])
    s.foreign[page] = True

def put_page(s: Ownership, page: Page) -> None:
    """The plain page reference is put; if it was the last reference of any kind, the page is freed."""
    require(s.foreign[page])
    s.foreign[page] = False
    if s.place[page] == Place.STACK and s.refs[page] == 0:
        s.dirty[page] = False
        s.place[page] = Place.FREE

def xdp_tx(s: Ownership, page: Page, pool: Pool) -> None:
    """The driver transmits the page on the device it came from, through the same mapping."""
    require(s.home[page] == pool)
    require(s.place[page] == Place.STACK)
    require(s.refs[page] >= 1)
    require(s.life[pool] == Life.LIVE)
    require(in_tx(s, s.device_of[pool]) < s.tx_limit)
    sync_if_mapped(s, page, s.device_of[pool])
    s.place[page] = Place.TX
    s.tx_dev[page] = s.device_of[pool]
    s.refs[page] -= 1

def redirect(s: Ownership, page: Page, dev: Device) -> None:
    """A holder hands its reference to another device, which maps the page a second time to transmit it."""
    require(s.place[page] == Place.STACK)
    require(s.refs[page] >= 1)
    require(s.home[page] == NOBODY or s.device_of[s.home[page]] != dev)
    require(s.bind[dev] == Bind.BOUND)
    require(shown_to_cpu(s, page))
    require(in_tx(s, dev) < s.tx_limit)
    map_for(s, page, dev)
    s.place[page] = Place.TX
    s.tx_dev[page] = dev
    s.refs[page] -= 1

def end_tx(s: Ownership, page: Page, dev: Device) -> None:
    """The TX descriptor is done: a second mapping is unmapped, the pool's own is kept."""
    s.tx_dev[page] = NOBODY
    if s.home[page] == NOBODY or s.device_of[s.home[page]] != dev:
        unmap_for(s, page, dev)

def tx_complete(s: Ownership, page: Page, dev: Device) -> None:
    """The device has read the page and TX puts its reference; with the last one the page is recycled."""
    require(s.tx_dev[page] == dev)
    require(s.refs[page] > 0 or (s.home[page] != NOBODY and not s.foreign[page]))
    end_tx(s, page, dev)
    if s.refs[page] > 0:
        s.place[page] = Place.STACK
    else:
        recycle_to_pool(s, page)

def tx_complete_release(s: Ownership, page: Page, dev: Device) -> None:
    """The device has read the page and TX puts the last pp reference: the page leaves its pool."""
    require(s.tx_dev[page] == dev)
    require(s.refs[page] == 0)
    require(s.home[page] != NOBODY)
    end_tx(s, page, dev)
    leave_pool(s, page)

def tx_complete_free(s: Ownership, page: Page, dev: Device) -> None:
    """The device has read a page without a home, and TX puts the last reference, apart from a foreign one."""
    require(s.tx_dev[page] == dev)
    require(s.refs[page] == 0)
    require(s.home[page] == NOBODY)
    end_tx(s, page, dev)
    s.place[page] = Place.STACK if s.foreign[page] else Place.FREE

def pool_create(s: Ownership, pool: Pool) -> None:
    """A bound driver creates a pool for its device."""
    require(s.life[pool] == Life.ABSENT)
    require(s.bind[s.device_of[pool]] == Bind.BOUND)
    require(count(s.pools, lambda q: s.device_of[q] == s.device_of[pool] and s.life[q] == Life.LIVE) < s.live_pools)
    s.life[pool] = Life.LIVE

def pool_destroy(s: Ownership, pool: Pool) -> None:
    """The driver has stopped its queue and destroys the pool: no page enters any more, the scrub begins."""
    require(s.life[pool] == Life.LIVE)
    require(posted(s, pool) == 0)
    require(count(s.pages, lambda p: s.home[p] == pool and s.tx_dev[p] == s.device_of[pool]) == 0)
    s.life[pool] = Life.SCRUBBING

def scrub(s: Ownership, page: Page, pool: Pool) -> None:
    """One idle page of a destroyed pool is unmapped, counted out and freed."""
    require(s.home[page] == pool)
    require(s.place[page] == Place.POOL)
    require(s.life[pool] == Life.SCRUBBING or s.life[pool] == Life.DETACHED)
    return_page(s, page, pool)
    s.place[page] = Place.FREE

def scrub_unmap(s: Ownership, page: Page, pool: Pool) -> None:
    """The scrub unmaps a page of the pool wherever it is; the page keeps its home."""
    require(s.home[page] == pool)
    require(s.life[pool] == Life.SCRUBBING)
    require(s.dma[page, s.device_of[pool]] != Dma.UNMAPPED)
    unmap_for(s, page, s.device_of[pool])
    s.dirty[page] = False

def pool_detach(s: Ownership, pool: Pool) -> None:
    """The scrub has finished its walk: page_pool_destroy() returns, and a worker waits for the pages in flight."""
    require(s.life[pool] == Life.SCRUBBING)
    require(not some(s.pages, lambda p: s.home[p] == pool and s.dma[p, s.device_of[pool]] != Dma.UNMAPPED))
    s.life[pool] = Life.DETACHED

def pool_free(s: Ownership, pool: Pool) -> None:
    """No page is in flight: the pool is freed."""
    require(s.life[pool] == Life.SCRUBBING or s.life[pool] == Life.DETACHED)
    require(count(s.pages, lambda p: s.home[p] == pool) == 0)
    s.life[pool] = Life.FREED

def device_unbind(s: Ownership, dev: Device) -> None:
    """The driver is unbound from its device, whose DMA context ends."""
    require(s.bind[dev] == Bind.BOUND)
    require(not some(s.pools, lambda q: s.device_of[q] == dev and s.life[q] in (Life.LIVE, Life.SCRUBBING)))
    require(in_tx(s, dev) == 0)
    s.bind[dev] = Bind.UNBOUND

MODEL = Machine(
    name="first_edition",
    doc="Page ownership as the first edition had it.",
    state=Ownership,
    system=(
        alloc_into_pool, return_idle, rx_post, rx_repost, rx_complete, sync_for_cpu, sync_for_device, xdp_drop, xdp_tx,
        redirect, tx_complete, tx_complete_release, tx_complete_free, recycle, release, disconnect,
        pool_create, pool_destroy, scrub, scrub_unmap, pool_detach, pool_free,
    ),
    environment=(cpu_write, clone, pp_unref, free, get_page, put_page, reclaim, device_unbind),
    scopes={
        "tiny": dict(pages=1, pools=2, devices=2, ring_size=1, tx_limit=1, max_refs=2, live_pools=1),
        "small": dict(pages=2, pools=2, devices=2, ring_size=1, tx_limit=1, max_refs=2, live_pools=1),
        "large": dict(pages=3, pools=2, devices=2, ring_size=2, tx_limit=2, max_refs=2, live_pools=1),
    },
    symmetric=(Page, Pool, Device),
    place=Ownership.place,
)
