# SPDX-License-Identifier: MIT
"""Each bug that a trace denies by docs/tables/bugs.md is recorded as it happens, and denied by that invariant."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from poolproof.recordings import of_lines as judged
from tools.docs.bugs_table import DENIED_BY

from .printed import DMA_A, ETH0, ETH1, A, P, Printer, mapped


def freed(p: Printer) -> object:
    """The page allocator gets a page that a pool counts."""
    return p.print("mm_page_free", f"page={A * 64:x} pfn=0x{A:x} order=0")


HAPPENS: dict[str, Callable[[Printer], object]] = {
    "B03": lambda p: (p.total(P, 2, 2, 0), p.total(P, 2, 2, 0, cnt=2)),
    "B18": lambda p: (p.unmap(ETH0, DMA_A), p.release(P, A, 1), p.release(P, A, 2)),
    "B23": freed,
    "B24": freed,
    "B25": freed,
    "B41": lambda p: p.map(A, ETH0, DMA_A + 4096),
    "B42": lambda p: (p.map(A, ETH1, DMA_A), p.unmap(ETH1, DMA_A, size=0)),
}


@pytest.mark.parametrize("bug", DENIED_BY)
def test_a_bug_that_is_recorded_is_denied(bug: str) -> None:
    """Two pages are in a pool that maps them; then the bug happens."""
    p = mapped()
    assert judged(p.lines).findings.total == 0
    HAPPENS[bug](p)
    assert DENIED_BY[bug] in judged(p.lines).findings.counts
