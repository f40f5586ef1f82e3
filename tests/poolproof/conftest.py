"""How a test types a command: in this process, with what is printed caught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from poolproof import cli


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def flat(self) -> str:
        """What is on the screen, with all white space and table lines as one space."""
        return " ".join(self.out.translate({ord(c): " " for c in "│┃├┤┡╇┩┏┳┓└┴┘━─┼"}).split())


Ask = Callable[..., Said]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, and the command is typed in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def ask(desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Type a command, on the desk; what is printed is caught, and what is raised is not."""
    monkeypatch.setattr(cli, "console", cli.Output(highlight=False, width=150))

    def typed(*words: object) -> Said:
        capsys.readouterr()
        code = cli.guarded(lambda: cli.app([str(word) for word in words], standalone_mode=False, prog_name="poolproof"))
        return Said(code, *capsys.readouterr())

    return typed
