# SPDX-License-Identifier: MIT
"""What each action of a machine does, and between which places: the data of the ownership picture.

It is collected in every reachable state of a small scope. Which path of an action was taken and what it assigns comes
from the lifted paths, the places of the page before and after from the states.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from checkers.explore.search import UNLIMITED, Search
from spec.dsl import Action, Field, Instance, Machine, State
from spec.dsl.ir import (
    Const,
    Expr,
    Put,
    Read,
    Sum,
    Var,
    cell_text,
    evaluate,
    first_sort,
    members_of,
    one_key,
    text,
)

Move = tuple[str, Enum | None, Enum | None]
"""An action, and the places before and after of the page, or part of one, it was about, if it was about one."""


@dataclass(frozen=True, order=True)
class Effect:
    """An assignment as text, ordered as the state declares its fields."""

    order: int
    phrase: str


@dataclass
class Seen:
    """The number of steps of a move, how often it had each effect, and the effects that changed a value."""

    steps: int = 0
    had: Counter[Effect] = field(default_factory=Counter)
    telling: set[Effect] = field(default_factory=set)

    def phrases(self) -> tuple[str, ...]:
        """What the move does: "maybe" for effects of some paths only; without those that change nothing."""
        often = [(e.phrase, self.had[e] == self.steps) for e in sorted(self.telling)]
        return tuple(phrase if always else f"maybe {phrase}" for phrase, always in often)


class MoveRecorder:
    """An observer that notes for each step which path of which action was taken, and what it changed."""

    def __init__(self, machine: Machine, sizes: dict[str, int]) -> None:
        self.machine, self.sizes = machine, sizes
        self.place = machine.place.name if machine.place else ""
        self.subject = {a.name: _subject(machine, a) for a in machine.actions}
        self.short: dict[str, str] = {}
        self.effects = {a.name: [list(self._effects(a, p.puts)) for p in a.lifted.paths] for a in machine.actions}
        self.seen: dict[Move, Seen] = {}

    def run(self) -> dict[Move, Seen]:
        """Search the scope; returns what was seen of each move."""
        Search(self.machine, self.sizes, self.machine.symmetric, UNLIMITED, "", self).run()
        return self.seen

    def state(self, search: Search, number: int, code: bytes) -> None:
        """Only steps are recorded."""

    def step(self, search: Search, number: int, code: bytes, n: int, after: bytes) -> None:
        world = search.world
        self._note(world.instances[n], world.load(code, world.before), world.state)

    def _note(self, instance: Instance, before: State, after: State) -> None:
        """Add one step to its move."""
        env = dict(zip((v.name for v in instance.action.params), instance.args, strict=True))
        effects = self._taken(instance.action, before, env)
        telling = [effect for effect, put in effects if self._changes(put, before, after, env)]
        for move in self._moves(instance.action, env, before, after):
            seen = self.seen.setdefault(move, Seen())
            seen.steps += 1
            seen.had.update(effect for effect, _ in effects)
            seen.telling.update(telling)

    def _changes(self, put: Put, before: State, after: State, env: dict[str, Any]) -> bool:
        """True if an assignment changes some cell in this step."""
        was, now = before.__dict__[put.field.name], after.__dict__[put.field.name]
        cells = put.cells(lambda sort: self.machine.shape.size(sort, self.sizes))
        keys = (one_key(tuple(evaluate(k, {"": before}, env) for k in cell.keys)) for cell in cells)
        return any(was[key] != now[key] for key in keys)

    def _moves(self, action: Action, env: dict[str, Any], before: State, after: State) -> set[Move]:
        """The move of the page; of a page whose parts have places of their own, the moves of those it is about."""
        subject = [env[v.name] for v in self.subject[action.name]]
        if not subject or type(subject[0]) is not first_sort(self.machine):
            return {(action.name, None, None)}
        was, now = before.__dict__[self.place], after.__dict__[self.place]
        mine = (key for key in was if all(member in members_of(key) for member in subject))
        return {(action.name, was[key], now[key]) for key in mine}

    def _taken(self, action: Action, before: State, env: dict[str, Any]) -> list[tuple[Effect, Put]]:
        """The effects of the path that is taken in this state."""
        for path, effects in zip(action.lifted.paths, self.effects[action.name], strict=True):
            if evaluate(path.guard, {"": before}, env):
                return effects
        raise AssertionError(f"{action.name} took none of its paths")

    def _effects(self, action: Action, puts: Iterable[Put]) -> Iterator[tuple[Effect, Put]]:
        """The last assignment of a path to each cell, without the place of the page and history counters."""
        subject, order = self.subject[action.name], list(self.machine.shape.fields)
        for put in {(p.field, p.keys): p for p in puts}.values():
            if not put.field.history and (put.field.name, put.keys[:1]) != (self.place, subject[:1]):
                yield Effect(order.index(put.field.name), Wording(self.machine, subject, self.short).of(put)), put


def _subject(machine: Machine, action: Action) -> tuple[Var, ...]:
    """The parameters an action is about: its page, and the part of it that has a place; or else the first one."""
    sorts = machine.place.keys if machine.place else (first_sort(machine),)
    found = [next((v for v in action.params if v.sort is sort), None) for sort in sorts]
    return tuple(v for v in found if v) if found[0] else action.params[:1]


@dataclass(frozen=True)
class Wording:
    """Assignments as short text: without the key of the subject, and without the only field that leads to a key."""

    machine: Machine
    subject: tuple[Var, ...]
    short: dict[str, str]
    """The full spec text of each abbreviated cell."""

    def of(self, put: Put) -> str:
        cell, value = self.say(Read(put.field, put.keys)), self.say(put.value)
        return value if value.startswith((f"{cell} + ", f"{cell} - ")) else f"{cell} := {value}"

    def say(self, e: Expr) -> str:
        match e:
            case Const(bool() as value):
                return "yes" if value else "no"
            case Read(f, keys):
                rest = [k for k in keys if k not in self.subject]
                said = cell_text(f.name, map(self.key, rest))
                if [self.key(k) for k in rest] != [self.say(k) for k in rest]:
                    self.short[said] = text(e)
                return said
            case Sum(left, right, sign):
                return f"{self.say(left)} {'+' if sign > 0 else '-'} {self.say(right)}"
        return text(e)

    def key(self, e: Expr) -> str:
        """dma[page, device_of[pool]] becomes dma[pool], if only device_of leads from a pool to a device."""
        if isinstance(e, Read) and e.keys != self.subject[:1] and self._only_way(e.field):
            return self.key(e.keys[0])
        return self.say(e)

    def _only_way(self, f: Field[Any, Any]) -> bool:
        fields = self.machine.shape.fields.values()
        return len(f.keys) == 1 and [g for g in fields if g.keys == f.keys and g.domain.base is f.domain.base] == [f]
