# SPDX-License-Identifier: MIT
"""Faults are planted in the export, one at a time: the comparison with our own count detects each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from checkers.export import agree, murphi, other_tools, promela
from checkers.export.language import Language
from checkers.export.other_tools import Count, OtherTool, Spin
from poolproof import catalog
from spec.dsl import Machine
from tests.exported import TOOLS, Answering, needs, only_some_pages_are_green, traps
from tests.sampling import one_in

Plant = Callable[[pytest.MonkeyPatch], None]


def changed(name: str, change: Callable[[Any], Any]) -> Plant:
    """A fault in what a method of the exporter returns."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        right = getattr(Language, name)
        patch.setattr(Language, name, lambda self, *given: change(right(self, *given)))

    return plant


def first_path_left_out(paths: Iterator[Any]) -> Iterator[Any]:
    return ((action, paths[1:] if len(paths) > 1 else paths) for action, paths in paths)


def keys_swapped(effects: Any) -> Any:
    swaps = {"known[page*DEVICES + dev]": "known[dev*DEVICES + page]", "known[page][dev]": "known[dev][page]"}
    return effects[0], [(swaps.get(cell, cell), value) for cell, value in effects[1]]


def nobody_is_a_member(patch: pytest.MonkeyPatch) -> None:
    right = Language.literal
    patch.setattr(Language, "literal", lambda self, v: "0" if repr(v) == "nobody" else right(self, v))


def state_before_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Language, "_before", lambda self, e, domain, written, kept: self.text(e, {}))


def negation_forgotten(patch: pytest.MonkeyPatch) -> None:
    for language in (promela.Promela, murphi.Murphi):
        table = language.operators
        patch.setattr(language, "operators", {**table, "not": ("", table["not"][1]), "!=": table["=="]})


def rewritten(*edits: tuple[str, str]) -> Plant:
    """A fault in the text, planted where it first fits: one edit for each language, or one for both."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        for language in (promela, murphi):
            patch.setattr(language, "text", edited(language.text, edits))

    return plant


def edited(right: Callable[..., str], edits: tuple[tuple[str, str], ...]) -> Callable[..., str]:
    def write(machine: Machine, sizes: dict[str, int], judging: bool = True) -> str:
        text = right(machine, sizes, judging)
        for old, new in edits:
            if old in text:
                return text.replace(old, new, 1)
        return text

    return write


FAULTS: dict[str, Plant] = {
    "a guard left out": changed("guard", lambda guards: guards[:-1] or ["true"]),
    "an assignment left out": changed("effects", lambda effects: (effects[0], effects[1][:-1])),
    "assignments in another order": changed("effects", lambda effects: (effects[0], effects[1][::-1])),
    "keys swapped": changed("effects", keys_swapped),
    "a path left out": changed("paths", first_path_left_out),
    "a member not counted": changed("members", lambda members: members[:-1]),
    "the state before forgotten": state_before_forgotten,
    "a negation forgotten": negation_forgotten,
    "nobody is somebody": nobody_is_a_member,
    "a limit off by one": rewritten((") < most", ") <= most")),
    "an initial value changed": rewritten(("= Hue_RED;", "= Hue_GREEN;")),
    "an initial state left out": rewritten(
        ("  :: d_step { peer[0] = 0; peer[1] = 0 }\n", ""),
        ("ruleset peer_0: Device;", "ruleset peer_0: 0..0;"),
    ),
    "an invariant turned round": rewritten(("most >= ", "most < ")),
}


def written(tool: OtherTool) -> OtherTool:
    """The tool, with the exporter as it is now."""
    return replace(tool, write=promela.text if tool.name == "spin" else murphi.text)


@pytest.mark.parametrize("fault", one_in(2, FAULTS))
@pytest.mark.parametrize("tool", TOOLS)
def test_a_fault_in_the_export_is_detected(tool: OtherTool, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another number of states or transitions, another verdict, or a search that could not go on: never agreement."""
    FAULTS[fault](monkeypatch)
    machine = traps()
    row = agree.compare(machine, machine.sizes("tiny", {}), (agree.Explorer(), written(tool)))
    assert agree.exit_code([row]) in (14, 150)
    assert row.disagreements + row.errors
    assert not any(" fails: " in error for error in row.errors), "the text was not even a model"


@pytest.mark.parametrize("tool", TOOLS)
def test_a_broken_invariant_left_out_is_detected(tool: OtherTool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the export has no invariant, nothing is broken there, but it is here."""
    changed("judged", lambda claims: [])(monkeypatch)
    machine = traps(only_some_pages_are_green)
    row = agree.compare(machine, machine.sizes("tiny", {}), (agree.Explorer(), written(tool)))
    assert row.disagreements == [
        f"traps: for explore (python) one is violated, for {tool.name} all invariants of states hold"
    ]


@needs("spin")
def test_a_variable_that_spin_hides_is_detected() -> None:
    """Without its option, spin counts too few states as soon as nothing reads what is written."""

    class Hiding(Spin):
        def commands(self) -> Sequence[Sequence[str]]:
            return [[word for word in words if word != "-o2"] for words in super().commands()]

    def unjudged(machine: Machine, sizes: dict[str, int], judging: bool) -> str:
        return promela.text(machine, sizes, False)

    yardstick = catalog.find("yardstick")
    engines = (Answering("known", Count(1413)), Spin(unjudged, effort="-O0"))
    assert agree.compare(yardstick, yardstick.sizes("tiny", {}), engines).disagreements == []
    engines = (Answering("known", Count(1413)), Hiding(unjudged, effort="-O0"))
    assert agree.compare(yardstick, yardstick.sizes("tiny", {}), engines).disagreements == [
        "yardstick: known counts 1,413 states, spin 1,097"
    ]


@needs("spin")
def test_a_search_that_is_not_deep_enough_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """spin reports no error when its depth is too small, and counts what it got; that is no count."""
    monkeypatch.setattr(other_tools, "DEPTH", 10)
    machine = traps()
    row = agree.compare(machine, machine.sizes("tiny", {}), (Spin(effort="-O0"),))
    assert row.errors == ["traps: spin: the search is not complete: error: max search depth too small"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_in_the_text(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fault changes both languages; a fault that is none would prove nothing."""
    machine = traps()
    sizes = machine.sizes("tiny", {})
    right = promela.text(machine, sizes), murphi.text(machine, sizes)
    FAULTS[fault](monkeypatch)
    wrong = promela.text(machine, sizes), murphi.text(machine, sizes)
    assert wrong[0] != right[0]
    assert wrong[1] != right[1]
