# SPDX-License-Identifier: MIT
"""The life of pages that are split into fragments, which are posted, held and sent one by one.

Source: a trial of such rules in the same notation, under other names; one page in two fragments, a pool and a device.
Counted there, by rumur too: 4690 states, 26213 transitions. With symmetry 322 states with one page, fragment, pool and
device, and 517313 with two pages in one fragment, two pools and two devices.
Difference in counting: none.
"""

import fragments_state as said  # type: ignore[import-not-found]  # stands beside this file
from fragments_state import (
    Data,
    Device,
    Frag,
    Fragments,
    Life,
    Page,
    Pool,
    Sending,
    Stage,
    Use,
    can_be_handed_out,
    is_held,
    is_readable,
    is_sent,
    is_sent_from_home,
    is_synced,
    is_unused,
    with_the_driver,
)

from spec.dsl import NOBODY, Machine, count, require, some

# Steps shared by several actions.


def free(s: Fragments, page: Page) -> None:
    """The page is in the allocator; what it held does not matter any more."""
    s.stage[page] = Stage.FREE
    s.data[page, :] = Data.DEVICE


def free_or_linger(s: Fragments, page: Page) -> None:
    """Without a home the page is free, unless a plain reference is left."""
    if s.page_ref[page]:
        s.stage[page] = Stage.OUT
    else:
        free(s, page)


def leave_pool(s: Fragments, page: Page) -> None:
    """The page is unmapped, and its pool does not count it any more."""
    s.mapped[page] = False
    s.home[page] = NOBODY


def end_if_unused(s: Fragments, page: Page) -> None:
    """With the last reference to any of its buffers, the bias among them, a page returns."""
    if not s.biased[page] and is_unused(s, page):
        if s.home[page] != NOBODY:
            s.stage[page] = Stage.RETURNING
        else:
            free_or_linger(s, page)


def end_use(s: Fragments, page: Page, frag: Frag) -> None:
    """The last reference to a buffer is put."""
    s.use[page, frag] = Use.UNUSED
    s.refs[page, frag] = 0
    end_if_unused(s, page)


# Into a pool and out of it.


def alloc_into_pool(s: Fragments, page: Page, pool: Pool) -> None:
    """A page is allocated, mapped and counted in."""
    require(s.stage[page] == Stage.FREE)
    require(s.life[pool] == Life.LIVE)

    s.stage[page] = Stage.IDLE
    s.mapped[page] = True
    s.home[page] = pool


def return_page(s: Fragments, page: Page, pool: Pool) -> None:
    """An idle page is given back to the allocator, by the driver or, once the pool is destroyed, by the scrub."""
    require(s.home[page] == pool)
    require(s.stage[page] == Stage.IDLE)

    leave_pool(s, page)
    free(s, page)


def split(s: Fragments, page: Page, pool: Pool) -> None:
    """The driver takes a page to hand it out in fragments, and keeps the bias."""
    require(s.home[page] == pool)
    require(s.stage[page] == Stage.IDLE)
    require(s.life[pool] == Life.LIVE)

    s.stage[page] = Stage.OUT
    s.biased[page] = True


def drain(s: Fragments, page: Page) -> None:
    """The driver puts the bias: no more fragments are handed out."""
    require(s.biased[page])

    s.biased[page] = False
    end_if_unused(s, page)


def disconnect(s: Fragments, page: Page, pool: Pool) -> None:
    """A page leaves its pool while the stack holds buffers of it: from now on it is an ordinary page."""
    require(s.home[page] == pool)
    require(s.stage[page] == Stage.OUT)
    require(s.life[pool] == Life.LIVE)
    require(not s.biased[page])
    require(not some(s.frags, lambda f: s.use[page, f] in (Use.POSTED, Use.DRIVER)))
    require(not is_sent_from_home(s, page))

    leave_pool(s, page)


def sync_on_return(s: Fragments, page: Page) -> None:
    """Whoever put the last reference syncs the whole page to the device, while it is mapped."""
    require(s.stage[page] == Stage.RETURNING)
    require(s.mapped[page])
    require(not is_synced(s, page))

    s.data[page, :] = Data.DEVICE


def recycle(s: Fragments, page: Page) -> None:
    """The page is idle again in the pool it came from."""
    require(s.stage[page] == Stage.RETURNING)
    require(not s.page_ref[page])
    require(not s.mapped[page] or is_synced(s, page))

    s.stage[page] = Stage.IDLE


def release(s: Fragments, page: Page) -> None:
    """The page leaves its pool instead of being recycled."""
    require(s.stage[page] == Stage.RETURNING)

    leave_pool(s, page)
    free_or_linger(s, page)


# With the driver.


def rx_post(s: Fragments, page: Page, frag: Frag, pool: Pool) -> None:
    """The driver takes a buffer from its pool and posts it."""
    require(s.home[page] == pool)
    require(s.life[pool] == Life.LIVE)
    require(can_be_handed_out(s, page, frag))
    require(s.data[page, frag] == Data.DEVICE)

    s.stage[page] = Stage.OUT
    s.use[page, frag] = Use.POSTED


def take(s: Fragments, page: Page, frag: Frag, pool: Pool) -> None:
    """The driver takes a buffer from its pool to fill it itself."""
    require(s.home[page] == pool)
    require(s.life[pool] == Life.LIVE)
    require(can_be_handed_out(s, page, frag))

    s.stage[page] = Stage.OUT
    s.use[page, frag] = Use.DRIVER
    s.refs[page, frag] = 1


def rx_repost(s: Fragments, page: Page, frag: Frag) -> None:
    """The driver posts a buffer again without passing the pool."""
    require(s.use[page, frag] == Use.DRIVER)
    require(s.data[page, frag] == Data.DEVICE)
    require(not s.page_ref[page])

    s.use[page, frag] = Use.POSTED
    s.refs[page, frag] = 0


def rx_complete(s: Fragments, page: Page, frag: Frag) -> None:
    """The device has written a buffer, and the driver takes it from the ring."""
    require(s.use[page, frag] == Use.POSTED)

    s.use[page, frag] = Use.DRIVER
    s.refs[page, frag] = 1
    s.data[page, frag] = Data.STALE


def sync_for_cpu(s: Fragments, page: Page, frag: Frag) -> None:
    """From now on the CPU sees what the device wrote."""
    require(s.use[page, frag] == Use.DRIVER)
    require(not is_readable(s, page, frag))

    s.data[page, frag] = Data.CPU


def sync_for_device(s: Fragments, page: Page, frag: Frag) -> None:
    """From now on the device sees what the CPU wrote."""
    require(s.use[page, frag] == Use.DRIVER)
    require(s.data[page, frag] != Data.DEVICE)

    s.data[page, frag] = Data.DEVICE


def hand_up(s: Fragments, page: Page, frag: Frag) -> None:
    """The driver gives a packet to the stack, and its reference with it."""
    require(s.use[page, frag] == Use.DRIVER)
    require(is_readable(s, page, frag))

    s.use[page, frag] = Use.STACK


# With those who hold it.


def cpu_write(s: Fragments, page: Page, frag: Frag) -> None:
    """The CPU writes a buffer that nobody shares: the XDP program once, the stack as often as it likes."""
    require(s.use[page, frag] == Use.STACK or (s.use[page, frag] == Use.DRIVER and s.data[page, frag] == Data.CPU))
    require(s.refs[page, frag] == 1)
    require(not s.page_ref[page])
    require(not is_sent(s, page, frag))

    s.data[page, frag] = Data.DIRTY


def clone(s: Fragments, page: Page, frag: Frag) -> None:
    """A holder in the stack takes one more reference."""
    require(s.use[page, frag] == Use.STACK)
    require(s.refs[page, frag] < s.max_refs)

    s.refs[page, frag] += 1


def put(s: Fragments, page: Page, frag: Frag) -> None:
    """The driver or the stack puts a reference; after the last one only devices can still use the buffer."""
    require(is_held(s, page, frag))

    if s.refs[page, frag] > 1:
        s.refs[page, frag] -= 1
    elif is_sent(s, page, frag):
        s.use[page, frag] = Use.SENT
        s.refs[page, frag] = 0
    else:
        end_use(s, page, frag)


def get_page(s: Fragments, page: Page, frag: Frag) -> None:
    """A plain page reference is taken by way of a buffer that the stack holds."""
    require(s.use[page, frag] == Use.STACK)
    require(not s.page_ref[page])

    s.page_ref[page] = True


def put_page(s: Fragments, page: Page) -> None:
    """The plain page reference is put; if nothing else is left of an ordinary page, it is free."""
    require(s.page_ref[page])

    s.page_ref[page] = False
    if s.stage[page] == Stage.OUT and s.home[page] == NOBODY and is_unused(s, page):
        free(s, page)


def adopt(s: Fragments, page: Page, frag: Frag) -> None:
    """The plain reference to an ordinary page is used like any other: for a packet that can be sent."""
    require(s.page_ref[page])
    require(s.home[page] == NOBODY)
    require(s.use[page, frag] == Use.UNUSED)
    require(is_readable(s, page, frag))

    s.page_ref[page] = False
    s.use[page, frag] = Use.STACK
    s.refs[page, frag] = 1


# Transmission.


def xdp_tx(s: Fragments, page: Page, frag: Frag, pool: Pool) -> None:
    """The driver sends a buffer on the device it came from, through the pool's mapping."""
    require(s.home[page] == pool)
    require(s.use[page, frag] == Use.DRIVER)
    require(s.data[page, frag] == Data.DEVICE)

    s.sending[page, frag, s.device_of[pool]] = Sending.XDP_TX
    s.use[page, frag] = Use.SENT
    s.refs[page, frag] = 0


def xmit(s: Fragments, page: Page, frag: Frag, dev: Device) -> None:
    """A holder hands its reference to any device, which maps the buffer to send it."""
    require(is_held(s, page, frag))
    require(s.refs[page, frag] >= 1)
    require(is_readable(s, page, frag))
    require(s.sending[page, frag, dev] == Sending.NO)
    require(s.has_driver[dev])

    s.sending[page, frag, dev] = Sending.MAPPED
    if s.refs[page, frag] == 1:
        s.use[page, frag] = Use.SENT
    s.refs[page, frag] -= 1


def tx_complete(s: Fragments, page: Page, frag: Frag, dev: Device) -> None:
    """The device has read the buffer, and its reference is put."""
    require(s.sending[page, frag, dev] != Sending.NO)

    s.sending[page, frag, dev] = Sending.NO
    if s.refs[page, frag] == 0 and not is_sent(s, page, frag):
        end_use(s, page, frag)


# Pools and devices.


def pool_create(s: Fragments, pool: Pool) -> None:
    """A driver creates a pool."""
    require(s.life[pool] == Life.ABSENT)
    require(s.has_driver[s.device_of[pool]])
    require(count(s.pools, lambda q: s.device_of[q] == s.device_of[pool] and s.life[q] == Life.LIVE) < s.live_pools)

    s.life[pool] = Life.LIVE


def pool_destroy(s: Fragments, pool: Pool) -> None:
    """The driver destroys a pool of which it has nothing in its rings or in hand."""
    require(s.life[pool] == Life.LIVE)
    require(with_the_driver(s, pool) == 0)
    require(not some(s.pages, lambda p: s.home[p] == pool and (s.biased[p] or is_sent_from_home(s, p))))

    s.life[pool] = Life.SCRUBBING


def scrub_unmap(s: Fragments, page: Page, pool: Pool) -> None:
    """The scrub unmaps a page that may still be out; it keeps its home."""
    require(s.home[page] == pool)
    require(s.life[pool] == Life.SCRUBBING)
    require(s.mapped[page])

    s.mapped[page] = False


def pool_detach(s: Fragments, pool: Pool) -> None:
    """No page is mapped for the pool any more: page_pool_destroy() returns."""
    require(s.life[pool] == Life.SCRUBBING)
    require(not some(s.pages, lambda p: s.home[p] == pool and s.mapped[p]))

    s.life[pool] = Life.DETACHED


def pool_free(s: Fragments, pool: Pool) -> None:
    """No page is counted any more: the pool is freed."""
    require(s.life[pool] in (Life.SCRUBBING, Life.DETACHED))
    require(count(s.pages, lambda p: s.home[p] == pool) == 0)

    s.life[pool] = Life.FREED


def device_unbind(s: Fragments, dev: Device) -> None:
    """The driver leaves its device, which sends nothing and whose pools are at least detached."""
    require(s.has_driver[dev])
    require(not some(s.pools, lambda q: s.device_of[q] == dev and s.life[q] in (Life.LIVE, Life.SCRUBBING)))
    require(not some((s.pages, s.frags), lambda p, f: s.sending[p, f, dev] != Sending.NO))

    s.has_driver[dev] = False


MODEL = Machine(
    name="fragments",
    doc="Pages in fragments: a buffer has its users, a page its mapping and its way home.",
    state=Fragments,
    system=(
        alloc_into_pool, return_page, split, drain, disconnect, sync_on_return, recycle, release, rx_post, take,
        rx_repost, rx_complete, sync_for_cpu, sync_for_device, hand_up, xdp_tx, xmit, tx_complete,
        pool_create, pool_destroy, scrub_unmap, pool_detach, pool_free,
    ),
    environment=(cpu_write, clone, put, get_page, put_page, adopt, device_unbind),
    always=said.ALWAYS,
    steps=said.STEPS,
    sometimes=said.SOMETIMES,
    needs=said.NEEDS,
    scopes={"tiny": dict(pages=1, frags=2, pools=1, devices=1, max_refs=2, live_pools=1)},
    symmetric=(Page, Frag, Pool, Device),
    place=Fragments.stage,
    final=said.everything_is_over,
)  # fmt: skip
