# SPDX-License-Identifier: MIT
"""Short spec texts, put into a small machine: what is refused, and with which words; what is accepted, and runs."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from spec.dsl import Instance, Machine, Sort, SpecError, World
from tests.machines import module
from tests.semantics import REFUSED, Outcome, concretely, encode, lifted
from tests.writer import SORTS

HERE = "# here"
"""Marks the line that a message must name."""

PRELUDE = f"""\
import functools
import random

{SORTS}
class Place(Kind):
    FREE = "free"
    RING = "in the ring"
    TX = "being sent"

class Turn(Kind):
    CPU = "the cpu's"
    DEV = "the device's"

class S(State):
    pages = members(Page)
    devices = members(Device)
    cap = bound(0, 3, "a number of the scope")
    place = field(Page, Place, Place.FREE, "where it is")
    turn = field(Page, Turn, Turn.CPU, "whose turn it is")
    home = field(Page, optional(Device), NOBODY, "its device, if it has one")
    refs = field(Page, between(0, 3), 0, "how many refer to it")
    dirty = field(Page, bool, False, "written")
    mapped = field((Page, Device), bool, False, "mapped for a device")
    peer = field(Device, Device, ANY, "the device at the other end")
    up = field(Device, bool, False, "working")
    taken = history(Page, "how often it was taken")

"""

HEAD = "def act(s: S, page: Page, other: Page, dev: Device) -> None:\n"
CLAIM = "def invariant(s: S, page: Page, other: Page, dev: Device) -> bool:\n"


def action(body: str) -> str:
    """An action with this body."""
    return HEAD + _indented(body)


def invariant(body: str) -> str:
    """An invariant with this body."""
    return CLAIM + _indented(body)


def _indented(body: str) -> str:
    return "".join(f"    {line}\n" for line in body.strip("\n").split("\n"))


IDLE = module('from spec.dsl import State\n\ndef act(s: State) -> None:\n    """Nothing."""\n').act


def machine(text: str, **more: Any) -> Machine:
    """The machine of this text: what is called act... is an action, and so on with invariant, step and witness."""
    return assemble(module(PRELUDE + text), **more)


def assemble(made: ModuleType, symmetric: tuple[str, ...] = (), **more: Any) -> Machine:
    """The machine of a module that begins with the prelude; `symmetric` names sorts of it."""

    def named(prefix: str) -> tuple[Any, ...]:
        return tuple(thing for name, thing in vars(made).items() if name.startswith(prefix))

    return Machine(
        name="snippet",
        doc="a test",
        state=made.S,
        system=named("act") or (IDLE,),
        always=named("invariant"),
        steps=named("step"),
        sometimes=named("witness"),
        scopes={"tiny": dict(pages=2, devices=2, cap=2)},
        symmetric=tuple(vars(made)[name] for name in symmetric),
        **more,
    )


def refused(text: str, words: str, **more: Any) -> None:
    """The text is refused with these words (parted by ` ... `), and the message names the line marked as `here`."""
    with pytest.raises(SpecError) as caught:
        machine(text, **more)
    message, at = str(caught.value), 0
    for part in words.split(" ... "):
        assert part in message[at:], f"{part!r} is not said in: {message}"
        at = message.index(part, at) + len(part)
    lines = [number for number, line in enumerate((PRELUDE + text).split("\n"), 1) if HERE in line]
    if lines:
        assert f">:{lines[0]}: " in message, f"line {lines[0]} is not named in: {message}"


class Bench:
    """A machine of one action on which single steps are tried, by running it and by its lifted paths."""

    def __init__(self, text: str, **more: Any) -> None:
        self.text = PRELUDE + text
        self.names: Any = module(self.text)
        self.machine = assemble(self.names, **more)
        self.world = World(self.machine, self.machine.sizes("tiny", {}))
        self.pages: tuple[Sort, ...] = vars(self.world.state)["pages"].all
        self.devices: tuple[Sort, ...] = vars(self.world.state)["devices"].all

    def state(self, **cells: dict[Any, Any]) -> bytes:
        """The first initial state with some cells changed."""
        values = self.world.values(self.world.initial()[0])
        for name, changes in cells.items():
            values[name].update(changes)
        return encode(self.world, values)

    def step(self, *args: Sort, **cells: dict[Any, Any]) -> Outcome:
        """What the action does there, which both semantics must agree on."""
        instance, code = Instance(self.machine.actions[0], args), self.state(**cells)
        outcome = concretely(self.world, code, instance)
        assert outcome == lifted(self.world, code, instance)
        return outcome

    def after(self, *args: Sort, **cells: dict[Any, Any]) -> dict[str, dict[Any, Any]]:
        """The state after the action as plain dictionaries."""
        outcome = self.step(*args, **cells)
        assert not outcome.why_not, outcome.why_not
        return self.world.values(outcome.code)

    def is_enabled(self, *args: Sort, **cells: dict[Any, Any]) -> bool:
        return self.step(*args, **cells) != REFUSED
