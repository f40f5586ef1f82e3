# SPDX-License-Identifier: MIT
"""Every reachable state of a scope, breadth first. This engine is kept short: it is the oracle for the one in C."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from checkers.core.breadth_first import breadth_first
from checkers.core.guards import Site, Untested, sites, untested
from checkers.core.stopped import FOUND, INTERRUPTED, Reason, Stopped, after_seconds, after_states
from checkers.core.symmetry import Symmetry
from checkers.core.traces import Finding, Step, Trace, finding, named
from checkers.core.wording import counted
from spec.dsl import Claim, Instance, Machine, Sort, Witness, World
from spec.dsl.ir import Current, first_sort

CHECK_EVERY = 1024
"""States between two calls of the progress function."""


@dataclass(frozen=True)
class Budget:
    """Limits on states, seconds and bytes of memory; 0 is no limit, for memory what the machine can spare."""

    states: int = 0
    seconds: float = 0.0
    memory: int = 0


UNLIMITED = Budget()
ANY_INVARIANT = "*"


@dataclass
class Exploration:
    """The result of a search: counts, findings, and why it stopped (None if it is complete).

    `orbit_sum` is the number of unreduced states, `fired` how often each action was taken; `memory` describes the
    storage of states, `most_states` is an upper bound of their number (0: unknown), and `unsaved` the reason why the
    last checkpoint could not be written.
    """

    world: World
    symmetric: tuple[type[Sort], ...]
    states: int = 0
    orbit_sum: int = 0
    transitions: int = 0
    depth: int = 0
    seconds: float = 0.0
    stopped: Stopped | None = None
    unsaved: str = ""
    engine: str = "explore (python)"
    memory: str = ""
    most_states: int = 0
    fired: dict[str, int] = field(default_factory=dict)
    violated: dict[str, Finding] = field(default_factory=dict)
    reached: dict[str, Finding] = field(default_factory=dict)
    deadlock: Finding | None = None
    untested: list[Untested] = field(default_factory=list)


SearchProgress = Callable[[Exploration], None]


def explore(
    machine: Machine,
    sizes: dict[str, int],
    symmetric: tuple[type[Sort], ...] = (),
    budget: Budget = UNLIMITED,
    progress: SearchProgress = lambda seen: None,
    until: str = "",
) -> Exploration:
    """Search a scope, taking the members of the `symmetric` sorts as interchangeable.

    The search goes on after a violation, so that each invariant gets a verdict and counts do not depend on invariants.
    It ends early at a violation of the invariant named by `until`, or of any (ANY_INVARIANT).
    """
    return Search(machine, sizes, symmetric, budget, until).run(progress)


class Observer(Protocol):
    """Sees each new state of a search, and each step before the state it leads to.

    The world's `state` is the new one, or the state after the step. Both may call `search.find`.
    """

    def state(self, search: Search, number: int, code: bytes) -> None:
        """A new state, in its canonical form."""

    def step(self, search: Search, number: int, code: bytes, n: int, after: bytes) -> None:
        """A step of the instance `n` from the state `code` with this number; `after` is not in canonical form."""


DEADLOCK = ""
"""The name under which a deadlock is found."""


class Claims:
    """The observer that looks for violated invariants and for witnesses of one stage."""

    def __init__(self, machine: Machine, sizes: dict[str, int]) -> None:
        self.wanted = [w.stages[0] for w in machine.witnesses if len(w.stages) == 1 and w.fits(sizes)]

    def state(self, search: Search, number: int, code: bytes) -> None:
        world = search.world
        for violation in world.violated(code):
            search.find(violation.claim.name, number, violation.claim)
        for claim in [c for c in self.wanted if not c.is_step]:
            if any(world.holds(claim, code, args) for args in world.tuples(claim.params)):
                self._reach(search, claim, number)

    def step(self, search: Search, number: int, code: bytes, n: int, after: bytes) -> None:
        world = search.world
        for violation in world.violated_by_step(code, after):
            search.find(violation.claim.name, number, violation.claim)
        for claim in [c for c in self.wanted if c.is_step]:
            if any(world.step_holds(claim, code, args) for args in world.tuples(claim.params)):
                self._reach(search, claim, number)

    def _reach(self, search: Search, claim: Claim, number: int) -> None:
        self.wanted.remove(claim)
        search.find(claim.name, number, claim)


class Search:
    """One search: the states so far, how each was first reached, and what was found.

    An observer takes the place of the one that checks the claims of the machine.
    """

    def __init__(
        self,
        machine: Machine,
        sizes: dict[str, int],
        symmetric: tuple[type[Sort], ...],
        budget: Budget,
        until: str,
        observer: Observer | None = None,
    ) -> None:
        self.world = World(machine, sizes)
        self.symmetry = Symmetry(self.world, symmetric)
        self.budget, self.until = budget, until
        self.invariants = {c.name for c in machine.invariants}
        self.index: dict[bytes, int] = {}
        self.codes: list[bytes] = []
        self.parents: list[int] = []
        self.done = 0
        self.found: dict[str, tuple[int, Claim | None]] = {}
        self.seen = Exploration(self.world, symmetric, fired={a.name: 0 for a in machine.actions})
        self.observer = observer or Claims(machine, sizes)
        sort = first_sort(machine)
        pages = [[a.index for a in i.args if type(a) is sort] for i in self.world.instances]
        self.one_page = [p[0] if len(p) == 1 else -1 for p in pages]

    def run(self, progress: SearchProgress = lambda seen: None) -> Exploration:
        """Search until every state is expanded, the budget is spent, or an interrupt comes."""
        started, seen = time.monotonic(), self.seen
        guards = sites(self.world.machine)
        Current.ledger = set()
        try:
            for code in self.world.initial():
                self._add(self.symmetry.canonical(code), -1)
            while self.done < len(self.codes) and not seen.stopped:
                self._level(guards, started, progress)
        except KeyboardInterrupt:
            seen.stopped = INTERRUPTED
        finally:
            seen.untested = untested(guards, Current.ledger) if Current.ledger is not None else []
            Current.ledger = None
        seen.states, seen.seconds = len(self.codes), time.monotonic() - started
        seen.orbit_sum = sum(map(self.symmetry.orbit_size, self.codes))
        seen.memory = self._memory()
        self._collect()
        return seen

    def _memory(self) -> str:
        """How the states are stored, and the size of one."""
        kept = sys.getsizeof(self.index) + sys.getsizeof(self.codes) + sys.getsizeof(self.parents)
        kept += sum(map(sys.getsizeof, self.codes))
        return f"dictionary, {kept / max(len(self.codes), 1):.0f} bytes a state"

    def _level(self, guards: list[Site], started: float, progress: SearchProgress) -> None:
        """Expand every state of one depth."""
        seen, end = self.seen, len(self.codes)
        while self.done < end and not seen.stopped:
            self._expand(self.done)
            self.done += 1
            if self.done % CHECK_EVERY == 0:
                seen.states, seen.seconds = len(self.codes), time.monotonic() - started
                progress(seen)
                if Current.ledger is not None and not untested(guards, Current.ledger):
                    Current.ledger = None  # every guard was true and false
            self._check_budget(started)
        seen.depth += len(self.codes) > end

    def _check_budget(self, started: float) -> None:
        if self.done == len(self.codes):
            return
        if self.budget.states and len(self.codes) >= self.budget.states:
            self.seen.stopped = after_states(self.budget.states)
        elif self.budget.seconds and time.monotonic() - started > self.budget.seconds:
            self.seen.stopped = after_seconds(self.budget.seconds)
        elif self._is_satisfied():
            self.seen.stopped = FOUND

    def _is_satisfied(self) -> bool:
        """True if the claim that ends the search was found; a deadlock never does."""
        if self.until == ANY_INVARIANT:
            return bool(self.found.keys() & self.invariants)
        return self.until != DEADLOCK and self.until in self.found

    def find(self, name: str, number: int, claim: Claim | None = None) -> None:
        """Note that something was found at the state of this number, or by a step from it; the first find counts."""
        self.found.setdefault(name, (number, claim))

    def _add(self, code: bytes, parent: int) -> None:
        """Add a canonical state, if it is new."""
        if code in self.index:
            return
        number = self.index[code] = len(self.codes)
        self.codes.append(code)
        self.parents.append(parent)
        self.observer.state(self, number, code)

    def _expand(self, number: int) -> None:
        """Take every enabled instance; of pages with equal records only those of the first."""
        world, seen, code = self.world, self.seen, self.codes[number]
        skip, moved = self.symmetry.repeats(code), False
        for n, after in world.successors(code):
            if self.one_page[n] in skip:
                continue
            seen.transitions += 1
            seen.fired[world.instances[n].action.name] += 1
            moved = moved or after != code
            self.observer.step(self, number, code, n, after)
            self._add(self.symmetry.canonical(after), number)
        final = world.machine.is_final
        if not moved and not (final and world.holds(final, code, ())):
            self.find(DEADLOCK, number)

    # -- results -----------------------------------------------------------------------------------------------------

    def _collect(self) -> None:
        """Make a trace of named pages for each find."""
        for name, (number, claim) in self.found.items():
            trace = self.trace(number)
            if claim is not None:
                found = finding(self.world, claim, trace, name in self.invariants)
                (self.seen.violated if name in self.invariants else self.seen.reached)[name] = found
            elif name == DEADLOCK:
                self.seen.deadlock = Finding(DEADLOCK, (), trace)

    def trace(self, number: int) -> Trace:
        """A shortest run of named pages to the state of this number."""
        numbers = [number]
        while self.parents[numbers[-1]] >= 0:
            numbers.append(self.parents[numbers[-1]])
        return named(self.symmetry, [self.codes[n] for n in reversed(numbers)])


Progressed = tuple[bytes, int, tuple[Sort, ...]]
"""A state, the number of stages of a witness that are done, and the arguments of the witness."""


def reach(
    machine: Machine, sizes: dict[str, int], witness: Witness, budget: Budget = UNLIMITED
) -> Finding | Stopped | None:
    """A shortest run that meets the stages of a witness in order, for the same arguments; None if there is none.

    Searches pairs of a state and the number of stages done, without symmetry, because the arguments are named.
    """
    world, started = World(machine, sizes), time.monotonic()
    starts = (
        (code, advance(world, witness, 0, code, args), args)
        for args in up_to_names(world, world.tuples(witness.stages[0].params))
        for code in world.initial()
    )

    def successors(at: Progressed) -> Iterator[tuple[Instance, Progressed]]:
        code, stage, args = at
        for n, after in world.successors(code):
            taken = witness.stages[stage].is_step and world.step_holds(witness.stages[stage], code, args)
            yield world.instances[n], (after, advance(world, witness, stage + taken, after, args), args)

    parents: dict[Progressed, tuple[Progressed, Instance] | None] = {}
    for visited, at in enumerate(breadth_first(starts, successors, parents)):
        if at[1] == len(witness.stages):
            return Finding(witness.name, at[2], _run_to(at, parents))
        if visited and budget.states and len(parents) >= budget.states:
            return Stopped(Reason.STATES, f"{counted(len(parents), 'state')} searched")
        if budget.seconds and time.monotonic() - started > budget.seconds:
            return Stopped(Reason.SECONDS, f"{counted(len(parents), 'state')} searched")
    return None


def up_to_names(world: World, tuples: Iterable[tuple[Sort, ...]]) -> Iterator[tuple[Sort, ...]]:
    """The first of all arguments that differ only by a renaming of symmetric members."""
    for args in tuples:
        met: dict[type[Sort], int] = {}
        for arg in args:
            if type(arg) in world.machine.symmetric and arg.index > met.get(type(arg), 0):
                break
            met[type(arg)] = max(met.get(type(arg), 0), arg.index + 1)
        else:
            yield args


def advance(world: World, witness: Witness, stage: int, code: bytes, args: tuple[Sort, ...]) -> int:
    """The number of stages done in this state; one state may complete several."""
    while (
        stage < len(witness.stages)
        and not witness.stages[stage].is_step
        and world.holds(witness.stages[stage], code, args)
    ):
        stage += 1
    return stage


def _run_to(at: Progressed, parents: dict[Progressed, tuple[Progressed, Instance] | None]) -> Trace:
    steps = list[Step]()
    while (came := parents[at]) is not None:
        steps.append(Step(came[1], at[0]))
        at = came[0]
    return Trace(at[0], tuple(reversed(steps)))
