# SPDX-License-Identifier: MIT
"""`poolproof refine`: is each step of a model one step of the rules it refines, or none?"""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.markup import escape
from rich.text import Text

from checkers import judging
from checkers.core.verdict import Outcome, Verdict, exit_code
from checkers.core.wording import counted
from checkers.explore.refine import Candidate
from checkers.explore.search import Budget
from checkers.judging import Question
from checkers.report import tables
from checkers.report.columns import say
from checkers.report.counterexample import counterexample

from .. import output, questions
from ..errors import BadRequest
from ..options import Devices, MaxStates, Model, Pages, Pools, Sets, TimeLimit, TinyScope
from ..questions import Request

LAST = "This step is none of the rules. What they might have done instead:"


def refine(
    model: Model,
    scope: TinyScope = "tiny",
    pages: Pages = None,
    pools: Pools = None,
    devices: Devices = None,
    sets: Sets = None,
    max_states: MaxStates = 0,
    time_limit: TimeLimit = 0.0,
) -> None:
    """Check that each step of a model is one step of the rules it refines, or none."""
    sizes = questions.scope_sizes(pages, pools, devices, sets)
    question = questions.question(model, Request(scope, sizes, budget=Budget(max_states, time_limit)))
    if question.machine.refines is None:
        raise BadRequest(f"{question.name}: names no rules that it refines; give its Machine refines=")
    verdict, candidates = refinement(question)
    report(verdict, candidates)
    raise typer.Exit(exit_code([verdict]))


def refinement(question: Question) -> tuple[Verdict, tuple[Candidate, ...]]:
    """The verdict, and the steps of the rules that come nearest to a step that is none of them."""
    return output.with_progress(question, lambda progress: judging.check_refinement(question, progress))


def report(verdict: Verdict, candidates: Sequence[Candidate]) -> None:
    """Print the verdict; if a step is none of the rules, the run to it, and why each candidate is another step."""
    console = output.console
    title = escape(f"{verdict.model}: {tables.sentence(verdict.property)}: ")
    say(console, Text.from_markup(f"{title}{tables.word(verdict)} [dim]{verdict.label}[/]"))
    if not verdict.trace or not verdict.world:
        if verdict.outcome is Outcome.HOLDS:
            say(console, f"{counted(verdict.states, 'state')}, {counted(verdict.transitions, 'step')}")
        say(console, verdict.note)
        return
    for line in counterexample(verdict.world, verdict.trace, LAST):
        say(console, line)
    for candidate in candidates:
        say(console, f"       {candidate.instance} {candidate.why}")
