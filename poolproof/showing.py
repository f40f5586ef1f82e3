"""What the commands print: results, models in prose, walks, replays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from checkers import itf
from checkers.core.verdict import Exit, Outcome, Verdict, heaviest
from checkers.core.wording import in_steps
from checkers.explore.refine import Candidate
from checkers.explore.search import Exploration
from checkers.judging import Question
from checkers.report import tables
from checkers.report.columns import Table, say
from checkers.report.counterexample import NO_STEP, STUCK, counterexample, ending
from spec.dsl import Machine

from . import catalog
from .asking import Run
from .replaying import Again

if TYPE_CHECKING:
    from checkers.simulate import Walk

EXAMPLE = "b03_mapping_outlives_the_driver"
"""The broken model whose counterexample is told when all models are asked and nothing is wrong."""


def results(
    console: Console, runs: Sequence[Run], verdicts: Sequence[Verdict], only: str, everything: bool, verbose: bool
) -> None:
    """What a person wants to know after a check: all in one line first, then what holds, how far, and the counterexamples."""
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
    for verdict in _worth_telling(verdicts, everything):
        tables.tell(console, verdict, only)
    if not everything:
        for name, seen, _ in sound:
            _fired(console, name, seen)
            _guards(console, name, seen)
    elif all(v.expected for v in verdicts):
        console.print("\nAnother counterexample: poolproof check MODEL, with a model of the last table.")
    traces_saved(console, verdicts)
    closing(console, verdicts)


def _worth_telling(verdicts: Sequence[Verdict], everything: bool) -> list[Verdict]:
    """The counterexamples of what went wrong; of all the expected ones one example, unless they were asked for by name."""
    told = [v for v in verdicts if v.trace and v.outcome in (Outcome.VIOLATED, Outcome.DEADLOCK)]
    if not everything:
        return told
    return [v for v in told if not v.expected] or [v for v in told if v.model == EXAMPLE]


def _fired(console: Console, name: str, seen: Exploration) -> None:
    """How often each action was taken: one that is rare may be checked less than it seems."""
    counts = ", ".join(f"{action}\u00a0{times:,}" for action, times in seen.fired.items())
    console.print()
    say(console, f"Steps of {name} by action: {counts}")


def _guards(console: Console, name: str, seen: Exploration) -> None:
    """The guards that made no difference in this scope: a reader should know why."""
    if seen.untested and not seen.stopped:
        console.print()
        say(console, f"Guards of {name} that this scope does not put to the test:", "dim")
        for site, says in seen.untested:
            say(console, f"  {says}: {site.function}: {site.text}", "dim")


def summary(verdicts: Sequence[Verdict]) -> Text:
    """Whether all is as it should be, in one line."""
    left = [v for v in verdicts if v.outcome is Outcome.BUDGET]
    wrong = [v for v in verdicts if not v.expected and v not in left]
    told = Text()
    if not wrong and not left:
        every = f"All {len(verdicts)} answers are as they" if len(verdicts) > 1 else "The answer is as it"
        told.append(f"{every} should be.", "bold green")
    if wrong:
        verb = "are not as they" if len(wrong) > 1 else "is not as it"
        told.append(f"{_some(wrong, verdicts, 'answer')} {verb} should be.", "bold red")
    if left:
        verb = "are" if len(left) > 1 else "is"
        told.append(" " * bool(told)).append(f"{_some(left, verdicts, 'question')} {verb} left open.", "bold yellow")
    return told


def closing(console: Console, verdicts: Sequence[Verdict]) -> None:
    """What is wrong and what is left open, if anything is, and in the last line whether all is as it should be."""
    left = [v for v in verdicts if v.outcome is Outcome.BUDGET]
    console.print()
    for v in (v for v in verdicts if not v.expected and v not in left):
        said = ", ".join(filter(None, (v.outcome.value, v.note)))
        say(console, f"{v.model}: {tables.sentence(v.property)}: {said}")
    for (name, note), count in Counter((v.model, v.note) for v in left).items():
        say(console, f"{name}: {count} left open, {note}")
    console.print(summary(verdicts))


def _some(some: Sequence[Verdict], every: Sequence[Verdict], what: str) -> str:
    return f"{len(some)} of {len(every)} {what}s" if len(every) > 1 else f"The {what}"


def traces_saved(console: Console, verdicts: Sequence[Verdict]) -> None:
    """Where the traces are now, and what they are good for."""
    saved = [v.saved for v in verdicts if v.saved]
    if saved:
        told = f"{saved[0]} saved" if len(saved) == 1 else f"{len(saved)} traces saved in {saved[0].parent}"
        console.print()
        say(console, f"{told}; `poolproof replay FILE` runs one again.")


def models(console: Console) -> None:
    """The list of shipped models."""
    sound, broken = Table("Sound", show_header=False), Table("Broken on purpose", show_header=False)
    for table in (sound, broken):
        table.add_names("model")
        table.add_column("what it is")
        table.add_column("what there is to see")
    for machine in catalog.SOUND:
        sound.add_row(machine.name, escape(machine.doc), f"scopes: {', '.join(machine.scopes)}")
    for bug in catalog.BROKEN:
        broken.add_row(bug.name, escape(bug.stands_for), f"breaks: {tables.sentence(bug.breaks)}")
    console.print(sound, broken)


def refinement(console: Console, verdict: Verdict, candidates: Sequence[Candidate]) -> None:
    """Whether each step fits; if one does not, the step, and why each candidate of the rules is not it."""
    told = escape(f"{verdict.model}: {tables.sentence(verdict.property)}: ")
    say(console, Text.from_markup(f"{told}{tables.word(verdict)} [dim]{verdict.label}[/]"))
    if not verdict.trace or not verdict.world:
        if verdict.outcome is Outcome.HOLDS:
            say(console, f"{verdict.states:,} states, {verdict.transitions:,} steps")
        say(console, verdict.note)
        return
    last = "This step is none of the rules. What they might have done instead:"
    for line in counterexample(verdict.world, verdict.trace, last):
        say(console, line)
    for candidate in candidates:
        say(console, f"       {candidate.instance} {candidate.why}")


def walked(console: Console, asked: Question, walk: Walk, verdicts: Sequence[Verdict], only: str) -> None:
    """How often each action was taken, and the counterexample of what was found."""
    walks = "1 walk" if walk.examples == 1 else f"{walk.examples:,} walks"
    say(console, f"{asked.name}: {walk.steps:,} steps in {walks}", "bold")
    table = Table()
    table.add_names("action")
    table.add_column("taken", justify="right")
    for name, times in walk.counts.items():
        table.add_row(name, f"{times:,}" if times else "[bold red]never[/]")
    console.print(table)
    for verdict in verdicts:
        said = f"{tables.sentence(verdict.property)}: {tables.word(verdict)} [dim]{verdict.label}[/]"
        say(console, Text.from_markup(said + escape(f" {verdict.note}".rstrip())))
        if verdict.trace:
            tables.tell(console, verdict, only)


def every_replay(console: Console, runs: Sequence[Again], only: str) -> int:
    """One counterexample after the other; returns the exit code that weighs most."""
    codes = []
    for number, one in enumerate(runs):
        if number:
            console.print()
        codes.append(replayed(console, one.name, one.saved, one.run, only))
    return heaviest(codes)


def replayed(console: Console, name: str, saved: itf.Saved, run: itf.Rerun, only: str) -> int:
    """The counterexample of a saved run on the model as it is, and how it ends today."""
    sentence, args = tables.sentence(saved.property), itf.shows(run, saved)
    say(console, f"{name}: {sentence}, {in_steps(len(saved.steps))}", "bold")
    for line in counterexample(run.world, run.trace, last_sentence(saved, run), only):
        say(console, line)
    return _code(run.world.machine, saved, args is not None)


def last_sentence(saved: itf.Saved, run: itf.Rerun) -> str:
    """How a saved run ends on the model as it is."""
    if run.refused:
        return f"Here the model stops: {run.refused}. The run is not possible any more."
    return _ending(saved, tables.sentence(saved.property), itf.shows(run, saved))


def _ending(saved: itf.Saved, sentence: str, args: tuple[str, ...] | None) -> str:
    if saved.kind == "witness":
        return f"So it can be that {sentence}." if args is not None else f"This does not show any more that {sentence}."
    if args is None:
        return f"The invariant holds here: {sentence}."
    return {"deadlock": STUCK, "refinement": NO_STEP}.get(saved.kind, ending(sentence, args))


def _code(machine: Machine, saved: itf.Saved, shown: bool) -> int:
    """What was wrong and still is, or was to be reached and is not; a broken model breaks as declared."""
    if saved.kind == "witness":
        return Exit.OK if shown else Exit.VACUOUS
    if not shown or (machine.breaks and machine.breaks.invariant == saved.property):
        return Exit.OK
    return Exit.DEADLOCK if saved.kind == "deadlock" else Exit.SAFETY
