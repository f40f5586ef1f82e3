# SPDX-License-Identifier: MIT
"""Lines as kernels print them, and runs of the rules printed as a kernel would print them."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

from spec.dsl import Instance, Machine, World

PAGES, POOLS, DEVICES = (
    (0x6E00, 0x6E01, 0x6E02),
    (0xFF11000000A000, 0xFF11000000B000, 0xFF11000000C000),
    ("eth0", "eth1"),
)
A, B = PAGES[:2]
P, Q = POOLS[:2]
ETH0, ETH1 = DEVICES
DMA_A, DMA_B = 0x1000000, 0x2000000
CLOCK = "#! trace_clock: local [global] counter"


class Printer:
    """A trace that is written line by line."""

    def __init__(self, task: str = "xdpt-7", cpu: int = 1) -> None:
        self.lines, self.task, self.cpu, self.waited = [CLOCK], task, cpu, 0.0

    def print(self, event: str, fields: str, cpu: int | None = None) -> Printer:
        """One line."""
        at = f"{self.waited + len(self.lines) / 1000:.6f}"
        self.lines.append(f"  {self.task}  [{self.cpu if cpu is None else cpu:03}] b...1  {at}: {event}: {fields}")
        return self

    def wait(self, seconds: float = 10.0) -> Printer:
        """Nothing is printed for a while; then a line that is about no pool."""
        self.waited += seconds
        return self.print("mem_connect", "mem_id=9 mem_type=PAGE_SHARED allocator=0000000000000000 ifindex=1")

    def hold(self, pool: int, page: int, number: int, cpu: int | None = None) -> Printer:
        return self.print("page_pool_state_hold", _counted(pool, page, "hold", number), cpu)

    def release(self, pool: int, page: int, number: int, cpu: int | None = None) -> Printer:
        return self.print("page_pool_state_release", _counted(pool, page, "release", number), cpu)

    def total(self, pool: int, inflight: int, hold: int, release: int, cnt: int = 1) -> Printer:
        return self.print(
            "page_pool_release", f"page_pool={pool:x} inflight={inflight} hold={hold} release={release} cnt={cnt}"
        )

    def map(self, page: int, device: str, address: int, size: int = 4096, direction: str = "BIDIRECTIONAL") -> Printer:
        fields = f"{device} dir={direction} dma_addr={address:x} size={size} phys_addr={page << 12:x} attrs="
        return self.print("dma_map_page", fields)

    def unmap(self, device: str, address: int, size: int = 4096, direction: str = "BIDIRECTIONAL") -> Printer:
        return self.print("dma_unmap_page", f"{device} dir={direction} dma_addr={address:x} size={size} attrs=")

    def sync(self, device: str, address: int, size: int = 64, direction: str = "BIDIRECTIONAL") -> Printer:
        return self.print("dma_sync_single_for_cpu", f"{device} dir={direction} dma_addr={address:x} size={size}")


def _counted(pool: int, page: int, word: str, number: int) -> str:
    comma = "," if word == "hold" else ""
    return f"page_pool={pool:x} netmem={page * 64:x} is_net_iov=0{comma} pfn=0x{page:x} {word}={number}"


SIZES = dict(pages=2, pools=3, devices=2, ring_size=1, tx_limit=1, max_refs=3, live_pools=2)


def run(machine: Machine, seed: int, steps: int, with_dma: bool) -> list[str]:
    """A random run of the rules among several pages and pools, printed as 6.12 prints it."""
    random, world, out = Random(seed), World(machine, SIZES), Printer()
    code, counts = random.choice(world.initial()), {"hold": [0] * 3, "returned": [0] * 3}
    for _ in range(steps):
        taken = [(n, after, world.raised()) for n, after in world.successors(code)]
        if not taken:
            break
        n, after, raised = random.choice(taken)
        _print(out, world.instances[n], raised, counts, with_dma)
        code = after
    return out.lines


def _print(
    out: Printer,
    instance: Instance,
    raised: Iterable[tuple[str, Any]],
    counts: dict[str, list[int]],
    with_dma: bool,
) -> None:
    for name, key in raised:
        if name in counts:
            pool = key.index
            counts[name][pool] += 1
            write = out.hold if name == "hold" else out.release
            page = instance.args[0].index
            write(POOLS[pool], PAGES[page], counts[name][pool], cpu=page % 2)
        elif with_dma:
            page, device = (k.index for k in key)
            address = (PAGES[page] << 12) + (device << 40)
            out.map(PAGES[page], DEVICES[device], address) if name == "maps" else out.unmap(DEVICES[device], address)
    if instance.action.name in ("pool_detach", "pool_free"):
        pool = instance.args[0].index
        hold, release = counts["hold"][pool], counts["returned"][pool]
        out.total(POOLS[pool], hold - release, hold, release, 1 if instance.action.name == "pool_detach" else 2)


def mapped() -> Printer:
    """Two pages in a pool that maps them for eth0."""
    p = Printer()
    for n, (page, address) in enumerate(((A, DMA_A), (B, DMA_B)), 1):
        p.map(page, ETH0, address)
        p.hold(P, page, n)
    return p
