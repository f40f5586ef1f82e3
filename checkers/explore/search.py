"""Every reachable state of a scope, breadth first: the short engine that is obviously right."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from checkers.core.guards import Site, Untested, sites, untested
from checkers.core.stopped import FOUND, INTERRUPTED, Reason, Stopped, after_seconds, after_states
from checkers.core.symmetry import Symmetry
from checkers.core.traces import Finding, Step, Trace, finding, named, steps
from spec.dsl import Claim, Instance, Machine, Sort, Witness, World
from spec.dsl.ir import Current, first_sort

CHECK_EVERY = 1024
"""States between two looks at the clock."""


@dataclass(frozen=True)
class Budget:
    """When to stop early; 0 means no limit, but for memory what the machine can spare."""

    states: int = 0
    seconds: float = 0.0
    memory: int = 0


UNLIMITED = Budget()
ANY_INVARIANT = "*"


@dataclass
class Exploration:
    """What a search has seen: counts, findings, and why it stopped (None if it finished).

    `memory` says how the states are kept; `most_states` is a number of states that cannot be exceeded, 0 if none is
    known; `unsaved` says why the last checkpoint could not be written, and is empty if it was.
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
    """Search a scope, treating the members of the `symmetric` sorts as interchangeable.

    The search goes on past violations, so that each invariant gets its own verdict, and counts do not depend on
    invariants; `until` names an invariant whose violation is all that is wanted, or any (`ANY_INVARIANT`).
    """
    return Search(machine, sizes, symmetric, budget, until).run(progress)


class Search:
    """One search: the states found so far, how each was first reached, and what is still looked for."""

    def __init__(
        self, machine: Machine, sizes: dict[str, int], symmetric: tuple[type[Sort], ...], budget: Budget, until: str
    ) -> None:
        self.world = World(machine, sizes)
        self.symmetry = Symmetry(self.world, symmetric)
        self.budget, self.until = budget, until
        self.invariants_hold = {c.name for c in machine.invariants}
        self.index: dict[bytes, int] = {}
        self.codes: list[bytes] = []
        self.parents: list[int] = []
        self.done = 0
        self.found: dict[str, tuple[int, Claim | None]] = {}
        self.seen = Exploration(self.world, symmetric, fired={a.name: 0 for a in machine.actions})
        self.wanted = [w.stages[0] for w in machine.witnesses if len(w.stages) == 1 and w.fits(sizes)]
        sort = first_sort(machine)
        pages = [[a.index for a in i.args if type(a) is sort] for i in self.world.instances]
        self.one_page = [p[0] if len(p) == 1 else -1 for p in pages]

    def run(self, progress: SearchProgress) -> Exploration:
        """Search until there is nothing new, the budget is spent, or somebody interrupts."""
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
        self._tell()
        return seen

    def _memory(self) -> str:
        """How the states are kept."""
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
                    Current.ledger = None  # every guard has said yes and no: nothing is left to learn
            self._watch(started)
        seen.depth += len(self.codes) > end

    def _watch(self, started: float) -> None:
        if self.done == len(self.codes):
            return
        if self.budget.states and len(self.codes) >= self.budget.states:
            self.seen.stopped = after_states(self.budget.states)
        elif self.budget.seconds and time.monotonic() - started > self.budget.seconds:
            self.seen.stopped = after_seconds(self.budget.seconds)
        elif self._is_satisfied():
            self.seen.stopped = FOUND

    def _is_satisfied(self) -> bool:
        """Is what was looked for found? A deadlock is found under the empty name, which nobody looks for."""
        if self.until == ANY_INVARIANT:
            return bool(self.found.keys() & self.invariants_hold)
        return self.until != "" and self.until in self.found

    def _add(self, code: bytes, parent: int) -> None:
        """Take a canonical state, if it is new, and ask what holds in it."""
        if code in self.index:
            return
        number = self.index[code] = len(self.codes)
        self.codes.append(code)
        self.parents.append(parent)
        self.judge_state(number, code)

    def judge_state(self, number: int, code: bytes) -> None:
        """Ask the invariants of a new state, and whether it is one that was to be reached."""
        for violation in self.world.violated(code):
            self.found.setdefault(violation.claim.name, (number, violation.claim))
        for claim in [c for c in self.wanted if not c.is_step]:
            if any(self.world.holds(claim, code, args) for args in self.world.tuples(claim.params)):
                self._reach(claim, number)

    def judge_step(self, number: int, code: bytes, n: int, after: bytes) -> None:
        """Ask the same of the step that is being taken; the world's `state` is the state after."""
        for violation in self.world.violated_by_step(code, after):
            self.found.setdefault(violation.claim.name, (number, violation.claim))
        for claim in [c for c in self.wanted if c.is_step]:
            if any(self.world.step_holds(claim, code, args) for args in self.world.tuples(claim.params)):
                self._reach(claim, number)

    def _reach(self, claim: Claim, number: int) -> None:
        self.wanted.remove(claim)
        self.found[claim.name] = (number, claim)

    def _expand(self, number: int) -> None:
        """Take every enabled instance once; of pages with equal records, only the first."""
        world, seen, code = self.world, self.seen, self.codes[number]
        skip, moved = self.symmetry.repeats(code), False
        for n, after in world.successors(code):
            if self.one_page[n] in skip:
                continue
            seen.transitions += 1
            seen.fired[world.instances[n].action.name] += 1
            moved = moved or after != code
            self.judge_step(number, code, n, after)
            self._add(self.symmetry.canonical(after), number)
        final = world.machine.is_final
        if not moved and not (final and world.holds(final, code, ())):
            self.found.setdefault("", (number, None))

    # -- telling what was found ------------------------------------------------------------------------------------

    def _tell(self) -> None:
        """Turn each find into a trace of named pages."""
        for name, (number, claim) in self.found.items():
            trace = self.trace(number)
            if claim is None:
                self.seen.deadlock = Finding("", (), trace)
            else:
                told = finding(self.world, claim, trace, name in self.invariants_hold)
                (self.seen.violated if name in self.invariants_hold else self.seen.reached)[name] = told

    def trace(self, number: int) -> Trace:
        """One run of named pages whose states have the canonical forms on the way to this state."""
        numbers = [number]
        while self.parents[numbers[-1]] >= 0:
            numbers.append(self.parents[numbers[-1]])
        return named(self.symmetry, [self.codes[n] for n in reversed(numbers)])

    def steps(self, code: bytes) -> Iterator[Step]:
        return steps(self.world, code)


Progressed = tuple[bytes, int, tuple[Sort, ...]]
"""A state, and how many stages of a witness are done for which arguments."""


def reach(
    machine: Machine, sizes: dict[str, int], witness: Witness, budget: Budget = UNLIMITED
) -> Finding | Stopped | None:
    """A shortest run that meets the stages of a witness in order, for the same arguments; None if there is none.

    Searches pairs of a state and the number of stages done, without symmetry, because the arguments are named.
    """
    world, started = World(machine, sizes), time.monotonic()
    queue: list[Progressed] = [
        (code, advance(world, witness, 0, code, args), args)
        for args in up_to_names(world, world.tuples(witness.stages[0].params))
        for code in world.initial()
    ]
    parents: dict[Progressed, tuple[Progressed, Instance] | None] = dict.fromkeys(queue)
    for at in queue:
        code, stage, args = at
        if stage == len(witness.stages):
            return Finding(witness.name, args, _run_to(at, parents))
        for n, after in world.successors(code):
            taken = witness.stages[stage].is_step and world.step_holds(witness.stages[stage], code, args)
            to = (after, advance(world, witness, stage + taken, after, args), args)
            if to not in parents:
                parents[to] = (at, world.instances[n])
                queue.append(to)
        if budget.states and len(queue) >= budget.states:
            return Stopped(Reason.STATES, f"{len(queue)} states searched")
        if budget.seconds and time.monotonic() - started > budget.seconds:
            return Stopped(Reason.SECONDS, f"{len(queue)} states searched")
    return None


def up_to_names(world: World, tuples: Iterable[tuple[Sort, ...]]) -> Iterator[tuple[Sort, ...]]:
    """Of arguments that differ only in the names of members declared symmetric, the first choice."""
    for args in tuples:
        met: dict[type[Sort], int] = {}
        for arg in args:
            if type(arg) in world.machine.symmetric and arg.index > met.get(type(arg), 0):
                break
            met[type(arg)] = max(met.get(type(arg), 0), arg.index + 1)
        else:
            yield args


def advance(world: World, witness: Witness, stage: int, code: bytes, args: tuple[Sort, ...]) -> int:
    """How many stages are done once this state is reached; one state may complete several."""
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
