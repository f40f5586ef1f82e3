# SPDX-License-Identifier: MIT
"""Which cases of a long list `make test` runs, and which only `make test-slow`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def one_in(every: int, cases: Iterable[Any]) -> list[Any]:
    """One case in `every` runs always, the others in the slow tests; a case may be a tuple."""
    listed = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [pytest.param(*case, marks=pytest.mark.slow if n % every else ()) for n, case in enumerate(listed)]
