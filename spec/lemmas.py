"""Facts that keep the invariants standing: from these and the invariants together, every step follows by itself.

An invariant may hold in every reachable state and yet not follow from the other invariants alone. What is missing is
said here, as invariants of their own: `poolproof prove` shows that no lemma may be left out.
"""

from spec.dsl import NOBODY, implies
from spec.page import Dma, Life, Ownership, Page, Place


def a_page_of_a_live_pool_is_mapped_for_its_device(s: Ownership, page: Page) -> bool:
    """D3: as long as its pool is live a page stays mapped, wherever it is: only a scrub or the way out unmaps it."""
    if s.home[page] == NOBODY or s.life[s.home[page]] != Life.LIVE:
        return True
    return s.dma[page, s.device_of[s.home[page]]] != Dma.UNMAPPED


def a_device_works_only_for_a_live_pool(s: Ownership, page: Page) -> bool:
    """S11: what a device has in its RX ring, or sends through its pool's mapping, belongs to a pool that is live."""
    if s.home[page] == NOBODY:
        return True
    at_work = s.place[page] == Place.RX_RING or s.tx_dev[page] == s.device_of[s.home[page]]
    return implies(at_work, s.life[s.home[page]] == Life.LIVE)


def a_page_with_the_stack_has_a_home_only_while_it_is_referenced(s: Ownership, page: Page) -> bool:
    """S18: where the last pool reference is put, the page goes home or loses its home."""
    return implies(s.place[page] == Place.STACK and s.refs[page] == 0, s.home[page] == NOBODY)


def a_detached_pool_has_no_mapping_left(s: Ownership, page: Page) -> bool:
    """S12: what comes home after destroy has returned comes home unmapped."""
    if s.home[page] == NOBODY or s.life[s.home[page]] != Life.DETACHED:
        return True
    return s.dma[page, s.device_of[s.home[page]]] == Dma.UNMAPPED
