# SPDX-License-Identifier: MIT
"""The record in which every engine gives its answer; text, JSON, JUnit and exit codes are made from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

from spec.dsl import World

from .stopped import Stopped
from .traces import Trace
from .wording import counted

derived = property  # a verdict has a field of that name


class Outcome(Enum):
    """The answer to a question; the value is the word that is printed."""

    HOLDS = "holds"
    VIOLATED = "violated"
    REACHED = "reached"
    UNREACHABLE = "unreachable"
    DEADLOCK = "deadlock"
    NO_END = "no way to the end"
    BUDGET = "budget spent"
    UNKNOWN = "unknown"
    NOT_RUN = "not run"
    NOT_INDUCTIVE = "not inductive"
    DISPUTED = "the solvers disagree"
    NOT_VIOLATED = "not violated"
    NOT_OBSERVABLE = "not observable"


class Kind(Enum):
    """What a question is about; the value is the word in JSON."""

    INVARIANT = "invariant"
    STEP_INVARIANT = "step invariant"
    WITNESS = "witness"
    ACTION = "action"
    DEADLOCK = "deadlock"
    END = "end"
    REFINEMENT = "refinement"
    SIMULATION = "simulation"
    BROKEN = "broken"
    PATH = "path"
    OBLIGATION = "obligation"


def invariant_kind(is_step: bool) -> Kind:
    """The kind of an invariant of states or of steps."""
    return Kind.STEP_INVARIANT if is_step else Kind.INVARIANT


class Exit:
    """Exit codes; if several apply, the first in BY_WEIGHT wins."""

    OK, USAGE, BUDGET, DEADLOCK, SAFETY, LIVENESS, VACUOUS, INPUT, SPEC, TOOL = 0, 2, 3, 11, 12, 13, 14, 65, 75, 150
    BY_WEIGHT = (TOOL, SPEC, INPUT, SAFETY, LIVENESS, DEADLOCK, VACUOUS, BUDGET)


CODES = {
    Outcome.DEADLOCK: Exit.DEADLOCK,
    Outcome.NO_END: Exit.DEADLOCK,
    Outcome.BUDGET: Exit.BUDGET,
    Outcome.UNKNOWN: Exit.BUDGET,
    Outcome.NOT_INDUCTIVE: Exit.BUDGET,
    Outcome.DISPUTED: Exit.TOOL,
}
"""The exit code of an unexpected outcome; VACUOUS for all others but a violation."""


@dataclass(frozen=True)
class Verdict:
    """The answer to one question about one model, and how far it reaches.

    `orbit_sum` is the number of unreduced states, `seconds` is wall-clock time, `label` is for which scope the
    answer holds, `stopped` why there is none.
    """

    model: str
    kind: Kind
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
    stopped: Stopped | None = None
    args: tuple[str, ...] = ()
    trace: Trace | None = field(default=None, compare=False)
    world: World | None = field(default=None, compare=False, repr=False)
    saved: Path | None = None

    @derived
    def steps(self) -> int | None:
        return len(self.trace.steps) if self.trace else None

    @derived
    def code(self) -> int:
        """The exit code of the command if this were its only verdict."""
        if self.expected:
            return Exit.OK
        if self.outcome is Outcome.VIOLATED and self.kind is not Kind.BROKEN:
            return Exit.SAFETY
        return CODES.get(self.outcome, Exit.VACUOUS)

    def as_declared(self, steps: int) -> Verdict:
        """The verdict on a broken model, by whether its trace has the declared number of steps."""
        note = "as declared" if self.steps == steps else f"in {counted(self.steps or 0, 'step')}, declared were {steps}"
        return replace(self, kind=Kind.BROKEN, expected=self.steps == steps, note=note)

    def as_json(self) -> dict[str, object]:
        """The record as JSON: without the trace and the world, which are live objects."""
        return {
            "model": self.model,
            "kind": self.kind.value,
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
