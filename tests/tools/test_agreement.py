# SPDX-License-Identifier: MIT
"""What `make agree` prints, and what it exits with."""

from __future__ import annotations

import pytest

from checkers.export.agree import Engine
from checkers.export.other_tools import Count, ToolError
from poolproof import errors, output
from spec.dsl import Machine
from tests.exported import Says
from tests.poolproof.conftest import Said
from tools import agreement


def asked(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *engines: Engine) -> Said:
    """Compare these engines on two models."""
    monkeypatch.setattr(output, "console", output.Output(highlight=False, width=150))
    code = errors.guarded(lambda: agreement.run(["yardstick", "per_packet"], engines))
    return Said(code, *capsys.readouterr())


OURS = Says("explore (python)", Count(1413, 6454, True))


def test_agreement_names_the_engines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One row a model, one column an engine; who is not installed is named, and weighs nothing."""
    said = asked(capsys, monkeypatch, OURS, Says("orbits", Count(1413)), Says("spin"))
    assert said.code == 0
    assert "yardstick 1,413 (6,454) 1,413 not installed per_packet 1,413 (6,454) 1,413 not installed" in said.flat
    assert said.out.endswith("explore (python), orbits agree. Not installed: spin; see docs/exporting.md.\n")


def test_disagreement_is_one_line_a_model(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The line names the model, the engines and both numbers, and there is no line that they agree."""
    said = asked(capsys, monkeypatch, OURS, Says("spin", Count(1412, 6454, True)))
    assert said.code == 14
    assert "yardstick: explore (python) counts 1,413 states, spin 1,412\n" in said.out
    assert "per_packet: explore (python) counts 1,413 states, spin 1,412\n" in said.out
    assert "agree" not in said.out


def test_an_error_is_no_agreement(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool whose answer is not understood is said to be just that, with an exit code of its own."""
    said = asked(capsys, monkeypatch, OURS, Says("rumur", ToolError("rumur: output not understood: [red]?")))
    assert said.code == 150
    assert "yardstick 1,413 (6,454) error" in said.flat
    assert "yardstick: rumur: output not understood: [red]?\n" in said.out
    assert "agree" not in said.out


def test_a_broken_invariant_is_in_the_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Engines that all find an invariant broken agree, and the table shows what they found."""
    broken = Count(1413, 6454, False)
    said = asked(capsys, monkeypatch, Says("a", broken), Says("b", broken))
    assert said.code == 0
    assert "yardstick 1,413 (6,454), broken 1,413 (6,454), broken" in said.flat


def test_an_interrupt_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the comparison with the exit code of what is left open."""

    class Interrupted(Says):
        def count(self, machine: Machine, sizes: dict[str, int]) -> Count:
            raise KeyboardInterrupt

    said = asked(capsys, monkeypatch, Interrupted("spin", Count(1)))
    assert (said.code, said.out, said.err) == (3, "", "poolproof: interrupted\n")


def test_an_unknown_model_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is none is said in one line, as by the command."""
    assert errors.guarded(lambda: agreement.run(["yardstik"], [OURS])) == 2
    assert "did you mean yardstick" in capsys.readouterr().err
