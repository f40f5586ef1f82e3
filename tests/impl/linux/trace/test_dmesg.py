# SPDX-License-Identifier: MIT
"""The kernel's log is understood as far as it speaks of pages."""

from __future__ import annotations

import pytest

from impl.linux.trace.dmesg import PATTERNS, Log, message
from spec.ownership import ownership

STALL, API = "page_pool_release_retry() stalled pool shutdown", "DMA-API: e 0: device driver"
MESSAGES = {
    f"[   79.8] {STALL} 80 inflight 60 sec": ("stalled pool shutdown", 80, 60, None),
    f"[   79.8] {STALL} -1402113377 inflight 640221 sec": ("stalled pool shutdown", -1402113377, 640221, None),
    f"[   79.5] {STALL}: id 6, 80 inflight 120 sec": ("stalled pool shutdown", 80, 120, 6),
    "[    1.0] Negative(-3) inflight packet-pages": ("negative inflight", -3, None, None),
    "[    1.0] page_pool_empty_ring() page_pool refcnt 2 violation": ("refcnt violation", 2, None, None),
    "[    1.0] page dumped because: page_pool leak": ("page_pool leak", None, None, None),
    f"[ 1.0] {API} tries to free DMA memory it has not allocated": ("DMA free of nothing", None, None, None),
    f"[ 1.0] {API} frees DMA memory with different size": ("DMA free unlike its map", None, None, None),
    f"[ 1.0] {API} has pending DMA allocations while released": ("DMA left at unbind", None, None, None),
    "[ 1.0] DMA-API: e 0: cacheline tracking EEXIST, overlapping mappings": ("DMA mappings overlap", None, None, None),
    f"[ 1.0] {API} tries to sync DMA memory it has not allocated": ("DMA sync of nothing", None, None, None),
}


@pytest.mark.parametrize("line", MESSAGES)
def test_a_message_is_understood(line: str) -> None:
    """What it is about, and the numbers in it."""
    found = message(line)
    assert found is not None
    assert (found.about, found.pages, found.seconds, found.pool_id) == MESSAGES[line]


def test_what_messages_deny_are_invariants() -> None:
    """Each is an invariant of the rules, or the message only reports."""
    names = {c.name for c in ownership.invariants}
    assert {invariant for _, _, invariant in PATTERNS if invariant} <= names


def test_more_out_than_in_is_denied_by_the_kernels_own_number() -> None:
    """A stall only reports; a negative number denies the counters."""
    negative, stall = message(f"{STALL} -5 inflight 60 sec"), message(f"{STALL} 5 inflight 60 sec")
    assert (negative and negative.invariant, stall and stall.invariant) == ("inflight_is_hold_minus_release", "")


WHOLE = f"{STALL}: id 412, 3 inflight 60 sec"


@pytest.mark.parametrize("quote", ["", "> ", ">> > ", "| "])
@pytest.mark.parametrize("at", [n for n, c in enumerate(WHOLE) if c == " " and n > 25])
def test_a_message_is_read_wherever_a_mail_wrapped_it(at: int, quote: str) -> None:
    """At any blank, quoted or not; and the line after it is another one."""
    log = Log()
    taken = [log.take(line) for line in (quote + WHOLE[:at] + " ", quote + WHOLE[at + 1 :], "what is this")]
    assert [found and (found.pool_id, found.pages, found.seconds) for found in taken] == [None, (412, 3, 60), None]


def test_two_messages_are_not_joined_across_a_stamp() -> None:
    """A line that has a stamp of its own begins anew."""
    log = Log()
    assert log.take(f"[   1.0] {STALL}: id 412, 3 inflight") is None
    assert log.take("[   2.0] 60 sec") is None
    assert log.take("60 sec") is None


def test_other_lines_give_no_message() -> None:
    assert message("[    1.0] vmxnet3 0000:00:04.0 eth0: NIC Link is Up 1000 Mbps") is None
    assert message("[    1.0] page_pool is a fine thing") is None
