# SPDX-License-Identifier: MIT
"""Models of every shape: what the shipped ones have little of, or none, is answered in C as in Python."""

from __future__ import annotations

from typing import Any

import pytest

from checkers.explore.search import Exploration, explore
from checkers.native import engine
from checkers.native.engine import SearchOptions
from spec.dsl import Machine
from tests.machines import module
from tests.spec.dsl.snippets import PRELUDE, action, assemble, machine

from .ways import each_kind, needs_a_compiler, replays, results

pytestmark = needs_a_compiler


def agrees(made: Machine, options: SearchOptions, symmetric: bool = True, **sizes: int) -> Exploration:
    """The search in C, after it was compared with the Python one."""
    scope, sorts = made.sizes("tiny", sizes), made.symmetric if symmetric else ()
    seen = engine.explore(made, scope, sorts, options=options)
    assert results(seen) == results(explore(made, scope, sorts))
    assert replays(seen)
    return seen


SHAPES = {
    "a step of two pages": """
def act_swap(s: S, page: Page, other: Page) -> None:
    require(page != other)
    require(s.refs[page] < 2)
    s.refs[page] += 1
    s.dirty[other] = not s.dirty[other]

def invariant(s: S, page: Page, other: Page) -> bool:
    return not (s.dirty[page] and s.dirty[other] and page != other and s.refs[page] == 2)
""",
    "pages that point at pages": """
class T(S):
    next = field(Page, optional(Page), NOBODY, 'another page')
    last = field(Device, optional(Page), NOBODY, 'a page')
    seen = field((Device, Page), bool, False, 'pages seen')
    met = field((Page, Page), bool, False, 'pages met')

S = T

def act_link(s: S, page: Page, other: Page) -> None:
    require(s.next[page] == NOBODY)
    s.next[page] = other
    s.met[page, other] = True

def act_follow(s: S, page: Page, dev: Device) -> None:
    require(s.next[page] != NOBODY)
    s.last[dev] = s.next[page]
    s.seen[dev, page] = True

def invariant(s: S, dev: Device) -> bool:
    return s.last[dev] == NOBODY or not s.seen[dev, s.last[dev]]

def step(before: S, after: S, dev: Device) -> bool:
    return before.last[dev] == NOBODY or before.last[dev] == after.last[dev]
""",
    "a matrix": """
def act_map(s: S, page: Page, dev: Device) -> None:
    require(some(s.devices, lambda d: d != dev and not s.mapped[page, d]))
    s.mapped[page, dev] = not s.mapped[page, s.peer[dev]]

def invariant(s: S, page: Page) -> bool:
    return count(s.devices, lambda d: s.mapped[page, d]) < 2

def witness(s: S) -> bool:
    return count(s.pages, lambda p: some(s.devices, lambda d: s.mapped[p, d])) == 2
""",
    "any start": """
def act_turn(s: S, dev: Device) -> None:
    s.peer[dev] = s.peer[s.peer[dev]]
    s.up[s.peer[dev]] = True

def invariant(s: S) -> bool:
    return each(s.devices, lambda d: s.peer[s.peer[d]] == d)
""",
    "a deadlock": """
def act_up(s: S, page: Page) -> None:
    require(s.refs[page] < s.cap)
    s.refs[page] += 1

def act_down(s: S, page: Page) -> None:
    require(s.refs[page] == 1)
    require(s.dirty[page])
    s.refs[page] = 0

def act_write(s: S, page: Page) -> None:
    require(each(s.pages, lambda p: p == page or s.refs[p] > 0))
    s.dirty[page] = True
""",
    "a counter": """
def act_take(s: S, page: Page, dev: Device) -> None:
    require(count(s.pages, lambda p: s.home[p] == dev) < 1)
    s.home[page] = dev
    s.taken[page] += 1
    if s.up[dev]:
        s.taken[page] += 1
    else:
        s.up[dev] = True

def act_leave(s: S, page: Page) -> None:
    s.home[page] = NOBODY

def step(before: S, after: S, page: Page) -> bool:
    return after.taken[page] <= before.taken[page] + 1

def step_home(before: S, after: S, page: Page) -> bool:
    return implies(after.home[page] != before.home[page], after.taken[page] > before.taken[page])
""",
    "an invariant about pages and devices": """
def act_home(s: S, page: Page, dev: Device) -> None:
    s.home[page] = dev

def act_up(s: S, dev: Device) -> None:
    require(not some(s.pages, lambda p: s.home[p] == dev))
    s.up[dev] = not s.up[dev]

def invariant(s: S, page: Page, dev: Device) -> bool:
    return implies(s.home[page] == dev, not s.up[dev])

def step(before: S, after: S, page: Page, dev: Device) -> bool:
    return implies(before.home[page] == dev, after.up[dev] == before.up[dev])
""",
    "names that mean something in C": """
def act_for(s: S, v0: Page, PAGES: Device) -> None:
    if s.dirty[v0]:
        s.refs[v0] = count(s.pages, lambda int: s.refs[int] == s.refs[v0])
    else:
        s.dirty[v0] = True
    s.up[PAGES] = True

def invariant(s: S, self: Page, r: Device, WRONG: Device) -> bool:
    return s.refs[self] < 2 or s.up[r] == s.up[WRONG]
""",
    "seven arguments": """
def act(s: S, page: Page, a: Device, b: Device, c: Device, d: Device, e: Device, f: Device) -> None:
    require(a == b)
    require(c == d)
    require(e != f)
    require(not s.up[f])
    s.up[f] = s.dirty[page] or s.up[a] or not s.up[c]
""",
    "numbers below nothing": """
class T(S):
    level = field(Page, between(-2, 3), -1, 'x')
    mark = field(Device, between(5, 7), 5, 'x')

S = T

def act_up(s: S, page: Page) -> None:
    require(s.level[page] - 1 < 2)
    s.level[page] += 1

def act_down(s: S, page: Page) -> None:
    require(s.level[page] > -2)
    s.level[page] -= 1

def act_mark(s: S, dev: Device) -> None:
    require(count(s.pages, lambda p: s.level[p] + s.mark[dev] == 5) == 2)
    s.mark[dev] = count(s.pages, lambda p: s.level[p] == 0) + 5

def invariant(s: S, page: Page, dev: Device) -> bool:
    return s.level[page] - s.mark[dev] != -2 or s.mark[dev] != 5
""",
    "a value that is the only one": """
class T(S):
    one = field(Page, between(3, 3), 3, 'x')

S = T

def act(s: S, page: Page, dev: Device) -> None:
    require(s.one[page] == 3)
    s.one[page] = 3
    s.up[dev] = True
""",
}


@each_kind
@pytest.mark.parametrize("shape", SHAPES)
def test_models_of_every_shape_agree(shape: str, options: SearchOptions) -> None:
    """What the shipped models have little of, or none: the same answers as in Python."""
    seen = agrees(machine(SHAPES[shape]), options)
    assert seen.states > 1


@each_kind
def test_a_final_state_may_be_a_witness_too(options: SearchOptions) -> None:
    """The claim of final states has the name of another claim, and a final state is no deadlock."""
    text = "def act(s: S, page: Page) -> None:\n    s.dirty[page] = True\n\n"
    names: Any = module(PRELUDE + text + "def witness(s: S) -> bool:\n    return each(s.pages, lambda p: s.dirty[p])\n")
    seen = agrees(assemble(names, final=names.witness), options)
    assert seen.deadlock is None
    assert len(seen.reached["witness"].trace.steps) == 2


@each_kind
def test_a_model_may_have_any_name(options: SearchOptions) -> None:
    """Neither a path nor the end of a comment in a model's name leads anywhere."""
    names: Any = module(PRELUDE + action("s.dirty[page] = True"))
    made = Machine(
        name="../my/driver */ #error", doc="a test", state=names.S, system=(names.act,),
        scopes={"tiny": dict(pages=2, devices=2, cap=2)},
    )  # fmt: skip
    assert agrees(made, options).states == 16


LONG = """
from spec.dsl import Machine, Sort, State, between, each, field, members, require


class Page(Sort, called="{letter}"):
    pass


class Device(Sort, called="eth{n}"):
    pass


class S(State):
    pages = members(Page, 1, 40)
    devices = members(Device, 1, 2)
    refs = field(Page, between(0, 3), 0, "rises in step")
    up = field(Device, bool, False, "up")


def rise(s: S, page: Page) -> None:
    require(s.refs[page] < 3)
    require(each(s.pages, lambda p: s.refs[p] >= s.refs[page]))
    s.refs[page] += 1


def start(s: S, dev: Device) -> None:
    s.up[dev] = True


MACHINE = Machine(
    name="long", doc="a test", state=S, system=(rise, start), scopes={"tiny": dict(pages=32, devices=2)},
    symmetric=(Page, Device),
)
"""


@each_kind
def test_states_of_two_words_and_many_pages(options: SearchOptions) -> None:
    """32 pages that rise in step: states with every bit of a word set, orbits larger than a word."""
    made: Machine = module(LONG).MACHINE
    seen = engine.explore(made, made.sizes("tiny", {}), made.symmetric, options=options)
    assert (seen.states, seen.depth) == (97 * 3, 98)
    assert seen.orbit_sum == 4 * (3 * (2**32 - 1) + 1)


@pytest.mark.parametrize("pages", [20, 21, 40])
@each_kind
def test_the_orbits_of_many_pages_are_exact(options: SearchOptions, pages: int) -> None:
    """Twice as many states for each page, however many there are."""
    made: Machine = module(LONG.replace("between(0, 3)", "bool").replace(" < 3", " == False").replace(
        "0, \"rises", "False, \"rises").replace("    require(each(s.pages, lambda p: s.refs[p] >= s.refs[page]))\n", ""
        ).replace("+= 1", "= True")).MACHINE  # fmt: skip
    seen = engine.explore(made, made.sizes("tiny", dict(pages=pages)), made.symmetric, options=options)
    assert seen.orbit_sum == 4 * 2**pages
