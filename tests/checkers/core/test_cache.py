# SPDX-License-Identifier: MIT
"""The cache: where it is, and that no other user can write to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from checkers.core.cache import ForeignFile, cache_folder, must_be_ours

SOMEBODY = 65_534
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder to another user"
)


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that XDG_CACHE_HOME names."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_cache_is_its_users_alone(base: Path) -> None:
    """With every umask, no other user may read or write there."""
    before = os.umask(0)
    try:
        assert cache_folder() == base / "poolproof"
    finally:
        os.umask(before)
    assert mode(base / "poolproof") == 0o700


@as_root
def test_a_cache_that_was_open_is_closed_and_swept(base: Path) -> None:
    """What others may have put there while it was open is not loaded: it goes, and what is ours stays."""
    folder = base / "poolproof"
    folder.mkdir()
    folder.chmod(0o777)
    for name in ("ours.so", "theirs.so", "theirs"):
        (folder / name).mkdir() if name == "theirs" else (folder / name).write_text("code")
        if name.startswith("theirs"):
            os.chown(folder / name, SOMEBODY, SOMEBODY)
    (folder / "link.so").symlink_to(folder / "ours.so")
    os.lchown(folder / "link.so", SOMEBODY, SOMEBODY)
    assert cache_folder() == folder
    assert mode(folder) == 0o700
    assert [path.name for path in folder.iterdir()] == ["ours.so"]


def test_a_cache_of_ours_with_all_rights_is_made_private(base: Path) -> None:
    """0777 becomes 0700 before anything is loaded from there."""
    (base / "poolproof").mkdir()
    (base / "poolproof").chmod(0o777)
    assert cache_folder() == base / "poolproof"
    assert mode(base / "poolproof") == 0o700


@as_root
def test_a_cache_of_another_user_is_refused(base: Path) -> None:
    """Also where it is a link of theirs to a folder of ours."""
    (base / "poolproof").mkdir()
    os.chown(base / "poolproof", SOMEBODY, SOMEBODY)
    with pytest.raises(
        ForeignFile, match=r"poolproof: belongs to another user .*give another place with XDG_CACHE_HOME"
    ):
        cache_folder()
    (base / "poolproof").rmdir()
    (base / "mine").mkdir()
    (base / "poolproof").symlink_to(base / "mine")
    os.lchown(base / "poolproof", SOMEBODY, SOMEBODY)
    with pytest.raises(ForeignFile):
        cache_folder()


def test_what_is_ours_is_not_refused(tmp_path: Path) -> None:
    """A folder of this user, and one of the administrator."""
    must_be_ours(tmp_path, "")
    must_be_ours(Path("/"), "")
    assert mode(tmp_path)


@pytest.mark.parametrize("given", ["cache", "./cache", "~/cache", ""])
def test_a_relative_place_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    """The XDG Base Directory Specification: a path that is not absolute is invalid and to be ignored."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", given)
    assert cache_folder() == tmp_path / "home" / ".cache" / "poolproof"
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
