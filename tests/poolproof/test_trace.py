# SPDX-License-Identifier: MIT
"""`poolproof trace` as kernel engineers type it: accepted or not, where not, and who holds which pages."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from impl.linux.trace.reading import Recording
from poolproof import output, recordings
from tests.impl.linux.printed import PAGES, POOLS, Printer
from tools.docs.trace_faults_table import TRACES

from .conftest import Ask

RECORDINGS = sorted(TRACES.glob("*/*.trace.txt.gz"))
SHARED = Path(__file__).parents[3] / "shared" / "traces"
BIG = SHARED / "6.12.117" / "big_mt.trace.txt.gz"


def recording(name: str) -> Path:
    return TRACES / f"{name}.trace.txt.gz"


def log(name: str) -> Path:
    return TRACES / f"{name}.dmesg.txt"


def test_all_recordings_are_here() -> None:
    """Those that a fresh clone tests on."""
    assert len(RECORDINGS) == 18


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda p: f"{p.parent.name}/{p.name.split('.')[0]}")
def test_a_recording_of_a_stock_kernel_is_accepted(ask: Ask, path: Path) -> None:
    """No false alarm: neither alone nor with the kernel's log, and every line is understood."""
    said = ask("trace", path, "--dmesg", path.with_name(path.name.replace(".trace.txt.gz", ".dmesg.txt")))
    assert said.code == 0, said.out
    assert "Accepted" in said.out
    assert "not understood" not in said.out


@pytest.mark.skipif(not BIG.is_file(), reason="the large recording is beside the checkout only: ../shared/traces")
def test_the_large_recording_has_120_pools(ask: Ask, desk: Path) -> None:
    """215,911 events of two CPUs; pool addresses are used again and again."""
    said = ask("trace", BIG, "--holders", "--json", "out.json")
    found = json.loads((desk / "out.json").read_text())
    assert said.code == 0
    assert len(found["pools"]) == 120
    assert sum(pool["pages"] for pool in found["pools"]) == 107_776
    assert all(pool["out"] == 0 and pool["freed"] for pool in found["pools"])


STALLS = {
    "6.12.117/hold_stalled": (139, "kworker"),
    "6.1.192/tun_stalled": (128, "xdpt"),
}


@pytest.mark.parametrize("name", STALLS)
def test_a_stall_inside_the_trace_is_found(ask: Ask, name: str, desk: Path) -> None:
    """80 pages, at the last retry before the pool drained: since when, who took them, where, who brought them."""
    retries, by = STALLS[name]
    said = ask("trace", recording(name), "--dmesg", log(name), "--json", "out.json")
    assert said.code == 0
    assert "80 pages out" in said.flat
    assert f"slow holder: all returned after {retries} retries, one a second; released by" in said.flat
    assert "80 taken by xdpt-" in said.flat
    assert "may be STACK (held by the CPU" in said.flat
    assert "waits for: release" in said.flat
    assert "80 inflight 120 sec" in said.flat
    (stall,) = json.loads((desk / "out.json").read_text())["holders"]
    assert (stall["pages"], stall["verdict"]) == (80, "slow holder")
    assert by in stall["reason"]


def test_every_wait_is_told_when_asked_for(ask: Ask) -> None:
    """Eight retries are no stall; --holders prints them."""
    quiet, asked = ask("trace", recording("6.12.117/hold_inflight")), None
    assert "pages out;" not in quiet.out
    asked = ask("trace", recording("6.12.117/hold_inflight"), "--holders")
    assert "slow holder: all returned after 8 retries" in asked.flat


def test_destroy_unmaps_what_is_out_on_6_12(ask: Ask, desk: Path) -> None:
    """ee62ce7a1d90: before the first page_pool_release all pages still held are unmapped, and not again one by one."""
    for name in ("vmxnet3_small", "vmxnet3_small_swiotlb", "kp_vmxnet3_small"):
        said = ask("trace", recording(f"6.12.117/{name}"), "--json", f"{name}.json")
        pools = [p for p in json.loads((desk / f"{name}.json").read_text())["pools"] if p["pages"]]
        assert [pool["unmapped_early"] for pool in pools] == EARLY[name]
        assert "unmapped while they were still held" in said.flat


EARLY = {"vmxnet3_small": [12, 0], "vmxnet3_small_swiotlb": [11, 0], "kp_vmxnet3_small": [12, 0]}
"""Pages in the pool ring of the first pool: received and recycled. Those in the cache were drained before the walk."""


def test_on_6_1_a_page_leaves_its_pool_when_the_stack_gets_it(ask: Ask, desk: Path) -> None:
    """XDP_PASS of a live frame: 6.1 releases the page as the skb is built; on 6.12 it is out at destroy."""
    out = {}
    for kernel in ("6.1.192", "6.12.117"):
        ask("trace", recording(f"{kernel}/mm_hold"), "--json", f"{kernel}.json")
        (pool,) = json.loads((desk / f"{kernel}.json").read_text())["pools"]
        out[kernel] = (pool["out_at_destroy"], pool["retries"])
    assert out == {"6.1.192": (0, 0), "6.12.117": (40, 2)}


def text(p: Printer, path: Path) -> Path:
    path.write_text("\n".join(p.lines) + "\n")
    return path


P, A, B = POOLS[0], PAGES[0], PAGES[1]


def test_a_violation_is_told_with_all_there_is_to_know(ask: Ask, desk: Path) -> None:
    """Line, event, page, pool, invariant, what was possible, who said no, what came before; the exit code is 12."""
    wrong = Printer().hold(P, A, 1).release(P, A, 1).release(P, A, 2)
    said = ask("trace", text(wrong, desk / "t"), "--json", "out.json", "--junit", "out.xml")
    assert said.code == 12
    assert f"line 4: release pool={P:x} page=0x{A:x} number=2 by xdpt-7 on cpu 1" in said.out
    assert "This breaks the invariant: inflight is hold minus release" in said.out
    assert "return_idle is refused: require(s.home[page] == pool)" in said.out
    assert "Not accepted: 1 violation of 1 invariant." in said.out
    found = json.loads((desk / "out.json").read_text())
    (finding,) = found["findings"]
    assert (finding["line"], finding["invariant"]) == (4, "inflight_is_hold_minus_release")
    broken = [v for v in found["verdicts"] if v["verdict"] == "violated"]
    assert [(v["property"], v["label"]) for v in broken] == [("inflight_is_hold_minus_release", "observed(trace)")]
    assert 'failures="1"' in (desk / "out.xml").read_text()


def test_each_invariant_has_its_verdict(ask: Ask, desk: Path) -> None:
    """Not violated in a number of events, or not observable; never a pass without an event."""
    ask("trace", recording("6.12.117/drop_small"), "--json", "out.json")
    verdicts = json.loads((desk / "out.json").read_text())["verdicts"]
    said = {v["property"]: (v["verdict"], v["note"]) for v in verdicts}
    assert said["inflight_is_hold_minus_release"] == ("not violated", "in 129 events")
    assert said["every_dma_map_has_exactly_one_unmap"] == ("not observable", "at this level")
    assert {v["verdict"] for v in verdicts} == {"not violated", "not observable"}


def test_dma_events_try_more_invariants(ask: Ask) -> None:
    """128 pages, each mapped and unmapped once."""
    said = ask("trace", recording("6.12.117/vmxnet3_small_swiotlb"))
    assert "every dma map has exactly one unmap not violated in 256 events" in said.flat
    assert "a sync makes no mapping" in said.out


def test_pages_that_are_out_are_told_of_at_any_line(ask: Ask) -> None:
    """--at: in the middle of the stall, and in the middle of the holds."""
    said = ask("trace", recording("6.12.117/hold_stalled"), "--at", "300")
    assert "at line 300: 80 pages out" in said.flat
    assert "cannot tell: none returned since the last retry" in said.flat
    early = ask("trace", recording("6.12.117/hold_stalled"), "--at", "60")
    assert "in use: the pool is not destroyed" in early.flat
    by_time = ask("trace", recording("6.1.192/default_format"), "--at", "12.5s")
    assert "at 12.5: 100 pages out; oldest 0.892864 s" in by_time.flat


def test_pages_of_one_pool_may_be_in_different_places(ask: Ask, desk: Path) -> None:
    """One of two is unmapped by destroy's walk, the other is not yet: the places where either may be are printed."""
    p = Printer().map(A, "eth0", 0x1000).hold(P, A, 1).map(B, "eth0", 0x2000).hold(P, B, 2)
    p.map(A, "eth1", 0x9000).unmap("eth0", 0x1000)
    said = ask("trace", text(p, desk / "t"), "--holders")
    assert said.code == 0
    assert "2 pages out" in said.flat
    for place in ("RX_RING", "STACK", "TX"):
        assert f"may be {place} (" in said.flat


def test_a_leak_is_called_one(ask: Ask, desk: Path) -> None:
    """The kernel freed the pool, and a page was not released long after that."""
    leak = Printer().hold(P, A, 1).hold(P, B, 2).release(P, A, 1).total(P, 0, 2, 2)
    leak.wait()
    said = ask("trace", text(leak, desk / "t"))
    assert said.code == 12
    assert "a freed pool is home to no page" in said.flat
    assert "leak: " in said.flat


def test_a_page_that_the_allocator_has_is_leaked(ask: Ask, desk: Path) -> None:
    """Freed while its pool counts it: the pool will wait for it for ever."""
    leak = Printer().hold(P, A, 1).hold(P, B, 2).say("mm_page_free", f"page={A:x} pfn=0x{A:x} order=0")
    leak.total(P, 2, 2, 0).total(P, 2, 2, 0, cnt=2)
    said = ask("trace", text(leak, desk / "t"))
    assert said.code == 12
    assert "a page has a home exactly while a pool counts it" in said.flat
    assert "leak: 1 of the pages were seen elsewhere" in said.flat


def test_a_pool_that_still_waits_is_told_of(ask: Ask, desk: Path) -> None:
    """At the end of the trace: a slow holder if pages return, undecided if none does."""
    waits = Printer().hold(P, A, 1).hold(P, B, 2).total(P, 2, 2, 0).total(P, 2, 2, 0, cnt=2)
    assert "cannot tell: none returned since the last retry (2 looks)" in ask("trace", text(waits, desk / "t")).flat
    waits.release(P, A, 1)
    said = ask("trace", text(waits, desk / "t"))
    assert said.code == 0
    assert "slow holder: 1 returned since the last retry" in said.flat


def test_the_kernels_own_complaints_count(ask: Ask, desk: Path) -> None:
    """In the stream or in a file: what the kernel itself calls wrong is a violation."""
    fine = Printer().hold(P, A, 1)
    (desk / "dmesg").write_text("[    1.0] Negative(-1) inflight packet-pages\n")
    assert ask("trace", text(fine, desk / "t"), "--dmesg", "dmesg").code == 12
    fine.lines.append("[    1.0] page dumped because: page_pool leak")
    said = ask("trace", text(fine, desk / "t"))
    assert said.code == 12
    assert "the kernel's log: [ 1.0] page dumped because: page_pool leak" in said.flat


def test_several_files_are_one_trace(ask: Ask, desk: Path) -> None:
    """The second goes on where the first ended, and lines are named by file."""
    p = Printer().hold(P, A, 1).release(P, A, 1)
    (desk / "one").write_text("\n".join(p.lines[:2]) + "\n")
    (desk / "two").write_text("\n".join([p.lines[2], p.lines[2]]) + "\n")
    said = ask("trace", "one", "two")
    assert said.code == 12
    assert "two:2: release" in said.out


def test_standard_input_is_read(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a pipe brings, packed or not."""
    stdin = SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(recording("6.12.117/drop_small").read_bytes())))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert ask("trace", "-").code == 0


def test_caveats_stand_at_the_top(ask: Ask, desk: Path) -> None:
    """Losses, a late start, a clock that orders nothing, kprobes: they come before the claims."""
    p = Printer().hold(P, A, 8).release(P, B, 6)
    p.lines[0] = "#   entries-in-buffer/entries-written: 10/25   #P:2"
    p.lines += ["CPU:1 [LOST 3 EVENTS]", "what is this"]
    said = ask("trace", text(p, desk / "t"), "--strict")
    top = said.flat[: said.flat.index("The invariants in this trace")]
    assert said.code == 0
    assert "t:5: not understood: what is this" in top or "line 5: not understood: what is this" in top
    assert "15 events were overwritten" in top
    assert "Events were lost while recording" in top
    assert "Accepted, as far as it was seen" in said.flat
    assert "Clock unknown: it does not order events across CPUs" in top
    assert (
        "1 pool is older than the trace, with 2 pages in before it; 1 releases are unexplained: history missing" in top
    )
    assert "1 lines were not understood" in top
    assert "other events are counted and not judged: alloc" in ask("trace", recording("6.12.117/kp_mix_small")).flat


WRONG = {
    ("trace", "nowhere"): (65, "nowhere: no such file or directory; give the file of a trace"),
    ("trace", "empty"): (65, "empty: is empty; `poolproof record` prints a script that records one"),
    ("trace", "-", "-"): (2, "-: standard input can be read once; give it once"),
    ("trace", "good", "--clock", "quartz"): (2, "unknown clock 'quartz' (choose global, counter, mono"),
    ("trace", "good", "--at", "soon"): (2, "--at soon: neither a line nor a time"),
    ("trace", "good", "--at", "99"): (2, "--at: at line 99 comes after the end, or before the first event"),
    ("trace", "good", "--dmesg", "nowhere"): (65, "nowhere: no such file or directory; give the output of dmesg"),
    ("trace", "good", "--json", "good"): (2, "good: exists and holds no verdicts"),
}


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_bad_input_is_one_clear_line(ask: Ask, desk: Path, words: tuple[str, ...]) -> None:
    """The value, the rule and the way out; nothing is overwritten."""
    text(Printer().hold(P, A, 1), desk / "good")
    before = (desk / "good").read_text()
    (desk / "empty").touch()
    code, line = WRONG[words]
    said = ask(*words)
    assert (said.code, said.err.count("\n")) == (code, 1)
    assert line in said.err
    assert (desk / "good").read_text() == before


def test_an_interrupt_prints_the_report_so_far(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C after a hundred events: what was read is judged, and the exit code is that of a part."""
    take = Recording.events

    def interrupted(self: Recording, lines: object) -> object:
        for n, event in enumerate(take(self, lines)):  # type: ignore[arg-type]
            if n == 100:
                raise KeyboardInterrupt
            yield event

    monkeypatch.setattr(Recording, "events", interrupted)
    said = ask("trace", recording("6.12.117/hold_stalled"))
    assert said.code == 3
    assert "Interrupted after" in said.out
    assert "Accepted so far" in said.flat


def test_what_to_type_on_the_target_is_printed(ask: Ask) -> None:
    """A shell script, for either level; nothing is run, and no level is made up."""
    stock, dma = ask("record"), ask("record", "--level", "dma", "--events", 1000)
    assert stock.out.startswith("#!/bin/sh\n# Records stock events")
    assert "dma/dma_map_page" not in stock.out
    assert "dma/dma_map_page" in dma.out
    assert 'EVENTS="${EVENTS:-1000}"' in dma.out
    said = ask("record", "--level", "all")
    assert (said.code, said.err) == (2, "poolproof: unknown level 'all' (choose stock or dma)\n")


LEAK = "raw: 000fffffc0000000 dead000000000040 ff110000070d6800 0000000000000000"


def test_raw_words_are_explained(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Typed, piped, or as JSON; what has no words is refused in one line."""
    said = ask("decode", LEAK)
    assert said.code == 0
    assert said.out.startswith("This is a page of a page_pool: pp_magic is dead000000000040.\n")
    assert "ff110000070d6800" in said.out
    monkeypatch.setattr(sys, "stdin", io.StringIO(LEAK))
    assert ask("decode", "-").out == said.out
    assert json.loads(ask("decode", LEAK, "--json").out)["pool"] == "0xff110000070d6800"
    wrong = ask("decode", "nothing here")
    assert (wrong.code, wrong.err.count("\n")) == (65, 1)
    assert "has no word of 16 hexadecimal digits" in wrong.err


def test_progress_is_told_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events, events a second, and the bytes that are left of the file."""
    told: list[str] = []

    class Told:
        def __enter__(self) -> object:
            return told.append

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(recordings, "EVERY", 50)
    monkeypatch.setattr(output, "status", lambda name: Told())
    monkeypatch.setattr(output, "console", output.Output(force_terminal=True, file=io.StringIO()))
    recordings.judged([str(recording("6.12.117/drop_small"))], recordings.Options())
    assert len(told) == 2
    assert re.fullmatch(r"100 events, [\d,]+ a second, 0 bytes left", told[1])
