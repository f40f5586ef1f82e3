# SPDX-License-Identifier: MIT
"""The shell script that records a trace on the target; it is printed, never run here.

It records into a tracing instance of its own, which leaves other tracing alone, and writes a file with a head for
`reading.py`: the kernel, the clock, whether addresses are real, what was lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum


class Level(StrEnum):
    """Which events a recording has: stock ones, or with DMA mappings and syncs."""

    STOCK = "stock"
    DMA = "dma"


EVENTS: dict[Level, tuple[str, ...]] = {
    Level.STOCK: (
        "page_pool/page_pool_state_hold",
        "page_pool/page_pool_state_release",
        "page_pool/page_pool_release",
        "page_pool/page_pool_update_nid",
        "xdp/mem_connect",
        "xdp/mem_disconnect",
    ),
    Level.DMA: (
        "dma/dma_map_page",
        "dma/dma_unmap_page",
        "dma/dma_map_phys",
        "dma/dma_unmap_phys",
        "dma/dma_sync_single_for_cpu",
        "dma/dma_sync_single_for_device",
    ),
}
"""The events of each level, by system and name; kernels from 6.12 on have one pair of the DMA maps, never both."""

BYTES = 100
"""Bytes of the ring buffer for an event, rounded up: a hold takes about 50, a DMA event about 90."""

EVENTS_PER_CPU = {Level.STOCK: 50_000, Level.DMA: 400_000}
"""The default size of the buffers, in events: pages enter and leave pools seldom, and are mapped often."""

SUMMARY = {
    Level.STOCK: "pages entering and leaving page pools, and the ends of pools; any kernel with page_pool",
    Level.DMA: "the stock events, and DMA mappings and syncs of all devices; kernels 6.12 and later",
}


def events(level: Level) -> tuple[str, ...]:
    """All events of a level; the target may lack some of them."""
    return EVENTS[Level.STOCK] if level == Level.STOCK else EVENTS[Level.STOCK] + EVENTS[Level.DMA]


def recipe(level: Level = Level.STOCK, per_cpu: int | None = None, name: str = "poolproof") -> list[str]:
    """The script for a level, line by line; `per_cpu` events fit the buffer of each CPU, `name` begins the files."""
    count = per_cpu or EVENTS_PER_CPU[level]
    return [*_head(level, count, name), *_body(level), "", 'record "$@"', "", *_trace_cmd(level, count, name)]


def _head(level: Level, count: int, name: str) -> Iterator[str]:
    yield "#!/bin/sh"
    yield f"# Records {level} events: {SUMMARY[level]}."
    yield "#"
    yield "#   as root:  sh record.sh ping -c 10 10.0.0.1    records while the command runs"
    yield "#             sh record.sh                        records until Enter (or pasted into a root shell)"
    yield "#"
    yield "# Begin before the driver makes its pools (load it, or set the link up, while this records): of older ones"
    yield "# little is known. Addresses are printed as they are (hash-ptr off), to be compared with dmesg;"
    yield "# that needs root, and the file shows where kernel memory lies: mind whom you send it."
    yield "#"
    yield f"# EVENTS is what the buffer of each CPU holds, at {BYTES} bytes an event: events a second and CPU, times"
    yield "# seconds, and twice that. Memory: EVENTS * 100 bytes * CPUs. Too small, and the oldest are overwritten,"
    yield "# which is reported at the end and in the file."
    yield ""
    yield 'TRACEFS="${TRACEFS:-/sys/kernel/tracing}"'
    yield f'EVENTS="${{EVENTS:-{count}}}"'
    yield f'OUT="${{OUT:-{name}-$(date +%Y%m%d-%H%M%S)}}"'
    yield ""


def _body(level: Level) -> list[str]:
    wanted = " \\\n        ".join(events(level))
    return BODY.replace("@EVENTS@", wanted).replace("@BYTES@", str(BYTES)).splitlines()


BODY = """\
record() ( # a shell of its own: nothing of yours is changed, whatever happens
    set -eu
    umask 077
    I="$TRACEFS/instances/poolproof"
    say() { echo "record: $*" >&2; }
    [ -d "$TRACEFS/instances" ] || { say "no $TRACEFS; as root: mount -t tracefs tracefs $TRACEFS"; exit 1; }
    [ -d "$TRACEFS/events/page_pool" ] || { say "this kernel has no page_pool events (CONFIG_PAGE_POOL)"; exit 1; }
    mkdir "$I" || { say "are you root? is another recording running? If not: rmdir $I"; exit 1; }
    trap 'echo 0 >"$I/tracing_on"; echo 0 >"$I/events/enable"; rmdir "$I"' EXIT

    echo 0 >"$I/tracing_on"
    echo global >"$I/trace_clock" # the default, local, does not order events of different CPUs
    [ ! -e "$I/options/hash-ptr" ] || echo 0 >"$I/options/hash-ptr"
    echo $((EVENTS * @BYTES@ / 1024 + 1)) >"$I/buffer_size_kb" # of each CPU
    on="" off=""
    for e in @EVENTS@; do
        if [ -d "$I/events/$e" ]; then echo 1 >"$I/events/$e/enable"; on="$on $e"; else off="$off $e"; fi
    done
    [ -z "$off" ] || say "this kernel does not have:$off"

    logged=$(dmesg | tail -n 1)
    trap : INT # Ctrl-C ends the recording, not the script
    echo 1 >"$I/tracing_on"
    if [ $# -gt 0 ]; then
        "$@" || say "$1 ended with $?"
    else
        say "recording; do the thing now, then press Enter"
        read -r _ </dev/tty || :
    fi
    echo 0 >"$I/tracing_on"
    trap 'exit 130' INT

    {
        echo "#! kernel: $(uname -srvm)"
        echo "#! events:$on"
        echo "#! trace_clock: $(cat "$I/trace_clock")"
        if [ -e "$I/options/hash-ptr" ]; then echo "#! hash-ptr option: $(cat "$I/options/hash-ptr")"; fi
        for cpu in "$I"/per_cpu/cpu*; do
            echo "#! ${cpu##*/}: $(tr '\\n' ' ' <"$cpu/stats")"
        done
        cat "$I/trace"
    } | gzip >"$OUT.trace.txt.gz"
    dmesg | LOGGED="$logged" awk '{ l[NR] = $0 } $0 == ENVIRON["LOGGED"] { n = NR }
        END { while (n < NR) print l[++n] }' >"$OUT.dmesg.txt" # what was logged meanwhile

    lost=$(cat "$I"/per_cpu/cpu*/stats | awk '/overrun:|dropped events:/ { n += $NF } END { print n + 0 }')
    if [ "$lost" -gt 0 ]; then
        say "$lost events were LOST: record again with a larger EVENTS (now $EVENTS)"
    else
        say "nothing was lost"
    fi
    say "now: poolproof trace $OUT.trace.txt.gz --dmesg $OUT.dmesg.txt"
)"""


def _trace_cmd(level: Level, count: int, name: str) -> Iterator[str]:
    size = count * BYTES // 1024 + 1
    chosen = " ".join(f"-e {event.replace('/', ':')}" for event in events(level))
    yield "# The same with trace-cmd (leave out the events it does not find); its text is parsed by its documentation,"
    yield "# untested on a recording. It reports losses at its end, and `report` prints [... EVENTS DROPPED]."
    yield "#"
    yield f"#   trace-cmd record -C global -b {size} -o {name}.dat {chosen}"
    yield f"#   trace-cmd report {name}.dat >{name}.report.txt"
    yield f"#   dmesg >{name}.dmesg.txt    and take out what is older than the recording"
    yield f"#   poolproof trace {name}.report.txt --clock global --dmesg {name}.dmesg.txt"
