# SPDX-License-Identifier: MIT
"""Why a search, a simulation or a solver stopped before its question was answered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .wording import counted


class Reason(Enum):
    """What stopped it."""

    STATES = "states"
    SECONDS = "seconds"
    MEMORY = "memory"
    FOUND = "found"
    INTERRUPTED = "interrupted"
    SOLVER = "solver"


@dataclass(frozen=True)
class Stopped:
    """The reason, and the limit that was reached as text: `500 states`."""

    reason: Reason
    text: str

    def __str__(self) -> str:
        return self.text

    @property
    def cause(self) -> str:
        """The text for a note: a limit is named as one, an interrupt is none."""
        return self.text if self.reason is Reason.INTERRUPTED else f"budget {self.text}"


INTERRUPTED = Stopped(Reason.INTERRUPTED, "interrupted")
FOUND = Stopped(Reason.FOUND, "what was looked for is found")


def after_states(states: int) -> Stopped:
    """The limit on states was reached."""
    return Stopped(Reason.STATES, counted(states, "state"))


def after_seconds(seconds: float) -> Stopped:
    """The limit on time was reached."""
    return Stopped(Reason.SECONDS, f"{seconds:g} s")
