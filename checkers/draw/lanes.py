# SPDX-License-Identifier: MIT
"""The data of a picture of a run: for each step its action, its changes, and the place of each page after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from checkers.core.traces import Trace
from checkers.core.verdict import Exit
from checkers.report.counterexample import beginning, telling
from spec.dsl import Instance, PoolproofError, World
from spec.dsl.ir import first_sort

from .ownership import places_of

STEPS = 80
"""The most steps of a picture."""


class TooLong(PoolproofError):
    """More steps than a picture takes; the message gives their number."""

    exit_code = Exit.USAGE


@dataclass(frozen=True)
class Row:
    """One step: its text, the place of each page after it, the pages that moved, and the pages it is about."""

    number: int
    action: str
    args: str
    system: bool
    told: tuple[str, ...]
    at: dict[str, str]
    moved: frozenset[str]
    about: frozenset[str]


@dataclass(frozen=True)
class Lanes:
    """A run as a picture: its lanes, the pages with their numbers, its rows, and its last sentence.

    `wrong` is true if it ends in a violation, `whom` are the arguments of the violated invariant.
    """

    name: str
    title: str
    places: tuple[str, ...]
    pages: dict[str, int]
    rows: tuple[Row, ...]
    ending: str
    wrong: bool
    whom: tuple[str, ...]


def lanes(
    world: World,
    trace: Trace,
    titles: tuple[str, str],
    ending: str,
    whom: tuple[str, ...] | None = None,
    only: str = "",
) -> Lanes:
    """The picture of a run; `titles` are the model and the claim.

    `whom` are the arguments of the violated invariant, None if the run violates nothing. With `only`, this page is
    shown, and the steps that concern it.
    """
    names = tuple(place.name for place in places_of(world.machine))
    every = world.values(trace.start)[world.machine.place.name]
    pages = {repr(page): page.index for page in every if not only or repr(page) == only}
    return Lanes(*titles, names, pages, rows_of(world, trace, only), ending, whom is not None, whom or ())


def rows_of(world: World, trace: Trace, only: str = "") -> tuple[Row, ...]:
    """The rows of a run, first the initial state; with `only`, the steps that concern this page."""
    told = ", ".join(beginning(world, trace.start, only))
    nothing: frozenset[str] = frozenset()
    rows = [Row(0, "", "", True, (told,) if told else (), _whereabouts(world, trace.start, only), nothing, nothing)]
    for number, step, changes in telling(world, trace, only):
        at = _whereabouts(world, step.code, only)
        moved = frozenset(page for page in at if at[page] != rows[-1].at[page])
        about = _pages(world, [*step.instance.args, *(_first(key) for key, _ in changes)]) & at.keys()
        rows.append(Row(number, *_label(step.instance), _but_places(world, changes), at, moved, about))
    if len(rows) > STEPS + 1:
        raise TooLong(f"{len(rows) - 1} steps are too many for one picture (at most {STEPS})")
    return tuple(rows)


def _label(instance: Instance) -> tuple[str, str, bool]:
    """The name of an action, its arguments, and whether it belongs to the system."""
    return instance.action.name, ", ".join(map(repr, instance.args)), instance.action.system


def _whereabouts(world: World, code: bytes, only: str) -> dict[str, str]:
    """The place of each page, by name."""
    cells = world.values(code)[world.machine.place.name]
    return {repr(page): place.name for page, place in cells.items() if not only or repr(page) == only}


def _first(key: Any) -> Any:
    return key[0] if isinstance(key, tuple) else key


def _pages(world: World, things: Iterable[Any]) -> frozenset[str]:
    return frozenset(repr(thing) for thing in things if type(thing) is first_sort(world.machine))


def _but_places(world: World, changes: list[tuple[Any, str]]) -> tuple[str, ...]:
    """The changes as text, without those of places, which the paths show."""
    place = f"{world.machine.place.name}["
    return tuple(change for _, change in changes if not change.startswith(place))
