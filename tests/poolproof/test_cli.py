# SPDX-License-Identifier: MIT
"""The command line itself: version, help, completion, and options that take one of few values."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import poolproof
from impl.linux.trace import info
from poolproof.commands.trace import Clock

from . import forked
from .conftest import Command
from .test_bad_input import must_be_one_line
from .test_budgets import ENVIRONMENT

CHOICES = [
    ("record --level x", "unknown level 'x' (choose stock or dma)"),
    ("check yardstick --engine x", "unknown engine 'x' (choose c or python)"),
    ("check yardstick --symmetry x", "unknown symmetry 'x' (choose none, declared or all)"),
    ("export yardstick --to x", "unknown language 'x' (choose promela or murphi)"),
    ("trace x --clock x", "unknown clock 'x' (choose global, counter, mono, mono_raw, boot, tai, x86-tsc, local"),
]


@pytest.mark.parametrize(("typed", "words"), CHOICES, ids=[typed for typed, _ in CHOICES])
def test_an_unknown_value_names_the_choices(run_cli: Command, typed: str, words: str) -> None:
    """One line with the value and all that could stand in its place."""
    must_be_one_line(run_cli(*typed.split()), 2, words)


def test_the_choices_are_those_of_the_reader() -> None:
    """Clocks are written once more for the command line, and are the same."""
    assert tuple(Clock) == (*info.ORDERED, *info.UNORDERED)


def test_the_version_is_printed_and_stands_in_every_file_that_names_it(run_cli: Command) -> None:
    """One version in the command, the CHANGELOG and the citation."""
    printed = run_cli("--version")
    assert (printed.code, printed.out) == (0, f"poolproof {poolproof.__version__}\n")
    root = Path(__file__).parents[2]
    newest = re.search(r"^## \[?(\d[\d.]*)", (root / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest
    assert newest[1] == poolproof.__version__
    assert f"version: {poolproof.__version__}\n" in (root / "CITATION.cff").read_text()


@pytest.mark.parametrize("command", ["", "check", "prove", "trace"])
def test_h_is_help(run_cli: Command, command: str) -> None:
    """-h and --help print the same."""
    short, long = run_cli(*command.split(), "-h"), run_cli(*command.split(), "--help")
    assert short.code == long.code == 0
    assert short.out == long.out
    assert "Usage: poolproof" in short.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete_commands(desk: Path, shell: str) -> None:
    """The script that --show-completion prints is for this shell, and completes `si` to `simulate`."""
    named = {**ENVIRONMENT, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}  # whichever shell runs the tests
    script = forked.typed("--show-completion", shell, env=named)
    assert script.returncode == 0
    assert "_POOLPROOF_COMPLETE" in script.stdout
    env = {"COMP_WORDS": "poolproof si", "COMP_CWORD": "1", "_TYPER_COMPLETE_ARGS": "poolproof si"}
    env |= {"_TYPER_COMPLETE_FISH_ACTION": "get-args", "_TYPER_COMPLETE_WORD_TO_COMPLETE": "si"}
    completed = forked.typed(env={**ENVIRONMENT, **env, "_POOLPROOF_COMPLETE": f"complete_{shell}"})
    assert "simulate" in completed.stdout, completed
    assert "refine" not in completed.stdout
