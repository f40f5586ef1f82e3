# SPDX-License-Identifier: MIT
"""Counts for any number: how a step changes them is found by syntax, is right, and is proved to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from checkers.core.verdict import Outcome
from checkers.prove import obligations, theory
from checkers.prove.counting import CardinalityTerm, Change, change
from checkers.prove.deciding import Decided, SolverOptions, decide
from checkers.prove.proof import COUNTED, prove
from checkers.prove.theory import Theory
from models.yardstick import yardstick
from poolproof import catalog
from spec.dsl import (
    Instance,
    Machine,
    Sort,
    SpecError,
    World,
)
from spec.dsl.ir import FALSE, Path, Quantified, Var, evaluate
from tests.machines import machines, module
from tests.semantics import environment

from .comparing import drawn, reached

often: Callable[[Any], Any] = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


# -- right on every path -------------------------------------------------------------------------------------------


def miscounted(machine: Machine, world: World, codes: list[bytes]) -> Iterator[str]:
    """Steps from these states that change the size of a set otherwise than was found."""
    sets = Theory(machine)._every_set()
    for code in codes:
        for n, after in list(world.successors(code)):
            instance, path = world.instances[n], path_of(world, code, world.instances[n])
            for counted in sets:
                for args in product(*(values(world, v) for v in counted.params)):
                    by = size(world, after, counted, args) - size(world, code, counted, args)
                    if change_found(world, code, instance, counted, change(counted, path), args) not in (None, by):
                        yield f"{instance} changes {counted.text} of {args} by {by}"


def path_of(world: World, code: bytes, instance: Instance) -> Path:
    state, env = world.load(code), environment(instance.action.params, instance.args)
    return next(p for p in instance.action.lifted.paths if evaluate(p.guard, {"": state}, env))


def values(world: World, param: Var) -> list[Any]:
    """What a parameter of a set may be."""
    base: Any = param.sort
    if issubclass(base, Sort):
        return [m[0] for m in world.tuples([param])]
    return [0, 1, 2] if base is int else [False, True] if base is bool else list(base)


def size(world: World, code: bytes, counted: CardinalityTerm, args: tuple[Any, ...]) -> int:
    """How many are in the set."""
    env, state = environment(counted.params, args), world.load(code)
    members = (environment(counted.vars, m) for m in world.tuples(counted.vars))
    return sum(bool(evaluate(counted.body, {"": state}, {**env, **member})) for member in members)


def change_found(
    world: World, code: bytes, instance: Instance, counted: CardinalityTerm, found: Change, args: tuple[Any, ...]
) -> int | None:
    """By how much the size changes, as it was found; None where it was left free."""
    if found.havoc_reason:
        return None
    env = {**environment(instance.action.params, instance.args), **environment(counted.params, args)}
    state = world.load(code)
    return int(bool(evaluate(found.enters, {"": state}, env))) - int(bool(evaluate(found.leaves, {"": state}, env)))


@often
@given(machines(), st.integers(0, 2**16))
def test_the_change_of_a_count_is_right_on_random_machines(machine: Machine, seed: int) -> None:
    """Of every set that a machine counts and every step: as many more as enter, as many less as leave, or left free."""
    world, random = World(machine, machine.sizes("tiny", {})), Random(seed)
    try:
        assume(Theory(machine)._every_set())
    except SpecError:
        assume(False)
    codes = [*(reached(world, random, n) for n in range(4)), *(drawn(world, random) for _ in range(4))]
    assert list(miscounted(machine, world, codes)) == []


@pytest.mark.parametrize("machine", catalog.SOUND, ids=lambda m: m.name)
def test_the_change_of_a_count_is_right_on_shipped_machines(machine: Machine) -> None:
    """Along random runs of two pages or more; no step of a shipped machine is left free."""
    world = World(machine, machine.sizes("small", {}))
    codes = [reached(world, Random(n), n) for n in range(30)]
    assert list(miscounted(machine, world, codes)) == []
    paths = [path for action in machine.actions for path in action.lifted.paths]
    assert not [
        path for path in paths for counted in Theory(machine)._every_set() if change(counted, path).havoc_reason
    ]


# -- proved to be --------------------------------------------------------------------------------------------------


def about_counts(machine: Machine) -> list[Decided]:
    return decide([o for o in obligations.obligations(machine) if o.counts], SolverOptions(jobs=1))


def no_one_enters(counted: CardinalityTerm, path: Path) -> Change:
    return replace(change(counted, path), enters=FALSE)


def no_one_leaves(counted: CardinalityTerm, path: Path) -> Change:
    return replace(change(counted, path), leaves=FALSE)


def exchanged(counted: CardinalityTerm, path: Path) -> Change:
    found = change(counted, path)
    return replace(found, enters=found.leaves, leaves=found.enters)


def test_the_obligations_about_counts_are_met() -> None:
    """That a step moves one member at most, and changes the size as derived."""
    decided = about_counts(yardstick)
    assert decided
    assert all(d.is_as_wanted for d in decided)


@pytest.mark.parametrize("wrong", [no_one_enters, no_one_leaves, exchanged])
def test_a_wrong_change_of_a_count_is_detected(monkeypatch: pytest.MonkeyPatch, wrong: Any) -> None:
    """Some obligation about a count fails, so nothing that depends on it is proved."""
    monkeypatch.setattr(theory, "change", wrong)
    failing = [d.obligation.name for d in about_counts(yardstick) if d.fails]
    assert failing
    assert all("as derived" in name for name in failing)


RING = '''
from spec.dsl import NOBODY, Machine, Sort, State, bound, count, field, members, optional, require

class Page(Sort, called="{letter}"):
    """A page."""

class Device(Sort, called="eth{n}"):
    """A device."""

class S(State):
    pages = members(Page, 1, 3)
    devices = members(Device, 1, 3)
    limit = bound(1, 3, "pages a device may have")
    at = field(Page, optional(Device), NOBODY, "where it is")
    up = field(Device, bool, True, "at work")

def put(s: S, page: Page, dev: Device) -> None:
    require(s.at[page] == NOBODY)
    require(s.up[dev])
    require(count(s.pages, lambda page: COUNTED) < s.limit)

    s.at[page] = dev

def act(s: S, page: Page, other: Page) -> None:
    EFFECT

def never_too_many(s: S, dev: Device) -> bool:
    return count(s.pages, lambda page: COUNTED) <= s.limit

MACHINE = Machine(
    name="ring", doc="pages at devices", state=S, system=(put, act), always=(never_too_many,),
    scopes={"tiny": dict(pages=3, devices=2, limit=2)},
)
'''


def ring(body: str, counted: str = "s.at[page] == dev") -> Machine:
    """A machine with a limit, and one more action that has this body."""
    made: Machine = module(RING.replace("EFFECT", body.replace("\n", "\n    ")).replace("COUNTED", counted)).MACHINE
    return made


def outcome(machine: Machine) -> tuple[Outcome, str]:
    [verdict] = [
        v for v in prove(machine, machine.name, SolverOptions(jobs=1)).verdicts if v.property == "never_too_many"
    ]
    return verdict.outcome, verdict.label


def test_who_leaves_makes_room() -> None:
    """A step that writes one member is understood: the limit is proved, with what is known of counts."""
    assert outcome(ring("s.at[page] = NOBODY")) == (Outcome.HOLDS, COUNTED)


def test_a_step_that_writes_two_members_is_left_free() -> None:
    """An exchange keeps the limit, but its effect on a count is not known: no invariant is reported as proved."""
    exchange = ring("require(s.at[page] == NOBODY)\n\ns.at[page] = s.at[other]\ns.at[other] = NOBODY")
    [counted] = Theory(exchange)._every_set()
    [path] = exchange.action("act").lifted.paths
    assert "more than one member" in change(counted, path).havoc_reason
    assert outcome(exchange) == (Outcome.NOT_INDUCTIVE, "not run")


def test_a_step_that_may_write_what_the_count_reads_of_others_is_left_free() -> None:
    """A device that goes up changes whether pages are counted that the step does not name."""
    machine = ring("require(s.at[other] != NOBODY)\n\ns.up[s.at[other]] = True", WORKING)
    [counted] = Theory(machine)._every_set()
    [path] = machine.action("act").lifted.paths
    assert "depends on" in change(counted, path).havoc_reason
    assert outcome(machine) == (Outcome.NOT_INDUCTIVE, "not run")


WORKING = "s.at[page] == dev and s.at[page] != NOBODY and s.up[s.at[page]]"
"""A page is counted while its device is at work."""


def test_a_step_that_moves_others_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken for a step of another member, the same step fails by the obligation about the others."""

    def of_the_page(counted: CardinalityTerm, path: Path) -> Change:
        found = change(counted, path)
        return replace(found, member=(Var("page", counted.vars[0].sort),)) if found.is_derived else found

    machine = ring("s.at[other] = NOBODY")
    assert all(d.is_as_wanted for d in about_counts(machine))
    monkeypatch.setattr(theory, "change", of_the_page)
    failing = [d.obligation.name for d in about_counts(machine) if d.fails]
    assert any("act moves at most one member" in name for name in failing), failing


OTHERS = """def never_too_many(s: S, one: Page) -> bool:
    return count(s.pages, lambda page: page != one and s.at[page] != NOBODY) <= s.limit
"""


@pytest.mark.parametrize("name", ["page", "x1", "counted", "other_page"])
def test_no_name_of_a_parameter_makes_a_count_proved_that_is_broken(name: str) -> None:
    """Whatever an action calls its page: a limit that is about all pages but one is broken, and not taken for kept."""
    text = RING.partition("def never_too_many")[0].replace("COUNTED", "False").replace("EFFECT", "pass")
    text = text.replace("def put(s: S, page: Page", f"def put(s: S, {name}: Page").replace(
        "s.at[page]", f"s.at[{name}]"
    )
    machine = module(text + OTHERS + "MACHINE" + RING.partition("MACHINE")[2]).MACHINE
    assert outcome(machine) == (Outcome.VIOLATED, "not run")


def test_sets_that_differ_in_their_parameters_only_are_one() -> None:
    """What stands in the place of a parameter does not make another set."""
    sets = Theory(yardstick)._every_set()
    assert [c.text for c in sets] == list(dict.fromkeys(c.text for c in sets))
    assert len(sets) == 3


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ("count(s.pages, lambda p: count(s.pages, lambda q: s.at[q] == s.at[p]) > 1) > 0", "a count inside a count"),
    ],
)
def test_what_is_not_understood_of_a_count_is_refused(claim: str, words: str) -> None:
    """A count inside a count is refused with its words, and not taken for anything else."""
    text = RING.replace("EFFECT", "pass").replace("count(s.pages, lambda page: COUNTED) <= s.limit", claim)
    with pytest.raises(SpecError, match=words):
        obligations.obligations(module(text.replace("COUNTED", "s.at[page] == dev")).MACHINE)


def test_the_parameters_of_a_count_are_those_of_its_body() -> None:
    """A body that speaks of parameters only has them all, in the order in which they are read."""
    every = Theory(yardstick)._every_set()
    assert all(isinstance(c, CardinalityTerm) and c.params for c in every)
    assert all(not isinstance(c.body, Quantified) for c in every)
