# SPDX-License-Identifier: MIT
"""`poolproof replay`: saved traces of every kind run again, on the same model, on another, and as tests."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import Command
from .drivers import BROKEN, SOUND, STUCK, VIOLATED, VIOLATED_BY_A_STEP, write
from .test_bad_input import must_be_one_line

ROOT = Path(__file__).parents[2]
C06 = "c06_home_to_the_completing_device"

BREAKS_THE_RULES = """from models.per_packet import MODEL as per_packet
from spec.dsl import drop
from spec.dsl.ir import changed

MODEL = changed(per_packet, "careless", drop("queue_stop", "require(in_flight(s, pool) == 0)"))
MODEL = changed(MODEL, "careless", drop("pool_destroy", "require(posted(s, pool) == 0)"))
"""

ENDINGS: list[tuple[str, str, int, str]] = [
    (VIOLATED, "at_most_one_page_is_posted", 12, "This breaks the invariant: at most one page is posted."),
    (VIOLATED_BY_A_STEP, "a_page_is_posted_before_it_is_received", 12, "before it is received (A)."),
    (STUCK, "something_can_always_happen", 11, "Here nothing can happen any more"),
    (BROKEN, "at_most_one_page_is_posted", 0, "This breaks the invariant: at most one page is posted."),
    (SOUND, "a_page_is_received", 0, "So it can be that a page is received."),
    (SOUND, "a_page_is_received_then_it_is_free_again", 0, "So it can be that a page is received then it is free"),
]


def saved(run_cli: Command, model: str, claim: str = "") -> Path:
    """The trace of a model for this claim, or its only one."""
    run_cli("check", model, "--scope", "tiny", "--trace-dir", "traces")
    return next(Path("traces").glob(f"{Path(model).stem}.{claim or '*'}.itf.json"))


def changed(trace: Path, **changes: Any) -> Path:
    """The trace with something else in its head."""
    content = json.loads(trace.read_text())
    content["#meta"] |= changes
    trace.write_text(json.dumps(content))
    return trace


@pytest.mark.parametrize(("model", "claim", "code", "ending"), ENDINGS)
def test_a_saved_trace_runs_again(run_cli: Command, desk: Path, model: str, claim: str, code: int, ending: str) -> None:
    """A trace of any kind is printed again, and its exit code is that of what still is wrong."""
    write(desk / "my.py", model)
    trace = saved(run_cli, "my.py", claim)
    counterexample = json.loads(trace.read_text())["states"][1:]
    printed = run_cli("replay", trace)
    assert printed.code == code
    assert printed.out.startswith(f"my.py: {claim.replace('_', ' ')}, in {len(counterexample)} step")
    assert [line.split()[1] for line in printed.out.splitlines() if line[:3].strip().isdigit()] == [
        state["action"] for state in counterexample
    ]
    assert ending in printed.out.splitlines()[-1]


def test_a_step_the_rules_do_not_have_runs_again(run_cli: Command, desk: Path) -> None:
    """The trace of a failed refinement is judged again by the rules."""
    (desk / "my.py").write_text(BREAKS_THE_RULES)
    trace = saved(run_cli, "my.py", "each_step_is_a_step_of_ownership_or_none")
    printed = run_cli("replay", trace)
    assert printed.code == 12
    assert printed.out.splitlines()[-1] == "     This step is none of the rules."


def test_the_counterexample_is_the_one_that_check_printed(run_cli: Command) -> None:
    """What replay prints is line for line what check printed, also of one page only."""
    checked = run_cli("check", C06, "--trace-dir", "traces").out
    trace = next(Path("traces").iterdir())
    for only in ((), ("--only-page", "A")):
        replayed = run_cli("replay", trace, *only)
        assert replayed.code == 0
        assert replayed.out in checked if not only else set(replayed.out.splitlines()) <= set(checked.splitlines())
    must_be_one_line(run_cli("replay", trace, "--only-page", "D"), 2, "unknown page 'D' (choose A or B)")


def test_on_a_mended_model_the_run_stops_at_the_guard(run_cli: Command, desk: Path) -> None:
    """On a model with the guard the run is refused, and the guard is quoted as the model has it, in one line."""
    write(desk / "bad.py", VIOLATED)
    write(desk / "good.py", SOUND)
    printed = run_cli("replay", saved(run_cli, "bad.py", "at_most_one_page_is_posted"), "--model", "good.py")
    assert printed.code == 0
    guard = "require(count(s.pages, lambda p: s.place[p] == Place.RING) == 0)"
    assert f"Here the model stops: post(B) is refused by {guard}. The run is not possible any more." in printed.out


def test_a_lost_witness_is_reported(run_cli: Command, desk: Path) -> None:
    """On a model that cannot do it any more, the run to a witness is vacuous."""
    write(desk / "good.py", SOUND)
    write(desk / "stuck.py", STUCK)
    trace = saved(run_cli, "good.py", "a_page_is_received_then_it_is_free_again")
    printed = run_cli("replay", trace, "--model", "stuck.py")
    assert printed.code == 14
    assert "This does not show any more that a page is received then it is free again." in printed.out


def test_a_changed_model_is_refused(run_cli: Command, desk: Path) -> None:
    """A trace of another version is not run silently; the message has the way to run it anyway."""
    write(desk / "my.py", VIOLATED)
    trace = saved(run_cli, "my.py", "at_most_one_page_is_posted")
    write(desk / "my.py", SOUND)
    printed = run_cli("replay", trace)
    must_be_one_line(printed, 65, "give --model my.py to run it on the model as it is")
    assert run_cli("replay", trace, "--model", "my.py").code == 0


def test_a_model_that_is_not_here_is_one_line(run_cli: Command, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path relative to another directory is one line with --model as the way out."""
    write(desk / "my.py", VIOLATED)
    trace = saved(run_cli, "my.py", "at_most_one_page_is_posted").resolve()
    (desk / "elsewhere").mkdir()
    monkeypatch.chdir(desk / "elsewhere")
    must_be_one_line(run_cli("replay", trace), 65, "its model is not found from here (my.py: no such file;")
    assert run_cli("replay", trace, "--model", "../my.py").code == 12


OTHERS: list[tuple[dict[str, Any], str]] = [
    ({"scope": {"pages": 99, "devices": 2, "ring_size": 2, "tx_limit": 2}}, "pages=99 is out of range"),
    ({"scope": {"pages": 2}}, "has no scope pages=2; the trace is of another model or version"),
    ({"property": "nothing"}, "'nothing' is no invariant of c06_home_to_the_completing_device"),
    ({"property": "nothing", "kind": "witness"}, "'nothing' is no witness of c06_home_to_the_completing_device"),
    ({"scope": 3}, "is no trace; give a file saved by"),
    ({"args": None}, "is no trace; give a file saved by"),
]


@pytest.mark.parametrize(("head", "words"), OTHERS)
def test_a_trace_of_something_else_is_refused(run_cli: Command, desk: Path, head: dict[str, Any], words: str) -> None:
    """A scope, invariant or witness that the model does not have is one line, and never a wrong run."""
    must_be_one_line(run_cli("replay", changed(saved(run_cli, C06), **head), "--model", C06), 65, words)


@pytest.mark.parametrize("model", ["per_packet", "keep_mapped"])
def test_a_trace_of_another_model_is_refused(run_cli: Command, desk: Path, model: str) -> None:
    """A model with other sizes or actions does not run the trace."""
    must_be_one_line(run_cli("replay", saved(run_cli, C06), "--model", model), 65, "the trace")


@pytest.mark.parametrize("text", ["", "{}", "[]", "[" * 100_000, '{"#meta": {}, "states": []}', "\xff", "null"])
def test_what_is_no_trace_is_refused(run_cli: Command, desk: Path, text: str) -> None:
    """Whatever is in the file, it is one line with what would be a trace."""
    (desk / "file").write_text(text, encoding="latin-1")
    must_be_one_line(
        run_cli("replay", "file"), 65, "file: is no trace; give a file saved by `poolproof check --trace-dir`"
    )


def outcomes(directory: Path) -> dict[str, str]:
    """The outcomes of pytest for each file in this directory."""
    command = (sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "-p", "no:xdist")
    environment = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    printed = [line.split() for line in run.stdout.splitlines() if line.startswith(("PASSED", "FAILED"))]
    return {words[1].split("::")[0]: words[0] for words in printed}


def test_as_test_fails_while_the_invariant_is_broken(run_cli: Command, desk: Path) -> None:
    """The test made from a trace is red on the broken model and green on the sound one; a witness is to be reached."""
    trace, witness = saved(run_cli, C06), saved(run_cli, "yardstick", "a_page_crosses_two_devices")
    for name, typed in (("red", (trace,)), ("green", (trace, "--model", "yardstick")), ("witness", (witness,))):
        printed = run_cli("replay", *typed, "--as-test")
        assert printed.code == 0
        (desk / "traces" / f"test_{name}.py").write_text(printed.out)
    assert outcomes(desk / "traces") == {
        "test_red.py": "FAILED",
        "test_green.py": "PASSED",
        "test_witness.py": "PASSED",
    }


def test_as_test_keeps_a_witness_possible(run_cli: Command, desk: Path) -> None:
    """The test made from the run to a witness fails once the run is not possible; names may have dashes."""
    write(desk / "my-driver.py", SOUND)
    trace = saved(run_cli, "my-driver.py", "a_page_is_received_then_it_is_free_again")
    test: dict[str, Any] = {"__file__": str(trace)}
    exec(run_cli("replay", trace, "--as-test").out, test)
    test["test_my_driver_a_page_is_received_then_it_is_free_again"]()
    write(desk / "my-driver.py", STUCK)
    with pytest.raises(AssertionError):
        test["test_my_driver_a_page_is_received_then_it_is_free_again"]()


def test_as_test_is_clean_python(run_cli: Command, desk: Path) -> None:
    """What is printed passes ruff and mypy --strict as it stands."""
    for name in (C06, "b41_tx_unmaps_what_the_pool_mapped"):
        (desk / f"test_{name}.py").write_text(run_cli("replay", saved(run_cli, name), "--as-test").out)
    config = ("--config", str(ROOT / "pyproject.toml"), "--no-cache", ".")
    for command in (("ruff", "check", *config), ("ruff", "format", "--check", *config)):
        assert subprocess.run((sys.executable, "-m", *command), cwd=desk, check=False).returncode == 0


def test_many_traces_are_run_one_after_the_other(run_cli: Command, desk: Path) -> None:
    """As `traces/*.itf.json` gives them: each counterexample, and the exit code that weighs most."""
    write(desk / "my.py", VIOLATED)
    run_cli("check", "my.py", "--trace-dir", "traces")
    traces = sorted(Path("traces").iterdir())
    each = [run_cli("replay", trace) for trace in traces]
    together = run_cli("replay", *traces)
    assert [printed.code for printed in each] == [0, 0, 12]
    assert together.code == 12
    assert together.out == "\n".join(printed.out for printed in each)


def test_of_many_traces_a_bad_one_is_refused_before_any_is_run(run_cli: Command, desk: Path) -> None:
    """One line, and nothing that looks like a result; one test and one picture are of one trace."""
    write(desk / "my.py", SOUND)
    trace = saved(run_cli, "my.py", "a_page_is_received")
    (desk / "text.txt").write_text("mine\n")
    must_be_one_line(run_cli("replay", trace, "text.txt"), 65, "text.txt: is no trace")
    must_be_one_line(
        run_cli("replay", trace, trace, "--as-test"), 2, "--as-test: takes one trace, and 2 are given; give one"
    )
    must_be_one_line(
        run_cli("replay", trace, trace, "--draw", "a.svg"), 2, "--draw a.svg: takes one trace, and 2 are given"
    )
    assert not (desk / "a.svg").exists()
