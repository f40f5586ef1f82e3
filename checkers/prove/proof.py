"""From obligations to verdicts: each invariant, each way an action can go, and that there are states at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from checkers.core.traces import Finding
from checkers.core.verdict import Outcome, Verdict
from checkers.core.wording import in_steps, sentence
from spec.dsl import Machine, World
from spec.dsl.ir import Not, Path

from .cti import Cti, said_sizes, smallest
from .deciding import Decided, Effort, decide
from .near import Near
from .obligations import SAT, Obligation, enough, obligations
from .solvers import SOLVERS, versions
from .theory import Fact, facts_of
from .uncounted import apart

ANY, COUNTED = "any-N", "any-N (counted)"
"""Proved for any number of members of each sort; and so, where besides it is used that counts are sizes of sets, for
the claim itself or for another that it leans on."""

TRIES = 3
"""Failing obligations of one invariant of which a counterexample to induction is looked for."""

Progress = Callable[[str, int, int], None]
Branch = tuple[str, bool]
"""A line of the text, and which of its answers."""


@dataclass
class Proof:
    """What became of the obligations of one machine; `seeds` are the answers with other seeds of the solvers.

    `uncounted` are the claims of whose steps nothing was assumed that needs counting; `runs` are shortest runs of
    small scopes that break a claim which is not proved.
    """

    name: str
    machine: Machine
    facts: tuple[Fact, ...]
    decided: list[Decided]
    uncounted: frozenset[str] = frozenset()
    seeds: list[list[Decided]] = field(default_factory=list)
    ctis: dict[str, Cti] = field(default_factory=dict)
    runs: dict[str, tuple[World, Finding]] = field(default_factory=dict)
    rests: dict[str, tuple[str, ...]] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)

    def of(self, fact: Fact) -> list[Decided]:
        """What was decided of one claim, with every seed."""
        return [d for run in (self.decided, *self.seeds) for d in run if fact.name in d.obligation.facts]

    @property
    def seconds(self) -> float:
        return sum(d.seconds for run in (self.decided, *self.seeds) for d in run)


def prove(
    machine: Machine, name: str, effort: Effort, seeds: int = 1, progress: Progress = lambda what, n, of: None
) -> Proof:
    """Decide every obligation of a machine, and judge; of a broken one those of the invariant it breaks come first."""
    every = facts_of(machine)
    asked = tuple(f for f in every if machine.breaks is None or f.name == machine.breaks.invariant)
    proof = _decided(machine, name, asked, every, effort, seeds, progress)
    if machine.breaks and all(d.is_as_wanted for d in proof.of(asked[0])):
        proof = _decided(machine, name, every, every, effort, seeds, progress)
    near = Near(machine)
    for fact in asked:
        if cti := _counterexample(proof, near, fact, every, effort):
            proof.ctis[fact.name] = cti
    if proof.facts == every:
        proof.rests = _rests(proof, asked, every, effort, progress)
    if machine.breaks is None:
        proof.runs = dict(_runs(proof, near))
    proof.verdicts = [_verdict(proof, fact) for fact in asked]
    if machine.breaks is None:
        proof.verdicts += _possible(proof)
    return proof


def _decided(
    machine: Machine,
    name: str,
    asked: tuple[Fact, ...],
    every: tuple[Fact, ...],
    effort: Effort,
    seeds: int,
    progress: Progress,
) -> Proof:
    """The obligations of some claims, or of all, with every seed."""
    listed, uncounted = obligations(machine, () if asked == every else asked, every), frozenset[str]()
    if asked == every:
        listed, uncounted = apart(
            machine, every, listed, effort, lambda n, of: progress("looked at for counting", n, of)
        )
    runs = [decide(listed, replace(effort, seed=k), lambda n, of: progress("", n, of)) for k in range(seeds)]
    if any(d.counting and uncounted & set(d.obligation.facts) for run in runs for d in run):
        uncounted = frozenset()
    return Proof(name, machine, asked, runs[0], uncounted, runs[1:])


def _runs(proof: Proof, near: Near) -> Iterator[tuple[str, tuple[World, Finding]]]:
    """Of each claim that is not proved a shortest run that breaks it: in its counterexample's scope, or at tiny."""
    for fact in proof.facts:
        if all(d.is_as_wanted for d in proof.of(fact)) and fact.name not in proof.rests:
            continue
        scopes = [cti.sizes] if (cti := proof.ctis.get(fact.name)) else []
        for sizes in (*scopes, proof.machine.sizes("tiny", {})):
            if found := near.run(sizes, fact.name):
                yield fact.name, (near.searched(sizes).world, found)
                break


def _counterexample(proof: Proof, near: Near, fact: Fact, every: Sequence[Fact], effort: Effort) -> Cti | None:
    """Of the failing obligations of a claim, a smallest counterexample: one that can happen, if there is one."""
    found: list[Cti] = []
    failing = [d.obligation for d in proof.of(fact) if d.fails and d.obligation.breaks]
    for obligation in list(dict.fromkeys(failing))[:TRIES]:
        action = proof.machine.action(obligation.action) if obligation.action else None
        if cti := smallest(near, action, fact, every, effort.seconds):
            found.append(cti)
    found.sort(key=lambda c: (not c.reachable, not c.is_broken, *c.sizes.values()))
    return found[0] if found else None


def _rests(
    proof: Proof, asked: Sequence[Fact], every: Sequence[Fact], effort: Effort, progress: Progress
) -> dict[str, tuple[str, ...]]:
    """Claims that are kept only as long as claims hold that are not proved, and the names of those.

    What fails is not assumed any more, until nothing more fails; first it is seen whether what was asked does.
    """
    failed = {f.name for f in every if not all(d.is_as_wanted for d in proof.of(f))}
    rests: dict[str, tuple[str, ...]] = {}
    for only in (asked, every) if len(asked) < len(every) else (every,):
        lost = failed
        while lost and not {f.name for f in asked} <= failed | set(rests):
            left = tuple(f for f in every if f.name not in failed and f.name not in rests)
            wanted = tuple(f for f in left if f in only)
            again = decide(
                obligations(proof.machine, wanted, left), effort, lambda n, of: progress("without those", n, of)
            )
            lost = {name for d in again if not d.is_as_wanted for name in d.obligation.facts}
            rests |= dict.fromkeys(lost, tuple(f.name for f in every if f.name in failed))
    return rests


# -- verdicts ----------------------------------------------------------------------------------------------------------


def base(proof: Proof, decided: Sequence[Decided]) -> Verdict:
    return Verdict(
        model=proof.name,
        kind="invariant",
        property="",
        outcome=Outcome.HOLDS,
        label=ANY,
        engine=f"prove ({', '.join(' '.join(pair) for pair in versions().items())})",
        scope={},
        digest=proof.machine.digest,
        expected=True,
        seconds=sum(d.seconds for d in decided),
    )


def _verdict(proof: Proof, fact: Fact) -> Verdict:
    """What is proved of one claim."""
    mine = proof.of(fact)
    label, kind = (ANY if fact.name in proof.uncounted else COUNTED), "step invariant" if fact.is_step else "invariant"
    asked = replace(base(proof, mine), property=fact.name, kind=kind, label=label)
    if proof.machine.breaks:
        return _broken(proof, fact, replace(asked, kind="broken"), mine)
    outcome, note = _outcome(proof, fact, mine)
    if outcome is Outcome.HOLDS:
        return replace(asked, note=f"{len(mine)} obligations")
    told = replace(asked, outcome=outcome, label="not run", expected=False, note=note)
    if fact.name not in proof.runs:
        return told
    world, run = proof.runs[fact.name]
    return replace(told, scope=world.sizes, trace=run.trace, world=world, args=tuple(map(repr, run.args)))


def _outcome(proof: Proof, fact: Fact, mine: Sequence[Decided]) -> tuple[Outcome, str]:
    """What is to be said of a claim, and why."""
    if disputed := [d.obligation.name for d in mine if d.is_disputed]:
        return Outcome.DISPUTED, f"about: {disputed[0]}"
    if fact.name in proof.runs:
        world, run = proof.runs[fact.name]
        return Outcome.VIOLATED, f"{in_steps(len(run.trace.steps))} with {said_sizes(world.sizes)}, says the explorer"
    if cti := proof.ctis.get(fact.name):
        return (Outcome.VIOLATED if cti.is_broken else Outcome.NOT_INDUCTIVE), cti.said()
    if failing := [d.obligation.name for d in mine if d.fails]:
        return Outcome.NOT_INDUCTIVE, f"not so: {failing[0]}"
    if unknown := [d for d in mine if not d.is_as_wanted]:
        return Outcome.UNKNOWN, unanswered(unknown[0])
    if fact.name in proof.rests:
        return Outcome.NOT_INDUCTIVE, f"rests on what is not proved: {_some(proof.rests[fact.name])}"
    return Outcome.HOLDS, ""


def _some(names: Sequence[str]) -> str:
    """A few claims by name."""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{sentence(names[0])}{more}"


def unanswered(decided: Decided) -> str:
    """Why an obligation is not decided."""
    missing = [solver.name for solver in SOLVERS if solver.name not in decided.answers]
    if missing:
        return f"{missing[0]} is not installed: no answer rests on one solver"
    answers = ((name, a.said, f" ({a.cause})" if a.cause else "") for name, a in decided.answers.items())
    said = ", ".join(f"{name} says {word}{cause}" for name, word, cause in answers)
    return f"{said}: {decided.obligation.name}"


def _broken(proof: Proof, fact: Fact, asked: Verdict, mine: Sequence[Decided]) -> Verdict:
    """A broken model must fail by the invariant it names: by a step, or because what the invariant rests on fails."""
    outcome, note = _outcome(proof, fact, mine)
    if outcome in (Outcome.VIOLATED, Outcome.NOT_INDUCTIVE):
        by = ", ".join(dict.fromkeys(d.obligation.action or "the start" for d in mine if d.fails))
        return replace(asked, outcome=outcome, label="not run", note=f"not kept by {by}" if by else note)
    if outcome is Outcome.HOLDS:
        return replace(asked, expected=False, note="survives: the invariant it says it breaks is proved")
    return replace(asked, outcome=outcome, label="not run", expected=False, note=note)


def label_of(proof: Proof, decided: Decided) -> str:
    """How far the answer to one obligation reaches."""
    if not decided.is_as_wanted:
        return "not run"
    if decided.obligation.wanted == SAT:
        return f"possible({', '.join(f'{name} {n}' for name, n in enough(proof.machine).items())})"
    return COUNTED if decided.counting else ANY


def became(decided: Decided) -> Outcome:
    """What became of one obligation."""
    if decided.is_as_wanted:
        return Outcome.REACHED if decided.obligation.wanted == SAT else Outcome.HOLDS
    if decided.is_disputed:
        return Outcome.DISPUTED
    if decided.fails:
        return Outcome.UNREACHABLE if decided.obligation.wanted == SAT else Outcome.NOT_INDUCTIVE
    return Outcome.UNKNOWN


def _possible(proof: Proof) -> Iterator[Verdict]:
    """That there are states at all, and which ways actions can go."""
    ways = [d for d in proof.decided if d.obligation.wanted == SAT]
    taken = {branch for d in ways if d.is_as_wanted for branch in _branches(proof.machine, d.obligation)}
    open_ways = any(became(d) is Outcome.UNKNOWN for d in ways)
    for d in ways:
        told = replace(base(proof, [d]), kind="way", property=d.obligation.name, outcome=became(d))
        if told.outcome is Outcome.REACHED:
            yield replace(told, label=label_of(proof, d))
        elif told.outcome is Outcome.UNREACHABLE:
            yield _never(told, set(_branches(proof.machine, d.obligation)), taken, open_ways)
        else:
            yield replace(told, label="not run", expected=False, note=unanswered(d))


def _never(told: Verdict, mine: set[Branch], taken: set[Branch], open_ways: bool) -> Verdict:
    """A way that no state permits: right where its branches are for other ways, else what is proved of it is empty."""
    if mine and mine <= taken:
        return replace(told, label="not run", note="each of its branches is taken elsewhere")
    if open_ways:
        note = "impossible; whether its branches are taken elsewhere is not decided"
        return replace(told, outcome=Outcome.UNKNOWN, label="not run", expected=False, note=note)
    return replace(told, label="not run", expected=False, note="what is proved of it is empty")


def _branches(machine: Machine, obligation: Obligation) -> list[Branch]:
    """The branches of a way as places in the text: a line, and which of its answers."""
    if obligation.path is None:
        return []
    path: Path = machine.action(obligation.action).lifted.paths[obligation.path]
    return [(given.where, isinstance(given.claim, Not)) for given in path.branches]
