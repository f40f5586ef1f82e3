# SPDX-License-Identifier: MIT
"""Mutations: a broken machine is the sound one with some statements changed, and everything else the same."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from checkers.explore.search import explore
from spec.dsl import Machine, Mutant, SpecError, World, drop, instead, swap
from spec.dsl.mutate import changed
from spec.dsl.source import tree_of
from spec.dsl.text import text
from tests.machines import module

from .snippets import PRELUDE, assemble, machine

TEXT = '''
def is_idle(s: S, page: Page) -> bool:
    """A helper that an invariant uses too."""
    return s.place[page] == Place.FREE

def clean(s: S, page: Page) -> None:
    """A helper with an effect."""
    s.dirty[page] = False

def act_take(s: S, page: Page, dev: Device) -> None:
    """Take an idle page."""
    require(is_idle(s, page))
    require(s.up[dev])

    s.place[page] = Place.RING
    s.home[page] = dev
    s.refs[page] = 1

def act_give(s: S, page: Page) -> None:
    """Give it back."""
    require(s.place[page] == Place.RING)

    if s.refs[page] == 1:
        s.place[page] = Place.FREE
        s.home[page] = NOBODY
    s.refs[page] = 0
    clean(s, page)

def act_up(s: S, dev: Device) -> None:
    s.up[dev] = True

def invariant_idle(s: S, page: Page) -> bool:
    return implies(is_idle(s, page), s.home[page] == NOBODY)

def invariant_held(s: S, page: Page) -> bool:
    return implies(s.refs[page] > 0, s.place[page] == Place.RING)
'''

BASE = machine(TEXT)


def lifted(made: Machine, name: str) -> list[str]:
    """An action as its paths, in words."""
    paths = next(a for a in made.actions if a.name == name).lifted.paths
    return [f"{text(p.guard)} -> {'; '.join(f'{q.field.name} = {text(q.value)}' for q in p.puts)}" for p in paths]


def test_a_dropped_guard_is_gone() -> None:
    """What is left out is out, and nothing else changes."""
    made = changed(BASE, "unguarded", drop("act_take", "require(s.up[dev])"))
    assert lifted(made, "act_take") == ["place[page] == FREE -> place = RING; home = dev; refs = 1"]
    assert lifted(made, "act_give") == lifted(BASE, "act_give")
    assert lifted(BASE, "act_take") == ["place[page] == FREE and up[dev] -> place = RING; home = dev; refs = 1"]


def test_a_dropped_effect_is_gone() -> None:
    """An assignment is left out where it stands, also in the only statement of a helper."""
    made = changed(BASE, "dirty", drop("clean", "s.dirty[page] = False"))
    assert all("dirty" not in path for path in lifted(made, "act_give"))
    assert all("dirty = False" in path for path in lifted(BASE, "act_give"))


def test_a_statement_becomes_another() -> None:
    """A statement, or the condition of an `if`, may become another text, of several lines too."""
    made = changed(BASE, "other", instead("act_take", "s.refs[page] = 1", "s.refs[page] = 2\ns.dirty[page] = True"))
    assert lifted(made, "act_take")[0].endswith("home = dev; refs = 2; dirty = True")
    made = changed(BASE, "condition", instead("act_give", "s.refs[page] == 1", "s.refs[page] <= 1"))
    assert lifted(made, "act_give")[0].startswith("place[page] == RING and refs[page] <= 1")


def test_a_condition_that_is_a_cell_becomes_another_where_it_is_read() -> None:
    """An assignment to the same cell stays one."""
    base = machine(
        "def act_flip(s: S, dev: Device) -> None:\n    if s.up[dev]:\n        s.up[dev] = False\n"
        "    else:\n        s.up[dev] = True\n"
    )
    assert lifted(changed(base, "always", instead("act_flip", "s.up[dev]", "True")), "act_flip") == [
        "True -> up = False"
    ]


def test_two_statements_change_places() -> None:
    """Steps done in the wrong order are a mutation of their own."""
    made = changed(BASE, "swapped", swap("act_take", "s.home[page] = dev", "s.refs[page] = 1"))
    assert lifted(made, "act_take")[0].endswith("place = RING; refs = 1; home = dev")


def test_changes_add_up() -> None:
    """Several changes, in several functions, make one broken machine."""
    changes = (*drop("act_take", "require(s.up[dev])"), *drop("clean", "s.dirty[page] = False"))
    made = changed(BASE, "both", changes)
    assert lifted(made, "act_take") == ["place[page] == FREE -> place = RING; home = dev; refs = 1"]
    assert all("dirty" not in path for path in lifted(made, "act_give"))


def test_a_changed_helper_reaches_its_callers_only() -> None:
    """Actions that call a changed helper are made anew; the others, and all invariants, are the objects they were."""
    made = changed(BASE, "never idle", instead("is_idle", "s.place[page] == Place.FREE", "s.place[page] == Place.TX"))
    assert lifted(made, "act_take")[0].startswith("place[page] == TX")
    assert [new.fn is old.fn for new, old in zip(made.actions, BASE.actions, strict=True)] == [False, True, True]
    assert [c.expr for c in made.invariants] == [c.expr for c in BASE.invariants]


def test_a_mutant_runs_as_it_is_lifted() -> None:
    """The changed text is also what runs: a search through the mutant breaks the invariant in the steps foretold."""
    mutant = Mutant(BASE, "stale", drop("act_give", "s.home[page] = NOBODY"), "invariant_idle", 3, "a stale home")
    broken = mutant.machine
    seen = explore(broken, broken.sizes("tiny", {}))
    assert {name: len(found.trace.steps) for name, found in seen.violated.items()} == {"invariant_idle": 3}
    assert broken.breaks is not None
    assert (broken.breaks.steps, broken.doc, broken.name) == (3, "a stale home", "stale")
    assert not explore(BASE, BASE.sizes("tiny", {})).violated


def test_a_mutant_may_need_a_larger_scope() -> None:
    """Where a bug needs more of something, the mutant's scopes have it; the sound machine's stay."""
    mutant = Mutant(BASE, "m", drop("act_take", "require(s.up[dev])"), "invariant_idle", 1, "x", (("pages", 3),))
    assert mutant.machine.sizes("tiny", {})["pages"] == 3
    assert BASE.sizes("tiny", {})["pages"] == 2


def test_lines_are_those_of_the_sound_text() -> None:
    """A refusal in a mutant names the line of the guard in the file that people read."""
    made = changed(BASE, "effect", drop("act_take", "s.refs[page] = 1"))
    world = World(made, made.sizes("tiny", {}))
    where = world.refusal(world.initial()[0], world.instances[0])
    line = 1 + next(n for n, line in enumerate((PRELUDE + TEXT).split("\n")) if "require(s.up[dev])" in line)
    assert where == f"{BASE.actions[0].fn.__code__.co_filename}:{line}"


def test_the_text_of_a_mutant_can_be_read() -> None:
    """What was changed is linted like any text, and can be shown and changed again."""
    once = changed(BASE, "once", drop("act_take", "require(s.up[dev])"))
    twice = changed(once, "twice", drop("act_take", "require(is_idle(s, page))"))
    assert lifted(twice, "act_take") == ["True -> place = RING; home = dev; refs = 1"]
    assert "require" not in ast.unparse(tree_of(twice.actions[0].fn))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (drop("act_tkae", "require(s.up[dev])"), "'act_tkae', which is not an action .*; did you mean 'act_take'"),
        (drop("act_take", "require(s.up[page])"), r"act_take has no statement .*; did you mean 'require\(s.up\[dev"),
        (drop("invariant_idle", "return True"), "m: changes 'invariant_idle', which is not an action or helper here"),
        (instead("act_take", "require(s.up[dev])", "require(s.up[page])"), r">:\d+: up is indexed by a Device"),
        (instead("act_take", "require(s.up[dev])", "require(up)"), "up is not defined here"),
        (instead("act_take", "s.refs[page] = 1", "x = s.home[page] is dev"), "`is` compares objects"),
        (instead("act_take", "require(s.up[dev])", "require(False)"), "act_take is enabled on no path"),
    ],
)  # fmt: skip
def test_a_change_that_cannot_be_made_is_an_error(changes: Any, words: str) -> None:
    """An unknown function or statement is named with what is nearest; a changed text obeys the notation."""
    with pytest.raises(SpecError, match=words):
        changed(BASE, "m", changes)


def test_a_mutant_names_an_invariant_that_exists() -> None:
    """What a mutant is to break is an invariant of its base."""
    with pytest.raises(
        SpecError, match="m: breaks='invariant_idel' is not an invariant of snippet; did you mean 'invariant_idle'"
    ):
        _ = Mutant(BASE, "m", drop("act_take", "s.refs[page] = 1"), "invariant_idel", 1, "x").machine


def test_code_in_an_annotation_is_not_the_function() -> None:
    """A changed function runs its changed text, whatever its annotations contain."""
    text = "def act(s: S, page: (lambda s, page: None)(0, 0) or Page) -> None:\n    require(s.dirty[page])\n"
    names: Any = module(f"{PRELUDE}{text}    s.refs[page] = 1\n")
    mutant = changed(assemble(names), "m", drop("act", "require(s.dirty[page])"))
    world = World(mutant, mutant.sizes("tiny", {}))
    assert any(after != code for code in world.initial() for _, after in world.successors(code))
