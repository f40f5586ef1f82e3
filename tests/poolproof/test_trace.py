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
from tests.impl.linux.printed import PAGES, A, B, P, Printer, Q
from tools.docs.trace_faults_table import TRACES

from .conftest import Command

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
def test_a_recording_of_a_stock_kernel_is_accepted(run_cli: Command, path: Path) -> None:
    """No false alarm: neither alone nor with the kernel's log, and every line is understood."""
    shown = run_cli("trace", path, "--dmesg", path.with_name(path.name.replace(".trace.txt.gz", ".dmesg.txt")))
    assert shown.code == 0, shown.out
    assert "Accepted" in shown.out
    assert "not understood" not in shown.out


@pytest.mark.skipif(not BIG.is_file(), reason="the large recording is beside the checkout only: ../shared/traces")
def test_the_large_recording_has_120_pools(run_cli: Command, desk: Path) -> None:
    """215,911 events of two CPUs; pool addresses are used again and again."""
    shown = run_cli("trace", BIG, "--holders", "--json", "out.json")
    found = json.loads((desk / "out.json").read_text())
    assert shown.code == 0
    assert len(found["pools"]) == 120
    assert sum(pool["pages"] for pool in found["pools"]) == 107_776
    assert all(pool["out"] == 0 and pool["freed"] for pool in found["pools"])


STALLS = {
    "6.12.117/hold_stalled": (139, "kworker"),
    "6.1.192/tun_stalled": (128, "xdpt"),
}


@pytest.mark.parametrize("name", STALLS)
def test_a_stall_inside_the_trace_is_found(run_cli: Command, name: str, desk: Path) -> None:
    """80 pages, at the last retry before the pool drained: since when, who took them, where, who brought them."""
    retries, by = STALLS[name]
    shown = run_cli("trace", recording(name), "--dmesg", log(name), "--json", "out.json")
    assert shown.code == 0
    assert "80 pages out" in shown.flat
    assert f"slow holder: all returned after {retries} retries, one a second; released by" in shown.flat
    assert "80 taken by xdpt-" in shown.flat
    assert "may be STACK (held by the CPU" in shown.flat
    assert "waits for: release" in shown.flat
    assert "80 inflight 120 sec" in shown.flat
    (stall,) = json.loads((desk / "out.json").read_text())["holders"]
    assert (stall["pages"], stall["verdict"]) == (80, "slow holder")
    assert by in stall["reason"]


def test_every_wait_is_printed_with_holders(run_cli: Command) -> None:
    """Eight retries are no stall; --holders prints them."""
    quiet, listed = run_cli("trace", recording("6.12.117/hold_inflight")), None
    assert "pages out;" not in quiet.out
    listed = run_cli("trace", recording("6.12.117/hold_inflight"), "--holders")
    assert "slow holder: all returned after 8 retries" in listed.flat


def test_destroy_unmaps_what_is_out_on_6_12(run_cli: Command, desk: Path) -> None:
    """ee62ce7a1d90: before the first page_pool_release all pages still held are unmapped, and not again one by one."""
    for name in ("vmxnet3_small", "vmxnet3_small_swiotlb", "kp_vmxnet3_small"):
        shown = run_cli("trace", recording(f"6.12.117/{name}"), "--json", f"{name}.json")
        pools = [p for p in json.loads((desk / f"{name}.json").read_text())["pools"] if p["pages"]]
        assert [pool["unmapped_early"] for pool in pools] == EARLY[name]
        assert "still held (by design since 6.12)" in shown.flat


EARLY = {"vmxnet3_small": [12, 0], "vmxnet3_small_swiotlb": [11, 0], "kp_vmxnet3_small": [12, 0]}
"""Pages in the pool ring of the first pool: received and recycled. Those in the cache were drained before the walk."""


def test_on_6_1_a_page_leaves_its_pool_when_the_stack_gets_it(run_cli: Command, desk: Path) -> None:
    """XDP_PASS of a live frame: 6.1 releases the page as the skb is built; on 6.12 it is out at destroy."""
    out = {}
    for kernel in ("6.1.192", "6.12.117"):
        run_cli("trace", recording(f"{kernel}/mm_hold"), "--json", f"{kernel}.json")
        (pool,) = json.loads((desk / f"{kernel}.json").read_text())["pools"]
        out[kernel] = (pool["out_at_destroy"], pool["retries"])
    assert out == {"6.1.192": (0, 0), "6.12.117": (40, 2)}


def text(p: Printer, path: Path) -> Path:
    path.write_text("\n".join(p.lines) + "\n")
    return path


def test_a_violation_is_reported_with_its_evidence(run_cli: Command, desk: Path) -> None:
    """Line, event, page, pool, invariant and the guard that refused are in the report; the exit code is 12."""
    wrong = Printer().hold(P, A, 1).release(P, A, 1).release(P, A, 2)
    shown = run_cli("trace", text(wrong, desk / "t"), "--json", "out.json", "--junit", "out.xml")
    assert shown.code == 12
    assert f"line 4: release pool={P:x} page=0x{A:x} number=2 by xdpt-7 on cpu 1" in shown.out
    assert "This breaks the invariant: inflight is hold minus release" in shown.out
    assert "return_idle is refused: require(s.home[page] == pool)" in shown.out
    assert "Not accepted: 1 violation of 1 invariant." in shown.out
    found = json.loads((desk / "out.json").read_text())
    (finding,) = found["findings"]
    assert (finding["line"], finding["invariant"]) == (4, "inflight_is_hold_minus_release")
    broken = [v for v in found["verdicts"] if v["verdict"] == "violated"]
    assert [(v["property"], v["label"]) for v in broken] == [("inflight_is_hold_minus_release", "observed(trace)")]
    assert 'failures="1"' in (desk / "out.xml").read_text()


def test_each_invariant_has_its_verdict(run_cli: Command, desk: Path) -> None:
    """Not violated in a number of events, or not observable; never a pass without an event."""
    run_cli("trace", recording("6.12.117/drop_small"), "--json", "out.json")
    verdicts = json.loads((desk / "out.json").read_text())["verdicts"]
    shown = {v["property"]: (v["verdict"], v["note"]) for v in verdicts}
    assert shown["inflight_is_hold_minus_release"] == ("not violated", "in 129 events")
    assert shown["every_dma_map_has_exactly_one_unmap"] == ("not observable", "at this level")
    assert {v["verdict"] for v in verdicts} == {"not violated", "not observable"}


def test_dma_events_try_more_invariants(run_cli: Command) -> None:
    """128 pages, each mapped and unmapped once."""
    shown = run_cli("trace", recording("6.12.117/vmxnet3_small_swiotlb"))
    assert "every dma map has exactly one unmap not violated in 256 events" in shown.flat
    assert "a sync makes no mapping" in shown.out


def test_pages_in_flight_are_listed_at_any_line(run_cli: Command) -> None:
    """--at: in the middle of the stall, and in the middle of the holds."""
    shown = run_cli("trace", recording("6.12.117/hold_stalled"), "--at", "300")
    assert "at line 300: 80 pages out" in shown.flat
    assert "cannot tell: none returned since the last retry" in shown.flat
    early = run_cli("trace", recording("6.12.117/hold_stalled"), "--at", "60")
    assert "in use: the pool is not destroyed" in early.flat
    by_time = run_cli("trace", recording("6.1.192/default_format"), "--at", "12.5s")
    assert "at 12.5: 100 pages out; oldest 0.892864 s" in by_time.flat


def test_pages_of_one_pool_may_be_in_different_places(run_cli: Command, desk: Path) -> None:
    """One of two is unmapped by destroy's walk, the other is not yet: the places where either may be are printed."""
    p = Printer().map(A, "eth0", 0x1000).hold(P, A, 1).map(B, "eth0", 0x2000).hold(P, B, 2)
    p.map(A, "eth1", 0x9000).unmap("eth0", 0x1000)
    shown = run_cli("trace", text(p, desk / "t"), "--holders")
    assert shown.code == 0
    assert "2 pages out" in shown.flat
    for place in ("RX_RING", "STACK", "TX"):
        assert f"may be {place} (" in shown.flat


def test_a_leak_is_called_one(run_cli: Command, desk: Path) -> None:
    """The kernel freed the pool, and a page was not released long after that."""
    leak = Printer().hold(P, A, 1).hold(P, B, 2).release(P, A, 1).total(P, 0, 2, 2)
    leak.wait()
    shown = run_cli("trace", text(leak, desk / "t"))
    assert shown.code == 12
    assert "a freed pool is home to no page" in shown.flat
    assert "leak: " in shown.flat


def test_a_page_that_the_allocator_has_is_leaked(run_cli: Command, desk: Path) -> None:
    """Freed while its pool counts it: the pool will wait for it for ever."""
    leak = Printer().hold(P, A, 1).hold(P, B, 2).print("mm_page_free", f"page={A:x} pfn=0x{A:x} order=0")
    leak.total(P, 2, 2, 0).total(P, 2, 2, 0, cnt=2)
    shown = run_cli("trace", text(leak, desk / "t"))
    assert shown.code == 12
    assert "a page has a home exactly while a pool counts it" in shown.flat
    assert "leak: 1 of the pages was seen elsewhere" in shown.flat


def test_a_pool_that_still_waits_is_reported(run_cli: Command, desk: Path) -> None:
    """At the end of the trace: a slow holder if pages return, undecided if none does."""
    waits = Printer().hold(P, A, 1).hold(P, B, 2).total(P, 2, 2, 0).total(P, 2, 2, 0, cnt=2)
    assert "cannot tell: none returned since the last retry (2 looks)" in run_cli("trace", text(waits, desk / "t")).flat
    waits.release(P, A, 1)
    shown = run_cli("trace", text(waits, desk / "t"))
    assert shown.code == 0
    assert "slow holder: 1 returned since the last retry" in shown.flat


def test_the_kernels_own_complaints_count(run_cli: Command, desk: Path) -> None:
    """In the stream or in a file: what the kernel itself calls wrong is a violation."""
    fine = Printer().hold(P, A, 1)
    (desk / "dmesg").write_text("[    1.0] Negative(-1) inflight packet-pages\n")
    assert run_cli("trace", text(fine, desk / "t"), "--dmesg", "dmesg").code == 12
    fine.lines.append("[    1.0] page dumped because: page_pool leak")
    shown = run_cli("trace", text(fine, desk / "t"))
    assert shown.code == 12
    assert "the kernel's log: [ 1.0] page dumped because: page_pool leak" in shown.flat


def test_several_files_are_one_trace(run_cli: Command, desk: Path) -> None:
    """The second goes on where the first ended, and lines are named by file."""
    p = Printer().hold(P, A, 1).release(P, A, 1)
    (desk / "one").write_text("\n".join(p.lines[:2]) + "\n")
    (desk / "two").write_text("\n".join([p.lines[2], p.lines[2]]) + "\n")
    shown = run_cli("trace", "one", "two")
    assert shown.code == 12
    assert "two:2: release" in shown.out


def test_standard_input_is_read(run_cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a pipe brings, packed or not."""
    stdin = SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(recording("6.12.117/drop_small").read_bytes())))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert run_cli("trace", "-").code == 0


def test_caveats_stand_at_the_top(run_cli: Command, desk: Path) -> None:
    """Losses, a late start, a clock that orders nothing, kprobes: they come before the claims."""
    p = Printer().hold(P, A, 8).release(P, B, 6)
    p.lines[0] = "#   entries-in-buffer/entries-written: 10/25   #P:2"
    p.lines += ["CPU:1 [LOST 3 EVENTS]", "what is this"]
    shown = run_cli("trace", text(p, desk / "t"), "--strict")
    top = shown.flat[: shown.flat.index("The invariants in this trace")]
    assert shown.code == 0
    assert "t:5: not understood: what is this" in top or "line 5: not understood: what is this" in top
    assert "15 events were overwritten" in top
    assert "Events were lost while recording" in top
    assert "Accepted, as far as it was seen" in shown.flat
    assert "Clock unknown: it does not order events across CPUs" in top
    assert "1 pool is older than the recording, with 2 pages before it; 1 release is unexplained: history" in top
    assert "1 line was not understood" in top
    assert "other events are counted and not judged: alloc" in run_cli("trace", recording("6.12.117/kp_mix_small")).flat


def test_what_an_older_pool_held_is_not_guessed(run_cli: Command, desk: Path) -> None:
    """Without both a hold and a release, the pages of before the recording are unknown: no number is printed."""
    one, both = Printer().hold(P, A, 8), Printer().hold(P, A, 8).release(P, B, 6)
    both.hold(Q, PAGES[2], 5)
    older = run_cli("trace", text(one, desk / "t"), "--json", "t.json").flat
    assert "1 pool is older than the recording, with an unknown number of pages before it; 0 releases are" in older
    assert [pool["older"] for pool in json.loads((desk / "t.json").read_text())["pools"]] == [None]
    mixed = run_cli("trace", text(both, desk / "u")).flat
    assert "1 pool is older than the recording, with 2 pages before it" in mixed
    assert "1 pool is older than the recording, with an unknown number of pages before it" in mixed


WRONG = {
    ("trace", "nowhere"): (65, "nowhere: no such file or directory; give the file of a trace"),
    ("trace", "empty"): (65, "empty: is empty; `poolproof record` prints the script that makes a recording"),
    ("trace", "-", "-"): (2, "-: standard input can be read once; give it once"),
    ("trace", "good", "--clock", "quartz"): (2, "unknown clock 'quartz' (choose global, counter, mono"),
    ("trace", "good", "--at", "soon"): (2, "--at soon: neither a line nor a time"),
    ("trace", "good", "--at", "99"): (2, "--at: at line 99 comes after the end ("),
    ("trace", "good", "--dmesg", "nowhere"): (65, "nowhere: no such file or directory; give the output of dmesg"),
    ("trace", "good", "--json", "good"): (2, "good: exists and holds no verdicts"),
}


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_bad_input_is_one_clear_line(run_cli: Command, desk: Path, words: tuple[str, ...]) -> None:
    """The value, the rule and the way out; nothing is overwritten."""
    text(Printer().hold(P, A, 1), desk / "good")
    before = (desk / "good").read_text()
    (desk / "empty").touch()
    code, line = WRONG[words]
    shown = run_cli(*words)
    assert (shown.code, shown.err.count("\n")) == (code, 1)
    assert line in shown.err
    assert (desk / "good").read_text() == before


def test_an_interrupt_prints_the_report_so_far(run_cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C after a hundred events: what was read is judged, and the exit code is that of a part."""
    take = Recording.events

    def interrupted(self: Recording, lines: object) -> object:
        for n, event in enumerate(take(self, lines)):  # type: ignore[arg-type]
            if n == 100:
                raise KeyboardInterrupt
            yield event

    monkeypatch.setattr(Recording, "events", interrupted)
    shown = run_cli("trace", recording("6.12.117/hold_stalled"))
    assert shown.code == 3
    assert "Interrupted after" in shown.out
    assert "Accepted so far" in shown.flat


def test_what_to_type_on_the_target_is_printed(run_cli: Command) -> None:
    """A shell script, for either level; nothing is run, and no level is made up."""
    stock, dma = run_cli("record"), run_cli("record", "--level", "dma", "--events", 1000)
    assert stock.out.startswith("#!/bin/sh\n# Records stock events")
    assert "dma/dma_map_page" not in stock.out
    assert "dma/dma_map_page" in dma.out
    assert 'EVENTS="${EVENTS:-1000}"' in dma.out
    shown = run_cli("record", "--level", "all")
    assert (shown.code, shown.err) == (2, "poolproof: unknown level 'all' (choose stock or dma)\n")


LEAK = "raw: 000fffffc0000000 dead000000000040 ff110000070d6800 0000000000000000"


def test_raw_words_are_explained(run_cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Typed, piped, or as JSON; what has no words is refused in one line."""
    shown = run_cli("decode", LEAK)
    assert shown.code == 0
    assert shown.out.startswith("This is a page of a page_pool: pp_magic is dead000000000040.\n")
    assert "ff110000070d6800" in shown.out
    monkeypatch.setattr(sys, "stdin", io.StringIO(LEAK))
    assert run_cli("decode", "-").out == shown.out
    assert json.loads(run_cli("decode", LEAK, "--json").out)["pool"] == "0xff110000070d6800"
    wrong = run_cli("decode", "nothing here")
    assert (wrong.code, wrong.err.count("\n")) == (65, 1)
    assert "has no word of 16 hexadecimal digits" in wrong.err


def test_progress_is_printed_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events, events a second, and the bytes that are left of the file."""
    progress: list[str] = []

    class Told:
        def __enter__(self) -> object:
            return progress.append

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(recordings, "EVERY", 50)
    monkeypatch.setattr(output, "status", lambda name: Told())
    monkeypatch.setattr(output, "console", output.Output(force_terminal=True, file=io.StringIO()))
    recordings.judged([str(recording("6.12.117/drop_small"))], recordings.Options())
    assert len(progress) == 2
    assert re.fullmatch(r"100 events, [\d,]+ a second, 0 bytes left", progress[1])
