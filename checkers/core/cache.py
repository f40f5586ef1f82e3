"""Folders and files that only their user may touch: what lies in them is loaded as code, or believed."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from spec.dsl import PoolproofError

from .verdict import Exit

ALONE, OTHERS_WRITE = 0o700, 0o022


class ForeignFile(PoolproofError):
    """A file or folder that belongs to another user; the message names the user and the way out."""

    exit_code = Exit.USAGE


def cache_folder() -> Path:
    """Where compiled code and answers are kept: the user's cache, or a new folder where that cannot be written."""
    folder = _base() / "poolproof"
    try:
        folder.mkdir(mode=ALONE, parents=True, exist_ok=True)
        must_be_ours(folder, "give another place with XDG_CACHE_HOME")
        _close(folder)
        if os.access(folder, os.W_OK):
            return folder
    except (OSError, RuntimeError):
        pass
    return Path(tempfile.mkdtemp(prefix="poolproof-"))


def _close(folder: Path) -> None:
    """From now on nobody else writes there, and what somebody else wrote before goes."""
    was_open = folder.stat().st_mode & OTHERS_WRITE
    folder.chmod(ALONE)
    for path in folder.iterdir() if was_open else ():
        if not _is_ours(path):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _base() -> Path:
    """XDG_CACHE_HOME if it is an absolute path; the XDG Base Directory Specification has any other ignored."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    return Path(given) if os.path.isabs(given) else Path("~/.cache").expanduser()


def must_be_ours(path: Path, way_out: str) -> None:
    """Refuse what belongs to another user; the administrator may do anything anyhow."""
    if not _is_ours(path):
        whose = f"user {path.stat().st_uid}, who could change what lies there"
        raise ForeignFile(f"{path}: belongs to another user ({whose}); {way_out}")


def _is_ours(path: Path) -> bool:
    """Does this, and what it may be a link to, belong to this user or the administrator?"""
    mine = (0, os.geteuid()) if hasattr(os, "geteuid") else ()
    return not mine or {path.lstat().st_uid, path.stat().st_uid} <= set(mine)
