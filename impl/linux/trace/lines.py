# SPDX-License-Identifier: MIT
"""Parses a line of text into an event, as kernels since 5.3 and the usual tools print it.

The prefixes are those of ftrace (`trace`, `trace_pipe`), `trace-cmd report` and `perf script`; the last two follow the
tools' documentation and are untested on a recording. Fields are those of the kernels' trace headers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .events import (
    Connect,
    Disconnect,
    Event,
    Hold,
    Lost,
    Map,
    NodeChange,
    Other,
    PageAlloc,
    PageFree,
    PoolRelease,
    Release,
    Sync,
    Unmap,
)

# The fields of a hold stand in two expressions: COUNTED reads a whole line at once, HELD the fields alone. Teach both.
COUNTED = re.compile(
    r" *([^\[ ][^\[]*-\d{1,10}) +\[(\d{1,6})\] \S+ +(\d{1,20}(?:\.\d{1,9})?): page_pool_state_(hold|release): "
    r"page_pool=([0-9a-f]{1,16}) (page|netmem)=([0-9a-f]{1,16}) (?:is_net_iov=(\d),? )?pfn=0x([0-9a-f]{1,16}) "
    r"(?:hold|release)=(\d{1,10})\s*$",
    re.ASCII,
)
"""A hold or release as ftrace prints it: most lines, in one match."""

COUNTED_KINDS: dict[str, Any] = {"hold": Hold, "release": Release}

PREFIX = re.compile(
    r" *(\S.*?)(?:-|(?<! ) +)(\d{1,10})(?:/\d{1,10})? +(?:\([ \d-]+\) +)?\[(\d{1,6})\] +(?:[^\s:]{4,8} +)?"
    r"(\d{1,20}(?:\.\d{1,9})?): +(?:\w+:)?(\w+): *(.*)$",
    re.ASCII,
)
"""Task, pid, cpu, time, event and fields, under any of the prefixes."""

PERF = re.compile(r"^ *\S.* \d+(?:/\d+)? +\[\d+\] +\d+\.\d+: +\w+:\w+:")
"""A line of `perf script`: the pid is a word of its own, the event has its system as a prefix."""

LOST_LINE = re.compile(
    r"^ *CPU[: ]*(\d{1,6})\b.*\[(?:LOST (?:(\d{1,20}) )?EVENTS|(?:(\d{1,20}) )?EVENTS DROPPED)\]|PERF_RECORD_LOST"
    r"|^#+ CPU (\d{1,6}) buffer started #+",
    re.ASCII,
)
"""The lines of ftrace, trace-cmd and perf about lost events; the last of them is about the first events of a CPU."""

NUMBER, ADDRESS = r"(\d{1,20})", r"(?:0x)?([0-9a-f]{1,16})"
"""No number or address of a kernel has more digits; longer ones are not parsed."""

HELD = re.compile(
    rf"page_pool={ADDRESS} (page|netmem)={ADDRESS} (?:is_net_iov=(\d),? )?"
    rf"(?:pfn={ADDRESS} )?(?:hold|release)={NUMBER}(?!\d)",
    re.ASCII,
)
SUM = re.compile(
    rf"page_pool={ADDRESS} inflight=(-?\d{{1,20}}) hold={NUMBER} release={NUMBER}(?!\d)(?: cnt={NUMBER}(?!\d))?",
    re.ASCII,
)
NODE = re.compile(rf"page_pool={ADDRESS} pool_nid=(-?\d{{1,20}}) new_nid=(-?\d{{1,20}})(?!\d)", re.ASCII)
MEMORY = re.compile(rf"mem_id={NUMBER} mem_type=(\w*) allocator={ADDRESS}(?: ifindex={NUMBER})?(?!\w)", re.ASCII)
MAPPED = re.compile(
    rf"(\S+) dir=(\w+) dma_addr=([0-9a-f]{{1,16}}) size={NUMBER}(?!\d)(?: phys_addr=([0-9a-f]{{1,16}}))?(?!\w)",
    re.ASCII,
)
PAGE = re.compile(rf"page={ADDRESS} pfn={ADDRESS}(?: order={NUMBER})?(?!\w)", re.ASCII)

Parsed = tuple[type[Event], tuple[Any, ...]]
"""The kind of an event and its fields behind the prefix."""

Parser = Callable[[str], Parsed | None]


def _counted(kind: type[Hold | Release]) -> Parser:
    def parse(fields: str) -> Parsed | None:
        if not (m := HELD.match(fields)):
            return None
        pool, _, address, iov, pfn, number = m.groups()
        has_frame = iov in (None, "0") and pfn is not None
        return kind, (int(pool, 16), int(pfn if has_frame else address, 16), int(number))

    return parse


def _sum(fields: str) -> Parsed | None:
    if not (m := SUM.match(fields)):
        return None
    return PoolRelease, (int(m[1], 16), int(m[2]), int(m[3]), int(m[4]), int(m[5] or 0))


def _node(fields: str) -> Parsed | None:
    return (NodeChange, (int(m[1], 16), int(m[2]), int(m[3]))) if (m := NODE.match(fields)) else None


def _connect(fields: str) -> Parsed | None:
    return (Connect, (_pool(m), int(m[1]), int(m[4] or 0))) if (m := MEMORY.match(fields)) else None


def _disconnect(fields: str) -> Parsed | None:
    return (Disconnect, (_pool(m), int(m[1]))) if (m := MEMORY.match(fields)) else None


def _pool(m: re.Match[str]) -> int:
    """The pool that is registered; 6.1 prints no type once it is freed. 0 if the memory is not a pool's."""
    return int(m[3], 16) if m[2] in ("PAGE_POOL", "") else 0


FAILED = (2**64 - 1, 2**32 - 1)
"""The DMA address of a mapping that failed."""


def _map(fields: str) -> Parsed | None:
    if not (m := MAPPED.match(fields)) or m[5] is None:
        return None
    if int(m[3], 16) in FAILED:
        return Other, ("a failed dma_map",)
    return Map, (int(m[5], 16) >> 12, int(m[3], 16), m[1], m[2], int(m[4]))


def _unmap(fields: str) -> Parsed | None:
    return _mapping(fields, Unmap)


def _sync(side: str) -> Parser:
    return lambda fields: _mapping(fields, Sync, side)


def _mapping(fields: str, kind: type[Unmap | Sync], *side: str) -> Parsed | None:
    if not (m := MAPPED.match(fields)) or m[5] is not None:
        return None
    if int(m[3], 16) in FAILED:
        return Other, ("a failed dma_map",)
    return kind, (int(m[3], 16), m[1], m[2], int(m[4]), *side)


def _page(kind: type[PageAlloc | PageFree]) -> Parser:
    def parse(fields: str) -> Parsed | None:
        return (kind, (int(m[2], 16), int(m[3] or 0))) if (m := PAGE.match(fields)) else None

    return parse


READERS: dict[str, Parser] = {
    "page_pool_state_hold": _counted(Hold),
    "page_pool_state_release": _counted(Release),
    "page_pool_release": _sum,
    "page_pool_inflight": _sum,
    "page_pool_update_nid": _node,
    "mem_connect": _connect,
    "mem_disconnect": _disconnect,
    "dma_map_page": _map,
    "dma_map_phys": _map,
    "dma_unmap_page": _unmap,
    "dma_unmap_phys": _unmap,
    "dma_sync_single_for_cpu": _sync("cpu"),
    "dma_sync_single_for_device": _sync("device"),
    "mm_page_alloc": _page(PageAlloc),
    "mm_page_free": _page(PageFree),
    "mm_page_free_batched": _page(PageFree),
}
"""The parsers of the events that are judged, by the kernel's name."""

NAMED = re.compile(rf"\d(?:us)?[ +!#*@$]*: *(?:\w+:)?(?:{'|'.join(READERS)}): ", re.ASCII)
"""A time followed by the name of an event that is judged."""

PART = re.compile(
    r"\b(?:page_pool|netmem|pfn|hold|release|inflight|mem_id|allocator|dma_addr|phys_addr)=[(0-9a-zA-Z_-]"
    r"|\S-\d{1,10} +(?:\([ \d-]+\) +)?\[\d{3,6}\] |\bpage_pool_(?:state|release):? *\w{0,10}$|page_pool_sta\w{0,12}$",
    re.ASCII,
)
"""A field of such an event, or a task and its CPU: a piece of a line that was cut or wrapped."""

COLOUR = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
"""An escape sequence that changes a terminal's colour."""


def is_of_an_event(line: str) -> bool:
    """True if this line, which was not parsed, has the name of an event that is judged."""
    return NAMED.search(COLOUR.sub("", line)) is not None


def is_of_a_piece(line: str) -> bool:
    """True if this line, which was not parsed, is a piece of such an event."""
    return PART.search(COLOUR.sub("", line)) is not None


def _has_another(fields: str) -> bool:
    """True if a line has two events, the end of the first being lost."""
    return "\r" in fields.rstrip("\r") or ("[" in fields and NAMED.search(fields) is not None)


def event(line: str, number: int) -> Event | None:
    """The event in a line; None if the line has none, or if its fields are not those of its name."""
    if m := COUNTED.match(line):
        task, cpu, at, kind, pool, _, address, iov, pfn, count = m.groups()
        page = pfn if iov != "1" else address
        values = (number, task, int(cpu), float(at), int(pool, 16), int(page, 16), int(count))
        made: Event = tuple.__new__(COUNTED_KINDS[kind], values)  # twice as fast as a call of the class
        return made
    if not (m := PREFIX.match(line)):
        return None
    task, pid, cpu, at, name, fields = m.groups()
    if _has_another(fields):
        return None
    parse = READERS.get(name)
    parsed = parse(fields) if parse else (Other, (name,))
    return parsed and parsed[0](number, f"{task}-{pid}", int(cpu), float(at), *parsed[1])


def lost(line: str, number: int) -> Lost | None:
    """The event for lost events, or None."""
    if not (m := LOST_LINE.search(line)):
        return None
    return Lost(number, "", int(m[1] or m[4] or 0), 0.0, int(m[2] or m[3] or 0))
