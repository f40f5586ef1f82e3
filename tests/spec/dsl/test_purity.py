# SPDX-License-Identifier: MIT
"""Actions are deterministic, pure and small: each is lifted twice and compared, and forks a bounded number of times."""

from typing import Any

import pytest

from spec.dsl import SpecError
from spec.dsl.expr import Var
from spec.dsl.lift import MOST_PATHS, lift_action, lift_claim
from tests.machines import module

from .snippets import PRELUDE, Bench, action, machine, refused

TURNS = "TURNS = [True, False] * 8\n\n"

IMPURE = {
    "a counter": "SEEN = []\n\ndef lifted(s, page):\n    SEEN.append(1)\n    s.refs[page] = len(SEEN)\n",
    "a branch": TURNS + "def lifted(s, page):\n    if TURNS.pop():\n        s.dirty[page] = True\n",
    "a guard": TURNS + "def lifted(s, page):\n    require(TURNS.pop() or s.dirty[page])\n",
    "a key": TURNS + "def lifted(s, page):\n    s.up[s.peer[Device(int(TURNS.pop()))]] = True\n",
    "a late binding": (
        "MADE = []\n\ndef lifted(s, page):\n    MADE.append(lambda: len(MADE))\n    s.refs[page] = MADE[0]()\n"
    ),
}


@pytest.mark.parametrize("text", IMPURE.values(), ids=IMPURE)
def test_hidden_state_shows_when_an_action_is_lifted_twice(text: str) -> None:
    """What comes out differently the second time has state outside its arguments, even where no lint sees it."""
    names, page = written(text)
    with pytest.raises(
        SpecError, match=r">:\d+: lifted gave two different results when lifted twice; it has hidden state"
    ):
        lift_action(names.lifted, names.S, (page,))


def test_hidden_state_shows_when_an_invariant_is_lifted_twice() -> None:
    """Invariants are lifted twice too."""
    names, page = written(TURNS + "def lifted(s, page):\n    return TURNS.pop() or s.dirty[page]\n")
    with pytest.raises(SpecError, match="it has hidden state"):
        lift_claim(names.lifted, names.S, ("",), (page,))


def test_the_same_text_lifts_to_the_same_paths() -> None:
    """Lifting depends on the text alone: another module of the same text gives equal digests."""
    text = action("if s.dirty[page]:\n    s.refs[other] = s.refs[page]\nelse:\n    s.up[dev] = True")
    assert machine(text).digest == machine(text).digest
    assert machine(text).digest != machine(text.replace("s.refs[page]", "s.refs[other]")).digest


def test_an_action_may_fork_into_many_paths() -> None:
    """Six independent branches give exactly the number of paths that is allowed."""
    body = "\n".join(f"if {c}:\n    pass" for c in CONDITIONS[:6])
    assert len(machine(action(body)).actions[0].lifted.paths) == MOST_PATHS == 64


def test_an_action_that_forks_too_often_names_the_branch() -> None:
    """One branch more is an error that names the last branch: the action is several actions."""
    body = "\n".join(f"if {c}:\n    pass" for c in CONDITIONS[:6])
    body += f"\nif {CONDITIONS[6]}:  # here\n    pass\ns.refs[page] = count(s.pages, lambda p: s.dirty[p] or s.up[dev])"
    refused(action(body), "act forks into more than 64 paths; make it two actions")


CONDITIONS = [
    "s.dirty[page]", "s.dirty[other]", "s.up[dev]", "s.mapped[page, dev]", "s.mapped[other, dev]",
    "s.turn[page] == Turn.CPU", "s.turn[other] == Turn.CPU",
]  # fmt: skip


def test_forks_inside_a_quantifier_do_not_count() -> None:
    """What forks inside a quantifier is joined there: the action keeps one path."""
    body = f"require(each(s.pages, lambda p: {' or '.join(c.replace('page', 'p') for c in CONDITIONS)}))"
    assert len(machine(action(body)).actions[0].lifted.paths) == 1


def test_a_branch_is_decided_once() -> None:
    """A claim that a path has decided, by a guard or a branch, does not fork again."""
    body = """
require(s.place[page] == Place.RING)
if s.place[page] == Place.TX:
    s.dirty[page] = True
if s.place[page] in (Place.RING, Place.FREE):
    s.up[dev] = True
if not s.dirty[other] and s.turn[other] == Turn.CPU:
    s.up[dev] = False
if s.dirty[other] or s.turn[other] != Turn.CPU:
    s.refs[page] = 1
"""
    assert len(machine(action(body)).actions[0].lifted.paths) == 3


def test_a_key_of_two_is_decided_once() -> None:
    """Whether two pairs of keys are equal forks once, however often the cell is read."""
    body = "s.mapped[page, dev] = True\n" + "x = s.mapped[other, s.peer[dev]]\n" * 3
    assert len(machine(action(body)).actions[0].lifted.paths) == 2


def test_an_action_without_effect_is_one_path() -> None:
    """An action may do nothing at all; it is enabled everywhere."""
    bench = Bench(action("pass"))
    assert bench.step(*bench.pages, bench.devices[0]).code == bench.state()


def written(text: str) -> tuple[Any, Var]:
    """A module with functions that no lint has seen, and a page as a parameter."""
    names: Any = module(PRELUDE + text)
    return names, Var("page", names.Page)
