# SPDX-License-Identifier: MIT
"""The command runs in a child that reports its end; the parent waits, and prints an error where no report comes.

A model's file is Python: it can end its process silently (`os._exit(0)`, a signal, a fault of a C extension) or never
return. So the process is forked before anything large is imported. Without `os.fork` the command runs in this process,
and such a file goes unnoticed.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

USAGE, BUDGET, TOOL = 2, 3, 150
"""The exit codes used here; `checkers.core.verdict.Exit` has them all, and is not imported before the fork."""

PASSED_ON = getattr(signal, "SIGUSR1", signal.SIGINT)
"""The signal that carries an interrupt from the parent to the child; Ctrl-C on a terminal reaches both by itself."""
ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name))


class Watch:
    """The child's side: the pipe to the parent, and the interrupts counted by signal."""

    def __init__(self) -> None:
        self.pipe = -1
        self.counts: dict[int, int] = {}

    def is_news(self, number: int) -> bool:
        """True if this interrupt is a further one, not the other signal of one that is already counted."""
        known = max(self.counts.values(), default=0)
        self.counts[number] = self.counts.get(number, 0) + 1
        return max(self.counts.values()) > known

    def listen(self, handler: Callable[[int, FrameType | None], None]) -> None:
        """From now on call the handler once for each interrupt."""

        def once(number: int, frame: FrameType | None) -> None:
            if self.is_news(number):
                handler(number, frame)

        for number in {signal.SIGINT, PASSED_ON} if self.pipe >= 0 else {signal.SIGINT}:
            signal.signal(number, once)

    def report(self, word: str, text: object = "") -> None:
        """Send a line to the parent, with this process's number: a fork that a model's file makes has another."""
        if self.pipe >= 0:
            os.write(self.pipe, f"{os.getpid()} {word} {text}\n".encode(errors="replace"))

    @contextmanager
    def importing(self, path: Path, seconds: float) -> Iterator[None]:
        """While a file is imported, a timer ends this process after `seconds`, whatever the file does."""
        if self.pipe < 0:
            yield
            return
        self.report("imports", f"{seconds:g} {' '.join(str(path).split())}")
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self.report("imported")


WATCH = Watch()


def watched(command: Callable[[], int]) -> int:
    """Run the command in a child, and return the exit code that it reports."""
    if not _has_streams():
        return USAGE
    return _in_a_child(command) if hasattr(os, "fork") else command()


def _has_streams() -> bool:
    """True if standard output is open. Closed streams become /dev/null, so that no other file gets their numbers."""
    while (free := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(free)
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115 - as long as the process
    if sys.stdout is None:
        _fail("standard output is closed; redirect it, such as > FILE")
    return sys.stdout is not None


def _in_a_child(command: Callable[[], int]) -> int:
    """Fork; the child runs the command, the parent passes signals on and waits."""
    reading, writing = os.pipe()
    sent: list[int] = []
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, PASSED_ON, *ENDING})
    parent = os.getpid()
    child = os.fork()
    if not child:
        os.close(reading)
        WATCH.pipe = writing
        WATCH.listen(_interrupted)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        _end_with(parent)
        return _reported(command)
    os.close(writing)
    _pass_on(child, sent)
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    _, status = os.waitpid(child, 0)
    return _ended(child, status, _all_of(reading), sent)


def _interrupted(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _reported(command: Callable[[], int]) -> int:
    """Run the command in the child, flush its output, and report the exit code."""
    code = command()
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    WATCH.report("ends", code)
    return code


def _end_with(parent: int) -> None:
    """Where the kernel can, kill this process when its parent ends."""
    with suppress(OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG of linux/prctl.h
    if os.getppid() != parent:
        os._exit(TOOL)


def _pass_on(child: int, sent: list[int]) -> None:
    """Pass signals on to the child; those that end a process are appended to `sent`."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(child, PASSED_ON)

    def end(number: int, frame: FrameType | None) -> None:
        sent.append(number)
        with suppress(ProcessLookupError):
            os.kill(child, number)

    signal.signal(signal.SIGINT, interrupt)
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)


def _all_of(pipe: int) -> list[str]:
    """The lines in the pipe by now; a process that the child left behind may hold its other end open for ever."""
    os.set_blocking(pipe, False)
    received = b""
    with suppress(BlockingIOError):
        while chunk := os.read(pipe, 1 << 16):
            received += chunk
    return received.decode(errors="replace").splitlines()


def _ended(child: int, status: int, lines: list[str], sent: list[int]) -> int:
    """The exit code that the command reported; without a report, one for how the child ended."""
    reports = [line.split(" ", 2)[1:] for line in lines if line.startswith(f"{child} ")]
    word, text = reports[-1] if reports else ("", "")
    if word == "ends":
        return int(text)
    if sent:
        signal.signal(sent[-1], signal.SIG_DFL)
        os.kill(os.getpid(), sent[-1])
    where = text.partition(" ")[2] if word == "imports" else ""
    if where and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
        limit = text.partition(" ")[0]
        way_out = "correct what does not end in it, or give a longer --time-limit where the command has it"
        return _fail(f"{where}: was not imported within {limit} s; {way_out}", BUDGET)
    what = f"{where}: ended the command while it was imported" if where else "the command ended without a result"
    return _fail(f"{what}: {_how(status)}; nothing is known of what was checked", TOOL)


def _how(status: int) -> str:
    """How a process ended."""
    if not os.WIFSIGNALED(status):
        return f"exit code {os.WEXITSTATUS(status)} without a report"
    number = os.WTERMSIG(status)
    short = " (is memory short? see --max-memory)" if number == signal.SIGKILL else ""
    return f"killed by signal {number}, {signal.strsignal(number)}{short}"


def _fail(message: str, code: int = USAGE) -> int:
    """Print the message as one line on standard error, and return the exit code."""
    print(f"poolproof: {message}", file=sys.stderr)
    return code
