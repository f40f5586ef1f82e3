# SPDX-License-Identifier: MIT
"""Other model checkers: spin and rumur count the states of an exported machine, if they are installed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from platform import machine as processor
from shutil import which
from typing import ClassVar

from checkers.core.verdict import Exit
from spec.dsl import Machine, PoolproofError

from . import murphi, promela
from .language import CannotExport

SECONDS = 600.0
"""The limit of one command of a tool."""
DEPTH = 1_000_000
"""The depth limit of spin's search; if it is reached, the output has a note, which is checked."""
SPIN_OPTIONS = ("-w", "-DSAFETY", "-DNOREDUCE", "-DMEMLIM=8000", "-DVECTORSZ=65000")
RUMUR_OPTIONS = (
    *("--threads", "1", "--symmetry-reduction", "off", "--deadlock-detection", "off"),
    *("--value-type", "int32_t", "--output-format", "machine-readable"),
)
INVARIANT = re.compile(r'invariant (&quot;|").*(&quot;|") failed')


class ToolError(PoolproofError):
    """A tool failed, or its output is not understood: there is no count to compare."""

    exit_code = Exit.TOOL


@dataclass(frozen=True)
class Count:
    """The counts of an engine, and whether the invariants of states hold; None for what it does not report."""

    states: int
    transitions: int | None = None
    holds: bool | None = None


Write = Callable[[Machine, dict[str, int], bool], str]


@dataclass(frozen=True)
class OtherTool(ABC):
    """A tool that makes a C program of a model; the program counts, and stops at the first violated invariant.

    `effort` is the optimisation level of the C compiler, `seconds` the limit of each command.
    """

    write: Write
    seconds: float = SECONDS
    effort: str = "-O1"
    name: ClassVar[str]
    file: ClassVar[str]

    def available(self) -> bool:
        """Are the tool and a C compiler on the PATH?"""
        return bool(which(self.name) and which("cc"))

    def count(self, machine: Machine, sizes: dict[str, int]) -> Count:
        """All states, and whether every invariant of states holds; if not, the count is repeated without them."""
        found = self._counted(machine, sizes, judging=True)
        return found if found.holds else replace(self._counted(machine, sizes, judging=False), holds=False)

    def _counted(self, machine: Machine, sizes: dict[str, int], judging: bool) -> Count:
        with tempfile.TemporaryDirectory(prefix="poolproof-") as directory:
            Path(directory, self.file).write_text(self._written(machine, sizes, judging), encoding="utf-8")
            *made, last = self.commands()
            for words in made:
                code, output = self.run(words, directory)
                if code:
                    raise ToolError(f"{self.name}: {words[0]} fails: {_first(output) or f'exit code {code}'}")
            return self.understood(self.run(last, directory)[1], machine, sizes)

    def _written(self, machine: Machine, sizes: dict[str, int], judging: bool) -> str:
        try:
            return self.write(machine, sizes, judging)
        except CannotExport as error:
            raise ToolError(f"{self.name}: {error}") from None

    def run(self, words: Sequence[str], directory: str) -> tuple[int, str]:
        """Run one command; errors have the name of the tool."""
        try:
            return _run(words, directory, self.seconds)
        except ToolError as error:
            raise ToolError(f"{self.name}: {error}") from None

    @abstractmethod
    def commands(self) -> Sequence[Sequence[str]]:
        """The commands in the directory of the model; the last one counts."""

    @abstractmethod
    def understood(self, output: str, machine: Machine, sizes: dict[str, int]) -> Count:
        """The count in the output of the tool."""

    def number(self, pattern: str, output: str) -> int:
        """A number that must be in the output once."""
        found = re.findall(pattern, output, re.MULTILINE)
        if len(found) != 1:
            raise ToolError(f"{self.name}: output not understood: {_first(output) or 'it is empty'}")
        return int(found[0])


@dataclass(frozen=True)
class Spin(OtherTool):
    """spin: exhaustive, without partial-order reduction and hidden variables."""

    write: Write = promela.text
    name = "spin"
    file = "model.pml"

    def commands(self) -> Sequence[Sequence[str]]:
        compiled = ("cc", self.effort, *SPIN_OPTIONS, "-o", "pan", "pan.c")
        return ("spin", "-o2", "-a", self.file), compiled, ("./pan", f"-m{DEPTH}")

    def understood(self, output: str, machine: Machine, sizes: dict[str, int]) -> Count:
        errors = self.number(r"errors: (\d+)$", output)
        if errors and re.search(r"^pan:\d+: assertion violated (?!-)", output, re.MULTILINE):
            return Count(0, holds=False)
        if errors or "Full statespace search" not in output or re.search("too small|not completed|reached -D", output):
            raise ToolError(f"{self.name}: the search is not complete: {_first(output)}")
        states, transitions = promela.surplus(machine, sizes)
        stored, taken = self.number(r"^ *(\d+) states, stored$", output), self.number(r"^ *(\d+) transitions", output)
        return Count(stored - states, taken - transitions, holds=True)


@dataclass(frozen=True)
class Rumur(OtherTool):
    """rumur: without symmetry reduction and deadlock detection."""

    write: Write = murphi.text
    name = "rumur"
    file = "model.m"

    def commands(self) -> Sequence[Sequence[str]]:
        wide = ("-mcx16",) if processor() == "x86_64" else ()
        compiled = ("cc", "-w", "-std=c11", self.effort, *wide, "-o", "model", "model.c", "-lpthread")
        return ("rumur", *RUMUR_OPTIONS, "--output", "model.c", self.file), compiled, ("./model",)

    def understood(self, output: str, machine: Machine, sizes: dict[str, int]) -> Count:
        if self.number(r'^<summary .*errors="(\d+)"', output):
            message = "".join(re.findall("<message>(.*)</message>", output))
            if INVARIANT.fullmatch(message):
                return Count(0, holds=False)
            raise ToolError(f"{self.name}: the search is not complete: {message}")
        states, fired = (rf'^<summary .*\b{name}="(\d+)"' for name in ("states", "rules_fired"))
        return Count(self.number(states, output), self.number(fired, output), holds=True)


def _first(output: str) -> str:
    """The first line of an output."""
    return next((line.strip() for line in output.splitlines() if line.strip()), "")


def _run(words: Sequence[str], directory: str, seconds: float) -> tuple[int, str]:
    """The exit code and the output of a command; at an interrupt its process group is killed."""
    try:
        process = subprocess.Popen(
            words,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise ToolError(f"{words[0]} cannot be run: {error.strerror}") from None
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise ToolError(f"{words[0]} gives no answer within {seconds:g} s") from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return process.returncode, output.decode(errors="replace")
