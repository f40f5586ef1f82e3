# SPDX-License-Identifier: MIT
"""What may happen to a pool and to a device: creation, destruction in steps, and unbind.

A walk over all pages in the kernel (kernel reference 4.1) is modelled as a state of the pool, a step for
one page, and a closing step whose guard requires that the walk has finished.
"""

from spec.dsl import count, require, some
from spec.page import Bind, Device, Dma, Life, Ownership, Page, Place, Pool, in_flight, in_tx, live_pools_of, posted
from spec.page_actions import return_page, unmap_for


def pool_create(s: Ownership, pool: Pool) -> None:
    """A bound driver creates a pool for its device.

    Kernel: page_pool_create(). The driver creates one live pool for each of its queues.
    """
    require(s.life[pool] == Life.ABSENT)
    require(s.bind[s.device_of[pool]] == Bind.BOUND)
    require(live_pools_of(s, s.device_of[pool]) < s.live_pools)

    s.life[pool] = Life.LIVE


def pool_destroy(s: Ownership, pool: Pool) -> None:
    """The driver has stopped its queue and destroys the pool: no page enters any more, the scrub begins.

    Kernel: T28, page_pool_destroy(), kernel reference 4.1, steps 1 to 3. The driver disabled NAPI, emptied its RX ring
    and completed what it was sending through the pool's mappings (kernel reference 14.2, rule 6; ndo_stop): it sees
    its own rings.
    """
    require(s.life[pool] == Life.LIVE)
    require(posted(s, pool) == 0)
    require(count(s.pages, lambda p: s.home[p] == pool and s.tx_dev[p] == s.device_of[pool]) == 0)

    s.life[pool] = Life.SCRUBBING


def scrub(s: Ownership, page: Page, pool: Pool) -> None:
    """One idle page of a destroyed pool is unmapped, counted out and freed.

    Kernel: T28, page_pool_scrub() and page_pool_empty_ring(), kernel reference 4.1, step 4a and each retry: late pages
    go home first.
    """
    require(s.home[page] == pool)
    require(s.place[page] == Place.POOL)
    require(s.life[pool] == Life.SCRUBBING or s.life[pool] == Life.DETACHED)

    return_page(s, page, pool)
    s.place[page] = Place.FREE


def scrub_unmap(s: Ownership, page: Page, pool: Pool) -> None:
    """The scrub unmaps a page of the pool wherever it is; the page keeps its home.

    Kernel: T28 since 6.12 (ee62ce7a1d90), page_pool_scrub(): the walk over the pool's dma_mapped array, which lists
    mappings, not places.
    """
    require(s.home[page] == pool)
    require(s.life[pool] == Life.SCRUBBING)
    require(s.dma[page, s.device_of[pool]] != Dma.UNMAPPED)

    unmap_for(s, page, s.device_of[pool])
    s.dirty[page] = False


def pool_detach(s: Ownership, pool: Pool) -> None:
    """The scrub has finished its walk: page_pool_destroy() returns, and a worker waits for the pages in flight.

    Kernel: T28 since 6.12, page_pool_detached(), kernel reference 4.1, step 5. The walk is over when no mapping of the
    pool is left (B03).
    """
    require(s.life[pool] == Life.SCRUBBING)
    require(not some(s.pages, lambda p: s.home[p] == pool and s.dma[p, s.device_of[pool]] != Dma.UNMAPPED))

    s.life[pool] = Life.DETACHED


def pool_free(s: Ownership, pool: Pool) -> None:
    """No page is in flight: the pool is freed.

    Kernel: T28, page_pool_release() reads hold - release as 0 (kernel reference 4.1, step 4d; B01).
    """
    require(s.life[pool] == Life.SCRUBBING or s.life[pool] == Life.DETACHED)
    require(in_flight(s, pool) == 0)

    s.life[pool] = Life.FREED


def device_unbind(s: Ownership, dev: Device) -> None:
    """The driver is unbound from its device, whose DMA context ends.

    Kernel: the driver core's own code, which calls the driver's. The driver sees that page_pool_destroy() has
    returned for each of its pools, and that its TX ring is empty; its RX rings were emptied before destroy (B02, B03).
    """
    require(s.bind[dev] == Bind.BOUND)
    require(not some(s.pools, lambda q: s.device_of[q] == dev and destroy_has_not_returned(s, q)))
    require(in_tx(s, dev) == 0)

    s.bind[dev] = Bind.UNBOUND


def destroy_has_not_returned(s: Ownership, pool: Pool) -> bool:
    """The pool is live, or page_pool_destroy() is running."""
    return s.life[pool] == Life.LIVE or s.life[pool] == Life.SCRUBBING
