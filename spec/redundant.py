"""What may be left out without anybody missing it, and why it stands; and what nothing notices that should be noticed.

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

UNNOTICED: dict[str, dict[str, str]] = {
    "posted": {
        "s.home[p] == pool of return count(s.pages, lambda p: s.home[p] == pool and s.place[p] == Place.RX_RING)": "it counts the rings of all pools: nothing says that one pool's full ring leaves the others theirs",
    },
    "recycle": {
        "go_home(s, page)": "wanted: a recycled page is idle in its pool",
    },
    "tx_complete": {
        "s.refs[page] > 0 of require(s.refs[page] > 0 or (s.home[page] != NOBODY and (not s.foreign[page])))": "wanted: TX of a page without a home completes while a reference remains",
    },
    "live_pools_of": {
        "s.device_of[q] == dev of return count(s.pools, lambda q: s.device_of[q] == dev and s.life[q] == Life.LIVE)": "it counts the pools of all devices: wanted: two devices have live pools up to the limit",
    },
    "pool_destroy": {
        "s.home[p] == pool of require(count(s.pages, lambda p: s.home[p] == pool and s.tx_dev[p] == s.device_of[pool]) == 0)": "wanted: a pool is destroyed while its device sends a page of another pool",
    },
    "scrub": {
        "s.life[pool] == Life.SCRUBBING of require(s.life[pool] == Life.SCRUBBING or s.life[pool] == Life.DETACHED)": "wanted: a page is scrubbed before destroy returns",
    },
    "unmap_early": {
        "s.dirty[page] = False": "wanted: a write that is never synced is forgotten with its mapping",
    },
    "pool_free": {
        "s.life[pool] == Life.SCRUBBING of require(s.life[pool] == Life.SCRUBBING or s.life[pool] == Life.DETACHED)": "wanted: a pool with nothing out is freed by destroy itself",
    },
    "cpu_write": {
        "s.dirty[page] = True": "wanted: the cpu has written a page",
    },
    "put": {
        "s.refs[page] > 1 of require(s.refs[page] > 1 or s.place[page] == Place.TX)": "wanted: of two references of the stack one is put",
        "s.place[page] == Place.TX of require(s.refs[page] > 1 or s.place[page] == Place.TX)": "wanted: the stack's last reference is put while TX reads the page",
        "s.refs[page] -= 1": "wanted: of two references of the stack one is put",
    },
    "device_unbind": {
        "s.device_of[q] == dev of require(not some(s.pools, lambda q: s.device_of[q] == dev and destroy_has_not_returned(s, q)))": "wanted: a device is unbound while another one has a live pool",
    },
}
"""Faults that break no invariant and lose no witness, and what would notice each."""
