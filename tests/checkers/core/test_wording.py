# SPDX-License-Identifier: MIT
"""Counterexamples: what happened, then only what changed."""

from __future__ import annotations

import pytest

from checkers.core.traces import Step, Trace
from checkers.core.wording import cell, counted, guard_at, in_steps, shown
from checkers.itf import instance_called
from checkers.report.counterexample import changes, counterexample, ending
from models.broken.zoo import ZOO
from spec.dsl import NOBODY, World
from spec.page import Device, Life, Page
from tests.machines import module
from tests.poolproof.drivers import DRIVER, SOUND, VIOLATED

ANY_START = '''
class Chosen(State):
    """A page that starts with a turn, and a device that starts with one."""

    pages = members(Page, 1, 3)
    rings = members(Ring, 1, 2)
    wet = field(Page, bool, ANY, "chosen at the start")
    full = field(Ring, bool, ANY, "chosen at the start")


def dry(s: Chosen, page: Page) -> None:
    """Dry a page."""
    s.wet[page] = False


MODEL = Machine(name="m", doc="d", state=Chosen, system=(dry,), scopes={"tiny": dict(pages=2, rings=1)})
'''


def run(world: World, *labels: str) -> Trace:
    """The run that takes these steps from the first initial state."""
    start = code = world.initial()[-1]
    steps = []
    for label in labels:
        instance = instance_called(world, label)
        after = world.apply(code, instance)
        assert after is not None
        steps.append(Step(instance, after))
        code = after
    return Trace(start, tuple(steps))


@pytest.fixture(scope="module")
def keep_mapped() -> World:
    """The world in which a mapped page is received."""
    machine = ZOO[0].base
    return World(machine, machine.sizes("tiny", {}))


def test_a_counterexample_has_steps_changes_and_an_ending(keep_mapped: World) -> None:
    """Steps are numbered and named with their arguments; below each stands what changed, and nothing else."""
    trace = run(keep_mapped, "pool_create(pool0)", "alloc_slow(A, pool0)", "rx_post(A, pool0)")
    assert counterexample(keep_mapped, trace, "The end.") == [
        "  0  at the start device_of[pool0] is eth1",
        "  1  pool_create(pool0)",
        "       life[pool0]: ABSENT -> LIVE",
        "  2  alloc_slow(A, pool0)",
        "       place[A]: FREE -> POOL",
        "       home[A]: nobody -> pool0",
        "       dma[A, eth1]: UNMAPPED -> DEVICE",
        "  3  rx_post(A, pool0)",
        "       place[A]: POOL -> RX_RING",
        "     The end.",
    ]


def test_a_counterexample_of_one_page_leaves_the_others_out(keep_mapped: World) -> None:
    """Steps of other pages are left out unless they change what is no page's; the numbers stay."""
    trace = run(keep_mapped, "pool_create(pool0)", "alloc_slow(B, pool0)", "rx_post(B, pool0)", "alloc_slow(A, pool0)")
    lines = counterexample(keep_mapped, trace, "The end.", only="A")
    assert [line for line in lines if line[:3].strip()] == [
        "  0  at the start device_of[pool0] is eth1",
        "  1  pool_create(pool0)",
        "  4  alloc_slow(A, pool0)",
    ]


def test_changes_are_exactly_the_cells_that_differ(keep_mapped: World) -> None:
    """Exactly the cells that changed are printed."""
    trace = run(keep_mapped, "pool_create(pool0)", "alloc_slow(B, pool0)", "rx_post(B, pool0)", "rx_complete(B)")
    for was, now in zip(trace.codes, trace.codes[1:], strict=False):
        cells = {offset for offset, (a, b) in enumerate(zip(was, now, strict=True)) if a != b}
        assert len(list(changes(keep_mapped, was, now))) == len(cells)
    assert list(changes(keep_mapped, trace.start, trace.start)) == []


def test_choices_of_the_initial_state_come_first() -> None:
    """A choice of the initial state is printed; a counterexample of one page is without the choices of others."""
    text = DRIVER.replace("class Place", 'class Ring(Sort, called="ring{n}"):\n    """A ring."""\n\n\nclass Place')
    machine = module("from spec.dsl import ANY\n" + text + ANY_START).MODEL
    world = World(machine, machine.sizes("tiny", {}))
    trace = run(world, "dry(B)")
    assert counterexample(world, trace, "")[0] == "  0  at the start wet[A] is yes, wet[B] is yes, full[ring0] is yes"
    assert counterexample(world, trace, "", only="A")[:1] == ["  0  at the start wet[A] is yes, full[ring0] is yes"]


@pytest.mark.parametrize(
    ("number", "words", "text"),
    [
        (0, ("page",), "0 pages"),
        (1, ("page",), "1 page"),
        (1234, ("page",), "1,234 pages"),
        (1, ("retry", "retries"), "1 retry"),
        (2, ("retry", "retries"), "2 retries"),
        (1, ("line was", "lines were"), "1 line was"),
    ],
)
def test_a_number_has_its_noun_in_the_right_form(number: int, words: tuple[str, ...], text: str) -> None:
    """One page, and no or several pages; thousands are grouped."""
    assert counted(number, *words) == text


@pytest.mark.parametrize(("steps", "words"), [(0, "at the start"), (1, "in 1 step"), (7, "in 7 steps")])
def test_the_length_of_a_counterexample_is_in_words(steps: int, words: str) -> None:
    """No "1 steps", and a counterexample without steps is at the start."""
    assert in_steps(steps) == words


def test_values_are_printed_by_their_names() -> None:
    """Pages are letters, devices have names, truth is yes or no, and NOBODY is nobody."""
    assert (shown(True), shown(False), shown(NOBODY), shown(3)) == ("yes", "no", "nobody", "3")
    assert (shown(Life.LIVE), shown(Device(1))) == ("LIVE", "eth1")
    assert (cell("at", Page(0)), cell("at", (Page(27), Device(0))), cell("mode", ())) == (
        "at[A]",
        "at[B1, eth0]",
        "mode",
    )
    assert ending("all is well", ()) == "This breaks the invariant: all is well."
    assert ending("all is well", ("A", "eth0")) == "This breaks the invariant: all is well (A, eth0)."


def test_a_guard_is_quoted_whole() -> None:
    """A guard of several lines is one line in a counterexample; one that a mutation changed is quoted as changed."""
    good = module(f"{DRIVER}MODEL = {SOUND}\n").MODEL
    world = World(good, good.sizes("tiny", {}))
    trace = run(world, "post(A)")
    where = world.refusal(trace.codes[-1], instance_called(world, "post(B)"))
    assert where
    assert guard_at(good, where) == "require(count(s.pages, lambda p: s.place[p] == Place.RING) == 0)"
    other = VIOLATED.replace(
        'drop("post", ONE_DESCRIPTOR)', 'instead("post", ONE_DESCRIPTOR, "require(s.dirty[page])")'
    )
    bad = module(f"from spec.dsl import instead\n{DRIVER}MODEL = {other}\n").MODEL
    world = World(bad, bad.sizes("tiny", {}))
    where = world.refusal(world.initial()[0], instance_called(world, "post(A)"))
    assert where
    assert guard_at(bad, where) == "require(s.dirty[page])"
