# SPDX-License-Identifier: MIT
"""Expressions as SMT-LIB 2 text over uninterpreted sorts, of any number of pages, pools and devices.

Both solvers read this text. Only `declarations`, `Symbols` and `Text` know its syntax.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import count as numbered
from itertools import product
from typing import Any

from spec.dsl import NOBODY, Field, Machine, Sort
from spec.dsl.ir import (
    Bound,
    Const,
    Eq,
    Every,
    Expr,
    Leaf,
    Operation,
    Put,
    Quantified,
    Read,
    Size,
    Var,
    fold,
    operator,
)

Names = Mapping[str, str]
"""The SMT-LIB terms of the variables of a spec text, by name."""

CountTerm = Callable[["Text", Quantified, Names], str]
"""The encoder of counts: gives the term for one."""


@dataclass(frozen=True)
class Write:
    """An assignment as terms about the state before; a key that is empty stands for all members, as in a row."""

    field: Field[Any, Any]
    keys: tuple[str, ...]
    value: str


@dataclass(frozen=True)
class View:
    """The state of reads: the one before a step, or after the assignments of the step.

    `names` are the terms of the step's arguments.
    """

    writes: tuple[Write, ...] = ()
    names: tuple[tuple[str, str], ...] = ()


BEFORE = View()


def symbol(name: str) -> str:
    """A name of Python as a symbol of SMT-LIB, which allows ASCII only; `~` is in no name of Python."""
    return "".join(c if c.isascii() else f"~{ord(c):x}~" for c in name)


def cell_name(f: Field[Any, Any]) -> str:
    """The function of a field."""
    return f"state.{symbol(f.name)}"


def applied(function: str, terms: Sequence[str]) -> str:
    """A function of these terms; without any it is a constant."""
    return f"({function} {' '.join(terms)})" if terms else function


def size_name(number: Bound) -> str:
    """The constant of a number of the scope."""
    return f"scope.{symbol(number.name)}"


class Symbols:
    """The symbols of the sorts and enums of a machine and of their members; unique even for equal names."""

    def __init__(self, machine: Machine) -> None:
        shape, self._known = machine.shape, dict[type[Any], str]()
        every = (*shape.fields.values(), *shape.histories.values())
        for base in (*shape.scope_name, *(f.domain.base for f in every)):
            self.called(base)

    def called(self, base: type[Any]) -> str:
        """The symbol of a class, with a number if another class has its name."""
        if base not in self._known:
            plain, taken = symbol(base.__name__), self._known.values()
            others = (f"{plain}~{n}" for n in numbered(2))
            self._known[base] = plain if plain not in taken else next(name for name in others if name not in taken)
        return self._known[base]

    def sort(self, base: type[Any]) -> str:
        """The SMT-LIB sort of a class: an uninterpreted sort, an enumeration, Bool or Int."""
        if base in (bool, int):
            return {bool: "Bool", int: "Int"}[base]
        return f"{'kind' if issubclass(base, Enum) else 'sort'}.{self.called(base)}"

    def nobody(self, sort: type[Any]) -> str:
        """The constant for NOBODY in a sort; quantifiers exclude it."""
        return f"nobody.{self.called(sort)}"

    def member(self, sort: type[Sort], index: int) -> str:
        """The constant for a member that has a name."""
        return f"member.{self.called(sort)}.{index}"

    def literal(self, value: Any, base: type[Any] = object) -> str:
        """The term for a literal of the spec; `base` is the sort of a NOBODY."""
        if value is NOBODY:
            return self.nobody(base)
        if isinstance(value, Enum):
            return f"{self.sort(type(value))}.{symbol(value.name)}"
        if isinstance(value, Sort):
            return self.member(type(value), value.index)
        return whole(value) if not isinstance(value, bool) else "true" if value else "false"

    def constant(self, name: str, sort: type[Any]) -> str:
        return f"(declare-const {name} {self.sort(sort)})\n"

    def enumeration(self, base: type[Any], names: Sequence[str]) -> str:
        return f"(declare-datatypes (({self.sort(base)} 0)) (({' '.join(f'({name})' for name in names)})))\n"


def whole(number: int) -> str:
    """A whole number."""
    return str(number) if number >= 0 else f"(- {-number})"


def joined(word: str, terms: list[str], empty: str) -> str:
    """`and` or `or` of any number of terms."""
    return f"({word} {' '.join(terms)})" if len(terms) > 1 else terms[0] if terms else empty


def conj(*terms: str) -> str:
    return joined("and", [t for t in terms if t != "true"], "true")


def either(*terms: str) -> str:
    return joined("or", list(terms), "false")


def negated(term: str) -> str:
    return f"(not {term})"


def implied(when: str, then: str) -> str:
    return then if when == "true" else f"(=> {when} {then})"


def forall(variables: list[tuple[str, str]], body: str) -> str:
    """The universal claim over variables, each a name and a sort."""
    if not variables or body == "true":
        return body
    return f"(forall ({' '.join(f'({name} {sort})' for name, sort in variables)}) {body})"


TERMS: dict[str, Callable[..., str]] = {
    "not": negated,
    "and": conj,
    "or": either,
    **{word: (lambda a, b, word=word: f"({word} {a} {b})") for word in ("<", "+", "-")},
    "==": lambda a, b: f"(= {a} {b})",
}
"""How each operation of the expression tree is written."""


def asserted(term: str) -> str:
    return f"(assert {term})\n"


@dataclass(frozen=True)
class Text:
    """Prints expressions as terms: `views` by the `when` of reads; `optional` are the sorts that have a NOBODY.

    `members` are the constants of each sort of known size; quantifiers over such a sort are expanded.
    """

    symbols: Symbols
    optional: frozenset[type[Any]]
    views: Mapping[str, View]
    count: CountTerm
    members: Mapping[type[Any], tuple[str, ...]] = field(default_factory=dict)

    def term(self, e: Expr, names: Names, base: type[Any] = object) -> str:
        """The term for an expression; `base` is the sort of a bare NOBODY."""

        def leaf(x: Leaf) -> str:
            match x:
                case Const(value):
                    return self.symbols.literal(value, base)
                case Var(name):
                    return names[name]
                case Size(number):
                    return size_name(number)
                case Read(f, keys, when):
                    return self.read(f, [self.term(k, names) for k in keys], when)
                case Quantified(word):
                    return self.count(self, x, names) if word == "count" else self._quantified(x, names)
            raise TypeError(f"{x!r} has no term")

        def join(x: Operation, terms: Iterator[str]) -> str:
            if isinstance(x, Eq):
                terms = iter(
                    (self.term(x.left, names, x.right.domain.base), self.term(x.right, names, x.left.domain.base))
                )
            return TERMS[operator(x)](*terms)

        return fold(e, leaf, join)

    def read(self, f: Field[Any, Any], keys: list[str], when: str) -> str:
        """The value of a cell in the state that `when` names: of the last assignment to it, or else the old value."""
        term = applied(cell_name(f), keys)
        for write in self.views[when].writes:
            if write.field is f:
                pairs = zip(write.keys, keys, strict=True)
                same = [f"(= {one} {other})" for one, other in pairs if one not in ("", other)]
                term = f"(ite {conj(*same)} {write.value} {term})" if same else write.value
        return term

    def write(self, put: Put, names: Names) -> Write:
        """An assignment as terms; this text must be about the state before."""
        keys = tuple("" if isinstance(k, Every) else self.term(k, names) for k in put.keys)
        return Write(put.field, keys, self.term(put.value, names, put.field.domain.base))

    def _quantified(self, e: Quantified, names: Names) -> str:
        def body(found: Names) -> str:
            return self.term(e.body, {**names, **found})

        if e.word == "each":
            return self.every((e.var,), body)
        sort, name = e.var.sort, f"?{symbol(e.var.name)}"
        if sort in self.members:
            return either(*(body({e.var.name: member}) for member in self.members[sort]))
        claim = conj(self.real(sort, name), body({e.var.name: name}))
        return f"(exists (({name} {self.symbols.sort(sort)})) {claim})"

    def every(self, variables: Sequence[Var], claim: Callable[[Names], str]) -> str:
        """A claim for all members that the variables can be."""
        named = [v for v in variables if v.sort in self.members]
        names = {v.name: f"?{symbol(v.name)}" for v in variables if v not in named}
        real = conj(*(self.real(v.sort, names[v.name]) for v in variables if v not in named))
        choices = product(*(self.members[v.sort] for v in named))
        claims = (claim({**names, **{v.name: m for v, m in zip(named, some, strict=True)}}) for some in choices)
        quantified = [(names[v.name], self.symbols.sort(v.sort)) for v in variables if v not in named]
        return forall(quantified, implied(real, conj(*claims)))

    def real(self, sort: type[Any], term: str) -> str:
        """The claim that a term is not NOBODY; true for a sort without one."""
        return f"(distinct {term} {self.symbols.nobody(sort)})" if sort in self.optional else "true"

    def for_all(self, params: tuple[Var, ...], claim: Expr) -> str:
        """A claim for all its arguments."""
        return self.every(params, lambda names: self.term(claim, names))


def optional_sorts(machine: Machine) -> frozenset[type[Any]]:
    """The sorts for which some field may hold NOBODY."""
    every = (*machine.shape.fields.values(), *machine.shape.histories.values())
    return frozenset(f.domain.base for f in every if f.domain.optional)


def declarations(machine: Machine, symbols: Symbols, members: Mapping[type[Any], tuple[str, ...]]) -> Iterator[str]:
    """The declarations of sorts, enumerations, fields and numbers; a sort with `members` is an enumeration."""
    shape, optional = machine.shape, optional_sorts(machine)
    every = (*shape.fields.values(), *shape.histories.values())
    for sort in shape.scope_name:
        somebody = [symbols.nobody(sort)] if sort in optional else []
        if sort in members:
            yield symbols.enumeration(sort, [*somebody, *members[sort]])
        else:
            yield f"(declare-sort {symbols.sort(sort)} 0)\n"
            yield from (symbols.constant(name, sort) for name in somebody)
    for kind in dict.fromkeys(f.domain.base for f in every if issubclass(f.domain.base, Enum)):
        yield symbols.enumeration(kind, [symbols.literal(m) for m in kind])
    for f in every:
        keys = " ".join(map(symbols.sort, f.keys))
        yield f"(declare-fun {cell_name(f)} ({keys}) {symbols.sort(f.domain.base)})\n"
    for number in shape.bounds.values():
        relation = "=" if number.low == number.high else ">="
        yield symbols.constant(size_name(number), int)
        yield asserted(f"({relation} {size_name(number)} {whole(number.low)})")
