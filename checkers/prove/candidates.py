# SPDX-License-Identifier: MIT
"""Candidates for lemmas: all small claims about fields that hold in the reachable states of a scope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import combinations, product

from checkers.explore.search import Budget, Search
from spec.dsl import NOBODY, Machine, Sort, World
from spec.dsl.ir import TRUE, Const, Expr, Read, Var, conjunction, disjunction, equal, evaluate, first_sort, negate

from .theory import Invariant

MOST_LITERALS = 3
"""Literals of a candidate: `a and b implies c` has three."""

STEPS = 2
"""Fields followed from a parameter: the cells of a page, and those of the members they name."""

LOOKED_AT = Budget(states=20_000, seconds=20)
"""The states in which candidates are checked."""


@dataclass(frozen=True)
class Literal:
    """A claim about one cell `of`; a candidate has at most one claim about a cell."""

    of: str
    claim: Expr


def candidates(machine: Machine) -> list[Invariant]:
    """All claims of few literals that hold in the states searched, none of which implies another."""
    params = _params(machine)
    literals = list(_literals(machine, params))
    seen = _seen(machine, params, literals)
    every = (1 << len(seen)) - 1
    true_in = [sum(1 << n for n, valuation in enumerate(seen) if valuation[i]) for i in range(len(literals))]
    signed = [(i, sign, mask if sign else every & ~mask) for i, mask in enumerate(true_in) for sign in (True, False)]
    return [_fact(n, params, clause) for n, clause in enumerate(_minimal(literals, signed, every), 1)]


def _params(machine: Machine) -> tuple[Var, ...]:
    """The parameters of a candidate: a page, and the other keys of its fields."""
    first = first_sort(machine)
    others = (k for f in machine.shape.fields.values() if f.keys[:1] == (first,) for k in f.keys[1:])
    return tuple(Var(sort.__name__.lower(), sort) for sort in dict.fromkeys((first, *others)))


def _literals(machine: Machine, params: tuple[Var, ...]) -> Iterator[Literal]:
    """The literals about each cell reached from the parameters."""
    cells = list(_cells(machine, params))
    for guard, cell in cells:
        for value in _values(cell):
            yield Literal(repr(cell), conjunction(guard, equal(cell, value)))
    named = [(TRUE, v) for v in params] + cells
    for (guard, one), (other_guard, other) in combinations(named, 2):
        base = one.domain.base
        if issubclass(base, Sort) and base is other.domain.base and not isinstance(one, Var) | isinstance(other, Var):
            yield Literal(f"{one!r} {other!r}", conjunction(guard, other_guard, _somebody(one), equal(one, other)))
        if isinstance(one, Var) and isinstance(other, Read) and base is other.domain.base:
            yield Literal(f"{one!r} {other!r}", conjunction(other_guard, equal(one, other)))


def _somebody(cell: Expr) -> Expr:
    return negate(equal(cell, Const(NOBODY))) if cell.domain.optional else TRUE


def _cells(machine: Machine, params: tuple[Var, ...]) -> Iterator[tuple[Expr, Expr]]:
    """The cells of the parameters and of the members they name, each with the claim that it exists."""
    known: list[tuple[Expr, Expr]] = [(TRUE, v) for v in params]
    met: dict[tuple[Expr, Expr], None] = {}
    for _ in range(STEPS):
        found = [pair for pair in _next(machine, known) if pair not in met]
        met.update(dict.fromkeys(found))
        known += [pair for pair in found if issubclass(pair[1].domain.base, Sort)]
    yield from met


def _next(machine: Machine, known: list[tuple[Expr, Expr]]) -> Iterator[tuple[Expr, Expr]]:
    for f in machine.shape.fields.values():
        for keys in product(*([pair for pair in known if pair[1].domain.base is k] for k in f.keys)):
            guards = [conjunction(guard, _somebody(key)) for guard, key in keys]
            yield conjunction(*guards), Read(f, tuple(key for _, key in keys))


def _values(cell: Expr) -> Iterator[Expr]:
    """The values a cell is compared with."""
    domain = cell.domain
    if domain.base is bool:
        yield Const(True)
    elif domain.base is int:
        yield Const(0)
    elif issubclass(domain.base, Enum):
        members = list(domain.base)
        yield from map(Const, members[:1] if len(members) == 2 else members)
    elif domain.optional:
        yield Const(NOBODY)


def _seen(machine: Machine, params: tuple[Var, ...], literals: list[Literal]) -> list[tuple[bool, ...]]:
    """The sets of literals that hold together in some reachable state, as truth values."""
    search = Search(machine, machine.sizes("tiny", {}), machine.symmetric, LOOKED_AT, "")
    search.run()
    world, found = search.world, dict[tuple[bool, ...], None]()
    for code in search.codes:
        state = world.load(code)
        for args in world.tuples(params):
            env = {v.name: arg for v, arg in zip(params, args, strict=True)}
            found[tuple(bool(evaluate(one.claim, {"": state}, env)) for one in literals)] = None
    return list(found)


Signed = tuple[int, bool, int]
Clause = list[Expr]


def _minimal(literals: list[Literal], signed: list[Signed], every: int) -> Iterator[Clause]:
    """The smallest disjunctions that hold everywhere."""
    kept: list[frozenset[tuple[int, bool]]] = []
    for size in range(1, MOST_LITERALS + 1):
        for some in combinations(signed, size):
            if len({literals[i].of for i, _, _ in some}) < size:
                continue
            mask = 0
            for _, _, holds in some:
                mask |= holds
            clause = frozenset((i, sign) for i, sign, _ in some)
            if mask == every and not any(other <= clause for other in kept):
                kept.append(clause)
                yield [literals[i].claim if sign else negate(literals[i].claim) for i, sign, _ in some]


def _fact(number: int, params: tuple[Var, ...], clause: Clause) -> Invariant:
    return Invariant(f"candidate_{number}", params, disjunction(*clause))


def holds_in(invariant: Invariant, world: World, code: bytes) -> bool:
    """True if a candidate holds in this state for all arguments."""
    state = world.load(code)
    every = (
        {v.name: arg for v, arg in zip(invariant.params, args, strict=True)} for args in world.tuples(invariant.params)
    )
    return all(evaluate(invariant.expr, {"": state}, env) for env in every)
