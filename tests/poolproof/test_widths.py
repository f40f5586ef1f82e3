# SPDX-License-Identifier: MIT
"""Output fits its width, and commands to type are whole."""

from __future__ import annotations

import io
import json
import re
from functools import cache
from pathlib import Path

import pytest

from checkers.core.wording import sentence
from poolproof import catalog, output, print_verdicts
from poolproof.commands.check import run_all
from poolproof.print_verdicts import Run
from poolproof.questions import Request, question
from tests.impl.linux.printed import PAGES, POOLS, Printer

from . import forked
from .conftest import Command
from .test_budgets import ENVIRONMENT

COLUMNS = pytest.mark.parametrize("columns", [60, 80, 120])
SOME = [*catalog.SOUND_NAMES, *sorted(catalog.SHIPPED, key=len)[-3:]]
"""The sound models, and those with the longest names."""
COMMANDS = ("list", "check yardstick --scope tiny", "show keep_mapped", "show keep_mapped place")


@cache
def piped(columns: str, *words: str) -> str:
    """What a command prints into a pipe, with this in COLUMNS."""
    env = {**ENVIRONMENT, "COLUMNS": columns}
    return forked.typed(*words, env=env, check=True).stdout


@COLUMNS
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_printed_into_a_pipe_is_as_wide_as_columns(columns: int, command: str) -> None:
    """No line is wider, but for a word that is; nothing is cut."""
    out = piped(str(columns), *command.split())
    assert all(len(line) <= columns or " " not in line.strip() for line in out.splitlines())
    assert "…" not in out


@cache
def answers() -> list[Run]:
    """The results of `check` on some models."""
    return run_all([question(name, Request("tiny")) for name in SOME])


def shown(columns: int) -> str:
    """The report of `check` on these at this width."""
    paper, runs = io.StringIO(), answers()
    verdicts = [v for _, _, some in runs for v in some]
    print_verdicts.results(output.Output(file=paper, width=columns), runs, verdicts, "", everything=True, verbose=False)
    return paper.getvalue()


@COLUMNS
def test_no_name_is_cut(columns: int) -> None:
    """Models, invariants and witnesses can be read and typed at every width."""
    listed, checked = piped(str(columns), "list"), shown(columns)
    assert all(re.search(rf"\b{name}\b", listed) for name in catalog.SHIPPED)
    assert all(re.search(rf"\b{name}\b", checked) for name in SOME)
    assert max(map(len, checked.splitlines())) <= columns
    words = set(re.sub("[│┃]", " ", checked).split())
    for machine in catalog.SOUND:
        names = [*(c.name for c in machine.invariants), *(w.name for w in machine.witnesses)]
        assert all(set(sentence(name).split()) <= words for name in names)


def test_a_narrow_table_does_not_split_invariants() -> None:
    """Where a table with a column for each model has no room, an invariant stands above its verdicts."""
    lines = shown(80).splitlines()
    at = lines.index("  rings are never overrun")
    assert lines[at + 1] == "    ownership: holds; keep_mapped: holds; per_packet: holds; yardstick: holds"
    assert "in every state" in lines[:at]


@pytest.mark.parametrize("columns", ["", "0", "x", "-3", "100000"])
def test_a_width_that_is_none_is_no_error(columns: str) -> None:
    """COLUMNS may hold anything: what is no width is ignored."""
    assert "keep_mapped" in piped(columns, "list")


def test_the_memory_of_states_is_printed_on_demand(run_cli: Command) -> None:
    """Bits and bytes of a state are printed with -v only."""
    plain, verbose = run_cli("check", "yardstick"), run_cli("check", "yardstick", "-v")
    assert "kept in" not in plain.out
    assert " a state" not in plain.out
    assert "kept in" in verbose.flat
    assert " a state" in verbose.flat


def test_the_summary_comes_first_and_last(run_cli: Command) -> None:
    """The summary is the first line and the last one."""
    for words, printed in (
        ("check yardstick --scope tiny", "All 23 checks are as expected."),
        ("check yardstick --max-states 3", "21 of 23 checks are undecided."),
        ("check c06_home_to_the_completing_device", "The check is as expected."),
    ):
        lines = run_cli(*words.split(), "--trace-dir", "traces").out.splitlines()
        assert lines[0] == lines[-1] == printed


@pytest.mark.parametrize("command", ["show", "refine", "draw", "export", "check", "simulate", "prove"])
def test_help_has_one_default_of_the_scope(run_cli: Command, command: str) -> None:
    """Either typer prints the default, or the text explains it."""
    printed = run_cli(command, "--help").flat
    scope = printed[printed.index("--scope") : printed.index("--pages")]
    assert ("[default: tiny]" in scope) is ("default: small" not in scope)


def test_refine_prints_how_far_it_reaches(run_cli: Command) -> None:
    """It is about safety, and a step of the system may be one of the rules' environment."""
    printed = run_cli("refine", "per_packet").flat
    words = "a step of the system may be one of the rules' environment, and no step has to happen"
    assert f"this is about safety only: {words}" in printed
    run_cli("check", "per_packet", "--scope", "tiny", "--json", "out.json")
    (refined,) = (v for v in json.loads(Path("out.json").read_text())["verdicts"] if v["kind"] == "refinement")
    assert refined["note"].startswith("this is about safety only: ")


ONE = re.compile(r"(?<![\d.,])1 [a-z]+s\b")
"""A single thing in the plural."""


@pytest.mark.parametrize(
    "words",
    [
        ("check", "yardstick", "--pages", "1", "--devices", "1"),
        ("check", "yardstick", "--pages", "1", "--max-states", "1"),
        ("simulate", "yardstick", "--steps", "1"),
        ("refine", "keep_mapped", "--max-states", "1"),
        ("show", "yardstick", "--table", "--pages", "1", "--devices", "1"),
        ("trace", "one"),
        ("trace", "late", "--at", "3", "--clock", "global"),
    ],
    ids=" ".join,
)
def test_one_thing_is_in_the_singular(run_cli: Command, desk: Path, words: tuple[str, ...]) -> None:
    """Where a command prints a number and it is 1, its noun is in the singular."""
    one, late = Printer().hold(POOLS[0], PAGES[0], 1), Printer().hold(POOLS[0], PAGES[0], 8)
    (desk / "one").write_text("\n".join(one.lines) + "\n")
    (desk / "late").write_text("\n".join(late.release(POOLS[0], PAGES[1], 6).lines) + "\n")
    printed = run_cli(*words)
    assert " 1 " in printed.flat
    assert ONE.findall(printed.flat + printed.err) == []
