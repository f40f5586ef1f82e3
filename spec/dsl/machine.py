# SPDX-License-Identifier: MIT
"""A machine: a state, its actions, and its invariants. Building one lints and lifts every function."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any

from .expr import Const, Every, Expr, Quantified, Read, Var, walk
from .functions import Action, Claim, Function, action_of, claim_of, line_of
from .reach import Part, Reach, check_unchanged, classes_once
from .state import Shape, State, initial_values
from .text import cell_text, text
from .values import ANY, Sort, SpecError


@dataclass(frozen=True)
class Witness:
    """Something that must be reachable: one claim, or several one after the other with the same arguments.

    `needs` are the least sizes of a scope in which it can be reached.
    """

    stages: tuple[Claim, ...]
    needs: tuple[tuple[str, int], ...] = ()

    def fits(self, sizes: Mapping[str, int]) -> bool:
        """True if a scope of these sizes is large enough for this witness."""
        return all(sizes[name] >= least for name, least in self.needs)

    @property
    def name(self) -> str:
        return "_then_".join(c.name for c in self.stages)


@dataclass(frozen=True)
class Breaks:
    """The expected verdict of a broken machine: this invariant is violated, in a shortest trace of `steps` steps."""

    invariant: str
    steps: int
    stands_for: str


@dataclass(frozen=True)
class Machine:
    """A closed system: a state class, the actions of the system and of its environment, and claims about them.

    The first parameter of every function is the state; the others range over sorts: an invariant holds for all
    members, a witness for some. `always` are state invariants, `steps` step invariants of (before, after), `sometimes`
    witnesses: a claim of either kind, or a tuple of claims to be reached in this order. `needs` gives for the first
    claim of a witness the least sizes of a scope in which it can be reached. `scopes` are presets of sizes by name.
    `symmetric` are the sorts whose members are interchangeable; those of `symmetric_if_asked` are treated so only in
    runs that ask for it. `place` is the field drawn as nodes, `final` the claim of states in which a run may end,
    `refines` the machine one level up.

    Raises SpecError, with file and line, where a function or a declaration breaks a rule of the notation.
    """

    name: str
    doc: str
    state: type[State]
    system: tuple[Function, ...]
    environment: tuple[Function, ...] = ()
    always: tuple[Function, ...] = ()
    steps: tuple[Function, ...] = ()
    sometimes: tuple[Function | tuple[Function, ...], ...] = ()
    scopes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    needs: Mapping[Any, Mapping[str, int]] = field(default_factory=dict)
    symmetric: tuple[type[Sort], ...] = ()
    symmetric_if_asked: tuple[type[Sort], ...] = ()
    place: Any = None
    final: Function | None = None
    refines: Machine | None = None
    breaks: Breaks | None = None

    def __post_init__(self) -> None:
        for listed in ("system", "environment", "always", "steps", "sometimes", "symmetric", "symmetric_if_asked"):
            if not isinstance(getattr(self, listed), tuple):
                raise SpecError(
                    f"{self.name}: {listed}= is not a tuple; write {listed}=(one, other) or {listed}=(one,)"
                )
        if self.refines is not None and not isinstance(self.refines, Machine):
            raise SpecError(f"{self.name} refines {self.refines!r}, which is not a Machine; give the machine itself")
        with classes_once():
            check_names(self)
            check_witnesses(self)
            check_final_and_place(self)
            check_rows(self)
        check_scopes(self)
        check_symmetry(self)

    @property
    def shape(self) -> Shape:
        return self.state._shape

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        every = [(fn, True) for fn in self.system] + [(fn, False) for fn in self.environment]
        return tuple(action_of(fn, self.state, system) for fn, system in every)

    @cached_property
    def invariants(self) -> tuple[Claim, ...]:
        return (
            *(claim_of(fn, self.state, 1) for fn in self.always),
            *(claim_of(fn, self.state, 2) for fn in self.steps),
        )

    @cached_property
    def witnesses(self) -> tuple[Witness, ...]:
        listed = [stages if isinstance(stages, tuple) else (stages,) for stages in self.sometimes]
        return tuple(
            Witness(tuple(claim_of(fn, self.state, 0) for fn in stages), tuple(self.needs.get(stages[0], {}).items()))
            for stages in listed
        )

    @cached_property
    def is_final(self) -> Claim | None:
        return claim_of(self.final, self.state, 1) if self.final else None

    def action(self, name: str) -> Action:
        return next(a for a in self.actions if a.name == name)

    def sizes(self, scope: str, changes: Mapping[str, int]) -> dict[str, int]:
        """The sizes of a scope with some changed. Raises SpecError for one that is unknown or out of range."""
        if scope not in self.scopes:
            raise SpecError(f"{self.name} has no scope {scope!r}; it has {', '.join(self.scopes)}")
        sizes = {**self.scopes[scope], **changes}
        ranges = {n: (m.low, m.high) for n, m in self.shape.members.items()}
        ranges |= {n: (b.low, b.high) for n, b in self.shape.bounds.items()}
        for name, size in sizes.items():
            if name not in ranges:
                raise SpecError(f"{self.name} has no size {name!r}; it has {', '.join(ranges)}")
            low, high = ranges[name]
            if not low <= size <= high:
                raise SpecError(f"{name}={size} is out of range; {self.name} takes {low} to {high}")
        if missing := [name for name in ranges if name not in sizes]:
            raise SpecError(f"scope {scope!r} of {self.name} leaves out {', '.join(missing)}")
        return {name: sizes[name] for name in ranges}

    @cached_property
    def named_members(self) -> dict[type[Sort], tuple[Sort, str]]:
        """For each sort the highest member that spec text names, with file and line."""
        found: dict[type[Sort], tuple[Sort, str]] = {}
        starts = ((f.where, f.start) for f in self.shape.fields.values())
        named = ((where, x.value) for where, e in expressions(self) for x in walk(e) if isinstance(x, Const))
        for where, value in (*starts, *named):
            if isinstance(value, Sort) and (type(value) not in found or found[type(value)][0].index < value.index):
                found[type(value)] = value, where
        return found

    def check_runs_in(self, sizes: Mapping[str, int]) -> None:
        """Refuse a scope that lacks a member named in spec text, and functions that changed since they were lifted."""
        check_unchanged(self._reach)
        for sort, (member, where) in self.named_members.items():
            name = self.shape.scope_name[sort]
            if sizes[name] <= member.index:
                raise SpecError(
                    f"{where}: names {sort.__name__}({member.index}), {member!r}, and a scope of {sizes[name]} {name} "
                    f"has none; ask for {name}={member.index + 1} or more"
                )

    @cached_property
    def _reach(self) -> Reach:
        """Everything that the functions of this machine read."""
        stages = tuple(c for w in self.witnesses for c in w.stages)
        final = (self.is_final,) if self.is_final else ()
        return frozenset[Part]().union(*(w.reach for w in (*self.actions, *self.invariants, *stages, *final)))

    @cached_property
    def digest(self) -> str:
        """A hash of the lifted machine; comments and line numbers do not change it."""
        return hashlib.sha256("\n".join(_meaning(self)).encode()).hexdigest()[:16]


def expressions(machine: Machine) -> Iterator[tuple[str, Expr]]:
    """Every expression of a machine with the file and line it comes from."""
    for action in machine.actions:
        for path in (*action.lifted.paths, *action.lifted.refusals):
            for given in path.conditions:
                yield given.where, given.claim
            for put in path.puts:
                for e in (*put.keys, put.value):
                    yield put.where, e
    stages = (c for w in machine.witnesses for c in w.stages)
    finals = (machine.is_final,) if machine.is_final else ()
    for claim in (*machine.invariants, *stages, *finals):
        yield line_of(claim.fn), claim.expr


def check_scopes(machine: Machine) -> None:
    """Refuse a machine without the scope tiny, and scopes with invalid sizes or initial values."""
    if "tiny" not in machine.scopes:
        raise SpecError(f"{machine.name} has no scope called tiny; give scopes={{'tiny': {{...}}}}")
    for scope in machine.scopes:
        sizes = machine.sizes(scope, {})
        for f in machine.shape.fields.values():
            initial_values(f, machine.shape.values(f, sizes))
        machine.check_runs_in(sizes)


def check_names(machine: Machine) -> None:
    """Refuse a machine without actions, and names used twice: verdicts and counterexamples identify by name."""
    if not machine.actions:
        raise SpecError(f"{machine.name} has no actions; list them under system= or environment=")
    names = [a.name for a in machine.actions]
    names += [c.name for c in machine.invariants] + [w.name for w in machine.witnesses]
    for name in names:
        if names.count(name) > 1:
            raise SpecError(f"{machine.name}: {name} is listed twice; give each action and claim a name of its own")


def check_final_and_place(machine: Machine) -> None:
    """Refuse an end that is about one page only, and a place that is no enum: both are of whole states."""
    if machine.final and machine.is_final and machine.is_final.params:
        name = machine.is_final.name
        raise SpecError(f"{line_of(machine.final)}: final={name} has a parameter; say it of all with each(...)")
    base = getattr(getattr(machine.place, "domain", None), "base", None)
    if machine.place is not None and not (isinstance(base, type) and issubclass(base, Enum)):
        page = first_sort(machine).__name__
        raise SpecError(f"place={machine.place} of {machine.name} must hold an Enum for each {page}; give such a field")


def check_witnesses(machine: Machine) -> None:
    """Refuse stages with different parameters, and needs of unknown sizes."""
    known = (*machine.shape.members, *machine.shape.bounds)
    for witness in machine.witnesses:
        if len({tuple(v.sort for v in stage.params) for stage in witness.stages}) > 1:
            raise SpecError(
                f"{machine.name}: the stages of {witness.name} differ in their parameters; give all the same"
            )
        if unknown := [name for name, _ in witness.needs if name not in known]:
            raise SpecError(
                f"{machine.name}: needs= names {unknown[0]!r}, which is not a size; sizes are {', '.join(known)}"
            )


def check_rows(machine: Machine) -> None:
    """Refuse an assignment to a row of the first sort."""
    first = first_sort(machine)
    for action in machine.actions:
        for put in (put for path in action.lifted.paths for put in path.puts):
            if Every(first) in put.keys:
                raise SpecError(
                    f"{put.where}: assigns {put.field.name} of all {first.__name__}s, the sort declared first; "
                    f"an action is one {first.__name__}'s step"
                )


def check_symmetry(machine: Machine) -> None:
    """Refuse a machine that distinguishes members of a sort that it declares symmetric."""
    symmetric = (*machine.symmetric, *machine.symmetric_if_asked)
    first = first_sort(machine)
    called = first.__name__
    for f in machine.shape.fields.values():
        if first in symmetric and first in f.keys[1:]:
            raise SpecError(
                f"{f.where}: {f.name} has a {called} as its second key, but {called}s are declared symmetric; "
                f"put it first"
            )
        if f.domain.base in symmetric and isinstance(f.start, Sort):
            sort = f.domain.base.__name__
            raise SpecError(f"{f.where}: {f.name} starts as {f.start!r}, but {sort}s are declared symmetric")
        if f.domain.base is first and first in symmetric:
            raise SpecError(
                f"{f.where}: field {f.name} holds a {called}, and {called}s, the sort declared first, are declared "
                f"symmetric; leave {called} out of symmetric=, or store it in the {called}'s own record: "
                f"for example its place in a FIFO, as a number"
            )
    for where, e in expressions(machine):
        for x in walk(e):
            if isinstance(x, Const) and isinstance(x.value, Sort) and type(x.value) in symmetric:
                raise SpecError(f"{where}: names {x.value!r}, but {type(x.value).__name__}s are declared symmetric")


def first_sort(machine: Machine) -> type[Sort]:
    """The sort declared first, the pages: symmetry sorts the records of its members."""
    return next(iter(machine.shape.members.values())).sort


def is_local(machine: Machine, claim: Claim) -> bool:
    """True if the claim reads the record of at most one page, besides pools and devices."""
    sort = first_sort(machine)
    pages = [v for v in claim.params if v.sort is sort]
    quantified = any(isinstance(x, Quantified) and x.var.sort is sort for x in walk(claim.expr))
    return len(pages) <= 1 and not quantified and not looks_elsewhere(machine, [claim.expr])


def looks_elsewhere(machine: Machine, expressions: Iterable[Expr]) -> bool:
    """True if they read the record of a page that is neither a parameter nor bound by a quantifier."""
    sort = first_sort(machine)
    keys = (key for e in expressions for x in walk(e) if isinstance(x, Read) for key in x.keys)
    return any(key.domain.base is sort and not isinstance(key, Var) for key in keys)


def reads(e: Expr) -> set[str]:
    """The names of the fields that an expression reads."""
    return {x.field.name for x in walk(e) if isinstance(x, Read)}


def _meaning(machine: Machine) -> Iterator[str]:
    for f in (*machine.shape.fields.values(), *machine.shape.histories.values()):
        start = "any" if f.start is ANY else repr(f.start)
        yield f"field {cell_text(f.name, (k.__name__ for k in f.keys))} holds {f.domain!r}, starts as {start}"
    for action in machine.actions:
        yield f"action {action.name}({', '.join(f'{v.name}: {v.sort.__name__}' for v in action.params)})"
        for path in action.lifted.paths:
            puts = (f"{text(Read(p.field, p.keys))} = {text(p.value)}" for p in path.puts)
            yield f"  {text(path.guard)} -> {'; '.join(puts)}"
    for claim in machine.invariants:
        yield f"invariant {claim.name} {claim.whens}: {text(claim.expr)}"
