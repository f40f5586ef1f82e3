"""Recordings as a stream of events: text, plain or packed, from files of one boot in sequence or from standard input.

What the text says of itself is kept beside the events: kernel, clock, whether pointers are hashed, what was lost.
Memory does not grow with the length; a line that is not understood is counted, and told to whoever wants to know.
"""

from __future__ import annotations

import gzip
import lzma
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

import zstandard

from . import dmesg, lines
from .events import GAP, HOLD, MESSAGE, OTHER, RELEASE, Event

STDIN = "-"
COUNTER, UNKNOWN = "counter", "unknown"
ORDERED = ("global", COUNTER, "mono", "mono_raw", "boot", "tai", "x86-tsc")
UNORDERED = ("local", "perf", "uptime")
"""Clocks under which events of different CPUs cannot be put in order."""
CHUNK = 1 << 18
SECONDS = re.compile(r" \d+\.\d+: ")
LONGEST = 1 << 16
"""Bytes of the longest line that is read as one."""
CPUS = re.compile(r"cpus=\d+$", re.ASCII)
"""How the text of `trace-cmd report` begins."""
HEAD = "# tracer:"
"""How each recording begins: in the middle of a text, that nobody recorded for a while."""
HEADER = 1000
"""Of a line about the recording itself as much is read."""


class Unreadable(Exception):
    """A file that is no recording; the message says which, why, and the way out."""


@dataclass
class Heard:
    """What a recording says of itself."""

    names: list[tuple[int, str]] = field(default_factory=list)
    lines: int = 0
    bytes: int = 0
    events: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    not_understood: int = 0
    kernel: str = ""
    generation: str = ""
    clock: str = ""
    told_clock: str = ""
    is_hashed: bool = False
    tool: str = "ftrace"
    overwritten: int = 0
    gaps: int = 0
    lost: int = 0
    probe_misses: int = 0

    def where(self, line: int) -> str:
        """A line as people look for it: in which file, if there are several."""
        first, name = next((first, name) for first, name in reversed(self.names) if first <= line)
        return f"{name}:{line - first + 1}" if len(self.names) > 1 else f"line {line - first + 1}"

    @property
    def is_ordered(self) -> bool:
        """Is the order of lines that of the events, on different CPUs too? Under the clock `local` it is not."""
        return self.clock in ORDERED

    @property
    def counts_events(self) -> bool:
        """Does the clock count events instead of seconds?"""
        return self.clock in (COUNTER, "x86-tsc")

    @property
    def is_whole(self) -> bool:
        """Did nobody say that events were lost?"""
        return not (self.lost or self.overwritten or self.gaps)


class Recording:
    """The events of some files; `heard` grows while they are read."""

    def __init__(self, paths: Iterable[str], strict: Callable[[str, str], None] | None = None) -> None:
        self.paths, self.heard, self.strict = list(paths), Heard(), strict
        self.read_from: list[IO[bytes]] = []

    def __iter__(self) -> Iterator[Event]:
        for path in self.paths:
            self.heard.names.append((self.heard.lines + 1, "standard input" if path == STDIN else path))
            before = self._understood()
            with _opened(path) as (raw, text):
                self.read_from.append(raw)
                yield from self.events(_lines(text, path))
            if self._understood() == before:
                raise Unreadable(f"{path}: no line of it is a trace event; `poolproof record` says how to record one")

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

    def events(self, text: Iterable[str]) -> Iterator[Event]:
        """The events of some lines."""
        heard, counts, read = self.heard, self.heard.events, lines.event
        for number, line in enumerate(text, heard.lines + 1):
            heard.lines = number
            event = read(line, number) or self._aside(line)
            if event is None:
                continue
            kind = event.kind
            counts[kind] += 1
            if kind == OTHER:
                heard.others[event.more[0]] += 1
                continue
            if not heard.generation and kind in (HOLD, RELEASE):
                self._learn(line, event)
            yield event

    def _learn(self, line: str, event: Event) -> None:
        """What the first page tells: which kernels and which tool print so, hashed pointers or not, which clock."""
        heard = self.heard
        heard.tool = "perf script" if lines.PERF.match(line) else heard.tool
        heard.generation = "netmem" if "netmem=" in line else "page" if "pfn=" in line else "page without pfn"
        heard.is_hashed = heard.is_hashed or event.pool < 1 << 32
        heard.clock = heard.clock or (UNKNOWN if SECONDS.search(line) else COUNTER)

    def _aside(self, line: str) -> Event | None:
        """A line that is no event: about the recording, of the kernel's log, or not understood."""
        if line.startswith(HEAD) and self.heard.events:
            self.heard.gaps += 1
            return Event(GAP, self.heard.lines, "", 0, 0.0)
        if line.startswith("#") and not line.startswith("####"):
            self._header(line)
            return None
        if gone := lines.lost(line, self.heard.lines):
            self.heard.lost += gone.number or 1
            return gone
        if said := dmesg.message(line):
            return Event(MESSAGE, self.heard.lines, "", 0, 0.0, more=(said,))
        if CPUS.match(line):
            self.heard.tool = "trace-cmd report"
        elif line.strip() and not dmesg.is_log(line):
            self.heard.not_understood += 1
            if self.strict:
                self.strict(self.heard.where(self.heard.lines), line[:200])
        return None

    def _header(self, line: str) -> None:
        heard, line = self.heard, line[:HEADER]
        if m := re.match(r"#! kernel: .*?(\d+\.\d+[\w.+-]*)", line):
            heard.kernel = m[1]
        elif m := re.match(r"#! trace_clock: .*\[([\w-]+)\]|#! trace_clock: ([\w-]+)$", line):
            heard.clock = heard.told_clock or m[1] or m[2]
        elif m := re.match(r"#! hash-ptr option: (\d)", line):
            heard.is_hashed = m[1] == "1"
        elif m := re.match(r"#! cpu\d+: .*?overrun: (\d+) commit overrun: (\d+) .*?dropped events: (\d+)", line):
            heard.overwritten += int(m[1]) + int(m[2]) + int(m[3])
        elif m := re.match(r"#! kprobe_profile .*\s(\d+)\s*$", line):
            heard.probe_misses += int(m[1])
        elif m := re.match(r"#\s+entries-in-buffer/entries-written: (\d+)/(\d+)", line):
            heard.overwritten = max(heard.overwritten, int(m[2]) - int(m[1]))


class _opened:
    """A file, unpacked whatever it is packed with, beside the one that is really read."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __enter__(self) -> tuple[IO[bytes], IO[bytes]]:
        try:
            raw = sys.stdin.buffer if self.path == STDIN else Path(self.path).open("rb")
        except OSError as error:
            raise Unreadable(f"{self.path}: {(error.strerror or '').lower()}; give the file of a trace") from None
        self.raw = raw
        return raw, _unpacked(raw)

    def __exit__(self, *_: object) -> None:
        if self.path != STDIN:
            self.raw.close()


def _unpacked(raw: Any) -> IO[bytes]:
    """By its first bytes, not by its name."""
    begins = raw.peek(6)[:6]
    if begins.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.GzipFile(fileobj=raw))
    if begins.startswith(b"\xfd7zXZ\x00"):
        return cast(IO[bytes], lzma.LZMAFile(raw))
    if begins.startswith(b"\x28\xb5\x2f\xfd"):
        return cast(IO[bytes], _Zstd(raw))
    return cast(IO[bytes], raw)


class _Zstd:
    """A file packed with zstd; unlike the reader of the library it says so if the file ends too early."""

    def __init__(self, raw: Any) -> None:
        self.raw, self.text = raw, zstandard.ZstdDecompressor().decompressobj()

    def read1(self, size: int) -> bytes:
        """Some of the text; no more at once than a few bytes can stand for."""
        while packed := self._more():
            if text := self.text.decompress(packed):
                return text
        if not self.text.eof:
            raise EOFError("it ends in the middle")
        return b""

    def _more(self) -> bytes:
        """The next few bytes; those behind a frame begin another one."""
        behind: bytes = self.text.unused_data if self.text.eof else b""
        packed = behind or self.raw.read(1024)
        if self.text.eof and packed:
            self.text = zstandard.ZstdDecompressor().decompressobj()
        return bytes(packed)


BINARIES = {b"\x17\x08\x44tra": "trace-cmd report", b"PERFIL": "perf script"}
"""Binary recordings, and what prints them as text."""


def _lines(file: Any, path: str) -> Iterator[str]:
    """The lines of a file; of one that is not text, or ends before it should, one clear word."""
    rest, is_first = "", True
    while chunk := _chunk(file, path):
        if is_first:
            _must_be_text(chunk, path)
            is_first = False
        *whole, rest = (rest + chunk.decode("utf-8", "replace")).split("\n")
        yield from whole
        if len(rest) > LONGEST:
            yield rest
            rest = ""
    if is_first:
        raise Unreadable(f"{path}: is empty; `poolproof record` says how to record a trace")
    if rest:
        yield rest


def _chunk(file: Any, path: str) -> bytes:
    try:
        return bytes(file.read1(CHUNK))
    except (EOFError, lzma.LZMAError, zstandard.ZstdError, gzip.BadGzipFile, OSError) as error:
        said = str(error).rstrip(".")
        raise Unreadable(f"{path}: cannot be unpacked to its end ({said}); copy it again") from None
    except Exception as error:
        raise Unreadable(f"{path}: cannot be unpacked ({type(error).__name__}: {error}); copy it again") from None


def _must_be_text(chunk: bytes, path: str) -> None:
    for begins, tool in BINARIES.items():
        if chunk.startswith(begins):
            raise Unreadable(f"{path}: is a binary recording; print it with `{tool}` and give that text")
    if b"\0" in chunk[:4096]:
        raise Unreadable(f"{path}: is binary; give the text that ftrace, `trace-cmd report` or `perf script` prints")
