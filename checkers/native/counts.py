"""Counts over pages: what a page adds to each, told from its record alone, and how exactly each must be known.

`count(s.pages, lambda p: s.home[p] == pool)` becomes a function of a page's record and of what it is compared with
(here `pool`). The sum over all pages is all an action on one page needs to know of the others, and of the sum only
on which side of some thresholds it lies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any

from checkers.core.intervals import INT, fits
from spec.dsl import Sort
from spec.dsl.ir import (
    And,
    Const,
    Domain,
    Eq,
    Expr,
    Less,
    Not,
    Or,
    Quantified,
    Read,
    Size,
    Sum,
    Var,
    negate,
    parts,
    text,
    walk,
)

from .layout import Layout

MOST_VALUES = 4096
"""Choices of what a count is compared with; beyond this it is evaluated, not kept."""


@dataclass(frozen=True)
class Slot:
    """A place in a count's body for what it is compared with: a value that does not depend on the counted page."""

    number: int
    domain: Domain[Any]


@dataclass
class Count:
    """One body that pages are counted by, the domains of its slots, and the thresholds somebody asks about."""

    number: int
    page: str
    said: str
    body: Any
    slots: tuple[Domain[Any], ...]
    knows_itself: bool
    reads_rest: bool
    thresholds: set[int] = field(default_factory=set)
    is_exact: bool = False
    base: int = 0


@dataclass(frozen=True)
class Use:
    """A count as one expression asks for it: with these values, in this state."""

    count: Count
    values: tuple[Expr, ...]
    when: str


@dataclass
class Term:
    """A count in a sum, and how often it is in it."""

    counted: Quantified
    times: int = 0


class Uncountable(Exception):
    """The body looks at more than the counted page and given values; it is evaluated page by page."""


class Counts:
    """All counts of a machine, each once; `demand` says how exactly they must be known."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.known: dict[tuple[Any, tuple[Domain[Any], ...]], Count] = {}

    def all(self) -> list[Count]:
        return list(self.known.values())

    def is_over_pages(self, e: Any) -> bool:
        return isinstance(e, Quantified) and e.var.sort is self.layout.first

    def use(self, e: Quantified) -> Use | None:
        """The count behind a quantifier over pages: of `each`, the pages for which the claim does not hold."""
        body = negate(e.body) if e.word == "each" else e.body
        made = _Abstraction(self.layout, e.var)
        try:
            skeleton = made.of(body)
        except Uncountable:
            return None
        domains = tuple(v.domain for v in made.values)
        ranges = [self.layout.codes(d) for d in domains if d.base is int]
        if any(not fits((r[0], r[-1]), INT) for r in ranges):
            return None
        if len(made.whens) > 1 or prod(len(self.layout.codes(d)) for d in self.kept(domains)) > MOST_VALUES:
            return None
        key = (skeleton, domains)
        if key not in self.known:
            said = f"{e.var.name}: {text(body)}"
            known = made.knows_itself, made.reads_rest
            self.known[key] = Count(len(self.known), e.var.name, said, skeleton, domains, *known)
        return Use(self.known[key], tuple(made.values), next(iter(made.whens), ""))

    def kept(self, slots: Iterable[Domain[Any]]) -> list[Domain[Any]]:
        """The slots a count is kept for; which page the acting one is does not matter to the others."""
        return [d for d in slots if d.base is not self.layout.first]

    def uses(self, e: Expr) -> Iterator[Use]:
        """Every count an expression asks for."""
        for x in walk(e):
            if isinstance(x, Quantified) and self.is_over_pages(x) and (found := self.use(x)):
                yield found

    def countable(self, e: Expr) -> bool:
        """Can everything an expression asks about all pages be kept as counts?"""
        return all(self.use(x) for x in walk(e) if isinstance(x, Quantified) and self.is_over_pages(x))

    # -- how exactly -----------------------------------------------------------------------------------------------

    def demand(self, e: Expr) -> None:
        """Note what an expression must know of the counts in it."""
        if isinstance(e, Eq | Less):
            self._compared(e)
        elif isinstance(e, Quantified) and self.is_over_pages(e):
            self._asked(e, {1} if e.word != "count" else None)
        else:
            for part in parts(e):
                self.demand(part)

    def _compared(self, e: Eq | Less) -> None:
        terms: dict[Any, Term] = {}
        self._add(e.left, 1, terms)
        self._add(e.right, -1, terms)
        for term in terms.values():
            if term.times:
                self._asked(term.counted, self._sides(e))

    def _add(self, e: Expr, times: int, terms: dict[Any, Term]) -> None:
        """Add the counts in a sum to the terms; before and after a step a count is the same one."""
        if isinstance(e, Sum):
            self._add(e.left, times, terms)
            self._add(e.right, times * e.sign, terms)
        elif isinstance(e, Quantified) and self.is_over_pages(e):
            if found := self.use(e):
                term = terms.setdefault((found.count.number, found.values), Term(e))
                term.times += times
        else:
            for part in parts(e):
                self.demand(part)

    def _sides(self, e: Eq | Less) -> set[int] | None:
        """The thresholds that decide a comparison of one count with a number; None if it is more than that."""
        right = self._number(e.right)
        at = self._number(e.left) if right is None else right
        if at is None or not (self.is_over_pages(e.left) or self.is_over_pages(e.right)):
            return None
        if isinstance(e, Eq):
            return {at, at + 1}
        return {at + 1} if right is None else {at}

    def _number(self, e: Expr) -> int | None:
        """The number an expression is in this scope, if it is fixed."""
        if isinstance(e, Size):
            return self.layout.sizes[e.bound.name]
        return e.value if isinstance(e, Const) and isinstance(e.value, int) else None

    def _asked(self, e: Quantified, thresholds: set[int] | None) -> None:
        found = self.use(e)
        if found is None:
            return
        if thresholds is None or found.count.knows_itself:
            found.count.is_exact = True
        else:
            found.count.thresholds |= thresholds

    # -- in a scope ------------------------------------------------------------------------------------------------

    def thresholds(self, count: Count) -> list[int]:
        """The numbers of pages at which something changes for somebody."""
        pages = self.layout.pages
        return list(range(1, pages + 1)) if count.is_exact else sorted(t for t in count.thresholds if 0 < t <= pages)

    def choices(self, count: Count) -> list[tuple[int, ...]]:
        """Every choice of values a count is kept for, in the order of their numbers; a page slot is 0."""
        return list(product(*(self.codes(d) for d in count.slots)))

    def codes(self, slot: Domain[Any]) -> range:
        return range(1) if slot.base is self.layout.first else self.layout.codes(slot)

    def number_all(self) -> int:
        """Give every choice of every count its number; returns how many there are."""
        at = 0
        for count in self.all():
            count.base, at = at, at + len(self.choices(count))
        return at


class _Abstraction:
    """Takes the values out of a count's body, and finds what the body looks at."""

    def __init__(self, layout: Layout, page: Var) -> None:
        self.layout, self.page = layout, page
        self.values: list[Expr] = []
        self.whens: set[str] = set()
        self.knows_itself = self.reads_rest = False

    def of(self, e: Expr, bound: tuple[str, ...] = ()) -> Any:
        inside = {x.name for x in walk(e) if isinstance(x, Var)}
        if isinstance(e, Var | Read) and not inside & {self.page.name, *bound}:
            return self._slot(e)
        match e:
            case Var() if e == self.page:
                raise Uncountable
            case Const(value) if isinstance(value, self.layout.first):
                raise Uncountable
            case Read(f, keys, when):
                return self._read(f, keys, when, bound)
            case Not(claim):
                return Not(self.of(claim, bound))
            case And(claims):
                return And(tuple(self.of(c, bound) for c in claims))
            case Or(claims):
                return Or(tuple(self.of(c, bound) for c in claims))
            case Eq(a, b):
                return Eq(self._side(a, bound), self._side(b, bound))
            case Less(a, b):
                return Less(self.of(a, bound), self.of(b, bound))
            case Sum(a, b, sign):
                return Sum(self.of(a, bound), self.of(b, bound), sign)
            case Quantified(word, var, body):
                if var.sort is self.layout.first:
                    raise Uncountable
                return Quantified(word, var, self.of(body, (*bound, var.name)))
        return e

    def _side(self, e: Expr, bound: tuple[str, ...]) -> Any:
        """One side of ==, where the counted page may be compared with another."""
        if e != self.page:
            return self.of(e, bound)
        self.knows_itself = True
        return e

    def _read(self, f: Any, keys: tuple[Expr, ...], when: str, bound: tuple[str, ...]) -> Any:
        if f.domain.base is self.layout.first or f.history or self.layout.first in f.keys[1:]:
            raise Uncountable
        self.whens.add(when)
        if not self.layout.is_paged(f):
            self.reads_rest = True
            return Read(f, tuple(self.of(k, bound) for k in keys))
        if keys[0] != self.page:
            raise Uncountable
        return Read(f, (keys[0], *(self.of(k, bound) for k in keys[1:])))

    def _slot(self, e: Var | Read) -> Slot:
        if isinstance(e, Read) and e.field.history:
            raise Uncountable
        if e not in self.values:
            if issubclass(e.domain.base, Sort) and e.domain.base is self.layout.first and not isinstance(e, Var):
                raise Uncountable
            self.values.append(e)
        return Slot(self.values.index(e), e.domain)
