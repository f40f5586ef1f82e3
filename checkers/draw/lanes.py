# SPDX-License-Identifier: MIT
"""The data of a picture of a run: for each step its action, its changes, and the place of each page after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from checkers.core.traces import Trace
from checkers.core.verdict import Exit
from checkers.report.counterexample import beginning, telling
from spec.dsl import Instance, PoolproofError, Sort, World
from spec.dsl.ir import members_of, one_key

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
    pages = {name: page.index for name, (page, *_) in subjects(world, only).items()}
    return Lanes(*titles, names, pages, rows_of(world, trace, only), ending, whom is not None, whom or ())


def rows_of(world: World, trace: Trace, only: str = "") -> tuple[Row, ...]:
    """The rows of a run, first the initial state; with `only`, the steps that concern this page."""
    told = ", ".join(beginning(world, trace.start, only))
    nothing: frozenset[str] = frozenset()
    rows = [Row(0, "", "", True, (told,) if told else (), _whereabouts(world, trace.start, only), nothing, nothing)]
    for number, step, changes in telling(world, trace, only):
        at = _whereabouts(world, step.code, only)
        moved = frozenset(page for page in at if at[page] != rows[-1].at[page])
        touched = [step.instance.args, *(members_of(key) for key, _ in changes)]
        about = frozenset(name for name, key in subjects(world, only).items() if _is_about(key, touched))
        rows.append(Row(number, *_label(step.instance), _but_places(world, changes), at, moved, about))
    if len(rows) > STEPS + 1:
        raise TooLong(f"{len(rows) - 1} steps are too many for one picture (at most {STEPS})")
    return tuple(rows)


def _label(instance: Instance) -> tuple[str, str, bool]:
    """The name of an action, its arguments, and whether it belongs to the system."""
    return instance.action.name, ", ".join(map(repr, instance.args)), instance.action.system


def _whereabouts(world: World, code: bytes, only: str) -> dict[str, str]:
    """The place of each page or part of one, by name."""
    cells = world.values(code)[world.machine.place.name]
    return {name: cells[one_key(key)].name for name, key in subjects(world, only).items()}


def subjects(world: World, only: str = "") -> dict[str, tuple[Sort, ...]]:
    """What has a place, by name: pages, or their parts as A.0, A.1; with `only`, those of this page."""
    keys = (members_of(key) for key in world.offsets[world.machine.place.name])
    return {
        ".".join([repr(page), *(str(part.index) for part in parts)]): (page, *parts)
        for page, *parts in keys
        if not only or repr(page) == only
    }


def _is_about(key: tuple[Sort, ...], touched: Iterable[tuple[Sort, ...]]) -> bool:
    """True if a step's arguments, or the key of a cell that it changed, name this page and no other part of it."""
    page, *parts = key
    return any(page in names and all(part in names for part in parts if _names_some(part, names)) for names in touched)


def _names_some(part: Sort, names: tuple[Sort, ...]) -> bool:
    return any(type(name) is type(part) for name in names)


def _but_places(world: World, changes: list[tuple[Any, str]]) -> tuple[str, ...]:
    """The changes as text, without those of places, which the paths show."""
    place = f"{world.machine.place.name}["
    return tuple(change for _, change in changes if not change.startswith(place))
