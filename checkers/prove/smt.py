"""Expressions as SMT-LIB 2 text over open sorts: nothing says how many pages, pools or devices there are.

The text is what both solvers are given; `declarations` and `Text` are the only places that know its words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import product
from typing import Any

from spec.dsl import NOBODY, Field, Machine, Sort
from spec.dsl.expr import And, Const, Eq, Expr, Less, Not, Or, Quantified, Read, Size, Sum, Var
from spec.dsl.symbolic import Put
from spec.dsl.values import Bound

Names = Mapping[str, str]
"""What the variables of a spec text are called in the SMT-LIB text."""

CountTerm = Callable[["Text", Quantified, Names], str]
"""Gives the term for a count; `Text` leaves counts to it."""


@dataclass(frozen=True)
class Write:
    """An assignment as terms about the state before."""

    field: Field[Any, Any]
    keys: tuple[str, ...]
    value: str


@dataclass(frozen=True)
class View:
    """The state that reads speak of: the one before a step, or the one that assignments make of it.

    `names` is what the arguments of the step are called.
    """

    writes: tuple[Write, ...] = ()
    names: tuple[tuple[str, str], ...] = ()


BEFORE = View()


def sort_name(base: type[Any]) -> str:
    """The SMT-LIB sort of a value: an open sort, an enumeration, or a theory's."""
    if base in (bool, int):
        return {bool: "Bool", int: "Int"}[base]
    return f"kind.{base.__name__}" if issubclass(base, Enum) else f"sort.{base.__name__}"


def cell_name(f: Field[Any, Any]) -> str:
    """The function that a field is."""
    return f"state.{f.name}"


def size_name(number: Bound) -> str:
    """The constant that a number of the scope is."""
    return f"scope.{number.name}"


def nobody(sort: type[Any]) -> str:
    """The constant that stands for NOBODY in a sort; no quantifier ranges over it."""
    return f"nobody.{sort.__name__}"


def literal(value: Any, base: type[Any]) -> str:
    """A literal of the spec; `base` is whose NOBODY it is."""
    if value is NOBODY:
        return nobody(base)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value >= 0 else f"(- {-value})"
    if isinstance(value, Enum):
        return f"{sort_name(type(value))}.{value.name}"
    return member_name(type(value), value.index)


def member_name(sort: type[Sort], index: int) -> str:
    """The constant that stands for a member known by name."""
    return f"member.{sort.__name__}.{index}"


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
    """For all values of these variables, each a name and a sort."""
    if not variables or body == "true":
        return body
    return f"(forall ({' '.join(f'({name} {sort})' for name, sort in variables)}) {body})"


def asserted(term: str) -> str:
    return f"(assert {term})\n"


@dataclass(frozen=True)
class Text:
    """Makes terms of expressions: `views` by the `when` of reads; `optional` are the sorts that have a NOBODY.

    `members` are those of each sort where their number is fixed: then what is said of all is said of each by name.
    """

    optional: frozenset[type[Any]]
    views: Mapping[str, View]
    count: CountTerm
    members: Mapping[type[Any], tuple[str, ...]] = field(default_factory=dict)

    def term(self, e: Expr, names: Names, base: type[Any] = object) -> str:
        """The term for an expression; `base` is the sort that a bare NOBODY would be of."""
        match e:
            case Const(value):
                return literal(value, base)
            case Var(name):
                return names[name]
            case Size(number):
                return size_name(number)
            case Read(f, keys, when):
                return self.read(f, [self.term(k, names) for k in keys], when)
            case Quantified(word):
                return self.count(self, e, names) if word == "count" else self._quantified(e, names)
        return self._joined(e, names)

    def _joined(self, e: Expr, names: Names) -> str:
        match e:
            case Not(claim):
                return negated(self.term(claim, names))
            case And(claims):
                return conj(*(self.term(c, names) for c in claims))
            case Or(claims):
                return either(*(self.term(c, names) for c in claims))
            case Eq(a, b):
                return f"(= {self.term(a, names, b.domain.base)} {self.term(b, names, a.domain.base)})"
            case Less(a, b):
                return f"(< {self.term(a, names)} {self.term(b, names)})"
            case Sum(a, b, sign):
                return f"({'+' if sign > 0 else '-'} {self.term(a, names)} {self.term(b, names)})"
        raise TypeError(f"{e!r} is no expression")

    def read(self, f: Field[Any, Any], keys: list[str], when: str) -> str:
        """A cell in the state that `when` names: what the last assignment to it gave, or what was there."""
        term = f"({cell_name(f)} {' '.join(keys)})"
        for write in self.views[when].writes:
            if write.field is f:
                same = [f"(= {one} {other})" for one, other in zip(write.keys, keys, strict=True) if one != other]
                term = f"(ite {conj(*same)} {write.value} {term})" if same else write.value
        return term

    def write(self, put: Put, names: Names) -> Write:
        """An assignment, in a text about the state before."""
        keys = tuple(self.term(k, names) for k in put.keys)
        return Write(put.field, keys, self.term(put.value, names, put.field.domain.base))

    def _quantified(self, e: Quantified, names: Names) -> str:
        def body(found: Names) -> str:
            return self.term(e.body, {**names, **found})

        if e.word == "each":
            return self.every((e.var,), body)
        if self.members:
            return either(*(body({e.var.name: name}) for name in self.members[e.var.sort]))
        name = f"?{e.var.name}"
        return (
            f"(exists (({name} {sort_name(e.var.sort)})) {conj(self.real(e.var.sort, name), body({e.var.name: name}))})"
        )

    def every(self, variables: Sequence[Var], claim: Callable[[Names], str]) -> str:
        """A claim of everybody that the variables can be."""
        if self.members:
            choices = product(*(self.members[v.sort] for v in variables))
            return conj(*(claim({v.name: one for v, one in zip(variables, some, strict=True)}) for some in choices))
        names = {v.name: f"?{v.name}" for v in variables}
        real = conj(*(self.real(v.sort, names[v.name]) for v in variables))
        return forall([(names[v.name], sort_name(v.sort)) for v in variables], implied(real, claim(names)))

    def real(self, sort: type[Any], term: str) -> str:
        """The term is somebody; where a sort has no NOBODY that goes without saying."""
        return f"(distinct {term} {nobody(sort)})" if sort in self.optional else "true"

    def for_all(self, params: tuple[Var, ...], claim: Expr) -> str:
        """A claim for all its arguments."""
        return self.every(params, lambda names: self.term(claim, names))


def optional_sorts(machine: Machine) -> frozenset[type[Any]]:
    """The sorts of which some field may hold NOBODY."""
    every = (*machine.shape.fields.values(), *machine.shape.histories.values())
    return frozenset(f.domain.base for f in every if f.domain.optional)


def declarations(machine: Machine, members: Mapping[type[Any], tuple[str, ...]]) -> Iterator[str]:
    """Sorts, enumerations, fields and numbers of the scope; a sort of so many members is an enumeration too."""
    shape, optional = machine.shape, optional_sorts(machine)
    every = (*shape.fields.values(), *shape.histories.values())
    for sort in shape.scope_name:
        somebody = [nobody(sort)] if sort in optional else []
        yield enumeration(sort, [*somebody, *members[sort]]) if members else f"(declare-sort {sort_name(sort)} 0)\n"
        yield from (constant(name, sort) for name in somebody if not members)
    for kind in dict.fromkeys(f.domain.base for f in every if issubclass(f.domain.base, Enum)):
        yield enumeration(kind, [literal(m, kind) for m in kind])
    for f in every:
        yield f"(declare-fun {cell_name(f)} ({' '.join(map(sort_name, f.keys))}) {sort_name(f.domain.base)})\n"
    for number in shape.bounds.values():
        yield constant(size_name(number), int) + asserted(f"(>= {size_name(number)} {literal(number.low, int)})")


def enumeration(base: type[Any], names: Sequence[str]) -> str:
    return f"(declare-datatypes (({sort_name(base)} 0)) (({' '.join(f'({name})' for name in names)})))\n"


def constant(name: str, sort: type[Any]) -> str:
    return f"(declare-const {name} {sort_name(sort)})\n"
