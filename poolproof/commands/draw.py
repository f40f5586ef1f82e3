# SPDX-License-Identifier: MIT
"""`poolproof draw`: the ownership graph of a model, or its state graph, as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import networkx as nx
import typer

from checkers.core.stopped import Reason
from checkers.draw import ownership, states_picture
from checkers.draw.states import Incomplete, TooLarge, folded, must_be_readable, state_graph
from checkers.draw.style import save
from checkers.explore.search import Budget, SearchProgress
from checkers.judging import Question
from checkers.report.columns import say
from spec.dsl import Machine

from .. import output, output_files, questions
from ..errors import BadRequest, BudgetSpent, unknown
from ..options import Devices, Model, Pages, Pools, Sets, TimeLimit, TinyScope
from ..questions import Request

MOST_STATES = 20_000
"""The default of --max-states."""


def draw(
    model: Model,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="the picture: .svg, .png or .dot")],
    states: Annotated[bool, typer.Option("--states", help="the state graph, folded by places of pages")] = False,
    fold: Annotated[str, typer.Option(metavar="FIELD[,FIELD]", help="fold the states by these fields")] = "",
    scope: TinyScope = "tiny",
    pages: Pages = None,
    pools: Pools = None,
    devices: Devices = None,
    sets: Sets = None,
    max_states: Annotated[int, typer.Option(help="refuse to draw more states; 0: no limit", min=0)] = MOST_STATES,
    time_limit: TimeLimit = 0.0,
) -> None:
    """Draw the ownership graph of a model: its places, and the actions that lead from one to another."""
    output_files.require_picture(out)
    given = {"--fold": fold, "--max-states": max_states != MOST_STATES, "--time-limit": time_limit}
    if not states and (first := next((name for name, value in given.items() if value), "")):
        raise BadRequest(f"{first}: only for the state graph; give --states with it")
    sizes = questions.scope_sizes(pages, pools, devices, sets)
    question = questions.question(model, Request(scope, sizes, budget=Budget(max_states, time_limit)))
    if states:
        draw_states(question, fold, out)
    else:
        ownership.draw(question.machine, question.sizes, out)
    say(output.console, f"{out} written")


def draw_states(question: Question, fold: str, out: Path) -> None:
    """Draw the state graph folded by these fields; raises BadRequest for a graph that is too large to read."""
    names = fields_of(question.machine, fold)
    graph = folded(output.with_progress(question, lambda progress: _explored(question, progress)), names)
    try:
        must_be_readable(graph)
    except TooLarge as error:
        raise BadRequest(f"{question.name}: {error}") from None
    save(out, lambda dpi: states_picture.dot_text(graph, dpi))


def fields_of(machine: Machine, fold: str) -> tuple[str, ...]:
    """The fields to fold by; `place` is the field in the machine's place=, whatever its name."""
    fields = machine.shape.fields
    if not fold:
        ownership.places_of(machine)
    place = machine.place.name if machine.place else "place"
    names = [place if name == "place" else name for name in (fold or "place").split(",")]
    if wrong := [name for name in names if name not in fields]:
        raise unknown("field", wrong[0], fields)
    return tuple(dict.fromkeys(names))


def _explored(question: Question, progress: SearchProgress) -> nx.MultiDiGraph[int]:
    """The whole state graph; a part of one is not drawn."""
    try:
        return state_graph(question.machine, question.sizes, question.symmetric, question.budget, progress)
    except Incomplete as error:
        if error.stopped.reason is Reason.STATES:
            why = f"{question.name}: has {error} or more in this scope; take a smaller one, or give more --max-states"
            raise BadRequest(why) from None
        raise BudgetSpent(
            f"{question.name}: stopped ({error}) before all states were found; nothing is drawn"
        ) from None
