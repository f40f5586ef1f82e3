# SPDX-License-Identifier: MIT
"""What may happen to a pool and to a device: creation, stopped queues, destruction in steps, and unbind.

A walk over all pages in the kernel (kernel reference 4.1) is modelled as a state of the pool, a step for
one page, and a closing step whose guard requires that the walk has finished.
"""

from spec.dsl import require, some
from spec.page import (
    Bind,
    Device,
    Life,
    Ownership,
    Page,
    Place,
    Pool,
    Where,
    in_flight,
    in_tx,
    is_in_use,
    pools_in_use,
    posted,
)
from spec.page_actions import count_out, is_sent_from_home, to_allocator, unmap_home

# Creation: the kinds of pools that occur, each permitted by a bound of the scope.


def create(s: Ownership, pool: Pool) -> None:
    """A bound driver creates a pool for its device; what its parameters ask for, each kind says."""
    require(s.life[pool] == Life.ABSENT)
    require(s.bind[s.device_of[pool]] == Bind.BOUND)
    require(pools_in_use(s, s.device_of[pool]) < s.live_pools)

    s.life[pool] = Life.LIVE


def map_and_sync(s: Ownership, pool: Pool) -> None:
    """PP_FLAG_DMA_MAP and PP_FLAG_DMA_SYNC_DEV: the pool maps its pages, and puts sync them for the device."""
    s.maps[pool] = True
    s.syncs[pool] = True
    s.dma_sync[pool] = True


def pool_create(s: Ownership, pool: Pool) -> None:
    """A pool that maps for both directions, and syncs: that of a driver with XDP.

    Kernel: page_pool_create() with PP_FLAG_DMA_MAP, PP_FLAG_DMA_SYNC_DEV and DMA_BIDIRECTIONAL.
    """
    require(s.two_way == 1)

    create(s, pool)
    map_and_sync(s, pool)
    s.both_ways[pool] = True
    s.tracks[pool] = True


def pool_create_one_way(s: Ownership, pool: Pool) -> None:
    """A pool that maps for receiving only, and syncs.

    Kernel: page_pool_create() with PP_FLAG_DMA_MAP, PP_FLAG_DMA_SYNC_DEV and DMA_FROM_DEVICE.
    """
    require(s.one_way == 1)

    create(s, pool)
    map_and_sync(s, pool)
    s.tracks[pool] = True


def pool_create_unsynced(s: Ownership, pool: Pool) -> None:
    """A pool that maps for both directions and does not sync: its driver does (octeontx2, cpsw, am65-cpsw, ravb).

    Kernel: page_pool_create() with PP_FLAG_DMA_MAP only.
    """
    require(s.unsynced == 1)

    create(s, pool)
    s.maps[pool] = True
    s.both_ways[pool] = True
    s.tracks[pool] = True


def pool_create_unmapped(s: Ownership, pool: Pool) -> None:
    """A pool that maps nothing (veth, xen-netfront, mana, netdevsim, test_run).

    Kernel: page_pool_create() without PP_FLAG_DMA_MAP.
    """
    require(s.unmapped == 1)

    create(s, pool)
    s.tracks[pool] = True


def pool_create_untracked(s: Ownership, pool: Pool) -> None:
    """A pool of 6.1, which does not know its mappings: destroy returns with pages out and mapped (B03).

    Kernel: page_pool_create() before ee62ce7a1d90.
    """
    require(s.untracked == 1)

    create(s, pool)
    map_and_sync(s, pool)
    s.both_ways[pool] = True


# The queue of a pool.


def queue_stop(s: Ownership, pool: Pool) -> None:
    """The driver stops the queue: the device has ended with its descriptors, NAPI is disabled.

    Kernel: the driver's own ndo_stop() or ndo_queue_stop(); then it empties its rings (kernel reference 14.2, rule 6).
    """
    require(s.life[pool] == Life.LIVE)

    s.life[pool] = Life.STOPPED


def queue_start(s: Ownership, pool: Pool) -> None:
    """The driver starts a stopped queue again with the pool that it had.

    Kernel: ndo_queue_start() with the old memory, where netdev_rx_queue_restart() fails; resume after suspend.
    """
    require(s.life[pool] == Life.STOPPED)

    s.life[pool] = Life.LIVE


# Destruction.


def pool_destroy(s: Ownership, pool: Pool) -> None:
    """The driver destroys the pool of a stopped queue: no page enters any more, the scrub begins. It waits for nobody.

    Kernel: T28, page_pool_destroy(), kernel reference 4.1, steps 1 to 3. The driver emptied its RX ring and its XDP TX
    ring, and the bias is drained (kernel reference 14.2, rule 6): it sees its own rings.
    """
    require(s.life[pool] == Life.STOPPED)
    require(posted(s, pool) == 0)
    require(not some(s.pages, lambda p: s.home[p] == pool and (s.cut[p] or is_sent_from_home(s, p))))

    s.life[pool] = Life.SCRUBBING


def sync_off(s: Ownership, pool: Pool) -> None:
    """Destroy switches syncs by puts off before its walk, and waits for those who still saw them on.

    Kernel: T28 since 6.12, page_pool_scrub(): dma_sync = false, synchronize_net() (kernel reference 4.1, step 4a).
    """
    require(s.life[pool] == Life.SCRUBBING)
    require(s.tracks[pool])

    s.dma_sync[pool] = False


def scrub(s: Ownership, page: Page, pool: Pool) -> None:
    """One idle page of a destroyed pool is unmapped, counted out and freed.

    Kernel: T28, page_pool_scrub() and page_pool_empty_ring(), kernel reference 4.1, step 4a and each retry: late pages
    go home first.
    """
    require(s.home[page] == pool)
    require(s.where[page] == Where.POOL)
    require(s.life[pool] == Life.SCRUBBING or s.life[pool] == Life.DETACHED)

    count_out(s, page, pool)
    to_allocator(s, page)


def scrub_unmap(s: Ownership, page: Page, pool: Pool) -> None:
    """The scrub unmaps a page of the pool wherever it is; the page keeps its home, and no byte is synced.

    Kernel: T28 since 6.12 (ee62ce7a1d90), page_pool_scrub(): the walk over the pool's dma_mapped array, which lists
    mappings, not places.
    """
    require(s.home[page] == pool)
    require(s.life[pool] == Life.SCRUBBING)
    require(s.tracks[pool])
    require(not s.dma_sync[pool])
    require(s.mapped[page])

    unmap_home(s, page)


def walk_is_over(s: Ownership, pool: Pool) -> bool:
    """The pool's dma_mapped array is empty; a pool of 6.1 has none and does not walk."""
    return not s.tracks[pool] or not some(s.pages, lambda p: s.home[p] == pool and s.mapped[p])


def pool_detach(s: Ownership, pool: Pool) -> None:
    """The scrub has finished: page_pool_destroy() returns, and a worker waits for the pages in flight.

    Kernel: T28, page_pool_detached(), kernel reference 4.1, step 5. Since 6.12 the walk has unmapped what is out (B03).
    """
    require(s.life[pool] == Life.SCRUBBING)
    require(not (s.tracks[pool] and s.dma_sync[pool]))
    require(walk_is_over(s, pool))

    s.life[pool] = Life.DETACHED


def pool_free(s: Ownership, pool: Pool) -> None:
    """No page is in flight: the pool is freed.

    Kernel: T28, page_pool_release() reads hold - release as 0 (kernel reference 4.1, step 4d; B01).
    """
    require(s.life[pool] == Life.SCRUBBING or s.life[pool] == Life.DETACHED)
    require(in_flight(s, pool) == 0)

    s.life[pool] = Life.FREED
    s.dma_sync[pool] = False
    s.maps[pool] = False
    s.syncs[pool] = False
    s.both_ways[pool] = False
    s.tracks[pool] = False


# The device.


def device_unbind(s: Ownership, dev: Device) -> None:
    """The driver is unbound from its device, whose DMA context ends.

    Kernel: the driver core's own code, which calls the driver's. The driver sees that page_pool_destroy() has
    returned for each of its pools, that its TX ring is empty and that it has no buffer in hand (B02, B03).
    """
    require(s.bind[dev] == Bind.BOUND)
    require(not some(s.pools, lambda q: s.device_of[q] == dev and is_its_drivers(s, q)))
    require(in_tx(s, dev) == 0)

    s.bind[dev] = Bind.UNBOUND


def is_its_drivers(s: Ownership, pool: Pool) -> bool:
    """The pool is in use, page_pool_destroy() is running, or the driver has a buffer of it in hand."""
    at_work = is_in_use(s, pool) or s.life[pool] == Life.SCRUBBING
    return at_work or some(
        s.pages, lambda p: s.home[p] == pool and some(s.frags, lambda f: s.place[p, f] == Place.DRIVER)
    )
