# SPDX-License-Identifier: MIT
"""Expressions as C: values are small numbers, members of a sort are numbered from 1, and NOBODY is 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from checkers.core.intervals import INT, Intervals, fits
from spec.dsl import NOBODY, Field, Sort
from spec.dsl.ir import (
    Const,
    Domain,
    Operation,
    Quantified,
    Read,
    Size,
    Sum,
    Var,
    operator,
    parts,
)

from .counts import Counts, Slot
from .layout import Layout

OPERATORS = {"and": "&&", "or": "||"}
"""What C writes otherwise than Python."""


def name(of: str) -> str:
    """The C name of a parameter: with a final underscore, which no keyword, macro or other name here has.

    A name that is not ASCII is written as its bytes in hexadecimal, without the underscore.
    """
    return of + "_" if of.isascii() else "u" + of.encode().hex()


def comment(words: str) -> str:
    """A comment of C with this text, which cannot end it: on one line, so that no backslash joins two."""
    return f"/* {' '.join(words.split()).replace('*/', '* /')} */"


@dataclass(frozen=True)
class Place:
    """The context of an expression: the C names of the states by `when`, and the counted page, if any."""

    states: Mapping[str, str]
    counted: str = ""


class Text:
    """Prints expressions for one machine in one scope."""

    def __init__(self, layout: Layout, counts: Counts) -> None:
        self.layout, self.counts = layout, counts
        self.intervals = Intervals(layout.machine, layout.sizes)

    def of(self, e: Any, at: Place) -> str:
        if not isinstance(e, Operation):
            return self._leaf(e, at)
        inner = [self.of(part, at) for part in parts(e)]
        wide = self.wide(e, e.left, e.right) if isinstance(e, Sum) else ""
        name = operator(e)
        return f"!{inner[0]}" if name == "not" else f"({wide}{f' {OPERATORS.get(name, name)} '.join(inner)})"

    def _leaf(self, e: Any, at: Place) -> str:
        match e:
            case Const(value):
                return str(self.literal(value))
            case Slot(number):
                return f"v[{number}]"
            case Var(named):
                return "self" if named == at.counted else name(named)
            case Size(bound):
                return str(self.layout.sizes[bound.name])
            case Read(f, keys, when):
                return self._read(f, [self.of(k, at) for k in keys], when, at)
            case Quantified():
                return self._quantified(e, at)
        raise TypeError(f"{e!r} has no form in C")

    def wide(self, *every: Any) -> str:
        """A cast to 64 bits, if one of these numbers may not fit into an int; else nothing."""
        return "" if all(fits(self.intervals.of(e), INT) for e in every) else "(int64_t)"

    def coded(self, value: Any, domain: Domain[Any], at: Place) -> tuple[str, str]:
        """The code of a value in a field of this domain, and the C type of that expression."""
        low, written = self.lowest(domain), self.of(value, at)
        wide = self.wide(value, Const(low), Sum(value, Const(low), -1))
        return (f"{wide}{written} - {low}" if low else written), ("int64_t" if wide else "int")

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
        if at.counted and self.layout.is_paged(f) and keys[0] == "self":
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
