# SPDX-License-Identifier: MIT
"""Counts with parameters: the same value as the count itself, and one function for all arguments."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checkers.core.cardinality import abstraction, substituted
from checkers.native.counts import Counts
from checkers.native.layout import Layout
from spec.dsl import Machine, World
from spec.dsl.ir import Quantified, Var, evaluate, expressions, text, walk
from tests.machines import machines, module

from ..prove.comparing import drawn

TEXT = '''
from spec.dsl import NOBODY, Machine, Sort, State, count, field, members, optional, require

class Page(Sort, called="{letter}"):
    """A page."""

class Device(Sort, called="eth{n}"):
    """A device."""

class S(State):
    pages = members(Page, 1, 3)
    devices = members(Device, 1, 3)
    at = field(Page, optional(Device), NOBODY, "where it is")
    peer = field(Device, optional(Device), NOBODY, "its peer")

def put(s: S, page: Page, dev: Device) -> None:
    require(count(s.pages, lambda p: s.at[p] == dev) == 0)
    require(count(s.pages, lambda p: s.at[p] == s.peer[dev]) == 0)
    require(count(s.pages, lambda p: s.at[p] == dev and s.peer[dev] == NOBODY) < 2)
    s.at[page] = dev

MACHINE = Machine(name="peers", doc="peers", state=S, system=(put,), scopes={"tiny": dict(pages=2, devices=2)})
'''


def quantifiers(machine: Machine) -> list[Quantified]:
    return [x for _, e in expressions(machine) for x in walk(e) if isinstance(x, Quantified)]


def test_counts_that_differ_in_an_argument_are_one_function() -> None:
    """A parameter takes the place of whatever the counted page is compared with."""
    one, other, third = (abstraction((q.var,), q.body) for q in quantifiers(module(TEXT).MACHINE))
    assert one.body == other.body
    assert one.arguments != other.arguments
    assert len(third.params) == 2


def test_a_value_that_may_be_nobody_is_compared_with_nobody_outside_of_the_count() -> None:
    """The C search takes the whole comparison as an argument: a parameter does not know that it is optional."""
    machine = module(TEXT).MACHINE
    counts = Counts(Layout(machine, machine.sizes("tiny", {})))
    used = counts.use(quantifiers(machine)[2])
    assert used
    assert {text(value) for value in used.values} == {"dev", "peer[dev] == nobody"}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(machines(), st.integers(0, 2**16))
def test_a_count_is_its_function_of_its_arguments(machine: Machine, seed: int) -> None:
    """With the arguments in the place of the parameters the count has the value it had, for every counted member."""
    world = World(machine, machine.sizes("tiny", {}))
    state = world.load(drawn(world, Random(seed)))
    for e in quantifiers(machine):
        made = abstraction((e.var,), e.body)
        if made.whens == {""}:
            again = substituted(made.body, dict(zip(made.params, made.arguments, strict=True)))
            free = [x for x in dict.fromkeys(walk(e.body)) if isinstance(x, Var)]
            for args in world.tuples(free):
                env = {v.name: arg for v, arg in zip(free, args, strict=True)}
                assert evaluate(again, {"": state}, env) == evaluate(e.body, {"": state}, env)
