# SPDX-License-Identifier: MIT
"""The state graph of a scope, and folding it: nothing is lost, nothing is made up."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import networkx as nx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from checkers.draw.states import Incomplete, Look, TooLarge, folded, must_be_readable, state_graph
from checkers.explore.search import Budget, explore
from models.broken.zoo import ZOO
from models.keep_mapped import keep_mapped
from models.per_packet import per_packet
from models.yardstick import yardstick
from spec.dsl import Machine, World, drop, instead
from spec.dsl.ir import changed
from tests.checkers.test_random_machines import often
from tests.clock import ticking
from tests.machines import machines, module
from tests.poolproof.drivers import AT_THE_START, DRIVER, STUCK

MODELS = {m.name: m for m in (keep_mapped, per_packet, yardstick)}
SHIPPED = pytest.mark.parametrize("name", MODELS)


def tiny(machine: Machine) -> dict[str, int]:
    return machine.sizes("tiny", {})


def graph_of(machine: Machine, *names: str) -> nx.DiGraph[str]:
    if machine.name in MODELS and machine is MODELS[machine.name]:
        return folded(states_of(machine.name), names)
    return folded(state_graph(machine, tiny(machine), machine.symmetric), names or (machine.place.name,))


@cache
def states_of(name: str) -> nx.MultiDiGraph[int]:
    return state_graph(MODELS[name], tiny(MODELS[name]), MODELS[name].symmetric)


@cache
def shipped(name: str) -> nx.DiGraph[str]:
    return folded(states_of(name), (MODELS[name].place.name,))


def of(graph: nx.DiGraph[Any], what: str) -> dict[Any, Any]:
    """An attribute of every node."""
    return {node: graph.nodes[node][what] for node in graph}


@cache
def states_of_bug(name: str) -> nx.MultiDiGraph[int]:
    machine = next(b.machine for b in ZOO if b.name == name)
    return state_graph(machine, tiny(machine), machine.symmetric)


def driver(model: str) -> Machine:
    """The small driver of the tests, with MODEL as this expression."""
    made: Machine = module(f"{DRIVER}MODEL = {model}\n").MODEL
    return made


# -- the state graph -----------------------------------------------------------------------------------------------


@SHIPPED
def test_the_state_graph_has_the_states_and_steps_of_the_search(name: str) -> None:
    """States, steps and depth are those that `check` counts."""
    graph, seen = states_of(name), explore(MODELS[name], tiny(MODELS[name]), MODELS[name].symmetric)
    assert (len(graph), graph.number_of_edges()) == (seen.states, seen.transitions)
    assert max(of(graph, "depth").values()) == seen.depth


@SHIPPED
def test_a_state_knows_how_far_it_is(name: str) -> None:
    """`depth` is the length of a shortest path from where a run may start."""
    graph = states_of(name)
    starts = {number for number, start in of(graph, "start").items() if start}
    far = nx.multi_source_dijkstra_path_length(nx.DiGraph(graph), starts, weight=None)
    assert far == of(graph, "depth")


def test_a_search_that_is_not_allowed_to_end_gives_no_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part of the states is no state graph, whichever budget was spent."""
    monkeypatch.setattr("checkers.explore.search.time", ticking(1.0))
    for budget, parts in ((Budget(states=100), "100 states"), (Budget(seconds=2.5), "2.5 s")):
        with pytest.raises(Incomplete, match=parts):
            state_graph(yardstick, tiny(yardstick), yardstick.symmetric, budget)


# -- folding -------------------------------------------------------------------------------------------------------


@SHIPPED
def test_each_state_and_each_step_is_counted_once(name: str) -> None:
    """The counts on nodes add up to the states explored, those on edges to the steps taken."""
    states, graph = states_of(name), shipped(name)
    assert sum(of(graph, "states").values()) == len(states)
    assert sum(step["actions"].total() for _, _, step in graph.edges(data=True)) == states.number_of_edges()
    for what in ("start", "final", "stuck"):
        assert sum(of(graph, what).values()) == sum(of(states, what).values())


@pytest.mark.parametrize("name", ["per_packet", "yardstick"])
def test_folding_is_what_a_walk_without_symmetry_sees(name: str) -> None:
    """Nodes, edges and least depths equal those of a search without symmetry, state by state."""
    depths, moves = brute_force(MODELS[name])
    graph = shipped(name)
    assert of(graph, "depth") == depths
    assert {(a, action, b) for a, b, step in graph.edges(data=True) for action in step["actions"]} == moves


def brute_force(machine: Machine) -> tuple[dict[str, int], set[tuple[str, str, str]]]:
    """How states look and how early, and which action leads from which look to which."""
    world = World(machine, tiny(machine))
    depth = dict.fromkeys(world.initial(), 0)
    queue, looks, moves = list(depth), dict[str, int](), set[tuple[str, str, str]]()
    for code in queue:
        looks.setdefault(places(world, code), depth[code])
        for number, after in list(world.successors(code)):
            moves.add((places(world, code), world.instances[number].action.name, places(world, after)))
            if after not in depth:
                depth[after] = depth[code] + 1
                queue.append(after)
    return looks, moves


def places(world: World, code: bytes) -> str:
    """How many pages are where, in the order in which the places are declared."""
    times = Counter(world.values(code)[world.machine.place.name].values())
    parts = ((f"{times[p]} " if times[p] > 1 else "") + p.name for p in world.machine.place.domain.base if times[p])
    return ", ".join(parts)


def test_folding_is_the_quotient_of_networkx() -> None:
    """Blocks and the edges between them are those of the library, which takes longer and drops what stays inside."""
    states = state_graph(yardstick, yardstick.sizes("tiny", {"pages": 1}), yardstick.symmetric)
    look = Look(states.graph["world"], yardstick.symmetric, ("owner", "origin"))
    name_of = {n: " | ".join(look.at(code)) for n, code in of(states, "code").items()}
    blocks = [{n for n in states if name_of[n] == name} for name in dict.fromkeys(name_of.values())]
    quotient = nx.quotient_graph(nx.DiGraph(states), blocks)
    wanted = {(name_of[min(a)], name_of[min(b)]) for a, b in quotient.edges}
    graph = folded(states, ("owner", "origin"))
    assert len(graph) == len(quotient)
    assert {edge for edge in graph.edges if edge[0] != edge[1]} == wanted


@often
@given(machines(), st.data())
def test_any_machine_can_be_folded_by_anything(machine: Machine, data: st.DataObject) -> None:
    """On random machines and random fields: sums are right, and each step is on the edge between its two looks."""
    try:
        states = state_graph(machine, tiny(machine), machine.symmetric, Budget(states=400))
    except Incomplete:
        assume(False)
    names = tuple(data.draw(st.lists(st.sampled_from(list(machine.shape.fields)), min_size=1, unique=True)))
    graph, look = folded(states, names), Look(states.graph["world"], machine.symmetric, names)
    looks = {n: " | ".join(look.at(states.nodes[n]["code"])) for n in states}
    steps = Counter((looks[a], looks[b], step["action"]) for a, b, step in states.edges(data=True))
    merged = ((a, b, step["actions"]) for a, b, step in graph.edges(data=True))
    assert Counter(looks.values()) == of(graph, "states")
    assert steps == {(a, b, action): times for a, b, actions in merged for action, times in actions.items()}


def test_a_planted_fault_changes_the_graph() -> None:
    """A dropped page that goes to the allocator, and one posted while it is sent, are edges that were not there."""
    given_away = "give(s, page, Owner.ALLOC, s.origin[page])"
    lost = changed(yardstick, "lost", instead("drop", "give(s, page, Owner.POOL, s.origin[page])", given_away))
    hasty = changed(yardstick, "hasty", drop("rx_post", "require(s.owner[page] == Owner.POOL)"))
    for machine, action, edge in ((lost, "drop", ("ALLOC, STACK", "2 ALLOC")), (hasty, "rx_post", ("2 TX", "RX, TX"))):
        assert action not in actions(shipped("yardstick"), *edge)
        assert action in actions(graph_of(machine), *edge)


def actions(graph: nx.DiGraph[str], start: str, end: str) -> set[str]:
    return set(graph.edges[start, end]["actions"]) if graph.has_edge(start, end) else set()


# -- what a state looks like ---------------------------------------------------------------------------------------


def test_what_is_alike_has_no_name() -> None:
    """Symmetric pages are counted, others are named; several fields of a page share one line."""
    assert "2 POOL" in shipped("yardstick")
    assert "A POOL, B ALLOC" in graph_of(replace(yardstick, symmetric=()))
    assert "ALLOC origin=nobody, RX origin=eth0" in graph_of(yardstick, "owner", "origin")
    assert "FREE home=a pool" not in graph_of(per_packet, "place", "home")
    assert "POOL home=a pool" in graph_of(per_packet, "place", "home")


def test_fields_of_other_things_have_a_line_of_their_own() -> None:
    """Lives of pools are below the places; flags are printed by name; devices that are not symmetric are named."""
    assert graph_of(keep_mapped, "place", "life").nodes["FREE, POOL | LIVE"]["facts"] == ("FREE, POOL", "LIVE")
    assert set(graph_of(yardstick, "status")) >= {"eth0 UP, eth1 UP", "eth0 GONE, eth1 UP"}
    assert "2 dirty=no" in graph_of(yardstick, "dirty")
    assert "2 eth0 mapped=no, 2 eth1 mapped=no" in graph_of(yardstick, "mapped")


def test_what_never_happens_is_known() -> None:
    """The looks that the values would permit and no state has: a pool of one page never has two."""
    assert shipped("keep_mapped").graph["never"] == ["2 POOL", "2 RX_RING"]
    assert shipped("yardstick").graph["never"] == []


# -- what is wrong -------------------------------------------------------------------------------------------------


def test_a_broken_invariant_is_on_the_nodes_where_it_is_broken() -> None:
    """The double return of igc leaves an idle page held: in how many states, and not in those without a pool page."""
    states = states_of_bug("b28_returned_twice_on_a_full_tx_ring")
    graph, invariant = folded(states, ("place",)), "an_idle_page_has_no_references_and_no_sender"
    found = of(graph, "broken_after").values()
    assert min(after[invariant] for after in found if invariant in after) == 10
    merged = sum(breaks[invariant] for breaks in of(graph, "breaks").values())
    world = states.graph["world"]
    assert merged == sum(is_broken(world, code, invariant) for _, code in of(states, "code").items()) > 0
    assert not graph.nodes["2 STACK"]["breaks"]
    assert not any(of(shipped("keep_mapped"), "breaks").values())


def is_broken(world: World, code: bytes, name: str) -> bool:
    claim = next(c for c in world.machine.invariants if c.name == name)
    return not all(world.holds(claim, code, args) for args in world.tuples(claim.params))


def test_a_broken_step_is_on_the_edges_that_break_it() -> None:
    """A clone that recycles breaks its invariant on the way home from the stack, and the states are all right."""
    graph = folded(states_of_bug("a_clone_recycles_too"), ("place",))
    red = {edge for edge in graph.edges if graph.edges[edge]["breaks"]}
    assert ("FREE, STACK", "FREE, POOL") in red
    assert all("STACK" in start and "POOL" in end for start, end in red)
    assert not any(of(graph, "breaks").values())


def test_a_deadlock_and_a_broken_start_are_known() -> None:
    """Where nothing can happen any more, and where an invariant is broken before anything happened."""
    assert {name for name, stuck in of(graph_of(driver(STUCK)), "stuck").items() if stuck} == {"2 STACK"}
    start = graph_of(driver(AT_THE_START)).nodes["2 FREE"]
    assert start["broken_after"] == {"every_page_is_dirty": 0}


def test_an_unreadably_large_picture_is_refused() -> None:
    """The message has the size, the limit and the way out."""
    graph = graph_of(yardstick, "owner", "status")
    words = r"owner,status there are 121 nodes and 437 edges; .* 60 and 120 .*; fold by fewer"
    with pytest.raises(TooLarge, match=words):
        must_be_readable(graph)
    for name in MODELS:
        must_be_readable(shipped(name))
