"""The ownership graph of a machine as a picture: where a page can be, what moves it, and what that does to it.

Nothing is drawn by hand. Which action leads from where to where is found by running every reachable state of a
small scope; what it does there is read off its lifted paths, those that were taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from html import escape
from pathlib import Path
from textwrap import wrap
from typing import Any

import networkx as nx

from spec.dsl import Machine, SpecError
from spec.dsl.machine import Action, first_sort

from .graphviz_tool import render
from .moves import Move, Seen, Watch

ENDINGS = (".svg", ".png", ".dot")
SYSTEM, ENVIRONMENT = "#0072B2", "#C04E00"
"""Blue and vermillion: told apart by every eye, and dark enough to be read on white."""
FONT = "DejaVu Sans,Verdana,Helvetica,sans-serif"
SHARP = "144"
"""Dots an inch in a PNG, so that it is sharp where it is shown smaller."""


def draw(machine: Machine, sizes: dict[str, int], out: Path) -> None:
    """Write the ownership graph as a picture; the ending of the file says of which kind."""
    if out.suffix not in ENDINGS:
        raise ValueError(f"{out.name} ends in {out.suffix or 'nothing'!r}; a picture ends in {', '.join(ENDINGS)}")
    graph = ownership_graph(machine, sizes)
    if out.suffix == ".dot":
        out.write_text(dot_text(graph), encoding="utf-8")
    elif out.suffix == ".svg":
        out.write_bytes(render(dot_text(graph), "svg"))
    else:
        out.write_bytes(render(dot_text(graph, dpi=SHARP), "png"))


def ownership_graph(machine: Machine, sizes: dict[str, int]) -> nx.MultiDiGraph[str]:
    """Places as nodes, and for each action an edge from every place to every place it was seen to take a page.

    Nodes carry `meaning` and `start`; edges have the action's name as key, and carry `system` and `effects`.
    What no page takes part in, and what was never seen to happen, is listed in the graph's `aside`.
    """
    places = _places(machine)
    seen = Watch(machine, sizes).run()
    scope = ", ".join(f"{name}={size}" for name, size in sizes.items())
    graph = nx.MultiDiGraph(name=machine.name, scope=scope, aside=list(_aside(machine, seen)))
    for place in places:
        graph.add_node(place.name, meaning=str(place.value), start=place is machine.place.start)
    for action in machine.actions:
        for before in places:
            for after in places:
                if happened := seen.get((action.name, before, after)):
                    graph.add_edge(before.name, after.name, action.name, **_said(action, happened.phrases()))
    return graph


def _places(machine: Machine) -> tuple[Enum, ...]:
    """The values of the field that says where a page is."""
    page = first_sort(machine)
    if machine.place is None:
        raise SpecError(f"{machine.name} does not say where a {page.__name__} is; give it place=, a field of the state")
    kind = machine.place.domain.base
    if machine.place.keys != (page,) or not issubclass(kind, Enum):
        raise SpecError(f"place={machine.place} of {machine.name} must hold an Enum for each {page.__name__}")
    return tuple(kind)


def _said(action: Action, effects: tuple[str, ...]) -> dict[str, Any]:
    return {"system": action.system, "effects": effects}


def _aside(machine: Machine, seen: dict[Move, Seen]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The actions that no page takes part in, and those that never happened."""
    for action in machine.actions:
        if not any(name == action.name for name, _, _ in seen):
            yield action.name, _said(action, ("never happens in this scope",))
        elif happened := seen.get((action.name, None, None)):
            yield action.name, _said(action, happened.phrases())


# -- where things stand on the picture -----------------------------------------------------------------------------


def everyday_round(graph: nx.MultiDiGraph[str]) -> list[str]:
    """The longest round a page can go without passing its start; if that takes in no three places, the longest of all."""
    inside = graph.subgraph([n for n, start in graph.nodes(data="start") if not start])
    found = _longest_round(inside, list(graph))
    return found if len(found) > 2 else _longest_round(graph, list(graph))


def _longest_round(graph: nx.MultiDiGraph[str], order: list[str]) -> list[str]:
    """The longest simple cycle, from its first place in order of declaration; of several the first in that order."""
    rounds = []
    for cycle in nx.simple_cycles(nx.DiGraph(graph)):
        at = cycle.index(min(cycle, key=order.index))
        rounds.append(cycle[at:] + cycle[:at])
    return min(rounds, key=lambda r: (-len(r), [order.index(n) for n in r]), default=[])


def levels(graph: nx.MultiDiGraph[str], around: list[str]) -> dict[str, int]:
    """The row of each place: the round is hung up by its first place, so that it goes down right and up left."""
    starts = [n for n, start in graph.nodes(data="start") if start and n not in around]
    rows = dict.fromkeys(starts, 0)
    rows |= {n: min(i, len(around) - i) + bool(starts) for i, n in enumerate(around)}
    for near, places in nx.bfs_successors(graph, next(iter(rows), next(iter(graph)))):
        for place in places:
            rows.setdefault(place, rows.get(near, 0) + 1)
    return {n: rows.get(n, 0) for n in graph}


# -- the text that Graphviz lays out -------------------------------------------------------------------------------

Deed = tuple[str, dict[str, Any]]
"""An action by name, with its `system` and `effects`."""


def dot_text(graph: nx.MultiDiGraph[str], dpi: str = "") -> str:
    """The picture in Graphviz' language.

    Actions that take a page the same way share an arrow and the box on it, the system's and the environment's
    apart; what leaves a page where it is stands inside its place. Arrows of the everyday round are thick.
    """
    around = everyday_round(graph)
    rows, thick = levels(graph, around), set(zip(around, around[1:] + around[:1], strict=True))
    lines = [f"digraph {_quoted(graph.name)} {{", *_defaults(dpi), *_corners(graph)]
    lines += [_place(graph, name) for name in graph]
    lines += _in_rows(rows, around)
    for (start, end, system), deeds in _bundles(graph).items():
        if start != end:
            look = f'color="{_colour(system)}", style={"solid" if system else "dashed"}'
            look += f", penwidth={4 if (start, end) in thick else 1.5}, weight={9 if (start, end) in thick else 1}"
            lines += _arrow(start, end, deeds, look, down=rows[start] <= rows[end])
    return "\n".join([*lines, "}", ""])


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _colour(system: bool) -> str:
    return SYSTEM if system else ENVIRONMENT


def _defaults(dpi: str) -> list[str]:
    sharp = f"dpi={dpi}, " if dpi else ""
    return [
        f'graph [{sharp}bgcolor=white, fontname="{FONT}", nodesep=0.2, ranksep=0.22, pad=0.15]',
        f'node [fontname="{FONT}", fontsize=11, shape=box, style="rounded,filled", fillcolor="#EFEFEF", penwidth=1.5]',
        'edge [arrowsize=0.9]',
    ]


def _bundles(graph: nx.MultiDiGraph[str]) -> dict[tuple[str, str, bool], list[Deed]]:
    """The actions that take a page from one place to another, the system's apart from its environment's."""
    found: dict[tuple[str, str, bool], list[Deed]] = {}
    for start, end, name, said in graph.edges(keys=True, data=True):
        found.setdefault((start, end, said["system"]), []).append((name, said))
    return found


def _in_rows(rows: dict[str, int], around: list[str]) -> Iterator[str]:
    """Places of one row stand side by side, the way down of the round to the right of its way up."""
    for row in sorted(set(rows.values())):
        yield f"{{rank=same; {'; '.join(_quoted(n) for n in rows if rows[n] == row)}}}"
    for right, left in zip(around[1:], reversed(around), strict=False):
        if rows[right] == rows[left] and around.index(right) < around.index(left):
            yield f"{_quoted(left)} -> {_quoted(right)} [style=invis]"


def _arrow(start: str, end: str, deeds: list[Deed], look: str, down: bool) -> Iterator[str]:
    """An arrow with a box on it; it is laid out downwards either way, so that the rows stay as they are."""
    box = f"{start} {end} {deeds[0][1]['system']}"
    yield f'{_quoted(box)} [style={"filled" if deeds[0][1]["system"] else "\"filled,dashed\""}, fillcolor=white, color="{_colour(deeds[0][1]["system"])}", penwidth=0.8, margin="0.06,0.04", width=0, height=0, label=<{_stacked(deeds)}>]'
    first, last = ("none", "forward") if down else ("back", "none")
    above, below = (start, end) if down else (end, start)
    yield f"{_quoted(above)} -> {_quoted(box)} [{look}, dir={first}]"
    yield f"{_quoted(box)} -> {_quoted(below)} [{look}, dir={last}]"


TABLE = '<table border="0" cellborder="0" cellspacing="0" cellpadding="1">'


def _place(graph: nx.MultiDiGraph[str], name: str) -> str:
    here = [d for (start, end, _), deeds in _bundles(graph).items() if start == end == name for d in deeds]
    meaning = "<br/>".join(escape(line) for line in wrap(graph.nodes[name]["meaning"], 60 if len(here) > 6 else 30))
    label = f'<tr><td><b><font point-size="15">{escape(name)}</font></b></td></tr><tr><td>{meaning}</td></tr>'
    if here:
        label += f"<hr/><tr><td>{_side_by_side(here)}</td></tr>"
    return f"{_quoted(name)} [label=<{TABLE}{label}</table>>]"


def _side_by_side(deeds: list[Deed]) -> str:
    """Names in one column, what they do in another; many of them as two such tables."""
    sides = [[d for d in deeds if d[1]["system"] is system] for system in (True, False)] if len(deeds) > 6 else [deeds]
    tables = (f'<td valign="top">{TABLE}{"".join(map(_line, side))}</table></td>' for side in sides if side)
    return f"{TABLE}<tr>{''.join(tables)}</tr></table>"


def _line(deed: Deed) -> str:
    return f'<tr><td align="left" valign="top">{_name(deed)}</td><td align="left">{_effects(deed, 42)}</td></tr>'


def _stacked(deeds: list[Deed]) -> str:
    """Each name with what it does below it."""
    cells = (c for d in deeds for c in (_name(d), _effects(d, 28)) if c)
    return f"{TABLE}{''.join(f'<tr><td align="left">{cell}</td></tr>' for cell in cells)}</table>"


def _name(deed: Deed) -> str:
    name, said = deed
    shown = escape(name) if said["system"] else f"<i>{escape(name)}</i>"
    return f'<font color="{_colour(said["system"])}"><b>{shown}</b></font>'


def _effects(deed: Deed, width: int) -> str:
    """The effects in lines of some width; none is broken."""
    lines: list[str] = []
    for effect in deed[1]["effects"]:
        if lines and len(lines[-1]) + len(effect) + 2 <= width:
            lines[-1] += f", {effect}"
        else:
            lines.append(effect)
    if not lines:
        return ""
    return f'<font point-size="10">{"".join(escape(line) + "<br align=\"left\"/>" for line in lines)}</font>'


def _corners(graph: nx.MultiDiGraph[str]) -> Iterator[str]:
    """The legend, and what no page takes part in."""
    legend = (
        f'<tr><td align="left"><b>{escape(graph.name)}</b></td></tr>'
        f'<tr><td align="left"><font color="{SYSTEM}"><b>━━▶  by the system</b></font></td></tr>'
        f'<tr><td align="left"><font color="{ENVIRONMENT}"><b>╍╍▶  <i>by its environment</i></b></font></td></tr>'
        f'<tr><td align="left">thick: the everyday round</td></tr>'
        f'<tr><td align="left">maybe: on some paths only</td></tr>'
    )
    plain = 'shape=box, style="", color="#999999", penwidth=0.5'
    yield f"legend [{plain}, label=<{TABLE}{legend}</table>>]"
    if graph.graph["aside"]:
        yield f'aside [{plain}, label=<{TABLE}<tr><td align="left">moves no page:</td></tr><tr><td>{_side_by_side(graph.graph["aside"])}</td></tr></table>>]'
