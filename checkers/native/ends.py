# SPDX-License-Identifier: MIT
"""Whether the end can be reached from every state, in C: a search that keeps its levels, and the reverse closure."""

from __future__ import annotations

import time
from dataclasses import replace

from checkers.core.ends import MOST_COMPARED, Ends, shared_places
from checkers.core.stopped import Reason, Stopped, after_seconds
from checkers.core.traces import named
from checkers.explore.search import Budget, SearchProgress
from spec.dsl import Machine, Sort

from . import library, memory
from .build import CannotCompile
from .engine import SLICE, Native, SearchOptions
from .library import EndMarks, NoMemory, Search


class _Stop(Exception):
    def __init__(self, stopped: Stopped) -> None:
        self.stopped = stopped


def ends(
    machine: Machine,
    sizes: dict[str, int],
    symmetric: tuple[type[Sort], ...],
    budget: Budget,
    progress: SearchProgress,
    options: SearchOptions,
) -> Ends:
    """The states of a scope from which no run leads to an end; raises CannotCompile if C is not available."""
    return _Question(Native(machine, sizes, symmetric, budget, "", replace(options, checkpoint=None)), progress).ends()


class _Question:
    """A search that keeps all its levels, and the marks on its states."""

    def __init__(self, native: Native, progress: SearchProgress) -> None:
        self.native, self.progress, self.started = native, progress, time.monotonic()

    def ends(self) -> Ends:
        try:
            search = Search(self.native.compiled, self.native.config, self.native.threads, self.native.most_bytes, 0)
            self._run(search)
            marks = EndMarks(search)
            while not marks.run(SLICE):
                self._is_in_time()
        except NoMemory:
            return Ends(stopped=self._no_memory())
        except _Stop as stop:
            return Ends(stopped=stop.stopped)
        found = self._found(search, marks)
        search.close()
        return found

    def _run(self, search: Search) -> None:
        while (why := search.run(SLICE)) != library.FINISHED:
            if why == library.MEMORY or memory.is_short():
                raise NoMemory
            if why == library.FAILED:
                raise CannotCompile("an action leaves the bounds of a field: the Python search names it")
            self._is_in_time()
            self.progress(self.native.seen)

    def _is_in_time(self) -> None:
        """Raise _Stop when the time is up."""
        seconds = self.native.budget.seconds
        if seconds and time.monotonic() - self.started > seconds:
            raise _Stop(after_seconds(seconds))

    def _no_memory(self) -> Stopped:
        most = memory.human(self.native.most_bytes)
        return Stopped(Reason.MEMORY, f"{most} of memory, too little to keep all states for a second pass")

    def _found(self, search: Search, marks: EndMarks) -> Ends:
        native, world = self.native, self.native.world
        count, depth, states = marks.stuck(MOST_COMPARED)
        marks.close()
        if not count:
            return Ends()
        places = shared_places(world, map(search.bytes_of, states))
        path = native.back(search, {0: (depth, states[0])})[0]
        trace = named(native.symmetry, [native.symmetry.canonical(search.bytes_of(state)) for state in path])
        return Ends(count, trace, places)
