# SPDX-License-Identifier: MIT
"""Deciding obligations: each by both solvers, on all cores, and only if no answer is cached."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from .known import Known
from .obligations import SAT, UNSAT, Obligation
from .queues import Queue, answered
from .solvers import DEFINITE, SOLVERS, UNKNOWN, Answer, Session, answer_of, sessions, versions

BATCH = 64
"""Answers that are written to the cache at once."""


@dataclass(frozen=True)
class Decided:
    """An obligation and the answers of the solvers; `counting` if the cardinality axioms were used."""

    obligation: Obligation
    answers: dict[str, Answer]
    counting: bool = False

    @property
    def results(self) -> set[str]:
        return {answer.result for answer in self.answers.values()}

    @property
    def is_as_wanted(self) -> bool:
        """True if both solvers gave the wanted answer."""
        return self.agreed == self.obligation.wanted

    @property
    def agreed(self) -> str:
        """The answer of both solvers, or UNKNOWN."""
        return next(iter(self.results)) if len(self.answers) == len(SOLVERS) and len(self.results) == 1 else UNKNOWN

    @property
    def is_disputed(self) -> bool:
        """True if one solver answers sat and another unsat."""
        return set(DEFINITE) <= self.results

    @property
    def fails(self) -> bool:
        """True if a solver gives the opposite answer and none the wanted one; for unsatisfiability both must."""
        if self.obligation.wanted == SAT:
            return self.agreed == UNSAT
        return SAT in self.results and not self.is_disputed

    @property
    def seconds(self) -> float:
        return sum(answer.seconds for answer in self.answers.values())


@dataclass(frozen=True)
class SolverOptions:
    """Seconds for each answer (0: no limit), processes (0: all cores), the cache of answers, and the seed."""

    seconds: float = 10.0
    jobs: int = 0
    known: Known = field(default_factory=Known)
    seed: int = 0


Answers = dict[str, Answer]
"""The answers of the solvers by name."""
CountProgress = Callable[[int, int], None]


def decide(
    every: Sequence[Obligation], options: SolverOptions, progress: CountProgress = lambda n, of: None
) -> list[Decided]:
    """Decide each obligation; the results are in the order given."""
    found = dict(_remembered(every, options))
    progress(len(found), len(every))
    left = {n: o for n, o in enumerate(every) if n not in found}
    new: list[Decided] = []
    try:
        for n, decided in _asked(left, options):
            found[n] = decided
            new.append(decided)
            if len(new) == BATCH:
                _remember(new, options)
            progress(len(found), len(every))
    finally:
        _remember(new, options)
    return [found[n] for n in sorted(found)]


def _remember(new: list[Decided], options: SolverOptions) -> None:
    """Write the new answers to the cache."""
    options.known.remember({d.obligation.digest(d.counting): d.answers for d in new}, options.seed)
    new.clear()


def _remembered(every: Sequence[Obligation], options: SolverOptions) -> Iterator[tuple[int, Decided]]:
    """The cached answers: without the cardinality axioms, or with them if they were needed."""
    if not options.known.path:
        return
    plain = {n: o.digest() for n, o in enumerate(every)}
    answers = options.known.answers(plain.values(), options.seed)
    left = {}
    for n, digest in plain.items():
        o, cached = every[n], answers.get(digest, {})
        if cached and (not o.question.known or all(a.result == o.wanted for a in cached.values())):
            yield n, Decided(o, cached)
        elif o.question.known:
            left[n] = o.digest(counting=True)
    answers = options.known.answers(left.values(), options.seed)
    yield from ((n, Decided(every[n], answers[d], counting=True)) for n, d in left.items() if d in answers)


def _asked(left: dict[int, Obligation], options: SolverOptions) -> Iterator[tuple[int, Decided]]:
    """Ask without the cardinality axioms, and again with them what that does not decide as wanted."""
    again: dict[int, Obligation] = {}
    for n, answers in _by_all(left, False, options):
        o = left[n]
        if o.question.known and not all(a.result == o.wanted for a in answers.values()):
            again[n] = o
        else:
            yield n, Decided(o, answers)
    yield from ((n, Decided(left[n], answers, counting=True)) for n, answers in _by_all(again, True, options))


def _by_all(left: dict[int, Obligation], counting: bool, options: SolverOptions) -> Iterator[tuple[int, Answers]]:
    """The answers of all installed solvers; one that does not know what the other does is asked again, thoroughly."""
    installed = [solver for solver in SOLVERS if solver.name in versions()]
    found: dict[int, Answers] = {n: {} for n in left}
    hard: list[tuple[int, type[Session]]] = []
    for n, solver, answer in _round([(n, s) for s in installed for n in left], left, counting, options, False):
        mine = found[n]
        mine[solver.name] = answer
        if len(mine) == len(installed) and {a.result for a in mine.values()} == {UNKNOWN, left[n].wanted}:
            hard.append((n, next(s for s in installed if mine[s.name].result == UNKNOWN)))
        elif len(mine) == len(installed):
            yield n, _ordered(mine)
    for n, solver, answer in _round(hard, left, counting, options, True):
        yield n, _ordered({**found[n], solver.name: answer})


def _round(
    asked: Sequence[tuple[int, type[Session]]],
    left: dict[int, Obligation],
    counting: bool,
    options: SolverOptions,
    thorough: bool,
) -> Iterator[tuple[int, type[Session], Answer]]:
    """Ask each obligation of its solver, in worker processes, with a session for each solver and theory."""
    groups: dict[tuple[type[Session], str], list[int]] = {}
    for n, solver in asked:
        groups.setdefault((solver, left[n].theory), []).append(n)
    at, seconds, seed = list(groups.items()), options.seconds, options.seed
    queues = [
        Queue(sessions(solver, theory, seconds, seed, thorough), [left[n].body(counting) for n in numbers])
        for (solver, theory), numbers in at
    ]
    for queue, number, answer in answered(queues, options.jobs, seconds):
        (solver, _), numbers = at[queue]
        yield numbers[number], solver, answer_of(answer)


def _ordered(answers: Answers) -> Answers:
    """The answers in the order of the solvers."""
    return {solver.name: answers[solver.name] for solver in SOLVERS if solver.name in answers}
