# SPDX-License-Identifier: MIT
"""Who holds the pages of a pool: since when, taken by which task, the places the rules permit, the way back.

Everything here is computed from what is passed in, and changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum
from statistics import median
from typing import Any

from checkers.core.wording import counted
from checkers.monitor import Monitor
from impl.linux.trace.events import Hold
from impl.linux.trace.info import RecordingInfo

from . import rules
from .pools import Pool

WARNED = 60
"""Retries, one a second, after which the kernel logs "stalled pool shutdown" (DEFER_WARN_INTERVAL)."""

ELSEWHERE = (rules.DENIED[rules.in_the_allocator], rules.OWN_POOL)
"""The invariants violated by a page that is used elsewhere while its pool counts it."""

NAMED = 5
"""Unlogged numbers that a reason names."""


class Cause(Enum):
    """Why pages of a pool are out."""

    LEAK = "leak"
    SLOW = "slow holder"
    CANNOT_TELL = "cannot tell"
    IN_USE = "in use"


@dataclass(frozen=True)
class HeldPage:
    """A page of a pool that is not released; `possible` is its set of states, None if its history cannot be used."""

    hold: Hold
    possible: int | None


@dataclass(frozen=True)
class HeldPool:
    """A pool with its pages that are not released; `by_facts` are the states that the pool's facts alone permit."""

    pool: Pool
    monitor: Monitor
    pages: tuple[HeldPage, ...]
    by_facts: int


@dataclass(frozen=True)
class Snapshot:
    """All pages that are held at one moment; `left_behind` and `elsewhere` are pages with a violation."""

    info: RecordingInfo
    pools: tuple[HeldPool, ...]
    left_behind: frozenset[int]
    elsewhere: frozenset[int]


@dataclass(frozen=True)
class Group:
    """Pages that one task took on one CPU, with the first and last number of their holds."""

    task: str
    cpu: int
    pages: int
    first: int
    last: int


@dataclass(frozen=True)
class Whereabouts:
    """A place where the pages may be, and the shortest runs by which they leave their pool from there."""

    place: str
    means: str
    ways: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Holders:
    """The pages of one pool that are out at one moment; ages are in `unit`."""

    pool: Pool
    when: str
    pages: int
    oldest: float
    median: float
    unit: str
    groups: tuple[Group, ...]
    places: tuple[Whereabouts, ...]
    verdict: Cause
    reason: str

    def as_json(self) -> dict[str, Any]:
        """The record for JSON output."""
        return {
            "pool": self.pool.name,
            "when": self.when,
            "pages": self.pages,
            "oldest": self.oldest,
            "median": self.median,
            "unit": self.unit,
            "held_by": [asdict(group) for group in self.groups],
            "may_be": [asdict(place) for place in self.places],
            "verdict": self.verdict.value,
            "reason": self.reason,
        }


def retries(pool: Pool) -> int:
    """The number of retries of the release worker; the kernel's `cnt` includes the first look."""
    return max(pool.retries, pool.last_report.cnt - 1 if pool.last_report else 0)


def drained(info: RecordingInfo, monitor: Monitor, states: int, pool: Pool) -> Holders | None:
    """The holders at the last retry of a pool that drained after it had to wait; None for other pools.

    `states` are the states of a page while the pool retries.
    """
    if not (pool.freed and pool.returned_since_retry and pool.retries):
        return None
    retry = pool.last_retry or pool.freed
    tasks = Counter(r.release.task for r in pool.returned_since_retry)
    by = ", ".join(f"{task} ({n})" for task, n in tasks.most_common(3))
    reason = f"all returned after {counted(retries(pool), 'retry', 'retries')}, one a second; released by {by}"
    holds = [r.hold for r in pool.returned_since_retry if r.hold]
    when = f"at its last retry before it drained ({info.where(retry.line)})"
    pages = retry.inflight or len(pool.returned_since_retry)
    places = _places(monitor, [states], pool)
    return Holders(pool, when, pages, *_ages(info, holds, retry.time), _groups(holds), places, Cause.SLOW, reason)


def now(snapshot: Snapshot, when: str, time: float) -> list[Holders]:
    """The holders of each pool that has pages out at this moment, which `when` describes and `time` gives."""
    return [_now(snapshot, held, when, time) for held in snapshot.pools]


def _now(snapshot: Snapshot, held: HeldPool, when: str, time: float) -> Holders:
    verdict, reason = _verdict(snapshot, held)
    holds = [page.hold for page in held.pages]
    states = Counter(page.possible for page in held.pages if page.possible is not None)
    places = _places(held.monitor, [one for one, _ in states.most_common()] or [held.by_facts], held.pool)
    ages = _ages(snapshot.info, holds, time)
    return Holders(held.pool, when, len(holds), *ages, _groups(holds), places, verdict, reason)


def _verdict(snapshot: Snapshot, held: HeldPool) -> tuple[Cause, str]:
    pool, pages = held.pool, {page.hold.page for page in held.pages}
    if elsewhere := pages & snapshot.elsewhere:
        some = counted(len(elsewhere), "of the pages was", "of the pages were")
        return Cause.LEAK, f"{some} seen elsewhere, see the violations above"
    if pages & snapshot.left_behind:
        return Cause.LEAK, "the pool is freed, and they were never released"
    if pool.freed is not None:
        return Cause.CANNOT_TELL, f"the kernel counts them as released and reports the pool freed; {_unlogged(pool)}"
    if pool.destroyed is None:
        return Cause.IN_USE, "the pool is not destroyed: a working driver has pages in its rings"
    if pool.returned_since_retry:
        return Cause.SLOW, f"{len(pool.returned_since_retry)} returned since the last retry"
    looks = counted(retries(pool) + 1, "look")
    return Cause.CANNOT_TELL, f"none returned since the last retry ({looks}); a leak looks the same so far"


def without_blame(held: Holders) -> Holders:
    """The same without the verdict that pages leaked, for when all violations were withdrawn."""
    if held.verdict is not Cause.LEAK:
        return held
    reason = "events were lost, and what these pages did is not known"
    return replace(held, verdict=Cause.CANNOT_TELL, reason=reason)


def _unlogged(pool: Pool) -> str:
    """The numbers that were counted and are not logged so far."""
    unlogged = pool.unlogged()
    some = ", ".join(f"{kind} {number}" for kind, number in unlogged[:NAMED])
    return f"{some}{' and more' if len(unlogged) > NAMED else ''}: not printed so far"


def _ages(info: RecordingInfo, holds: Sequence[Hold], time: float) -> tuple[float, float, str]:
    """The oldest and the median age of these holds, and their unit."""
    ages = [time - hold.time for hold in holds] or [0.0]
    return max(ages), median(ages), "events" if info.counts_events else "s"


def _groups(holds: Iterable[Hold]) -> tuple[Group, ...]:
    of: dict[tuple[str, int], list[int]] = {}
    for hold in holds:
        of.setdefault((hold.task, hold.cpu), []).append(hold.number)
    groups = [Group(task, cpu, len(n), min(n), max(n)) for (task, cpu), n in of.items()]
    return tuple(sorted(groups, key=lambda g: -g.pages))


def _places(monitor: Monitor, sets: Sequence[int], pool: Pool) -> tuple[Whereabouts, ...]:
    """The places that these sets of states permit; of one in several sets, the routes from the first set count."""
    places = {place.place: place for states in reversed(sets) for place in _places_in(monitor, states, pool)}
    return tuple(places.values())


def _places_in(monitor: Monitor, states: int, pool: Pool) -> tuple[Whereabouts, ...]:
    fact = rules.drained if pool.destroyed else rules.anything
    routes = monitor.routes(states, rules.RETURNED, "place", fact)
    places = dict.fromkeys(route.place for route in routes)
    return tuple(
        Whereabouts(repr(place), str(place.value), tuple(r.actions for r in routes if r.place == place))
        for place in places
    )
