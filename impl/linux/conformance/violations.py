"""What a trace denies: the line, the invariant, what was possible before, and why no step of the rules explains it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from impl.linux.trace.events import LOST, MESSAGE, Event

MOST_FRESH = 1 << 16
"""Findings that are taken back if it turns out later that events had been lost by then."""

MOST_SHOWN = 20
"""Findings that are told in full; the rest are counted."""


@dataclass(frozen=True)
class Finding:
    """One thing that the rules do not permit."""

    invariant: str
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
    line: Callable[[], int] = lambda: 0
    fresh: deque[tuple[int, Finding]] = field(default_factory=lambda: deque(maxlen=MOST_FRESH))
    last: dict[int, int] = field(default_factory=dict)

    def is_new(self, page: int) -> bool:
        """Will a finding about this page be told in full?"""
        return len(self.shown) < MOST_SHOWN and (not page or page not in self.pages)

    def add(self, finding: Finding) -> None:
        """Note a finding."""
        self.counts[finding.invariant] = self.counts.get(finding.invariant, 0) + 1
        if self.is_new(finding.page):
            self.shown.append(finding)
        else:
            self.further += 1
        if finding.page and len(self.pages) < 1 << 16:
            self.pages.add(finding.page)
        if finding.event.kind != MESSAGE:
            self.fresh.append((self.line(), finding))

    def note(self, event: Event) -> None:
        """There are findings, and a CPU goes on; if it lost events, what was found since its last one is taken back.

        A loss is printed when its CPU prints again: the others have gone on meanwhile without what was lost.
        """
        if event.kind != LOST:
            self.last[event.cpu] = event.line
            return
        since = self.last.get(event.cpu, 0)
        while self.fresh and self.fresh[-1][0] > since:
            self._take_back(self.fresh.pop()[1])

    def _take_back(self, finding: Finding) -> None:
        self.counts[finding.invariant] -= 1
        if not self.counts[finding.invariant]:
            del self.counts[finding.invariant]
        if any(finding is one for one in self.shown):
            self.shown = [one for one in self.shown if one is not finding]
            self.pages.discard(finding.page)
        else:
            self.further -= 1

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def as_json(self, line: Callable[[int], int]) -> list[dict[str, Any]]:
        """The findings that are told in full, for other tools; `line` says which line of the files an event is."""
        return [
            {
                "line": f.event.line if f.event.kind == MESSAGE else line(f.event.line),
                "invariant": f.invariant,
                "what": f.what,
                "page": f"0x{f.page:x}" if f.page else "",
                "pool": f.pool,
                "possible_before": list(f.before),
                "refused": [{"action": action, "why": why} for action, why in f.refused],
            }
            for f in self.shown
        ]
