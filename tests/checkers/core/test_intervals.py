# SPDX-License-Identifier: MIT
"""Every engine means the whole numbers of mathematics: computed wide enough, or refused with the expression."""

from __future__ import annotations

from itertools import cycle

import pytest

from checkers.core.intervals import INT, WORD, Intervals, fits
from checkers.explore.search import explore
from checkers.export import murphi, promela
from checkers.export.language import CannotExport
from checkers.native import engine
from spec.dsl import Machine, SpecError
from tests.checkers.native.ways import KINDS, exactly, needs_a_compiler
from tests.machines import module

TEXT = """
from spec.dsl import Kind, Machine, Sort, State, between, count, field, history, members, require


class Page(Sort, called="{{letter}}"):
    pass


class S(State):
    pages = members(Page, 1, 4)
    n = field(Page, between({low}, {low} + 2), {low}, "a number")
    h = history(Page, "a counter")


def up(s: S, page: Page) -> None:
    require(s.n[page] < {low} + 2)
    s.n[page] = s.n[page] + {more} + 1 - {more}
    s.h[page] += {more}


def down(s: S, page: Page) -> None:
    require(s.n[page] > {low})
    s.n[page] = {more} + s.n[page] - 1 - {more}


def claim(s: S, page: Page) -> bool:
    return {claim}


def same(s: S, page: Page, other: Page) -> bool:
    return count(s.pages, lambda p: s.n[p] == s.n[page]) + {more} < 2 + {more}


def step(before: S, after: S, page: Page) -> bool:
    return after.h[page] - before.h[page] < {more}


MACHINE = Machine(name="numbers", doc="a text", state=S, system=(up,), environment=(down,), always=(claim, same),
                  steps=(step,), scopes={{"tiny": dict(pages=2)}}, symmetric=(Page,))
"""

LOWS = (0, -3, 2**31 - 2, -(2**31) - 1, 2**31, 2**40, -(2**40))
MORES = (1, 2**31 - 1, 2**31, 2**33, 2**61)
CLAIMS = (
    "s.n[page] + 2147483647 + 2 < 4",
    "s.n[page] - 4294967296 < s.n[page] - 4294967295",
    "2147483647 - s.n[page] > 2147483645 - s.n[page]",
    "s.n[page] + 4611686018427387904 == 4611686018427387905",
    "s.n[page] + s.n[page] < 1",
)


def written(low: int, more: int, claim: str) -> Machine:
    """A machine whose numbers begin at `low`, and whose sums go up and down by `more`."""
    machine: Machine = module(TEXT.format(low=low, more=more, claim=claim)).MACHINE
    return machine


@needs_a_compiler
@pytest.mark.parametrize(("low", "more"), [*zip(LOWS, cycle(MORES), strict=False), (2**40, 2**31), (-3, 1)])
def test_the_compiled_search_computes_as_the_text_does(low: int, more: int) -> None:
    """Whatever the size of its numbers, a machine has the same counts, verdicts and traces in C and in Python."""
    machine = written(low, more, CLAIMS[(low + more) % len(CLAIMS)])
    sizes = machine.sizes("tiny", {})
    expected = exactly(explore(machine, sizes, machine.symmetric))
    for means in KINDS.values():
        assert exactly(engine.explore(machine, sizes, machine.symmetric, options=means)) == expected


@needs_a_compiler
@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_is_judged_on_whole_numbers(claim: str) -> None:
    """Claims beyond 31 bits have the verdict in C that they have when they are computed without a limit."""
    machine = written(0, 1, claim)
    sizes = machine.sizes("tiny", {})
    assert exactly(engine.explore(machine, sizes, options=KINDS["evaluated"])) == exactly(explore(machine, sizes))


@needs_a_compiler
def test_what_63_bits_cannot_hold_is_refused_with_the_expression() -> None:
    """The compiled search names the line, the expression and a value it may have; the Python one computes on."""
    machine = written(0, 1, "s.n[page] + 9223372036854775807 + 1 < 4")
    sizes = machine.sizes("tiny", {})
    words = r">:\d+: n\[page\] \+ 9223372036854775807 \+ 1 may be 9223372036854775810, beyond 63 bits"
    with pytest.raises(SpecError, match=words):
        engine.explore(machine, sizes)
    assert "claim" in explore(machine, sizes).violated


def test_exports_refuse_what_their_language_cannot_hold() -> None:
    """Promela counts with 31 bits and Murphi with 63: beyond that there is no export."""
    machine = written(0, 1, "s.n[page] + 2147483647 < 4")
    sizes = machine.sizes("tiny", {})
    with pytest.raises(CannotExport, match=r"n\[page\] \+ 2147483647 may be 2147483649, beyond 31 bits"):
        promela.text(machine, sizes)
    assert "2147483647" in murphi.text(machine, sizes)
    with pytest.raises(CannotExport, match="beyond 63 bits"):
        murphi.text(written(0, 1, "s.n[page] + 9223372036854775807 < 4"), sizes)


def test_an_interval_holds_every_value() -> None:
    """Bounds of fields, sums and growth are exact at both ends."""
    machine = written(-3, 2**33, "s.n[page] - s.n[page] < 7")
    intervals = Intervals(machine, machine.sizes("tiny", {}))
    assert intervals.growth == {"h": 2**33}
    left = machine.invariants[0].expr.left  # type: ignore[union-attr]
    assert intervals.of(left) == (-2, 2)
    assert fits((-(2**31) + 1, 2**31 - 1), INT)
    assert not fits((-(2**31), 0), INT)
    assert not fits((0, 2**63), WORD)
