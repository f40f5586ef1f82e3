# SPDX-License-Identifier: MIT
"""Questions to workers, one by one or many at once; a limit of time is kept by ending the worker.

The generator of such a worker yields once when it is ready, and then once for each request.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from checkers.core.verdict import Exit
from spec.dsl import PoolproofError

from .workers import Lost, Work, Worker, readable

START = 60.0
"""Seconds until a worker must be ready."""

GRACE = 1.0
"""Seconds between the limit of an answer and the end of the worker: solvers check their own clocks rarely."""


class Undecided(PoolproofError):
    """A question that the rest of the work depends on has no answer; the message says which, why, and the way out."""

    exit_code = Exit.BUDGET


class Server:
    """One worker that answers one request after the other; after a loss the next request starts a new one."""

    def __init__(self, work: Work, seconds: float) -> None:
        self.work, self.seconds = work, seconds
        self.worker: Worker | None = None

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        if self.worker:
            self.worker.end()
            self.worker = None

    def ask(self, request: Any) -> Any:
        """The answer to a request; Lost if there is none."""
        try:
            if not self.worker:
                self.worker = Worker(self.work)
                self.worker.hear(monotonic() + START)
            self.worker.tell(request)
            return self.worker.hear(_until(self.seconds))
        except Lost:
            self.end()
            raise


def _until(seconds: float) -> float | None:
    """The time at which an answer with this limit is too late; 0 is no limit."""
    return monotonic() + seconds + GRACE if seconds else None


@dataclass(frozen=True)
class Queue:
    """Requests for workers of one kind."""

    work: Work
    requests: Sequence[Any]


def answered(queues: Sequence[Queue], jobs: int, seconds: float) -> Iterator[tuple[int, int, Any]]:
    """All answers as they come: the numbers of queue and request, and the answer, or Lost with its cause.

    `jobs` workers run at once (0: one for each core); `seconds` is the limit for one answer.
    """
    pool = _Pool(queues, seconds)
    try:
        yield from pool.run(jobs or os.cpu_count() or 1)
    finally:
        pool.end()


class _Seat:
    """A worker at a queue: the number of its request (-1 while it starts), and the times of its start and limit."""

    def __init__(self, queue: int, work: Work) -> None:
        self.queue, self.number = queue, -1
        self.since, self.until = monotonic(), _until(START)
        self.worker = Worker(work)

    def fileno(self) -> int:
        return self.worker.fileno()

    def ask(self, number: int, request: Any, seconds: float) -> None:
        self.number, self.since, self.until = number, monotonic(), _until(seconds)
        self.worker.tell(request)

    @property
    def left(self) -> float | None:
        return None if self.until is None else max(0.0, self.until - monotonic())


class _Pool:
    """Workers, each started for the queue with most requests for each of its workers."""

    def __init__(self, queues: Sequence[Queue], seconds: float) -> None:
        self.queues, self.seconds = queues, seconds
        self.waiting = [deque(enumerate(q.requests)) for q in queues]
        self.seats: list[_Seat] = []

    def run(self, jobs: int) -> Iterator[tuple[int, int, Any]]:
        while self._fill(jobs):
            limits = [seat.left for seat in self.seats if seat.left is not None]
            ready = readable(self.seats, min(limits, default=None))
            for seat in [s for s in self.seats if s in ready or s.left == 0]:
                yield from self._answer(seat, seat in ready)

    def _fill(self, jobs: int) -> bool:
        """Start workers for the longest queues; true if any worker is at work."""
        while len(self.seats) < jobs and any(self.waiting):
            at = max(range(len(self.queues)), key=lambda n: len(self.waiting[n]) / (1 + self._at(n)))
            if len(self.waiting[at]) <= self._starting(at):
                break
            self.seats.append(_Seat(at, self.queues[at].work))
        return bool(self.seats)

    def _at(self, queue: int) -> int:
        return sum(seat.queue == queue for seat in self.seats)

    def _starting(self, queue: int) -> int:
        return sum(seat.queue == queue and seat.number < 0 for seat in self.seats)

    def _answer(self, seat: _Seat, is_ready: bool) -> Iterator[tuple[int, int, Any]]:
        """The answer of a worker, if it is complete; then the worker gets the next request, or its seat is given up."""
        try:
            if not is_ready:
                raise seat.worker.late()
            seat.worker.read()
            answer = seat.worker.heard()
        except Lost as lost:
            lost.seconds = monotonic() - seat.since
            self._leave(seat)
            if seat.number < 0 and self.waiting[seat.queue]:
                seat.number, _ = self.waiting[seat.queue].popleft()
            if seat.number >= 0:
                yield seat.queue, seat.number, lost
            return
        if answer:
            number = seat.number
            self._go_on(seat)
            if number >= 0:
                yield seat.queue, number, answer[0]

    def _go_on(self, seat: _Seat) -> None:
        if self.waiting[seat.queue]:
            seat.ask(*self.waiting[seat.queue].popleft(), self.seconds)
        else:
            self._leave(seat)

    def _leave(self, seat: _Seat) -> None:
        seat.worker.end()
        self.seats.remove(seat)

    def end(self) -> None:
        for seat in self.seats:
            seat.worker.end()
