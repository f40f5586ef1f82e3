# SPDX-License-Identifier: MIT
"""`poolproof export`, and the commands of docs/exporting.md on what it writes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from checkers.export import promela
from checkers.export.agree import ENGINES
from poolproof import catalog
from poolproof.commands.export import WRITERS, Language
from tests.exported import needs
from tools.docs import build

from .conftest import Command

GUIDE = (build.DOCS / "exporting.md").read_text()


def test_an_export_is_printed_or_written(run_cli: Command, desk: Path) -> None:
    """The file holds what is printed otherwise, to the last character."""
    for language in ("promela", "murphi"):
        printed = run_cli("export", "yardstick", "--to", language).out
        assert run_cli("export", "yardstick", "--to", language, "--out", language).out.startswith(
            f"{language} written;"
        )
        assert (desk / language).read_text() == printed
    assert printed.startswith("-- yardstick at pages=2, devices=2, ring_size=2, tx_limit=2.")


def test_the_scope_is_that_of_the_options(run_cli: Command) -> None:
    """A scope, and sizes on top of it, stand in the first line and in the numbers below."""
    shown = run_cli(
        "export", "yardstick", "--to", "promela", "--scope", "small", "--devices", 1, "--set", "ring_size=1"
    ).out
    assert "yardstick at pages=3, devices=1, ring_size=1, tx_limit=2." in shown
    assert "#define PAGES 3" in shown


def test_what_appears_meanwhile_is_not_overwritten(
    run_cli: Command, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that appears while the model is read is not overwritten."""

    def meanwhile(*_: object) -> str:
        (desk / "y.pml").write_text("mine\n")
        return "theirs"

    monkeypatch.setitem(WRITERS, Language.PROMELA, meanwhile)
    shown = run_cli("export", "yardstick", "--to", "promela", "--out", "y.pml")
    assert (shown.code, shown.out) == (2, "")
    assert "y.pml: exists and is not overwritten; give another name" in shown.err
    assert (desk / "y.pml").read_text() == "mine\n"


def test_too_many_initial_states_are_one_line(run_cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Promela cannot express is refused with the way out, and the exit code for usage."""
    monkeypatch.setattr(promela, "MOST_STARTS", 3)
    shown = run_cli("export", "ownership", "--to", "promela")
    assert shown.code == 2
    assert "ownership has 4 initial states in this scope" in shown.err
    assert "take a smaller scope, or --to murphi" in shown.err


@pytest.mark.parametrize(
    ("number", "words"),
    [
        pytest.param(0, ("1413 states, stored", "6455 transitions"), id="spin", marks=needs("spin")),
        pytest.param(1, ("1413 states, 6454 rules fired",), id="rumur", marks=needs("rumur")),
    ],
)
def test_the_guide_counts_by_hand(desk: Path, number: int, words: tuple[str, ...]) -> None:
    """The commands of docs/exporting.md, typed as they stand there, end with its numbers."""
    typed = GUIDE.split("```sh\n")[1 + number].partition("```")[0]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(["sh", "-e"], input=typed, text=True, capture_output=True, env={**os.environ, "PATH": path})
    assert run.returncode == 0, run.stderr
    assert all(word in run.stdout and word in " ".join(GUIDE.split()) for word in words)


def test_the_guide_shows_every_sound_model() -> None:
    """Each has a row in the table of docs/exporting.md, with the states of docs/tables/counts.md for each engine."""
    counts = (build.DOCS / "tables" / "counts.md").read_text()
    rows = {line.split("|")[1].strip(): line.split("|")[3].strip() for line in counts.splitlines() if "|" in line}
    for machine in catalog.SOUND:
        row = next(line for line in GUIDE.splitlines() if line.startswith(f"│ {machine.name} "))
        assert row.count(rows[machine.name]) == len(ENGINES)
