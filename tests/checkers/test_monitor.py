"""Sets of possible states are those that runs lead to: compared with all runs, one by one."""

from __future__ import annotations

from random import Random

import pytest

from checkers.monitor import NOTHING, Label, Monitor, Way
from spec.dsl import World
from spec.ownership import ownership
from spec.page import Device, Ownership, Page, Place, Pool

SIZES = dict(pages=1, pools=2, devices=2, ring_size=1, tx_limit=1, max_refs=2, live_pools=1)
A, POOL0, POOL1, ETH0 = Page(0), Pool(0), Pool(1), Device(0)
HELD: Label = ("hold", (POOL0,))
RETURNED: Label = ("returned", (POOL0,))
MAPPED: Label = ("maps", (A, ETH0))


def free(s: Ownership) -> bool:
    return s.place[A] == Place.FREE


def with_the_stack(s: Ownership) -> bool:
    return s.place[A] == Place.STACK


@pytest.fixture(scope="module")
def monitor() -> Monitor:
    return Monitor(ownership, SIZES, ("hold", "returned"))


@pytest.fixture(scope="module")
def with_dma() -> Monitor:
    return Monitor(ownership, SIZES, ("hold", "returned", "maps", "unmaps"))


def by_force(monitor: Monitor, labels: list[Label]) -> set[bytes]:
    """The states after all runs that show these labels, each state with what was shown: a search that keeps no sets."""
    world, start = monitor.world, [(code, 0) for code in monitor.world.initial()]
    seen, waiting = set(start), list(start)
    while waiting:
        code, shown = waiting.pop()
        for _, after in world.successors(code):
            raised = [(name, key if isinstance(key, tuple) else (key,)) for name, key in world.raised()]
            raised = [label for label in raised if label[0] in monitor.observed]
            now = (after, shown + len(raised))
            if raised == labels[shown : now[1]] and now not in seen:
                seen.add(now)
                waiting.append(now)
    return {code for code, shown in seen if shown == len(labels)}


@pytest.mark.parametrize(
    "labels", [[HELD], [HELD, RETURNED], [HELD, RETURNED, ("hold", (POOL1,))], [RETURNED]], ids=str
)
def test_a_set_is_what_all_runs_lead_to(monitor: Monitor, labels: list[Label]) -> None:
    """Observation by observation, and by force: the same states, none where no run shows these."""
    at = monitor._closed({(code, ()) for code in monitor.world.initial()})
    for label in labels:
        at = monitor.observe(at, label)
    assert {code for code, _ in monitor.sets[at]} == by_force(monitor, labels)
    assert (at == NOTHING) is (labels == [RETURNED])


@pytest.mark.parametrize("seed", range(20))
def test_every_run_is_explained(with_dma: Monitor, seed: int) -> None:
    """Whatever a random run shows, its own state is among those that are possible."""
    random, world = Random(seed), World(ownership, SIZES)
    code = random.choice(world.initial())
    at = with_dma.where(lambda s: True)
    for _ in range(80):
        steps = [(after, world.raised()) for _, after in world.successors(code)]
        if not steps:
            break
        code, raised = random.choice(steps)
        for name, key in raised:
            at = with_dma.observe(at, (name, key if isinstance(key, tuple) else (key,)))
        assert code in {possible for possible, pending in with_dma.sets[at] if not pending}


def test_what_a_step_shows_comes_in_its_order(with_dma: Monitor) -> None:
    """A page is mapped before it is counted in; counted in first, nothing explains it."""
    begin = with_dma.where(free)
    assert with_dma.observe(with_dma.observe(begin, MAPPED), HELD) != NOTHING
    assert with_dma.observe(begin, HELD) == NOTHING
    assert [r.why for r in with_dma.refusals(begin, HELD)] == ["maps before it"]


def test_a_fact_keeps_the_states_in_which_it_holds(monitor: Monitor) -> None:
    """And what hidden steps lead to from there; a fact that cannot be leaves nothing."""
    held = monitor.observe(monitor.where(free), HELD)
    stack = monitor.assume(held, with_the_stack)
    assert Place.STACK in monitor.possible(stack, "place")
    assert len(monitor.sets[stack]) <= len(monitor.sets[held])
    assert monitor.assume(held, free) == NOTHING


def test_an_observation_that_is_refused_names_the_guards_and_the_invariants(monitor: Monitor) -> None:
    """Which action could have shown it and which guard said no; what would be broken if nobody had asked."""
    begin = monitor.where(free)
    refused = {r.action: r.why for r in monitor.refusals(begin, RETURNED)}
    assert refused["scrub"] == "require(s.home[page] == pool)"
    assert set(refused) == {"return_idle", "reclaim", "scrub", "release", "disconnect", "tx_complete_release"}
    assert monitor.broken(begin, RETURNED)[0] == "inflight_is_hold_minus_release"


def test_the_ways_to_an_observation_are_the_shortest(monitor: Monitor) -> None:
    """From where a page may be: one for each action the way may end with."""
    held = monitor.observe(monitor.where(free), HELD)
    ways = monitor.ways(held, RETURNED, "place", with_the_stack)
    assert Way(Place.STACK, ("release",)) in ways
    assert Way(Place.STACK, ("recycle", "scrub")) in ways
    assert {way.place for way in ways} == {Place.STACK}


def test_an_observation_is_worked_out_once(monitor: Monitor) -> None:
    """The work of an event does not grow with the history: sets repeat."""
    at, seen = monitor.where(free), set[int]()
    for _ in range(5):
        for label in (HELD, RETURNED):
            at = monitor.observe(at, label)
            seen.add(at)
    known, sets = len(monitor.known), len(monitor.sets)
    monitor.observe(at, HELD)
    assert (len(monitor.known), len(monitor.sets)) == (known, sets)
    assert len(seen) <= 6
