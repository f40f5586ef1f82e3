# SPDX-License-Identifier: MIT
"""The intervals of a machine's numbers in a scope. Every engine computes with unbounded integers, or refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spec.dsl import Machine
from spec.dsl.ir import Bound, Const, Domain, Expr, Quantified, Read, Size, Sum, expressions, text, walk

Interval = tuple[int, int]
"""The least and the largest value, both included."""

INT = 31
WORD = 63
"""Bits beside the sign of C's int, and of the widest numbers of a compiled search."""


def fits(interval: Interval, bits: int) -> bool:
    """True if a signed number with this many bits beside the sign can hold all values."""
    return -(1 << bits) < interval[0] and interval[1] < 1 << bits


class Intervals:
    """The intervals of a machine's expressions in a scope.

    A history counter is no part of a state and counts as its change in a step: 0 before, its growth after.
    """

    def __init__(self, machine: Machine, sizes: dict[str, int]) -> None:
        self.machine, self.sizes = machine, sizes
        puts = [p for a in machine.actions for path in a.lifted.paths for p in path.puts if p.field.history]
        self.growth: dict[str, int] = dict.fromkeys(machine.shape.histories, 0)
        for put in puts:
            self.growth[put.field.name] = max(self.growth[put.field.name], self.of(put.value)[1])

    def of(self, e: Any) -> Interval:
        """The interval of an expression; (0, 0) for what is no number."""
        match e:
            case Const(value) if e.domain.base is int:
                return value, value
            case Size(bound):
                return self.sizes[bound.name], self.sizes[bound.name]
            case Read(f, _, when) if f.history:
                return 0, self.growth[f.name] if when == "after" else 0
            case Quantified("count", var, body):
                return 0, self.machine.shape.size(var.sort, self.sizes) * self.most_of_one(body)
            case Sum(left, right, sign):
                (low, high), (least, most) = self.of(left), self.of(right)
                return (low + least, high + most) if sign > 0 else (low - most, high - least)
        return self.of_domain(e.domain)

    def most_of_one(self, body: Expr) -> int:
        """The most that one member adds to a count with this body: 1, or more if the body is a count."""
        return self.of(body)[1] if body.domain.base is int else 1

    def of_domain(self, domain: Domain[Any]) -> Interval:
        """The interval of a domain."""
        return (self._number(domain.low), self._number(domain.high)) if domain.base is int else (0, 0)

    def _number(self, limit: int | Bound) -> int:
        return self.sizes[limit.name] if isinstance(limit, Bound) else limit

    def beyond(self, bits: int) -> Iterator[tuple[str, Expr, int]]:
        """The expressions that may exceed this many bits: the line, the expression, and such a value."""
        for where, e in expressions(self.machine):
            for x in walk(e):
                low, high = self.of(x)
                if not fits((low, high), bits):
                    yield where, x, high if not fits((high, high), bits) else low


def too_large(where: str, e: Expr, value: int, bits: int) -> str:
    """The message for a number that is too large."""
    return f"{where}: {text(e)} may be {value}, beyond {bits} bits and the sign; write it with smaller numbers"
