# SPDX-License-Identifier: MIT
"""What may happen to a buffer: posted, filled, handed up, referenced, sent, and put.

* A buffer is a fragment of a page; a page that is not cut is one buffer.
* DRIVER holds one reference. A sending is a reference, which its sender gave up: it is in `sent`, not in `refs`.
* A sender maps a buffer for itself, its own device's home mapping notwithstanding; XDP_TX uses the home mapping.
* One device sends one buffer once at a time. When it has read the buffer is not modelled (the bit costs 3.8 times the
  states): tx_complete is permitted at any time.
"""

from spec.dsl import NOBODY, each, require
from spec.page import (
    Bind,
    Bytes,
    Device,
    Frag,
    Life,
    Ownership,
    Page,
    Place,
    Pool,
    Sent,
    Where,
    in_tx,
    is_sent,
    is_visible,
    posted,
)
from spec.page_actions import leave

# The RX ring.


def is_unused(s: Ownership, page: Page, frag: Frag) -> bool:
    """Nobody has the buffer: its page is idle, or is cut and this fragment is at rest.

    Of a page with a plain reference only fragments that the CPU has not seen are used again: the offset shows what was
    not handed out yet, and page_count the reference (the flip of halves).
    """
    unread = s.bytes[page, frag] == Bytes.DEVICE or not s.foreign[page]
    return s.where[page] == Where.POOL or (s.cut[page] and s.place[page, frag] == Place.REST and unread)


def is_ready(s: Ownership, page: Page, frag: Frag, pool: Pool) -> bool:
    """The device may write: the driver maps the buffer now, the pool synced its page, or its bytes are the device's."""
    if not s.maps[pool]:
        return True
    return (s.where[page] == Where.POOL and s.syncs[pool]) or s.bytes[page, frag] == Bytes.DEVICE


def map_if_the_pool_does_not(s: Ownership, page: Page, frag: Frag, pool: Pool) -> None:
    """Where the pool maps nothing the driver maps what it posts, as mana does; xen-netfront grants it."""
    if not s.maps[pool]:
        s.rx_map[page, frag] = True
        s.rx_maps[page, frag] += 1
        s.bytes[page, frag] = Bytes.DEVICE


def rx_post(s: Ownership, page: Page, frag: Frag, pool: Pool) -> None:
    """The driver takes an unused buffer of its live pool and posts it: the device may write it.

    Kernel: T1 and T7, page_pool_dev_alloc_pages() and a free descriptor, in the NAPI poll or as the queue is filled.
    """
    require(s.home[page] == pool)
    require(is_unused(s, page, frag))
    require(is_ready(s, page, frag, pool))
    require(s.life[pool] == Life.LIVE)
    require(posted(s, pool) < s.ring_size)

    map_if_the_pool_does_not(s, page, frag, pool)
    s.where[page] = Where.OUT
    s.place[page, frag] = Place.RX_RING


def take(s: Ownership, page: Page, frag: Frag, pool: Pool) -> None:
    """The driver takes an unused buffer from its pool and keeps it in hand: skb heads, copy on write, test_run.

    Kernel: T1 without T7, skb_pp_cow_data() and page_pool_dev_alloc_pages(). The CPU sees what no device is mapped for.
    """
    require(s.home[page] == pool)
    require(is_unused(s, page, frag))
    require(s.life[pool] == Life.LIVE)

    s.where[page] = Where.OUT
    s.place[page, frag] = Place.DRIVER
    s.refs[page, frag] = 1
    if not s.maps[pool]:
        s.bytes[page, frag] = Bytes.CPU


def rx_repost(s: Ownership, page: Page, frag: Frag, pool: Pool) -> None:
    """The driver posts the buffer in its hand again, without passing the pool.

    Kernel: T7 after T8, the driver's own code: a refill that reuses the buffer in hand, which the driver did not sync
    for the CPU or synced back for the device (B46).
    """
    require(s.home[page] == pool)
    require(s.place[page, frag] == Place.DRIVER)
    require(not (s.maps[pool] and is_visible(s, page, frag)))
    require(s.life[pool] == Life.LIVE)
    require(posted(s, pool) < s.ring_size)

    map_if_the_pool_does_not(s, page, frag, pool)
    if s.bytes[page, frag] == Bytes.STALE:
        s.bytes[page, frag] = Bytes.DEVICE
    s.place[page, frag] = Place.RX_RING
    s.refs[page, frag] = 0


def device_done(s: Ownership, page: Page, frag: Frag, pool: Pool) -> None:
    """The device has written a posted buffer, sets the descriptor's done bit and does not touch the buffer again.

    Kernel: the device's own code, which the driver sees in the descriptor (T8).
    """
    require(s.home[page] == pool)
    require(s.place[page, frag] == Place.RX_RING)
    require(s.life[pool] == Life.LIVE)

    s.filled[page, frag] = True


def rx_complete(s: Ownership, page: Page, frag: Frag, pool: Pool) -> None:
    """The driver takes a buffer that its device is done with, or any after its queue was stopped.

    Kernel: T8, the driver's own code. The CPU may not access the buffer before the driver syncs it; an unmap of the
    driver's own syncs.
    """
    require(s.home[page] == pool)
    require(s.place[page, frag] == Place.RX_RING)
    require(s.filled[page, frag] or s.life[pool] == Life.STOPPED)

    s.filled[page, frag] = False
    s.place[page, frag] = Place.DRIVER
    s.refs[page, frag] = 1
    s.bytes[page, frag] = Bytes.STALE
    if s.rx_map[page, frag]:
        s.rx_map[page, frag] = False
        s.rx_unmaps[page, frag] += 1
        s.bytes[page, frag] = Bytes.CPU


# In the driver's hand.


def sync_for_cpu(s: Ownership, page: Page, frag: Frag, pool: Pool) -> None:
    """The driver syncs the buffer for the CPU, which sees what the device wrote.

    Deck: "dma_sync determine when". Kernel: T8, page_pool_dma_sync_for_cpu() or
    dma_sync_single_range_for_cpu(), in the NAPI poll of a live pool that maps.
    """
    require(s.home[page] == pool)
    require(s.place[page, frag] == Place.DRIVER)
    require(s.life[pool] == Life.LIVE)
    require(s.maps[pool])
    require(not is_visible(s, page, frag))

    s.bytes[page, frag] = Bytes.CPU


def sync_for_device(s: Ownership, page: Page, frag: Frag, pool: Pool) -> None:
    """The driver syncs the buffer for the device, which sees what the CPU wrote; the CPU may not access it.

    Kernel: T13 and T23 as a step of their own, dma_sync_single_range_for_device(), by a driver that runs.
    """
    require(s.home[page] == pool)
    require(s.place[page, frag] == Place.DRIVER)
    require(s.life[pool] == Life.LIVE)
    require(s.maps[pool])
    require(is_visible(s, page, frag))

    s.bytes[page, frag] = Bytes.DEVICE


def pass_up(s: Ownership, page: Page, frag: Frag) -> None:
    """The driver hands a packet up, and with it its reference: from now on the buffer is not the driver's.

    Kernel: T9, skb_mark_for_recycle(), after the driver synced the buffer for the CPU (T8).
    """
    require(s.place[page, frag] == Place.DRIVER)
    require(is_visible(s, page, frag))

    s.place[page, frag] = Place.STACK


# Held by the CPU.


def is_in_hand(s: Ownership, page: Page, frag: Frag) -> bool:
    """The CPU holds the buffer: its driver does, or the stack."""
    return s.place[page, frag] == Place.DRIVER or s.place[page, frag] == Place.STACK


def is_shown(s: Ownership, page: Page, frag: Frag) -> bool:
    """The stack was given the buffer, or the driver knows that it synced it for the CPU."""
    return s.place[page, frag] == Place.STACK or (s.place[page, frag] == Place.DRIVER and is_visible(s, page, frag))


def cpu_write(s: Ownership, page: Page, frag: Frag) -> None:
    """The CPU writes the buffer: an XDP program, or the stack editing a header.

    Deck: "Can consider DMA pages writable". Kernel: the program's or the stack's own code, where skb_cloned() and
    skb_has_shared_frag() are false: the packet is the writer's own, given to it only after the sync for the CPU.
    """
    require(is_shown(s, page, frag))
    require(s.refs[page, frag] == 1)
    require(not is_sent(s, page, frag))
    require(not s.foreign[page])

    s.bytes[page, frag] = Bytes.DIRTY


def clone(s: Ownership, page: Page, frag: Frag) -> None:
    """A holder takes one more reference; a shared buffer is not written.

    Kernel: T10, page_pool_ref_page() or skb_clone(); only a holder may (S19).
    """
    require(s.place[page, frag] == Place.STACK)
    require(s.refs[page, frag] < s.max_refs)

    s.refs[page, frag] += 1


def pp_unref(s: Ownership, page: Page, frag: Frag) -> None:
    """A holder puts a reference, and somebody else still holds the buffer: the stack, or a device that sends it.

    Kernel: T11, page_pool_unref_page() stays above zero. TX holds a reference of its own.
    """
    require(s.place[page, frag] == Place.STACK)
    require(s.refs[page, frag] >= 1)
    require(s.refs[page, frag] != 1 or is_sent(s, page, frag))

    if s.refs[page, frag] == 1:
        s.place[page, frag] = Place.TX
    s.refs[page, frag] -= 1


def put_last(s: Ownership, page: Page, frag: Frag) -> None:
    """The last reference to a buffer is put; what the device wrote and nobody saw is the device's again.

    Kernel: T12, page_pool_unref_page() reaches zero; T22; put_page() to zero on a page without a home.
    """
    require(is_in_hand(s, page, frag))
    require(s.refs[page, frag] == 1)
    require(not is_sent(s, page, frag))

    if s.bytes[page, frag] == Bytes.STALE:
        s.bytes[page, frag] = Bytes.DEVICE
    to_rest(s, page, frag)


def to_rest(s: Ownership, page: Page, frag: Frag) -> None:
    """Nobody has the buffer any more; if it was the last one in use, its page comes back."""
    last = is_last(s, page, frag)
    s.place[page, frag] = Place.REST
    s.refs[page, frag] = 0
    if last:
        come_back(s, page)


def is_last(s: Ownership, page: Page, frag: Frag) -> bool:
    """No other buffer of the page is in use, and its bias is not held (T12 counts both)."""
    return not s.cut[page] and each(s.frags, lambda f: f == frag or s.place[page, f] == Place.REST)


def come_back(s: Ownership, page: Page) -> None:
    """The last reference was put: the page is to be recycled or released; without a home it is ordinary (S5)."""
    if s.home[page] == NOBODY:
        leave(s, page)
    else:
        s.where[page] = Where.BACK


# Transmission.


def xdp_tx(s: Ownership, page: Page, frag: Frag, pool: Pool) -> None:
    """The driver sends the buffer in its hand on the device it came from, through the home mapping.

    Kernel: T23, dma_sync_single_range_for_device() in the NAPI poll of a live pool, which maps for both directions; no
    second map (B41).
    """
    require(s.home[page] == pool)
    require(s.place[page, frag] == Place.DRIVER)
    require(is_visible(s, page, frag))
    require(s.life[pool] == Life.LIVE)
    require(s.both_ways[pool])
    require(in_tx(s, s.device_of[pool]) < s.tx_limit)

    s.bytes[page, frag] = Bytes.DEVICE
    s.sent[page, frag, s.device_of[pool]] = Sent.HOME
    s.place[page, frag] = Place.TX
    s.refs[page, frag] = 0


def redirect(s: Ownership, page: Page, frag: Frag, dev: Device) -> None:
    """A holder hands its reference to a device, which maps the buffer for itself and reads it.

    Deck: "DMA trick". Kernel: T24, xdp_do_redirect() and ndo_xdp_xmit(), or ndo_start_xmit(): any device, that of the
    page's home too, whatever others send or hold of it.
    """
    require(is_shown(s, page, frag))
    require(s.refs[page, frag] >= 1)
    require(s.sent[page, frag, dev] == Sent.NOT)
    require(s.bind[dev] == Bind.BOUND)
    require(in_tx(s, dev) < s.tx_limit)

    s.sent[page, frag, dev] = Sent.OWN
    s.tx_maps[page, frag, dev] += 1
    if s.refs[page, frag] == 1:
        s.place[page, frag] = Place.TX
    s.refs[page, frag] -= 1


def tx_complete(s: Ownership, page: Page, frag: Frag, dev: Device) -> None:
    """The device is done with the buffer: a mapping made for sending is undone. The last reference puts the buffer.

    Deck: "DMA trick". Kernel: T24, unmap for the sending device, then xdp_return_frame() or consume_skb().
    """
    require(s.sent[page, frag, dev] != Sent.NOT)

    if s.sent[page, frag, dev] == Sent.OWN:
        s.tx_unmaps[page, frag, dev] += 1
    s.sent[page, frag, dev] = Sent.NOT
    if s.refs[page, frag] == 0 and not is_sent(s, page, frag):
        to_rest(s, page, frag)
