# SPDX-License-Identifier: MIT
"""The cache of answers on disk, by the digest of the text, the version of the solver and the seed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .solvers import DEFINITE, Answer, versions

MOST_AT_ONCE = 500
"""Digests in one query; SQLite takes at least as many."""


@dataclass
class Known:
    """Definite answers, stored in a file; without a path nothing is stored.

    A file that cannot be used is ignored: only time depends on it.
    """

    path: Path | None = None

    @cached_property
    def table(self) -> sqlite3.Connection:
        """The connection to the file, or to memory if it cannot be used."""
        try:
            return _opened(str(self.path)) if self.path else _opened(":memory:")
        except sqlite3.Error:
            return _opened(":memory:")

    def answers(self, digests: Iterable[str], seed: int) -> dict[str, dict[str, Answer]]:
        """The cached answers for these digests, for texts that all installed solvers have answered."""
        every, found = versions(), dict[str, dict[str, Answer]]()
        try:
            for digest, solver, version, *answer in self._rows(list(digests), seed) if self.path else ():
                if every.get(solver) == version:
                    found.setdefault(digest, {})[solver] = Answer(*answer)
        except sqlite3.Error:
            self.path = None
        return {
            digest: {name: some[name] for name in every} for digest, some in found.items() if len(some) == len(every)
        }

    def _rows(self, wanted: list[str], seed: int) -> Iterator[tuple[Any, ...]]:
        for at in range(0, len(wanted), MOST_AT_ONCE):
            some = wanted[at : at + MOST_AT_ONCE]
            marks = ", ".join("?" * len(some))
            query = (
                f"SELECT digest, solver, version, result, seconds FROM results WHERE seed = ? AND digest IN ({marks})"
            )
            yield from self.table.execute(query, (seed, *some))

    def remember(self, answers: dict[str, dict[str, Answer]], seed: int) -> None:
        """Store the definite answers for these digests."""
        if not self.path:
            return
        every = versions()
        rows = [
            (digest, solver, every[solver], seed, a.result, a.seconds)
            for digest, by_solver in answers.items()
            for solver, a in by_solver.items()
            if a.result in DEFINITE
        ]
        try:
            with self.table:
                self.table.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?)", rows)
        except sqlite3.Error:
            self.path = None

    def uncounted(self, digest: str) -> frozenset[str] | None:
        """The invariants that need no counting, for obligations with this digest; None if that is not cached."""
        try:
            query = "SELECT names FROM uncounted WHERE digest = ?"
            row = self.table.execute(query, (digest,)).fetchone() if self.path else None
        except sqlite3.Error:
            self.path = row = None
        return frozenset(row[0].split()) if row else None

    def keep_uncounted(self, digest: str, names: Iterable[str]) -> None:
        """Store which invariants need no counting."""
        try:
            with self.table:
                self.table.execute("INSERT OR REPLACE INTO uncounted VALUES (?, ?)", (digest, " ".join(names)))
        except sqlite3.Error:
            self.path = None


def _opened(path: str) -> sqlite3.Connection:
    table = sqlite3.connect(path, timeout=5)
    columns = "digest TEXT, solver TEXT, version TEXT, seed INTEGER, result TEXT, seconds REAL"
    table.execute("CREATE TABLE IF NOT EXISTS uncounted (digest TEXT PRIMARY KEY, names TEXT)")
    table.execute(f"CREATE TABLE IF NOT EXISTS results ({columns}, PRIMARY KEY (digest, solver, version, seed))")
    return table
