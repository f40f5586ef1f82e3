"""From a search to verdicts: every invariant, witness and action of a model gets its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checkers.core.traces import Finding
from checkers.core.verdict import Outcome, Verdict
from spec.dsl import Machine, Sort, Witness, World

from .engines import USUAL, Effort, explore, reach
from .explore.refine import Candidate, refine
from .explore.search import UNLIMITED, Budget, Exploration, Progress

if TYPE_CHECKING:  # hypothesis takes a quarter of a second to import; only walks need it
    from checkers.simulate import Walk

INTERRUPTED = "interrupted"
"""What the explorer says of a search that somebody stopped."""


@dataclass(frozen=True)
class Question:
    """What is asked of which model, how far, and with which sorts treated as interchangeable."""

    machine: Machine
    name: str
    scope: str
    sizes: dict[str, int]
    symmetric: tuple[type[Sort], ...]
    budget: Budget = UNLIMITED
    effort: Effort = USUAL


def check(question: Question, progress: Progress = lambda seen: None) -> tuple[Exploration, list[Verdict]]:
    """Search a scope, and judge everything the model says about itself."""
    machine, breaks = question.machine, question.machine.breaks
    until = breaks.invariant if breaks else ""
    asked = question.sizes, question.symmetric, question.budget, progress, until, question.effort
    seen = explore(machine, *asked)
    return seen, _judged(question, seen)


def not_begun(question: Question) -> tuple[Exploration, list[Verdict]]:
    """The same of a search that was not begun, because somebody interrupted those before it."""
    fired = {action.name: 0 for action in question.machine.actions}
    world = World(question.machine, question.sizes)
    seen = Exploration(world, question.symmetric, stopped=INTERRUPTED, fired=fired)
    return seen, _judged(question, seen)


def _judged(question: Question, seen: Exploration) -> list[Verdict]:
    if question.machine.breaks:
        return [_broken(question, seen)]
    return [*_invariants(question, seen), *_witnesses(question, seen), *_actions(question, seen)]


def was_interrupted(verdicts: Iterable[Verdict]) -> bool:
    """Did somebody stop the work on one of these questions?"""
    return any(v.outcome is Outcome.BUDGET and INTERRUPTED in v.note for v in verdicts)


def check_refinement(
    question: Question, progress: Progress = lambda seen: None
) -> tuple[Verdict, tuple[Candidate, ...]]:
    """Judge whether each step of the model is a step of the machine it refines, or none."""
    result = refine(question.machine, question.sizes, question.budget, progress)
    asked = _refinement(question, result.seen)
    if result.trace:
        wrong = replace(asked, outcome=Outcome.VIOLATED, expected=False, trace=result.trace)
        return wrong, result.candidates
    return (_budget(asked, result.seen) if result.seen.stopped else replace(asked, note=SAFETY_ONLY)), ()


SAFETY_ONLY = "of safety: a step of the system may be one of the rules' environment, and none has to happen"
"""How far a refinement that holds reaches."""


def refinement_not_begun(question: Question) -> Verdict:
    """The same where somebody interrupted what came before it."""
    seen = Exploration(World(question.machine, question.sizes), question.symmetric, stopped=INTERRUPTED)
    return _budget(_refinement(question, seen), seen)


def _refinement(question: Question, seen: Exploration) -> Verdict:
    high = question.machine.refines
    name = f"each_step_is_a_step_of_{high.name if high else '?'}_or_none"
    return replace(_base(question, seen), kind="refinement", property=name)


def judge_walk(question: Question, walked: Walk, seed: int) -> list[Verdict]:
    """What a walk says: about the invariants as far as it came, and about actions it never took."""
    base = replace(
        _base(question, Exploration(World(question.machine, question.sizes), ())),
        kind="walk",
        property="every_invariant",
        label=f"sampled({walked.steps}, {seed})",
        engine="walk (hypothesis)",
        transitions=walked.steps,
        seconds=walked.seconds,
    )
    if walked.finding:
        return [_walked_into(question, _with(base, walked.finding), walked.finding)]
    if walked.deadlock:
        stuck = replace(_with(base, walked.deadlock), kind="deadlock", property="something_can_always_happen")
        return [replace(stuck, outcome=Outcome.DEADLOCK, expected=False)]
    never = [
        replace(base, kind="action", property=name, outcome=Outcome.UNKNOWN, expected=False, note="never taken")
        for name in walked.never
    ]
    return [_walked_through(question, base, walked), *never]


def _walked_through(question: Question, verdict: Verdict, walked: Walk) -> Verdict:
    """A walk broke nothing; of a broken model that says nothing, for a longer one might."""
    if walked.stopped:
        return replace(verdict, outcome=Outcome.BUDGET, expected=False, note=f"stopped ({walked.stopped})")
    if breaks := question.machine.breaks:
        unknown = replace(verdict, kind="broken", property=breaks.invariant, outcome=Outcome.UNKNOWN, expected=False)
        return replace(unknown, note="not met on this walk; take more --steps or another --seed")
    return verdict


def _walked_into(question: Question, verdict: Verdict, finding: Finding) -> Verdict:
    """A walk broke an invariant; of a broken model that is as declared if it is this invariant."""
    breaks = question.machine.breaks
    kind = "broken" if breaks else "invariant"
    declared = breaks is not None and breaks.invariant == finding.name
    return replace(verdict, kind=kind, property=finding.name, outcome=Outcome.VIOLATED, expected=declared)


def _base(question: Question, seen: Exploration) -> Verdict:
    """A verdict that says yes; whoever finds otherwise changes it."""
    return Verdict(
        model=question.name,
        kind="invariant",
        property="",
        outcome=Outcome.HOLDS,
        label=f"exhaustive({question.scope})",
        engine=seen.engine,
        memory=seen.memory,
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


def _budget(verdict: Verdict, seen: Exploration, note: str = "") -> Verdict:
    """The search ended early: neither yes nor no, however far it came."""
    why = seen.stopped if seen.stopped == INTERRUPTED else f"budget {seen.stopped}"
    far = f"stopped at depth {seen.depth} with {seen.states:,} states ({why})"
    note = note or (far if seen.states else f"not begun ({why})")
    return replace(verdict, outcome=Outcome.BUDGET, label="not run", expected=False, note=note)


def _with(verdict: Verdict, finding: Finding) -> Verdict:
    return replace(verdict, trace=finding.trace, args=tuple(map(repr, finding.args)))


def _invariants(question: Question, seen: Exploration) -> Iterator[Verdict]:
    base = _base(question, seen)
    for claim in question.machine.invariants:
        asked = replace(base, property=claim.name, kind="step invariant" if claim.is_step else "invariant")
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
    found: Finding | str | None = None
    for witness in question.machine.witnesses:
        asked = replace(base, property=witness.name)
        if not witness.fits(question.sizes):
            needs = ", ".join(f"{name} >= {least}" for name, least in witness.needs)
            yield replace(asked, outcome=Outcome.NOT_RUN, label="not run", note=f"needs {needs}")
        elif len(witness.stages) == 1:
            yield _witnessed(asked, seen, seen.reached.get(witness.name))
        else:
            found = found if found == INTERRUPTED else _in_stages(question, seen, witness)
            yield _witnessed(asked, seen, found)


def _in_stages(question: Question, seen: Exploration, witness: Witness) -> Finding | str | None:
    """Look for a witness of several stages, in what the budget leaves: the run, none, or why the search stopped."""
    budget = question.budget
    if seen.stopped:
        return None
    if budget.seconds:
        budget = replace(budget, seconds=max(budget.seconds - seen.seconds, 0.001))
    try:
        return reach(question.machine, question.sizes, witness, budget, question.effort)
    except KeyboardInterrupt:
        return INTERRUPTED


def _witnessed(asked: Verdict, seen: Exploration, found: Finding | str | None) -> Verdict:
    if isinstance(found, Finding):
        return _with(asked, found)
    if found:
        return _budget(asked, seen, f"stopped ({found}) on a search of its own")
    return _budget(asked, seen) if seen.stopped else replace(asked, outcome=Outcome.UNREACHABLE, expected=False)


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
    """A broken model must break as declared: this invariant, shortest in so many steps."""
    breaks = question.machine.breaks
    assert breaks
    asked = replace(_base(question, seen), kind="broken", property=breaks.invariant)
    finding = seen.violated.get(breaks.invariant)
    if finding is None:
        if seen.stopped:
            return _budget(asked, seen)
        return replace(asked, expected=False, note="survives: it does not break what it says it breaks")
    steps = len(finding.trace.steps)
    note = "as declared" if steps == breaks.steps else f"in {steps} steps, declared were {breaks.steps}"
    return replace(_with(asked, finding), outcome=Outcome.VIOLATED, expected=steps == breaks.steps, note=note)
