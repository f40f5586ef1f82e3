"""A machine in a scope as a finite transition system of z3: every value is a choice among known ones.

Nothing is said here that `spec/` does not say: guards, assignments and invariants are the lifted ones. A number is
the Python number it is, so that nothing wraps; what leaves its field's bounds is kept apart as a `fault`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import combinations, product
from typing import Any

import z3

from spec.dsl import Action, Field, Machine, Sort, SpecError, World
from spec.dsl.ir import (
    And,
    Const,
    Eq,
    Expr,
    Less,
    Not,
    Or,
    Path,
    Put,
    Quantified,
    Read,
    Size,
    Sum,
    Var,
    initial_values,
    one_key,
    walk,
)

Term = Any
"""A claim: of z3, whose Python classes have no types, or True or False where it is known."""

Choice = dict[Any, Term]
"""A value that is not known: each that it may be, and when it is; at most one at a time."""

Env = dict[str, Choice]
Cell = tuple[str, Any]
"""A field by name, and the key as spec text writes it."""


def both(*claims: Term) -> Term:
    """All of these; what is known is folded."""
    return _joined(z3.Z3_mk_and, claims, absorbing=False)


def either(*claims: Term) -> Term:
    """Some of these; what is known is folded."""
    return _joined(z3.Z3_mk_or, claims, absorbing=True)


def _joined(make: Any, claims: tuple[Term, ...], absorbing: bool) -> Term:
    """One term of several; made without z3.And and z3.Or, which look at each claim four times."""
    left = []
    for claim in claims:
        if claim is absorbing:
            return absorbing
        if claim is not (not absorbing):
            left.append(claim)
    if len(left) < 2:
        return left[0] if left else not absorbing
    context = left[0].ctx
    return z3.BoolRef(make(context.ref(), len(left), (z3.Ast * len(left))(*(c.ast for c in left))), context)


def opposite(claim: Term) -> Term:
    if isinstance(claim, bool):
        return not claim
    return z3.BoolRef(z3.Z3_mk_not(claim.ctx_ref(), claim.ast), claim.ctx)


def gathered(pairs: Iterable[tuple[Any, Term]]) -> Choice:
    """The choice among these values, each of which may come about in several ways."""
    ways: dict[Any, list[Term]] = {}
    for value, when in pairs:
        if when is not False:
            ways.setdefault(value, []).append(when)
    return {value: either(*when) for value, when in ways.items()}


def chosen(when: Term, then: Choice, other: Choice) -> Choice:
    """`then` where the claim holds, else `other`."""
    no = opposite(when)
    return gathered([*((v, both(when, t)) for v, t in then.items()), *((v, both(no, t)) for v, t in other.items())])


def one_of(name: str, values: tuple[Any, ...]) -> Choice:
    """An unknown among these values: one claim for each, but a single claim decides between two."""
    if len(values) == 1:
        return {values[0]: True}
    if len(values) == 2:
        second = z3.Bool(f"{name} is 1")
        return {values[0]: z3.Not(second), values[1]: second}
    return {value: z3.Bool(f"{name} is {n}") for n, value in enumerate(values)}


def unknowns(choice: Choice) -> list[Term]:
    """The constants of z3 that decide a choice made by `one_of`."""
    return [t for t in choice.values() if t is not True and z3.is_const(t)]


def exactly_one(choice: Choice) -> Iterator[Term]:
    """What says that an unknown is one of its values, and not two."""
    if len(choice) > 2:
        yield z3.Or(*choice.values())
        yield from (z3.Or(z3.Not(a), z3.Not(b)) for a, b in combinations(choice.values(), 2))


class Reader:
    """Expressions as claims and choices; `states` are the cells by the `when` of their reads."""

    def __init__(self, world: World, states: dict[str, dict[Cell, Choice]]) -> None:
        self.world, self.states = world, states
        self._made: dict[tuple[int, ...], tuple[Choice, Expr, list[Choice]]] = {}
        self._free: dict[int, tuple[tuple[str, ...], Expr]] = {}
        self._members: dict[Sort, Choice] = {}

    def claim(self, e: Expr, env: Env) -> Term:
        return self.value(e, env).get(True, False)

    def value(self, e: Expr, env: Env) -> Choice:
        """What the expression may be, and when; the same expression of the same things is made once."""
        if isinstance(e, Var):
            return env[e.name]
        of = [env[name] for name in self._names(e) if name in env]
        key = (id(e), *map(id, of))
        if key not in self._made:
            self._made[key] = self._value(e, env), e, of  # kept with what it was made of, for an id may come again
        return self._made[key][0]

    def _names(self, e: Expr) -> tuple[str, ...]:
        """The variables of an expression."""
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
            case Sum(a, b, sign):
                pairs = product(self.value(a, env).items(), self.value(b, env).items())
                return gathered((one + sign * other, both(s, t)) for (one, s), (other, t) in pairs)
            case Quantified("count", var, body):
                return counted(self._bodies(var, body, env))
        holds = self._holds(e, env)
        return {True: holds, False: opposite(holds)}

    def _holds(self, e: Expr, env: Env) -> Term:
        match e:
            case Not(claim):
                return opposite(self.claim(claim, env))
            case And(claims):
                return both(*(self.claim(c, env) for c in claims))
            case Or(claims):
                return either(*(self.claim(c, env) for c in claims))
            case Eq(a, b):
                left, right = self.value(a, env), self.value(b, env)
                return either(*(both(t, right[v]) for v, t in left.items() if v in right))
            case Less(a, b):
                pairs = product(self.value(a, env).items(), self.value(b, env).items())
                return either(*(both(s, t) for (one, s), (other, t) in pairs if one < other))
            case Quantified(word, var, body):
                return (both if word == "each" else either)(*self._bodies(var, body, env))
        raise SpecError(f"{e!r} is no expression")

    def _bodies(self, var: Var, body: Expr, env: Env) -> list[Term]:
        return [self.claim(body, {**env, var.name: self.member(m)}) for m in members(self.world, var.sort)]

    def member(self, known: Sort) -> Choice:
        """The choice that is none: always the same object, by which what was made is found again."""
        return self._members.setdefault(known, {known: True})

    def _read(self, f: Field[Any, Any], keys: tuple[Expr, ...], when: str, env: Env) -> Choice:
        cells = self.states[when]
        places = self.places(f, keys, env)
        if len(places) == 1 and places[0][1] is True:
            return cells[places[0][0]]
        return gathered((v, both(here, t)) for cell, here in places for v, t in cells[cell].items())

    def places(self, f: Field[Any, Any], keys: tuple[Expr, ...], env: Env) -> list[tuple[Cell, Term]]:
        """The cells that a field with these keys may be, and when it is which; nobody's cell does not exist."""
        for key in keys:
            if isinstance(key, Const) and key.value not in members(self.world, type(key.value)):
                raise SpecError(f"{f.name}[{key.value!r}] does not exist in this scope")
        found = product(*(self.value(key, env).items() for key in keys))
        real = [pairs for pairs in found if all(isinstance(member, Sort) for member, _ in pairs)]
        return [((f.name, one_key(tuple(m for m, _ in pairs))), both(*(t for _, t in pairs))) for pairs in real]


def members(world: World, sort: type[Sort]) -> tuple[Sort, ...]:
    return tuple(sort(i) for i in range(world.machine.shape.size(sort, world.sizes)))


def counted(claims: list[Term]) -> Choice:
    """How many of the claims hold."""

    def one_more(so_far: Choice, claim: Term) -> Choice:
        return chosen(claim, {n + 1: t for n, t in so_far.items()}, so_far)

    return reduce(one_more, claims, {0: True})


@dataclass
class Write:
    """What becomes of a cell in a step: whether it is written, and if so with what."""

    written: Term
    value: Choice


@dataclass(frozen=True)
class Case:
    """An action with arguments that are still open: when it is the one chosen, and what its parameters stand for."""

    action: Action
    chosen: Term
    env: Env


@dataclass(frozen=True)
class System:
    """The terms of a machine in a scope, about the state `now`, the state `then`, and what is done in between.

    `legal`: something is chosen and is enabled; `fault`: it leaves the bounds of a field; `moves` makes `then` of
    `now`, where there is no fault. An invariant is `broken` in the state `now`, or by the step. `order` leaves out
    runs that differ from others by the names of members only; it goes by `met`, the members that came up so far.
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
        """What decides a step: an action, and what its parameters are."""
        return [self.action, *self.slots.values()]


def slots_of(action: Action) -> list[tuple[type[Sort], int]]:
    """For each parameter, its sort and how many of that sort come before: actions share what these are."""
    sorts = [v.sort for v in action.params]
    return [(sort, sorts[:n].count(sort)) for n, sort in enumerate(sorts)]


def encoded(machine: Machine, sizes: dict[str, int]) -> System:
    """The machine in this scope as terms."""
    return Encoder(World(machine, sizes)).system()


class Encoder:
    """Makes the terms of one world; each method gives one part of the system."""

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
        """An unknown state: one choice a cell."""
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

    # -- what is done ----------------------------------------------------------------------------------------------

    def _legal(self) -> Iterator[Term]:
        """One action is chosen, with arguments, and is enabled; what it has no parameter for stands still."""
        for choice in (self.action, *self.slots.values()):
            yield from exactly_one(choice)
        for case in self.cases:
            enabled = either(*(self._guard(path, case.env) for path in case.action.lifted.paths))
            idle = (choice for slot, choice in self.slots.items() if slot not in slots_of(case.action))
            still = (next(iter(choice.values())) for choice in idle)
            yield either(opposite(case.chosen), both(enabled, *still))

    def _guard(self, path: Path, env: Env) -> Term:
        return both(*(self.reader.claim(c.claim, env) for c in path.conditions))

    # -- names -----------------------------------------------------------------------------------------------------

    def _met(self, name: str) -> dict[Sort, Term]:
        """Whether a member came up before; asked of all but the last of each sort whose members are symmetric."""
        symmetric = [m for sort in self.world.machine.symmetric for m in members(self.world, sort)[:-1]]
        return {m: z3.Bool(f"{name} met {type(m).__name__} {m.index}") for m in symmetric}

    def _order(self, met: dict[Sort, Term], met_then: dict[Sort, Term]) -> Iterator[Term]:
        """Members that are symmetric come up in order: a run with others is the same run under other names."""
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

    # -- what becomes of the state -----------------------------------------------------------------------------------

    def _writes(self) -> dict[Cell, Write]:
        """For each cell, what is written to it by whatever is chosen."""
        ways: dict[Cell, list[tuple[Term, Choice]]] = {}
        for case in self.cases:
            for path in case.action.lifted.paths:
                taken = both(case.chosen, self._guard(path, case.env))
                for cell, write in self._effect(path, case.env, taken).items():
                    ways.setdefault(cell, []).append((both(taken, write.written), write.value))
        return {
            cell: Write(
                either(*(when for when, _ in found)),
                gathered((v, both(when, t)) for when, value in found for v, t in value.items()),
            )
            for cell, found in ways.items()
        }

    def _effect(self, path: Path, env: Env, taken: Term) -> dict[Cell, Write]:
        """What a path writes, assignment by assignment: of two to the same cell the later one stays."""
        writes: dict[Cell, Write] = {}
        for put in path.puts:
            value = self.reader.value(put.value, env)
            for cell, here in self.reader.places(put.field, put.keys, env):
                was = writes.get(cell, Write(False, {}))
                self.faults.append(both(taken, here, self._wrong(put, value, cell, was)))
                writes[cell] = Write(either(was.written, here), chosen(here, value, was.value))
        return writes

    def _wrong(self, put: Put, value: Choice, cell: Cell, was: Write) -> Term:
        """The assignment leaves the bounds of its field; a history counter does not shrink."""
        if not put.field.history:
            return either(*(t for v, t in value.items() if v not in self.now[cell]))
        before = chosen(was.written, was.value, self.histories[cell]).items()
        return either(*(both(s, t) for old, s in before for new, t in value.items() if new < old))

    def _after(self, cell: Cell, before: Choice, writes: dict[Cell, Write]) -> Choice:
        """A cell after the step: what was written, or else what it was."""
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
        """For each invariant, that it fails for some arguments: in the state `now`, or in the step to `then`."""
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
