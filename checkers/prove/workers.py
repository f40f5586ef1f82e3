# SPDX-License-Identifier: MIT
"""Worker processes for solvers: one that crashes, hangs or prints garbage does no harm to the command.

A worker is a fork of this process that runs one generator. Requests and answers are lines of JSON. If a worker is lost,
its request gets a cause in place of an answer, and the other requests go to a new worker.
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
from multiprocessing.connection import wait
from time import monotonic
from typing import Any, NoReturn

Work = Callable[[Iterator[Any]], Iterator[Any]]
"""The generator of a worker: it takes requests as they come, and yields answers."""

MOST_BYTES = 2**28
"""The most bytes of an answer."""

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a process gets when its parent ends."""


INTERRUPTS = {signal.SIGINT, getattr(signal, "SIGUSR1", signal.SIGINT)}
"""Ctrl-C, and the signal by which the supervising process passes it on."""


class Lost(Exception):
    """A worker gives no answer; the message is the cause, `seconds` the time waited."""

    def __init__(self, cause: str, seconds: float = 0.0) -> None:
        super().__init__(cause)
        self.seconds = seconds


class Worker:
    """A process that runs a generator, and ends with its `with` statement."""

    def __init__(self, work: Work) -> None:
        (asked, self._to), (self._from, answers) = os.pipe(), os.pipe()
        self._lines, self._rest, self._is_over = deque[bytes](), b"", False
        maker, before = os.getpid(), signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
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
        """The descriptor of the answers, to wait for several workers."""
        return self._from

    def tell(self, request: Any) -> None:
        """Send a request; the loss of a worker is detected when its answer is read."""
        try:
            _write(self._to, request)
        except BrokenPipeError:
            return

    def hear(self, until: float | None = None) -> Any:
        """The next answer; Lost if there is none when the clock (`monotonic`) comes to `until`."""
        while not (answer := self.heard()):
            left = None if until is None else max(0.0, until - monotonic())
            if not self.is_ready(left):
                raise self.late()
            self.read()
        return answer[0]

    def is_ready(self, seconds: float | None) -> bool:
        """True if there is something to read within these seconds (None: no limit)."""
        return bool(readable([self], seconds))

    def heard(self) -> tuple[Any] | None:
        """The next complete answer among those read, in a tuple; None if there is none."""
        return (self._answer(self._lines.popleft()),) if self._lines else None

    def read(self) -> None:
        """Read what is there; blocks if there is nothing."""
        got = os.read(self._from, 2**16)
        if not got:
            raise Lost(self._ended())
        *lines, self._rest = (self._rest + got).split(b"\n")
        self._lines.extend(lines)
        if len(self._rest) > MOST_BYTES:
            self.end()
            raise Lost("its answer has no end")

    def _answer(self, line: bytes) -> Any:
        try:
            kind, value = json.loads(line)
        except ValueError:
            kind, value = "", ""
        if kind == "answer":
            return value
        self.end()
        raise Lost(str(value) if kind == "lost" else f"it printed {line[:40].decode(errors='replace')!r}")

    def late(self) -> Lost:
        """End the process for being late."""
        self.end()
        return Lost("it gave no answer in time")

    def _ended(self) -> str:
        """How the process ended."""
        status = self.end()
        return f"its process ended by {signal.Signals(-status).name}" if status < 0 else f"its process ended ({status})"

    def end(self) -> int:
        """End the process; returns its exit code, a signal as a negative number, 0 if it was ended before."""
        if self._is_over:
            return 0
        self._is_over = True
        os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        os.close(self._to)
        os.close(self._from)
        return os.waitstatus_to_exitcode(status)


def readable(workers: Sequence[Any], seconds: float | None) -> list[Any]:
    """The workers with something to read within these seconds (None: no limit)."""
    return wait(workers, seconds)


def _forked() -> int:
    """Fork. A worker uses no lock that another thread may hold."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _serve(work: Work, asked: int, answers: int, maker: int) -> NoReturn:
    """Run a worker to its end, and exit."""
    try:
        _apart(maker, asked, answers)
        with open(asked, encoding="utf-8") as lines:
            for value in work(map(json.loads, lines)):
                _write(answers, ["answer", value])
    except BaseException as error:
        cause = str(error) if isinstance(error, Lost) else f"{type(error).__name__}: {error}"
        _write(answers, ["lost", " ".join(cause.split())])
    finally:
        os._exit(0)


def _apart(maker: int, asked: int, answers: int) -> None:
    """Leave only the pipes open, ignore Ctrl-C, and end with the parent."""
    for number in INTERRUPTS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)
    faulthandler.disable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != maker:
        os._exit(0)
    os.closerange(3, min(asked, answers))
    os.closerange(min(asked, answers) + 1, max(asked, answers))
    os.closerange(max(asked, answers) + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in range(3):
        os.dup2(nowhere, fd)


def _write(fd: int, value: Any) -> None:
    left = memoryview(json.dumps(value).encode() + b"\n")
    while left:
        left = left[os.write(fd, left) :]
