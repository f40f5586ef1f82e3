"""Pictures that are asked for: refused before the work where they cannot be, and where nobody could read them."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
from rich.console import Console

from checkers import itf
from checkers.core.wording import in_steps, sentence
from checkers.draw import lanes_picture, ownership, states_picture
from checkers.draw.lanes import TooLong, lanes
from checkers.draw.states import Stopped, TooLarge, folded, must_be_readable, state_graph
from checkers.draw.style import ENDINGS, save
from checkers.explore.search import Progress
from checkers.judging import Question
from spec.dsl import Machine

from . import showing, writing
from .asking import BadRequest, BudgetSpent, with_progress

MOST_STATES = 20_000
"""What a state graph is explored up to, unless another limit is given."""


def must_be_a_picture(out: Path) -> None:
    """Refuse a file that could not be written, or whose name does not say which kind of picture it is."""
    if out.suffix.lower() not in ENDINGS:
        raise BadRequest(f"{out}: a picture ends in {', '.join(ENDINGS)}; give such a name")
    writing.must_be_writable(out)


def must_be_a_picture_of_a_run(out: Path | None, as_test: bool) -> None:
    """Refuse the same, and a picture where what is printed is to be a test and nothing else."""
    if out is None:
        return
    must_be_a_picture(out)
    if as_test:
        raise BadRequest(f"--draw {out}: --as-test prints a test only; ask for one of them")


def places(asked: Question, out: Path) -> None:
    """Draw the ownership graph."""
    ownership.draw(asked.machine, asked.sizes, out)


def states(asked: Question, fold: str, out: Path, console: Console) -> None:
    """Draw the state graph, folded by these fields; too large a one is refused, and nothing is written."""
    names = fields_asked(asked.machine, fold)
    graph = folded(with_progress(console, asked, lambda progress: _explored(asked, progress)), names)
    try:
        must_be_readable(graph)
    except TooLarge as error:
        raise BadRequest(f"{asked.name}: {error}") from None
    save(out, lambda dpi: states_picture.dot_text(graph, dpi))


def must_be_of_states(states: bool, fold: str, max_states: int, seconds: float) -> None:
    """Refuse options that only the state graph has a use for."""
    given = {"--fold": fold, "--max-states": max_states != MOST_STATES, "--time": seconds}
    if not states and any(given.values()):
        name = next(name for name, value in given.items() if value)
        raise BadRequest(f"{name}: is of the state graph; give --states with it")


def fields_asked(machine: Machine, fold: str) -> tuple[str, ...]:
    """The fields to fold by; `place` is the one that says where a page is, whatever the model calls it."""
    fields = machine.shape.fields
    if not fold:
        ownership.places_of(machine)
    place = machine.place.name if machine.place else "place"
    names = [place if name == "place" else name for name in (fold or "place").split(",")]
    if unknown := [name for name in names if name not in fields]:
        told = f"{unknown[0]!r} is no field of {machine.name}; it has {', '.join(fields)}"
        raise BadRequest(f"--fold {fold}: {told}")
    return tuple(dict.fromkeys(names))


def _explored(asked: Question, progress: Progress) -> nx.MultiDiGraph[int]:
    """The state graph; of a part of it no picture is made."""
    try:
        return state_graph(asked.machine, asked.sizes, asked.symmetric, asked.budget, progress)
    except Stopped as error:
        if str(error).endswith("states"):
            told = f"{asked.name}: has {error} or more in this scope; ask a smaller one, or give more --max-states"
            raise BadRequest(told) from None
        raise BudgetSpent(f"{asked.name}: stopped ({error}) before every state was seen; nothing is drawn") from None


def run(name: str, saved: itf.Saved, rerun: itf.Rerun, only: str, out: Path) -> None:
    """Draw a saved run as swim lanes; too long a one is refused, and nothing is written."""
    args = itf.shows(rerun, saved)
    whom = None if saved.kind == "witness" else args
    titles = name, f"{sentence(saved.property)}, {in_steps(len(saved.steps))}"
    try:
        told = lanes(rerun.world, rerun.trace, titles, showing.last_sentence(saved, rerun), whom, only)
    except TooLong as error:
        way_out = f"tell one page only (--only-page {only or 'A'}), or draw a shorter trace"
        raise BadRequest(f"{out}: {error}; {way_out}") from None
    save(out, lambda dpi: lanes_picture.dot_text(told, dpi))
