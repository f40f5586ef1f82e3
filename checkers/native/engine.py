"""The search in C behind the interface of the Python one: the same counts, findings and traces, to the last digit."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from checkers.core.guards import Site, says, sites
from checkers.core.symmetry import Symmetry
from checkers.core.traces import Finding, finding, named
from checkers.explore.search import ANY_INVARIANT, UNLIMITED, Budget, Exploration, Progress
from spec.dsl import Machine, Sort, World

from . import library, memory
from .build import CannotCompile
from .checkpoint import Checkpoint
from .generate import Model
from .library import Compiled, Config, NoMemory, Report, Search, State

ENGINE = "explore (c)"
SLICE = 0.1
"""Seconds between two looks at the clock, at memory, and at who interrupts."""
MOST_PAGES = 64
MOST_LOOKS = 1_000_000
"""States that were found and not expanded: up to so many are judged when a search is stopped, for a second."""
MOST_CLAIMS = 126
"""A bit each of 128, beside one for being stuck and one for leaving bounds."""


@dataclass(frozen=True)
class Means:
    """How to search: threads (0: all cores), and for those who compare ways of searching, which to leave out.

    `chunk` is the number of states a thread takes at once, `level` how hard the compiler tries.
    """

    threads: int = 0
    tables: bool = True
    bitmap: bool = True
    checkpoint: Checkpoint | None = None
    chunk: int = 16384
    level: str = ""


PLAIN = Means()


def cores() -> int:
    """The processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def why_not(model: Model) -> str:
    """Why a model cannot be searched in C; empty if it can."""
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
    progress: Progress = lambda seen: None,
    until: str = "",
    means: Means = PLAIN,
) -> Exploration:
    """Search a scope as `checkers.explore.explore` does; raises CannotCompile where C is out of reach."""
    return Native(machine, sizes, symmetric, budget, until, means).run(progress)


def prepare(machine: Machine, sizes: dict[str, int], symmetric: tuple[type[Sort], ...], means: Means = PLAIN) -> None:
    """Compile what a search will need, so that it need not wait; what is wrong is said by the search itself."""
    with suppress(CannotCompile):
        library.searcher(Native(machine, sizes, symmetric, UNLIMITED, "", means).config)


class Native:
    """One search: the compiled model, the search over it, and what has been told so far."""

    def __init__(
        self, machine: Machine, sizes: dict[str, int], symmetric: tuple[type[Sort], ...], budget: Budget,
        until: str, means: Means,
    ) -> None:  # fmt: skip
        self.world = World(machine, sizes)
        self.symmetry = Symmetry(self.world, symmetric)
        self.budget, self.means, self.until = budget, means, until
        self.threads = means.threads or cores()
        self.most_bytes = budget.memory or memory.to_spare()
        self.model = self._model()
        if why := why_not(self.model):
            raise CannotCompile(why)
        self.compiled, self.config = self._configured()
        self.seen = Exploration(self.world, symmetric, fired={a.name: 0 for a in machine.actions}, engine=ENGINE)
        self.seen.most_states = self.config.space

    def _model(self) -> Model:
        return Model(self.world, self.symmetry)

    def _configured(self) -> tuple[Compiled, Config]:
        """The compiled model and the way to search it: with tables, unless there are none for it."""
        level, tune = self.means.level, {"CHUNK": self.means.chunk}
        compiled = Compiled(self.model, not self.means.tables, level)
        if compiled.is_tabled and not compiled.failed:
            was_dense = self.means.checkpoint.was_dense() if self.means.checkpoint else None
            most = self.most_bytes // 4 if was_dense is None else sys.maxsize * was_dense
            config = compiled.config(most if self.means.bitmap else 0)
            if config:
                return compiled, config.tuned(level, tune)
        if compiled.is_tabled:
            compiled = Compiled(self.model, True, level)
        return compiled, compiled.evaluated().tuned(level, tune)

    # -- running -----------------------------------------------------------------------------------------------------

    def run(self, progress: Progress) -> Exploration:
        """Search until there is nothing new, the budget is spent, or somebody interrupts."""
        started, seen, point = time.monotonic(), self.seen, self.means.checkpoint
        try:
            search = Search(self.compiled, self.config, self.threads, self.most_bytes)
        except NoMemory:
            seen.stopped = f"{memory.said(self.most_bytes)} of memory, too little to begin"
            return seen
        before = point.resumed(search, self.config) if point else 0.0
        started -= before
        try:
            self._slices(search, started, progress)
        except KeyboardInterrupt:
            seen.stopped = "interrupted"
        self._read(search, started)
        if point and seen.stopped:
            seen.unsaved = point.save(search, self.config, seen.seconds)
        if seen.stopped and search.report()[0].frontier <= MOST_LOOKS:
            search.look()
            self._read(search, started)
        self._tell(search)
        search.close()
        return seen

    def _slices(self, search: Search, started: float, progress: Progress) -> None:
        """Search slice by slice, and look around between them."""
        seen, budget, point = self.seen, self.budget, self.means.checkpoint
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

    def _stopped(self, why: int, late: bool, search: Search) -> str:
        """Why the search ends here; empty if it goes on."""
        if why == library.STATES:
            return f"{self.budget.states} states"
        if why == library.FOUND:
            return "what was looked for is found"
        if why == library.MEMORY or memory.is_short():
            return self._short_of_memory(search.report()[0])
        return f"{self.budget.seconds:g} s" if late else ""

    def _short_of_memory(self, report: Report) -> str:
        """How much there was, and what has taken it."""
        takes = f"{memory.said(report.set_bytes)} for {report.states:,} states"
        grows = "" if self.config.dense else f", which would grow to {memory.said(2 * report.set_bytes)}"
        others = f"{memory.said(report.bytes - report.set_bytes)} for tables and what is still to expand"
        return f"{memory.said(self.most_bytes)} of memory: {takes}{grows}, and {others}"

    def _until(self) -> int:
        """The claims whose finding is enough, a bit each."""
        wanted = [a for a in self.model.asked if a.is_invariant and self.until in (ANY_INVARIANT, a.claim.name)]
        return sum(1 << a.number for a in wanted)

    def _raise(self, search: Search) -> None:
        """An action left the bounds of a field: running the text itself says where."""
        state = search.failed()
        assert state
        for _ in self.world.successors(search.bytes_of(state)):
            pass
        raise AssertionError("an action left its bounds in C, or its tables, and keeps its bounds in Python")

    def _read(self, search: Search, started: float) -> None:
        report, fired = search.report()
        seen = self.seen
        seen.states, seen.transitions, seen.depth = report.states, report.transitions, report.depth
        seen.orbit_sum = (report.orbits_high << 64) + report.orbits_low
        seen.fired = dict(zip(seen.fired, fired, strict=True))
        seen.seconds = time.monotonic() - started
        seen.memory = self._memory(report)

    def _memory(self, report: Report) -> str:
        """How the states are kept, and what each costs."""
        states = max(report.states, 1)
        if self.config.dense:
            used = 100 * report.states / self.config.space
            share = f"{used:.0f} %" if used >= 1 else f"{used:.2g} %"
            each = 8 * report.set_bytes / states
            return f"bitmap of {self.config.space:,} bits, {share} used: {each:.1f} bits a state"
        return f"hash set, {report.set_bytes / states:.1f} bytes a state"

    # -- telling what was found ------------------------------------------------------------------------------------

    def _tell(self, search: Search) -> None:
        """Guards that made no difference, and a trace for each find."""
        seen = self.seen
        seen.untested = list(self._untested())
        finds = {n: found for n in range(len(self.model.asked) + 1) if (found := search.found(n))}
        for number, way in self._back(search, finds).items():
            trace = named(self.symmetry, [self.symmetry.canonical(search.bytes_of(state)) for state in way])
            if number == len(self.model.asked):
                seen.deadlock = Finding("", (), trace)
            else:
                asked = self.model.asked[number]
                told = finding(self.world, asked.claim, trace, asked.is_invariant)
                (seen.violated if asked.is_invariant else seen.reached)[told.name] = told

    def _untested(self) -> Iterator[tuple[Site, str]]:
        """The guards that never said no, or never said yes."""
        words, numbers = self.compiled.heard_words, self.model.guards.numbers
        for site in sites(self.world.machine):
            n = numbers.get(f"{site.code.co_filename}:{site.line}", -1)
            no, yes = (n >= 0 and self.compiled.heard[at * words + n // 64] >> n % 64 & 1 for at in (0, 1))
            if not (no and yes):
                yield site, says(bool(no), bool(yes))

    def _back(self, search: Search, finds: dict[int, tuple[int, State]]) -> dict[int, list[State]]:
        """The states on a shortest way to each find: a second pass keeps the levels and goes back.

        The first one makes room for it: both together would take more memory than there may be.
        """
        search.forget()
        ways = {n: [state] for n, (_, state) in finds.items()}
        top = max((depth for depth, _ in finds.values()), default=0)
        while top:
            lowest = 0
            while (second := self._levels(lowest, top)) is None:
                lowest = (lowest + top + 1) // 2
            for level in range(top - 1, lowest - 1, -1):
                at = [n for n, (depth, _) in finds.items() if depth > level]
                for n, state in zip(at, second.back(level - lowest, [ways[n][0] for n in at]), strict=True):
                    ways[n].insert(0, state)
            second.close()
            top = lowest
        return ways

    def _levels(self, lowest: int, top: int) -> Search | None:
        """A search that knows the levels from the lowest up to below the top; None if memory does not suffice.

        One that keeps a single level takes what the first pass has taken up to there, and is not held to less.
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
