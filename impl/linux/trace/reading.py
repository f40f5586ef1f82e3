# SPDX-License-Identifier: MIT
"""Recordings as a stream of events: text, plain or packed, from files of one boot in sequence or from standard input.

The metadata of the text go into a `RecordingInfo`: kernel, clock, pointers, losses. Memory does not grow with
the length of a recording. Lines that are not understood are counted, and passed to a callback.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

from checkers.core.wording import counted

from . import lines, merging, seems
from .dmesg import Log, is_log
from .events import Event, Gap, Hold, LogMessage, Lost, Other, Release
from .files import STDIN, Unreadable, lines_of, opened
from .info import COUNTER, UNKNOWN, RecordingInfo
from .merging import TimeGoesBack

SECONDS = re.compile(r" \d+\.\d+: ")
CPUS = re.compile(r"cpus=(\d{1,6})$", re.ASCII)
"""The first line of `trace-cmd report`."""
POINTER = re.compile(r"(?:page_pool|allocator)=(?:0x)?([0-9a-f]+)", re.ASCII)
HEADER = 1000
"""Characters that are read of a line about the recording itself."""
SAMPLE = 60
"""Lines by which a text that is not a trace is classified."""
OVERTAKES = 0.001
"""Seconds by which `trace_pipe` may print an event of one CPU behind a later one of another CPU."""


class Recording:
    """The events of some files; `info` grows while they are read.

    Iterating raises Unreadable for a file that is not a recording, and TimeGoesBack where lines of several CPUs follow
    one after the other: the same files can then be read with `merged=True`. `strict` is called with the place and the
    text of each line that is not understood.
    """

    def __init__(
        self, paths: Iterable[str], strict: Callable[[str, str], None] | None = None, merged: bool = False
    ) -> None:
        self.paths, self.info, self.strict, self.is_merged = list(paths), RecordingInfo(), strict, merged
        self.read_from: list[IO[bytes]] = []
        self.log, self.sample = Log(), list[str]()

    def __iter__(self) -> Iterator[Event]:
        if self.is_merged:
            yield from self.events(self._in_order())
            return
        for path in self.paths:
            before, messages, heads = self.info.parsed, self._messages(), self.info.heads
            not_parsed = self.info.not_parsed
            self.log, self.sample = Log(), []
            yield from self.events(self._text(path))
            events, from_log = self.info.parsed - before, self._messages() - messages
            if self.info.heads == heads and (not events or (events == from_log and self._quotes())):
                raise Unreadable(self._no_recording(path, self.info.not_parsed > not_parsed))
        self._require_pools()

    def _text(self, path: str) -> Iterator[str]:
        """The lines of a file, whose name is added to the info."""
        self.info.names.append((self.info.lines + 1, "standard input" if path == STDIN else path))
        with opened(path) as (raw, text):
            self.read_from.append(raw)
            yield from lines_of(text, path)

    def _in_order(self) -> Iterator[str]:
        """The lines of all files in the order of time."""
        text, info = merging.Text(), self.info
        for path in self.paths:
            for line in self._text(path):
                info.lines += 1
                try:
                    text.take(line)
                except TimeGoesBack as back:
                    raise Unreadable(_not_in_order(info.where(back.line), back)) from None
                if info.lines > merging.MOST:
                    raise Unreadable(f"{path}: {TOO_LONG}")
        info.order, info.lines = text.order(), 0
        info.is_overtaken = text.has_ties(info.order)
        yield from (text.texts[n - 1] for n in info.order)

    def left(self) -> str:
        """The number of bytes left in the file that is being read, as text, if it has a size."""
        try:
            raw = self.read_from[-1]
            left = Path(self.info.names[-1][1]).stat().st_size - raw.tell()
            return f", {counted(left, 'byte')} left"
        except (OSError, IndexError, ValueError):
            return ""

    def _messages(self) -> int:
        """The number of messages of the log and of losses, which may stand in a text that is not a trace."""
        return self.info.events[LogMessage] + self.info.events[Lost]

    def _quotes(self) -> bool:
        """True if this text quotes messages of the kernel and is not a log."""
        return (seems.kind(self.sample, False) or ("",))[0] in seems.QUOTES

    def _no_recording(self, path: str, has_events: bool) -> str:
        """Why a file is not a recording, and what it seems to be; `has_events` if events of it were not parsed."""
        known = seems.kind(self.sample, self.log.is_log)
        if has_events and lines.is_of_an_event(self.info.first_not_parsed[1]) and not self._quotes():
            return self.not_parsed()
        if known:
            return f"{path}: no line of it is a trace event; it seems to be {known[0]}: {known[1]}"
        return self.not_parsed() or f"{path}: no line of it is a trace event; {seems.RECORD}"

    def _require_pools(self) -> None:
        """Refuse a trace without an event about page pools."""
        info = self.info
        if self.info.parsed and not info.is_about_pools and not info.not_parsed:
            some = ", ".join(f"{name} {n:,}" for name, n in (info.others or info.events).most_common(3))
            what = f"a trace, and no event of it is about page pools ({some})"
            raise Unreadable(f"{self._files()}: {what}; {seems.RECORD}")

    def not_parsed(self) -> str:
        """One line about the lines of events that were not parsed; empty if there are none."""
        n, (line, text) = self.info.not_parsed, self.info.first_not_parsed
        if not n:
            return ""
        lines_are = f"{counted(n, 'line')} of page_pool or DMA events {'were' if n > 1 else 'was'}"
        first = f"the first is {self.info.where(line)}: {seems.printable(text)!r}"
        return f"{self._files()}: {lines_are} not understood; {first}; {seems.why(text)}"

    def _files(self) -> str:
        return ", ".join(name for _, name in self.info.names)

    def events(self, text: Iterable[str]) -> Iterator[Event]:
        """The events of some lines."""
        info, counts, read, cpu = self.info, self.info.events, lines.event, -1
        for number, line in enumerate(text, info.lines + 1):
            info.lines = number
            event = read(line, number)
            if event is None:
                event = self._aside(line.rstrip("\r"))
                if event is None:
                    continue
            elif event.time < info.latest:
                self._goes_back(event)
            else:
                info.latest = event.time
            if event.cpu != cpu:
                cpu = event.cpu
                info.cpus.add(cpu)
            counts[type(event)] += 1
            if isinstance(event, Other):
                info.others[event.name] += 1
                continue
            if not info.format and isinstance(event, Hold | Release):
                self._learn(line, event)
            yield event

    def _goes_back(self, event: Event) -> None:
        """Handle an event earlier than the one before: refused, unless a pipe may print it so."""
        back = TimeGoesBack(event.line, event.cpu, self.info.latest, event.time)
        if STDIN not in self.paths:
            raise back
        if self.info.counts_events or self.info.latest - event.time > OVERTAKES:
            raise Unreadable(f"{_back(self.info.where(event.line), back)}; {NOT_FROM_A_PIPE}")
        self.info.is_overtaken = True

    def _learn(self, line: str, event: Hold | Release) -> None:
        """Learn from the first hold or release: tool, tracepoint format, pointers, clock."""
        info = self.info
        info.tool = "perf script" if lines.PERF.match(line) else info.tool
        info.format = "netmem" if "netmem=" in line else "page" if "pfn=" in line else "page without pfn"
        pointer = POINTER.search(line)
        info.bits = 32 if pointer and len(pointer[1]) <= 8 else 64
        info.is_hashed = info.hash_ptr == "1" or (not info.hash_ptr and info.bits == 64 and event.pool < 1 << 32)
        info.clock = info.clock or (UNKNOWN if SECONDS.search(line) else COUNTER)

    def _aside(self, line: str) -> Event | None:
        """The event of a line that is none of a tracepoint: a head, a loss, a message of the log; None without one."""
        info = self.info
        if len(self.sample) < SAMPLE:
            self.sample.append(line[:HEADER])
        if "\r" in line and lines.is_of_an_event(line):
            self._not_understood(line)
            self._add_not_parsed(line)
            return None
        if line.startswith(merging.HEAD):
            info.heads += 1
            if info.events:
                info.gaps += 1
                return Gap(info.lines, "", 0, 0.0)
        if merging.is_header(line):
            self._header(line)
            return None
        if lost := lines.lost(line, info.lines):
            info.lost += lost.number or 1
            return lost
        if m := CPUS.match(line):
            info.tool, info.processors, info.has_head = "trace-cmd report", int(m[1]), True
            return None
        return self._of_the_log(line) if line.strip() else None

    def _of_the_log(self, line: str) -> Event | None:
        """The message in a line of the kernel's log; None without one, or if the line is not understood."""
        info = self.info
        if lines.is_of_an_event(line):
            self._not_understood(line)
            self._add_not_parsed(line)
        elif message := self.log.take(line):
            info.not_understood -= self.log.joined
            return LogMessage(info.lines, "", 0, 0.0, message)
        elif not is_log(line):
            self._not_understood(line)
            if lines.is_of_a_piece(line):
                self._add_not_parsed(line)
        return None

    def _not_understood(self, line: str) -> None:
        self.info.not_understood += 1
        if self.strict:
            self.strict(self.info.where(self.info.lines), line[:200])

    def _add_not_parsed(self, line: str) -> None:
        """Count a line of a judged event that was not parsed: nothing is accepted without it."""
        info = self.info
        info.not_parsed += 1
        if info.not_parsed == 1:
            info.first_not_parsed = info.lines, line[:HEADER]

    def _header(self, line: str) -> None:
        info, line = self.info, line[:HEADER]
        info.has_head = True
        if m := re.match(r"#! kernel: .*?(\d+\.\d+[\w.+-]*)", line):
            info.kernel = m[1]
        elif m := re.match(r"#! trace_clock: .*\[([\w-]+)\]|#! trace_clock: ([\w-]+)$", line):
            info.clock = info.given_clock or m[1] or m[2]
        elif m := re.match(r"#! hash-ptr option: (\d)", line):
            info.hash_ptr, info.is_hashed = m[1], m[1] == "1"
        elif m := re.match(r"#! cpu\d+: .*?overrun: (\d+) commit overrun: (\d+) .*?dropped events: (\d+)", line):
            info.overwritten += int(m[1]) + int(m[2]) + int(m[3])
        elif m := re.match(r"#! kprobe_profile .*\s(\d+)\s*$", line):
            info.probe_misses += int(m[1])
        elif m := re.match(r"#\s+entries-in-buffer/entries-written: (\d+)/(\d+)(?: +#P:(\d+))?", line):
            info.overwritten, info.entries = max(info.overwritten, int(m[2]) - int(m[1])), info.entries + int(m[1])
            info.processors = int(m[3] or 0)


NOT_FROM_A_PIPE = "save it as a file, whose lines are put in order where that is certain, or give `trace` as it is"
TOO_LONG = "is too long to be put in the order of time; give `trace` as it is, which the kernel prints in order"
ONCE = "give each recording once, as `trace` prints it: not sorted or reversed, no parts that overlap, no other boot"


def _back(where: str, back: TimeGoesBack) -> str:
    """The message that time goes back."""
    return f"{where}: time goes back from {back.before:.15g} to {back.time:.15g}"


def _not_in_order(where: str, back: TimeGoesBack) -> str:
    return f"{_back(where, back)} on cpu {back.cpu}, so that no order is certain; {ONCE}"
