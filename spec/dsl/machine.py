"""A machine: a state, its actions, and its invariants. Building one lints and lifts every function."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import FunctionType
from typing import Any, get_type_hints

from .expr import Const, Expr, Quantified, Read, Var, walk
from .lift import Lifted, lift_action, lift_claim
from .lint import lint
from .reach import Part, Reach, check_unchanged, classes_once
from .state import Shape, State, initial_values
from .text import text
from .values import ANY, Sort, SpecError

Function = Callable[..., Any]


@dataclass(frozen=True)
class Written:
    """A spec function as it was written: its name is what counterexamples and verdicts call it.

    `reach` is what its code reads beside its arguments, as it was when the function was lifted.
    """

    fn: Function
    params: tuple[Var, ...]
    reach: Reach

    @property
    def name(self) -> str:
        return self.fn.__name__

    @property
    def doc(self) -> str:
        return inspect.getdoc(self.fn) or ""


@dataclass(frozen=True)
class Action(Written):
    """One thing that can happen: the function as written, and as lifted."""

    lifted: Lifted
    system: bool

    @property
    def conditions(self) -> tuple[Expr, ...]:
        """Everything that decides whether the action is enabled, and which way it goes."""
        leaves = (*self.lifted.paths, *self.lifted.refusals)
        return tuple(condition.claim for path in leaves for condition in path.conditions)


@dataclass(frozen=True)
class Claim(Written):
    """An invariant or a witness: a function of one state, or of the states before and after a step."""

    expr: Expr
    whens: tuple[str, ...]

    @property
    def is_step(self) -> bool:
        return len(self.whens) == 2

    def sentence(self) -> str:
        return self.name.replace("_", " ")


@dataclass(frozen=True)
class Witness:
    """Something that must be possible: one claim, or several in this order with the same arguments.

    `needs` are the least sizes of a scope in which it can be asked for.
    """

    stages: tuple[Claim, ...]
    needs: tuple[tuple[str, int], ...] = ()

    def fits(self, sizes: Mapping[str, int]) -> bool:
        return all(sizes[name] >= least for name, least in self.needs)

    @property
    def name(self) -> str:
        return "_then_".join(c.name for c in self.stages)


@dataclass(frozen=True)
class Breaks:
    """What a broken machine is expected to do: violate this invariant, in a shortest trace of so many steps."""

    invariant: str
    steps: int
    stands_for: str


@dataclass(frozen=True)
class Machine:
    """A closed world: what may happen (by the system, by its environment), the invariants, what must be possible.

    `always` are claims of every state, `steps` claims of (before, after), `sometimes` witnesses: a claim of either
    kind, or a tuple of claims that must come about in this order; `needs` says for the first claim of a witness
    the least scope it can be asked in. The first parameter of every function is the
    state; the others range over sorts: an invariant holds for all of them, a witness for some.
    `scopes` are presets by name; `symmetric` names the sorts whose members are interchangeable, `symmetric_if_asked`
    those that are too but are told apart unless a run asks otherwise; `place` is the field drawn as nodes;
    `final` says where a run may stop; `refines` is the machine one level up.
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
                raise SpecError(f"{self.name}: {listed}= is no tuple; write {listed}=(one, other) or {listed}=(one,)")
        if self.refines is not None and not isinstance(self.refines, Machine):
            raise SpecError(f"{self.name} refines {self.refines!r}, which is no Machine; give the machine itself")
        with classes_once():
            check_names(self)
            check_witnesses(self)
        check_scopes(self)
        check_symmetry(self)

    @property
    def shape(self) -> Shape:
        return self.state._shape

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        every = [(fn, True) for fn in self.system] + [(fn, False) for fn in self.environment]
        return tuple(_action(fn, self.state, system) for fn, system in every)

    @cached_property
    def invariants(self) -> tuple[Claim, ...]:
        return (*(_claim(fn, self.state, 1) for fn in self.always), *(_claim(fn, self.state, 2) for fn in self.steps))

    @cached_property
    def witnesses(self) -> tuple[Witness, ...]:
        listed = [stages if isinstance(stages, tuple) else (stages,) for stages in self.sometimes]
        return tuple(
            Witness(tuple(_claim(fn, self.state, 0) for fn in stages), tuple(self.needs.get(stages[0], {}).items()))
            for stages in listed
        )

    @cached_property
    def is_final(self) -> Claim | None:
        return _claim(self.final, self.state, 1) if self.final else None

    def action(self, name: str) -> Action:
        return next(a for a in self.actions if a.name == name)

    def sizes(self, scope: str, changes: Mapping[str, int]) -> dict[str, int]:
        """The sizes of a scope with some of them changed; every one is checked against its range."""
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
        """Of each sort the last member that the text names, and where it does."""
        found: dict[type[Sort], tuple[Sort, str]] = {}
        starts = ((f.where, f.start) for f in self.shape.fields.values())
        named = ((where, x.value) for where, e in expressions(self) for x in walk(e) if isinstance(x, Const))
        for where, value in (*starts, *named):
            if isinstance(value, Sort) and (type(value) not in found or found[type(value)][0].index < value.index):
                found[type(value)] = value, where
        return found

    def check_runs_in(self, sizes: Mapping[str, int]) -> None:
        """Refuse a scope without a member that the text names, and a text that has changed since it was lifted."""
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
        """What the functions of this machine read, all together."""
        stages = tuple(c for w in self.witnesses for c in w.stages)
        final = (self.is_final,) if self.is_final else ()
        return frozenset[Part]().union(*(w.reach for w in (*self.actions, *self.invariants, *stages, *final)))

    @cached_property
    def digest(self) -> str:
        """A fingerprint of what the machine means; comments and line numbers do not change it."""
        return hashlib.sha256("\n".join(_meaning(self)).encode()).hexdigest()[:16]


_LIFTED: dict[tuple[Function, Reach, type[State], tuple[Var, ...], int], Any] = {}
"""What was lifted before, with all that decides what comes out: mutants share the functions they leave alone,
machines those of the state they extend. The number is that of the states of a claim, and 0 for an action."""


def _action(fn: Function, state: type[State], system: bool) -> Action:
    own, params = signature(fn, state, 1)
    reach = lint(fn, own)
    key = (fn, reach, own, params, 0)
    if key not in _LIFTED:
        _LIFTED[key] = lift_action(fn, own, params)
    return Action(fn, params, reach, _LIFTED[key], system)


def _claim(fn: Function, state: type[State], states: int) -> Claim:
    """A claim of so many states; 0 means: as many as its signature says."""
    count = states or _states_in_signature(fn)
    own, params = signature(fn, state, count)
    reach = lint(fn, own)
    key = (fn, reach, own, params, count)
    if key not in _LIFTED:
        whens = ("",) if count == 1 else ("before", "after")
        _LIFTED[key] = Claim(fn, params, reach, lift_claim(fn, own, whens, params), whens)
    found: Claim = _LIFTED[key]
    return found


def _line(fn: Function) -> str:
    return f"{fn.__code__.co_filename}:{fn.__code__.co_firstlineno}"


def _states_in_signature(fn: Function) -> int:
    return sum(issubclass(hint, State) for hint in _hints(fn)[1].values())


def _hints(fn: Function) -> tuple[str, dict[str, type]]:
    check_is_function(fn)
    where = f"{_line(fn)}: {fn.__name__}"
    try:
        hints = get_type_hints(fn)
    except NameError as error:
        raise SpecError(f"{where}: its annotations name something unknown: {error}") from None
    hints.pop("return", None)
    names = inspect.signature(fn).parameters
    if missing := [n for n in names if not isinstance(hints.get(n), type)]:
        raise SpecError(f"{where}: parameter {missing[0]} needs a type: the state class or a sort")
    return where, {n: hints[n] for n in names}


def signature(fn: Function, state: type[State], states: int) -> tuple[type[State], tuple[Var, ...]]:
    """The state class a spec function speaks of, and its parameters after the states, each a member of a sort."""
    where, hints = _hints(fn)
    leading, rest = list(hints.items())[:states], list(hints.items())[states:]
    if len(leading) < states or not all(issubclass(state, hint) and issubclass(hint, State) for _, hint in leading):
        wanted = "a state" if states == 1 else "two states, before and after,"
        raise SpecError(f"{where}: takes {wanted} first, of type {state.__name__} or its base")
    for name, hint in rest:
        stem, _, number = name.rpartition("_")
        if number.isdigit() and stem in {sort.__name__.lower() for sort in state._shape.scope_name}:
            raise SpecError(f"{where}: parameter {name} is called like the member a quantifier ranges over; rename it")
        if hint not in state._shape.scope_name:
            raise SpecError(f"{where}: parameter {name} is a {hint.__name__}, which {state.__name__} has no members of")
    own = leading[0][1] if leading and leading[0][1] is not State else state
    return own, tuple(Var(name, hint) for name, hint in rest)


def expressions(machine: Machine) -> Iterator[tuple[str, Expr]]:
    """Every expression of a machine with the line it came from."""
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
        yield _line(claim.fn), claim.expr


def check_is_function(fn: object) -> None:
    """Refuse what is called like a function and is none, such as a method or a cached function, and lambdas."""
    if not isinstance(fn, FunctionType):
        raise SpecError(
            f"{fn!r} is no plain function; an action or invariant is a `def` of a module, without decorators"
        )
    if fn.__name__ == "<lambda>":
        raise SpecError(f"{_line(fn)}: an action or invariant is a plain `def`, no lambda")


def check_scopes(machine: Machine) -> None:
    """Refuse scopes whose sizes, or whose initial states, are none."""
    if "tiny" not in machine.scopes:
        raise SpecError(f"{machine.name} has no scope called tiny; give scopes={{'tiny': {{...}}}}")
    for scope in machine.scopes:
        sizes = machine.sizes(scope, {})
        for f in machine.shape.fields.values():
            initial_values(f, machine.shape.values(f, sizes))
        machine.check_runs_in(sizes)


def check_names(machine: Machine) -> None:
    """Refuse a machine without actions, and two things of one name: verdicts and counterexamples know them by it."""
    if not machine.actions:
        raise SpecError(f"{machine.name} has no actions; list them under system= or environment=")
    names = [a.name for a in machine.actions]
    names += [c.name for c in machine.invariants] + [w.name for w in machine.witnesses]
    for name in names:
        if names.count(name) > 1:
            raise SpecError(f"{machine.name}: {name} is listed twice; give each action and claim a name of its own")


def check_witnesses(machine: Machine) -> None:
    """Refuse stages about different things, and needs that no scope could meet."""
    known = (*machine.shape.members, *machine.shape.bounds)
    for witness in machine.witnesses:
        if len({tuple(v.sort for v in stage.params) for stage in witness.stages}) > 1:
            raise SpecError(
                f"{machine.name}: the stages of {witness.name} differ in their parameters; give all the same"
            )
        if unknown := [name for name, _ in witness.needs if name not in known]:
            raise SpecError(
                f"{machine.name}: needs= names {unknown[0]!r}, which is no size; sizes are {', '.join(known)}"
            )


def check_symmetry(machine: Machine) -> None:
    """Refuse a machine that tells members of a sort apart which it declares symmetric."""
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
    """The sort whose members carry the records that symmetry sorts: the first one declared, the pages."""
    return next(iter(machine.shape.members.values())).sort


def is_local(machine: Machine, claim: Claim) -> bool:
    """Does the claim look at one page's record (and at pools and devices) only, never at other pages?"""
    sort = first_sort(machine)
    pages = [v for v in claim.params if v.sort is sort]
    quantified = any(isinstance(x, Quantified) and x.var.sort is sort for x in walk(claim.expr))
    return len(pages) <= 1 and not quantified and not looks_elsewhere(machine, [claim.expr])


def looks_elsewhere(machine: Machine, expressions: Iterable[Expr]) -> bool:
    """Do they read the record of a page that is no parameter and no quantifier's: one by name, or through a field?"""
    sort = first_sort(machine)
    keys = (key for e in expressions for x in walk(e) if isinstance(x, Read) for key in x.keys)
    return any(key.domain.base is sort and not isinstance(key, Var) for key in keys)


def reads(e: Expr) -> set[str]:
    """The names of the fields an expression looks at."""
    return {x.field.name for x in walk(e) if isinstance(x, Read)}


def _meaning(machine: Machine) -> Iterator[str]:
    for f in (*machine.shape.fields.values(), *machine.shape.histories.values()):
        start = "any" if f.start is ANY else repr(f.start)
        yield f"field {f.name}[{', '.join(k.__name__ for k in f.keys)}] holds {f.domain!r}, starts as {start}"
    for action in machine.actions:
        yield f"action {action.name}({', '.join(f'{v.name}: {v.sort.__name__}' for v in action.params)})"
        for path in action.lifted.paths:
            puts = (f"{text(Read(p.field, p.keys))} = {text(p.value)}" for p in path.puts)
            yield f"  {text(path.guard)} -> {'; '.join(puts)}"
    for claim in machine.invariants:
        yield f"invariant {claim.name} {claim.whens}: {text(claim.expr)}"
