# SPDX-License-Identifier: MIT
"""`poolproof check`: search every reachable state of a scope; a verdict on every claim of every model."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from checkers import engines, judging
from checkers.core.verdict import Verdict, exit_code
from checkers.explore.search import Budget
from checkers.judging import Question

from .. import catalog, output, output_files, print_verdicts, questions
from ..interrupts import INTERRUPTS
from ..options import (
    Devices,
    Engine,
    Json,
    Junit,
    MaxStates,
    Models,
    OnlyPage,
    Pages,
    Pools,
    Sarif,
    Scope,
    Sets,
    Symmetry,
    TimeLimit,
    TraceDir,
)
from ..output_files import VerdictFiles
from ..print_verdicts import Run
from ..questions import Request
from .refine import refinement


def check(
    models: Models = None,
    scope: Scope = "",
    pages: Pages = None,
    pools: Pools = None,
    devices: Devices = None,
    sets: Sets = None,
    symmetry: Annotated[
        Symmetry,
        typer.Option(help="declared: the sorts in the model's symmetric=; all: also those in symmetric_if_asked="),
    ] = Symmetry.DECLARED,
    max_states: MaxStates = 0,
    max_memory: Annotated[
        str, typer.Option(metavar="SIZE", help="memory for the search, such as 4G; default: what the machine can spare")
    ] = "",
    time_limit: TimeLimit = 0.0,
    engine: Annotated[Engine | None, typer.Option(help="which search; default: c where possible")] = None,
    jobs: Annotated[int, typer.Option(help="threads of the search in C; 0: one a core", min=0, max=256)] = 0,
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="FILE", help="save the search there, at least every minute")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="FILE", help="resume from a checkpoint, and save further ones there")
    ] = None,
    only_page: OnlyPage = "",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="print how states were stored, too")] = False,
    json: Json = None,
    junit: Junit = None,
    sarif: Sarif = None,
    trace_dir: TraceDir = None,
) -> None:
    """Search every reachable state of a scope; a verdict on every invariant, witness and action of the models."""
    files = VerdictFiles(json, junit, sarif)
    sizes = questions.scope_sizes(pages, pools, devices, sets)
    budget = Budget(max_states, time_limit, questions.memory_size(max_memory))
    request = Request(scope, sizes, symmetry, budget, questions.engine_choice(engine, jobs))
    files.require()
    output_files.require_checkpoint(checkpoint, resume)
    every = [questions.question(name, request) for name in dict.fromkeys(models or catalog.SHIPPED)]
    every = questions.with_checkpoint(every, checkpoint, resume)
    questions.require_page(only_page, [(q.machine, q.sizes) for q in every])
    output_files.require_trace_directory(trace_dir, [q.name for q in every])
    runs = run_all(every)
    verdicts = output_files.save_traces([v for _, _, vs in runs for v in vs], trace_dir)
    files.write(verdicts, [(q.name, q.machine) for q in every])
    print_verdicts.results(output.console, runs, verdicts, only_page, not models, verbose)
    raise typer.Exit(exit_code(verdicts))


def run_all(every: Sequence[Question]) -> list[Run]:
    """One search after the other; after an interrupt the rest is not begun."""
    done: list[Run] = []
    with engines.prepared([(q.machine, q.sizes, q.symmetric) for q in every], every[0].choice) as ready:
        for number, question in enumerate(every):
            over = INTERRUPTS.heard or any(judging.was_interrupted(verdicts) for _, _, verdicts in done)
            done.append(_not_begun(question) if over else _run(question, ready[number] if ready else None))
    return done


def _run(question: Question, ready: Future[None] | None) -> Run:
    """One model in one scope: its own claims, then the refinement."""
    try:
        if ready:
            ready.result()
        seen, verdicts = output.with_progress(question, lambda progress: judging.check(question, progress))
    except KeyboardInterrupt:
        return _not_begun(question)
    if tiny := _refinement_question(question):
        verdicts.append(_refined(tiny, judging.was_interrupted(verdicts)))
    return question, seen, verdicts


def _not_begun(question: Question) -> Run:
    seen, verdicts = judging.not_begun(question)
    if tiny := _refinement_question(question):
        verdicts.append(judging.refinement_not_begun(tiny))
    return question, seen, verdicts


def _refinement_question(question: Question) -> Question | None:
    """Whether a sound model refines its rules, always in the scope tiny; None where it names no rules."""
    if question.machine.refines is None or question.machine.breaks:
        return None
    return replace(question, scope="tiny", sizes=question.machine.sizes("tiny", {}))


def _refined(tiny: Question, interrupted: bool) -> Verdict:
    try:
        return judging.refinement_not_begun(tiny) if interrupted else refinement(tiny)[0]
    except KeyboardInterrupt:
        return judging.refinement_not_begun(tiny)
