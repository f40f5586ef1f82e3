# SPDX-License-Identifier: MIT
"""Rows, three keys, pairs and fields without an index: what they mean, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from spec.dsl import Machine, SpecError, World
from spec.dsl.ir import Quantified, pairs, text, walk
from tests.machines import module

from .snippets import PRELUDE, Bench, assemble

STATE = """
class Frag(Sort):
    "A fragment."

class T(S):
    frags = members(Frag, 1, 2)
    bytes = field((Page, Frag), Turn, Turn.CPU, "whose the bytes are")
    sent = field((Page, Frag, Device), bool, False, "sent by a device")
    mode = variable(Turn, Turn.CPU, "the mode of the driver")
    clock = variable(between(0, 3), 0, "ticks")
    last = variable(optional(Device), NOBODY, "the device that came last")
    posts = history((Page, Frag, Device), "how often a fragment was posted")

S = T

"""
ACT = "def act(s: S, page: Page, other: Page, dev: Device, frag: Frag, peer: Frag) -> None:\n"


def machine(body: str, **more: Any) -> Machine:
    """A machine with one action of this body."""
    return _assembled(ACT + "".join(f"    {line}\n" for line in body.split("\n")), **more)


def _assembled(functions: str, **more: Any) -> Machine:
    names = module(PRELUDE + STATE + functions)
    scope = {"tiny": dict(pages=2, devices=2, cap=2, frags=2)}
    found = {n: tuple(f for name, f in vars(names).items() if name.startswith(n)) for n in ("act", "invariant")}
    return Machine(
        name="t", doc="t", state=names.T, system=found["act"], always=found["invariant"], scopes=scope, **more
    )


class Fragments(Bench):
    """A bench whose pages have fragments."""

    def __init__(self, body: str) -> None:
        self.machine = machine(body)
        self.world = World(self.machine, self.machine.sizes("tiny", {}))
        self.pages = vars(self.world.state)["pages"].all
        self.devices = vars(self.world.state)["devices"].all
        self.frags = vars(self.world.state)["frags"].all

    def values(self, **cells: dict[Any, Any]) -> dict[str, dict[Any, Any]]:
        """The state after the action with the first page, the second, a device, and both fragments."""
        (a, b), (eth, *_), (one, two) = self.pages, self.devices, self.frags
        return self.after(a, b, eth, one, two, **cells)


def test_a_row_is_assigned_at_once() -> None:
    """Every fragment of the page has the value after the step; those of other pages keep theirs."""
    bench = Fragments("s.bytes[page, :] = Turn.DEV")
    after = bench.values()["bytes"]
    assert {key: repr(value) for key, value in after.items()} == {
        (page, frag): "DEV" if page is bench.pages[0] else "CPU" for page in bench.pages for frag in bench.frags
    }


def test_a_row_may_leave_two_keys_open_or_the_middle_one() -> None:
    """`:` stands for every member in its place."""
    bench = Fragments("s.sent[page, :, :] = True\ns.sent[other, :, dev] = True")
    sent = {key for key, value in bench.values()["sent"].items() if value}
    a, b = bench.pages
    assert sent == {(a, f, d) for f in bench.frags for d in bench.devices} | {
        (b, f, bench.devices[0]) for f in bench.frags
    }


def test_a_later_read_sees_the_row() -> None:
    """In the same action, as after any assignment; an assignment after it to one fragment wins there."""
    bench = Fragments("s.bytes[page, :] = Turn.DEV\ns.mode = s.bytes[page, frag]\ns.bytes[page, peer] = Turn.CPU")
    after = bench.values()
    assert repr(after["mode"][()]) == "DEV"
    a, (one, two) = bench.pages[0], bench.frags
    assert (repr(after["bytes"][a, one]), repr(after["bytes"][a, two])) == ("DEV", "CPU")


def test_a_variable_is_read_and_written_by_its_name() -> None:
    """It needs no key; it may be increased, and hold a member or nobody."""
    bench = Fragments("require(s.mode == Turn.CPU)\ns.mode = Turn.DEV\ns.clock += 1\ns.last = dev")
    after = bench.values()
    assert (repr(after["mode"][()]), after["clock"][()], after["last"][()]) == ("DEV", 1, bench.devices[0])
    assert not bench.is_enabled(*bench.pages, bench.devices[0], *bench.frags, mode={(): type(after["mode"][()]).DEV})


def test_a_history_counter_may_have_three_keys() -> None:
    """It counts for each combination."""
    assert machine("s.posts[page, frag, dev] += 1").actions[0].lifted.paths[0].puts[0].field.name == "posts"


COUNTED = "count((s.pages, s.frags), lambda p, f: s.bytes[p, f] == Turn.DEV)"


def test_a_count_of_pairs_is_the_number_of_pairs() -> None:
    """Of two pages with two fragments each, the three that are the device's."""
    bench = Fragments(f"require({COUNTED} == 3)\ns.clock = 1")
    (a, b), (one, two) = bench.pages, bench.frags
    turn = bench.world.state.__dict__["bytes"].values_[1]
    args = (a, b, bench.devices[0], one, two)
    assert bench.is_enabled(*args, bytes={(a, one): turn, (a, two): turn, (b, one): turn})
    assert not bench.is_enabled(*args, bytes={(a, one): turn, (b, one): turn})


def test_each_and_some_range_over_pairs() -> None:
    """As two quantifiers, one inside the other."""
    claims = (
        "def invariant_one(s: S) -> bool:\n    return {}((s.pages, s.frags), lambda p, f: s.bytes[p, f] == Turn.CPU)\n"
    )
    for word in ("each", "some"):
        (claim,) = _assembled(ACT + "    s.clock = 1\n" + claims.format(word)).invariants
        assert text(claim.expr) == f"{word}(page_1: {word}(frag_2: bytes[page_1, frag_2] == CPU))"


def test_a_count_of_pairs_is_printed_as_it_is_written() -> None:
    """With both members before the colon."""
    claim = f"def invariant_one(s: S) -> bool:\n    return {COUNTED} <= 3\n"
    (one,) = _assembled(ACT + "    s.clock = 1\n" + claim).invariants
    assert text(one.expr) == "count(page_1, frag_2: bytes[page_1, frag_2] == DEV) <= 3"
    counted = [x for x in walk(one.expr) if isinstance(x, Quantified)]
    assert [v.name for v in pairs(counted[0])[0]] == ["page_1", "frag_2"]


REFUSALS = {
    "a row that is read": ("s.mode = s.bytes[page, :]", "a row of bytes is read"),
    "a row that is increased": ("s.posts[page, :, dev] += 1", "a row of the history counter posts; count one cell"),
    "a row of pages": ("s.bytes[:, frag] = Turn.DEV", "bytes[:] would be a row of Pages; an action is one page's step"),
    "a part of a row": ("s.bytes[page, 0:1] = Turn.DEV", "bytes is indexed by a part of a row; `:` is the whole row"),
    "a variable with a key": ("s.mode[page] = Turn.DEV", "mode has no index; write `s.mode`"),
    "a variable that is indexed": ("s.clock = s.clock[page]", "clock has no index; write `s.clock`"),
    "a field without its index": ("s.dirty = True", "only a cell"),
    "a variable of another enum": ("s.mode = Place.TX", "mode holds CPU, DEV, not a Place"),
    "two keys of three": ("s.sent[page, frag] = True", "sent has 3 keys (Page, Frag, Device), not 2"),
    "one parameter for pairs": (
        "require(some((s.pages, s.frags), lambda p: s.dirty[p]))",
        "the lambda of a quantifier has two plain parameters, the members of a pair: lambda p, f: ...",
    ),
    "two parameters for members": (
        "require(some(s.pages, lambda p, f: s.dirty[p]))",
        "the lambda of a quantifier has one plain parameter, the member: lambda p: ...",
    ),
    "triples": (
        "require(some((s.pages, s.frags, s.devices), lambda p, f, d: s.sent[p, f, d]))",
        "some() of 3 groups; it goes over members, or over pairs",
    ),
    "a count inside a count": (
        "require(count(s.pages, lambda p: count(s.frags, lambda f: s.bytes[p, f] == Turn.DEV)) > 1)",
        "a number is used as a truth value",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_has_no_meaning_is_refused_by_its_line(case: str) -> None:
    """One line with the rule and the way out."""
    body, words = REFUSALS[case]
    with pytest.raises(SpecError) as caught:
        machine(body)
    assert words in str(caught.value)
    line = (PRELUDE + STATE + ACT).count("\n") + 1
    assert f">:{line}: " in str(caught.value)


def test_a_row_of_the_first_sort_is_refused_whatever_its_place() -> None:
    """The keys of a field may come in any order; the step is one page's."""
    field = '\nclass T(S):\n    of = field((Device, Page), bool, False, "a field")\n\nS = T\n\n'
    module_text = PRELUDE + field + "def act(s: S, dev: Device) -> None:\n    s.of[dev, :] = True\n"
    with pytest.raises(
        SpecError, match="assigns of of all Pages, the sort declared first; an action is one Page's step"
    ):
        assemble(module(module_text))


def test_an_invariant_assigns_no_variable() -> None:
    """Only actions assign."""
    claim = "def invariant_one(s: S) -> bool:\n    s.clock = 1\n    return True\n"
    with pytest.raises(SpecError, match="an invariant assigns to clock; only actions may"):
        _assembled(ACT + "    s.clock = 1\n" + claim)


def test_a_variable_needs_a_text_and_values() -> None:
    """As every field."""
    for wrong, words in (
        ('variable(Turn, Turn.CPU, "")', "a field needs a text"),
        ('field((), Turn, Turn.CPU, "x")', "variable()"),
    ):
        with pytest.raises(SpecError, match=words.replace("(", r"\(").replace(")", r"\)")):
            module(PRELUDE + f"\nclass T(S):\n    mode = {wrong}\n")
