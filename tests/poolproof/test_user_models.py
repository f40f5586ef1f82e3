# SPDX-License-Identifier: MIT
"""Models in files of the user's: every verdict and every mistake has its exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Command
from .drivers import (
    AT_THE_START,
    BROKEN,
    DRIVER,
    NEVER_FIRES,
    OTHER_LENGTH,
    SOUND,
    STUCK,
    SURVIVES,
    UNREACHABLE,
    VIOLATED,
    VIOLATED_BY_A_STEP,
    write,
)
from .test_bad_input import must_be_one_line

VERDICTS: list[tuple[str, int, str]] = [
    (SOUND, 0, "All 8 checks are as expected."),
    (VIOLATED, 12, "at most one page is posted violated in 2"),
    (VIOLATED_BY_A_STEP, 12, "a page is posted before it is received violated in 1"),
    (AT_THE_START, 12, "every page is dirty violated in 0"),
    (STUCK, 11, "Here nothing can happen any more, and this is no state in which a run may end."),
    (UNREACHABLE, 14, "a page is received then a page is dirty unreachable"),
    (NEVER_FIRES, 14, "my.py: clean: unreachable, never fired"),
    (BROKEN, 0, "in 2 steps, as declared"),
    (SURVIVES, 14, "survives: the invariant it is declared to break holds"),
    (OTHER_LENGTH, 14, "in 2 steps, declared were 3"),
]

HERE = DRIVER.count("\n") + 1
"""The line in which a file goes on after the driver."""

MISTAKES: list[tuple[str, int, str]] = [
    ("MODEL = driver(", 65, f"my.py:{HERE}: not Python: '(' was never closed"),
    ("driver()", 65, "my.py: has no MODEL = Machine(...); `poolproof new FILE` writes a file that has one"),
    ("MODEL = 3", 65, "my.py: has no MODEL"),
    ("import nowhere", 65, f"my.py:{HERE}: cannot be imported: ModuleNotFoundError: No module named 'nowhere'"),
    ("MODEL = driver(allways=())", 65, "cannot be imported: TypeError: Machine.__init__() got an unexpected keyword"),
    ("raise SystemExit(0)", 65, f"my.py:{HERE}: cannot be imported: SystemExit: 0"),
    ("class Odd(BaseException): pass\nraise Odd('why')", 65, f"my.py:{HERE + 1}: cannot be imported: Odd: why"),
    ("MODEL = driver(scopes={})", 75, "driver has no scope called tiny; give scopes={'tiny': {...}}"),
    ("MODEL = driver(scopes={'tiny': dict(pages=9)})", 75, "pages=9 is out of range; driver takes 1 to 4"),
    (
        "MODEL = mutant(drop('pots', ONE_DESCRIPTOR))",
        75,
        "'pots', which is not an action or helper here; did you",
    ),
    ("MODEL = mutant(drop('post', 'require(s)'))", 75, "post has no statement 'require(s)'; did you mean 'require("),
    ("MODEL = mutant(drop('post', 'require(('))", 75, "mutant: its change is not Python: 'require(('"),
    (
        "MODEL = mutant(drop('post', ONE_DESCRIPTOR), breaks='at_most')",
        75,
        "breaks='at_most' is not an invariant of driver;",
    ),
]

TYPE_ERROR = '''
def lose(s: Driver, page: Page) -> None:
    """The page is put at place 3."""
    require(s.place[page] == 3)
    s.place[page] = Place.FREE


MODEL = driver(system=(post, receive, give_back, lose))
'''


@pytest.mark.parametrize(("model", "code", "words"), VERDICTS)
def test_each_verdict_has_its_exit_code(run_cli: Command, desk: Path, model: str, code: int, words: str) -> None:
    """The result for a user's model is in the exit code, and printed in words."""
    write(desk / "my.py", model)
    printed = run_cli("check", "my.py")
    assert printed.code == code
    assert words in printed.flat
    assert not printed.err


@pytest.mark.parametrize(("text", "code", "words"), MISTAKES, ids=[text for text, _, _ in MISTAKES])
def test_each_mistake_in_a_file_is_one_line(run_cli: Command, desk: Path, text: str, code: int, words: str) -> None:
    """A file that is no model is unreadable input, a model that breaks the rules of the notation an error of spec."""
    path = write(desk / "my.py", SOUND)
    path.write_text(path.read_text().replace("MODEL = driver()\n", f"{text}\n"))
    must_be_one_line(run_cli("check", "my.py"), code, words)


def test_a_type_error_names_file_and_line(run_cli: Command, desk: Path) -> None:
    """A place compared with a number is refused where it stands, with what could be meant."""
    path = write(desk / "my.py", SOUND)
    path.write_text(path.read_text().replace("MODEL = driver()\n", TYPE_ERROR))
    line = path.read_text().splitlines().index("    require(s.place[page] == 3)") + 1
    must_be_one_line(run_cli("check", "my.py"), 75, f"my.py:{line}: a Place is compared with a number")


def test_several_codes_make_the_gravest(run_cli: Command, desk: Path) -> None:
    """A violation is more severe than a deadlock, that more than a vacuous claim; an unreadable file stops all."""
    for name, model in (("vacuous", NEVER_FIRES), ("stuck", STUCK), ("violated", VIOLATED), ("fine", SOUND)):
        write(desk / f"{name}.py", model)
    assert run_cli("check", "fine.py", "vacuous.py").code == 14
    assert run_cli("check", "fine.py", "vacuous.py", "stuck.py").code == 11
    assert run_cli("check", "fine.py", "vacuous.py", "stuck.py", "violated.py").code == 12
    assert run_cli("check", "violated.py", "none.py").code == 65


def test_a_model_may_have_helpers_beside_it(run_cli: Command, desk: Path) -> None:
    """A model imports what stands in its own directory, also when another model has a helper of that name."""
    for name, model in (("a", SOUND), ("b", VIOLATED)):
        (desk / name).mkdir()
        write(desk / name / "helper.py", model)
        (desk / name / "my.py").write_text("from helper import MODEL\n")
    assert run_cli("check", "a/my.py").code == 0
    assert run_cli("check", "b/my.py").code == 12
    assert run_cli("check", "a/my.py", "b/my.py").code == 12


def test_a_mistake_in_a_helper_is_found_there(run_cli: Command, desk: Path) -> None:
    """What is no Python is named by its own file, not by the model's."""
    (desk / "helper.py").write_text("def (\n")
    (desk / "my.py").write_text("import helper\n")
    must_be_one_line(run_cli("check", "my.py"), 65, "helper.py:1: not Python")


def test_words_in_brackets_are_printed(run_cli: Command, desk: Path) -> None:
    """What a user writes in brackets is text, never markup."""
    write(desk / "my.py", SOUND)
    shown = run_cli("show", "my.py").flat
    assert "One descriptor [and no more]." in shown
    assert "The page goes to the only descriptor [of a ring]." in shown
    assert "where it is; written by [all]" in shown
    write(desk / "mutant.py", BROKEN)
    assert "Too many [are posted]." in run_cli("check", "mutant.py").flat


def test_a_new_model_is_sound(run_cli: Command, desk: Path) -> None:
    """What `new` writes keeps all invariants, deadlocks nowhere and refines the rules."""
    run_cli("new", "my.py")
    said = run_cli("check", "my.py")
    assert said.code == 0
    assert "each step is a step of ownership or none holds" in said.flat
    assert run_cli("refine", "my.py").code == 0


BARE = "driver(always=(), steps=(), sometimes=())"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("check my.py", "my.py: every claim: unknown, the model declares none of always=, steps=,"),
        ("simulate my.py --steps 50", "the model has no invariant; declare one in always= or steps="),
        ("prove my.py", "my.py: the model has no invariant; declare one in always= or steps="),
        ("prove my.py --bmc 2", "my.py: the model has no invariant; declare one in always= or steps="),
        ("prove my.py --k-induction 1", "my.py: the model has no invariant; declare one in always= or steps="),
    ],
)
def test_a_model_that_claims_nothing_does_not_pass(run_cli: Command, desk: Path, command: str, words: str) -> None:
    """Whatever the engine: it is undecided (exit code 3), and the line says what to declare."""
    write(desk / "my.py", BARE)
    said = run_cli(*command.split())
    assert said.code == 3
    assert words in f"{said.flat} {said.err}"
