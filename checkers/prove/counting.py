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
    Expr,
    Facts,
    Not,
    Or,
    Path,
    Put,
    Quantified,
    Read,
    Var,
    conjunction,
    equal,
    parts,
    rebuild,
    walk,
)
from spec.dsl.ir import (
    text as spoken,
)


@dataclass(frozen=True)
class CardinalityTerm:
    """The cardinality of the members for which the body holds, as a function of its parameters."""

    number: int
    var: Var
    body: Expr
    params: tuple[Var, ...]

    @property
    def name(self) -> str:
        return f"count.{self.number}"

    @property
    def text(self) -> str:
        return f"count({self.var.name}: {spoken(self.body)})"

    @cached_property
    def fields(self) -> frozenset[Any]:
        """The fields that decide the membership."""
        return frozenset(x.field for x in walk(self.body) if isinstance(x, Read))


class CardinalityTable:
    """The cardinality terms of a machine, one for all arguments of its parameters."""

    def __init__(self) -> None:
        self.known: dict[tuple[Var, Expr], CardinalityTerm] = {}
        self.met: dict[int, tuple[Quantified, tuple[CardinalityTerm, list[Expr], str]]] = {}

    def of(self, e: Quantified) -> tuple[CardinalityTerm, list[Expr], str]:
        """The term of a count, its arguments, and the state it is counted in."""
        if id(e) not in self.met:
            self.met[id(e)] = e, self._of(e)
        return self.met[id(e)][1]

    def _of(self, e: Quantified) -> tuple[CardinalityTerm, list[Expr], str]:
        if any(isinstance(x, Quantified) and x.word == "count" for x in walk(e.body)):
            raise SpecError(f"{spoken(e)}: a count inside a count; proofs for any number do not reach that")
        made = abstraction(e.var, e.body)
        if len(made.whens) > 1:
            raise SpecError(f"{spoken(e)}: counts by two states at once; proofs for any number do not reach that")
        key = (e.var, made.body)
        if key not in self.known:
            self.known[key] = CardinalityTerm(len(self.known), e.var, made.body, made.params)
        return self.known[key], list(made.arguments), next(iter(made.whens), "")


@dataclass(frozen=True)
class Change:
    """How one path changes a cardinality: one more if `enters` holds of the parameters, one less if `leaves` does.

    Both are derived by syntax from what the path writes about `member`, and have obligations that they are right.
    Without a member the path writes nothing the set depends on; `havoc_reason` is why the size is left open.
    """

    member: Expr | None = None
    enters: Expr = FALSE
    leaves: Expr = FALSE
    havoc_reason: str = ""

    @property
    def is_derived(self) -> bool:
        """True if the change was derived, and has an obligation that it is right."""
        return self.member is not None

    @property
    def text(self) -> str:
        if self.havoc_reason:
            return f"left free: {self.havoc_reason}"
        signs = ((self.enters, "+1 where"), (self.leaves, "-1 where"))
        return "; ".join(f"{sign} {spoken(e)}" for e, sign in signs if e != FALSE) or "unchanged"


def change(counted: CardinalityTerm, path: Path) -> Change:
    """How a path changes a cardinality, from its assignments."""
    puts = tuple(put for put in path.puts if put.field in counted.fields)
    if not puts:
        return Change()
    members = {key for put in puts for key in _members(counted, put)}
    if len(members) != 1:
        return Change(havoc_reason="the step writes what the count reads for more than one member")
    (member,) = members
    facts = Facts()
    for given in path.conditions:
        facts.learn(given.claim, True)
    before = substituted(counted.body, {counted.var: member})
    try:
        after = _written(before, puts)
    except SpecError as error:
        return Change(havoc_reason=str(error))
    return Change(member, _decided(after, facts), _decided(before, facts))


def _members(counted: CardinalityTerm, put: Put) -> set[Expr]:
    """The members whose membership an assignment may change: its keys in the place of the counted member."""
    reads = [x for x in walk(counted.body) if isinstance(x, Read) and x.field is put.field]
    return {key for x in reads for key in (_member_of(counted, x, put),)}


def _member_of(counted: CardinalityTerm, read: Read, put: Put) -> Expr:
    """The key of the assignment in the place of the counted member; the variable itself if it is in no such place."""
    found = [at for at, key in enumerate(read.keys) if key == counted.var]
    return put.keys[found[0]] if len(found) == 1 else counted.var


def _written(e: Expr, puts: tuple[Put, ...]) -> Expr:
    """A claim about the state after these assignments, as one about the state before."""
    made = rebuild(e, [_written(p, puts) for p in parts(e)])
    return _last(made, puts) if isinstance(made, Read) else made


def _last(read: Read, puts: tuple[Put, ...]) -> Expr:
    """The value of the last assignment to a cell; raises SpecError if syntax does not decide which cells are equal."""
    for put in reversed(puts):
        same = conjunction(*map(equal, put.keys, read.keys)) if put.field is read.field else FALSE
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
