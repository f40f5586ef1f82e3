# SPDX-License-Identifier: MIT
"""The unrolling of a transition system in z3: the solver's part of bounded questions, which runs in a worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import z3

from spec.dsl import Instance

from .choices import Choice, Term, either, unknowns
from .finite import System, slots_of
from .workers import Lost


class Unrolling:
    """Copies of the terms of a system in a solver, one for each step."""

    def __init__(self, system: System) -> None:
        self.system, self.solver = system, z3.SolverFor("QF_FD")
        self.depth = 0
        self.true: set[str] = set()
        invariants = system.world.machine.invariants
        self.flags = {c.name: z3.Bool(f"{c.name} is broken") for c in invariants}
        self.step_flags = {c.name: self.flags[c.name] for c in invariants if c.is_step}
        self._now = [*_constants(system.now.values()), *system.met]
        self._then = [*_constants(system.then.values()), *system.met_then]
        self._rest = [*_constants(system.choices), *(f for n, f in self.flags.items() if n not in self.step_flags)]
        self._copies: dict[int, list[tuple[Term, Term]]] = {}
        defined = {n: flag == system.broken[n] for n, flag in self.flags.items()}
        self._state = z3.And(*(t for n, t in defined.items() if n not in self.step_flags))
        self._legal = _and(*system.legal, *system.order)
        self._step = _and(self._legal, *system.moves, *(defined[n] for n in self.step_flags))
        self.assert_at(0, *system.valid, self._state)

    def extend(self) -> None:
        """Add one step, and the state after it."""
        self.depth += 1
        self.assert_at(self.depth - 1, self._step)
        self.assert_at(self.depth, self._state)

    def assert_at(self, k: int, *claims: Term) -> None:
        """Assert claims about the k-th state, and the step from it."""
        self.solver.add(self.at(k, _and(*claims)))

    def at(self, k: int, claim: Term) -> Term:
        """The claim about the k-th state and the step from it; flags of step invariants belong to the state after."""
        return z3.substitute(_and(claim), *self._copied(k))

    def _copied(self, k: int) -> list[tuple[Term, Term]]:
        """For each constant of the system its copy at the k-th state."""
        if k not in self._copies:
            made = [(c, _copy(c, k)) for c in (*self._now, *self._rest)]
            made += [(c, _copy(c, k + 1)) for c in self.step_flags.values()]
            made += [(then, _copy(now, k + 1)) for now, then in zip(self._now, self._then, strict=True)]
            self._copies[k] = made
        return self._copies[k]

    def flag(self, name: str, k: int) -> Term:
        """The claim that this invariant is violated in the k-th state, or by the step to it."""
        return _copy(self.flags[name], k)

    def goal(self, name: str, *claims: Term) -> Term:
        """A new constant that implies one of these claims, to be used as an assumption."""
        made = z3.Bool(name)
        self.solver.add(z3.Implies(made, z3.Or(*claims)))
        return made

    def leaves_bounds(self) -> Term:
        """A new constant that implies a step from the last state out of the bounds of a field."""
        return self.goal(f"fault@{self.depth}", self.at(self.depth, _and(self._legal, self.system.fault)))

    # -- reading a model -------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Read from the last model which constants are true."""
        model = self.solver.model()
        self.true = {c.name() for c in model.decls() if z3.is_true(model[c])}

    def is_broken(self, name: str, k: int) -> bool:
        return _name(self.flags[name], k) in self.true

    def code(self, k: int) -> bytes:
        """The code of the k-th state."""
        world = self.system.world
        code = bytearray(sum(map(len, world.offsets.values())))
        for (name, key), choice in self.system.now.items():
            code[world.offsets[name][key]] = list(choice).index(self._value(choice, k))
        return bytes(code)

    def instance(self, k: int) -> Instance:
        """The step from the k-th state."""
        world = self.system.world
        action = world.machine.action(self._value(self.system.action, k))
        return Instance(action, tuple(self._value(self.system.slots[slot], k) for slot in slots_of(action)))

    def _value(self, choice: Choice, k: int) -> Any:
        """The value whose constant is true, or else the first."""
        mine = ((value, _name(claim, k)) for value, claim in choice.items() if claim is not True and z3.is_const(claim))
        return next((value for value, name in mine if name in self.true), next(iter(choice)))

    def run(self, depth: int) -> tuple[list[bytes], list[Instance]]:
        """The states and steps of the last model."""
        return [self.code(k) for k in range(depth + 1)], [self.instance(k) for k in range(depth)]


def _name(constant: Term, k: int) -> str:
    return f"{constant.decl().name()}@{k}"


def _copy(constant: Term, k: int) -> Term:
    return z3.Bool(_name(constant, k))


def _constants(choices: Iterable[Choice]) -> list[Term]:
    return [c for choice in choices for c in unknowns(choice)]


def _and(*claims: Term) -> Term:
    """The conjunction as a term of z3, also if it is known."""
    return z3.And(*(z3.BoolVal(c) if isinstance(c, bool) else c for c in claims))


class Search:
    """The solver's part: decides the open invariants, and yields each result as it is found."""

    def __init__(self, system: System, names: list[str]) -> None:
        self.system, self.open = system, names
        machine = system.world.machine
        self.steps = {c.name for c in machine.invariants if c.is_step}
        self.numbers = {(i.action.name, i.args): n for n, i in enumerate(system.world.instances)}

    def decide(self, run: Unrolling, *assumed: Term) -> bool:
        """True if there is such a run."""
        found = run.solver.check(*assumed)
        if found == z3.unknown:
            raise Lost(run.solver.reason_unknown())
        if found == z3.sat:
            run.read()
        return bool(found == z3.sat)

    # -- within so many steps ----------------------------------------------------------------------------------------

    def within(self, depth: int) -> Iterator[Any]:
        """Violations within `depth` steps, the shortest first."""
        run = Unrolling(self.system)
        may_fault = self._may_fault()
        run.assert_at(0, *self.system.initial)
        yield from self._look(run)
        while run.depth < depth and (self.open or may_fault):
            if may_fault:
                yield from self._look_for_faults(run)
            run.extend()
            yield from self._look(run)
            yield ["depth", run.depth]

    def _may_fault(self) -> bool:
        """True if a step from any state, reachable or not, can leave the bounds of a field."""
        anywhere = Unrolling(self.system)
        return self.system.fault is not False and self.decide(anywhere, anywhere.leaves_bounds())

    def _look_for_faults(self, run: Unrolling) -> Iterator[Any]:
        """A step from the last state that leaves the bounds of a field."""
        if self.decide(run, run.leaves_bounds()):
            codes, instances = run.run(run.depth)
            yield ["fault", *self._run(codes, [*instances, run.instance(run.depth)])]

    def _run(self, codes: list[bytes], instances: list[Instance]) -> list[Any]:
        """A run as JSON: states as codes in hexadecimal, steps as numbers of instances."""
        return [[code.hex() for code in codes], [self.numbers[i.action.name, i.args] for i in instances]]

    def _look(self, run: Unrolling) -> Iterator[Any]:
        """All invariants that are violated in the last state or by the last step."""
        asked = [name for name in self.open if run.depth or name not in self.steps]
        while asked:
            goal = run.goal(f"{len(self.open)} are open@{run.depth}", *(run.flag(name, run.depth) for name in asked))
            if not self.decide(run, goal):
                break
            broken = [name for name in asked if run.is_broken(name, run.depth)]
            found = self._run(*run.run(run.depth))
            yield from (["broken", name, *found] for name in broken)
            self.open = [name for name in self.open if name not in broken]
            asked = [name for name in asked if name not in broken]
        run.solver.add(*(z3.Not(run.flag(name, run.depth)) for name in asked))

    # -- by induction ------------------------------------------------------------------------------------------------

    def inductive(self, k: int) -> Iterator[Any]:
        """The invariants that hold after k different states in which they hold; those that fall are not assumed."""
        run = Unrolling(self.system)
        run.solver.add(*(z3.Not(met) for met in (run.at(0, m) for m in run.system.met)))
        kept = {name: z3.Bool(f"{name} is supposed") for name in self.open}
        for at in range(k):
            asked = [n for n in kept if at or n not in run.step_flags]
            run.solver.add(*(z3.Implies(kept[n], z3.Not(run.flag(n, at))) for n in asked))
            run.solver.add(*(_differ(run, earlier, at) for earlier in range(at)))
            run.extend()
        goal = run.goal("not kept", *(z3.And(kept[n], run.flag(n, k)) for n in kept))
        while self.open and self.decide(run, goal, *self._supposed(kept)):
            fallen = [name for name in self.open if run.is_broken(name, k)]
            yield from (["fallen", name, k] for name in fallen)
            self.open = [name for name in self.open if name not in fallen]
        yield from (["kept", name, k] for name in self.open)

    def _supposed(self, kept: dict[str, Term]) -> list[Term]:
        """The assumptions: the invariants that are still open, and no other."""
        return [claim if name in self.open else z3.Not(claim) for name, claim in kept.items()]


def _differ(run: Unrolling, one: int, other: int) -> Term:
    """Two states of a run differ: a shortest run to a violation has no cycle."""
    constants = _constants(run.system.now.values())
    return _and(either(*(z3.Xor(run.at(one, c), run.at(other, c)) for c in constants)))
