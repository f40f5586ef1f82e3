# SPDX-License-Identifier: MIT
"""Reachability checks. Without them a spec that allows nothing would satisfy every invariant vacuously."""

from spec.dsl import NOBODY
from spec.page import Device, Life, Ownership, Page, Place, Pool, in_tx, posted


def a_page_is_sent_by_another_device_and_recycled(before: Ownership, after: Ownership, page: Page, dev: Device) -> bool:
    """A page received by one device and sent by another is recycled into its own pool (deck: "DMA trick")."""
    if before.tx_dev[page] != dev or before.home[page] == NOBODY or after.home[page] == NOBODY:
        return False
    return before.device_of[before.home[page]] != dev and after.place[page] == Place.POOL


def a_page_is_out_when_its_pool_is_detached(s: Ownership, page: Page, pool: Pool) -> bool:
    """A page is held by the stack after page_pool_destroy() of its pool has returned."""
    return s.home[page] == pool and s.life[pool] == Life.DETACHED and s.place[page] == Place.STACK


def the_page_outlives_the_pool(s: Ownership, page: Page, pool: Pool) -> bool:
    """The pool is freed while the stack still holds the page, as an ordinary page."""
    return s.life[pool] == Life.FREED and s.place[page] == Place.STACK and s.home[page] == NOBODY


def a_page_is_recycled_into_a_detached_pool(s: Ownership, page: Page, pool: Pool) -> bool:
    """The page is idle in the ring of a detached pool; the next retry frees it."""
    return s.home[page] == pool and s.life[pool] == Life.DETACHED and s.place[page] == Place.POOL


def an_old_and_a_new_pool_each_get_their_own_page_back(
    s: Ownership, page: Page, other: Page, old: Pool, new: Pool
) -> bool:
    """On one device an old pool drains beside a live one, and a page of each is idle in its own pool."""
    if s.device_of[old] != s.device_of[new] or s.life[old] != Life.DETACHED or s.life[new] != Life.LIVE:
        return False
    idle = s.place[page] == Place.POOL and s.place[other] == Place.POOL
    return idle and s.home[page] == old and s.home[other] == new


def destroy_returns_while_the_next_pool_is_in_use(
    before: Ownership, after: Ownership, page: Page, old: Pool, new: Pool
) -> bool:
    """The old pool is detached while a page of the device's new pool is mapped: destroy waits for its own pages."""
    detached = before.life[old] == Life.SCRUBBING and after.life[old] == Life.DETACHED
    at_work = before.life[new] == Life.LIVE and before.home[page] == new
    return detached and at_work and before.device_of[old] == before.device_of[new]


def a_clone_is_held_by_the_stack_while_tx_reads_it(s: Ownership, page: Page) -> bool:
    """A forwarded packet is also captured: the stack has a reference while the page is in TX."""
    return s.place[page] == Place.TX and s.refs[page] > 0 and s.home[page] != NOBODY


def a_pool_is_freed(s: Ownership, pool: Pool) -> bool:
    """A pool is freed."""
    return s.life[pool] == Life.FREED


def a_page_leaves_by_release(before: Ownership, after: Ownership, page: Page) -> bool:
    """The last reference is put and the page is freed instead of recycled."""
    return before.place[page] == Place.STACK and before.home[page] != NOBODY and after.place[page] == Place.FREE


def a_page_enters_a_pool_again(before: Ownership, after: Ownership, page: Page) -> bool:
    """A page is allocated into a pool."""
    return before.place[page] == Place.FREE and after.place[page] == Place.POOL


def the_rx_ring_is_full(s: Ownership, pool: Pool) -> bool:
    """Every descriptor of the RX ring has a page."""
    return posted(s, pool) == s.ring_size


def the_tx_limit_is_reached(s: Ownership, dev: Device) -> bool:
    """A device sends as many pages as it can."""
    return in_tx(s, dev) == s.tx_limit
