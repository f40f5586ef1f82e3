# SPDX-License-Identifier: MIT
"""Proofs on the screen: what is proved and how far, obligations, counterexamples to induction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from rich.console import Console
from rich.markup import escape

from checkers.core.verdict import Exit, Kind, Outcome, Verdict
from checkers.core.wording import cell, counted, sentence, shown
from checkers.judging import Question
from checkers.prove.cti import Cti, scope_text
from checkers.prove.deciding import Decided
from checkers.prove.obligations import SAT
from checkers.prove.proof import COUNTED, Proof
from checkers.prove.sizes import reach
from checkers.prove.suggest import Suggestion, sentence_of
from checkers.report import tables
from checkers.report.columns import Table, say
from checkers.report.counterexample import ending, telling
from spec.dsl import ANY

from . import print_verdicts

SLOW = 1.0
"""Seconds above which an obligation is listed as slow."""

ANY_NUMBER = "any number"
"""In the title of a table whose models have different sorts; a line for each model lists them."""

FOOTNOTE = (
    "(counted): its proof, or that of an invariant it depends on, uses that a count is the size of a set, "
    "which no solver checks; see docs/any-number.md"
)

HINT = "A lemma may be missing: `poolproof prove {name} --suggest` looks for one."


def proofs(console: Console, proved: Sequence[Proof], verbose: bool) -> None:
    """The report of proofs; `verbose` prints every obligation."""
    sound = [p for p in proved if not p.machine.breaks]
    if verbose:
        for p in proved:
            _obligations(console, p)
    if sound:
        console.print(tables.invariants_table([(p.name, None, p.verdicts) for p in sound], _title(sound), _word))
        for line in _reaches(sound):
            say(console, line, "dim")
    if broken := [(p.machine.doc, v) for p in proved if p.machine.breaks for v in p.verdicts]:
        console.print(tables.broken_table(broken))
    console.print(_effort(proved))
    for p in proved:
        _remarks(console, p, verbose)
    if any(v.label == COUNTED for p in proved for v in p.verdicts):
        say(console, FOOTNOTE, "dim")
    print_verdicts.closing(console, [v for p in proved for v in p.verdicts])
    for p in sound:
        if any(v.outcome is Outcome.NOT_INDUCTIVE for v in p.verdicts):
            say(console, HINT.format(name=p.name))


def _title(sound: Sequence[Proof]) -> str:
    """The title of the table: "Proved" only if everything in it is."""
    invariant = [v for p in sound for v in p.verdicts if v.kind is not Kind.PATH]
    word = "Proved" if all(v.outcome is Outcome.HOLDS for v in invariant) else "Checked"
    return f"{word} for {reach(p.machine for p in sound) or ANY_NUMBER}"


def _reaches(sound: Sequence[Proof]) -> Iterator[str]:
    """The sorts of each model, where the title does not name them."""
    if not reach(p.machine for p in sound):
        yield from (f"{p.name}: {reach([p.machine])}" for p in sound)


def suggestion(console: Console, name: str, found: Suggestion) -> int:
    """Print the lemmas that were found, or that there are none; returns the exit code."""
    kept = f"{found.kept:,} of {found.tried:,} candidates are inductive"
    if not found.lemmas:
        needs = "and no invariant needs any of them" if not found.failing else "and none of them helps"
        say(console, f"{name}: {kept}, {needs}")
    else:
        these = "these" if len(found.lemmas) > 1 else "this one"
        say(console, f"{name}: {kept}. Together with {these} the invariants are inductive:")
    for lemma in found.lemmas:
        who = ", ".join(v.name for v in lemma.params)
        say(console, f"  for each {who}: {sentence_of(lemma)}")
    for failing in found.failing:
        say(console, f"  still not inductive: {sentence(failing)}", "yellow")
    return Exit.BUDGET if found.failing else Exit.OK


def scoped(console: Console, runs: Sequence[tuple[Question, list[Verdict]]]) -> None:
    """The report of bounded questions."""
    if sound := [(q.name, None, verdicts) for q, verdicts in runs if not q.machine.breaks]:
        console.print(tables.invariants_table(sound, "In these scopes", _within))
    if broken := [(q.machine.doc, v) for q, verdicts in runs if q.machine.breaks for v in verdicts]:
        console.print(tables.broken_table(broken))
    for q, verdicts in runs:
        sizes = ", ".join(f"{size} {n}" for size, n in q.sizes.items())
        took = f"{verdicts[0].engine}, {max(v.seconds for v in verdicts):.1f} s"
        say(console, f"{q.name}: {sizes}: {took}", "dim")
    every = [v for _, verdicts in runs for v in verdicts]
    for v in (v for v in every if v.trace):
        tables.tell(console, v)
    print_verdicts.closing(console, every)


def _within(verdict: Verdict) -> str:
    """How far a bounded verdict reaches: no violation within K steps is not the same as none."""
    if verdict.outcome is Outcome.HOLDS:
        return f"[green]{verdict.note or verdict.label}[/]"
    return tables.word(verdict)


def _word(verdict: Verdict) -> str:
    """How far an invariant is proved, or the length and scope of its counterexample."""
    if verdict.outcome is Outcome.HOLDS:
        return f"[green]{verdict.label}[/]"
    return tables.word(verdict) + (f" with {scope_text(verdict.scope)}" if verdict.trace else "")


def _obligations(console: Console, proved: Proof) -> None:
    """Print every obligation, a line each."""
    console.print(f"\n[bold]{escape(proved.name)}: {counted(len(proved.decided), 'obligation')}[/]")
    for decided in proved.decided:
        say(console, f"  {line(decided)}")


def line(decided: Decided) -> str:
    """An obligation, its result, and the time of each solver."""
    times = ", ".join(f"{answer.seconds * 1000:.0f} ms {name}" for name, answer in decided.answers.items())
    return f"{decided.obligation.name} ... {_became(decided)} ({times})"


def _became(decided: Decided) -> str:
    if decided.is_as_wanted:
        proved = "possible" if decided.obligation.wanted == SAT else "proved"
        return f"{proved}, counting" if decided.counting else proved
    if decided.is_disputed:
        return "DISPUTED"
    if decided.fails:
        return "impossible" if decided.obligation.wanted == SAT else "NOT SO"
    return "NOT DECIDED"


def _effort(proved: Sequence[Proof]) -> Table:
    """One row a model: the number of obligations, and the time of the solvers."""
    table = Table("How that was decided")
    table.add_names("model")
    table.add_column("obligations", justify="right")
    table.add_column("decided by")
    for name in ("seconds, each", "median ms", "slowest ms", "paths possible", "never taken"):
        table.add_column(name, justify="right")
    for p in proved:
        table.add_row(*_row(p))
    return table


def _row(p: Proof) -> Iterator[str]:
    paths = [v for v in p.verdicts if v.kind is Kind.PATH]
    solvers = sorted({name for d in p.decided for name in d.answers}, reverse=True)
    times = [d.seconds * 1000 for d in p.decided]
    yield from (escape(p.name), f"{len(p.decided):,}", " and ".join(solvers))
    yield ", ".join(f"{sum(d.answers[s].seconds for d in p.decided if s in d.answers):.1f}" for s in solvers)
    yield from (f"{median(times):.0f}", f"{max(times):.0f}")
    yield from (str(sum(v.outcome is o for v in paths)) for o in (Outcome.REACHED, Outcome.UNREACHABLE))


def _remarks(console: Console, p: Proof, verbose: bool) -> None:
    """Print what there is beside the verdicts: paths never taken, slow obligations, seeds, counterexamples."""
    never = [v for v in p.verdicts if v.kind is Kind.PATH and v.outcome is Outcome.UNREACHABLE and v.expected]
    if never and not verbose:
        note = f"{len(never)} paths are never taken; each of their branches is taken elsewhere (-v lists them)"
        say(console, f"{p.name}: {note}", "dim")
    for decided in p.decided:
        if any(a.seconds > SLOW for a in decided.answers.values()):
            say(console, f"{p.name}: slow: {line(decided)}")
    if p.seeds:
        _spread(console, p)
    for verdict in (v for v in p.verdicts if v.trace):
        tables.tell(console, verdict)
    for name, cti in p.ctis.items():
        if name not in p.runs:
            counterexample(console, p.name, name, cti)


def _spread(console: Console, p: Proof) -> None:
    """Print how results and times differ with the seeds of the solvers."""
    runs = [p.decided, *p.seeds]
    differing = [same for same in zip(*runs, strict=True) if len({result for d in same for result in d.results}) > 1]
    totals = [sum(d.seconds for d in run) for run in runs]
    slowest = [max(d.seconds for d in run) * 1000 for run in runs]
    results = f"{counted(len(differing), 'obligation')} with different results" if differing else "the same results"
    console.print(
        f"{p.name}: seeds 0 to {len(runs) - 1}: {results}; {min(totals):.1f} to {max(totals):.1f} s in all, "
        f"the slowest {min(slowest):.0f} to {max(slowest):.0f} ms",
        markup=False,
        soft_wrap=True,
    )


def counterexample(console: Console, model: str, name: str, cti: Cti) -> None:
    """Print a counterexample to induction: the state, the step, the violated invariant, whether it is reachable."""
    console.print(f"\n[bold]{escape(model)}: {escape(sentence(name))}[/]: a counterexample to induction")
    where = "A state that satisfies every invariant" if cti.instance else "An initial state"
    say(console, f"     {where} (cells that are not listed are as at the start):")
    for line in (*_unusual(cti), *_step(cti)):
        say(console, f"       {line}")
    say(console, f"     {ending(sentence(name), tuple(map(repr, cti.args)))}")
    say(console, f"     It is {cti.reachability}.")


def _step(cti: Cti) -> Iterator[str]:
    """The step and what it changes."""
    if cti.instance:
        yield f"Then {cti.instance}" + ("" if cti.trace.steps else ", which leaves the range of a number")
    for _, _, changes in telling(cti.world, cti.trace):
        yield from (f"  {change}" for _, change in changes)


def _unusual(cti: Cti) -> Iterator[str]:
    """The cells of the state that differ from the start."""
    for name, cells in cti.world.values(cti.trace.start).items():
        start = cti.world.machine.shape.fields[name].start
        for key, value in cells.items():
            if start is ANY or value != start:
                yield f"{cell(name, key)} is {shown(value)}"
