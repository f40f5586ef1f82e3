"""From a search to verdicts: every promise, witness and action of a model gets its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from spec.dsl import Machine, Sort, Witness, World

from .explore import UNLIMITED, Budget, Exploration, Finding, Progress, explore, reach
from .refine import Candidate, refine
from .verdict import Outcome, Verdict
from .walk import Walk

ENGINE = "explore (python)"


@dataclass(frozen=True)
class Question:
    """What is asked of which model, how far, and with which sorts treated as interchangeable."""

    machine: Machine
    name: str
    scope: str
    sizes: dict[str, int]
    alike: tuple[type[Sort], ...]
    budget: Budget = UNLIMITED


def check(question: Question, progress: Progress = lambda seen: None) -> tuple[Exploration, list[Verdict]]:
    """Search a scope, and judge everything the model says about itself."""
    machine, breaks = question.machine, question.machine.breaks
    seen = explore(machine, question.sizes, question.alike, question.budget, progress, breaks.promise if breaks else "")
    if breaks:
        return seen, [_broken(question, seen)]
    return seen, [*_promises(question, seen), *_witnesses(question, seen), *_actions(question, seen)]


def check_refinement(
    question: Question, progress: Progress = lambda seen: None
) -> tuple[Verdict, tuple[Candidate, ...]]:
    """Judge whether each step of the model is a step of the machine it refines, or none."""
    result = refine(question.machine, question.sizes, question.budget, progress)
    high = question.machine.refines
    base = _base(question, result.seen)
    asked = replace(base, kind="refinement", property=f"each_step_is_a_step_of_{high.name if high else '?'}_or_none")
    if result.trace:
        wrong = replace(asked, outcome=Outcome.VIOLATED, expected=False, trace=result.trace)
        return wrong, result.candidates
    return (_budget(asked, result.seen) if result.seen.stopped else asked), ()


def judge_walk(question: Question, walked: Walk, seed: int) -> list[Verdict]:
    """What a walk says: about the promises as far as it came, and about actions it never took."""
    base = replace(
        _base(question, Exploration(World(question.machine, question.sizes), ())),
        kind="walk",
        property="every_promise",
        label=f"sampled({walked.steps}, {seed})",
        engine="walk (hypothesis)",
        transitions=walked.steps,
        seconds=walked.seconds,
    )
    if walked.finding:
        wrong = _with(base, walked.finding)
        return [replace(wrong, property=walked.finding.name, outcome=Outcome.VIOLATED, expected=False)]
    if walked.deadlock:
        stuck = _with(base, walked.deadlock)
        return [replace(stuck, property="something_can_always_happen", outcome=Outcome.DEADLOCK, expected=False)]
    never = [
        replace(base, kind="action", property=name, outcome=Outcome.UNREACHABLE, expected=False, note="never taken")
        for name in walked.never
    ]
    done = replace(base, outcome=Outcome.BUDGET, expected=False, note=walked.stopped) if walked.stopped else base
    return [done, *never]


def _base(question: Question, seen: Exploration) -> Verdict:
    """A verdict that says yes; whoever finds otherwise changes it."""
    return Verdict(
        model=question.name,
        kind="promise",
        property="",
        outcome=Outcome.HOLDS,
        label=f"exhaustive({question.scope})",
        engine=ENGINE,
        scope=question.sizes,
        digest=question.machine.digest,
        expected=True,
        states=seen.states,
        orbit_sum=seen.orbit_sum,
        transitions=seen.transitions,
        depth=seen.depth,
        seconds=seen.seconds,
        world=seen.world,
    )


def _budget(verdict: Verdict, seen: Exploration) -> Verdict:
    """The search ended early: neither yes nor no, however far it came."""
    note = f"stopped ({seen.stopped}) at depth {seen.depth}, {seen.states:,} states"
    return replace(verdict, outcome=Outcome.BUDGET, label="not run", expected=False, note=note)


def _with(verdict: Verdict, finding: Finding) -> Verdict:
    return replace(verdict, trace=finding.trace, args=tuple(map(repr, finding.args)))


def _promises(question: Question, seen: Exploration) -> Iterator[Verdict]:
    base = _base(question, seen)
    for claim in question.machine.promises:
        asked = replace(base, property=claim.name, kind="step promise" if claim.is_step else "promise")
        if finding := seen.violated.get(claim.name):
            yield replace(_with(asked, finding), outcome=Outcome.VIOLATED, expected=False)
        else:
            yield _budget(asked, seen) if seen.stopped else asked
    asked = replace(base, property="something_can_always_happen", kind="deadlock")
    if seen.deadlock:
        yield replace(_with(asked, seen.deadlock), outcome=Outcome.DEADLOCK, expected=False)
    else:
        yield _budget(asked, seen) if seen.stopped else asked


def _witnesses(question: Question, seen: Exploration) -> Iterator[Verdict]:
    base = replace(_base(question, seen), kind="witness", outcome=Outcome.REACHED)
    for witness in question.machine.witnesses:
        asked = replace(base, property=witness.name)
        if not witness.fits(question.sizes):
            needs = ", ".join(f"{name} >= {least}" for name, least in witness.needs)
            yield replace(asked, outcome=Outcome.NOT_RUN, label="not run", note=f"needs {needs}")
            continue
        finding = _reached(question, seen, witness)
        if isinstance(finding, Finding):
            yield _with(asked, finding)
        elif finding or seen.stopped:
            yield _budget(asked, seen)
        else:
            yield replace(asked, outcome=Outcome.UNREACHABLE, expected=False)


def _reached(question: Question, seen: Exploration, witness: Witness) -> Finding | str | None:
    if len(witness.stages) == 1:
        return seen.reached.get(witness.name)
    return reach(question.machine, question.sizes, witness, question.budget)


def _actions(question: Question, seen: Exploration) -> Iterator[Verdict]:
    """Each action must fire: one that never does proves nothing about itself."""
    base = replace(_base(question, seen), kind="action", outcome=Outcome.REACHED)
    for name, times in seen.fired.items():
        asked = replace(base, property=name, note=f"{times:,} times")
        if times:
            yield asked
        elif seen.stopped:
            yield _budget(asked, seen)
        else:
            yield replace(asked, outcome=Outcome.UNREACHABLE, expected=False, note="never fired")


def _broken(question: Question, seen: Exploration) -> Verdict:
    """A broken model must break as declared: this promise, shortest in so many steps."""
    breaks = question.machine.breaks
    assert breaks
    asked = replace(_base(question, seen), kind="broken", property=breaks.promise)
    finding = seen.violated.get(breaks.promise)
    if finding is None:
        if seen.stopped:
            return _budget(asked, seen)
        return replace(asked, expected=False, note="survives: it does not break what it says it breaks")
    steps = len(finding.trace.steps)
    note = "as declared" if steps == breaks.steps else f"in {steps} steps, declared were {breaks.steps}"
    return replace(_with(asked, finding), outcome=Outcome.VIOLATED, expected=steps == breaks.steps, note=note)
