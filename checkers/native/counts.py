# SPDX-License-Identifier: MIT
"""Counts over pages: the contribution of one page, from its record alone, and the precision in which each is needed.

`count(s.pages, lambda p: s.home[p] == pool)` becomes a function of a page's record and of the value it is compared
with (here `pool`). An action on one page depends on the other pages through such sums only, and often only on which
side of some thresholds a sum lies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any

from checkers.core.cardinality import Abstraction, abstraction, substituted
from checkers.core.intervals import INT, Intervals, fits
from spec.dsl.ir import (
    Const,
    Domain,
    Eq,
    Expr,
    Less,
    Quantified,
    Read,
    Size,
    Sum,
    negate,
    parts,
    text,
    walk,
)

from .layout import Layout

MOST_VALUES = 4096
"""Choices of the values of a count's slots; if there are more it is evaluated page by page."""


@dataclass(frozen=True)
class Slot:
    """A parameter of a count's body: a value that does not depend on the counted page."""

    number: int
    domain: Domain[Any]


@dataclass
class Count:
    """A count: its body, the domains of its slots, and the thresholds at which some expression changes.

    `knows_itself`: the body compares the counted page with another; `reads_rest`: it reads pools or devices.
    `base` is the number of the first choice of its slots.
    """

    number: int
    page: str
    comment: str
    body: Any
    slots: tuple[Domain[Any], ...]
    knows_itself: bool
    reads_rest: bool
    thresholds: set[int] = field(default_factory=set)
    is_exact: bool = False
    base: int = 0


@dataclass(frozen=True)
class Use:
    """A count in an expression: the values of its slots, and the state it reads (as in `Read.when`)."""

    count: Count
    values: tuple[Expr, ...]
    when: str


@dataclass
class Term:
    """A count in a sum, and its factor."""

    quantifier: Quantified
    times: int = 0


class Counts:
    """All counts of a machine, each once; `demand` collects the precision in which they are needed."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.intervals = Intervals(layout.machine, layout.sizes)
        self.known: dict[tuple[Any, tuple[Domain[Any], ...]], Count] = {}

    def all(self) -> list[Count]:
        return list(self.known.values())

    def is_over_pages(self, e: Any) -> bool:
        return isinstance(e, Quantified) and e.var.sort is self.layout.first

    def use(self, e: Quantified) -> Use | None:
        """The count that decides a quantifier over pages (of `each`, the pages that violate it); None if there is none.

        There is none if the body looks at more than the record of the counted page and at values given from outside.
        """
        body = negate(e.body) if e.word == "each" else e.body
        made = abstraction((e.var,), body, _is_argument)
        domains = tuple(x.domain for x in made.arguments)
        if len(made.whens) > 1 or not self._is_of_one_page(made) or not self._fit(domains):
            return None
        slots: Any = {v: Slot(n, d) for n, (v, d) in enumerate(zip(made.params, domains, strict=True))}
        key = (substituted(made.body, slots), domains)
        if key not in self.known:
            self.known[key] = self._count(made, *key, comment=f"{e.var.name}: {text(body)}")
        return Use(self.known[key], made.arguments, next(iter(made.whens), ""))

    def _is_of_one_page(self, made: Abstraction) -> bool:
        """True if the body reads the record of the counted page, and pools and devices, and no history counter."""
        first, inside = self.layout.first, walk(made.body)
        outside = [x for argument in made.arguments for x in walk(argument)]
        if any(isinstance(x, Read) and (x.field.history or x.domain.base is first) for x in (*inside, *outside)):
            return False
        reads = [x for x in inside if isinstance(x, Read)]
        others = any(first in x.field.keys[1:] for x in reads)
        others |= any(self.layout.is_paged(x.field) and x.keys[0] != made.vars[0] for x in reads)
        names_page = any(isinstance(x, Const) and isinstance(x.value, first) for x in (*inside, *outside))
        return not (others or names_page or any(map(self.is_over_pages, inside)))

    def _fit(self, slots: Sequence[Domain[Any]]) -> bool:
        """True if the values of the slots fit into C's int, and are few enough to keep a count for each choice."""
        ranges = [self.layout.codes(d) for d in slots if d.base is int]
        few = prod(len(self.layout.codes(d)) for d in self.kept(slots)) <= MOST_VALUES
        return few and all(fits((r[0], r[-1]), INT) for r in ranges)

    def _count(self, made: Abstraction, body: Expr, slots: tuple[Domain[Any], ...], comment: str) -> Count:
        inside = walk(made.body)
        knows_itself = any(isinstance(x, Eq) and made.vars[0] in (x.left, x.right) for x in inside)
        reads_rest = any(isinstance(x, Read) and not self.layout.is_paged(x.field) for x in inside)
        return Count(len(self.known), made.vars[0].name, comment, body, slots, knows_itself, reads_rest)

    def kept(self, slots: Iterable[Domain[Any]]) -> list[Domain[Any]]:
        """The slots for which values of a count are stored: all but the acting page, which other pages cannot tell."""
        return [d for d in slots if d.base is not self.layout.first]

    def uses(self, e: Expr) -> Iterator[Use]:
        """Every count in an expression."""
        for x in walk(e):
            if isinstance(x, Quantified) and self.is_over_pages(x) and (found := self.use(x)):
                yield found

    def countable(self, e: Expr) -> bool:
        """True if every quantifier over pages in the expression is decided by a count."""
        return all(self.use(x) for x in walk(e) if isinstance(x, Quantified) and self.is_over_pages(x))

    # -- precision -------------------------------------------------------------------------------------------------

    def demand(self, e: Expr) -> None:
        """Collect the precision in which an expression needs the counts in it."""
        if isinstance(e, Eq | Less):
            self._compared(e)
        elif isinstance(e, Quantified) and self.is_over_pages(e):
            self._need(e, {1} if e.word != "count" else None)
        else:
            for part in parts(e):
                self.demand(part)

    def _compared(self, e: Eq | Less) -> None:
        terms: dict[Any, Term] = {}
        self._add(e.left, 1, terms)
        self._add(e.right, -1, terms)
        for term in terms.values():
            if term.times:
                self._need(term.quantifier, self._sides(e))

    def _add(self, e: Expr, times: int, terms: dict[Any, Term]) -> None:
        """Add the counts in a sum to the terms; a count before and after a step is one term."""
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
        """The thresholds that decide a comparison of one count with a number; None for any other comparison."""
        right = self._number(e.right)
        at = self._number(e.left) if right is None else right
        if at is None or not (self.is_over_pages(e.left) or self.is_over_pages(e.right)):
            return None
        if isinstance(e, Eq):
            return {at, at + 1}
        return {at + 1} if right is None else {at}

    def _number(self, e: Expr) -> int | None:
        """The value of an expression in this scope, if it is a fixed number."""
        if isinstance(e, Size):
            return self.layout.sizes[e.bound.name]
        return e.value if isinstance(e, Const) and isinstance(e.value, int) else None

    def _need(self, e: Quantified, thresholds: set[int] | None) -> None:
        found = self.use(e)
        if found is None:
            return
        if thresholds is None or found.count.knows_itself:
            found.count.is_exact = True
        else:
            found.count.thresholds |= thresholds

    # -- in a scope ------------------------------------------------------------------------------------------------

    def most(self, count: Count) -> int:
        """The largest value of a count."""
        return self.layout.pages * self.intervals.most_of_one(count.body)

    def thresholds(self, count: Count) -> list[int]:
        """The values of a count at which some expression changes."""
        most = self.most(count)
        return list(range(1, most + 1)) if count.is_exact else sorted(t for t in count.thresholds if 0 < t <= most)

    def choices(self, count: Count) -> list[tuple[int, ...]]:
        """Every choice of slot values for which a count is stored, in the order of their numbers; a page slot is 0."""
        return list(product(*(self.codes(d) for d in count.slots)))

    def codes(self, slot: Domain[Any]) -> range:
        return range(1) if slot.base is self.layout.first else self.layout.codes(slot)

    def number_all(self) -> int:
        """Number the choices of all counts; returns how many there are."""
        at = 0
        for count in self.all():
            count.base, at = at, at + len(self.choices(count))
        return at


def _is_argument(e: Expr) -> bool:
    """True for a value of a known small domain: no number that is computed, and no count in it."""
    return not isinstance(e, Sum) and not any(isinstance(x, Quantified) for x in walk(e))
