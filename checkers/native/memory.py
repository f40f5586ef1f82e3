# SPDX-License-Identifier: MIT
"""How much memory a search may take on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

SHARE, LEAST = 0.8, 0.03
"""The share of the available memory that a search may take, and the share of all memory that must stay available."""
MEMINFO, GROUPS = Path("/proc/meminfo"), Path("/sys/fs/cgroup")
GROUP_FILES = (
    ("memory.max", "memory.current", "memory.stat"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
)
"""Files with the limit, the usage and the details, in control groups v2 and v1."""
CACHED = ("active_file ", "inactive_file ")


def human(n: float) -> str:
    """A number of bytes with a unit: `1.5 GB`."""
    for unit in ("bytes", "KB", "MB"):
        if n < 1000:
            return f"{n:.0f} {unit}"
        n /= 1000
    return f"{n:.1f} GB"


def to_spare() -> int:
    """Bytes a search may take without --max-memory."""
    return int(SHARE * available())


def is_short() -> bool:
    """True if the machine, or the control group of this process, is about to run out of memory."""
    return available() < LEAST * total()


def total() -> int:
    """Bytes of memory of the machine or the control group."""
    return min([os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), *(most for most, _ in _groups())])


def available() -> int:
    """Bytes of memory available now in the machine and the control group."""
    try:
        lines = MEMINFO.read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        free = total() // 2
    return min([free, *(most - used for most, used in _groups())])


def _groups() -> Iterator[tuple[int, int]]:
    """Limit and usage of the control group in bytes, if there is one; cached files do not count as usage."""
    for names in GROUP_FILES:
        try:
            most, used, more = (Path(GROUPS, name).read_text().strip() for name in names)
        except OSError:
            continue
        cached = [int(line.split()[1]) for line in more.splitlines() if line.startswith(CACHED)]
        if most.isdecimal() and used.isdecimal():
            yield int(most), int(used) - sum(cached)
