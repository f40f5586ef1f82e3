"""Guards that no promise needs: each was left out and nothing broke, and this is why it stands all the same."""

UNNEEDED: dict[str, dict[str, str]] = {
    "leave": {
        "require(s.life[pool] == Life.LIVE)": "on a destroyed pool the same step is a scrub; the consumer is stopped",
    },
    "sync_for_cpu": {
        "require(s.home[page] == pool)": "only the home's device maps a page that is with the stack",
        "require(s.life[pool] == Life.LIVE)": "on a mapping that still exists a sync harms nobody",
        "require(s.dma[page, s.device_of[pool]] == Dma.DEVICE)": "a live pool's page is mapped; the cpu may take its turn again",
    },
    "sync_for_device": {
        "require(s.home[page] == pool)": "only the home's device maps a page that is with the stack",
        "require(s.life[pool] == Life.LIVE)": "on a mapping that still exists a sync harms nobody",
        "require(s.dma[page, s.device_of[pool]] == Dma.CPU)": "a live pool's page is mapped; giving the turn twice changes nothing",
    },
    "xdp_drop": {
        "require(s.home[page] == pool)": "without it this is recycle, which any holder may do",
        "require(s.life[pool] == Life.LIVE)": "without it this is recycle, which any holder may do",
    },
    "xdp_tx": {
        "require(s.refs[page] >= 1)": "with the stack a page with a home has a holder; this says whose reference TX takes",
    },
    "redirect": {
        "require(s.place[page] == Place.STACK)": "a page being sent is in its sender's turn, so shown_to_cpu refuses it too",
    },
    "scrub": {
        "require(s.life[pool] == Life.SCRUBBING or s.life[pool] == Life.DETACHED)": "on a live pool the same step is leave",
    },
    "cpu_write": {
        "require(s.place[page] == Place.STACK)": "elsewhere the page has no holder, or is in a device's turn",
    },
    "get_page": {
        "require(not s.foreign[page])": "one bit stands for any number of foreign references",
    },
    "put_page": {
        "require(s.foreign[page])": "without a foreign reference there is nothing it would change",
    },
    "device_unbind": {
        "require(s.bind[dev] == Bind.BOUND)": "a device that is unbound stays so",
    },
}
