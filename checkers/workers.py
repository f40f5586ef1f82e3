"""Solvers work in processes of their own: one that crashes, hangs or prints garbage takes nothing with it.

A worker is this process, forked: it knows all that was read so far, and runs one generator. Requests and answers are
lines of JSON. A worker that is lost is not asked again: what it was asked has a cause instead of an answer, and the
rest goes to a new one.
"""

from __future__ import annotations

import ctypes
import faulthandler
import json
import os
import resource
import signal
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from time import monotonic
from typing import Any, NoReturn

Work = Callable[[Iterator[Any]], Iterator[Any]]
"""What a worker does: given the requests as they come, it yields answers. In a queue it yields once before the first."""

START = 60.0
"""Seconds until a worker must be ready to be asked."""

GRACE = 1.0
"""Seconds beyond the limit of an answer until a worker is ended: solvers look at their own clocks now and then."""

MOST_BYTES = 2**28
"""No answer is so long."""

PR_SET_PDEATHSIG = 1
"""prctl(2): which signal a process gets when the one that made it is gone."""


class Lost(Exception):
    """A worker gives no answer; the message says why, `seconds` how long it was waited for."""

    def __init__(self, cause: str, seconds: float = 0.0) -> None:
        super().__init__(cause)
        self.seconds = seconds


class Undecided(Exception):
    """A question on which all else hangs has no answer; the message says which, why, and the way out."""


class Worker:
    """A process of its own that runs a generator; the end of its `with` is the end of the process."""

    def __init__(self, work: Work) -> None:
        (asked, self._to), (self._from, answers) = os.pipe(), os.pipe()
        self._lines, self._rest, self._is_over = deque[bytes](), b"", False
        maker, before = os.getpid(), signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        self.pid = _forked()
        if not self.pid:
            os.close(self._to)
            os.close(self._from)
            _serve(work, asked, answers, maker)
        os.close(asked)
        os.close(answers)
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)  # an interrupt that came meanwhile is raised here
        except BaseException:
            self.end()
            raise

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def fileno(self) -> int:
        """Where the answers come from, for whoever waits for several workers."""
        return self._from

    def tell(self, request: Any) -> None:
        """Send a request; that a worker is gone is noticed when its answer is read."""
        try:
            _write(self._to, request)
        except BrokenPipeError:
            return

    def hear(self, until: float | None = None) -> Any:
        """The next answer; Lost if there is none when the clock (`monotonic`) comes to `until`."""
        while not (said := self.heard()):
            left = None if until is None else max(0.0, until - monotonic())
            if not wait([self], left):
                raise self.late()
            self.read()
        return said[0]

    def heard(self) -> tuple[Any] | None:
        """The next of the answers that were read, if one is complete."""
        return (self._said(self._lines.popleft()),) if self._lines else None

    def read(self) -> None:
        """Read what has come; waits if nothing has."""
        got = os.read(self._from, 2**16)
        if not got:
            raise Lost(self._ended())
        *lines, self._rest = (self._rest + got).split(b"\n")
        self._lines.extend(lines)
        if len(self._rest) > MOST_BYTES:
            self.end()
            raise Lost("its answer has no end")

    def _said(self, line: bytes) -> Any:
        try:
            kind, value = json.loads(line)
        except ValueError:
            kind, value = "", ""
        if kind == "answer":
            return value
        self.end()
        raise Lost(str(value) if kind == "lost" else f"it printed {line[:40].decode(errors='replace')!r}")

    def late(self) -> Lost:
        """Too late: the process is ended, whatever it does."""
        self.end()
        return Lost("it gave no answer in time")

    def _ended(self) -> str:
        """How the process came to its end."""
        status = self.end()
        return f"its process ended by {signal.Signals(-status).name}" if status < 0 else f"its process ended ({status})"

    def end(self) -> int:
        """End the process, unless it has ended; returns how it did, a signal as a negative number."""
        if self._is_over:
            return 0
        self._is_over = True
        os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        os.close(self._to)
        os.close(self._from)
        return os.waitstatus_to_exitcode(status)


def _forked() -> int:
    """Fork; what another thread holds here, a worker has no use for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _serve(work: Work, asked: int, answers: int, maker: int) -> NoReturn:
    """The life of a worker: nothing but its end leads out of here."""
    try:
        _apart(maker)
        with open(asked, encoding="utf-8") as lines:
            for value in work(map(json.loads, lines)):
                _write(answers, ["answer", value])
    except BaseException as error:
        _write(answers, ["lost", " ".join(f"{type(error).__name__}: {error}".split())])
    finally:
        os._exit(0)


def _apart(maker: int) -> None:
    """Nothing is said or heard but by the pipes; Ctrl-C is for the process that made this one, whose end is ours."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    faulthandler.disable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != maker:
        os._exit(0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in range(3):
        os.dup2(nowhere, fd)


def _write(fd: int, value: Any) -> None:
    left = memoryview(json.dumps(value).encode() + b"\n")
    while left:
        left = left[os.write(fd, left) :]


# -- one request after the other, and many at once ---------------------------------------------------------------------


class Server:
    """One worker that is asked one thing after the other; where it is lost, the next request begins a new one."""

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
    """When an answer is too late, of which so many seconds are the limit; 0 is none."""
    return monotonic() + seconds + GRACE if seconds else None


@dataclass(frozen=True)
class Queue:
    """Requests that workers of one kind are to answer."""

    work: Work
    requests: Sequence[Any]


def answered(queues: Sequence[Queue], jobs: int, seconds: float) -> Iterator[tuple[int, int, Any]]:
    """All answers as they come: the numbers of queue and request, and the answer, or Lost with its cause.

    So many workers are at work at once (0: as many as there are cores); one answer has the limit of `seconds`.
    """
    pool = _Pool(queues, seconds)
    try:
        yield from pool.run(jobs or os.cpu_count() or 1)
    finally:
        pool.end()


class _Seat:
    """A worker at a queue: the request that it is at, since when, and until when; -1 while it starts."""

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
    """Workers, each at the queue that was longest when it began."""

    def __init__(self, queues: Sequence[Queue], seconds: float) -> None:
        self.queues, self.seconds = queues, seconds
        self.waiting = [deque(enumerate(q.requests)) for q in queues]
        self.seats: list[_Seat] = []

    def run(self, jobs: int) -> Iterator[tuple[int, int, Any]]:
        while self._fill(jobs):
            limits = [seat.left for seat in self.seats if seat.left is not None]
            ready = wait(self.seats, min(limits, default=None))
            for seat in [s for s in self.seats if s in ready or s.left == 0]:
                yield from self._answer(seat, seat in ready)

    def _fill(self, jobs: int) -> bool:
        """Put workers where most is to be done; is anybody at work?"""
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
        """What a worker says, if it has said all of it; then it is asked on, or gives up its seat."""
        try:
            if not is_ready:
                raise seat.worker.late()
            seat.worker.read()
            said = seat.worker.heard()
        except Lost as lost:
            lost.seconds = monotonic() - seat.since
            self._leave(seat)
            if seat.number < 0 and self.waiting[seat.queue]:
                seat.number, _ = self.waiting[seat.queue].popleft()
            if seat.number >= 0:
                yield seat.queue, seat.number, lost
            return
        if said:
            number = seat.number
            self._go_on(seat)
            if number >= 0:
                yield seat.queue, number, said[0]

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
