"""The expression tree that a lifted function turns into: everything but a concrete run is made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .state import Field
from .values import BOOL, NOBODY, NUMBER, Bound, Domain, Sort, SpecError, literal_domain


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
    """`each`, `some` or `count` of the members of a sort for which the body holds."""

    word: str
    var: Var
    body: Expr

    @property
    def domain(self) -> Domain[Any]:
        return NUMBER if self.word == "count" else BOOL


Expr = Const | Var | Size | Read | Not | And | Or | Eq | Less | Sum | Quantified
TRUE, FALSE = Const(True), Const(False)
JOINED: dict[str, Callable[[Iterator[bool]], int]] = {"each": all, "some": any, "count": sum}


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


def evaluate(e: Expr, states: dict[str, Any], env: dict[str, Any]) -> Any:
    """The value of an expression: `states` by the `when` of its reads, `env` the values of its variables."""

    def go(x: Expr) -> Any:
        return evaluate(x, states, env)

    match e:
        case Const(value):
            return value
        case Var(name):
            return env[name]
        case Size(number):
            return next(iter(states.values())).__dict__[number.name]
        case Read(f, keys, when):
            key = tuple(map(go, keys))
            return states[when].__dict__[f.name][key if len(key) > 1 else key[0]]
        case Not(claim):
            return not go(claim)
        case And(claims):
            return all(map(go, claims))
        case Or(claims):
            return any(map(go, claims))
        case Eq(a, b):
            return go(a) == go(b)
        case Less(a, b):
            return go(a) < go(b)
        case Sum(a, b, sign):
            return go(a) + sign * go(b)
        case Quantified(word, var, body):
            state = next(iter(states.values()))
            group = state.__dict__[type(state)._shape.scope_name[var.sort]].all
            found = (evaluate(body, states, {**env, var.name: m}) for m in group)
            return JOINED[word](found)
    raise SpecError(f"{e!r} is no expression")


def text(e: Expr, loose: bool = True) -> str:
    """The expression as spec text would say it; `loose` leaves out the outermost brackets."""
    match e:
        case Const(value):
            return value.name if hasattr(value, "name") and not isinstance(value, Sort) else repr(value)
        case Var(name):
            return name
        case Size(number):
            return number.name
        case Read(f, keys, when):
            return f"{when + '.' if when else ''}{f.name}[{', '.join(map(text, keys))}]"
        case Not(Eq(a, b)):
            return f"{_operand(a)} != {_operand(b)}"
        case Not(Less(Const() as a, b)):
            return f"{text(b, False)} <= {text(a, False)}"
        case Less(Const() as a, b):
            return f"{text(b, False)} > {text(a, False)}"
        case Not(Less(a, b)):
            return f"{_operand(a)} >= {_operand(b)}"
        case Not(claim):
            return f"not {text(claim, False)}"
        case And(claims):
            inside = " and ".join(text(c, False) for c in claims)
            return inside if loose else f"({inside})"
        case Or(claims):
            inside = " or ".join(text(c, False) for c in claims)
            return inside if loose else f"({inside})"
        case Eq(a, b):
            return f"{_operand(a)} == {_operand(b)}"
        case Less(a, b):
            return f"{_operand(a)} < {_operand(b)}"
        case Sum(a, b, sign):
            return f"{_operand(a)} {'+' if sign > 0 else '-'} {f'({text(b)})' if isinstance(b, Sum) else _operand(b)}"
        case Quantified(word, var, body):
            return f"{word}({var.name}: {text(body)})"
    raise SpecError(f"{e!r} is no expression")


def _operand(e: Expr) -> str:
    """The text of one side of a comparison or a sum."""
    return f"({text(e)})" if isinstance(e, Not | And | Or | Eq | Less) else text(e)
