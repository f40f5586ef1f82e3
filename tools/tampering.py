# SPDX-License-Identifier: MIT
"""Recordings tampered with: a line dropped, doubled, moved or changed, as a kernel with a bug would print it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import TypeVar

from impl.linux.trace.events import Event, Hold, Map, Other, PoolRelease, Release, Sync, Unmap
from impl.linux.trace.lines import PREFIX, event

Lines = list[str]
Mapping = Map | Unmap | Sync
E = TypeVar("E", bound=Event)
Change = Callable[[Lines, Sequence[Event], Random], Lines | None]
"""Changes the lines of a recording, given its events; returns None where it has nothing to change."""


@dataclass(frozen=True)
class Tampering:
    """A way of tampering: the level at which it can be detected, and why it is not always."""

    name: str
    level: str
    change: Change
    misses: str = ""


def events_of(lines: Lines) -> list[Event]:
    """The events that are judged, each with its line (from 1)."""
    found = (event(line, n) for n, line in enumerate(lines, 1) if not line.startswith("#"))
    return [e for e in found if e is not None and not isinstance(e, Other)]


def _one(events: Sequence[Event], random: Random, *kinds: type[E]) -> E | None:
    """One event of these kinds, chosen at random; of DMA events only those on mappings of pools."""
    of_kind = [e for e in events if isinstance(e, kinds) and (not isinstance(e, Mapping) or _is_pools(e, events))]
    return random.choice(of_kind) if of_kind else None


def _is_pools(e: Mapping, events: Sequence[Event]) -> bool:
    """True for an event on a mapping that a pool made, from the map to the unmap."""
    spans = [(m, _unmap_of(m, events)) for m in _maps(events) if _is_same(m, e)]
    return any(m.line <= e.line <= (unmap or e).line for m, unmap in spans)


def _is_same(a: Mapping, b: Mapping) -> bool:
    """True for two events at DMA addresses in the same 4 KiB."""
    return a.address >> 12 == b.address >> 12


def _unmap_of(e: Mapping, events: Sequence[Event]) -> Unmap | None:
    """The unmap that ends the mapping of this event."""
    return next((u for u in events if isinstance(u, Unmap) and u.line > e.line and _is_same(u, e)), None)


def _maps(events: Sequence[Event]) -> list[Map]:
    """The maps by pools: the last of a page before its hold."""
    last: dict[int, Map] = {}
    found = []
    for e in events:
        if isinstance(e, Map):
            last[e.page] = e
        elif isinstance(e, Hold) and e.page in last:
            found.append(last.pop(e.page))
    return found


def moved(change: Change) -> Change:
    """Lines change places, times do not: the kernel would have printed each line with the time of its place."""

    def changed(lines: Lines, events: Sequence[Event], random: Random) -> Lines | None:
        out = change(lines, events, random)
        return out and in_time(out)

    return changed


def in_time(lines: Lines) -> Lines:
    """The same lines, with the same times in order."""
    spans = {n: m.span(4) for n, line in enumerate(lines) if (m := PREFIX.match(line))}
    times = sorted((lines[n][slice(*span)] for n, span in spans.items()), key=float)
    out = list(lines)
    for time, (n, (start, end)) in zip(times, spans.items(), strict=True):
        out[n] = lines[n][:start] + time + lines[n][end:]
    return out


def going_on(lines: Lines, seconds: int = 10) -> Lines:
    """The same recording with an event some seconds later: all that was counted must have been printed by then."""
    m = next(m for line in reversed(lines) if (m := PREFIX.match(line)))
    later = f"{float(m[4]) + seconds:.6f}" if "." in m[4] else str(int(m[4]) + seconds)
    return [*lines, f"{m.string[: m.start(4)]}{later}: {NOBODYS}"]


NOBODYS = "mem_connect: mem_id=9 mem_type=PAGE_SHARED allocator=0000000000000000 ifindex=1"
"""An event that is about no pool."""


def drop(*kinds: type[Event]) -> Change:
    """Leave one line out."""

    def change(lines: Lines, events: Sequence[Event], random: Random) -> Lines | None:
        e = _one(events, random, *kinds)
        return e and [*lines[: e.line - 1], *lines[e.line :]]

    return change


def double(*kinds: type[Event]) -> Change:
    """Print one line twice."""

    def change(lines: Lines, events: Sequence[Event], random: Random) -> Lines | None:
        e = _one(events, random, *kinds)
        return e and [*lines[: e.line], *lines[e.line - 1 :]]

    return change


def reword(pattern: str, to: Callable[[re.Match[str], Sequence[Event], Random], str], *kinds: type[Event]) -> Change:
    """Change a field of one line."""

    def change(lines: Lines, events: Sequence[Event], random: Random) -> Lines | None:
        e = _one(events, random, *kinds)
        if e is None:
            return None
        changed = re.sub(pattern, lambda m: to(m, events, random), lines[e.line - 1], count=1)
        return [*lines[: e.line - 1], changed, *lines[e.line :]]

    return change


@moved
def swap(lines: Lines, events: Sequence[Event], random: Random) -> Lines | None:
    """Exchange two neighbours, each a hold or a release."""
    pairs = [
        (a, b)
        for a, b in pairwise(events)
        if isinstance(a, Hold | Release) and isinstance(b, Hold | Release) and b.line == a.line + 1
    ]
    a, b = random.choice(pairs)
    return _exchanged(lines, a, b)


@moved
def swap_page(lines: Lines, events: Sequence[Event], random: Random) -> Lines | None:
    """Exchange a page's hold and its release, wherever they are."""
    a = _one(events, random, Hold)
    b = a and next((e for e in events if isinstance(e, Release) and e.page == a.page and e.line > a.line), None)
    return _exchanged(lines, a, b) if a and b else None


def _exchanged(lines: Lines, a: Event, b: Event) -> Lines:
    out = list(lines)
    out[a.line - 1], out[b.line - 1] = out[b.line - 1], out[a.line - 1]
    return out


@moved
def unmap_after_release(lines: Lines, events: Sequence[Event], random: Random) -> Lines | None:
    """Move the unmap of a page's pool behind the release that it goes before."""
    pairs = [
        (a, b)
        for a, b in pairwise(events)
        if isinstance(a, Unmap) and isinstance(b, Release) and b.line == a.line + 1 and _is_pools(a, events)
    ]
    return _exchanged(lines, *random.choice(pairs)) if pairs else None


@moved
def sync_after_unmap(lines: Lines, events: Sequence[Event], random: Random) -> Lines | None:
    """Move a sync behind the unmap of its mapping."""
    a = _one(events, random, Sync)
    b = a and _unmap_of(a, events)
    if not a or not b:
        return None
    return [*lines[: a.line - 1], *lines[a.line : b.line], lines[a.line - 1], *lines[b.line :]]


@moved
def unmap_while_live(lines: Lines, events: Sequence[Event], random: Random) -> Lines | None:
    """Move the unmap of a page to right behind its hold, while its pool is in use."""
    holds = [e for e in events if isinstance(e, Hold)]
    pairs = zip(holds, _maps(events), strict=False)
    early = [(h, _unmap_of(m._replace(line=h.line), events)) for h, m in pairs]
    early = [(h, b) for h, b in early if b and any(h.line < e.line < b.line and e.pool == h.pool for e in holds)]
    if not early:
        return None
    hold, b = random.choice(early)
    assert b
    return [*lines[: hold.line], lines[b.line - 1], *lines[hold.line : b.line - 1], *lines[b.line :]]


def truncate(lines: Lines, events: Sequence[Event], random: Random) -> Lines | None:
    """End the recording early, which is no violation."""
    return lines[: random.choice(events).line]


def _another_pool(m: re.Match[str], events: Sequence[Event], random: Random) -> str:
    pools = {getattr(e, "pool", 0) for e in events} - {0, int(m[1], 16)}
    others = sorted(pools) or [int(m[1], 16) ^ 0x800]
    return f"page_pool={random.choice(others):016x}"


def _another_page(m: re.Match[str], events: Sequence[Event], random: Random) -> str:
    return f"pfn=0x{int(m[1], 16) ^ (1 << random.randrange(20, 24)):x}"


def _another_number(m: re.Match[str], events: Sequence[Event], random: Random) -> str:
    return f"{m[1]}={int(m[2]) + random.choice((-2, -1, 1, 2, 100)) & 0xFFFFFFFF}"


def _more(m: re.Match[str], events: Sequence[Event], random: Random) -> str:
    return f"size={int(m[1]) * 2}"


def _other_way(m: re.Match[str], events: Sequence[Event], random: Random) -> str:
    return "dir=TO_DEVICE" if m[1] == "FROM_DEVICE" else "dir=FROM_DEVICE"


STOCK, DMA = "stock", "DMA"
ONCE = "the first number of a pool that could be older than the trace: the report names one page as in it before"
LATELY = "in the last seconds before the end, a release that is counted may not have been printed yet"
REORDERED = "events may be printed in another order than they happen: numbers are whole, each page's order is kept"
BOTH_WAYS = "a page that is mapped both ways may be synced in one of them"
HALF = "an unmap may be the first half of leaving the pool, whose release is printed later"
POOL = r"page_pool=([0-9a-f]+)"
PFN = r"pfn=0x([0-9a-f]+)"
NUMBER = r"(hold|release)=(\d+)\s*$"

TAMPERINGS: tuple[Tampering, ...] = (
    Tampering("drop a hold", STOCK, drop(Hold), ONCE),
    Tampering("drop a release", STOCK, drop(Release), LATELY),
    Tampering(
        "drop a page_pool_release",
        STOCK,
        drop(PoolRelease),
        "one report of the worker less: detected only if the address is used again",
    ),
    Tampering("duplicate a hold", STOCK, double(Hold)),
    Tampering("duplicate a release", STOCK, double(Release)),
    Tampering("swap neighbours", STOCK, swap, REORDERED),
    Tampering("swap a page's hold and release", STOCK, swap_page),
    Tampering("another pool in a hold", STOCK, reword(POOL, _another_pool, Hold)),
    Tampering("another pool in a release", STOCK, reword(POOL, _another_pool, Release)),
    Tampering("another page in a hold", STOCK, reword(PFN, _another_page, Hold)),
    Tampering("another page in a release", STOCK, reword(PFN, _another_page, Release)),
    Tampering("another number in a hold", STOCK, reword(NUMBER, _another_number, Hold), ONCE),
    Tampering("another number in a release", STOCK, reword(NUMBER, _another_number, Release)),
    Tampering("drop a map", DMA, drop(Map)),
    Tampering("drop an unmap", DMA, drop(Unmap)),
    Tampering("unmap twice", DMA, double(Unmap)),
    Tampering("map twice", DMA, double(Map)),
    Tampering("unmap after the release", DMA, unmap_after_release),
    Tampering("unmap while the pool is live", DMA, unmap_while_live, HALF),
    Tampering("sync after the unmap", DMA, sync_after_unmap),
    Tampering("wrong size in an unmap", DMA, reword(r"size=(\d+)", _more, Unmap)),
    Tampering("wrong size in a sync", DMA, reword(r"size=(\d+)", _more, Sync)),
    Tampering("wrong direction in an unmap", DMA, reword(r"dir=(\w+)", _other_way, Unmap)),
    Tampering("wrong direction in a sync", DMA, reword(r"dir=(\w+)", _other_way, Sync), BOTH_WAYS),
    Tampering("truncate", STOCK, truncate, "no violation: a recording may end anywhere"),
)
