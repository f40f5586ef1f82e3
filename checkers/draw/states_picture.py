# SPDX-License-Identifier: MIT
"""The folded state graph of a scope as a picture: the nodes with their numbers of states, and the actions between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from textwrap import wrap
from typing import Any

import networkx as nx

from checkers.core.wording import counted, sentence

from .style import (
    BOX,
    COLOUR,
    FONT,
    GAP,
    GROUND,
    LINE,
    PALE,
    TABLE,
    WRONG,
    action_name,
    described,
    look,
    plain,
    quoted,
)

PAPER = {"bgcolor": "white", "fontname": FONT, "fontsize": 11, "labelloc": "t", "outputorder": "edgesfirst"}
PAPER |= {"nodesep": 0.2, "ranksep": 0.22, "pad": 0.15}
SMALL, ROOM = 9, 0.45
"""The font size below the name of a node; the width in inches that a node keeps for each arrow on one side."""
NEVER = 6
"""The most unreachable nodes that are listed."""
ROUND = 'style=rounded; color="#9A9A9A"; label=""'

Line = tuple[str, str]
"""The start and the end of an arrow."""


def dot_text(graph: nx.DiGraph[str], dpi: str = "") -> str:
    """The picture in the DOT language; nodes with a greater depth stand lower."""
    paper = PAPER | _described(graph) | {"label": f"<{_header(graph)}>"} | ({"dpi": dpi} if dpi else {})
    lines = [look("graph", **paper), look("node", **BOX), look("edge", arrowsize=0.8)]
    lines += [line for name in graph for line in _node(graph, name)]
    lines += [line for start, end in graph.edges if start != end for line in _arrow(graph, start, end)]
    lines += [_frame(graph, number, part) for number, part in enumerate(rounds(graph))]
    return "\n  ".join([f"digraph {quoted(graph.name)} {{", *lines]) + "\n}\n"


def _described(graph: nx.DiGraph[str]) -> dict[str, str]:
    """The description of the picture, for screen readers."""
    nodes = (f"{name}: {counted(node['states'], 'state')}" for name, node in graph.nodes(data=True))
    arrows = (f"{a} to {b}: {', '.join(step['actions'])}" for a, b, step in graph.edges(data=True) if a != b)
    return described(f"{graph.name}: its states, folded by {' and '.join(graph.graph['fold'])}", (*nodes, *arrows))


def rounds(graph: nx.DiGraph[str]) -> list[list[str]]:
    """The strongly connected components with several nodes, in order; none if that is the whole graph."""
    whole = nx.condensation(graph)
    parts = [[n for n in graph if n in members] for _, members in whole.nodes(data="members")]
    return sorted((p for p in parts if 1 < len(p) < len(graph)), key=lambda p: list(graph).index(p[0]))


# -- nodes ---------------------------------------------------------------------------------------------------------


def _node(graph: nx.DiGraph[str], name: str) -> Iterator[str]:
    """A node: its look, the number and depth of its states, and their violations."""
    node, wrong = graph.nodes[name], list(_wrong(graph, name))
    rows = [f'<b><font point-size="13">{plain(fact)}</font></b>' for fact in node["facts"]]
    rows += [f'<font point-size="{SMALL}">{line}</font>' for line in _counts(graph, name)]
    rows += [f'<font point-size="{SMALL}" color="{WRONG}">{line}</font>' for line in wrong]
    shape = {"style": "rounded,filled", "fillcolor": GROUND, "peripheries": 2 if node["final"] else 1}
    if wrong:
        shape |= {"fillcolor": PALE, "color": WRONG, "penwidth": 3 if _breaks_first(graph, name) else 1}
    yield look(quoted(name), **shape, width=_width(graph, name), label=f"<{_stacked(rows, 'center')}>")
    if node["start"]:
        dot = quoted(f"start {name}")
        yield look(dot, shape="point", width=0.12)
        yield f"{dot} -> {quoted(name)}"


def _counts(graph: nx.DiGraph[str], name: str) -> Iterator[str]:
    node, within = graph.nodes[name], graph.get_edge_data(name, name)
    far = f"after {counted(node['depth'], 'step')}" if node["depth"] else "from the start"
    yield f"{counted(node['states'], 'state')}, {far}"
    if within:
        yield f"{counted(within['actions'].total(), 'step')} within"


def _wrong(graph: nx.DiGraph[str], name: str) -> Iterator[str]:
    """The violations in a node: the invariant, the number of states, and the depth if it is the least."""
    node, first = graph.nodes[name], _breaks_first(graph, name)
    for invariant, times in node["breaks"].items():
        far = f", first after {counted(node['broken_after'][invariant], 'step')}" if invariant in first else ""
        for line in wrap(f"{times:,} break: {sentence(invariant)}{far}", 30):
            yield f"<b>{plain(line)}</b>" if far else plain(line)
    for invariant, times in (graph.get_edge_data(name, name) or {}).get("breaks", {}).items():
        yield from map(plain, wrap(f"{counted(times, 'step')} within break: {sentence(invariant)}", 30))
    if node["stuck"]:
        yield f"{counted(node['stuck'], 'deadlock')}"


def _breaks_first(graph: nx.DiGraph[str], name: str) -> list[str]:
    """The invariants that no other node violates at a smaller depth."""
    every = [after for _, after in graph.nodes(data="broken_after")]
    mine = graph.nodes[name]["broken_after"]
    return [p for p, steps in mine.items() if steps == min(after[p] for after in every if p in after)]


def _width(graph: nx.DiGraph[str], name: str) -> float:
    """The width of a node, so that the arrows above or below it do not overlap."""
    order = list(graph).index
    others = [end if start == name else start for start, end in graph.edges if name in (start, end) and start != end]
    above = sum(order(n) < order(name) for n in others)
    return ROOM * max(above, len(others) - above)


# -- arrows --------------------------------------------------------------------------------------------------------


def _arrow(graph: nx.DiGraph[str], start: str, end: str) -> Iterator[str]:
    """An arrow for the system and one for its environment, each with the names of its actions."""
    step, system, order = graph.edges[start, end], graph.graph["system"], list(graph).index
    for side in _sides(graph, start, end):
        breaks = step["by"][side]
        rows = [f"{action_name(n, side)} {times:,}" for n, times in step["actions"].items() if system[n] is side]
        wrong = (x for p, times in breaks.items() for x in wrap(f"{times:,} break: {sentence(p)}", 30))
        rows += [f'<font color="{WRONG}">{plain(line)}</font>' for line in wrong]
        line = {"color": WRONG if breaks else COLOUR[side], "style": LINE[side]}
        yield from _through(arrow_name(start, end, side), rows, line, (start, end), order(start) < order(end))


def _sides(graph: nx.DiGraph[str], start: str, end: str) -> list[bool]:
    """The sides that take these steps: the system, its environment, or both."""
    taken = {graph.graph["system"][name] for name in graph.edges[start, end]["actions"]}
    return [side for side in (True, False) if side in taken]


def arrow_name(start: str, end: str, system: bool) -> str:
    """The name of the label of an arrow in the DOT language."""
    return f"{start} -> {end}" if system else f"{start} -> {end} by its environment"


def _through(label: str, rows: list[str], line: dict[str, Any], ends: Line, down: bool) -> Iterator[str]:
    """An arrow in two halves with a label between them."""
    box = {"shape": "plain", "style": "filled", "fillcolor": "white", "fontsize": SMALL}
    yield look(quoted(label), **box, label=f"<{_stacked(rows, 'left')}>")
    above, below = map(quoted, ends if down else reversed(ends))
    yield look(f"{above} -> {quoted(label)}", **line, dir="none" if down else "back")
    yield look(f"{quoted(label)} -> {below}", **line, dir="forward" if down else "none")


def _stacked(rows: Iterable[str], align: str) -> str:
    return TABLE + "".join(f'<tr><td align="{align}">{row}</td></tr>' for row in rows) + "</table>"


def _frame(graph: nx.DiGraph[str], number: int, part: list[str]) -> str:
    """A frame around a strongly connected component."""
    inside = [edge for edge in graph.edges if edge[0] != edge[1] and {*edge} <= set(part)]
    arrows = [arrow_name(*edge, side) for edge in inside for side in _sides(graph, *edge)]
    return f"subgraph cluster_{number} {{{ROUND}; {'; '.join(map(quoted, [*part, *arrows]))}}}"


# -- the header ----------------------------------------------------------------------------------------------------


def _header(graph: nx.DiGraph[str]) -> str:
    """The title, the legend, and the nodes that are not reachable."""
    said = graph.graph
    left = [
        f'<b><font point-size="15">{plain(graph.name)}</font></b>',
        f'<font color="{COLOUR[True]}"><b>━━▶  the system</b></font>',
        f'<font color="{COLOUR[False]}"><b>╍╍▶  <i>its environment</i></b></font>',
    ]
    scope = f'<font point-size="{SMALL}">seen with {plain(said["scope"])}</font>'
    right = [f"{counted(said['states'], 'state')} and {counted(said['steps'], 'step')}", *_legend(graph)]
    rows = [
        f'<td align="left">{a}</td>{GAP}<td align="left">{b}</td>' for a, b in zip_longest(left, right, fillvalue="")
    ]
    rows.append(f'<td colspan="3" align="left">{scope}</td>')
    return TABLE + "".join(f"<tr>{row}</tr>" for row in (*rows, '<td height="5"></td>')) + "</table>"


def _legend(graph: nx.DiGraph[str]) -> Iterator[str]:
    """The lines of the legend that apply to this picture."""
    nodes: list[dict[str, Any]] = [node for _, node in graph.nodes(data=True)]
    yield f"a box: all states with the same {plain(' and '.join(graph.graph['fold']))}; beside an action: its steps"
    if any(node["final"] for node in nodes):
        yield "double border: a run may end here"
    if rounds(graph):
        yield "in a frame: from each box to each other, and back"
    if any(node["breaks"] for node in nodes) or any(step["breaks"] for _, _, step in graph.edges(data=True)):
        yield f'<font color="{WRONG}">red: an invariant is broken; thick: in the fewest steps</font>'
    never = graph.graph["never"]
    if never:
        more = f"; and {len(never) - NEVER} more" if len(never) > NEVER else ""
        yield f"never: {plain('; '.join(never[:NEVER]))}{more}"
