# SPDX-License-Identifier: MIT
"""Violations in a trace: the event, the invariant, the places possible before, why no step of the rules explains it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from checkers.monitor import Refusal
from impl.linux.trace.events import Event, LogMessage, Lost

MOST_FRESH = 1 << 16
"""Findings that can be withdrawn if it turns out later that events had been lost by then."""

MOST_SHOWN = 20
"""Findings that are kept in full; the rest are counted."""


@dataclass(frozen=True)
class Finding:
    """One violation: `before` are the places possible before the event, `refused` the actions that could explain it.

    `recent` are earlier events of the page and its pool.
    """

    invariant: str
    what: str
    event: Event
    page: int = 0
    pool: str = ""
    before: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    recent: tuple[Event, ...] = ()


@dataclass
class Findings:
    """All findings: the first of each page in full, the others counted.

    `fresh` are the findings that can be withdrawn, each with the line it was found at; `last` is the last line of each
    CPU.
    """

    shown: list[Finding] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    pages: set[int] = field(default_factory=set)
    further: int = 0
    line: Callable[[], int] = lambda: 0
    fresh: deque[tuple[int, Finding]] = field(default_factory=lambda: deque(maxlen=MOST_FRESH))
    last: dict[int, int] = field(default_factory=dict)

    def is_new(self, page: int) -> bool:
        """True if a finding about this page will be kept in full."""
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
        if not isinstance(finding.event, LogMessage):
            self.fresh.append((self.line(), finding))

    def note(self, event: Event) -> None:
        """Note the line of a CPU; if it lost events, withdraw the findings since its last line.

        A loss is printed when its CPU prints again: meanwhile other CPUs printed events that depend on the lost ones.
        """
        if not isinstance(event, Lost):
            self.last[event.cpu] = event.line
            return
        since = self.last.get(event.cpu, 0)
        while self.fresh and self.fresh[-1][0] > since:
            self._withdraw(self.fresh.pop()[1])

    def _withdraw(self, finding: Finding) -> None:
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
        """The number of all findings."""
        return sum(self.counts.values())

    def as_json(self, line: Callable[[int], int]) -> list[dict[str, Any]]:
        """The findings in full, for JSON output; `line` maps a line to its number in the files."""
        return [
            {
                "line": f.event.line if isinstance(f.event, LogMessage) else line(f.event.line),
                "invariant": f.invariant,
                "what": f.what,
                "page": f"0x{f.page:x}" if f.page else "",
                "pool": f.pool,
                "possible_before": list(f.before),
                "refused": [{"action": r.action, "why": r.why} for r in f.refused],
            }
            for f in self.shown
        ]
