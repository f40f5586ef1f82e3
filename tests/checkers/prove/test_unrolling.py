# SPDX-License-Identifier: MIT
"""Bounded questions that end early: by the clock, by an interrupt, by a solver that dies or does not know."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import z3

from checkers.core.stopped import FOUND, INTERRUPTED, after_seconds
from checkers.core.verdict import Outcome
from checkers.prove import bounded, unrolling
from checkers.prove.bounded import Bounded, bmc, k_induction
from checkers.prove.choices import Term
from checkers.prove.workers import Lost, Work
from models.yardstick import yardstick
from tests.clock import ticking

from .test_bounded import leaning, outcomes, tiny


def interrupts_at(depth: int) -> Callable[[int, float], None]:
    def progress(done: int, seconds: float) -> None:
        if done == depth:
            raise KeyboardInterrupt

    return progress


def test_an_interrupt_keeps_what_was_found() -> None:
    """After three steps one invariant is known to be broken; the other is left open, and says why."""
    three, four = bmc(leaning(), tiny(leaning()), 9, progress=interrupts_at(3))
    assert (three.outcome, three.depth, three.stopped) == (Outcome.VIOLATED, 3, None)
    assert (four.outcome, four.depth, four.stopped) == (Outcome.BUDGET, 3, INTERRUPTED)
    assert four.finding is None


class Here:
    """A worker that works here and now, so that a clock may be made up."""

    def __init__(self, work: Work) -> None:
        self.answers = work(iter(()))

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_: object) -> None: ...

    def heard(self) -> tuple[Any]:
        return (next(self.answers),)


@pytest.mark.parametrize("ask", [bmc, k_induction])
def test_a_budget_keeps_what_was_found(ask: Callable[..., list[Bounded]], monkeypatch: pytest.MonkeyPatch) -> None:
    """However much time there is, each invariant has its answer or is left open, and more time leaves no more open."""
    full, left = {b.claim.name: b.outcome for b in ask(leaning(), tiny(leaning()), 3)}, [2]
    for seconds in range(1, 60, 2):
        monkeypatch.setattr(bounded, "time", ticking(1.0))
        monkeypatch.setattr(bounded, "Worker", Here)
        found = ask(leaning(), tiny(leaning()), 3, seconds=seconds)
        open_ones = [b for b in found if b.outcome is Outcome.BUDGET]
        assert all(b.stopped == after_seconds(seconds) for b in open_ones)
        assert all(b.outcome is full[b.claim.name] for b in found if b not in open_ones)
        left.append(len(open_ones))
    assert left == sorted(left, reverse=True)
    assert set(left) == {2, 1, 0}


def test_what_was_looked_for_ends_the_search() -> None:
    """The others are left open, at the depth that was looked at."""
    three, four = bmc(leaning(), tiny(leaning()), 9, until="never_three")
    assert three.outcome is Outcome.VIOLATED
    assert (four.outcome, four.depth, four.stopped) == (Outcome.BUDGET, 2, FOUND)


def pigeons(number: int) -> list[Term]:
    """One hole too few, which takes a solver for ever."""
    sits = [[z3.Bool(f"{p} sits in {h}") for h in range(number - 1)] for p in range(number)]
    columns = (list(enumerate(hole)) for hole in zip(*sits, strict=True))
    apart = (z3.Or(z3.Not(a), z3.Not(b)) for hole in columns for n, a in hole for m, b in hole if m < n)
    return [*(z3.Or(holes) for holes in sits), *apart]


@pytest.fixture
def _hard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is asked, the solver has to put 14 pigeons into 13 holes."""

    def decide(*_: object) -> bool:
        solver = z3.SolverFor("QF_FD")
        solver.add(*pigeons(14))
        return bool(solver.check() == z3.sat)

    monkeypatch.setattr(unrolling.Search, "decide", decide)


@pytest.mark.usefixtures("_hard")
@pytest.mark.parametrize("ask", [bmc, k_induction])
def test_a_solver_at_work_is_stopped_by_the_clock(ask: Callable[..., list[Bounded]]) -> None:
    """It does not decide for itself when to look at the time."""
    found = ask(yardstick, tiny(yardstick), 1, seconds=0.3)
    assert {(b.outcome, b.stopped, b.depth) for b in found} == {(Outcome.BUDGET, after_seconds(0.3), 0)}


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """SIGINT is an interrupt, also where the tests run in the background of a shell, which makes them ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_hard", "_interruptible")
def test_a_solver_at_work_is_stopped_by_an_interrupt() -> None:
    """Ctrl-C ends the process of a z3 that is at work."""
    found = bmc(yardstick, tiny(yardstick), 1, progress=lambda depth, seconds: signal.raise_signal(signal.SIGINT))
    assert {(b.outcome, b.stopped) for b in found} == {(Outcome.BUDGET, INTERRUPTED)}


def dies(*_: object) -> bool:
    os.kill(os.getpid(), signal.SIGSEGV)
    return True


def hangs_up(*_: object) -> bool:
    raise Lost("no idea")


@pytest.mark.parametrize("ask", [bmc, k_induction])
@pytest.mark.parametrize(("does", "said"), [(dies, "its process ended by SIGSEGV"), (hangs_up, "no idea")])
def test_a_solver_that_dies_or_does_not_know_is_no_answer(
    ask: Callable[..., list[Bounded]], does: Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left open is unknown, with the cause, and never taken for yes or no."""
    monkeypatch.setattr(unrolling.Search, "decide", does)
    found = ask(yardstick, tiny(yardstick), 1)
    assert outcomes(found) == {Outcome.UNKNOWN}
    assert all(said in str(b.stopped) for b in found)
