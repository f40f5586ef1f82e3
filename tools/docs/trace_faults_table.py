# SPDX-License-Identifier: MIT
"""The table of recordings tampered with: how often each kind is detected, and the reason of every miss."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from poolproof.recordings import of_lines
from tools import markdown
from tools.tampering import DMA, STOCK, TAMPERINGS, Lines, Tampering, events_of, going_on

TRACES = Path(__file__).parents[2] / "tests" / "traces"
RECORDINGS = {
    STOCK: (
        "6.1.192/drop_small", "6.1.192/mix_small", "6.1.192/tun_stalled", "6.1.192/default_format",
        "6.12.117/hold_inflight", "6.12.117/hold_stalled", "6.12.117/vmx_mix",
    ),
    DMA: ("6.12.117/vmxnet3_small", "6.12.117/vmxnet3_small_swiotlb"),
}  # fmt: skip
TRIES = 6
"""Places tried in each recording for each kind, chosen with a seed of their own."""

VIOLATED, NAMED, MISSED = "violated", "named as missing", "not detected"


def lines_of(recording: str) -> Lines:
    """The lines of a recording in tests/traces."""
    return gzip.decompress((TRACES / f"{recording}.trace.txt.gz").read_bytes()).decode().split("\n")


def found(lines: Lines) -> str:
    """How a recording that was tampered with is judged."""
    judge = of_lines(lines)
    if judge.findings.total:
        return VIOLATED
    return NAMED if any(p.unexplained or p.older or p.unlogged_at_end for p in judge.pools.ended) else MISSED


def rates(kind: Tampering, goes_on: bool = False) -> Counter[str]:
    """How often this kind is detected, over all recordings of its level; with `goes_on` they do not end so soon."""
    counted: Counter[str] = Counter()
    for recording in RECORDINGS[kind.level]:
        lines = lines_of(recording)
        events = events_of(lines)
        for seed in range(TRIES):
            changed = kind.change(lines, events, Random(f"{kind.name} {recording} {seed}"))
            if changed is not None and changed != lines:
                counted[found(going_on(changed) if goes_on else changed)] += 1
    return counted


def table() -> Iterator[str]:
    """The page below its title."""
    yield "Each kind was planted in real recordings, at places chosen with a seed: stock events in "
    yield f"{len(RECORDINGS[STOCK])} recordings, DMA events in {len(RECORDINGS[DMA])}, {TRIES} places in each that has "
    yield "such a line. *Named*: the report names the missing number or history, and no violation.\n\n"
    numbers = ("tried", "violated", "named", "not detected")
    columns = ("what was done", "level", *numbers, "why some are not violations")
    yield from markdown.table(columns, map(_row, TAMPERINGS), right=numbers)


def _row(kind: Tampering) -> Sequence[object]:
    seen = rates(kind)
    why = kind.misses if seen[NAMED] or seen[MISSED] else ""
    return kind.name, kind.level, seen.total(), *(seen[outcome] for outcome in (VIOLATED, NAMED, MISSED)), why
