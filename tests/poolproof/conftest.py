# SPDX-License-Identifier: MIT
"""Commands typed by tests: in this process, with the output captured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from poolproof import cli, errors, output


@dataclass(frozen=True)
class Printed:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str

    @property
    def flat(self) -> str:
        """The output, with white space and table lines as one space."""
        return " ".join(self.out.translate({ord(c): " " for c in "│┃├┤┡╇┩┏┳┓└┴┘━─┼"}).split())


Command = Callable[..., Printed]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, and the command is typed in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run_cli(desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Type a command, on the desk; the output is captured, exceptions are not."""
    monkeypatch.setattr(output, "console", output.Output(highlight=False, width=150))

    def type_(*words: object) -> Printed:
        capsys.readouterr()
        code = errors.guarded(
            lambda: cli.app([str(word) for word in words], standalone_mode=False, prog_name="poolproof")
        )
        return Printed(code, *capsys.readouterr())

    return type_
