"""z3 and cvc5: each is handed SMT-LIB 2 text and says sat, unsat, or that it does not know.

A session keeps a theory and is asked one question after the other beside it, which saves reading the theory again;
what a session does not know is asked again of a solver that was handed the whole text and nothing else. The command
has sessions in processes of their own only (`sessions`, for `checkers.prove.workers`).
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
"""z3's word for no limit of time."""


class SolverError(Exception):
    """A solver does not read the text it is handed, or fails; the message says which and what it says."""


@dataclass(frozen=True)
class Answer:
    """What a solver said, and how long it took; the cause, where it is unknown for another reason than time."""

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
        """The limit for one answer as solvers take it."""
        return max(1, round(1000 * self.seconds))

    @staticmethod
    @abstractmethod
    def version() -> str:
        """Which one it is; raises ImportError if it is not installed."""

    @abstractmethod
    def begin(self) -> None:
        """Start the solver."""

    @abstractmethod
    def read(self, text: str) -> str:
        """Hand it some text; returns what it says."""

    def limited(self, text: str) -> str:
        """Hand it a question, with the limit of time."""
        return self.read(text)

    def ask(self, body: str) -> Answer:
        """Ask one question beside the theory."""
        began = perf_counter()
        self.read("(push 1)\n")
        said = self.limited(body).strip()
        self.read("(pop 1)\n")
        seconds = perf_counter() - began
        if said in (*DEFINITE, UNKNOWN):
            return Answer(said, seconds)
        return Answer(UNKNOWN, seconds, f"it answered {said[:40]!r}")


class Z3(Session):
    """z3, through its own reader of SMT-LIB 2."""

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
        """The limit is set for this text alone: z3 has one for a whole process, and what comes too late is an error."""
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
        """The switches that an answer of "unsat" leans on, as few as it happens to find; None if that is no answer."""
        self.read("(push 1)\n")
        said = self.limited(f"{body}(check-sat-assuming ({' '.join(switches)}))\n").strip()
        found = self.read("(get-unsat-core)\n").strip("() \n").split() if said == "unsat" else None
        self.read("(pop 1)\n")
        return found

    def _limit(self, milliseconds: int) -> None:
        self.read(f"(set-option :timeout {milliseconds})\n")

    def read(self, text: str) -> str:
        try:
            said = str(self.z3.Z3_eval_smtlib2_string(self.context.ref(), text))
        except self.z3.Z3Exception as error:
            said = error.value.decode() if isinstance(error.value, bytes) else str(error.value)
            raise SolverError(f"z3: {said.strip()}") from None
        if "unsupported" in said or "(error" in said:
            raise SolverError(f"z3: {said.strip()}")
        return said


class Cvc5(Session):
    """cvc5; a thorough one tries all terms for what is said of all."""

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
        said, symbols = "", self.parser.getSymbolManager()
        try:
            while not (command := self.parser.nextCommand()).isNull():
                said += str(command.invoke(self.solver, symbols))
        except RuntimeError as error:
            raise SolverError(f"cvc5: {error}") from None
        if "(error" in said:
            raise SolverError(f"cvc5: {said.strip()}")
        return said


SOLVERS: tuple[type[Session], ...] = (Z3, Cvc5)


def sessions(solver: type[Session], theory: str, seconds: float, seed: int, thorough: bool = False) -> Work:
    """The work of answering questions beside a theory; a thorough solver has never seen another question."""

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
    """The work of saying on which of these switches an answer of "unsat" leans, question by question."""

    def work(bodies: Iterator[Any]) -> Iterator[Any]:
        session = Z3(theory, seconds, seed)
        yield None
        yield from (session.core(body, switches) for body in bodies)

    return work


def asked(session: Server, body: str) -> Answer:
    """One question to a session in a process of its own."""
    try:
        return Answer(*session.ask(body))
    except Lost as lost:
        return answer_of(lost)


def answer_of(said: list[Any] | Lost) -> Answer:
    """What a worker with a session said."""
    return Answer(UNKNOWN, said.seconds, str(said)) if isinstance(said, Lost) else Answer(*said)


def versions() -> dict[str, str]:
    """The solvers and their versions; without one that is not installed."""
    return {solver.name: found for solver in SOLVERS if (found := _version(solver))}


def _version(solver: type[Session]) -> str:
    try:
        return solver.version()
    except ImportError:
        return ""
