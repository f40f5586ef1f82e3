# SPDX-License-Identifier: MIT
"""Two machines of the rules of ownership whose counts are pinned: the first edition, and a trial of fragments."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from checkers.explore.search import Exploration, explore
from checkers.export import agree
from checkers.export.other_tools import Count, OtherTool
from checkers.native import engine
from checkers.native.engine import SearchOptions
from poolproof import catalog
from spec.dsl import Machine
from tests.checkers.native.ways import WAYS, needs_a_compiler, results
from tests.exported import QUICK, Answering, needs
from tests.poolproof.conftest import Command

from .known import EDITIONS, HERE

FIRST = {
    # states, unreduced states, transitions, depth; the scopes have one descriptor a ring
    ("tiny", 1): (2_475, 9_436, 13_622, 15),
    ("small", 2): (52_616, 407_536, 461_566, 22),
    ("small", 3): (837_375, 19_122_168, 10_085_651, 29),
}
FIRST_LONG = {("small", 4): (10_811_752, 950_169_660, 165_077_880, 36)}

FRAGMENTS = (4_690, 26_213)
"""The states and transitions of one page in two fragments, without symmetry."""

FOLDED = {
    # states, unreduced states, transitions, depth; those of the trial
    (1, 1, 1, 1): (322, 322, 1_187, 19),
    (1, 2, 1, 1): (2_506, 4_690, 14_016, 22),
    (1, 2, 1, 2): (10_142, 38_776, 70_783, 26),
    (1, 2, 2, 1): (9_795, 35_339, 63_032, 25),
    (2, 1, 2, 2): (517_313, 4_081_956, 4_556_959, 38),
}
"""By the number of pages, fragments, pools and devices, with symmetry."""


@cache
def machine(name: str) -> Machine:
    return catalog.load(HERE / f"{name}.py")


@cache
def by_python(symmetric: bool) -> Exploration:
    """The Python search of pages in fragments."""
    of = machine("fragments")
    return explore(of, of.sizes("tiny", {}), of.symmetric if symmetric else ())


def counts(seen: Exploration) -> tuple[int, int, int, int]:
    assert not seen.stopped
    return seen.states, seen.orbit_sum, seen.transitions, seen.depth


def quickly(states: int) -> SearchOptions:
    """Code that is compiled quickly for few states, and well for many."""
    return SearchOptions(level="-O0" if states < 100_000 else "")


# -- the first edition ---------------------------------------------------------------------------------------------


def first_by_c(scope: str, pages: int, states: int) -> tuple[int, int, int, int]:
    of = machine("first_edition")
    sizes = of.sizes(scope, {"pages": pages})
    return counts(engine.explore(of, sizes, of.symmetric, options=quickly(states)))


@needs_a_compiler
@pytest.mark.parametrize(("scope", "pages"), FIRST, ids=str)
def test_the_first_edition_counts_what_it_counted(scope: str, pages: int) -> None:
    """Its states, unreduced states, transitions and depth are those it had as spec/ownership.py."""
    assert first_by_c(scope, pages, FIRST[scope, pages][0]) == FIRST[scope, pages]


@needs_a_compiler
@pytest.mark.slow
@pytest.mark.parametrize(("scope", "pages"), FIRST_LONG, ids=str)
def test_the_first_edition_counts_what_it_counted_of_more_pages(scope: str, pages: int) -> None:
    """The same for four pages."""
    assert first_by_c(scope, pages, FIRST_LONG[scope, pages][0]) == FIRST_LONG[scope, pages]


def test_the_first_edition_counts_the_same_in_python() -> None:
    """The Python search agrees on one page, with symmetry and without."""
    of = machine("first_edition")
    sizes = of.sizes("tiny", {})
    states, unreduced, transitions, depth = FIRST["tiny", 1]
    assert counts(explore(of, sizes, of.symmetric)) == (states, unreduced, transitions, depth)
    assert explore(of, sizes, ()).states == unreduced


def test_the_first_edition_stands_on_its_own_and_claims_nothing() -> None:
    """Whatever becomes of spec/, its file imports the notation only, and has actions only."""
    tree = ast.parse((HERE / "first_edition.py").read_text())
    assert {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)} == {"spec.dsl"}
    assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))
    of = machine("first_edition")
    assert len(of.actions) == 30
    assert (of.invariants, of.witnesses, of.is_final) == ((), (), None)


# -- pages in fragments --------------------------------------------------------------------------------------------


def test_pages_in_fragments_count_what_the_trial_counted() -> None:
    """Without symmetry the states and transitions are those of the trial, and unfolded they are with symmetry."""
    plain, folded = by_python(symmetric=False), by_python(symmetric=True)
    assert (plain.states, plain.transitions) == FRAGMENTS
    assert counts(folded) == FOLDED[1, 2, 1, 1]
    assert folded.orbit_sum == plain.states


def test_pages_in_fragments_keep_their_promises() -> None:
    """No invariant is violated, every witness is reached, every action is taken, and there is always a way on."""
    seen, of = by_python(symmetric=False), machine("fragments")
    assert (seen.violated, seen.deadlock) == ({}, None)
    assert set(seen.reached) == {witness.name for witness in of.witnesses}
    assert all(seen.fired[action.name] for action in of.actions)


@needs_a_compiler
@pytest.mark.parametrize("symmetric", [False, True], ids=["every state", "orbits"])
@pytest.mark.parametrize("options", WAYS.values(), ids=WAYS)
def test_pages_in_fragments_are_the_same_in_c(options: SearchOptions, symmetric: bool) -> None:
    """Rows, three keys and pairs: each way to search in C tells what the Python search tells."""
    of = machine("fragments")
    seen = engine.explore(of, of.sizes("tiny", {}), of.symmetric if symmetric else (), options=options)
    assert results(seen) == results(by_python(symmetric))


@needs_a_compiler
@pytest.mark.parametrize(("pages", "frags", "pools", "devices"), FOLDED, ids=str)
def test_more_of_each_counts_what_was_counted(pages: int, frags: int, pools: int, devices: int) -> None:
    """Several fragments, pools, devices or pages: states, unreduced states, transitions and depth; and all holds."""
    of, wanted = machine("fragments"), FOLDED[pages, frags, pools, devices]
    sizes = of.sizes("tiny", dict(pages=pages, frags=frags, pools=pools, devices=devices))
    seen = engine.explore(of, sizes, of.symmetric, options=quickly(wanted[0]))
    assert counts(seen) == wanted
    assert (seen.violated, seen.deadlock) == ({}, None)


@pytest.mark.parametrize("tool", [pytest.param(tool, marks=needs(tool.name)) for tool in QUICK], ids=lambda t: t.name)
def test_other_tools_count_pages_in_fragments(tool: OtherTool) -> None:
    """Spin and rumur count the same states and transitions, and violate no invariant of states."""
    of = machine("fragments")
    row = agree.compare(of, of.sizes("tiny", {}), (Answering("trial", Count(*FRAGMENTS, True)), tool))
    assert (row.errors, row.disagreements) == ([], [])
    assert len(row.counts) == 2


@pytest.mark.usefixtures("no_memory")
def test_pages_in_fragments_are_proved_for_any_number(run_cli: Command) -> None:
    """Every promise is inductive with the others, whatever the number of pages, fragments, pools and devices."""
    printed = run_cli("prove", HERE / "fragments.py", "--jobs", "1")
    assert printed.code == 0
    assert "Proved for any number of pages, frags, pools and devices" in printed.out
    assert printed.flat.count(" any-N ") >= len(machine("fragments").invariants)


@pytest.mark.parametrize("name", EDITIONS)
def test_each_file_says_what_it_is(name: str) -> None:
    """The file of each machine has the license, a docstring, and fewer than 400 lines."""
    lines = Path(HERE, f"{name}.py").read_text().splitlines()
    assert lines[0] == "# SPDX-License-Identifier: MIT"
    assert (ast.get_docstring(ast.parse("\n".join(lines))) or "").endswith(".")
    assert len(lines) < 400
