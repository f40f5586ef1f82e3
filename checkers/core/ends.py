# SPDX-License-Identifier: MIT
"""From every reachable state some run leads to one in which a run may end: a property of the graph of a scope.

It is not liveness: that such a run exists does not say that it is taken.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from spec.dsl import World

from .stopped import Stopped
from .traces import Trace

MOST_COMPARED = 10_000
"""States in which it is looked for what they have in common; the nearest of them, if there are more."""


@dataclass(frozen=True)
class Ends:
    """The states from which no run leads to an end, and a shortest run to one of them.

    `places` are those in which some page is in each of these states. `stopped` is why there is no answer.
    """

    stuck: int = 0
    trace: Trace | None = None
    places: tuple[str, ...] = ()
    stopped: Stopped | None = None


def without_end(is_final: bytearray, steps: Sequence[array[int]]) -> list[int]:
    """The numbers of the states from which no final one can be reached: the reverse closure of the final states.

    `steps` are pairs of numbers, from and to, in parts. Steps mostly lead to higher numbers: read backwards, few rounds
    reach the closure.
    """
    ends, left = bytearray(is_final), list(steps)
    while left:
        before = sum(ends)
        left = [part for part in (_backwards(pairs, ends) for pairs in reversed(left)) if part][::-1]
        if sum(ends) == before:
            break
    return [n for n, can_end in enumerate(ends) if not can_end]


def _backwards(pairs: array[int], ends: bytearray) -> array[int]:
    """Mark the states that have a step to a marked one; returns the steps from states that are not marked, in order."""
    left = array("I")
    for start, end in zip(pairs[-2::-2], pairs[::-2], strict=True):
        if not ends[start]:
            if ends[end]:
                ends[start] = 1
            else:
                left.extend((end, start))
    left.reverse()
    return left


def shared_places(world: World, codes: Iterable[bytes]) -> tuple[str, ...]:
    """The places in which some page is in each of these states, in the order of their declaration."""
    if world.machine.place is None:
        return ()
    shared: dict[str, None] | None = None
    for code in codes:
        here = {place.name for place in world.values(code)[world.machine.place.name].values()}
        shared = {name: None for name in (shared if shared is not None else _in_order(world)) if name in here}
    return tuple(shared or ())


def _in_order(world: World) -> Iterator[str]:
    yield from (place.name for place in world.machine.place.domain.base)
