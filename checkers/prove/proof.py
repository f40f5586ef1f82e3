# SPDX-License-Identifier: MIT
"""From obligations to verdicts: on each invariant, and on the satisfiability of states and paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from checkers.core.traces import Finding
from checkers.core.verdict import Kind, Outcome, Verdict, invariant_kind
from checkers.core.wording import counted, in_steps, sentence
from spec.dsl import Machine, World
from spec.dsl.ir import Not, Path

from .cti import Cti, scope_text, smallest
from .deciding import Decided, SolverOptions, decide
from .near import Near
from .obligations import SAT, Obligation, counted_by, enough, obligations
from .solvers import SOLVERS, versions
from .theory import Invariant, Theory, invariants_of
from .uncounted import counting_free_core

ANY, COUNTED = "any-N", "any-N (counted)"
"""The labels of a proof for any number of members; the second if it, or what it depends on, uses that counts are sizes
of sets."""

TRIES = 3
"""The number of failing obligations of an invariant for which a counterexample to induction is searched."""

ProofProgress = Callable[[str, int, int], None]
Branch = tuple[str, bool]
"""A branch by its line, and the answer taken."""


@dataclass
class Proof:
    """The decided obligations of one machine; `seeds` are the answers with other seeds of the solvers.

    `uncounted` are the invariants proved without the cardinality axioms, `ctis` counterexamples to induction, and
    `runs` shortest runs in small scopes that violate an unproved invariant. `depends_on_unproved` gives, for invariants
    whose own obligations hold, the names of the unproved ones they need.
    """

    name: str
    machine: Machine
    invariants: tuple[Invariant, ...]
    decided: list[Decided]
    uncounted: frozenset[str] = frozenset()
    seeds: list[list[Decided]] = field(default_factory=list)
    ctis: dict[str, Cti] = field(default_factory=dict)
    runs: dict[str, tuple[World, Finding]] = field(default_factory=dict)
    depends_on_unproved: dict[str, tuple[str, ...]] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)

    def of(self, invariant: Invariant) -> list[Decided]:
        """The decided obligations of one invariant, for every seed."""
        return [d for run in (self.decided, *self.seeds) for d in run if invariant.name in d.obligation.invariants]

    @property
    def seconds(self) -> float:
        return sum(d.seconds for run in (self.decided, *self.seeds) for d in run)


def prove(
    machine: Machine,
    name: str,
    options: SolverOptions,
    seeds: int = 1,
    progress: ProofProgress = lambda what, n, of: None,
) -> Proof:
    """Decide the obligations of a machine; for a broken one those of its invariant first, others only if these hold."""
    every = invariants_of(machine)
    asked = tuple(f for f in every if machine.breaks is None or f.name == machine.breaks.invariant)
    proof = _decided(machine, name, asked, every, options, seeds, progress)
    if machine.breaks and all(d.is_as_wanted for d in proof.of(asked[0])):
        proof = _decided(machine, name, every, every, options, seeds, progress)
    near = Near(machine)
    for invariant in asked:
        if cti := _counterexample(proof, near, invariant, every, options):
            proof.ctis[invariant.name] = cti
    if proof.invariants == every:
        proof.depends_on_unproved = _depends_on_unproved(proof, asked, every, options, progress)
    if machine.breaks is None:
        proof.runs = dict(_runs(proof, near))
    proof.verdicts = [_verdict(proof, invariant) for invariant in asked]
    if machine.breaks is None:
        proof.verdicts += _possible(proof)
    return proof


def _decided(
    machine: Machine,
    name: str,
    asked: tuple[Invariant, ...],
    every: tuple[Invariant, ...],
    options: SolverOptions,
    seeds: int,
    progress: ProofProgress,
) -> Proof:
    """Decide the obligations of some invariants, or of all, with every seed."""
    listed, uncounted = obligations(machine, () if asked == every else asked, every), frozenset[str]()
    if asked == every:
        listed, uncounted = counting_free_core(
            machine, every, listed, options, lambda n, of: progress("checked without counting", n, of)
        )
    runs = [decide(listed, replace(options, seed=k), lambda n, of: progress("", n, of)) for k in range(seeds)]
    if any(d.counting and uncounted & set(d.obligation.invariants) for run in runs for d in run):
        uncounted = frozenset()
    return Proof(name, machine, asked, runs[0], uncounted, runs[1:])


def _runs(proof: Proof, near: Near) -> Iterator[tuple[str, tuple[World, Finding]]]:
    """A shortest run that violates each unproved invariant, in the scope of its counterexample or at tiny."""
    for invariant in proof.invariants:
        if all(d.is_as_wanted for d in proof.of(invariant)) and invariant.name not in proof.depends_on_unproved:
            continue
        scopes = [cti.sizes] if (cti := proof.ctis.get(invariant.name)) else []
        for sizes in (*scopes, proof.machine.sizes("tiny", {})):
            if found := near.run(sizes, invariant.name):
                yield invariant.name, (near.searched(sizes).world, found)
                break


def _counterexample(
    proof: Proof, near: Near, invariant: Invariant, every: Sequence[Invariant], options: SolverOptions
) -> Cti | None:
    """A smallest counterexample to induction for an invariant, a reachable one if there is one."""
    found: list[Cti] = []
    failing = [d.obligation for d in proof.of(invariant) if d.fails and d.obligation.breaks]
    for obligation in list(dict.fromkeys(failing))[:TRIES]:
        action = proof.machine.action(obligation.action) if obligation.action else None
        if cti := smallest(near, action, invariant, every, options.seconds):
            found.append(cti)
    found.sort(key=lambda c: (not c.reachable, not c.is_broken, *c.sizes.values()))
    return found[0] if found else None


def _depends_on_unproved(
    proof: Proof,
    asked: Sequence[Invariant],
    every: Sequence[Invariant],
    options: SolverOptions,
    progress: ProofProgress,
) -> dict[str, tuple[str, ...]]:
    """The invariants that are inductive only if unproved invariants are assumed, with the names of those.

    Invariants that fail are not assumed any more, until no other fails. It is tried first with the asked invariants.
    """
    failed = {f.name for f in every if not all(d.is_as_wanted for d in proof.of(f))}
    depends_on_unproved: dict[str, tuple[str, ...]] = {}
    for only in (asked, every) if len(asked) < len(every) else (every,):
        lost = failed
        while lost and not {f.name for f in asked} <= failed | set(depends_on_unproved):
            left = tuple(f for f in every if f.name not in failed and f.name not in depends_on_unproved)
            wanted = tuple(f for f in left if f in only)
            again = decide(
                obligations(proof.machine, wanted, left), options, lambda n, of: progress("without those", n, of)
            )
            lost = {name for d in again if not d.is_as_wanted for name in d.obligation.invariants}
            depends_on_unproved |= dict.fromkeys(lost, tuple(f.name for f in every if f.name in failed))
    return depends_on_unproved


# -- verdicts ----------------------------------------------------------------------------------------------------------


def base(proof: Proof, decided: Sequence[Decided]) -> Verdict:
    return Verdict(
        model=proof.name,
        kind=Kind.INVARIANT,
        property="",
        outcome=Outcome.HOLDS,
        label=ANY,
        engine=f"prove ({', '.join(' '.join(pair) for pair in versions().items())})",
        scope={},
        digest=proof.machine.digest,
        expected=True,
        seconds=sum(d.seconds for d in decided),
    )


def _verdict(proof: Proof, invariant: Invariant) -> Verdict:
    """The verdict on one invariant."""
    mine = proof.of(invariant)
    label, kind = (ANY if invariant.name in proof.uncounted else COUNTED), invariant_kind(invariant.is_step)
    asked = replace(base(proof, mine), property=invariant.name, kind=kind, label=label)
    if proof.machine.breaks:
        return _broken(proof, invariant, replace(asked, kind=Kind.BROKEN), mine)
    outcome, note = _outcome(proof, invariant, mine)
    if outcome is Outcome.HOLDS:
        return replace(asked, note=counted(len(mine), "obligation"))
    told = replace(asked, outcome=outcome, label="not run", expected=False, note=note)
    if invariant.name not in proof.runs:
        return told
    world, run = proof.runs[invariant.name]
    return replace(told, scope=world.sizes, trace=run.trace, world=world, args=tuple(map(repr, run.args)))


def _outcome(proof: Proof, invariant: Invariant, mine: Sequence[Decided]) -> tuple[Outcome, str]:
    """The outcome for an invariant, and the reason."""
    if disputed := [d.obligation.name for d in mine if d.is_disputed]:
        return Outcome.DISPUTED, f"about: {disputed[0]}"
    if invariant.name in proof.runs:
        world, run = proof.runs[invariant.name]
        return Outcome.VIOLATED, f"{in_steps(len(run.trace.steps))} with {scope_text(world.sizes)}, by the explorer"
    if cti := proof.ctis.get(invariant.name):
        return (Outcome.VIOLATED if cti.is_broken else Outcome.NOT_INDUCTIVE), cti.reachability
    if failing := [d.obligation for d in mine if d.fails]:
        return Outcome.NOT_INDUCTIVE, f"fails: {failing[0].name}{_left_open(proof.machine, failing[0], invariant)}"
    if unknown := [d for d in mine if not d.is_as_wanted]:
        return Outcome.UNKNOWN, unanswered(unknown[0])
    if invariant.name in proof.depends_on_unproved:
        return (
            Outcome.NOT_INDUCTIVE,
            f"depends on what is not proved: {_some(proof.depends_on_unproved[invariant.name])}",
        )
    return Outcome.HOLDS, ""


def _left_open(machine: Machine, failing: Obligation, invariant: Invariant) -> str:
    """Why the step of an obligation leaves a count of the invariant open, if it does."""
    if not failing.action:
        return ""
    theory = Theory(machine, invariants=[invariant])
    changes = (
        c
        for counted in counted_by(theory, [invariant])
        for c in theory.changes(machine.action(failing.action), counted)
    )
    why = next((change.havoc_reason for change in changes if change.havoc_reason), "")
    return f"; {failing.action} leaves a count open: {why}" if why else ""


def _some(names: Sequence[str]) -> str:
    """The first name, and the number of others."""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{sentence(names[0])}{more}"


def unanswered(decided: Decided) -> str:
    """The reason why an obligation is not decided."""
    missing = [solver.name for solver in SOLVERS if solver.name not in decided.answers]
    if missing:
        return f"{missing[0]} is not installed: no answer rests on one solver"
    answers = ((name, a.result, f" ({a.cause})" if a.cause else "") for name, a in decided.answers.items())
    text = ", ".join(f"{name}: {word}{cause}" for name, word, cause in answers)
    return f"{text}; obligation: {decided.obligation.name}"


def _broken(proof: Proof, invariant: Invariant, asked: Verdict, mine: Sequence[Decided]) -> Verdict:
    """A broken model must fail by the declared invariant: by a step, or because what that depends on fails."""
    outcome, note = _outcome(proof, invariant, mine)
    if outcome in (Outcome.VIOLATED, Outcome.NOT_INDUCTIVE):
        by = ", ".join(dict.fromkeys(d.obligation.action or "the start" for d in mine if d.fails))
        return replace(asked, outcome=outcome, label="not run", note=f"violated by {by}" if by else note)
    if outcome is Outcome.HOLDS:
        return replace(asked, expected=False, note="survives: the invariant it is declared to break is proved")
    return replace(asked, outcome=outcome, label="not run", expected=False, note=note)


def label_of(proof: Proof, decided: Decided) -> str:
    """The label of one obligation: for which sizes its answer holds."""
    if not decided.is_as_wanted:
        return "not run"
    if decided.obligation.wanted == SAT:
        return f"possible({', '.join(f'{name} {n}' for name, n in enough(proof.machine).items())})"
    return COUNTED if decided.counting else ANY


def became(decided: Decided) -> Outcome:
    """The outcome of one obligation."""
    if decided.is_as_wanted:
        return Outcome.REACHED if decided.obligation.wanted == SAT else Outcome.HOLDS
    if decided.is_disputed:
        return Outcome.DISPUTED
    if decided.fails:
        return Outcome.UNREACHABLE if decided.obligation.wanted == SAT else Outcome.NOT_INDUCTIVE
    return Outcome.UNKNOWN


def _possible(proof: Proof) -> Iterator[Verdict]:
    """The verdicts on satisfiability: of states, and of each path of each action."""
    paths = [d for d in proof.decided if d.obligation.wanted == SAT]
    taken = {branch for d in paths if d.is_as_wanted for branch in _branches(proof.machine, d.obligation)}
    open_paths = any(became(d) is Outcome.UNKNOWN for d in paths)
    for d in paths:
        told = replace(base(proof, [d]), kind=Kind.PATH, property=d.obligation.name, outcome=became(d))
        if told.outcome is Outcome.REACHED:
            yield replace(told, label=label_of(proof, d))
        elif told.outcome is Outcome.UNREACHABLE:
            yield _never(told, set(_branches(proof.machine, d.obligation)), taken, open_paths)
        else:
            yield replace(told, label="not run", expected=False, note=unanswered(d))


def _never(told: Verdict, mine: set[Branch], taken: set[Branch], open_paths: bool) -> Verdict:
    """The verdict on an unsatisfiable path: as expected if other paths take all its branches."""
    if mine and mine <= taken:
        return replace(told, label="not run", note="each of its branches is taken elsewhere")
    if open_paths:
        note = "unsatisfiable; whether other paths take its branches is not decided"
        return replace(told, outcome=Outcome.UNKNOWN, label="not run", expected=False, note=note)
    return replace(told, label="not run", expected=False, note="proofs about it are vacuous")


def _branches(machine: Machine, obligation: Obligation) -> list[Branch]:
    """The branches of a path."""
    if obligation.path is None:
        return []
    path: Path = machine.action(obligation.action).lifted.paths[obligation.path]
    return [(given.where, isinstance(given.claim, Not)) for given in path.branches]
