# SPDX-License-Identifier: MIT
"""Verdicts as text: tables and counterexamples, from the same records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.markup import escape

from checkers.core.verdict import Kind, Outcome, Verdict
from checkers.core.wording import in_steps
from checkers.core.wording import sentence as sentence
from checkers.explore.search import Exploration
from checkers.report.counterexample import NO_END, NO_STEP, STUCK, counterexample, ending

from .columns import Table, say

WORDS = {
    Outcome.HOLDS: "[green]holds[/]",
    Outcome.REACHED: "[green]reached[/]",
    Outcome.NOT_RUN: "[dim]not run[/]",
    Outcome.NOT_VIOLATED: "[green]not violated[/]",
    Outcome.NOT_OBSERVABLE: "[dim]not observable[/]",
    Outcome.BUDGET: "[yellow]budget spent[/]",
    Outcome.UNKNOWN: "[yellow]unknown[/]",
    Outcome.NOT_INDUCTIVE: "[yellow]not inductive[/]",
}


def word(verdict: Verdict) -> str:
    """The outcome in its colour, with the length of its trace."""
    text = WORDS.get(verdict.outcome, f"[bold red]{verdict.outcome.value}[/]")
    return text if verdict.steps is None else f"{text} in {verdict.steps}"


Answers = tuple[str, Exploration, Sequence[Verdict]]
"""The name of a model, its search, and its verdicts."""


def counts_table(runs: Sequence[Answers], verbose: bool = False) -> Table:
    """One row for each model with the counts of its search; `verbose` adds the storage of states."""
    table = Table("How far that reaches")
    table.add_names("model")
    for name in ("states", "unreduced", "transitions", "depth", "seconds"):
        table.add_column(name, justify="right")
    table.add_column("engine")
    if verbose:
        table.add_column("kept in")
    for model, seen, _ in runs:
        unreduced = f"{seen.orbit_sum:,}" if seen.orbit_sum else "not counted"
        counts = (f"{seen.states:,}", unreduced, f"{seen.transitions:,}", str(seen.depth))
        memory = (seen.memory,) if verbose else ()
        table.add_row(escape(model), *counts, f"{seen.seconds:.1f}", seen.engine, *memory)
    return table


def scopes(runs: Sequence[Answers]) -> Iterator[str]:
    """The scope of each model, and the witnesses that need a larger one; one line each."""
    for model, seen, verdicts in runs:
        every = f"{verdicts[0].label}, every reachable state of"
        far = f"stopped ({seen.stopped}) in the scope of" if seen.stopped else every
        yield f"{model}: {far} {', '.join(f'{name} {n}' for name, n in verdicts[0].scope.items())}"
        for v in verdicts:
            if v.outcome is Outcome.NOT_RUN:
                yield f"  not run there: {sentence(v.property)}, which {v.note}"


KINDS = {
    Kind.INVARIANT: "in every state",
    Kind.STEP_INVARIANT: "at every step",
    Kind.DEADLOCK: "",
    Kind.END: "",
    Kind.REFINEMENT: "",
    Kind.WITNESS: "it can be that",
    Kind.ACTION: "never happens",
}
"""The kinds in the order of the table, and the words before their names."""


def invariants_table(
    runs: Sequence[tuple[str, object, Sequence[Verdict]]],
    title: str = "What holds",
    said_of: Callable[[Verdict], str] = word,
) -> Table:
    """One row for each claim, one column for each model; an action has a row only if it never fired."""
    table = Table(title, key=1)
    table.add_column("")
    table.add_column("invariant")
    rows: dict[tuple[Kind, str], dict[str, Verdict]] = {}
    for model, _, verdicts in runs:
        table.add_names(escape(model))
        for v in verdicts:
            if v.kind is not Kind.ACTION or v.outcome is Outcome.UNREACHABLE:
                rows.setdefault((v.kind, v.property), {})[model] = v
    for kind, said in KINDS.items():
        mine = [(name, found) for (of, name), found in rows.items() if of == kind]
        for n, (name, found) in enumerate(mine):
            words = (said_of(found[m]) if m in found else "" for m, _, _ in runs)
            table.add_row("" if n else said, sentence(name), *words, end_section=n == len(mine) - 1)
    return table


def broken_table(verdicts: Sequence[tuple[str, Verdict]]) -> Table:
    """One row for each broken model: its fault, the invariant it violates, and whether as declared."""
    table = Table("Broken on purpose")
    table.add_names("model")
    for name in ("what is wrong", "breaks the invariant", ""):
        table.add_column(name)
    for what, v in verdicts:
        found = f"{in_steps(v.steps)}, {v.note}" if v.steps is not None and v.expected else v.note
        found = f"[green]{found}[/]" if v.expected else f"[bold red]{found}[/]"
        table.add_row(escape(v.model), escape(what), sentence(v.property), found)
    return table


def tell(console: Console, verdict: Verdict, only: str = "") -> None:
    """Print the counterexample of a verdict that has a trace; `only` names the one page whose steps are printed."""
    console.print()
    for n, line in enumerate(counterexample_lines(verdict, only)):
        say(console, line, "" if n else "bold")


def counterexample_lines(verdict: Verdict, only: str = "") -> list[str]:
    """The counterexample of a verdict as text, its title first; empty for a verdict without a trace."""
    if not verdict.trace or not verdict.world:
        return []
    title = f"{verdict.model}: {sentence(verdict.property)}, {in_steps(len(verdict.trace.steps))}"
    return [title, *counterexample(verdict.world, verdict.trace, _ending(verdict), only)]


def _ending(verdict: Verdict) -> str:
    if verdict.outcome is Outcome.DEADLOCK:
        return STUCK
    if verdict.outcome is Outcome.NO_END:
        return NO_END
    if verdict.kind is Kind.REFINEMENT:
        return f"{NO_STEP} (`poolproof refine {verdict.model}` says of each rule why not.)"
    return ending(sentence(verdict.property), verdict.args)
