# SPDX-License-Identifier: MIT
"""Whether every action is a function, decided by z3: its paths are disjoint, complete, satisfiable, in bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from itertools import combinations
from math import prod
from operator import add, eq, lt, sub
from types import CodeType
from typing import Any

import z3

from spec.dsl import NOBODY, Action, Machine, Sort
from spec.dsl.ir import (
    Bound,
    Const,
    Domain,
    Expr,
    Given,
    Operation,
    Path,
    Put,
    Quantified,
    Reach,
    Read,
    Shape,
    Size,
    Var,
    negate,
    operator,
    pairs,
    parts,
)

from .queues import Queue, Undecided, answered
from .workers import Lost

LIMIT = 60.0
"""The limit for one action in seconds."""

Term = Any
"""A term of z3, whose Python classes have no types."""

NOWHERE = -1
"""The number for NOBODY; members of sorts and enums are numbered from 0."""


def problems(machine: Machine) -> list[str]:
    """The problems of the actions of a machine, one line each, beginning with file and line.

    z3 runs in a worker; raises Undecided if it gives no answer about an action.
    """
    new = {_key(a, machine.shape): a for a in machine.actions if _key(a, machine.shape) not in KNOWN}
    for key, found in _decided(list(new.values()), machine.shape):
        KNOWN[key] = found
    return [line for action in machine.actions for line in KNOWN[_key(action, machine.shape)]]


Key = tuple[object, Reach, Shape]
KNOWN: dict[Key, tuple[str, ...]] = {}
"""A cache of results: mutants share all unchanged actions."""


def _key(action: Action, shape: Shape) -> Key:
    """The key of an action: its text, all that it reads, and the shape of its state."""
    return action.fn, action.reach, shape


def _decided(actions: list[Action], shape: Shape) -> Iterator[tuple[Key, tuple[str, ...]]]:
    """Decide these actions one after the other."""

    def work(numbers: Iterator[int]) -> Iterator[Any]:
        yield None
        yield from (list(_problems_of(actions[n], shape)) for n in numbers)

    for _, n, found in answered([Queue(work, range(len(actions)))], 1, LIMIT):
        if isinstance(found, Lost):
            asked = f"{_top(actions[n])}: whether {actions[n].name} is a function of the state"
            raise Undecided(f"{asked} is not decided: {found}; try again, or split it into two actions")
        yield _key(actions[n], shape), tuple(found)


def _problems_of(action: Action, shape: Shape) -> Iterator[str]:
    terms = Terms(shape)
    paths = [(path, terms.all(path.conditions)) for path in action.lifted.paths]
    solver = z3.Solver()
    for path, guard in paths:
        if not _possible(solver, terms, guard):
            every = range(len(path.conditions))
            yield _never(action, path, next(n for n in every if not _so_far(solver, terms, path, n)))
    for (one, guard), (two, other) in combinations(paths, 2):
        if not _part(one, two) and _possible(solver, terms, guard, other):
            yield f"{_last(action, one)}: two paths of {action.name} overlap from here: both may be taken"
    if _possible(solver, terms, *(z3.Not(terms.all(p.branches)) for p in _leaves(action))):
        yield f"{_top(action)}: {action.name} has neither a path nor a refusal for some states"
    for path, guard in paths:
        for put in path.puts:
            if _possible(solver, terms, guard, z3.Not(terms.fits(put))):
                yield f"{put.where}: {action.name} may leave the bounds of {put.field.name}, {_range(put)}"


def _so_far(solver: Any, terms: Terms, path: Path, last: int) -> bool:
    """True if the conditions of a path are satisfiable together up to this one."""
    return _possible(solver, terms, terms.all(path.conditions[: last + 1]))


def _never(action: Action, path: Path, at: int) -> str:
    """The message for conditions that are unsatisfiable up to this one, with the last `if` of a helper among them."""
    helpers = [c.where for c in path.conditions[: at + 1] if c.is_branch and not _is_in(action, c.where)]
    never = f"{action.name} never gets here: no state meets these conditions"
    if not helpers:
        return f"{path.conditions[at].where}: {never}"
    way_out = f"an `if` in a helper adds a path to {action.name}; write implies(...), or a conditional"
    return f"{helpers[-1]}: {never}: {way_out}"


def _is_in(action: Action, where: str) -> bool:
    """True if this is a line of the action's own text."""
    file, _, line = where.rpartition(":")
    return file == action.fn.__code__.co_filename and int(line) in _lines(action.fn.__code__)


def _lines(code: CodeType) -> set[int | None]:
    """The lines of a function, and of functions defined in it."""
    inner = (c for c in code.co_consts if isinstance(c, CodeType))
    return {line for _, _, line in code.co_lines()}.union(*map(_lines, inner))


def _part(one: Path, other: Path) -> bool:
    """True if two paths take different answers of a branch, and are disjoint for that reason."""
    answers = {given.claim for given in other.branches}
    return any(negate(given.claim) in answers for given in one.branches)


def _possible(solver: Any, terms: Terms, *claims: Term) -> bool:
    """True if these claims are satisfiable together, in some scope and state."""
    found = solver.check(*claims, *terms.assumed)
    if found == z3.unknown:
        raise Lost(solver.reason_unknown())
    return bool(found == z3.sat)


def _leaves(action: Action) -> tuple[Path, ...]:
    return (*action.lifted.paths, *action.lifted.refusals)


def _top(action: Action) -> str:
    return f"{action.fn.__code__.co_filename}:{action.fn.__code__.co_firstlineno}"


def _last(action: Action, path: Path) -> str:
    """The line of the last branch of a path, or else of its last guard."""
    conditions: tuple[Given, ...] = path.branches or path.conditions
    return conditions[-1].where if conditions else _top(action)


def _range(put: Put) -> str:
    return "which only grows" if put.field.history else f"{put.field.domain!r}"


OPERATIONS: dict[str, Callable[..., Term]] = {
    "not": z3.Not, "and": z3.And, "or": z3.Or, "==": eq, "<": lt, "+": add, "-": sub
}  # fmt: skip
"""The operations of the expression tree, on terms of z3."""


class Terms:
    """Expressions as terms of z3: all values are numbers; quantified claims and counts are unknown constants.

    `assumed` are the domains of the terms made so far.
    """

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.assumed: list[Term] = []
        self._made: dict[Expr, Term] = {}

    def all(self, conditions: tuple[Given, ...]) -> Term:
        return z3.And(*(self.of(c.claim) for c in conditions))

    def fits(self, put: Put) -> Term:
        """The claim that an assignment is in the field's domain, or does not decrease a history counter."""
        if put.field.history:
            return self.of(put.value) >= self.of(Read(put.field, put.keys))
        return self._inside(self.of(put.value), put.field.domain)

    def of(self, e: Expr) -> Term:
        """The term for an expression; made once."""
        if e not in self._made:
            self._made[e] = self._term(e)
        return self._made[e]

    def _term(self, e: Expr) -> Term:
        match e:
            case Const(value):
                return _literal(value)
            case Var() | Size() | Quantified():
                return self._unknown(e)
            case Read(f, keys, when):
                sorts = [z3.IntSort() for _ in keys]
                cell = z3.Function(f"{when}.{f.name}", *sorts, _sort(f.domain))(*map(self.of, keys))
                self.assumed.append(cell >= 0 if f.history else self._inside(cell, f.domain))
                return cell
        assert isinstance(e, Operation), "a row is only assigned"
        return OPERATIONS[operator(e)](*map(self.of, parts(e)))

    def _unknown(self, e: Var | Size | Quantified) -> Term:
        made = z3.FreshConst(_sort(e.domain), type(e).__name__)
        if isinstance(e, Quantified) and e.word == "count":
            self.assumed += [made >= 0, made <= prod(self._most(v.sort) for v in pairs(e)[0])]
        else:
            self.assumed.append(self._inside(made, e.domain))
        return made

    def _inside(self, value: Term, domain: Domain[Any]) -> Term:
        """The claim that the value is in the domain."""
        if domain.base is bool:
            return z3.BoolVal(True)
        if domain.base is int:
            return z3.And(self._number(domain.low) <= value, value <= self._number(domain.high))
        if issubclass(domain.base, Enum):
            return z3.And(value >= 0, value < len(domain.base))
        return z3.And(value >= (NOWHERE if domain.optional else 0), value < self._most(domain.base))

    def _most(self, sort: type[Any]) -> int:
        """The most members of a sort in any scope."""
        return self.shape.members[self.shape.scope_name[sort]].high

    def _number(self, limit: int | Bound) -> Term:
        return self.of(Size(limit)) if isinstance(limit, Bound) else limit


def _sort(domain: Domain[Any]) -> Term:
    return z3.BoolSort() if domain.base is bool else z3.IntSort()


def _literal(value: Any) -> Term:
    if isinstance(value, bool):
        return z3.BoolVal(value)
    if isinstance(value, Enum):
        return z3.IntVal(list(type(value)).index(value))
    if isinstance(value, Sort):
        return z3.IntVal(value.index)
    return z3.IntVal(NOWHERE if value is NOBODY else value)
