"""Verdicts for people and for other tools: tables, stories, JSON and JUnit, all from the same records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from rich.console import Console
from rich.table import Table

from .explore import Exploration
from .story import ending, story
from .verdict import Outcome, Verdict

GOOD = (Outcome.HOLDS, Outcome.REACHED)
WORDS = {
    Outcome.HOLDS: "[green]holds[/]",
    Outcome.REACHED: "[green]reached[/]",
    Outcome.NOT_RUN: "[dim]not run[/]",
    Outcome.BUDGET: "[yellow]budget spent[/]",
    Outcome.UNKNOWN: "[yellow]unknown[/]",
}


def sentence(name: str) -> str:
    """A name of the spec as people read it."""
    return name.replace("_", " ")


def word(verdict: Verdict) -> str:
    """The outcome in its colour, with the length of its trace."""
    said = WORDS.get(verdict.outcome, f"[bold red]{verdict.outcome.value}[/]")
    return (
        f"{said} in {verdict.steps}" if verdict.steps is not None and verdict.outcome not in (Outcome.HOLDS,) else said
    )


def counts_table(runs: Sequence[tuple[str, Exploration, Sequence[Verdict]]]) -> Table:
    """One row a model: how far the search went."""
    table = Table(title="How far that reaches", title_justify="left", title_style="bold")
    table.add_column("model")
    for name in ("states", "standing for", "transitions", "depth", "seconds"):
        table.add_column(name, justify="right")
    table.add_column("of the scope")
    for model, seen, verdicts in runs:
        far = f"[yellow]stopped after {seen.stopped}[/]" if seen.stopped else "every reachable state"
        counts = (f"{seen.states:,}", f"{seen.orbit_sum:,}", f"{seen.transitions:,}", str(seen.depth))
        scope = ", ".join(f"{name} {n}" for name, n in verdicts[0].scope.items())
        table.add_row(model, *counts, f"{seen.seconds:.1f}", f"{far} of {scope}")
    return table


KINDS = {
    "promise": "in every state",
    "step promise": "at every step",
    "deadlock": "",
    "refinement": "",
    "witness": "it can be that",
    "action": "never happens",
}
"""The kinds of questions in the order of the table, and what is said before their names."""


def promises_table(runs: Sequence[tuple[str, Exploration, Sequence[Verdict]]]) -> Table:
    """One row a promise or witness, one column a model; an action only if it never fired."""
    table = Table(title="What holds", title_justify="left", title_style="bold")
    table.add_column("")
    table.add_column("promise")
    rows: dict[tuple[str, str], dict[str, Verdict]] = {}
    for model, _, verdicts in runs:
        table.add_column(model)
        for v in verdicts:
            if v.kind != "action" or v.outcome not in GOOD:
                rows.setdefault((v.kind, v.property), {})[model] = v
    for kind, said in KINDS.items():
        mine = [(name, found) for (of, name), found in rows.items() if of == kind]
        for n, (name, found) in enumerate(mine):
            words = (word(found[m]) if m in found else "" for m, _, _ in runs)
            table.add_row("" if n else said, sentence(name), *words, end_section=n == len(mine) - 1)
    return table


def broken_table(verdicts: Sequence[tuple[str, Verdict]]) -> Table:
    """One row a broken model: what it stands for, what it breaks, and whether it was found out as declared."""
    table = Table(title="Broken on purpose", title_justify="left", title_style="bold")
    for name in ("model", "what is wrong", "breaks the promise", ""):
        table.add_column(name)
    for what, v in verdicts:
        note = f"[green]{v.note}[/]" if v.expected else f"[bold red]{v.note}[/]"
        found = f"in {v.steps} steps, " if v.steps is not None and v.expected else ""
        table.add_row(v.model, what, sentence(v.property), found + note)
    return table


def tell(console: Console, verdict: Verdict, only: str = "") -> None:
    """Print the story of a verdict that has a trace."""
    assert verdict.trace
    assert verdict.world
    title = f"{verdict.model}: {sentence(verdict.property)}, in {verdict.steps} steps"
    console.print(f"\n[bold]{title}[/]")
    last = {
        Outcome.DEADLOCK: "Here nothing can happen any more, and this is no state in which a run may end.",
        Outcome.REACHED: f"So it can be that {sentence(verdict.property)}.",
    }.get(verdict.outcome, ending(sentence(verdict.property), verdict.args))
    for line in story(verdict.world, verdict.trace, last, only):
        console.print(line, markup=False, highlight=False)


def write_json(path: Path, verdicts: Sequence[Verdict]) -> None:
    """All verdicts as one JSON document."""
    path.write_text(json.dumps({"verdicts": [v.as_json() for v in verdicts]}, indent=1) + "\n")


def write_junit(path: Path, verdicts: Sequence[Verdict]) -> None:
    """All verdicts as JUnit XML: one suite a model, one case a question."""
    root = ElementTree.Element("testsuites", name="poolproof")
    for model in dict.fromkeys(v.model for v in verdicts):
        mine = [v for v in verdicts if v.model == model]
        suite = ElementTree.SubElement(root, "testsuite", name=model, tests=str(len(mine)))
        suite.set("failures", str(sum(not v.expected for v in mine)))
        for v in mine:
            case = ElementTree.SubElement(suite, "testcase", classname=model, name=v.property, time=f"{v.seconds:.3f}")
            if not v.expected:
                ElementTree.SubElement(case, "failure", message=f"{v.outcome.value}; {v.label}; {v.note}")
            elif v.outcome is Outcome.NOT_RUN:
                ElementTree.SubElement(case, "skipped", message=v.note)
    ElementTree.indent(root)
    path.write_text(ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n")
