"""Bounded questions, asked of z3: is an invariant broken within so many steps, and does k steps of it give the next?

z3 works in a process of its own, which tells what it finds as it finds it. What it says of a violation is not
believed: each is run again by the functions of the spec before it is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from checkers.core.traces import Contradiction, Finding, Step, Trace
from checkers.core.verdict import Outcome
from spec.dsl import Claim, Instance, Machine, Sort, World
from spec.dsl.ir import initial_values

from .finite import encoded
from .unrolling import Search
from .workers import Lost, Worker

INTERRUPTED = "interrupted"
FOUND = "what was looked for is found"
NAP = 0.2
"""Seconds after which somebody is told that the solver is still at work."""

Progress = Callable[[int, float], None]
"""Is told how many steps were looked at, and in how many seconds: after each, and again while the solver works."""


Run = tuple[list[bytes], list[Instance]]
"""The states of a run, and the steps between them."""


class Stopped(Exception):
    """The question was ended early; the text says why."""


@dataclass(frozen=True)
class Bounded:
    """What became of one invariant.

    HOLDS from `bmc` means: no violation within `depth` steps. `stopped` says why a question was left open; it is
    UNKNOWN where the solver gave no answer, and BUDGET where nobody waited for it.
    """

    claim: Claim
    outcome: Outcome
    depth: int
    finding: Finding | None
    seconds: float
    stopped: str = ""


def bmc(
    machine: Machine,
    sizes: dict[str, int],
    depth: int,
    *,
    seconds: float = 0.0,
    progress: Progress = lambda depth, seconds: None,
    until: str = "",
) -> list[Bounded]:
    """Look for a shortest violation of each invariant within so many steps; `until` names one that is all that is wanted.

    `seconds` is a budget, 0 means none; what was found when it is spent, or when somebody interrupts, is told.
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
    progress: Progress = lambda depth, seconds: None,
    until: str = "",
) -> list[Bounded]:
    """Ask whether no invariant is broken within k steps, and k states that keep them are followed by one that does.

    The invariants are proved together: one that does not follow is UNKNOWN, and the others may not lean on it.
    """
    if k < 1:
        raise ValueError(f"k-induction with k={k} supposes nothing; k is at least 1")
    asked = Question(machine, sizes, seconds, until, progress)
    asked.run(k)
    asked.induce(k)
    return asked.answers(k, Outcome.UNKNOWN)


class Question:
    """All invariants of a machine in a scope, and what became of each so far."""

    def __init__(self, machine: Machine, sizes: dict[str, int], seconds: float, until: str, progress: Progress) -> None:
        self.machine, self.sizes, self.seconds, self.until, self.progress = machine, sizes, seconds, until, progress
        self.world = World(machine, sizes)
        self.started = time.monotonic()
        self.done: dict[str, Bounded] = {}
        self.depth = 0
        self.stopped = ""
        self.rest = Outcome.BUDGET

    @property
    def open(self) -> list[Claim]:
        return [c for c in self.machine.invariants if c.name not in self.done]

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.started

    def answers(self, depth: int, otherwise: Outcome) -> list[Bounded]:
        """What became of each invariant, in their order."""
        rest = self.rest if self.stopped else otherwise
        depth = self.depth if self.stopped else depth
        left = {c.name: Bounded(c, rest, depth, None, self.elapsed, self.stopped) for c in self.open}
        return [{**self.done, **left}[c.name] for c in self.machine.invariants]

    def run(self, depth: int) -> None:
        """Look for violations, a step further each time."""
        self._follow(lambda search: search.within(depth))

    def induce(self, k: int) -> None:
        """Ask of any k states that are different, and keep what is not broken yet, whether the next keeps it too."""
        if not self.stopped and self.open:
            self._follow(lambda search: search.inductive(k))

    def _follow(self, asked: Callable[[Search], Iterator[Any]]) -> None:
        """Take note of what a solver finds, until it is done, or the time is over, or somebody interrupts."""
        names = [c.name for c in self.open]

        def work(_: Iterator[Any]) -> Iterator[Any]:
            yield from asked(Search(encoded(self.machine, self.sizes), names))
            yield ["done"]

        try:
            with Worker(work) as worker:
                while (event := self._heard(worker))[0] != "done":
                    self._note(*event)
        except Stopped as why:
            self.stopped = str(why)
        except Lost as why:
            self.stopped, self.rest = f"z3 gives no answer: {why}", Outcome.UNKNOWN
        except KeyboardInterrupt:
            self.stopped = INTERRUPTED

    def _heard(self, worker: Worker) -> Any:
        """What the solver says next; a clock or an interrupt does not wait for it."""
        while True:
            left = self.seconds - self.elapsed if self.seconds else NAP
            if left <= 0:
                raise Stopped(f"{self.seconds:g} s")
            if said := worker.heard():
                return said[0]
            if worker.is_ready(min(left, NAP)):
                worker.read()
            else:
                self.progress(self.depth, self.elapsed)

    def _note(self, kind: str, *said: Any) -> None:
        """Take note of one thing that a solver found."""
        if kind == "depth":
            self.depth = said[0]
            self.progress(self.depth, self.elapsed)
        elif kind == "broken":
            self._broken(*said)
        elif kind == "fault":
            self._left_bounds(self._run(*said))
        else:
            name, k = said
            claim, outcome = self._claim(name), Outcome.HOLDS if kind == "kept" else Outcome.UNKNOWN
            self.done[name] = Bounded(claim, outcome, k, None, self.elapsed)

    def _claim(self, name: str) -> Claim:
        return next(c for c in self.machine.invariants if c.name == name)

    def _run(self, codes: list[str], numbers: list[int]) -> Run:
        """A run as the solver tells it: states as codes, steps as numbers of instances."""
        return [bytes.fromhex(code) for code in codes], [self.world.instances[n] for n in numbers]

    def _broken(self, name: str, codes: list[str], numbers: list[int]) -> None:
        finding = replay(self.world, self._claim(name), self._run(codes, numbers))
        self.done[name] = Bounded(self._claim(name), Outcome.VIOLATED, len(numbers), finding, self.elapsed)
        if name == self.until:
            raise Stopped(FOUND)

    def _left_bounds(self, run: Run) -> None:
        """A step out of bounds is an error of the spec, which running it tells best."""
        codes, (*before, last) = run
        replayed(self.world, (codes, before), "the bounds of fields")
        list(self.world.successors(codes[-1]))
        raise Contradiction(f"{last} does not leave the bounds of a field, as was found at step {len(codes)}")


# -- what is found is run again ----------------------------------------------------------------------------------------


def replay(world: World, claim: Claim, run: Run) -> Finding:
    """The run that the solver found, as the spec itself runs it; the invariant must be false at its end."""
    trace = replayed(world, run, claim.name)
    for args in world.tuples(claim.params):
        if not _holds(world, claim, trace, args):
            return Finding(claim.name, args, trace)
    raise Contradiction(f"{claim.name} is kept at step {len(trace.steps)}, where z3 says that it is broken")


def _holds(world: World, claim: Claim, trace: Trace, args: tuple[Sort, ...]) -> bool:
    """Does the claim hold in the last state, or for the last step?"""
    if not claim.is_step:
        return world.holds(claim, trace.codes[-1], args)
    before, last = trace.codes[-2], trace.steps[-1].instance
    steps = (n for n, _ in world.successors(before) if world.instances[n] == last)
    return next(world.step_holds(claim, before, args) for _ in steps)


def replayed(world: World, run: Run, name: str) -> Trace:
    """These states and steps as a trace, if the machine makes it; `name` is what is asked about."""
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
    """Is this an initial state? Asked cell by cell, for there may be many."""
    for name, at in world.offsets.items():
        f = world.machine.shape.fields[name]
        values = world.machine.shape.values(f, world.sizes)
        if any(values[code[offset]] not in initial_values(f, values) for offset in at.values()):
            return False
    return True
