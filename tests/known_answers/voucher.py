# SPDX-License-Identifier: MIT
"""The life of a voucher: issued, handed on, and redeemed or cancelled once.

Source: tlaplus/Examples at 32a32c7b, specifications/byihive: VoucherLifeCycle.tla, VoucherLifeCycle.cfg,
manifest.json; three vouchers. VoucherLifeCycle_proof.tla proves the invariant for any number of them.
Published (TLC): 64 distinct states, 193 generated states, depth 7.
Difference in counting: TLC also counts the initial state as generated, and the first state as depth 1. Handing a
voucher on is a step to the same state, which both count.
"""

from spec.dsl import Kind, Machine, Sort, State, each, field, members, require


class Voucher(Sort, called="v{n}"):
    """A voucher."""


class Worth(Kind):
    """What a voucher is worth."""

    PHANTOM = "there is none yet"
    VALID = "it can be redeemed"
    REDEEMED = "it was redeemed"
    CANCELLED = "it was cancelled"


class Life(Kind):
    """How far the life of a voucher is."""

    INIT = "not begun"
    WORKING = "begun"
    DONE = "over"


class Vouchers(State):
    """Vouchers, and how far the life of each is."""

    vouchers = members(Voucher, 1, 8)
    worth = field(Voucher, Worth, Worth.PHANTOM, "what it is worth; written by all but transfer")
    life = field(Voucher, Life, Life.INIT, "how far its life is; written with worth")


def issue(s: Vouchers, v: Voucher) -> None:
    """A voucher comes into the world."""
    require(s.worth[v] == Worth.PHANTOM)
    require(s.life[v] == Life.INIT)

    s.worth[v] = Worth.VALID
    s.life[v] = Life.WORKING


def transfer(s: Vouchers, v: Voucher) -> None:
    """Somebody else has it now; who has it is no part of this machine."""
    require(s.worth[v] == Worth.VALID)


def redeem(s: Vouchers, v: Voucher) -> None:
    """It is exchanged for the goods."""
    require(s.worth[v] == Worth.VALID)
    require(s.life[v] == Life.WORKING)

    s.worth[v] = Worth.REDEEMED
    s.life[v] = Life.DONE


def cancel(s: Vouchers, v: Voucher) -> None:
    """It is worth nothing any more."""
    require(s.worth[v] == Worth.VALID)
    require(s.life[v] == Life.WORKING)

    s.worth[v] = Worth.CANCELLED
    s.life[v] = Life.DONE


def its_worth_goes_with_its_life(s: Vouchers, v: Voucher) -> bool:
    """Published as VConsistent."""
    over = s.life[v] == Life.DONE and s.worth[v] in (Worth.REDEEMED, Worth.CANCELLED)
    unborn = s.life[v] == Life.INIT and s.worth[v] == Worth.PHANTOM
    return over or unborn or (s.life[v] == Life.WORKING and s.worth[v] == Worth.VALID)


def it_is_redeemed(s: Vouchers, v: Voucher) -> bool:
    """What a voucher is for."""
    return s.worth[v] == Worth.REDEEMED


def all_lives_are_over(s: Vouchers) -> bool:
    """Where a run may end."""
    return each(s.vouchers, lambda v: s.life[v] == Life.DONE)


MODEL = Machine(
    name="voucher",
    doc="The life of a voucher.",
    state=Vouchers,
    system=(issue, transfer, redeem, cancel),
    always=(its_worth_goes_with_its_life,),
    sometimes=(it_is_redeemed,),
    scopes={"tiny": dict(vouchers=3)},
    symmetric=(Voucher,),
    place=Vouchers.worth,
    final=all_lives_are_over,
)
