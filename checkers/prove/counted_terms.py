# SPDX-License-Identifier: MIT
"""The terms of counts in a theory: sums over members that have names, or functions with the few axioms of a size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from spec.dsl.ir import Expr, Path, Quantified

from .counting import CardinalityTerm
from .smt import BEFORE, Names, Text, View, applied, conj, forall, implied

if TYPE_CHECKING:
    from .theory import Theory


class FiniteCardinality:
    """Counts in a theory of given sizes: sums over the members."""

    def __init__(self, members: Mapping[type[Any], tuple[str, ...]]) -> None:
        self.members = members

    def __call__(self, text: Text, e: Quantified, names: Names) -> str:
        each = [text.term(e.body, {**names, e.var.name: member}) for member in self.members[e.var.sort]]
        ones = each if e.body.domain.base is int else [f"(ite {claim} 1 0)" for claim in each]
        return f"(+ 0 {' '.join(ones)})"


@dataclass
class AbstractCardinality:
    """Counts in a theory of any size, along one path: functions, and axioms on the sizes of sets.

    `known` are the axioms, which hold for every finite set; `declared` are the witnesses they name.
    """

    theory: Theory
    path: Path | None = None
    known: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    met: frozenset[str] = frozenset()

    def __call__(self, text: Text, e: Quantified, names: Names) -> str:
        if not self.theory.is_set(e):
            return FiniteCardinality(self.theory.members)(text, e, names)
        counted, actual, when = self.theory.sets.of(e)
        args, view = [text.term(a, names) for a in actual], text.views[when]
        size = applied(counted.name, args)
        if view != BEFORE:
            size = self._after(counted, size, actual, args, view)
        if size not in self.met and not any("?" in a for a in args):
            self.met |= {size}
            self._know(replace(text, views={"": view}, count=self), counted, args, size)
        return size

    def _after(self, counted: CardinalityTerm, size: str, actual: list[Expr], args: list[str], view: View) -> str:
        """The size after the step: one more if a member enters, one less if one leaves."""
        assert self.path
        found = self.theory.change(counted, self.path)
        free = size.replace(counted.name, f"{counted.name}.after", 1)
        if found.havoc_reason:
            return free
        text, names = self.theory.text(self), {**dict(view.names), **named(counted, args)}
        enters, leaves = (text.term(claim, names) for claim in (found.enters, found.leaves))
        changed = f"(- (+ {size} (ite {enters} 1 0)) (ite {leaves} 1 0))" if found.member else size
        real = conj(*(text.real(a.domain.base, t) for a, t in zip(actual, args, strict=True) if a.domain.optional))
        return changed if real == "true" else f"(ite {real} {changed} {free})"

    def _know(self, text: Text, counted: CardinalityTerm, args: list[str], size: str) -> None:
        """The axioms of a size: it is not negative, and it is at least one exactly if some member is in the set."""
        sorts, one, symbols = [v.sort for v in counted.vars], f"(>= {size} 1)", self.theory.symbols
        somebody = [f"some.{counted.name}.{self.theory.fresh()}" for _ in sorts]
        any_one = [f"?in.{n}" for n, _ in enumerate(sorts)]

        def is_in(member: Sequence[str]) -> str:
            is_real = (text.real(sort, term) for sort, term in zip(sorts, member, strict=True))
            return conj(*is_real, text.term(counted.body, {**of_member(counted, member), **named(counted, args)}))

        somewhere = forall(list(zip(any_one, map(symbols.sort, sorts), strict=True)), implied(is_in(any_one), one))
        self.declared += tuple(map(symbols.constant, somebody, sorts))
        self.known += (f"(>= {size} 0)", somewhere, implied(one, is_in(somebody)))


def named(counted: CardinalityTerm, args: list[str]) -> dict[str, str]:
    """The terms of the parameters of a counted set, by name."""
    return {v.name: arg for v, arg in zip(counted.params, args, strict=True)}


def of_member(counted: CardinalityTerm, member: Sequence[str]) -> dict[str, str]:
    """The terms of a counted member by name."""
    return {v.name: term for v, term in zip(counted.vars, member, strict=True)}
