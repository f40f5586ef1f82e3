"""Does a design keep to the rules: is each of its steps one step of the machine above, or none?"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from checkers.core.traces import Step, Trace
from checkers.core.wording import guard_at, named, shown
from spec.dsl import Instance, Machine, SpecError, World
from spec.dsl.ir import picker

from .search import UNLIMITED, Budget, Exploration, Search, SearchProgress

STEP = "each_step_is_a_step_of_the_rules_or_none"


Raised = frozenset[tuple[str, Any, int]]
"""Which history counters a step raised, and by how much."""


@dataclass(frozen=True)
class Candidate:
    """A step of the machine above that might have explained a step of the design, and why it does not."""

    instance: Instance
    why: str


@dataclass(frozen=True)
class Refinement:
    """The outcome: the search it took, and the step that the rules do not have, if there is one."""

    seen: Exploration
    trace: Trace | None
    candidates: tuple[Candidate, ...]


def refine(
    low: Machine, sizes: dict[str, int], budget: Budget = UNLIMITED, progress: SearchProgress = lambda seen: None
) -> Refinement:
    """Check every step of `low` in a scope against the machine it says it refines."""
    search = RefinementCheck(low, _above(low), sizes, budget)
    seen = search.run(progress)
    if search.unmatched is None:
        return Refinement(seen, None, ())
    trace = search.trace(search.unmatched)
    last = next(s for s in search.steps(trace.codes[-1]) if not search.matches(trace.codes[-1], s.code))
    whole = Trace(trace.start, (*trace.steps, last))
    return Refinement(seen, whole, tuple(search.candidates(trace.codes[-1], last)))


def fits(low: Machine, sizes: dict[str, int], was: bytes, instance: Instance) -> bool:
    """Is this one step of `low` a step of the machine it says it refines, or none?"""
    search = RefinementCheck(low, _above(low), sizes, UNLIMITED)
    return any(search.matches(was, step.code) for step in search.steps(was) if step.instance == instance)


def _above(low: Machine) -> Machine:
    """The machine that a design refines, by its own word."""
    high = low.refines
    if high is None:
        raise SpecError(f"{low.name} does not say what it refines; give refines=")
    if not issubclass(low.state, high.state):
        raise SpecError(f"{low.name} refines {high.name}, so its state class must extend {high.state.__name__}")
    return high


class RefinementCheck(Search):
    """A search of the design that looks at every step through the eyes of the machine above."""

    def __init__(self, low: Machine, high: Machine, sizes: dict[str, int], budget: Budget) -> None:
        symmetric = tuple(sort for sort in low.symmetric if sort in high.symmetric)
        super().__init__(low, sizes, symmetric, budget, STEP)
        shared = (*high.shape.members, *high.shape.bounds)
        self.above = World(high, {name: sizes[name] for name in shared})
        self.seen_above = picker(tuple(self.world.offsets[name][key] for name, key in _cells(self.above)))
        self.known: dict[bytes, frozenset[tuple[bytes, Raised]]] = {}
        self.unmatched: int | None = None

    def judge_state(self, number: int, code: bytes) -> None:
        """Invariants are another question."""

    def judge_step(self, number: int, code: bytes, n: int, after: bytes) -> None:
        if self.unmatched is None and not self.matches(code, after):
            self.unmatched = number
            self.found[STEP] = (number, None)

    def matches(self, code: bytes, after: bytes) -> bool:
        """Does the step just taken look from above like a step there, or like nothing at all?

        What a step adds to the history counters is part of it: a second map that changes no state is seen.
        """
        was, now, histories = self.project(code), self.project(after), self.above.machine.shape.histories
        counted = frozenset(grown for grown in self.world.counted() if grown[0] in histories)
        if was == now and not counted:
            return True
        if was not in self.known:
            self.known[was] = frozenset((to, self.above.counted()) for _, to in self.above.successors(was))
        return (now, counted) in self.known[was]

    def project(self, code: bytes) -> bytes:
        """The state of the design as the machine above sees it."""
        return bytes(self.seen_above(code))

    def _tell(self) -> None:
        """There are no invariants to tell of."""

    def candidates(self, code: bytes, step: Step) -> list[Candidate]:
        """What the machine above could have done to the same page, the most symmetric first, and why it was not this."""
        was, now = self.project(code), self.project(step.code)
        args = set(step.instance.args)
        judged = [self._judged(was, now, i) for i in self.above.instances if set(i.args) <= args]
        return [candidate for _, candidate in sorted(judged, key=itemgetter(0))]

    def _judged(self, was: bytes, now: bytes, instance: Instance) -> tuple[int, Candidate]:
        """The number of cells in which this candidate differs, or very many if a guard refuses it."""
        where, to = self.above.refusal(was, instance), self.above.apply(was, instance)
        if to is None:
            return len(was) + 1, Candidate(instance, f"is refused by {guard_at(self.above.machine, where or '')}")
        values = self.above.values(to)
        wrong = [
            f"{name}[{named(key)}] would be {shown(values[name][key])}"
            for (name, key), a, b in zip(_cells(self.above), to, now, strict=True)
            if a != b
        ]
        otherwise = ", ".join(wrong) or f"counts otherwise ({', '.join(self.above.machine.shape.histories)})"
        return len(wrong), Candidate(instance, f"is permitted, but {otherwise}")


def _cells(world: World) -> list[tuple[str, object]]:
    """The cells of a world in the order of their bytes."""
    cells = [(offset, name, key) for name, at in world.offsets.items() for key, offset in at.items()]
    return [(name, key) for _, name, key in sorted(cells, key=itemgetter(0))]
