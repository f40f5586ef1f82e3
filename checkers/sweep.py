"""Are the promises strong enough: each guard of a machine is left out in turn, and somebody must notice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spec.dsl import Machine, SpecError, drop
from spec.dsl.mutate import changed

from .explore import ANY_PROMISE, Exploration, explore
from .guards import sites


@dataclass(frozen=True)
class Dropped:
    """A machine without one of its guards: which promise noticed, in how many steps; or why nobody did."""

    function: str
    guard: str
    promise: str
    steps: int
    error: str = ""

    @property
    def noticed(self) -> bool:
        return bool(self.promise or self.error)


def sweep(machine: Machine, scopes: Sequence[dict[str, int]]) -> Iterator[Dropped]:
    """Leave out each guard in turn, and search the scopes one after the other until a promise breaks."""
    for function, guard in dict.fromkeys((site.function, site.text) for site in sites(machine)):
        yield sweep_one(machine, function, guard, scopes)


def sweep_one(machine: Machine, function: str, guard: str, scopes: Sequence[dict[str, int]]) -> Dropped:
    """Leave out this guard, and see who notices."""
    try:
        mutant = changed(machine, f"{machine.name} without {guard}", drop(function, guard))
        for sizes in scopes:
            seen = explore(mutant, sizes, mutant.alike, until=ANY_PROMISE)
            if seen.violated:
                return _noticed(function, guard, seen)
    except SpecError as error:
        return Dropped(function, guard, "", 0, re.sub(r"^.*\.py:\d+: ", "", str(error)))
    return Dropped(function, guard, "", 0)


def _noticed(function: str, guard: str, seen: Exploration) -> Dropped:
    """The promise with the shortest story; of several, the first."""
    finding = min(seen.violated.values(), key=lambda f: len(f.trace.steps))
    return Dropped(function, guard, finding.name, len(finding.trace.steps))
