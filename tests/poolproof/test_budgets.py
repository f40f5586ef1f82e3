# SPDX-License-Identifier: MIT
"""Budgets, Ctrl-C, terminals and pipes: what is known so far is printed, and no more."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from checkers import judging
from poolproof.__main__ import command
from poolproof.commands import check
from poolproof.interrupts import INTERRUPTS

from .conftest import Command
from .drivers import BROKEN, SOUND, VIOLATED, write

COMMAND = (sys.executable, "-m", "poolproof")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TERM": "xterm", "COLUMNS": "80"}


@contextmanager
def running(*words: str, out: int = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
    """The command as a process of its own, which is over at the end whatever happens."""
    process = subprocess.Popen(
        (*COMMAND, *words), stdout=out, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, encoding="utf-8"
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def on_a_terminal(*words: str, interrupt_at: str = "") -> tuple[int, str]:
    """The exit code of a command and all that a terminal got from it; Ctrl-C is typed when a text appears."""
    ours, theirs = pty.openpty()
    with running(*words, out=theirs) as process:
        os.close(theirs)
        seen = ""
        while chunk := _read(ours):
            seen += chunk
            if interrupt_at and interrupt_at in seen:
                process.send_signal(signal.SIGINT)
                interrupt_at = ""
        return process.wait(), seen


def _read(terminal: int) -> str:
    try:
        return os.read(terminal, 65536).decode(errors="replace")
    except OSError:  # the other side of the terminal is gone
        return ""


def test_a_budget_of_states_is_a_verdict(run_cli: Command, desk: Path) -> None:
    """What the search did not finish is "budget spent" and no pass; what it found before is printed."""
    write(desk / "my.py", SOUND)
    printed = run_cli("check", "my.py", "--max-states", 3, "--json", "out.json")
    found = {v["property"]: v for v in json.loads((desk / "out.json").read_text())["verdicts"]}
    assert printed.code == 3
    assert found["at_most_one_page_is_posted"]["verdict"] == "budget spent"
    assert found["at_most_one_page_is_posted"]["label"] == "not run"
    assert found["a_page_is_received"]["verdict"] == "reached"
    assert "5 of 8 checks are undecided." in printed.out
    assert "my.py: 5 undecided, stopped at depth 2 with 3 states (budget 3 states)" in printed.out
    assert "my.py: stopped (3 states) in the scope of pages 2" in printed.out


def test_a_budget_that_suffices_changes_nothing(run_cli: Command) -> None:
    """A search that ends by itself below its budget is exhaustive."""
    printed = run_cli("check", "yardstick", "--scope", "tiny", "--max-states", 758, "--time-limit", 600)
    assert printed.code == 0
    assert "exhaustive(tiny)" in printed.flat


def test_a_budget_of_time_is_a_verdict(run_cli: Command) -> None:
    """The clock stops a search like the number of states does."""
    printed = run_cli("check", "yardstick", "--pages", 8, "--time-limit", 0.000001)
    assert printed.code == 3
    assert "(budget 1e-06 s)" in printed.out


@pytest.mark.parametrize("model", [VIOLATED, BROKEN])
def test_what_was_broken_before_the_budget_was_spent_counts(run_cli: Command, desk: Path, model: str) -> None:
    """A violation is a violation however early the search ended; a broken model has done its duty with it."""
    write(desk / "my.py", model)
    printed = run_cli("check", "my.py", "--max-states", 6)
    assert printed.code == (0 if model == BROKEN else 12)
    assert "This breaks the invariant: at most one page is posted." in printed.out


def test_a_broken_model_not_searched_to_the_end_is_left_open(run_cli: Command, desk: Path) -> None:
    """Where the budget ends before the bug, there is no verdict on the bug."""
    write(desk / "my.py", BROKEN)
    assert run_cli("check", "my.py", "--max-states", 1).code == 3


@pytest.mark.parametrize("command", ["refine --max-states 5", "simulate --time-limit 0.000001"])
def test_other_commands_have_budgets_too(run_cli: Command, command: str) -> None:
    """A refinement and a simulation that are cut short are no pass either."""
    name, *options = command.split()
    printed = run_cli(name, "per_packet", *options)
    assert printed.code == 3
    assert "budget spent" in printed.out


def test_after_an_interrupt_nothing_more_is_begun(
    run_cli: Command, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C during one model keeps its answers, and leaves open all that would have come after it."""
    write(desk / "bad.py", VIOLATED)

    def interrupted(question: judging.Question, *_: object) -> object:
        if question.name == "yardstick":
            raise KeyboardInterrupt
        return original(question)

    original = judging.check
    monkeypatch.setattr(judging, "check", interrupted)
    printed = run_cli("check", "bad.py", "yardstick", "per_packet", "--scope", "tiny")
    assert printed.code == 12
    assert "bad.py: at most one page is posted, in 2 steps" in printed.out
    assert "yardstick: 23 undecided, not begun (interrupted)" in printed.out
    assert "per_packet: " in printed.out
    assert "undecided, not begun (interrupted)" in printed.out.splitlines()[-2]


def test_an_interrupt_that_python_lost_has_its_effect(run_cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt in a destructor raises nothing; the command ends all the same before the work."""
    monkeypatch.setattr(INTERRUPTS, "heard", True)
    monkeypatch.setattr(check, "run_all", lambda *_: pytest.fail("the work was begun"))
    printed = run_cli("check", "yardstick")
    assert (printed.code, printed.out, printed.err) == (3, "", "poolproof: interrupted\n")


def test_ctrl_c_prints_the_results_so_far() -> None:
    """On a terminal there is a progress line; Ctrl-C ends the search, and what it found is printed with exit code 3."""
    code, seen = on_a_terminal("check", "ownership", "--scope", "large", "--pages", "6", interrupt_at="transitions/s")
    assert code == 3
    assert "budget spent" in seen
    assert "states (interrupted)" in seen
    assert "a pool is freed" in seen
    assert "Traceback" not in seen


class Interrupted:
    """An importer that is interrupted when the command is to be imported."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "poolproof.cli":
            raise KeyboardInterrupt


def test_ctrl_c_works_while_the_models_are_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An interrupt in the first moments is one line and exit code 3, not a traceback."""
    monkeypatch.delitem(sys.modules, "poolproof.cli")
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])
    assert command() == 3
    assert capsys.readouterr() == ("", "poolproof: interrupted\n")


def test_a_pipe_gets_no_progress_line() -> None:
    """What goes into a file or a pipe is the result and nothing else: no colours, no moving line."""
    with running("check", "yardstick") as process:
        out, err = process.communicate()
        assert process.returncode == 0
        assert "\x1b" not in out
        assert "transitions/s" not in out
        assert err == ""


def test_a_reader_that_has_seen_enough_changes_no_verdict() -> None:
    """`poolproof check MODEL | head` ends quietly, with the exit code of the verdicts."""
    with running("check", "c06_home_to_the_completing_device", "yardstick", "--max-states", "100") as process:
        assert process.stdout
        process.stdout.close()
        assert process.wait() == 3
        assert process.stderr
        assert process.stderr.read() == ""
