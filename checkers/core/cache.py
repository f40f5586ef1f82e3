# SPDX-License-Identifier: MIT
"""The cache folder. Its files are loaded as code or trusted, so only the user may write there."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from platformdirs import user_cache_path

from spec.dsl import PoolproofError

from .verdict import Exit

ALONE, OTHERS_WRITE = 0o700, 0o022


class ForeignFile(PoolproofError):
    """A file or folder that belongs to another user; the message names the user and the way out."""

    exit_code = Exit.USAGE


def cache_folder() -> Path:
    """The folder of compiled code and answers: the user's cache, or a temporary folder if that is not writable."""
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
    """Make a folder private; if it was not, remove the files of other users."""
    was_open = folder.stat().st_mode & OTHERS_WRITE
    folder.chmod(ALONE)
    for path in folder.iterdir() if was_open else ():
        if not _is_ours(path):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _base() -> Path:
    """The user's cache on this platform; XDG_CACHE_HOME is ignored unless absolute, as its specification requires."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    base = user_cache_path() if not given or os.path.isabs(given) else Path("~/.cache").expanduser()
    if not base.is_absolute():
        raise RuntimeError("this user has no home directory")
    return base


def must_be_ours(path: Path, way_out: str) -> None:
    """Raise ForeignFile for a path of another user; root is trusted."""
    if not _is_ours(path):
        whose = f"user {path.stat().st_uid}, who could change it"
        raise ForeignFile(f"{path}: belongs to another user ({whose}); {way_out}")


def _is_ours(path: Path) -> bool:
    """True if the path, and what it may be a link to, belong to this user or root."""
    mine = (0, os.geteuid()) if hasattr(os, "geteuid") else ()
    return not mine or {path.lstat().st_uid, path.stat().st_uid} <= set(mine)
