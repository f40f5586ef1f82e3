# SPDX-License-Identifier: MIT
"""The choice of the search: in C where possible, else in Python; the result names the engine."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from checkers.core.ends import Ends
from checkers.core.stopped import Reason, Stopped
from checkers.core.traces import Finding
from checkers.native import ends as native_ends
from checkers.native import engine as native
from checkers.native import staged
from checkers.native.build import CannotCompile
from checkers.native.engine import SearchOptions
from checkers.native.refinement import NativeRefinement
from spec.dsl import Machine, Sort, Witness

from .explore import ends as python_ends
from .explore import refine as python_refinement
from .explore import search as python
from .explore.refine import Refinement
from .explore.search import UNLIMITED, Budget, Exploration, SearchProgress

C, PYTHON = "c", "python"
NEAR = 30_000
"""States that the Python search expands in about the time that the C compiler takes."""
NAMES = (C, PYTHON)


@dataclass(frozen=True)
class EngineChoice:
    """The engine by name (empty: C if possible), and the options of the search in C."""

    engine: str = ""
    options: SearchOptions = native.DEFAULT_OPTIONS


DEFAULT_ENGINE = EngineChoice()

Prepared = tuple[Machine, dict[str, int], tuple[type[Sort], ...]]
"""A search to come: a machine, its scope, the sorts taken as symmetric."""


def explore(
    machine: Machine,
    sizes: dict[str, int],
    symmetric: tuple[type[Sort], ...] = (),
    budget: Budget = UNLIMITED,
    progress: SearchProgress = lambda seen: None,
    until: str = "",
    choice: EngineChoice = DEFAULT_ENGINE,
) -> Exploration:
    """Search a scope; raises CannotCompile if C was chosen by name, or a checkpoint was, and C is not available."""
    if choice.engine == PYTHON:
        return python.explore(machine, sizes, symmetric, budget, progress, until)
    try:
        return native.explore(machine, sizes, symmetric, budget, progress, until, choice.options)
    except CannotCompile as why:
        if choice.engine == C or choice.options.checkpoint:
            raise
        seen = python.explore(machine, sizes, symmetric, budget, progress, until)
        seen.engine = f"{seen.engine}: {why}"
        return seen


def refine(
    machine: Machine,
    sizes: dict[str, int],
    budget: Budget = UNLIMITED,
    progress: SearchProgress = lambda seen: None,
    choice: EngineChoice = DEFAULT_ENGINE,
) -> Refinement:
    """Check every step of a design against the machine it refines, in C if possible."""
    if choice.engine == PYTHON:
        return python_refinement.refine(machine, sizes, budget, progress)
    check = python_refinement.RefinementCheck(machine, sizes)
    high, names = check.above.machine, (python_refinement.UNMATCHED, check.matches)
    try:
        search = NativeRefinement(machine, high, sizes, check.symmetric, budget, choice.options, *names)
    except CannotCompile as why:
        if choice.engine == C:
            raise
        result = python_refinement.refine(machine, sizes, budget, progress)
        result.seen.engine = f"{result.seen.engine}: {why}"
        return result
    seen = search.run(progress)
    found = seen.violated.get(python_refinement.UNMATCHED)
    return check.failed(seen, found.trace) if found else Refinement(seen, None, ())


def ends(
    machine: Machine,
    sizes: dict[str, int],
    symmetric: tuple[type[Sort], ...],
    budget: Budget = UNLIMITED,
    progress: SearchProgress = lambda seen: None,
    choice: EngineChoice = DEFAULT_ENGINE,
) -> Ends:
    """The states of a scope from which no run leads to one in which a run may end, in C if possible."""
    if choice.engine != PYTHON:
        try:
            return native_ends.ends(machine, sizes, symmetric, budget, progress, choice.options)
        except CannotCompile:
            if choice.engine == C:
                raise
    return python_ends.ends(machine, sizes, symmetric, budget, progress)


def prepared(
    questions: Sequence[Prepared], choice: EngineChoice = DEFAULT_ENGINE
) -> AbstractContextManager[list[Future[None]]]:
    """Compile for searches to come, on all cores and in the background; a future for each."""
    return _Preparing(questions if choice.engine != PYTHON and len(questions) > 1 else (), choice)


class _Preparing(AbstractContextManager[list["Future[None]"]]):
    def __init__(self, questions: Sequence[Prepared], choice: EngineChoice) -> None:
        self.questions, self.choice = questions, choice
        self.pool = ThreadPoolExecutor(native.cores())

    def __enter__(self) -> list[Future[None]]:
        return [self.pool.submit(native.prepare, *question, self.choice.options) for question in self.questions]

    def __exit__(self, *error: object) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)


def reach(
    machine: Machine,
    sizes: dict[str, int],
    witness: Witness,
    budget: Budget = UNLIMITED,
    choice: EngineChoice = DEFAULT_ENGINE,
) -> Finding | Stopped | None:
    """A shortest run that meets the stages of a witness in order; None if there is none.

    The Python search begins, and answers for most witnesses before the C compiler would be done.
    """
    if choice.engine == PYTHON:
        return python.reach(machine, sizes, witness, budget)
    near = replace(budget, states=min(budget.states or NEAR, NEAR))
    found = python.reach(machine, sizes, witness, near)
    if near == budget or not (isinstance(found, Stopped) and found.reason is Reason.STATES):
        return found
    try:
        return staged.reach(machine, sizes, witness, budget, choice.options)
    except CannotCompile:
        return python.reach(machine, sizes, witness, budget)
