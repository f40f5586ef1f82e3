# SPDX-License-Identifier: MIT
"""docs/kernel-reference.md is whole, and each citation of it in this repository leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from impl.linux.conformance import rules
from poolproof import catalog
from spec.dsl import Action
from spec.ownership import ownership
from tools.docs import bugs_table, functions_table, kernel_reference
from tools.docs.bugs_table import DENIED_BY, NEEDS

ROOT = kernel_reference.PAGE.parent.parent
FOLDERS = ("spec", "models", "impl", "checkers", "poolproof", "docs", "tests")
PAGE = kernel_reference.text()
NUMBERS = kernel_reference.numbers(PAGE)
SECTIONS = kernel_reference.sections(PAGE)

ITEM = re.compile(r"(?<![\w.#/-])(?:[PTSLQD]\d{1,2}|B\d\d)(?!\w)")
"""A number as text cites it: B with two digits, since B1, B2 are pages of counterexamples."""

NAME = re.compile(r"\bb(\d\d)_[a-z]\w+")
"""A broken model that is named after a bug."""

STEP = re.compile(r"\d+[a-z]?")
STEPS = rf"{STEP.pattern}(?:(?:,| to| and) {STEP.pattern})*"
PLACE = re.compile(rf"kernel reference (\d+(?:\.\d+)?)(?:,? (?:steps?|rules?) ({STEPS}))?")
"""A section, and steps or rules in it."""

STALE = re.compile(r"(?<!kernel reference )\b\d+\.\d+,? (?:steps?|rules?) \d|\b\d+\.\d+ of the reference")
"""A section without the name of the page it is in: no script could follow that."""


def texts() -> Iterator[tuple[str, str]]:
    """Every Python file and page, by its path: the words of a paragraph follow each other over the ends of lines."""
    pages = [ROOT / "README.md", ROOT / "ARCHITECTURE.md"]
    for path in [*pages, *(p for folder in FOLDERS for p in sorted((ROOT / folder).rglob("*.*")))]:
        if path.suffix in {".py", ".md"} and path != Path(__file__):
            yield str(path.relative_to(ROOT)), re.sub(r"\s*\n\s*(?:# )?", " ", path.read_text(encoding="utf-8"))


def astray(text: str) -> list[str]:
    """The citations in a text that lead nowhere."""
    missing = [cited for cited in ITEM.findall(text) if cited not in NUMBERS]
    missing += [found[0] for found in NAME.finditer(text) if f"B{found[1]}" not in NUMBERS]
    for found in PLACE.finditer(text):
        steps = set(STEP.findall(found[2] or ""))
        if found[1] not in SECTIONS or not steps <= SECTIONS[found[1]]:
            missing.append(found[0])
    return missing + STALE.findall(text)


@pytest.mark.parametrize(
    ("letter", "first", "last"), [("P", 0, 14), ("T", 1, 28), ("S", 1, 32), ("L", 1, 8), ("Q", 1, 13), ("D", 1, 10)]
)
def test_every_number_is_defined_once_and_in_order(letter: str, first: int, last: int) -> None:
    """So a range is cited by its ends."""
    assert [n for n in NUMBERS if n[0] == letter] == [f"{letter}{n}" for n in range(first, last + 1)]


def test_all_bugs_are_there_with_what_they_break() -> None:
    """58 bugs; each names a source, and properties that the page defines."""
    bugs = list(kernel_reference.bugs(PAGE))
    assert [bug.number for bug in bugs] == [f"B{n:02}" for n in range(1, 59)] == [n for n in NUMBERS if n[0] == "B"]
    assert all(bug.breaks and set(bug.breaks) <= set(NUMBERS) for bug in bugs)
    assert PAGE.count("* **Source:**") == len(bugs)


def test_every_citation_leads_somewhere() -> None:
    """Numbers, sections, steps and the bugs in names of models, in all that is written here."""
    found = {path: lost for path, text in texts() if (lost := astray(text))}
    assert not found


def test_citations_are_found_at_all() -> None:
    """The texts cite every letter, sections, and steps."""
    whole = " ".join(text for path, text in texts() if path != "docs/kernel-reference.md")
    assert {cited[0] for cited in ITEM.findall(whole)} == set("PTSLQDB")
    assert {found[1] for found in PLACE.finditer(whole)} >= {"4.1", "14.2"}
    assert len(ITEM.findall(whole)) > 200


@pytest.mark.parametrize(
    "planted",
    [
        "Kernel: T29, a step that nobody wrote down.",
        "S33: a property too many.",
        "B59 (c3f812cea0d7): a bug too many.",
        "b77_a_model_of_no_bug",
        "the pool ring is emptied (kernel reference 4.7)",
        "the rings are the driver's (kernel reference 14.2, rules 6 and 10)",
        "the walk is over (kernel reference 4.1, step 4e)",
        "the walk is over (1.7 step 4a)",
        "the life of a pool (1.7 of the reference)",
    ],
)
def test_a_citation_of_what_is_not_there_is_found(planted: str) -> None:
    """A planted fault each: a number, a name, a section, a step, and a section of no named page."""
    assert astray(planted)


@pytest.mark.parametrize(
    "text", ["pages A, Z, A1, B2", "0xB77, T29x, v1.S40, E501, #D99", "13.2 seconds", "keep_mapped, large, 1.7, 32.1"]
)
def test_what_is_no_citation_is_not_taken_for_one(text: str) -> None:
    """Names of pages, hexadecimal numbers, codes of linters, measurements."""
    assert astray(text) == []


@pytest.mark.parametrize("action", ownership.actions, ids=lambda action: action.name)
def test_every_action_names_its_kernel_function(action: Action) -> None:
    """By functions whose file and version the reference knows, by whose code it is, or that Linux has none."""
    stands = functions_table.stands_for(action)
    assert stands.functions or stands.own_code
    assert set(stands.functions) <= set(kernel_reference.functions(PAGE))


def test_every_bug_has_a_model_or_what_one_needs() -> None:
    """And not both; both lists, and the rules of traces, are about bugs that exist."""
    numbers = {bug.number for bug in kernel_reference.bugs(PAGE)}
    models = set(bugs_table.models())
    assert models | set(NEEDS) == numbers
    assert not models & set(NEEDS)
    assert set(DENIED_BY) <= numbers


def test_the_rules_of_traces_that_deny_bugs_are_tried_by_traces() -> None:
    """Each is an invariant that some event can deny."""
    assert set(DENIED_BY.values()) <= set(rules.SEEN)


def test_a_model_named_after_a_bug_is_that_bug() -> None:
    """Its sentence begins with the number that its name has."""
    for mutant in catalog.BROKEN:
        if found := NAME.match(mutant.name):
            assert mutant.stands_for.startswith(f"B{found[1]}")
