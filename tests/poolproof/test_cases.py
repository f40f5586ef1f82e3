# SPDX-License-Identifier: MIT
"""Texts that users have in hand when they look into page pools: each gets its right answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Command

CASES = Path(__file__).parents[1] / "cases"


def case(name: str) -> Path:
    (found,) = CASES.glob(f"{name}.txt*")
    return found


def test_lines_of_each_cpu_one_after_the_other_are_put_in_order(run_cli: Command, desk: Path) -> None:
    """`grep -h` over per_cpu: time goes back where the second CPU begins; no page is denied its history."""
    printed = run_cli("trace", case("reused-address-percpu-nohead.trace"), "--json", "out.json")
    assert printed.code == 0
    assert "put in the order of time: lines of several CPUs stood one after the other" in printed.flat
    assert "Accepted: some run" in printed.flat
    found = json.loads((desk / "out.json").read_text())
    assert (found["findings"], found["recording"]["merged"]) == ([], True)
    assert found["recording"]["pages_judged"] > 0


@pytest.mark.parametrize(
    ("name", "lines", "why"),
    [
        (
            "unknown-field.trace",
            "140 lines of page_pool or DMA events were not understood",
            "fields that are not known",
        ),
        (
            "ptrval.trace",
            "142 lines of page_pool or DMA events were not understood",
            "the kernel had no randomness yet",
        ),
    ],
)
def test_what_was_not_understood_is_never_accepted(run_cli: Command, name: str, lines: str, why: str) -> None:
    """The lines are counted, the first is shown, and why; nothing is claimed of the others."""
    printed = run_cli("trace", case(name))
    assert (printed.code, printed.out, printed.err.count("\n")) == (65, "", 1)
    assert lines in printed.err
    assert "the first is line 6: 'ksoftirqd/0-16 [000] ..s1. 512.000000: page_pool_state_hold: " in printed.err
    assert why in printed.err


def test_pointers_of_eight_digits_are_those_of_a_32_bit_kernel(run_cli: Command) -> None:
    """By the head they are not hashed."""
    printed = run_cli("trace", case("arm32-real-pointers.trace"))
    assert printed.code == 0
    assert "real pointers of a 32-bit kernel" in printed.flat
    assert "hashed" not in printed.out
    assert "Accepted: some run" in printed.flat


def test_coherent_memory_left_at_unbind_denies_nothing_about_pages(run_cli: Command) -> None:
    """A ring of descriptors is no page of a pool: printed in the kernel's words, and no invariant is violated."""
    printed = run_cli("trace", case("ok.trace"), "--dmesg", case("dma-pending-with-prefix"))
    assert printed.code == 0
    assert "has pending DMA allocations while released from device" in printed.flat
    assert "Accepted" in printed.flat
    alone = run_cli("trace", case("dma-pending-with-prefix"))
    assert alone.code == 3
    assert "has pending DMA allocations" in alone.flat
    assert "Accepted" not in alone.flat
    assert "violat" not in alone.flat


def test_words_of_a_mail_in_quoted_printable_are_whole_again(run_cli: Command) -> None:
    """They were cut in their middle, and where is marked."""
    printed = json.loads(run_cli("decode", case("badpage-quoted-printable").read_text(), "--json").out)
    assert (printed["pool"], printed["page"], printed["dma_address"]) == (
        "0xff1100011c44a000",
        "0x13a7f2",
        "0x13a7f2000",
    )
    assert printed["words"]["pp_ref_count"] == "0x1"


def test_drgns_list_of_leaked_pages_is_known_for_what_it_is(run_cli: Command) -> None:
    """Both pages are named, and what they hold is not taken for the words of a struct page."""
    printed = run_cli("decode", case("drgn-ls-pp-leaks").read_text())
    assert (printed.code, printed.out, printed.err.count("\n")) == (65, "", 1)
    assert "0xffffea000071c340, 0xffffea000071c380: drgn's list of leaked pages" in printed.err


def test_more_came_out_than_went_in_by_the_kernels_own_word(run_cli: Command) -> None:
    """5.4 and others print the stall with a negative number."""
    printed = run_cli("trace", case("stall-negative-inflight"))
    assert printed.code == 12
    assert "This breaks the invariant: inflight is hold minus release" in printed.flat
    assert "-1402113377 inflight 640221 sec" in printed.flat


def test_a_message_that_a_mail_wrapped_is_read_across_its_lines(run_cli: Command, desk: Path) -> None:
    """Two pools, 3 pages each, twice."""
    printed = run_cli("trace", case("wrapped-after-inflight"), "--json", "out.json")
    written = json.loads((desk / "out.json").read_text())
    assert printed.code == 3
    assert [line.partition("id ")[2] for line in written["kernel_log"]] == [
        "412, 3 inflight 60 sec",
        "415, 3 inflight 60 sec",
        "412, 3 inflight 120 sec",
        "415, 3 inflight 120 sec",
    ]
    assert written["recording"]["not_understood"] == 0


def test_a_packed_log_is_unpacked(run_cli: Command) -> None:
    """With --dmesg, and alone: what the kernel itself denies is denied."""
    for words in (("trace", case("ok.trace"), "--dmesg", case("log-with-denial")), ("trace", case("log-with-denial"))):
        printed = run_cli(*words)
        assert printed.code == 12
        assert "page_pool refcnt -712 violation" in printed.flat
        assert "Negative(-1) inflight packet-pages" in printed.flat
        assert "Not accepted: 2 violations of 2 invariants." in printed.flat


@pytest.mark.parametrize("name", ["logread-two-pools", "two-pools-no-id-one-drains", "recorded-stall.dmesg"])
def test_a_log_is_reported_and_is_no_accepted_trace(run_cli: Command, name: str) -> None:
    """Its messages about pools are printed; no page was judged."""
    printed = run_cli("trace", case(name))
    assert printed.code == 3
    assert "Nothing was judged: this is a log of the kernel and not a trace" in printed.flat
    assert "Accepted" not in printed.out
    assert "stalled pool shutdown" in printed.out


def test_a_recording_in_which_nothing_happened_is_named_as_such(run_cli: Command) -> None:
    """The head is there, and no event: older pools, or a command that touches none."""
    printed = run_cli("trace", case("recorded-and-nothing-happened.trace"))
    assert printed.code == 3
    assert "it was recorded, and no page entered or left a pool meanwhile" in printed.flat
    assert "Accepted" not in printed.out


ACCEPTED = {
    "ok.trace": (70, "Accepted: some run"),
    "trace-cmd-report": (64, "Accepted: some run"),
    "perf-script": (64, "Accepted: some run"),
    "perf-script-g": (64, "Accepted: some run"),
    "recorded-stall.trace": (128, "Accepted: some run"),
    "recorded-with-losses.trace": (128, "Accepted, as far as it was seen: some run"),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_a_kernel_recorded_rightly_is_accepted(run_cli: Command, desk: Path, name: str) -> None:
    """Of every tool that prints recordings."""
    printed = run_cli("trace", case(name), "--json", "out.json")
    pages, words = ACCEPTED[name]
    found = json.loads((desk / "out.json").read_text())
    assert (printed.code, found["findings"]) == (0, [])
    assert words in printed.flat
    assert sum(pool["pages"] for pool in found["pools"]) == pages


def test_a_recorded_stall_is_reported(run_cli: Command) -> None:
    """80 pages, 67 looks, and one message in the kernel's log."""
    printed = run_cli("trace", case("recorded-stall.trace"), "--dmesg", case("recorded-stall.dmesg"))
    assert "80 pages out" in printed.flat
    assert "slow holder: all returned after 67 retries" in printed.flat
    assert "the kernel's log reports it 1 time." in printed.flat


def test_losses_are_counted(run_cli: Command) -> None:
    assert "460 events were overwritten" in run_cli("trace", case("recorded-with-losses.trace")).flat


def test_an_unknown_log_is_named_as_a_log(run_cli: Command, tmp_path: Path) -> None:
    """A log beside a trace in which no message is recognised is not passed over in silence."""
    log = tmp_path / "dmesg.txt"
    log.write_text("[    1.000000] usb 1-1: new high-speed USB device number 2 using xhci_hcd\n")
    printed = run_cli("trace", case("ok.trace"), "--dmesg", log)
    assert printed.code == 0
    assert "no known message about pools or pages in it" in printed.flat


def test_a_log_alone_does_not_show_that_no_pool_waits(run_cli: Command) -> None:
    """Where only the kernel's log speaks of pools that wait, the trace's number of them is not given."""
    printed = run_cli("trace", case("logread-two-pools"))
    assert "times that a pool waits for pages; the trace shows none" in printed.flat
    assert "0 pools" not in printed.flat
