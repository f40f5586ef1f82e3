"""What solvers have said before, on disk: by the text they were asked, their version and their seed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .solvers import DEFINITE, Answer, versions

MOST_AT_ONCE = 500
"""Digests asked for at once; SQLite takes so many and more."""


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

    def answers(self, digests: Iterable[str], seed: int) -> dict[str, dict[str, Answer]]:
        """What all the installed solvers have said of texts with these digests; nothing of a text unless all have."""
        every, found = versions(), dict[str, dict[str, Answer]]()
        try:
            for digest, solver, version, *said in self._rows(list(digests), seed) if self.path else ():
                if every.get(solver) == version:
                    found.setdefault(digest, {})[solver] = Answer(*said)
        except sqlite3.Error:
            self.path = None
        return {
            digest: {name: said[name] for name in every} for digest, said in found.items() if len(said) == len(every)
        }

    def _rows(self, wanted: list[str], seed: int) -> Iterator[tuple[Any, ...]]:
        for at in range(0, len(wanted), MOST_AT_ONCE):
            some = wanted[at : at + MOST_AT_ONCE]
            marks = ", ".join("?" * len(some))
            asked = f"SELECT digest, solver, version, said, seconds FROM answers WHERE seed = ? AND digest IN ({marks})"
            yield from self.table.execute(asked, (seed, *some))

    def remember(self, answers: dict[str, dict[str, Answer]], seed: int) -> None:
        """Keep what was said of texts with these digests, where it was definite."""
        if not self.path:
            return
        every = versions()
        rows = [
            (digest, solver, every[solver], seed, a.result, a.seconds)
            for digest, said in answers.items()
            for solver, a in said.items()
            if a.result in DEFINITE
        ]
        try:
            with self.table:
                self.table.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?)", rows)
        except sqlite3.Error:
            self.path = None

    def uncounted(self, digest: str) -> frozenset[str] | None:
        """The claims that need no counting, of obligations with this digest; None if nobody has looked."""
        try:
            asked = "SELECT names FROM uncounted WHERE digest = ?"
            row = self.table.execute(asked, (digest,)).fetchone() if self.path else None
        except sqlite3.Error:
            self.path = row = None
        return frozenset(row[0].split()) if row else None

    def keep_uncounted(self, digest: str, names: Iterable[str]) -> None:
        """Remember which claims need no counting."""
        try:
            with self.table:
                self.table.execute("INSERT OR REPLACE INTO uncounted VALUES (?, ?)", (digest, " ".join(names)))
        except sqlite3.Error:
            self.path = None


def _opened(path: str) -> sqlite3.Connection:
    table = sqlite3.connect(path, timeout=5)
    columns = "digest TEXT, solver TEXT, version TEXT, seed INTEGER, said TEXT, seconds REAL"
    table.execute("CREATE TABLE IF NOT EXISTS uncounted (digest TEXT PRIMARY KEY, names TEXT)")
    table.execute(f"CREATE TABLE IF NOT EXISTS answers ({columns}, PRIMARY KEY (digest, solver, version, seed))")
    return table
