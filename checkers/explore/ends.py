# SPDX-License-Identifier: MIT
"""Whether the end can be reached from every state, on the graph of a search in Python."""

from __future__ import annotations

from array import array

from checkers.core.breadth_first import breadth_first
from checkers.core.ends import MOST_COMPARED, Ends, shared_places, without_end
from checkers.core.symmetry import Symmetry
from spec.dsl import Machine, Sort, World

from .search import UNLIMITED, Budget, Search, SearchProgress


class StepPairs:
    """An observer that keeps the steps which change something."""

    def __init__(self) -> None:
        self.taken: list[tuple[int, bytes]] = []

    def state(self, search: Search, number: int, code: bytes) -> None:
        """Only steps are kept."""

    def step(self, search: Search, number: int, code: bytes, n: int, after: bytes) -> None:
        if after != code:
            self.taken.append((number, search.symmetry.canonical(after)))


def can_end(machine: Machine, sizes: dict[str, int], code: bytes) -> bool:
    """True if some run leads from this state to one in which a run may end."""
    final, world, parents = machine.is_final, World(machine, sizes), dict[bytes, tuple[bytes, int] | None]()
    symmetry = Symmetry(world, machine.symmetric)

    def successors(at: bytes) -> list[tuple[int, bytes]]:
        return [(n, symmetry.canonical(after)) for n, after in world.successors(at)]

    every = breadth_first([symmetry.canonical(code)], successors, parents)
    return final is not None and any(world.holds(final, at, ()) for at in every)


def ends(
    machine: Machine,
    sizes: dict[str, int],
    symmetric: tuple[type[Sort], ...],
    budget: Budget = UNLIMITED,
    progress: SearchProgress = lambda seen: None,
) -> Ends:
    """The states of a scope from which no run leads to an end."""
    final, observer = machine.is_final, StepPairs()
    assert final
    search = Search(machine, sizes, symmetric, budget, "", observer)
    seen, world = search.run(progress), search.world
    if seen.stopped:
        return Ends(stopped=seen.stopped)
    pairs = array("I", [n for number, form in observer.taken for n in (number, search.index[form])])
    stuck = without_end(bytearray(world.holds(final, code, ()) for code in search.codes), [pairs])
    if not stuck:
        return Ends()
    places = shared_places(world, (search.codes[n] for n in stuck[:MOST_COMPARED]))
    return Ends(len(stuck), search.trace(stuck[0]), places)
