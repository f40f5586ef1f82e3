"""Every obligation to both solvers, on all cores; what was decided before is not asked again."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import groupby

from .known import Known
from .obligations import SAT, UNSAT, Obligation
from .solvers import DEFINITE, SOLVERS, UNKNOWN, Answer, versions

BATCH = 24
"""Obligations that a worker is handed at once."""


@dataclass(frozen=True)
class Decided:
    """An obligation, and what each solver says of it; `counting` if what is known of counts was needed."""

    obligation: Obligation
    answers: dict[str, Answer]
    counting: bool = False

    @property
    def said(self) -> set[str]:
        return {answer.said for answer in self.answers.values()}

    @property
    def is_as_wanted(self) -> bool:
        """Both solvers are there, and both say what is wanted."""
        return self.agreed == self.obligation.wanted

    @property
    def agreed(self) -> str:
        """What both solvers say, or that it is not known."""
        return next(iter(self.said)) if len(self.answers) == len(SOLVERS) and len(self.said) == 1 else UNKNOWN

    @property
    def is_disputed(self) -> bool:
        """One solver says yes and another no."""
        return set(DEFINITE) <= self.said

    @property
    def fails(self) -> bool:
        """Some solver says the opposite of what is wanted, and none says that; impossible takes both to say so."""
        if self.obligation.wanted == SAT:
            return self.agreed == UNSAT
        return SAT in self.said and not self.is_disputed

    @property
    def seconds(self) -> float:
        return sum(answer.seconds for answer in self.answers.values())


@dataclass(frozen=True)
class Effort:
    """How hard to try: seconds for each answer, processes (0: all cores), whether to remember, and which seed."""

    seconds: float = 10.0
    jobs: int = 0
    known: Known = field(default_factory=Known)
    seed: int = 0


Task = tuple[str, list[tuple[str, str]], str, float, int]
"""A theory, questions without and with what is known of counts, the answer wanted, seconds, seed."""
Raw = list[tuple[bool, dict[str, Answer]]]
Progress = Callable[[int, int], None]


def decide(every: Sequence[Obligation], effort: Effort, progress: Progress = lambda n, of: None) -> list[Decided]:
    """What both solvers say of each obligation, in the order given."""
    found = dict(_remembered(every, effort))
    progress(len(found), len(every))
    for numbers, raw in _asked([(n, o) for n, o in enumerate(every) if n not in found], effort):
        for n, (counting, answers) in zip(numbers, raw, strict=True):
            found[n] = Decided(every[n], answers, counting)
        told = {found[n].obligation.digest(found[n].counting): found[n].answers for n in numbers}
        effort.known.remember(told, effort.seed)
        progress(len(found), len(every))
    return [found[n] for n in sorted(found)]


def _remembered(every: Sequence[Obligation], effort: Effort) -> Iterator[tuple[int, Decided]]:
    """What was decided before: without what is known of counts, or with it where that was needed."""
    if not effort.known.path:
        return
    plain = {n: o.digest() for n, o in enumerate(every)}
    answers = effort.known.answers(plain.values(), effort.seed)
    left = {}
    for n, digest in plain.items():
        o, said = every[n], answers.get(digest, {})
        if said and (not o.question.known or all(a.said == o.wanted for a in said.values())):
            yield n, Decided(o, said)
        elif o.question.known:
            left[n] = o.digest(counting=True)
    answers = effort.known.answers(left.values(), effort.seed)
    yield from ((n, Decided(every[n], answers[d], counting=True)) for n, d in left.items() if d in answers)


def _asked(left: list[tuple[int, Obligation]], effort: Effort) -> Iterator[tuple[list[int], Raw]]:
    """Batches of one theory each, on as many cores as there are, as they are done."""
    batches = [(numbers, task) for numbers, task in _batches(left, effort)]
    jobs = min(effort.jobs or os.cpu_count() or 1, len(batches))
    if jobs <= 1:
        yield from ((numbers, work(task)) for numbers, task in batches)
        return
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _ignore_interrupts)
    try:
        running = _begun(pool, batches)
        yield from _as_done(running)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _begun(pool: ProcessPoolExecutor, batches: list[tuple[list[int], Task]]) -> dict[Future[Raw], list[int]]:
    """Hand out the work. Ctrl-C waits until all workers are started: it is not theirs to hear, not even at first."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return {pool.submit(work, task): numbers for numbers, task in batches}
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _as_done(running: dict[Future[Raw], list[int]]) -> Iterator[tuple[list[int], Raw]]:
    left = set(running)
    while left:
        done, left = wait(left, return_when=FIRST_COMPLETED)
        yield from ((running[one], one.result()) for one in done)


def _ignore_interrupts() -> None:
    """Ctrl-C is for the process that handed out the work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _batches(left: list[tuple[int, Obligation]], effort: Effort) -> Iterator[tuple[list[int], Task]]:
    def kind(pair: tuple[int, Obligation]) -> tuple[str, str]:
        return pair[1].theory, pair[1].wanted

    for (theory, wanted), group in groupby(sorted(left, key=kind), key=kind):
        every = list(group)
        for at in range(0, len(every), BATCH):
            some = every[at : at + BATCH]
            bodies = [(o.body(), o.body(counting=True) if o.question.known else "") for _, o in some]
            yield [n for n, _ in some], (theory, bodies, wanted, effort.seconds, effort.seed)


def work(task: Task) -> Raw:
    """Ask the solvers that are installed everything in a batch."""
    theory, bodies, wanted, seconds, seed = task
    installed = [solver for solver in SOLVERS if solver.name in versions()]
    sessions = [solver(theory, seconds, seed) for solver in installed]

    def answers(body: str) -> dict[str, Answer]:
        found = {}
        for solver, session in zip(installed, sessions, strict=True):
            found[solver.name] = session.ask(body)
        if {a.said for a in found.values()} == {UNKNOWN, wanted}:
            for solver in (solver for solver in installed if found[solver.name].said == UNKNOWN):
                found[solver.name] = solver(theory, seconds, seed, thorough=True).ask(body)
        return found

    raw = []
    for plain, counting in bodies:
        said = answers(plain)
        enough = not counting or all(a.said == wanted for a in said.values())
        raw.append((False, said) if enough else (True, answers(counting)))
    return raw
