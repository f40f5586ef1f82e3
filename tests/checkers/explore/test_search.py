# SPDX-License-Identifier: MIT
"""The search: exact counts with symmetry and without, a verdict for each invariant, traces of named pages."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkers.core.guards import Coverage
from checkers.core.stopped import Reason, Stopped, after_seconds, after_states
from checkers.core.symmetry import Symmetry
from checkers.core.traces import Finding
from checkers.explore.search import Budget, Exploration, explore, reach
from models.yardstick import yardstick
from spec.dsl import Machine, World
from tests.clock import ticking
from tests.machines import module, shipped
from tests.semantics import as_broken, broken
from tests.spec.dsl.snippets import PRELUDE, action, assemble, machine, refused

SORTS: dict[str, tuple[str, ...]] = {"pages": ("Page",), "devices": ("Device",), "both": ("Page", "Device")}


def symmetric(made: Machine, names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(group.sort for group in made.shape.members.values() if group.sort.__name__ in names)


@pytest.mark.parametrize("names", SORTS.values(), ids=SORTS)
@pytest.mark.parametrize(
    "sizes", [dict(pages=1), dict(pages=2), dict(pages=3, devices=1), dict(pages=2, tx_limit=1)], ids=str
)
def test_orbits_sum_to_the_unreduced_states(names: tuple[str, ...], sizes: dict[str, int]) -> None:
    """Whatever is taken as symmetric, canonical states stand for exactly the states that a full search finds."""
    scope = yardstick.sizes("tiny", sizes)
    every, folded = explore(yardstick, scope), explore(yardstick, scope, symmetric(yardstick, names))
    assert folded.orbit_sum == every.states
    assert folded.depth == every.depth
    assert folded.states <= every.states
    assert set(folded.reached) == set(every.reached)


def test_the_ownership_spec_is_folded_exactly() -> None:
    """Pages, pools and devices symmetric at once: the orbit sum is the number of states of the full search."""
    ownership = shipped()[0]
    scope = ownership.sizes("tiny", dict(devices=1, max_refs=1))
    every, folded = explore(ownership, scope), explore(ownership, scope, ownership.symmetric)
    assert folded.orbit_sum == every.states
    assert folded.depth == every.depth
    assert lengths(folded) == lengths(every)


def lengths(seen: Any) -> dict[str, int]:
    return {name: len(found.trace.steps) for name, found in (seen.violated | seen.reached).items()}


WORLD = World(yardstick, yardstick.sizes("tiny", dict(pages=3, devices=2)))
SIZES = {at: len(vars(WORLD.state)[n].values_) for n, cells in WORLD.offsets.items() for at in cells.values()}
CODES = st.tuples(*(st.integers(0, SIZES[at] - 1) for at in sorted(SIZES))).map(bytes)


@settings(deadline=None, max_examples=100)
@given(CODES, st.permutations(range(3)), st.permutations(range(2)), st.sampled_from(list(SORTS.values())))
def test_the_canonical_form_is_one_for_an_orbit(code: bytes, pages: Any, devices: Any, names: tuple[str, ...]) -> None:
    """Renaming members that are symmetric does not change a state's canonical form, and the form is its own."""
    symmetry = Symmetry(WORLD, symmetric(yardstick, names))
    renamed = rename(code, pages if "Page" in names else [0, 1, 2], devices if "Device" in names else [0, 1])
    assert symmetry.canonical(renamed) == symmetry.canonical(code)
    assert symmetry.canonical(symmetry.canonical(code)) == symmetry.canonical(code)


@settings(deadline=None, max_examples=60)
@given(CODES, st.sampled_from(list(SORTS.values())))
def test_the_size_of_an_orbit_is_right(code: bytes, names: tuple[str, ...]) -> None:
    """The orbit size of a canonical state is the number of different states that renaming makes of it."""
    symmetry = Symmetry(WORLD, symmetric(yardstick, names))
    assert symmetry.orbit_size(symmetry.canonical(code)) == len(orbit(code, names))
    assert symmetry.canonical(code) in orbit(code, names)


def orbit(code: bytes, names: tuple[str, ...]) -> set[bytes]:
    """Every renaming of a state, by brute force."""
    pages = permutations(range(3)) if "Page" in names else [(0, 1, 2)]
    devices = permutations(range(2)) if "Device" in names else [(0, 1)]
    return {rename(code, p, d) for p, d in product(pages, devices)}


def rename(code: bytes, pages: Sequence[int], devices: Sequence[int]) -> bytes:
    """The state in which page i is called pages[i], and device i devices[i]; cells and values symmetric."""
    new: dict[Any, Any] = {}
    for sort, order in zip(symmetric(yardstick, ("Page", "Device")), (pages, devices), strict=True):
        new |= {sort(old): sort(name) for old, name in enumerate(order)}
    renamed = bytearray(code)
    for name, cells in WORLD.offsets.items():
        values = vars(WORLD.state)[name].values_
        for key, at in cells.items():
            to = tuple(map(new.__getitem__, key)) if isinstance(key, tuple) else new[key]
            value = values[code[at]]
            renamed[cells[to]] = values.index(new.get(value, value))
    return bytes(renamed)


# What a search must not be misled by.

POINTED = """
class T(State):
    pages = members(Page, 1, 3)
    devices = members(Device, 1, 2)
    cap = bound(0, 3, "a number of the scope")
    dirty = field(Page, bool, False, "a flag")
    {declared}

S = T

def act_first(s: T, page: Page) -> None:
    s.dirty[page] = True

def act_then(s: T, {parameter}) -> None:
    require(s.dirty[{other}])
    {effect}

def invariant(s: T, page: Page) -> bool:
    return not s.dirty[{seen}]
"""


@pytest.mark.parametrize(
    "parts",
    [
        dict(declared="done = field(Device, bool, False, 'done')", parameter="dev: Device", other="Page(1)",
             effect="s.done[dev] = True", seen="Page(1)"),
        dict(declared="done = field(Page, Page, ANY, 'another page')", parameter="page: Page",
             other="s.done[page]", effect="s.done[page] = page", seen="s.done[page]"),
        dict(declared="done = field(Page, bool, False, 'done')", parameter="page: Page", other="Page(0)",
             effect="s.done[page] = True", seen="Page(1)"),
        dict(declared="done = field(Page, bool, False, 'done')", parameter="page: Page", other="page",
             effect="s.done[page] = True", seen="page] or page == Page(0) or not s.done[page"),
    ],
    ids=["by name", "through a field", "by name beside another", "by which page it is"],
)  # fmt: skip
def test_refusals_for_a_page_may_depend_on_another_page(parts: dict[str, str]) -> None:
    """Nothing is concluded from the page of a parameter if an action or an invariant looks at another page too."""
    made = machine(POINTED.format(**parts))
    sizes = made.sizes("tiny", {})
    old, found = World(made, sizes), dict.fromkeys(World(made, sizes).initial())
    for code in (todo := list(found)):
        fresh = World(made, sizes)
        steps = list(fresh.successors(code))
        assert list(old.successors(code)) == steps
        assert as_broken(old.violated(code)) == broken(fresh, code)
        todo += (new := [after for after in dict.fromkeys(a for _, a in steps) if after not in found])
        found.update(dict.fromkeys(new))
    assert explore(made, sizes).states == len(found)


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (
            "owner = field(Page, optional(Page), NOBODY, 'another page')",
            "field owner holds a Page ... leave Page out of symmetric= ... its place in a FIFO",
        ),
        ("seen = field((Device, Page), bool, False, 'seen')", "seen has a Page as its second key ... put it first"),
        ("seen = field((Page, Page), bool, False, 'seen')", "seen has a Page as its second key"),
        ("first = field(Device, Device, Device(0), 'one of them')", "first starts as eth0, but Devices are declared"),
    ],
)
def test_a_state_that_names_members_does_not_declare_them_symmetric(declared: str, words: str) -> None:
    """Nothing points at a page, and no start names a member: else folding states would not be exact."""
    refused(f"class T(S):\n    {declared}\n\nS = T\n", words, symmetric=("Page", "Device"))
    assert machine(f"class T(S):\n    {declared}\n\nS = T\n")


@pytest.mark.parametrize(
    "text",
    [
        action("require(page == Page(0))  # here\ns.dirty[page] = True"),
        action("if dev != Device(1):  # here\n    s.dirty[page] = True"),
        action("s.home[page] = Device(0)  # here"),
        action("s.dirty[Page(1)] = True  # here"),
        action("require(not some(s.pages, lambda p: s.home[p] == Device(0)))  # here\ns.dirty[page] = True"),
        "def invariant(s: S) -> bool:  # here\n    return not s.dirty[Page(0)]\n",
        "def witness(s: S) -> bool:  # here\n    return s.up[Device(1)]\n",
        "def step(before: S, after: S, dev: Device) -> bool:  # here\n    return dev != Device(0)\n",
    ],
)
def test_an_expression_that_names_a_member_is_refused_by_its_line(text: str) -> None:
    """A page or device by number, in an action or a claim, is refused where its sort is declared symmetric."""
    refused(text, "names ... declared symmetric", symmetric=("Page", "Device"))
    assert machine(text)


# What is found, and when a search stops.

COUNTING = action("require(s.refs[page] < 2)\ns.refs[page] += 1")


def test_a_search_goes_on_past_a_violation() -> None:
    """Every invariant gets its own verdict and shortest length, and the counts do not depend on what is broken."""
    broken = "\n".join(
        f"def invariant_{n}(s: S, page: Page) -> bool:\n    return s.refs[page] < {n}\n" for n in (1, 2, 3)
    )
    plain, seen = (explored(COUNTING + text) for text in ("", broken))
    assert lengths(seen) == {"invariant_1": 1, "invariant_2": 2}
    assert (seen.states, seen.transitions, seen.depth) == (plain.states, plain.transitions, plain.depth) == (36, 192, 4)


def test_a_search_goes_on_past_a_deadlock() -> None:
    """A state without a way out is reported with a shortest run, and the rest is searched all the same."""
    text = COUNTING.replace("require(s.refs", "require(not s.dirty[page])\n    require(s.refs")
    seen = explored(
        text + "def act_stop(s: S, page: Page) -> None:\n    require(s.refs[page] == 0)\n    s.dirty[page] = True\n"
    )
    assert seen.deadlock is not None
    assert len(seen.deadlock.trace.steps) == 2
    assert not seen.stopped
    assert seen.depth == 4


def test_a_final_state_is_no_deadlock() -> None:
    """Where a run may end, nothing needs to happen; elsewhere it does."""
    names: Any = module(
        PRELUDE + COUNTING + "def over(s: S) -> bool:\n    return each(s.pages, lambda p: s.refs[p] == 2)\n"
    )
    assert explored(COUNTING).deadlock
    made = assemble(names, final=names.over)
    assert explore(made, made.sizes("tiny", {})).deadlock is None


def test_an_action_that_changes_nothing_is_no_way_out() -> None:
    """A deadlock is a state that nothing changes, even where some action is enabled."""
    idle = "def act_idle(s: S, page: Page) -> None:\n    s.dirty[page] = s.dirty[page]\n"
    seen = explored(COUNTING + idle)
    assert seen.deadlock is not None
    assert len(seen.deadlock.trace.steps) == 4


def test_a_search_stops_at_its_budget_or_its_invariant(monkeypatch: pytest.MonkeyPatch) -> None:
    """A budget of states, a budget of time, or the invariant in question ends a search, with that reason."""
    monkeypatch.setattr("checkers.explore.search.time", ticking(1.0))
    made = machine(COUNTING + "def invariant(s: S, page: Page) -> bool:\n    return s.refs[page] < 1\n")
    sizes = made.sizes("tiny", {})
    assert explore(made, sizes, budget=Budget(states=10)).stopped == after_states(10)
    assert explore(made, sizes, budget=Budget(seconds=2.5)).stopped == after_seconds(2.5)
    wanted = explore(made, sizes, until="invariant")
    assert wanted.stopped
    assert lengths(wanted) == {"invariant": 1}
    assert not explore(made, sizes).stopped


def test_a_step_invariant_is_broken_by_a_step() -> None:
    """A step invariant looks at both ends of a step; its trace ends with the step that breaks it."""
    text = "def step(before: S, after: S, page: Page) -> bool:\n    return after.refs[page] < 2\n"
    seen = explored(COUNTING + text)
    trace = seen.violated["step"].trace
    assert [str(s.instance) for s in trace.steps] == ["act(A, A, eth0)", "act(A, A, eth0)"]


def test_a_history_counter_can_be_invariantd_of_a_step() -> None:
    """Counters are no part of a state, yet a step that counts wrongly is found, also where its effect is not new."""
    text = COUNTING + "    if s.dirty[page]:\n        s.taken[page] += 1\n    s.taken[page] += 1\n"
    text += "def act_write(s: S, page: Page) -> None:\n    s.dirty[page] = True\n"
    text += (
        "def step(before: S, after: S, page: Page) -> bool:\n    return after.taken[page] <= before.taken[page] + 1\n"
    )
    assert lengths(explored(text)) == {"step": 2}


def test_steps_that_differ_in_history_only_are_distinguished() -> None:
    """Of two steps between the same states, the one that counts wrongly breaks the invariant, in whatever order."""
    step = (
        "def step(before: S, after: S, page: Page) -> bool:\n    return after.taken[page] <= before.taken[page] + 1\n"
    )
    deeds = [f"def act_{n}(s: S, page: Page) -> None:\n    s.taken[page] += {n}\n" for n in (1, 2)]
    for first, second in (deeds, reversed(deeds)):
        seen = explored(first + second + step)
        assert [str(s.instance) for s in seen.violated["step"].trace.steps] == ["act_2(A)"]


def test_a_witness_of_stages_is_reached_in_order() -> None:
    """The stages come about one after the other, for the same page, in a shortest run over all arguments."""
    text = "def full(s: S, page: Page) -> bool:\n    return s.refs[page] == 2\n\n"
    text += "def empty(s: S, page: Page) -> bool:\n    return s.refs[page] == 0\n\n"
    made = machine(COUNTING + text + "witness = (empty, full)\nwitness_back = (full, empty)\nwitness_full = full\n")
    sizes = made.sizes("tiny", {})
    found = [reach(made, sizes, witness) for witness in made.witnesses]
    assert [len(f.trace.steps) if isinstance(f, Finding) else f for f in found] == [2, None, 2]
    assert reach(made, sizes, made.witnesses[1], Budget(states=5)) == Stopped(Reason.STATES, "10 states searched")


def test_guards_that_were_never_false_are_named() -> None:
    """A search names the guards that were never true, and those that were never false."""
    seen = explored(action("require(s.refs[page] < 2)\nrequire(s.refs[page] < 3)\ns.refs[page] += 1"))
    assert [(one.site.text, one.coverage) for one in seen.untested] == [
        ("require(s.refs[page] < 3)", Coverage.NEVER_FALSE)
    ]


def explored(text: str) -> Exploration:
    made = machine(text)
    return explore(made, made.sizes("tiny", {}))
