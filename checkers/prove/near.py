"""What the explorer sees in small scopes: whether a state can be reached, and a shortest run that breaks an invariant."""

from __future__ import annotations

from collections.abc import Mapping

from checkers.core.traces import Finding
from checkers.explore.search import Budget, Search
from spec.dsl import Machine

NEAR = Budget(states=60_000, seconds=20)
"""How far the explorer looks in one scope."""


class Near:
    """The small scopes of a machine, each searched once."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._known: dict[tuple[tuple[str, int], ...], Search] = {}

    def searched(self, sizes: Mapping[str, int]) -> Search:
        """The search of a scope, as far as it came."""
        key = tuple(sorted(sizes.items()))
        if key not in self._known:
            search = Search(self.machine, dict(sizes), self.machine.symmetric, NEAR, "")
            search.run()
            self._known[key] = search
        return self._known[key]

    def reaches(self, sizes: Mapping[str, int], code: bytes) -> bool | None:
        """Is the state reachable? None if the search did not come to an end."""
        search = self.searched(sizes)
        if search.symmetry.canonical(code) in search.index:
            return True
        return None if search.seen.stopped else False

    def run(self, sizes: Mapping[str, int], name: str) -> Finding | None:
        """A shortest run of this scope that breaks the invariant, if the search met one."""
        return self.searched(sizes).seen.violated.get(name)
