# SPDX-License-Identifier: MIT
"""Where a worker fails, its question has the cause in place of an answer, and the other questions go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from checkers.prove import queues
from checkers.prove.queues import Queue, Server, answered
from checkers.prove.workers import Lost, Worker

HANG = 10**6


def works(requests: Iterator[Any]) -> Iterator[Any]:
    """Echoes each message, unless it is a command."""
    yield None
    for request in requests:
        does = MISHAPS.get(request)
        yield does() if does else request


def prints() -> str:
    """Prints where answers are expected, and wherever else something can be printed."""
    for fd in range(64):
        try:
            os.write(fd, b"Segmentation violation\n")
        except OSError:
            continue
    return "printed"


def fails() -> None:
    raise ArithmeticError("no such number\nanywhere")


MISHAPS: dict[Any, Any] = {
    "crash": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "abort": os.abort,
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "exit": lambda: os._exit(3),
    "hang": lambda: time.sleep(HANG),
    "garbage": prints,
    "error": fails,
    "no JSON": lambda: {1, 2},
}

CAUSES = {
    "crash": "its process ended by SIGSEGV",
    "abort": "its process ended by SIGABRT",
    "killed": "its process ended by SIGKILL",
    "exit": "its process ended (3)",
    "hang": "it gave no answer in time",
    "garbage": "it printed 'Segmentation violation'",
    "error": "ArithmeticError: no such number anywhere",
    "no JSON": "TypeError: ",
}


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers have a short time to end."""
    monkeypatch.setattr(queues, "GRACE", 0.2)


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_befalls_a_worker_costs_one_answer(jobs: int) -> None:
    """Of all requests each has its answer, or its cause in words; and no process is left."""
    sent: list[Any] = [part for n, mishap in enumerate(MISHAPS) for part in (n, mishap)]
    found = {n: answer for _, n, answer in answered([Queue(works, sent)], jobs, 0.5)}
    assert len(found) == len(sent)
    for n, request in enumerate(sent):
        if request in MISHAPS:
            assert isinstance(found[n], Lost)
            assert str(found[n]).startswith(CAUSES[request])
        else:
            assert found[n] == request or str(found[n]) == CAUSES["hang"]  # on a machine that is very busy


def test_a_worker_that_never_starts_is_no_endless_loop() -> None:
    """Each request is tried once."""

    def broken(requests: Iterator[Any]) -> Iterator[Any]:
        raise ArithmeticError("no solver")
        yield

    found = [(n, str(answer)) for _, n, answer in answered([Queue(broken, range(3))], 2, 10)]
    assert sorted(found) == [(n, "ArithmeticError: no solver") for n in range(3)]


def test_a_late_answer_is_no_answer_to_another_question() -> None:
    """A late answer is not taken for that of the next question."""

    def late(requests: Iterator[Any]) -> Iterator[Any]:
        yield None
        for n, request in enumerate(requests):
            time.sleep(1.0 if request == "first" else 0.0)
            yield [n, request]

    with Server(late, 0.1) as server:
        with pytest.raises(Lost, match="in time"):
            server.ask("first")
        server.seconds = 0
        assert server.ask("second") == [0, "second"]


def test_queues_are_answered_side_by_side() -> None:
    """Each request of each queue exactly once, whoever answers."""
    lists: list[list[Any]] = [list(range(50)), [], list("abc")]
    found = list(answered([Queue(works, one) for one in lists], 3, 30))
    wanted = [(q, n, x) for q, one in enumerate(lists) for n, x in enumerate(one)]
    assert sorted(found, key=str) == sorted(wanted, key=str)


def test_whoever_stops_listening_ends_the_workers() -> None:
    """A worker whose answer is not needed any more is ended."""
    for _ in answered([Queue(works, [1, "hang", "hang", 2])], 3, 0):
        break
    with pytest.raises(KeyboardInterrupt), Worker(works):
        raise KeyboardInterrupt


ORPHANS = """
import os, time
from checkers.prove.workers import Worker

def sleeps(requests):
    yield os.getpid()
    time.sleep(1000000)

worker = Worker(sleeps)
print(worker.hear(), flush=True)
time.sleep(1000000)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a process hears of its parent's end on Linux")
def test_no_worker_outlives_its_maker() -> None:
    """Even if that is killed, a worker in the middle of its work ends too."""
    run = subprocess.Popen([sys.executable, "-c", ORPHANS], stdout=subprocess.PIPE, text=True)
    assert run.stdout
    worker = int(run.stdout.readline())
    run.kill()
    run.wait()
    run.stdout.close()
    while is_alive(worker):
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Is there such a process, and not only what is left of it?"""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
