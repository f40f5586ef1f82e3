# SPDX-License-Identifier: MIT
"""Run as a process: the seconds that a model takes from its text to compiled code."""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from typing import Any

from checkers.explore.search import Budget
from checkers.native.engine import Native, SearchOptions

HOMES = {"yardstick": "models.yardstick", "ownership": "spec.ownership"}


def seconds(model: str, sizes: dict[str, int], symmetric: list[str]) -> float:
    """Seconds to import and lift a model, generate its C and its tables, and compile them."""
    started = time.perf_counter()
    machine: Any = getattr(import_module(HOMES[model]), model)
    sorts = tuple(sort for sort in machine.symmetric if sort.__name__ in symmetric)
    native = Native(machine, sizes, sorts, Budget(states=1), "", SearchOptions(threads=1))
    native.run(lambda seen: None)
    return time.perf_counter() - started


if __name__ == "__main__":
    print(seconds(*json.loads(sys.argv[1])))
