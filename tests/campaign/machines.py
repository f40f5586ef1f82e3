# SPDX-License-Identifier: MIT
"""The machines of the campaign: those that the notation accepts, and that are neither too large nor mostly small."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from checkers.explore.search import Budget, Exploration, explore
from spec.dsl import Machine, SpecError
from tests.machines import module

from .generator import BUFFERS, made

NUMBERS = range(BUFFERS + 160)
"""Enough for 200 machines, and for 60 whose pages have fragments."""

LARGE = 100
"""Reduced states beyond which a machine is large; of the others every second is left out."""

NO_PATH = "is enabled on no path"
"""The one thing that the generator does not see to."""

MOST = Budget(states=1500)
MOST_PLAIN = Budget(states=6000)


@dataclass(frozen=True)
class Taken:
    """A machine of the campaign, its features, and the Python search's result with everything symmetric."""

    machine: Machine
    features: frozenset[str]
    reduced: Exploration

    @property
    def sizes(self) -> dict[str, int]:
        return self.machine.sizes("tiny", {})


@cache
def taken(number: int) -> Taken | None:
    """The machine of this number, if it takes part."""
    written = made(number)
    try:
        machine: Machine = module(written.text).MACHINE
    except SpecError as error:
        if NO_PATH not in str(error):
            raise
        return None
    seen = explore(machine, machine.sizes("tiny", {}), machine.symmetric, MOST)
    if seen.stopped or (seen.states <= LARGE and number % 2):
        return None
    return Taken(machine, frozenset(written.features), seen)


def campaign(shard: int, shards: int) -> Iterator[Taken]:
    """Every so-manieth machine."""
    yield from filter(None, map(taken, NUMBERS[shard::shards]))
