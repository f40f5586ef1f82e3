"""From bounded answers to verdicts: an invariant within so many steps of a scope, or by k-induction there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from checkers.core.verdict import Outcome, Verdict
from checkers.judging import Question
from spec.dsl import World

from .bounded import Bounded, bmc, k_induction
from .solvers import Z3

Progress = Callable[[int, float], None]


def within(question: Question, steps: int, progress: Progress) -> list[Verdict]:
    """Look for violations of at most so many steps."""
    machine, seconds = question.machine, question.budget.seconds
    until = machine.breaks.invariant if machine.breaks else ""
    found = bmc(machine, question.sizes, steps, seconds=seconds, progress=progress, until=until)
    return list(_verdicts(question, found, f"bmc({steps}, {question.scope})", f"none within {steps} steps"))


def inductive(question: Question, k: int, progress: Progress) -> list[Verdict]:
    """Prove the invariants in a scope by k-induction."""
    machine, seconds = question.machine, question.budget.seconds
    until = machine.breaks.invariant if machine.breaks else ""
    found = k_induction(machine, question.sizes, k, seconds=seconds, progress=progress, until=until)
    return list(_verdicts(question, found, f"k-induction({k}, {question.scope})", ""))


def _verdicts(question: Question, found: list[Bounded], label: str, note: str) -> Iterator[Verdict]:
    """A verdict an invariant; of a broken model only of the one it breaks."""
    breaks = question.machine.breaks
    for answer in found:
        if breaks is None or answer.claim.name == breaks.invariant:
            asked = _base(question, answer, label)
            yield _broken(question, replace(asked, note=answer.stopped)) if breaks else _judged(asked, answer, note)


def _base(question: Question, answer: Bounded, label: str) -> Verdict:
    finding = answer.finding
    return Verdict(
        model=question.name,
        kind="step invariant" if answer.claim.is_step else "invariant",
        property=answer.claim.name,
        outcome=answer.outcome,
        label=label,
        engine=f"z3 {Z3.version()}",
        scope=question.sizes,
        digest=question.machine.digest,
        expected=answer.outcome is Outcome.HOLDS,
        depth=answer.depth,
        seconds=answer.seconds,
        args=tuple(map(repr, finding.args)) if finding else (),
        trace=finding.trace if finding else None,
        world=World(question.machine, question.sizes),
    )


def _judged(asked: Verdict, answer: Bounded, note: str) -> Verdict:
    """What a bounded answer is worth."""
    if answer.outcome is Outcome.HOLDS:
        return replace(asked, note=note)
    if answer.outcome is Outcome.BUDGET:
        why = answer.stopped if answer.stopped == "interrupted" else f"budget {answer.stopped}"
        return replace(asked, label="not run", note=f"stopped after {answer.depth} steps ({why})")
    if answer.outcome is Outcome.UNKNOWN:
        note = answer.stopped or "does not follow from so many steps; try a larger k"
        return replace(asked, label="not run", note=note)
    return asked


def _broken(question: Question, asked: Verdict) -> Verdict:
    """A broken model must break as declared."""
    breaks = question.machine.breaks
    assert breaks
    if asked.outcome is Outcome.VIOLATED and asked.steps is not None:
        as_declared = asked.steps == breaks.steps
        note = "as declared" if as_declared else f"in {asked.steps} steps, declared were {breaks.steps}"
        return replace(asked, kind="broken", expected=as_declared, note=note)
    if asked.outcome is Outcome.HOLDS:
        return replace(asked, kind="broken", expected=False, note=f"not broken within {asked.depth} steps")
    return replace(asked, kind="broken", expected=False, label="not run")
