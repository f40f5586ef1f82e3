"""Do all engines count alike: states, transitions, and whether the invariants about states hold?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from checkers.core.verdict import Exit
from checkers.engines import PYTHON, C, EngineChoice, explore
from checkers.native.build import compiler
from spec.dsl import Machine

from .other_tools import Count, Rumur, Spin, ToolError


class Engine(Protocol):
    """Something that counts the states of a machine in a scope, all of them, told apart by every name."""

    @property
    def name(self) -> str: ...

    def available(self) -> bool:
        """Is it installed here?"""

    def count(self, machine: Machine, sizes: dict[str, int]) -> Count:
        """Its count; it raises ToolError where it has none."""


@dataclass(frozen=True)
class Explorer:
    """This project's own search, in Python or in C, of all states, or of orbits whose sizes must add up."""

    language: str = PYTHON
    orbits: bool = False

    @property
    def name(self) -> str:
        return f"{'orbits' if self.orbits else 'explore'} ({self.language})"

    def available(self) -> bool:
        return self.language == PYTHON or bool(compiler())

    def count(self, machine: Machine, sizes: dict[str, int]) -> Count:
        """The count of the whole search; one that somebody interrupted has counted nothing."""
        seen = explore(machine, sizes, machine.symmetric if self.orbits else (), choice=EngineChoice(self.language))
        if seen.stopped:
            raise KeyboardInterrupt
        holds = not _breaks_a_state(machine, set(seen.violated))
        return Count(seen.orbit_sum, None if self.orbits else seen.transitions, holds)


def _breaks_a_state(machine: Machine, violated: set[str]) -> bool:
    """Is one of these an invariant about states?"""
    return any(claim.name in violated for claim in machine.invariants if not claim.is_step)


ENGINES: tuple[Engine, ...] = (
    Explorer(),
    Explorer(orbits=True),
    Explorer(C),
    Explorer(C, orbits=True),
    Spin(),
    Rumur(),
)
"""All that can count; the first one that answers is the one the others are compared with."""


@dataclass(frozen=True)
class Row:
    """What the engines say about one model: a count, an error, or None where an engine is not installed."""

    model: str
    answers: dict[str, Count | ToolError | None]

    @property
    def counts(self) -> dict[str, Count]:
        return {name: answer for name, answer in self.answers.items() if isinstance(answer, Count)}

    @property
    def errors(self) -> list[str]:
        """What went wrong, an engine a line."""
        return [f"{self.model}: {answer}" for answer in self.answers.values() if isinstance(answer, ToolError)]

    @property
    def disagreements(self) -> list[str]:
        """Where an engine parts from the first one, a line each."""
        (first, wanted), *others = self.counts.items() or [("", Count(0))]
        return [f"{self.model}: {line}" for name, found in others for line in _parts(first, wanted, name, found)]


def _parts(first: str, wanted: Count, name: str, found: Count) -> Iterator[str]:
    """How two counts differ, with both numbers."""
    if wanted.states != found.states:
        yield f"{first} counts {wanted.states:,} states, {name} {found.states:,}"
    if None not in (wanted.transitions, found.transitions) and wanted.transitions != found.transitions:
        yield f"{first} counts {wanted.transitions:,} transitions, {name} {found.transitions:,}"
    if None not in (wanted.holds, found.holds) and wanted.holds != found.holds:
        said = {True: "all invariants about states hold", False: "one is broken"}
        yield f"for {first} {said[wanted.holds is True]}, for {name} {said[found.holds is True]}"


def compare(machine: Machine, sizes: dict[str, int], engines: Sequence[Engine] = ENGINES) -> Row:
    """Ask every engine that is installed."""
    return Row(machine.name, {engine.name: _answer(engine, machine, sizes) for engine in engines})


def _answer(engine: Engine, machine: Machine, sizes: dict[str, int]) -> Count | ToolError | None:
    try:
        return engine.count(machine, sizes) if engine.available() else None
    except ToolError as error:
        return error


def exit_code(rows: Sequence[Row]) -> int:
    """An error weighs more than a disagreement; what is not installed weighs nothing."""
    if any(row.errors for row in rows):
        return Exit.TOOL
    return Exit.VACUOUS if any(row.disagreements for row in rows) else Exit.OK
