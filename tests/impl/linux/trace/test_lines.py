# SPDX-License-Identifier: MIT
"""A line gives the same event whichever kernel or tool printed it; other lines give none."""

from __future__ import annotations

import pytest

from impl.linux.trace.events import (
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
    Sync,
    Unmap,
    described,
)  # fmt: skip
from impl.linux.trace.lines import event, lost

FTRACE = "          <idle>-0       [001] ..s2.   11.607136: "
POOL, PAGE = 0xFF110000070D6800, 0xFFD40000001BA100
HOLDS = {
    "5.3, no pfn": f"page_pool_state_hold: page_pool={POOL:x} page={PAGE:x} hold=1",
    "6.1": f"page_pool_state_hold: page_pool={POOL:x} page={PAGE:x} pfn=0x6e84 hold=1",
    "6.12": f"page_pool_state_hold: page_pool={POOL:x} netmem={PAGE:x} is_net_iov=0, pfn=0x6e84 hold=1",
    "6.12, a net_iov": f"page_pool_state_hold: page_pool={POOL:x} netmem={PAGE | 1:x} is_net_iov=1, pfn=0x0 hold=1",
    "raw pointers": f"page_pool_state_hold: page_pool=0x{POOL:x} netmem=0x{PAGE:x} is_net_iov=0, pfn=0x6e84 hold=1",
}
PAGES = {"5.3, no pfn": PAGE, "6.12, a net_iov": PAGE | 1}


@pytest.mark.parametrize("kernel", HOLDS)
def test_a_hold_of_every_kernel_is_the_same_event(kernel: str) -> None:
    """The page is its frame number; memory without one is its address."""
    page = PAGES.get(kernel, 0x6E84)
    assert event(FTRACE + HOLDS[kernel], 7) == Hold(7, "<idle>-0", 1, 11.607136, POOL, page, 1)


PREFIXES = {
    "trace": ("  kworker/0:0-9       [000] b...1  11.607136: ", "kworker/0:0-9"),
    "trace with tgid": ("  xdpt-246 (    246) [000] b...1  11.607136: ", "xdpt-246"),
    "trace without flags": ("  xdpt-246 [000] 11.607136: ", "xdpt-246"),
    "trace-cmd report": ("     my task-246   [000] 11.607136: ", "my task-246"),
    "trace-cmd report, padded": ("            xdpt-246   [000]    11.607136: ", "xdpt-246"),
    "trace-cmd report with flags": ("     xdpt-246   [000] ..s1. 11.607136: ", "xdpt-246"),
    "perf script": ("xdpt   246 [000]    11.607136: page_pool:", "xdpt-246"),
    "perf script with tid": ("xdpt   246/246   [000]    11.607136: page_pool:", "xdpt-246"),
}


@pytest.mark.parametrize("tool", PREFIXES)
def test_the_prefix_of_every_tool_is_parsed(tool: str) -> None:
    """Task, CPU and time, in every format."""
    prefix, task = PREFIXES[tool]
    hold = HOLDS["6.12"].replace(": page_pool=", ":  page_pool=") if "padded" in tool else HOLDS["6.12"]
    found = event(prefix + hold, 1)
    assert isinstance(found, Hold)
    assert (found.task, found.cpu, found.time, found.number) == (task, 0, 11.607136, 1)


AT = (1, "<idle>-0", 1, 11.607136)
OTHERS: dict[str, Event] = {
    f"page_pool_release: page_pool={POOL:x} inflight=-3 hold=5 release=8 cnt=2": PoolRelease(*AT, POOL, -3, 5, 8, 2),
    f"page_pool_inflight: page_pool={POOL:x} inflight=3 hold=8 release=5": PoolRelease(*AT, POOL, 3, 8, 5, 0),
    f"page_pool_update_nid: page_pool={POOL:x} pool_nid=0 new_nid=-1": NodeChange(*AT, POOL, 0, -1),
    f"mem_connect: mem_id=6 mem_type=PAGE_POOL allocator={POOL:x} ifindex=2": Connect(*AT, POOL, 6, 2),
    f"mem_disconnect: mem_id=1 mem_type= allocator={POOL:x}": Disconnect(*AT, POOL, 1),
    "dma_map_page: 0000:00:04.0 dir=BIDIRECTIONAL dma_addr=6f2b000 size=4096 phys_addr=6e84000 attrs=": Map(
        *AT, 0x6E84, 0x6F2B000, "0000:00:04.0", "BIDIRECTIONAL", 4096
    ),
    "dma_map_phys: eth0 dir=TO_DEVICE dma_addr=6f2b000 size=60 phys_addr=6e84000 attrs=SKIP_CPU_SYNC|WEAK": Map(
        *AT, 0x6E84, 0x6F2B000, "eth0", "TO_DEVICE", 60
    ),
    "dma_unmap_page: eth0 dir=FROM_DEVICE dma_addr=6f2b000 size=4096 attrs=": Unmap(
        *AT, 0x6F2B000, "eth0", "FROM_DEVICE", 4096
    ),
    "dma_sync_single_for_cpu: eth0 dir=FROM_DEVICE dma_addr=6f2b100 size=60": Sync(
        *AT, 0x6F2B100, "eth0", "FROM_DEVICE", 60, "cpu"
    ),
    "mm_page_free: page=00000000ad8ce2a4 pfn=0x6e84 order=3": PageFree(*AT, 0x6E84, 3),
    "mm_page_free_batched: page=00000000ad8ce2a4 pfn=0x6e84 order=0": PageFree(*AT, 0x6E84, 0),
    "mm_page_alloc: page=00000000ad8ce2a4 pfn=0x6e84 order=0 migratetype=0 gfp_flags=GFP_KERNEL": PageAlloc(
        *AT, 0x6E84, 0
    ),
    "alloc_ret: (page_pool_alloc_netmems+0x0/0x70 <- x) pool=0xff11": Other(*AT, "alloc_ret"),
    "dma_map_page: eth0 dir=TO_DEVICE dma_addr=ffffffffffffffff size=60 phys_addr=6e84000 attrs=": Other(
        *AT, "a failed dma_map"
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", OTHERS)
def test_every_other_event_is_parsed(text: str) -> None:
    """Kind and fields; an event that is not judged has its name."""
    found = event(FTRACE + text, 1)
    assert (type(found), found) == (type(OTHERS[text]), OTHERS[text])


NONE = [
    "",
    "no event at all",
    FTRACE,
    FTRACE + "page_pool_state_hold: page_pool=xyz",
    FTRACE + "dma_map_page: eth0 dir=TO_DEVICE dma_addr=1000 size=60",
    FTRACE + "page_pool_release: page_pool=ff11 inflight=x",
]


@pytest.mark.parametrize("text", NONE)
def test_a_line_that_is_not_an_event_gives_none(text: str) -> None:
    """A line that lacks a field of its event gives none either."""
    assert event(text, 1) is None


LOSSES = {
    "CPU:1 [LOST 123 EVENTS]": (1, 123),
    "CPU:0 [LOST EVENTS]": (0, 0),
    "CPU:1 [12 EVENTS DROPPED]": (1, 12),
    "CPU:1 [EVENTS DROPPED]": (1, 0),
}


@pytest.mark.parametrize("text", LOSSES)
def test_a_loss_of_events_is_parsed(text: str) -> None:
    """ftrace and trace-cmd print it as a line of its own; no other line is one."""
    cpu, number = LOSSES[text]
    assert lost(text, 3) == Lost(3, "", cpu, 0.0, number)
    assert lost(FTRACE + HOLDS["6.12"], 3) is None


def test_an_event_is_described_in_one_line() -> None:
    """With pool, page and number, task and CPU; addresses are hexadecimal."""
    found = event(FTRACE + HOLDS["6.12"], 1)
    assert found is not None
    assert described(found) == f"hold pool={POOL:x} page=0x6e84 number=1 by <idle>-0 on cpu 1"
    mapped = Map(*AT, 0x6E84, 0x6F2B000, "eth0", "TO_DEVICE", 60)
    assert described(mapped) == "map page=0x6e84 dma=6f2b000 device=eth0 dir=TO_DEVICE size=60 by <idle>-0 on cpu 1"
