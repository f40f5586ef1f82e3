# SPDX-License-Identifier: MIT
"""Quantifiers keep their forks to themselves: what is split inside is joined inside, once for each member."""

from collections.abc import Callable
from itertools import product

import pytest

from spec.dsl import Claim, World
from spec.dsl.expr import Quantified, walk
from tests.semantics import claimed, encode

from .snippets import Bench, action, invariant, machine

CELLS = list(product((False, True), (False, True), (0, 1), (0, 1)))


def verdicts(claim: str) -> dict[tuple[bool, bool, int, int], bool]:
    """The value of a claim without parameters for each choice of dirty and refs of two pages; both semantics agree."""
    made = machine(f"def invariant(s: S) -> bool:\n    return {claim}\n")
    world, (lifted,) = World(made, made.sizes("tiny", {})), made.invariants
    return {cells: verdict(world, lifted, cells) for cells in CELLS}


def verdict(world: World, lifted: Claim, cells: tuple[bool, bool, int, int]) -> bool:
    values = world.values(world.initial()[0])
    a, b = values["dirty"]
    values["dirty"].update({a: cells[0], b: cells[1]})
    values["refs"].update({a: cells[2], b: cells[3]})
    state = world.load(encode(world, values))
    concrete = lifted.fn(state)
    assert claimed(lifted, (state,), ()) is concrete
    return bool(concrete)


def test_a_split_inside_each_is_joined_inside() -> None:
    """Where one page is A and the other B, `each(A or B)` holds, though neither `each(A)` nor `each(B)` does."""
    either = verdicts("each(s.pages, lambda p: s.dirty[p] or not s.dirty[p] and s.refs[p] == 1)")
    assert either[True, False, 0, 1]
    assert not either[True, False, 1, 0]
    bench = Bench(action("require(each(s.pages, lambda p: s.dirty[p] or s.refs[p] == 1))\ns.up[dev] = True"))
    page, other = bench.pages
    assert bench.is_enabled(page, page, bench.devices[0], dirty={page: True}, refs={other: 1})


def test_a_split_inside_some_is_joined_inside() -> None:
    """`some(A and B)` needs one page that is both, not one page for each."""
    both = verdicts("some(s.pages, lambda p: s.dirty[p] and s.refs[p] == 1)")
    assert not both[True, False, 0, 1]
    assert both[True, False, 1, 0]


MEANINGS: dict[str, Callable[[bool, bool, int, int], object]] = {
    "each(s.pages, lambda p: s.dirty[p] or s.refs[p] == 1)": lambda d, e, m, n: (d or m) and (e or n),
    "each(s.pages, lambda p: s.dirty[p] and not s.refs[p] == 1)": lambda d, e, m, n: d and e and not m + n,
    "some(s.pages, lambda p: not (s.dirty[p] or s.refs[p] == 1))": lambda d, e, m, n: not ((d or m) and (e or n)),
    "count(s.pages, lambda p: s.dirty[p] or s.refs[p] > 0) == 1": lambda d, e, m, n: bool(d or m) != bool(e or n),
    "each(s.pages, lambda p: s.dirty[p] if s.refs[p] > 0 else not s.dirty[p])": lambda d, e, m, n: d == m and e == n,
    "each(s.pages, lambda p: iff(s.dirty[p], s.refs[p] == 1))": lambda d, e, m, n: d == m and e == n,
    "each(s.pages, lambda p: implies(s.dirty[p], s.refs[p] in (1, 3)))": lambda d, e, m, n: d <= m and e <= n,
    "each(s.pages, lambda p: some(s.pages, lambda q: s.refs[p] != s.refs[q]))": lambda d, e, m, n: m != n,
    "some(s.pages, lambda p: each(s.pages, lambda q: p == q or not s.dirty[q]))": lambda d, e, m, n: not (d and e),
    "each(s.pages, lambda p: each(s.pages, lambda q: s.dirty[p] == s.dirty[q]))": lambda d, e, m, n: d == e,
    "count(s.pages, lambda p: count(s.pages, lambda q: s.refs[q] <= s.refs[p]) == 2) == 1": lambda d, e, m, n: m != n,
    "count(s.pages, lambda p: s.dirty[p]) == count(s.pages, lambda p: s.refs[p] > 0)": lambda d, e, m, n: (
        d + e == m + n
    ),
    "count(s.pages, lambda p: s.dirty[p]) + 1 <= s.cap": lambda d, e, m, n: not (d and e),
    "each(s.pages, lambda p: True) and not some(s.pages, lambda p: False)": lambda d, e, m, n: True,
    "count(s.pages, lambda p: True) == 2 and count(s.pages, lambda p: False) == 0": lambda d, e, m, n: True,
    "not each(s.pages, lambda p: not s.dirty[p])": lambda d, e, m, n: d or e,
    "each(s.pages, lambda p: s.dirty[p]) or each(s.pages, lambda p: not s.dirty[p])": lambda d, e, m, n: d == e,
    "each(s.pages, lambda p: s.dirty[p] or each(s.devices, lambda d: s.mapped[p, d]))": lambda d, e, m, n: d and e,
}


@pytest.mark.parametrize("claim", MEANINGS)
def test_a_quantified_claim_means_the_same_for_every_choice(claim: str) -> None:
    """And, or, not, if, implies, iff and nested quantifiers inside a body, for all states of two pages."""
    assert verdicts(claim) == {cells: bool(MEANINGS[claim](*cells)) for cells in CELLS}


def test_what_is_known_outside_is_known_inside() -> None:
    """A body does not fork on what the path has decided, and its own decisions are forgotten after it."""
    body = """
require(s.dirty[page])
require(each(s.pages, lambda p: s.dirty[page] and (s.dirty[p] or s.dirty[other])))
if s.dirty[other]:
    s.refs[page] = 1
"""
    bench = Bench(action(body))
    page, other = bench.pages
    dev = bench.devices[0]
    assert bench.after(page, other, dev, dirty={page: True, other: True})["refs"][page] == 1
    assert not bench.is_enabled(page, other, dev, dirty={page: True})


def test_members_of_nested_quantifiers_are_distinct() -> None:
    """The member of an inner quantifier is not the one of the outer, though both range over pages."""
    made = machine(invariant("return each(s.pages, lambda p: some(s.pages, lambda q: p != q and s.dirty[q]))"))
    inside = [x.var for x in walk(made.invariants[0].expr) if isinstance(x, Quantified)]
    assert len({v.name for v in inside}) == 2


def test_a_quantifier_over_devices_may_follow_a_page() -> None:
    """A body may look at pages, devices and the action's own parameters together."""
    bench = Bench(action("require(each(s.devices, lambda d: d == dev or not s.mapped[page, d]))\ns.dirty[page] = True"))
    page = bench.pages[0]
    eth0, eth1 = bench.devices
    assert bench.is_enabled(page, page, eth0, mapped={(page, eth0): True})
    assert not bench.is_enabled(page, page, eth0, mapped={(page, eth1): True})


def test_a_device_that_may_be_nobody_is_followed_inside() -> None:
    """Inside a body too a device is followed only where the body has found one."""
    body = "require(some(s.pages, lambda p: s.home[p] != NOBODY and s.up[s.home[p]]))\ns.dirty[page] = True"
    bench = Bench(action(body))
    page, other = bench.pages
    eth0, eth1 = bench.devices
    assert not bench.is_enabled(page, page, eth0, up={eth0: True})
    assert bench.is_enabled(page, page, eth0, up={eth1: True}, home={other: eth1})
