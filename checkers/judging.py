# SPDX-License-Identifier: MIT
"""From a search to verdicts: one for each invariant, witness and action of a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checkers.core.ends import Ends
from checkers.core.stopped import INTERRUPTED, Reason, Stopped
from checkers.core.traces import Finding
from checkers.core.verdict import Kind, Outcome, Verdict, invariant_kind
from checkers.core.wording import counted
from spec.dsl import Machine, Sort, Witness, World

from .engines import DEFAULT_ENGINE, EngineChoice, ends, explore, reach, refine
from .explore.refine import Candidate
from .explore.search import UNLIMITED, Budget, Exploration, SearchProgress

if TYPE_CHECKING:  # hypothesis takes a quarter of a second to import; only simulations need it
    from checkers.simulate import SimulationRun

NO_DEADLOCK = "something_can_always_happen"
"""The name of the claim that a deadlock violates."""

END = "the_end_can_always_be_reached"
"""The name of the claim that some run leads from every reachable state to one in which a run may end."""
CLAIMS = "every_claim"
"""What a machine without claims leaves open."""

NOTHING_CLAIMED = "the model declares none of always=, steps=, sometimes=, final= and refines=; declare what must hold"

NO_INVARIANT = "the model has no invariant; declare one in always= or steps="

SAFETY_ONLY = (
    "this is about safety only: a step of the system may be one of the rules' environment, and no step has to happen"
)
"""How far a refinement that holds reaches."""


@dataclass(frozen=True)
class Question:
    """A model, a scope of it, the sorts taken as symmetric, and the budget and engine of the search."""

    machine: Machine
    name: str
    scope: str
    sizes: dict[str, int]
    symmetric: tuple[type[Sort], ...]
    budget: Budget = UNLIMITED
    choice: EngineChoice = DEFAULT_ENGINE


def check(question: Question, progress: SearchProgress = lambda seen: None) -> tuple[Exploration, list[Verdict]]:
    """Search a scope and judge every claim of the model."""
    machine, breaks = question.machine, question.machine.breaks
    until = breaks.invariant if breaks else ""
    asked = question.sizes, question.symmetric, question.budget, progress, until, question.choice
    seen = explore(machine, *asked)
    return seen, _judged(question, seen, _ends(question, seen, progress))


def _ends(question: Question, seen: Exploration, progress: SearchProgress) -> Ends:
    """Whether the end can always be reached, in what the budget leaves; asked where the model says what an end is."""
    machine, budget = question.machine, question.budget
    if machine.is_final is None or machine.breaks or seen.stopped:
        return Ends(stopped=seen.stopped)
    if budget.seconds:
        budget = replace(budget, seconds=max(budget.seconds - seen.seconds, 0.001))
    try:
        return ends(machine, question.sizes, question.symmetric, budget, progress, question.choice)
    except KeyboardInterrupt:
        return Ends(stopped=INTERRUPTED)


def not_begun(question: Question) -> tuple[Exploration, list[Verdict]]:
    """The verdicts of a search that an interrupt kept from being started."""
    seen = _nothing_seen(question)
    return seen, _judged(question, seen, Ends(stopped=seen.stopped))


def _nothing_seen(question: Question) -> Exploration:
    fired = {action.name: 0 for action in question.machine.actions}
    world = World(question.machine, question.sizes)
    return Exploration(world, question.symmetric, stopped=INTERRUPTED, fired=fired)


def _judged(question: Question, seen: Exploration, found: Ends) -> list[Verdict]:
    if question.machine.breaks:
        return [_broken(question, seen)]
    ended = [_ended(question, seen, found)] if question.machine.is_final else []
    claims = (*_invariants(question, seen), *ended, *_witnesses(question, seen), *_actions(question, seen))
    return [*_unclaimed(question, seen), *claims]


def _unclaimed(question: Question, seen: Exploration) -> Iterator[Verdict]:
    """UNKNOWN for a machine that claims nothing: a search that can find nothing wrong is no pass."""
    machine = question.machine
    if not (machine.invariants or machine.witnesses or machine.final or machine.refines):
        open_ = replace(_base(question, seen), property=CLAIMS, outcome=Outcome.UNKNOWN, expected=False)
        yield replace(open_, note=NOTHING_CLAIMED)


def was_interrupted(verdicts: Iterable[Verdict]) -> bool:
    """True if an interrupt left one of these questions open."""
    return any(v.stopped is not None and v.stopped.reason is Reason.INTERRUPTED for v in verdicts)


# -- refinement --------------------------------------------------------------------------------------------------------


def check_refinement(
    question: Question, progress: SearchProgress = lambda seen: None
) -> tuple[Verdict, tuple[Candidate, ...]]:
    """Judge whether each step of the model is a step of the machine it refines, or none."""
    result = refine(question.machine, question.sizes, question.budget, progress, question.choice)
    asked = _refinement(question, result.seen)
    if result.trace:
        wrong = replace(asked, outcome=Outcome.VIOLATED, expected=False, trace=result.trace)
        return wrong, result.candidates
    return _unless_stopped(replace(asked, note=SAFETY_ONLY), result.seen), ()


def refinement_not_begun(question: Question) -> Verdict:
    """The verdict of a refinement that an interrupt kept from being started."""
    seen = _nothing_seen(question)
    return _unless_stopped(_refinement(question, seen), seen)


def _refinement(question: Question, seen: Exploration) -> Verdict:
    high = question.machine.refines
    name = f"each_step_is_a_step_of_{high.name if high else '?'}_or_none"
    return replace(_base(question, seen), kind=Kind.REFINEMENT, property=name)


# -- simulation --------------------------------------------------------------------------------------------------------


def judge_simulation(question: Question, run: SimulationRun, seed: int) -> list[Verdict]:
    """One verdict for all invariants along a random run, and one for each action that was not taken."""
    base = replace(
        _base(question, Exploration(World(question.machine, question.sizes), ())),
        kind=Kind.SIMULATION,
        property="every_invariant",
        label=f"sampled({run.steps}, {seed})",
        engine="simulate (hypothesis)",
        transitions=run.steps,
        seconds=run.seconds,
    )
    if run.finding:
        return [_simulation_violates(question, _with(base, run.finding), run.finding)]
    if run.deadlock:
        stuck = replace(_with(base, run.deadlock), kind=Kind.DEADLOCK, property=NO_DEADLOCK)
        return [replace(stuck, outcome=Outcome.DEADLOCK, expected=False)]
    never = [
        replace(base, kind=Kind.ACTION, property=name, outcome=Outcome.UNKNOWN, expected=False, note="never taken")
        for name in run.never
    ]
    return [_simulation_passes(question, base, run), *never]


def _simulation_passes(question: Question, verdict: Verdict, run: SimulationRun) -> Verdict:
    """No violation was met. For a broken model the answer is UNKNOWN: a longer run might meet one."""
    if run.stopped:
        return replace(
            verdict, outcome=Outcome.BUDGET, expected=False, stopped=run.stopped, note=f"stopped ({run.stopped})"
        )
    if breaks := question.machine.breaks:
        unknown = replace(verdict, kind=Kind.BROKEN, property=breaks.invariant, outcome=Outcome.UNKNOWN, expected=False)
        return replace(unknown, note="not met in this simulation; take more --steps or another --seed")
    if not question.machine.invariants:
        return replace(verdict, outcome=Outcome.UNKNOWN, expected=False, note=NO_INVARIANT)
    return verdict


def _simulation_violates(question: Question, verdict: Verdict, finding: Finding) -> Verdict:
    """An invariant was violated; for a broken model that is expected if it is the declared one."""
    breaks = question.machine.breaks
    kind = Kind.BROKEN if breaks else Kind.INVARIANT
    declared = breaks is not None and breaks.invariant == finding.name
    return replace(verdict, kind=kind, property=finding.name, outcome=Outcome.VIOLATED, expected=declared)


# -- what verdicts share -----------------------------------------------------------------------------------------------


def _base(question: Question, seen: Exploration) -> Verdict:
    """A verdict with the outcome HOLDS, to be changed where something else was found."""
    return Verdict(
        model=question.name,
        kind=Kind.INVARIANT,
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


def _unless_stopped(verdict: Verdict, seen: Exploration) -> Verdict:
    """The verdict of a complete search, or BUDGET if the search stopped before its end."""
    if seen.stopped is None:
        return verdict
    far = f"stopped at depth {seen.depth} with {counted(seen.states, 'state')}" if seen.states else "not begun"
    return _open(verdict, seen.stopped, f"{far} ({seen.stopped.cause})")


def _open(verdict: Verdict, stopped: Stopped, note: str) -> Verdict:
    """The question has no answer."""
    return replace(verdict, outcome=Outcome.BUDGET, label="not run", expected=False, stopped=stopped, note=note)


def _with(verdict: Verdict, finding: Finding) -> Verdict:
    return replace(verdict, trace=finding.trace, args=tuple(map(repr, finding.args)))


# -- the claims of a model ---------------------------------------------------------------------------------------------


def _invariants(question: Question, seen: Exploration) -> Iterator[Verdict]:
    base = _base(question, seen)
    for claim in question.machine.invariants:
        asked = replace(base, property=claim.name, kind=invariant_kind(claim.is_step))
        if finding := seen.violated.get(claim.name):
            yield replace(_with(asked, finding), outcome=Outcome.VIOLATED, expected=False)
        else:
            yield _unless_stopped(asked, seen)
    asked = replace(base, property=NO_DEADLOCK, kind=Kind.DEADLOCK)
    if seen.deadlock:
        yield replace(_with(asked, seen.deadlock), outcome=Outcome.DEADLOCK, expected=False)
    else:
        yield _unless_stopped(asked, seen)


def _ended(question: Question, seen: Exploration, found: Ends) -> Verdict:
    """Whether some run leads from every reachable state to one in which a run may end."""
    asked = replace(_base(question, seen), property=END, kind=Kind.END)
    if found.trace:
        stuck = f"in {found.stuck:,} of {seen.states:,} states no run leads to the end"
        shared = f"; in each of them there is one in {', one in '.join(found.places)}" if found.places else ""
        return replace(asked, outcome=Outcome.NO_END, expected=False, trace=found.trace, note=stuck + shared)
    if found.stopped and not seen.stopped:
        return _open(asked, found.stopped, f"stopped ({found.stopped}) on the steps between all states")
    return _unless_stopped(asked, seen)


def _witnesses(question: Question, seen: Exploration) -> Iterator[Verdict]:
    base = replace(_base(question, seen), kind=Kind.WITNESS, outcome=Outcome.REACHED)
    found: Finding | Stopped | None = None
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


def _in_stages(question: Question, seen: Exploration, witness: Witness) -> Finding | Stopped | None:
    """Search for a witness of several stages in what the budget leaves; None if there is no such run."""
    budget = question.budget
    if seen.stopped:
        return None
    if budget.seconds:
        budget = replace(budget, seconds=max(budget.seconds - seen.seconds, 0.001))
    try:
        return reach(question.machine, question.sizes, witness, budget, question.choice)
    except KeyboardInterrupt:
        return INTERRUPTED


def _witnessed(asked: Verdict, seen: Exploration, found: Finding | Stopped | None) -> Verdict:
    if isinstance(found, Finding):
        return _with(asked, found)
    if found:
        return _open(asked, found, f"stopped ({found}) on a search of its own")
    return _unless_stopped(replace(asked, outcome=Outcome.UNREACHABLE, expected=False), seen)


def _actions(question: Question, seen: Exploration) -> Iterator[Verdict]:
    """Each action must fire: what is proved of one that never does is vacuous."""
    base = replace(_base(question, seen), kind=Kind.ACTION, outcome=Outcome.REACHED)
    for name, times in seen.fired.items():
        asked = replace(base, property=name, note=counted(times, "time"))
        never = replace(asked, outcome=Outcome.UNREACHABLE, expected=False, note="never fired")
        yield asked if times else _unless_stopped(never, seen)


def _broken(question: Question, seen: Exploration) -> Verdict:
    """A broken model must violate the declared invariant, in a shortest run of the declared length."""
    breaks = question.machine.breaks
    assert breaks
    asked = replace(_base(question, seen), kind=Kind.BROKEN, property=breaks.invariant)
    finding = seen.violated.get(breaks.invariant)
    if finding is None:
        survives = "survives: the invariant it is declared to break holds"
        return _unless_stopped(replace(asked, expected=False, note=survives), seen)
    return replace(_with(asked, finding), outcome=Outcome.VIOLATED).as_declared(breaks.steps)
