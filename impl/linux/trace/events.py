# SPDX-License-Identifier: MIT
"""Events of a kernel's trace: one NamedTuple a kind, whichever kernel printed it and whichever tool recorded it.

Every event begins with the same four fields. `line` counts all lines of all files, from 1. `task` is comm-pid. `cpu` is
the CPU that printed it. `time` is in seconds, or a number of events under a clock that counts events.

`pool` is the address of a page_pool, or its hash. `page` is a page frame number, or the address of memory without one.
`address`, `size` and `direction` are those of a DMA mapping, in bytes.
"""

from __future__ import annotations

from typing import NamedTuple

from .dmesg import Message


class Hold(NamedTuple):
    """page_pool_state_hold: a page is counted in; `number` is pages_state_hold_cnt, modulo 2^32."""

    line: int
    task: str
    cpu: int
    time: float
    pool: int
    page: int
    number: int


class Release(NamedTuple):
    """page_pool_state_release: a page is counted out; `number` is pages_state_release_cnt, modulo 2^32."""

    line: int
    task: str
    cpu: int
    time: float
    pool: int
    page: int
    number: int


class PoolRelease(NamedTuple):
    """page_pool_release: both counters of a destroyed pool; `cnt` numbers its reports, where it is printed."""

    line: int
    task: str
    cpu: int
    time: float
    pool: int
    inflight: int
    hold: int
    release: int
    cnt: int


class NodeChange(NamedTuple):
    """page_pool_update_nid: the NUMA node of a pool changes."""

    line: int
    task: str
    cpu: int
    time: float
    pool: int
    pool_nid: int
    new_nid: int


class Connect(NamedTuple):
    """mem_connect: a pool is registered with XDP under a memory id, for an interface."""

    line: int
    task: str
    cpu: int
    time: float
    pool: int
    mem_id: int
    ifindex: int


class Disconnect(NamedTuple):
    """mem_disconnect: a pool is no longer registered with XDP; its freeing follows."""

    line: int
    task: str
    cpu: int
    time: float
    pool: int
    mem_id: int


class Map(NamedTuple):
    """dma_map_page, dma_map_phys: a page is mapped for a device."""

    line: int
    task: str
    cpu: int
    time: float
    page: int
    address: int
    device: str
    direction: str
    size: int


class Unmap(NamedTuple):
    """dma_unmap_page, dma_unmap_phys: a mapping ends."""

    line: int
    task: str
    cpu: int
    time: float
    address: int
    device: str
    direction: str
    size: int


class Sync(NamedTuple):
    """dma_sync_single_for_cpu, dma_sync_single_for_device: part of a mapping is synced; `side` is "cpu" or "device"."""

    line: int
    task: str
    cpu: int
    time: float
    address: int
    device: str
    direction: str
    size: int
    side: str


class PageAlloc(NamedTuple):
    """mm_page_alloc: the page allocator hands out 2^order pages."""

    line: int
    task: str
    cpu: int
    time: float
    page: int
    order: int


class PageFree(NamedTuple):
    """mm_page_free, mm_page_free_batched: 2^order pages go back to the page allocator."""

    line: int
    task: str
    cpu: int
    time: float
    page: int
    order: int


class LogMessage(NamedTuple):
    """A message of the kernel's log about pages."""

    line: int
    task: str
    cpu: int
    time: float
    message: Message


class Lost(NamedTuple):
    """Events of this CPU were lost before this line; `number` is 0 where the text does not give it."""

    line: int
    task: str
    cpu: int
    time: float
    number: int


class Gap(NamedTuple):
    """Another recording begins: between the two nothing was recorded."""

    line: int
    task: str
    cpu: int
    time: float


class Other(NamedTuple):
    """An event that is parsed and not judged: kprobes, skb, coherent DMA."""

    line: int
    task: str
    cpu: int
    time: float
    name: str


Event = (
    Hold | Release | PoolRelease | NodeChange | Connect | Disconnect | Map | Unmap | Sync | PageAlloc | PageFree
    | LogMessage | Lost | Gap | Other
)  # fmt: skip

NAMES: dict[type[Event], str] = {
    Hold: "hold",
    Release: "release",
    PoolRelease: "pool_release",
    NodeChange: "nid",
    Connect: "connect",
    Disconnect: "disconnect",
    Map: "map",
    Unmap: "unmap",
    Sync: "sync",
    PageAlloc: "page_alloc",
    PageFree: "page_free",
    LogMessage: "message",
    Lost: "lost",
    Gap: "gap",
    Other: "other",
}
"""The name of each kind of event, in reports and JSON."""

PREFIX = ("line", "task", "cpu", "time")
SHOWN = {"address": "dma", "direction": "dir"}
"""Fields that reports show under the kernel's name."""


def page_of(event: Event) -> int:
    """The page an event is about; 0 if it names none."""
    return getattr(event, "page", 0)


def described(event: Event) -> str:
    """An event in one line, for reports."""
    fields = ((name, value) for name, value in event._asdict().items() if name not in PREFIX)
    shown = " ".join(f"{SHOWN.get(name, name)}={_value(name, value)}" for name, value in fields)
    return f"{NAMES[type(event)]} {shown} by {event.task} on cpu {event.cpu}"


def _value(name: str, value: object) -> str:
    prefix = {"pool": "", "page": "0x", "address": ""}.get(name)
    return f"{prefix}{value:x}" if prefix is not None else f"{value}"
