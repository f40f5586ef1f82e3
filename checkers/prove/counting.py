# SPDX-License-Identifier: MIT
"""Cardinalities of sets of members: the term for each, and how a step changes it.

A proof uses three properties of the size of a set. It is not negative; it is at least 1 exactly if some member is in
the set; and if a step changes the membership of one member only, it changes with that.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from checkers.core.cardinality import abstraction, substituted
from spec.dsl import SpecError
from spec.dsl.ir import (
    FALSE,
    TRUE,
    And,
    Const,
    Every,
    Expr,
    Facts,
    Not,
    Or,
    Path,
    Put,
    Quantified,
    Read,
    Var,
    pairs,
    parts,
    rebuild,
    same_cell,
    walk,
)
from spec.dsl.ir import (
    text as spoken,
)


@dataclass(frozen=True)
class CardinalityTerm:
    """The cardinality of the members, or pairs, for which the body holds, as a function of its parameters."""

    number: int
    vars: tuple[Var, ...]
    body: Expr
    params: tuple[Var, ...]

    @property
    def name(self) -> str:
        return f"count.{self.number}"

    @property
    def text(self) -> str:
        return f"count({', '.join(v.name for v in self.vars)}: {spoken(self.body)})"

    @cached_property
    def fields(self) -> frozenset[Any]:
        """The fields that decide the membership."""
        return frozenset(x.field for x in walk(self.body) if isinstance(x, Read))


class CardinalityTable:
    """The cardinality terms of a machine, one for all arguments of its parameters."""

    def __init__(self) -> None:
        self.known: dict[tuple[tuple[Var, ...], Expr], CardinalityTerm] = {}
        self.met: dict[int, tuple[Quantified, tuple[CardinalityTerm, list[Expr], str]]] = {}

    def of(self, e: Quantified) -> tuple[CardinalityTerm, list[Expr], str]:
        """The term of a count, its arguments, and the state it is counted in."""
        if id(e) not in self.met:
            self.met[id(e)] = e, self._of(e)
        return self.met[id(e)][1]

    def _of(self, e: Quantified) -> tuple[CardinalityTerm, list[Expr], str]:
        variables, body = pairs(e)
        if any(isinstance(x, Quantified) and x.word == "count" for x in walk(body)):
            raise SpecError(f"{spoken(e)}: a count inside a count; proofs for any number do not reach that")
        made = abstraction(variables, body)
        if len(made.whens) > 1:
            raise SpecError(f"{spoken(e)}: counts by two states at once; proofs for any number do not reach that")
        key = (variables, made.body)
        if key not in self.known:
            self.known[key] = CardinalityTerm(len(self.known), variables, made.body, made.params)
        return self.known[key], list(made.arguments), next(iter(made.whens), "")


@dataclass(frozen=True)
class Change:
    """How one path changes a cardinality: one more if `enters` holds of the parameters, one less if `leaves` does.

    Both are derived by syntax from what the path writes about `member`, one expression for each counted variable, and
    have obligations that they are right. Without a member the path writes nothing the set depends on; `havoc_reason`
    is why the size is left open.
    """

    member: tuple[Expr, ...] = ()
    enters: Expr = FALSE
    leaves: Expr = FALSE
    havoc_reason: str = ""

    @property
    def is_derived(self) -> bool:
        """True if the change was derived, and has an obligation that it is right."""
        return bool(self.member)

    @property
    def text(self) -> str:
        if self.havoc_reason:
            return f"left free: {self.havoc_reason}"
        signs = ((self.enters, "+1 where"), (self.leaves, "-1 where"))
        return "; ".join(f"{sign} {spoken(e)}" for e, sign in signs if e != FALSE) or "unchanged"


OF_MANY = "the step writes what the count reads for more than one member"
"""Why a cardinality is left open."""


def change(counted: CardinalityTerm, path: Path) -> Change:
    """How a path changes a cardinality, from its assignments."""
    puts = tuple(put for put in path.puts if put.field in counted.fields)
    if not puts:
        return Change()
    if row := next((put for put in puts if put.is_row and _is_of_many(counted, put)), None):
        return Change(havoc_reason=f"the step assigns a row of {row.field.name}, which the count reads")
    members = {key for put in puts for key in _members(counted, put)}
    if len(members) != 1:
        return Change(havoc_reason=OF_MANY)
    (member,) = members
    facts = Facts()
    for given in path.conditions:
        facts.learn(given.claim, True)
    before = substituted(counted.body, dict(zip(counted.vars, member, strict=True)))
    try:
        after = _written(before, puts)
    except SpecError as error:
        return Change(havoc_reason=str(error))
    if any(v in member for v in counted.vars):
        return Change(havoc_reason=OF_MANY)
    return Change(member, _decided(after, facts), _decided(before, facts))


def _members(counted: CardinalityTerm, put: Put) -> set[tuple[Expr, ...]]:
    """The members whose membership an assignment may change: its keys in the place of the counted ones."""
    reads = [x for x in walk(counted.body) if isinstance(x, Read) and x.field is put.field]
    return {tuple(_member_of(v, x, put) for v in counted.vars) for x in reads}


def _member_of(var: Var, read: Read, put: Put) -> Expr:
    """The key of the assignment in the place of a counted member; the variable itself if it is in no such place."""
    found = [at for at, key in enumerate(read.keys) if key == var]
    return put.keys[found[0]] if len(found) == 1 else var


def _is_of_many(counted: CardinalityTerm, put: Put) -> bool:
    """True if the row that is assigned has several counted members."""
    return any(isinstance(key, Every) for member in _members(counted, put) for key in member)


def _written(e: Expr, puts: tuple[Put, ...]) -> Expr:
    """A claim about the state after these assignments, as one about the state before."""
    made = rebuild(e, [_written(p, puts) for p in parts(e)])
    return _last(made, puts) if isinstance(made, Read) else made


def _last(read: Read, puts: tuple[Put, ...]) -> Expr:
    """The value of the last assignment to a cell; raises SpecError if syntax does not decide which cells are equal."""
    for put in reversed(puts):
        same = same_cell(put.keys, read.keys) if put.field is read.field else FALSE
        if same == TRUE:
            return put.value
        if same != FALSE:
            raise SpecError(f"whether the step writes what the count reads depends on {spoken(same)}")
    return read


def _decided(e: Expr, facts: Facts) -> Expr:
    """The claim, simplified by the guards of the path."""
    known = facts.decide(e) if e.domain.base is bool else None
    if known is not None:
        return Const(known)
    if isinstance(e, And | Or | Not):
        return rebuild(e, [_decided(p, facts) for p in parts(e)])
    return e
