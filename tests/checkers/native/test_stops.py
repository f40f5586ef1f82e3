# SPDX-License-Identifier: MIT
"""When a search in C stops: budgets, memory, interrupts; its results up to then are returned."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest

from checkers.core.stopped import FOUND, INTERRUPTED, after_seconds, after_states
from checkers.explore.search import ANY_INVARIANT, Budget, Exploration
from checkers.native import build, engine, library, memory
from checkers.native.checkpoint import Checkpoint
from checkers.native.engine import SearchOptions
from models.yardstick import yardstick
from poolproof import catalog
from spec.ownership import ownership
from tests.spec.dsl.snippets import machine

from .ways import KINDS, WAYS, each_kind, exactly, hurried, needs_a_compiler, replays, results

pytestmark = needs_a_compiler

STATM = Path("/proc/self/statm")


@each_kind
def test_a_budget_of_states_keeps_what_was_met(options: SearchOptions) -> None:
    """The search stops soon after; exactly what was found by then is returned, with its traces."""
    bug = catalog.find("b47_second_mapping_left_behind")
    whole = engine.explore(bug, bug.sizes("tiny", {}), bug.symmetric, options=options)
    for states in (1, 40, 400, 2000):
        seen = engine.explore(bug, bug.sizes("tiny", {}), bug.symmetric, Budget(states=states), options=options)
        assert seen.stopped == after_states(states)
        assert states <= seen.states < whole.states
        assert replays(seen)
        for name, found in seen.reached.items():
            assert len(found.trace.steps) == len(whole.reached[name].trace.steps)


@each_kind
def test_the_findings_of_an_unfinished_level_are_kept(options: SearchOptions) -> None:
    """An invariant that is broken in a level that the budget cuts short is broken nevertheless."""
    starts = "class T(S):\n    level = field(Device, between(0, 49), ANY, 'x')\n\nS = T\n\n"
    step = "def act(s: S, dev: Device) -> None:\n    s.up[dev] = not s.up[dev]\n"
    made = machine(starts + step + "def invariant(s: S, dev: Device) -> bool:\n    return s.level[dev] != s.cap\n")
    seen = engine.explore(made, made.sizes("tiny", {}), budget=Budget(states=1), options=options)
    assert seen.depth == 0
    assert seen.states < 4 * 50 * 50 * 2
    assert [len(found.trace.steps) for found in seen.violated.values()] == [0]


@each_kind
def test_a_budget_of_time_keeps_what_was_met(options: SearchOptions) -> None:
    """However short the time, the verdict is that it was spent, and the counts are those of a part of the states."""
    sizes = yardstick.sizes("tiny", dict(pages=6))
    seen = engine.explore(yardstick, sizes, budget=Budget(seconds=1e-6), options=options)
    assert seen.stopped == after_seconds(1e-06)
    assert 0 < seen.states < 90_000_000


@pytest.mark.parametrize("options", [SearchOptions(threads=2, bitmap=False), SearchOptions(threads=2, tables=False)])
def test_a_budget_of_memory_is_kept(options: SearchOptions) -> None:
    """The hash set does not grow beyond it; the search stops with that reason and the memory it would have needed."""
    sizes = yardstick.sizes("tiny", dict(pages=6))
    seen = engine.explore(yardstick, sizes, budget=Budget(memory=50_000_000), options=options)
    assert re.fullmatch(r"50 MB of memory: .* states, which would grow to .* MB, and .* to expand", str(seen.stopped))
    assert 100_000 < seen.states < 10_000_000
    assert {"a_device_is_freed", "a_page_crosses_two_devices"} <= set(seen.reached)


def test_tables_are_in_the_budget_of_memory() -> None:
    """The tables of steps count as well, here far more than the states; traces are still found."""
    sizes = ownership.sizes("large", dict(pages=3, pools=3, devices=3))
    seen = engine.explore(
        ownership, sizes, ownership.symmetric, Budget(memory=60_000_000), options=WAYS["tables, bitmap"]
    )
    message = re.fullmatch(
        r"60 MB of memory: 524 KB .*, and (\d+) MB for tables and what is still to expand", str(seen.stopped)
    )
    assert message
    assert 59 <= int(message[1]) < 70
    assert replays(seen)


def test_a_bitmap_that_is_too_large_is_a_hash_set() -> None:
    """A quarter of the memory is all that a bitmap may take."""
    sizes = yardstick.sizes("tiny", dict(pages=5))
    few = engine.explore(yardstick, sizes, budget=Budget(memory=6_300_000, states=500))
    many = engine.explore(yardstick, sizes, budget=Budget(memory=6_500_000, states=500))
    assert few.memory.startswith("hash set")
    assert many.memory.startswith("bitmap")


def test_too_little_memory_to_begin_is_a_reason() -> None:
    """Without room for the first states there is a verdict and no crash."""
    seen = engine.explore(yardstick, yardstick.sizes("tiny", {}), budget=Budget(memory=1000), options=WAYS["evaluated"])
    assert "too little to begin" in str(seen.stopped)
    assert seen.states == 0


@pytest.mark.skipif(not STATM.exists(), reason="this system does not say what a process takes")
def test_a_search_that_does_not_begin_takes_nothing() -> None:
    """What it had reserved by then is given back, however often it is tried."""
    sizes, before = yardstick.sizes("tiny", {}), int(STATM.read_text().split()[0])
    for _ in range(5):
        engine.explore(yardstick, sizes, budget=Budget(memory=1000), options=WAYS["evaluated"])
    assert (int(STATM.read_text().split()[0]) - before) * os.sysconf("SC_PAGE_SIZE") < 500_000_000


def test_a_machine_short_of_memory_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """What others take counts too: when the machine runs short, the search stops with what it has."""
    monkeypatch.setattr(memory, "is_short", lambda: True)
    seen = engine.explore(yardstick, yardstick.sizes("tiny", dict(pages=6)), options=WAYS["tables, bitmap"])
    assert "of memory" in str(seen.stopped)
    assert seen.states > 0


@each_kind
def test_an_interrupt_keeps_what_was_met(options: SearchOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C between two slices ends the search; its counts and traces are returned."""

    def interrupted(seen: Exploration) -> None:
        if seen.depth >= 6:
            raise KeyboardInterrupt

    monkeypatch.setattr(library.Search, "run", hurried)
    seen = engine.explore(
        yardstick, yardstick.sizes("tiny", dict(pages=5)), yardstick.symmetric, progress=interrupted, options=options
    )
    assert seen.stopped == INTERRUPTED
    assert 757 < seen.states < 78_565
    assert "a_page_crosses_two_devices" in seen.reached
    assert replays(seen)


@each_kind
def test_slices_change_nothing(options: SearchOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often the search is paused, its results are the same in the end."""
    sizes, slices = yardstick.sizes("tiny", dict(pages=4)), list[int]()
    whole = engine.explore(yardstick, sizes, yardstick.symmetric, options=options)
    monkeypatch.setattr(library.Search, "run", hurried)
    paused = engine.explore(
        yardstick, sizes, yardstick.symmetric, progress=lambda seen: slices.append(seen.states), options=options
    )
    assert exactly(paused) == exactly(whole)
    assert slices


@each_kind
def test_a_search_may_end_with_what_it_looks_for(options: SearchOptions) -> None:
    """An invariant by name, or any invariant; others may still hold, and the length is the shortest."""
    bug = catalog.find("b47_second_mapping_left_behind")
    assert bug.breaks
    for until in (bug.breaks.invariant, ANY_INVARIANT):
        seen = engine.explore(bug, bug.sizes("tiny", {}), bug.symmetric, until=until, options=options)
        assert seen.stopped == FOUND
    assert len(seen.violated[bug.breaks.invariant].trace.steps) == bug.breaks.steps


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

    task = bug, bug.sizes("tiny", {}), bug.symmetric
    whole = engine.explore(*task, options=WAYS["tables, bitmap"])
    monkeypatch.setattr(engine, "Search", Tight)
    assert exactly(engine.explore(*task, options=WAYS["tables, bitmap"])) == exactly(whole)
    assert passes >= {0, 2, 5, 7}


def test_what_waits_is_counted_until_nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever thread gives back what another has taken: what is left in the end is the set and nothing else."""
    left: list[int] = []

    def forget(self: library.Search) -> None:
        report = self.report()[0]
        left.append(report.bytes - report.set_bytes)

    monkeypatch.setattr(library.Search, "forget", forget)
    for threads in (1, 3):
        options = replace(WAYS["evaluated"], threads=threads)
        engine.explore(yardstick, yardstick.sizes("tiny", dict(pages=4)), yardstick.symmetric, options=options)
    assert left == [0, 0]


def test_the_second_pass_does_not_stand_beside_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the way back is looked for, the memory of the search that found what it found is free again."""
    begun: list[library.Search] = []
    taken: list[int] = []

    class Watched(library.Search):
        """Looks at what the searches before it take."""

        def __init__(self, *given: Any, **more: Any) -> None:
            taken.extend(search.report()[0].set_bytes for search in begun)
            super().__init__(*given, **more)
            begun.append(self)

    monkeypatch.setattr(engine, "Search", Watched)
    monkeypatch.setattr(library.Search, "close", lambda self: None)
    for options in KINDS.values():
        begun.clear()
        assert replays(engine.explore(yardstick, yardstick.sizes("tiny", {}), yardstick.symmetric, options=options))
        assert len(begun) == 2
    assert taken == [0] * len(KINDS)


FAILING = """
#include <stdlib.h>
long left = 1l << 40;
#define malloc(size) (left-- > 0 ? malloc(size) : NULL)
#define calloc(n, size) (left-- > 0 ? calloc(n, size) : NULL)
#define realloc(at, size) (left-- > 0 ? realloc(at, size) : NULL)
#define aligned_alloc(line, size) (left-- > 0 ? aligned_alloc(line, size) : NULL)
"""


def failing(unit: str, memory: int) -> Callable[..., ctypes.CDLL]:
    """In place of what loads compiled code: a unit whose first `memory` allocations succeed, and no other."""

    def loaded(name: str, text: str, *flags: str) -> ctypes.CDLL:
        code = build.loaded(name, FAILING + text if name == unit else text, *flags)
        if name == unit:
            ctypes.c_long.in_dll(code, "left").value = memory
        return code

    return loaded


def test_tables_without_memory_are_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the n-th allocation on: there are no tables, or the search stops and cannot be resumed."""
    sizes, ways = yardstick.sizes("tiny", {}), set[str]()
    whole = engine.explore(yardstick, sizes, yardstick.symmetric, options=WAYS["tables, bitmap"])
    for n in (*range(60), *(61 * 2**i for i in range(12))):
        monkeypatch.setattr(library, "loaded", failing("tables", n))
        options = replace(WAYS["tables, bitmap"], checkpoint=Checkpoint({}, tmp_path / "search", interval=inf))
        seen = engine.explore(yardstick, sizes, yardstick.symmetric, options=options)
        if seen.stopped:
            assert " of memory: " in str(seen.stopped)
            assert "(Cannot allocate memory)" in seen.unsaved
            assert 0 < seen.states <= whole.states
            assert replays(seen)
        else:
            assert results(seen) == results(whole)
        ways.add("stopped" if seen.stopped else seen.memory.split(" ")[0])
        assert list(tmp_path.iterdir()) == []
    assert ways == {"hash", "stopped", "bitmap"}


@pytest.mark.parametrize("way", ["tables, bitmap", "tables, hash set", "evaluated, two threads"])
def test_a_search_without_memory_is_no_crash(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the n-th allocation on: the search does not begin, or it stops, and its counts are right."""
    sizes, ends = yardstick.sizes("tiny", {}), set[bool]()
    whole = engine.explore(yardstick, sizes, yardstick.symmetric, options=WAYS[way])
    for n in (*range(40), *(41 * 2**i for i in range(4))):
        monkeypatch.setattr(library, "loaded", failing("search", n))
        seen = engine.explore(yardstick, sizes, yardstick.symmetric, options=WAYS[way])
        if seen.stopped:
            assert seen.states <= whole.states
        else:
            assert results(seen) == results(whole)
        ends.add(bool(seen.stopped))
    assert ends == {True, False}


LIMITED = """
import resource, sys
from checkers.native import engine
from checkers.native.engine import SearchOptions
from models.yardstick import yardstick
sizes = yardstick.sizes("tiny", {})
engine.prepare(yardstick, sizes, yardstick.symmetric, SearchOptions(threads=1))
resource.setrlimit(resource.RLIMIT_AS, (3 * 10**9, 3 * 10**9))
seen = engine.explore(yardstick, sizes, yardstick.symmetric, options=SearchOptions(threads=int(sys.argv[1])))
print(seen.states, seen.stopped)
"""


@pytest.mark.parametrize(("threads", "states"), [(1, "757 "), (32, "0 ")])
def test_a_limit_on_memory_is_no_crash(threads: int, states: str) -> None:
    """Where the system has no memory for that number of threads, the search does not begin, with that reason."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    typed = [sys.executable, "-c", LIMITED, str(threads)]
    message = subprocess.run(typed, env=env, capture_output=True, text=True, check=False)
    assert (message.returncode, message.stderr) == (0, "")
    assert message.stdout.startswith(states)
    assert threads == 1 or "too little to begin" in message.stdout
