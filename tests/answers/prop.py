# SPDX-License-Identifier: MIT
"""A property on the state class: it is not linted."""

from spec.dsl import Machine, Sort, State, between, bound, field, members, require


class Page(Sort, called="{letter}"):
    """A page."""


class S(State):
    pages = members(Page, 1, 8)
    lim = bound(0, 5, "x")
    n = field(Page, between(0, 4), 0, "x")

    @property
    def is_wide(self) -> bool:
        return isinstance(self.lim, int) and self.lim >= 3


def up(s: S, page: Page) -> None:
    require(s.n[page] < 4)
    require(s.is_wide or s.n[page] < 2)
    s.n[page] += 1


def down(s: S, page: Page) -> None:
    require(s.n[page] > 0)
    s.n[page] -= 1


def few(s: S, page: Page) -> bool:
    """At most two."""
    return s.n[page] <= 2


MODEL = Machine(name="prop", doc="x", state=S, system=(up, down), always=(few,), scopes={"tiny": dict(pages=2, lim=3)})
