# SPDX-License-Identifier: MIT
"""Lemmas: invariants that make the others inductive.

An invariant may hold in every reachable state and yet not be inductive: some unreachable state satisfies all
invariants and has a step that breaks it. The lemmas exclude these states; `poolproof prove` shows that each is needed.
"""

from spec.dsl import iff, implies
from spec.page import Bytes, Frag, Life, Ownership, Page, Pool, Where, is_in_use


def the_bytes_of_a_free_page_are_forgotten(s: Ownership, page: Page, frag: Frag) -> bool:
    """S14: a page that enters a pool is mapped, which syncs it."""
    return implies(s.where[page] == Where.FREE, s.bytes[page, frag] == Bytes.DEVICE)


def puts_sync_from_creation_until_destroy(s: Ownership, pool: Pool) -> bool:
    """S15: a pool in use syncs if its driver asked for it; a pool that is gone or not created yet does nothing."""
    if is_in_use(s, pool):
        return iff(s.dma_sync[pool], s.syncs[pool])
    return implies(s.dma_sync[pool], s.syncs[pool] and s.life[pool] in (Life.SCRUBBING, Life.DETACHED))


def a_pool_that_is_not_created_or_freed_does_nothing(s: Ownership, pool: Pool) -> bool:
    """S7: only a pool that is there maps, syncs, or sends through its mappings."""
    flags = s.maps[pool] or s.syncs[pool] or s.both_ways[pool] or s.dma_sync[pool] or s.tracks[pool]
    return implies(s.life[pool] in (Life.ABSENT, Life.FREED), not flags)


def a_pool_that_syncs_maps(s: Ownership, pool: Pool) -> bool:
    """S9: page_pool_init() refuses a sync without a map; so it does for both directions without a map."""
    return implies(s.syncs[pool] or s.both_ways[pool], s.maps[pool])
