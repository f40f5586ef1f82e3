# SPDX-License-Identifier: MIT
"""Texts and tables that fit the width of the output: names are never cut, and lines break between words only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

import rich.table
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.text import Text

HANG = 2
"""The indentation of continued lines."""
READABLE = 18
"""The least width of a column with longer text."""
SHORT = 40
"""The most letters of a cell that shares a line with its neighbours in a record."""
EDGES = 3
"""The width of the borders of a column; a table has one more."""


def say(console: Console, told: str | Text, style: str = "") -> None:
    """Print a text, wrapped at blanks; only a `Text` has styles. A no-break space holds two words together."""
    for line in _lines(Text(told, style) if isinstance(told, str) else told, console.width):
        line.plain = line.plain.replace("\u00a0", " ")
        console.print(line, soft_wrap=True)


def _lines(text: Text, width: int) -> Iterator[Text]:
    """The lines of a text; continued ones are indented by HANG more than the first."""
    if text.cell_len <= width:
        yield text
        return
    lead = len(text.plain) - len(text.plain.lstrip(" "))
    room = max(width - lead - HANG, READABLE)
    body = text[lead:]
    for number, line in enumerate(body.divide(_breaks(body.plain, room))):
        line.rstrip()
        yield Text(" " * (lead + HANG * (number > 0))) + line


def _breaks(plain: str, room: int) -> Iterator[int]:
    """The offsets at which further lines begin: words that do not fit any more."""
    begin = 0
    for word in re.finditer("[^ ]+", plain):
        if begin < word.start() and cell_len(plain[begin : word.end()]) > room:
            begin = word.start()
            yield begin


class Table(rich.table.Table):
    """A table whose columns that do not wrap hold names; where names and words do not fit, each row is a record.

    A record begins with the cell of the column `key`, below what stands before that; the other cells follow by name.
    """

    def __init__(self, title: str = "", key: int = 0, show_header: bool = True) -> None:
        super().__init__(show_header=show_header)
        self.heading, self.key = title, key

    def add_names(self, *headers: str) -> None:
        """Add columns that are neither wrapped nor cut."""
        for header in headers:
            self.add_column(header, no_wrap=True)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.heading:
            yield Text(self.heading, "bold")
        if self._fit(console, options):
            yield from super().__rich_console__(console, options)
        else:
            yield from self._records(options.max_width)

    def _fit(self, console: Console, options: ConsoleOptions) -> bool:
        """Set the width of each column, less for the widest ones that may wrap; true if the table fits."""
        room = options.max_width - EDGES * len(self.columns) - 1
        wide = [self._measured(console, options, column) for column in self.columns]
        least = [w.maximum if c.no_wrap else self._least(w) for c, w in zip(self.columns, wide, strict=True)]
        widths = [w.maximum for w in wide]
        while sum(widths) > room and widths != least:
            widest = max((n for n in range(len(widths)) if widths[n] > least[n]), key=widths.__getitem__)
            widths[widest] -= 1
        for column, width in zip(self.columns, widths, strict=True):
            column.width = width
        return sum(widths) <= room

    def _least(self, wide: Measurement) -> int:
        return max(wide.minimum, READABLE) if wide.maximum > READABLE else wide.minimum

    def _measured(self, console: Console, options: ConsoleOptions, column: rich.table.Column) -> Measurement:
        """The longest word and the longest line of a column."""
        cells = [*column.cells, *([column.header] if self.show_header else [])]
        found = [Measurement.get(console, options.update(width=10_000), cell) for cell in cells]
        return Measurement(max((m.minimum for m in found), default=0), max((m.maximum for m in found), default=0))

    def _records(self, width: int) -> Iterator[Text]:
        headers = [_text(column.header) if self.show_header else Text() for column in self.columns]
        for cells in zip(*([_text(c) for c in column.cells] for column in self.columns), strict=True):
            yield from (cell for cell in cells[: self.key] if cell)
            yield from _uncut(_lines(Text("  " * bool(self.key)) + cells[self.key], width))
            named = _named(headers[self.key + 1 :], cells[self.key + 1 :])
            for _, some in groupby(named, lambda one: one.cell_len <= SHORT or object()):
                yield from _uncut(_lines(Text("    ") + Text("; ").join(some), width))


def _named(headers: Iterable[Text], cells: Iterable[Text]) -> Iterator[Text]:
    """The cells with text, each after the name of its column."""
    for header, cell in zip(headers, cells, strict=True):
        if cell:
            yield header + (": " if header else "") + cell


def _uncut(lines: Iterable[Text]) -> Iterator[Text]:
    for line in lines:
        line.overflow, line.no_wrap = "ignore", True
        yield line


def _text(cell: RenderableType) -> Text:
    return cell if isinstance(cell, Text) else Text.from_markup(str(cell))
