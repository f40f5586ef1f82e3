# SPDX-License-Identifier: MIT
"""Counterexamples to induction: a smallest state that satisfies every invariant, and a step that violates one.

Such a state need not be reachable, so it is no bug. It is replayed by the functions of the spec before it is shown,
and a search decides whether it is reachable at that size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import product
from typing import Any

from checkers.core.traces import Contradiction, Step, Trace
from spec.dsl import NOBODY, Action, Instance, Machine, Sort, SpecError, World
from spec.dsl.ir import one_key

from .models import Model, models
from .near import Near
from .obligations import HEAD
from .queues import Server
from .sizes import smallest as least_sizes
from .smt import applied, asserted, cell_name, size_name, whole
from .theory import Invariant, Theory, arguments
from .workers import Lost

MOST = 3
"""The most members of each sort in a counterexample to induction."""


@dataclass(frozen=True)
class Cti:
    """A counterexample to induction: a step, or an initial state if there is no instance.

    The trace has no step if the step leaves the range of a number. `reachable` is None if the search was incomplete;
    `is_broken` is true if the search found a run of that size that violates the invariant.
    """

    world: World
    invariant: Invariant
    args: tuple[Sort, ...]
    instance: Instance | None
    trace: Trace
    reachable: bool | None
    is_broken: bool = False

    @property
    def sizes(self) -> dict[str, int]:
        return self.world.sizes

    @property
    def reachability(self) -> str:
        """Whether the state is reachable, in words."""
        sizes = scope_text(self.sizes)
        if self.is_broken and not self.reachable:
            return f"not reachable, but another run violates the invariant with {sizes}; `poolproof check` shows it"
        if self.reachable is None:
            return f"not known to be reachable: the search did not complete with {sizes}"
        is_reachable = "reachable: this is a real violation" if self.reachable else "not reachable"
        return f"{is_reachable} with {sizes}, by the explorer"


def scope_text(sizes: Mapping[str, int]) -> str:
    """A scope as text."""
    return ", ".join(f"{name} {size}" for name, size in sizes.items())


def smallest(
    near: Near, action: Action | None, invariant: Invariant, assumed: Sequence[Invariant], seconds: float
) -> Cti | None:
    """The counterexample with fewest pages, then pools, devices and so on; None if none is found in these sizes.

    Without an action it is an initial state that violates the invariant.
    """
    machine = near.machine
    with Server(models(seconds), seconds) as solver:
        for sizes in small_first(machine):
            theory = Theory(machine, sizes, assumed)
            text = _asked(theory, action, invariant) + probes(theory)
            for limits in (machine.scopes["tiny"], {}):
                if found := _model(solver, text + limited(machine, limits)):
                    return _replayed(Reading(theory, found), action, invariant, assumed, near)
    return None


def _asked(theory: Theory, action: Action | None, invariant: Invariant) -> str:
    """The question for a step, or an initial state, that violates the invariant, as one text."""
    question = theory.broken_by(action, invariant) if action else theory.broken_at_start(invariant)
    assumed = theory.invariants_hold if action else theory.started
    return HEAD + theory.declared + assumed + question.declared + question.asked


def small_first(machine: Machine) -> Iterator[dict[str, int]]:
    """Sizes up to MOST: first by pages, then by the other sorts."""
    groups, least = machine.shape.members, least_sizes(machine)
    every = product(*(range(least[n], min(max(least[n], MOST), m.high) + 1) for n, m in groups.items()))
    yield from (dict(zip(groups, sizes, strict=True)) for sizes in every)


def limited(machine: Machine, limits: Mapping[str, int]) -> str:
    """Assertions on the numbers of the scope: as given, or up to their declared limits."""
    lines = []
    for name, number in machine.shape.bounds.items():
        exactly = f"(= {size_name(number)} {limits[name]})" if name in limits else ""
        lines.append(asserted(exactly or f"(<= {size_name(number)} {whole(number.high)})"))
    return "".join(lines)


def cells_of(theory: Theory) -> Iterator[tuple[Any, tuple[Sort, ...]]]:
    for f in theory.machine.shape.fields.values():
        for key in product(*(range(theory.sizes[k]) for k in f.keys)):
            yield f, tuple(k(n) for k, n in zip(f.keys, key, strict=True))


def probes(theory: Theory) -> str:
    """A constant for each cell, so that its value can be read from a model."""
    lines, symbols = [], theory.symbols
    for n, (f, key) in enumerate(cells_of(theory)):
        cell = applied(cell_name(f), [symbols.literal(k) for k in key])
        lines.append(f"(declare-const cell.{n} {symbols.sort(f.domain.base)})\n" + asserted(f"(= cell.{n} {cell})"))
    return "".join(lines)


def _model(solver: Server, text: str) -> Model | None:
    """The constants of a model of the text; None if none is found."""
    try:
        found: Model | None = solver.ask(text)
    except Lost:
        return None
    return found


class Reading:
    """A model of the text as a state of the machine."""

    def __init__(self, theory: Theory, model: Model) -> None:
        self.theory, self.model = theory, model
        self.members = {name: sort(n) for sort, names in theory.members.items() for n, name in enumerate(names)}

    def world(self) -> World:
        """The machine in the sizes of the model."""
        shape = self.theory.machine.shape
        sizes = {name: self.theory.sizes[m.sort] for name, m in shape.members.items()}
        numbers = {name: self.model[size_name(b)] for name, b in shape.bounds.items()}
        return World(self.theory.machine, {**sizes, **numbers})

    def code(self, world: World) -> bytes:
        """The state before the step."""
        code = bytearray(sum(map(len, world.offsets.values())))
        for n, (f, key) in enumerate(cells_of(self.theory)):
            values = vars(world.probe)[f.name].values_
            code[world.offsets[f.name][one_key(key)]] = values.index(self.value(f"cell.{n}", f.domain.base))
        return bytes(code)

    def value(self, name: str, base: type[Any]) -> Any:
        """The value of a constant, or any value if the model leaves it open."""
        found = self.model.get(name)
        if base in (bool, int):
            return base(found or 0)
        if issubclass(base, Enum):
            return next(m for m in base if found in (None, self.theory.symbols.literal(m)))
        return NOBODY if found is None and base in self.theory.optional else self._member(name, base)

    def instance(self, action: Action) -> Instance:
        """The step."""
        return Instance(action, self.arguments("arg", action.params))

    def arguments(self, prefix: str, params: Iterable[Any]) -> tuple[Sort, ...]:
        """The arguments of a step or an invariant; one that the model leaves open is the first member."""
        names = arguments(prefix, params)
        return tuple(self._member(names[v.name], v.sort) for v in params)

    def _member(self, name: str, sort: type[Any]) -> Any:
        """The member of a constant, or NOBODY; the first member if the model leaves it open."""
        found = self.model.get(name)
        return sort(0) if found is None else self.members.get(found, NOBODY)


def _replayed(
    read: Reading, action: Action | None, invariant: Invariant, assumed: Sequence[Invariant], near: Near
) -> Cti:
    """Replay the model, and check every claim with the functions of the spec."""
    world = read.world()
    code, args = read.code(world), read.arguments("it", invariant.params)
    names = {f.name for f in assumed}
    if action is None:
        _must(code in world.initial() and _breaks(world, code, invariant), "the start", invariant)
        return Cti(world, invariant, args, None, Trace(code, ()), True, True)
    _must(not any(v.claim.name in names for v in world.violated(code)), f"the state before {action.name}", invariant)
    instance = read.instance(action)
    after = _stepped(world, code, instance, invariant)
    trace = Trace(code, (Step(instance, after),) if after else ())
    is_reachable, run = near.reaches(world.sizes, code), near.run(world.sizes, invariant.name)
    return Cti(world, invariant, args, instance, trace, is_reachable, bool(is_reachable or run))


def _must(so: bool, what: str, invariant: Invariant) -> None:
    if not so:
        raise Contradiction(f"{what}, found by z3 against {invariant.name}, is no such state when it is run")


def _stepped(world: World, code: bytes, instance: Instance, invariant: Invariant) -> bytes:
    """The state after the step, which must violate the invariant; empty if the step leaves the range of a field."""
    try:
        for n, after in world.successors(code):
            if world.instances[n] == instance:
                wrong = [*world.violated(after), *world.violated_by_step(code, after)]
                _must(any(v.claim.name == invariant.name for v in wrong), f"the step {instance}", invariant)
                return after
    except SpecError:
        return b""
    raise Contradiction(f"the step {instance}, found by z3 against {invariant.name}, is not enabled when it is run")


def _breaks(world: World, code: bytes, invariant: Invariant) -> bool:
    return any(v.claim.name == invariant.name for v in world.violated(code))
