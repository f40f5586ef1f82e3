# SPDX-License-Identifier: MIT
"""Lemmas: invariants that make the others inductive.

An invariant may hold in every reachable state and yet not be inductive: some unreachable state satisfies all
invariants and has a step that breaks it. The lemmas exclude these states; `poolproof prove` shows that each is needed.
"""

from spec.dsl import NOBODY, implies
from spec.page import Dma, Life, Ownership, Page, Place


def a_page_of_a_live_pool_is_mapped_for_its_device(s: Ownership, page: Page) -> bool:
    """D3: while its pool is live a page stays mapped for the pool's device, in every place."""
    if s.home[page] == NOBODY or s.life[s.home[page]] != Life.LIVE:
        return True
    return s.dma[page, s.device_of[s.home[page]]] != Dma.UNMAPPED


def live_descriptors_belong_to_live_pools(s: Ownership, page: Page) -> bool:
    """S11: a page in an RX ring, or sent through its pool's mapping, belongs to a live pool."""
    if s.home[page] == NOBODY:
        return True
    at_work = s.place[page] == Place.RX_RING or s.tx_dev[page] == s.device_of[s.home[page]]
    return implies(at_work, s.life[s.home[page]] == Life.LIVE)


def an_unreferenced_page_with_the_stack_has_no_home(s: Ownership, page: Page) -> bool:
    """S18: when the last pp reference is put, the page is recycled or its home is cleared."""
    return implies(s.place[page] == Place.STACK and s.refs[page] == 0, s.home[page] == NOBODY)


def a_detached_pool_has_no_mapping_left(s: Ownership, page: Page) -> bool:
    """S12: after destroy has returned no page is mapped for the pool."""
    if s.home[page] == NOBODY or s.life[s.home[page]] != Life.DETACHED:
        return True
    return s.dma[page, s.device_of[s.home[page]]] == Dma.UNMAPPED
