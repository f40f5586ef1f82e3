# SPDX-License-Identifier: MIT
"""The verdict record: exit codes, and what becomes of a record in files."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from checkers.core.traces import Trace
from checkers.core.verdict import Exit, Kind, Outcome, Verdict, exit_code
from spec.dsl import PoolproofError, SpecError

HOLDS = Verdict(
    model="m",
    kind=Kind.INVARIANT,
    property="p",
    outcome=Outcome.HOLDS,
    label="exhaustive(tiny)",
    engine="e",
    scope={"pages": 2},
    digest="d",
    expected=True,
)

UNEXPECTED = [
    (Outcome.VIOLATED, Kind.INVARIANT, 12),
    (Outcome.VIOLATED, Kind.STEP_INVARIANT, 12),
    (Outcome.VIOLATED, Kind.REFINEMENT, 12),
    (Outcome.VIOLATED, Kind.BROKEN, 14),
    (Outcome.HOLDS, Kind.BROKEN, 14),
    (Outcome.UNREACHABLE, Kind.WITNESS, 14),
    (Outcome.UNREACHABLE, Kind.ACTION, 14),
    (Outcome.DEADLOCK, Kind.DEADLOCK, 11),
    (Outcome.BUDGET, Kind.INVARIANT, 3),
    (Outcome.UNKNOWN, Kind.ACTION, 3),
]


@pytest.mark.parametrize(("outcome", "kind", "code"), UNEXPECTED)
def test_what_is_not_as_expected_has_its_exit_code(outcome: Outcome, kind: Kind, code: int) -> None:
    """Each way to go wrong has the exit code that the design gives it."""
    assert replace(HOLDS, outcome=outcome, kind=kind, expected=False).code == code


@pytest.mark.parametrize("outcome", Outcome)
def test_what_is_expected_is_fine(outcome: Outcome) -> None:
    """Whatever the outcome, as expected is exit code 0."""
    assert replace(HOLDS, outcome=outcome).code == 0


def test_unknown_is_never_a_pass() -> None:
    """Neither "budget spent" nor "unknown" has the exit code of a pass, for any kind of question."""
    for outcome in (Outcome.BUDGET, Outcome.UNKNOWN):
        for kind in Kind:
            assert replace(HOLDS, outcome=outcome, kind=kind, expected=False).code == Exit.BUDGET


def test_of_several_codes_the_first_in_the_list_is_taken() -> None:
    """The order is 150, 75, 65, 12, 13, 11, 14, 3; then 0."""
    assert Exit.BY_WEIGHT == (150, 75, 65, 12, 13, 11, 14, 3)
    wrong = [replace(HOLDS, outcome=o, kind=k, expected=False) for o, k, _ in UNEXPECTED]
    for one, other in combinations([HOLDS, *wrong], 2):
        ranks = [Exit.BY_WEIGHT.index(v.code) for v in (one, other) if v.code]
        assert exit_code([one, other]) == exit_code([other, one]) == Exit.BY_WEIGHT[min(ranks)]
    assert exit_code([HOLDS, HOLDS]) == 0
    assert exit_code([]) == 0


def test_the_record_is_plain_json() -> None:
    """The record goes into a file and comes back with all that was known, and the length of its trace."""
    found = replace(HOLDS, trace=Trace(b"", ()), saved=Path("t.itf.json"), args=("A", "eth0"), seconds=1.23456)
    again = json.loads(json.dumps(found.as_json()))
    assert again["verdict"] == "holds"
    assert again["steps"] == 0
    assert again["args"] == ["A", "eth0"]
    assert again["trace"] == "t.itf.json"
    assert again["seconds"] == 1.235
    assert HOLDS.as_json()["steps"] is None


def test_an_error_of_the_notation_has_the_exit_code_of_the_list() -> None:
    """The notation may not import the list of exit codes, and repeats two numbers of it."""
    assert (SpecError.exit_code, PoolproofError.exit_code) == (Exit.SPEC, Exit.TOOL)
