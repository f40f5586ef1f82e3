# SPDX-License-Identifier: MIT
"""A counterexample as text: each step with only what it changed, and the invariant it violates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checkers.core.traces import Step, Trace
from checkers.core.wording import cell, shown
from spec.dsl import ANY, World
from spec.dsl.ir import first_sort, members_of

STUCK = "Here nothing can happen any more, and this is no state in which a run may end."
"""The last sentence of a deadlock."""

NO_END = "From here no run leads to a state in which a run may end."
"""The last sentence of a run to a state without an end."""

NO_STEP = "This step is none of the rules."
"""The last sentence of a step that the refined machine does not have."""


def counterexample(world: World, trace: Trace, ending: str, only: str = "") -> list[str]:
    """The lines of a counterexample; `ending` is its last sentence, `only` restricts it to one page by name."""
    chosen = ", ".join(beginning(world, trace.start, only))
    first = [f"  0  at the start {chosen}"] if chosen else []
    return [*first, *_steps(world, trace, only), f"     {ending}"]


def beginning(world: World, start: bytes, only: str = "") -> list[str]:
    """The values of an initial state in fields with any initial value."""
    values = world.values(start)
    return [
        f"{cell(name, key)} is {shown(value)}"
        for name, f in world.machine.shape.fields.items()
        if f.start is ANY
        for key, value in values[name].items()
        if _concerns(world, key, only)
    ]


def _steps(world: World, trace: Trace, only: str) -> Iterator[str]:
    for number, step, told in telling(world, trace, only):
        yield f"{number:3}  {step.instance}"
        yield from (f"       {change}" for _, change in told)


def telling(world: World, trace: Trace, only: str = "") -> Iterator[tuple[int, Step, list[tuple[Any, str]]]]:
    """The steps by number, each with the cells it changed; with `only`, those that concern this page."""
    for number, (was, step) in enumerate(zip(trace.codes, trace.steps, strict=False), start=1):
        told = [(key, change) for key, change in changes(world, was, step.code) if _concerns(world, key, only)]
        if told or not only or only in map(repr, step.instance.args):
            yield number, step, told


def _concerns(world: World, key: Any, only: str) -> bool:
    """True if the cell with this key belongs to the page `only`, or to no page."""
    pages = [repr(member) for member in members_of(key)[:1] if type(member) is first_sort(world.machine)]
    return not only or not pages or pages == [only]


def changes(world: World, was: bytes, now: bytes) -> Iterator[tuple[Any, str]]:
    """The cells that differ in the second state: the key, and the change as text."""
    before, after = world.values(was), world.values(now)
    for name, cells in after.items():
        for key, value in cells.items():
            if before[name][key] is not value and before[name][key] != value:
                yield key, f"{cell(name, key)}: {shown(before[name][key])} -> {shown(value)}"


def ending(sentence: str, args: tuple[str, ...]) -> str:
    """The last sentence for a violated invariant, with its arguments."""
    whom = f" ({', '.join(args)})" if args else ""
    return f"This breaks the invariant: {sentence}{whom}."
