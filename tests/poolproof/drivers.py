# SPDX-License-Identifier: MIT
"""A small driver in the notation, as a user writes it in a file, and what can be wrong with it."""

from __future__ import annotations

from pathlib import Path

DRIVER = '''"""A driver with one RX descriptor."""

from spec.dsl import Kind, Machine, Mutant, Sort, State, count, drop, field, members, require
from spec.dsl.ir import changed


class Page(Sort, called="{letter}"):
    """A page."""


class Place(Kind):
    """Where a page is."""

    FREE = "with the allocator"
    RING = "posted"
    STACK = "with the stack"


class Driver(State):
    """Pages, and where they are."""

    pages = members(Page, 1, 4)
    place = field(Page, Place, Place.FREE, "where it is; written by [all]")
    dirty = field(Page, bool, False, "never written")


def post(s: Driver, page: Page) -> None:
    """The page goes to the only descriptor [of a ring]."""
    require(s.place[page] == Place.FREE)
    require(
        count(s.pages, lambda p: s.place[p] == Place.RING) == 0
    )

    s.place[page] = Place.RING


def receive(s: Driver, page: Page) -> None:
    """The device is done."""
    require(s.place[page] == Place.RING)

    s.place[page] = Place.STACK


def give_back(s: Driver, page: Page) -> None:
    """The stack is done."""
    require(s.place[page] == Place.STACK)

    s.place[page] = Place.FREE


def clean(s: Driver, page: Page) -> None:
    """A page is cleaned; none is ever dirty."""
    require(s.dirty[page])

    s.dirty[page] = False


def give_back_clean(s: Driver, page: Page) -> None:
    """The stack is done; a dirty page would be cleaned."""
    require(s.place[page] == Place.STACK)

    s.place[page] = Place.FREE
    if s.dirty[page]:
        s.dirty[page] = False


def overtake(s: Driver, page: Page) -> None:
    """A dirty page is posted beside another one; that none is dirty must be known to rule it out."""
    require(s.dirty[page])

    s.place[page] = Place.RING


def at_most_one_page_is_posted(s: Driver) -> bool:
    """There is one descriptor."""
    return count(s.pages, lambda p: s.place[p] == Place.RING) <= 1


def no_page_is_dirty(s: Driver, page: Page) -> bool:
    """Nothing makes one dirty."""
    return not s.dirty[page]


def every_page_is_dirty(s: Driver, page: Page) -> bool:
    """An invariant that is broken at the start."""
    return s.dirty[page]


def a_page_is_posted_before_it_is_received(before: Driver, after: Driver, page: Page) -> bool:
    """The stack gets a page from the ring only."""
    return after.place[page] != Place.STACK or before.place[page] != Place.FREE


def a_page_is_received(s: Driver, page: Page) -> bool:
    """Something happens."""
    return s.place[page] == Place.STACK


def it_is_free_again(s: Driver, page: Page) -> bool:
    """And comes to an end."""
    return s.place[page] == Place.FREE


def a_page_is_dirty(s: Driver, page: Page) -> bool:
    """What never happens."""
    return s.dirty[page]


ONE_DESCRIPTOR = "require(count(s.pages, lambda p: s.place[p] == Place.RING) == 0)"


def driver(**changes):
    said = dict(
        name="driver", doc="One descriptor [and no more].", state=Driver, system=(post, receive, give_back),
        always=(at_most_one_page_is_posted,), steps=(a_page_is_posted_before_it_is_received,),
        sometimes=(a_page_is_received, (a_page_is_received, it_is_free_again)),
        scopes={"tiny": dict(pages=2)}, symmetric=(Page,), place=Driver.place,
    )
    return Machine(**{**said, **changes})


def mutant(changes, breaks="at_most_one_page_is_posted", steps=2):
    return Mutant(driver(), "mutant", changes, breaks=breaks, steps=steps, stands_for="Too many [are posted].")


'''

SOUND = "driver()"
VIOLATED = 'changed(driver(), "violated", drop("post", ONE_DESCRIPTOR))'
VIOLATED_BY_A_STEP = """changed(driver(), "hasty", drop("receive", "require(s.place[page] == Place.RING)"))"""
AT_THE_START = "driver(always=(every_page_is_dirty,))"
STUCK = 'changed(driver(), "stuck", drop("give_back", "s.place[page] = Place.FREE"))'
UNREACHABLE = "driver(sometimes=(a_page_is_dirty, (a_page_is_received, a_page_is_dirty)))"
NEVER_FIRES = "driver(system=(post, receive, give_back, clean))"
NEVER_CLEANED = "driver(system=(post, receive, give_back_clean), always=(no_page_is_dirty, at_most_one_page_is_posted))"
WITHOUT_A_LEMMA = "driver(system=(post, receive, give_back, overtake))"
NOT_IN_SCOPE = 'driver(needs={a_page_is_received: {"pages": 3}})'
BROKEN = 'mutant(drop("post", ONE_DESCRIPTOR))'
SURVIVES = 'mutant(drop("post", "require(s.place[page] == Place.FREE)"))'
OTHER_LENGTH = 'mutant(drop("post", ONE_DESCRIPTOR), steps=3)'


def write(path: Path, model: str) -> Path:
    """A file with the small driver whose MODEL is this expression."""
    path.write_text(f"{DRIVER}MODEL = {model}\n")
    return path
