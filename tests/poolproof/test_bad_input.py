# SPDX-License-Identifier: MIT
"""What cannot be done is one line with its exit code; nothing of the user's is lost."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from checkers.native import build
from poolproof import catalog, output_files
from poolproof.commands import check

from .conftest import Command, Printed
from .drivers import SOUND, VIOLATED, write

USAGE, INPUT, TOOL = 2, 65, 150

BAD: list[tuple[str, int, str]] = [
    ("check keep_maped", USAGE, "unknown model 'keep_maped' (did you mean keep_mapped?)"),
    ("check outlives", USAGE, "unknown model 'outlives' (did you mean b03_mapping_outlives_the_driver?)"),
    ("check qqqq", USAGE, "unknown model 'qqqq' (see `poolproof list`, or give the path of a Python file)"),
    ("show keep_maped", USAGE, "did you mean keep_mapped"),
    ("refine keep_maped", USAGE, "did you mean keep_mapped"),
    ("simulate keep_maped", USAGE, "did you mean keep_mapped"),
    ("draw keep_maped -o out.svg", USAGE, "did you mean keep_mapped"),
    ("check missing.py", INPUT, "missing.py: no such file; give a model's name"),
    ("check ./text.txt", INPUT, "text.txt: not a Python file; a model's file ends in .py"),
    ("check yardstick --pages 0", USAGE, "pages=0 is out of range; yardstick takes 1 to 20"),
    ("check yardstick --devices 5", USAGE, "devices=5 is out of range; yardstick takes 1 to 4"),
    ("check yardstick --pools 2", USAGE, "yardstick has no size 'pools'; it has pages, devices, ring_size, tx_limit"),
    ("check yardstick --scope huge", USAGE, "yardstick has no scope 'huge'; it has tiny, small, large"),
    (
        "check yardstick --set ring_size",
        USAGE,
        "ring_size: not of the form NAME=N; for example --set ring_size=2",
    ),
    ("check yardstick --set ring_size=0", USAGE, "ring_size=0 is out of range; yardstick takes 1 to 12"),
    ("check yardstick --pages 2 --set pages=3", USAGE, "pages is already given as 2; give it once"),
    ("check yardstick --pages x", USAGE, "'x'; see `poolproof check --help`"),
    ("check yardstick --max-states -1", USAGE, "'-1'; see `poolproof check --help`"),
    ("check yardstick --time-limit nan", USAGE, "'nan'; see `poolproof check --help`"),
    ("check yardstick --symmetry some", USAGE, "unknown symmetry 'some' (choose none, declared or all)"),
    ("check yardstick --only-page D", USAGE, "unknown page 'D' (choose A, B or C)"),
    ("check yardstick --only-page eth0", USAGE, "unknown page 'eth0' (choose A"),
    ("simulate yardstick --only-page D", USAGE, "unknown page 'D' (choose A"),
    ("check yardstick --json none/out.json", USAGE, "none/out.json: the directory none does not exist; create it"),
    ("check yardstick --junit none/out.xml", USAGE, "none/out.xml: the directory none does not exist; create it"),
    ("check yardstick --json .", USAGE, ".: is a directory; give the name of a file"),
    ("check yardstick --json text.txt", USAGE, "text.txt: exists and holds no verdicts"),
    ("check yardstick --junit text.txt", USAGE, "text.txt: exists and holds no verdicts"),
    ("check yardstick --json new --junit new", USAGE, "new: given for --json and --junit; give a name for each"),
    ("check yardstick --trace-dir text.txt", USAGE, "text.txt: cannot be a directory"),
    ("check yardstick --trace-dir text.txt/traces", USAGE, "text.txt/traces: cannot be a directory"),
    ("simulate yardstick --trace-dir text.txt", USAGE, "text.txt: cannot be a directory"),
    ("draw yardstick -o out.bmp", USAGE, "out.bmp: unknown kind of picture '.bmp' (choose .svg, .png or .dot)"),
    ("draw yardstick -o none/out.svg", USAGE, "none/out.svg: the directory none does not exist"),
    ("refine yardstick", USAGE, "yardstick: names no rules that it refines; give its Machine refines="),
    ("export keep_maped --to murphi", USAGE, "did you mean keep_mapped"),
    ("export yardstick", USAGE, "Missing option '--to'. Choose from: promela, murphi; see `poolproof export --help`"),
    ("export yardstick --to tla", USAGE, "unknown language 'tla' (choose promela or murphi)"),
    ("export yardstick --to murphi --pages 0", USAGE, "pages=0 is out of range; yardstick takes 1 to"),
    (
        "export yardstick --to murphi --out text.txt",
        USAGE,
        "text.txt: exists and is not overwritten; give another",
    ),
    ("export yardstick --to murphi --out none/y.m", USAGE, "none/y.m: the directory none does not exist"),
    ("new text.txt", USAGE, "text.txt: a model is a Python file; give a name that ends in .py"),
    ("new none/my.py", USAGE, "none/my.py: the directory none does not exist"),
    ("replay none.json", INPUT, "none.json: cannot be read (No such file or directory); give a file saved by"),
    ("replay .", INPUT, ".: cannot be read (Is a directory)"),
    ("replay text.txt", INPUT, "text.txt: is no trace; give a file saved by `poolproof check --trace-dir`"),
    ("chekc", USAGE, "No such command 'chekc'"),
    (
        "check --bogus",
        USAGE,
        "--bogus (Possible options: --jobs, --verbose); see `poolproof check --help`",
    ),
    ("show", USAGE, "Missing argument 'model'; see `poolproof show --help`"),
    ("new", USAGE, "Missing argument 'FILE'; see `poolproof new --help`"),
]


def must_be_one_line(printed: Printed, code: int, words: str) -> None:
    assert printed.code == code
    assert printed.out == ""
    assert printed.err.startswith("poolproof: ")
    assert printed.err.count("\n") == 1
    assert words in printed.err


@pytest.mark.parametrize(("typed", "code", "words"), BAD, ids=[typed for typed, _, _ in BAD])
def test_what_cannot_be_done_is_one_line(run_cli: Command, desk: Path, typed: str, code: int, words: str) -> None:
    """One line on stderr names the value, the rule and the way out; nothing on stdout looks like a result."""
    (desk / "text.txt").write_text("mine\n")
    must_be_one_line(run_cli(*typed.split()), code, words)
    assert [path.name for path in desk.iterdir()] == ["text.txt"]
    assert (desk / "text.txt").read_text() == "mine\n"


def test_no_command_at_all_shows_the_help(run_cli: Command) -> None:
    """Whoever types nothing sees the commands, and an exit code that stops a script."""
    printed = run_cli()
    assert printed.code == 2
    assert "no command is given; see `poolproof --help`" in printed.err
    assert all(
        command in printed.out
        for command in ("check", "list", "show", "refine", "simulate", "draw", "replay", "export", "new")
    )


def test_an_unwritable_place_is_refused_before_the_work(
    run_cli: Command, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no file can be made, neither JSON nor traces are begun."""
    monkeypatch.setattr(output_files, "_is_writable", lambda directory: False)
    monkeypatch.setattr(check, "run_all", lambda *_: pytest.fail("the work was begun"))
    must_be_one_line(run_cli("check", "yardstick", "--json", "out.json"), USAGE, "out.json: cannot be written")
    must_be_one_line(run_cli("check", "yardstick", "--trace-dir", "t"), USAGE, "t: cannot be written to; give another")


def test_outputs_replace_their_own_kind_only(run_cli: Command, desk: Path) -> None:
    """Verdicts replace verdicts of an earlier run; a file that is something else stops the command first."""
    for _ in range(2):
        files = ("--json", "out.json", "--junit", "out.xml")
        assert run_cli("check", "yardstick", "--scope", "tiny", *files).code == 0
    assert json.loads((desk / "out.json").read_text())["verdicts"]
    must_be_one_line(run_cli("check", "yardstick", "--json", "out.xml"), USAGE, "holds no verdicts")


def test_a_trace_directory_keeps_what_is_no_trace(run_cli: Command, desk: Path) -> None:
    """A file that has a trace's name and is none is refused before the work, and stays as it is."""
    write(desk / "my.py", VIOLATED)
    mine = desk / "traces" / "my.at_most_one_page_is_posted.itf.json"
    mine.parent.mkdir()
    mine.write_text('{"mine": 1}')
    printed = run_cli("check", "my.py", "--trace-dir", "traces")
    must_be_one_line(printed, USAGE, f"traces/{mine.name}: is there already and is no trace; give another directory")
    assert mine.read_text() == '{"mine": 1}'


def test_two_models_of_one_name_do_not_share_a_trace(run_cli: Command, desk: Path) -> None:
    """Traces are called after the file; two files of the same name in one run would overwrite each other's."""
    for directory in ("a", "b"):
        (desk / directory).mkdir()
        write(desk / directory / "my.py", SOUND)
    printed = run_cli("check", "a/my.py", "b/my.py", "--trace-dir", "traces")
    must_be_one_line(printed, USAGE, "a/my.py: another model has the same name")
    assert run_cli("check", "a/my.py", "b/my.py").code == 0


def test_new_never_overwrites(run_cli: Command, desk: Path) -> None:
    """`new` writes a model that is whole; the second time it leaves the file alone."""
    assert run_cli("new", "my-driver.py").out == "my-driver.py written; next: poolproof check my-driver.py\n"
    (desk / "my-driver.py").write_text("mine\n")
    must_be_one_line(run_cli("new", "my-driver.py"), USAGE, "my-driver.py: exists and is not overwritten")
    assert (desk / "my-driver.py").read_text() == "mine\n"


def test_what_new_prints_can_be_typed(run_cli: Command, desk: Path) -> None:
    """A name with blanks or brackets is printed as it is, and quoted where it is to be typed."""
    assert run_cli("new", "my [first] driver.py").out == (
        "my [first] driver.py written; next: poolproof check 'my [first] driver.py'\n"
    )
    assert (desk / "my [first] driver.py").is_file()


def test_an_error_of_our_own_is_one_line_too(run_cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even an unforeseen error is no traceback, and has an exit code that no verdict has."""

    class Fails:
        def __iter__(self) -> Iterator[None]:
            raise ZeroDivisionError("a\nb")

    monkeypatch.setattr(catalog, "SOUND", Fails())
    must_be_one_line(run_cli("list"), TOOL, "an error of poolproof itself: ZeroDivisionError: a b")


needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder to another user"
)


@needs_root
def test_folders_of_another_user_are_refused(run_cli: Command, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache, and a place for a checkpoint, whose owner could change what is believed later."""
    (desk / "theirs" / "poolproof").mkdir(parents=True)
    for folder in (desk / "theirs" / "poolproof", desk / "theirs"):
        os.chown(folder, 65_534, 65_534)
    printed = run_cli("check", "yardstick", "--checkpoint", "theirs/long.pp")
    must_be_one_line(printed, USAGE, "theirs: belongs to another user (user 65534, who could change it)")
    monkeypatch.setenv("XDG_CACHE_HOME", str(desk / "theirs"))
    build._folder.cache_clear()
    must_be_one_line(run_cli("prove", "yardstick"), USAGE, "theirs/poolproof: belongs to another user (user 65534,")
    must_be_one_line(run_cli("check", "yardstick"), USAGE, "give another place with XDG_CACHE_HOME")
    build._folder.cache_clear()


@needs_root
def test_a_checkpoint_of_another_user_is_refused(run_cli: Command, desk: Path) -> None:
    """A search is not resumed from a file that another user wrote."""
    (desk / "long.pp").write_text("theirs")
    os.chown(desk / "long.pp", 65_534, 65_534)
    must_be_one_line(run_cli("check", "yardstick", "--resume", "long.pp"), USAGE, "long.pp: belongs to another user")
