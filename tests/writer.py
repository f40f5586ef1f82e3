# SPDX-License-Identifier: MIT
"""Random small machines, as text in the notation: the rules are tested on machines that no author designed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from hypothesis import strategies as st

PARAMETERS = {"Page": ("page", "other"), "Device": ("dev", "peer")}
GROUPS = {"Page": "pages", "Device": "devices"}
HUES = ("RED", "GREEN", "BLUE")

SORTS = '''\
from spec.dsl import (
    ANY, NOBODY, Kind, Machine, Sort, State, between, bound, count, each, field, history, iff, implies, members,
    optional, require, some, variable,
)


class Page(Sort, called="{letter}"):
    """A page."""


class Device(Sort, called="eth{n}"):
    """A device."""
'''
"""How the text of a machine of pages and devices begins."""

HEAD = f"""{SORTS}

class Hue(Kind):
    RED = "red"
    GREEN = "green"
    BLUE = "blue"


class S(State):
    pages = members(Page, 1, 3)
    devices = members(Device, 1, 2)
    cap = bound(1, 2, "a number of the scope")
"""


@dataclass(frozen=True)
class Cell:
    """A field: its name, the sorts of its keys, and what it holds ("bool", "Hue", "number", "Device?" or "Page?")."""

    name: str
    keys: tuple[str, ...]
    holds: str


@dataclass
class Scene:
    """What can be named at some place of the text: states, and members of sorts; `depth` numbers the bound ones."""

    states: tuple[str, ...]
    names: dict[str, list[str]] = field(default_factory=lambda: {"Page": [], "Device": []})
    depth: int = 0

    @contextmanager
    def member(self, sort: str) -> Iterator[str]:
        """One more name, for what a quantifier ranges over."""
        name = f"{sort[0].lower()}{self.depth}"
        self.depth += 1
        self.names[sort].append(name)
        yield name
        self.names[sort].remove(name)
        self.depth -= 1


@st.composite
def machine_texts(draw: st.DrawFn) -> str:
    """The text of a module that defines MACHINE."""
    return Writer(draw).module()


class Writer:
    """Draws a machine piece by piece; each method gives the text of one piece."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.symmetric = draw(st.sampled_from([("Page", "Device"), ("Page",), ("Device",), ()]))
        self.pages, self.devices = draw(st.sampled_from([(2, 2), (2, 1), (3, 1), (2, 2)]))
        self.cells = self._cells()
        self.has_history = draw(st.booleans())
        self.helper = ""

    def one(self, *choices: Callable[[], str]) -> str:
        return self.draw(st.sampled_from(choices))()

    def pick(self, things: Sequence[str]) -> str:
        return self.draw(st.sampled_from(things))

    def chance(self) -> bool:
        return self.draw(st.booleans())

    # -- the state -------------------------------------------------------------------------------------------------

    def _cells(self) -> list[Cell]:
        distinct = [sort for sort in ("Page",) if sort not in self.symmetric]
        values = ["bool", "Hue", "number", "Device?", *(f"{sort}?" for sort in distinct)]
        keys: list[tuple[str, ...]] = [("Page",), ("Page",), ("Device",), ("Page", "Device"), ("Page", "Device"), ()]
        keys += [("Page", "Page"), ("Device", "Page")] if distinct else []
        keys += [("Page", "Device", "Device")] if self.pages < 3 else []
        chosen = [("Page",), *self.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=2))]
        return [Cell(f"f{n}", k, "bool" if len(k) > 1 else self.pick(values)) for n, k in enumerate(chosen)]

    def declaration(self, cell: Cell) -> str:
        held = {"number": "between(0, 2)", "Device?": "optional(Device)", "Page?": "optional(Page)"}
        starts = {"bool": "False", "Hue": "Hue.RED", "number": "0", "Device?": "NOBODY", "Page?": "NOBODY"}
        keys = cell.keys[0] if len(cell.keys) == 1 else f"({', '.join(cell.keys)})"
        start = "ANY" if len(cell.keys) < 2 and self.pick("nnny") == "y" else starts[cell.holds]
        declared = f"field({keys}, " if cell.keys else "variable("
        return f'    {cell.name} = {declared}{held.get(cell.holds, cell.holds)}, {start}, "a field")\n'

    # -- values ----------------------------------------------------------------------------------------------------

    def member(self, scene: Scene, sort: str) -> str:
        """A member of a sort: a variable, or a numbered member where members are distinguished."""
        literals = [] if sort in self.symmetric else [f"{sort}(0)"]
        return self.pick(scene.names[sort] * 3 + literals)

    def can_name(self, scene: Scene, sort: str) -> bool:
        return bool(scene.names[sort]) or sort not in self.symmetric

    def readable(self, scene: Scene, *holds: str) -> list[Cell]:
        return [c for c in self.cells if c.holds in holds and all(self.can_name(scene, k) for k in c.keys)]

    def read(self, scene: Scene, *holds: str) -> str:
        cell = self.draw(st.sampled_from(self.readable(scene, *holds)))
        return self.cell(scene, self.pick(scene.states), cell)

    def cell(self, scene: Scene, state: str, cell: Cell) -> str:
        return f"{state}.{cell.name}" + (f"[{self.keys(scene, cell)}]" if cell.keys else "")

    def keys(self, scene: Scene, cell: Cell) -> str:
        return ", ".join(self.member(scene, k) for k in cell.keys)

    def number(self, scene: Scene, depth: int) -> str:
        choices = [lambda: self.pick(("0", "1", "2", f"{scene.states[0]}.cap"))]
        if self.readable(scene, "number"):
            choices += [lambda: self.read(scene, "number")] * 3
        if depth > 0:
            choices.append(lambda: self.quantified(scene, "count", depth - 1))
            choices.append(lambda: f"({self.number(scene, 0)} {self.pick('+-')} {self.number(scene, 0)})")
        return self.one(*choices)

    # -- claims ----------------------------------------------------------------------------------------------------

    def claim(self, scene: Scene, depth: int, is_guard: bool = False) -> str:
        """A claim; a guard is no conjunction, since each guard stands alone."""
        choices = [lambda: self.atom(scene)]
        if depth > 0:
            choices += [
                lambda: f"({self.claim(scene, depth - 1)} or {self.claim(scene, depth - 1)})",
                lambda: f"(not {self.claim(scene, depth - 1)})",
                lambda: self.quantified(scene, self.pick(("each", "some")), depth - 1),
                lambda: f"{self.pick(('implies', 'iff'))}({self.claim(scene, depth - 1)}, {self.claim(scene, 0)})",
                lambda: f"({self.number(scene, 1)} {self.pick(('<', '<=', '==', '!='))} {self.number(scene, 1)})",
            ]
        if depth > 0 and not is_guard:
            choices += [
                lambda: f"({self.claim(scene, depth - 1)} and {self.claim(scene, depth - 1)})",
                lambda: f"({self.claim(scene, 0)} if {self.atom(scene)} else {self.claim(scene, depth - 1)})",
            ]
        return self.one(*choices)

    def quantified(self, scene: Scene, word: str, depth: int) -> str:
        """A quantifier over the members of a sort, or over pairs."""
        if self.pick("mmmp") == "p":
            return self.of_pairs(scene, word, self.pick(scene.states), depth)
        return self.of_members(scene, word, depth)

    def of_members(self, scene: Scene, word: str, depth: int) -> str:
        sort, state = self.pick(("Page", "Page", "Device")), self.pick(scene.states)
        with scene.member(sort) as name:
            return f"{word}({state}.{GROUPS[sort]}, lambda {name}: {self.claim(scene, depth)})"

    def of_pairs(self, scene: Scene, word: str, state: str, depth: int) -> str:
        one, other = self.pick(tuple(GROUPS)), self.pick(tuple(GROUPS))
        with scene.member(one) as first, scene.member(other) as second:
            groups = f"({state}.{GROUPS[one]}, {state}.{GROUPS[other]})"
            return f"{word}({groups}, lambda {first}, {second}: {self.claim(scene, depth)})"

    def atom(self, scene: Scene) -> str:
        """A claim about one cell, or about which member is which."""
        choices: list[Callable[[], str]] = []
        if self.readable(scene, "bool"):
            choices.append(lambda: self.read(scene, "bool"))
        if self.readable(scene, "Hue"):
            choices.append(lambda: self.hue_claim(scene))
        if self.readable(scene, "number"):
            choices.append(
                lambda: f"{self.read(scene, 'number')} {self.pick(('<', '>=', '=='))} {self.number(scene, 0)}"
            )
        for optional in ("Device?", "Page?"):
            if self.readable(scene, optional):
                choices.append(partial(self.whereabouts, scene, optional))
        for sort, names in scene.names.items():
            if len(names) > 1:
                choices.append(partial(self.distinction, scene, sort))
        if self.helper and scene.names["Page"]:
            choices.append(lambda: f"{self.helper}({self.pick(scene.states)}, {self.pick(scene.names['Page'])})")
        return self.one(*choices) if choices else f"({scene.states[0]}.cap == {self.pick('12')})"

    def hue_claim(self, scene: Scene) -> str:
        cell, hue = self.read(scene, "Hue"), self.pick(HUES)
        several = f"(Hue.{hue}, Hue.{self.pick(HUES)})"
        return self.one(lambda: f"{cell} == Hue.{hue}", lambda: f"{cell} != Hue.{hue}", lambda: f"{cell} in {several}")

    def whereabouts(self, scene: Scene, optional: str) -> str:
        """A claim about an optional member: that it is NOBODY, that it is another one, or a claim about it."""
        sort, cell = optional[:-1], self.read(scene, optional)
        like = [c for c in self.cells if c.keys == (sort,) and c.holds == "bool"]
        choices = [lambda: f"{cell} {self.pick(('==', '!='))} NOBODY"]
        if self.can_name(scene, sort):
            choices.append(lambda: f"{cell} {self.pick(('==', '!='))} {self.member(scene, sort)}")
        if like:
            choices.append(lambda: f"({cell} == NOBODY or {scene.states[0]}.{like[0].name}[{cell}])")
        return self.one(*choices)

    def distinction(self, scene: Scene, sort: str) -> str:
        one = self.pick(scene.names[sort])
        other = self.pick([name for name in scene.names[sort] if name != one])
        return f"{one} {self.pick(('==', '!='))} {other}"

    # -- functions -------------------------------------------------------------------------------------------------

    def scene(self, states: tuple[str, ...]) -> Scene:
        """The states, and up to two parameters."""
        scene = Scene(states)
        for sort in self.draw(st.sampled_from([("Page",), ("Page", "Page"), ("Page", "Device"), ("Device",), ()])):
            scene.names[sort].append(PARAMETERS[sort][len(scene.names[sort])])
        return scene

    def head(self, name: str, scene: Scene, returns: str) -> str:
        params = [f"{state}: S" for state in scene.states]
        params += [f"{name}: {sort}" for sort, names in scene.names.items() for name in names]
        return f"\n\ndef {name}({', '.join(params)}) -> {returns}:\n"

    def invariant(self, name: str, states: tuple[str, ...]) -> str:
        scene = self.scene(states)
        head, claim = self.head(name, scene, "bool"), self.claim(scene, 2)
        if len(states) == 2 and self.has_history and scene.names["Page"] and self.chance():
            page = self.pick(scene.names["Page"])
            claim = f"implies(after.seen[{page}] == before.seen[{page}] + 1, {claim})"
        return f"{head}    return {claim}\n"

    def action(self, name: str) -> str:
        scene = self.scene(("s",))
        text = self.head(name, scene, "None")
        for _ in range(self.draw(st.integers(0, 2))):
            text += f"    require({self.claim(scene, 1, is_guard=True)})\n"
        for _ in range(self.draw(st.integers(1, 3))):
            text += self.statement(scene, "    ", 1)
        return text

    def statement(self, scene: Scene, indent: str, depth: int) -> str:
        choices = [lambda: self.assignment(scene, indent)] * 3
        if depth > 0:
            choices.append(lambda: self.branch(scene, indent, depth - 1))
        if self.has_history and scene.names["Page"]:
            choices.append(lambda: f"{indent}s.seen[{self.pick(scene.names['Page'])}] += 1\n")
        return self.one(*choices)

    def branch(self, scene: Scene, indent: str, depth: int) -> str:
        text = f"{indent}if {self.claim(scene, 1)}:\n{self.statement(scene, indent + '    ', depth)}"
        if self.chance():
            text += f"{indent}else:\n{self.statement(scene, indent + '    ', depth)}"
        return text

    def assignment(self, scene: Scene, indent: str) -> str:
        cells = self.readable(scene, "bool", "Hue", "number", "Device?", "Page?")
        if not cells:
            return f"{indent}pass\n"
        cell = self.draw(st.sampled_from(cells))
        target = self.cell(scene, "s", cell)
        if "Device" in cell.keys[1:] and self.chance():
            target = f"s.{cell.name}[{self.row(scene, cell)}]"
        if cell.holds == "number":
            return self.count_up_or_down(scene, indent, target)
        if cell.holds == "bool":
            value = self.one(lambda: self.pick(("True", "False")), lambda: self.claim(scene, 1))
        elif cell.holds == "Hue":
            hue = f"Hue.{self.pick(HUES)}"
            value = self.one(
                lambda: hue, lambda: self.read(scene, "Hue"), lambda: f"{hue} if {self.atom(scene)} else Hue.RED"
            )
        else:
            value = self.member_or_nobody(scene, cell.holds)
        return f"{indent}{target} = {value}\n"

    def row(self, scene: Scene, cell: Cell) -> str:
        """The keys of a row: `:` in the place of a device, or of two."""
        last = len(cell.keys) - 1
        first = self.member(scene, cell.keys[0])
        rest = [":" if k == "Device" and (n == last or self.chance()) else self.member(scene, k)
                for n, k in enumerate(cell.keys[1:], 1)]  # fmt: skip
        return ", ".join([first, *rest])

    def count_up_or_down(self, scene: Scene, indent: str, target: str) -> str:
        """A number that stays inside its bounds, whatever the state."""
        choices = [
            lambda: f"{indent}{target} = {self.pick(('0', '1', 's.cap'))}\n",
            lambda: f"{indent}if {target} < 2:\n{indent}    {target} += 1\n",
            lambda: f"{indent}if {target} > 0:\n{indent}    {target} -= 1\n",
        ]
        if self.pages <= 2:
            choices.append(lambda: f"{indent}{target} = {self.of_members(scene, 'count', 1)}\n")
        return self.one(*choices)

    def member_or_nobody(self, scene: Scene, holds: str) -> str:
        choices = [lambda: "NOBODY", lambda: self.read(scene, holds)]
        if self.can_name(scene, holds[:-1]):
            choices += [lambda: self.member(scene, holds[:-1])] * 2
        return self.one(*choices)

    # -- the module ------------------------------------------------------------------------------------------------

    def module(self) -> str:
        text = HEAD + "".join(map(self.declaration, self.cells))
        text += '    seen = history(Page, "a counter")\n' if self.has_history else ""
        if self.chance():
            scene = Scene(("s",), {"Page": ["page"], "Device": []})
            text += f"\n\ndef helper(s: S, page: Page) -> bool:\n    return {self.claim(scene, 1)}\n"
            self.helper = "helper"
        actions = [f"act{n}" for n in range(self.draw(st.integers(1, 4)))]
        text += "".join(map(self.action, actions))
        text += self.invariant("kept", ("s",)) + self.invariant("also_kept", ("s",))
        text += self.invariant("stepwise", ("before", "after"))
        text += self.invariant("seen_once", ("s",)) + self.invariant("stepped_once", ("before", "after"))
        text += f"\n\ndef over(s: S) -> bool:\n    return {self.claim(Scene(('s',)), 1)}\n"
        return text + self.listing(actions)

    def listing(self, actions: list[str]) -> str:
        final = ", final=over" if self.chance() else ""
        sizes = f"dict(pages={self.pages}, devices={self.devices}, cap={self.pick('12')})"
        return (
            f'\n\nMACHINE = Machine(\n    name="random", doc="drawn", state=S, system=({", ".join(actions)},),\n'
            "    always=(kept, also_kept), steps=(stepwise,), sometimes=(seen_once, stepped_once),\n"
            f"    scopes={{'tiny': {sizes}}}, symmetric=({''.join(f'{s}, ' for s in self.symmetric)}){final},\n)\n"
        )
