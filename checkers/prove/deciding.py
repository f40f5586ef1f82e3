"""Every obligation to both solvers, on all cores; what was decided before is not asked again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from .known import Known
from .obligations import SAT, UNSAT, Obligation
from .queues import Queue, answered
from .solvers import DEFINITE, SOLVERS, UNKNOWN, Answer, Session, answer_of, sessions, versions

BATCH = 64
"""Obligations that are remembered at once."""


@dataclass(frozen=True)
class Decided:
    """An obligation, and what each solver says of it; `counting` if what is known of counts was needed."""

    obligation: Obligation
    answers: dict[str, Answer]
    counting: bool = False

    @property
    def results(self) -> set[str]:
        return {answer.result for answer in self.answers.values()}

    @property
    def is_as_wanted(self) -> bool:
        """Both solvers are there, and both say what is wanted."""
        return self.agreed == self.obligation.wanted

    @property
    def agreed(self) -> str:
        """What both solvers say, or that it is not known."""
        return next(iter(self.results)) if len(self.answers) == len(SOLVERS) and len(self.results) == 1 else UNKNOWN

    @property
    def is_disputed(self) -> bool:
        """One solver says yes and another no."""
        return set(DEFINITE) <= self.results

    @property
    def fails(self) -> bool:
        """Some solver says the opposite of what is wanted, and none says that; impossible takes both to say so."""
        if self.obligation.wanted == SAT:
            return self.agreed == UNSAT
        return SAT in self.results and not self.is_disputed

    @property
    def seconds(self) -> float:
        return sum(answer.seconds for answer in self.answers.values())


@dataclass(frozen=True)
class SolverOptions:
    """How hard to try: seconds for each answer, processes (0: all cores), whether to remember, and which seed."""

    seconds: float = 10.0
    jobs: int = 0
    known: Known = field(default_factory=Known)
    seed: int = 0


Answers = dict[str, Answer]
"""What each solver says, by name."""
CountProgress = Callable[[int, int], None]


def decide(
    every: Sequence[Obligation], options: SolverOptions, progress: CountProgress = lambda n, of: None
) -> list[Decided]:
    """What both solvers say of each obligation, in the order given."""
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
    """Keep what is new, once."""
    options.known.remember({d.obligation.digest(d.counting): d.answers for d in new}, options.seed)
    new.clear()


def _remembered(every: Sequence[Obligation], options: SolverOptions) -> Iterator[tuple[int, Decided]]:
    """What was decided before: without what is known of counts, or with it where that was needed."""
    if not options.known.path:
        return
    plain = {n: o.digest() for n, o in enumerate(every)}
    answers = options.known.answers(plain.values(), options.seed)
    left = {}
    for n, digest in plain.items():
        o, said = every[n], answers.get(digest, {})
        if said and (not o.question.known or all(a.result == o.wanted for a in said.values())):
            yield n, Decided(o, said)
        elif o.question.known:
            left[n] = o.digest(counting=True)
    answers = options.known.answers(left.values(), options.seed)
    yield from ((n, Decided(every[n], answers[d], counting=True)) for n, d in left.items() if d in answers)


def _asked(left: dict[int, Obligation], options: SolverOptions) -> Iterator[tuple[int, Decided]]:
    """Ask without what is known of counts, and what that does not decide as it should be once more with it."""
    again: dict[int, Obligation] = {}
    for n, answers in _by_all(left, False, options):
        o = left[n]
        if o.question.known and not all(a.result == o.wanted for a in answers.values()):
            again[n] = o
        else:
            yield n, Decided(o, answers)
    yield from ((n, Decided(left[n], answers, counting=True)) for n, answers in _by_all(again, True, options))


def _by_all(left: dict[int, Obligation], counting: bool, options: SolverOptions) -> Iterator[tuple[int, Answers]]:
    """What all solvers that are installed say; the one that does not know what the other knows tries harder."""
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
    """Each of these obligations to its solver, in processes of their own, a session for each solver and theory."""
    groups: dict[tuple[type[Session], str], list[int]] = {}
    for n, solver in asked:
        groups.setdefault((solver, left[n].theory), []).append(n)
    at, seconds, seed = list(groups.items()), options.seconds, options.seed
    queues = [
        Queue(sessions(solver, theory, seconds, seed, thorough), [left[n].body(counting) for n in numbers])
        for (solver, theory), numbers in at
    ]
    for queue, number, said in answered(queues, options.jobs, seconds):
        (solver, _), numbers = at[queue]
        yield numbers[number], solver, answer_of(said)


def _ordered(answers: Answers) -> Answers:
    """In the order of the solvers, whoever answered first."""
    return {solver.name: answers[solver.name] for solver in SOLVERS if solver.name in answers}
