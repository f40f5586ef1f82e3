# SPDX-License-Identifier: MIT
"""A machine as a theory in SMT-LIB 2 text: what is assumed of a state, and the violations that are asked for.

A machine has two theories. For any number of members the size of a set is an uninterpreted function with few axioms;
for given sizes every member has a name and a count is a sum. Members of a sort of fixed size have names in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from spec.dsl import ANY, Action, Field, Machine, Sort
from spec.dsl.ir import (
    Bound,
    Const,
    Expr,
    Less,
    Path,
    Quantified,
    Read,
    Size,
    Var,
    conjunction,
    negate,
    pairs,
    parts,
    walk,
)

from .counted_terms import AbstractCardinality, FiniteCardinality, of_member
from .counting import CardinalityTable, CardinalityTerm, Change, change
from .sizes import fixed, named_members, smallest
from .smt import (
    BEFORE,
    Names,
    Symbols,
    Text,
    View,
    Write,
    asserted,
    conj,
    declarations,
    either,
    negated,
    optional_sorts,
    symbol,
)


@dataclass(frozen=True, eq=False)
class Invariant:
    """A claim that is assumed and proved: an invariant of the machine, or that a number stays in its range."""

    name: str
    params: tuple[Var, ...]
    expr: Expr
    is_step: bool = False

    @cached_property
    def fields(self) -> frozenset[Field[Any, Any]]:
        """The fields it reads."""
        return frozenset(x.field for x in walk(self.expr) if isinstance(x, Read))

    @cached_property
    def counts(self) -> bool:
        """True if it counts members."""
        return any(isinstance(x, Quantified) and x.word == "count" for x in walk(self.expr))


def invariants_of(machine: Machine) -> tuple[Invariant, ...]:
    """The claims that are proved of a machine: the ranges of its numbers, and its invariants."""
    claims = tuple(Invariant(c.name, c.params, c.expr, c.is_step) for c in machine.invariants)
    return (*ranges(machine), *claims)


def ranges(machine: Machine) -> Iterator[Invariant]:
    """The ranges of numbers, from the declarations of fields."""
    for f in machine.shape.fields.values():
        if f.domain.base is int:
            yield _range(f)


def _range(f: Field[Any, Any]) -> Invariant:
    params = tuple(Var(f"{k.__name__.lower()}_of_{n}", k) for n, k in enumerate(f.keys, 1))
    cell, low, high = Read(f, params), _limit(f.domain.low), _limit(f.domain.high)
    inside = conjunction(negate(Less(cell, low)), negate(Less(high, cell)))
    return Invariant(f"{f.name}_stays_in_its_range", params, inside)


def _limit(limit: int | Bound) -> Expr:
    return Size(limit) if isinstance(limit, Bound) else Const(limit)


@dataclass(frozen=True)
class Question:
    """A question of satisfiability beside a theory: `asked` without, `known` with the cardinality axioms."""

    asked: str
    known: str = ""
    declared: str = ""


class Theory:
    """The theory of a machine for any number of members, or for `sizes`; `members` are those with names."""

    def __init__(
        self, machine: Machine, sizes: Mapping[str, int] | None = None, invariants: Iterable[Invariant] = ()
    ) -> None:
        self.machine, self.is_finite = machine, sizes is not None
        self.symbols = Symbols(machine)
        known = fixed(machine) if sizes is None else {name: sizes[name] for name in machine.shape.members}
        self.sizes = {machine.shape.members[name].sort: size for name, size in known.items()}
        self.invariants = tuple(invariants) or invariants_of(machine)
        self.members = {
            sort: tuple(self.symbols.member(sort, n) for n in range(size)) for sort, size in self.sizes.items()
        }
        self.optional = optional_sorts(machine)
        self.sets = CardinalityTable()
        self._fresh = 0
        self._taken: dict[str, list[Taken]] = {}
        self._known: dict[tuple[Invariant, tuple[Write, ...]], str] = {}
        self._changes: dict[tuple[int, int], Change] = {}

    def fresh(self) -> int:
        """A number that is not used yet."""
        self._fresh += 1
        return self._fresh

    def text(self, counts: Any, view: View = BEFORE, whens: tuple[str, ...] = ("",)) -> Text:
        """The printer of terms: the last of `whens` is the state of the view, any other the one before.

        Without `counts` only members of sorts of a known size are counted.
        """
        views = dict.fromkeys(whens, BEFORE) | {"": BEFORE, whens[-1]: view}
        return Text(self.symbols, self.optional, views, counts or FiniteCardinality(self.members), self.members)

    def _counts(self, path: Path | None = None) -> Any:
        return FiniteCardinality(self.members) if self.is_finite else AbstractCardinality(self, path)

    def is_set(self, e: Expr) -> bool:
        """True if it counts members of a sort of any size."""
        return isinstance(e, Quantified) and e.word == "count" and e.var.sort not in self.members

    def sets_in(self, e: Expr) -> Iterator[Quantified]:
        """The counts of members of a sort of any size in an expression, a count of pairs once."""
        if isinstance(e, Quantified) and self.is_set(e):
            yield e
            e = pairs(e)[1]
        for part in parts(e):
            yield from self.sets_in(part)

    def counts(self, invariant: Invariant) -> bool:
        """True if an invariant uses the size of such a set."""
        return any(True for _ in self.sets_in(invariant.expr))

    def change(self, counted: CardinalityTerm, path: Path) -> Change:
        """How a path changes a cardinality; derived once."""
        key = (counted.number, id(path))
        if key not in self._changes:
            self._changes[key] = change(counted, path)
        return self._changes[key]

    def changes(self, action: Action, counted: CardinalityTerm) -> list[Change]:
        """How each path of an action changes a cardinality."""
        return [self.change(counted, path) for path in action.lifted.paths]

    # -- assumptions ----------------------------------------------------------------------------------------------

    @cached_property
    def declared(self) -> str:
        """Declarations of sorts, fields and members, and what holds in every state, reachable or not."""
        lines = [*declarations(self.machine, self.symbols, self.members), *self._named()]
        for f in self.machine.shape.fields.values():
            if issubclass(f.domain.base, Sort) and f.domain.base in self.optional and not f.domain.optional:
                lines.append(
                    asserted(
                        self._cells(f, lambda cell, f=f: f"(distinct {cell} {self.symbols.nobody(f.domain.base)})")
                    )
                )
        for counted in self._every_set():
            kinds, where = " ".join(self.symbols.sort(v.sort) for v in counted.params), ("", ".after")
            lines += [f"(declare-fun {counted.name}{when} ({kinds}) Int)\n" for when in where]
        return "".join(lines)

    @cached_property
    def invariants_hold(self) -> str:
        """Every invariant of states, about the state before."""
        return self.assumed_text(self.invariants)

    def assumed_text(self, invariants: Iterable[Invariant]) -> str:
        """The invariants of states among these, about the state before."""
        text = self.text(self._counts())
        return "".join(asserted(text.for_all(f.params, f.expr)) for f in invariants if not f.is_step)

    @cached_property
    def started(self) -> str:
        """The state before is an initial one; a number with any initial value is in its range."""
        shape = self.machine.shape
        fixed = [f for f in (*shape.fields.values(), *shape.histories.values()) if f.start is not ANY]
        text = self.text(None)
        starts = {f: text.term(Const(f.start), {}, f.domain.base) for f in fixed}
        lines = [self._cells(f, lambda cell, f=f: f"(= {cell} {starts[f]})") for f in fixed]
        free = (_range(f) for f in shape.fields.values() if f.start is ANY and f.domain.base is int)
        return "".join(map(asserted, [*lines, *(text.for_all(invariant.params, invariant.expr) for invariant in free)]))

    def _cells(self, f: Field[Any, Any], claim: Any) -> str:
        """A claim about every cell of a field."""
        text, params = self.text(None), [Var(f"key_{n}", k) for n, k in enumerate(f.keys)]
        return text.every(params, lambda names: claim(text.read(f, [names[v.name] for v in params], "")))

    def _named(self) -> Iterator[str]:
        """Constants for the members that exist in every scope, where a scope may have more."""
        for name, least in smallest(self.machine).items():
            sort = self.machine.shape.members[name].sort
            if sort not in self.members and (least > 1 or Const(sort(0)) in named_members(self.machine)):
                names = [self.symbols.member(sort, n) for n in range(least)]
                others = [self.symbols.nobody(sort)] if sort in self.optional else []
                yield from (self.symbols.constant(member, sort) for member in names)
                if len(names) + len(others) > 1:
                    yield asserted(f"(distinct {' '.join([*others, *names])})")

    def _every_set(self) -> list[CardinalityTerm]:
        """All sets that are counted in the machine."""
        for x in (x for e in self._expressions() for x in self.sets_in(e)):
            self.sets.of(x)
        return list(self.sets.known.values())

    def _expressions(self) -> Iterator[Expr]:
        """All expressions of invariants and actions."""
        yield from (f.expr for f in self.invariants)
        for path in (path for action in self.machine.actions for path in action.lifted.paths):
            yield from (c.claim for c in path.conditions)
            yield from (e for put in path.puts for e in (*put.keys, put.value))

    # -- questions ------------------------------------------------------------------------------------------------

    def anything(self) -> Question:
        """Asks for any state."""
        return Question(asserted("true"))

    def broken_at_start(self, invariant: Invariant) -> Question:
        """Asks for an initial state that violates this invariant."""
        counts, names = self._counts(), arguments("it", invariant.params)
        return self._question(
            [(counts, [self._broken(invariant, counts, BEFORE)])], self._constants(names, invariant.params)
        )

    def broken_by(self, action: Action, invariant: Invariant) -> Question:
        """Asks for a step of this action that violates this invariant."""
        names, branches = arguments("it", invariant.params), []
        for taken in self.taken(action):
            counts = copy(taken.counts)
            branches.append((counts, [*taken.guards, self._broken(invariant, counts, taken.view)]))
        return self._question(branches, self._steps(action) + self._constants(names, invariant.params))

    def broken_in_some_way(self, action: Action, invariants: Iterable[tuple[str, Invariant]]) -> str:
        """A step of this action violates one of these invariants, each of which has a switch; for given sizes."""
        broken = []
        for taken in self.taken(action):
            ways = (conj(switch, f"(not {self._after(invariant, taken)})") for switch, invariant in invariants)
            broken.append(conj(*taken.guards, either(*ways)))
        return self._steps(action) + asserted(either(*broken))

    def _after(self, invariant: Invariant, taken: Taken) -> str:
        """An invariant about the state after, or about the step, for all its arguments."""
        whens = ("before", "after") if invariant.is_step else ("",)
        return self.text(taken.counts, taken.view, whens).for_all(invariant.params, invariant.expr)

    def _broken(self, invariant: Invariant, counts: Any, view: View) -> str:
        """An invariant is violated in the state of the view, or by the step to it."""
        if invariant.counts:
            return self._made(invariant, counts, view)
        writes = tuple(write for write in view.writes if write.field in invariant.fields)
        if (invariant, writes) not in self._known:
            self._known[invariant, writes] = self._made(invariant, None, View(writes))
        return self._known[invariant, writes]

    def _made(self, invariant: Invariant, counts: Any, view: View) -> str:
        whens = ("before", "after") if invariant.is_step else ("",)
        return negated(self.text(counts, view, whens).term(invariant.expr, arguments("it", invariant.params)))

    def possible(self, action: Action, number: int) -> Question:
        """Asks for a step by this path of the action."""
        taken = self.taken(action)[number]
        return self._question([(taken.counts, [*taken.guards])], self._steps(action))

    def moves_others(self, action: Action, counted: CardinalityTerm) -> Question:
        """Asks for a step that changes the membership of a member other than the derived one."""
        other = tuple(Var(f"other.{n}", v.sort) for n, v in enumerate(counted.vars))

        def moved(taken: Taken, found: Change, names: Names) -> list[str]:
            terms = [names[v.name] for v in other]
            is_other = [self._distinct(taken, found.member, terms)] if found.member else []
            before, after = self._membership(taken, counted, names, terms)
            return [*is_other, f"(distinct {before} {after})"]

        return self._of_counts(action, counted, (*counted.params, *other), moved)

    def miscounted(self, action: Action, counted: CardinalityTerm) -> Question:
        """Asks for a step after which the size of a set differs from the derived one."""

        def differs(taken: Taken, found: Change, names: Names) -> list[str]:
            text, every = self.text(taken.counts), {**dict(taken.view.names), **names}
            if not found.member:
                return ["false"]
            before, after = self._membership(taken, counted, names, [text.term(m, every) for m in found.member])
            enters, leaves = (text.term(claim, every) for claim in (found.enters, found.leaves))
            return [f"(distinct {difference(after, before)} {difference(enters, leaves)})"]

        return self._of_counts(action, counted, counted.params, differs)

    def _of_counts(self, action: Action, counted: CardinalityTerm, params: tuple[Var, ...], claim: Any) -> Question:
        names, branches = arguments("it", params), []
        for taken, path in zip(self.taken(action), action.lifted.paths, strict=True):
            found = self.change(counted, path)
            if not found.havoc_reason:
                branches.append((copy(taken.counts), [*taken.guards, *claim(taken, found, names)]))
        return self._question(branches, self._steps(action) + self._constants(names, params))

    def _membership(self, taken: Taken, counted: CardinalityTerm, names: Names, member: Sequence[str]) -> list[str]:
        """The membership of a member before a step, and after it."""
        every = {**names, **of_member(counted, member)}
        return [self.text(taken.counts, view).term(counted.body, every) for view in (BEFORE, taken.view)]

    def _distinct(self, taken: Taken, member: Sequence[Expr], others: Sequence[str]) -> str:
        """The claim that two members, or pairs, are not the same."""
        text, names = self.text(taken.counts), dict(taken.view.names)
        return either(*(f"(distinct {text.term(m, names)} {other})" for m, other in zip(member, others, strict=True)))

    def taken(self, action: Action) -> list[Taken]:
        """The paths of an action as terms; made once."""
        if action.name not in self._taken:
            self._taken[action.name] = [self._take(action, path) for path in action.lifted.paths]
        return self._taken[action.name]

    def _take(self, action: Action, path: Path) -> Taken:
        counts, names = self._counts(path), arguments("arg", action.params)
        text = self.text(counts)
        guards = tuple(text.term(c.claim, names) for c in path.conditions)
        view = View(tuple(text.write(put, names) for put in path.puts), tuple(names.items()))
        return Taken(counts, guards, view)

    def _steps(self, action: Action) -> str:
        return self._constants(arguments("arg", action.params), action.params)

    def _question(self, branches: list[tuple[Any, list[str]]], declared: str) -> Question:
        asked = asserted(either(*(conj(*terms) for _, terms in branches)))
        if self.is_finite or not any(counts.known for counts, _ in branches):
            return Question(asked, declared=declared)
        known = asserted(either(*(conj(*counts.known, *terms) for counts, terms in branches)))
        somebody = dict.fromkeys(line for counts, _ in branches for line in counts.declared)
        return Question(asked, known, declared + "".join(somebody))

    def _constants(self, names: Names, params: Iterable[Var]) -> str:
        """Declarations of arguments: any member, but not NOBODY."""
        text, lines = self.text(None), []
        for v in params:
            real = text.real(v.sort, names[v.name])
            lines.append(self.symbols.constant(names[v.name], v.sort) + (asserted(real) if real != "true" else ""))
        return "".join(lines)


@dataclass(frozen=True)
class Taken:
    """A path as terms: its guards, the state it leads to, and the encoder of the counts in them."""

    counts: Any
    guards: tuple[str, ...]
    view: View


def difference(more: str, less: str) -> str:
    """1 if the first claim holds, minus 1 if the second does."""
    return f"(- (ite {more} 1 0) (ite {less} 1 0))"


def arguments(prefix: str, params: Iterable[Var]) -> dict[str, str]:
    """The constants of arguments by name: `arg.page` of a step, `it.page` of an invariant."""
    return {v.name: f"{prefix}.{symbol(v.name)}" for v in params}
