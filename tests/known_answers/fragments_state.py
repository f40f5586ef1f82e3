# SPDX-License-Identifier: MIT
"""The state of fragments.py, what is seen of it, what is promised of it, and what is possible."""

from spec.dsl import (
    ANY,
    NOBODY,
    Kind,
    Sort,
    State,
    between,
    bound,
    count,
    each,
    field,
    implies,
    members,
    optional,
    some,
)


class Page(Sort, called="{letter}"):
    """A page of memory: it is mapped, counted and recycled as a whole."""


class Frag(Sort, called="frag{n}"):
    """A fragment; with its page it is a buffer, which is posted, held and sent on its own."""


class Pool(Sort, called="pool{n}"):
    """A page pool."""


class Device(Sort, called="eth{n}"):
    """A network device."""


class Stage(Kind):
    """How far a page is on its way."""

    FREE = "in the page allocator"
    IDLE = "idle in its pool"
    OUT = "some of it is in use"
    RETURNING = "its last reference was put, and it is neither recycled nor released yet"


class Use(Kind):
    """Who uses a buffer."""

    UNUSED = "nobody"
    POSTED = "its pool's device, which may write it"
    DRIVER = "the driver, alone"
    STACK = "the stack; devices may send it too"
    SENT = "devices that send it, alone"


class Data(Kind):
    """To whom a buffer's bytes are synced."""

    DEVICE = "to the device"
    STALE = "to nobody: the device wrote them"
    CPU = "to the CPU"
    DIRTY = "to the CPU, which wrote them"


class Sending(Kind):
    """How a device sends a buffer."""

    NO = "not at all"
    XDP_TX = "through the mapping of the pool"
    MAPPED = "through a mapping made to send it"


class Life(Kind):
    """The life of a pool."""

    ABSENT = "not created yet"
    LIVE = "in use by its driver"
    SCRUBBING = "page_pool_destroy() is running"
    DETACHED = "page_pool_destroy() has returned, and pages are out"
    FREED = "freed"


class Fragments(State):
    """Pages with their buffers, pools and devices."""

    pages = members(Page, 1, 4)
    frags = members(Frag, 1, 4)
    pools = members(Pool, 1, 4)
    devices = members(Device, 1, 4)

    max_refs = bound(1, 4, "references of the stack to one buffer")
    live_pools = bound(1, 4, "live pools of one device")

    stage = field(Page, Stage, Stage.FREE, "how far it is; written by whoever moves the page")
    biased = field(Page, bool, False, "the driver will hand out more fragments; written by split and drain")
    home = field(Page, optional(Pool), NOBODY, "the pool that counts it; written when it enters and leaves one")
    mapped = field(Page, bool, False, "it is mapped for its pool's device; written with home and by the scrub")
    page_ref = field(Page, bool, False, "a plain page reference is held; written by get_page, put_page and adopt")
    use = field((Page, Frag), Use, Use.UNUSED, "who uses the buffer; written by whoever hands it on")
    refs = field((Page, Frag), between(0, max_refs), 0, "references of the driver or the stack; written by holders")
    data = field((Page, Frag), Data, Data.DEVICE, "to whom it is synced; written by syncs and by whoever writes it")
    sending = field((Page, Frag, Device), Sending, Sending.NO, "how the device sends it; written at TX and completion")

    life = field(Pool, Life, Life.ABSENT, "how far the pool is; written by pool_create to pool_free")
    device_of = field(Pool, Device, ANY, "the device it maps pages for; fixed")
    has_driver = field(Device, bool, True, "its driver is bound; written by device_unbind")


# What is seen.


def is_sent(s: Fragments, page: Page, frag: Frag) -> bool:
    """Some device sends the buffer."""
    return some(s.devices, lambda d: s.sending[page, frag, d] != Sending.NO)


def is_held(s: Fragments, page: Page, frag: Frag) -> bool:
    """The driver or the stack has a reference to the buffer."""
    return s.use[page, frag] in (Use.DRIVER, Use.STACK)


def is_readable(s: Fragments, page: Page, frag: Frag) -> bool:
    """The CPU sees what is in the buffer."""
    return s.data[page, frag] in (Data.CPU, Data.DIRTY)


def can_be_handed_out(s: Fragments, page: Page, frag: Frag) -> bool:
    """The buffer is the only one of an idle page, or the next one of a page that is handed out in fragments."""
    return s.use[page, frag] == Use.UNUSED and (s.stage[page] == Stage.IDLE or s.biased[page])


def is_unused(s: Fragments, page: Page) -> bool:
    """No buffer of the page is in use."""
    return each(s.frags, lambda f: s.use[page, f] == Use.UNUSED)


def is_synced(s: Fragments, page: Page) -> bool:
    """Each buffer of the page is synced to the device."""
    return each(s.frags, lambda f: s.data[page, f] == Data.DEVICE)


def is_sent_from_home(s: Fragments, page: Page) -> bool:
    """A buffer of the page is sent through the pool's mapping."""
    return some((s.frags, s.devices), lambda f, d: s.sending[page, f, d] == Sending.XDP_TX)


def with_the_driver(s: Fragments, pool: Pool) -> int:
    """Buffers of this pool in the RX ring or with the driver."""
    return count((s.pages, s.frags), lambda p, f: s.home[p] == pool and s.use[p, f] in (Use.POSTED, Use.DRIVER))


# What is promised.


def each_use_has_its_references(s: Fragments, page: Page, frag: Frag) -> bool:
    """The driver has one reference, the stack some, and nobody else has any."""
    if s.use[page, frag] == Use.STACK:
        return s.refs[page, frag] > 0
    return s.refs[page, frag] == (1 if s.use[page, frag] == Use.DRIVER else 0)


def only_shown_and_sent_buffers_have_senders(s: Fragments, page: Page, frag: Frag) -> bool:
    """A buffer whose use is SENT is sent, and otherwise only the stack's buffers may be."""
    if s.use[page, frag] == Use.SENT:
        return is_sent(s, page, frag)
    return s.use[page, frag] == Use.STACK or not is_sent(s, page, frag)


def a_page_is_out_exactly_while_it_is_in_use(s: Fragments, page: Page) -> bool:
    """Nothing that is in use is free, idle or returning; a plain reference alone keeps only an ordinary page out."""
    in_use = s.biased[page] or not is_unused(s, page)
    if s.stage[page] == Stage.OUT:
        return in_use or (s.page_ref[page] and s.home[page] == NOBODY)
    return not in_use


def a_free_page_has_no_home_and_no_past(s: Fragments, page: Page) -> bool:
    """What enters a pool comes from none, and is clean."""
    return implies(s.stage[page] == Stage.FREE, s.home[page] == NOBODY and is_synced(s, page))


def an_idle_or_returning_page_has_a_home(s: Fragments, page: Page) -> bool:
    """Only a page that is out may have lost its home."""
    return implies(s.stage[page] in (Stage.IDLE, Stage.RETURNING), s.home[page] != NOBODY)


def a_free_or_idle_page_has_no_plain_reference(s: Fragments, page: Page) -> bool:
    """A page that somebody still refers to is neither recycled nor freed."""
    return implies(s.stage[page] in (Stage.FREE, Stage.IDLE), not s.page_ref[page])


def what_the_driver_has_is_of_a_live_pool(s: Fragments, page: Page, frag: Frag) -> bool:
    """The RX ring, the buffers in hand and the bias end before the pool does."""
    if not s.biased[page] and s.use[page, frag] not in (Use.POSTED, Use.DRIVER):
        return True
    return s.home[page] != NOBODY and s.life[s.home[page]] == Life.LIVE


def a_page_of_a_live_pool_is_mapped(s: Fragments, page: Page) -> bool:
    """The mapping stands as long as the pool lives."""
    return s.home[page] == NOBODY or s.life[s.home[page]] != Life.LIVE or s.mapped[page]


def a_mapped_page_has_a_home(s: Fragments, page: Page) -> bool:
    """Every mapping of a pool has somebody who will undo it."""
    return implies(s.mapped[page], s.home[page] != NOBODY)


def no_page_has_a_home_that_is_freed(s: Fragments, page: Page) -> bool:
    """A pool outlives its pages."""
    return s.home[page] == NOBODY or s.life[s.home[page]] not in (Life.ABSENT, Life.FREED)


def xdp_tx_reads_a_mapped_page_of_its_own(s: Fragments, page: Page, frag: Frag, dev: Device) -> bool:
    """What is sent through the pool's mapping is mapped for the sender, and synced to it."""
    if s.sending[page, frag, dev] != Sending.XDP_TX:
        return True
    if s.home[page] == NOBODY or s.life[s.home[page]] != Life.LIVE:
        return False
    return s.device_of[s.home[page]] == dev and s.mapped[page] and s.data[page, frag] == Data.DEVICE


def a_posted_buffer_is_mapped_and_synced(s: Fragments, page: Page, frag: Frag) -> bool:
    """What the device may write is mapped for it and synced to it."""
    return implies(s.use[page, frag] == Use.POSTED, s.mapped[page] and s.data[page, frag] == Data.DEVICE)


def what_the_stack_sees_is_readable(s: Fragments, page: Page, frag: Frag) -> bool:
    """No stale byte is handed up."""
    return implies(s.use[page, frag] == Use.STACK, is_readable(s, page, frag))


def a_device_without_a_driver_sends_nothing(s: Fragments, page: Page, frag: Frag, dev: Device) -> bool:
    """A sender's mapping ends before its driver leaves."""
    return s.has_driver[dev] or s.sending[page, frag, dev] == Sending.NO


def a_pool_at_work_has_a_driver(s: Fragments, pool: Pool) -> bool:
    """The driver stays until page_pool_destroy() has returned."""
    return s.life[pool] not in (Life.LIVE, Life.SCRUBBING) or s.has_driver[s.device_of[pool]]


def an_idle_page_of_a_live_pool_can_be_posted(s: Fragments, page: Page) -> bool:
    """It is mapped and synced, so that its driver needs neither map nor sync it."""
    if s.stage[page] != Stage.IDLE or s.home[page] == NOBODY or s.life[s.home[page]] != Life.LIVE:
        return True
    return s.mapped[page] and is_synced(s, page)


def a_detached_pool_has_no_mapping(s: Fragments, page: Page) -> bool:
    """The driver may leave: a page that is still out is not mapped for its device."""
    return s.home[page] == NOBODY or s.life[s.home[page]] != Life.DETACHED or not s.mapped[page]


def a_page_returns_to_its_own_pool(before: Fragments, after: Fragments, page: Page) -> bool:
    """A home is given to a free page, and is later taken away, never exchanged."""
    same = before.home[page] == after.home[page] or after.home[page] == NOBODY
    return same or before.stage[page] == Stage.FREE


def a_page_stays_mapped_while_it_is_posted(before: Fragments, after: Fragments, page: Page, frag: Frag) -> bool:
    """Nothing is unmapped that the device may write."""
    return implies(before.use[page, frag] == Use.POSTED, after.mapped[page])


# What is possible.


def one_buffer_is_posted_and_one_is_sent(s: Fragments, page: Page) -> bool:
    """Two fragments of a page are used by two parties."""
    sent = some(s.frags, lambda f: s.use[page, f] == Use.SENT)
    return sent and some(s.frags, lambda f: s.use[page, f] == Use.POSTED)


def destroy_returns_while_a_buffer_is_sent(before: Fragments, after: Fragments, page: Page, pool: Pool) -> bool:
    """The driver of the pool does not wait for other devices."""
    sent = before.home[page] == pool and some(before.frags, lambda f: before.use[page, f] == Use.SENT)
    return sent and before.life[pool] == Life.SCRUBBING and after.life[pool] == Life.DETACHED


def everything_is_over(s: Fragments) -> bool:
    """Where a run may end: no device has a driver, and every page is free."""
    return each(s.devices, lambda d: not s.has_driver[d]) and each(s.pages, lambda p: s.stage[p] == Stage.FREE)


ALWAYS = (
    each_use_has_its_references,
    only_shown_and_sent_buffers_have_senders,
    a_page_is_out_exactly_while_it_is_in_use,
    a_free_page_has_no_home_and_no_past,
    an_idle_or_returning_page_has_a_home,
    a_free_or_idle_page_has_no_plain_reference,
    what_the_driver_has_is_of_a_live_pool,
    a_page_of_a_live_pool_is_mapped,
    a_mapped_page_has_a_home,
    no_page_has_a_home_that_is_freed,
    xdp_tx_reads_a_mapped_page_of_its_own,
    a_posted_buffer_is_mapped_and_synced,
    what_the_stack_sees_is_readable,
    a_device_without_a_driver_sends_nothing,
    a_pool_at_work_has_a_driver,
    an_idle_page_of_a_live_pool_can_be_posted,
    a_detached_pool_has_no_mapping,
)
STEPS = (a_page_returns_to_its_own_pool, a_page_stays_mapped_while_it_is_posted)
SOMETIMES = (one_buffer_is_posted_and_one_is_sent, destroy_returns_while_a_buffer_is_sent)
NEEDS = {one_buffer_is_posted_and_one_is_sent: {"frags": 2}}
