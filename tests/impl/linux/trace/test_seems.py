# SPDX-License-Identifier: MIT
"""A file that is not a trace is refused with what it seems to be; a line of an event that is not parsed is as well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from impl.linux.trace import seems
from impl.linux.trace.events import Hold, Release
from impl.linux.trace.files import Unreadable
from impl.linux.trace.lines import is_of_a_piece, is_of_an_event
from poolproof import recordings
from poolproof.recordings import Options
from tests.impl.linux.printed import A, B, P, Printer

FOREIGN = {
    "a kernel's log": ("[    1.0] eth0: link up\n[    2.0] usb 1-1: new device\n", "a log of the kernel"),
    "netlink, as Python": ("[{'id': 61, 'inflight': 15, 'napi-id': 8211}]\n", "a netlink dump of page pools"),
    "netlink, as JSON": ('[{"id": 61, "inflight": 15, "napi-id": 8211}]\n', "a netlink dump of page pools"),
    "ethtool": ("NIC statistics:\n     rx_pp_alloc_fast: 9020593\n", "the statistics of `ethtool -S`"),
    "bpftrace": ("Attaching 7 probes...\n", "the output of bpftrace"),
    "Python": ("from os import path\n\n\ndef hold(pool):\n    pass\n", "source text"),
    "C": ("#include <linux/types.h>\nint page_pool;\n", "source text"),
    "JSON": ('{\n "a": 1\n}\n', "JSON or the like"),
    "drgn": ("Leaked page: 0xffffea000071c340\n", "drgn's list of leaked pages"),
    "a run": ('{\n "#meta": {"format": "ITF"}\n}\n', "a run saved by"),
    "prose": ("page_pool is a fine thing\n", "no line of it is a trace event"),
    "sched": (" a-1 [000] b...1 1.0: sched_switch: prev=1\n", "a trace, and no event of it is about page pools"),
}


def refused(path: Path, text: str) -> str:
    """The one line with which a text is refused."""
    path.write_bytes(text.encode())
    with pytest.raises(Unreadable) as caught:
        recordings.judged([str(path)], Options())
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("what", FOREIGN)
def test_a_file_without_pools_is_refused_with_what_it_seems_to_be(what: str, tmp_path: Path) -> None:
    """With the way out; it is never accepted."""
    text, caught = FOREIGN[what]
    assert caught in refused(tmp_path / "t", text)


def test_our_own_sources_are_no_traces(tmp_path: Path) -> None:
    """They speak of the same events, and are source text all the same."""
    for path in sorted(Path(recordings.__file__).parent.parent.rglob("impl/linux/*.py")):
        is_code = "import" in path.read_text()
        assert not is_code or "it seems to be source text" in refused(tmp_path / "t", path.read_text())


Damage = Callable[[str], str]
LINE = Printer().hold(P, A, 1).lines[1]

DAMAGED: dict[str, tuple[Damage, str]] = {
    "a field more": (lambda s: s.replace("pfn=", "nid=0 pfn="), "fields that are not known"),
    "a field less": (lambda s: s.replace(" hold=1", ""), "fields that are not known"),
    "a pointer that is none": (lambda s: s.replace(f"{P:x}", "(____ptrval____)"), "no randomness yet"),
    "colour": (lambda s: s.replace("page_pool", "\x1b[01;31m\x1b[Kpage_pool\x1b[m\x1b[K"), "grep --color=never"),
    "colour in the name": (lambda s: s.replace("page_pool_", "\x1b[31mpage_\x1b[0mpool_"), "grep --color=never"),
    "cut at 90 columns": (lambda s: s[:90], "cut or wrapped"),
    "cut in its name": (lambda s: s[: s.index("state") + 3], "cut or wrapped"),
    "wrapped by words": (lambda s: s.replace(" pfn=", "\npfn="), "cut or wrapped"),
    "wrapped at 60 columns": (lambda s: f"{s[:60]}\n{s[60:]}", "cut or wrapped"),
    "two lines in one": (lambda s: f"{s}   {s}", "cut or wrapped"),
    "CR alone": (lambda s: f"{s}\r{s}", "tr '\\r' '\\n'"),
    "raw fields": (lambda s: s.replace("hold=1", "hold=0x1 (1)").replace(f"{P:x}", f"0x{P:x} (-12)"), "options/fields"),
    "latency format": (lambda s: "  xdpt-4  0b...1 731us+" + s[s.index(": page") :], "options/latency-format"),
    "report -l": (lambda s: "  xdpt-4   0....1  53.858800" + s[s.index(": page") :], "without -l"),
    "tabs": (lambda s: s.replace(" netmem", "\tnetmem"), "cut or wrapped"),
    "a page that is no number": (lambda s: s.replace("pfn=0x", "pfn=0xz"), "cut or wrapped"),
}


@pytest.mark.parametrize("how", DAMAGED)
def test_a_line_that_was_not_understood_is_shown_and_nothing_is_accepted(how: str, tmp_path: Path) -> None:
    """One line among good ones: which it is, how it reads, why, and the way out."""
    damage, why = DAMAGED[how]
    good = Printer().hold(P, B, 2).release(P, B, 1).lines
    caught = refused(tmp_path / "t", "\n".join([good[0], damage(LINE), *good[2:]]))
    assert "not understood; the first is line 2: " in caught
    assert why in caught
    assert caught.isprintable()


@pytest.mark.parametrize(
    "line",
    [
        "dma_unmap_page: eth0 dir=BIDIRECTIONAL dma_addr=10 size=",
        "page_pool_release: page_pool=ff inflight=",
        "mm_page_free: page=",
        "mem_disconnect: mem_id=",
    ],
)
def test_every_event_that_is_judged_counts(line: str, tmp_path: Path) -> None:
    """A lost unmap may be what explains the map after it."""
    good = Printer().hold(P, A, 1).lines
    assert "was not understood" in refused(tmp_path / "t", "\n".join([*good, f" a-1 [000] b...1 9.000000: {line}"]))


def test_a_loss_can_be_put_in_the_place_of_a_line_that_cannot_be_repaired(tmp_path: Path) -> None:
    """The way out that the message names: accepted, as far as it was seen."""
    p = Printer().hold(P, A, 1)
    (tmp_path / "t").write_text("\n".join([*p.lines, "CPU:0 [LOST 1 EVENTS]", *p.release(P, B, 9).lines[2:]]))
    assert "CPU:0 [LOST 1 EVENTS]" in seems.why("a line that nobody knows")
    done = recordings.judged([str(tmp_path / "t")], Options())
    assert (done.judge.findings.total, done.info.is_whole) == (0, False)


def test_line_ends_of_other_systems_are_read(tmp_path: Path) -> None:
    """CR and LF at each end: heads and events are the same."""
    text = "\r\n".join([*Printer().hold(P, A, 1).release(P, A, 1).lines, ""])
    (tmp_path / "t").write_bytes(text.encode())
    info = recordings.judged([str(tmp_path / "t")], Options()).info
    assert (info.clock, info.events[Hold], info.events[Release], info.not_understood) == ("global", 1, 1, 0)


@pytest.mark.parametrize(
    "line",
    [
        "ffffffff81abaf10 __page_pool_alloc_pages_slow+0x1e0 ([kernel.kallsyms])",
        "page_pool_release_retry() stalled pool shutdown: id 412, 3 inflight",
        "what is this",
        "#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION",
    ],
)
def test_other_lines_are_no_lines_of_events(line: str) -> None:
    """Frames of a call chain, messages, remarks: not understood they may be, and deny no claim."""
    assert not is_of_an_event(line)
    assert not is_of_a_piece(line)
