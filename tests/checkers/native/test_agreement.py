# SPDX-License-Identifier: MIT
"""The Python search is the oracle: every form of the search in C has the same results, to the last digit."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import cycle
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from checkers.explore.search import Budget, Exploration, explore
from checkers.native import engine
from checkers.native.engine import SearchOptions
from models.yardstick import yardstick
from poolproof import catalog
from spec.dsl import Machine, Sort
from tests.machines import machines
from tests.sampling import one_in

from .ways import QUICK, WAYS, exactly, needs_a_compiler, replays, results

pytestmark = needs_a_compiler

BUDGET = Budget(states=1200)
"""Larger machines are drawn again."""

often: Callable[[Any], Any] = settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@often
@given(machines(), st.booleans(), st.lists(st.sampled_from(sorted(WAYS)), min_size=2, max_size=2, unique=True))
def test_random_machines_come_out_the_same(machine: Machine, symmetric: bool, ways: list[str]) -> None:
    """Counts, depth, verdicts, witnesses, lengths of traces and values of guards agree with the Python search."""
    sizes, sorts = machine.sizes("tiny", {}), machine.symmetric if symmetric else ()
    oracle = explore(machine, sizes, sorts, BUDGET)
    assume(not oracle.stopped)
    for way in ways:
        seen = engine.explore(machine, sizes, sorts, options=WAYS[way])
        assert results(seen) == results(oracle), way
        assert replays(seen)


SOUND = {machine.name: machine for machine in catalog.SOUND}
BROKEN = {bug.name: bug for bug in catalog.BROKEN}

Sorts = tuple[type[Sort], ...]


@cache
def python_search(name: str, symmetric: Sorts) -> Exploration:
    machine = catalog.find(name)
    return explore(machine, machine.sizes("tiny", {}), symmetric)


def c_search(machine: Machine, symmetric: Sorts, options: SearchOptions) -> Exploration:
    return engine.explore(machine, machine.sizes("tiny", {}), symmetric, options=options)


@pytest.mark.parametrize("name", SOUND)
def test_every_way_agrees_on_a_sound_model(name: str) -> None:
    """With tables and without, in a bitmap and a hash set, on one thread and on two."""
    machine = SOUND[name]
    for way, options in WAYS.items():
        seen = c_search(machine, machine.symmetric, options)
        assert results(seen) == results(python_search(name, machine.symmetric)), way
        assert replays(seen)


DEVICES, BOTH = yardstick.symmetric_if_asked, (*yardstick.symmetric, *yardstick.symmetric_if_asked)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("symmetric", [(), DEVICES, BOTH], ids=["nobody", "devices", "both"])
def test_every_symmetry_agrees(symmetric: Sorts, way: str) -> None:
    """No sort symmetric, devices alone, pages and devices."""
    seen = c_search(yardstick, symmetric, WAYS[way])
    assert results(seen) == results(python_search("yardstick", symmetric))
    assert replays(seen)


@pytest.mark.parametrize("name", ["ownership", "per_packet"])
def test_models_agree_without_symmetry(name: str) -> None:
    """What is one state with symmetry is many without, and each of them is found."""
    machine = SOUND[name]
    sizes = machine.sizes("tiny", dict(devices=1, max_refs=1) if name == "ownership" else {})
    oracle = explore(machine, sizes)
    for way in ("tables, bitmap, two threads", "tables, hash set", "evaluated"):
        assert results(engine.explore(machine, sizes, options=WAYS[way])) == results(oracle), way


MANY = {"freed_under_a_live_descriptor", "recycled_into_another_pool"}
"""Broken models too large for the Python search; C without tables takes its place here."""


@pytest.mark.parametrize(("name", "way"), one_in(3, zip(BROKEN, cycle(WAYS), strict=False)))
def test_broken_models_agree(name: str, way: str) -> None:
    """Each breaks the same invariants in as many steps; the ways take turns."""
    machine = BROKEN[name].machine
    if name in MANY:
        oracle, way = c_search(machine, machine.symmetric, WAYS["evaluated, two threads"]), "tables, bitmap"
    else:
        oracle = python_search(name, machine.symmetric)
    seen = c_search(machine, machine.symmetric, WAYS[way])
    assert results(seen) == results(oracle)
    assert len(seen.violated[BROKEN[name].breaks].trace.steps) == BROKEN[name].steps
    assert replays(seen)


@pytest.mark.parametrize("how", [{}, {"bitmap": False}, {"tables": False}], ids=str)
@pytest.mark.parametrize("name", [*SOUND, "b03_mapping_outlives_the_driver", "b47_second_mapping_left_behind"])
def test_threads_change_nothing(name: str, how: dict[str, Any]) -> None:
    """One, two and three threads give the same counts, findings and traces, step by step."""
    machine = catalog.find(name)
    one, two, three = (
        c_search(machine, machine.symmetric, SearchOptions(threads=threads, **QUICK, **how)) for threads in (1, 2, 3)
    )
    assert exactly(one) == exactly(two) == exactly(three)
    assert one.violated or one.reached


@pytest.mark.parametrize("level", ["-O0", "-O2"])
@pytest.mark.parametrize("tables", [True, False])
def test_threads_do_not_get_in_each_others_way(tables: bool, level: str) -> None:
    """Three threads that meet in a small hash set again and again never count a state twice, or not at all."""
    sizes = yardstick.sizes("tiny", dict(pages=4))
    options = SearchOptions(threads=3, tables=tables, bitmap=False, chunk=8, level=level)
    for _ in range(6):
        seen = engine.explore(yardstick, sizes, yardstick.symmetric, options=options)
        assert (seen.states, seen.orbit_sum, seen.transitions) == (19_981, 345_749, 139_940)


def test_sets_that_grow_lose_nothing() -> None:
    """A bitmap, a hash set, and a hash set of wide states that all grow several times: the same hundred thousands."""
    sizes = yardstick.sizes("tiny", dict(pages=6))
    ways = (
        SearchOptions(threads=1),
        SearchOptions(threads=2, bitmap=False),
        SearchOptions(threads=1, tables=False),
        SearchOptions(3, tables=False),
    )
    seen = [engine.explore(yardstick, sizes, yardstick.symmetric, options=options) for options in ways]
    assert {(s.states, s.orbit_sum, s.transitions, s.depth) for s in seen} == {(269_405, 92_083_181, 2_497_982, 33)}
