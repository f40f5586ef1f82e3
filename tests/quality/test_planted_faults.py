# SPDX-License-Identifier: MIT
"""Each guard, branch and update of the rules is left out in turn: something detects it, or there is a reason."""

from __future__ import annotations

import pytest

from checkers.mutation import Fault, faults
from checkers.prove.mutants import DETECTED, EQUIVALENT, UNOBSERVED, WEAKENS
from spec.ownership import ownership
from spec.redundant import REDUNDANT, UNDETECTED
from tests.sampling import one_in
from tools import markdown
from tools.docs import build, mutants_table

FAULTS = faults(ownership)
ROWS = [x for x in (build.DOCS / "tables" / "planted-faults.md").read_text().splitlines() if x.startswith("| ")][1:]


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("| ").split(" | ")]


@pytest.mark.parametrize("fault", one_in(32, FAULTS), ids=lambda f: f"{f.function}: {f.text}"[:60])
def test_the_table_has_what_happens_to_a_fault(fault: Fault) -> None:
    """What is found now is in the table, and whatever a run shows the proof shows, too."""
    judged = mutants_table.judge(fault)
    row = markdown.row(mutants_table.row(judged))
    assert cells(row)[:3] == cells(ROWS[FAULTS.index(fault)])[:3]
    if judged.verdict != WEAKENS:  # which of many states a solver shows is its own choice
        assert row.strip() == ROWS[FAULTS.index(fault)]
    if judged.steps:
        assert judged.failing


def test_the_table_is_about_all_faults() -> None:
    """Each has its row, in the order of the text."""
    assert len(ROWS) == len(FAULTS)
    for fault, row in zip(FAULTS, ROWS, strict=True):
        assert cells(row)[0] == fault.function
        assert f"`{fault.what}`" in cells(row)[1]


def test_what_is_undetected_has_a_reason() -> None:
    """And a reason is given for nothing else."""
    unnoticed = {(f.function, f.text) for f, row in zip(FAULTS, ROWS, strict=True) if cells(row)[2] not in DETECTED}
    listed = [(function, line) for why in (REDUNDANT, UNDETECTED) for function in why for line in why[function]]
    assert sorted(listed) == sorted(unnoticed)
    assert {cells(row)[2] for row in ROWS} <= {*DETECTED, EQUIVALENT, WEAKENS, UNOBSERVED}
