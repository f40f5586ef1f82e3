"""What may be left out without anybody missing it, and why it stands all the same.

By function, each guard, part or update as docs/tables/planted-faults.md names it.
"""

UNNEEDED: dict[str, dict[str, str]] = {
    "leave": {
        "require(s.life[pool] == Life.LIVE)": "on a destroyed pool the same step is a scrub; this says that the consumer is stopped",
    },
    "reclaim": {
        "leave(s, page, pool)": "the step is leave, taken by the allocator: this says that it may come from outside the driver",
    },
    "sync_for_cpu": {
        "require(s.dma[page, s.device_of[pool]] == Dma.DEVICE)": "a live pool's page is mapped; the cpu may take its turn again",
    },
    "sync_for_device": {
        "require(s.dma[page, s.device_of[pool]] == Dma.CPU)": "a live pool's page is mapped; giving the turn twice changes nothing",
    },
    "xdp_drop": {
        "require(s.home[page] == pool)": "without it this is recycle, which any holder may do; this says whose NAPI poll it is",
        "require(s.life[pool] == Life.LIVE)": "without it this is recycle, which any holder may do; this says that NAPI still runs",
        "recycle(s, page)": "the step is recycle, taken by the driver in its NAPI poll: a name of its own for T22",
    },
    "xdp_tx": {
        "require(s.refs[page] >= 1)": "with the stack a page with a home has a holder; this says whose reference TX takes",
    },
    "redirect": {
        "require(s.place[page] == Place.STACK)": "a page being sent is in its sender's turn, so shown_to_cpu refuses it too",
    },
    "scrub": {
        "require(s.life[pool] == Life.SCRUBBING or s.life[pool] == Life.DETACHED)": "on a live pool the same step is leave; this says that only destroy scrubs",
    },
    "cpu_write": {
        "require(s.place[page] == Place.STACK)": "elsewhere the page has no holder, or is in a device's turn",
    },
    "get_page": {
        "require(not s.foreign[page])": "one bit stands for any number of foreign references",
    },
    "put_page": {
        "require(s.foreign[page])": "without a foreign reference there is nothing it would change",
        "s.dirty[page] = False": "a page whose last reference is foreign was unmapped or sent, which forgets the write; a free page is clean whatever led there",
    },
    "device_unbind": {
        "require(s.bind[dev] == Bind.BOUND)": "a device that is unbound stays so",
    },
}
