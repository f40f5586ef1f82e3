# SPDX-License-Identifier: MIT
"""Induction against enumeration: every state of small machines is tried, and the solvers must agree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product
from math import prod
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings

from checkers.prove.deciding import SolverOptions, decide
from checkers.prove.obligations import HEAD, TAIL, Obligation, obligations
from checkers.prove.smt import Text, asserted, size_name
from checkers.prove.solvers import Z3
from checkers.prove.theory import Question, Theory, arguments
from spec.dsl import Instance, Machine, Sort, SpecError, World
from spec.dsl.ir import Var, evaluate
from tests.machines import machines, module
from tests.semantics import environment

from .comparing import closed, fixed, theory_of, well_typed
from .test_smt import ROW, each_is_some, no_writes

MOST_STATES = 1500
SIZES = ((1, 1), (2, 1), (1, 2), (2, 2))

MANY = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
many: Callable[[Any], Any] = MANY
often: Callable[[Any], Any] = settings(MANY, max_examples=30)

Broken = tuple[str, str]
"""An action (or "" for a start) and the invariant it breaks."""
Shown = tuple[bytes, Instance | None, tuple[Sort, ...]]
"""A state, a step from it, and the arguments of the invariant."""


def worlds(machine: Machine) -> Iterator[World]:
    """The machine in all sizes in which every state can be tried."""
    for pages, devices in SIZES:
        world = World(machine, {**machine.scopes["tiny"], "pages": pages, "devices": devices})
        if prod(map(len, well_typed(world))) <= MOST_STATES:
            yield world


def good_states(world: World) -> Iterator[bytes]:
    """All states of the declared values that satisfy every invariant about states."""
    for code in map(bytes, product(*well_typed(world))):
        if not any(True for _ in world.violated(code)):
            yield code


def breaking(world: World) -> dict[Broken, Shown]:
    """By enumeration: what a start breaks, and what steps break from states that satisfy every invariant."""
    found: dict[Broken, Shown] = {}
    for code in world.initial():
        for v in world.violated(code):
            found.setdefault(("", v.claim.name), (code, None, v.args))
    for code in good_states(world):
        for n, after in world.successors(code):
            instance = world.instances[n]
            for v in (*world.violated(after), *world.violated_by_step(code, after)):
                found.setdefault((instance.action.name, v.claim.name), (code, instance, v.args))
    return found


def going(world: World) -> set[tuple[str, int]]:
    """By enumeration: the ways that actions can go from states that satisfy every invariant."""
    found = set()
    for code in good_states(world):
        state = world.load(code)
        for action, args in ((i.action, i.args) for i in world.instances):
            env = environment(action.params, args)
            ways = (n for n, p in enumerate(action.lifted.paths) if evaluate(p.guard, {"": state}, env))
            found |= {(action.name, n) for n in ways}
    return found


def numbers(world: World) -> str:
    """The numbers of the scope, as they are in this world."""
    return "".join(asserted(f"(= {size_name(b)} {world.sizes[n]})") for n, b in world.machine.shape.bounds.items())


class Answers:
    """A theory of given numbers of members, and z3's answers about it."""

    def __init__(self, world: World) -> None:
        self.machine, self.theory = world.machine, theory_of(world)
        declared = HEAD + self.theory.declared + numbers(world)
        self.start = Z3(declared + self.theory.started, 20, 0)
        self.step = Z3(declared + self.theory.invariants_hold, 20, 0)

    def can_be(self, session: Z3, question: Question) -> bool:
        answer = session.ask(question.declared + question.asked + TAIL).result
        assert answer in ("sat", "unsat")
        return answer == "sat"

    def breaking(self) -> set[Broken]:
        invariants = self.theory.invariants
        about_states = [f for f in invariants if not f.is_step]
        found = {("", f.name) for f in about_states if self.can_be(self.start, self.theory.broken_at_start(f))}
        for action, invariant in product(self.machine.actions, invariants):
            if self.can_be(self.step, self.theory.broken_by(action, invariant)):
                found.add((action.name, invariant.name))
        return found

    def going(self) -> set[tuple[str, int]]:
        every = ((action, n) for action in self.machine.actions for n in range(len(action.lifted.paths)))
        return {(a.name, n) for a, n in every if self.can_be(self.step, self.theory.possible(a, n))}


def disagreements(machine: Machine) -> list[str]:
    """Where z3 and enumeration part, in all sizes that can be enumerated."""
    found = []
    for world in worlds(machine):
        answers = Answers(world)
        found += [f"{world.sizes}: {one}" for one in breaking(world).keys() ^ answers.breaking()]
        found += [f"{world.sizes}: {one}" for one in going(world) ^ answers.going()]
    return found


# -- given numbers of members --------------------------------------------------------------------------------------


@often
@given(machines())
def test_a_step_can_break_an_invariant_for_z3_exactly_if_it_does_somewhere(machine: Machine) -> None:
    """Initial states, steps from states that satisfy the invariants, and paths of actions, for given sizes."""
    assert disagreements(machine) == []


@pytest.mark.parametrize(("method", "fault"), [("read", no_writes), ("_quantified", each_is_some)])
def test_a_fault_in_the_text_is_seen_by_enumeration(monkeypatch: pytest.MonkeyPatch, method: str, fault: Any) -> None:
    """Text that forgets writes, or takes `each` for `some`, has other counterexamples."""
    machine = module(FEWER).MACHINE
    assert disagreements(machine) == []
    monkeypatch.setattr(Text, method, fault)
    assert disagreements(machine) != []


FEWER = ROW.replace("every_device_is_up, a_device_is_up, two_at_most", "two_at_most")
"""The machine of the faults, of whose invariants some states are left that satisfy them."""


# -- any number ----------------------------------------------------------------------------------------------------


def listed(machine: Machine) -> list[Obligation]:
    """The obligations of a machine; where it is refused, the message has the line."""
    try:
        return obligations(machine)
    except SpecError as refused:
        must_name_the_place(str(refused))
        reject()


def must_name_the_place(refusal: str) -> None:
    assert re.search(r"<written_\d+>:\d+: |field f\d: |count\(", refusal), refusal


@pytest.mark.slow
@many
@given(machines())
def test_what_is_kept_for_any_number_is_broken_in_no_size(machine: Machine) -> None:
    """An invariant that a step preserves by both solvers is violated by no step at any size that can be enumerated."""
    decided = decide([o for o in listed(machine) if o.breaks], SolverOptions(seconds=1, jobs=1))
    kept = {(d.obligation.action, d.obligation.invariants[0]) for d in decided if d.is_as_wanted}
    for world in worlds(machine):
        assert not kept & breaking(world).keys(), world.sizes


@pytest.mark.slow
@many
@given(machines())
def test_every_broken_invariant_is_one_of_the_text_about_any_number(machine: Machine) -> None:
    """Each state, step and argument that breaks an invariant satisfies the text and the cardinality axioms."""
    listed(machine)
    for world in worlds(machine):
        for (action, name), shown in breaking(world).items():
            assert denied(world, action, name, shown) == []


def denied(world: World, action: str, name: str, shown: Shown) -> list[str]:
    """Which of the texts about any number leaves out what was found by enumeration."""
    (code, instance, args), theory = shown, Theory(world.machine)
    invariant = next(f for f in theory.invariants if f.name == name)
    question = (
        theory.broken_by(world.machine.action(action), invariant) if action else theory.broken_at_start(invariant)
    )
    text = HEAD + theory.declared + (theory.invariants_hold if action else theory.started)
    session = Z3(text + closed(theory, world) + fixed(theory, world, code), 20, 0)
    who = _arguments(theory, "it", invariant.params, args)
    who += _arguments(theory, "arg", instance.action.params, instance.args) if instance else ""
    answers = [question.asked, *([question.known] if question.known else [])]
    return [one for one in answers if session.ask(question.declared + who + one + TAIL).result != "sat"]


def _arguments(theory: Theory, prefix: str, params: tuple[Var, ...], args: tuple[Sort, ...]) -> str:
    names = arguments(prefix, params)
    pairs = ((names[v.name], theory.symbols.literal(a)) for v, a in zip(params, args, strict=True))
    return "".join(asserted(f"(= {name} {member})") for name, member in pairs)
