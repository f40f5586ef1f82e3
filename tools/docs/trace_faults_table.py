"""The table of recordings tampered with: how often each kind is found, and what explains every miss."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

from poolproof.recordings import of_lines
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
"""Places a recording and kind, chosen with a seed of their own."""

DENIED, NAMED, MISSED = "violated", "named as missing", "not seen"


def lines_of(recording: str) -> Lines:
    """The lines of a recording in tests/traces."""
    return gzip.decompress((TRACES / f"{recording}.trace.txt.gz").read_bytes()).decode().split("\n")


def found(lines: Lines) -> str:
    """How a recording that was tampered with is judged."""
    judge = of_lines(lines)
    if judge.findings.total:
        return DENIED
    return NAMED if any(p.unexplained or p.older or p.late for p in judge.accounts.ended) else MISSED


def rates(kind: Tampering, goes_on: bool = False) -> Counter[str]:
    """How often this kind is found, over all recordings of its level, as they end or if they went on for a while."""
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
    yield "such a line. *Named*: the report says which number or whose history is missing, and blames nobody.\n\n"
    yield "| what was done | level | tried | violated | named | not seen | why some are not violations |\n"
    yield "|---|---|--:|--:|--:|--:|---|\n"
    for kind in TAMPERINGS:
        seen = rates(kind)
        numbers = " | ".join(str(seen[outcome]) for outcome in (DENIED, NAMED, MISSED))
        why = kind.misses if seen[NAMED] or seen[MISSED] else ""
        yield f"| {kind.name} | {kind.level} | {seen.total()} | {numbers} | {why} |\n"
