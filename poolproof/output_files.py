# SPDX-License-Identifier: MIT
"""Output files: refused before the work where they cannot be written; no file of the user's is overwritten."""

from __future__ import annotations

import glob
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from checkers import itf
from checkers.core.cache import must_be_ours
from checkers.core.verdict import Verdict
from checkers.draw.style import ENDINGS
from spec.dsl import Machine

from . import verdict_files
from .errors import BadRequest, either


@dataclass(frozen=True)
class VerdictFiles:
    """The files that verdicts are written to; None: not written."""

    json: Path | None = None
    junit: Path | None = None
    sarif: Path | None = None

    def __bool__(self) -> bool:
        return any(vars(self).values())

    def require(self) -> None:
        """Refuse files that cannot be written, that hold something else, or that are given twice."""
        named = {name: path for name, path in vars(self).items() if path}
        for name, path in named.items():
            require_writable(path)
            if path.is_file() and path.stat().st_size and not _begins(path, verdict_files.BEGINNINGS[name]):
                raise BadRequest(f"{path}: exists and holds no verdicts; give another name or move it away")
        if len(set(named.values())) < len(named):
            path = next(p for p in named.values() if list(named.values()).count(p) > 1)
            options = [f"--{name}" for name, other in named.items() if other == path]
            raise BadRequest(f"{path}: given for {' and '.join(options)}; give a name for each")

    def write(
        self,
        verdicts: Sequence[Verdict],
        machines: Iterable[tuple[str, Machine]] = (),
        more: dict[str, object] | None = None,
    ) -> None:
        """Write the verdicts; SARIF takes the lines of claims from the machines, `more` is added to the JSON."""
        if self.json:
            verdict_files.write_json(self.json, verdicts, more)
        if self.junit:
            verdict_files.write_junit(self.junit, verdicts)
        if self.sarif:
            verdict_files.write_sarif(self.sarif, verdicts, dict(machines))


def _begins(path: Path, text: str) -> bool:
    with path.open("rb") as file:
        return file.read(len(text)) == text.encode()


def require_writable(path: Path | None) -> None:
    """Refuse an output file that cannot be written."""
    if path is None:
        return
    if path.is_dir():
        raise BadRequest(f"{path}: is a directory; give the name of a file")
    if not path.parent.is_dir():
        raise BadRequest(f"{path}: the directory {path.parent} does not exist; create it or write elsewhere")
    if not (os.access(path, os.W_OK) if path.exists() else _is_writable(path.parent)):
        raise BadRequest(f"{path}: cannot be written; write elsewhere")


def require_new(path: Path | None) -> None:
    """Refuse an output file that exists or cannot be written."""
    require_writable(path)
    if path is not None and path.exists():
        raise BadRequest(f"{path}: exists and is not overwritten; give another name")


def require_picture(path: Path, endings: Sequence[str] = ENDINGS) -> None:
    """Refuse a picture that cannot be written, or whose name does not end in one of these formats."""
    if path.suffix.lower() not in endings:
        raise BadRequest(f"{path}: unknown kind of picture {path.suffix!r} (choose {either(endings)})")
    require_writable(path)


def require_checkpoint(checkpoint: Path | None, resume: Path | None) -> None:
    """Refuse a checkpoint that exists unless it is resumed from, and to resume from none."""
    if resume is not None and not resume.is_file():
        raise BadRequest(f"{resume}: not a file; give a checkpoint that was written with --checkpoint")
    require_writable(resume)
    if checkpoint != resume:
        require_new(checkpoint)
    for path in filter(None, (checkpoint, resume)):
        for place in (path.parent, path) if path == resume else (path.parent,):
            must_be_ours(place, "a resumed search trusts its checkpoint, so keep it in a directory of yours")


def require_trace_directory(directory: Path | None, models: Sequence[str]) -> None:
    """Create the directory for traces; refuse it if saving there would overwrite something that is no trace."""
    if directory is None:
        return
    stems = [Path(name).stem for name in models]
    if twice := next((m for m in models if stems.count(Path(m).stem) > 1), ""):
        raise BadRequest(f"{twice}: another model has the same name, and so would its traces; check one at a time")
    make_directory(directory)
    if not _is_writable(directory):
        raise BadRequest(f"{directory}: cannot be written to; give another directory")
    try:
        for path in (p for stem in stems for p in directory.glob(f"{glob.escape(stem)}.*.itf.json")):
            itf.must_be_free(path)
    except itf.BadTrace as error:
        raise BadRequest(str(error)) from None


def make_directory(directory: Path) -> None:
    """Create a directory where there is none."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadRequest(f"{directory}: cannot be a directory ({error.strerror}); give another") from None


def _is_writable(directory: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=directory):
            return True
    except OSError:
        return False


def create(path: Path, text: str) -> None:
    """Write a new file; raises BadRequest if it exists by now."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise BadRequest(f"{path}: exists and is not overwritten; give another name") from None


def save_traces(verdicts: Iterable[Verdict], directory: Path | None) -> list[Verdict]:
    """Save every trace into the directory; returns the verdicts with the paths."""
    return [_saved(v, directory) if directory and v.trace else v for v in verdicts]


def _saved(verdict: Verdict, directory: Path) -> Verdict:
    path = directory / f"{Path(verdict.model).stem}.{verdict.property}.itf.json"
    itf.save(path, verdict)
    return replace(verdict, saved=path)
