# SPDX-License-Identifier: MIT
"""`poolproof check` and its engines: which one answers, with how much, and how a search is stopped and gone on with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checkers.native import build
from tests.checkers.native.ways import needs_a_compiler

from .conftest import Command, Printed
from .drivers import SOUND, write

USAGE, INPUT = 2, 65

BAD = [
    ("--engine java", USAGE, "unknown engine 'java' (choose c or python)"),
    ("--engine C", USAGE, "unknown engine 'C' (choose c or python)"),
    ("--engine python --jobs 2", USAGE, "--jobs 2: the Python search has one thread; leave out --engine python"),
    ("--jobs -1", USAGE, "'-1'; see `poolproof check --help`"),
    ("--jobs 257", USAGE, "'257'; see `poolproof check --help`"),
    ("--max-memory much", USAGE, "--max-memory much: not a size of at least 10M; for example --max-memory 4G"),
    ("--max-memory 4Q", USAGE, "--max-memory 4Q: not a size of at least 10M"),
    ("--max-memory 9M", USAGE, "--max-memory 9M: not a size of at least 10M"),
    ("--max-memory -4G", USAGE, "--max-memory -4G: not a size of at least 10M"),
    ("--max-memory nan", USAGE, "--max-memory nan: not a size of at least 10M"),
    ("--max-memory inf", USAGE, "--max-memory inf: not a size of at least 10M"),
    ("--checkpoint text.txt", USAGE, "text.txt: exists and is not overwritten; give another name"),
    ("--checkpoint none/x", USAGE, "none/x: the directory none does not exist; create it or write elsewhere"),
    ("--checkpoint .", USAGE, ".: is a directory; give the name of a file"),
    ("--checkpoint x --engine python", USAGE, "x: the Python search writes no checkpoints; leave out --engine python"),
    ("--checkpoint x per_packet", USAGE, "x: a checkpoint holds one search; name one model"),
    ("--resume x", USAGE, "x: not a file; give a checkpoint that was written with --checkpoint"),
    ("--resume .", USAGE, ".: not a file; give a checkpoint that was written with --checkpoint"),
    ("--resume text.txt", INPUT, "text.txt: is no checkpoint of this version; begin anew without --resume"),
    ("--resume text.txt per_packet", USAGE, "text.txt: a checkpoint holds one search; name one model"),
    ("--resume text.txt --engine python", USAGE, "text.txt: the Python search writes no checkpoints"),
]


def must_be_one_line(printed: Printed, code: int, words: str) -> None:
    assert (printed.code, printed.out) == (code, "")
    assert printed.err.startswith("poolproof: ")
    assert printed.err.count("\n") == 1
    assert words in printed.err


@needs_a_compiler
@pytest.mark.parametrize(("typed", "code", "words"), BAD, ids=[typed for typed, _, _ in BAD])
def test_what_cannot_be_done_is_refused_in_one_line(
    run_cli: Command, desk: Path, typed: str, code: int, words: str
) -> None:
    """One line names the value, the rule and the way out; no file is made, and none is touched."""
    (desk / "text.txt").write_text("mine\n")
    must_be_one_line(run_cli("check", "yardstick", *typed.split()), code, words)
    assert [path.name for path in desk.iterdir()] == ["text.txt"]
    assert (desk / "text.txt").read_text() == "mine\n"


def verdicts(path: Path, but: tuple[str, ...] = ("engine", "memory", "seconds")) -> list[dict[str, Any]]:
    """The verdicts of a file, without the fields in which engines differ."""
    found: list[dict[str, Any]] = json.loads(path.read_text())["verdicts"]
    return [{key: value for key, value in verdict.items() if key not in but} for verdict in found]


def engines_of(path: Path) -> set[str]:
    return {verdict["engine"] for verdict in json.loads(path.read_text())["verdicts"]}


@needs_a_compiler
@pytest.mark.parametrize("model", ["yardstick", "b47_second_mapping_left_behind"])
def test_both_engines_give_the_same_verdicts(run_cli: Command, desk: Path, model: str) -> None:
    """Every number, every argument and every length; which engine it was is in the file and on the screen."""
    for engine in ("c", "python"):
        printed = run_cli("check", model, "--scope", "tiny", "--engine", engine, "--json", f"{engine}.json")
        assert printed.code == 0
        assert engines_of(desk / f"{engine}.json") == {f"explore ({engine})"}
    theirs, ours = verdicts(desk / "python.json"), verdicts(desk / "c.json")
    if model != "yardstick":  # which of several invariants breaks first is up to the engine, once one is enough
        theirs, ours = ([{k: v[k] for k in ("property", "verdict", "steps")} for v in vs] for vs in (theirs, ours))
    for one, other in zip(theirs, ours, strict=True):
        assert {**one, "args": len(one.get("args", ()))} == {**other, "args": len(other.get("args", ()))}


@needs_a_compiler
def test_a_stopped_check_is_gone_on_with(run_cli: Command, desk: Path) -> None:
    """The budget stops it with exit code 3; --resume ends it with the verdicts of one that was not stopped."""
    scope = ("check", "yardstick", "--pages", 4)
    assert run_cli(*scope, "--json", "whole.json").code == 0
    assert run_cli(*scope, "--max-states", 500, "--checkpoint", "search").code == 3
    assert run_cli(*scope, "--max-states", 5000, "--resume", "search", "--jobs", 2).code == 3
    assert run_cli(*scope, "--resume", "search", "--json", "end.json").code == 0
    assert verdicts(desk / "end.json") == verdicts(desk / "whole.json")
    must_be_one_line(run_cli(*scope, "--checkpoint", "search"), USAGE, "search: exists and is not overwritten")


@needs_a_compiler
def test_a_full_disk_ends_no_search(run_cli: Command, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found is printed with its exit code, and with the reason why it could not be written."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("checkers.native.library.Search.save", full)
    printed = run_cli("check", "yardstick", "--pages", 4, "--max-states", 500, "--checkpoint", "search")
    assert printed.code == 3
    words = "a checkpoint could not be written (No space left on device); there is none to go on from"
    assert f"warning: search: {words}\n" in printed.out
    assert "stopped (500 states)" in printed.out
    assert list(desk.iterdir()) == []


@needs_a_compiler
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("yardstick --pages 3", "search: is of another scope ("),
        ("per_packet --pages 2", "search: is of another model (yardstick, not per_packet)"),
        ("yardstick --pages 2 --symmetry none", "search: is of another symmetry (['Page'], not [])"),
        ("yardstick --pages 2 --symmetry all", "search: is of another symmetry (['Page'], not ['Page', 'Device'])"),
    ],
)
def test_a_checkpoint_of_another_question_is_refused(run_cli: Command, desk: Path, typed: str, words: str) -> None:
    """One line with both values, exit code 65, and the file stays as it is."""
    assert run_cli("check", "yardstick", "--pages", 2, "--max-states", 50, "--checkpoint", "search").code == 3
    before = (desk / "search").read_bytes()
    must_be_one_line(run_cli("check", *typed.split(), "--resume", "search"), INPUT, words)
    assert (desk / "search").read_bytes() == before


@needs_a_compiler
def test_a_checkpoint_of_a_model_that_changed_is_refused(run_cli: Command, desk: Path) -> None:
    """Another invariant is another question, under the same name."""
    write(desk / "my.py", SOUND)
    assert run_cli("check", "my.py", "--max-states", 2, "--checkpoint", "search").code == 3
    write(desk / "my.py", SOUND.replace("driver()", "driver(steps=())"))
    must_be_one_line(run_cli("check", "my.py", "--resume", "search"), INPUT, "search: is of another digest (")


@needs_a_compiler
def test_a_budget_of_memory_is_a_verdict(run_cli: Command) -> None:
    """What does not fit is undecided, and the line has the memory it needs."""
    printed = run_cli("check", "yardstick", "--pages", 6, "--symmetry", "none", "--max-memory", "50M")
    assert printed.code == 3
    assert "(budget 50 MB of memory: " in printed.flat
    assert ", which would grow to " in printed.flat


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without a C compiler, and nothing compiled before."""
    cached = build.compiler, build.command
    monkeypatch.setenv("CC", "no-such-compiler")
    for known in cached:
        getattr(known, "cache_clear", lambda: None)()
    yield
    monkeypatch.undo()
    for known in cached:
        getattr(known, "cache_clear", lambda: None)()


def test_without_a_compiler_the_python_search_answers(run_cli: Command, desk: Path, no_compiler: None) -> None:
    """Everything is as with one, and each verdict has the reason why it was not C."""
    printed = run_cli("check", "yardstick", "--scope", "tiny", "--json", "out.json")
    assert printed.code == 0
    assert engines_of(desk / "out.json") == {"explore (python): no C compiler (cc) on this machine"}


@pytest.mark.parametrize("typed", ["--engine c", "--checkpoint x", "--engine c --checkpoint x"])
def test_without_a_compiler_c_is_refused(run_cli: Command, desk: Path, no_compiler: None, typed: str) -> None:
    """A request for C, or for what only C can do, is one line and no file."""
    must_be_one_line(run_cli("check", "yardstick", *typed.split()), USAGE, "no C compiler (cc) on this machine")
    assert list(desk.iterdir()) == []
