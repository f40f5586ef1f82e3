# SPDX-License-Identifier: MIT
"""Every run of the rules is accepted, with other pages beside it; what the rules forbid is denied by its invariant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkers.monitor import Refusal
from impl.linux.conformance import rules
from poolproof.recordings import of_lines as judged
from spec.dsl import Mutant, drop
from spec.ownership import ownership
from tests.impl.linux.printed import DMA_A, ETH0, ETH1, PAGES, A, B, P, Printer, Q, mapped, run


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), with_dma=st.booleans())
def test_every_run_of_the_rules_is_accepted(seed: int, with_dma: bool) -> None:
    """Two pages, three pools, two devices at random: judged page by page, nothing is denied."""
    assert judged(run(ownership, seed, 150, with_dma)).findings.shown == []


def test_rules_with_a_guard_dropped_judge_differently() -> None:
    """A pool that takes a page in after its destroy: denied by the rules, accepted by rules that permit it."""
    guard = drop("alloc_into_pool", "require(s.life[pool] == Life.LIVE)")
    lax = Mutant(ownership, "lax", guard, rules.AFTER_DESTROY, 1, "a pool takes pages in for ever").machine
    p = Printer()
    p.hold(P, A, 1)
    p.total(P, 1, 1, 0)
    p.hold(P, B, 2)
    assert judged(p.lines).findings.counts == {rules.AFTER_DESTROY: 1}
    assert judged(p.lines, lax).findings.counts == {}


def test_rules_with_an_action_dropped_judge_differently() -> None:
    """Where the rules have no redirect, a second mapping is denied."""
    system = tuple(a.fn for a in ownership.actions if a.fn in ownership.system and a.name != "redirect")
    tight = replace(ownership, name="tight", system=system)
    p = mapped()
    p.map(A, ETH1, DMA_A)
    assert judged(p.lines).findings.total == 0
    assert judged(p.lines, tight).findings.total == 1


def test_a_page_is_denied_once_and_its_other_violations_are_counted() -> None:
    """The first violation of a page is kept in full, with the places possible before it and the refusals."""
    p = Printer()
    p.hold(P, A, 1)
    p.hold(Q, A, 1)
    p.release(Q, A, 1)
    p.hold(P, A, 2)
    found = judged(p.lines).findings
    assert [(f.invariant, f.event.line, f.page) for f in found.shown] == [("a_page_goes_home_to_its_own_pool", 3, A)]
    assert Refusal("alloc_into_pool", "require(s.place[page] == Place.FREE)") in found.shown[0].refused
    assert found.shown[0].before == ("POOL", "RX_RING", "STACK", "TX")
    assert found.shown[0].recent[0].line == 2


Denial = tuple[str, Callable[[Printer], object]]

DENIALS: dict[str, Denial] = {
    "a release of a page that is not in": ("inflight_is_hold_minus_release", lambda p: p.release(P, B, 1)),
    "a release to another pool": (
        "a_page_goes_home_to_its_own_pool",
        lambda p: (p.hold(Q, B, 1), p.release(Q, A, 1)),
    ),
    "a hold of a page that is in": ("inflight_is_hold_minus_release", lambda p: p.hold(P, A, 2)),
    "a hold by another pool": ("a_page_goes_home_to_its_own_pool", lambda p: p.hold(Q, A, 1)),
    "left behind by a pool that is gone": (
        "a_freed_pool_is_home_to_no_page",
        lambda p: p.total(P, 0, 1, 1).wait(),
    ),
    "a number twice": ("inflight_is_hold_minus_release", lambda p: p.hold(P, B, 1)),
    "a sum that does not add up": ("inflight_is_hold_minus_release", lambda p: p.total(P, 2, 1, 0)),
    "a negative sum": ("inflight_is_hold_minus_release", lambda p: p.total(P, -1, 1, 2)),
    "a sum behind its numbers": ("inflight_is_hold_minus_release", lambda p: p.total(P, 0, 0, 0)),
    "a hold after destroy": (
        "a_page_is_allocated_only_into_a_live_pool",
        lambda p: (p.total(P, 1, 1, 0), p.hold(P, B, 2)),
    ),
    "freed under the pool": (
        "a_page_has_a_home_exactly_while_a_pool_counts_it",
        lambda p: p.print("mm_page_free", f"page={A * 64:x} pfn=0x{A:x} order=0"),
    ),
}


@pytest.mark.parametrize("case", DENIALS)
def test_what_the_rules_forbid_is_denied_by_its_invariant(case: str) -> None:
    """One page is in its pool; then something happens that no step explains."""
    invariant, then = DENIALS[case]
    p = Printer()
    p.hold(P, A, 1)
    then(p)
    assert invariant in judged(p.lines).findings.counts


def test_an_address_that_is_used_again_is_another_pool() -> None:
    """Numbers begin anew; a release of the old lifetime that is printed late is charged to the old one."""
    p = Printer()
    p.hold(P, A, 1)
    p.hold(P, B, 2)
    p.release(P, A, 1)
    p.total(P, 0, 2, 2)
    p.hold(P, A, 1)
    p.release(P, B, 2)
    p.release(P, A, 1)
    p.total(P, 0, 1, 1)
    judge = judged(p.lines)
    assert judge.findings.shown == []
    assert [(pool.lifetime, pool.releases.seen) for pool in judge.pools.ended] == [(1, 2), (2, 1)]


def test_numbers_wrap() -> None:
    """After 2^32 - 1 comes 0, and in flight is what it was."""
    p = Printer()
    p.hold(P, A, 2**32 - 1)
    p.hold(P, B, 0)
    p.release(P, A, 2**32 - 1)
    p.release(P, B, 0)
    p.total(P, 0, 0, 0)
    assert judged(p.lines).findings.shown == []


def test_a_page_whose_history_is_missing_is_never_blamed() -> None:
    """A pool older than the trace: its pages leave, as many as were in it by its numbers."""
    p = Printer()
    p.hold(P, A, 8)
    p.release(P, B, 6)
    p.release(P, PAGES[2], 7)
    judge = judged(p.lines)
    assert judge.findings.shown == []
    assert [(pool.older, pool.unexplained) for pool in judge.pools.ended] == [(2, 2)]


def test_more_pages_cannot_leave_than_were_in() -> None:
    """Two were in before the trace; the third that leaves unheld is denied."""
    p = Printer()
    p.hold(P, A, 8)
    for n, page in enumerate((B, PAGES[2], 0x7777), 6):
        p.release(P, page, n)
    assert judged(p.lines).findings.counts == {rules.NUMBERS: 1}


def test_after_a_loss_what_was_there_before_is_not_judged() -> None:
    """Events were lost: gaps, unknown pages and missing maps of what was there before are no violations."""
    p = mapped()
    p.lines.append("CPU:1 [LOST 12 EVENTS]")
    p.release(P, PAGES[2], 5)
    p.hold(Q, A, 1)
    p.hold(P, B, 9)
    assert judged(p.lines).findings.shown == []


def test_a_gap_between_two_recordings_is_not_judged() -> None:
    """A new head in the middle: events are missing before it, and earlier findings stay."""
    p = Printer().hold(P, A, 1).hold(P, A, 2)
    p.lines += ["# tracer: nop", "#"]
    p.hold(P, B, 5).release(P, PAGES[2], 4)
    judge = judged(p.lines)
    assert (judge.findings.total, judge.info.gaps) == (1, 1)


def test_what_begins_after_a_loss_is_judged() -> None:
    """A pool that is created later has all its history."""
    p = Printer()
    p.lines.append("CPU:1 [LOST 12 EVENTS]")
    p.hold(Q, A, 1)
    p.release(Q, B, 1)
    assert judged(p.lines).findings.total == 1


@pytest.mark.parametrize("clock", ["local", "global"])
def test_a_clock_that_orders_no_cpus_lets_events_overtake(clock: str) -> None:
    """A release printed before its hold, by another cpu: explained under `local`, denied under `global`."""
    p = Printer()
    p.lines[0] = f"#! trace_clock: [{clock}]"
    p.hold(P, B, 1, cpu=0)
    p.release(P, A, 1, cpu=1)
    p.hold(P, A, 2, cpu=0)
    p.release(P, B, 2, cpu=1)
    assert bool(judged(p.lines).findings.total) is (clock == "global")


def test_a_clock_that_orders_no_cpus_does_not_hide_a_release_without_a_hold() -> None:
    """What waits for its turn until the end is denied."""
    p = Printer()
    p.lines[0] = "#! trace_clock: [local]"
    p.hold(P, B, 1)
    p.release(P, A, 1)
    assert judged(p.lines).findings.total == 1


def test_a_number_that_was_not_printed_at_the_end_is_no_violation() -> None:
    """What was counted lately may not have been printed yet, also if the pool is forgotten; later it must have been."""
    p = Printer()
    p.hold(P, A, 1)
    p.total(P, 0, 1, 1)
    judge = judged(p.lines)
    assert (judge.findings.total, judge.pools.ended[0].first_unlogged) == (0, ("release 1",))
    p.print("mem_disconnect", f"mem_id=1 mem_type=PAGE_POOL allocator={P:x}")
    assert judged(p.lines).findings.total == 0
    p.wait()
    assert judged(p.lines).findings.counts == {rules.NUMBERS: 1, rules.LEFT_BEHIND: 1}


def test_what_the_kernel_had_counted_before_its_last_word_must_have_been_printed() -> None:
    """A pool that is waited for still: what was counted lately is late, what was counted long ago is missing."""
    p = Printer()
    p.hold(P, A, 1).hold(P, B, 2).total(P, 1, 2, 1)
    judge = judged(p.lines)
    assert (judge.findings.total, judge.pools.ended[0].first_unlogged) == (0, ("release 1",))
    p.total(P, 1, 2, 1, cnt=2)
    assert judged(p.lines).findings.total == 0
    p.wait().total(P, 1, 2, 1, cnt=3)
    assert judged(p.lines).findings.counts == {rules.NUMBERS: 1}


def test_the_invariants_that_are_tried_are_invariants() -> None:
    """What events can deny are invariants of the rules, except the one about sizes and directions."""
    assert {*rules.SEEN, *rules.DENIED.values()} - {c.name for c in ownership.invariants} == {rules.AS_MAPPED}


def test_a_page_that_another_pool_releases_names_both_pools() -> None:
    """Who holds it, who released it, and that a page goes home to its own pool."""
    p = Printer().hold(P, A, 1).hold(Q, B, 1).release(Q, A, 1)
    (found,) = judged(p.lines).findings.shown
    assert (found.invariant, found.page) == (rules.OWN_POOL, A)
    assert found.what == f"held by {P:x}, released by {Q:x}"


@pytest.mark.parametrize("seconds", [0.1, 1.5, 4.0])
def test_a_put_that_is_preempted_before_its_line_is_no_leak(seconds: float) -> None:
    """The kernel counts it, frees the pool, uses its address again; the line comes seconds later."""
    p = Printer().hold(P, A, 1).hold(P, B, 2).release(P, A, 1).total(P, 0, 2, 2)
    p.print("mem_disconnect", f"mem_id=1 mem_type=PAGE_POOL allocator={P:x}").hold(P, A, 1)
    at_once = judged(p.lines)
    p.wait(seconds).release(P, B, 2).release(P, A, 1).total(P, 0, 1, 1).wait()
    later = judged(p.lines)
    assert (at_once.findings.total, later.findings.total) == (0, 0)
    assert [pool.releases.seen for pool in later.pools.ended] == [2, 1]


def test_where_lines_are_all_there_is_their_order_decides() -> None:
    """A clock that counts events has no time: once XDP forgets the pool, all its lines must have been printed."""
    p = Printer().hold(P, A, 1).total(P, 0, 1, 1)
    p.print("mem_disconnect", f"mem_id=1 mem_type=PAGE_POOL allocator={P:x}")
    counts = [line.replace(f"{n / 1000:.6f}", str(n)) for n, line in enumerate(p.lines)]
    assert judged(["#! trace_clock: [counter]", *counts[1:]]).findings.counts == {
        rules.NUMBERS: 1,
        rules.LEFT_BEHIND: 1,
    }
    assert judged(p.lines).findings.total == 0


def test_a_line_that_a_loss_may_have_taken_is_not_missing() -> None:
    """A pool that had ended just before: its last release may be among what was lost; of one long ago it is not."""
    found = []
    for seconds in (0.1, 10.0):
        p = Printer().hold(P, A, 1).total(P, 0, 1, 1).hold(P, B, 1).wait(seconds)
        p.lines.append("CPU:0 [LOST 1 EVENTS]")
        found.append(judged(p.wait().lines).findings.counts)
    assert found == [{}, {rules.NUMBERS: 1}]


def test_a_pool_may_be_replaced_while_events_are_lost() -> None:
    """What the kernel counts of the new one is less than what was printed of the old one."""
    p = mapped()
    p.lines.append("CPU:1 [LOST 12 EVENTS]")
    p.total(P, 0, 1, 1)
    assert judged(p.lines).findings.shown == []


@pytest.mark.parametrize("word", ["CPU:1 [LOST 2 EVENTS]", "##### CPU 1 buffer started ####"])
def test_what_was_found_while_a_cpu_lost_events_is_taken_back(word: str) -> None:
    """A loss is printed when its CPU prints again; what the others did meanwhile lacks what was lost."""
    p = Printer()
    p.hold(P, A, 1, cpu=0).hold(Q, A, 1, cpu=0).release(Q, B, 1, cpu=0)
    assert judged(p.lines).findings.total == 2
    p.lines.append(word)
    assert judged(p.lines).findings.total == 0


def test_what_was_found_before_a_cpu_lost_events_stays() -> None:
    """The CPU printed something after it: that was no consequence of the loss."""
    p = Printer()
    p.hold(P, A, 1, cpu=0).hold(Q, A, 1, cpu=0).hold(Q, B, 2, cpu=1)
    p.lines.append("CPU:1 [LOST 2 EVENTS]")
    findings = judged(p.lines).findings
    assert (findings.total, len(findings.shown)) == (1, 1)


@pytest.mark.parametrize("is_reused", [False, True])
@pytest.mark.parametrize("pages", [(), (A,)])
def test_a_page_left_behind_long_before_the_end_is_found(is_reused: bool, pages: tuple[int, ...]) -> None:
    """Its pool is gone, whether or not another one is at its address now; mapped or not, nothing breaks."""
    p = Printer()
    for page in pages:
        p.map(page, ETH0, DMA_A)
    p.hold(P, A, 1).total(P, 0, 1, 1)
    if is_reused:
        p.hold(P, B, 1)
    p.wait()
    assert rules.LEFT_BEHIND in judged(p.lines).findings.counts


def test_a_negative_inflight_names_both_counters() -> None:
    """More were released than held."""
    p = Printer()
    p.hold(P, A, 1).total(P, -1, 1, 2)
    assert judged(p.lines).findings.shown[0].what == "2 are released, but only 1 were held"
