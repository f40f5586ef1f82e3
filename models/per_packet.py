# SPDX-License-Identifier: MIT
"""The baseline the deck argues against: a page is allocated, mapped, unmapped and freed for each packet.

There is no recycling. A pool of the rules that maps nothing stands for an RX queue's own list of buffers; the driver
maps a page as it posts it, and the page leaves the list as soon as its packet is complete.
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
    tx_complete,
)
from spec.dsl import NOBODY, Machine, require
from spec.ownership import ALWAYS, STEPS, TINY, everything_is_over, ownership
from spec.page import Device, Frag, Ownership, Page, Place, Pool, Sent, Where, in_flight
from spec.page_actions import adopt, alloc_into_pool, disconnect, get_page, put_page, release, return_idle
from spec.pool_actions import (
    device_unbind,
    pool_create_unmapped,
    pool_destroy,
    pool_free,
    queue_start,
    queue_stop,
)
from spec.witnesses import a_pool_is_freed, the_rx_ring_is_full, the_tx_limit_is_reached


def forget_buffer(s: Ownership, page: Page, pool: Pool) -> None:
    """A packet was handed up: its page is not in the queue's list any more (D1)."""
    disconnect(s, page, pool)


def send(s: Ownership, page: Page, frag: Frag, dev: Device) -> None:
    """Any device maps the page for sending, the receiving one included: dma_map_single(TO_DEVICE)."""
    require(s.home[page] == NOBODY)
    redirect(s, page, frag, dev)


def sent(s: Ownership, page: Page, frag: Frag, dev: Device) -> None:
    """TX completion: dma_unmap_single()."""
    require(s.sent[page, frag, dev] == Sent.OWN)
    tx_complete(s, page, frag, dev)


def clone_of_a_packet(s: Ownership, page: Page, frag: Frag) -> None:
    """The stack clones a packet; the driver never does."""
    require(s.home[page] == NOBODY)
    clone(s, page, frag)


def put_packet(s: Ownership, page: Page, frag: Frag) -> None:
    """The last reference to an ordinary page is put, or the driver gives a buffer of its stopped queue up."""
    require(s.home[page] == NOBODY or s.place[page, frag] == Place.DRIVER)
    put_last(s, page, frag)


def get_page_of_a_packet(s: Ownership, page: Page, frag: Frag) -> None:
    """A plain page reference is taken on an ordinary page."""
    require(s.home[page] == NOBODY)
    get_page(s, page, frag)


def destroy_list(s: Ownership, pool: Pool) -> None:
    """The queue is gone after every buffer it had was given up."""
    require(in_flight(s, pool) == 0)
    pool_destroy(s, pool)


def no_page_is_ever_recycled(before: Ownership, after: Ownership, page: Page) -> bool:
    """D1: a page enters the queue's list from the allocator only."""
    return before.where[page] in (Where.FREE, Where.POOL) or after.where[page] != Where.POOL


def no_page_stays_mapped(s: Ownership, page: Page, frag: Frag) -> bool:
    """D1: a page is mapped while it is posted and while it is sent."""
    return not s.mapped[page] and (not s.rx_map[page, frag] or s.place[page, frag] == Place.RX_RING)


def no_pool_maps(s: Ownership, pool: Pool) -> bool:
    """D1: the driver maps and unmaps, packet by packet."""
    return not s.maps[pool]


def a_packet_is_forwarded(s: Ownership, page: Page, frag: Frag, dev: Device) -> bool:
    """A received page is being sent, through a mapping of its own."""
    return s.sent[page, frag, dev] == Sent.OWN


SCOPE = dict(TINY, two_way=0, unmapped=1)

MODEL = per_packet = Machine(
    name="per_packet",
    doc="The baseline: one allocation, one map, one unmap and one free for each packet.",
    state=Ownership,
    system=(
        alloc_into_pool, return_idle, rx_post, rx_complete, pass_up, forget_buffer, put_packet, release, send,
        sent, pool_create_unmapped, queue_stop, queue_start, destroy_list, pool_free,
    ),
    environment=(
        device_done, cpu_write, clone_of_a_packet, pp_unref, get_page_of_a_packet, put_page, adopt, device_unbind,
    ),
    always=(*ALWAYS, no_page_stays_mapped, no_pool_maps),
    steps=(*STEPS, no_page_is_ever_recycled),
    sometimes=(a_packet_is_forwarded, a_pool_is_freed, the_rx_ring_is_full, the_tx_limit_is_reached),
    scopes={"tiny": SCOPE, "small": dict(SCOPE, pages=2), "large": dict(SCOPE, pages=3)},
    symmetric=(Page, Frag, Pool, Device),
    place=Ownership.place,
    final=everything_is_over,
    refines=ownership,
)  # fmt: skip
