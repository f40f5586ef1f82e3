# SPDX-License-Identifier: MIT
"""Puts lines of several CPUs, given one CPU after the other, in the order of time where that is certain.

The result is that of `trace`, which merges the buffers of all CPUs by time: the lines of each CPU stay in their order.
Where the times of one CPU go back, no order is certain.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf

from . import lines

MOST = 4_000_000
"""The largest number of lines that are put in order: they are kept in memory."""

HEAD = "# tracer:"
"""The first line of each recording; in the middle of a text it marks a gap."""


class TimeGoesBack(Exception):
    """An event is earlier than the one before it: its line, its CPU, and both times."""

    def __init__(self, line: int, cpu: int, before: float, time: float) -> None:
        super().__init__(line, cpu, before, time)
        self.line, self.cpu, self.before, self.time = line, cpu, before, time


def is_header(line: str) -> bool:
    """True for a line about the recording."""
    return line.startswith("#") and not line.startswith("####")


@dataclass
class Text:
    """All lines, each with the time of its event, or of the event that follows."""

    texts: list[str] = field(default_factory=list)
    times: array[float] = field(default_factory=lambda: array("d"))
    of_cpu: dict[int, float] = field(default_factory=dict)
    cpus: array[int] = field(default_factory=lambda: array("l"))
    latest: float = -inf
    waiting: list[int] = field(default_factory=list)

    def take(self, line: str) -> None:
        """Add a line. Raises TimeGoesBack if an earlier line of its CPU has a later time."""
        self.texts.append(line)
        self.times.append(-inf)
        self.cpus.append(-1)
        event = None if is_header(line) else lines.event(line, len(self.texts))
        if event is None:
            if not is_header(line) or line.startswith(HEAD):
                self.waiting.append(len(self.texts) - 1)
            return
        before = self.of_cpu.get(event.cpu, -inf)
        if event.time < before:
            raise TimeGoesBack(len(self.texts), event.cpu, before, event.time)
        self.of_cpu[event.cpu] = self.times[-1] = event.time
        self.cpus[-1] = event.cpu
        self._settle(event.time)

    def _settle(self, time: float) -> None:
        """Give this time to the lines before the event; a head earlier than the lines before it marks no gap."""
        for n in self.waiting:
            if time < self.latest and self.texts[n].startswith(HEAD):
                self.texts[n] = "#"
            self.times[n] = time
        self.waiting = []
        self.latest = max(self.latest, time)

    def order(self) -> list[int]:
        """The numbers of the lines, from 1, in the order of time."""
        for n in self.waiting:
            self.times[n] = inf
        return [n + 1 for n in sorted(range(len(self.texts)), key=self.times.__getitem__)]

    def has_ties(self, order: list[int]) -> bool:
        """True if events of two CPUs have the same time, so that their order is not known."""
        events = ((self.times[n - 1], self.cpus[n - 1]) for n in order if self.cpus[n - 1] >= 0)
        return any(one[0] == next_one[0] and one[1] != next_one[1] for one, next_one in pairwise(events))
