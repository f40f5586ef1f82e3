# SPDX-License-Identifier: MIT
"""Engines that count are compared: what they agree on, where they part, and what is no answer."""

from __future__ import annotations

import pytest

from checkers.explore.search import Search
from checkers.export import agree
from checkers.export.agree import Row
from checkers.export.other_tools import Count, ToolError
from tests.exported import Answering, only_some_pages_are_green, traps


def compared(*answers: Count | ToolError | None) -> Row:
    machine = traps()
    engines = [Answering(name, answer) for name, answer in zip("abcd", answers, strict=False)]
    return agree.compare(machine, machine.sizes("tiny", {}), engines)


RIGHT = Count(508, 2428, True)
PARTS = [
    (Count(507, 2428, True), "traps: a counts 508 states, b 507"),
    (Count(508, 2427, True), "traps: a counts 2,428 transitions, b 2,427"),
    (Count(508, 2428, False), "traps: for a all invariants of states hold, for b one is violated"),
]


@pytest.mark.parametrize(("other", "line"), PARTS, ids=["states", "transitions", "invariants"])
def test_a_difference_is_one_line_with_both_numbers(other: Count, line: str) -> None:
    """It names the model, both engines and the answer of each; the exit code is 14."""
    row = compared(RIGHT, other, RIGHT)
    assert row.disagreements == [line]
    assert agree.exit_code([row]) == 14


def test_missing_answers_are_not_compared() -> None:
    """An engine may count states alone, or be missing; that is no disagreement."""
    row = compared(RIGHT, Count(508), None, RIGHT)
    assert (row.disagreements, row.errors) == ([], [])
    assert row.answers["c"] is None
    assert agree.exit_code([row, compared(None, RIGHT)]) == 0


def test_the_first_engine_that_answers_is_compared_with() -> None:
    """Where the first engine is missing, the second takes its place."""
    assert compared(None, RIGHT, Count(1)).disagreements == ["traps: b counts 508 states, c 1"]
    assert compared(None, None).disagreements == []


def test_an_error_is_never_an_agreement() -> None:
    """It is printed with its model, outweighs a disagreement in the exit code, and stops no other engine."""
    row = compared(RIGHT, ToolError("b: output not understood: ?"), Count(1))
    assert row.errors == ["traps: b: output not understood: ?"]
    assert row.disagreements == ["traps: a counts 508 states, c 1"]
    assert agree.exit_code([row]) == 150


def test_our_own_engines_agree() -> None:
    """The search, and the sizes of the orbits of the search with symmetry; both see a broken invariant about states."""
    for machine, holds in ((traps(), True), (traps(only_some_pages_are_green), False)):
        ours = [e for e in agree.ENGINES if isinstance(e, agree.Explorer) and e.available()]
        row = agree.compare(machine, machine.sizes("tiny", {}), ours)
        every = {e.name: Count(508, None if e.orbits else 2428, holds) for e in ours}
        assert row.counts == every
        assert {"explore (python)", "orbits (python)"} <= set(every)


def test_a_search_that_is_interrupted_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted search of our own keeps its verdicts; its incomplete count is not compared."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Search, "_level", interrupted)
    machine = traps()
    for engine in (agree.Explorer(), agree.Explorer(orbits=True)):
        with pytest.raises(KeyboardInterrupt):
            engine.count(machine, machine.sizes("tiny", {}))
