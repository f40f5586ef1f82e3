# SPDX-License-Identifier: MIT
"""Faults are planted in the code generator, one at a time: the comparison with the Python search detects each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from checkers.core.intervals import Intervals
from checkers.core.symmetry import Symmetry
from checkers.explore.search import Budget, explore
from checkers.native import engine
from checkers.native.counts import Counts
from checkers.native.generate import Model
from checkers.native.layout import Layout
from checkers.native.text import Place, Text
from models.yardstick import yardstick
from spec.dsl import NOBODY, Machine, SpecError, World
from spec.dsl.ir import Less, Not, Put, Sum
from tests.checkers.native.ways import WAYS, needs_a_compiler, results
from tests.machines import module
from tests.spec.dsl.snippets import PRELUDE, assemble

pytestmark = needs_a_compiler

Plant = Callable[[pytest.MonkeyPatch], None]

TRAPS = """
class T(S):
    level = field(Device, between(1, 3), 1, 'a number of a device')
    mark = field(Page, between(2, 4), 2, 'a number of a page')

S = T

def act_get(s: S, page: Page, dev: Device) -> None:
    require(s.home[page] == NOBODY)
    require(s.up[dev])
    require(count(s.pages, lambda p: s.home[p] == dev and s.dirty[p] == s.up[dev]) < s.level[dev])
    s.home[page] = dev
    s.mapped[page, dev] = True
    s.taken[page] += 1
    if s.level[dev] == 2:
        s.taken[page] += 1

def act_write(s: S, page: Page) -> None:
    require(s.home[page] != NOBODY)
    require(count(s.pages, lambda p: s.dirty[p]) < 1)
    require(s.mark[page] + 1 - 2 < 2)
    s.dirty[page] = True
    s.mark[page] += 1

def act_put(s: S, page: Page, dev: Device) -> None:
    require(s.home[page] == dev)
    require(each(s.pages, lambda p: p == page or s.home[p] != dev or s.dirty[p]))
    if s.dirty[page]:
        s.dirty[page] = False
        s.mapped[page, dev] = False
    else:
        was = s.peer[dev]
        s.peer[dev] = dev
        s.mapped[page, was] = s.dirty[page]
    s.home[page] = NOBODY

def act_up(s: S, dev: Device) -> None:
    require(not s.up[dev])
    require(some(s.pages, lambda p: s.home[p] == NOBODY))
    require(s.level[dev] < 4)
    s.up[dev] = True

def act_level(s: S, dev: Device) -> None:
    require(s.up[dev])
    s.level[dev] = 1 + count(s.pages, lambda p: s.home[p] == dev)

def act_down(s: S, dev: Device) -> None:
    require(s.level[dev] == 2)
    s.up[dev] = False
    s.level[dev] = 1

def invariant_mapped(s: S, page: Page, dev: Device) -> bool:
    return implies(s.home[page] == dev, s.mapped[page, dev])

def invariant_few(s: S, dev: Device) -> bool:
    return count(s.pages, lambda p: s.home[p] == dev and s.mark[p] > 2) < 2 or not s.up[dev]

def invariant_up(s: S, page: Page, dev: Device) -> bool:
    return implies(s.home[page] == dev and s.dirty[page], s.up[dev])

def invariant_kept(s: S, page: Page) -> bool:
    return s.mark[page] >= 2 and (s.home[page] != NOBODY or not s.dirty[page])

def step_taken(before: S, after: S, page: Page) -> bool:
    return after.taken[page] <= before.taken[page] + 1

def step_level(before: S, after: S, dev: Device) -> bool:
    return after.level[dev] <= before.level[dev] + 1

def step_marks(before: S, after: S, page: Page) -> bool:
    return after.mark[page] >= before.mark[page]

def step_peer(before: S, after: S, page: Page, dev: Device) -> bool:
    stays = before.home[page] == dev and after.home[page] == dev
    return implies(stays, after.peer[dev] == before.peer[dev])

def witness_second(s: S, dev: Device) -> bool:
    return dev == Device(1) and s.up[dev]

def witness_two(s: S, dev: Device) -> bool:
    return count(s.pages, lambda p: s.home[p] == dev) == 2

def witness_last(s: S, page: Page, dev: Device) -> bool:
    return s.mark[page] == 4 and s.level[dev] == 3 and not s.mapped[page, dev]

def over(s: S) -> bool:
    return each(s.pages, lambda p: s.mark[p] == 4) or s.up[s.peer[Device(0)]]
"""


PARTS = """
class T(S):
    part = field((Page, Device), bool, False, 'a part of a page')
    mode = variable(Turn, Turn.CPU, 'a mode of the machine')

S = T

def act_cut(s: S, page: Page) -> None:
    require(not s.dirty[page])
    s.dirty[page] = True
    s.part[page, :] = True

def act_drop(s: S, page: Page, dev: Device) -> None:
    require(s.part[page, dev])
    require(s.mode == Turn.CPU)
    require(count((s.pages, s.devices), lambda p, d: s.part[p, d]) > 2)
    s.part[page, dev] = False
    s.mode = Turn.DEV

def act_back(s: S) -> None:
    require(s.mode == Turn.DEV)
    s.mode = Turn.CPU

def invariant_few(s: S) -> bool:
    return count((s.pages, s.devices), lambda p, d: s.part[p, d]) <= 3

def invariant_whole(s: S, page: Page) -> bool:
    return not s.dirty[page] or some(s.devices, lambda d: s.part[page, d])
"""


@cache
def parts() -> Machine:
    """A small machine with a row, a count of pairs, and a field without an index."""
    return assemble(module(PRELUDE + PARTS), ("Page", "Device"))


@cache
def traps(symmetric: tuple[str, ...]) -> Machine:
    """A small machine in which everything matters: each kind of field, count, branch and claim."""
    quantified = TRAPS.replace("s.up[s.peer[Device(0)]]", "some(s.devices, lambda d: s.up[s.peer[d]])")
    text = quantified.replace("dev == Device(1) and ", "") if symmetric else TRAPS
    names: Any = module(PRELUDE + text)
    return assemble(names, symmetric, final=names.over)


SEARCHES: dict[str, tuple[Callable[[], Machine], str]] = {
    "traps, symmetric, tables": (lambda: traps(("Page", "Device")), "tables, bitmap"),
    "traps, symmetric, evaluated": (lambda: traps(("Page", "Device")), "evaluated"),
    "traps, told apart, tables": (lambda: traps(()), "tables, hash set"),
    "traps, told apart, evaluated": (lambda: traps(()), "evaluated, two threads"),
    "parts, tables": (parts, "tables, bitmap"),
    "parts, evaluated": (parts, "evaluated"),
    "yardstick, tables": (lambda: yardstick, "tables, bitmap"),
    "yardstick, evaluated": (lambda: yardstick, "evaluated"),
}
BUDGET = Budget(states=20_000, seconds=20)
"""More states than any of these machines has: what a fault adds without end is ended here."""


@cache
def right(name: str) -> dict[str, object]:
    machine = SEARCHES[name][0]()
    return results(explore(machine, machine.sizes("tiny", {}), machine.symmetric))


def answer(name: str) -> object:
    """The results of the search in C; an error is an answer, too, and a wrong one."""
    made, way = SEARCHES[name]
    machine = made()
    try:
        return results(engine.explore(machine, machine.sizes("tiny", {}), machine.symmetric, BUDGET, options=WAYS[way]))
    except (AssertionError, SpecError, StopIteration) as error:
        return error


def detected(name: str) -> bool:
    return answer(name) != right(name)


def changed(of: Any, name: str, change: Callable[..., Any]) -> Plant:
    """A fault in what a method returns; the change is given that, and what the method was given."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        method = getattr(of, name)
        patch.setattr(of, name, lambda self, *given, **more: change(method(self, *given, **more), self, *given))

    return plant


def listed(of: Any, name: str, change: Callable[[list[str]], list[str]]) -> Plant:
    """A fault in the lines that a method yields."""
    return changed(of, name, lambda lines, *_: iter(change(list(lines))))


def rewritten(pattern: str, by: str, times: int = 0) -> Plant:
    """A fault in the text of the whole file: everywhere, or `times` times."""
    return changed(Model, "source", lambda text, *_: re.sub(pattern, by, text, count=times, flags=re.MULTILINE))


def of_action(name: str, pattern: str, by: str, times: int = 1) -> Plant:
    """A fault in the function of one action."""

    def edit(text: str, *_: object) -> str:
        head, start, rest = text.partition(f" act_{name}(")
        body, end, tail = rest.partition("\n}\n")
        return head + start + re.sub(pattern, by, body, count=times) + end + tail

    return changed(Model, "source", edit)


def operator(kind: type, change: Callable[[Any, Text, Place], str]) -> Plant:
    """A fault in how one kind of expression is printed."""
    return changed(Text, "of", lambda text, self, e, at: change(e, self, at) if isinstance(e, kind) else text)


def one_cell(change: Callable[[int], int], at: int) -> Callable[..., list[int]]:
    return lambda widths, *_: [change(width) if n == at % len(widths) else width for n, width in enumerate(widths)]


def shift_by_one(packed: tuple[list[int], list[int]], *_: object) -> tuple[list[int], list[int]]:
    """Each cell one bit too low, but the first."""
    words, shifts = packed
    return words, [max(0, shift - 1) for shift in shifts]


def strides_of(keys: int, change: Callable[[int, list[int]], tuple[int, list[int]]]) -> Plant:
    """A fault in the offsets of cells of fields with this number of keys."""
    return changed(Layout, "strides", lambda made, self, f: change(*made) if len(f.keys) == keys else made)


def no_initial_but_the_first(text: str, self: Model, *_: object) -> str:
    number, cells = len(self.world.initial()), self.layout.cells
    if number == 1:
        return text
    first = ", ".join(map(str, self.world.initial()[0]))
    text = re.sub(r"(uint8_t initial\[\] = \{ )[^}]*", rf"\g<1>{first} ", text)
    assert cells
    return text.replace(f".initials = {number}", ".initials = 1")


def same_moves(text: str, self: Model, *_: object) -> str:
    """Permutations move cells, and leave the members in them."""
    values = 1 << max(self.layout.widths)
    plain = ", ".join(str(n % values) for n in range(values * self.layout.cells * len(self.symmetry.moves)))
    return re.sub(r"(uint8_t becomes\[\] = \{ )[^}]*", rf"\g<1>{plain or 0} ", text)


def all_but_one(choices: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    return choices[:-1] or choices


def keys_swapped(made: list[tuple[int, ...]], *_: object) -> list[tuple[int, ...]]:
    return [choice[::-1] for choice in made[::-1]]


FAULTS: dict[str, Plant] = {
    # actions
    "a guard dropped": of_action("act_write", r"GUARD\(\d+, .*count_.*\);", ""),
    "the last guard dropped": of_action("act_put", r"GUARD\((\d+), .*\);(?!\n\tGUARD)", ""),
    "a guard negated": of_action("act_up", r"GUARD\((\d+), (.*)\);", r"GUARD(\1, !(\2));"),
    "a guard of devices dropped": of_action("act_level", r"GUARD\(\d+, .*\);", ""),
    "every guard taken for another": rewritten(r"GUARD\(0, ", "GUARD(1, "),
    "a write missed": of_action("act_put", r"put\(t, .*\);", ""),
    "the last write missed": of_action("act_put", r"put\(t, .*\);(?=\n\t+return 1)", ""),
    "a write of a device missed": of_action("act_down", r"put\(t, .*\);", ""),
    "a write to the next cell": of_action("act_write", r"put\(t, ", "put(t, 1 + "),
    "a write to another device": of_action("act_up", r"put\(t, ", "put(t, -1 + "),
    "a branch lost": of_action("act_put", r"if \(.*\) \{", "if (0) {"),
    "a branch always taken": of_action("act_put", r"if \(.*\) \{", "if (1) {"),
    "a branch of history lost": of_action("act_get", r"if \(.*\) \{", "if (0) {"),
    "history growth not written": rewritten(r"^\t+t->grown\[.*\] = .*;$", ""),
    "history growth of the last step kept": rewritten(r"s->grown\[(.*?)\] \+ 1\)", r"t->grown[\1] + 1)"),
    "a key of the state after for one before": of_action("act_put", r"(put\(t, .*?CELL\()s\b", r"\1t"),
    "an action taken for another": rewritten(r"ok = act_act_put\(", "ok = act_act_get("),
    # layout and packing
    "a shift too small": changed(Layout, "_packed", shift_by_one),
    "a page's record too narrow": changed(Layout, "_widths", one_cell(lambda width: width - 1, 3)),
    "a device's cell too narrow": changed(Layout, "_widths", one_cell(lambda width: width - 1, -1)),
    "a stride of pages too small": strides_of(1, lambda base, by: (base, [max(1, by[0] - 1)])),
    "a matrix without its second key": strides_of(2, lambda base, by: (base, [by[0], 0])),
    "a field one cell further on": strides_of(2, lambda base, by: (base - 1, by)),
    "the lowest value forgotten": changed(Text, "lowest", lambda low, *_: 0),
    # counts and quantifiers
    "a count that forgets a page": rewritten(r"(static inline int member_0\(.*\)\n\{\n\treturn) ", r"\1 0 && "),
    "every count forgets the acting page": rewritten(r"\n\t\t\t- member_.*;", ";"),
    "the acting page counted twice": rewritten(r"- member_\d+\(s, s->was, OTHER, v\)", ""),
    "a count over one page less": rewritten("self <= PAGES; self", "self < PAGES; self"),
    "a threshold too high": changed(Counts, "thresholds", lambda made, *_: [at + 1 for at in made]),
    "a threshold missed": changed(Counts, "thresholds", lambda made, *_: made[1:]),
    "counts of the wrong devices": changed(Counts, "choices", keys_swapped),
    "each taken as some": rewritten(r"\((count_\d+\([^;]*?\)) == 0\)", r"(\1 > 0)", 1),
    "some taken as each": rewritten(r"\((count_\d+\([^;]*?\)) > 0\)", r"(\1 == PAGES)"),
    "a pair counted once a page": changed(Intervals, "most_of_one", lambda made, *_: 1),
    # rows and variables
    "a row without its last cell": changed(
        Put, "cells", lambda made, self, *_: iter(list(made)[:-1] if self.is_row else made)
    ),
    "a row of the first cell only": changed(Put, "cells", lambda made, *_: iter(list(made)[:1])),
    "a variable in the cell before": strides_of(0, lambda base, by: (base - 1, by)),
    # expressions
    "less taken as at most": operator(Less, lambda e, text, at: f"({text.of(e.left, at)} <= {text.of(e.right, at)})"),
    "a sum taken as a difference": operator(
        Sum, lambda e, text, at: f"({text.of(e.left, at)} - {text.of(e.right, at)})"
    ),
    "a negation forgotten": operator(Not, lambda e, text, at: text.of(e.claim, at)),
    "nobody taken as somebody": changed(Text, "literal", lambda code, self, value: 1 if value is NOBODY else code),
    "and taken as or": rewritten(r" && ", " || "),
    # claims
    "an invariant about steps judged backwards": rewritten(r"(!claim_step_\w+\()s, t", r"\1t, s"),
    "an invariant about steps judged before": rewritten(r"(!claim_step_\w+\()s, t", r"\1s, s"),
    "an invariant turned round": rewritten(r"if \(!(claim_invariant_few)", r"if (\1"),
    "a witness turned round": rewritten(r"if \((claim_witness_last)", r"if (!\1"),
    "a witness looked for at one device only": rewritten(
        r"dev_ <= 2; (dev_\+\+\) if \(claim_witness_second)", r"dev_ <= 1; \1"
    ),
    "an invariant never judged": rewritten(r"asked >> 1 & 1", "0"),
    "an end that is none": rewritten(r"return final_.*;", "return 0;"),
    "an end everywhere": rewritten(r"return final_.*;", "return 1;"),
    # starts and symmetry
    "all initial states lost but one": changed(Model, "source", no_initial_but_the_first),
    "pages not sorted": rewritten("#define SORTS_PAGES 1", "#define SORTS_PAGES 0"),
    "a permutation lost": rewritten(r"#define MOVES (\d+)", "#define MOVES 0"),
    "members not renamed": changed(Model, "source", same_moves),
    "devices arbitrarily distinguished": changed(Model, "_loop", lambda loop, *_: loop.replace("<= 2", "<= 1")),
    # tables
    "an argument never tried": changed(Model, "_args", lambda made, *_: all_but_one(list(made))),
    "no cell of a device is read": changed(Model, "_cells_read", lambda made, *_: iter(())),
    "no count is used": changed(Model, "_counts_used", lambda made, *_: iter(())),
    "no step changes a device": changed(Model, "writes_rest", lambda made, *_: False),
    "a page counts for every device": changed(Model, "_values", lambda made, *_: (1,)),
    "claims judged from too little": changed(Model, "_sees_other_steps", lambda made, *_: False),
    "counts that depend on devices kept": changed(Model, "_instance", lambda made, *_: (made[0], [], made[2])),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_generator_is_detected(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other counts, another verdict, another length, another guard, or an error: never the same answers."""
    FAULTS[fault](monkeypatch)
    assert any(detected(name) for name in SEARCHES)


@pytest.mark.parametrize("name", SEARCHES)
def test_without_a_fault_nothing_is_detected(name: str) -> None:
    """The answers agree, and the machine has invariants that hold and that are violated, and guards that matter."""
    assert answer(name) == right(name)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_in_the_text(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fault changes the text of some machine; a fault that is none would prove nothing."""
    before = as_it_is()
    FAULTS[fault](monkeypatch)
    assert texts() != before


@cache
def as_it_is() -> list[str]:
    """What is written without a fault."""
    return texts()


def texts() -> list[str]:
    return list(sources([made() for made, _ in SEARCHES.values()]))


def sources(machines: list[Machine]) -> Iterator[str]:
    for machine in machines:
        world = World(machine, machine.sizes("tiny", {}))
        yield Model(world, Symmetry(world, machine.symmetric)).source()
