"""One verdict record comes out of every engine; text, JSON, JUnit and exit codes are made from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from spec.dsl import World

from .traces import Trace

derived = property  # a verdict has a field of that name


class Outcome(Enum):
    """What became of a question; the value is the word people read."""

    HOLDS = "holds"
    VIOLATED = "violated"
    REACHED = "reached"
    UNREACHABLE = "unreachable"
    DEADLOCK = "deadlock"
    BUDGET = "budget spent"
    UNKNOWN = "unknown"
    NOT_RUN = "not run"
    NOT_INDUCTIVE = "not inductive"
    DISPUTED = "the solvers disagree"
    OBSERVED = "observed to hold"
    UNSEEN = "cannot be seen"


class Exit:
    """Exit codes; of several the first in this list is taken."""

    OK, USAGE, BUDGET, DEADLOCK, SAFETY, LIVENESS, VACUOUS, INPUT, SPEC, TOOL = 0, 2, 3, 11, 12, 13, 14, 65, 75, 150
    BY_WEIGHT = (TOOL, SPEC, INPUT, SAFETY, LIVENESS, DEADLOCK, VACUOUS, BUDGET)


CODES = {
    Outcome.DEADLOCK: Exit.DEADLOCK,
    Outcome.BUDGET: Exit.BUDGET,
    Outcome.UNKNOWN: Exit.BUDGET,
    Outcome.NOT_INDUCTIVE: Exit.BUDGET,
    Outcome.DISPUTED: Exit.TOOL,
}
"""What an unexpected outcome makes the command exit with; any other means that something was vacuous."""


@dataclass(frozen=True)
class Verdict:
    """The answer to one question about one model, and how far it reaches."""

    model: str
    kind: str
    property: str
    outcome: Outcome
    label: str
    engine: str
    scope: dict[str, int]
    digest: str
    expected: bool
    states: int = 0
    orbit_sum: int = 0
    transitions: int = 0
    depth: int = 0
    seconds: float = 0.0
    memory: str = ""
    note: str = ""
    args: tuple[str, ...] = ()
    trace: Trace | None = field(default=None, compare=False)
    world: World | None = field(default=None, compare=False, repr=False)
    saved: Path | None = None

    @derived
    def steps(self) -> int | None:
        return len(self.trace.steps) if self.trace else None

    @derived
    def code(self) -> int:
        """What this verdict alone would make the command exit with."""
        if self.expected:
            return Exit.OK
        if self.outcome is Outcome.VIOLATED and self.kind != "broken":
            return Exit.SAFETY
        return CODES.get(self.outcome, Exit.VACUOUS)

    def as_json(self) -> dict[str, object]:
        """The record without the live objects, for files and other tools."""
        return {
            "model": self.model,
            "kind": self.kind,
            "property": self.property,
            "verdict": self.outcome.value,
            "label": self.label,
            "engine": self.engine,
            "scope": self.scope,
            "digest": self.digest,
            "expected": self.expected,
            "states": self.states,
            "unreduced_states": self.orbit_sum,
            "transitions": self.transitions,
            "depth": self.depth,
            "seconds": round(self.seconds, 3),
            "memory": self.memory,
            "steps": self.steps,
            "args": list(self.args),
            "note": self.note,
            "trace": str(self.saved) if self.saved else None,
        }


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """The one exit code of a run with several verdicts."""
    return heaviest(v.code for v in verdicts)


def heaviest(codes: Iterable[int]) -> int:
    """The one exit code of several."""
    every = set(codes)
    return next((code for code in Exit.BY_WEIGHT if code in every), Exit.OK)
