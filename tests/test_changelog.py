# SPDX-License-Identifier: MIT
"""The CHANGELOG's tables of names: each new name exists in this repository, and no old one does."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from poolproof import catalog

ROOT = Path(__file__).parent.parent
NAMES = (ROOT / "CHANGELOG.md").read_text().partition("### Old names and new ones\n")[2]
TABLES: dict[str, str] = dict(re.findall(r"^(\S.*):\n\n\| old \| new \|\n\|---\|---\|\n((?:\|.*\|\n)+)", NAMES, re.M))


def commands() -> set[str]:
    """Subcommands, and options with their dashes."""
    return set(re.findall(r"(?<=## poolproof )\w+|--[\w-]+", (ROOT / "docs" / "tables" / "command.md").read_text()))


def json_strings() -> set[str]:
    """Fields, kinds and outcomes in the schema of the JSON output."""
    return set(re.findall(r'"([^"]*)"', (ROOT / "docs" / "verdicts.schema.json").read_text()))


def identifiers() -> set[str]:
    """Names that the rules, the models and the judge of recordings define or quote, and keywords that they pass."""
    rooms = ((ROOT / "spec").glob("*.py"), (ROOT / "models").rglob("*.py"), (ROOT / "impl").rglob("rules.py"))
    nodes = [node for room in rooms for path in room for node in ast.walk(ast.parse(path.read_text()))]
    return {str(getattr(node, key)) for node in nodes for key in ("name", "arg", "id", "value") if hasattr(node, key)}


def broken_models() -> set[str]:
    return {mutant.name for mutant in catalog.BROKEN}


def files() -> set[str]:
    rooms = ("checkers", "impl", "poolproof", "spec", "tools")
    return {str(path.relative_to(ROOT)) for room in rooms for path in (ROOT / room).rglob("*.*")}


EXISTING: dict[str, Callable[[], set[str]]] = {
    "Commands and options": commands,
    "JSON, JUnit and saved traces": json_strings,
    "The notation, and the fields and kinds of models": identifiers,
    "Actions, and the functions that they share": identifiers,
    "Invariants": identifiers,
    "Witnesses and final states": identifiers,
    "Broken models": broken_models,
    "Files": files,
}


def names(title: str, column: int) -> list[str]:
    """The names in a column: of `poolproof walk` and `--symmetry all` the part that is the name."""
    cells = [row.split("|")[column] for row in TABLES[title].splitlines()]
    quoted = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    return [re.sub(r"^poolproof |^recording\.|(?<=\w) (?:all|none)$", "", name) for name in quoted]


def test_every_table_is_compared_or_is_of_words() -> None:
    """No table of the CHANGELOG is left out below; that of words is compared with the glossary."""
    assert TABLES.keys() == {*EXISTING, "Words"}


@pytest.mark.parametrize("title", EXISTING)
def test_new_names_exist_and_old_ones_do_not(title: str) -> None:
    """Each row has an old name that is gone, and a new one that is there."""
    existing = EXISTING[title]()
    assert len(names(title, 1)) >= len(names(title, 2)) >= len(TABLES[title].splitlines())
    assert set(names(title, 2)) <= existing
    assert existing.isdisjoint(names(title, 1))


def test_the_new_words_are_those_of_the_glossary() -> None:
    """Each new word is explained in docs/glossary.md."""
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    words = [row.split("|")[2].strip() for row in TABLES["Words"].splitlines()]
    assert [word for word in words if word not in glossary] == []
