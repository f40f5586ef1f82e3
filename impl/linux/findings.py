"""What a trace denies: the line, the promise, what was possible before, and why no step of the rules explains it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .events import Event

MOST_SHOWN = 20
"""Findings that are told in full; the rest are counted."""


@dataclass(frozen=True)
class Finding:
    """One thing that the rules do not permit."""

    promise: str
    what: str
    event: Event
    page: int = 0
    pool: str = ""
    before: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    recent: tuple[Event, ...] = ()


@dataclass
class Findings:
    """All findings: the first of each page in full, the others by number."""

    shown: list[Finding] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    pages: set[int] = field(default_factory=set)
    further: int = 0

    def is_new(self, page: int) -> bool:
        """Will a finding about this page be told in full?"""
        return len(self.shown) < MOST_SHOWN and (not page or page not in self.pages)

    def add(self, finding: Finding) -> None:
        """Note a finding."""
        self.counts[finding.promise] = self.counts.get(finding.promise, 0) + 1
        if self.is_new(finding.page):
            self.shown.append(finding)
        else:
            self.further += 1
        if finding.page and len(self.pages) < 1 << 16:
            self.pages.add(finding.page)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def as_json(self) -> list[dict[str, Any]]:
        """The findings that are told in full, for other tools."""
        return [
            {
                "line": f.event.line,
                "promise": f.promise,
                "what": f.what,
                "page": f"0x{f.page:x}" if f.page else "",
                "pool": f.pool,
                "possible_before": list(f.before),
                "refused": [{"action": action, "why": why} for action, why in f.refused],
            }
            for f in self.shown
        ]
