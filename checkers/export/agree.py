# SPDX-License-Identifier: MIT
"""Comparison of all engines: states, transitions, and whether the invariants of states hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from checkers.core.verdict import Exit
from checkers.core.wording import counted
from checkers.engines import PYTHON, C, EngineChoice, explore
from checkers.native.build import compiler
from spec.dsl import Machine

from .other_tools import Count, Rumur, Spin, ToolError


class Engine(Protocol):
    """An engine that counts all states of a machine in a scope, without symmetry."""

    @property
    def name(self) -> str: ...

    def available(self) -> bool:
        """True if it is installed."""

    def count(self, machine: Machine, sizes: dict[str, int]) -> Count:
        """Its count; raises ToolError."""


@dataclass(frozen=True)
class Explorer:
    """The search of this project, in Python or in C: of all states, or of orbits whose sizes are added up."""

    language: str = PYTHON
    orbits: bool = False

    @property
    def name(self) -> str:
        return f"{'orbits' if self.orbits else 'explore'} ({self.language})"

    def available(self) -> bool:
        return self.language == PYTHON or bool(compiler())

    def count(self, machine: Machine, sizes: dict[str, int]) -> Count:
        """The count of a complete search; raises KeyboardInterrupt after an interrupt."""
        seen = explore(machine, sizes, machine.symmetric if self.orbits else (), choice=EngineChoice(self.language))
        if seen.stopped:
            raise KeyboardInterrupt
        holds = not _breaks_a_state(machine, set(seen.violated))
        return Count(seen.orbit_sum, None if self.orbits else seen.transitions, holds)


def _breaks_a_state(machine: Machine, violated: set[str]) -> bool:
    """True if one of these is an invariant of states."""
    return any(claim.name in violated for claim in machine.invariants if not claim.is_step)


ENGINES: tuple[Engine, ...] = (
    Explorer(),
    Explorer(orbits=True),
    Explorer(C),
    Explorer(C, orbits=True),
    Spin(),
    Rumur(),
)
"""All engines; they are compared with the first one that answers."""


@dataclass(frozen=True)
class Row:
    """The answers for one model: a count, an error, or None if an engine is not installed."""

    model: str
    answers: dict[str, Count | ToolError | None]

    @property
    def counts(self) -> dict[str, Count]:
        return {name: answer for name, answer in self.answers.items() if isinstance(answer, Count)}

    @property
    def errors(self) -> list[str]:
        """The errors, one line each."""
        return [f"{self.model}: {answer}" for answer in self.answers.values() if isinstance(answer, ToolError)]

    @property
    def disagreements(self) -> list[str]:
        """The differences from the first engine, one line each."""
        (first, wanted), *others = self.counts.items() or [("", Count(0))]
        return [f"{self.model}: {line}" for name, found in others for line in _parts(first, wanted, name, found)]


def _parts(first: str, wanted: Count, name: str, found: Count) -> Iterator[str]:
    """The differences of two counts, with both numbers."""
    if wanted.states != found.states:
        yield f"{first} counts {counted(wanted.states, 'state')}, {name} {found.states:,}"
    if None not in (wanted.transitions, found.transitions) and wanted.transitions != found.transitions:
        yield f"{first} counts {counted(wanted.transitions or 0, 'transition')}, {name} {found.transitions:,}"
    if None not in (wanted.holds, found.holds) and wanted.holds != found.holds:
        words = {True: "all invariants of states hold", False: "one is violated"}
        yield f"for {first} {words[wanted.holds is True]}, for {name} {words[found.holds is True]}"


def compare(machine: Machine, sizes: dict[str, int], engines: Sequence[Engine] = ENGINES) -> Row:
    """The answers of all installed engines."""
    return Row(machine.name, {engine.name: _answer(engine, machine, sizes) for engine in engines})


def _answer(engine: Engine, machine: Machine, sizes: dict[str, int]) -> Count | ToolError | None:
    try:
        return engine.count(machine, sizes) if engine.available() else None
    except ToolError as error:
        return error


def exit_code(rows: Sequence[Row]) -> int:
    """The exit code: an error outweighs a disagreement; an engine that is not installed does not count."""
    if any(row.errors for row in rows):
        return Exit.TOOL
    return Exit.VACUOUS if any(row.disagreements for row in rows) else Exit.OK
