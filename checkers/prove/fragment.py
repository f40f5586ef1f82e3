"""Which machines proofs for any number reach: nothing leads from a page back to a page.

Every claim that is assumed, and every field, leads from the sorts it speaks of for all to the sorts it says there is
somebody of. While these arrows have no circle, a broken invariant is broken with few members (the fragment called EPR
with stratified functions), and both solvers answer. What has a circle is refused by its line. A sort that always has
the same members is in no circle: each of them has a name.
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
"""From a sort to a sort, and what leads there."""


def check(machine: Machine, invariants: Sequence[Invariant]) -> None:
    """Refuse a machine some of whose claims lead in a circle."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    named = {machine.shape.members[name].sort for name in fixed(machine)}
    arrows = (*_of_fields(machine), *_of_claims(machine, invariants))
    for start, end, why in (arrow for arrow in arrows if named.isdisjoint(arrow[:2])):
        graph.add_edge(start.__name__, end.__name__)
        if nx.has_path(graph, end.__name__, start.__name__):
            called = start.__name__ if start is end else f"{end.__name__} to {start.__name__}"
            raise SpecError(
                f"{why}: leads back from {called}, and so out of what is proved for any number; "
                "check it in a scope, or with --bmc or --k-induction"
            )


def _of_fields(machine: Machine) -> Iterator[Arrow]:
    for f in machine.shape.fields.values():
        if issubclass(f.domain.base, Sort):
            yield from ((key, f.domain.base, f"field {f.name}") for key in f.keys)


def _of_claims(machine: Machine, invariants: Sequence[Invariant]) -> Iterator[Arrow]:
    """Arrows of what is assumed: invariants for all their arguments, guards and values, and an invariant that is broken."""
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
    """File and line of an invariant."""
    found = next((c for c in machine.invariants if c.name == invariant.name), None)
    return (
        f"{found.fn.__code__.co_filename}:{found.fn.__code__.co_firstlineno}: {invariant.name}"
        if found
        else invariant.name
    )


def _arrows(e: Expr, everybody: list[type[Any]], positive: bool, why: str) -> Iterator[Arrow]:
    """From each sort spoken of for all to each of which there is somebody, where the claim is assumed."""
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
