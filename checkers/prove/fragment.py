# SPDX-License-Identifier: MIT
"""The fragment of machines that is proved for any number of members: EPR with stratified functions.

Every assumed claim, and every field, gives edges from its universally quantified sorts to its existentially quantified
ones. If the graph of these edges has no cycle, a violated invariant is violated with few members, and both solvers
answer. An edge that closes a cycle is refused with its line. A sort of fixed size is in no cycle: its members have
names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import networkx as nx

from spec.dsl import Machine, Sort, SpecError
from spec.dsl.ir import And, Eq, Expr, Less, Not, Or, Quantified, Sum, parts

from .sizes import fixed
from .theory import Invariant

Arrow = tuple[type[Any], type[Any], str]
"""An edge between sorts, and the line it comes from."""


def check(machine: Machine, invariants: Sequence[Invariant]) -> None:
    """Raise SpecError for a machine whose edges have a cycle."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    named = {machine.shape.members[name].sort for name in fixed(machine)}
    arrows = (*_of_fields(machine), *_of_claims(machine, invariants))
    for start, end, why in (arrow for arrow in arrows if named.isdisjoint(arrow[:2])):
        graph.add_edge(start.__name__, end.__name__)
        if nx.has_path(graph, end.__name__, start.__name__):
            called = start.__name__ if start is end else f"{end.__name__} to {start.__name__}"
            raise SpecError(
                f"{why}: leads from {called} in a cycle, which proofs for any number do not reach; "
                "check it in a scope, or with --bmc or --k-induction"
            )


def _of_fields(machine: Machine) -> Iterator[Arrow]:
    for f in machine.shape.fields.values():
        if issubclass(f.domain.base, Sort):
            yield from ((key, f.domain.base, f"field {f.name}") for key in f.keys)


def _of_claims(machine: Machine, invariants: Sequence[Invariant]) -> Iterator[Arrow]:
    """The edges of what is assumed: invariants for all arguments, guards, values, and the negation of an invariant."""
    for invariant in invariants:
        if not invariant.is_step:
            yield from _arrows(invariant.expr, [v.sort for v in invariant.params], True, where_of(machine, invariant))
        yield from _arrows(invariant.expr, [], False, where_of(machine, invariant))
    for path in (path for action in machine.actions for path in action.lifted.paths):
        for given in path.conditions:
            yield from _arrows(given.claim, [], True, given.where)
        for put in path.puts:
            yield from _arrows(put.value, [], True, put.where)
            yield from _arrows(put.value, [], False, put.where)


def where_of(machine: Machine, invariant: Invariant) -> str:
    """File, line and name of an invariant."""
    found = next((c for c in machine.invariants if c.name == invariant.name), None)
    return (
        f"{found.fn.__code__.co_filename}:{found.fn.__code__.co_firstlineno}: {invariant.name}"
        if found
        else invariant.name
    )


def _arrows(e: Expr, everybody: list[type[Any]], positive: bool, why: str) -> Iterator[Arrow]:
    """The edges from each universal sort to each existential one, for a claim that is assumed or denied."""
    match e:
        case Not(claim):
            yield from _arrows(claim, everybody, not positive, why)
        case And(claims) | Or(claims):
            for claim in claims:
                yield from _arrows(claim, everybody, positive, why)
        case Quantified(word, var, body):
            signs = (True, False) if word == "count" else (positive,)
            for sign in signs:
                yield from _of_quantified(word, var.sort, body, everybody, sign, why)
        case Eq() | Less() | Sum():
            for part in parts(e):
                yield from _arrows(part, everybody, True, why)
                yield from _arrows(part, everybody, False, why)


def _of_quantified(
    word: str, sort: type[Any], body: Expr, everybody: list[type[Any]], positive: bool, why: str
) -> Iterator[Arrow]:
    if word != "count" and (word == "some") == positive:
        yield from ((one, sort, why) for one in everybody)
        yield from _arrows(body, everybody, positive, why)
    else:
        yield from _arrows(body, [*everybody, sort], positive, why)
