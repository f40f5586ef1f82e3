# SPDX-License-Identifier: MIT
"""What may happen to a page. Modelling decisions (reasons and sources: docs/decisions/spec-shape.md):

* Permission, not policy: an action is permitted whenever its party could take it. When to recycle or release, how
  many pages to keep and what to do when a ring is full is decided in models/.
* A guard reads only what the acting party can observe at that moment; it never states an invariant.
* Each action is one atomic step of one page. The windows inside a put (B04 to B06) are not modelled.
* A page is not split: there are no fragments and no bias. The pool's cache and its ring are one place, POOL.
* References are a number: pp references while the page has a home, page references afterwards. All plain page
  references on a pool page are one bit, `foreign`.
* A page has a DMA mapping for its home's device and, while another device sends it, a second one for that device.
* TX owns one reference, which the sender gave up: it is not counted in `refs`.
* `dirty` stands for CPU writes that no sync has made visible. Data, sizes and directions are not modelled.
* A device is done with a descriptor when its driver completes it (rx_complete, tx_complete).
* hold, returned, maps and unmaps are history counters: no guard reads them, invariants compare their changes.
"""

from spec.dsl import NOBODY, each, require
from spec.page import Bind, Device, Dma, Life, Ownership, Page, Place, Pool, in_tx, posted

# Steps shared by several actions.


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
    """T13: dma_sync_for_device, unless a scrub has unmapped the page meanwhile (S15)."""
    if s.dma[page, dev] != Dma.UNMAPPED:
        s.dma[page, dev] = Dma.DEVICE
    s.dirty[page] = False


def recycle_to_pool(s: Ownership, page: Page) -> None:
    """T14, T15: the page is idle in the pool it came from, still mapped: "back to the originating device"."""
    sync_if_mapped(s, page, s.device_of[s.home[page]])
    s.place[page] = Place.POOL
    s.refs[page] = 0


def return_page(s: Ownership, page: Page, pool: Pool) -> None:
    """T18: the page leaves its pool: unmap unless the scrub did, count it out, clear its home (S31)."""
    if s.dma[page, s.device_of[pool]] != Dma.UNMAPPED:
        unmap_for(s, page, s.device_of[pool])
    s.returned[pool] += 1
    s.home[page] = NOBODY
    s.dirty[page] = False


def leave_pool(s: Ownership, page: Page) -> None:
    """T16, T17: the page leaves its pool with its last pp reference; a foreign reference keeps it from being free."""
    return_page(s, page, s.home[page])
    s.refs[page] = 0
    if s.foreign[page]:
        s.place[page] = Place.STACK
    else:
        s.place[page] = Place.FREE


# Into the pool, and out of it while idle.


def alloc_into_pool(s: Ownership, page: Page, pool: Pool) -> None:
    """A page is allocated, mapped for the pool's device and counted in.

    Deck: "Only call dma_map() when setting up pages". Kernel: T4 and T5, __page_pool_alloc_pages_slow(),
    __page_pool_alloc_page_order(). The consumer allocates only while its pool is live (kernel reference 14.2, rule 6).
    """
    require(s.place[page] == Place.FREE)
    require(s.life[pool] == Life.LIVE)

    map_for(s, page, s.device_of[pool])
    s.home[page] = pool
    s.hold[pool] += 1
    s.place[page] = Place.POOL


def return_idle(s: Ownership, page: Page, pool: Pool) -> None:
    """The consumer returns an idle page to the allocator: unmapped, counted out, freed.

    Deck: "And DMA unmap when leaving pool". Kernel: T3 and T27, page_pool_return_page() from
    page_pool_refill_alloc_cache() or page_pool_update_nid(). The consumer sees its own cache and ring, and is
    stopped before destroy.
    """
    require(s.home[page] == pool)
    require(s.place[page] == Place.POOL)
    require(s.life[pool] == Life.LIVE)

    return_page(s, page, pool)
    s.place[page] = Place.FREE


def reclaim(s: Ownership, page: Page, pool: Pool) -> None:
    """The page allocator takes an idle page from a live pool.

    Deck: "Allow page allocator to reclaim pool pages". Not in Linux (D9): the reclaimer must hold the consumer's
    side, so it observes and does what the consumer does.
    """
    return_idle(s, page, pool)


# The RX ring.


def rx_post(s: Ownership, page: Page, pool: Pool) -> None:
    """The driver takes an idle page from its pool and posts it: the device may write it.

    Kernel: T1 and T7, page_pool_dev_alloc_pages() and a free descriptor, in the NAPI poll of a live pool.
    """
    require(s.home[page] == pool)
    require(s.place[page] == Place.POOL)
    require(s.life[pool] == Life.LIVE)
    require(posted(s, pool) < s.ring_size)

    s.place[page] = Place.RX_RING


def rx_repost(s: Ownership, page: Page, pool: Pool) -> None:
    """The driver posts a page again of which it has the only reference, without passing the pool.

    Kernel: T7 after T8, the driver's own code: a refill that reuses the buffer in hand. The driver sees that its
    reference is the only one (pp_ref_count and page_count are 1) and that it gave no reference away (B46).
    """
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
    """The device is done with a descriptor, or its queue was stopped: the driver holds the only reference.

    Kernel: T8, the driver's own code. The CPU may not access the page before the driver syncs it (sync_for_cpu).
    """
    require(s.place[page] == Place.RX_RING)

    s.place[page] = Place.STACK
    s.refs[page] = 1


def sync_for_cpu(s: Ownership, page: Page, pool: Pool) -> None:
    """The CPU takes ownership of the mapping and sees what the device wrote.

    Deck: "dma_sync determine when". Kernel: T8, page_pool_dma_sync_for_cpu() or
    dma_sync_single_range_for_cpu(), in the NAPI poll of a live pool.
    """
    require(s.home[page] == pool)
    require(s.place[page] == Place.STACK)
    require(s.life[pool] == Life.LIVE)
    require(s.dma[page, s.device_of[pool]] == Dma.DEVICE)

    s.dma[page, s.device_of[pool]] = Dma.CPU


def sync_for_device(s: Ownership, page: Page, pool: Pool) -> None:
    """The device takes ownership of the mapping and sees what the CPU wrote; the CPU may not access the page.

    Kernel: T13 and T23 as a step of their own, dma_sync_single_range_for_device(), by a driver that runs.
    """
    require(s.home[page] == pool)
    require(s.place[page] == Place.STACK)
    require(s.life[pool] == Life.LIVE)
    require(s.dma[page, s.device_of[pool]] == Dma.CPU)

    s.dma[page, s.device_of[pool]] = Dma.DEVICE
    s.dirty[page] = False


# Held by the CPU.


def shown_to_cpu(s: Ownership, page: Page) -> bool:
    """No device owns the page: a driver passes a packet to XDP or the stack only after sync_for_cpu (T8, then T9)."""
    return each(s.devices, lambda d: s.dma[page, d] != Dma.DEVICE)


def cpu_write(s: Ownership, page: Page) -> None:
    """The CPU writes the page: an XDP program, or the stack editing a header.

    Deck: "Can consider DMA pages writable". Kernel: the program's or the stack's own code, where skb_cloned() and
    skb_has_shared_frag() are false: the packet is the writer's own, given to it only after the sync for the CPU.
    """
    require(s.place[page] == Place.STACK)
    require(s.refs[page] == 1)
    require(not s.foreign[page])
    require(shown_to_cpu(s, page))

    s.dirty[page] = True


def clone(s: Ownership, page: Page) -> None:
    """A holder takes one more reference; a shared page is not written.

    Kernel: T10, page_pool_ref_page() or skb_clone(); only a holder may (S19).
    """
    require(s.refs[page] >= 1)
    require(s.refs[page] < s.max_refs)

    s.refs[page] += 1


def pp_unref(s: Ownership, page: Page) -> None:
    """A holder puts a reference that is not the last one.

    Kernel: T11, page_pool_unref_page() stays above zero. TX holds one reference of its own.
    """
    require(s.refs[page] >= 1)
    require(s.refs[page] > 1 or s.place[page] == Place.TX)

    s.refs[page] -= 1


def recycle(s: Ownership, page: Page) -> None:
    """The last reference is put and the page goes back to its pool, still mapped.

    Deck: "recycling pages back to the originating device". Kernel: T12 to T15, page_pool_put_page() and
    page_pool_recycle_in_ring(): the page's magic shows its home, page_count that there is no other reference.
    """
    require(s.place[page] == Place.STACK)
    require(s.refs[page] == 1)
    require(s.home[page] != NOBODY)
    require(not s.foreign[page])

    recycle_to_pool(s, page)


def xdp_drop(s: Ownership, page: Page, pool: Pool) -> None:
    """The XDP program drops the packet: the driver recycles the page directly into its own pool's cache.

    Kernel: T22, page_pool_recycle_direct(), in the NAPI poll of the pool's one consumer.
    """
    require(s.home[page] == pool)
    require(s.life[pool] == Life.LIVE)

    recycle(s, page)


def release(s: Ownership, page: Page) -> None:
    """The last pp reference is put and the page leaves its pool instead of being recycled.

    Kernel: T16 and T17, page_pool_return_page(): ring full, elevated refcount, wrong node. When to do so is policy.
    """
    require(s.place[page] == Place.STACK)
    require(s.refs[page] == 1)
    require(s.home[page] != NOBODY)

    leave_pool(s, page)


def disconnect(s: Ownership, page: Page) -> None:
    """The page leaves its pool while its only holder keeps it as an ordinary page.

    Kernel: T26, page_pool_release_page() (until 6.5): unmapped and counted out, freed by put_page() later.
    """
    require(s.place[page] == Place.STACK)
    require(s.refs[page] == 1)
    require(s.home[page] != NOBODY)

    return_page(s, page, s.home[page])


def free(s: Ownership, page: Page) -> None:
    """The last reference to a page without a home is put: the page is freed.

    Kernel: put_page() to zero, on a page without the pool's magic (S5).
    """
    require(s.place[page] == Place.STACK)
    require(s.refs[page] == 1)
    require(s.home[page] == NOBODY)
    require(not s.foreign[page])

    s.refs[page] = 0
    s.dirty[page] = False
    s.place[page] = Place.FREE


def get_page(s: Ownership, page: Page) -> None:
    """A plain page reference is taken through a holder; the pool does not count it.

    Kernel: get_page() on a fragment, __skb_frag_ref(), splice; only through a holder (S19).
    """
    require(s.refs[page] >= 1)
    require(not s.foreign[page])

    s.foreign[page] = True


def put_page(s: Ownership, page: Page) -> None:
    """The plain page reference is put; if it was the last reference of any kind, the page is freed.

    Kernel: put_page(). "Released with extra references: lives as an ordinary page until put_page" (P12).
    """
    require(s.foreign[page])

    s.foreign[page] = False
    if s.place[page] == Place.STACK and s.refs[page] == 0:
        s.dirty[page] = False
        s.place[page] = Place.FREE


# Transmission.


def xdp_tx(s: Ownership, page: Page, pool: Pool) -> None:
    """The driver transmits the page on the device it came from, through the same mapping.

    Kernel: T23, dma_sync_single_range_for_device() in the NAPI poll of a live pool; no second map (B41).
    """
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
    """A holder hands its reference to another device, which maps the page a second time to transmit it.

    Deck: "TX DMA completion time of another device". Kernel: T24, ndo_xdp_xmit() or, for a forwarded skb,
    ndo_start_xmit(), by a running device with a free descriptor. The page's own device sends by xdp_tx.
    """
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
    """The device has read the page and TX puts its reference; with the last one the page is recycled.

    Deck: "DMA trick". Kernel: T24, unmap for the sending device, then xdp_return_frame() -> page_pool_put_page().
    """
    require(s.tx_dev[page] == dev)
    require(s.refs[page] > 0 or (s.home[page] != NOBODY and not s.foreign[page]))

    end_tx(s, page, dev)
    if s.refs[page] > 0:
        s.place[page] = Place.STACK
    else:
        recycle_to_pool(s, page)


def tx_complete_release(s: Ownership, page: Page, dev: Device) -> None:
    """The device has read the page and TX puts the last pp reference: the page leaves its pool.

    Kernel: T16 and T17 at TX completion, page_pool_return_page(). A page with a home can always be released.
    """
    require(s.tx_dev[page] == dev)
    require(s.refs[page] == 0)
    require(s.home[page] != NOBODY)

    end_tx(s, page, dev)
    leave_pool(s, page)


def tx_complete_free(s: Ownership, page: Page, dev: Device) -> None:
    """The device has read a page without a home, and TX puts the last reference, apart from a foreign one.

    Kernel: unmap for the sending device, then put_page().
    """
    require(s.tx_dev[page] == dev)
    require(s.refs[page] == 0)
    require(s.home[page] == NOBODY)

    end_tx(s, page, dev)
    if s.foreign[page]:
        s.place[page] = Place.STACK
    else:
        s.place[page] = Place.FREE
