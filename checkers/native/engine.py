# SPDX-License-Identifier: MIT
"""The search in C with the interface of the Python one: counts, findings and traces are identical."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from checkers.core.guards import Untested, sites, uncovered
from checkers.core.stopped import FOUND, INTERRUPTED, Reason, Stopped, after_seconds, after_states
from checkers.core.symmetry import Symmetry
from checkers.core.traces import Finding, finding, named
from checkers.core.wording import counted
from checkers.explore.search import ANY_INVARIANT, UNLIMITED, Budget, Exploration, SearchProgress
from spec.dsl import Machine, Sort, World

from . import library, memory
from .build import CannotCompile
from .checkpoint import Checkpoint
from .generate import Model
from .library import Compiled, Config, NoMemory, Report, Search, State

ENGINE = "explore (c)"
SLICE = 0.1
"""Seconds between two checks of the clock, of memory and of interrupts."""
MOST_PAGES = 64
MOST_LOOKS = 1_000_000
"""Unexpanded states on which invariants are still checked when a search is stopped; it takes about a second."""
MOST_CLAIMS = 126
"""Bits of a 128-bit mask, less one for a deadlock and one for leaving bounds."""


@dataclass(frozen=True)
class SearchOptions:
    """Options of the search in C: `threads` (0: all cores), and which data structures may be used.

    `chunk` is the number of states a thread takes at once, `level` the optimisation level of the compiler.
    """

    threads: int = 0
    tables: bool = True
    bitmap: bool = True
    checkpoint: Checkpoint | None = None
    chunk: int = 16384
    level: str = ""


DEFAULT_OPTIONS = SearchOptions()


def cores() -> int:
    """The number of processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def unsupported(model: Model) -> str:
    """The limit of the C search that a model exceeds; empty if there is none."""
    if not model.layout.is_packable:
        return f"a page's record has {model.layout.record_bits} bits, more than a word"
    if model.layout.pages > MOST_PAGES:
        return f"{model.layout.pages} pages, more than {MOST_PAGES}"
    if len(model.asked) > MOST_CLAIMS:
        return f"{len(model.asked)} invariants and witnesses, more than {MOST_CLAIMS}"
    return ""


def explore(
    machine: Machine,
    sizes: dict[str, int],
    symmetric: tuple[type[Sort], ...] = (),
    budget: Budget = UNLIMITED,
    progress: SearchProgress = lambda seen: None,
    until: str = "",
    options: SearchOptions = DEFAULT_OPTIONS,
) -> Exploration:
    """Search a scope as `checkers.explore.search.explore` does; raises CannotCompile if C is not available."""
    return Native(machine, sizes, symmetric, budget, until, options).run(progress)


def prepare(
    machine: Machine, sizes: dict[str, int], symmetric: tuple[type[Sort], ...], options: SearchOptions = DEFAULT_OPTIONS
) -> None:
    """Compile in advance what a search will need; errors are left to the search itself."""
    with suppress(CannotCompile):
        library.searcher(Native(machine, sizes, symmetric, UNLIMITED, "", options).config)


class Native:
    """One search: the compiled model, the search over it, and the results so far."""

    def __init__(
        self, machine: Machine, sizes: dict[str, int], symmetric: tuple[type[Sort], ...], budget: Budget,
        until: str, options: SearchOptions,
    ) -> None:  # fmt: skip
        self.world = World(machine, sizes)
        self.symmetry = Symmetry(self.world, symmetric)
        self.budget, self.options, self.until = budget, options, until
        self.threads = options.threads or cores()
        self.most_bytes = budget.memory or memory.to_spare()
        self.model = self._model()
        if why := unsupported(self.model):
            raise CannotCompile(why)
        self.compiled, self.config = self._configured()
        self.seen = Exploration(self.world, symmetric, fired={a.name: 0 for a in machine.actions}, engine=ENGINE)
        self.seen.most_states = self.config.space

    def _model(self) -> Model:
        return Model(self.world, self.symmetry)

    def _configured(self) -> tuple[Compiled, Config]:
        """The compiled model and the configuration of its search: with tables, unless it can have none."""
        level, tune = self.options.level, {"CHUNK": self.options.chunk}
        compiled = Compiled(self.model, not self.options.tables, level)
        if compiled.is_tabled and not compiled.failed:
            was_dense = self.options.checkpoint.was_dense() if self.options.checkpoint else None
            most = self.most_bytes // 4 if was_dense is None else sys.maxsize * was_dense
            config = compiled.config(most if self.options.bitmap else 0)
            if config:
                return compiled, config.tuned(level, tune)
        if compiled.is_tabled:
            compiled = Compiled(self.model, True, level)
        return compiled, compiled.evaluated().tuned(level, tune)

    # -- running -----------------------------------------------------------------------------------------------------

    def run(self, progress: SearchProgress) -> Exploration:
        """Search until every state is expanded, the budget is spent, or an interrupt comes."""
        started, seen, point = time.monotonic(), self.seen, self.options.checkpoint
        try:
            search = Search(self.compiled, self.config, self.threads, self.most_bytes)
        except NoMemory:
            seen.stopped = Stopped(Reason.MEMORY, f"{memory.human(self.most_bytes)} of memory, too little to begin")
            return seen
        before = point.resumed(search, self.config) if point else 0.0
        started -= before
        try:
            self._slices(search, started, progress)
        except KeyboardInterrupt:
            seen.stopped = INTERRUPTED
        self._read(search, started)
        if point and seen.stopped:
            seen.unsaved = point.save(search, self.config, seen.seconds)
        if seen.stopped and search.report()[0].frontier <= MOST_LOOKS:
            search.look()
            self._read(search, started)
        self._collect(search)
        search.close()
        return seen

    def _slices(self, search: Search, started: float, progress: SearchProgress) -> None:
        """Search in slices of time, with checks of the budget between them."""
        seen, budget, point = self.seen, self.budget, self.options.checkpoint
        while True:
            left = budget.seconds - (time.monotonic() - started) if budget.seconds else SLICE
            why = search.run(max(0.001, min(SLICE, left)), budget.states, until=self._until())
            self._read(search, started)
            if why == library.FAILED:
                self._raise(search)
            if why == library.FINISHED:
                return
            seen.stopped = self._stopped(why, left <= SLICE and budget.seconds > 0, search)
            if seen.stopped:
                return
            progress(seen)
            if point and point.is_due():
                seen.unsaved = point.save(search, self.config, seen.seconds)

    def _stopped(self, why: int, late: bool, search: Search) -> Stopped | None:
        """Why the search stops here; None if it goes on."""
        if why == library.STATES:
            return after_states(self.budget.states)
        if why == library.FOUND:
            return FOUND
        if why == library.MEMORY or memory.is_short():
            return self._short_of_memory(search.report()[0])
        return after_seconds(self.budget.seconds) if late else None

    def _short_of_memory(self, report: Report) -> Stopped:
        """The limit of memory, and what the memory is used for."""
        takes = f"{memory.human(report.set_bytes)} for {counted(report.states, 'state')}"
        grows = "" if self.config.dense else f", which would grow to {memory.human(2 * report.set_bytes)}"
        others = f"{memory.human(report.bytes - report.set_bytes)} for tables and what is still to expand"
        return Stopped(Reason.MEMORY, f"{memory.human(self.most_bytes)} of memory: {takes}{grows}, and {others}")

    def _until(self) -> int:
        """A mask of the claims that end the search when found."""
        wanted = [a for a in self.model.asked if a.is_invariant and self.until in (ANY_INVARIANT, a.claim.name)]
        return sum(1 << a.number for a in wanted)

    def _raise(self, search: Search) -> None:
        """An action left the bounds of a field: running its Python text raises the error with file and line."""
        state = search.failed()
        assert state
        for _ in self.world.successors(search.bytes_of(state)):
            pass
        raise AssertionError("an action left its bounds in C, or its tables, and keeps its bounds in Python")

    def _read(self, search: Search, started: float) -> None:
        report, fired = search.report()
        seen = self.seen
        seen.states, seen.transitions, seen.depth = report.states, report.transitions, report.depth
        is_exact = self.world.most_states < 1 << 128  # the width of the sum in C
        seen.orbit_sum = (report.orbits_high << 64) + report.orbits_low if is_exact else 0
        seen.fired = dict(zip(seen.fired, fired, strict=True))
        seen.seconds = time.monotonic() - started
        seen.memory = self._memory(report)

    def _memory(self, report: Report) -> str:
        """How the states are stored, and the size of one."""
        states = max(report.states, 1)
        if self.config.dense:
            used = 100 * report.states / self.config.space
            share = f"{used:.0f} %" if used >= 1 else f"{used:.2g} %"
            each = 8 * report.set_bytes / states
            return f"bitmap of {self.config.space:,} bits, {share} used: {each:.1f} bits a state"
        return f"hash set, {report.set_bytes / states:.1f} bytes a state"

    # -- results -----------------------------------------------------------------------------------------------------

    def _collect(self, search: Search) -> None:
        """Collect the untested guards, and a trace for each finding."""
        seen = self.seen
        seen.untested = list(self._untested())
        finds = {n: found for n in range(len(self.model.asked) + 1) if (found := search.found(n))}
        for number, path in self.back(search, finds).items():
            trace = named(self.symmetry, [self.symmetry.canonical(search.bytes_of(state)) for state in path])
            if number == len(self.model.asked):
                seen.deadlock = Finding("", (), trace)
            else:
                asked = self.model.asked[number]
                one = finding(self.world, asked.claim, trace, asked.is_invariant)
                (seen.violated if asked.is_invariant else seen.reached)[one.name] = one

    def _untested(self) -> Iterator[Untested]:
        """The guards that were not both true and false."""
        words, numbers = self.compiled.heard_words, self.model.guards.numbers
        for site in sites(self.world.machine):
            n = numbers.get(f"{site.code.co_filename}:{site.line}", -1)
            met = (n >= 0 and self.compiled.heard[answer * words + n // 64] >> n % 64 & 1 for answer in (0, 1))
            yield from uncovered(site, {bool(answer) for answer, is_met in enumerate(met) if is_met})

    def back(self, search: Search, finds: dict[int, tuple[int, State]]) -> dict[int, list[State]]:
        """The states of a shortest run to each finding: a second pass stores the levels and walks them backwards.

        If memory does not suffice for all levels, half of them are tried, and the second pass is repeated for the
        rest. The first search frees its memory before.
        """
        search.forget()
        paths = {n: [state] for n, (_, state) in finds.items()}
        top = max((depth for depth, _ in finds.values()), default=0)
        while top:
            lowest = 0
            while (second := self._levels(lowest, top)) is None:
                lowest = (lowest + top + 1) // 2
            for level in range(top - 1, lowest - 1, -1):
                at = [n for n, (depth, _) in finds.items() if depth > level]
                for n, state in zip(at, second.back(level - lowest, [paths[n][0] for n in at]), strict=True):
                    paths[n].insert(0, state)
            second.close()
            top = lowest
        return paths

    def _levels(self, lowest: int, top: int) -> Search | None:
        """A search that stores the levels from `lowest` to `top` - 1; None if memory does not suffice.

        With a single level it needs no more than the first pass did, and has no limit of memory.
        """
        is_last = lowest == top - 1
        with suppress(NoMemory):
            most_bytes = 0 if is_last else self.most_bytes
            second = Search(self.compiled, self.config, self.threads, most_bytes, keep_from=lowest)
            why = library.FINISHED
            while top > 1 and (why := second.run(SLICE, depth=top - 1)) == library.SLICE:
                pass
            if why != library.MEMORY:
                return second
            second.close()
        if is_last:
            raise MemoryError("the machine has no memory for the traces; give a smaller scope")
        return None
