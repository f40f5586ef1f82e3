# SPDX-License-Identifier: MIT
"""Another text is read than runs: __wrapped__."""

from spec.dsl import Machine, Sort, State, between, field, members, require


class Page(Sort, called="{letter}"):
    """A page."""


class S(State):
    pages = members(Page, 1, 4)
    n = field(Page, between(0, 9), 0, "x")


def up(s: S, page: Page) -> None:
    require(s.n[page] < 3)
    s.n[page] += 1


def bad(s: S, page: Page) -> None:
    if isinstance(s.n[page], int):
        require(s.n[page] < 9)
    else:
        require(s.n[page] < 3)
    s.n[page] += 1


bad.__wrapped__ = up  # type: ignore[attr-defined]


def few(s: S, page: Page) -> bool:
    """At most four."""
    return s.n[page] <= 4


def over(s: S) -> bool:
    return True


def machine(name: str) -> Machine:
    return Machine(name=name, doc="x", state=S, system=(bad,), always=(few,), final=over, scopes={"tiny": {"pages": 2}})


MODEL = machine("wrapped")
