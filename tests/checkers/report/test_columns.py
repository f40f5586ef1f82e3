# SPDX-License-Identifier: MIT
"""Texts and tables that fit: names whole, words whole, at every width."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console
from rich.text import Text

from checkers.report.columns import Table, say

NAMES = ("b03_mapping_outlives_the_driver", "yardstick_second_mapping_left_behind", "x")
PROSE = "an unreferenced page with the stack has no home, and nobody else has it"
WIDTHS = pytest.mark.parametrize("width", [60, 80, 100, 120, 150])


def printed(width: int, *things: Table | Text | str) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    for thing in things:
        if isinstance(thing, Table):
            console.print(thing)
        else:
            say(console, thing)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def table(columns: int) -> Table:
    made = Table("A title", key=1)
    made.add_column("kind")
    made.add_names("name")
    for n in range(columns):
        made.add_column(f"said {n}")
    for name in NAMES:
        made.add_row("a kind", f"[bold]{name}[/]", *[PROSE] * columns)
    return made


@WIDTHS
@pytest.mark.parametrize("columns", [0, 1, 2, 4])
def test_no_name_and_no_word_is_cut(width: int, columns: int) -> None:
    """Whatever the width, each line fits, each name stands in one of them, and each word of the prose is whole."""
    lines = printed(width, table(columns))
    assert lines[0] == "A title"
    assert max(map(len, lines)) <= width
    assert all(any(re.search(rf"\b{name}\b", line) for line in lines) for name in NAMES)
    words = set(re.findall(r"[\w,]+", " ".join(lines)))
    assert set(PROSE.split()) <= words or not columns
    assert "…" not in "".join(lines)


def test_a_record_has_a_header_for_each_cell() -> None:
    """Where a table does not fit, each row is its name, and below it the cells with the names of their columns."""
    lines = printed(60, table(2))
    at = lines.index(f"  {NAMES[0]}")
    assert lines[at - 1] == "a kind"
    assert lines[at + 1].startswith("    said 0: an unreferenced page with the stack")
    assert any(line.startswith("    said 1: an unreferenced page with the stack") for line in lines[at + 2 :])
    assert "┃" not in "".join(lines)


def test_short_cells_of_a_record_share_a_line() -> None:
    """Empty cells are left out, markup is markup, and a cell without a header is printed alone."""
    made = Table()
    made.add_names("name", "a_long_name_of_a_column", "")
    made.add_row("a" * 40, "[green]holds[/]", "yes")
    made.add_row("b", "", "no")
    assert printed(60, made) == ["a" * 40, "    a_long_name_of_a_column: holds; yes", "b", "    no"]


@WIDTHS
def test_prose_breaks_at_blanks(width: int) -> None:
    """A long line goes on below, set in by two more than where it began; a short one is left as it is."""
    text = f"    then {PROSE} {PROSE} {PROSE}"
    lines = printed(width, text)
    assert all(len(line) <= width for line in lines)
    assert [line[:4] for line in lines] == ["    "] * len(lines)
    assert all(line.startswith("      ") for line in lines[1:])
    assert " ".join(" ".join(lines).split()) == " ".join(text.split())
    assert printed(width, "  short") == ["  short"]


def test_a_word_that_is_too_long_is_left_whole() -> None:
    """It stands in a line of its own: a terminal breaks it, we do not."""
    assert printed(60, f"a {'x' * 80} b") == ["a", f"  {'x' * 80}", "  b"]


def test_what_is_no_markup_is_printed_as_it_is() -> None:
    """A text is data; only a Text has markup."""
    assert printed(60, "[bold]not[/]") == ["[bold]not[/]"]
    assert printed(60, Text.from_markup("[bold]but[/]")) == ["but"]
