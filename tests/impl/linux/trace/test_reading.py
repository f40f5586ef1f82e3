# SPDX-License-Identifier: MIT
"""Recordings are read plain or packed, from files in sequence, in little memory; other files are refused."""

from __future__ import annotations

import gzip
import io
import lzma
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from impl.linux.trace.events import Hold, LogMessage, Release
from impl.linux.trace.files import LONGEST, Unreadable, lines_of
from impl.linux.trace.info import RecordingInfo
from impl.linux.trace.reading import Recording
from tests.impl.linux.printed import PAGES, POOLS, Printer


def text(clock: str = "#! trace_clock: local [global]") -> str:
    p = Printer()
    p.lines[0] = clock
    p.hold(POOLS[0], PAGES[0], 1)
    p.release(POOLS[0], PAGES[0], 1)
    return "\n".join(p.lines) + "\n"


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda b: b,
    "gz": gzip.compress,
    "xz": lzma.compress,
    "zst": lambda b: zstandard.ZstdCompressor().compress(b),
    "zst, two frames": lambda b: (
        zstandard.ZstdCompressor().compress(b"# head\n") + zstandard.ZstdCompressor().compress(b)
    ),
}


@pytest.mark.parametrize("how", PACKED)
def test_however_it_is_packed_it_is_read(how: str, tmp_path: Path) -> None:
    """By its first bytes, whatever the name of the file."""
    (tmp_path / "trace").write_bytes(PACKED[how](text().encode()))
    assert [type(e) for e in Recording([str(tmp_path / "trace")])] == [Hold, Release]


@pytest.mark.parametrize("how", [how for how in PACKED if how != "plain"])
def test_a_packed_file_that_is_cut_off_is_refused(how: str, tmp_path: Path) -> None:
    """Half a file is refused; the message names it."""
    p = Printer()
    for n in range(800):
        p.hold(POOLS[0], PAGES[0] + n, n + 1)
    packed = PACKED[how]("\n".join(p.lines).encode())
    (tmp_path / "trace").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(Unreadable, match=r"trace: cannot be unpacked to its end"):
        list(Recording([str(tmp_path / "trace")]))


REFUSED = {
    "empty": (b"", "is empty"),
    "binary": (b"\x7fELF\0\0\0", "is binary"),
    "trace.dat": (b"\x17\x08\x44tracing\0", "trace-cmd report"),
    "perf.data": (b"PERFILE2\0", "perf script"),
    "foreign": (b"hello\nworld\n", "no line of it is a trace event"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_that_is_not_a_recording_is_refused_in_one_line(what: str, tmp_path: Path) -> None:
    """With the reason, and what to do instead."""
    content, message = REFUSED[what]
    (tmp_path / "trace").write_bytes(content)
    with pytest.raises(Unreadable, match=message) as caught:
        list(Recording([str(tmp_path / "trace")]))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="no such file"):
        list(Recording([str(tmp_path / "nowhere")]))


def test_files_are_one_sequence_and_lines_are_numbered_by_file(tmp_path: Path) -> None:
    """The second file goes on where the first ended."""
    for name in "ab":
        (tmp_path / name).write_text(text().replace(" 0.00", f" {name == 'b':d}.00"))
    recording = Recording([str(tmp_path / "a"), str(tmp_path / "b")])
    lines = [e.line for e in recording]
    assert lines == [2, 3, 5, 6]
    assert recording.info.where(5) == f"{tmp_path / 'b'}:2"


HEADS = {
    "#! kernel: Linux (none) 6.1.0-56-amd64 #1 SMP x86_64": ("kernel", "6.1.0-56-amd64"),
    "#! trace_clock: local global [counter] uptime": ("clock", "counter"),
    "#! hash-ptr option: 1": ("is_hashed", True),
    "#! cpu0: entries: 36 overrun: 7 commit overrun: 0 dropped events: 1": ("overwritten", 8),
    "# entries-in-buffer/entries-written: 260/300   #P:2": ("overwritten", 40),
    "#! kprobe_profile (event hits misses):   put     77     5": ("probe_misses", 5),
    "CPU:1 [LOST 12 EVENTS]": ("lost", 12),
}


@pytest.mark.parametrize("line", HEADS)
def test_the_head_of_a_recording_is_in_its_info(line: str) -> None:
    """Kernel, clock, pointers, losses."""
    name, value = HEADS[line]
    assert getattr(read(line).info, name) == value


def read(*lines: str) -> Recording:
    recording = Recording([])
    recording.info.names.append((1, "text"))
    list(recording.events(lines))
    return recording


CLOCKS = {"11.607136": ("unknown", False), "4711": ("counter", True)}


@pytest.mark.parametrize("at", CLOCKS)
def test_the_kind_of_clock_is_derived_from_the_times(at: str) -> None:
    """Whole numbers count events; seconds may be of any clock, so that CPUs cannot be put in order."""
    line = f" a-1 [000] b...1 {at}: page_pool_state_hold: page_pool=ff11000000000000 page=f pfn=0x1 hold=1"
    info = read(line).info
    assert (info.clock, info.is_ordered) == CLOCKS[at]
    assert (info.format, info.is_hashed, info.events[Hold]) == ("page", False, 1)


def test_lines_of_the_kernels_log_do_not_count_as_not_understood() -> None:
    """Those about pages are events; others are passed over."""
    stall = "[   79.529736] page_pool_release_retry() stalled pool shutdown: id 6, 80 inflight 60 sec"
    info = read(stall, "[   79.6] eth0: link up", "what is this").info
    assert (info.events[LogMessage], info.not_understood) == (1, 1)


TOOLS = {
    "cpus=2": "trace-cmd report",
    "a 1 [000] 1.0: page_pool:page_pool_state_hold: page_pool=0xff page=0xf pfn=0x1 hold=1": "perf script",
    " a-1 [000] b...1 1.0: page_pool_state_hold: page_pool=ff page=f pfn=0x1 hold=1": "ftrace",
}


@pytest.mark.parametrize("line", TOOLS)
def test_the_tool_is_derived_from_the_text(line: str) -> None:
    """By the head of trace-cmd, and by the prefix of perf."""
    info = read(line).info
    assert (info.tool, info.not_understood) == (TOOLS[line], 0)


def test_strict_passes_on_what_was_not_understood() -> None:
    passed: list[tuple[str, str]] = []
    recording = Recording([], lambda where, line: passed.append((where, line)))
    recording.info.names.append((1, "text"))
    list(recording.events(["# fine", "what is this"]))
    assert passed == [("line 2", "what is this")]


def test_a_line_without_an_end_is_cut() -> None:
    """A file of one endless line takes no more memory than a long line."""

    class Endless(io.BytesIO):
        left = 200

        def read1(self, size: int | None = -1) -> bytes:
            self.left -= 1
            return b"x" * (1 << 18) if self.left else b""

    tracemalloc.start()
    longest = max(len(line) for line in lines_of(Endless(), "endless"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert longest <= LONGEST + (1 << 18)
    assert peak < 8 << 20


def test_a_recording_is_whole_unless_a_loss_is_reported() -> None:
    assert RecordingInfo().is_whole
    assert not RecordingInfo(lost=1).is_whole


def test_a_given_clock_overrides_the_head() -> None:
    """The clock of --clock is used, not that of the head."""
    recording = Recording([])
    recording.info.given_clock = "global"
    recording.info.names.append((1, "text"))
    list(recording.events(text("#! trace_clock: [local] global").split("\n")))
    assert recording.info.clock == "global"
