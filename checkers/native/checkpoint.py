"""A search on disk: written while it runs, so that a killed one goes on where it was."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .build import shared_text
from .library import Config, Search

FORMAT = "poolproof checkpoint 1"
INTERVAL = 60.0
"""Seconds between two checkpoints."""


class BadCheckpoint(Exception):
    """A file that cannot be gone on from; the message says why, and the way out."""


@dataclass
class Checkpoint:
    """Where a search is written to, and from which file it goes on."""

    question: dict[str, Any]
    path: Path | None = None
    resume: Path | None = None
    interval: float = INTERVAL
    last: float = field(default_factory=time.monotonic)

    def is_due(self) -> bool:
        return self.path is not None and time.monotonic() - self.last >= self.interval

    def save(self, search: Search, config: Config, seconds: float) -> None:
        """Write the search beside the old file, and put it in its place when it is whole."""
        if self.path is None:
            return
        head = {"format": FORMAT, **self._identity(search, config), "threads": search.threads, "seconds": seconds}
        new = self.path.with_name(self.path.name + ".new")
        new.write_bytes(json.dumps(head).encode() + b"\n")
        if not search.save(str(new)):
            new.unlink(missing_ok=True)
            raise BadCheckpoint(f"{self.path}: cannot be written; is the disk full? The checkpoint before it stands")
        new.replace(self.path)
        self.last = time.monotonic()

    def resumed(self, search: Search, config: Config) -> float:
        """Bring a new search to where the file says it was; returns the seconds already spent."""
        if self.resume is None:
            return 0.0
        line, head = self._head(self.resume)
        for key, value in self._identity(search, config).items():
            if head.get(key) != value:
                raise BadCheckpoint(
                    f"{self.resume}: is of another {key} ({head.get(key)}, not {value}); "
                    "ask the same question as then, or begin anew without --resume"
                )
        if not search.load(str(self.resume), line, head["threads"]):
            raise BadCheckpoint(f"{self.resume}: is cut short; begin anew without --resume")
        return float(head["seconds"])

    def _identity(self, search: Search, config: Config) -> dict[str, Any]:
        """What must be the same for a search to go on."""
        text = search.compiled.model.source() + shared_text()
        code = hashlib.sha256(text.encode()).hexdigest()[:16]
        return {**self.question, "engine": list(config.flags), "version of the code": code}

    @staticmethod
    def _head(path: Path) -> tuple[int, dict[str, Any]]:
        """The length of the first line, and what it says."""
        try:
            with path.open("rb") as file:
                line = file.readline(1 << 20)
            head = json.loads(line)
        except (ValueError, UnicodeDecodeError):
            head = None
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise BadCheckpoint(f"{path}: is no checkpoint of this version; begin anew without --resume")
        return len(line), head
