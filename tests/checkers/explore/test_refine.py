# SPDX-License-Identifier: MIT
"""Refinement: each step of a design is one step of the rules, or none."""

from __future__ import annotations

import ast
import inspect

import pytest

from checkers.core.stopped import after_states
from checkers.explore.refine import fits, refine
from checkers.explore.search import Budget
from models.broken.zoo import ZOO
from models.keep_mapped import keep_mapped
from models.per_packet import per_packet
from models.yardstick import yardstick
from spec import pool_actions
from spec.dsl import Machine, SpecError, World
from tests.machines import module
from tests.poolproof.drivers import DRIVER

BUGS = {bug.name: bug for bug in ZOO}
LEAVE = {
    "b02_device_gone_before_its_pool": 2,
    "b03_mapping_outlives_the_driver": 6,
    "a_clone_recycles_too": 6,
    "b41_tx_unmaps_what_the_pool_mapped": 6,
    "b44_recycled_without_a_sync": 6,
}
"""Broken designs, and the first step that the rules do not have."""

COUNTS = '''
class Counting(Driver):
    """The driver, and how a page is seen from below."""

    seen = field(Page, bool, False, "written by look")


def look(s: Counting, page: Page) -> None:
    """A step that the rules do not see."""
    require(not s.seen[page])

    s.seen[page] = True


def jump(s: Counting, page: Page) -> None:
    """From the allocator to the stack, which is two steps of the rules."""
    require(s.place[page] == Place.FREE)
    require(s.seen[page])

    s.place[page] = Place.STACK


RULES = driver()


def low(**changes):
    return driver(state=Counting, refines=RULES, place=Counting.place, **changes)


'''


def made(model: str) -> Machine:
    machine: Machine = module(f"{DRIVER}{COUNTS}MODEL = {model}\n").MODEL
    return machine


@pytest.mark.parametrize("machine", [keep_mapped, per_packet], ids=["keep_mapped", "per_packet"])
def test_each_design_keeps_to_the_rules(machine: Machine) -> None:
    """At tiny every step of a shipped design is a step of the rules, or none."""
    result = refine(machine, machine.sizes("tiny", {}))
    assert result.trace is None
    assert not result.seen.stopped


@pytest.mark.parametrize(("name", "steps"), LEAVE.items())
def test_a_design_that_leaves_the_rules_is_found(name: str, steps: int) -> None:
    """The trace is shortest: only its last step is no step of the rules, and each candidate has its reason."""
    machine = BUGS[name].machine
    sizes = machine.sizes("tiny", {})
    result = refine(machine, sizes)
    assert result.trace
    taken = zip(result.trace.codes, result.trace.steps, strict=False)
    fit = [fits(machine, sizes, was, step.instance) for was, step in taken]
    assert fit == [True] * (steps - 1) + [False]
    assert result.candidates
    assert all(c.why.startswith(("is refused by require(", "is permitted, but ")) for c in result.candidates)


def test_a_second_map_is_none_of_the_rules() -> None:
    """A step that changes the same state but counts otherwise is found by what it counts."""
    machine = BUGS["b41_xdp_tx_maps_again"].machine
    result = refine(machine, machine.sizes("tiny", {}))
    assert result.trace
    assert result.candidates[0].why.startswith("is permitted, but counts otherwise")


def test_the_refusing_guard_is_a_line_of_the_rules() -> None:
    """What a candidate quotes stands in the text of the rules, at the guard that is false."""
    machine = BUGS["b03_mapping_outlives_the_driver"].machine
    result = refine(machine, machine.sizes("tiny", {}))
    calls = [node for node in ast.walk(ast.parse(inspect.getsource(pool_actions))) if isinstance(node, ast.Call)]
    quoted = {c.why.removeprefix("is refused by ") for c in result.candidates}
    assert len(quoted) == 4
    assert quoted <= set(map(ast.unparse, calls))


def test_candidates_come_with_the_most_alike_first() -> None:
    """A step that is permitted and differs in little stands before one that differs in more; refused ones come last."""
    machine = BUGS["b44_recycled_without_a_sync"].machine
    result = refine(machine, machine.sizes("tiny", {}))
    whys = [c.why for c in result.candidates]
    wrong = [why.count(" would be ") for why in whys if why.startswith("is permitted")]
    assert wrong == sorted(wrong)
    assert wrong
    assert all(why.startswith("is permitted") for why in whys[: len(wrong)])


def test_a_step_that_the_rules_do_not_see_is_none() -> None:
    """What changes only what the design has for itself refines any rules."""
    machine = made("low(system=(post, receive, give_back, look))")
    assert refine(machine, machine.sizes("tiny", {})).trace is None


def test_two_steps_of_the_rules_are_not_one() -> None:
    """A design may not take two steps of the rules at once; the counterexample ends with the step that does."""
    machine = made("low(system=(post, receive, give_back, look, jump))")
    result = refine(machine, machine.sizes("tiny", {}))
    assert result.trace
    assert [str(step.instance) for step in result.trace.steps] == ["look(A)", "jump(A)"]
    assert {str(c.instance): c.why for c in result.candidates} == {
        "post(A)": "is permitted, but place[A] would be RING",
        "receive(A)": "is refused by require(s.place[page] == Place.RING)",
        "give_back(A)": "is refused by require(s.place[page] == Place.STACK)",
    }


def test_a_model_that_names_no_rules_is_refused() -> None:
    """Without refines= nothing can be checked; the message names the missing declaration."""
    world = World(yardstick, yardstick.sizes("tiny", {}))
    code, first = world.initial()[0], world.instances[0]
    for engine in (lambda: refine(yardstick, world.sizes), lambda: fits(yardstick, world.sizes, code, first)):
        with pytest.raises(SpecError, match="yardstick does not say what it refines; give refines="):
            engine()


def test_the_state_of_a_design_extends_that_of_its_rules() -> None:
    """A design with another state class is refused with the reason."""
    machine = module(f"{DRIVER}from models.yardstick import yardstick\nMODEL = driver(refines=yardstick)\n").MODEL
    with pytest.raises(SpecError, match="driver refines yardstick, so its state class must extend Yardstick"):
        refine(machine, machine.sizes("tiny", {}))


def test_a_budget_ends_the_comparison() -> None:
    """A refinement that was stopped has that reason, and no trace."""
    result = refine(keep_mapped, keep_mapped.sizes("tiny", {}), Budget(states=20))
    assert result.seen.stopped == after_states(20)
    assert result.trace is None
