# SPDX-License-Identifier: MIT
"""Verdicts on the screen: a summary, tables, counterexamples, and what is not as expected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from checkers.core.verdict import Outcome, Verdict
from checkers.explore.search import Exploration
from checkers.judging import Question
from checkers.report import tables
from checkers.report.columns import say

EXAMPLE = "b03_mapping_outlives_the_driver"
"""The broken model whose counterexample is printed when all models are checked and nothing is wrong."""

Run = tuple[Question, Exploration, list[Verdict]]
"""A question, how far the search went, and the verdicts."""


def results(
    console: Console, runs: Sequence[Run], verdicts: Sequence[Verdict], only: str, everything: bool, verbose: bool
) -> None:
    """The report of a check: the summary, what holds, how far, and counterexamples.

    `only` names the one page whose steps are printed; with `everything` one expected counterexample stands for all.
    """
    sound = [(q.name, seen, vs) for q, seen, vs in runs if not q.machine.breaks]
    broken = [(q.machine.doc, v) for q, _, vs in runs if q.machine.breaks for v in vs]
    console.print(summary(verdicts), end="\n\n")
    if sound:
        console.print(tables.invariants_table(sound))
        console.print(tables.counts_table(sound, verbose))
        for line in tables.scopes(sound):
            say(console, line, "dim")
    for unsaved in (seen.unsaved for _, seen, _ in runs if seen.unsaved):
        say(console, f"warning: {unsaved}", "yellow")
    if broken:
        console.print(tables.broken_table(broken))
    for verdict in _counterexamples(verdicts, everything):
        tables.tell(console, verdict, only)
    if not everything:
        for name, seen, _ in sound:
            _fired(console, name, seen)
            _untested(console, name, seen)
    elif all(v.expected for v in verdicts):
        console.print("\nAnother counterexample: poolproof check MODEL, with a model of the last table.")
    traces_saved(console, verdicts)
    closing(console, verdicts)


def _counterexamples(verdicts: Sequence[Verdict], everything: bool) -> list[Verdict]:
    """The verdicts whose counterexamples are printed: all; with `everything` the unexpected ones, or one example."""
    found = [v for v in verdicts if v.trace and v.outcome in (Outcome.VIOLATED, Outcome.DEADLOCK, Outcome.NO_END)]
    if not everything:
        return found
    return [v for v in found if not v.expected] or [v for v in found if v.model == EXAMPLE]


def _fired(console: Console, name: str, seen: Exploration) -> None:
    """How often each action was taken; what a rare one may break is hardly checked."""
    counts = ", ".join(f"{action}\u00a0{times:,}" for action, times in seen.fired.items())
    console.print()
    say(console, f"Steps of {name} by action: {counts}")


def _untested(console: Console, name: str, seen: Exploration) -> None:
    """The guards that made no difference in this scope."""
    if seen.untested and not seen.stopped:
        console.print()
        say(console, f"Guards of {name} that this scope does not test:", "dim")
        for guard in seen.untested:
            say(console, f"  {guard.coverage.value}: {guard.site.function}: {guard.site.text}", "dim")


def summary(verdicts: Sequence[Verdict]) -> Text:
    """One line: how many verdicts are as expected, how many not, how many open."""
    left = [v for v in verdicts if v.outcome is Outcome.BUDGET]
    wrong = [v for v in verdicts if not v.expected and v not in left]
    line = Text()
    if not wrong and not left:
        every = f"All {len(verdicts)} checks are" if len(verdicts) > 1 else "The check is"
        line.append(f"{every} as expected.", "bold green")
    if wrong:
        line.append(f"{_some(wrong, verdicts)} not as expected.", "bold red")
    if left:
        line.append(" " * bool(line)).append(f"{_some(left, verdicts)} undecided.", "bold yellow")
    return line


def _some(some: Sequence[Verdict], every: Sequence[Verdict]) -> str:
    verb = "is" if len(some) == 1 else "are"
    return f"{len(some)} of {len(every)} checks {verb}" if len(every) > 1 else "The check is"


def closing(console: Console, verdicts: Sequence[Verdict]) -> None:
    """What is not as expected, what is undecided and why, then the summary."""
    left = [v for v in verdicts if v.outcome is Outcome.BUDGET]
    console.print()
    for v in (v for v in verdicts if not v.expected and v not in left):
        what = ", ".join(filter(None, (v.outcome.value, v.note)))
        say(console, f"{v.model}: {tables.sentence(v.property)}: {what}")
    for (name, note), count in Counter((v.model, v.note) for v in left).items():
        say(console, f"{name}: {count} undecided, {note}")
    console.print(summary(verdicts))


def traces_saved(console: Console, verdicts: Sequence[Verdict]) -> None:
    """Where the traces were saved, and the command that runs them."""
    saved = [v.saved for v in verdicts if v.saved]
    if saved:
        what = f"{saved[0]} saved" if len(saved) == 1 else f"{len(saved)} traces saved in {saved[0].parent}"
        console.print()
        say(console, f"{what}; `poolproof replay FILE` runs one again.")
