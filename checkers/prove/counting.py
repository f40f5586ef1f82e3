"""Counts over pages (or pools): what their sizes are known to be, and how a step changes them.

A count is a function of what its body says beside the counted member, its parameters. Nothing is stored: in every
state it is the size of the set, of which three things are used. It is not negative; it is at least 1 where somebody
is in the set, and only there; and where a step changes the membership of one member only, it changes as that does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

from spec.dsl import SpecError
from spec.dsl.ir import (
    FALSE,
    TRUE,
    And,
    Const,
    Eq,
    Expr,
    Facts,
    Less,
    Not,
    Or,
    Path,
    Put,
    Quantified,
    Read,
    Size,
    Sum,
    Var,
    conjunction,
    disjunction,
    equal,
    negate,
    parts,
    walk,
)
from spec.dsl.ir import (
    text as spoken,
)


@dataclass(frozen=True)
class CardinalityTerm:
    """A set that is counted: the members for which the body holds, beside its parameters."""

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
        """The fields that decide who is in the set."""
        return frozenset(x.field for x in walk(self.body) if isinstance(x, Read))


class CardinalityTable:
    """Every set that a machine counts, each once, whatever stands in the place of its parameters."""

    def __init__(self) -> None:
        self.known: dict[tuple[Var, Expr], CardinalityTerm] = {}
        self.met: dict[int, tuple[Quantified, tuple[CardinalityTerm, list[Expr], str]]] = {}

    def of(self, e: Quantified) -> tuple[CardinalityTerm, list[Expr], str]:
        """The set behind a count, what stands in the place of its parameters, and the state it is counted in."""
        if id(e) not in self.met:
            self.met[id(e)] = e, self._of(e)
        return self.met[id(e)][1]

    def _of(self, e: Quantified) -> tuple[CardinalityTerm, list[Expr], str]:
        if any(isinstance(x, Quantified) and x.word == "count" for x in walk(e.body)):
            raise SpecError(f"{spoken(e)}: a count inside a count; proofs for any number do not reach that")
        found: dict[Expr, Var] = {}
        body = _opened(e.body, {e.var.name}, found)
        whens = {x.when for x in walk(body) if isinstance(x, Read)} or {""}
        if len(whens) > 1:
            raise SpecError(f"{spoken(e)}: counts by two states at once; proofs for any number do not reach that")
        body = _timeless(body)
        key = (e.var, body)
        if key not in self.known:
            self.known[key] = CardinalityTerm(len(self.known), e.var, body, tuple(found.values()))
        return self.known[key], list(found), whens.pop()


def _timeless(e: Expr) -> Expr:
    """The claim as one about a state, whichever it is."""
    if isinstance(e, Quantified):
        return replace(e, body=_timeless(e.body))
    inner = [_timeless(p) for p in parts(e)]
    return Read(e.field, tuple(inner)) if isinstance(e, Read) else rebuilt(e, inner)


def _opened(e: Expr, bound: set[str], found: dict[Expr, Var]) -> Expr:
    """The expression with a parameter in the place of all that does not speak of the counted member."""
    if isinstance(e, Const | Size):
        return e
    if not any(isinstance(x, Var) and x.name in bound for x in walk(e)):
        if e not in found:
            found[e] = Var(f"${len(found) + 1}", cast(Any, e.domain.base))  # no parameter of a spec's can be called so
        return found[e]
    if isinstance(e, Quantified):
        return replace(e, body=_opened(e.body, bound | {e.var.name}, found))
    return rebuilt(e, [_opened(p, bound, found) for p in parts(e)])


def rebuilt(e: Expr, inner: list[Expr]) -> Expr:
    """The same kind of expression of other parts."""
    match e:
        case Read(f, _, when):
            return Read(f, tuple(inner), when)
        case Not():
            return negate(inner[0])
        case And():
            return conjunction(*inner)
        case Or():
            return disjunction(*inner)
        case Eq():
            return equal(*inner)
        case Less():
            return Less(*inner)
        case Sum(_, _, sign):
            return Sum(inner[0], inner[1], sign)
        case Quantified():
            return replace(e, body=inner[1])
    return e


@dataclass(frozen=True)
class Change:
    """How one path changes a count: one more where `enters` holds of the parameters, one less where `leaves` does.

    Both are found by plain syntax in what the path writes about `member`; obligations of their own say that they
    are right. Without a member the path writes nothing the count looks at; `havoc_reason` says why nothing is known.
    """

    member: Expr | None = None
    enters: Expr = FALSE
    leaves: Expr = FALSE
    havoc_reason: str = ""

    @property
    def is_derived(self) -> bool:
        """Was something found that has to be shown to be right?"""
        return self.member is not None

    @property
    def text(self) -> str:
        if self.havoc_reason:
            return f"left free: {self.havoc_reason}"
        signs = ((self.enters, "+1 where"), (self.leaves, "-1 where"))
        return "; ".join(f"{sign} {spoken(e)}" for e, sign in signs if e != FALSE) or "unchanged"


def change(counted: CardinalityTerm, path: Path) -> Change:
    """What a path does to a count, from its assignments."""
    puts = tuple(put for put in path.puts if put.field in counted.fields)
    if not puts:
        return Change()
    members = {key for put in puts for key in _members(counted, put)}
    if len(members) != 1:
        return Change(havoc_reason="the step writes what the count reads of more than one member")
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
    """The members whose membership an assignment may change: the keys where the body has the counted one."""
    reads = [x for x in walk(counted.body) if isinstance(x, Read) and x.field is put.field]
    return {key for x in reads for key in (_member_of(counted, x, put),)}


def _member_of(counted: CardinalityTerm, read: Read, put: Put) -> Expr:
    """The key of the assignment where the read has the counted member; of all members where it has none."""
    found = [at for at, key in enumerate(read.keys) if key == counted.var]
    return put.keys[found[0]] if len(found) == 1 else counted.var


def substituted(e: Expr, values: dict[Expr, Expr]) -> Expr:
    """The expression with other expressions in the place of some."""
    if e in values:
        return values[e]
    if isinstance(e, Quantified):
        return replace(e, body=substituted(e.body, {k: v for k, v in values.items() if k != e.var}))
    return rebuilt(e, [substituted(p, values) for p in parts(e)])


def _written(e: Expr, puts: tuple[Put, ...]) -> Expr:
    """A claim about the state before, as it reads after these assignments."""
    if isinstance(e, Quantified):
        return replace(e, body=_written(e.body, puts))
    made = rebuilt(e, [_written(p, puts) for p in parts(e)])
    return _last(made, puts) if isinstance(made, Read) else made


def _last(read: Read, puts: tuple[Put, ...]) -> Expr:
    """What the last assignment to a cell gave, where plain syntax tells which cells are the same."""
    for put in reversed(puts):
        same = conjunction(*map(equal, put.keys, read.keys)) if put.field is read.field else FALSE
        if same == TRUE:
            return put.value
        if same != FALSE:
            raise SpecError(f"whether the step writes what the count reads hangs on {spoken(same)}")
    return read


def _decided(e: Expr, facts: Facts) -> Expr:
    """The claim with all folded that the guards of the path decide."""
    known = facts.decide(e) if e.domain.base is bool else None
    if known is not None:
        return Const(known)
    if isinstance(e, And | Or | Not):
        return rebuilt(e, [_decided(p, facts) for p in parts(e)])
    return e
