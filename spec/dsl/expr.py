# SPDX-License-Identifier: MIT
"""The expression tree that a lifted function turns into: everything but a concrete run is made from it.

What is made of an expression is made by `fold`; engines find it in `spec.dsl.ir`.
"""

from __future__ import annotations

import operator as python
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from .state import OF_MEMBERS, Field, one_key
from .values import BOOL, NOBODY, NUMBER, Bound, Domain, Sort, literal_domain

T = TypeVar("T")


@dataclass(frozen=True)
class Const:
    """A literal: an enum member, a truth value, a number, NOBODY, or a named member of a sort."""

    value: Any

    @property
    def domain(self) -> Domain[Any]:
        return literal_domain(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Const) and type(self.value) is type(other.value) and self.value == other.value

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))


@dataclass(frozen=True)
class Var:
    """A parameter of an action or an invariant, or the member a quantifier ranges over."""

    name: str
    sort: type[Sort]

    @property
    def domain(self) -> Domain[Any]:
        return Domain(self.sort)


@dataclass(frozen=True)
class Every:
    """All members of a sort: the `:` of a row, in the keys of an assignment only."""

    sort: type[Sort]

    @property
    def domain(self) -> Domain[Any]:
        return Domain(self.sort)


@dataclass(frozen=True)
class Size:
    """A number fixed by the scope."""

    bound: Bound

    @property
    def domain(self) -> Domain[Any]:
        return Domain(int, low=self.bound.low, high=self.bound.high)


@dataclass(frozen=True)
class Read:
    """The value of a cell; `when` is "before" or "after" in a step invariant, and "" elsewhere."""

    field: Field[Any, Any]
    keys: tuple[Expr, ...]
    when: str = ""

    @property
    def domain(self) -> Domain[Any]:
        return self.field.domain


@dataclass(frozen=True)
class Not:
    claim: Expr
    domain = BOOL


@dataclass(frozen=True)
class And:
    claims: tuple[Expr, ...]
    domain = BOOL


@dataclass(frozen=True)
class Or:
    claims: tuple[Expr, ...]
    domain = BOOL


@dataclass(frozen=True)
class Eq:
    left: Expr
    right: Expr
    domain = BOOL


@dataclass(frozen=True)
class Less:
    left: Expr
    right: Expr
    domain = BOOL


@dataclass(frozen=True)
class Sum:
    """left + right, or left - right when `sign` is -1."""

    left: Expr
    right: Expr
    sign: int
    domain = NUMBER


@dataclass(frozen=True)
class Quantified:
    """`each`, `some` or `count` of the members of a sort for which the body holds.

    The body of a count may be another count: together they count pairs.
    """

    word: str
    var: Var
    body: Expr

    @property
    def domain(self) -> Domain[Any]:
        return NUMBER if self.word == "count" else BOOL


Leaf = Const | Var | Every | Size | Read | Quantified
"""What `fold` leaves to its caller: literals, names, and what depends on a state or binds a name."""

Operation = Not | And | Or | Eq | Less | Sum
Expr = Leaf | Operation
TRUE, FALSE = Const(True), Const(False)


def pairs(e: Quantified) -> tuple[tuple[Var, ...], Expr]:
    """The variables of a count and what it counts: of a count of counts, those of both."""
    if isinstance(e.body, Quantified) and e.body.word == e.word == "count":
        inner, body = pairs(e.body)
        return (e.var, *inner), body
    return (e.var,), e.body


def negate(claim: Expr) -> Expr:
    match claim:
        case Const(value):
            return FALSE if value else TRUE
        case Not(inner):
            return inner
    return Not(claim)


def conjunction(*claims: Expr) -> Expr:
    return _flat(And, FALSE, TRUE, claims)


def disjunction(*claims: Expr) -> Expr:
    return _flat(Or, TRUE, FALSE, claims)


def _flat(kind: type[And] | type[Or], absorbing: Const, neutral: Const, claims: tuple[Expr, ...]) -> Expr:
    parts: dict[Expr, None] = {}
    for claim in claims:
        parts.update(dict.fromkeys(claim.claims if isinstance(claim, kind) else (claim,)))
    parts.pop(neutral, None)
    if absorbing in parts or any(negate(p) in parts for p in parts):
        return absorbing
    if not parts:
        return neutral
    return next(iter(parts)) if len(parts) == 1 else kind(tuple(parts))


def equal(left: Expr, right: Expr) -> Expr:
    """left == right, folded where it is plain, with a literal on the right and variables in order."""
    if left == right:
        return TRUE
    if isinstance(left, Const) and isinstance(right, Const):
        return FALSE
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Const):
            if one.value is NOBODY and not other.domain.optional:
                return FALSE
            if one.domain.base is bool:
                return other if one.value else negate(other)
            return Eq(other, one)
    return Eq(*sorted((left, right), key=repr))


def same_cell(written: tuple[Expr, ...], keys: tuple[Expr, ...]) -> Expr:
    """The claim that an assignment with these keys, which may be a row, writes the cell with those."""
    return conjunction(*(equal(w, k) for w, k in zip(written, keys, strict=True) if not isinstance(w, Every)))


def choose(when: Expr, then: Expr, other: Expr) -> Expr:
    """If `when` holds `then`, else `other`; for claims this becomes and, or, not."""
    if isinstance(when, Const):
        return then if when.value else other
    if then == other:
        return then
    if then == TRUE:
        return disjunction(when, other)
    if then == FALSE:
        return conjunction(negate(when), other)
    if other == TRUE:
        return disjunction(negate(when), then)
    if other == FALSE:
        return conjunction(when, then)
    return disjunction(conjunction(when, then), conjunction(negate(when), other))


PARTS: dict[type[Expr], Callable[[Any], tuple[Expr, ...]]] = {
    Const: lambda e: (),
    Var: lambda e: (),
    Every: lambda e: (),
    Size: lambda e: (),
    Read: lambda e: e.keys,
    Not: lambda e: (e.claim,),
    And: lambda e: e.claims,
    Or: lambda e: e.claims,
    Eq: lambda e: (e.left, e.right),
    Less: lambda e: (e.left, e.right),
    Sum: lambda e: (e.left, e.right),
    Quantified: lambda e: (e.var, e.body),
}


def parts(e: Expr) -> tuple[Expr, ...]:
    """The expressions directly inside this one."""
    return PARTS[type(e)](e)


def walk(e: Expr) -> tuple[Expr, ...]:
    """The expression and everything inside it, in the order of the text; kept with the expression."""
    found: tuple[Expr, ...] | None = e.__dict__.get("_walked")
    if found is None:
        found = e.__dict__["_walked"] = tuple(_walked(e))
    return found


def _walked(e: Expr) -> Iterator[Expr]:
    todo = [e]
    while todo:
        x = todo.pop()
        yield x
        todo += reversed(parts(x))


OPERATORS: dict[type[Operation], str] = {Not: "not", And: "and", Or: "or", Eq: "==", Less: "<"}


def operator(e: Operation) -> str:
    """The operator of an operation, as Python writes it: not, and, or, ==, <, + or -."""
    return OPERATORS.get(type(e)) or ("+" if isinstance(e, Sum) and e.sign > 0 else "-")


def fold(e: Expr, leaf: Callable[[Leaf], T], join: Callable[[Operation, Iterator[T]], T]) -> T:
    """The result for an expression, made from the results for its parts.

    `leaf` gives the result for a Const, Var, Every, Size, Read or Quantified; it folds the keys and the body itself,
    because only the caller knows the state and the names they are about. `join` gets an operation (Not, And, Or, Eq,
    Less, Sum) and the results for its parts in the order of the text; `operator(e)` is a key for a table of operators.
    The results are computed one by one as `join` takes them, so that `all` and `any` may stop early.

        >>> fold(Or((TRUE, FALSE)), lambda e: str(e.value), lambda e, parts: f" {operator(e)} ".join(parts))
        'True or False'
    """

    def go(x: Expr) -> T:
        return join(x, map(go, PARTS[type(x)](x))) if isinstance(x, Operation) else leaf(x)

    return go(e)


def rebuild(e: Expr, inner: list[Expr]) -> Expr:
    """The same kind of expression with other parts, one for each of `parts(e)`, in its simplest form."""
    match e:
        case Read(field, _, when):
            return Read(field, tuple(inner), when)
        case Not():
            return negate(inner[0])
        case And():
            return conjunction(*inner)
        case Or():
            return disjunction(*inner)
        case Eq():
            return equal(*inner)
        case Less():
            return Less(*inner)
        case Sum(_, _, sign):
            return Sum(inner[0], inner[1], sign)
        case Quantified(word):
            var, body = inner
            return Quantified(word, var, body) if isinstance(var, Var) else e
    return e


VALUES: dict[str, Callable[..., Any]] = {
    "not": python.not_,
    "==": python.eq,
    "<": python.lt,
    "+": python.add,
    "-": python.sub,
}
OF_MANY: dict[str, Callable[[Iterator[Any]], Any]] = {"and": all, "or": any, **OF_MEMBERS}


def evaluate(e: Expr, states: dict[str, Any], env: dict[str, Any]) -> Any:
    """The value of an expression: `states` by the `when` of its reads, `env` the values of its variables."""

    def leaf(x: Leaf) -> Any:
        match x:
            case Const(value):
                return value
            case Var(name):
                return env[name]
            case Size(number):
                return next(iter(states.values())).__dict__[number.name]
            case Read(f, keys, when):
                return states[when].__dict__[f.name][one_key(tuple(fold(k, leaf, _value) for k in keys))]
            case Quantified(word, var, body):
                state = next(iter(states.values()))
                group = state.__dict__[type(state)._shape.scope_name[var.sort]].all
                return OF_MANY[word](evaluate(body, states, {**env, var.name: m}) for m in group)
        raise TypeError(f"{x!r} has no value")

    return fold(e, leaf, _value)


def _value(e: Operation, parts: Iterator[Any]) -> Any:
    name = operator(e)
    return OF_MANY[name](parts) if name in OF_MANY else VALUES[name](*parts)
