"""Expressions as C: values are small numbers, members of a sort count from 1, and nobody is 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from checkers.core.intervals import INT, Intervals, fits
from spec.dsl import NOBODY, Field, Sort
from spec.dsl.ir import And, Const, Domain, Eq, Less, Not, Or, Quantified, Read, Size, Sum, Var

from .counts import Counts, Slot
from .layout import Layout


def name(of: str) -> str:
    """A parameter as C calls it: with an underscore, which no keyword, macro or name of ours ends in.

    One that is not ASCII goes by its bytes, and ends in none, so that it is no other's.
    """
    return of + "_" if of.isascii() else "u" + of.encode().hex()


def comment(told: str) -> str:
    """A comment of C with this text in it, which does not end it: on one line, where no backslash joins two."""
    return f"/* {' '.join(told.split()).replace('*/', '* /')} */"


@dataclass(frozen=True)
class Place:
    """Where an expression stands: which states its reads mean, and the page that is being counted, if any."""

    states: Mapping[str, str]
    counted: str = ""


class Text:
    """Prints expressions for one machine in one scope."""

    def __init__(self, layout: Layout, counts: Counts) -> None:
        self.layout, self.counts = layout, counts
        self.intervals = Intervals(layout.machine, layout.sizes)

    def of(self, e: Any, at: Place) -> str:
        match e:
            case Const(value):
                return str(self.literal(value))
            case Slot(number):
                return f"v[{number}]"
            case Var():
                return "self" if e.name == at.counted else name(e.name)
            case Size(bound):
                return str(self.layout.sizes[bound.name])
            case Read(f, keys, when):
                return self._read(f, [self.of(k, at) for k in keys], when, at)
            case Not(claim):
                return f"!{self.of(claim, at)}"
            case And(claims):
                return f"({' && '.join(self.of(c, at) for c in claims)})"
            case Or(claims):
                return f"({' || '.join(self.of(c, at) for c in claims)})"
            case Eq(a, b):
                return f"({self.of(a, at)} == {self.of(b, at)})"
            case Less(a, b):
                return f"({self.of(a, at)} < {self.of(b, at)})"
            case Sum(a, b, sign):
                wide = self.wide(e, a, b)
                return f"({wide}{self.of(a, at)} {'+' if sign > 0 else '-'} {self.of(b, at)})"
            case Quantified():
                return self._quantified(e, at)
        raise TypeError(f"{e!r} has no form in C")

    def wide(self, *every: Any) -> str:
        """What makes C compute in 64 bits, where one of these numbers does not fit into an int; else nothing."""
        return "" if all(fits(self.intervals.of(e), INT) for e in every) else "(int64_t)"

    def coded(self, value: Any, domain: Domain[Any], at: Place) -> tuple[str, str]:
        """The code under which a field of this domain holds a value, and the C type it is computed in."""
        low, said = self.lowest(domain), self.of(value, at)
        wide = self.wide(value, Const(low), Sum(value, Const(low), -1))
        return (f"{wide}{said} - {low}" if low else said), ("int64_t" if wide else "int")

    def literal(self, value: Any) -> int:
        """The number of a value."""
        if value is NOBODY:
            return 0
        if isinstance(value, Sort):
            return value.index + 1
        members: Any = type(value)
        return int(value) if isinstance(value, int) else list(members).index(value)

    def lowest(self, domain: Domain[Any]) -> int:
        """The number of the value whose code is 0."""
        return self.layout.codes(domain)[0]

    def cell(self, f: Field[Any, Any], keys: list[str], of_record: bool = False) -> str:
        """The offset of a cell, of all cells or within a page's record."""
        base, strides = self.layout.strides(f)
        if of_record:
            keys, strides = keys[1:], strides[1:]
        moved = [f"{key} * {stride}" for key, stride in zip(keys, strides, strict=True) if stride]
        return " + ".join([str(base - sum(s for s in strides if s)), *moved])

    def _read(self, f: Field[Any, Any], keys: list[str], when: str, at: Place) -> str:
        if f.history:
            return f"{at.states[when]}->grown[{self.cell(f, keys)}]"
        if at.counted and keys[0] == "self" and self.layout.is_paged(f):
            read = f"r[{self.cell(f, keys, of_record=True)}]"
        else:
            read = f"CELL({at.states[when]}, {self.cell(f, keys)})"
        low = self.lowest(f.domain)
        wide = "" if fits(self.intervals.of_domain(f.domain), INT) else "(int64_t)"
        return f"({wide}{read} + {low})" if low else read

    def _quantified(self, e: Quantified, at: Place) -> str:
        if self.counts.is_over_pages(e) and not at.counted and (use := self.counts.use(e)):
            state = at.states.get(use.when) or next(iter(at.states.values()))
            values = "".join(f", {self.of(v, at)}" for v in use.values)
            call = f"count_{use.count.number}({state}{values})"
            return {"each": f"({call} == 0)", "some": f"({call} > 0)", "count": call}[e.word]
        member, body = name(e.var.name), self.of(e.body, replace(at))
        loop = f"for (int {member} = 1; {member} <= {self.layout.size(e.var.sort)}; {member}++)"
        if e.word == "count":
            return f"({{ int n = 0; {loop} n += {body}; n; }})"
        if e.word == "each":
            return f"({{ int ok = 1; {loop} ok &= {body}; ok; }})"
        return f"({{ int ok = 0; {loop} ok |= {body}; ok; }})"
