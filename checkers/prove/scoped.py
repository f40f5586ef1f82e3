# SPDX-License-Identifier: MIT
"""From the answers of bounded model checking and k-induction to verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from checkers.core.verdict import Kind, Outcome, Verdict, invariant_kind
from checkers.core.wording import counted
from checkers.judging import Question
from spec.dsl import World

from .bounded import Bounded, DepthProgress, bmc, k_induction
from .solvers import Z3


def within(question: Question, steps: int, progress: DepthProgress) -> list[Verdict]:
    """Look for violations within so many steps."""
    machine, seconds = question.machine, question.budget.seconds
    until = machine.breaks.invariant if machine.breaks else ""
    found = bmc(machine, question.sizes, steps, seconds=seconds, progress=progress, until=until)
    return list(_verdicts(question, found, f"bmc({steps}, {question.scope})", f"none within {counted(steps, 'step')}"))


def inductive(question: Question, k: int, progress: DepthProgress) -> list[Verdict]:
    """Prove the invariants in a scope by k-induction."""
    machine, seconds = question.machine, question.budget.seconds
    until = machine.breaks.invariant if machine.breaks else ""
    found = k_induction(machine, question.sizes, k, seconds=seconds, progress=progress, until=until)
    return list(_verdicts(question, found, f"k-induction({k}, {question.scope})", ""))


def _verdicts(question: Question, found: list[Bounded], label: str, note: str) -> Iterator[Verdict]:
    """One verdict for each invariant; for a broken model only for the declared one."""
    breaks = question.machine.breaks
    for answer in found:
        if breaks is None or answer.claim.name == breaks.invariant:
            asked = _base(question, answer, label)
            yield _broken(question, asked) if breaks else _judged(asked, answer, note)


def _base(question: Question, answer: Bounded, label: str) -> Verdict:
    finding = answer.finding
    return Verdict(
        model=question.name,
        kind=invariant_kind(answer.claim.is_step),
        property=answer.claim.name,
        outcome=answer.outcome,
        label=label,
        engine=f"z3 {Z3.version()}",
        scope=question.sizes,
        digest=question.machine.digest,
        expected=answer.outcome is Outcome.HOLDS,
        depth=answer.depth,
        seconds=answer.seconds,
        note=str(answer.stopped or ""),
        stopped=answer.stopped,
        args=tuple(map(repr, finding.args)) if finding else (),
        trace=finding.trace if finding else None,
        world=World(question.machine, question.sizes),
    )


def _judged(asked: Verdict, answer: Bounded, note: str) -> Verdict:
    """The verdict on one invariant of a sound model."""
    if answer.outcome is Outcome.HOLDS:
        return replace(asked, note=note)
    if answer.outcome is Outcome.BUDGET:
        why = answer.stopped.cause if answer.stopped else ""
        return replace(asked, label="not run", note=f"stopped after {counted(answer.depth, 'step')} ({why})")
    if answer.outcome is Outcome.UNKNOWN:
        return replace(asked, label="not run", note=asked.note or "not inductive for this k; try a larger one")
    return asked


def _broken(question: Question, asked: Verdict) -> Verdict:
    """A broken model must violate the declared invariant, in a shortest run of the declared length."""
    breaks = question.machine.breaks
    assert breaks
    if asked.outcome is Outcome.VIOLATED and asked.steps is not None:
        return asked.as_declared(breaks.steps)
    if asked.outcome is Outcome.HOLDS:
        within = counted(asked.depth, "step")
        return replace(asked, kind=Kind.BROKEN, expected=False, note=f"not violated within {within}")
    return replace(asked, kind=Kind.BROKEN, expected=False, label="not run")
