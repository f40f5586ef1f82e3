# SPDX-License-Identifier: MIT
"""What a picture of a run shows: every step, everything that changed, and where every page is."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from checkers.core.traces import Trace
from checkers.draw.lanes import STEPS, Lanes, TooLong, lanes
from checkers.explore.search import explore
from checkers.report.counterexample import counterexample
from models.broken.zoo import ZOO
from models.yardstick import yardstick
from spec.dsl import SpecError, World
from tests.checkers.core.test_wording import run
from tests.machines import module
from tests.poolproof.drivers import DRIVER, SOUND

BUGS = ["b03_mapping_outlives_the_driver", "b28_returned_twice_on_a_full_tx_ring", "c06_home_to_the_completing_device"]


@cache
def found(name: str) -> tuple[World, Trace, tuple[str, ...]]:
    """A shortest run in which a broken model breaks its invariant, and for whom."""
    bug = next(b for b in ZOO if b.name == name)
    seen = explore(bug.machine, bug.machine.sizes("tiny", {}), bug.machine.symmetric, until=bug.breaks)
    finding = seen.violated[bug.breaks]
    return seen.world, finding.trace, tuple(map(repr, finding.args))


def shown(name: str, only: str = "") -> Lanes:
    world, trace, whom = found(name)
    return lanes(world, trace, (name, "what it breaks"), "It breaks.", whom, only)


def driver() -> World:
    machine = module(f"{DRIVER}MODEL = {SOUND}\n").MODEL
    return World(machine, machine.sizes("tiny", {}))


@pytest.mark.parametrize("name", BUGS)
def test_every_step_has_its_row(name: str) -> None:
    """One row for the start and one a step, with the action, its arguments, and whether it is the system's."""
    rows, (_, trace, _) = shown(name).rows, found(name)
    assert [row.number for row in rows] == list(range(len(trace.steps) + 1))
    assert [f"{row.action}({row.args})" for row in rows[1:]] == [str(step.instance) for step in trace.steps]
    assert [row.system for row in rows[1:]] == [step.instance.action.system for step in trace.steps]


@pytest.mark.parametrize("name", BUGS)
def test_every_page_is_in_one_lane_in_every_row(name: str) -> None:
    """It is the lane of the place that the state gives it, and a page that moved was elsewhere the row before."""
    drawn, (world, trace, _) = shown(name), found(name)
    for code, row in zip(trace.codes, drawn.rows, strict=True):
        cells = world.values(code)[world.machine.place.name]
        assert row.at == {repr(page): place.name for page, place in cells.items()}
        assert set(row.at.values()) <= set(drawn.places)
    for was, now in zip(drawn.rows, drawn.rows[1:], strict=False):
        assert now.moved == {page for page in now.at if now.at[page] != was.at[page]} <= now.about


@pytest.mark.parametrize("name", BUGS)
def test_changes_are_printed_as_in_the_counterexample(name: str) -> None:
    """Lines of changes are those of the counterexample, without the places, which the paths show."""
    drawn, (world, trace, _) = shown(name), found(name)
    place = f"{world.machine.place.name}["
    lines = [line.strip() for line in counterexample(world, trace, "")]
    changed = [x for x in lines if " -> " in x and not x.startswith(place)]
    assert [line for row in drawn.rows[1:] for line in row.told] == changed


def test_the_first_row_has_the_choices_of_the_initial_state() -> None:
    """Row 0 has the choices of the initial state, as the counterexample has them."""
    assert shown(BUGS[0]).rows[0].told == ("device_of[pool0] is eth0",)
    assert shown(BUGS[2]).rows[0].told == ()


def test_one_page_alone() -> None:
    """With --only-page, the rows and the path of that page alone; its number, and so its colour, stays."""
    name = "b28_returned_twice_on_a_full_tx_ring"
    drawn, (world, trace, _) = shown(name, "B"), found(name)
    numbers = [int(line.split()[0]) for line in counterexample(world, trace, "", "B") if line[:3].strip().isdigit()]
    assert [row.number for row in drawn.rows] == numbers
    assert drawn.pages == {"B": 1}
    assert all(set(row.at) == {"B"} for row in drawn.rows)
    assert drawn.rows[-1].at == {"B": shown(name).rows[-1].at["B"]}


def test_more_steps_than_a_picture_takes() -> None:
    """The longest run that is drawn has its rows; one step more is refused by number, one page of it may do."""
    world = driver()
    rounds = ("post(A)", "receive(A)", "give_back(A)", "post(B)", "receive(B)", "give_back(B)") * 14
    fits = run(world, *rounds[:STEPS])
    assert len(lanes(world, fits, ("", ""), "").rows) == STEPS + 1
    with pytest.raises(TooLong, match=r"81 steps are too many for one picture \(at most 80\)"):
        lanes(world, run(world, *rounds[: STEPS + 1]), ("", ""), "")
    assert len(lanes(world, run(world, *rounds), ("", ""), "", None, "A").rows) == 43


def test_a_run_of_no_step_and_a_step_of_no_page() -> None:
    """An invariant violated by the initial state has one row; only a violation names a culprit."""
    world = driver()
    drawn = lanes(world, Trace(world.initial()[0], ()), ("m", "t"), "So it is.", None)
    assert (len(drawn.rows), drawn.wrong, drawn.whom) == (1, False, ())
    assert lanes(world, Trace(world.initial()[0], ()), ("m", "t"), "So it is.", ("A",)).whom == ("A",)
    assert shown(BUGS[0]).rows[1].about == frozenset()


def test_a_machine_without_place_is_refused() -> None:
    """Without lanes there is no picture; the error names the declaration that is missing."""
    machine = replace(yardstick, place=None)
    world = World(machine, machine.sizes("tiny", {}))
    with pytest.raises(SpecError, match="does not say where a Page is; give it place="):
        lanes(world, Trace(world.initial()[0], ()), ("m", "t"), "")
