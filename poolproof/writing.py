"""Files that the command writes: refused before the work where they cannot be, and nothing of the user's is lost."""

from __future__ import annotations

import glob
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from checkers import itf
from checkers.core.cache import must_be_ours
from checkers.core.verdict import Verdict
from checkers.report.tables import JSON_BEGINS, JUNIT_BEGINS, write_json, write_junit

from .asking import BadRequest


def must_be_writable(path: Path | None) -> None:
    """Refuse an output that could not be written, before the work and not after it."""
    if path is None:
        return
    if path.is_dir():
        raise BadRequest(f"{path}: is a directory; give the name of a file")
    if not path.parent.is_dir():
        raise BadRequest(f"{path}: the directory {path.parent} does not exist; create it or write elsewhere")
    if not (os.access(path, os.W_OK) if path.exists() else _takes_files(path.parent)):
        raise BadRequest(f"{path}: cannot be written; write elsewhere")


def must_be_new(path: Path | None) -> None:
    """Refuse an output that is there already, or could not be written."""
    must_be_writable(path)
    if path is not None and path.exists():
        raise BadRequest(f"{path}: exists already and is left as it is; give another name")


def must_take_checkpoint(checkpoint: Path | None, resume: Path | None) -> None:
    """Refuse to write checkpoints over a file that is not gone on from, and to go on from none."""
    if resume is not None and not resume.is_file():
        raise BadRequest(f"{resume}: is no file; give a checkpoint that was written with --checkpoint")
    must_be_writable(resume)
    if checkpoint != resume:
        must_be_new(checkpoint)
    for path in filter(None, (checkpoint, resume)):
        for place in (path.parent, path) if path == resume else (path.parent,):
            must_be_ours(
                place, "a checkpoint is believed when a search goes on from it, so keep it in a folder of yours"
            )


def create(path: Path, text: str) -> None:
    """Write a new file; whatever is there by now stays as it is."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise BadRequest(f"{path}: exists already and is left as it is; give another name") from None


def _takes_files(directory: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=directory):
            return True
    except OSError:
        return False


def must_take_verdicts(json: Path | None, junit: Path | None) -> None:
    """Refuse outputs that cannot be written, or that are something else by now."""
    for path, begins in ((json, JSON_BEGINS), (junit, JUNIT_BEGINS)):
        must_be_writable(path)
        if path and path.is_file() and path.stat().st_size and not _begins(path, begins):
            raise BadRequest(f"{path}: is there already and holds no verdicts; give another name or move it away")
    if json and json == junit:
        raise BadRequest(f"{json}: is to be JSON and JUnit at once; give two names")


def _begins(path: Path, text: str) -> bool:
    with path.open("rb") as file:
        return file.read(len(text)) == text.encode()


def must_take_traces(directory: Path | None, models: Sequence[str]) -> None:
    """Make the directory for traces; refuse it if they cannot be saved there without a loss."""
    if directory is None:
        return
    stems = [Path(name).stem for name in models]
    if twice := next((m for m in models if stems.count(Path(m).stem) > 1), ""):
        raise BadRequest(f"{twice}: another model of this name is asked, and their traces would be too; ask one a time")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadRequest(f"{directory}: cannot be a directory ({error.strerror}); give another") from None
    if not _takes_files(directory):
        raise BadRequest(f"{directory}: cannot be written to; give another directory")
    try:
        for path in (p for stem in stems for p in directory.glob(f"{glob.escape(stem)}.*.itf.json")):
            itf.must_be_free(path)
    except itf.BadTrace as error:
        raise BadRequest(str(error)) from None


def saved(verdicts: Iterable[Verdict], directory: Path | None) -> list[Verdict]:
    """Save every trace into the directory, and say so in the verdicts."""
    return [_saved(v, directory) if directory and v.trace else v for v in verdicts]


def _saved(verdict: Verdict, directory: Path) -> Verdict:
    path = directory / f"{Path(verdict.model).stem}.{verdict.property}.itf.json"
    itf.save(path, verdict)
    return replace(verdict, saved=path)


def verdicts(
    answers: Sequence[Verdict], json: Path | None, junit: Path | None, more: dict[str, object] | None = None
) -> None:
    """Write the verdicts for other tools."""
    if json:
        write_json(json, answers, more)
    if junit:
        write_junit(junit, answers)
