# SPDX-License-Identifier: MIT
"""A machine in a scope as a finite transition system of z3, made from the lifted guards, assignments and invariants.

Every value is a choice among known ones. A step that leaves the bounds of a field is a `fault`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import Any

import z3

from spec.dsl import Action, Field, Machine, Sort, SpecError, World
from spec.dsl.ir import (
    Const,
    Expr,
    Operation,
    Path,
    Put,
    Quantified,
    Read,
    Size,
    Var,
    initial_values,
    one_key,
    operator,
    parts,
    walk,
)

from .choices import (
    OPERATIONS,
    QUANTIFIERS,
    Choice,
    Term,
    both,
    chosen,
    either,
    exactly_one,
    gathered,
    holds,
    one_of,
    opposite,
)

Env = dict[str, Choice]
Cell = tuple[str, Any]
"""A field by name, and the key as spec text writes it."""


class Reader:
    """Expressions as choices; `states` are the cells of each state by the `when` of reads."""

    def __init__(self, world: World, states: dict[str, dict[Cell, Choice]]) -> None:
        self.world, self.states = world, states
        self._made: dict[tuple[int, ...], tuple[Choice, Expr, list[Choice]]] = {}
        self._free: dict[int, tuple[tuple[str, ...], Expr]] = {}
        self._members: dict[Sort, Choice] = {}

    def claim(self, e: Expr, env: Env) -> Term:
        return holds(self.value(e, env))

    def value(self, e: Expr, env: Env) -> Choice:
        """The choice for an expression; made once for the same variables."""
        of = [env[name] for name in self._names(e) if name in env]
        key = (id(e), *map(id, of))
        if key not in self._made:
            self._made[key] = self._value(e, env), e, of  # the key has ids: what it names is kept alive
        return self._made[key][0]

    def _names(self, e: Expr) -> tuple[str, ...]:
        """The names of the variables of an expression."""
        if id(e) not in self._free:
            self._free[id(e)] = tuple(dict.fromkeys(x.name for x in walk(e) if isinstance(x, Var))), e
        return self._free[id(e)][0]

    def _value(self, e: Expr, env: Env) -> Choice:
        match e:
            case Const(value):
                return {value: True}
            case Size(number):
                return {self.world.sizes[number.name]: True}
            case Read(f, keys, when):
                return self._read(f, keys, when, env)
            case Quantified(word, var, body):
                bodies = self._bodies(var, body, env)
                return reduce(OPERATIONS["+"], bodies) if body.domain.base is int else QUANTIFIERS[word](bodies)
            case Var(name):
                return env[name]
        assert isinstance(e, Operation), "a row is only assigned"
        return OPERATIONS[operator(e)](*(self.value(part, env) for part in parts(e)))

    def _bodies(self, var: Var, body: Expr, env: Env) -> list[Choice]:
        return [self.value(body, {**env, var.name: self.member(m)}) for m in members(self.world, var.sort)]

    def member(self, known: Sort) -> Choice:
        """The choice with one value; always the same object, because the cache goes by identity."""
        return self._members.setdefault(known, {known: True})

    def _read(self, f: Field[Any, Any], keys: tuple[Expr, ...], when: str, env: Env) -> Choice:
        cells = self.states[when]
        places = self.places(f, keys, env)
        if len(places) == 1 and places[0][1] is True:
            return cells[places[0][0]]
        return gathered((v, both(here, t)) for cell, here in places for v, t in cells[cell].items())

    def places(self, f: Field[Any, Any], keys: tuple[Expr, ...], env: Env) -> list[tuple[Cell, Term]]:
        """The cells that a field with these keys may be, each with its claim; NOBODY has no cell."""
        for key in keys:
            if isinstance(key, Const) and key.value not in members(self.world, type(key.value)):
                raise SpecError(f"{f.name}[{key.value!r}] does not exist in this scope")
        found = product(*(self.value(key, env).items() for key in keys))
        real = [pairs for pairs in found if all(isinstance(member, Sort) for member, _ in pairs)]
        return [((f.name, one_key(tuple(m for m, _ in pairs))), both(*(t for _, t in pairs))) for pairs in real]


def members(world: World, sort: type[Sort]) -> tuple[Sort, ...]:
    return tuple(sort(i) for i in range(world.machine.shape.size(sort, world.sizes)))


@dataclass
class Write:
    """The assignment of a step to a cell: whether there is one, and its value."""

    written: Term
    value: Choice


@dataclass(frozen=True)
class Case:
    """An action with open arguments: the claim that it is the chosen one, and the choices for its parameters."""

    action: Action
    chosen: Term
    env: Env


@dataclass(frozen=True)
class System:
    """The terms of a machine in a scope: a state `now`, the state `then` after a step, and the step between.

    `legal`: an enabled instance is chosen; `fault`: it leaves the bounds of a field; `moves`: `then` is the state after
    it, without a fault. An invariant is `broken` in the state `now`, or by the step. `order` breaks the symmetry of
    members: they occur in runs in the order of their numbers; `met` are those that occurred so far.
    """

    world: World
    now: dict[Cell, Choice]
    then: dict[Cell, Choice]
    action: Choice
    slots: dict[tuple[type[Sort], int], Choice]
    met: tuple[Term, ...]
    met_then: tuple[Term, ...]
    valid: tuple[Term, ...]
    initial: tuple[Term, ...]
    legal: tuple[Term, ...]
    order: tuple[Term, ...]
    moves: tuple[Term, ...]
    fault: Term
    broken: dict[str, Term]

    @property
    def choices(self) -> list[Choice]:
        """The choices that determine a step: the action and its arguments."""
        return [self.action, *self.slots.values()]


def slots_of(action: Action) -> list[tuple[type[Sort], int]]:
    """For each parameter its sort and its number among the parameters of that sort; actions share these slots."""
    sorts = [v.sort for v in action.params]
    return [(sort, sorts[:n].count(sort)) for n, sort in enumerate(sorts)]


def encoded(machine: Machine, sizes: dict[str, int]) -> System:
    """The machine in this scope as terms."""
    return Encoder(World(machine, sizes)).system()


class Encoder:
    """Makes the terms of one world; each method makes one part of the system."""

    def __init__(self, world: World) -> None:
        self.world, self.shape = world, world.machine.shape
        self.now, self.then = self._cells("now"), self._cells("then")
        every = dict.fromkeys(slot for a in world.machine.actions for slot in slots_of(a))
        self.slots = {(sort, n): one_of(f"{sort.__name__} {n}", members(world, sort)) for sort, n in every}
        self.action = one_of("action", tuple(a.name for a in world.machine.actions))
        self.cases = [
            Case(a, self.action[a.name], {v.name: self.slots[s] for v, s in zip(a.params, slots_of(a), strict=True)})
            for a in world.machine.actions
        ]
        self.histories = {
            (name, one_key(key)): {0: True}
            for name, f in self.shape.histories.items()
            for key in self.shape.keys(f, world.sizes)
        }
        self.reader = Reader(world, {"": self.now | self.histories})
        self.faults: list[Term] = []

    def _cells(self, name: str) -> dict[Cell, Choice]:
        """An unknown state: one choice for each cell."""
        return {
            (f, key): one_of(f"{name} {f} {offset}", self.shape.values(self.shape.fields[f], self.world.sizes))
            for f, at in self.world.offsets.items()
            for key, offset in at.items()
        }

    def system(self) -> System:
        writes = self._writes()
        growth = {cell: self._after(cell, start, writes) for cell, start in self.histories.items()}
        met, met_then = self._met("now"), self._met("then")
        return System(
            world=self.world,
            now=self.now,
            then=self.then,
            action=self.action,
            slots=self.slots,
            met=tuple(met.values()),
            met_then=tuple(met_then.values()),
            valid=tuple(c for choice in self.now.values() for c in exactly_one(choice)),
            initial=(*self._initial(), *map(z3.Not, met.values())),
            legal=tuple(self._legal()),
            order=tuple(self._order(met, met_then)),
            moves=tuple(self._moves(writes)),
            fault=either(*self.faults),
            broken=self._broken(growth),
        )

    def _initial(self) -> Iterator[Term]:
        for (name, _), choice in self.now.items():
            f = self.shape.fields[name]
            starts = initial_values(f, self.shape.values(f, self.world.sizes))
            if len(starts) < len(choice):
                yield either(*(choice[v] for v in starts))

    # -- steps -----------------------------------------------------------------------------------------------------

    def _legal(self) -> Iterator[Term]:
        """One action with arguments is chosen and enabled; slots it does not use have their first value."""
        for choice in (self.action, *self.slots.values()):
            yield from exactly_one(choice)
        for case in self.cases:
            enabled = either(*(self._guard(path, case.env) for path in case.action.lifted.paths))
            idle = (choice for slot, choice in self.slots.items() if slot not in slots_of(case.action))
            still = (next(iter(choice.values())) for choice in idle)
            yield either(opposite(case.chosen), both(enabled, *still))

    def _guard(self, path: Path, env: Env) -> Term:
        return both(*(self.reader.claim(c.claim, env) for c in path.conditions))

    # -- symmetry --------------------------------------------------------------------------------------------------

    def _met(self, name: str) -> dict[Sort, Term]:
        """The claims that a member occurred before, for all but the last member of each symmetric sort."""
        symmetric = [m for sort in self.world.machine.symmetric for m in members(self.world, sort)[:-1]]
        return {m: z3.Bool(f"{name} met {type(m).__name__} {m.index}") for m in symmetric}

    def _order(self, met: dict[Sort, Term], met_then: dict[Sort, Term]) -> Iterator[Term]:
        """Symmetric members occur in order: any other run is one of these with members renamed."""
        for case in self.cases:
            places = slots_of(case.action)
            for n, slot in enumerate(places):
                for member, is_it in self.slots[slot].items():
                    if member.index and (before := slot[0](member.index - 1)) in met:
                        earlier = (self.slots[s][before] for s in places[:n] if s[0] is slot[0])
                        yield either(opposite(case.chosen), opposite(is_it), met[before], *earlier)
        for member, after in met_then.items():
            yield after == either(met[member], *self._uses(member))

    def _uses(self, member: Sort) -> Iterator[Term]:
        for case in self.cases:
            mine = (s for s in slots_of(case.action) if s[0] is type(member))
            yield both(case.chosen, either(*(self.slots[s][member] for s in mine)))

    # -- the state after ---------------------------------------------------------------------------------------------

    def _writes(self) -> dict[Cell, Write]:
        """For each cell the assignment of the chosen step."""
        every: dict[Cell, list[tuple[Term, Choice]]] = {}
        for case in self.cases:
            for path in case.action.lifted.paths:
                taken = both(case.chosen, self._guard(path, case.env))
                for cell, write in self._effect(path, case.env, taken).items():
                    every.setdefault(cell, []).append((both(taken, write.written), write.value))
        return {
            cell: Write(
                either(*(when for when, _ in found)),
                gathered((v, both(when, t)) for when, value in found for v, t in value.items()),
            )
            for cell, found in every.items()
        }

    def _effect(self, path: Path, env: Env, taken: Term) -> dict[Cell, Write]:
        """The assignments of a path; the last one to a cell counts."""
        writes: dict[Cell, Write] = {}
        for put in (cell for row in path.puts for cell in row.cells(self._size)):
            value = self.reader.value(put.value, env)
            for cell, here in self.reader.places(put.field, put.keys, env):
                was = writes.get(cell, Write(False, {}))
                self.faults.append(both(taken, here, self._wrong(put, value, cell, was)))
                writes[cell] = Write(either(was.written, here), chosen(here, value, was.value))
        return writes

    def _size(self, sort: type[Sort]) -> int:
        return self.shape.size(sort, self.world.sizes)

    def _wrong(self, put: Put, value: Choice, cell: Cell, was: Write) -> Term:
        """The claim that an assignment leaves the bounds of its field, or decreases a history counter."""
        if not put.field.history:
            return either(*(t for v, t in value.items() if v not in self.now[cell]))
        before = chosen(was.written, was.value, self.histories[cell]).items()
        return either(*(both(s, t) for old, s in before for new, t in value.items() if new < old))

    def _after(self, cell: Cell, before: Choice, writes: dict[Cell, Write]) -> Choice:
        """The value of a cell after the step."""
        write = writes.get(cell, Write(False, {}))
        stays = opposite(write.written)
        return gathered([*write.value.items(), *((v, both(stays, t)) for v, t in before.items())])

    def _moves(self, writes: dict[Cell, Write]) -> Iterator[Term]:
        yield opposite(either(*self.faults))
        for cell, choice in self.then.items():
            after = self._after(cell, self.now[cell], writes)
            for value, term in choice.items():
                if term is not True and z3.is_const(term):
                    yield term == after.get(value, False)
            yield from exactly_one(choice)

    # -- invariants ---------------------------------------------------------------------------------------------------

    def _broken(self, growth: dict[Cell, Choice]) -> dict[str, Term]:
        """For each invariant the claim that it is violated for some arguments: in the state `now`, or by the step."""
        step = Reader(self.world, {"before": self.now | self.histories, "after": self.then | growth})
        broken = {}
        for claim in self.world.machine.invariants:
            reader = step if claim.is_step else self.reader
            envs = (
                {v.name: reader.member(arg) for v, arg in zip(claim.params, args, strict=True)}
                for args in self.world.tuples(claim.params)
            )
            broken[claim.name] = either(*(opposite(reader.claim(claim.expr, env)) for env in envs))
        return broken
