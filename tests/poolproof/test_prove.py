# SPDX-License-Identifier: MIT
"""`poolproof prove`: what is proved for any number, what a failed proof shows, and questions about scopes."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cvc5
import pytest
import z3

from checkers.core.verdict import Outcome, Verdict
from checkers.judging import Question
from checkers.prove import deciding, queues, scoped, solvers
from checkers.prove.obligations import SAT, obligations
from checkers.prove.proof import became
from checkers.prove.solvers import UNKNOWN, sessions
from models.yardstick import yardstick
from poolproof import catalog, errors, interrupts

from .conftest import Command
from .drivers import NEVER_CLEANED, SOUND, VIOLATED, WITHOUT_A_LEMMA, write


@pytest.fixture(autouse=True)
def _no_memory(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is proved here is remembered nowhere else."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def verdicts(path: Path) -> list[dict[str, Any]]:
    content: dict[str, list[dict[str, Any]]] = json.loads(path.read_text())
    return content["verdicts"]


def test_a_proof_has_the_reach_of_each_invariant(run_cli: Command, desk: Path) -> None:
    """One row an invariant with its label, what it took, and in the file both solvers with their versions."""
    printed = run_cli("prove", "yardstick", "--jobs", "1", "--json", "out.json", "--junit", "out.xml")
    assert (printed.code, printed.err) == (0, "")
    assert "devices access only mapped and synced pages any-N " in printed.flat
    assert "rings are never overrun any-N (counted)" in printed.flat
    assert "docs/any-number.md" in printed.out
    found = verdicts(desk / "out.json")
    assert {v["engine"] for v in found} == {f"prove (z3 {z3.get_version_string()}, cvc5 {cvc5.__version__})"}
    assert {v["kind"] for v in found} == {"invariant", "path", "obligation"}
    possible = {v["label"] for v in found if v["property"].endswith("can happen") or v["property"].startswith("all ")}
    assert possible == {"possible(pages 2, devices 2)"}
    assert all(v["expected"] for v in found)
    assert (desk / "out.xml").read_text().count("<testcase") == len(found)


def test_every_obligation_is_a_line_with_verbose(run_cli: Command) -> None:
    """With -v each obligation has its name, what became of it, and the time of each solver."""
    printed = run_cli("prove", "yardstick", "--jobs", "1", "-v")
    assert 'tx_complete keeps "an idle page is at home and mapped there only" ... proved (' in printed.out
    for again in (
        printed,
        run_cli("prove", "yardstick", "--jobs", "1", "-v"),
    ):  # the second time from what is remembered
        lines = [line for line in again.out.splitlines() if " ms z3, " in line and line.endswith(" ms cvc5)")]
        assert f"yardstick: {len(lines)} obligations" in again.out


def test_what_was_proved_is_not_decided_again(run_cli: Command, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time no solver is called, unless nothing is to be remembered."""
    model = write(desk / "driver.py", SOUND)
    assert run_cli("prove", model, "--jobs", "1").code == 0
    calls = Counter[str]()
    monkeypatch.setattr(deciding, "sessions", lambda *task: calls.update(unknown=1) or sessions(*task))
    assert run_cli("prove", model, "--jobs", "1").code == 0
    assert not calls
    assert run_cli("prove", model, "--jobs", "1", "--no-cache").code == 0
    assert calls


def test_an_invariant_that_needs_a_lemma_is_not_inductive(run_cli: Command, desk: Path) -> None:
    """The smallest state, the step, the invariant, and that it is not reachable; exit code 3, and the way out."""
    (desk / "nolemma.py").write_text(NO_LEMMA)
    printed = run_cli("prove", "nolemma.py", "--jobs", "1")
    assert printed.code == 3
    assert "an idle page is at home and mapped there only: a counterexample to induction" in printed.out
    assert "A state that satisfies every invariant (cells that are not listed are as at the start):" in printed.out
    assert "It is not reachable with pages 1, devices" in printed.out
    assert "This breaks the invariant: an idle page is at home and mapped there only (A, eth" in printed.out
    assert "`poolproof prove nolemma.py --suggest`" in printed.out


NO_LEMMA = """
from dataclasses import replace
from models.yardstick import yardstick

MODEL = replace(yardstick, always=yardstick.always[:-1])
"""


def test_a_lemma_is_suggested(run_cli: Command, desk: Path) -> None:
    """With the printed lemma the invariants are inductive."""
    write(desk / "clean.py", WITHOUT_A_LEMMA)
    assert run_cli("prove", "clean.py", "--jobs", "1").code == 3
    printed = run_cli("prove", "clean.py", "--suggest", "--jobs", "1")
    assert printed.code == 0
    assert "the invariants are inductive:" in printed.out
    assert "  for each page: not dirty[page]" in printed.out


def test_a_driver_of_ones_own_is_proved_or_not(run_cli: Command, desk: Path) -> None:
    """A user's model is proved like ours; one that breaks its invariant is violated, not only unproved."""
    write(desk / "good.py", SOUND)
    write(desk / "bad.py", VIOLATED)
    assert run_cli("prove", "good.py", "--jobs", "1").code == 0
    printed = run_cli("prove", "bad.py", "--jobs", "1")
    assert printed.code == 12
    assert "Checked for any number of pages" in printed.out
    assert "by the explorer" in printed.out
    assert "This breaks the invariant: " in printed.out
    assert "a counterexample to induction" not in printed.out


def test_broken_models_fail_by_the_invariant_they_name(run_cli: Command) -> None:
    """A broken model is as expected if its invariant cannot be proved; the action that violates it is named."""
    printed = run_cli("prove", "c06_home_to_the_completing_device", "b41_xdp_tx_maps_again", "--jobs", "1")
    assert printed.code == 0
    assert "violated by tx_complete" in printed.flat
    assert "violated by xdp_tx_own" in printed.flat


def test_without_cvc5_nothing_is_proved(run_cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """One solver is not enough: exit code 3, and the line names the missing one."""
    monkeypatch.setattr(solvers.Cvc5, "version", staticmethod(_missing))
    printed = run_cli("prove", "yardstick", "--jobs", "1")
    assert printed.code == 3
    assert "cvc5 is not installed: no answer rests on one solver" in printed.out
    assert "any-N" not in printed.out.split("How that was decided")[0].split("┡")[1]


def _missing() -> str:
    raise ImportError


def test_a_solver_that_disagrees_is_an_error(run_cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where two solvers disagree the verdict is a disagreement, and the exit code 150."""
    honest = solvers.Cvc5.ask

    def otherwise(self: solvers.Cvc5, body: str) -> solvers.Answer:
        answer = honest(self, body)
        return solvers.Answer({"sat": "unsat", "unsat": "sat"}.get(answer.result, answer.result), answer.seconds)

    monkeypatch.setattr(solvers.Cvc5, "ask", otherwise)
    printed = run_cli("prove", "yardstick", "--jobs", "1")
    assert printed.code == 150
    assert "the solvers disagree" in printed.flat


def test_the_texts_are_left_for_other_solvers(run_cli: Command, desk: Path) -> None:
    """A file an obligation, which a solver started by hand answers as expected; nothing is written over."""
    printed = run_cli("prove", "yardstick", "--jobs", "1", "--smt-dir", "texts")
    assert printed.code == 0
    files = sorted((desk / "texts" / "yardstick").glob("*.smt2"))
    assert f"{len(files)} files written to texts" in printed.out
    for file in files[:: len(files) // 10]:
        solver = z3.Solver()
        solver.from_file(str(file))
        assert f"(set-info :status {solver.check()})" in file.read_text()
    assert run_cli("prove", "yardstick", "--smt-dir", "texts").code == 2


def test_seeds_are_compared(run_cli: Command, desk: Path) -> None:
    """With several seeds the spread is printed, and all must agree."""
    write(desk / "driver.py", SOUND)
    printed = run_cli("prove", "driver.py", "--jobs", "1", "--solver-seeds", "2")
    assert printed.code == 0
    assert "driver.py: seeds 0 to 1: the same results;" in printed.out


@pytest.mark.parametrize("model", ["clean.py", pytest.param("per_packet", marks=pytest.mark.slow)])
def test_a_path_that_is_never_taken_is_decided_like_all_else(run_cli: Command, desk: Path, model: str) -> None:
    """It is no difference between seeds, and its text has the status that solvers find, whatever was hoped."""
    write(desk / "clean.py", NEVER_CLEANED)
    printed = run_cli("prove", model, "--jobs", "1", "--solver-seeds", "2", "--smt-dir", "texts")
    assert printed.code == (14 if model == "clean.py" else 0)  # a user's model has no reason listed
    texts = [file.read_text() for file in next((desk / "texts").iterdir()).iterdir()]
    [never] = [text for text in texts if "; expected: sat" in text and "(set-info :status sat)" not in text]
    assert "(set-info :status unsat)" in never
    assert (
        "(path 1 of 2 where dirty[page]): unreachable" if printed.code else "1 paths are never taken"
    ) in printed.out
    assert f"{model}: seeds 0 to 1: the same results;" in printed.out


def test_a_path_that_one_solver_finds_impossible_is_not_decided() -> None:
    """That something cannot happen takes both solvers too."""
    paths = [o for o in obligations(yardstick) if o.wanted == SAT]
    for printed, outcome in ((("unsat", "unsat"), Outcome.UNREACHABLE), (("unsat", UNKNOWN), Outcome.UNKNOWN)):
        answers = {s.name: solvers.Answer(word, 0.0) for s, word in zip(solvers.SOLVERS, printed, strict=True)}
        assert became(deciding.Decided(paths[1], answers)) is outcome
    assert became(deciding.Decided(paths[1], {"z3": solvers.Answer("unsat", 0.0)})) is Outcome.UNKNOWN


def test_an_error_on_the_way_of_an_interrupt_is_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a library makes of Ctrl-C, the command was interrupted; without Ctrl-C it is an error of ours."""

    def fails() -> None:
        raise ArithmeticError("argument 2: KeyboardInterrupt")

    assert errors.guarded(fails) == 150
    monkeypatch.setattr(interrupts.INTERRUPTS, "heard", True)
    assert errors.guarded(fails) == 3


@pytest.mark.parametrize("model", ["yardstick", pytest.param("ownership", marks=pytest.mark.slow)])
def test_a_limit_of_time_is_no_proof(run_cli: Command, model: str) -> None:
    """An answer that does not come in time is unknown, and the exit code 3."""
    printed = run_cli("prove", model, "--jobs", "1", "--solver-timeout", "0.001")
    assert printed.code == 3
    assert "unknown" in printed.flat


def test_an_interrupt_that_was_lost_ends_a_bounded_question(run_cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python drops an interrupt that meets a destructor; it is remembered, and no model after it is looked at."""
    honest = scoped.within

    def interrupted(question: Question, steps: int, progress: Callable[..., None]) -> list[Verdict]:
        interrupts.INTERRUPTS.heard = True
        return honest(question, steps, progress)

    monkeypatch.setattr(interrupts.INTERRUPTS, "heard", False)
    monkeypatch.setattr(scoped, "within", interrupted)
    printed = run_cli("prove", "yardstick", "per_packet", "--bmc", "4", "--scope", "tiny")
    assert printed.code == 3
    assert len(re.findall(r"undecided, stopped after [01] steps? \(interrupted\)", printed.flat)) == 2, printed.flat


@pytest.mark.skipif(not shutil.which("pgrep"), reason="pgrep is not installed")
def test_an_interrupt_is_one_line_whenever_it_comes(desk: Path) -> None:
    """Ctrl-C reaches the solvers' processes too, which print nothing, even if they have hardly begun."""
    for later in (0.0, 0.3):
        command = [sys.executable, "-m", "poolproof", "prove", "keep_mapped", "--no-cache", "--jobs", "2"]
        run = subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        while len(of_group(run.pid)) < 4:  # the command, its child, and two solvers
            time.sleep(0.02)
        time.sleep(later)
        os.killpg(run.pid, signal.SIGINT)
        assert run.communicate(timeout=60)[1] == "poolproof: interrupted\n"
        assert run.returncode == 3


def of_group(leader: int) -> list[str]:
    """The processes that Ctrl-C would reach."""
    return pids("-g", leader)


def pids(option: str, of: int) -> list[str]:
    """The processes that pgrep finds: of a group (-g), or made by a process (-P)."""
    return subprocess.run(["pgrep", option, str(of)], capture_output=True, text=True, check=False).stdout.split()


BAD = {
    "--bmc 3 --k-induction 2": "--bmc 3 --k-induction 2: two questions; give one of them",
    "--pages 3": "--pages 3: a proof is for any number; a scope goes with --bmc K or --k-induction K",
    "--scope small": "--scope small: a proof is for any number; a scope goes with --bmc K or --k-induction K",
    "--suggest": "--suggest: takes one model, for any number; name it, without --bmc and --k-induction",
    "b01_pool_freed_by_timeout --suggest": "b01_pool_freed_by_timeout: is broken on purpose; --suggest is for a model",
    "yardstick --solver-seeds 0": "Invalid value for '--solver-seeds': Input should be greater than or equal to 1: '0'",
    "no_such_model": "unknown model 'no_such_model'",
}


@pytest.mark.parametrize("typed", BAD)
def test_what_makes_no_sense_is_one_line(run_cli: Command, typed: str) -> None:
    """A request that cannot be met is refused in one line with the reason, exit code 2."""
    printed = run_cli("prove", *typed.split())
    assert printed.code == 2
    assert BAD[typed] in printed.err
    assert len(printed.err.splitlines()) == 1


def test_what_leads_back_to_a_page_is_refused_with_its_line(run_cli: Command, desk: Path) -> None:
    """A model beyond the fragment is refused by the line of the claim, with exit code 75."""
    text = "def twin(s: Driver, page: Page) -> bool:\n    return some(s.pages, lambda p: p != page)\n\n\n"
    write(desk / "twin.py", SOUND)
    lines = (desk / "twin.py").read_text().replace("count, drop,", "count, drop, some,").split("MODEL", 1)
    (desk / "twin.py").write_text(f"{lines[0]}{text}MODEL{lines[1]}".replace("always=(", "always=(twin, "))
    printed = run_cli("prove", "twin.py")
    assert printed.code == 75
    assert "twin.py:" in printed.err
    assert "leads from Page" in printed.err


def test_violations_of_a_scope_are_found_as_short_as_by_search(run_cli: Command, desk: Path) -> None:
    """--bmc prints the counterexample of a broken model in the declared number of steps, and saves it."""
    printed = run_cli("prove", "b41_xdp_tx_maps_again", "--bmc", "6", "--trace-dir", "traces")
    assert printed.code == 0
    assert "in 5 steps, as declared" in printed.flat
    assert "This breaks the invariant: every dma map has exactly one unmap" in printed.out
    (saved,) = (desk / "traces").iterdir()
    assert run_cli("replay", saved).code == 0


def test_bounded_answers_are_labelled_as_such(run_cli: Command, desk: Path) -> None:
    """None within K steps is not "holds", and k-induction has a label of its own."""
    printed = run_cli("prove", "yardstick", "--bmc", "4", "--json", "out.json")
    assert printed.code == 0
    assert "rings are never overrun none within 4 steps" in printed.flat
    assert {v["label"] for v in verdicts(desk / "out.json")} == {"bmc(4, small)"}
    printed = run_cli("prove", "yardstick", "--k-induction", "1", "--scope", "tiny")
    assert printed.code == 0
    assert "rings are never overrun k-induction(1, tiny)" in printed.flat


def test_what_k_steps_do_not_show_is_unknown(run_cli: Command, desk: Path) -> None:
    """An invariant that does not follow from k steps is unknown, and no pass."""
    (desk / "nolemma.py").write_text(NO_LEMMA)
    printed = run_cli("prove", "nolemma.py", "--k-induction", "1", "--scope", "tiny")
    assert printed.code == 3
    assert "unknown, not inductive for this k; try a larger one" in printed.out


def test_on_many_cores_the_answers_are_the_same() -> None:
    """The command as people type it, in processes of its own, on all cores."""
    printed = subprocess.run(
        [sys.executable, "-m", "poolproof", "prove", "yardstick", "--no-cache"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert printed.returncode == 0, printed.stderr


HANG = 10**6

MISHAPS: dict[str, tuple[Any, str]] = {
    "crashes": (lambda: os.kill(os.getpid(), signal.SIGSEGV), "its process ended by SIGSEGV"),
    "is killed": (lambda: os.kill(os.getpid(), signal.SIGKILL), "its process ended by SIGKILL"),
    "hangs": (lambda: time.sleep(HANG), "it gave no answer in time"),
    "prints garbage": (lambda: "unsat?\nSegmentation violation", "it answered 'unsat?"),
    "fails": (lambda: 1 // 0, "ZeroDivisionError"),
}


@pytest.mark.parametrize("solver", solvers.SOLVERS, ids=lambda s: s.name)
@pytest.mark.parametrize("mishap", MISHAPS)
def test_a_solver_that_dies_takes_nothing_with_it(
    run_cli: Command, desk: Path, solver: type[solvers.Session], mishap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One invariant is unknown, with the cause; all others are answered, and none is reported as proved."""
    does, cause = MISHAPS[mishap]
    honest, unknown = solver.limited, 'post keeps "no page is dirty"'
    model = str(write(desk / "driver.py", "driver(always=(no_page_is_dirty,))"))
    [hard] = [{o.body(), o.body(counting=True)} for o in obligations(catalog.find(model)) if o.name == unknown]

    def limited(self: solvers.Session, text: str) -> str:
        return does() if text in hard else honest(self, text)

    monkeypatch.setattr(solver, "limited", limited)
    monkeypatch.setattr(queues, "GRACE", 0.1)
    printed = run_cli(
        "prove", model, "--jobs", "2", "--solver-timeout", "0.4" if mishap == "hangs" else "30", "--no-cache"
    )
    assert printed.code == 3, printed.out
    assert f"{solver.name}: unknown ({cause}" in printed.flat
    assert unknown in printed.flat
    assert "Checked for any number of pages" in printed.flat
    assert "no page is dirty any-N" not in printed.flat


@pytest.mark.skipif(not shutil.which("pgrep"), reason="pgrep is not installed")
def test_a_worker_that_is_killed_from_outside_is_replaced(desk: Path) -> None:
    """Whoever kills the solvers' processes again and again gets no false answer, and an end."""
    command = [sys.executable, "-m", "poolproof", "prove", "yardstick", "--no-cache", "--jobs", "2"]
    run = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    for _ in range(10):
        group = of_group(run.pid)
        command_itself = {str(run.pid), *pids("-P", run.pid)}  # taken later, so that its child is not overlooked
        for pid in group:
            if pid not in command_itself:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
        time.sleep(0.1)
    out, err = run.communicate(timeout=300)
    assert run.returncode in (0, 3), err
    assert ("its process ended by SIGKILL" in out + err) or run.returncode == 0
