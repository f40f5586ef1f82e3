# SPDX-License-Identifier: MIT
"""Guards and updates that no property needs, each with the reason we keep it; and faults that no property detects.

By function; each guard, part of a guard or update as docs/tables/planted-faults.md names it. `tests/quality` holds that
the lists are complete: every planted fault is detected or listed here.
"""

REDUNDANT: dict[str, dict[str, str]] = {
    "return_idle": {
        "require(s.life[pool] == Life.LIVE)": "on a destroyed pool the same step is a scrub; the guard records that the consumer is stopped",
    },
    "reclaim": {
        "return_idle(s, page, pool)": "the step is return_idle, taken by the allocator; the action records that it need not be the driver's",
    },
    "sync_for_cpu": {
        "require(s.dma[page, s.device_of[pool]] == Dma.DEVICE)": "a live pool's page is mapped; a second sync for the CPU changes nothing",
    },
    "sync_for_device": {
        "require(s.dma[page, s.device_of[pool]] == Dma.CPU)": "a live pool's page is mapped; a second sync for the device changes nothing",
    },
    "xdp_drop": {
        "require(s.home[page] == pool)": "without it this is recycle, which any holder may do; the guard records whose NAPI poll it is",
        "require(s.life[pool] == Life.LIVE)": "without it this is recycle, which any holder may do; the guard records that NAPI still runs",
        "recycle(s, page)": "the step is recycle, taken by the driver in its NAPI poll: an action of its own for T22",
    },
    "xdp_tx": {
        "require(s.refs[page] >= 1)": "a page with a home that the stack holds has a reference; the guard records whose reference TX takes",
    },
    "redirect": {
        "require(s.place[page] == Place.STACK)": "a page in TX is owned by its sending device, so shown_to_cpu is false as well",
    },
    "scrub": {
        "require(s.life[pool] == Life.SCRUBBING or s.life[pool] == Life.DETACHED)": "on a live pool the same step is return_idle; the guard records that only destroy scrubs",
    },
    "cpu_write": {
        "require(s.place[page] == Place.STACK)": "elsewhere the page has no reference, or a device owns it",
    },
    "get_page": {
        "require(not s.foreign[page])": "one bit stands for any number of foreign references",
    },
    "put_page": {
        "require(s.foreign[page])": "without a foreign reference the step changes nothing",
        "s.dirty[page] = False": "a page whose last reference is foreign was unmapped or sent, which clears dirty; every free page is clean",
    },
    "device_unbind": {
        "require(s.bind[dev] == Bind.BOUND)": "an unbound device stays unbound",
    },
}
"""Faults that change nothing any property speaks of: the guard or update is implied, or another action does the same."""

UNDETECTED: dict[str, dict[str, str]] = {
    "posted": {
        "s.home[p] == pool of return count(s.pages, lambda p: s.home[p] == pool and s.place[p] == Place.RX_RING)": "it counts the rings of all pools: no property requires that one full ring leaves the others usable",
    },
    "recycle": {
        "recycle_to_pool(s, page)": "wanted: a recycled page is idle in its pool",
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
    "scrub_unmap": {
        "s.dirty[page] = False": "wanted: a write that was never synced is dropped with the mapping",
    },
    "pool_free": {
        "s.life[pool] == Life.SCRUBBING of require(s.life[pool] == Life.SCRUBBING or s.life[pool] == Life.DETACHED)": "wanted: a pool with nothing in flight is freed by destroy itself",
    },
    "cpu_write": {
        "s.dirty[page] = True": "wanted: the CPU has written a page",
    },
    "pp_unref": {
        "s.refs[page] > 1 of require(s.refs[page] > 1 or s.place[page] == Place.TX)": "wanted: of two references of the stack one is put",
        "s.place[page] == Place.TX of require(s.refs[page] > 1 or s.place[page] == Place.TX)": "wanted: the stack's last reference is put while TX reads the page",
        "s.refs[page] -= 1": "wanted: of two references of the stack one is put",
    },
    "device_unbind": {
        "s.device_of[q] == dev of require(not some(s.pools, lambda q: s.device_of[q] == dev and destroy_has_not_returned(s, q)))": "wanted: a device is unbound while another one has a live pool",
    },
}
"""Faults that break no invariant and lose no witness, each with the witness that would detect it."""
