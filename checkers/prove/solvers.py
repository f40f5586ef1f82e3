# SPDX-License-Identifier: MIT
"""z3 and cvc5: each reads SMT-LIB 2 text and answers sat, unsat or unknown.

A session reads a theory once and is asked many questions beside it. The command runs sessions in worker processes only
(`sessions`, for `checkers.prove.workers`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, ClassVar

from .queues import Server
from .workers import Lost, Work

UNKNOWN = "unknown"
DEFINITE = ("sat", "unsat")

NO_LIMIT = 2**32 - 1
"""The number that z3 takes as no limit of time."""


class SolverError(Exception):
    """A solver rejects the text, or fails; the message has its name and its own message."""


@dataclass(frozen=True)
class Answer:
    """An answer (sat, unsat or unknown), the seconds it took, and the cause of an unknown other than time."""

    result: str
    seconds: float
    cause: str = ""


class Session(ABC):
    """A solver with a theory."""

    name: ClassVar[str]

    def __init__(self, theory: str, seconds: float, seed: int, thorough: bool = False) -> None:
        self.seconds, self.seed, self.thorough = seconds, seed, thorough
        self.begin()
        self.read(theory)

    @property
    def milliseconds(self) -> int:
        """The limit of one answer."""
        return max(1, round(1000 * self.seconds))

    @staticmethod
    @abstractmethod
    def version() -> str:
        """The version of the solver; raises ImportError if it is not installed."""

    @abstractmethod
    def begin(self) -> None:
        """Start the solver."""

    @abstractmethod
    def read(self, text: str) -> str:
        """Read a text; returns the output."""

    def limited(self, text: str) -> str:
        """Read a question, with the limit of time."""
        return self.read(text)

    def ask(self, body: str) -> Answer:
        """Ask one question beside the theory."""
        began = perf_counter()
        self.read("(push 1)\n")
        output = self.limited(body).strip()
        self.read("(pop 1)\n")
        seconds = perf_counter() - began
        if output in (*DEFINITE, UNKNOWN):
            return Answer(output, seconds)
        return Answer(UNKNOWN, seconds, f"it answered {output[:40]!r}")


class Z3(Session):
    """z3, through its own parser of SMT-LIB 2."""

    name = "z3"

    @staticmethod
    def version() -> str:
        import z3

        return str(z3.get_version_string())

    def begin(self) -> None:
        import z3

        self.z3, self.context = z3, z3.Context()
        self.read(f"(set-option :random-seed {self.seed})\n")

    def limited(self, text: str) -> str:
        """The limit is set for this text alone: z3 has one for the whole process, and exceeding it is an error."""
        self._limit(self.milliseconds if self.seconds else NO_LIMIT)
        try:
            return self.read(text)
        except SolverError as error:
            if "canceled" in str(error):
                return UNKNOWN
            raise
        finally:
            self._limit(NO_LIMIT)

    def core(self, body: str, switches: Sequence[str]) -> list[str] | None:
        """The switches in an unsat core, which need not be minimal; None if the answer is not unsat."""
        self.read("(push 1)\n")
        output = self.limited(f"{body}(check-sat-assuming ({' '.join(switches)}))\n").strip()
        found = self.read("(get-unsat-core)\n").strip("() \n").split() if output == "unsat" else None
        self.read("(pop 1)\n")
        return found

    def _limit(self, milliseconds: int) -> None:
        self.read(f"(set-option :timeout {milliseconds})\n")

    def read(self, text: str) -> str:
        try:
            output = str(self.z3.Z3_eval_smtlib2_string(self.context.ref(), text))
        except self.z3.Z3Exception as error:
            message = error.value.decode() if isinstance(error.value, bytes) else str(error.value)
            raise SolverError(f"z3: {message.strip()}") from None
        if "unsupported" in output or "(error" in output:
            raise SolverError(f"z3: {output.strip()}")
        return output


class Cvc5(Session):
    """cvc5; a thorough session instantiates quantifiers by enumeration of terms."""

    name = "cvc5"

    @staticmethod
    def version() -> str:
        import cvc5

        return str(cvc5.__version__)

    def begin(self) -> None:
        import cvc5

        self.cvc5 = cvc5
        self.solver = cvc5.Solver(cvc5.TermManager())
        options = {"incremental": "true", "seed": str(self.seed), "sat-random-seed": str(self.seed)}
        if self.seconds:
            options["tlimit-per"] = str(self.milliseconds)
        if self.thorough:
            options["enum-inst"] = "true"
        for name, value in options.items():
            self.solver.setOption(name, value)
        self.parser = cvc5.InputParser(self.solver)

    def read(self, text: str) -> str:
        self.parser.setStringInput(self.cvc5.InputLanguage.SMT_LIB_2_6, text, "obligation")
        output, symbols = "", self.parser.getSymbolManager()
        try:
            while not (command := self.parser.nextCommand()).isNull():
                output += str(command.invoke(self.solver, symbols))
        except RuntimeError as error:
            raise SolverError(f"cvc5: {error}") from None
        if "(error" in output:
            raise SolverError(f"cvc5: {output.strip()}")
        return output


SOLVERS: tuple[type[Session], ...] = (Z3, Cvc5)


def sessions(solver: type[Session], theory: str, seconds: float, seed: int, thorough: bool = False) -> Work:
    """The work of a worker that answers questions beside a theory; a thorough one has a new session for each."""

    def work(bodies: Iterator[Any]) -> Iterator[Any]:
        session = solver(theory, seconds, seed, thorough)
        yield None
        for number, body in enumerate(bodies):
            if thorough and number:
                session = solver(theory, seconds, seed, thorough)
            answer = session.ask(body)
            yield [answer.result, answer.seconds, answer.cause]

    return work


def cores(theory: str, switches: Sequence[str], seconds: float, seed: int) -> Work:
    """The work of a worker that gives an unsat core of these switches for each question."""

    def work(bodies: Iterator[Any]) -> Iterator[Any]:
        session = Z3(theory, seconds, seed)
        yield None
        yield from (session.core(body, switches) for body in bodies)

    return work


def asked(session: Server, body: str) -> Answer:
    """Ask a session in a worker process one question."""
    try:
        return Answer(*session.ask(body))
    except Lost as lost:
        return answer_of(lost)


def answer_of(answer: list[Any] | Lost) -> Answer:
    """The answer of a worker, or UNKNOWN with the cause if it was lost."""
    return Answer(UNKNOWN, answer.seconds, str(answer)) if isinstance(answer, Lost) else Answer(*answer)


def versions() -> dict[str, str]:
    """The installed solvers with their versions."""
    return {solver.name: found for solver in SOLVERS if (found := _version(solver))}


def _version(solver: type[Session]) -> str:
    try:
        return solver.version()
    except ImportError:
        return ""
