# SPDX-License-Identifier: MIT
"""Machines whose numbers others have published: this explorer and these proofs agree."""

from __future__ import annotations

import pytest

from checkers.explore.search import explore
from checkers.native import engine
from checkers.native.engine import SearchOptions
from tests.checkers.native.ways import needs_a_compiler
from tests.poolproof.conftest import Command
from tools.docs.build import DOCS

from .known import COUNTED, EDITIONS, HERE, KNOWN, UNSAFE, Known, machine, measured, row

QUICK = SearchOptions(threads=1, level="-O0")
"""Code that is compiled quickly."""

each_counted = pytest.mark.parametrize("known", COUNTED, ids=lambda known: known.name)
each_known = pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)


@each_counted
def test_states_steps_and_depth_are_those_that_tlc_counts(known: Known) -> None:
    """Distinct states are ours; generated ones are initial states, steps, and repeated ways; depth counts states."""
    theirs, ours = known.counts, measured(known)
    assert theirs
    assert ours.states == theirs.distinct
    assert ours.initial + ours.transitions + ours.again == theirs.generated
    assert ours.depth + 1 == theirs.depth - known.late


@needs_a_compiler
@each_known
def test_the_search_in_c_counts_the_same(known: Known) -> None:
    """Plain, the numbers of the Python search; with symmetry, as many states unfolded, and fewer searched."""
    of, ours = machine(known), measured(known)
    sizes = of.sizes("tiny", {})
    plain = engine.explore(of, sizes, options=QUICK)
    assert (plain.states, plain.transitions, plain.depth) == (ours.states, ours.transitions, ours.depth)
    assert not plain.violated
    assert plain.deadlock is None
    if of.symmetric:
        folded = engine.explore(of, sizes, of.symmetric, options=QUICK)
        assert folded.orbit_sum == ours.states
        assert folded.states < ours.states


@needs_a_compiler
def test_two_phase_commit_with_six_managers_has_the_states_of_its_module() -> None:
    """50,816 states by a comment of TwoPhase.tla: without symmetry, and unreduced."""
    of = machine(next(known for known in KNOWN if known.name == "two_phase"))
    sizes = of.sizes("tiny", {"managers": 6})
    assert engine.explore(of, sizes, options=QUICK).states == 50_816
    assert engine.explore(of, sizes, of.symmetric, options=QUICK).orbit_sum == 50_816


@pytest.mark.parametrize("known", [known for known in KNOWN if known.reached], ids=lambda known: known.name)
def test_a_shortest_run_is_as_long_as_the_published_one(known: Known) -> None:
    """A shortest run here has as many steps as mypyvy's `sat trace`."""
    of = machine(known)
    assert len(explore(of, of.sizes("tiny", {})).reached[known.reached].trace.steps) == known.steps


@pytest.mark.usefixtures("no_memory")
@each_known
def test_what_is_published_as_safe_is_proved(run_cli: Command, known: Known) -> None:
    """Every invariant is `any-N`, for the range in the title."""
    printed = run_cli("prove", known.path, "--jobs", "1")
    assert printed.code == 0
    assert f"Proved for {known.proved}" in printed.out
    assert printed.flat.count(" any-N ") >= max(1, len(machine(known).invariants))


@needs_a_compiler
@pytest.mark.usefixtures("no_memory")
def test_what_is_published_as_unsafe_breaks_its_invariant(run_cli: Command) -> None:
    """The lock server that forgets to take a message away: both searches find a shortest run, and so does the proof."""
    for search in ("c", "python"):
        printed = run_cli("check", UNSAFE.path, "--engine", search)
        assert printed.code == 12
        assert f"one holds the lock violated in {UNSAFE.steps}" in printed.flat
    printed = run_cli("prove", UNSAFE.path, "--jobs", "1")
    assert printed.code == 12
    assert f"one holds the lock violated in {UNSAFE.steps} with clients 2, servers 1" in printed.flat


@pytest.mark.parametrize("known", [*KNOWN, UNSAFE], ids=lambda known: known.name)
def test_each_file_names_its_source_its_figures_and_the_difference(known: Known) -> None:
    """The docstring has the source of the figures, the figures, and what is counted differently."""
    text = " ".join(known.path.read_text().split('"""')[1].split())
    assert "Source: tlaplus/Examples at 32a32c7b" in text or "Source: wilcoxjay/mypyvy at cd80557a" in text
    assert f"Published (TLC): {known.counts.sentence()}" in text if known.counts else "Published (mypyvy): " in text
    assert "Difference in counting: " in text


def test_the_document_has_a_row_for_each() -> None:
    """docs/known-answers.md has what is measured, and the index of docs links to it, which README.md links to."""
    text = (DOCS / "known-answers.md").read_text()
    assert [line for line in text.splitlines() if line.startswith("| `")] == [row(known) for known in COUNTED]
    files = {path.stem for path in HERE.glob("*.py") if "\nMODEL = " in path.read_text()} - {*EDITIONS}
    assert files == {known.name for known in (*KNOWN, UNSAFE)}
    assert all(f"`{name}`" in text for name in files)
    assert "(known-answers.md)" in (DOCS / "README.md").read_text()
    assert "(docs/README.md)" in (DOCS.parent / "README.md").read_text()
