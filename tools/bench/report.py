# SPDX-License-Identifier: MIT
"""The report of `make bench`: tables on the screen and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table

from tools import markdown

from .cases import Searched
from .results import Limit, Results, Row
from .runs import Run

MET = {True: "met", False: "not met", None: "-"}
SPEED = "M transitions a CPU-second"


@dataclass(frozen=True)
class Sheet:
    """A table with its title; the first `words` columns are text, the others numbers."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    words: int = 1

    def table(self) -> Table:
        """The sheet for the screen."""
        table = Table(title=self.title, title_justify="left", title_style="bold")
        for n, column in enumerate(self.columns):
            table.add_column(column, justify="left" if n < self.words else "right")
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> Iterator[str]:
        """The sheet for docs/."""
        yield f"**{self.title}**"
        yield ""
        right = self.columns[self.words :]
        yield from (line.rstrip("\n") for line in markdown.table(self.columns, self.rows, right))


def sheets(results: Results) -> list[Sheet]:
    """All tables that have rows."""
    every = [peers(results), threads(results), limits(results), spin(results), designs(results), far(results)]
    return [sheet for sheet in every if sheet.rows]


def peers(results: Results) -> Sheet:
    """The yardstick, against a search written by hand for it alone."""
    columns = "case|how|states|transitions|depth|ours|the peer|ratio|of a round|target||a state"
    rows = [peer_row(row, results.has_peer) for row in results.rows if row.ours]
    return Sheet(f"The yardstick on one core: {SPEED}, medians", tuple(columns.split("|")), rows, 2)


def peer_row(row: Row, has_peer: bool) -> tuple[str, ...]:
    """One case, searched in one way."""
    run = row.last
    counted = f"{run.states:,}", f"{run.transitions:,}", str(run.depth), f"{row.speed:.1f}"
    rival = (f"{row.rivals:.1f}", *ratio(row)) if row.rival else ("-" if has_peer else "not there", "-", "-")
    return (row.case, run.how, *counted, *rival, *target(row), run.a_state)


def ratio(row: Row) -> tuple[str, str]:
    """How many times faster our search is, and the range over the rounds."""
    low, high = row.spread
    return f"{row.ratio:.2f}", f"{low:.2f} to {high:.2f}"


def target(row: Row) -> tuple[str, str]:
    return (f"{row.target:g}" if row.target else "-"), MET[row.met]


def threads(results: Results) -> Sheet:
    """Two threads against one, by the wall clock."""
    rows = [
        (
            row.case,
            f"{row.rivals:.1f}",
            f"{row.speed:.1f}",
            *ratio(row),
            *target(row),
            f"{row.cores:.2f}",
            f"{row.extra:.2f}",
        )
        for row in results.threads
        if row.ours
    ]
    columns = (
        "case",
        "one thread",
        "two threads",
        "ratio",
        "of a round",
        "target",
        "",
        "cores two had",
        "CPU-seconds, two to one",
    )
    return Sheet("Two threads against one: M transitions a second by the wall clock", columns, rows)


def limits(results: Results) -> Sheet:
    """The measurements with an upper limit."""
    rows = [limit_row(limit) for limit in results.limits if limit.measured]
    return Sheet("Time from cold, proofs, and memory", ("what", "measured", "range", "below", "", ""), rows)


def limit_row(limit: Limit) -> tuple[str, ...]:
    middle, low, high = (f(limit.measured) for f in (median, min, max))
    asked = f"{limit.target:g} {limit.unit}" if limit.target else "-"
    return limit.what, f"{middle:.1f} {limit.unit}", f"{low:.1f} to {high:.1f}", asked, MET[limit.met], limit.note


def spin(results: Results) -> Sheet:
    """spin on our export, beside our search of the same case."""
    columns = ("case", "states", "transitions", "CPU-seconds of spin", "spin", "ours", "ratio")
    rows = [spin_row(*row) for row in results.spin]
    return Sheet(f"spin on the text of `poolproof export`: {SPEED}", columns, rows)


def spin_row(case: str, run: Run | None, own: Run) -> tuple[str, ...]:
    if run is None:
        return (f"{case}: spin is not installed", *["-"] * 6)
    counted = f"{run.states:,}", f"{run.transitions:,}", f"{run.cpu:.1f}", f"{run.rate:.2f}"
    return case, *counted, f"{own.rate:.1f}", f"{own.rate / run.rate:.0f}"


def designs(results: Results) -> Sheet:
    """The rules and the design, on all cores."""
    columns = "model|sizes|states|unreduced states|transitions|depth|seconds|M transitions a second|a state"
    rows = [design_row(asked, run) for asked, run in results.designs]
    return Sheet("Rules and design, on all cores, by the wall clock", tuple(columns.split("|")), rows, 2)


def design_row(asked: Searched, run: Run) -> tuple[str, ...]:
    sizes = ", ".join(f"{name} {n}" for name, n in asked.sizes)
    counted = f"{run.states:,}", f"{run.orbit_sum:,}", f"{run.transitions:,}", str(run.depth)
    ended = f"{run.wall:.1f}" + (", stopped" if run.stopped else "")
    return asked.name, sizes, *counted, ended, f"{run.wall_rate:.1f}", run.a_state


def far(results: Results) -> Sheet:
    """How many pages one core searches in five minutes."""
    rows = [
        (asked.pages, f"{run.states:,}", f"{run.transitions:,}", f"{run.wall:.0f}",
         f"{run.cpu:.0f}", f"stopped: {run.stopped}" if run.stopped else "ended", run.a_state)
        for asked, run in results.far
    ]  # fmt: skip
    columns = ("case", "states", "transitions", "seconds", "CPU-seconds", "", "a state")
    return Sheet("How far one core comes in five minutes", columns, rows)


def closing(results: Results) -> Iterator[str]:
    """The bounds of the machine, and how many targets are met."""
    if results.physical:
        yield f"What this machine allows: {'; '.join(results.physical)}."
    if results.answers:
        yield f"{sum(results.answers)} of {len(results.answers)} targets are met."


def show(out: Console, head: Sequence[str], results: Results) -> None:
    """The report on the screen."""
    for line in head:
        out.print(line, markup=False, soft_wrap=True, style="yellow" if line.startswith("warning") else None)
    for sheet in sheets(results):
        out.print()
        out.print(sheet.table())
    for line in closing(results):
        out.print(line, markup=False, soft_wrap=True)


def document(head: Sequence[str], results: Results) -> str:
    """The report for docs/."""
    lines = ["```", *head, "```"]
    for sheet in sheets(results):
        lines += ["", *sheet.markdown()]
    for line in closing(results):
        lines += ["", line]
    return "\n".join(lines) + "\n"
