"""Symbolic values: what a spec function computes with while it is lifted, and the paths it forks into."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from .expr import (
    FALSE,
    TRUE,
    And,
    Const,
    Eq,
    Expr,
    Less,
    Not,
    Or,
    Quantified,
    Read,
    Sum,
    Var,
    choose,
    conjunction,
    disjunction,
    equal,
    negate,
    walk,
)
from .state import Field, Members
from .values import NOBODY, NOTHING, Domain, SpecError, literal_domain
from .words import Refused


def here() -> str:
    """File and line of the spec text that is running: the innermost frame outside this package."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(__package__ or "?"):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def wrong(message: str) -> NoReturn:
    raise SpecError(f"{here()}: {message}")


class Fork(BaseException):
    """The path does not decide this claim: the function has to be run once for each answer."""

    def __init__(self, claim: Expr, where: str) -> None:
        self.claim, self.where = claim, where


@dataclass
class Branch:
    """A fork in the road and what each answer leads to."""

    claim: Expr
    where: str
    yes: Tree
    no: Tree


Tree = Branch | Any
"""A decision tree: branches, and at its leaves whatever the run came to."""


def grow(run: Callable[[tuple[bool, ...]], Any], answers: tuple[bool, ...] = ()) -> Tree:
    """The decision tree of a deterministic function that is re-run with ever longer lists of answers."""
    try:
        return run(answers)
    except Fork as fork:
        return Branch(fork.claim, fork.where, grow(run, (*answers, True)), grow(run, (*answers, False)))


def fold(tree: Tree) -> Expr:
    """A tree of expressions as one expression: how a quantifier's body is joined again."""
    if isinstance(tree, Branch):
        return choose(tree.claim, fold(tree.yes), fold(tree.no))
    assert isinstance(tree, Expr)
    return tree


class Facts:
    """What a path has decided so far; answers new questions from it where plain syntax is enough."""

    def __init__(self, outer: Facts | None = None) -> None:
        self.known: dict[Expr, bool] = dict(outer.known) if outer else {}

    def learn(self, claim: Expr, answer: bool) -> None:
        match claim:
            case Not(inner):
                self.learn(inner, not answer)
            case And(claims) if answer:
                for each_claim in claims:
                    self.learn(each_claim, True)
            case Or(claims) if not answer:
                for each_claim in claims:
                    self.learn(each_claim, False)
            case _:
                self.known[claim] = answer

    def decide(self, claim: Expr) -> bool | None:
        match claim:
            case Const(value):
                return bool(value)
            case Not(inner):
                answer = self.decide(inner)
                return None if answer is None else not answer
            case And(claims):
                return self._decide_all(claims)
            case Or(claims):
                opposite = self._decide_all(tuple(map(negate, claims)))
                return None if opposite is None else not opposite
            case Eq(term, Const() as value) if claim not in self.known:
                return self._decide_literal(term, value)
        return self.known.get(claim)

    def _decide_all(self, claims: tuple[Expr, ...]) -> bool | None:
        answers = [self.decide(c) for c in claims]
        if False in answers:
            return False
        return True if None not in answers else None

    def _decide_literal(self, term: Expr, value: Const) -> bool | None:
        for fact, holds in self.known.items():
            if holds and isinstance(fact, Eq) and term in (fact.left, fact.right):
                other = fact.right if fact.left == term else fact.left
                if isinstance(other, Const) or (value.value is NOBODY and not other.domain.optional):
                    return other == value
        return None


@dataclass
class Given:
    """One guard of a path, as `require` met it."""

    claim: Expr
    where: str


@dataclass
class Put:
    """One assignment of a path; value and keys speak of the state before the action."""

    field: Field[Any, Any]
    keys: tuple[Expr, ...]
    value: Expr
    where: str


@dataclass
class LiftRun:
    """One run of a function on symbols, answering its forks from a list."""

    answers: tuple[bool, ...]
    facts: Facts = field(default_factory=Facts)
    givens: list[Given] = field(default_factory=list)
    puts: list[Put] = field(default_factory=list)
    asked: int = 0
    forks: list[str] = field(default_factory=list)
    depth: int = 0
    scopes: list[Any] = field(default_factory=list)

    def guard(self, claim: Any) -> None:
        e = as_claim(claim)
        _no_history(e, "a guard")
        known = self.facts.decide(e)
        if known is False:
            raise Refused
        self.givens.append(Given(e, here()))
        self.facts.learn(e, True)

    def ask(self, claim: Expr) -> bool:
        """The truth of a claim on this path: known, answered, or a fork."""
        known = self.facts.decide(claim)
        if known is not None:
            return known
        if self.asked == len(self.answers):
            raise Fork(claim, here())
        answer = self.answers[self.asked]
        self.asked += 1
        self.forks.append(here())
        self.facts.learn(claim, answer)
        return answer

    def inside(self, body: Callable[[], Expr]) -> Expr:
        """Run a quantifier's body with forks of its own, and join them: no fork escapes the quantifier."""
        outer = self.facts, self.answers, self.asked

        def run(answers: tuple[bool, ...]) -> Expr:
            self.facts, self.answers, self.asked = Facts(outer[0]), answers, 0
            return body()

        self.depth += 1
        try:
            return fold(grow(run))
        finally:
            self.facts, self.answers, self.asked = outer
            self.depth -= 1


def _no_history(e: Expr, what: str) -> None:
    for x in walk(e):
        if isinstance(x, Read) and x.field.history:
            wrong(f"{what} reads {x.field.name}, a history counter; actions write those, only promises read them")


class Sym:
    """A symbolic value; it does on purpose what spec text may do with values, and refuses the rest by line."""

    __slots__ = ("expr", "run")

    def __init__(self, expr: Expr, run: LiftRun) -> None:
        self.expr, self.run = expr, run

    def __eq__(self, other: object) -> Any:
        right = as_expr(other)
        _comparable(self.expr, right)
        return self._made(equal(self.expr, right))

    def __ne__(self, other: object) -> Any:
        right = as_expr(other)
        _comparable(self.expr, right)
        return self._made(negate(equal(self.expr, right)))

    def __lt__(self, other: object) -> Any:
        return self._made(_less(self.expr, as_expr(other)))

    def __ge__(self, other: object) -> Any:
        return self._made(negate(_less(self.expr, as_expr(other))))

    def __gt__(self, other: object) -> Any:
        return self._made(_less(as_expr(other), self.expr))

    def __le__(self, other: object) -> Any:
        return self._made(negate(_less(as_expr(other), self.expr)))

    def __add__(self, other: object) -> Any:
        return self._made(_sum(self.expr, as_expr(other), 1))

    def __radd__(self, other: object) -> Any:
        return self._made(_sum(as_expr(other), self.expr, 1))

    def __sub__(self, other: object) -> Any:
        return self._made(_sum(self.expr, as_expr(other), -1))

    def __rsub__(self, other: object) -> Any:
        return self._made(_sum(as_expr(other), self.expr, -1))

    def __bool__(self) -> bool:
        return self.run.ask(as_claim(self))

    def __hash__(self) -> int:
        wrong("a symbolic value is used as a key of a set or dict; only declared fields have keys")

    def _refuse(self, *_: object) -> NoReturn:
        wrong("a symbolic value has no int, float, text, index or attributes; compare it or assign it")

    __int__ = __float__ = __index__ = __iter__ = __len__ = __str__ = __repr__ = __format__ = _refuse
    __getitem__ = __call__ = __mul__ = __rmul__ = __mod__ = __floordiv__ = __truediv__ = __neg__ = _refuse
    __and__ = __or__ = __xor__ = __invert__ = __lshift__ = __rshift__ = _refuse

    def _made(self, expr: Expr) -> Any:
        return expr.value if isinstance(expr, Const) and isinstance(expr.value, bool) else Sym(expr, self.run)

    def implies(self, when: object, then: object) -> Any:
        return self._made(disjunction(negate(as_claim(when)), as_claim(then)))

    def iff(self, one: object, other: object) -> Any:
        a, b = as_claim(one), as_claim(other)
        return self._made(choose(a, b, negate(b)))


def as_expr(value: object) -> Expr:
    """The expression behind a value met in spec text, symbolic or literal."""
    if isinstance(value, Sym):
        return value.expr
    if isinstance(value, LiftedCells):
        wrong(f"{value.field.name} is compared as a whole; index it: {value.field.name}[...]")
    try:
        literal_domain(value)
    except SpecError as error:
        wrong(str(error))
    return Const(value)


def as_claim(value: object) -> Expr:
    """The expression behind something that must be true or false."""
    e = as_expr(value)
    if e.domain.base is not bool:
        wrong(f"{_called(e.domain)} is used as a truth value; compare it with ==, != or <")
    return e


def _called(domain: Domain[Any]) -> str:
    name = {int: "number", bool: "truth value"}.get(domain.base, domain.base.__name__)
    return f"a {name}"


def _comparable(left: Expr, right: Expr) -> None:
    a, b = left.domain, right.domain
    if NOTHING in (a, b):
        other = b if a == NOTHING else a
        if not other.optional:
            wrong(f"{_called(other)} is compared with NOBODY, but it is never nobody")
    elif a.base is not b.base:
        wrong(f"{_called(a)} is compared with {_called(b)}; only values of one sort can be equal")


def _less(left: Expr, right: Expr) -> Expr:
    _numbers(left, right)
    if isinstance(left, Const) and isinstance(right, Const):
        return Const(left.value < right.value)
    return Less(left, right)


def _sum(left: Expr, right: Expr, sign: int) -> Expr:
    _numbers(left, right)
    return Sum(left, right, sign)


def _numbers(*terms: Expr) -> None:
    for e in terms:
        if e.domain.base is not int:
            wrong(f"{_called(e.domain)} has no order and no arithmetic; only == and != apply")


class LiftedCells:
    """A field while a function is lifted: reads see earlier writes of the same action."""

    def __init__(self, run: LiftRun, f: Field[Any, Any], when: str, writable: bool) -> None:
        self.run, self.field, self.when, self.writable = run, f, when, writable

    def __getitem__(self, key: Any) -> Sym:
        keys = self._keys(key)
        for put in reversed(self.run.puts):
            if put.field is self.field and self.run.ask(conjunction(*map(equal, put.keys, keys))):
                return Sym(put.value, self.run)
        return Sym(Read(self.field, keys, self.when), self.run)

    def __setitem__(self, key: Any, value: Any) -> None:
        if not self.writable:
            wrong(f"a promise assigns to {self.field.name}; only actions may")
        if self.run.depth:
            wrong(f"{self.field.name} is assigned inside a quantifier; an action is one page's step")
        keys, e = self._keys(key), as_expr(value)
        self._fits(e)
        self.run.puts.append(Put(self.field, keys, e, here()))

    def _keys(self, key: Any) -> tuple[Expr, ...]:
        given = key if isinstance(key, tuple) else (key,)
        sorts = self.field.keys
        if len(given) != len(sorts):
            wrong(f"{self.field.name} has {len(sorts)} keys ({', '.join(k.__name__ for k in sorts)}), not {len(given)}")
        keys = tuple(map(as_expr, given))
        for e, sort in zip(keys, sorts, strict=True):
            if e.domain == NOTHING or e.domain.base is not sort:
                wrong(f"{self.field.name} is indexed by a {sort.__name__}, not by {_called(e.domain)}")
            if e.domain.optional and self.run.facts.decide(equal(e, Const(NOBODY))) is not False:
                wrong(
                    f"{self.field.name} is indexed by something that may be nobody here; test it with != NOBODY first"
                )
        return keys

    def _fits(self, e: Expr) -> None:
        domain = self.field.domain
        if e.domain == NOTHING and domain.optional:
            return
        if e.domain.base is not domain.base:
            wrong(f"{self.field.name} holds {domain!r}, not {_called(e.domain)}")
        if e.domain.optional and not domain.optional and self.run.facts.decide(equal(e, Const(NOBODY))) is not False:
            wrong(f"{self.field.name} is never nobody, but the value may be; test it with != NOBODY first")
        if isinstance(e, Const) and domain.base is int and not self.field.history:
            low = domain.low if isinstance(domain.low, int) else domain.low.low
            high = domain.high if isinstance(domain.high, int) else domain.high.high
            if not low <= e.value <= high:
                wrong(f"{self.field.name} holds {domain!r}, {e.value} is outside its bounds")


class LiftedMembers:
    """All members of a sort while a function is lifted: a quantifier keeps its forks to itself."""

    def __init__(self, run: LiftRun, group: Members[Any]) -> None:
        self.run, self.group = run, group

    def _quantified(self, word: str, claim: Callable[[Any], Any]) -> Any:
        var = Var(f"{self.group.sort.__name__.lower()}_{self.run.depth + 1}", self.group.sort)
        body = self.run.inside(lambda: as_claim(claim(Sym(var, self.run))))
        if word != "count" and body in (TRUE, FALSE):
            return bool(body == TRUE)
        return Sym(Quantified(word, var, body), self.run)

    def each(self, claim: Callable[[Any], Any]) -> Any:
        return self._quantified("each", claim)

    def some(self, claim: Callable[[Any], Any]) -> Any:
        return self._quantified("some", claim)

    def count(self, claim: Callable[[Any], Any]) -> Any:
        return self._quantified("count", claim)

    def __iter__(self) -> NoReturn:
        wrong(f"a loop over {self.group.name}; use each(), some() or count()")
