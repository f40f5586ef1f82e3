"""Which search answers: the one in C where it can, the Python one where it must, and which it was is always said."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from checkers.core.traces import Finding
from checkers.native import engine as native
from checkers.native import staged
from checkers.native.build import CannotCompile
from checkers.native.engine import Means
from spec.dsl import Machine, Sort, Witness

from .explore import search as python
from .explore.search import UNLIMITED, Budget, Exploration, Progress

C, PYTHON = "c", "python"
NEAR = 30_000
"""States that Python has searched by the time a compiler is done."""
NAMES = (C, PYTHON)


@dataclass(frozen=True)
class Effort:
    """How to search: the engine by name (empty: C if possible), and the means of the one in C."""

    engine: str = ""
    means: Means = native.PLAIN


USUAL = Effort()

Prepared = tuple[Machine, dict[str, int], tuple[type[Sort], ...]]
"""What is going to be searched: a machine, its scope, the sorts taken as symmetric."""


def explore(
    machine: Machine,
    sizes: dict[str, int],
    symmetric: tuple[type[Sort], ...] = (),
    budget: Budget = UNLIMITED,
    progress: Progress = lambda seen: None,
    until: str = "",
    effort: Effort = USUAL,
) -> Exploration:
    """Search a scope; raises CannotCompile if C was asked for by name and is out of reach."""
    if effort.engine == PYTHON:
        return python.explore(machine, sizes, symmetric, budget, progress, until)
    try:
        return native.explore(machine, sizes, symmetric, budget, progress, until, effort.means)
    except CannotCompile as why:
        if effort.engine == C or effort.means.checkpoint:
            raise
        seen = python.explore(machine, sizes, symmetric, budget, progress, until)
        seen.engine = f"{seen.engine}: {why}"
        return seen


def prepared(questions: Sequence[Prepared], effort: Effort = USUAL) -> AbstractContextManager[list[Future[None]]]:
    """Compile for searches to come, on all cores and beside whatever else goes on; a future for each."""
    return _Preparing(questions if effort.engine != PYTHON and len(questions) > 1 else (), effort)


class _Preparing(AbstractContextManager[list["Future[None]"]]):
    def __init__(self, questions: Sequence[Prepared], effort: Effort) -> None:
        self.questions, self.effort = questions, effort
        self.pool = ThreadPoolExecutor(native.cores())

    def __enter__(self) -> list[Future[None]]:
        return [self.pool.submit(native.prepare, *question, self.effort.means) for question in self.questions]

    def __exit__(self, *error: object) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)


def reach(
    machine: Machine, sizes: dict[str, int], witness: Witness, budget: Budget = UNLIMITED, effort: Effort = USUAL
) -> Finding | str | None:
    """A shortest run in which the stages of a witness come about in order; None if there is none, or why it stopped.

    What is near is found in Python before C has compiled.
    """
    if effort.engine == PYTHON:
        return python.reach(machine, sizes, witness, budget)
    near = replace(budget, states=min(budget.states or NEAR, NEAR))
    found = python.reach(machine, sizes, witness, near)
    if not isinstance(found, str) or near == budget:
        return found
    try:
        return staged.reach(machine, sizes, witness, budget, effort.means)
    except CannotCompile:
        return python.reach(machine, sizes, witness, budget)
