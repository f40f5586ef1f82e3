"""What the commands print: results, models in prose, walks, replays."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from checkers import itf, prose, report
from checkers.explore import Exploration
from checkers.judge import Question
from checkers.refine import Candidate
from checkers.story import ending, story
from checkers.table import local_table
from checkers.verdict import Exit, Outcome, Verdict
from checkers.walk import Walk
from spec.dsl import Action

from . import catalog
from .asking import Run

EXAMPLE = "b03_mapping_outlives_the_driver"
"""The broken model whose story is told when all models are asked and nothing is wrong."""


def results(console: Console, runs: Sequence[Run], verdicts: Sequence[Verdict], only: str, everything: bool) -> None:
    """What a person wants to know after a check: what holds, how far, what is broken on purpose, and the stories."""
    sound = [(q.name, seen, vs) for q, seen, vs in runs if not q.machine.breaks]
    broken = [(q.machine.doc, v) for q, _, vs in runs if q.machine.breaks for v in vs]
    if sound:
        console.print(report.promises_table(sound))
        console.print(report.counts_table(sound))
    if broken:
        console.print(report.broken_table(broken))
    for verdict in _worth_telling(verdicts, everything):
        report.tell(console, verdict, only)
    if not everything:
        for name, seen, _ in sound:
            _guards(console, name, seen)
    _closing(console, verdicts, everything)


def _worth_telling(verdicts: Sequence[Verdict], everything: bool) -> list[Verdict]:
    """The stories of what went wrong; of all the expected ones one example, unless they were asked for by name."""
    told = [v for v in verdicts if v.trace and v.outcome in (Outcome.VIOLATED, Outcome.DEADLOCK)]
    if not everything:
        return told
    return [v for v in told if not v.expected] or [v for v in told if v.model == EXAMPLE]


def _guards(console: Console, name: str, seen: Exploration) -> None:
    """The guards that made no difference in this scope: a reader should know why."""
    for site, says in seen.untested:
        where = f"{name}, {site.function}: {site.text}"
        console.print(f"{says} in this scope: {where}", markup=False, style="dim", soft_wrap=True)


def _closing(console: Console, verdicts: Sequence[Verdict], everything: bool) -> None:
    wrong = [v for v in verdicts if not v.expected]
    if wrong:
        console.print(f"\n[bold red]{len(wrong)} of {len(verdicts)} answers are not as they should be.[/]")
        for v in wrong:
            console.print(f"  {v.model}: {report.sentence(v.property)}: {v.outcome.value} {v.note}", soft_wrap=True)
    else:
        console.print(f"\n[bold green]All {len(verdicts)} answers are as they should be.[/]")
    if everything and not wrong:
        console.print("Another story: poolproof check MODEL, with a model of the last table.")


def models(console: Console) -> None:
    """The list of shipped models."""
    sound = Table(title="Sound", title_justify="left", title_style="bold", show_header=False)
    for machine in catalog.SOUND:
        sound.add_row(machine.name, machine.doc, f"scopes: {', '.join(machine.scopes)}")
    broken = Table(title="Broken on purpose", title_justify="left", title_style="bold", show_header=False)
    for bug in catalog.BROKEN:
        broken.add_row(bug.name, bug.stands_for, f"breaks: {report.sentence(bug.breaks)}")
    console.print(sound, broken)


def model(console: Console, asked: Question, with_table: bool) -> None:
    """A model in prose."""
    machine = asked.machine
    console.print(f"[bold]{machine.name}[/]  {machine.doc}  [dim]{machine.digest}[/]\n")
    _fields(console, asked)
    for title, system in (("What the system does", True), ("What its environment does", False)):
        console.print(f"[bold]{title}[/]")
        for action in (a for a in machine.actions if a.system is system):
            _action(console, action)
    _claims(console, asked)
    if with_table:
        _table(console, asked)


def _fields(console: Console, asked: Question) -> None:
    table = Table(title="The state", title_justify="left", title_style="bold")
    for name in ("field", "holds", "starts as", "meaning"):
        table.add_column(name)
    shape = asked.machine.shape
    for f in shape.fields.values():
        start = repr(f.start) if type(f.start) is not object else "any"
        table.add_row(f"{f.name}[{', '.join(k.__name__ for k in f.keys)}]", repr(f.domain), start, f.doc)
    for f in shape.histories.values():
        table.add_row(f"{f.name}[{', '.join(k.__name__ for k in f.keys)}]", "a counter, never read", "0", f.doc)
    for name, number in shape.bounds.items():
        table.add_row(name, f"{number.low}..{number.high}", "by scope", number.doc)
    console.print(table)


def _action(console: Console, action: Action) -> None:
    console.print(f"  [bold]{prose.signature(action)}[/]  {prose.first_line(action.doc)}", soft_wrap=True)
    if cited := prose.source(action):
        console.print(f"    [dim]{cited}[/]", soft_wrap=True)
    for line in prose.action_lines(action):
        console.print(f"    {line}", markup=False, soft_wrap=True)


def _claims(console: Console, asked: Question) -> None:
    machine = asked.machine
    table = Table(title="What is promised", title_justify="left", title_style="bold")
    table.add_column("promise")
    table.add_column("which means")
    for claim in machine.promises:
        table.add_row(claim.sentence(), prose.first_line(claim.doc))
    for witness in machine.witnesses:
        meaning = " Then: ".join(prose.first_line(c.doc) for c in witness.stages)
        table.add_row(f"it can be that: {report.sentence(witness.name)}", meaning)
    console.print(table)
    beside = Table(title="Guards beside promises: the fields both read", title_justify="left", title_style="bold")
    for name in ("field", "guards that read it, and why their party sees it", "promises that speak of it"):
        beside.add_column(name)
    for name, actions, claims in prose.shared_fields(machine):
        why = "\n".join(f"{a.name}: {prose.source(a) or prose.first_line(a.doc)}" for a in actions)
        beside.add_row(name, why, "\n".join(c.sentence() for c in claims), end_section=True)
    console.print(beside)


def _table(console: Console, asked: Question) -> None:
    """The local table: each page record, and which action takes it where."""
    found = local_table(asked.machine, asked.sizes, asked.alike, asked.budget)
    console.print(f"[bold]{len(found.records)} records of one page, {len(found.steps)} steps between them[/]")
    for number, record in enumerate(found.records):
        console.print(f"{number:4}  {record}", markup=False, soft_wrap=True)
        for was, action, now in found.steps:
            if was == number:
                console.print(f"        {action} -> {now}", markup=False)


def refinement(console: Console, verdict: Verdict, candidates: Sequence[Candidate]) -> None:
    """Whether each step fits; if one does not, the step, and why each candidate of the rules is not it."""
    console.print(
        f"{verdict.model}: {report.sentence(verdict.property)}: {report.word(verdict)} [dim]{verdict.label}[/]"
    )
    if not verdict.trace or not verdict.world:
        note = verdict.note or f"{verdict.states:,} states, {verdict.transitions:,} steps"
        console.print(note)
        return
    last = "This step is none of the rules. What they might have done instead:"
    for line in story(verdict.world, verdict.trace, last):
        console.print(line, markup=False, highlight=False)
    for candidate in candidates:
        console.print(f"       {candidate.instance} {candidate.why}", markup=False, soft_wrap=True)


def walked(console: Console, asked: Question, walk: Walk, verdicts: Sequence[Verdict], only: str) -> None:
    """How often each action was taken, and the story of what was found."""
    table = Table(title=f"{asked.name}: {walk.steps:,} steps in {walk.examples:,} walks", title_justify="left")
    table.add_column("action")
    table.add_column("taken", justify="right")
    for name, times in walk.counts.items():
        table.add_row(name, f"{times:,}" if times else "[bold red]never[/]")
    console.print(table)
    for verdict in verdicts:
        console.print(
            f"{report.sentence(verdict.property)}: {report.word(verdict)} [dim]{verdict.label}[/] {verdict.note}"
        )
        if verdict.trace:
            report.tell(console, verdict, only)


def replayed(console: Console, saved: itf.Saved, run: itf.Rerun, only: str) -> int:
    """The story of a saved run on the model as it is, and how it ends today."""
    if run.refused:
        told = f"Here the model stops: {run.refused}. The run is not possible any more."
        code = Exit.OK
    elif saved.kind in ("witness", "deadlock", "refinement"):
        told, code = f"So it went: {report.sentence(saved.property)}.", Exit.OK
    else:
        args = itf.broken_at_the_end(run, saved.property)
        broken = ending(report.sentence(saved.property), args or ())
        told = f"The promise holds here: {report.sentence(saved.property)}." if args is None else broken
        code = Exit.OK if args is None or saved.kind == "broken" else Exit.SAFETY
    for line in story(run.world, run.trace, told, only):
        console.print(line, markup=False, highlight=False)
    return code
