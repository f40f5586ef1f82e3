# SPDX-License-Identifier: MIT
"""The text for solvers has the meaning of the functions, for given numbers of members and for any number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from checkers.prove import theory as theory_module
from checkers.prove.counting import CardinalityTerm, Change, change
from checkers.prove.smt import Text, View
from checkers.prove.theory import Theory
from poolproof import catalog
from spec.dsl import (
    Machine,
    SpecError,
    World,
)
from spec.dsl.ir import FALSE, Path, Quantified
from tests.machines import machines, module
from tests.sampling import one_in

from .comparing import disagreements, drawn, reached, theory_of

often: Callable[[Any], Any] = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
seeds = st.integers(0, 2**16)


def tiny(machine: Machine) -> World:
    return World(machine, machine.sizes("tiny", {}))


def somewhere(world: World, seed: int) -> bytes:
    """A reachable state, or one that merely has values of the declared kinds."""
    random = Random(seed)
    return reached(world, random, random.randrange(12)) if random.random() < 0.5 else drawn(world, random)


# -- agreement -----------------------------------------------------------------------------------------------------


@often
@given(machines(), seeds)
def test_for_given_sizes_the_text_agrees_with_the_functions(machine: Machine, seed: int) -> None:
    """Guards, the cells after each step, invariants of states and of steps: the same, and nothing is open."""
    world = tiny(machine)
    assert disagreements(theory_of(world), world, somewhere(world, seed), Random(seed)) == []


@often
@given(machines(), seeds)
def test_for_any_number_the_text_agrees_with_the_functions(machine: Machine, seed: int) -> None:
    """The same for the text about any number of members; nothing false follows about counts after a step."""
    world = tiny(machine)
    try:
        theory = Theory(machine)
        assert theory.declared
    except SpecError:
        assume(False)
    assert disagreements(theory, world, somewhere(world, seed), Random(seed)) == []


@pytest.mark.parametrize("machine", catalog.SOUND, ids=lambda m: m.name)
@pytest.mark.parametrize("scope", one_in(2, ["tiny", "small"]))
def test_the_text_of_shipped_machines_agrees_with_their_functions(machine: Machine, scope: str) -> None:
    """In random states, reachable and not, for given numbers of members and for any number."""
    world = World(machine, machine.sizes(scope, {}))
    for seed in range(6):
        for theory in (theory_of(world), Theory(machine)):
            assert disagreements(theory, world, somewhere(world, seed), Random(seed)) == []


# -- faults that must be seen --------------------------------------------------------------------------------------

ROW = '''
from spec.dsl import NOBODY, Machine, Sort, State, count, each, field, implies, members, optional, require, some

class Page(Sort, called="{letter}"):
    """A page."""

class Device(Sort, called="eth{n}"):
    """A device."""

class S(State):
    pages = members(Page, 1, 3)
    devices = members(Device, 1, 3)
    at = field(Page, optional(Device), NOBODY, "where it is")
    up = field(Device, bool, False, "at work")

def put(s: S, page: Page, dev: Device) -> None:
    s.at[page] = dev

def take(s: S, page: Page) -> None:
    require(s.at[page] != NOBODY)

    s.at[page] = NOBODY

def start(s: S, dev: Device) -> None:
    require(each(s.devices, lambda d: not s.up[d]))

    s.up[dev] = True

def every_device_is_up(s: S) -> bool:
    return each(s.devices, lambda d: s.up[d])

def a_device_is_up(s: S) -> bool:
    return some(s.devices, lambda d: s.up[d])

def two_at_most(s: S, dev: Device) -> bool:
    return count(s.pages, lambda p: s.at[p] == dev) <= 2

def one_device_is_up_at_most(s: S) -> bool:
    return count(s.devices, lambda d: s.up[d]) <= 1

def a_page_is_somewhere(s: S, page: Page) -> bool:
    return s.at[page] != NOBODY

MACHINE = Machine(
    name="row", doc="pages at devices", state=S, system=(put, take, start),
    always=(
        every_device_is_up, a_device_is_up, two_at_most, one_device_is_up_at_most, a_page_is_somewhere,
    ),
    scopes={"tiny": dict(pages=3, devices=2)}, symmetric=(Page, Device),
)
'''
"""A machine whose text has everything: writes, both quantifiers, counts, and members that may be NOBODY."""


def all_disagreements(machine: Machine, of_any_number: bool) -> list[str]:
    world, found = tiny(machine), list[str]()
    for seed in range(8):
        theory = Theory(machine) if of_any_number else theory_of(world)
        found += disagreements(theory, world, somewhere(world, seed), Random(seed))
    return found


def no_writes(self: Text, f: Any, keys: list[str], when: str, sound: Any = Text.read) -> str:
    """Reads the state before, in place of every state."""
    return str(sound(replace(self, views={when: View()}), f, keys, when))


def first_write_wins(self: Text, f: Any, keys: list[str], when: str, sound: Any = Text.read) -> str:
    """Takes assignments in the wrong order."""
    view = View(tuple(reversed(self.views[when].writes)), self.views[when].names)
    return str(sound(replace(self, views={when: view}), f, keys, when))


def each_is_some(self: Text, e: Quantified, names: Any, sound: Any = Text._quantified) -> str:
    return str(sound(self, Quantified("some", e.var, e.body), names))


def some_is_each(self: Text, e: Quantified, names: Any, sound: Any = Text._quantified) -> str:
    return str(sound(self, Quantified("each", e.var, e.body), names))


def nobody_is_a_member(self: Text, sort: type[Any], term: str) -> str:
    return "true"


FAULTS = [
    ("read", no_writes, False),
    ("read", no_writes, True),
    ("_quantified", each_is_some, False),
    ("_quantified", each_is_some, True),
    ("_quantified", some_is_each, False),
    ("_quantified", some_is_each, True),
    ("real", nobody_is_a_member, True),
]


@pytest.mark.parametrize("of_any_number", [False, True])
def test_the_machine_of_the_faults_is_translated_rightly(of_any_number: bool) -> None:
    """Without a fault there is nothing to be found in it."""
    assert all_disagreements(module(ROW).MACHINE, of_any_number) == []


@pytest.mark.parametrize(("method", "fault", "of_any_number"), FAULTS)
def test_a_fault_in_the_text_is_seen(
    monkeypatch: pytest.MonkeyPatch, method: str, fault: Any, of_any_number: bool
) -> None:
    """Text that forgets writes, exchanges quantifiers, or takes NOBODY for a member differs from the functions."""
    monkeypatch.setattr(Text, method, fault)
    assert all_disagreements(module(ROW).MACHINE, of_any_number) != []


def test_assignments_in_the_wrong_order_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is written twice keeps what was written last."""
    monkeypatch.setattr(Text, "read", first_write_wins)
    assert all_disagreements(module(TWICE).MACHINE, False) != []


TWICE = ROW.replace("    s.at[page] = dev\n", "    s.at[page] = NOBODY\n    s.at[page] = dev\n")


@pytest.mark.parametrize("side", ["enters", "leaves"])
def test_a_count_that_is_changed_wrongly_is_seen(monkeypatch: pytest.MonkeyPatch, side: str) -> None:
    """Who never enters, or never leaves, is counted otherwise than by the functions."""

    def wrong(counted: CardinalityTerm, path: Path) -> Change:
        found = change(counted, path)
        return replace(found, enters=FALSE) if side == "enters" else replace(found, leaves=FALSE)

    monkeypatch.setattr(theory_module, "change", wrong)
    assert all_disagreements(module(ROW).MACHINE, True) != []
