# SPDX-License-Identifier: MIT
"""The sets of possible states are compared with those that all runs lead to, one by one."""

from __future__ import annotations

from random import Random

import pytest

from checkers.monitor import EMPTY, Label, Monitor, Refusal, Route
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
    """The states after all runs that show these labels, by a plain search over states and labels shown."""
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
    """Observation by observation and by plain search: the same states, and none where no run shows these."""
    at = monitor._closed({(code, ()) for code in monitor.world.initial()})
    for label in labels:
        at = monitor.observe(at, label)
    assert {code for code, _ in monitor.sets[at]} == by_force(monitor, labels)
    assert (at == EMPTY) is (labels == [RETURNED])


@pytest.mark.parametrize("seed", range(20))
def test_every_run_is_explained(with_dma: Monitor, seed: int) -> None:
    """The state of a random run is in the set of possible states at each moment."""
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
    assert with_dma.observe(with_dma.observe(begin, MAPPED), HELD) != EMPTY
    assert with_dma.observe(begin, HELD) == EMPTY
    assert with_dma.refusals(begin, HELD) == [Refusal("alloc_into_pool", missing="maps")]


def test_a_fact_keeps_the_states_in_which_it_holds(monitor: Monitor) -> None:
    """And those that hidden steps lead to from there; a fact that is impossible leaves none."""
    held = monitor.observe(monitor.where(free), HELD)
    stack = monitor.assume(held, with_the_stack)
    assert Place.STACK in monitor.possible(stack, "place")
    assert len(monitor.sets[stack]) <= len(monitor.sets[held])
    assert monitor.assume(held, free) == EMPTY


def test_an_observation_that_is_refused_names_the_guards_and_the_invariants(monitor: Monitor) -> None:
    """The guard that was false, for each action that raises it; the invariant that the step would violate."""
    begin = monitor.where(free)
    refused = {r.action: r.guard for r in monitor.refusals(begin, RETURNED)}
    assert refused["scrub"] == "require(s.home[page] == pool)"
    assert set(refused) == {"return_idle", "reclaim", "scrub", "release", "disconnect", "tx_complete_release"}
    assert monitor.broken(begin, RETURNED)[0] == "inflight_is_hold_minus_release"


def test_the_routes_to_an_observation_are_the_shortest(monitor: Monitor) -> None:
    """From each place of the page: one for each action that a route may end with."""
    held = monitor.observe(monitor.where(free), HELD)
    routes = monitor.routes(held, RETURNED, "place", with_the_stack)
    assert Route(Place.STACK, ("release",)) in routes
    assert Route(Place.STACK, ("recycle", "scrub")) in routes
    assert {route.place for route in routes} == {Place.STACK}


def test_an_observation_is_computed_once(monitor: Monitor) -> None:
    """The work of an event does not grow with the history: sets repeat."""
    at, seen = monitor.where(free), set[int]()
    for _ in range(5):
        for label in (HELD, RETURNED):
            at = monitor.observe(at, label)
            seen.add(at)
    known, sets = len(monitor.transitions), len(monitor.sets)
    monitor.observe(at, HELD)
    assert (len(monitor.transitions), len(monitor.sets)) == (known, sets)
    assert len(seen) <= 6
