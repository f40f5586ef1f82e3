# SPDX-License-Identifier: MIT
"""The memory to spare: that of the machine, and that of the control group in which a search runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from checkers.native import memory

GB = 10**9


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with 64 GB, 40 of them free, and a folder for the files of its control groups."""
    (tmp_path / "meminfo").write_text("MemTotal: 62500000 kB\nMemFree: 1 kB\nMemAvailable: 39062500 kB\n")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "GROUPS", tmp_path)
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4000, "SC_PHYS_PAGES": 16_000_000}.__getitem__)
    return tmp_path


def group(folder: Path, names: tuple[str, str, str], limit: str, used: int, cached: int = 0) -> None:
    """Write the files of a control group: its limit, and the memory it uses."""
    (folder / names[0]).parent.mkdir(exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / names[2]).write_text(f"anon 7\nactive_file {cached // 4}\ninactive_file {cached - cached // 4}\n")


BOTH = pytest.mark.parametrize("names", memory.GROUP_FILES, ids=["version 2", "version 1"])


def test_without_a_group_the_machine_counts(system: Path) -> None:
    """A search may take most of what is free, and the machine is short when little of all is."""
    assert (memory.total(), memory.available(), memory.to_spare()) == (64 * GB, 40 * GB, 32 * GB)
    assert not memory.is_short()
    (system / "meminfo").write_text("MemAvailable: 1800000 kB\n")
    assert memory.is_short()


@BOTH
def test_a_group_that_is_tighter_counts(system: Path, names: tuple[str, str, str]) -> None:
    """In a container, what it may have less what it uses; files it has cached are not in use."""
    group(system, names, str(8 * GB), 3 * GB, cached=GB)
    assert (memory.total(), memory.available()) == (8 * GB, 6 * GB)
    group(system, names, str(8 * GB), 79 * GB // 10, cached=4 * GB)
    assert not memory.is_short()
    group(system, names, str(8 * GB), 79 * GB // 10)
    assert memory.is_short()


@BOTH
def test_a_group_without_a_limit_is_ignored(system: Path, names: tuple[str, str, str]) -> None:
    """`max`, or a limit beyond the machine, leaves what the machine has."""
    for limit in ("max", str(2**63 - 4096)):
        group(system, names, limit, 5 * GB)
        assert (memory.total(), memory.available()) == (64 * GB, 40 * GB)


def test_an_unknown_machine_is_half_free(system: Path) -> None:
    """Where the system keeps no such file, half of all memory is taken to be free."""
    (system / "meminfo").unlink()
    assert memory.available() == 32 * GB
    (system / "meminfo").write_text("something else\n")
    assert memory.available() == 32 * GB


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 bytes"), (999, "999 bytes"), (64_000, "64 KB"), (5e7, "50 MB"), (3.25e11, "325.0 GB")]
)
def test_sizes_are_printed_with_units(size: float, words: str) -> None:
    """Three digits or so, and a unit."""
    assert memory.human(size) == words


def test_this_machine_has_memory() -> None:
    """What is there now is not nothing, and not more than there is."""
    assert 0 < memory.to_spare() < memory.available() <= memory.total()
