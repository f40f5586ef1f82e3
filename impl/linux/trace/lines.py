"""A line of text as an event: every way in which kernels since 5.3 and the usual tools print it.

The prefixes are those of ftrace (`trace`, `trace_pipe`), of `trace-cmd report` and of `perf script`; the last two are
read by their documentation and untested on a recording. Fields are those of the kernels' own trace headers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .events import (
    CONNECT,
    DISCONNECT,
    HOLD,
    LOST,
    MAP,
    NID,
    OTHER,
    PAGE_ALLOC,
    PAGE_FREE,
    POOL_RELEASE,
    RELEASE,
    SYNC,
    UNMAP,
    Event,
)

COUNTED = re.compile(
    r" *([^\[ ][^\[]*-\d{1,10}) +\[(\d{1,6})\] \S+ +(\d{1,20}(?:\.\d{1,9})?): page_pool_state_(hold|release): "
    r"page_pool=([0-9a-f]{1,16}) (page|netmem)=([0-9a-f]{1,16}) (?:is_net_iov=(\d),? )?pfn=0x([0-9a-f]{1,16}) "
    r"(?:hold|release)=(\d{1,10})\s*$",
    re.ASCII,
)
"""A hold or release as ftrace prints it: what most lines are, in one match."""

PREFIX = re.compile(
    r" *(\S.*?)(?:-|(?<! ) +)(\d{1,10})(?:/\d{1,10})? +(?:\([ \d-]+\) +)?\[(\d{1,6})\] +(?:[^\s:]{4,8} +)?"
    r"(\d{1,20}(?:\.\d{1,9})?): +(?:\w+:)?(\w+): *(.*)$",
    re.ASCII,
)
"""Task, pid, cpu, time, event and fields, under any of the prefixes."""

PERF = re.compile(r"^ *\S.* \d+(?:/\d+)? +\[\d+\] +\d+\.\d+: +\w+:\w+:")
"""A line of `perf script`: the pid stands apart, the event has its system before it."""

LOST_LINE = re.compile(
    r"^ *CPU[: ]*(\d{1,6})\b.*\[(?:LOST (?:(\d{1,20}) )?EVENTS|(?:(\d{1,20}) )?EVENTS DROPPED)\]|PERF_RECORD_LOST"
    r"|^#+ CPU (\d{1,6}) buffer started #+",
    re.ASCII,
)
"""The word of ftrace, trace-cmd and perf that events were lost; the last is about the first events of a CPU."""

NUMBER, ADDRESS = r"(\d{1,20})", r"(?:0x)?([0-9a-f]{1,16})"
"""Nothing that a kernel counts or addresses has more digits; longer ones are not understood."""

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

Made = tuple[str, int, int, int, tuple[Any, ...]]
"""Kind, pool, page, number and more: an event without its prefix."""


def _counted(kind: str) -> Callable[[str], Made | None]:
    def made(fields: str) -> Made | None:
        if not (m := HELD.match(fields)):
            return None
        pool, _, address, iov, pfn, number = m.groups()
        has_frame = iov in (None, "0") and pfn is not None
        return kind, int(pool, 16), int(pfn if has_frame else address, 16), int(number), ()

    return made


def _sum(fields: str) -> Made | None:
    if not (m := SUM.match(fields)):
        return None
    return POOL_RELEASE, int(m[1], 16), 0, 0, (int(m[2]), int(m[3]), int(m[4]), int(m[5] or 0))


def _node(fields: str) -> Made | None:
    return (NID, int(m[1], 16), 0, 0, (int(m[2]), int(m[3]))) if (m := NODE.match(fields)) else None


def _memory(kind: str) -> Callable[[str], Made | None]:
    def made(fields: str) -> Made | None:
        if not (m := MEMORY.match(fields)):
            return None
        pool = int(m[3], 16) if m[2] in ("PAGE_POOL", "") else 0  # 6.1 prints no type once the pool is gone
        return kind, pool, 0, 0, (int(m[1]), int(m[4] or 0))

    return made


NO_MAPPING = (2**64 - 1, 2**32 - 1)
"""The DMA address of a mapping that failed."""


def _mapping(kind: str, side: str = "") -> Callable[[str], Made | None]:
    def made(fields: str) -> Made | None:
        if not (m := MAPPED.match(fields)) or (kind == MAP) != (m[5] is not None):
            return None
        address, more = int(m[3], 16), (m[1], m[2], int(m[4]), *([side] if side else []))
        if address in NO_MAPPING:
            return OTHER, 0, 0, 0, ("a failed dma_map",)
        return kind, 0, int(m[5], 16) >> 12 if m[5] else 0, address, more

    return made


def _page(kind: str) -> Callable[[str], Made | None]:
    def made(fields: str) -> Made | None:
        return (kind, 0, int(m[2], 16), 0, (int(m[3] or 0),)) if (m := PAGE.match(fields)) else None

    return made


READERS: dict[str, Callable[[str], Made | None]] = {
    "page_pool_state_hold": _counted(HOLD),
    "page_pool_state_release": _counted(RELEASE),
    "page_pool_release": _sum,
    "page_pool_inflight": _sum,
    "page_pool_update_nid": _node,
    "mem_connect": _memory(CONNECT),
    "mem_disconnect": _memory(DISCONNECT),
    "dma_map_page": _mapping(MAP),
    "dma_map_phys": _mapping(MAP),
    "dma_unmap_page": _mapping(UNMAP),
    "dma_unmap_phys": _mapping(UNMAP),
    "dma_sync_single_for_cpu": _mapping(SYNC, "cpu"),
    "dma_sync_single_for_device": _mapping(SYNC, "device"),
    "mm_page_alloc": _page(PAGE_ALLOC),
    "mm_page_free": _page(PAGE_FREE),
    "mm_page_free_batched": _page(PAGE_FREE),
}
"""The events that are judged, by the name the kernel gives them."""

NAMED = re.compile(rf"\d(?:us)?[ +!#*@$]*: *(?:\w+:)?(?:{'|'.join(READERS)}): ", re.ASCII)
"""A time, and behind it the name of an event that is judged."""

PART = re.compile(
    r"\b(?:page_pool|netmem|pfn|hold|release|inflight|mem_id|allocator|dma_addr|phys_addr)=[(0-9a-zA-Z_-]"
    r"|\S-\d{1,10} +(?:\([ \d-]+\) +)?\[\d{3,6}\] |\bpage_pool_(?:state|release):? *\w{0,10}$|page_pool_sta\w{0,12}$",
    re.ASCII,
)
"""A field of such an event, or a task on its CPU: a piece of a line that was cut or wrapped."""

COLOUR = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
"""A code by which a terminal changes colour."""


def is_of_an_event(line: str) -> bool:
    """Does this line, which was not understood, have the name of an event that is judged?"""
    return NAMED.search(COLOUR.sub("", line)) is not None


def is_of_a_piece(line: str) -> bool:
    """Is this line, which was not understood, a piece of such an event?"""
    return PART.search(COLOUR.sub("", line)) is not None


def _has_another(fields: str) -> bool:
    """Do two events stand in one line, the end of the first having been lost?"""
    return "\r" in fields.rstrip("\r") or ("[" in fields and NAMED.search(fields) is not None)


def event(line: str, number: int) -> Event | None:
    """The event in a line, or None if the line is none or its fields are not those of its name."""
    if m := COUNTED.match(line):
        task, cpu, at, kind, pool, _, address, iov, pfn, count = m.groups()
        page = pfn if iov != "1" else address
        said = (kind, number, task, int(cpu), float(at), int(pool, 16), int(page, 16), int(count), ())
        return tuple.__new__(Event, said)  # what Event(...) makes, in half the time: this is most of reading
    if not (m := PREFIX.match(line)):
        return None
    task, pid, cpu, at, name, fields = m.groups()
    if _has_another(fields):
        return None
    read = READERS.get(name)
    made = read(fields) if read else (OTHER, 0, 0, 0, (name,))
    return made and Event(made[0], number, f"{task}-{pid}", int(cpu), float(at), *made[1:])


def lost(line: str, number: int) -> Event | None:
    """The word that events were lost, and how many if it says so."""
    if not (m := LOST_LINE.search(line)):
        return None
    return Event(LOST, number, "", int(m[1] or m[4] or 0), 0.0, number=int(m[2] or m[3] or 0))
