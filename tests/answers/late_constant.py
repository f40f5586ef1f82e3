# SPDX-License-Identifier: MIT
"""Two machines of one text: a constant of the module is changed between them."""

from spec.dsl import Machine, Sort, State, between, field, members, require


class Page(Sort, called="{letter}"):
    """A page."""


class S(State):
    pages = members(Page, 1, 4)
    n = field(Page, between(0, 9), 0, "x")


MOST = 2


def up(s: S, page: Page) -> None:
    require(s.n[page] < MOST)
    s.n[page] += 1


def down(s: S, page: Page) -> None:
    require(s.n[page] > 0)
    s.n[page] -= 1


def few(s: S, page: Page) -> bool:
    """At most three."""
    return s.n[page] <= 3


def machine(name: str) -> Machine:
    return Machine(name=name, doc="x", state=S, system=(up, down), always=(few,), scopes={"tiny": dict(pages=2)})


SMALL = machine("small")
MOST = 5
MODEL = machine("large")
