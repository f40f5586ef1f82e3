"""What a kernel's trace says, event by event, whichever kernel printed it and whichever tool recorded it."""

from __future__ import annotations

from typing import Any, NamedTuple

HOLD, RELEASE = "hold", "release"
POOL_RELEASE, NID = "pool_release", "nid"
CONNECT, DISCONNECT = "connect", "disconnect"
MAP, UNMAP = "map", "unmap"
SYNC = "sync"
PAGE_ALLOC, PAGE_FREE = "page_alloc", "page_free"
MESSAGE, LOST, GAP, OTHER = "message", "lost", "gap", "other"
"""Kinds of events; OTHER is understood as a line of a trace and not judged (kprobes, skb, coherent DMA)."""

KINDS_OF_DMA = (MAP, UNMAP, SYNC)


class Event(NamedTuple):
    """One line of a trace.

    `line` counts all lines of all files, from 1; `time` is in seconds, or a number of events under the clock `counter`.
    `pool` is the address of a page_pool (or its hash), `page` a page frame number, or the address of what has none;
    0 where the event names none. `number` is the counter of a hold or release, the DMA address of a map, unmap or sync,
    the events that were lost. `more` are the fields that only this kind has:

    pool_release  (inflight, hold, release, cnt)
    connect       (mem_id, ifindex)
    disconnect    (mem_id,)
    map           (device, direction, size); `page` is that of the physical address
    unmap         (device, direction, size)
    sync          (device, direction, size, "cpu" or "device")
    nid           (pool_nid, new_nid)
    page_alloc, page_free  (order,)
    message       (what the kernel's log said, a `dmesg.Message`)
    other         (the event's name,)
    """

    kind: str
    line: int
    task: str
    cpu: int
    time: float
    pool: int = 0
    page: int = 0
    number: int = 0
    more: tuple[Any, ...] = ()


def told(event: Event) -> str:
    """An event in one line, as a report says it."""
    fields: dict[str, object] = {
        "pool": f"{event.pool:x}" if event.pool else "",
        "page": f"0x{event.page:x}" if event.page else "",
    }
    if event.kind in KINDS_OF_DMA:
        fields |= {"dma": f"{event.number:x}", "device": event.more[0], "dir": event.more[1], "size": event.more[2]}
    elif event.kind == POOL_RELEASE:
        fields |= dict(zip(("inflight", "hold", "release", "cnt"), event.more, strict=True))
    elif event.kind in (HOLD, RELEASE):
        fields |= {"number": event.number}
    said = " ".join(f"{name}={value}" for name, value in fields.items() if value != "")
    return f"{event.kind} {said} by {event.task} on cpu {event.cpu}"
