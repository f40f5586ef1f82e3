"""What memory the machine can spare, asked of the system."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

SHARE, LEAST = 0.8, 0.03
"""The part of the free memory a search may take, and the part of all memory that must stay free meanwhile."""
MEMINFO, GROUPS = Path("/proc/meminfo"), Path("/sys/fs/cgroup")
GROUP_FILES = (
    ("memory.max", "memory.current", "memory.stat"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
)
"""The limit, the use and the details, in both versions of control groups."""
CACHED = ("active_file ", "inactive_file ")


def said(n: float) -> str:
    """A number of bytes as people write it."""
    for unit in ("bytes", "KB", "MB"):
        if n < 1000:
            return f"{n:.0f} {unit}"
        n /= 1000
    return f"{n:.1f} GB"


def to_spare() -> int:
    """Bytes a search may take without being told."""
    return int(SHARE * available())


def is_short() -> bool:
    """Is the machine, or the group of processes we run in, about to run out of memory?"""
    return available() < LEAST * total()


def total() -> int:
    """Bytes of memory there are for us."""
    return min([os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), *(most for most, _ in _groups())])


def available() -> int:
    """Bytes of memory that are free for us now."""
    try:
        lines = MEMINFO.read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        free = total() // 2
    return min([free, *(most - used for most, used in _groups())])


def _groups() -> Iterator[tuple[int, int]]:
    """What the control group we run in may have and what it uses, where there is one; cached files are no use."""
    for names in GROUP_FILES:
        try:
            most, used, more = (Path(GROUPS, name).read_text().strip() for name in names)
        except OSError:
            continue
        cached = [int(line.split()[1]) for line in more.splitlines() if line.startswith(CACHED)]
        if most.isdecimal() and used.isdecimal():
            yield int(most), int(used) - sum(cached)
