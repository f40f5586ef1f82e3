# SPDX-License-Identifier: MIT
"""The ownership graph of a machine as a picture: the places of a page, the actions that move it, and their effects.

It is made from every reachable state of a small scope: the moves from the states, their effects from the lifted paths
that were taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from itertools import zip_longest
from pathlib import Path
from textwrap import wrap
from typing import Any

import networkx as nx

from spec.dsl import Action, Machine, SpecError
from spec.dsl.ir import first_sort

from .moves import Move, MoveRecorder, Seen
from .style import (
    BOX,
    BREAK,
    COLOUR,
    FONT,
    GAP,
    GROUND,
    LINE,
    TABLE,
    action_name,
    described,
    look,
    plain,
    quoted,
    require_suffix,
    save,
)


def draw(machine: Machine, sizes: dict[str, int], out: Path) -> None:
    """Write the ownership graph as a picture; the suffix of the file decides the format."""
    require_suffix(out)
    graph = ownership_graph(machine, sizes)
    save(out, lambda dpi: dot_text(graph, dpi))


def ownership_graph(machine: Machine, sizes: dict[str, int]) -> nx.MultiDiGraph[str]:
    """Places as nodes, and for each action an edge between any two places between which it moves a page.

    Nodes have `meaning` and `start`; edges have the action's name as key, with `system` and `effects`. In the graph,
    `short` explains abbreviations in effects, and `aside` are the actions that move no page or never happen.
    """
    places = places_of(machine)
    recorder = MoveRecorder(machine, sizes)
    seen = recorder.run()
    scope = ", ".join(f"{name}={size}" for name, size in sizes.items())
    subject = machine.place.keys[-1].__name__.lower()
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(name=machine.name, scope=scope, subject=subject)
    graph.graph["aside"] = list(_aside(machine, seen))
    said = " ".join(phrase for happened in seen.values() for phrase in happened.phrases())
    graph.graph["short"] = {short: full for short, full in recorder.short.items() if short in said}
    for place in places:
        graph.add_node(place.name, meaning=str(place.value), start=place is machine.place.start)
    for action in machine.actions:
        for before in places:
            for after in places:
                if happened := seen.get((action.name, before, after)):
                    graph.add_edge(before.name, after.name, action.name, **_said(action, happened.phrases()))
    return graph


def places_of(machine: Machine) -> tuple[Enum, ...]:
    """The values of the place of a page; raises SpecError if the machine has none."""
    page = first_sort(machine)
    if machine.place is None:
        raise SpecError(f"{machine.name} does not say where a {page.__name__} is; give it place=, a field of the state")
    kind = machine.place.domain.base
    if machine.place.keys[:1] != (page,) or len(machine.place.keys) > 2 or not issubclass(kind, Enum):
        raise SpecError(
            f"place={machine.place} of {machine.name} must hold an Enum for each {page.__name__}, or for each "
            f"{page.__name__} and member of one other sort"
        )
    return tuple(kind)


def _said(action: Action, effects: tuple[str, ...]) -> dict[str, Any]:
    return {"system": action.system, "effects": effects}


def _aside(machine: Machine, seen: dict[Move, Seen]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The actions that move no page, and those that never happen."""
    for action in machine.actions:
        if not any(name == action.name for name, _, _ in seen):
            yield action.name, _said(action, ("never happens in this scope",))
        elif happened := seen.get((action.name, None, None)):
            yield action.name, _said(action, happened.phrases())


# -- where things stand on the picture -----------------------------------------------------------------------------


def everyday_round(graph: nx.MultiDiGraph[str]) -> list[str]:
    """The longest round of a page that leaves out where it started; if that has no three places, the longest of all."""
    inside = graph.subgraph([n for n, start in graph.nodes(data="start") if not start])
    found = _longest_round(inside, list(graph))
    return found if len(found) > 2 else _longest_round(graph, list(graph))


def _longest_round(graph: nx.MultiDiGraph[str], order: list[str]) -> list[str]:
    """The longest simple cycle, from its first place in order of declaration; of several the first in that order."""
    rounds, cycle = list[list[str]](), list[str]()
    for cycle in nx.simple_cycles(nx.DiGraph(graph)):
        at = cycle.index(min(cycle, key=order.index))
        rounds.append(cycle[at:] + cycle[:at])
    return min(rounds, key=lambda r: (-len(r), [order.index(n) for n in r]), default=[])


def levels(graph: nx.MultiDiGraph[str], around: list[str]) -> dict[str, int]:
    """The row of each place: the round is hung up by its first place, so that it goes down right and up left."""
    starts = [n for n, start in graph.nodes(data="start") if start and n not in around]
    rows = dict.fromkeys(starts, 0)
    bottom = (len(around) + 1) // 2
    rows |= {n: (i if i <= bottom else len(around) - i) + bool(starts) for i, n in enumerate(around)}
    for near, places in nx.bfs_successors(graph, next(iter(rows), next(iter(graph)))):
        for place in places:
            rows.setdefault(place, rows.get(near, 0) + 1)
    return {n: rows.get(n, 0) for n in graph}


# -- the text that Graphviz lays out -------------------------------------------------------------------------------

Deed = tuple[str, dict[str, Any]]
"""An action by name, with its `system` and `effects`."""


PAPER = {
    "bgcolor": "white",
    "fontname": FONT,
    "fontsize": 11,
    "labelloc": "t",
    "nodesep": 0.2,
    "ranksep": 0.3,
    "pad": 0.15,
}
THICK, THIN = {"penwidth": 4, "arrowsize": 0.7, "weight": 9}, {"penwidth": 1.5, "arrowsize": 0.9}
MANY, ROOM = 6, 0.6
"""More actions than these are shown in two columns; the inches a place keeps for each arrow."""


def dot_text(graph: nx.MultiDiGraph[str], dpi: str = "") -> str:
    """The picture in Graphviz' language.

    Actions that take a page the same way share an arrow and the box on it, the system's and the environment's
    apart; what leaves a page where it is stands inside its place. Arrows of the everyday round are thick.
    """
    around = everyday_round(graph)
    rows, thick = levels(graph, around), set(zip(around, around[1:] + around[:1], strict=True))
    paper = PAPER | _described(graph) | {"label": f"<{_header(graph)}>"} | ({"dpi": dpi} if dpi else {})
    lines = [look("graph", **paper), look("node", **BOX)]
    lines += [_place(graph, name) for name in graph]
    lines += _in_rows(rows, around)
    for (start, end, system), deeds in _bundles(graph).items():
        if start != end:
            lines += _arrow(start, end, system, deeds, rows[start] <= rows[end], (start, end) in thick)
    return "\n  ".join([f"digraph {quoted(graph.name)} {{", *lines]) + "\n}\n"


def _described(graph: nx.MultiDiGraph[str]) -> dict[str, str]:
    """What the picture shows, for who cannot see it."""
    places = (f"{name}: {meaning}" for name, meaning in graph.nodes(data="meaning"))
    moves = (f"{a} to {b}: {', '.join(n for n, _ in ds)}" for (a, b, _), ds in _bundles(graph).items() if a != b)
    return described(f"{graph.name}: where a {graph.graph['subject']} can be, and what moves it", (*places, *moves))


def _bundles(graph: nx.MultiDiGraph[str]) -> dict[tuple[str, str, bool], list[Deed]]:
    """The actions that take a page from one place to another, the system's apart from its environment's."""
    found: dict[tuple[str, str, bool], list[Deed]] = {}
    for start, end, name, said in graph.edges(keys=True, data=True):
        found.setdefault((start, end, said["system"]), []).append((name, said))
    return found


def _in_rows(rows: dict[str, int], around: list[str]) -> Iterator[str]:
    """Places of one row stand side by side, the way down of the round to the right of its way up."""
    for row in sorted(set(rows.values())):
        yield f"{{rank=same; {'; '.join(quoted(n) for n in rows if rows[n] == row)}}}"
    for right, left in zip(around[1:], reversed(around), strict=False):
        if rows[right] == rows[left] and around.index(right) < around.index(left):
            yield look(f"{quoted(left)} -> {quoted(right)}", style="invis")


def _arrow(start: str, end: str, system: bool, deeds: list[Deed], down: bool, thick: bool) -> Iterator[str]:
    """An arrow with a box on it; it is laid out downwards either way, so that the rows stay as they are."""
    line = {"color": COLOUR[system], "style": LINE[system]} | (THICK if thick else THIN)
    box = quoted(f"{start} {end} {LINE[system]}")
    frame = {"color": COLOUR[system], "style": LINE[system], "penwidth": 0.8, "margin": "0.08,0.05"}
    yield look(box, **frame, label=f"<{_stacked(deeds)}>")
    above, below = map(quoted, (start, end) if down else (end, start))
    yield look(f"{above} -> {box}", **line, dir="none" if down else "back")
    yield look(f"{box} -> {below}", **line, dir="forward" if down else "none")


def _place(graph: nx.MultiDiGraph[str], name: str) -> str:
    """A place with its meaning, and with what happens to a page that stays there."""
    here = [d for (start, end, _), deeds in _bundles(graph).items() if start == end == name for d in deeds]
    meaning = "<br/>".join(plain(line) for line in wrap(graph.nodes[name]["meaning"], 60 if len(here) > MANY else 30))
    label = f'<tr><td><b><font point-size="15">{plain(name)}</font></b></td></tr><tr><td>{meaning}</td></tr>'
    if here:
        label += f"<hr/><tr><td>{_side_by_side(here)}</td></tr>"
    arrows = sum(start != end and name in (start, end) for start, end, _ in _bundles(graph))
    shape = {"style": "rounded,filled", "fillcolor": GROUND, "width": ROOM * arrows}
    return look(quoted(name), **shape, label=f"<{TABLE}{label}</table>>")


def _side_by_side(deeds: list[Deed]) -> str:
    """Names in one column, what they do in another; many of them as the system's and its environment's."""
    if len(deeds) <= MANY:
        rows = [_line(deed, 42) for deed in deeds]
    else:
        sides = [[_line(d, 99) for d in deeds if d[1]["system"] is system] for system in (True, False)]
        rows = [left + GAP + right for left, right in zip_longest(*sides, fillvalue="<td></td><td></td>")]
    return TABLE + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"


def _line(deed: Deed, width: int) -> str:
    said = f'<td align="left">{_effects(deed[1]["effects"], width)}</td>'
    return f'<td align="left" valign="top">{_name(deed)}&#160;&#160;</td>{said}'


def _stacked(deeds: list[Deed]) -> str:
    """Names with what they do below them; those that do the same are named together."""
    symmetric: dict[tuple[str, ...], list[str]] = {}
    for deed in deeds:
        symmetric.setdefault(deed[1]["effects"], []).append(_name(deed))
    pairs = ((*_listed(names), _effects(effects, 34)) for effects, names in symmetric.items())
    cells = (cell for pair in pairs for cell in pair)
    return TABLE + "".join(f'<tr><td align="left">{cell}</td></tr>' for cell in cells if cell) + "</table>"


def _listed(names: list[str]) -> list[str]:
    """Names in lines of their own, with commas between them."""
    return [f"{name}," for name in names[:-1]] + names[-1:]


def _name(deed: Deed) -> str:
    name, said = deed
    return action_name(name, said["system"])


def _effects(effects: tuple[str, ...], width: int) -> str:
    """The effects in lines of some width; none is broken."""
    lines: list[str] = []
    for effect in effects:
        if lines and len(lines[-1]) + len(effect) + 2 <= width:
            lines[-1] += f", {effect}"
        else:
            lines.append(effect)
    return f'<font point-size="10">{BREAK.join(map(plain, lines))}{BREAK}</font>' if lines else ""


def _header(graph: nx.MultiDiGraph[str]) -> str:
    """What the picture is of, how to read it, and beside that what it cannot show as an arrow."""
    legend = [
        f'<b><font point-size="15">{plain(graph.name)}</font></b>',
        f'<font color="{COLOUR[True]}"><b>━━▶  the system</b></font>',
        f'<font color="{COLOUR[False]}"><b>╍╍▶  <i>its environment</i></b></font>',
        "thick: the everyday round",
        "maybe: in some cases only",
        "a step does all at once, from the values before it",
        f"without a key: of the {graph.graph['subject']} that moves",
        *(f"{plain(short)}: {plain(full)}" for short, full in graph.graph["short"].items()),
    ]
    left = [f'<td align="left">{line}</td>' for line in legend]
    right = [f'<td colspan="2" align="left">moves no {graph.graph["subject"]}:</td>'] if graph.graph["aside"] else []
    right += [_line(deed, 99) for deed in graph.graph["aside"]]
    rows = [f"{one}{GAP}{other}" for one, other in zip_longest(left, right, fillvalue="<td></td>")]
    scope = f'<td colspan="4" align="left"><font point-size="9">seen with {plain(graph.graph["scope"])}</font></td>'
    return TABLE + "".join(f"<tr>{row}</tr>" for row in (*rows, scope, '<td height="5"></td>')) + "</table>"
