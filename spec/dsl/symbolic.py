# SPDX-License-Identifier: MIT
"""Symbolic values, with which a spec function computes while it is lifted, and the forks they cause."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, NoReturn

from .expr import (
    FALSE,
    TRUE,
    Const,
    Every,
    Expr,
    Less,
    Quantified,
    Read,
    Sum,
    Var,
    choose,
    conjunction,
    disjunction,
    equal,
    negate,
    same_cell,
)
from .forks import Facts, Fork, expression_of, grow
from .histories import grows_by_history, history_read
from .state import Field, Members, members_of
from .values import NOBODY, NOTHING, Domain, Sort, SpecError, here, literal_domain, wrong
from .words import Refused


@dataclass
class Given:
    """One condition of a path, with file and line: a guard, or the branch taken."""

    claim: Expr
    where: str
    is_branch: bool = False


@dataclass
class Put:
    """One assignment of a path, with file and line; value and keys are about the state before the action.

    A key that is `Every` stands for all members of its sort: the assignment is to a row.
    """

    field: Field[Any, Any]
    keys: tuple[Expr, ...]
    value: Expr
    where: str

    @property
    def is_row(self) -> bool:
        return any(isinstance(k, Every) for k in self.keys)

    def cells(self, size: Callable[[type[Sort]], int]) -> Iterator[Put]:
        """The assignments to single cells that this one is in a scope; `size` gives the number of members of a sort."""
        at = next((n for n, key in enumerate(self.keys) if isinstance(key, Every)), None)
        if at is None:
            yield self
            return
        sort = self.field.keys[at]
        for member in range(size(sort)):
            key = Const(sort(member))
            yield from replace(self, keys=(*self.keys[:at], key, *self.keys[at + 1 :])).cells(size)


@dataclass
class LiftRun:
    """One run of a function on symbols, whose forks are answered from a list."""

    answers: tuple[bool, ...]
    is_action: bool = False
    facts: Facts = field(default_factory=Facts)
    conditions: list[Given] = field(default_factory=list)
    puts: list[Put] = field(default_factory=list)
    refused_by: Given | None = None
    answered: int = 0
    depth: int = 0
    is_lifting: ClassVar[bool] = True

    def guard(self, claim: Any) -> None:
        e = as_claim(claim)
        no_history(e, "a guard")
        if self.facts.decide(e) is False:
            self.refused_by = Given(e, here())
            raise Refused
        self.conditions.append(Given(e, here()))
        self.facts.learn(e, True)

    def decide(self, claim: Expr) -> bool:
        """The truth of a claim on this path: known, or answered from the list. Raises Fork if it is neither."""
        if self.is_action:
            no_history(claim, "a condition")
        known = self.facts.decide(claim)
        if known is not None:
            return known
        if self.answered == len(self.answers):
            raise Fork(claim, here())
        answer = self.answers[self.answered]
        self.answered += 1
        if not self.depth:
            self.conditions.append(Given(claim if answer else negate(claim), here(), is_branch=True))
        self.facts.learn(claim, answer)
        return answer

    def inside(self, body: Callable[[], Expr]) -> Expr:
        """Run a quantifier's body with forks of its own and join them, so that no fork escapes the quantifier."""
        outer = self.facts, self.answers, self.answered

        def run(answers: tuple[bool, ...]) -> Expr:
            self.facts, self.answers, self.answered = Facts(outer[0]), answers, 0
            return body()

        self.depth += 1
        try:
            return expression_of(grow(run))
        finally:
            self.facts, self.answers, self.answered = outer
            self.depth -= 1


def no_history(e: Expr, what: str) -> None:
    """Refuse an expression that reads a history counter, where it would influence a run."""
    if counter := history_read(e):
        wrong(f"{what} reads {counter}, a history counter; actions write those, only invariants read them")


class Sym:
    """A symbolic value: supports the operations of spec text, and refuses all others with file and line.

    `domain` is the domain it may be compared with; for a cell that was just written, that of the field.
    """

    __slots__ = ("domain", "expr", "run")

    def __init__(self, expr: Expr, run: LiftRun, domain: Domain[Any] | None = None) -> None:
        self.expr, self.run, self.domain = expr, run, domain or expr.domain

    def __eq__(self, other: object) -> Any:
        return self._made(self._equal(other))

    def __ne__(self, other: object) -> Any:
        return self._made(negate(self._equal(other)))

    def _equal(self, other: object) -> Expr:
        right = as_expr(other)
        _comparable(self.domain, other.domain if isinstance(other, Sym) else right.domain)
        return equal(self.expr, right)

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
        return self.run.decide(as_claim(self))

    def __hash__(self) -> int:
        wrong("a symbolic value is used as a key of a set or dict; only declared fields have keys")

    def _refuse(self, *_: object) -> NoReturn:
        wrong("a symbolic value has no int, float, text, index or attributes; compare it or assign it")

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()

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
    """The expression of a value in spec text, symbolic or literal."""
    if isinstance(value, Sym):
        return value.expr
    if isinstance(value, Whole):
        wrong(value.remedy)
    try:
        literal_domain(value)
    except SpecError as error:
        wrong(str(error))
    return Const(value)


def as_claim(value: object) -> Expr:
    """The expression of a value that must be true or false."""
    e = as_expr(value)
    if e.domain.base is not bool:
        wrong(f"{_called(e.domain)} is used as a truth value; compare it with ==, != or <")
    return e


def _called(domain: Domain[Any]) -> str:
    name = {int: "number", bool: "truth value"}.get(domain.base, domain.base.__name__)
    return f"a {name}"


def _comparable(a: Domain[Any], b: Domain[Any]) -> None:
    if NOTHING in (a, b):
        other = b if a == NOTHING else a
        if not other.optional:
            wrong(f"{_called(other)} is compared with NOBODY, but it is never NOBODY")
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


class Whole:
    """Something that is not a value while a function is lifted; using it as one is refused."""

    remedy = ""

    def _refuse(self, *_: object) -> NoReturn:
        wrong(self.remedy)

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __len__ = _refuse
    __iter__ = __contains__ = __call__ = _refuse
    __hash__ = _refuse


class LiftedCells(Whole):
    """A field of a lifted state: reads see earlier writes of the same action."""

    def __init__(self, run: LiftRun, f: Field[Any, Any], when: str, is_writable: bool) -> None:
        self.run, self.field, self.when, self.is_writable = run, f, when, is_writable
        self.remedy = f"{f.name} is used as a whole; index it: {f.name}[...]"

    def __getitem__(self, key: Any) -> Sym:
        keys = self._keys(key)
        for put in reversed(self.run.puts):
            if put.field is self.field and self.run.decide(same_cell(put.keys, keys)):
                return Sym(put.value, self.run, self.field.domain)
        return Sym(Read(self.field, keys, self.when), self.run)

    def __setitem__(self, key: Any, value: Any) -> None:
        if not self.is_writable:
            wrong(f"an invariant assigns to {self.field.name}; only actions may")
        if self.run.depth:
            wrong(f"{self.field.name} is assigned inside a quantifier; an action is one page's step")
        keys, e = self._keys(key, is_row_allowed=not self.field.history), as_expr(value)
        if self.field.history:
            self._counts(e, keys)
        else:
            no_history(e, f"the new value of {self.field.name}")
        self._fits(e)
        self.run.puts.append(Put(self.field, keys, e, here()))

    def _counts(self, e: Expr, keys: tuple[Expr, ...]) -> None:
        """Refuse a value of a history counter other than itself plus terms without history counters."""

        def is_own(term: Expr) -> bool:
            """True if the term is the counter that is assigned, on this path."""
            if not isinstance(term, Read) or term.field is not self.field:
                return False
            return self.run.facts.decide(conjunction(*map(equal, term.keys, keys))) is True

        if grows_by_history(e, is_own):
            name = self.field.name
            wrong(f"{name} is assigned something else than a sum of {name} and other terms; write {name}[...] += ...")

    def _keys(self, key: Any, is_row_allowed: bool = False) -> tuple[Expr, ...]:
        given = members_of(key)
        sorts = self.field.keys
        if len(given) != len(sorts):
            wrong(f"{self.field.name} has {len(sorts)} keys ({', '.join(k.__name__ for k in sorts)}), not {len(given)}")
        self._check_row(given, is_row_allowed)
        keys = tuple(Every(s) if isinstance(k, slice) else as_expr(k) for k, s in zip(given, sorts, strict=True))
        for e, sort in zip(keys, sorts, strict=True):
            if e.domain == NOTHING or e.domain.base is not sort:
                wrong(f"{self.field.name} is indexed by a {sort.__name__}, not by {_called(e.domain)}")
            if e.domain.optional and self.run.facts.decide(equal(e, Const(NOBODY))) is not False:
                wrong(
                    f"{self.field.name} is indexed by something that may be NOBODY here; test it with != NOBODY first"
                )
        return keys

    def _check_row(self, given: tuple[Any, ...], is_allowed: bool) -> None:
        """Refuse a `:` that is not one of the later keys of an assignment."""
        name = self.field.name
        for at, key in enumerate(given):
            if isinstance(key, slice):
                if key != slice(None):
                    wrong(f"{name} is indexed by a part of a row; `:` is the whole row")
                if self.field.history:
                    wrong(f"a row of the history counter {name}; count one cell: {name}[...] += 1")
                if not is_allowed:
                    wrong(f"a row of {name} is read; only assigned is a row: {name}[..., :] = value, not +=")
                if not at:
                    wrong(f"{name}[:] would be a row of {self.field.keys[0].__name__}s; an action is one page's step")

    def _fits(self, e: Expr) -> None:
        domain = self.field.domain
        if e.domain == NOTHING and domain.optional:
            return
        if e.domain.base is not domain.base:
            wrong(f"{self.field.name} holds {domain!r}, not {_called(e.domain)}")
        if e.domain.optional and not domain.optional and self.run.facts.decide(equal(e, Const(NOBODY))) is not False:
            wrong(f"{self.field.name} is never NOBODY, but the value may be; test it with != NOBODY first")
        if isinstance(e, Const) and domain.base is int and not self.field.history:
            low = domain.low if isinstance(domain.low, int) else domain.low.low
            high = domain.high if isinstance(domain.high, int) else domain.high.high
            if not low <= e.value <= high:
                wrong(f"{self.field.name} holds {domain!r}, {e.value} is outside its bounds")


class LiftedMembers(Whole):
    """All members of a sort in a lifted state; the forks of a quantifier's body do not escape it."""

    def __init__(self, run: LiftRun, group: Members[Any]) -> None:
        self.run, self.group = run, group
        self.remedy = f"{group.name} is used as a value or in a loop; use each(), some() or count()"

    def quantified(self, word: str, claim: Callable[..., Any], *others: LiftedMembers) -> Any:
        """`each`, `some` or `count` of the members, or of their combinations with members of others."""
        var = Var(f"{self.group.sort.__name__.lower()}_{self.run.depth + 1}", self.group.sort)

        def body() -> Expr:
            one = Sym(var, self.run)
            if not others:
                return as_claim(claim(one))
            return as_expr(others[0].quantified(word, partial(claim, one), *others[1:]))

        made = self.run.inside(body)
        if word != "count" and made in (TRUE, FALSE):
            return bool(made == TRUE)
        return Sym(Quantified(word, var, made), self.run)
