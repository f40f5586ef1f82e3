"""The command runs in a child that reports its end; this process waits for it, and says so where no report comes.

A model's file is Python: it can end its process in silence (`os._exit(0)`, a signal, a fault of a C extension) or never
return. So the process is forked before anything heavy is imported. Where there is no `os.fork` the command runs in this
process, and such a file is not found out.
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
"""The exit codes given here; `checkers.core.verdict.Exit` has them all, and is not imported before the fork."""

PASSED_ON = getattr(signal, "SIGUSR1", signal.SIGINT)
"""How an interrupt that this process was sent reaches the child; Ctrl-C on a terminal reaches both by itself."""
ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name))


class Watch:
    """What the child knows of the process that waits for it, and the interrupts it heard from both sides."""

    def __init__(self) -> None:
        self.pipe = -1
        self.heard: dict[int, int] = {}

    def is_news(self, number: int) -> bool:
        """Is this interrupt another one, or one that was heard already from the other side?"""
        known = max(self.heard.values(), default=0)
        self.heard[number] = self.heard.get(number, 0) + 1
        return max(self.heard.values()) > known

    def listen(self, hear: Callable[[int, FrameType | None], None]) -> None:
        """From now on this hears each interrupt, once."""

        def once(number: int, frame: FrameType | None) -> None:
            if self.is_news(number):
                hear(number, frame)

        for number in {signal.SIGINT, PASSED_ON} if self.pipe >= 0 else {signal.SIGINT}:
            signal.signal(number, once)

    def say(self, word: str, text: object = "") -> None:
        """Tell the process that waits; a copy of this one that a model's file makes has another number."""
        if self.pipe >= 0:
            os.write(self.pipe, f"{os.getpid()} {word} {text}\n".encode(errors="replace"))

    @contextmanager
    def importing(self, path: Path, seconds: float) -> Iterator[None]:
        """While a file is imported this process is ended after so many seconds, whatever it does; the other says so."""
        if self.pipe < 0:
            yield
            return
        self.say("imports", f"{seconds:g} {' '.join(str(path).split())}")
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self.say("imported")


WATCH = Watch()


def watched(command: Callable[[], int]) -> int:
    """Run the command in a child, and return the exit code that it reports."""
    if not _has_streams():
        return USAGE
    return _in_a_child(command) if hasattr(os, "fork") else command()


def _has_streams() -> bool:
    """Are there places to print to? Closed ones become /dev/null, so that no file of ours takes their number."""
    while (free := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(free)
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115 - as long as the process
    if sys.stdout is None:
        _said("standard output is closed; give the command a place to print to, such as > FILE")
    return sys.stdout is not None


def _in_a_child(command: Callable[[], int]) -> int:
    """Fork; the child runs the command, this process passes signals on and waits."""
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
    """Run the command in the child, and report how it ended once all it printed is out."""
    code = command()
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    WATCH.say("ends", code)
    return code


def _end_with(parent: int) -> None:
    """Where the kernel offers it, this process is killed when the one that waits for it is."""
    with suppress(OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG of linux/prctl.h
    if os.getppid() != parent:
        os._exit(TOOL)


def _pass_on(child: int, sent: list[int]) -> None:
    """Signals that this process is sent go to the child; those that end a process are remembered."""

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
    """The lines that are in the pipe by now; a process that the child left behind may hold its other end for ever."""
    os.set_blocking(pipe, False)
    said = b""
    with suppress(BlockingIOError):
        while chunk := os.read(pipe, 1 << 16):
            said += chunk
    return said.decode(errors="replace").splitlines()


def _ended(child: int, status: int, lines: list[str], sent: list[int]) -> int:
    """The exit code of the command: the one that it reported, or else one that says how it ended without."""
    said = [line.split(" ", 2)[1:] for line in lines if line.startswith(f"{child} ")]
    word, text = said[-1] if said else ("", "")
    if word == "ends":
        return int(text)
    if sent:
        signal.signal(sent[-1], signal.SIG_DFL)
        os.kill(os.getpid(), sent[-1])
    where = text.partition(" ")[2] if word == "imports" else ""
    if where and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
        limit = text.partition(" ")[0]
        way_out = "mend what does not end in it, or give more --time where the command has it"
        return _said(f"{where}: was not imported within {limit} s; {way_out}", BUDGET)
    while_ = f"{where}: ended the command while it was imported" if where else "the command ended without an answer"
    return _said(f"{while_}: {_how(status)}; nothing is known of what was asked", TOOL)


def _how(status: int) -> str:
    """How a process ended."""
    if not os.WIFSIGNALED(status):
        return f"exit code {os.WEXITSTATUS(status)} without a report"
    number = os.WTERMSIG(status)
    short = " (is memory short? see --max-memory)" if number == signal.SIGKILL else ""
    return f"killed by signal {number}, {signal.strsignal(number)}{short}"


def _said(message: str, code: int = USAGE) -> int:
    """Say in one line on standard error why there is no answer."""
    print(f"poolproof: {message}", file=sys.stderr)
    return code
