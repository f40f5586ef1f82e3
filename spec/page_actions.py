# SPDX-License-Identifier: MIT
"""What may happen to a page as a whole: into its pool and out, cut and drained, back home, plain references.

Modelling decisions (reasons and sources: docs/decisions/spec-shape.md):

* Permission, not policy: an action is permitted whenever its party could take it. When to recycle or release, how
  many pages to keep and what to do when a ring is full is decided in models/.
* A guard reads only what the acting party can observe at that moment; it never states an invariant.
* Each action is one atomic step of one page. The windows inside a put (B04 to B06) are not modelled.
* The pool's cache and its ring are one place, POOL.
* All plain page references on a page are one bit, `foreign`.
* hold, returned and the counts of maps and unmaps are history counters: no guard reads them, invariants compare their
  changes.
"""

from spec.dsl import NOBODY, require, some
from spec.page import Bytes, Frag, Life, Ownership, Page, Place, Pool, Sent, Where, all_at_rest, is_in_use, is_visible

# Steps shared by several actions.


def unmap_home(s: Ownership, page: Page) -> None:
    """dma_unmap for the page's home; it syncs no byte (DMA_ATTR_SKIP_CPU_SYNC, T18)."""
    s.mapped[page] = False
    s.home_unmaps[page] += 1


def count_out(s: Ownership, page: Page, pool: Pool) -> None:
    """T18: the page leaves its pool: unmap unless the scrub did, count it out, clear its home (S31)."""
    if s.mapped[page]:
        unmap_home(s, page)
    s.returned[pool] += 1
    s.home[page] = NOBODY


def to_allocator(s: Ownership, page: Page) -> None:
    """put_page() to zero: the page is free, and its bytes are forgotten."""
    s.where[page] = Where.FREE
    s.bytes[page, :] = Bytes.DEVICE


def leave(s: Ownership, page: Page) -> None:
    """The last reference that a pool or a holder had is gone; a plain one keeps the page from being free (P12)."""
    if s.foreign[page]:
        s.where[page] = Where.OUT
    else:
        to_allocator(s, page)


# Into the pool, and out of it while idle.


def alloc_into_pool(s: Ownership, page: Page, pool: Pool) -> None:
    """A page is allocated, counted in, and mapped if its pool maps.

    Deck: "Only call dma_map() when setting up pages". Kernel: T4 and T5, __page_pool_alloc_pages_slow(),
    __page_pool_alloc_page_order(). The consumer allocates only while its pool is live (kernel reference 14.2, rule 6).
    """
    require(s.where[page] == Where.FREE)
    require(s.life[pool] == Life.LIVE)

    if s.maps[pool]:
        s.mapped[page] = True
        s.home_maps[page] += 1
    s.home[page] = pool
    s.hold[pool] += 1
    s.where[page] = Where.POOL


def return_idle(s: Ownership, page: Page, pool: Pool) -> None:
    """The consumer returns an idle page to the allocator: unmapped, counted out, freed.

    Deck: "And DMA unmap when leaving pool". Kernel: T3 and T27, page_pool_return_page() from
    page_pool_refill_alloc_cache() or page_pool_update_nid(). The consumer sees its own cache and ring, and is
    stopped before destroy.
    """
    require(s.home[page] == pool)
    require(s.where[page] == Where.POOL)
    require(s.life[pool] == Life.LIVE)

    count_out(s, page, pool)
    to_allocator(s, page)


# A page whose fragments are handed out one by one.


def hold_bias(s: Ownership, page: Page, pool: Pool) -> None:
    """The pool or its driver takes an idle page to hand out its fragments, and holds the bias.

    Kernel: T19, page_pool_alloc_frag() with the first fragment of a page.
    """
    require(s.cutting == 1)
    require(s.home[page] == pool)
    require(s.where[page] == Where.POOL)
    require(s.life[pool] == Life.LIVE)

    s.where[page] = Where.OUT
    s.cut[page] = True


def drain(s: Ownership, page: Page, pool: Pool) -> None:
    """The bias is put: no more fragments are handed out, and a page with none in use comes back.

    Kernel: T20 and T21, page_pool_drain_frag() and page_pool_free_frag(), which destroy calls before its scrub.
    """
    require(s.home[page] == pool)
    require(s.cut[page])
    require(is_in_use(s, pool))

    s.cut[page] = False
    if all_at_rest(s, page):
        s.where[page] = Where.BACK


# After the last put: recycled, released, or kept by others.


def sync_home(s: Ownership, page: Page, pool: Pool) -> None:
    """Who put the last reference syncs the whole page for the device, if the pool still syncs.

    Kernel: T13, page_pool_dma_sync_for_device(): it looks at the pool's flag under RCU, and page_count shows that
    there is no plain reference.
    """
    require(s.home[page] == pool)
    require(s.where[page] == Where.BACK)
    require(not s.foreign[page])
    require(s.dma_sync[pool])
    require(some(s.frags, lambda f: is_visible(s, page, f)))

    s.bytes[page, :] = Bytes.DEVICE


def recycle(s: Ownership, page: Page, pool: Pool) -> None:
    """A page that came back is idle in its own pool again: in the cache or the pool ring, mapped as it was.

    Deck: "recycling pages back to the originating device". Kernel: T13 to T15, T22, __page_pool_put_page(): pp is its
    home, page_count shows no plain reference, and what the CPU saw was synced. A destroyed pool's ring takes it, too.
    """
    require(s.home[page] == pool)
    require(s.where[page] == Where.BACK)
    require(not s.foreign[page])
    require(not (s.dma_sync[pool] and some(s.frags, lambda f: is_visible(s, page, f))))

    s.where[page] = Where.POOL


def release(s: Ownership, page: Page, pool: Pool) -> None:
    """The page leaves its pool instead of being recycled.

    Kernel: T16 and T17, page_pool_return_page(): ring full, elevated refcount, wrong node. When to do so is policy.
    """
    require(s.home[page] == pool)
    require(s.where[page] == Where.BACK)

    count_out(s, page, pool)
    leave(s, page)


def disconnect(s: Ownership, page: Page, pool: Pool) -> None:
    """The page leaves its pool while others keep buffers of it, as an ordinary page.

    Kernel: T26, page_pool_release_page() (until 6.5); a driver that drops a page of which others have the halves.
    The driver has no buffer of it any more, and its bias is drained.
    """
    require(s.home[page] == pool)
    require(s.where[page] == Where.OUT)
    require(not is_with_its_driver(s, page))

    count_out(s, page, pool)


def is_with_its_driver(s: Ownership, page: Page) -> bool:
    """The driver of the page's home has the bias or a buffer: in its RX ring, in hand, or in TX by XDP_TX."""
    in_hand = some(s.frags, lambda f: s.place[page, f] == Place.RX_RING or s.place[page, f] == Place.DRIVER)
    return s.cut[page] or in_hand or is_sent_from_home(s, page)


def is_sent_from_home(s: Ownership, page: Page) -> bool:
    """A buffer of the page is being sent through the home mapping."""
    return some(s.frags, lambda f: some(s.devices, lambda d: s.sent[page, f, d] == Sent.HOME))


# Plain page references, which no pool counts.


def get_page(s: Ownership, page: Page, frag: Frag) -> None:
    """A plain page reference is taken through a holder of a buffer.

    Kernel: get_page() on a fragment, __skb_frag_ref(), splice; only through a holder (S19).
    """
    require(s.place[page, frag] == Place.STACK)
    require(not s.foreign[page])

    s.foreign[page] = True


def put_page(s: Ownership, page: Page) -> None:
    """The plain page reference is put; if it was the last reference of any kind, the page is freed.

    Kernel: put_page(). "Released with extra references: lives as an ordinary page until put_page" (P12).
    """
    require(s.foreign[page])

    s.foreign[page] = False
    if s.where[page] == Where.OUT and s.home[page] == NOBODY and all_at_rest(s, page):
        to_allocator(s, page)


def adopt(s: Ownership, page: Page, frag: Frag) -> None:
    """Who has a plain reference to a page that left its pool uses it like any holder: it may clone and send it.

    Kernel: T24, skb_splice_from_iter() and veth_xdp_get(), after T17. What it refers to was seen by the CPU.
    """
    require(s.foreign[page])
    require(s.home[page] == NOBODY)
    require(s.place[page, frag] == Place.REST)
    require(is_visible(s, page, frag))

    s.foreign[page] = False
    s.place[page, frag] = Place.STACK
    s.refs[page, frag] = 1
