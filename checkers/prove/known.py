"""What solvers have said before, on disk: by the text they were asked, their version and their seed."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .solvers import DEFINITE, Answer, versions


@dataclass
class Known:
    """Answers that were definite, remembered in a file; without one nothing is remembered.

    A file that cannot be used is as good as none: nothing but time depends on it.
    """

    path: Path | None = None

    @cached_property
    def table(self) -> sqlite3.Connection:
        """The file's one table."""
        try:
            return _opened(str(self.path)) if self.path else _opened(":memory:")
        except sqlite3.Error:
            return _opened(":memory:")

    def answers(self, text: str, seed: int) -> dict[str, Answer]:
        """What each installed solver has said of this text; nothing unless all have."""
        if not self.path:
            return {}
        keys = {name: _key(text, name, version, seed) for name, version in versions().items()}
        found = {}
        for name, key in keys.items():
            row = self.table.execute("SELECT said, seconds FROM answers WHERE key = ?", (key,)).fetchone()
            if row:
                found[name] = Answer(*row)
        return found if len(found) == len(keys) else {}

    def remember(self, text: str, answers: dict[str, Answer], seed: int) -> None:
        """Keep what was said, where it was definite."""
        if not self.path:
            return
        every = versions()
        rows = [(_key(text, n, every[n], seed), a.said, a.seconds) for n, a in answers.items() if a.said in DEFINITE]
        try:
            with self.table:
                self.table.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", rows)
        except sqlite3.Error:
            self.path = None


def _opened(path: str) -> sqlite3.Connection:
    table = sqlite3.connect(path, timeout=5)
    table.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, said TEXT, seconds REAL)")
    return table


def _key(text: str, solver: str, version: str, seed: int) -> str:
    return hashlib.sha256(f"{solver} {version} {seed}\n{text}".encode()).hexdigest()
