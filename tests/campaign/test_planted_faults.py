# SPDX-License-Identifier: MIT
"""Faults planted in the C generator and in the exports are detected by the machines of the campaign alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle

import pytest

from checkers.explore.search import Budget
from checkers.export import agree, murphi, promela
from checkers.export.other_tools import OtherTool, Rumur, Spin
from checkers.native import engine
from spec.dsl import SpecError
from tests.checkers.native.ways import KINDS, needs_a_compiler, results
from tests.quality import test_generator_faults as of_c
from tests.quality import test_planted_export_faults as of_exports

from .machines import Taken, campaign

pytestmark = [pytest.mark.slow, needs_a_compiler]

BUDGET = Budget(states=20_000, seconds=20)
"""More states than any of these machines has: what a fault adds without end is ended here."""

NOT_IN_C = {
    "an end that is none": "no machine says where a run may end",
    "an end everywhere": "no machine says where a run may end",
    "history growth of the last step kept": "no action counts twice",
    "a key of the state after for one before": "no cell is a key of another",
    "a witness looked for at one device only": "no witness is first reached by the second device alone",
    "no cell of a device is read": "not found in 285 machines; the traps find it",
    "claims judged from too little": "not found in 285 machines; the traps find it",
    "counts that depend on devices kept": "not found in 285 machines; the traps find it",
}
NOT_IN_EXPORTS = {
    "keys swapped": "planted by the name of a field that only the traps have",
    "a limit off by one": "planted by the name of a bound that only the traps have",
    "an initial value changed": "planted by the name of an enum that only the traps have",
    "an initial state left out": "planted by the name of a field that only the traps have",
    "an invariant turned round": "planted by the name of a bound that only the traps have",
    "the state before forgotten, spin": "in none of those machines without large numbers; rumur finds it in others",
}
"""Faults that these machines do not detect; tests/quality/test_generator_faults.py and the tests of exports do."""


@pytest.mark.parametrize("fault", of_c.FAULTS)
def test_a_fault_in_the_generated_c_is_detected(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some machine has other counts, another verdict or length, or an error; or the table has the reason."""
    every = list(campaign(0, 1))  # with the answers of the Python search, before the fault
    of_c.FAULTS[fault](monkeypatch)
    assert any(map(differs, every, cycle(KINDS))) == (fault not in NOT_IN_C)


def differs(taken: Taken, way: str) -> bool:
    """True if the search in C gives another result than the Python one."""
    try:
        seen = engine.explore(taken.machine, taken.sizes, taken.machine.symmetric, BUDGET, options=KINDS[way])
    except (AssertionError, SpecError, StopIteration):
        return True
    return results(seen) != results(taken.reduced)


@pytest.mark.parametrize("tool", [Spin(effort="-O0"), Rumur(effort="-O0")], ids=lambda t: t.name)
@pytest.mark.parametrize("fault", of_exports.FAULTS)
def test_a_fault_in_an_export_is_detected(tool: OtherTool, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some machine has another count or verdict, or no answer; or the table has the reason."""
    if not tool.available():
        pytest.skip(f"{tool.name}, a system package, is not installed")
    every = list(exportable(tool))
    of_exports.FAULTS[fault](monkeypatch)
    found = any(
        agree.exit_code([agree.compare(t.machine, t.sizes, (agree.Explorer("c"), written(tool)))]) for t in every
    )
    assert found == (fault not in NOT_IN_EXPORTS and f"{fault}, {tool.name}" not in NOT_IN_EXPORTS)


def exportable(tool: OtherTool) -> Iterator[Taken]:
    """Every fifth machine; Promela has 31 bits."""
    for taken in campaign(0, 5):
        if tool.name != "spin" or "large numbers" not in taken.features:
            yield taken


def written(tool: OtherTool) -> OtherTool:
    """The tool, with the exporter as it is now."""
    return replace(tool, write=promela.text if tool.name == "spin" else murphi.text)
