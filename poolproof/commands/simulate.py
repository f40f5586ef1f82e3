# SPDX-License-Identifier: MIT
"""`poolproof simulate`: random runs of a model, every invariant checked after each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.text import Text

from checkers import judging
from checkers.core.verdict import Outcome, Verdict, exit_code
from checkers.core.wording import counted
from checkers.explore.search import Budget
from checkers.judging import Question
from checkers.report import tables
from checkers.report.columns import Table, say

from .. import output, output_files, print_verdicts, questions
from ..options import Devices, Model, OnlyPage, Pages, Pools, Scope, Sets, TimeLimit, TraceDir
from ..questions import Request

if TYPE_CHECKING:
    from checkers.simulate import SimulationRun


def simulate(
    model: Model,
    steps: Annotated[int, typer.Option(help="steps of all runs together", min=1)] = 20_000,
    seed: Annotated[int, typer.Option(help="the same seed gives the same runs")] = 0,
    examples: Annotated[int, typer.Option(help="number of runs; 0: as the number of steps allows", min=0)] = 0,
    scope: Scope = "",
    pages: Pages = None,
    pools: Pools = None,
    devices: Devices = None,
    sets: Sets = None,
    time_limit: TimeLimit = 0.0,
    only_page: OnlyPage = "",
    trace_dir: TraceDir = None,
) -> None:
    """Run a model at random, and check every invariant after each step."""
    sizes = questions.scope_sizes(pages, pools, devices, sets)
    question = questions.question(model, Request(scope, sizes, budget=Budget(seconds=time_limit)))
    questions.require_page(only_page, [(question.machine, question.sizes)])
    output_files.require_trace_directory(trace_dir, [model])
    run, verdicts = simulated(question, steps, seed, examples)
    verdicts = output_files.save_traces(verdicts, trace_dir)
    report(question, run, verdicts, only_page)
    print_verdicts.traces_saved(output.console, verdicts)
    raise typer.Exit(exit_code(verdicts))


def simulated(question: Question, steps: int, seed: int, examples: int) -> tuple[SimulationRun, list[Verdict]]:
    """The runs and their verdicts; of a broken model, about the invariant it breaks."""
    from checkers.simulate import simulate  # imports hypothesis, which takes a quarter of a second

    breaks = question.machine.breaks
    with output.status(question.name) as update:
        run = simulate(
            question.machine,
            question.sizes,
            steps,
            seed,
            examples,
            lambda seen: update(f"{seen.steps:,} of {counted(steps, 'step')}"),
            question.budget.seconds,
            breaks.invariant if breaks else "",
        )
    return run, judging.judge_simulation(question, run, seed)


def report(question: Question, run: SimulationRun, verdicts: Sequence[Verdict], only: str) -> None:
    """Print how often each action was taken, the verdicts, and their counterexamples."""
    console = output.console
    say(console, f"{question.name}: {counted(run.steps, 'step')} in {counted(run.examples, 'run')}", "bold")
    table = Table()
    table.add_names("action")
    table.add_column("taken", justify="right")
    for name, times in run.counts.items():
        table.add_row(name, f"{times:,}" if times else "[bold red]never[/]")
    console.print(table)
    for verdict in verdicts:
        word = "not violated" if verdict.outcome is Outcome.HOLDS else tables.word(verdict)
        line = f"{tables.sentence(verdict.property)}: {word} [dim]{verdict.label}[/]"
        say(console, Text.from_markup(line + escape(f" {verdict.note}".rstrip())))
        if verdict.trace:
            tables.tell(console, verdict, only)
