# SPDX-License-Identifier: MIT
"""A constant beyond 32 bits."""

from spec.dsl import Machine, Sort, State, between, field, members, require


class Page(Sort, called="{letter}"):
    """A page."""


class S(State):
    pages = members(Page, 1, 8)
    n = field(Page, between(0, 4), 0, "how many")


def up(s: S, page: Page) -> None:
    require(s.n[page] < 4)
    s.n[page] += 1


def down(s: S, page: Page) -> None:
    require(s.n[page] > 0)
    s.n[page] -= 1


def big(s: S, page: Page) -> bool:
    """Holds."""
    return s.n[page] + 2147483647 + 2 < 4


MODEL = Machine(
    name="bigc", doc="A small machine.", state=S, system=(up, down), always=(big,), scopes={"tiny": dict(pages=2)}
)
