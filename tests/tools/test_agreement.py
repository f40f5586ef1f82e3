# SPDX-License-Identifier: MIT
"""What `make agree` prints, and what it exits with."""

from __future__ import annotations

import pytest

from checkers.export.agree import Engine
from checkers.export.other_tools import Count, ToolError
from poolproof import errors, output
from spec.dsl import Machine
from tests.exported import Answering
from tests.poolproof.conftest import Printed
from tools import agreement


def compared(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *engines: Engine) -> Printed:
    """Compare these engines on two models."""
    monkeypatch.setattr(output, "console", output.Output(highlight=False, width=150))
    code = errors.guarded(lambda: agreement.run(["yardstick", "per_packet"], engines))
    return Printed(code, *capsys.readouterr())


OURS = Answering("explore (python)", Count(1413, 6454, True))


def test_agreement_names_the_engines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One row a model, one column an engine; who is not installed is named, and weighs nothing."""
    printed = compared(capsys, monkeypatch, OURS, Answering("orbits", Count(1413)), Answering("spin"))
    assert printed.code == 0
    assert "yardstick 1,413 (6,454) 1,413 not installed per_packet 1,413 (6,454) 1,413 not installed" in printed.flat
    assert printed.out.endswith("explore (python), orbits agree. Not installed: spin; see docs/exporting.md.\n")


def test_disagreement_is_one_line_a_model(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The line names the model, the engines and both numbers, and there is no line that they agree."""
    printed = compared(capsys, monkeypatch, OURS, Answering("spin", Count(1412, 6454, True)))
    assert printed.code == 14
    assert "yardstick: explore (python) counts 1,413 states, spin 1,412\n" in printed.out
    assert "per_packet: explore (python) counts 1,413 states, spin 1,412\n" in printed.out
    assert "agree" not in printed.out


def test_an_error_is_no_agreement(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool whose answer is not understood is reported as that, with an exit code of its own."""
    printed = compared(capsys, monkeypatch, OURS, Answering("rumur", ToolError("rumur: output not understood: [red]?")))
    assert printed.code == 150
    assert "yardstick 1,413 (6,454) error" in printed.flat
    assert "yardstick: rumur: output not understood: [red]?\n" in printed.out
    assert "agree" not in printed.out


def test_a_broken_invariant_is_in_the_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Engines that all find an invariant broken agree, and the table shows what they found."""
    broken = Count(1413, 6454, False)
    printed = compared(capsys, monkeypatch, Answering("a", broken), Answering("b", broken))
    assert printed.code == 0
    assert "yardstick 1,413 (6,454), broken 1,413 (6,454), broken" in printed.flat


def test_an_interrupt_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the comparison with the exit code of what is left open."""

    class Interrupted(Answering):
        def count(self, machine: Machine, sizes: dict[str, int]) -> Count:
            raise KeyboardInterrupt

    printed = compared(capsys, monkeypatch, Interrupted("spin", Count(1)))
    assert (printed.code, printed.out, printed.err) == (3, "", "poolproof: interrupted\n")


def test_an_unknown_model_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown name is one line, as by the command."""
    assert errors.guarded(lambda: agreement.run(["yardstik"], [OURS])) == 2
    assert "did you mean yardstick" in capsys.readouterr().err
