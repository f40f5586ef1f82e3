# SPDX-License-Identifier: MIT
"""Every action is a function of the state, and what breaks that is found and named by its line."""

import os
import signal
from dataclasses import replace

import pytest

from checkers.prove import wellformed
from checkers.prove.queues import Undecided
from checkers.prove.wellformed import problems
from spec.dsl import Machine
from spec.dsl.ir import Lifted, Path
from tests.machines import shipped
from tests.spec.dsl.snippets import HERE, PRELUDE, action, machine


@pytest.mark.parametrize("shipped_machine", shipped(), ids=lambda m: m.name)
def test_the_actions_of_shipped_machines_are_well_formed(shipped_machine: Machine) -> None:
    """Paths are disjoint and complete, none is dead, and no number leaves its bounds, in any scope."""
    assert problems(shipped_machine) == []


SOUND = {
    "a guard above": "require(s.refs[page] < 3)\ns.refs[page] += 1",
    "a guard of the scope": "require(s.refs[page] < s.cap)\ns.refs[page] += 1",
    "a guard below": "require(s.refs[page] >= 1)\ns.refs[page] -= 1",
    "a branch": "if s.refs[page] > 1:\n    s.refs[page] -= 2\nelif s.refs[page] != 0:\n    s.refs[page] = 0",
    "twice": "require(s.refs[page] == 1)\ns.refs[page] += 1\ns.refs[page] += 1\ns.refs[page] -= 3",
    "another's number": "s.refs[page] = s.refs[other]",
    "one of the scope": "s.refs[page] = s.cap",
    "a small count": "n = count(s.pages, lambda p: s.dirty[p])\nif n <= 3:\n    s.refs[page] = n",
    "the same count twice": (
        "require(count(s.pages, lambda p: s.dirty[p]) > 0)\n"
        "require(count(s.pages, lambda p: s.dirty[p]) < 4)\n"
        "s.refs[page] = count(s.pages, lambda p: s.dirty[p])"
    ),
    "a quantifier as a branch": "if each(s.pages, lambda p: s.dirty[p]):\n    s.refs[page] = 1",
    "two pages, perhaps one": "s.place[other] = Place.TX\nif s.place[page] == Place.TX:\n    s.dirty[page] = True",
    "a device, perhaps none": "if s.home[page] != NOBODY:\n    s.up[s.home[page]] = True\n    s.home[page] = NOBODY",
    "history": "s.taken[page] += 1\nif s.dirty[page]:\n    s.taken[other] += s.refs[page]",
}


@pytest.mark.parametrize("body", SOUND.values(), ids=SOUND)
def test_what_is_sound_is_not_complained_of(body: str) -> None:
    """A guard, a branch, the scope or the field's own domain is reason enough for a number to fit."""
    assert problems(machine(action(body))) == []


PLANTED = {
    "too high": ("require(s.refs[page] < 4)\ns.refs[page] += 1  # here", "may leave the bounds of refs, 0..3"),
    "too low": ("require(s.dirty[page])\ns.refs[page] -= 1  # here", "may leave the bounds of refs, 0..3"),
    "one guard short": ("require(s.refs[page] <= s.cap)\ns.refs[page] += 1  # here", "may leave the bounds of refs"),
    "a guard of another page": ("require(s.refs[other] > 0)\ns.refs[page] -= 1  # here", "may leave the bounds"),
    "a branch that does not help": (
        "if s.refs[page] > 0:\n    s.refs[page] -= 2  # here",
        "may leave the bounds of refs",
    ),
    "in between": ("require(s.refs[page] == 3)\ns.refs[page] += 1  # here\ns.refs[page] -= 1", "may leave the bounds"),
    "a count": ("s.refs[page] = count(s.pages, lambda p: s.dirty[p])  # here", "may leave the bounds of refs"),
    "history that shrinks": ("s.taken[page] -= 1  # here", "may leave the bounds of taken, which only grows"),
    "a dead guard": ("require(s.refs[page] > 2)\nrequire(s.refs[page] < 2)  # here", "act never gets here"),
    "a dead branch": (
        "require(s.refs[page] > 2)\nif s.refs[page] < 2:  # here\n    s.dirty[page] = True",
        "act never gets here",
    ),
    "a dead else": (
        "if s.turn[page] == Turn.CPU:\n    pass\nelif s.turn[page] == Turn.DEV:  # here\n    s.dirty[page] = True",
        "act never gets here",
    ),
    "beyond the domain": ("require(s.refs[page] > 3)  # here", "act never gets here"),
    "a wrong device": (
        "require(s.home[page] != NOBODY)\nrequire(s.home[page] == dev)\n"
        "if s.peer[dev] != s.peer[s.home[page]]:  # here\n    s.dirty[page] = True",
        "act never gets here",
    ),
}


@pytest.mark.parametrize(("body", "words"), PLANTED.values(), ids=PLANTED)
def test_a_planted_fault_is_found_at_its_line(body: str, words: str) -> None:
    """One fault gives one message, with the line and the reason."""
    text = action(body)
    line = next(n for n, line in enumerate((PRELUDE + text).split("\n"), 1) if HERE in line)
    (message,) = problems(machine(text))
    assert f">:{line}: " in message
    assert words in message


HELPED = """
def is_quiet(s: S, page: Page) -> bool:
    if s.refs[page] > 2:  # here
        return s.dirty[page]
    return True


def act(s: S, page: Page) -> None:
    require(s.refs[page] < 2)
    require(is_quiet(s, page))
    s.dirty[page] = True
"""


def test_an_if_in_a_helper_is_named_where_no_state_goes_its_way() -> None:
    """The message has the line of the helper and the way out: no guard of the action is wrong."""
    (message,) = problems(machine(HELPED))
    line = next(n for n, line in enumerate((PRELUDE + HELPED).split("\n"), 1) if HERE in line)
    assert f">:{line}: act never gets here" in message
    assert "write implies(...), or a conditional" in message


def test_where_z3_dies_no_action_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash is neither a fault of the spec nor a pass; the action and the cause are named."""
    monkeypatch.setattr(wellformed, "_possible", lambda *_: os.kill(os.getpid(), signal.SIGSEGV))
    with pytest.raises(Undecided, match=r"whether act is a function of the state is not decided: .*SIGSEGV"):
        problems(machine(action(BRANCHING)))


BRANCHING = "if s.dirty[page]:\n    s.refs[page] = 1\nelse:\n    s.refs[page] = 2"


def test_two_ways_to_go_are_found() -> None:
    """Paths that a state could both take are reported: the action would not be a function."""
    branching = machine(action(BRANCHING))
    yes, no = branching.actions[0].lifted.paths
    (message,) = problems(_lifted_as(branching, yes, replace(no, conditions=())))
    assert "two paths of act overlap" in message


def test_a_lost_path_is_found() -> None:
    """A lifter that lost a path is reported: there the action would neither happen nor refuse."""
    branching = machine(action(BRANCHING))
    (message,) = problems(_lifted_as(branching, branching.actions[0].lifted.paths[0]))
    assert "neither a path nor a refusal for some states" in message


def test_a_refusal_completes_an_action() -> None:
    """A branch on which a guard is plainly false is covered by its refusal."""
    text = action("if s.dirty[page]:\n    require(False)\ns.refs[page] = 1")
    assert problems(machine(text)) == []
    refusing = machine(text)
    (message,) = problems(_lifted_as(refusing, *refusing.actions[0].lifted.paths))
    assert "neither a path nor a refusal for some states" in message


def _lifted_as(made: Machine, *paths: Path) -> Machine:
    """The machine, as if its action had been lifted to these paths and no refusal."""
    vars(made)["actions"] = (replace(made.actions[0], lifted=Lifted(paths, ())),)
    return made
