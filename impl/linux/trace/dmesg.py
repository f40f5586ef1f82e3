# SPDX-License-Identifier: MIT
"""Messages of the kernel's log about page pools and DMA mappings, and the invariant that each denies."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the log; `invariant` is the one it denies, '' if it only reports."""

    text: str
    about: str
    invariant: str
    pages: int | None = None
    seconds: int | None = None
    pool_id: int | None = None
    device: str = ""
    direction: str = ""
    mapped_as: str = ""

    def denies(self, devices: set[str]) -> bool:
        """True if it denies an invariant about pages, where these devices own pools.

        A message of the DMA API about a mapping counts only if a pool may have made it: for a device that owns one, of
        a single page, and not only for sending. What was left at unbind counts only with details that show this.
        """
        if not self.about.startswith("DMA"):
            return bool(self.invariant)
        is_told = bool(self.mapped_as) or self.about != LEFT
        is_a_pools = self.device in devices and self.mapped_as in OF_POOLS and self.direction != "TO_DEVICE"
        return bool(self.invariant) and is_told and is_a_pools

    def with_details(self, after: Message) -> Message:
        """The message with the details of the mapping in the message after it, if that has them."""
        if after.about != DETAILS or self.mapped_as:
            return self
        return replace(self, direction=after.direction, mapped_as=after.mapped_as, text=f"{self.text} {after.text}")


OF_POOLS = ("", "single", "page", "phys")
"""The kinds of mappings that pools make, as kernels print them; '' where a message has no kind."""

NUMBERS = "inflight_is_hold_minus_release"
STALL = "stalled pool shutdown"
LEFT, DETAILS = "DMA left at unbind", "details of a mapping"

PATTERNS: tuple[tuple[str, str, str], ...] = (
    (STALL, r"stalled pool shutdown:? (?:id (?P<id>\d+), )?(?P<pages>-?\d+) inflight (?P<seconds>\d+) sec", ""),
    ("negative inflight", r"Negative\((?P<pages>-?\d+)\) inflight packet-pages", NUMBERS),
    (
        "refcnt violation",
        r"page_pool refcnt (?P<pages>-?\d+) violation",
        "an_idle_page_has_no_references_and_no_sender",
    ),
    ("page_pool leak", r"page dumped because: page_pool leak", "a_page_has_a_home_exactly_while_a_pool_counts_it"),
    ("pool not created", r"page_pool_(?:create|create_percpu|init)\(\) (?:gave up|mem-provider init failed)", ""),
    ("DMA mapping not tracked", r"couldn't track DMA mapping|unexpected DMA address", ""),
    (LEFT, r"DMA-API: .*has pending DMA allocations while released", "no_mapping_outlives_the_driver"),
    ("DMA free of nothing", r"DMA-API: .*tries to free", "every_dma_map_has_exactly_one_unmap"),
    ("DMA free unlike its map", r"DMA-API: .*frees DMA memory with", "every_dma_map_has_exactly_one_unmap"),
    ("DMA sync of nothing", r"DMA-API: .*tries to sync DMA memory it has not", "a_sync_makes_no_mapping"),
    ("DMA sync beside its map", r"DMA-API: .*syncs (?:DMA memory|device)", ""),
    ("DMA mappings overlap", r"DMA-API: .*overlapping mappings", "every_dma_map_has_exactly_one_unmap"),
    (DETAILS, r"One of leaked entries details:", ""),
    ("DMA error not checked", r"DMA-API: .*failed to check map error", ""),
)
"""The subject of a message, its pattern (kernels differ), and the invariant it denies."""

KNOWN = tuple((about, re.compile(text), invariant) for about, text, invariant in PATTERNS)

OF_A_MAPPING = (
    ("device", re.compile(r"DMA-API: \S+ (\S+): ")),
    ("direction", re.compile(r"\[mapped with (?:DMA_)?(\w+)\]")),
    ("mapped_as", re.compile(r"\[mapped as ([\w -]+)\]")),
)
"""Fields of a mapping in messages of the DMA API's debugging: device, direction, kind."""

MAY_BE = re.compile("page_pool|DMA-API|inflight|DMA mapping|DMA address|leaked entries")
"""Every known message contains one of these; a first test that most lines fail."""

LONGEST = 2048
"""Characters that are read of a line: the kernel cuts a message at about 1,000 bytes, a journal adds a prefix."""

QUOTED = re.compile(r"^[>|\s]+|\s+$")
"""The marks of a quotation before a line, and blanks behind it."""

MOST_WRAPPED = 3
"""Lines over which a mail may wrap a message."""

STAMP = re.compile(r"^(?:<\d+>)?\[ *\d+\.\d+(?:\]| *\]| T\d+\]| C\d+\])|\bkernel: ")
"""The beginning of a line of the log, as dmesg or a journal prints it."""


def message(line: str) -> Message | None:
    """The message in a line of the log, or None if it has none about pages."""
    if not MAY_BE.search(line):
        return None
    line = line[:LONGEST]
    for about, pattern, invariant in KNOWN:
        if found := pattern.search(line):
            numbers = {name: int(value) for name, value in found.groupdict().items() if value is not None}
            pages, mapping = numbers.get("pages"), {n: m[1] for n, p in OF_A_MAPPING if (m := p.search(line))}
            invariant = NUMBERS if about == STALL and pages is not None and pages < 0 else invariant
            text = line.strip()[:200]
            return Message(text, about, invariant, pages, numbers.get("seconds"), numbers.get("id"), **mapping)
    return None


class Log:
    """Reads lines of the log in sequence; a message that a mail wrapped is read across its lines."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.joined, self.is_log = 0, False

    def take(self, line: str) -> Message | None:
        """The message that ends in this line; `joined` counts the lines without a stamp before it that belong to it."""
        self.is_log = self.is_log or is_log(line)
        found, self.joined = message(line), 0
        if found is None and self.begun and not is_log(line):
            self.begun.append(QUOTED.sub("", line[:LONGEST]))
            found, self.joined = message(" ".join(self.begun)), sum(not is_log(one) for one in self.begun[:-1])
        else:
            self.begun = [line[:LONGEST].strip()] if MAY_BE.search(line) else []
        if found is not None or len(self.begun) > MOST_WRAPPED:
            self.begun = []
        return found


def is_log(line: str) -> bool:
    """True for a line of the kernel's log, with any message."""
    return STAMP.search(line) is not None
