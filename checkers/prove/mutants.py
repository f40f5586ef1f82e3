# SPDX-License-Identifier: MIT
"""Mutation testing of a machine: a planted fault must be detected, or be equivalent.

If the proof fails, the explorer looks for a violation in the smallest scope. If it does not, the explorer must find
none, and both solvers decide whether the mutant has other steps than the machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import Any

from checkers import engines
from checkers.core.traces import Contradiction, Finding, Trace
from checkers.core.wording import cell, sentence, shown
from checkers.explore.refine import refine
from checkers.explore.search import ANY_INVARIANT, UNLIMITED, Exploration, Search
from checkers.mutation import Fault
from checkers.report.counterexample import changes
from spec.dsl import Action, Machine, SpecError, World

from .cti import Cti, smallest
from .deciding import SolverOptions, decide
from .equal import steps_covered_by
from .near import Near
from .obligations import SAT, UNSAT, Obligation, obligations
from .queues import Server
from .solvers import Z3, asked, sessions
from .theory import invariants_of

REFUSED = "refused by the notation"
KILLED = "killed"
BY_WITNESS = "detected by a witness only"
BY_DEADLOCK = "detected by a deadlock only"
BY_REFINEMENT = "detected by a refinement only"
DETECTED = (KILLED, BY_WITNESS, BY_DEADLOCK, BY_REFINEMENT, REFUSED)
WEAKENS = "weakens the proof only"
EQUIVALENT = "equivalent"
UNOBSERVED = "unobserved"

NEAR = 2
"""The most fields in which the writes of an action may differ from those of a step it is to explain."""


@dataclass(frozen=True)
class Judged:
    """The verdict on a fault: what detects it, in how many steps and at which sizes, or why nothing does.

    `failing` is the obligation that fails, empty if the proof holds.
    """

    fault: Fault
    verdict: str
    by: str = ""
    steps: int = 0
    sizes: Mapping[str, int] = field(default_factory=dict)
    failing: str = ""


@dataclass
class Trial:
    """A sound machine in which faults are planted, and the designs that refine it."""

    machine: Machine
    designs: Sequence[Machine] = ()
    options: SolverOptions = field(default_factory=lambda: SolverOptions(jobs=1))

    @cached_property
    def sound(self) -> Exploration:
        """The search of the sound machine at small."""
        return engines.explore(self.machine, self.machine.sizes("small", {}), self.machine.symmetric)

    def judge(self, fault: Fault) -> Judged:
        """Plant a fault, and decide what detects it."""
        try:
            mutant = fault.planted(self.machine)
        except SpecError as error:
            return Judged(fault, REFUSED, _plain(error))
        return _Case(self, fault, mutant).judged()


@dataclass
class _Case:
    """One mutant."""

    trial: Trial
    fault: Fault
    mutant: Machine

    def judged(self) -> Judged:
        failing = self._failing()
        if failing is None:
            return self._harmless()
        found = self._near() or self._at_small() or self._unpermitted()
        if found is None:
            found = Judged(self.fault, WEAKENS, self._counterexample(failing))
        return replace(found, failing=failing.name)

    @cached_property
    def touched(self) -> list[tuple[Action, Action]]:
        """The actions that differ, each as it was and as it is."""
        pairs = zip(self.trial.machine.actions, self.mutant.actions, strict=True)
        return [(was, now) for was, now in pairs if _meaning(was) != _meaning(now)]

    # -- the proof -------------------------------------------------------------------------------------------------

    def _failing(self) -> Obligation | None:
        """An obligation that fails; those of unchanged actions hold."""
        if not self.touched:
            return None
        only = replace(self.mutant, system=tuple(now.fn for _, now in self.touched), environment=())
        every = [o for o in obligations(only, invariants_of(only)) if o.action]
        seconds, seed = self.trial.options.seconds, self.trial.options.seed
        with Server(sessions(Z3, every[0].theory, seconds, seed), seconds) as quick:
            found = next((o for o in every if _answer(quick, o) == SAT), None)
        return found or self._undecided(every)

    def _undecided(self, every: Sequence[Obligation]) -> Obligation | None:
        """The first obligation that is not decided as wanted."""
        return next((d.obligation for d in decide(every, self.trial.options) if not d.is_as_wanted), None)

    def _counterexample(self, failing: Obligation) -> str:
        """The smallest counterexample to induction, in one line."""
        invariants = invariants_of(self.mutant)
        broken = next(f for f in invariants if f.name == failing.invariants[0])
        action = self.mutant.action(failing.action)
        found = smallest(Near(self.mutant), action, broken, invariants, self.trial.options.seconds)
        return cti_text(found) if found else f"not proved, though no state shows why: {failing.name}"

    # -- the explorer ----------------------------------------------------------------------------------------------

    def _near(self) -> Judged | None:
        """The violation in a scope of one page, if there is one."""
        return next((found for sizes in ladder(self.mutant, 1) if (found := self._broken(sizes))), None)

    def _at_small(self) -> Judged | None:
        """If there is a violation at small, one in the smallest scope of several pages."""
        if not self.small.violated:
            return None
        most = next(iter(self.small.world.sizes.values()))
        scopes = [sizes for pages in range(2, most + 1) for sizes in ladder(self.mutant, pages)]
        return next(found for sizes in scopes if (found := self._broken(sizes)))

    @cached_property
    def small(self) -> Exploration:
        """The search of the mutant at small."""
        return engines.explore(self.mutant, self.mutant.sizes("small", {}), self.mutant.symmetric, until=ANY_INVARIANT)

    def _broken(self, sizes: dict[str, int]) -> Judged | None:
        """The shortest counterexample in this scope; a field outside its range counts as one."""
        search = Search(self.mutant, sizes, self.mutant.symmetric, UNLIMITED, ANY_INVARIANT)
        try:
            broken = search.run().violated
        except SpecError as error:
            return Judged(self.fault, KILLED, f"the declaration: {_plain(error)}", search.seen.depth + 1, sizes)
        if not broken:
            return None
        shortest = min(broken.values(), key=lambda f: len(f.trace.steps))
        return Judged(self.fault, KILLED, sentence(shortest.name), len(shortest.trace.steps), sizes)

    # -- what must be possible -------------------------------------------------------------------------------------

    def _unpermitted(self) -> Judged | None:
        """The detection by something that cannot happen any more, if there is one."""
        lost = next(self._lost(), None)
        return Judged(self.fault, *lost, 0, self.mutant.sizes("small", {})) if lost else None

    def _lost(self) -> Iterator[tuple[str, str]]:
        """What detects the fault, and how: witnesses and actions first, then deadlocks, then designs."""
        yield from ((BY_WITNESS, f"never happens: {what}") for what in (*self._never(), *self._stages()))
        if self.small.deadlock and not self.trial.sound.deadlock:
            yield BY_DEADLOCK, "a deadlock"
        yield from ((BY_REFINEMENT, f"not permitted any more: {step}") for step in self._designs())

    def _never(self) -> Iterator[str]:
        """Witnesses of one stage and actions that do not occur any more."""
        sound = self.trial.sound
        before = [w.name for w in self.mutant.witnesses if w.name in sound.reached]
        yield from (sentence(name) for name in before if name not in self.small.reached)
        yield from (name for name, times in sound.fired.items() if times and not self.small.fired[name])

    def _stages(self) -> Iterator[str]:
        """Witnesses of several stages that do not occur any more."""
        for witness in (w for w in self.mutant.witnesses if len(w.stages) > 1):
            if not isinstance(engines.reach(self.mutant, self.mutant.sizes("tiny", {}), witness), Finding):
                yield sentence(witness.name)

    def _designs(self) -> Iterator[str]:
        """Steps of designs that the mutant does not have, where the design has the fault too in the text it shares."""
        for sound in self.trial.designs:
            design = self.fault.planted_in_what_is_shared(sound, self.trial.machine)
            trace = refine(replace(design, refines=self.mutant), design.sizes("tiny", {})).trace
            if trace:
                yield f"{trace.steps[-1].instance.action.name} of {design.name}"

    # -- no difference ---------------------------------------------------------------------------------------------

    def _harmless(self) -> Judged:
        """The verdict if the proof holds: equivalent, or which steps are new or gone."""
        if self.small.violated:
            raise Contradiction(f"{self.fault.text}: the proof holds, and the explorer finds a violation")
        if all(self._same(now, was) and self._same(was, now) for was, now in self.touched):
            return Judged(self.fault, EQUIVALENT)
        if found := self._unpermitted():
            return found
        if new := self._new():
            return Judged(self.fault, UNOBSERVED, new)
        return self._explained()

    def _same(self, step: Action, other: Action) -> bool:
        return self._holds(steps_covered_by(self.trial.machine, step, [other], False))

    def _new(self) -> str:
        """A step that only one of the two machines has, at tiny."""
        was, now, sizes = self.trial.machine, self.mutant, self.mutant.sizes("tiny", {})
        for word, low, high in (("new", now, was), ("gone", was, now)):
            if trace := refine(replace(low, refines=high), sizes).trace:
                return f"{word}: {last_step(World(low, sizes), trace)}"
        return ""

    def _explained(self) -> Judged:
        """Equivalent, if both solvers find that each new or gone step is a step of another action."""
        was, now = self.trial.machine, self.mutant
        found = [self._by(was, b, a) for a, b in self.touched] + [self._by(now, a, b) for a, b in self.touched]
        others = dict.fromkeys(name for name in found if name)
        return Judged(self.fault, UNOBSERVED if None in found else EQUIVALENT, ", ".join(others))

    def _by(self, machine: Machine, step: Action, same: Action) -> str | None:
        """The action that has all steps of `step` that `same` does not have; None if there is none."""
        if self._same(step, same):
            return ""
        others = sorted(
            (a for a in machine.actions if a.name != step.name), key=lambda a: len(_writes(a) ^ _writes(step))
        )
        near = [other for other in others if len(_writes(other) ^ _writes(step)) <= NEAR]
        return next((o.name for o in near if self._holds(steps_covered_by(machine, step, [same, o], True))), None)

    def _holds(self, asked: Obligation) -> bool:
        return all(d.is_as_wanted for d in decide([asked], self.trial.options))


def ladder(machine: Machine, pages: int) -> Iterator[dict[str, int]]:
    """The scopes with this number of pages, smallest first, up to the sizes of small."""
    groups, small = list(machine.shape.members.items()), machine.scopes["small"]
    (first, _), *others = groups
    for sizes in product(*(range(m.low, small[name] + 1) for name, m in others)):
        yield machine.sizes("tiny", {first: pages, **dict(zip(dict(others), sizes, strict=True))})


def cti_text(cti: Cti) -> str:
    """A counterexample to induction in one line: the cells that differ from a start, the step, reachability."""
    values, usual = cti.world.values(cti.trace.start), cti.world.values(cti.world.initial()[0])
    state = ", ".join(
        f"{cell(name, key)} is {shown(value)}"
        for name, cells in values.items()
        for key, value in cells.items()
        if value != usual[name][key]
    )
    step = cti.trace.steps[0].instance if cti.trace.steps else ""
    return f"where {state}, {step} violates: {sentence(cti.invariant.name)} ({cti.reachability})"


def last_step(world: World, trace: Trace) -> str:
    """The last step of a run, and its changes."""
    was, step = trace.codes[-2], trace.steps[-1]
    changed = ", ".join(change for _, change in changes(world, was, step.code))
    return f"{step.instance}: {changed}"


def _answer(session: Server, o: Obligation) -> str:
    answer = asked(session, o.body()).result
    return asked(session, o.body(counting=True)).result if answer != UNSAT and o.question.known else answer


def _meaning(action: Action) -> list[Any]:
    """The meaning of an action, without its place in the text."""
    return [
        ([c.claim for c in path.conditions], [(put.field, put.keys, put.value) for put in path.puts])
        for path in action.lifted.paths
    ]


def _writes(action: Action) -> set[str]:
    return {put.field.name for path in action.lifted.paths for put in path.puts}


def _plain(error: SpecError) -> str:
    """The message of an error, without its file and line."""
    return re.sub(r"^.*\.py:\d+: ", "", str(error))
