# SPDX-License-Identifier: MIT
"""One measured run of our search, of spin, and of everything from cold."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from checkers.core.stopped import INTERRUPTED
from checkers.explore.search import UNLIMITED, Budget, Exploration
from checkers.export.other_tools import Spin, ToolError
from checkers.native.engine import Native, SearchOptions

from .cases import Searched

Tell = Callable[[str], None]
LEAST_SECONDS = 1e-6
DEPTH = 6_000_000
"""How deep spin may search: more than its case has states, for with less it counts too few."""
READY = set[object]()
"""The searches that are compiled."""


@dataclass(frozen=True)
class Run:
    """What one search counted, its CPU-seconds and its seconds by the wall clock."""

    states: int
    transitions: int
    cpu: float
    wall: float
    depth: int = 0
    orbit_sum: int = 0
    how: str = ""
    memory: str = ""
    stopped: str = ""
    output: str = ""

    @property
    def rate(self) -> float:
        """Millions of transitions a CPU-second."""
        return self.transitions / max(self.cpu, LEAST_SECONDS) / 1e6

    @property
    def wall_rate(self) -> float:
        """Millions of transitions a second by the wall clock."""
        return self.transitions / max(self.wall, LEAST_SECONDS) / 1e6

    @property
    def a_state(self) -> str:
        """The memory of a state, in the engine's words."""
        found = re.search(r"([\d.,]+ (bits|bytes)) a state", self.memory)
        return found[1] if found else self.memory

    @property
    def bytes_a_state(self) -> float:
        """Bytes a state in a hash set; 0 elsewhere."""
        found = re.search(r"([\d.]+) bytes a state", self.memory)
        return float(found[1]) if found else 0.0


def ours(asked: Searched, options: SearchOptions, tell: Tell, budget: Budget = UNLIMITED) -> Run:
    """Our engine: the search alone, on CPU and wall clock, after everything is compiled."""
    _compiled(asked, options)
    native = Native(asked.machine, dict(asked.sizes), asked.symmetric, budget, "", options)
    wall, cpu = time.perf_counter(), time.process_time()
    seen = native.run(lambda seen: tell(f"{seen.states:,} states"))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    if seen.stopped == INTERRUPTED:
        raise KeyboardInterrupt
    return _run(seen, cpu, wall, native.config.name)


def _compiled(asked: Searched, options: SearchOptions) -> None:
    """Compile what the search needs, once, by a search that stops at its first state."""
    key = asked.name, asked.sizes, asked.symmetric, options
    if key not in READY:
        Native(asked.machine, dict(asked.sizes), asked.symmetric, Budget(states=1), "", options).run(lambda seen: None)
        READY.add(key)


def _run(seen: Exploration, cpu: float, wall: float, how: str) -> Run:
    counted = (seen.states, seen.transitions, cpu, wall, seen.depth, seen.orbit_sum)
    return Run(*counted, how, seen.memory, str(seen.stopped or ""))


def cold(asked: Searched) -> float:
    """Seconds to lift, generate and compile a model in a fresh process with an empty cache."""
    words = json.dumps([asked.machine.name, dict(asked.sizes), [sort.__name__ for sort in asked.symmetric]])
    with tempfile.TemporaryDirectory(prefix="poolproof-") as folder:
        command = [sys.executable, "-m", "tools.bench.cold", words]
        empty = {**os.environ, "XDG_CACHE_HOME": folder}
        done = subprocess.run(command, env=empty, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no output"]
        raise ToolError(f"{asked.machine.name} from cold: {last[0]}")
    return float(done.stdout)


@dataclass(frozen=True)
class TimedSpin(Spin):
    """spin as people compile it for speed; `spent` has the CPU-seconds of its commands, the search last."""

    spent: list[float] = field(default_factory=list)

    def commands(self) -> Sequence[Sequence[str]]:
        options = ("-w", "-O3", "-DSAFETY", "-DNOFAIR", "-DNOREDUCE", "-DMEMLIM=8000")
        return ("spin", "-o2", "-a", self.file), ("cc", *options, "-o", "pan", "pan.c"), ("./pan", f"-m{DEPTH}", "-w24")

    def run(self, words: Sequence[str], directory: str) -> tuple[int, str]:
        before = _of_children()
        result = super().run(words, directory)
        self.spent.append(_of_children() - before)
        return result


def _of_children() -> float:
    """CPU-seconds of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def spin(asked: Searched) -> Run | None:
    """spin on our export, without symmetry; None where it is not installed."""
    tool = TimedSpin()
    if not tool.available():
        return None
    wall = time.perf_counter()
    count = tool.count(asked.machine, dict(asked.sizes))
    return Run(count.states, count.transitions or 0, tool.spent[-1], time.perf_counter() - wall, how="spin")
