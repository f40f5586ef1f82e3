# SPDX-License-Identifier: MIT
"""The yardstick: a small ownership machine on which model checkers are compared.

It is a benchmark, not a design: three independent tools agree on its state counts.
"""

from spec.dsl import (
    NOBODY,
    Kind,
    Machine,
    Sort,
    State,
    bound,
    count,
    each,
    field,
    iff,
    implies,
    members,
    optional,
    require,
)


class Page(Sort, called="{letter}"):
    """A page of memory."""


class Device(Sort, called="eth{n}"):
    """A device together with its pool."""


class Owner(Kind):
    """Who has the page."""

    ALLOC = "the page allocator"
    POOL = "the pool of device `at`"
    RX = "the RX ring of device `at`"
    STACK = "the network stack"
    TX = "being sent by device `at`"


class DmaOwner(Kind):
    """Which side may access the page."""

    CPU = "owned by the CPU"
    DEV = "owned by the device"


class Status(Kind):
    """The life of a device and its pool."""

    UP = "in use"
    DYING = "being destroyed"
    GONE = "freed"


class Yardstick(State):
    """Pages with an owner, an origin, mappings and a DMA owner; devices with a life."""

    pages = members(Page, 1, 20)
    devices = members(Device, 1, 4)
    ring_size = bound(1, 12, "descriptors in a device's RX ring")
    tx_limit = bound(1, 12, "pages a device may have in TX")

    owner = field(Page, Owner, Owner.ALLOC, "who has the page; written by every action on a page")
    at = field(Page, optional(Device), NOBODY, "the device of the pool, ring or TX that has it; written with owner")
    origin = field(
        Page, optional(Device), NOBODY, "the device it must go home to; written by refill and by what frees it"
    )
    mapped = field(
        (Page, Device), bool, False, "mapped for this device; written by refill, xmit, tx_complete and what frees"
    )
    dma_owner = field(Page, DmaOwner, DmaOwner.CPU, "which side may access it; written by syncs, maps and completions")
    dirty = field(
        Page, bool, False, "the CPU wrote it since the last sync for device; written by stack_write and syncs"
    )
    status = field(Device, Status, Status.UP, "the life of the device; written by destroy and final_free")


def in_ring(s: Yardstick, dev: Device) -> int:
    """Pages in the RX ring of a device."""
    return count(s.pages, lambda p: s.owner[p] == Owner.RX and s.at[p] == dev)


def in_tx(s: Yardstick, dev: Device) -> int:
    """Pages a device is sending."""
    return count(s.pages, lambda p: s.owner[p] == Owner.TX and s.at[p] == dev)


def held(s: Yardstick, dev: Device) -> int:
    """Pages whose origin is this device."""
    return count(s.pages, lambda p: s.origin[p] == dev)


def give(s: Yardstick, page: Page, owner: Owner, dev: Device) -> None:
    """Hand the page to an owner that belongs to a device."""
    s.owner[page] = owner
    s.at[page] = dev


def give_to_device(s: Yardstick, page: Page) -> None:
    """Sync for device: the device owns the page and no CPU write is unsynced."""
    s.dma_owner[page] = DmaOwner.DEV
    s.dirty[page] = False


def free(s: Yardstick, page: Page, dev: Device) -> None:
    """Unmap the page for its device and give it back to the allocator."""
    s.mapped[page, dev] = False
    s.owner[page] = Owner.ALLOC
    s.at[page] = NOBODY
    s.origin[page] = NOBODY
    s.dma_owner[page] = DmaOwner.CPU
    s.dirty[page] = False


def refill(s: Yardstick, page: Page, dev: Device) -> None:
    """A page is allocated and mapped for its device."""
    require(s.owner[page] == Owner.ALLOC)
    require(s.status[dev] == Status.UP)

    give(s, page, Owner.POOL, dev)
    s.origin[page] = dev
    s.mapped[page, dev] = True
    give_to_device(s, page)


def rx_post(s: Yardstick, page: Page, dev: Device) -> None:
    """The driver posts a pool page to its RX ring."""
    require(s.owner[page] == Owner.POOL)
    require(s.at[page] == dev)
    require(s.status[dev] == Status.UP)
    require(in_ring(s, dev) < s.ring_size)

    s.owner[page] = Owner.RX
    give_to_device(s, page)


def rx_complete(s: Yardstick, page: Page, dev: Device) -> None:
    """The device has written the page, which goes to the stack."""
    require(s.owner[page] == Owner.RX)
    require(s.at[page] == dev)
    require(s.status[dev] == Status.UP)

    s.owner[page] = Owner.STACK
    s.at[page] = NOBODY
    s.dma_owner[page] = DmaOwner.CPU


def reclaim(s: Yardstick, page: Page, dev: Device) -> None:
    """The allocator takes an idle page from the pool."""
    require(s.owner[page] == Owner.POOL)
    require(s.at[page] == dev)
    require(s.status[dev] == Status.UP)

    free(s, page, dev)


def scrub_pool(s: Yardstick, page: Page, dev: Device) -> None:
    """A dying device frees an idle page."""
    require(s.owner[page] == Owner.POOL)
    require(s.at[page] == dev)
    require(s.status[dev] == Status.DYING)

    free(s, page, dev)


def scrub_ring(s: Yardstick, page: Page, dev: Device) -> None:
    """A dying device frees a page of its RX ring."""
    require(s.owner[page] == Owner.RX)
    require(s.at[page] == dev)
    require(s.status[dev] == Status.DYING)

    free(s, page, dev)


def stack_write(s: Yardstick, page: Page) -> None:
    """The stack writes the page."""
    require(s.owner[page] == Owner.STACK)
    require(not s.dirty[page])

    s.dirty[page] = True


def drop(s: Yardstick, page: Page) -> None:
    """The stack drops the page, which goes back to its pool."""
    require(s.owner[page] == Owner.STACK)

    give(s, page, Owner.POOL, s.origin[page])


def release(s: Yardstick, page: Page, dev: Device) -> None:
    """The stack frees a page of a device, because of an elevated refcount."""
    require(s.owner[page] == Owner.STACK)
    require(s.origin[page] == dev)

    free(s, page, dev)


def xmit(s: Yardstick, page: Page, dev: Device) -> None:
    """The page is posted to the TX ring of a device, perhaps another one."""
    require(s.owner[page] == Owner.STACK)
    require(s.status[dev] == Status.UP)
    require(in_tx(s, dev) < s.tx_limit)

    give(s, page, Owner.TX, dev)
    s.mapped[page, dev] = True
    give_to_device(s, page)


def tx_complete(s: Yardstick, page: Page, dev: Device) -> None:
    """The device has sent the page: it goes back to its pool, and a second mapping is unmapped."""
    require(s.owner[page] == Owner.TX)
    require(s.at[page] == dev)

    give(s, page, Owner.POOL, s.origin[page])
    if s.origin[page] != dev:
        s.mapped[page, dev] = False
        s.dma_owner[page] = DmaOwner.CPU


def destroy(s: Yardstick, dev: Device) -> None:
    """The device's pool is destroyed."""
    require(s.status[dev] == Status.UP)

    s.status[dev] = Status.DYING


def final_free(s: Yardstick, dev: Device) -> None:
    """No page has the device as origin and none is being sent: the pool is freed."""
    require(s.status[dev] == Status.DYING)
    require(held(s, dev) == 0)
    require(in_tx(s, dev) == 0)

    s.status[dev] = Status.GONE


def devices_access_only_mapped_and_synced_pages(s: Yardstick, page: Page, dev: Device) -> bool:
    """In RX or TX of a device: mapped for it, owned by the device, no CPU write unsynced."""
    touched = s.owner[page] in (Owner.RX, Owner.TX) and s.at[page] == dev
    return implies(touched, s.mapped[page, dev] and s.dma_owner[page] == DmaOwner.DEV and not s.dirty[page])


def an_idle_page_is_at_home_and_mapped_there_only(s: Yardstick, page: Page, dev: Device) -> bool:
    """In the pool of a device: its origin is that device, and it is mapped for that device alone."""
    idle = s.owner[page] == Owner.POOL
    return implies(idle, s.origin[page] == s.at[page] and iff(s.mapped[page, dev], s.at[page] == dev))


def a_free_page_has_no_origin_and_no_mapping(s: Yardstick, page: Page) -> bool:
    """In the allocator: no origin and no mapping."""
    unused = s.origin[page] == NOBODY and each(s.devices, lambda d: not s.mapped[page, d])
    return implies(s.owner[page] == Owner.ALLOC, unused)


def a_freed_device_has_no_pages(s: Yardstick, page: Page, dev: Device) -> bool:
    """Freed: no page has the device as origin, none is mapped for it."""
    return implies(s.status[dev] == Status.GONE, s.origin[page] != dev and not s.mapped[page, dev])


def rings_are_never_overrun(s: Yardstick, dev: Device) -> bool:
    """No more pages in the RX ring than descriptors, none sent beyond the limit."""
    return in_ring(s, dev) <= s.ring_size and in_tx(s, dev) <= s.tx_limit


def a_page_is_mapped_for_its_origin_and_its_sender_only(s: Yardstick, page: Page, dev: Device) -> bool:
    """A lemma: a page is mapped for its origin and for the device that sends it, and for no other device."""
    sent = s.owner[page] == Owner.TX and s.at[page] == dev
    return iff(s.mapped[page, dev], s.origin[page] == dev or sent)


def a_page_crosses_two_devices(s: Yardstick, page: Page, dev: Device) -> bool:
    """Received by one device, being sent by another."""
    return s.owner[page] == Owner.TX and s.at[page] == dev and s.origin[page] != dev


def a_device_is_freed(s: Yardstick, dev: Device) -> bool:
    """A device is freed."""
    return s.status[dev] == Status.GONE


def every_device_is_freed(s: Yardstick) -> bool:
    """Where a run may end."""
    return each(s.devices, lambda d: s.status[d] == Status.GONE)


MODEL = yardstick = Machine(
    name="yardstick",
    doc="The machine on which model checkers are compared, with state counts known from three tools.",
    state=Yardstick,
    system=(
        refill, rx_post, rx_complete, scrub_pool, scrub_ring, drop, release, xmit, tx_complete, destroy, final_free,
    ),
    environment=(reclaim, stack_write),
    always=(
        devices_access_only_mapped_and_synced_pages, an_idle_page_is_at_home_and_mapped_there_only,
        a_free_page_has_no_origin_and_no_mapping, a_freed_device_has_no_pages, rings_are_never_overrun,
        a_page_is_mapped_for_its_origin_and_its_sender_only,
    ),
    sometimes=(a_page_crosses_two_devices, a_device_is_freed),
    scopes={
        "tiny": dict(pages=2, devices=2, ring_size=2, tx_limit=2),
        "small": dict(pages=3, devices=2, ring_size=2, tx_limit=2),
        "large": dict(pages=5, devices=2, ring_size=2, tx_limit=2),
    },
    symmetric=(Page,),
    symmetric_if_asked=(Device,),
    place=Yardstick.owner,
    final=every_device_is_freed,
)  # fmt: skip
