# SPDX-License-Identifier: MIT
"""Refinement: each step of a design is one step of the machine above, or none."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from checkers.core.traces import Step, Trace, steps
from checkers.core.wording import cell, guard_at, shown
from spec.dsl import Instance, Machine, SpecError, World
from spec.dsl.ir import layout, picker

from .search import UNLIMITED, Budget, Exploration, Search, SearchProgress

UNMATCHED = "a step that is none of the machine above"


Raised = frozenset[tuple[str, Any, int]]
"""The history counters that a step raised, with their keys and by how much."""


@dataclass(frozen=True)
class Candidate:
    """A step of the machine above on the same members as a step of the design, and why it does not match."""

    instance: Instance
    why: str


@dataclass(frozen=True)
class Refinement:
    """The result: the search, and a run to a step that the machine above does not have, if there is one."""

    seen: Exploration
    trace: Trace | None
    candidates: tuple[Candidate, ...]


def refine(
    low: Machine, sizes: dict[str, int], budget: Budget = UNLIMITED, progress: SearchProgress = lambda seen: None
) -> Refinement:
    """Check every step of `low` in a scope against the machine it refines."""
    check = RefinementCheck(low, sizes)
    search = Search(low, sizes, check.symmetric, budget, UNMATCHED, check)
    seen = search.run(progress)
    if UNMATCHED not in search.found:
        return Refinement(seen, None, ())
    trace, world = search.trace(search.found[UNMATCHED][0]), search.world
    before = trace.codes[-1]
    last = next(s for s in steps(world, before) if not check.matches(world, before, s.code))
    return check.failed(seen, Trace(trace.start, (*trace.steps, last)))


def fits(low: Machine, sizes: dict[str, int], was: bytes, instance: Instance) -> bool:
    """True if this one step of `low` is a step of the machine it refines, or none."""
    check, world = RefinementCheck(low, sizes), World(low, sizes)
    return any(check.matches(world, was, step.code) for step in steps(world, was) if step.instance == instance)


def _above(low: Machine) -> Machine:
    """The machine that a design declares to refine."""
    high = low.refines
    if high is None:
        raise SpecError(f"{low.name} does not say what it refines; give refines=")
    if not issubclass(low.state, high.state):
        raise SpecError(f"{low.name} refines {high.name}, so its state class must extend {high.state.__name__}")
    return high


class RefinementCheck:
    """The observer of a search of the design that compares each step with those of the machine above."""

    def __init__(self, low: Machine, sizes: dict[str, int]) -> None:
        high = _above(low)
        self.symmetric = tuple(sort for sort in low.symmetric if sort in high.symmetric)
        shared = (*high.shape.members, *high.shape.bounds)
        self.above = World(high, {name: sizes[name] for name in shared})
        offsets = layout(low.shape, sizes)
        self.seen_above = picker(tuple(offsets[name][key] for name, key in _cells(self.above)))
        self.known: dict[bytes, frozenset[tuple[bytes, Raised]]] = {}

    def state(self, search: Search, number: int, code: bytes) -> None:
        """Invariants are not checked here."""

    def step(self, search: Search, number: int, code: bytes, n: int, after: bytes) -> None:
        if UNMATCHED not in search.found and not self.matches(search.world, code, after):
            search.find(UNMATCHED, number)

    def matches(self, world: World, code: bytes, after: bytes) -> bool:
        """True if the step that `world` has just taken is a step of the machine above, or changes nothing there.

        The growth of history counters is part of a step: a second map that changes no state is not ignored.
        """
        was, now, histories = self.project(code), self.project(after), self.above.machine.shape.histories
        counted = frozenset(grown for grown in world.counted() if grown[0] in histories)
        if was == now and not counted:
            return True
        if was not in self.known:
            self.known[was] = frozenset((to, self.above.counted()) for _, to in self.above.successors(was))
        return (now, counted) in self.known[was]

    def project(self, code: bytes) -> bytes:
        """The state of the design, restricted to the fields of the machine above."""
        return bytes(self.seen_above(code))

    def failed(self, seen: Exploration, trace: Trace) -> Refinement:
        """The result for a run whose last step the machine above does not have."""
        return Refinement(seen, trace, tuple(self.candidates(trace.codes[-2], trace.steps[-1])))

    def candidates(self, code: bytes, step: Step) -> list[Candidate]:
        """The steps of the machine above on the same members, best matches first, with the reason against each."""
        was, now = self.project(code), self.project(step.code)
        args = set(step.instance.args)
        judged = [self._judged(was, now, i) for i in self.above.instances if set(i.args) <= args]
        return [candidate for _, candidate in sorted(judged, key=itemgetter(0))]

    def _judged(self, was: bytes, now: bytes, instance: Instance) -> tuple[int, Candidate]:
        """The number of cells in which a candidate differs (more than all if a guard refuses it), and the candidate."""
        where, to = self.above.refusal(was, instance), self.above.apply(was, instance)
        if to is None:
            return len(was) + 1, Candidate(instance, f"is refused by {guard_at(self.above.machine, where or '')}")
        values = self.above.values(to)
        wrong = [
            f"{cell(name, key)} would be {shown(values[name][key])}"
            for (name, key), a, b in zip(_cells(self.above), to, now, strict=True)
            if a != b
        ]
        otherwise = ", ".join(wrong) or f"counts otherwise ({', '.join(self.above.machine.shape.histories)})"
        return len(wrong), Candidate(instance, f"is permitted, but {otherwise}")


def _cells(world: World) -> list[tuple[str, object]]:
    """The cells of a world in the order of their bytes."""
    cells = [(offset, name, key) for name, at in world.offsets.items() for key, offset in at.items()]
    return [(name, key) for _, name, key in sorted(cells, key=itemgetter(0))]
