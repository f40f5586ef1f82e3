# SPDX-License-Identifier: MIT
"""The baseline the deck argues against: a page is allocated, mapped, unmapped and freed for each packet.

There is no recycling. A pool of the rules stands for an RX queue's own list of mapped buffers; a page leaves it as
soon as its packet is complete, and is an ordinary page from then on.
"""

from spec.dsl import NOBODY, Machine, require
from spec.ownership import ALWAYS, STEPS, everything_is_over, ownership
from spec.page import Device, Ownership, Page, Place, Pool, in_flight
from spec.page_actions import (
    alloc_into_pool,
    clone,
    cpu_write,
    disconnect,
    free,
    get_page,
    pp_unref,
    put_page,
    redirect,
    return_idle,
    rx_complete,
    rx_post,
    tx_complete,
    tx_complete_free,
)
from spec.pool_actions import device_unbind, pool_create, pool_destroy, pool_free
from spec.witnesses import a_pool_is_freed, the_rx_ring_is_full, the_tx_limit_is_reached


def alloc_and_map(s: Ownership, page: Page, pool: Pool) -> None:
    """A page for the next free descriptor: alloc_page(), dma_map_page()."""
    alloc_into_pool(s, page, pool)


def unmap_for_the_stack(s: Ownership, page: Page) -> None:
    """The packet is complete: dma_unmap_page(), which also syncs for the CPU, then up the stack (D1)."""
    disconnect(s, page)


def send(s: Ownership, page: Page, dev: Device) -> None:
    """Any device maps the page for sending, the receiving one included: dma_map_single(TO_DEVICE)."""
    require(s.home[page] == NOBODY)
    redirect(s, page, dev)


def sent(s: Ownership, page: Page, dev: Device) -> None:
    """TX completion: unmap; the stack still holds a clone."""
    require(s.refs[page] > 0)
    tx_complete(s, page, dev)


def queue_stop(s: Ownership, pool: Pool) -> None:
    """The queue is stopped after every buffer it had mapped was unmapped."""
    require(in_flight(s, pool) == 0)
    pool_destroy(s, pool)


def no_page_is_ever_recycled(before: Ownership, after: Ownership, page: Page) -> bool:
    """D1: a page enters the queue's list from the allocator only."""
    return before.place[page] in (Place.FREE, Place.POOL) or after.place[page] != Place.POOL


def a_page_mapped_for_receiving_is_not_shared(s: Ownership, page: Page) -> bool:
    """D1: a page is unmapped before the stack gets it, so the driver has the only reference until then."""
    return s.home[page] == NOBODY or s.refs[page] <= 1


def a_packet_is_forwarded(s: Ownership, page: Page, dev: Device) -> bool:
    """A received page is being sent, through a mapping of its own."""
    return s.tx_dev[page] == dev


def clone_of_a_packet(s: Ownership, page: Page) -> None:
    """The stack clones a packet; the driver never does."""
    require(s.home[page] == NOBODY)
    clone(s, page)


def get_page_of_a_packet(s: Ownership, page: Page) -> None:
    """A plain page reference is taken on an ordinary page."""
    require(s.home[page] == NOBODY)
    get_page(s, page)


MODEL = per_packet = Machine(
    name="per_packet",
    doc="The baseline: one allocation, one map, one unmap and one free for each packet.",
    state=Ownership,
    system=(
        alloc_and_map, return_idle, rx_post, rx_complete, unmap_for_the_stack, send, sent, tx_complete_free, free,
        pool_create, queue_stop, pool_free,
    ),
    environment=(cpu_write, clone_of_a_packet, pp_unref, get_page_of_a_packet, put_page, device_unbind),
    always=(*ALWAYS, a_page_mapped_for_receiving_is_not_shared),
    steps=(*STEPS, no_page_is_ever_recycled),
    sometimes=(a_packet_is_forwarded, a_pool_is_freed, the_rx_ring_is_full, the_tx_limit_is_reached),
    scopes={
        "tiny": dict(pages=1, pools=2, devices=2, ring_size=1, tx_limit=1, max_refs=2, live_pools=1),
        "small": dict(pages=2, pools=2, devices=2, ring_size=1, tx_limit=1, max_refs=2, live_pools=1),
        "large": dict(pages=3, pools=2, devices=2, ring_size=2, tx_limit=2, max_refs=2, live_pools=1),
    },
    symmetric=(Page, Pool, Device),
    place=Ownership.place,
    final=everything_is_over,
    refines=ownership,
)  # fmt: skip
