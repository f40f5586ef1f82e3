"""Recordings as a stream of events: text, plain or packed, from files of one boot in sequence or from standard input.

What the text says of itself is kept beside the events: kernel, clock, whether pointers are hashed, what was lost.
Memory does not grow with the length; a line that is not understood is counted, and told to whoever wants to know.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import IO

from . import lines, merging, seems
from .dmesg import Log, is_log
from .events import CONNECT, DISCONNECT, GAP, HOLD, LOST, MESSAGE, NID, OTHER, POOL_RELEASE, RELEASE, Event
from .files import STDIN, Unreadable, lines_of, opened
from .merging import TimeGoesBack

COUNTER, UNKNOWN = "counter", "unknown"
ORDERED = ("global", COUNTER, "mono", "mono_raw", "boot", "tai", "x86-tsc")
UNORDERED = ("local", "perf", "uptime")
"""Clocks under which events of different CPUs cannot be put in order."""
SECONDS = re.compile(r" \d+\.\d+: ")
CPUS = re.compile(r"cpus=(\d{1,6})$", re.ASCII)
"""How the text of `trace-cmd report` begins."""
POINTER = re.compile(r"(?:page_pool|allocator)=(?:0x)?([0-9a-f]+)", re.ASCII)
HEADER = 1000
"""Of a line about the recording itself as much is read."""
SAMPLE = 60
"""Lines that are looked at to say what a text is that is no trace."""
OVERTAKES = 0.001
"""Seconds by which `trace_pipe` may print an event of one CPU after a later one of another."""
ABOUT_POOLS = (HOLD, RELEASE, POOL_RELEASE, NID, CONNECT, DISCONNECT)
"""The kinds of events that only page pools have."""


@dataclass
class Heard:
    """What a recording says of itself."""

    names: list[tuple[int, str]] = field(default_factory=list)
    lines: int = 0
    bytes: int = 0
    events: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    not_understood: int = 0
    left_over: int = 0
    first_left_over: tuple[int, str] = (0, "")
    heads: int = 0
    kernel: str = ""
    generation: str = ""
    clock: str = ""
    told_clock: str = ""
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
        """A line as people look for it: in which file, if there are several."""
        line = self.line(line)
        first, name = next((first, name) for first, name in reversed(self.names) if first <= line)
        return f"{name}:{line - first + 1}" if len(self.names) > 1 else f"line {line - first + 1}"

    def line(self, line: int) -> int:
        """The number of a line as it was given, where lines were put in the order of time."""
        return self.order[line - 1] if self.order else line

    @property
    def pointers(self) -> str:
        """What addresses are; the head knows best, and without it those of 32 bits may be either."""
        if self.bits == 32:
            return f"{POINTERS[self.hash_ptr] if self.hash_ptr else 'pointers'} of a 32-bit kernel"
        return POINTERS["1" if self.is_hashed else "0"]

    @property
    def is_ordered(self) -> bool:
        """Is the order of lines that of the events, on different CPUs too? Under the clock `local` it is not."""
        return self.clock in ORDERED and not self.is_overtaken

    @property
    def counts_events(self) -> bool:
        """Does the clock count events instead of seconds?"""
        return self.clock in (COUNTER, "x86-tsc")

    @property
    def is_whole(self) -> bool:
        """Did nobody say that events were lost?"""
        return not (self.lost or self.overwritten or self.gaps)

    @property
    def is_vouched_for(self) -> bool:
        """Do the heads say that there were as many events as there are lines of events, and no others?"""
        return not self.overwritten and self.entries == sum(
            n for kind, n in self.events.items() if kind not in (LOST, GAP, MESSAGE)
        )

    @property
    def lacks_cpus(self) -> bool:
        """Are all lines of one CPU, of a machine with more, or of which nothing is known?"""
        return len(self.cpus) == 1 and (self.processors > 1 or not self.has_head)

    @property
    def is_about_pools(self) -> bool:
        """Does anything of it speak of page pools?"""
        return bool(self.events[MESSAGE]) or any(self.events[kind] for kind in ABOUT_POOLS)


POINTERS = {"0": "real pointers", "1": "hashed pointers"}
"""What addresses are, by the word of the option hash-ptr."""


class Recording:
    """The events of some files; `heard` grows while they are read.

    Where time goes back, lines of several CPUs stand one after the other: `TimeGoesBack` is raised, and the same files
    can be read with `merged=True`.
    """

    def __init__(
        self, paths: Iterable[str], strict: Callable[[str, str], None] | None = None, merged: bool = False
    ) -> None:
        self.paths, self.heard, self.strict, self.is_merged = list(paths), Heard(), strict, merged
        self.read_from: list[IO[bytes]] = []
        self.log, self.sample = Log(), list[str]()

    def __iter__(self) -> Iterator[Event]:
        if self.is_merged:
            yield from self.events(self._in_order())
            return
        for path in self.paths:
            before, words, heads = self._understood(), self._words(), self.heard.heads
            left = self.heard.left_over
            self.log, self.sample = Log(), []
            yield from self.events(self._text(path))
            events, said = self._understood() - before, self._words() - words
            if self.heard.heads == heads and (not events or (events == said and self._quotes())):
                raise Unreadable(self._is_none(path, self.heard.left_over > left))
        self._must_be_about_pools()

    def _text(self, path: str) -> Iterator[str]:
        """The lines of a file, which is named from here on."""
        self.heard.names.append((self.heard.lines + 1, "standard input" if path == STDIN else path))
        with opened(path) as (raw, text):
            self.read_from.append(raw)
            yield from lines_of(text, path)

    def _in_order(self) -> Iterator[str]:
        """The lines of all files in the order of time."""
        text, heard = merging.Text(), self.heard
        for path in self.paths:
            for line in self._text(path):
                heard.lines += 1
                try:
                    text.take(line)
                except TimeGoesBack as back:
                    raise Unreadable(_not_in_order(heard.where(back.line), back)) from None
                if heard.lines > merging.MOST:
                    raise Unreadable(f"{path}: {TOO_LONG}")
        heard.order, heard.lines = text.order(), 0
        heard.is_overtaken = text.has_ties(heard.order)
        yield from (text.texts[n - 1] for n in heard.order)

    def left(self) -> str:
        """How much of the file that is read now is left, if it has a size."""
        try:
            raw = self.read_from[-1]
            left = Path(self.heard.names[-1][1]).stat().st_size - raw.tell()
            return f", {left:,} bytes left"
        except (OSError, IndexError, ValueError):
            return ""

    def _understood(self) -> int:
        return sum(self.heard.events.values())

    def _words(self) -> int:
        """What was understood and is no event of a trace: messages, and the word that events were lost."""
        return self.heard.events[MESSAGE] + self.heard.events[LOST]

    def _quotes(self) -> bool:
        """Is this a text that speaks of messages of the kernel, and no log?"""
        return (seems.kind(self.sample, False) or ("",))[0] in seems.QUOTES

    def _is_none(self, path: str, is_left_over: bool) -> str:
        """Why a file is no recording, and what it seems to be."""
        known = seems.kind(self.sample, self.log.is_log)
        if is_left_over and lines.is_of_an_event(self.heard.first_left_over[1]) and not self._quotes():
            return self.left_over()
        if known:
            return f"{path}: no line of it is a trace event; it seems to be {known[0]}: {known[1]}"
        return self.left_over() or f"{path}: no line of it is a trace event; {seems.RECORD}"

    def _must_be_about_pools(self) -> None:
        """A trace of something else is none of ours."""
        heard = self.heard
        if self._understood() and not heard.is_about_pools and not heard.left_over:
            some = ", ".join(f"{name} {n:,}" for name, n in (heard.others or heard.events).most_common(3))
            what = f"a trace, and no event of it is about page pools ({some})"
            raise Unreadable(f"{self._files()}: {what}; {seems.RECORD}")

    def left_over(self) -> str:
        """One line about the lines of events that were not understood; empty if there are none."""
        n, (line, text) = self.heard.left_over, self.heard.first_left_over
        if not n:
            return ""
        lines_are = f"{n:,} line{'s' * (n > 1)} of page_pool or DMA events {'were' if n > 1 else 'was'}"
        first = f"the first is {self.heard.where(line)}: {seems.printable(text)!r}"
        return f"{self._files()}: {lines_are} not understood; {first}; {seems.why(text)}"

    def _files(self) -> str:
        return ", ".join(name for _, name in self.heard.names)

    def events(self, text: Iterable[str]) -> Iterator[Event]:
        """The events of some lines."""
        heard, counts, read, cpu = self.heard, self.heard.events, lines.event, -1
        for number, line in enumerate(text, heard.lines + 1):
            heard.lines = number
            event = read(line, number)
            if event is None:
                event = self._aside(line.rstrip("\r"))
                if event is None:
                    continue
            elif event.time < heard.latest:
                self._goes_back(event)
            else:
                heard.latest = event.time
            if event.cpu != cpu:
                cpu = event.cpu
                heard.cpus.add(cpu)
            kind = event.kind
            counts[kind] += 1
            if kind == OTHER:
                heard.others[event.more[0]] += 1
                continue
            if not heard.generation and kind in (HOLD, RELEASE):
                self._learn(line, event)
            yield event

    def _goes_back(self, event: Event) -> None:
        """Time goes back: by so little only what a pipe may do, else it is not in order."""
        back = TimeGoesBack(event.line, event.cpu, self.heard.latest, event.time)
        if STDIN not in self.paths:
            raise back
        if self.heard.counts_events or self.heard.latest - event.time > OVERTAKES:
            raise Unreadable(f"{_back(self.heard.where(event.line), back)}; {NOT_FROM_A_PIPE}")
        self.heard.is_overtaken = True

    def _learn(self, line: str, event: Event) -> None:
        """What the first page tells: which kernels and which tool print so, hashed pointers or not, which clock."""
        heard = self.heard
        heard.tool = "perf script" if lines.PERF.match(line) else heard.tool
        heard.generation = "netmem" if "netmem=" in line else "page" if "pfn=" in line else "page without pfn"
        pointer = POINTER.search(line)
        heard.bits = 32 if pointer and len(pointer[1]) <= 8 else 64
        heard.is_hashed = heard.hash_ptr == "1" or (not heard.hash_ptr and heard.bits == 64 and event.pool < 1 << 32)
        heard.clock = heard.clock or (UNKNOWN if SECONDS.search(line) else COUNTER)

    def _aside(self, line: str) -> Event | None:
        """A line that is no event: about the recording, of the kernel's log, or not understood."""
        heard = self.heard
        if len(self.sample) < SAMPLE:
            self.sample.append(line[:HEADER])
        if "\r" in line and lines.is_of_an_event(line):
            self._not_understood(line)
            self._is_left_over(line)
            return None
        if line.startswith(merging.HEAD):
            heard.heads += 1
            if heard.events:
                heard.gaps += 1
                return Event(GAP, heard.lines, "", 0, 0.0)
        if merging.is_header(line):
            self._header(line)
            return None
        if gone := lines.lost(line, heard.lines):
            heard.lost += gone.number or 1
            return gone
        if m := CPUS.match(line):
            heard.tool, heard.processors, heard.has_head = "trace-cmd report", int(m[1]), True
            return None
        return self._of_the_log(line) if line.strip() else None

    def _of_the_log(self, line: str) -> Event | None:
        """A line of the kernel's log, or one that is not understood."""
        heard = self.heard
        if lines.is_of_an_event(line):
            self._not_understood(line)
            self._is_left_over(line)
        elif said := self.log.take(line):
            heard.not_understood -= self.log.joined
            return Event(MESSAGE, heard.lines, "", 0, 0.0, more=(said,))
        elif not is_log(line):
            self._not_understood(line)
            if lines.is_of_a_piece(line):
                self._is_left_over(line)
        return None

    def _not_understood(self, line: str) -> None:
        self.heard.not_understood += 1
        if self.strict:
            self.strict(self.heard.where(self.heard.lines), line[:200])

    def _is_left_over(self, line: str) -> None:
        """A line of an event that is judged, and was not understood: nothing can be accepted without it."""
        heard = self.heard
        heard.left_over += 1
        if heard.left_over == 1:
            heard.first_left_over = heard.lines, line[:HEADER]

    def _header(self, line: str) -> None:
        heard, line = self.heard, line[:HEADER]
        heard.has_head = True
        if m := re.match(r"#! kernel: .*?(\d+\.\d+[\w.+-]*)", line):
            heard.kernel = m[1]
        elif m := re.match(r"#! trace_clock: .*\[([\w-]+)\]|#! trace_clock: ([\w-]+)$", line):
            heard.clock = heard.told_clock or m[1] or m[2]
        elif m := re.match(r"#! hash-ptr option: (\d)", line):
            heard.hash_ptr, heard.is_hashed = m[1], m[1] == "1"
        elif m := re.match(r"#! cpu\d+: .*?overrun: (\d+) commit overrun: (\d+) .*?dropped events: (\d+)", line):
            heard.overwritten += int(m[1]) + int(m[2]) + int(m[3])
        elif m := re.match(r"#! kprobe_profile .*\s(\d+)\s*$", line):
            heard.probe_misses += int(m[1])
        elif m := re.match(r"#\s+entries-in-buffer/entries-written: (\d+)/(\d+)(?: +#P:(\d+))?", line):
            heard.overwritten, heard.entries = max(heard.overwritten, int(m[2]) - int(m[1])), heard.entries + int(m[1])
            heard.processors = int(m[3] or 0)


NOT_FROM_A_PIPE = "save it as a file, whose lines are put in order where that is certain, or give `trace` as it is"
TOO_LONG = "is too long to be put in the order of time; give `trace` as it is, which the kernel prints in order"
ONCE = "give each recording once, as `trace` prints it: not sorted or reversed, no parts that overlap, no other boot"


def _back(where: str, back: TimeGoesBack) -> str:
    """That time goes back, and where."""
    return f"{where}: time goes back from {back.before:.15g} to {back.time:.15g}"


def _not_in_order(where: str, back: TimeGoesBack) -> str:
    return f"{_back(where, back)} on cpu {back.cpu}, so that no order is certain; {ONCE}"
