# SPDX-License-Identifier: MIT
"""Whether the end can be reached from every state, on the graph that the search in C hands out."""

from __future__ import annotations

import time
from dataclasses import replace

from checkers.core.ends import MOST_COMPARED, Ends, shared_places, without_end
from checkers.core.stopped import Reason, Stopped, after_seconds
from checkers.core.traces import named
from checkers.explore.search import Budget, SearchProgress
from spec.dsl import Machine, Sort

from . import library, memory
from .engine import SLICE, Native, SearchOptions
from .library import Graph, NoMemory, Search

BYTES = 8
"""Of a step as a pair of numbers."""


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
    """A search that keeps all its levels, and the graph of it."""

    def __init__(self, native: Native, progress: SearchProgress) -> None:
        self.native, self.progress, self.started = native, progress, time.monotonic()

    def ends(self) -> Ends:
        try:
            search = Search(self.native.compiled, self.native.config, self.native.threads, self.native.most_bytes, 0)
            self._run(search)
            if search.report()[0].transitions * BYTES > self.native.most_bytes:
                raise NoMemory
            graph = search.graph()
            steps = [part for part in graph.steps() if self._is_in_time()]
        except NoMemory:
            return Ends(stopped=self._no_memory())
        except _Stop as stop:
            return Ends(stopped=stop.stopped)
        stuck = without_end(graph.final(), steps)
        found = self._found(search, graph, stuck) if stuck else Ends()
        search.close()
        return found

    def _run(self, search: Search) -> None:
        while (why := search.run(SLICE)) != library.FINISHED:
            if why == library.MEMORY or memory.is_short():
                raise NoMemory
            self._is_in_time()
            self.progress(self.native.seen)

    def _is_in_time(self) -> bool:
        """True; raises _Stop when the time is up."""
        seconds = self.native.budget.seconds
        if seconds and time.monotonic() - self.started > seconds:
            raise _Stop(after_seconds(seconds))
        return True

    def _no_memory(self) -> Stopped:
        most = memory.human(self.native.most_bytes)
        return Stopped(Reason.MEMORY, f"{most} of memory, too little for all states and the steps between them")

    def _found(self, search: Search, graph: Graph, stuck: list[int]) -> Ends:
        native, world = self.native, self.native.world
        codes = (search.bytes_of(graph.state(n)[1]) for n in stuck[:MOST_COMPARED])
        places, nearest = shared_places(world, codes), graph.state(stuck[0])
        graph.close()
        path = native.back(search, {0: nearest})[0]
        trace = named(native.symmetry, [native.symmetry.canonical(search.bytes_of(state)) for state in path])
        return Ends(len(stuck), trace, places)
