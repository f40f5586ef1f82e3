# SPDX-License-Identifier: MIT
"""The state graph of a scope, and the same graph folded: states that are equal in some fields become one node.

Symmetric members have no names in a folded node: it says that two pages are in the pool, not which. A node stands
for all states that look like this, an edge for all steps between them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import combinations_with_replacement, groupby
from typing import Any

import networkx as nx

from checkers.core.stopped import Stopped
from checkers.core.verdict import Exit
from checkers.core.wording import shown
from checkers.explore.search import UNLIMITED, Budget, Search, SearchProgress
from spec.dsl import Field, Machine, PoolproofError, Sort, World
from spec.dsl.ir import members_of

NODES, EDGES = 60, 120
"""The most nodes and edges of a folded graph that is drawn."""

Taken = tuple[int, int, bytes, tuple[str, ...]]
"""A step: the numbers of its state and instance, the state it leads to, and the invariants it violates."""


class Incomplete(PoolproofError):
    """The search stopped before it had seen every state."""

    exit_code = Exit.BUDGET

    def __init__(self, stopped: Stopped) -> None:
        super().__init__(str(stopped))
        self.stopped = stopped


class TooLarge(PoolproofError):
    """More nodes or edges than a picture takes; the message gives the numbers and the way out."""

    exit_code = Exit.USAGE


class StepRecorder:
    """An observer that keeps every step, and the invariants that each state and step violates."""

    def __init__(self) -> None:
        self.breaks: list[tuple[str, ...]] = []
        self.taken: list[Taken] = []
        self.moved: set[int] = set()

    def state(self, search: Search, number: int, code: bytes) -> None:
        self.breaks.append(tuple(dict.fromkeys(v.claim.name for v in search.world.violated(code))))

    def step(self, search: Search, number: int, code: bytes, n: int, after: bytes) -> None:
        breaks = tuple(dict.fromkeys(v.claim.name for v in search.world.violated_by_step(code, after)))
        self.taken.append((number, n, search.symmetry.canonical(after), breaks))
        if after != code:
            self.moved.add(number)


def state_graph(
    machine: Machine,
    sizes: dict[str, int],
    symmetric: tuple[type[Sort], ...],
    budget: Budget = UNLIMITED,
    progress: SearchProgress = lambda seen: None,
) -> nx.MultiDiGraph[int]:
    """Every reachable state of a scope as a node, every step as an edge; raises Incomplete if the search stops early.

    Nodes carry `code`, `depth`, `start`, `final`, `stuck` and `breaks`; edges `action` and `breaks`.
    """
    recorder = StepRecorder()
    search = Search(machine, sizes, symmetric, budget, "", recorder)
    seen = search.run(progress)
    if seen.stopped:
        raise Incomplete(seen.stopped)
    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph(world=search.world, symmetric=symmetric)
    for number, code in enumerate(search.codes):
        ends = _ends(search, graph, number, number in recorder.moved)
        graph.add_node(number, code=code, breaks=recorder.breaks[number], **ends)
    for number, n, form, breaks in recorder.taken:
        graph.add_edge(number, search.index[form], action=search.world.instances[n].action.name, breaks=breaks)
    return graph


def _ends(search: Search, graph: nx.MultiDiGraph[int], number: int, moves: bool) -> dict[str, Any]:
    """The depth of a state, and whether it is an initial state, a final one, or a deadlock."""
    parent, claim = search.parents[number], search.world.machine.is_final
    final = claim is not None and search.world.holds(claim, search.codes[number], ())
    depth = graph.nodes[parent]["depth"] + 1 if parent >= 0 else 0
    return {"depth": depth, "start": parent < 0, "final": final, "stuck": not final and not moves}


# -- folding -------------------------------------------------------------------------------------------------------


def folded(graph: nx.MultiDiGraph[int], names: tuple[str, ...]) -> nx.DiGraph[str]:
    """The quotient graph: states with the same look in these fields are one node, steps between two nodes one edge.

    It is made in one pass; networkx' own quotient compares every pair of states, and drops loops.
    """
    look = Look(graph.graph["world"], graph.graph["symmetric"], names)
    name_of = {number: look.at(graph.nodes[number]["code"]) for number in graph}
    made = _empty(graph, look)
    for number, facts in name_of.items():
        _count_state(made, facts, graph.nodes[number])
    for was, now, step in graph.edges(data=True):
        _count_step(made, _name(name_of[was]), _name(name_of[now]), step)
    made.graph["never"] = [name for name in look.imaginable() if name not in made]
    return made


def _empty(graph: nx.MultiDiGraph[int], look: Look) -> nx.DiGraph[str]:
    """An empty folded graph with its attributes."""
    machine, sizes = look.world.machine, look.world.sizes
    system = {action.name: action.system for action in machine.actions}
    scope = ", ".join(f"{name}={size}" for name, size in sizes.items())
    counts = {"states": len(graph), "steps": graph.number_of_edges()}
    return nx.DiGraph(name=machine.name, scope=scope, system=system, fold=look.names, **counts)


def _name(facts: tuple[str, ...]) -> str:
    return " | ".join(facts)


def _count_state(made: nx.DiGraph[str], facts: tuple[str, ...], state: dict[str, Any]) -> None:
    """Add one state to its node; states come in the order of their depth."""
    name = _name(facts)
    if name not in made:
        empty = {"states": 0, "start": 0, "final": 0, "stuck": 0, "breaks": Counter(), "broken_after": {}}
        made.add_node(name, facts=facts, depth=state["depth"], **empty)
    node = made.nodes[name]
    node["states"] += 1
    for what in ("start", "final", "stuck"):
        node[what] += state[what]
    for invariant in state["breaks"]:
        node["breaks"][invariant] += 1
        node["broken_after"].setdefault(invariant, state["depth"])


def _count_step(made: nx.DiGraph[str], start: str, end: str, step: dict[str, Any]) -> None:
    """Add one step to its edge."""
    if not made.has_edge(start, end):
        made.add_edge(start, end, actions=Counter(), breaks=Counter(), by={True: Counter(), False: Counter()})
    edge, system = made.edges[start, end], made.graph["system"]
    edge["actions"][step["action"]] += 1
    edge["breaks"].update(step["breaks"])
    edge["by"][system[step["action"]]].update(step["breaks"])


def must_be_readable(graph: nx.DiGraph[str]) -> None:
    """Raise TooLarge for a folded graph with too many nodes or edges for a picture."""
    edges = sum(start != end for start, end in graph.edges)
    if len(graph) > NODES or edges > EDGES:
        fold = graph.graph["fold"]
        size = f"folded by {','.join(fold)} there are {len(graph)} nodes and {edges} edges"
        coarser = "fold by fewer fields (--fold), or " if len(fold) > 1 else ""
        raise TooLarge(f"{size}; at most {NODES} and {EDGES} are drawn; {coarser}take a smaller scope")


# -- what a state looks like ---------------------------------------------------------------------------------------

Cell = tuple[str, tuple[Any, ...]]
"""The names of the members of a key that are not symmetric, and the values of the fields there."""


class Look:
    """The look of a state: the values of the chosen fields, with equal cells counted."""

    def __init__(self, world: World, symmetric: tuple[type[Sort], ...], names: tuple[str, ...]) -> None:
        self.world, self.symmetric, self.names = world, symmetric, names
        self.groups: dict[tuple[type[Sort], ...], list[Field[Any, Any]]] = {}
        for name in names:
            f = world.machine.shape.fields[name]
            self.groups.setdefault(f.keys, []).append(f)

    def at(self, code: bytes) -> tuple[str, ...]:
        """One line for the fields of each kind of key: of pages, of pools, and so on."""
        values = self.world.values(code)
        return tuple(self._of_fields(fields, values) for fields in self.groups.values())

    def _of_fields(self, fields: list[Field[Any, Any]], values: dict[str, dict[Any, Any]]) -> str:
        """The line of fields of the same keys; where parts of a page have places, each page is in brackets."""
        cells, place = list(self._cells(fields, values)), self.world.machine.place
        if place not in fields or len(place.keys) < 2:
            return self._line(fields, cells)
        pages = groupby(zip(values[fields[0].name], cells, strict=True), key=lambda pair: pair[0][0])
        lines = Counter(self._line(fields, [cell for _, cell in mine]) for _, mine in pages)
        return ", ".join(" ".join([*([str(n)] if n > 1 else []), f"({line})"]) for line, n in sorted(lines.items()))

    def imaginable(self) -> Iterator[str]:
        """Every look of a single field with symmetric keys, reachable or not."""
        fields = [f for group in self.groups.values() for f in group]
        if len(fields) == 1 and len(fields[0].keys) == 1 and fields[0].keys[0] in self.symmetric:
            cells = self.world.state.__dict__[fields[0].name]
            for values in combinations_with_replacement(cells.values_, len(cells)):
                yield self._line(fields, (("", (value,)) for value in values))

    def _cells(self, fields: list[Field[Any, Any]], values: dict[str, dict[Any, Any]]) -> Iterator[Cell]:
        for key in values[fields[0].name]:
            members = members_of(key)
            named = ",".join(repr(m) for m in members if type(m) not in self.symmetric)
            yield named, tuple(values[f.name][key] for f in fields)

    def _line(self, fields: list[Field[Any, Any]], cells: Iterable[Cell]) -> str:
        """The text of these cells, in the order of values."""
        codes = [self.world.state.__dict__[f.name].codes for f in fields]

        def order(cell: Cell) -> tuple[str, list[int]]:
            return cell[0], [code[value] for code, value in zip(codes, cell[1], strict=True)]

        times = Counter(cells)
        return ", ".join(self._cell_text(fields, cell, times[cell]) for cell in sorted(times, key=order))

    def _cell_text(self, fields: list[Field[Any, Any]], cell: Cell, times: int) -> str:
        often = [str(times)] if times > 1 else []
        return " ".join([*often, *filter(None, [cell[0]]), *map(self._word, fields, cell[1])])

    def _word(self, f: Field[Any, Any], value: Any) -> str:
        """A value as text; symmetric members have no name."""
        if isinstance(value, Enum):
            return value.name
        symmetric = type(value) in self.symmetric
        return f"{f.name}={'a ' + type(value).__name__.lower() if symmetric else shown(value)}"
