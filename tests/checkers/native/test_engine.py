"""The search in C behind the Python one's interface: budgets, interrupts, bounds, and models of every shape."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from checkers import engines
from checkers.engines import Effort
from checkers.explore import ANY_PROMISE, Budget, Exploration, explore
from checkers.native import engine, library, memory
from checkers.native.build import CannotCompile
from checkers.native.engine import Means
from models.yardstick import yardstick
from poolproof import catalog
from spec.dsl import Machine, SpecError
from tests.machines import module
from tests.spec.dsl.snippets import PRELUDE, action, assemble, machine

from .ways import QUICK, WAYS, exactly, needs_a_compiler, replays, told

pytestmark = needs_a_compiler

KINDS = {name: WAYS[name] for name in ("tables, bitmap", "tables, hash set, two threads", "evaluated")}
each_kind = pytest.mark.parametrize("means", KINDS.values(), ids=KINDS)


def agrees(made: Machine, means: Means, alike: bool = True, **sizes: int) -> Exploration:
    """The search in C, after it was compared with the Python one."""
    scope, sorts = made.sizes("tiny", sizes), made.alike if alike else ()
    seen = engine.explore(made, scope, sorts, means=means)
    assert told(seen) == told(explore(made, scope, sorts))
    assert replays(seen)
    return seen


# When a search stops.


@each_kind
def test_a_budget_of_states_keeps_what_was_met(means: Means) -> None:
    """The search stops soon after; what it had found by then is told with its trace, and nothing that it had not."""
    bug = catalog.find("b47_second_mapping_left_behind")
    whole = engine.explore(bug, bug.sizes("tiny", {}), bug.alike, means=means)
    for states in (1, 40, 400, 2000):
        seen = engine.explore(bug, bug.sizes("tiny", {}), bug.alike, Budget(states=states), means=means)
        assert seen.stopped == f"{states} states"
        assert states <= seen.states < whole.states
        assert replays(seen)
        for name, found in seen.reached.items():
            assert len(found.trace.steps) == len(whole.reached[name].trace.steps)


@each_kind
def test_what_an_unfinished_level_has_shown_is_told(means: Means) -> None:
    """A promise that is broken in a level that the budget cuts short is broken nevertheless."""
    starts = "class T(S):\n    level = field(Device, between(0, 49), ANY, 'x')\n\nS = T\n\n"
    step = "def act(s: S, dev: Device) -> None:\n    s.up[dev] = not s.up[dev]\n"
    made = machine(starts + step + "def promise(s: S, dev: Device) -> bool:\n    return s.level[dev] != s.cap\n")
    seen = engine.explore(made, made.sizes("tiny", {}), budget=Budget(states=1), means=means)
    assert seen.depth == 0
    assert seen.states < 4 * 50 * 50 * 2
    assert [len(found.trace.steps) for found in seen.violated.values()] == [0]


@each_kind
def test_a_budget_of_time_keeps_what_was_met(means: Means) -> None:
    """However short the time, the verdict is that it was spent, and the counts are those of a part of the states."""
    sizes = yardstick.sizes("tiny", dict(pages=6))
    seen = engine.explore(yardstick, sizes, budget=Budget(seconds=1e-6), means=means)
    assert seen.stopped == "1e-06 s"
    assert 0 < seen.states < 90_000_000


@pytest.mark.parametrize("means", [Means(threads=2, bitmap=False), Means(threads=2, tables=False)])
def test_a_budget_of_memory_is_kept(means: Means) -> None:
    """The hash set does not grow beyond it; the search says so, with what it would have needed."""
    sizes = yardstick.sizes("tiny", dict(pages=6))
    seen = engine.explore(yardstick, sizes, budget=Budget(memory=50_000_000), means=means)
    assert re.fullmatch(r"50 MB of memory: .* states, which would grow to .* MB, and .* to expand", seen.stopped)
    assert 100_000 < seen.states < 10_000_000
    assert {"a_device_is_gone", "a_page_crosses_two_devices"} <= set(seen.reached)


def test_a_bitmap_that_is_too_large_is_a_hash_set() -> None:
    """A quarter of the memory is all that a bitmap may take."""
    sizes = yardstick.sizes("tiny", dict(pages=5))
    few = engine.explore(yardstick, sizes, budget=Budget(memory=6_300_000, states=500))
    many = engine.explore(yardstick, sizes, budget=Budget(memory=6_500_000, states=500))
    assert few.memory.startswith("hash set")
    assert many.memory.startswith("bitmap")


def test_too_little_memory_to_begin_is_said() -> None:
    """Without room for the first states there is a verdict and no crash."""
    seen = engine.explore(yardstick, yardstick.sizes("tiny", {}), budget=Budget(memory=1000), means=WAYS["evaluated"])
    assert "too little to begin" in seen.stopped
    assert seen.states == 0


def test_a_machine_short_of_memory_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """What others take counts too: when the machine runs short, the search stops with what it has."""
    monkeypatch.setattr(memory, "is_short", lambda: True)
    seen = engine.explore(yardstick, yardstick.sizes("tiny", dict(pages=6)), means=WAYS["tables, bitmap"])
    assert "of memory" in seen.stopped
    assert seen.states > 0


@each_kind
def test_an_interrupt_keeps_what_was_met(means: Means, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C between two slices ends the search; its counts and traces are told."""

    def interrupted(seen: Exploration) -> None:
        if seen.depth >= 6:
            raise KeyboardInterrupt

    monkeypatch.setattr(engine, "SLICE", 0.002)
    seen = engine.explore(
        yardstick, yardstick.sizes("tiny", dict(pages=5)), yardstick.alike, progress=interrupted, means=means
    )
    assert seen.stopped == "interrupted"
    assert 757 < seen.states < 78_565
    assert "a_page_crosses_two_devices" in seen.reached
    assert replays(seen)


@each_kind
@pytest.mark.parametrize("slow", [False, True])
def test_slices_change_nothing(means: Means, slow: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often the search is paused, it tells the same in the end."""
    sizes = yardstick.sizes("tiny", dict(pages=4))
    monkeypatch.setattr(engine, "SLICE", 0.001 if slow else 100.0)
    assert exactly(engine.explore(yardstick, sizes, yardstick.alike, means=means)) == exactly(
        engine.explore(yardstick, sizes, yardstick.alike, means=means)
    )


@each_kind
def test_a_search_may_end_with_what_it_looks_for(means: Means) -> None:
    """A promise by name, or any promise; others may still hold, and the length is the shortest."""
    bug = catalog.find("b47_second_mapping_left_behind")
    assert bug.breaks
    for until in (bug.breaks.promise, ANY_PROMISE):
        seen = engine.explore(bug, bug.sizes("tiny", {}), bug.alike, until=until, means=means)
        assert seen.stopped == "what was looked for is found"
    assert len(seen.violated[bug.breaks.promise].trace.steps) == bug.breaks.steps


def test_traces_are_found_with_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the levels do not all fit, the way back is found in several passes, and is the same way."""
    bug, passes = catalog.find("b03_mapping_outlives_the_driver"), set[int]()

    class Tight(library.Search):
        """A search that keeps two levels and no more."""

        def __init__(self, compiled: library.Compiled, *given: Any, **more: Any) -> None:
            self.lowest = more.get("keep_from", -1)
            super().__init__(compiled, *given, **more)

        def run(self, seconds: float, states: int = 0, depth: int = 0, until: int = 0) -> int:
            why = super().run(seconds, states, depth, until)
            passes.add(depth)
            return library.MEMORY if depth and self.lowest < depth - 2 else why

    asked = bug, bug.sizes("tiny", {}), bug.alike
    whole = engine.explore(*asked, means=WAYS["tables, bitmap"])
    monkeypatch.setattr(engine, "Search", Tight)
    assert exactly(engine.explore(*asked, means=WAYS["tables, bitmap"])) == exactly(whole)
    assert passes >= {0, 2, 5, 7}


# What C cannot do.


def test_a_model_with_too_wide_a_page_is_for_python() -> None:
    """A page's record of more bits than a word: the Python search answers, and says why it does."""
    wide = "class T(S):\n" + "".join(f"    wide_{n} = field(Page, between(0, 255), 0, 'x')\n" for n in range(8))
    made = machine(wide + "\nS = T\n" + action("s.wide_0[page] = 1\ns.wide_1[page] = 2"))
    sizes = made.sizes("tiny", {})
    seen = engines.explore(made, sizes)
    assert seen.engine.startswith("explore (python): a page's record has ")
    assert seen.states == explore(made, sizes).states
    with pytest.raises(CannotCompile, match="more than a word"):
        engines.explore(made, sizes, effort=Effort("c"))


@pytest.mark.parametrize(("n", "is_too_many"), [(126, False), (127, True)])
def test_a_model_with_too_many_claims_is_for_python(n: int, is_too_many: bool) -> None:
    """There is a bit for each of 126 promises and witnesses; the last one is judged like the first."""
    claims = "".join(
        f"def promise_{k}(s: S, dev: Device) -> bool:\n    return not s.up[dev] or {k} != {n - 1} + s.cap - s.cap\n"
        for k in range(n)
    )
    made = machine("def act(s: S, dev: Device) -> None:\n    s.up[dev] = True\n" + claims)
    sizes = made.sizes("tiny", {})
    seen = engines.explore(made, sizes, effort=Effort(means=WAYS["tables, bitmap"]))
    assert seen.engine.startswith("explore (python): 127 promises" if is_too_many else "explore (c)")
    assert {name: len(f.trace.steps) for name, f in seen.violated.items()} == {f"promise_{n - 1}": 1}


# Bounds.

LEAVES = {
    "of a page": "def act_last(s: S, page: Page) -> None:\n    require(s.refs[page] > 0)\n    s.refs[page] += 1\n",
    "of a device": "def act_last(s: S, dev: Device) -> None:\n"
    "    require(count(s.pages, lambda p: s.refs[p] > 0) == 2)\n    s.level[dev] -= 1\n",
    "in a branch": "def act_last(s: S, page: Page) -> None:\n    if s.dirty[page]:\n        s.refs[page] -= 2\n"
    "    else:\n        s.dirty[page] = True\n",
}
PROMISED = "def step(before: S, after: S, page: Page) -> bool:\n    return after.refs[page] != before.refs[page] + 2\n"
FIRST = """
class T(S):
    level = field(Device, between(0, 2), 0, 'x')

S = T

def act_first(s: S, page: Page) -> None:
    require(s.refs[page] < 2)
    s.refs[page] += 1

"""


@each_kind
@pytest.mark.parametrize("promised", ["", PROMISED], ids=["alone", "beside a promise"])
@pytest.mark.parametrize("leaves", LEAVES)
def test_an_action_that_leaves_its_bounds_is_an_error(leaves: str, promised: str, means: Means) -> None:
    """The same error at the same line as in Python, whether or not anything is promised about steps."""
    made = machine(FIRST + LEAVES[leaves] + promised)
    sizes = made.sizes("tiny", {})
    with pytest.raises(SpecError) as right:
        explore(made, sizes)
    with pytest.raises(SpecError) as caught:
        engine.explore(made, sizes, means=means)
    assert str(caught.value) == str(right.value)


# Models of every shape.

SHAPES = {
    "a step of two pages": """
def act_swap(s: S, page: Page, other: Page) -> None:
    require(page != other)
    require(s.refs[page] < 2)
    s.refs[page] += 1
    s.dirty[other] = not s.dirty[other]

def promise(s: S, page: Page, other: Page) -> bool:
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

def promise(s: S, dev: Device) -> bool:
    return s.last[dev] == NOBODY or not s.seen[dev, s.last[dev]]

def step(before: S, after: S, dev: Device) -> bool:
    return before.last[dev] == NOBODY or before.last[dev] == after.last[dev]
""",
    "a matrix": """
def act_map(s: S, page: Page, dev: Device) -> None:
    require(some(s.devices, lambda d: d != dev and not s.mapped[page, d]))
    s.mapped[page, dev] = not s.mapped[page, s.peer[dev]]

def promise(s: S, page: Page) -> bool:
    return count(s.devices, lambda d: s.mapped[page, d]) < 2

def witness(s: S) -> bool:
    return count(s.pages, lambda p: some(s.devices, lambda d: s.mapped[p, d])) == 2
""",
    "any start": """
def act_turn(s: S, dev: Device) -> None:
    s.peer[dev] = s.peer[s.peer[dev]]
    s.up[s.peer[dev]] = True

def promise(s: S) -> bool:
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
    "a promise about pages and devices": """
def act_home(s: S, page: Page, dev: Device) -> None:
    s.home[page] = dev

def act_up(s: S, dev: Device) -> None:
    require(not some(s.pages, lambda p: s.home[p] == dev))
    s.up[dev] = not s.up[dev]

def promise(s: S, page: Page, dev: Device) -> bool:
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

def promise(s: S, self: Page, r: Device, WRONG: Device) -> bool:
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

def promise(s: S, page: Page, dev: Device) -> bool:
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
def test_models_of_every_shape_agree(shape: str, means: Means) -> None:
    """What the shipped models have little of, or none: the same answers as in Python."""
    seen = agrees(machine(SHAPES[shape]), means)
    assert seen.states > 1


@each_kind
def test_a_final_state_may_be_a_witness_too(means: Means) -> None:
    """Where a run may end is asked under the same name twice, and is no deadlock."""
    text = "def act(s: S, page: Page) -> None:\n    s.dirty[page] = True\n\n"
    names: Any = module(PRELUDE + text + "def witness(s: S) -> bool:\n    return each(s.pages, lambda p: s.dirty[p])\n")
    seen = agrees(assemble(names, final=names.witness), means)
    assert seen.deadlock is None
    assert len(seen.reached["witness"].trace.steps) == 2


@each_kind
def test_a_model_may_have_any_name(means: Means) -> None:
    """Neither a path nor the end of a comment in a model's name leads anywhere."""
    names: Any = module(PRELUDE + action("s.dirty[page] = True"))
    made = Machine(
        name="../my/driver */ #error", doc="a test", state=names.S, system=(names.act,),
        scopes={"tiny": dict(pages=2, devices=2, cap=2)},
    )  # fmt: skip
    assert agrees(made, means).states == 16


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
    alike=(Page, Device),
)
"""


@each_kind
def test_states_of_two_words_and_many_pages(means: Means) -> None:
    """32 pages that rise in step: states with every bit of a word set, orbits larger than a word."""
    made: Machine = module(LONG).MACHINE
    seen = engine.explore(made, made.sizes("tiny", {}), made.alike, means=means)
    assert (seen.states, seen.depth) == (97 * 3, 98)
    assert seen.orbit_sum == 4 * (3 * (2**32 - 1) + 1)


@pytest.mark.parametrize("pages", [20, 21, 40])
@each_kind
def test_the_orbits_of_many_pages_are_exact(means: Means, pages: int) -> None:
    """Twice as many states for each page, however many there are."""
    made: Machine = module(LONG.replace("between(0, 3)", "bool").replace(" < 3", " == False").replace(
        "0, \"rises", "False, \"rises").replace("    require(each(s.pages, lambda p: s.refs[p] >= s.refs[page]))\n", ""
        ).replace("+= 1", "= True")).MACHINE  # fmt: skip
    seen = engine.explore(made, made.sizes("tiny", dict(pages=pages)), made.alike, means=means)
    assert seen.orbit_sum == 4 * 2**pages


def test_the_level_of_optimisation_changes_nothing() -> None:
    """Code as it is shipped, with the compiler's whole art, tells the same as the code of these tests."""
    sizes = yardstick.sizes("tiny", {})
    for tables in (True, False):
        plain, quick = Means(threads=2, tables=tables), Means(threads=2, tables=tables, **QUICK)
        assert exactly(engine.explore(yardstick, sizes, yardstick.alike, means=plain)) == exactly(
            engine.explore(yardstick, sizes, yardstick.alike, means=quick)
        )


LIMITED = """
import resource, sys
from checkers.native import engine
from checkers.native.engine import Means
from models.yardstick import yardstick
sizes = yardstick.sizes("tiny", {})
engine.prepare(yardstick, sizes, yardstick.alike, Means(threads=1))
resource.setrlimit(resource.RLIMIT_AS, (3 * 10**9, 3 * 10**9))
seen = engine.explore(yardstick, sizes, yardstick.alike, means=Means(threads=int(sys.argv[1])))
print(seen.states, seen.stopped)
"""


@pytest.mark.parametrize(("threads", "states"), [(1, "757 "), (32, "0 ")])
def test_a_limit_on_memory_is_no_crash(threads: int, states: str) -> None:
    """Where the system gives no more memory to so many threads, the search says so and does not begin."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    typed = [sys.executable, "-c", LIMITED, str(threads)]
    said = subprocess.run(typed, env=env, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.startswith(states)
    assert threads == 1 or "too little to begin" in said.stdout
