# SPDX-License-Identifier: MIT
"""The same with pages: the text names page 2."""

from spec.dsl import Machine, Sort, State, field, members, require


class Page(Sort, called="{letter}"):
    """A page."""


class S(State):
    pages = members(Page, 1, 8)
    used = field(Page, bool, False, "whether it is used")


def take(s: S, page: Page) -> None:
    require(not s.used[page])
    s.used[page] = True


def leave(s: S, page: Page) -> None:
    require(s.used[page])
    s.used[page] = False


def the_third_is_free(s: S) -> bool:
    """Broken with three pages in one step."""
    return not s.used[Page(2)]


MODEL = Machine(
    name="oob3",
    doc="A small machine.",
    state=S,
    system=(take, leave),
    always=(the_third_is_free,),
    scopes={"tiny": dict(pages=3)},
)
