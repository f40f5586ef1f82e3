"""What the kernel's log says about page pools and DMA mappings: which messages, and which promise each one denies."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A line of the log: `promise` is what it denies, or nothing if it only reports."""

    text: str
    about: str
    promise: str
    pages: int | None = None
    seconds: int | None = None
    pool_id: int | None = None


STALL = "stalled pool shutdown"

SAYS: tuple[tuple[str, str, str], ...] = (
    (STALL, r"stalled pool shutdown:? (?:id (?P<id>\d+), )?(?P<pages>\d+) inflight (?P<seconds>\d+) sec", ""),
    ("negative inflight", r"Negative\((?P<pages>-?\d+)\) inflight packet-pages", "what_is_counted_in_is_counted_out"),
    ("refcnt violation", r"page_pool refcnt (?P<pages>-?\d+) violation", "an_idle_page_is_held_by_nobody"),
    ("page_pool leak", r"page_pool leak", "a_page_has_a_home_exactly_while_a_pool_counts_it"),
    ("pool not created", r"page_pool_(?:create|create_percpu|init)\(\) (?:gave up|mem-provider init failed)", ""),
    ("DMA mapping not tracked", r"couldn't track DMA mapping|unexpected DMA address", ""),
    ("DMA left at unbind", r"DMA-API: .*has pending DMA allocations while released", "no_mapping_outlives_the_driver"),
    ("DMA free of nothing", r"DMA-API: .*tries to free", "each_map_has_its_one_unmap"),
    ("DMA free unlike its map", r"DMA-API: .*frees DMA memory with", "each_map_has_its_one_unmap"),
    ("DMA sync of nothing", r"DMA-API: .*tries to sync DMA memory it has not", "a_sync_makes_no_mapping"),
    ("DMA sync beside its map", r"DMA-API: .*syncs (?:DMA memory|device)", ""),
    ("DMA mappings overlap", r"DMA-API: .*overlapping mappings", "each_map_has_its_one_unmap"),
    ("DMA error not checked", r"DMA-API: .*failed to check map error", ""),
)
"""What a message is about, how it reads (since which kernel differs), and the promise it denies."""

KNOWN = tuple((about, re.compile(text), promise) for about, text, promise in SAYS)

MAY_BE = re.compile("page_pool|DMA-API|inflight|DMA mapping|DMA address")
"""What every known message contains: one look spares most lines the rest."""

LONGEST = 2048
"""Of a line as much is read: the kernel cuts a message at about 1,000 bytes, and a journal puts its own before it."""

STAMP = re.compile(r"^(?:<\d+>)?\[ *\d+\.\d+(?:\]| *\]| T\d+\]| C\d+\])|\bkernel: ")
"""How a line of the log begins, as dmesg or a journal prints it."""


def message(line: str) -> Message | None:
    """The message in a line of the log, or None if it says nothing about pages."""
    if not MAY_BE.search(line):
        return None
    line = line[:LONGEST]
    for about, pattern, promise in KNOWN:
        if found := pattern.search(line):
            numbers = {name: int(value) for name, value in found.groupdict().items() if value is not None}
            return Message(
                line.strip()[:200], about, promise, numbers.get("pages"), numbers.get("seconds"), numbers.get("id")
            )
    return None


def is_log(line: str) -> bool:
    """Is this a line of the kernel's log, whatever it says?"""
    return STAMP.search(line) is not None
