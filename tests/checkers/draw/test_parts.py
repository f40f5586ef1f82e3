# SPDX-License-Identifier: MIT
"""Pictures of pages whose parts have places of their own: each part is shown, and that it is one of its page."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from checkers.draw.lanes import Lanes, lanes, subjects
from checkers.draw.lanes_picture import Plan, ink, svg
from checkers.draw.ownership import dot_text, ownership_graph
from checkers.draw.states import folded, state_graph
from checkers.explore.search import explore
from spec.dsl import Machine, SpecError, World
from tests.machines import module

PAGE = Path(__file__).parents[3] / "docs" / "own-state.md"
TEXT = re.search(r"```python parts.py\n(.*?)```", PAGE.read_text(), re.DOTALL)


@cache
def machine() -> Machine:
    """The model of pages that are cut in two, from the page on a state of one's own."""
    assert TEXT
    made: Machine = module(TEXT[1]).MODEL
    return made


@cache
def run() -> Lanes:
    """A page goes home while a device reads one of its parts."""
    sizes = machine().sizes("tiny", {})
    seen = explore(machine(), sizes, machine().symmetric)
    found = seen.violated["no_device_reads_a_page_at_home"]
    return lanes(seen.world, found.trace, ("parts", "a run"), "So it is.", ("A",))


def test_each_part_has_a_path_with_the_name_of_its_page() -> None:
    """A.0 and A.1 are two paths in the colour of page A; B's are in another."""
    assert list(run().pages) == ["A.0", "A.1", "B.0", "B.1"]
    colours = [ink(Plan(run()), name) for name in run().pages]
    assert colours[0] == colours[1] != colours[2] == colours[3]
    words = {"".join(e.itertext()) for e in ElementTree.fromstring(svg(run())).iter("{http://www.w3.org/2000/svg}text")}
    assert {"A.0", "A.1", "B.0", "B.1"} <= words


def test_a_step_of_a_page_is_about_all_its_parts_and_a_step_of_a_part_about_one() -> None:
    """`cut(A)` moves both; `send(A, frag0, eth0)` is about the first alone."""
    about = {row.action: (row.about, row.moved) for row in run().rows}
    assert about["cut"] == (frozenset({"A.0", "A.1"}), frozenset({"A.0", "A.1"}))
    assert about["send"] == (frozenset({"A.0"}), frozenset())


def test_only_one_page_is_shown_with_its_parts() -> None:
    """`--only-page B` leaves out those of other pages."""
    world = World(machine(), machine().sizes("tiny", {}))
    assert list(subjects(world, "B")) == ["B.0", "B.1"]


def test_the_ownership_graph_has_the_moves_of_parts() -> None:
    """A row moves every part from its place; an action of one part moves that one."""
    graph = ownership_graph(machine(), machine().sizes("tiny", {}))
    moves = {(start, end, name) for start, end, name in graph.edges(keys=True)}
    assert {("POOL", "STACK", "cut"), ("STACK", "RING", "post"), ("STACK", "POOL", "go_home")} <= moves
    assert ("POOL", "RING", "post") not in moves
    assert graph.graph["subject"] == "frag"
    assert "place[" not in dot_text(graph)


def test_a_folded_state_keeps_the_parts_of_a_page_together() -> None:
    """Two pages of which one is out are not two parts out of two pages."""
    graph = folded(state_graph(machine(), machine().sizes("tiny", {}), machine().symmetric), ("place",))
    assert "2 (2 POOL)" in graph
    assert "(2 POOL), (POOL, RING)" not in graph
    assert {"(2 POOL), (2 STACK)", "(2 POOL), (RING, STACK)"} <= set(graph)


def test_a_place_of_three_keys_is_refused() -> None:
    """A picture shows pages, or their parts."""
    assert TEXT
    text = (
        TEXT[1]
        .replace("place=Parts.place", "place=Parts.deep")
        .replace(
            "    link = variable",
            '    deep = field((Page, Frag, Device), Place, Place.POOL, "deep")\n    link = variable',
        )
    )
    with pytest.raises(
        SpecError, match="must hold an Enum for each Page, or for each Page and member of one other sort"
    ):
        ownership_graph(module(text).MODEL, machine().sizes("tiny", {}))
