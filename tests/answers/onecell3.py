# SPDX-License-Identifier: MIT
"""A design of one cell counts where the rules never count: at A, and they count at Z, which is never reached."""

from spec.dsl import Kind, Machine, Sort, State, field, history, members, require


class Page(Sort, called="{letter}"):
    """A page."""


class V(Kind):
    Z = 0
    A = 1


class High(State):
    pages = members(Page, 1, 3)
    v = field(Page, V, V.A, "x")
    h = history(Page, "x")


def tick(s: High, page: Page) -> None:
    require(s.v[page] == V.Z)
    s.h[page] += 1


HIGH = Machine(name="high", doc="x", state=High, system=(tick,), scopes={"tiny": dict(pages=1)})


class Low(High):
    """No more in it."""


def wrong(s: Low, page: Page) -> None:
    require(s.v[page] == V.A)
    s.h[page] += 1


MODEL = Machine(name="low", doc="x", state=Low, system=(wrong,), scopes={"tiny": dict(pages=1)}, refines=HIGH)
