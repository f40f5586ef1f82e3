# SPDX-License-Identifier: MIT
"""A helper's code is exchanged between two machines; it is the same object."""

from spec.dsl import Machine, Sort, State, between, field, members, require


class Page(Sort, called="{letter}"):
    """A page."""


class S(State):
    pages = members(Page, 1, 4)
    n = field(Page, between(0, 9), 0, "x")


def most() -> int:
    return 2


def more() -> int:
    return 9


def up(s: S, page: Page) -> None:
    require(s.n[page] < most())
    s.n[page] += 1


def few(s: S, page: Page) -> bool:
    """At most four."""
    return s.n[page] <= 4


def over(s: S) -> bool:
    return True


def machine(name: str) -> Machine:
    return Machine(name=name, doc="x", state=S, system=(up,), always=(few,), final=over, scopes={"tiny": dict(pages=2)})


SMALL = machine("small")
most.__code__ = more.__code__
MODEL = machine("large")
