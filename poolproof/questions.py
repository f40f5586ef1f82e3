# SPDX-License-Identifier: MIT
"""From options to questions: a model, the sizes of its scope, which sorts are symmetric, budgets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from checkers.engines import DEFAULT_ENGINE, EngineChoice
from checkers.explore.search import UNLIMITED, Budget
from checkers.judging import Question
from checkers.native.checkpoint import Checkpoint
from checkers.native.engine import SearchOptions
from checkers.prove import wellformed
from spec.dsl import Machine, Sort, SpecError
from spec.dsl.ir import first_sort

from . import catalog
from .errors import BadRequest, unknown
from .interrupts import INTERRUPTS
from .options import Engine, Symmetry

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}

LEAST_MEMORY = 10**7
"""Bytes; the smallest --max-memory that is accepted."""


@dataclass(frozen=True)
class Request:
    """How far to search, as the options have it."""

    scope: str = ""
    sizes: dict[str, int] = field(default_factory=dict)
    symmetry: Symmetry = Symmetry.DECLARED
    budget: Budget = UNLIMITED
    choice: EngineChoice = DEFAULT_ENGINE


def memory_size(text: str) -> int:
    """The bytes of a size such as 4G; 0 for an empty text."""
    number, unit = text.upper().removesuffix("B"), ""
    if number and number[-1] in UNITS:
        number, unit = number[:-1], number[-1]
    if not text:
        return 0
    try:
        size = int(float(number) * UNITS[unit])
    except (ValueError, OverflowError):
        size = 0
    if size < LEAST_MEMORY:
        raise BadRequest(f"--max-memory {text}: not a size of at least 10M; for example --max-memory 4G")
    return size


def engine_choice(engine: Engine | None, jobs: int) -> EngineChoice:
    """The engine (None: C where possible) and the number of threads (0: one a core)."""
    if engine is Engine.PYTHON and jobs > 1:
        raise BadRequest(f"--jobs {jobs}: the Python search has one thread; leave out --engine python")
    return EngineChoice(engine or "", SearchOptions(threads=jobs))


def with_checkpoint(questions: list[Question], checkpoint: Path | None, resume: Path | None) -> list[Question]:
    """The one question, with the files that its search is written to and resumed from."""
    if checkpoint is None and resume is None:
        return questions
    if len(questions) > 1:
        raise BadRequest(f"{checkpoint or resume}: a checkpoint holds one search; name one model")
    question = questions[0]
    if question.choice.engine == Engine.PYTHON:
        raise BadRequest(f"{checkpoint or resume}: the Python search writes no checkpoints; leave out --engine python")
    identity = {
        "model": question.name,
        "digest": question.machine.digest,
        "scope": question.sizes,
        "symmetry": [sort.__name__ for sort in question.symmetric],
    }
    options = replace(question.choice.options, checkpoint=Checkpoint(identity, checkpoint or resume, resume))
    return [replace(question, choice=replace(question.choice, options=options))]


def scope_sizes(
    pages: int | None, pools: int | None, devices: int | None, sets: Sequence[str] | None
) -> dict[str, int]:
    """The sizes given on the command line, by name."""
    named = {"pages": pages, "pools": pools, "devices": devices}
    sizes = {name: size for name, size in named.items() if size is not None}
    for text in sets or ():
        name, _, number = text.partition("=")
        if not number.isdecimal():
            raise BadRequest(f"--set {text}: not of the form NAME=N; for example --set ring_size=2")
        if name in sizes:
            raise BadRequest(f"--set {text}: {name} is already given as {sizes[name]}; give it once")
        sizes[name] = int(number)
    return sizes


def question(name: str, request: Request) -> Question:
    """The question about one model; raises SpecError for a model that is not well-formed."""
    machine = catalog.find(name, request.budget.seconds)
    if problems := _problems(machine):
        raise SpecError(problems[0])
    scope = request.scope or ("small" if "small" in machine.scopes and not machine.breaks else "tiny")
    try:
        sizes = machine.sizes(scope, request.sizes)
    except SpecError as error:
        raise BadRequest(str(error)) from None
    machine.check_runs_in(sizes)
    label = ", ".join([scope, *(f"{name}={size}" for name, size in request.sizes.items())])
    return Question(machine, name, label, sizes, symmetric(machine, request.symmetry), request.budget, request.choice)


def _problems(machine: Machine) -> list[str]:
    """What z3 finds wrong with a machine; an interrupt inside z3 may come out as another error, or not at all."""
    try:
        return wellformed.problems(machine)
    finally:
        INTERRUPTS.look()


def symmetric(machine: Machine, symmetry: Symmetry) -> tuple[type[Sort], ...]:
    """The sorts of a machine that a search takes as symmetric."""
    if symmetry is Symmetry.NONE:
        return ()
    more = machine.symmetric_if_asked if symmetry is Symmetry.ALL else ()
    return tuple(dict.fromkeys((*machine.symmetric, *more)))


def require_page(only: str, worlds: Iterable[tuple[Machine, dict[str, int]]]) -> None:
    """Refuse --only-page for a page that is in none of these scopes."""
    pages: dict[str, None] = {}
    for machine, sizes in worlds:
        sort = first_sort(machine)
        pages |= {repr(sort(n)): None for n in range(machine.shape.size(sort, sizes))}
    if only and only not in pages:
        raise unknown("page", only, pages)
