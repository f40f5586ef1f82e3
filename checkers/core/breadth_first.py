# SPDX-License-Identifier: MIT
"""Breadth-first search of any graph that is given by its successors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

N = TypeVar("N")
L = TypeVar("L")


def breadth_first(
    starts: Iterable[N], successors: Callable[[N], Iterable[tuple[L, N]]], parents: dict[N, tuple[N, L] | None]
) -> Iterator[N]:
    """Every node that is reachable from the starts, nearest first.

    `successors` gives labelled edges; `parents` is filled with the edge by which each node was found first, None for a
    start. It holds the nodes found so far, also those that are not yet visited.
    """
    parents |= dict.fromkeys(starts)
    queue = list(parents)
    for node in queue:
        yield node
        for label, to in successors(node):
            if to not in parents:
                parents[to] = (node, label)
                queue.append(to)
