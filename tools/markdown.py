# SPDX-License-Identifier: MIT
"""Markdown tables, made in one way."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], right: Container[str] = ()) -> Iterator[str]:
    """The lines of a table; the columns in `right` are aligned to the right. A `|` in a cell is escaped."""
    yield row(columns)
    yield f"|{'|'.join('--:' if column in right else '---' for column in columns)}|\n"
    yield from map(row, rows)


def row(cells: Sequence[object]) -> str:
    """One line of a table."""
    return "| " + " | ".join(str(cell).replace("|", r"\|") for cell in cells) + " |\n"
