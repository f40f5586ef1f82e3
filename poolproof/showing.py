"""What the commands print: results, models in prose, walks, replays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from checkers import itf, prose, report
from checkers.explore import Exploration
from checkers.judge import Question
from checkers.refine import Candidate
from checkers.story import NO_STEP, STUCK, ending, in_steps, shown, story
from checkers.table import local_table
from checkers.verdict import Exit, Outcome, Verdict
from checkers.walk import Walk
from spec.dsl import ANY, Action, Machine
from spec.dsl.state import Field

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
        for line in report.scopes(sound):
            console.print(line, markup=False, style="dim", soft_wrap=True)
    for unsaved in (seen.unsaved for _, seen, _ in runs if seen.unsaved):
        console.print(f"warning: {unsaved}", markup=False, style="yellow", soft_wrap=True)
    if broken:
        console.print(report.broken_table(broken))
    for verdict in _worth_telling(verdicts, everything):
        report.tell(console, verdict, only)
    if not everything:
        for name, seen, _ in sound:
            _fired(console, name, seen)
            _guards(console, name, seen)
    closing(console, verdicts)
    if everything and all(v.expected for v in verdicts):
        console.print("Another story: poolproof check MODEL, with a model of the last table.")


def _worth_telling(verdicts: Sequence[Verdict], everything: bool) -> list[Verdict]:
    """The stories of what went wrong; of all the expected ones one example, unless they were asked for by name."""
    told = [v for v in verdicts if v.trace and v.outcome in (Outcome.VIOLATED, Outcome.DEADLOCK)]
    if not everything:
        return told
    return [v for v in told if not v.expected] or [v for v in told if v.model == EXAMPLE]


def _fired(console: Console, name: str, seen: Exploration) -> None:
    """How often each action was taken: one that is rare may be checked less than it seems."""
    counts = ", ".join(f"{action} {times:,}" for action, times in seen.fired.items())
    console.print(f"\nSteps of {name} by action: {counts}", markup=False, soft_wrap=True)


def _guards(console: Console, name: str, seen: Exploration) -> None:
    """The guards that made no difference in this scope: a reader should know why."""
    if seen.untested and not seen.stopped:
        console.print(f"\nGuards of {name} that this scope does not put to the test:", markup=False, style="dim")
        for site, says in seen.untested:
            console.print(f"  {says}: {site.function}: {site.text}", markup=False, style="dim", soft_wrap=True)


def closing(console: Console, verdicts: Sequence[Verdict]) -> None:
    """Whether all is as it should be; if not, what is wrong and what is left open."""
    left = [v for v in verdicts if v.outcome is Outcome.BUDGET]
    wrong = [v for v in verdicts if not v.expected and v not in left]
    if not wrong and not left:
        every = f"All {len(verdicts)} answers are as they" if len(verdicts) > 1 else "The answer is as it"
        console.print(f"\n[bold green]{every} should be.[/]")
    if wrong:
        verb = "are not as they" if len(wrong) > 1 else "is not as it"
        console.print(f"\n[bold red]{_some(wrong, verdicts, 'answer')} {verb} should be.[/]")
    for v in wrong:
        said = ", ".join(filter(None, (v.outcome.value, v.note)))
        console.print(f"  {v.model}: {report.sentence(v.property)}: {said}", markup=False, soft_wrap=True)
    if left:
        verb = "are" if len(left) > 1 else "is"
        console.print(f"\n[bold yellow]{_some(left, verdicts, 'question')} {verb} left open.[/]")
    for (name, note), count in Counter((v.model, v.note) for v in left).items():
        console.print(f"  {name}: {count} left open, {note}", markup=False, soft_wrap=True)


def _some(some: Sequence[Verdict], every: Sequence[Verdict], what: str) -> str:
    return f"{len(some)} of {len(every)} {what}s" if len(every) > 1 else f"The {what}"


def traces_saved(console: Console, verdicts: Sequence[Verdict]) -> None:
    """Where the traces are now, and what they are good for."""
    saved = [v.saved for v in verdicts if v.saved]
    if saved:
        told = f"{saved[0]} saved" if len(saved) == 1 else f"{len(saved)} traces saved in {saved[0].parent}"
        console.print(f"{told}; `poolproof replay FILE` runs one again.", markup=False, soft_wrap=True)


def models(console: Console) -> None:
    """The list of shipped models."""
    sound = Table(title="Sound", title_justify="left", title_style="bold", show_header=False)
    for machine in catalog.SOUND:
        sound.add_row(machine.name, escape(machine.doc), f"scopes: {', '.join(machine.scopes)}")
    broken = Table(title="Broken on purpose", title_justify="left", title_style="bold", show_header=False)
    for bug in catalog.BROKEN:
        broken.add_row(bug.name, escape(bug.stands_for), f"breaks: {report.sentence(bug.breaks)}")
    console.print(sound, broken)


def model(console: Console, asked: Question, with_table: bool) -> int:
    """A model in prose; the exit code says whether the table, if asked for, is whole."""
    machine = asked.machine
    told = escape(f"  {machine.doc}")
    console.print(f"[bold]{escape(machine.name)}[/]{told}  [dim]{machine.digest}[/]", soft_wrap=True)
    for scope in machine.scopes:
        sizes = ", ".join(f"{name} {n}" for name, n in machine.sizes(scope, {}).items())
        console.print(f"scope {scope}: {sizes}", markup=False, style="dim", soft_wrap=True)
    if machine.breaks:
        promise = report.sentence(machine.breaks.promise)
        console.print(f"Broken on purpose: breaks the promise {promise!r}, {in_steps(machine.breaks.steps)}.")
    console.print()
    _fields(console, asked)
    for title, system in (("What the system does", True), ("What its environment does", False)):
        console.print(f"[bold]{title}[/]")
        for action in (a for a in machine.actions if a.system is system):
            _action(console, action)
    _claims(console, asked)
    return _table(console, asked) if with_table else Exit.OK


def _fields(console: Console, asked: Question) -> None:
    table = Table(title="The state", title_justify="left", title_style="bold")
    for name in ("field", "holds", "starts as", "meaning"):
        table.add_column(name)
    shape = asked.machine.shape
    for f in shape.fields.values():
        table.add_row(_cell(f), repr(f.domain), "any" if f.start is ANY else shown(f.start), escape(f.doc))
    for f in shape.histories.values():
        table.add_row(_cell(f), "a counter, never read", "0", escape(f.doc))
    for name, number in shape.bounds.items():
        table.add_row(name, f"{number.low}..{number.high}", "by scope", escape(number.doc))
    console.print(table)


def _cell(f: Field[Any, Any]) -> str:
    return escape(f"{f.name}[{', '.join(k.__name__ for k in f.keys)}]")


def _action(console: Console, action: Action) -> None:
    told = escape(f"  {prose.first_line(action.doc)}")
    console.print(f"  [bold]{prose.signature(action)}[/]{told}", soft_wrap=True)
    if cited := prose.source(action):
        console.print(f"    {cited}", markup=False, style="dim", soft_wrap=True)
    for line in prose.action_lines(action):
        console.print(f"    {line}", markup=False, soft_wrap=True)


def _claims(console: Console, asked: Question) -> None:
    machine = asked.machine
    table = Table(title="What is promised", title_justify="left", title_style="bold")
    table.add_column("promise")
    table.add_column("which means")
    for claim in machine.promises:
        table.add_row(claim.sentence(), escape(prose.first_line(claim.doc)))
    for witness in machine.witnesses:
        meaning = " Then: ".join(prose.first_line(c.doc) for c in witness.stages)
        table.add_row(f"it can be that: {report.sentence(witness.name)}", escape(meaning))
    console.print(table)
    beside = Table(title="Guards beside promises: the fields both read", title_justify="left", title_style="bold")
    for name in ("field", "guards that read it, and why their party sees it", "promises that speak of it"):
        beside.add_column(name)
    for name, actions, claims in prose.shared_fields(machine):
        why = "\n".join(f"{a.name}: {prose.source(a) or prose.first_line(a.doc)}" for a in actions)
        beside.add_row(name, escape(why), "\n".join(c.sentence() for c in claims), end_section=True)
    console.print(beside)


def _table(console: Console, asked: Question) -> int:
    """The local table: each page record, and which action takes it where."""
    found = local_table(asked.machine, asked.sizes, asked.alike, asked.budget)
    console.print(f"[bold]{len(found.records)} records of one page, {len(found.steps)} steps between them[/]")
    for number, record in enumerate(found.records):
        console.print(f"{number:4}  {record}", markup=False, soft_wrap=True)
        for was, action, now in found.steps:
            if was == number:
                console.print(f"        {action} -> {now}", markup=False)
    if found.stopped:
        console.print(f"This is not all: stopped ({found.stopped}).", markup=False)
    return Exit.BUDGET if found.stopped else Exit.OK


def refinement(console: Console, verdict: Verdict, candidates: Sequence[Candidate]) -> None:
    """Whether each step fits; if one does not, the step, and why each candidate of the rules is not it."""
    told = escape(f"{verdict.model}: {report.sentence(verdict.property)}: ")
    console.print(f"{told}{report.word(verdict)} [dim]{verdict.label}[/]", soft_wrap=True)
    if not verdict.trace or not verdict.world:
        console.print(verdict.note or f"{verdict.states:,} states, {verdict.transitions:,} steps")
        return
    last = "This step is none of the rules. What they might have done instead:"
    for line in story(verdict.world, verdict.trace, last):
        console.print(line, markup=False, soft_wrap=True)
    for candidate in candidates:
        console.print(f"       {candidate.instance} {candidate.why}", markup=False, soft_wrap=True)


def walked(console: Console, asked: Question, walk: Walk, verdicts: Sequence[Verdict], only: str) -> None:
    """How often each action was taken, and the story of what was found."""
    walks = "1 walk" if walk.examples == 1 else f"{walk.examples:,} walks"
    console.print(escape(f"{asked.name}: {walk.steps:,} steps in {walks}"), style="bold", soft_wrap=True)
    table = Table()
    table.add_column("action")
    table.add_column("taken", justify="right")
    for name, times in walk.counts.items():
        table.add_row(name, f"{times:,}" if times else "[bold red]never[/]")
    console.print(table)
    for verdict in verdicts:
        said = f"{report.sentence(verdict.property)}: {report.word(verdict)} [dim]{verdict.label}[/]"
        console.print(f"{said} {verdict.note}".rstrip(), soft_wrap=True)
        if verdict.trace:
            report.tell(console, verdict, only)


def replayed(console: Console, name: str, saved: itf.Saved, run: itf.Rerun, only: str) -> int:
    """The story of a saved run on the model as it is, and how it ends today."""
    sentence, args = report.sentence(saved.property), itf.shows(run, saved)
    console.print(f"{name}: {sentence}, {in_steps(len(saved.steps))}", markup=False, style="bold", soft_wrap=True)
    for line in story(run.world, run.trace, last_sentence(saved, run), only):
        console.print(line, markup=False, soft_wrap=True)
    return _code(run.world.machine, saved, args is not None)


def last_sentence(saved: itf.Saved, run: itf.Rerun) -> str:
    """How a saved run ends on the model as it is."""
    if run.refused:
        return f"Here the model stops: {run.refused}. The run is not possible any more."
    return _ending(saved, report.sentence(saved.property), itf.shows(run, saved))


def _ending(saved: itf.Saved, sentence: str, args: tuple[str, ...] | None) -> str:
    if saved.kind == "witness":
        return f"So it can be that {sentence}." if args is not None else f"This does not show any more that {sentence}."
    if args is None:
        return f"The promise holds here: {sentence}."
    return {"deadlock": STUCK, "refinement": NO_STEP}.get(saved.kind, ending(sentence, args))


def _code(machine: Machine, saved: itf.Saved, shown: bool) -> int:
    """What was wrong and still is, or was to be reached and is not; a broken model breaks as declared."""
    if saved.kind == "witness":
        return Exit.OK if shown else Exit.VACUOUS
    if not shown or (machine.breaks and machine.breaks.promise == saved.property):
        return Exit.OK
    return Exit.DEADLOCK if saved.kind == "deadlock" else Exit.SAFETY
