# SPDX-License-Identifier: MIT
"""The console that every command prints to, and its progress line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console, ConsoleDimensions
from rich.markup import escape

from checkers.core.wording import counted
from checkers.explore.search import Exploration, SearchProgress
from checkers.judging import Question

T = TypeVar("T")

NARROW, PIPED = 60, 150
"""The least width in columns, and the width where neither COLUMNS nor a terminal gives one."""

MOST_HOURS = 1000
"""An upper bound on the time left is printed up to here; beyond it far fewer states are reachable than are possible."""


class Output(Console):
    """A console as wide as COLUMNS or the terminal. A closed pipe (`| head`) ends the printing, not the command."""

    @property  # type: ignore[misc]  # rich declares a setter; nothing here uses it
    def size(self) -> ConsoleDimensions:
        width, height = super().size
        return ConsoleDimensions(max(NARROW, width), height)

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def columns() -> int | None:
    """None where COLUMNS or a terminal (on any of the three streams) sets the width."""
    is_set = os.environ.get("COLUMNS", "").isdecimal() or any(map(os.isatty, range(3)))
    return None if is_set else PIPED


console = Output(highlight=False, width=columns())
"""Read it as `output.console`: tests put another one in its place."""


@contextmanager
def status(name: str) -> Iterator[Callable[[str], None]]:
    """A progress line on a terminal, nothing in a pipe."""
    if not console.is_terminal:
        yield lambda text: None
        return
    with console.status(escape(f"{name}: starting")) as line:
        yield lambda text: line.update(escape(f"{name}: {text}"))


def with_progress(question: Question, work: Callable[[SearchProgress], T]) -> T:
    """Run a search with a progress line: states, depth, rate, and the time left where it is bounded."""
    with status(question.name) as update:

        def progress(seen: Exploration) -> None:
            rate = seen.transitions / max(seen.seconds, 0.001)
            warning = f"; {seen.unsaved}" if seen.unsaved else ""
            states = counted(seen.states, "state")
            update(f"{states}, depth {seen.depth}, {rate:,.0f} transitions/s{_time_left(seen)}{warning}")

        return work(progress)


def _time_left(seen: Exploration) -> str:
    """How long the search can last at most, where the number of states has a bound."""
    if not seen.most_states or not seen.states:
        return ""
    hours = (seen.most_states - seen.states) * seen.seconds / seen.states / 3600
    if hours > MOST_HOURS:
        return ""
    return f", at most {hours:,.0f} h left" if hours > 2 else f", at most {hours * 3600:,.0f} s left"
