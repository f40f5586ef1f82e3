# SPDX-License-Identifier: MIT
"""Breadth-first search: every node once, nearest first, with the edge that leads to it."""

from __future__ import annotations

from checkers.core.breadth_first import breadth_first


def test_nodes_come_in_the_order_of_their_distance() -> None:
    """In a circle of numbers each node is visited once, and its parent is one step nearer."""
    parents: dict[int, tuple[int, str] | None] = {}
    found = list(breadth_first([0], lambda n: [("up", (n + 1) % 6), ("down", (n - 1) % 6)], parents))
    assert found == [0, 1, 5, 2, 4, 3]
    assert parents == {0: None, 1: (0, "up"), 5: (0, "down"), 2: (1, "up"), 4: (5, "down"), 3: (2, "up")}


def test_parents_hold_what_waits_to_be_visited() -> None:
    """Whoever visits nodes one by one may count those that are found."""
    parents: dict[int, tuple[int, str] | None] = {}
    nodes = breadth_first([0], lambda n: [("to", 2 * n + 1), ("to", 2 * n + 2)] if n < 3 else [], parents)
    assert [(next(nodes), len(parents)) for _ in range(4)] == [(0, 1), (1, 3), (2, 5), (3, 7)]
