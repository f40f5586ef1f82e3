# SPDX-License-Identifier: MIT
"""`make agree`: every sound model at tiny, counted by every engine that is installed."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from checkers.core.verdict import Exit
from checkers.export import agree
from checkers.export.agree import ENGINES, Engine, Row
from checkers.export.other_tools import Count, ToolError
from poolproof import catalog, errors, output, questions
from poolproof.interrupts import INTERRUPTS
from poolproof.questions import Request

TINY = Request("tiny")


def run(names: Sequence[str], engines: Sequence[Engine] = ENGINES) -> int:
    """Count the models of these names, or all sound ones; returns the exit code of the comparison."""
    every = [questions.question(name, TINY) for name in names or [machine.name for machine in catalog.SOUND]]
    rows = []
    for question in every:
        with output.status(question.machine.name):
            rows.append(agree.compare(question.machine, question.sizes, engines))
    show(output.console, rows, [engine.name for engine in engines])
    return agree.exit_code(rows)


def show(out: Console, rows: Sequence[Row], engines: Sequence[str]) -> None:
    """Print a row for each model and a column for each engine, then the disagreements, or that there are none."""
    table = Table("model", title="States (transitions) at tiny", title_justify="left", title_style="bold")
    for name in engines:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(row.model, *(shown(row.answers[name]) for name in engines))
    out.print(table)
    for line in [line for row in rows for line in (*row.errors, *row.disagreements)]:
        out.print(line, markup=False, soft_wrap=True)
    if agree.exit_code(rows) == Exit.OK:
        out.print(closing(rows), markup=False, soft_wrap=True)


def closing(rows: Sequence[Row]) -> str:
    """Which engines agree, and which are not installed."""
    counted = {name for row in rows for name in row.counts}
    missing = [name for name in rows[0].answers if name not in counted]
    return f"{', '.join(name for name in rows[0].answers if name in counted)} agree." + (
        f" Not installed: {', '.join(missing)}; see docs/exporting.md." if missing else ""
    )


def shown(answer: Count | ToolError | None) -> str:
    """The cell of one engine and model."""
    if answer is None:
        return "not installed"
    if isinstance(answer, ToolError):
        return "error"
    taken = "" if answer.transitions is None else f" ({answer.transitions:,})"
    return f"{answer.states:,}{taken}" + (", broken" if answer.holds is False else "")


def main() -> None:
    """Count and compare; an error is one line, as in the command."""
    INTERRUPTS.listen()
    sys.exit(errors.guarded(lambda: run(sys.argv[1:])))


if __name__ == "__main__":
    main()
