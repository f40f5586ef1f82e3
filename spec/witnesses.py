"""What must be possible: a spec that forbids everything would satisfies every invariant."""

from spec.dsl import NOBODY
from spec.page import Device, Life, Ownership, Page, Place, Pool, in_tx, posted


def a_page_crosses_two_devices_and_comes_home(before: Ownership, after: Ownership, page: Page, dev: Device) -> bool:
    """Received by one device, sent by another, idle again in the pool it came from (deck: "DMA trick")."""
    if before.tx_dev[page] != dev or before.home[page] == NOBODY or after.home[page] == NOBODY:
        return False
    return before.device_of[before.home[page]] != dev and after.place[page] == Place.POOL


def a_page_is_out_when_its_pool_is_detached(s: Ownership, page: Page, pool: Pool) -> bool:
    """Somebody still holds the page, and page_pool_destroy() has returned."""
    return s.home[page] == pool and s.life[pool] == Life.DETACHED and s.place[page] == Place.STACK


def the_page_outlives_the_pool(s: Ownership, page: Page, pool: Pool) -> bool:
    """The pool is freed while the page is still out, as an ordinary page."""
    return s.life[pool] == Life.FREED and s.place[page] == Place.STACK and s.home[page] == NOBODY


def the_page_comes_home_late(s: Ownership, page: Page, pool: Pool) -> bool:
    """The page is idle in the pool ring of a detached pool: the next retry will find it."""
    return s.home[page] == pool and s.life[pool] == Life.DETACHED and s.place[page] == Place.POOL


def an_old_and_a_new_pool_each_get_their_own_page_back(
    s: Ownership, page: Page, other: Page, old: Pool, new: Pool
) -> bool:
    """On one device an old pool drains beside a live one, with a page of each idle in its own pool."""
    if s.device_of[old] != s.device_of[new] or s.life[old] != Life.DETACHED or s.life[new] != Life.LIVE:
        return False
    idle = s.place[page] == Place.POOL and s.place[other] == Place.POOL
    return idle and s.home[page] == old and s.home[other] == new


def destroy_returns_while_the_next_pool_is_at_work(
    before: Ownership, after: Ownership, page: Page, old: Pool, new: Pool
) -> bool:
    """The old pool is detached while its device has mapped a page for the new one: each waits for its own only."""
    detached = before.life[old] == Life.SCRUBBING and after.life[old] == Life.DETACHED
    at_work = before.life[new] == Life.LIVE and before.home[page] == new
    return detached and at_work and before.device_of[old] == before.device_of[new]


def a_clone_is_held_by_the_stack_while_tx_reads_it(s: Ownership, page: Page) -> bool:
    """The everyday case of a forwarded packet that somebody also captures."""
    return s.place[page] == Place.TX and s.refs[page] > 0 and s.home[page] != NOBODY


def a_pool_is_freed(s: Ownership, pool: Pool) -> bool:
    """A pool reaches the end of its life."""
    return s.life[pool] == Life.FREED


def a_page_leaves_by_release(before: Ownership, after: Ownership, page: Page) -> bool:
    """The last reference is put and the page goes to the allocator instead of home."""
    return before.place[page] == Place.STACK and before.home[page] != NOBODY and after.place[page] == Place.FREE


def the_page_comes_back_in(before: Ownership, after: Ownership, page: Page) -> bool:
    """A page enters a pool."""
    return before.place[page] == Place.FREE and after.place[page] == Place.POOL


def the_rx_ring_is_full(s: Ownership, pool: Pool) -> bool:
    """Every descriptor has a page."""
    return posted(s, pool) == s.ring_size


def the_tx_limit_is_reached(s: Ownership, dev: Device) -> bool:
    """A device can take no more pages to send."""
    return in_tx(s, dev) == s.tx_limit
