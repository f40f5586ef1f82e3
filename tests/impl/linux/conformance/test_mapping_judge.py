# SPDX-License-Identifier: MIT
"""DMA mappings of pages: what a kernel may do is accepted, what no mapping may do is denied by its invariant."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from impl.linux.conformance import rules
from poolproof.recordings import of_lines as judged
from tests.impl.linux.printed import DMA_A, DMA_B, ETH0, ETH1, PAGES, A, B, P, Printer, Q, mapped

from .test_page_judge import DENIALS, Denial


def test_a_page_may_be_mapped_a_second_time_for_another_device() -> None:
    """XDP_REDIRECT: the second mapping is made and undone between hold and release."""
    p = mapped()
    p.map(A, ETH1, DMA_A)
    p.unmap(ETH1, DMA_A)
    p.unmap(ETH0, DMA_A)
    p.release(P, A, 1)
    assert judged(p.lines).findings.shown == []


def test_a_page_that_several_others_send_at_once_is_not_judged() -> None:
    """Fragments and clones: the rules do not have them, so the page is counted as skipped."""
    p = mapped()
    p.map(A, ETH1, DMA_A).map(A, "eth2", DMA_A).unmap(ETH1, DMA_A).unmap("eth2", DMA_A)
    p.unmap(ETH0, DMA_A).release(P, A, 1)
    judge = judged(p.lines)
    assert (judge.findings.total, judge.mappings.multi_mapped_skipped) == (0, 1)


def test_an_address_that_is_used_again_is_not_the_pages_any_more() -> None:
    """After the release a sync or an unmap at the old address is about something else."""
    p = mapped()
    p.unmap(ETH0, DMA_A).release(P, A, 1).sync(ETH0, DMA_A).unmap(ETH0, DMA_A)
    assert judged(p.lines).findings.total == 0


DMA_DENIALS: dict[str, Denial] = {
    "unmapped twice": ("every_dma_map_has_exactly_one_unmap", lambda p: (p.unmap(ETH0, DMA_A), p.unmap(ETH0, DMA_A))),
    "mapped twice": ("every_dma_map_has_exactly_one_unmap", lambda p: p.map(A, ETH0, DMA_A + 4096)),
    "released while mapped": ("every_dma_map_has_exactly_one_unmap", lambda p: p.release(P, A, 1)),
    "held without a map": ("every_dma_map_has_exactly_one_unmap", lambda p: p.hold(P, PAGES[2], 3)),
    "synced after the unmap": ("a_sync_makes_no_mapping", lambda p: (p.unmap(ETH0, DMA_A), p.sync(ETH0, DMA_A))),
    "undone with another size": (rules.AS_MAPPED, lambda p: p.unmap(ETH0, DMA_A, size=2048)),
    "undone in another direction": (rules.AS_MAPPED, lambda p: p.unmap(ETH0, DMA_A, direction="TO_DEVICE")),
    "synced beyond the mapping": (rules.AS_MAPPED, lambda p: p.sync(ETH0, DMA_A + 4000, size=200)),
    "still mapped when destroy has returned": (
        "a_detached_pool_has_no_mapping_left",
        lambda p: (p.total(P, 2, 2, 0), p.total(P, 2, 2, 0, cnt=2)),
    ),
    "unmapped and still in use": (
        "a_page_of_a_live_pool_is_mapped_for_its_device",
        lambda p: (
            p.unmap(ETH0, DMA_A),
            p.map(A, ETH1, DMA_A),
            p.map(PAGES[2], ETH0, 0x3000000),
            p.hold(P, PAGES[2], 3),
            p.unmap(ETH1, DMA_A),
        ),
    ),
}


@pytest.mark.parametrize("case", DMA_DENIALS)
def test_what_no_mapping_may_do_is_denied_by_its_invariant(case: str) -> None:
    """Two pages are in a pool that maps them; then something happens that no step explains."""
    invariant, then = DMA_DENIALS[case]
    p = mapped()
    then(p)
    assert invariant in judged(p.lines).findings.counts


def test_a_mapping_without_its_unmap_before_the_scrub_is_accepted_when_the_walk_unmaps() -> None:
    """6.12: destroy unmaps what is out; its release unmaps nothing more."""
    p = mapped()
    p.unmap(ETH0, DMA_A)
    p.unmap(ETH0, DMA_B)
    p.total(P, 2, 2, 0)
    p.release(P, B, 1)
    p.total(P, 1, 2, 1, cnt=2)
    p.release(P, A, 2)
    p.total(P, 0, 2, 2, cnt=3)
    assert judged(p.lines).findings.shown == []


def test_the_pages_of_others_are_not_judged() -> None:
    """What no pool holds may be mapped as often as its driver likes."""
    p = Printer()
    p.map(A, ETH0, DMA_A)
    p.map(A, ETH0, DMA_A)
    p.unmap(ETH0, DMA_A, size=17)
    p.unmap(ETH0, DMA_A)
    p.unmap(ETH0, DMA_A)
    assert judged(p.lines).findings.shown == []


def test_every_invariant_that_events_try_can_be_denied() -> None:
    """For each of them a fault is planted above, and no other is claimed."""
    assert {invariant for invariant, _ in (DENIALS | DMA_DENIALS).values()} == set(rules.SEEN)


API = "[   93.4] DMA-API: pci"


LEFT = "device driver has pending DMA allocations while released from device [count=2]"


ENTRY = "One of leaked entries details: [device address=0x10] [size=4096 bytes]"


@pytest.mark.parametrize(
    ("device", "details", "is_denied"),
    [
        (ETH0, f"{ENTRY} [mapped with DMA_BIDIRECTIONAL] [mapped as single]", True),
        (ETH0, f"{ENTRY} [mapped with DMA_FROM_DEVICE] [mapped as page]", True),
        (ETH0, f"{ENTRY} [mapped with DMA_BIDIRECTIONAL] [mapped as coherent]", False),
        (ETH0, f"{ENTRY} [mapped with DMA_BIDIRECTIONAL] [mapped as scatter-gather]", False),
        (ETH0, f"{ENTRY} [mapped with DMA_TO_DEVICE] [mapped as single]", False),
        (ETH1, f"{ENTRY} [mapped with DMA_BIDIRECTIONAL] [mapped as single]", False),
        (ETH0, "", False),
    ],
)
def test_what_is_left_at_unbind_is_a_page_only_if_a_pool_may_have_mapped_it(
    device: str, details: str, is_denied: bool
) -> None:
    """Of a device that owns a pool, one page, not only for sending; without details it is not decided."""
    p = mapped()
    p.lines += [f"{API} {device}: {LEFT}", *([f"[   93.4] {details}"] if details else [])]
    judge = judged(p.lines)
    assert (judge.findings.counts == {"no_mapping_outlives_the_driver": 1}) is is_denied
    assert judge.findings.total == is_denied
    assert len(judge.messages) == 1 + bool(details)


def test_messages_of_the_dma_api_count_only_where_pools_are_seen_to_map() -> None:
    """Without the DMA events the owner of a mapping is unknown."""
    p = Printer().hold(P, A, 1)
    p.lines.append(f"{API} {ETH0}: device driver tries to free DMA memory it has not allocated [device address=0x10]")
    assert judged(p.lines).findings.total == 0
    assert judged([*mapped().lines, p.lines[-1]]).findings.counts == {"every_dma_map_has_exactly_one_unmap": 1}


LEGITIMATE: dict[str, Callable[[Printer], object]] = {
    "a pool that is older, of which a release is seen first": lambda p: p.release(Q, 0x7777, 50).hold(Q, PAGES[2], 60),
    "a return that is on its way while its pool is destroyed": lambda p: (
        p.unmap(ETH0, DMA_A).map(PAGES[2], ETH0, 0x3000000).hold(P, PAGES[2], 3),
        p.unmap(ETH0, DMA_B).unmap(ETH0, 0x3000000).total(P, 3, 3, 0).release(P, A, 1),
    ),
    "a page that leaves the pool while a segment of its packet is sent": lambda p: (
        p.map(A, ETH1, DMA_A, direction="TO_DEVICE").unmap(ETH0, DMA_A).release(P, A, 1),
        p.unmap(ETH1, DMA_A, direction="TO_DEVICE"),
    ),
    "a page that is sent by the device it came from": lambda p: (
        p.map(A, ETH0, DMA_A, size=90, direction="TO_DEVICE").sync(ETH0, DMA_A + 64),
        p.unmap(ETH0, DMA_A, size=90, direction="TO_DEVICE").unmap(ETH0, DMA_A).release(P, A, 1),
    ),
    "a mapping both ways that is synced one way": lambda p: p.sync(ETH0, DMA_A, direction="FROM_DEVICE"),
    "a release between the moments a sum is read and printed": lambda p: (
        p.hold(Q, PAGES[2], 1).release(Q, PAGES[2], 1).total(Q, 1, 1, 0),
        p.total(Q, 0, 1, 1, cnt=2),
    ),
}


@pytest.mark.parametrize("case", LEGITIMATE)
def test_what_a_kernel_may_do_is_not_denied(case: str) -> None:
    """Two pages are in a pool that maps them; what happens then looks odd, and is right."""
    p = mapped()
    LEGITIMATE[case](p)
    assert judged(p.lines).findings.shown == []


def test_a_map_that_was_cut_off_is_not_missing() -> None:
    """The trace begins between the map of a page and its hold."""
    p = Printer()
    p.hold(P, A, 1).map(B, ETH0, DMA_B).hold(P, B, 2).unmap(ETH0, DMA_A).release(P, A, 1)
    assert judged(p.lines).findings.shown == []


def test_a_clock_that_orders_no_cpus_lets_a_sync_come_after_the_unmap() -> None:
    """Printed by two CPUs: which was first is not known."""
    p = mapped()
    p.lines[0] = "#! trace_clock: [local]"
    p.unmap(ETH0, DMA_A).sync(ETH0, DMA_A).release(P, A, 1)
    assert judged(p.lines).findings.shown == []


def test_a_leak_of_a_pool_that_maps_and_whose_address_is_used_again_breaks_nothing() -> None:
    """Nothing of the old pool is remembered but its page, which needs no more."""
    p = mapped()
    p.total(P, 0, 2, 2).map(PAGES[2], ETH0, 0x3000000).hold(P, PAGES[2], 1)
    assert judged(p.lines).findings.total == 0
