# SPDX-License-Identifier: MIT
"""Two machines that are hard to export: one in which every part of an export matters, one full of reserved words."""

from __future__ import annotations

from dataclasses import dataclass
from shutil import which
from typing import Any

import pytest

from checkers.export.other_tools import Count, Rumur, Spin, ToolError
from models.yardstick import Device, Page
from spec.dsl import (
    ANY,
    NOBODY,
    Kind,
    Machine,
    Sort,
    State,
    between,
    bound,
    count,
    field,
    history,
    implies,
    members,
    optional,
    require,
    some,
)

QUICK = (Spin(effort="-O0"), Rumur(effort="-O0"))
"""The other tools as small models want them: the compiler takes longer than the search."""


def needs(name: str) -> pytest.MarkDecorator:
    """A mark for a test that needs another tool."""
    there = which(name) and which("cc")
    return pytest.mark.skipif(not there, reason=f"{name} and a C compiler are needed; {name} is a system package")


TOOLS = [pytest.param(tool, id=tool.name, marks=needs(tool.name)) for tool in QUICK]
"""What a test over both tools is given."""


@dataclass(frozen=True)
class Answering:
    """An engine with a given answer; without one it is not installed."""

    name: str
    answer: Count | ToolError | None = None

    def available(self) -> bool:
        return self.answer is not None

    def count(self, machine: Machine, sizes: dict[str, int]) -> Count:
        assert self.answer is not None
        if isinstance(self.answer, ToolError):
            raise self.answer
        return self.answer


class Hue(Kind):
    """Three values."""

    RED = "red"
    GREEN = "green"
    BLUE = "blue"


class Traps(State):
    """Two devices choose each other; pages have a hue, and are known to devices."""

    pages = members(Page, 1, 3)
    devices = members(Device, 1, 3)
    most = bound(0, 3, "known pages of a device")

    hue = field(Page, Hue, Hue.RED, "its hue")
    known = field((Page, Device), bool, False, "two keys")
    debt = field(Page, between(-1, 1), 0, "a number that may be negative")
    peer = field(Device, Device, ANY, "any device")
    owner = field(Page, optional(Device), NOBODY, "who has it")
    seen = history(Page, "a counter that nothing may read")


def swap(s: Traps, dev: Device, other: Device) -> None:
    """Each gets what the other has: the second assignment reads what the first has written over."""
    require(dev != other)
    mine = s.peer[dev]
    s.peer[dev] = s.peer[other]
    s.peer[other] = mine


def learn(s: Traps, page: Page, dev: Device) -> None:
    """A cell is written twice where the device is its own peer; the later assignment wins."""
    require(s.hue[page] != Hue.BLUE)
    require(count(s.pages, lambda p: s.known[p, dev]) < s.most)
    s.known[page, dev] = True
    s.known[page, s.peer[dev]] = False
    s.owner[page] = dev
    s.seen[page] += 1


def borrow(s: Traps, page: Page) -> None:
    """A number goes down, and the hue with it."""
    require(s.debt[page] > -1)
    require(s.owner[page] != NOBODY)
    require(s.peer[s.owner[page]] == s.owner[page])
    s.debt[page] -= 1
    s.hue[page] = Hue.GREEN if s.hue[page] == Hue.RED else Hue.BLUE


def forget(s: Traps, page: Page) -> None:
    """All devices but one forget; the page has NOBODY."""
    require(some(s.devices, lambda d: s.known[page, d] and s.peer[d] != d))
    s.owner[page] = NOBODY


def a_page_in_debt_is_not_red(s: Traps, page: Page) -> bool:
    """Who borrows changes the hue."""
    return implies(s.debt[page] < 0, s.hue[page] != Hue.RED)


def a_device_knows_few(s: Traps, dev: Device) -> bool:
    """No more pages than it may."""
    return count(s.pages, lambda p: s.known[p, dev]) <= s.most


def a_count_is_of_what_is_known(before: Traps, after: Traps, page: Page) -> bool:
    """An invariant about steps, and about history."""
    return after.seen[page] - before.seen[page] <= 1


def only_some_pages_are_green(s: Traps, page: Page) -> bool:
    """This is broken."""
    return s.hue[page] != Hue.GREEN


def traps(*broken: Any) -> Machine:
    """The machine; an invariant that does not hold is added where one is given."""
    return Machine(
        name="traps",
        doc="Every part of an export matters here.",
        state=Traps,
        system=(swap, learn, borrow, forget),
        always=(a_page_in_debt_is_not_red, a_device_knows_few, *broken),
        steps=(a_count_is_of_what_is_known,),
        scopes={"tiny": dict(pages=2, devices=2, most=1), "many": dict(pages=1, devices=3, most=1)},
    )


class Rule(Sort, called="{letter}"):
    """A sort with a name of Murphi's."""


class Enum(Sort, called="e{n}"):
    """Another one."""


class Type(Kind):
    """And one more."""

    BEGIN = "begin"
    END = "*/ end"


THREE: Any = (Enum, Enum, Rule)
"""More keys than the notation has types for."""


class Words(State):
    """Fields that are called what the languages, the preprocessor or C call something else."""

    record = members(Rule, 1, 3)
    var = members(Enum, 1, 3)
    of = bound(0, 5, "a number */ of the \\")

    RECORD = field(Rule, Type, Type.BEGIN, "called like the constant for the number of rules \\")
    linux = field(Rule, between(-2, -1), -2, "a macro of the preprocessor; it's negative, too")
    now = field((Rule, Enum), bool, False, "what spin calls its state")
    put: Any = field(THREE, bool, False, "three keys")
    d_step = field(Enum, optional(Enum), NOBODY, "a word of Promela")
    größe = field(Enum, bool, True, "not ASCII: ∀ ≔ “")
    gr__e = field(Enum, bool, False, "like the one above without its letters")
    before_1 = field(Rule, bool, False, "like a value that is kept")
    _x = field(Rule, bool, True, "begins with an underscore")
    key_1 = field(Rule, bool, True, "like the one of a loop")


def release(s: Words, array: Rule, init: Enum) -> None:
    """A word of Promela */ /* and a quotation: "begin"."""
    require(s.linux[array] < -1)
    require(some(s.record, lambda r: s.now[r, init] or s.RECORD[r] == Type.BEGIN))
    s.linux[array] += 1
    s.now[array, init] = not s.now[array, init]
    s.put[init, init, array] = s.linux[array] == 0
    s.d_step[init] = init


def put(s: Words, var: Enum, dev: Enum) -> None:
    """The key of a cell is read from its own field, which spin does not want to see."""
    require(s.d_step[var] != NOBODY)
    require(s.größe[s.d_step[var]])
    s.größe[s.d_step[var]] = False
    s.gr__e[dev] = s.größe[var]
    s.d_step[s.d_step[var]] = NOBODY
    s.put[dev, var, Rule(0)] = True


def main(s: Words, bool_: Rule) -> None:
    """What is kept is not called what a field is called."""
    s.before_1[bool_] = not s._x[bool_]
    s._x[bool_] = not s.before_1[bool_]
    s.key_1[bool_] = False


def rules(s: Words, register: Rule, of: Enum) -> bool:
    """An invariant with parameters that are words of C and Murphi."""
    return s.linux[register] >= -2 or s.gr__e[of]


WORDS = Machine(
    name='so-called "names" */',
    doc="*/ names",
    state=Words,
    system=(release, put, main),
    always=(rules,),
    scopes={"tiny": dict(record=1, var=2, of=0)},
)
