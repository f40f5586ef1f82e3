# SPDX-License-Identifier: MIT
"""The ownership graph and its pictures."""

from __future__ import annotations

import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from checkers.draw import graphviz_tool
from checkers.draw.graphviz_tool import DrawingError, render
from checkers.draw.ownership import dot_text, draw, everyday_round, levels, ownership_graph
from checkers.draw.style import COLOUR, LINE
from models.per_packet import MODEL as per_packet
from models.yardstick import MODEL as yardstick
from spec.dsl import Kind, Machine, Sort, SpecError, State, World, drop, field, instead, members, require
from spec.dsl.ir import changed, first_sort
from spec.ownership import ownership

SHIPPED = [pytest.param(m, id=m.name) for m in (ownership, yardstick)]


def tiny(machine: Machine) -> dict[str, int]:
    return machine.sizes("tiny", {})


@cache
def graph_of(name: str) -> nx.MultiDiGraph[str]:
    machine = {m.name: m for m in (ownership, yardstick)}[name]
    return ownership_graph(machine, tiny(machine))


def edge(graph: nx.MultiDiGraph[str], start: str, end: str, action: str) -> dict[str, Any]:
    found: dict[str, Any] = graph.edges[start, end, action]
    return found


# -- what is on the graph ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("machine", SHIPPED)
def test_places_are_the_nodes_with_their_meaning(machine: Machine) -> None:
    """Each value of the place field is a node that carries its meaning, in order of declaration."""
    assert machine.place
    meanings = {name: attributes["meaning"] for name, attributes in graph_of(machine.name).nodes(data=True)}
    assert list(meanings.items()) == [(place.name, place.value) for place in machine.place.domain.base]


@pytest.mark.parametrize("machine", SHIPPED)
def test_edges_are_what_a_search_without_symmetry_finds(machine: Machine) -> None:
    """The edges are exactly the (action, place before, place after) of every step of every reachable state."""
    graph = graph_of(machine.name)
    assert {(name, start, end) for start, end, name in graph.edges(keys=True)} == set(brute_force(machine))


def brute_force(machine: Machine) -> Iterator[tuple[str, str, str]]:
    """Every move of every page argument, from plain dictionaries of all reachable states."""
    world, page = World(machine, tiny(machine)), first_sort(machine)
    assert machine.place
    queue = world.initial()
    known = set(queue)
    for code in queue:
        places: dict[Sort, Enum] = world.values(code)[machine.place.name]
        for number, after in list(world.successors(code)):
            instance = world.instances[number]
            for moved in (a for a in instance.args if type(a) is page):
                yield instance.action.name, places[moved].name, world.values(after)[machine.place.name][moved].name
            if after not in known:
                known.add(after)
                queue.append(after)


@pytest.mark.parametrize("machine", SHIPPED)
def test_every_action_is_on_the_picture(machine: Machine) -> None:
    """An action with a page is on an edge, any other stands aside, and the text names each."""
    graph, page = graph_of(machine.name), first_sort(machine)
    with_a_page = {a.name for a in machine.actions if page in [v.sort for v in a.params]}
    assert {name for _, _, name in graph.edges(keys=True)} == with_a_page
    assert {name for name, _ in graph.graph["aside"]} == {a.name for a in machine.actions} - with_a_page
    assert all(f">{a.name}<" in dot_text(graph) for a in machine.actions)


@pytest.mark.parametrize("machine", SHIPPED)
def test_edges_of_system_and_environment_are_distinguished(machine: Machine) -> None:
    """Every edge knows whose it is."""
    system = {a.name: a.system for a in machine.actions}
    for _, _, name, attributes in graph_of(machine.name).edges(keys=True, data=True):
        assert attributes["system"] == system[name]


def test_effects_name_changes_of_mapping_and_references() -> None:
    """Labels come from the assignments: of which mapping, of which references, and whether in some cases only."""
    graph = graph_of("ownership")
    assert edge(graph, "FREE", "POOL", "alloc_into_pool")["effects"] == ("home := pool", "dma[pool] := DEVICE")
    assert edge(graph, "STACK", "STACK", "clone")["effects"] == ("refs + 1",)
    assert edge(graph, "STACK", "STACK", "get_page")["effects"] == ("foreign := yes",)
    assert edge(graph, "POOL", "RX_RING", "rx_post")["effects"] == ()
    assert edge(graph, "TX", "POOL", "tx_complete")["effects"] == (
        "tx_dev := nobody",
        "maybe dma[dev] := UNMAPPED",
        "maybe dma[home] := DEVICE",
    )
    assert "tx_dev := device_of[pool]" in edge(graph, "STACK", "TX", "xdp_tx")["effects"]


def test_an_assignment_that_never_changes_anything_is_left_out() -> None:
    """refill sets dirty to no, but a page in the allocator is never dirty."""
    assert not any("dirty" in e for e in edge(graph_of("yardstick"), "ALLOC", "POOL", "refill")["effects"])


def test_an_action_has_other_effects_on_other_edges() -> None:
    """tx_complete keeps the references when the page stays with the stack, and drops none when it goes home."""
    graph = graph_of("ownership")
    assert "maybe dma[home] := DEVICE" not in edge(graph, "TX", "STACK", "tx_complete")["effects"]


@pytest.mark.parametrize(
    ("changes", "where", "effect"),
    [
        (drop("give_to_device", "s.dma_owner[page] = DmaOwner.DEV"), ("STACK", "TX", "xmit"), "dma_owner := DEV"),
        (drop("refill", "s.mapped[page, dev] = True"), ("ALLOC", "POOL", "refill"), "mapped[dev] := yes"),
        (
            instead("drop", "give(s, page, Owner.POOL, s.origin[page])", "give(s, page, Owner.ALLOC, s.origin[page])"),
            ("STACK", "POOL", "drop"),
            "at := origin",
        ),
    ],
)
def test_a_planted_wrong_effect_changes_the_picture(changes: Any, where: tuple[str, str, str], effect: str) -> None:
    """A forgotten or a wrong assignment is gone from the graph, and the text is another one."""
    sound, broken = graph_of("yardstick"), ownership_graph(changed(yardstick, "planted", changes), tiny(yardstick))
    assert effect in sound.edges[where]["effects"]
    assert not broken.has_edge(*where) or effect not in broken.edges[where]["effects"]
    assert dot_text(sound) != dot_text(broken)


# -- a machine of one's own ----------------------------------------------------------------------------------------


class Buffer(Sort, called="{letter}"):
    """A buffer."""


class Where(Kind):
    """Where it is."""

    OUT = 'out & "about"'
    IN = "<in>"
    NOWHERE = "never reached"


class Shelf(State):
    """Buffers in or out."""

    buffers = members(Buffer)
    where = field(Buffer, Where, Where.OUT, "where it is; written by in_and_out")
    worn = field(Buffer, bool, False, "it was used; written by in_and_out")


def take_in(s: Shelf, one: Buffer) -> None:
    """It comes in."""
    require(s.where[one] == Where.OUT)

    s.where[one] = Where.IN


def put_out(s: Shelf, one: Buffer) -> None:
    """It goes out."""
    require(s.where[one] == Where.IN)

    s.where[one] = Where.OUT
    s.worn[one] = True


shelf = Machine(
    name="shelf",
    doc="Two places and one that is never reached.",
    state=Shelf,
    system=(take_in, put_out),
    scopes={"tiny": dict(buffers=1)},
    symmetric=(Buffer,),
    place=Shelf.where,
)


def test_a_small_machine_of_any_kind_can_be_drawn(tmp_path: Path) -> None:
    """A round of two places, a place never reached, and meanings full of special characters are no trouble."""
    graph = ownership_graph(shelf, tiny(shelf))
    assert everyday_round(graph) == ["OUT", "IN"]
    draw(shelf, tiny(shelf), tmp_path / "shelf.svg")
    texts = "".join(ET.parse(tmp_path / "shelf.svg").getroot().itertext())
    assert all(meaning in texts for meaning in ('out & "about"', "<in>", "never reached"))
    assert "moves no buffer" not in texts


def test_an_action_that_never_happens_is_marked() -> None:
    """What the scope never shows is not passed over in silence."""
    never = changed(shelf, "never", instead("take_in", "require(s.where[one] == Where.OUT)", "require(s.worn[one])"))
    assert ("take_in", {"system": True, "effects": ("never happens in this scope",)}) in ownership_graph(
        never, tiny(never)
    ).graph["aside"]


def test_a_machine_without_place_is_refused() -> None:
    """Without place= there is nothing to draw; the error shows how to declare it."""
    with pytest.raises(SpecError, match=r"yardstick does not say where a Page is; give it place="):
        ownership_graph(replace(yardstick, place=None), tiny(yardstick))
    with pytest.raises(SpecError, match=r"place=dirty of yardstick must hold an Enum for each Page"):
        ownership_graph(replace(yardstick, place=yardstick.shape.fields["dirty"]), tiny(yardstick))


# -- the picture ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("machine", "around"),
    [(ownership, ["POOL", "RX_RING", "STACK", "TX"]), (yardstick, ["POOL", "RX", "STACK", "TX"])],
    ids=["ownership", "yardstick"],
)
def test_the_everyday_round_is_found_and_drawn_as_a_round(machine: Machine, around: list[str]) -> None:
    """Pool, RX ring, stack, TX and back: from the top down on one side, and up again on the other."""
    graph = graph_of(machine.name)
    assert everyday_round(graph) == around
    rows = levels(graph, around)
    assert [rows[place] for place in around] == [1, 2, 3, 2]
    assert [place for place, row in rows.items() if row == 0] == [next(iter(graph))]


def test_without_recycling_the_everyday_round_goes_through_the_allocator() -> None:
    """per_packet has no round of three places that leaves out the allocator, so its round starts there."""
    graph = ownership_graph(per_packet, tiny(per_packet))
    around = everyday_round(graph)
    assert around == ["FREE", "POOL", "RX_RING", "STACK", "TX"]
    assert [levels(graph, around)[place] for place in around] == [0, 1, 2, 3, 1]


@pytest.mark.parametrize("machine", SHIPPED)
def test_line_and_colour_distinguish_system_and_environment(machine: Machine) -> None:
    """Two arrows' pieces for each box, solid and blue for the system, dashed and vermillion for the environment."""
    lines = [line for line in dot_text(graph_of(machine.name)).splitlines() if "->" in line and "invis" not in line]
    for system in (True, False):
        mine = [line for line in lines if f'{LINE[system]}"' in line.split("[")[0]]
        assert mine
        assert all(f'color="{COLOUR[system]}", style="{LINE[system]}"' in line for line in mine)


@pytest.mark.parametrize("machine", SHIPPED)
def test_every_move_has_its_arrow(machine: Machine) -> None:
    """From a place to a box and from the box to a place, for every pair of places that some action connects."""
    graph = graph_of(machine.name)
    moves = {
        (start, end, LINE[attributes["system"]]) for start, end, attributes in graph.edges(data=True) if start != end
    }
    halves = {
        half for start, end, line in moves for box in [f"{start} {end} {line}"] for half in [(start, box), (box, end)]
    }
    assert set(pieces(dot_text(graph))) == halves


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """The lines of a picture, in the direction of their arrow heads or, without a head, away from the box."""
    for line in text.splitlines():
        if "->" in line and "invis" not in line:
            above, below = (end.strip().strip('"') for end in line.split("[")[0].split("->"))
            upwards = 'dir="back"' in line or (" " in above and 'dir="none"' in line)
            yield (below, above) if upwards else (above, below)


def test_two_runs_give_the_same_text() -> None:
    """The text does not depend on the order of sets: it is the same with other hash seeds."""
    script = (
        "from spec.ownership import ownership as m; from checkers.draw.ownership import *;"
        "print(dot_text(ownership_graph(m, m.sizes('tiny', {}))), end='')"
    )
    for seed in ("1", "2"):
        env = {"PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
        run = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, check=True)
        assert run.stdout.decode() == dot_text(graph_of("ownership"))


@pytest.mark.parametrize("machine", SHIPPED)
def test_shipped_machines_draw_in_every_format(machine: Machine, tmp_path: Path) -> None:
    """SVG with every action and place in it, a PNG no wider than a README can show, and the text itself."""
    for ending in (".svg", ".png", ".dot"):
        draw(machine, tiny(machine), tmp_path / f"picture{ending}")
    texts = {text.strip() for text in ET.parse(tmp_path / "picture.svg").getroot().itertext()}
    assert {a.name for a in machine.actions} | set(graph_of(machine.name)) <= texts
    data = (tmp_path / "picture.png").read_bytes()
    assert data.startswith(b"\x89PNG")
    assert struct.unpack(">I", data[16:20])[0] < 1800
    assert (tmp_path / "picture.dot").read_text(encoding="utf-8") == dot_text(graph_of(machine.name))


@pytest.mark.parametrize("name", ["picture.jpg", "picture", "svg"])
def test_another_ending_is_refused(name: str, tmp_path: Path) -> None:
    """The error names the file, its ending and those that would do; nothing is written."""
    with pytest.raises(ValueError, match=rf"{name} ends in .*; a picture ends in \.svg, \.png, \.dot"):
        draw(yardstick, tiny(yardstick), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_capitals_are_an_ending_too(tmp_path: Path) -> None:
    """.DOT is .dot."""
    draw(yardstick, tiny(yardstick), tmp_path / "PICTURE.DOT")
    assert (tmp_path / "PICTURE.DOT").read_text(encoding="utf-8").startswith("digraph")


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    """An unwritable place is the caller's to report."""
    with pytest.raises(OSError, match=r"picture\.dot"):
        draw(yardstick, tiny(yardstick), tmp_path / "missing" / "picture.dot")


# -- where Graphviz comes from -------------------------------------------------------------------------------------


def fake_dot(folder: Path, script: str) -> None:
    program = folder / "dot"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_a_dot_on_path_is_used_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program gets the format and the text, and its picture is the one returned."""
    fake_dot(tmp_path, f'echo "$@" > {tmp_path}/asked; /bin/cat > {tmp_path}/text; echo "<svg/>"')
    monkeypatch.setenv("PATH", str(tmp_path))
    assert render("digraph {a -> b}", "svg") == b"<svg/>\n"
    assert "-Tsvg" in (tmp_path / "asked").read_text()
    assert (tmp_path / "text").read_text().strip() == "digraph {a -> b}"


def test_a_dot_that_fails_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the program and has its first line of stderr."""
    fake_dot(tmp_path, "echo out of ink >&2; exit 3")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DrawingError, match=r"(?s)/dot: .*out of ink"):
        render("digraph {a -> b}", "svg")


@pytest.fixture
def no_dot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("no_dot")
def test_without_dot_the_wheel_draws_and_keeps_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    """The library makes both formats; its warnings about fonts are not printed."""
    assert b"<svg" in render("digraph {a -> b}", "svg")
    assert render("digraph {a -> b}", "png").startswith(b"\x89PNG")
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("no_dot")
@pytest.mark.parametrize("text", ["digraph {a -> }", "digraph {a [label=<<table><tr>no cell</tr></table>>]}"])
def test_an_error_of_the_library_is_reported(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A text that is wrong, and a table that is wrong, which the library would only mention."""
    with pytest.raises(DrawingError, match=r"(?i)error"):
        render(text, "svg")
    assert capfd.readouterr().err == ""


@pytest.mark.usefixtures("no_dot")
def test_neither_dot_nor_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names what to install."""
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(DrawingError, match=r"no `dot` on PATH and no pygraphviz .*; install one of them"):
        graphviz_tool.render("digraph {a}", "svg")


@pytest.mark.parametrize("machine", SHIPPED)
def test_abbreviations_are_in_the_legend(machine: Machine) -> None:
    """A cell whose key is not spelt out as in the spec is spelt out in the legend, and no other is."""
    graph, text = graph_of(machine.name), dot_text(graph_of(machine.name))
    known = {"dma[pool]": "dma[page, device_of[pool]]", "dma[home]": "dma[page, device_of[home[page]]]"}
    wanted = {short for short in known if short in text}
    assert graph.graph["short"] == {short: known[short] for short in wanted}
    assert all(f">{short}: {known[short]}<" in text for short in wanted)
    assert bool(wanted) is (machine.name != "yardstick")
