# SPDX-License-Identifier: MIT
"""The measurements of `make bench`: rows that fill up round by round; counts that differ are refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from .cases import Searched
from .runs import LEAST_SECONDS, Run

Rate = Callable[[Run], float]


class Differs(Exception):
    """Two engines counted the same machine differently; the message names them and both numbers."""


def must_agree(case: str, first: str, wanted: Run, second: str, found: Run) -> None:
    """Raise Differs for engines that have not done the same work."""
    for what in ("states", "transitions"):
        a, b = getattr(wanted, what), getattr(found, what)
        if a != b:
            raise Differs(f"yardstick, {case}: {first} counts {a:,} {what}, {second} {b:,}; no speeds are compared")


@dataclass
class Row:
    """Runs of ours and of a rival, round by round, and the target: times the rival's speed."""

    case: str
    target: float
    rate: Rate
    ours: list[Run] = field(default_factory=list)
    rival: list[Run] = field(default_factory=list)

    @property
    def last(self) -> Run:
        return self.ours[-1]

    @property
    def speed(self) -> float:
        """The median of our rounds."""
        return median(map(self.rate, self.ours))

    @property
    def rivals(self) -> float:
        """The median of the rival's rounds; 0 where there is none."""
        return median(map(self.rate, self.rival)) if self.rival else 0.0

    @property
    def ratio(self) -> float:
        """The ratio of the medians; 0 without a rival."""
        return self.speed / self.rivals if self.rivals else 0.0

    @property
    def spread(self) -> tuple[float, float]:
        """The smallest and the largest ratio of a round."""
        ratios = [self.rate(a) / self.rate(b) for a, b in zip(self.ours, self.rival, strict=False)]
        return min(ratios), max(ratios)

    @property
    def extra(self) -> float:
        """CPU-seconds of ours for each of the rival's: the cost of this way."""
        return median(run.cpu for run in self.ours) / max(median(run.cpu for run in self.rival), LEAST_SECONDS)

    @property
    def cores(self) -> float:
        """The average number of cores in a round: fewer than threads where others use the machine."""
        return median(run.cpu / max(run.wall, LEAST_SECONDS) for run in self.ours)

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without a target."""
        return self.ratio >= self.target if self.rivals and self.target else None


@dataclass
class Limit:
    """A quantity with an upper limit: the median of what was measured counts."""

    what: str
    unit: str
    target: float
    measured: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def met(self) -> bool | None:
        return median(self.measured) <= self.target if self.target else None


@dataclass
class Results:
    """All measurements so far."""

    rows: list[Row] = field(default_factory=list)
    threads: list[Row] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    spin: list[tuple[str, Run | None, Run]] = field(default_factory=list)
    designs: list[tuple[Searched, Run]] = field(default_factory=list)
    far: list[tuple[Searched, Run]] = field(default_factory=list)
    physical: list[str] = field(default_factory=list)
    has_peer: bool = True

    @property
    def answers(self) -> Sequence[bool]:
        """For each target whether it is met."""
        every = [row.met for row in (*self.rows, *self.threads)] + [limit.met for limit in self.limits]
        return [met for met in every if met is not None]
