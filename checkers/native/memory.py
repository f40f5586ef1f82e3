"""What memory the machine can spare, asked of the system."""

from __future__ import annotations

import os
from pathlib import Path

SHARE, LEAST = 0.8, 0.03
"""The part of the free memory a search may take, and the part of all memory that must stay free meanwhile."""


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
    return min([os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), *_group("memory.max")])


def available() -> int:
    """Bytes of memory that are free for us now."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        free = total() // 2
    limits, used = _group("memory.max"), _group("memory.current")
    return min([free, *(limit - now for limit, now in zip(limits, used, strict=False))])


def _group(name: str) -> list[int]:
    """A number of the control group we run in, where there is one and it says one."""
    try:
        text = Path("/sys/fs/cgroup", name).read_text().strip()
    except OSError:
        return []
    return [int(text)] if text.isdecimal() else []
