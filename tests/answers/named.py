# SPDX-License-Identifier: MIT
"""Only the second page may be used; the invariant that no page is used is broken in one step with two pages."""

from spec.dsl import Machine, Sort, State, field, members, require


class Page(Sort, called="{letter}"):
    """A page."""


class S(State):
    pages = members(Page, 1, 8)
    used = field(Page, bool, False, "whether it is used")


def take(s: S, page: Page) -> None:
    require(page == Page(1))
    s.used[page] = True


def nobody_is_used(s: S, page: Page) -> bool:
    """Broken in one step."""
    return not s.used[page]


MODEL = Machine(
    name="named",
    doc="A small machine.",
    state=S,
    system=(take,),
    always=(nobody_is_used,),
    scopes={"tiny": dict(pages=2)},
)
