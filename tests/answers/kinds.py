# SPDX-License-Identifier: MIT
"""Two enums of one name."""

from spec.dsl import Kind, Machine, Sort, State, field, members, require


class Page(Sort, called="{letter}"):
    """A page."""


class Rx:
    """A scope for names."""

    class Mode(Kind):
        ON = 1
        OFF = 2


class Tx:
    """A scope for names."""

    class Mode(Kind):
        OFF = 1
        ON = 2


RX_ON, RX_OFF, TX_ON, TX_OFF = Rx.Mode.ON, Rx.Mode.OFF, Tx.Mode.ON, Tx.Mode.OFF


class S(State):
    pages = members(Page, 1, 8)
    rx = field(Page, Rx.Mode, RX_ON, "a mode")
    tx = field(Page, Tx.Mode, TX_OFF, "a mode")


def take(s: S, page: Page) -> None:
    require(s.rx[page] == RX_ON)
    s.rx[page] = RX_OFF
    s.tx[page] = TX_ON


def one(s: S, page: Page) -> bool:
    """Holds."""
    return (s.rx[page] == RX_ON) == (s.tx[page] == TX_OFF)


MODEL = Machine(
    name="kinds", doc="A small machine.", state=S, system=(take,), always=(one,), scopes={"tiny": dict(pages=2)}
)
