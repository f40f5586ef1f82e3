"""Who holds the pages of a pool: since when, taken by whom, where the rules say they may be, and the way home."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

from impl.linux.trace.events import POOL_RELEASE, Event

from . import rules
from .page_judge import Judge
from .pools import Held, Pool

WARNED = 60
"""Retries, one a second, after which the kernel says "stalled pool shutdown" (DEFER_WARN_INTERVAL)."""

ELSEWHERE = (rules.DENIED[rules.in_the_allocator], rules.OWN_POOL)
"""The invariants that are broken by a page that somebody else has while its pool counts it."""

LEAK, SLOW, CANNOT_TELL, IN_USE = "leak", "slow holder", "cannot tell", "in use"


@dataclass(frozen=True)
class Group:
    """Pages that one task took on one cpu."""

    task: str
    cpu: int
    pages: int
    first: int
    last: int


@dataclass(frozen=True)
class Whereabouts:
    """A place where the pages may be, and the ways by which the rules let them leave their pool from there."""

    place: str
    means: str
    ways: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Holders:
    """The pages of one pool that are out at one moment."""

    pool: Pool
    when: str
    pages: int
    oldest: float
    median: float
    unit: str
    groups: tuple[Group, ...]
    places: tuple[Whereabouts, ...]
    verdict: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        """The record for other tools."""
        return {
            "pool": self.pool.name,
            "when": self.when,
            "pages": self.pages,
            "oldest": self.oldest,
            "median": self.median,
            "unit": self.unit,
            "held_by": [asdict(group) for group in self.groups],
            "may_be": [asdict(place) for place in self.places],
            "verdict": self.verdict,
            "reason": self.reason,
        }


def retries(pool: Pool) -> int:
    """How often the release worker came back; the kernel counts the first look too."""
    return max(pool.retries, pool.said.more[3] - 1 if pool.said else 0)


def drained(judge: Judge, pool: Pool) -> Holders | None:
    """Of a pool that drained after its worker had to wait: who had its pages at the last retry."""
    return _drained(judge, pool) if pool.freed and pool.returns and pool.retries else None


def _drained(judge: Judge, pool: Pool) -> Holders:
    assert pool.freed
    retry = pool.retry or pool.freed
    home = Counter(r.release.task for r in pool.returns)
    by = ", ".join(f"{task} ({n})" for task, n in home.most_common(3))
    reason = f"all came home after {_so_many(retries(pool), 'retry', 'retries')}, one a second; brought back by {by}"
    holds = [r.hold for r in pool.returns if r.hold]
    when = f"at its last retry before it drained ({judge.heard.where(retry.line)})"
    pages, where = int(retry.more[0]) or len(pool.returns), [_waited(judge, pool)]
    return _holders(judge, pool, when, retry, pages, holds, where, SLOW, reason)


def now(judge: Judge, when: str, at: Event) -> list[Holders]:
    """Of each pool that is not empty at this moment: who has its pages."""
    of: dict[int, list[Held]] = {}
    for held in judge.pages.values():
        if held.hold is not None:
            judge.learn(held, held.hold.page)
            of.setdefault(id(held.pool), []).append(held)
    return [_now(judge, when, at, held) for held in of.values()]


def _now(judge: Judge, when: str, at: Event, held: Sequence[Held]) -> Holders:
    pool = held[0].pool
    verdict, reason = _verdict(judge, pool, held)
    holds = [h.hold for h in held if h.hold]
    where = [at for at, _ in Counter(h.at for h in held if not h.lost).most_common()] or [_waited(judge, pool)]
    is_cited = at.kind == POOL_RELEASE and at.pool == pool.address and pool.said is at
    return _holders(judge, pool, when, at, at.more[0] if is_cited else len(held), holds, where, verdict, reason)


def _verdict(judge: Judge, pool: Pool, held: Sequence[Held]) -> tuple[str, str]:
    pages = {h.hold.page for h in held if h.hold}
    if lost := {f.page for f in judge.findings.shown if f.page in pages and f.invariant in ELSEWHERE}:
        return LEAK, f"{len(lost)} of the pages were seen elsewhere, see the violations above"
    if pages & judge.left_behind:
        return LEAK, "the pool is gone, and they were never released"
    if pool.freed is not None:
        return CANNOT_TELL, f"the kernel counts them as released and calls the pool gone; {_late(pool)}"
    if pool.destroyed is None:
        return IN_USE, "the pool is not destroyed: a working driver has pages in its rings"
    if pool.returns:
        return SLOW, f"{len(pool.returns)} came home since the last retry"
    looks = _so_many(retries(pool) + 1, "look", "looks")
    return CANNOT_TELL, f"none came home since the worker looked last ({looks}); a leak looks the same so far"


def unblamed(held: Holders) -> Holders:
    """The same, where in the end nothing was found that the rules do not permit."""
    if held.verdict != LEAK:
        return held
    return replace(held, verdict=CANNOT_TELL, reason="events were lost, and what these pages did is not known")


def _late(pool: Pool) -> str:
    """The numbers that were counted and are not printed so far."""
    late = pool.unprinted()
    some = ", ".join(f"{kind} {number}" for kind, number in late[:5])
    return f"{some}{' and more' if len(late) > 5 else ''}: not printed so far"


def _so_many(n: int, one: str, more: str) -> str:
    return f"{n} {one if n == 1 else more}"


def _waited(judge: Judge, pool: Pool) -> int:
    """Where a page of this pool may be while its worker retries, if nothing else is known of it."""
    level = judge.level(pool)
    at = level.at_home
    for fact, _ in pool.facts:
        at = level.monitor.assume(at, fact)
    return at


def _holders(
    judge: Judge,
    pool: Pool,
    when: str,
    at: Event,
    pages: int,
    holds: list[Event],
    where: Sequence[int],
    verdict: str,
    why: str,
) -> Holders:
    ages = [at.time - hold.time for hold in holds] or [0.0]
    unit = "events" if judge.heard.counts_events else "s"
    places = {place.place: place for one in reversed(where) for place in _places(judge, pool, one)}
    groups, may_be = tuple(_groups(holds)), tuple(places.values())
    return Holders(pool, when, pages, max(ages), median(ages), unit, groups, may_be, verdict, why)


def _groups(holds: Iterable[Event]) -> list[Group]:
    of: dict[tuple[str, int], list[int]] = {}
    for hold in holds:
        of.setdefault((hold.task, hold.cpu), []).append(hold.number)
    groups = [Group(task, cpu, len(n), min(n), max(n)) for (task, cpu), n in of.items()]
    return sorted(groups, key=lambda g: -g.pages)


def _places(judge: Judge, pool: Pool, at: int) -> tuple[Whereabouts, ...]:
    """Where the rules say such a page may be, and by which steps it leaves its pool from there."""
    fact = rules.drained if pool.destroyed else rules.anything
    ways = judge.level(pool).monitor.ways(at, rules.RETURNED, "place", fact)
    places = dict.fromkeys(way.place for way in ways)
    return tuple(
        Whereabouts(repr(place), str(place.value), tuple(w.actions for w in ways if w.place == place))
        for place in places
    )
