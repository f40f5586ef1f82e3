# SPDX-License-Identifier: MIT
"""Recordings tampered with are found out; misses are explained; a recording that ends early is blamed for nothing."""

from __future__ import annotations

import pytest

from impl.linux.trace.events import Hold, Release
from tests.sampling import one_in
from tools.docs.trace_faults_table import MISSED, NAMED, VIOLATED, found, lines_of, rates
from tools.tampering import TAMPERINGS, Tampering, events_of, going_on

ALWAYS = [
    "drop a hold",
    "drop a release",
    "duplicate a hold",
    "duplicate a release",
    "another pool in a hold",
    "another pool in a release",
]
"""What must always be found, whatever the recording."""


def kind(name: str) -> Tampering:
    return next(k for k in TAMPERINGS if k.name == name)


@pytest.mark.parametrize("name", ALWAYS)
def test_a_lost_or_doubled_page_and_a_wrong_pool_are_always_found(name: str) -> None:
    """At every place that was tried, if the recording went on: denied, or named where the pool may be older than it."""
    seen = rates(kind(name), goes_on=True)
    assert seen[VIOLATED] + seen[NAMED] == seen.total() >= 40
    assert seen[VIOLATED] >= 0.9 * seen.total()


@pytest.mark.parametrize("one", one_in(2, TAMPERINGS), ids=lambda k: k.name)
def test_a_miss_is_explained(one: Tampering) -> None:
    """A kind without an explanation is denied wherever it was tried; none is tried nowhere."""
    seen = rates(one)
    assert seen.total() >= 6
    assert one.misses or seen[VIOLATED] == seen.total()


def test_a_recording_that_ends_early_is_blamed_for_nothing() -> None:
    """Cut anywhere, what is left was printed by a kernel that did right."""
    seen = rates(kind("truncate"))
    assert seen[VIOLATED] == 0
    assert seen[MISSED] + seen[NAMED] == seen.total()


@pytest.mark.parametrize("recording", ["6.1.192/drop_small", "6.12.117/vmx_mix", "6.1.192/default_format"])
def test_each_single_line_that_is_missing_is_missed(recording: str) -> None:
    """Every hold and every release of a recording left out, one at a time: the first and the last ones too."""
    lines = going_on(lines_of(recording))
    every = [e for e in events_of(lines) if isinstance(e, Hold | Release)]
    outcomes = {e.line: found([*lines[: e.line - 1], *lines[e.line :]]) for e in every}
    named = [e for e in every if outcomes[e.line] != VIOLATED]
    assert MISSED not in outcomes.values()
    assert [(type(e), e.number) for e in named] == [(Hold, 1)] * len(named)
