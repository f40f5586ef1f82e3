# SPDX-License-Identifier: MIT
"""The metadata of a recording: files, kernel, clock, tracepoint format, losses."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import inf

from .events import NAMES, Connect, Disconnect, Event, Gap, Hold, LogMessage, Lost, NodeChange, PoolRelease, Release

COUNTER, UNKNOWN = "counter", "unknown"
ORDERED = ("global", COUNTER, "mono", "mono_raw", "boot", "tai", "x86-tsc")
UNORDERED = ("local", "perf", "uptime")
"""Clocks that do not order events of different CPUs."""

ABOUT_POOLS = (Hold, Release, PoolRelease, NodeChange, Connect, Disconnect)
"""The kinds of events that only page pools have."""

POINTERS = {"0": "real pointers", "1": "hashed pointers"}
"""What addresses are, by the value of the option hash-ptr."""


@dataclass
class RecordingInfo:
    """Metadata of a recording, which grow while it is read.

    `names` are the files, each with its first line. `format` is "netmem", "page" or "page without pfn", by the fields
    of the tracepoints. `given_clock` overrides the head. `entries` is the sum of entries-in-buffer of the heads, `gaps`
    the number of heads in the middle. `order` has the former number of each line, if lines were put in order of time.
    `not_parsed` counts lines of judged events, `not_understood` all lines that are neither events nor comments.
    """

    names: list[tuple[int, str]] = field(default_factory=list)
    lines: int = 0
    bytes: int = 0
    events: Counter[type[Event]] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    not_understood: int = 0
    not_parsed: int = 0
    first_not_parsed: tuple[int, str] = (0, "")
    heads: int = 0
    kernel: str = ""
    format: str = ""
    clock: str = ""
    given_clock: str = ""
    hash_ptr: str = ""
    is_hashed: bool = False
    bits: int = 64
    tool: str = "ftrace"
    overwritten: int = 0
    entries: int = 0
    processors: int = 0
    has_head: bool = False
    cpus: set[int] = field(default_factory=set)
    gaps: int = 0
    lost: int = 0
    probe_misses: int = 0
    order: list[int] = field(default_factory=list)
    is_overtaken: bool = False
    latest: float = -inf

    def where(self, line: int) -> str:
        """A line as its number in its file, with the file's name if there are several."""
        line = self.line(line)
        first, name = next((first, name) for first, name in reversed(self.names) if first <= line)
        return f"{name}:{line - first + 1}" if len(self.names) > 1 else f"line {line - first + 1}"

    def line(self, line: int) -> int:
        """The number of a line before lines were put in the order of time."""
        return self.order[line - 1] if self.order else line

    def events_by_name(self) -> dict[str, int]:
        """The number of events of each kind, by name."""
        return {NAMES[kind]: n for kind, n in self.events.items()}

    @property
    def parsed(self) -> int:
        """The number of all events."""
        return sum(self.events.values())

    @property
    def pointers(self) -> str:
        """What addresses are, by the head; without a head those of 32 bits may be either."""
        if self.bits == 32:
            return f"{POINTERS[self.hash_ptr] if self.hash_ptr else 'pointers'} of a 32-bit kernel"
        return POINTERS["1" if self.is_hashed else "0"]

    @property
    def is_ordered(self) -> bool:
        """True if the order of lines is the order of events also between CPUs; under the clock `local` it is not."""
        return self.clock in ORDERED and not self.is_overtaken

    @property
    def counts_events(self) -> bool:
        """True if the clock counts events instead of seconds."""
        return self.clock in (COUNTER, "x86-tsc")

    @property
    def is_whole(self) -> bool:
        """True if no loss of events is reported."""
        return not (self.lost or self.overwritten or self.gaps)

    @property
    def matches_heads(self) -> bool:
        """True if the heads report as many events as there are, and none overwritten."""
        counted = (n for kind, n in self.events.items() if kind not in (Lost, Gap, LogMessage))
        return not self.overwritten and self.entries == sum(counted)

    @property
    def lacks_cpus(self) -> bool:
        """True if all lines are of one CPU, and the machine has more or an unknown number of them."""
        return len(self.cpus) == 1 and (self.processors > 1 or not self.has_head)

    @property
    def is_about_pools(self) -> bool:
        """True if any event or message is about page pools."""
        return bool(self.events[LogMessage]) or any(self.events[kind] for kind in ABOUT_POOLS)
