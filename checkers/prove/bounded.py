"""Bounded questions, asked of z3: is a promise broken within so many steps, and does k steps of it give the next?

What z3 says of a violation is not believed: each is run again by the functions of the spec before it is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from ctypes import ArgumentError
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any

import z3

from spec.dsl import Claim, Instance, Machine, Sort, World
from spec.dsl.state import initial_values

from ..traces import Contradiction, Finding, Step, Trace
from ..verdict import Outcome
from .finite import Choice, System, Term, either, encoded, slots_of, unknowns

INTERRUPTED = "interrupted"
FOUND = "what was looked for is found"
SOLVER = "z3 at work"
NAP = 0.1

Progress = Callable[[int, float], None]
"""Is told how many steps were looked at, and in how many seconds: after each, and again while the solver works."""


class Stopped(Exception):
    """The question was ended early; the text says why."""


@dataclass(frozen=True)
class Bounded:
    """What became of one promise.

    HOLDS from `bmc` means: no violation within `depth` steps. `stopped` says why a question was left open.
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
    """Look for a shortest violation of each promise within so many steps; `until` names one that is all that is wanted.

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
    """Ask whether no promise is broken within k steps, and k states that keep them are followed by one that does.

    The promises are proved together: one that does not follow is UNKNOWN, and the others may not lean on it.
    """
    if k < 1:
        raise ValueError(f"k-induction with k={k} supposes nothing; k is at least 1")
    asked = Question(machine, sizes, seconds, until, progress)
    asked.run(k)
    asked.induce(k)
    return asked.answers(k, Outcome.UNKNOWN)


class Unrolling:
    """Copies of a system's terms, one a step, in a solver."""

    def __init__(self, system: System) -> None:
        self.system, self.solver = system, z3.SolverFor("QF_FD")
        self.solver.set(ctrl_c=False)  # an interrupt is ours to hear, also while the solver works
        self.depth = 0
        self.true: set[str] = set()
        promises = system.world.machine.promises
        self.flags = {c.name: z3.Bool(f"{c.name} is broken") for c in promises}
        self.step_flags = {c.name: self.flags[c.name] for c in promises if c.is_step}
        self._now = [*_constants(system.now.values()), *system.met]
        self._then = [*_constants(system.then.values()), *system.met_then]
        self._rest = [*_constants(system.choices), *(f for n, f in self.flags.items() if n not in self.step_flags)]
        self._copies: dict[int, list[tuple[Term, Term]]] = {}
        told = {n: flag == system.broken[n] for n, flag in self.flags.items()}
        self._state = z3.And(*(t for n, t in told.items() if n not in self.step_flags))
        self._legal = _and(*system.legal, *system.order)
        self._step = _and(self._legal, *system.moves, *(told[n] for n in self.step_flags))
        self.assert_at(0, *system.valid, self._state)

    def extend(self) -> None:
        """One more step, and the state after it."""
        self.depth += 1
        self.assert_at(self.depth - 1, self._step)
        self.assert_at(self.depth, self._state)

    def assert_at(self, k: int, *claims: Term) -> None:
        """These hold of the k-th state, and of the step from it."""
        self.solver.add(self.at(k, _and(*claims)))

    def at(self, k: int, claim: Term) -> Term:
        """The claim about the k-th state and the step from it; flags of steps belong to the state they lead to."""
        return z3.substitute(_and(claim), *self._copied(k))

    def _copied(self, k: int) -> list[tuple[Term, Term]]:
        """For each constant of the system, the one that stands for it at the k-th state."""
        if k not in self._copies:
            made = [(c, _copy(c, k)) for c in (*self._now, *self._rest)]
            made += [(c, _copy(c, k + 1)) for c in self.step_flags.values()]
            made += [(then, _copy(now, k + 1)) for now, then in zip(self._now, self._then, strict=True)]
            self._copies[k] = made
        return self._copies[k]

    def flag(self, name: str, k: int) -> Term:
        """This promise is broken by the k-th state, or by the step that leads to it."""
        return _copy(self.flags[name], k)

    def goal(self, name: str, *ways: Term) -> Term:
        """A claim that may be assumed: one of these ways comes about."""
        made = z3.Bool(name)
        self.solver.add(z3.Implies(made, z3.Or(*ways)))
        return made

    def leaves_bounds(self) -> Term:
        """A claim that may be assumed: some step from the last state leaves the bounds of a field."""
        return self.goal(f"fault@{self.depth}", self.at(self.depth, _and(self._legal, self.system.fault)))

    # -- reading what the solver found -------------------------------------------------------------------------------

    def read(self) -> None:
        """Take note of which constants are true in the model that was just found."""
        model = self.solver.model()
        self.true = {c.name() for c in model.decls() if z3.is_true(model[c])}

    def is_broken(self, name: str, k: int) -> bool:
        return _name(self.flags[name], k) in self.true

    def code(self, k: int) -> bytes:
        """The k-th state, as spec/ codes it."""
        world = self.system.world
        code = bytearray(sum(map(len, world.offsets.values())))
        for (name, key), choice in self.system.now.items():
            code[world.offsets[name][key]] = list(choice).index(self._value(choice, k))
        return bytes(code)

    def instance(self, k: int) -> Instance:
        """What is done in the k-th state."""
        world = self.system.world
        action = world.machine.action(self._value(self.system.action, k))
        return Instance(action, tuple(self._value(self.system.slots[slot], k) for slot in slots_of(action)))

    def _value(self, choice: Choice, k: int) -> Any:
        """The value whose constant is true, or else the first, which may have none."""
        mine = ((value, _name(claim, k)) for value, claim in choice.items() if claim is not True and z3.is_const(claim))
        return next((value for value, name in mine if name in self.true), next(iter(choice)))

    def run(self, depth: int) -> tuple[list[bytes], list[Instance]]:
        """The states and steps of what the solver found."""
        return [self.code(k) for k in range(depth + 1)], [self.instance(k) for k in range(depth)]


def _name(constant: Term, k: int) -> str:
    return f"{constant.decl().name()}@{k}"


def _copy(constant: Term, k: int) -> Term:
    return z3.Bool(_name(constant, k))


def _constants(choices: Iterable[Choice]) -> list[Term]:
    return [c for choice in choices for c in unknowns(choice)]


def _and(*claims: Term) -> Term:
    """A term of z3 even where everything is known."""
    return z3.And(*(z3.BoolVal(c) if isinstance(c, bool) else c for c in claims))


class Question:
    """All promises of a machine in a scope, and what became of each so far."""

    def __init__(self, machine: Machine, sizes: dict[str, int], seconds: float, until: str, progress: Progress) -> None:
        self.machine, self.sizes, self.seconds, self.until, self.progress = machine, sizes, seconds, until, progress
        self.started = time.monotonic()
        self.done: dict[str, Bounded] = {}
        self.depth = 0
        self.stopped = ""

    @property
    def open(self) -> list[Claim]:
        return [c for c in self.machine.promises if c.name not in self.done]

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.started

    def answers(self, depth: int, otherwise: Outcome) -> list[Bounded]:
        """What became of each promise, in their order."""
        rest = Outcome.BUDGET if self.stopped else otherwise
        depth = self.depth if self.stopped else depth
        left = {c.name: Bounded(c, rest, depth, None, self.elapsed, self.stopped) for c in self.open}
        return [{**self.done, **left}[c.name] for c in self.machine.promises]

    def decide(self, run: Unrolling, *assumed: Term) -> bool:
        """Is there such a run? The solver works beside us, so that a clock and an interrupt end it."""
        left = self.seconds - self.elapsed if self.seconds else None
        if left is not None and left <= 0:
            raise Stopped(f"{self.seconds:g} s")
        answer, done = list[str](), Event()
        worker = Thread(target=_answer, args=(run, assumed, answer, done), name=SOLVER, daemon=True)
        try:
            worker.start()
            is_late = not self._waited(done, left)
        finally:
            _end(worker, run, done)
        if is_late:
            raise Stopped(f"{self.seconds:g} s")
        if answer[0] == "sat":
            run.read()
        elif answer[0] != "unsat":
            raise ArithmeticError(f"z3 gives no answer: {answer[0]}")
        return answer[0] == "sat"

    def _waited(self, done: Event, left: float | None) -> bool:
        """Is it done before the time is over? Waits in short naps, for not every interrupt wakes a sleeper."""
        while left is None or left > 0:
            nap = NAP if left is None else min(NAP, left)
            if done.wait(nap):
                return True
            left = None if left is None else left - nap
            self.progress(self.depth, self.elapsed)
        return False

    def guarded(self, ask: Callable[[], None]) -> None:
        """Ask, until it is done, or the time is over, or somebody interrupts; what was found stays."""
        try:
            ask()
        except Stopped as why:
            self.stopped = str(why)
        except KeyboardInterrupt:
            self.stopped = INTERRUPTED
        except ArgumentError as error:  # what ctypes makes of an interrupt that meets it on its way to z3
            if "KeyboardInterrupt" not in str(error):
                raise
            self.stopped = INTERRUPTED

    # -- within so many steps ----------------------------------------------------------------------------------------

    def run(self, depth: int) -> None:
        """Look for violations, a step further each time."""
        self.guarded(lambda: self._search(depth))

    def _search(self, depth: int) -> None:
        run = Unrolling(encoded(self.machine, self.sizes))
        may_fault = self._may_fault(run.system)
        run.assert_at(0, *run.system.initial)
        self._look(run)
        while self.depth < depth and (self.open or may_fault):
            if may_fault:
                self._look_for_faults(run)
            run.extend()
            self._look(run)
            self.depth = run.depth
            self.progress(self.depth, self.elapsed)

    def _may_fault(self, system: System) -> bool:
        """Is there any state from which a step leaves the bounds of a field?"""
        anywhere = Unrolling(system)
        return system.fault is not False and self.decide(anywhere, anywhere.leaves_bounds())

    def _look_for_faults(self, run: Unrolling) -> None:
        """A step out of bounds is an error of the spec, which running it tells best."""
        fault = run.leaves_bounds()
        if not self.decide(run, fault):
            return
        codes, instances = run.run(run.depth)
        instance = run.instance(run.depth)
        replayed(run.system.world, codes, instances, "the bounds of fields")
        list(run.system.world.successors(codes[-1]))
        raise Contradiction(f"{instance} does not leave the bounds of a field, as was found at step {run.depth + 1}")

    def _look(self, run: Unrolling) -> None:
        """Look for all promises that are broken now, in the last state or the last step."""
        asked = [c for c in self.open if run.depth or not c.is_step]
        while asked:
            goal = run.goal(f"{len(self.done)} are done@{run.depth}", *(run.flag(c.name, run.depth) for c in asked))
            if not self.decide(run, goal):
                break
            for claim in [c for c in asked if run.is_broken(c.name, run.depth)]:
                finding = replay(run, claim)
                self.done[claim.name] = Bounded(claim, Outcome.VIOLATED, run.depth, finding, self.elapsed)
            if self.until in self.done:
                raise Stopped(FOUND)
            asked = [c for c in asked if c.name not in self.done]
        for claim in asked:
            run.solver.add(z3.Not(run.flag(claim.name, run.depth)))

    # -- by induction ------------------------------------------------------------------------------------------------

    def induce(self, k: int) -> None:
        """Ask of any k states that are different, and keep what is not broken yet, whether the next keeps it too."""
        if not self.stopped and self.open:
            self.guarded(lambda: self._induce(k))

    def _induce(self, k: int) -> None:
        run = Unrolling(encoded(self.machine, self.sizes))
        run.solver.add(*(z3.Not(met) for met in (run.at(0, m) for m in run.system.met)))
        kept = {c.name: z3.Bool(f"{c.name} is supposed") for c in self.open}
        for at in range(k):
            asked = [n for n in kept if at or n not in run.step_flags]
            run.solver.add(*(z3.Implies(kept[n], z3.Not(run.flag(n, at))) for n in asked))
            run.solver.add(*(_differ(run, earlier, at) for earlier in range(at)))
            run.extend()
        goal = run.goal("not kept", *(z3.And(kept[n], run.flag(n, k)) for n in kept))
        while self.open and self.decide(run, goal, *self._supposed(kept)):
            for claim in [c for c in self.open if run.is_broken(c.name, k)]:
                self.done[claim.name] = Bounded(claim, Outcome.UNKNOWN, k, None, self.elapsed)
        for claim in self.open:
            self.done[claim.name] = Bounded(claim, Outcome.HOLDS, k, None, self.elapsed)

    def _supposed(self, kept: dict[str, Term]) -> list[Term]:
        """What may be leaned on: the promises that are still open, and no other."""
        names = {c.name for c in self.open}
        return [claim if name in names else z3.Not(claim) for name, claim in kept.items()]


def _differ(run: Unrolling, one: int, other: int) -> Term:
    """Two states of a run are not the same: a shortest run to a violation never comes back."""
    constants = _constants(run.system.now.values())
    return _and(either(*(z3.Xor(run.at(one, c), run.at(other, c)) for c in constants)))


def _answer(run: Unrolling, assumed: tuple[Term, ...], answer: list[str], done: Event) -> None:
    """Put down "sat", "unsat", or why there is no answer."""
    try:
        found = run.solver.check(*assumed)
        answer.append(run.solver.reason_unknown() if found == z3.unknown else str(found))
    except z3.Z3Exception as error:  # how an interrupt may end
        answer.append(str(error))
    finally:
        done.set()


def _end(worker: Thread, run: Unrolling, done: Event) -> None:
    """Let the solver come to an end before anything of it is thrown away; a second interrupt has to wait."""
    while not done.is_set():
        try:
            run.solver.interrupt()
            if not done.wait(NAP) and worker.ident is None:
                return  # interrupted before it began
        except KeyboardInterrupt:
            continue


# -- what is found is run again ----------------------------------------------------------------------------------------


def replay(run: Unrolling, claim: Claim) -> Finding:
    """The run that the solver found, as the spec itself runs it; the promise must be false at its end."""
    world, (codes, instances) = run.system.world, run.run(run.depth)
    trace = replayed(world, codes, instances, claim.name)
    for args in world.tuples(claim.params):
        if not _holds(world, claim, trace, args):
            return Finding(claim.name, args, trace)
    raise Contradiction(f"{claim.name} is kept at step {run.depth}, where z3 says that it is broken")


def _holds(world: World, claim: Claim, trace: Trace, args: tuple[Sort, ...]) -> bool:
    """Does the claim hold in the last state, or for the last step?"""
    if not claim.is_step:
        return world.holds(claim, trace.codes[-1], args)
    before, last = trace.codes[-2], trace.steps[-1].instance
    steps = (n for n, _ in world.successors(before) if world.instances[n] == last)
    return next(world.step_holds(claim, before, args) for _ in steps)


def replayed(world: World, codes: list[bytes], instances: list[Instance], name: str) -> Trace:
    """These states and steps as a trace, if the machine makes it; `name` is what is asked about."""
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
