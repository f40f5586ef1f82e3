# SPDX-License-Identifier: MIT
"""The picture of a folded state graph: everything that is in the graph is on it, and what is wrong is red."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from typing import Any

import networkx as nx
import pytest

from checkers.core.wording import counted
from checkers.draw.graphviz_tool import render
from checkers.draw.states import folded
from checkers.draw.states_picture import arrow_name, dot_text, rounds
from checkers.draw.style import COLOUR, WRONG
from models.keep_mapped import keep_mapped
from tests.poolproof.drivers import STUCK

from .test_states import MODELS, SHIPPED, driver, graph_of, shipped, states_of_bug


def lines(graph: nx.DiGraph[str], of: str) -> list[str]:
    """The statements of the picture about this node or arrow."""
    return [line for line in dot_text(graph).splitlines() if line.strip().startswith(f'"{of}" [')]


@SHIPPED
def test_every_node_has_the_states_it_stands_for(name: str) -> None:
    """Its places, its states, how far it is, and the steps that stay inside are written in its box."""
    graph = shipped(name)
    for node, attributes in graph.nodes(data=True):
        (box,) = lines(graph, node)
        assert f">{node}<" in box
        assert counted(attributes["states"], "state") in box
        assert (f"after {counted(attributes['depth'], 'step')}" if attributes["depth"] else "from the start") in box
        if within := graph.get_edge_data(node, node):
            assert f">{counted(within['actions'].total(), 'step')} within<" in box


@SHIPPED
def test_every_arrow_names_its_actions_with_their_counts(name: str) -> None:
    """An arrow in two pieces, of its party's colour, goes through the names of its actions, and their steps."""
    graph, text = shipped(name), dot_text(shipped(name))
    for start, end, step in graph.edges(data=True):
        if start == end:
            continue
        for action, times in step["actions"].items():
            system = MODELS[name].action(action).system
            arrow = arrow_name(start, end, system)
            (label,) = lines(graph, arrow)
            attributes = rf'<font color="{COLOUR[system]}"><b>(<i>)?{action}(</i>)?</b></font> {times:,}<'
            assert re.search(attributes, label)
            assert COLOUR[not system] not in label
            pieces = [x for x in text.splitlines() if f'"{arrow}" -> ' in x or f' -> "{arrow}" [' in x]
            assert [f'color="{COLOUR[system]}"' in piece for piece in pieces] == [True, True]


def sides(graph: Any) -> list[tuple[str, str, bool]]:
    """Each edge, once for each party that takes it."""
    system = graph.graph["system"]
    return [
        (start, end, side)
        for start, end, actions in graph.edges(data="actions")
        for side in (True, False)
        if any(system[name] is side for name in actions)
    ]


@SHIPPED
def test_every_arrow_points_where_its_steps_lead(name: str) -> None:
    """The one head of an arrow is at the end of its steps, also where it is laid out from late to early."""
    graph, text = shipped(name), dot_text(shipped(name))
    order = list(graph)
    for start, end, system in sides(graph):
        if start != end:
            down = order.index(start) < order.index(end)
            label = f'"{arrow_name(start, end, system)}"'
            above, below = (start, end) if down else (end, start)
            heads = [
                re.search(r'dir="(\w+)"', x) for x in text.splitlines() if f"{label} ->" in x or f"-> {label}" in x
            ]
            assert [head and head.group(1) for head in heads] == (["none", "forward"] if down else ["back", "none"])
            assert text.index(f'"{above}" -> {label}') < text.index(f'{label} -> "{below}"')


@SHIPPED
def test_start_and_end_are_marked(name: str) -> None:
    """A dot leads to where a run begins, a double border is around where it may end, and nowhere else."""
    graph, text = shipped(name), dot_text(shipped(name))
    for node, attributes in graph.nodes(data=True):
        assert (f'"start {node}" -> "{node}"' in text) is bool(attributes["start"])
        assert ('peripheries="2"' in lines(graph, node)[0]) is bool(attributes["final"])


def test_a_frame_is_around_what_leads_to_each_other() -> None:
    """The frames are the components of the condensation that have several nodes; none is around the whole graph."""
    graph = graph_of(keep_mapped, "place", "life")
    parts = [sorted(part) for part in nx.strongly_connected_components(graph) if len(part) > 1]
    assert sorted(map(sorted, rounds(graph))) == sorted(parts)
    assert dot_text(graph).count("subgraph cluster_") == len(parts) > 1
    live = next(part for part in rounds(graph) if "2 FREE | LIVE" in part)
    assert {node for node in graph if node.endswith("LIVE")} == set(live)
    assert rounds(shipped("keep_mapped")) == []


def test_what_is_wrong_is_red() -> None:
    """A node with a violated invariant is red and names it; its line is thick where the number of steps is least."""
    graph = folded(states_of_bug("b28_returned_twice_on_a_full_tx_ring"), ("place",))
    text = dot_text(graph)
    for node, attributes in graph.nodes(data=True):
        (box,) = lines(graph, node)
        assert (f'color="{WRONG}"' in box) is bool(attributes["breaks"])
    assert 'penwidth="3"' in lines(graph, "POOL, TX")[0]
    assert 'penwidth="3"' not in lines(graph, "FREE, POOL")[0]
    assert ">first after 10 steps<" in lines(graph, "POOL, TX")[0]
    assert "red: an invariant is broken" in text
    assert WRONG not in dot_text(shipped("keep_mapped"))


def test_a_step_that_is_wrong_is_red_too() -> None:
    """So is the arrow of a step that breaks an invariant, the box within which one does, and that of a deadlock."""
    graph = folded(states_of_bug("a_clone_recycles_too"), ("place",))
    label = '"FREE, STACK -> FREE, POOL"'
    red = [line for line in dot_text(graph).splitlines() if label in line and f'color="{WRONG}"' in line]
    assert len(red) == 3
    assert "30 break: only the last" in red[0]
    within = folded(states_of_bug("a_clone_recycles_too"), ("bind",))
    assert any("steps within break:" in line for node in within for line in lines(within, node))
    assert ">1 deadlock<" in lines(graph_of(driver(STUCK)), "2 STACK")[0]
    assert "deadlock" not in dot_text(shipped("yardstick"))


def test_two_interpreters_draw_the_same() -> None:
    """The text does not depend on the order of sets."""
    script = (
        "from models.yardstick import MODEL as m; from checkers.draw.states import *;"
        "from checkers.draw.states_picture import *;"
        "g = state_graph(m, m.sizes('tiny', {}), m.symmetric); print(dot_text(folded(g, ('owner',))), end='')"
    )
    for seed in ("1", "2"):
        env = {"PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
        run = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, check=True)
        assert run.stdout.decode() == dot_text(shipped("yardstick"))


@pytest.mark.parametrize("name", ["keep_mapped", "yardstick"])
def test_graphviz_draws_it(name: str) -> None:
    """In the SVG stand all names of nodes and actions, and each arrow is in two pieces, with one at the start."""
    graph = shipped(name)
    root = ET.fromstring(render(dot_text(graph), "svg"))
    texts = {text.strip() for text in root.itertext()}
    arrows = [edge for edge in sides(graph) if edge[0] != edge[1]]
    assert set(graph) | {a for start, end, _ in arrows for a in graph.edges[start, end]["actions"]} <= texts
    pieces = [e for e in root.iter("{http://www.w3.org/2000/svg}g") if e.get("class") == "edge"]
    assert len(pieces) == 2 * len(arrows) + 1
