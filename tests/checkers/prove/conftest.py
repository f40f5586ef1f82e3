# SPDX-License-Identifier: MIT
"""No test of the proofs leaves a process behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


def children() -> set[int]:
    """The processes that this one started and that have not been waited for, by number."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().rpartition(")")
        except OSError:  # the process has ended
            continue
        if int(rest.split()[1]) == os.getpid():
            found.add(int(name.split()[0]))
    return found


@pytest.fixture(autouse=True)
def _no_process_is_left() -> Iterator[None]:
    """Every child of the test has ended and was waited for; those of other tests stay out of it."""
    before = children()
    yield
    assert children() <= before
