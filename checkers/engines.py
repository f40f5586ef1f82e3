"""Which search answers: the one in C where it can, the Python one where it must, and which it was is always said."""

from __future__ import annotations

from dataclasses import dataclass

from spec.dsl import Machine, Sort

from . import explore as python
from .explore import UNLIMITED, Budget, Exploration, Progress
from .native import engine as native
from .native.build import CannotCompile
from .native.engine import Means

C, PYTHON = "c", "python"
NAMES = (C, PYTHON)


@dataclass(frozen=True)
class Effort:
    """How to search: the engine by name (empty: C if possible), and the means of the one in C."""

    engine: str = ""
    means: Means = native.PLAIN


USUAL = Effort()


def explore(
    machine: Machine,
    sizes: dict[str, int],
    alike: tuple[type[Sort], ...] = (),
    budget: Budget = UNLIMITED,
    progress: Progress = lambda seen: None,
    until: str = "",
    effort: Effort = USUAL,
) -> Exploration:
    """Search a scope; raises CannotCompile if C was asked for by name and is out of reach."""
    if effort.engine == PYTHON:
        return python.explore(machine, sizes, alike, budget, progress, until)
    try:
        return native.explore(machine, sizes, alike, budget, progress, until, effort.means)
    except CannotCompile as why:
        if effort.engine == C or effort.means.checkpoint:
            raise
        seen = python.explore(machine, sizes, alike, budget, progress, until)
        seen.engine = f"{seen.engine}: {why}"
        return seen
