# SPDX-License-Identifier: MIT
"""Searches of small scopes, for proofs: reachability of states, and shortest violations."""

from __future__ import annotations

from collections.abc import Mapping

from checkers.core.traces import Finding
from checkers.explore.search import Budget, Search
from spec.dsl import Machine

NEAR = Budget(states=60_000, seconds=20)
"""The limits of a search of one scope."""


class Near:
    """The small scopes of a machine, each searched once."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._known: dict[tuple[tuple[str, int], ...], Search] = {}

    def searched(self, sizes: Mapping[str, int]) -> Search:
        """The search of a scope, which may be incomplete."""
        key = tuple(sorted(sizes.items()))
        if key not in self._known:
            search = Search(self.machine, dict(sizes), self.machine.symmetric, NEAR, "")
            search.run()
            self._known[key] = search
        return self._known[key]

    def reaches(self, sizes: Mapping[str, int], code: bytes) -> bool | None:
        """Whether the state is reachable; None if the search is incomplete."""
        search = self.searched(sizes)
        if search.symmetry.canonical(code) in search.index:
            return True
        return None if search.seen.stopped else False

    def run(self, sizes: Mapping[str, int], name: str) -> Finding | None:
        """A shortest run in this scope that violates the invariant, if the search found one."""
        return self.searched(sizes).seen.violated.get(name)
