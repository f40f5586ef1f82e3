# SPDX-License-Identifier: MIT
"""A search on disk: written while it runs, so that one that was killed can be resumed."""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checkers.core.verdict import Exit
from spec.dsl import PoolproofError

from .build import shared_text
from .library import Config, Search

FORMAT = "poolproof checkpoint 2"
SEAL = "sha256"
SOON, INTERVAL = 1.0, 60.0
"""Seconds until the first checkpoint, doubled for each further one up to the second number."""


class BadCheckpoint(PoolproofError):
    """A file from which a search cannot be resumed; the message gives the reason and the way out."""

    exit_code = Exit.INPUT


def seal(path: Path) -> None:
    """Append the checksum of a file to it."""
    with path.open("r+b") as file:
        made = hashlib.file_digest(file, SEAL).digest()
        file.write(made)


def is_sealed(path: Path) -> bool:
    """True if the file ends in the checksum of the bytes before."""
    made, left = hashlib.new(SEAL), path.stat().st_size - hashlib.new(SEAL).digest_size
    with path.open("rb") as file:
        while left > 0 and (block := file.read(min(left, 1 << 20))):
            made.update(block)
            left -= len(block)
        return left == 0 and file.read() == made.digest()


@dataclass
class Checkpoint:
    """The file a search is written to, and the file it is resumed from; `question` must be the same in both."""

    question: dict[str, Any]
    path: Path | None = None
    resume: Path | None = None
    interval: float = SOON
    last: float = field(default_factory=lambda: time.monotonic())

    def is_due(self) -> bool:
        return self.path is not None and time.monotonic() - self.last >= self.interval

    def save(self, search: Search, config: Config, seconds: float) -> str:
        """Write the search to a new file and move it over the old one; returns the reason if that fails."""
        if self.path is None:
            return ""
        head = {"format": FORMAT, **self._identity(search, config), "threads": search.threads, "seconds": seconds}
        new = self.path.with_name(self.path.name + ".new")
        try:
            new.unlink(missing_ok=True)
            new.touch(mode=0o600, exist_ok=False)
            new.write_bytes(json.dumps(head).encode() + b"\n")
            search.save(str(new))
            seal(new)
            new.replace(self.path)
            return ""
        except OSError as error:
            with suppress(OSError):
                new.unlink()
            stands = "the one before it stands" if self.path.exists() else "there is none to go on from"
            return f"{self.path}: a checkpoint could not be written ({error.strerror}); {stands}"
        finally:
            self.last, self.interval = time.monotonic(), min(2 * self.interval, INTERVAL)

    def was_dense(self) -> bool | None:
        """True if the search to be resumed stores its states in a bitmap; None if there is none."""
        return bool(self._head(self.resume)[1]["dense"]) if self.resume else None

    def resumed(self, search: Search, config: Config) -> float:
        """Load the saved state into a new search; returns the seconds already spent."""
        if self.resume is None:
            return 0.0
        line, head = self._head(self.resume)
        for key, value in self._identity(search, config).items():
            if head.get(key) != value:
                raise BadCheckpoint(
                    f"{self.resume}: is of another {key} ({head.get(key)}, not {value}); "
                    "ask the same question as then, or begin anew without --resume"
                )
        if not is_sealed(self.resume) or not search.load(str(self.resume), line, head["threads"]):
            raise BadCheckpoint(f"{self.resume}: is cut short or damaged; begin anew without --resume")
        return float(head["seconds"])

    def _identity(self, search: Search, config: Config) -> dict[str, Any]:
        """What must be equal for a search to be resumed."""
        text = search.compiled.model.source() + shared_text()
        code = hashlib.sha256(text.encode()).hexdigest()[:16]
        return {**self.question, "engine": list(config.flags), "dense": config.dense, "version of the code": code}

    @staticmethod
    def _head(path: Path) -> tuple[int, dict[str, Any]]:
        """The length of the first line in bytes, and its content."""
        try:
            with path.open("rb") as file:
                line = file.readline(1 << 20)
            head = json.loads(line)
        except (ValueError, UnicodeDecodeError):
            head = None
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise BadCheckpoint(f"{path}: is no checkpoint of this version; begin anew without --resume")
        return len(line), head
