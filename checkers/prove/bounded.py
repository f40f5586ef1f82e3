# SPDX-License-Identifier: MIT
"""Bounded model checking and k-induction in a scope, with z3.

z3 runs in a process of its own and reports each result as it is found. A violation is replayed by the functions of
the spec before it is reported.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from checkers.core.stopped import FOUND, INTERRUPTED, Reason, Stopped, after_seconds
from checkers.core.traces import Contradiction, Finding, Step, Trace
from checkers.core.verdict import Outcome
from spec.dsl import Claim, Instance, Machine, Sort, World
from spec.dsl.ir import initial_values

from .finite import encoded
from .unrolling import Search
from .workers import Lost, Worker

NAP = 0.2
"""Seconds between two calls of the progress function while the solver works."""

DepthProgress = Callable[[int, float], None]
"""Called with the number of steps done and the seconds so far: after each step, and while the solver works."""


Run = tuple[list[bytes], list[Instance]]
"""The states of a run, and the steps between them."""


class _Stop(Exception):
    """Ends the question early."""

    def __init__(self, stopped: Stopped) -> None:
        super().__init__(str(stopped))
        self.stopped = stopped


@dataclass(frozen=True)
class Bounded:
    """The answer for one invariant.

    HOLDS from `bmc` means: no violation within `depth` steps. `stopped` is the reason for an open question; the outcome
    is UNKNOWN if the solver gave no answer, and BUDGET for a limit or an interrupt.
    """

    claim: Claim
    outcome: Outcome
    depth: int
    finding: Finding | None
    seconds: float
    stopped: Stopped | None = None


def bmc(
    machine: Machine,
    sizes: dict[str, int],
    depth: int,
    *,
    seconds: float = 0.0,
    progress: DepthProgress = lambda depth, seconds: None,
    until: str = "",
) -> list[Bounded]:
    """Look for a shortest violation of each invariant within `depth` steps; `until` names one that ends the search.

    `seconds` is a limit (0: none). At the limit or an interrupt the answers found so far are returned.
    """
    asked = Question(machine, sizes, seconds, until, progress)
    asked.run(depth)
    return asked.answers(depth, Outcome.HOLDS)


def k_induction(
    machine: Machine,
    sizes: dict[str, int],
    k: int,
    *,
    seconds: float = 0.0,
    progress: DepthProgress = lambda depth, seconds: None,
    until: str = "",
) -> list[Bounded]:
    """Prove the invariants of a scope by k-induction: none is violated within k steps, nor after k states without one.

    The invariants are proved together: one that does not follow is UNKNOWN, and is not assumed for the others.
    """
    if k < 1:
        raise ValueError(f"k-induction with k={k} supposes nothing; k is at least 1")
    asked = Question(machine, sizes, seconds, until, progress)
    asked.run(k)
    asked.induce(k)
    return asked.answers(k, Outcome.UNKNOWN)


def _outcome(stopped: Stopped) -> Outcome:
    return Outcome.UNKNOWN if stopped.reason is Reason.SOLVER else Outcome.BUDGET


class Question:
    """All invariants of a machine in a scope, and the answers so far."""

    def __init__(
        self, machine: Machine, sizes: dict[str, int], seconds: float, until: str, progress: DepthProgress
    ) -> None:
        self.machine, self.sizes, self.seconds, self.until, self.progress = machine, sizes, seconds, until, progress
        self.world = World(machine, sizes)
        self.started = time.monotonic()
        self.done: dict[str, Bounded] = {}
        self.depth = 0
        self.stopped: Stopped | None = None

    @property
    def open(self) -> list[Claim]:
        return [c for c in self.machine.invariants if c.name not in self.done]

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.started

    def answers(self, depth: int, otherwise: Outcome) -> list[Bounded]:
        """The answer for each invariant, in their order; `otherwise` is the outcome of the open ones."""
        rest, depth = (_outcome(self.stopped), self.depth) if self.stopped else (otherwise, depth)
        left = {c.name: Bounded(c, rest, depth, None, self.elapsed, self.stopped) for c in self.open}
        return [{**self.done, **left}[c.name] for c in self.machine.invariants]

    def run(self, depth: int) -> None:
        """Look for violations, one step deeper each time."""
        self._follow(lambda search: search.within(depth))

    def induce(self, k: int) -> None:
        """Decide which open invariants hold after any k different states in which they hold."""
        if not self.stopped and self.open:
            self._follow(lambda search: search.inductive(k))

    def _follow(self, asked: Callable[[Search], Iterator[Any]]) -> None:
        """Collect the results of a solver until it is done, or time is up, or an interrupt comes."""
        names = [c.name for c in self.open]

        def work(_: Iterator[Any]) -> Iterator[Any]:
            yield from asked(Search(encoded(self.machine, self.sizes), names))
            yield ["done"]

        try:
            with Worker(work) as worker:
                while (event := self._heard(worker))[0] != "done":
                    self._note(*event)
        except _Stop as why:
            self.stopped = why.stopped
        except Lost as why:
            self.stopped = Stopped(Reason.SOLVER, f"z3 gives no answer: {why}")
        except KeyboardInterrupt:
            self.stopped = INTERRUPTED

    def _heard(self, worker: Worker) -> Any:
        """The next result of the solver; the limit of time and interrupts do not wait for it."""
        while True:
            left = self.seconds - self.elapsed if self.seconds else NAP
            if left <= 0:
                raise _Stop(after_seconds(self.seconds))
            if answer := worker.heard():
                return answer[0]
            if worker.is_ready(min(left, NAP)):
                worker.read()
            else:
                self.progress(self.depth, self.elapsed)

    def _note(self, kind: str, *content: Any) -> None:
        """Take note of one result of the solver."""
        if kind == "depth":
            self.depth = content[0]
            self.progress(self.depth, self.elapsed)
        elif kind == "broken":
            self._broken(*content)
        elif kind == "fault":
            self._left_bounds(self._run(*content))
        else:
            name, k = content
            claim, outcome = self._claim(name), Outcome.HOLDS if kind == "kept" else Outcome.UNKNOWN
            self.done[name] = Bounded(claim, outcome, k, None, self.elapsed)

    def _claim(self, name: str) -> Claim:
        return next(c for c in self.machine.invariants if c.name == name)

    def _run(self, codes: list[str], numbers: list[int]) -> Run:
        """A run from the codes of its states in hexadecimal and the numbers of its instances."""
        return [bytes.fromhex(code) for code in codes], [self.world.instances[n] for n in numbers]

    def _broken(self, name: str, codes: list[str], numbers: list[int]) -> None:
        finding = replay(self.world, self._claim(name), self._run(codes, numbers))
        self.done[name] = Bounded(self._claim(name), Outcome.VIOLATED, len(numbers), finding, self.elapsed)
        if name == self.until:
            raise _Stop(FOUND)

    def _left_bounds(self, run: Run) -> None:
        """A step out of bounds is an error of the spec: running it raises the error with file and line."""
        codes, (*before, last) = run
        replayed(self.world, (codes, before), "the bounds of fields")
        list(self.world.successors(codes[-1]))
        raise Contradiction(f"{last} does not leave the bounds of a field, as was found at step {len(codes)}")


# -- replaying ---------------------------------------------------------------------------------------------------------


def replay(world: World, claim: Claim, run: Run) -> Finding:
    """The run that the solver found, replayed by the spec; the invariant must be false at its end."""
    trace = replayed(world, run, claim.name)
    for args in world.tuples(claim.params):
        if not _holds(world, claim, trace, args):
            return Finding(claim.name, args, trace)
    raise Contradiction(f"{claim.name} holds at step {len(trace.steps)}, where z3 finds it violated")


def _holds(world: World, claim: Claim, trace: Trace, args: tuple[Sort, ...]) -> bool:
    """True if the claim holds in the last state, or for the last step."""
    if not claim.is_step:
        return world.holds(claim, trace.codes[-1], args)
    before, last = trace.codes[-2], trace.steps[-1].instance
    steps = (n for n, _ in world.successors(before) if world.instances[n] == last)
    return next(world.step_holds(claim, before, args) for _ in steps)


def replayed(world: World, run: Run, name: str) -> Trace:
    """These states and steps as a trace, if the machine has this run; `name` is the claim, for error messages."""
    codes, instances = run
    if not _begins(world, codes[0]):
        raise Contradiction(f"{name}: the run that z3 found for it does not begin in an initial state")
    for n, (instance, code) in enumerate(zip(instances, codes[1:], strict=True)):
        after = world.apply(codes[n], instance)
        if after != code:
            why = "is not enabled" if after is None else "leads to another state"
            raise Contradiction(f"{name}: step {n + 1} of the run that z3 found for it, {instance}, {why}")
    steps = (Step(instance, code) for instance, code in zip(instances, codes[1:], strict=True))
    return Trace(codes[0], tuple(steps))


def _begins(world: World, code: bytes) -> bool:
    """True for an initial state; decided cell by cell, because there may be many."""
    for name, at in world.offsets.items():
        f = world.machine.shape.fields[name]
        values = world.machine.shape.values(f, world.sizes)
        if any(values[code[offset]] not in initial_values(f, values) for offset in at.values()):
            return False
    return True
