# SPDX-License-Identifier: MIT
"""Numbers that a C type would cut: the search in C has the same answers as that in Python, or gives way to it."""

from __future__ import annotations

import pytest

from checkers import engines
from checkers.engines import EngineChoice
from spec.dsl import Machine, SpecError
from tests.machines import module

from .ways import needs_a_compiler

HEAD = '''
from spec.dsl import Machine, Sort, State, between, count, field, history, members, require, variable

class Page(Sort, called="{letter}"):
    """A page."""

class Frag(Sort):
    """A fragment."""

class Device(Sort):
    """A device."""

class Low(State):
    pages = members(Page, 1, 64)
    frags = members(Frag, 1, 1000)
    devices = members(Device, 1, 1000)
    n = field(Page, between(0, 1), 0, "a number")
    on = field((Frag, Device), bool, False, "a cell far away")
    bad = variable(bool, False, "set where it must not be")
    h = history(Page, "a counter")
'''

DESIGN = '''
class High(Low):
    """The same state."""

def step(s: High, page: Page) -> None:
    {guard}
    s.n[page] = 1
    s.h[page] += {much}

def own(s: High, page: Page) -> None:
    require(s.n[page] == 0)
    s.n[page] = 1
    s.h[page] += 1

HIGH = Machine(name="high", doc="d", state=High, system=(step,), scopes={{"tiny": dict(pages=1, frags=1, devices=1)}})
MACHINE = Machine(
    name="low", doc="d", state=High, system=(own,), refines=HIGH, scopes={{"tiny": dict(pages=1, frags=1, devices=1)}}
)
'''


@needs_a_compiler
@pytest.mark.parametrize(
    ("guard", "much", "refines"),
    [
        ("require(s.n[page] == 0)", 1, True),
        ("require(s.n[page] == 0)", 2**32 + 1, False),
        ("require(s.n[page] >= 2**64)", 1, False),
        ("require(s.n[page] < 2**64 + 1)", 1, True),
    ],
)
def test_what_the_machine_above_counts_is_not_cut(guard: str, much: int, refines: bool) -> None:
    """A counter that grows by more than 32 bits, a guard with more than 64."""
    guard = guard.replace("2**64 + 1", str(2**64 + 1)).replace("2**64", str(2**64))
    machine = module(HEAD + DESIGN.format(guard=guard, much=much)).MACHINE
    for choice in (EngineChoice(), EngineChoice("python")):
        assert (engines.refine(machine, machine.sizes("tiny", {}), choice=choice).trace is None) is refines


PAIRS = """
def add(s: Low, page: Page) -> None:
    require(s.n[page] == 0)
    s.n[page] = 1

def never_full(s: Low) -> bool:
    return count((s.pages, s.frags), lambda p, f: s.n[p] == 1) < 34000

MACHINE = Machine(name="pairs", doc="d", state=Low, system=(add,), always=(never_full,), symmetric=(Page,),
    scopes={"tiny": dict(pages=40, frags=1000, devices=1)})
"""

MANY = """
def add(s: Low, page: Page, frag: Frag, dev: Device) -> None:
    s.n[page] = 1

MACHINE = Machine(name="many", doc="d", state=Low, system=(add,),
    scopes={"tiny": dict(pages=1, frags=256, devices=256)})
"""

FAR = """
def act(s: Low, page: Page, other: Page) -> None:
    s.on[Frag(129), Device(129)] = True

def late(s: Low) -> None:
    require(s.on[Frag(129), Device(129)])
    require(not s.on[Frag(5), Device(121)])
    s.bad = True

def never_bad(s: Low) -> bool:
    return not s.bad

MACHINE = Machine(name="far", doc="d", state=Low, system=(act, late), always=(never_bad,),
    scopes={"tiny": dict(pages=2, frags=130, devices=130)})
"""


@needs_a_compiler
@pytest.mark.parametrize(("text", "steps"), [(PAIRS, 34), (FAR, 2)], ids=["a count of pairs", "a state of many words"])
def test_a_violation_beyond_16_or_8_bits_is_found(text: str, steps: int) -> None:
    """A count of 34,000 pairs; a cell in word 256 of a state."""
    machine: Machine = module(HEAD + text).MACHINE
    found = engines.explore(machine, machine.sizes("tiny", {}), machine.symmetric).violated
    assert [len(finding.trace.steps) for finding in found.values()] == [steps]


@needs_a_compiler
def test_steps_are_counted_beyond_16_bits() -> None:
    """65,536 steps from one state are not none."""
    machine: Machine = module(HEAD + MANY).MACHINE
    assert engines.explore(machine, machine.sizes("tiny", {}), ()).fired == {"add": 2 * 256 * 256}


@needs_a_compiler
def test_more_unreduced_states_than_the_sum_can_hold_are_not_counted() -> None:
    """64 pages of two values in each of two fields: 2**128 states."""
    text = HEAD + (
        "def put(s: Low, page: Page) -> None:\n    s.n[page] = 1\n"
        "MACHINE = Machine(name='many', doc='d', state=Low, system=(put,), symmetric=(Page,),\n"
        "    scopes={'tiny': dict(pages=64, frags=8, devices=8)})\n"
    )
    machine: Machine = module(text).MACHINE
    seen = engines.explore(machine, machine.sizes("tiny", {}), machine.symmetric)
    assert (seen.states, seen.orbit_sum) == (65, 0)


LEAVES = HEAD + (
    "def add(s: Low, page: Page) -> None:\n    s.n[page] += 1\n"
    "def over(s: Low) -> bool:\n    return s.n[Page(0)] == 1\n"
    "MACHINE = Machine(name='leaves', doc='d', state=Low, system=(add,), final=over,\n"
    "    scopes={'tiny': dict(pages=1, frags=1, devices=1)})\n"
)


@needs_a_compiler
def test_a_machine_that_leaves_its_bounds_ends_the_question_for_its_end() -> None:
    """The search of pairs gives way to that in Python, which names the action."""
    machine: Machine = module(LEAVES).MACHINE
    with pytest.raises(SpecError, match="outside its bounds"):
        engines.ends(machine, machine.sizes("tiny", {}), ())
