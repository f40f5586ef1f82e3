# SPDX-License-Identifier: MIT
"""The circumstances of a measurement: the machine, its load, the compiler, and whether others used it."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from checkers.native import build
from checkers.native.engine import cores

SLACK = 0.5
"""Load beyond our own that is not warned of."""
MINUTE = 60.0


def cpu_seconds() -> float:
    """CPU-seconds of this process and its children."""
    return sum(os.times()[:4])


@dataclass
class Surroundings:
    """Load and time when the measurement began, and when it ended."""

    load: tuple[float, float, float] = field(default_factory=os.getloadavg)
    started: float = field(default_factory=time.monotonic)
    spent: float = field(default_factory=cpu_seconds)
    load_after: tuple[float, float, float] = (0.0, 0.0, 0.0)
    seconds: float = 0.0
    own_load: float = 0.0

    def end(self) -> None:
        """Record the end of the measurement."""
        self.load_after = os.getloadavg()
        self.seconds = time.monotonic() - self.started
        self.own_load = (cpu_seconds() - self.spent) / self.seconds

    def lines(self) -> Iterator[str]:
        """The first lines of the report, and warnings."""
        yield f"date      {date.today().isoformat()}, measured in {self.seconds:,.0f} s"
        yield f"machine   {processor()}, {os.cpu_count()} cores of which we may use {cores()}"
        yield f"load      {averages(self.load)} before, {averages(self.load_after)} after; our own {self.own_load:.2f}"
        yield f"compiler  {build.compiler().partition(' ')[2] or 'none'}"
        yield f"Python    {platform.python_version()}"
        yield from self.warnings()

    def warnings(self) -> Iterator[str]:
        """Warnings of load that is not ours: ratios may still hold, seconds do not."""
        if self.load[0] > SLACK:
            yield f"warning: a load average of {self.load[0]:.2f} before we began: {OTHERS}"
        after = self.load_after[0 if self.seconds < 3 * MINUTE else 1]
        if self.seconds > MINUTE and after > self.own_load + SLACK:
            yield f"warning: a load average of {after:.2f}, of which {self.own_load:.2f} is ours: {OTHERS}"


OTHERS = "others use this machine; trust the ratios, not the seconds"


def averages(load: tuple[float, float, float]) -> str:
    """The load averages of one, five and fifteen minutes."""
    return " ".join(f"{n:.2f}" for n in load)


def processor() -> str:
    """The model of the processor, as the system names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())
