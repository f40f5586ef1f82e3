# SPDX-License-Identifier: MIT
"""Choices of z3: a value that is not known is a case distinction over the values it may have.

Numbers stay Python's, so that nothing wraps. What is known is folded before z3 sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial, reduce
from itertools import combinations, product
from operator import add, lt, sub
from typing import Any

import z3

Term = Any
"""A claim: a term of z3, whose Python classes have no types, or True or False if it is known."""

Choice = dict[Any, Term]
"""A value that is not known: each value it may have, with the claim that it has it; at most one holds."""


def both(*claims: Term) -> Term:
    """The conjunction of these claims, folded where they are known."""
    return _joined(z3.Z3_mk_and, claims, absorbing=False)


def either(*claims: Term) -> Term:
    """The disjunction of these claims, folded where they are known."""
    return _joined(z3.Z3_mk_or, claims, absorbing=True)


def _joined(make: Any, claims: tuple[Term, ...], absorbing: bool) -> Term:
    """One term of several, made without z3.And and z3.Or, which convert each claim four times."""
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
    """The choice among these values, of which one may be there several times."""
    found: dict[Any, list[Term]] = {}
    for value, when in pairs:
        if when is not False:
            found.setdefault(value, []).append(when)
    return {value: either(*when) for value, when in found.items()}


def chosen(when: Term, then: Choice, other: Choice) -> Choice:
    """`then` if the claim holds, else `other`."""
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
    """Claims that an unknown has exactly one of its values."""
    if len(choice) > 2:
        yield z3.Or(*choice.values())
        yield from (z3.Or(z3.Not(a), z3.Not(b)) for a, b in combinations(choice.values(), 2))


def truth(claim: Term) -> Choice:
    """A claim as the choice between true and false."""
    return {True: claim, False: opposite(claim)}


def holds(choice: Choice) -> Term:
    """When a choice between true and false is true."""
    return choice.get(True, False)


def compared(decide: Callable[[Any, Any], bool], left: Choice, right: Choice) -> Choice:
    """Whether two values compare so."""
    pairs = product(left.items(), right.items())
    return truth(either(*(both(s, t) for (one, s), (other, t) in pairs if decide(one, other))))


def computed(compute: Callable[[int, int], int], left: Choice, right: Choice) -> Choice:
    """The sum or difference of two numbers."""
    pairs = product(left.items(), right.items())
    return gathered((compute(one, other), both(s, t)) for (one, s), (other, t) in pairs)


def number_of(claims: Iterable[Term]) -> Choice:
    """How many of the claims hold."""

    def one_more(so_far: Choice, claim: Term) -> Choice:
        return chosen(claim, {n + 1: t for n, t in so_far.items()}, so_far)

    return reduce(one_more, claims, {0: True})


OPERATIONS: dict[str, Callable[..., Choice]] = {
    "not": lambda claim: truth(opposite(holds(claim))),
    "and": lambda *claims: truth(both(*map(holds, claims))),
    "or": lambda *claims: truth(either(*map(holds, claims))),
    "==": lambda left, right: truth(either(*(both(t, right[v]) for v, t in left.items() if v in right))),
    "<": partial(compared, lt),
    "+": partial(computed, add),
    "-": partial(computed, sub),
}
QUANTIFIERS: dict[str, Callable[[list[Choice]], Choice]] = {
    "each": lambda claims: truth(both(*map(holds, claims))),
    "some": lambda claims: truth(either(*map(holds, claims))),
    "count": lambda claims: number_of(map(holds, claims)),
}
