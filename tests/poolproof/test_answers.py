# SPDX-License-Identifier: MIT
"""Models on which `check`, `prove` and `refine` once were wrong: each has its true answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Command, Printed

ANSWERS = Path(__file__).parents[1] / "answers"


def answered(printed: Printed, code: int, *words: str) -> None:
    """The command ended with this code, and printed these words."""
    assert printed.code == code, printed.out + printed.err
    for word in words:
        assert word in printed.flat + " ".join(printed.err.split())


@pytest.mark.parametrize(
    ("name", "what", "steps"),
    [("late_constant", "few", 4), ("code", "few", 5), ("bigc2", "big", 0), ("lockserv_broken", "mutex", 6)],
)
def test_check_finds_the_shortest_run(run_cli: Command, name: str, what: str, steps: int) -> None:
    """Constants and helpers that were exchanged, and numbers beyond 31 bits, mean what they mean when they run."""
    for engine in ("c", "python"):
        answered(run_cli("check", ANSWERS / f"{name}.py", "--engine", engine), 12, f"{what} violated in {steps}")


@pytest.mark.parametrize("name", ["late_constant", "code"])
def test_prove_finds_it_too(run_cli: Command, name: str) -> None:
    """No proof goes through for a text that does not run."""
    answered(run_cli("prove", ANSWERS / f"{name}.py", "--jobs", "1"), 12, "few violated in")


@pytest.mark.parametrize("command", ["check", "prove", "simulate", "show"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("prop", "S.is_wide is a property; a state only declares members, bounds and fields"),
        ("wrapped", "isinstance() is called; spec text calls only its own helpers"),
    ],
)
def test_what_no_lint_would_read_is_refused_by_line(run_cli: Command, command: str, name: str, words: str) -> None:
    """A property of the state, and a function that poses as another one, end every command with 75."""
    answered(run_cli(command, ANSWERS / f"{name}.py"), 75, f"{name}.py:", words)


@pytest.mark.parametrize(
    "words",
    [
        ("check",), ("simulate",), ("show",), ("draw", "-o", "x.svg"), ("draw", "--states", "-o", "x.svg"),
        ("export", "--to", "promela"), ("export", "--to", "murphi"), ("prove", "--bmc", "2"),
        ("check", "--engine", "python"), ("check", "--symmetry", "none"),
    ],
)  # fmt: skip
def test_a_scope_without_a_member_that_is_named_is_refused(run_cli: Command, words: tuple[str, ...]) -> None:
    """Every command refuses such a scope in one line, with what is named where, before it searches."""
    command, *rest = words
    printed = run_cli(command, ANSWERS / "oob3.py", *rest, "--pages", "2")
    answered(printed, 75, "oob3.py:", "names Page(2), C, and a scope of 2 pages has none; ask for pages=3 or more")


def test_refine_sees_a_machine_of_one_cell(run_cli: Command) -> None:
    """A step that the one-celled rules do not have is found, alone and beside the other answers."""
    answered(run_cli("refine", ANSWERS / "onecell3.py"), 12, "violated in 1", "This step is none of the rules")
    answered(run_cli("check", ANSWERS / "onecell3.py"), 12, "each step is a step of high or none")


def test_members_and_enums_have_their_names(run_cli: Command) -> None:
    """A member that is named, and two enums of one name, are distinct for the search, too."""
    answered(run_cli("check", ANSWERS / "named.py"), 12, "nobody is used violated in 1")
    answered(run_cli("check", ANSWERS / "kinds.py"), 11, "something can always happen deadlock")
