# SPDX-License-Identifier: MIT
"""The layout of a state in C: a byte for each cell while code runs on it, a few bits while it is stored."""

from __future__ import annotations

from math import prod
from typing import Any

from spec.dsl import Field, Machine, Sort
from spec.dsl.ir import Domain, first_sort, layout, members_of

WORD = 63
"""Bits used of a 64-bit word: the top one is free, so that no stored word equals the mark of an empty slot."""


class Layout:
    """Bytes as in the Python engine (page records first), and bits such that no page record crosses a word.

    With `stages` there is one cell more, at the end: how many of so many stages of a witness are done.
    """

    def __init__(self, machine: Machine, sizes: dict[str, int], stages: int = 0) -> None:
        self.machine, self.sizes, shape = machine, sizes, machine.shape
        self.stages = stages
        self.first = first_sort(machine)
        self.offsets = layout(shape, sizes)
        self.pages = shape.size(self.first, sizes)
        paged = [f for f in shape.fields.values() if self.is_paged(f)]
        self.record = sum(len(self.offsets[f.name]) for f in paged) // self.pages
        self.cells = sum(map(len, self.offsets.values())) + (stages > 0)
        self.rest = self.cells - self.pages * self.record
        self.widths = self._widths()
        self.record_bits = sum(self.widths[: self.record])
        self.words_of, self.shifts = self._packed()
        self.words = 1 + max(self.words_of, default=0)

    def _widths(self) -> list[int]:
        """The number of bits of each cell."""
        widths = [0] * self.cells
        for name, cells in self.offsets.items():
            values = self.machine.shape.values(self.machine.shape.fields[name], self.sizes)
            for offset in cells.values():
                widths[offset] = (len(values) - 1).bit_length()
        if self.stages:
            widths[-1] = self.stages.bit_length()
        return widths

    @property
    def pages_a_word(self) -> int:
        return WORD // max(self.record_bits, 1)

    @property
    def is_packable(self) -> bool:
        """True if a page record fits into one word."""
        return self.record_bits <= WORD

    def _packed(self) -> tuple[list[int], list[int]]:
        """The word of each cell, and its lowest bit in it."""
        words, shifts = [0] * self.cells, [0] * self.cells
        word = used = 0
        for page in range(self.pages if self.is_packable else 0):
            word, used = page // self.pages_a_word, page % self.pages_a_word * self.record_bits
            for cell in range(page * self.record, (page + 1) * self.record):
                words[cell], shifts[cell] = word, used
                used += self.widths[cell]
        for cell in range(self.pages * self.record, self.cells):
            if used + self.widths[cell] > WORD:
                word, used = word + 1, 0
            words[cell], shifts[cell] = word, used
            used += self.widths[cell]
        return words, shifts

    # -- cells in C ------------------------------------------------------------------------------------------------

    def is_paged(self, f: Field[Any, Any]) -> bool:
        """True if the field is part of a page's record."""
        return f.keys[:1] == (self.first,)

    def strides(self, f: Field[Any, Any]) -> tuple[int, list[int]]:
        """The offset of the cell of a field for the first members, and the stride of each key."""
        if f.history:
            return self._history_strides(f)
        cells = {members_of(k): at for k, at in self.offsets[f.name].items()}
        zero = tuple(sort(0) for sort in f.keys)
        return cells[zero], [self._stride(cells, zero, i) for i in range(len(f.keys))]

    def _stride(self, cells: dict[tuple[Sort, ...], int], zero: tuple[Sort, ...], i: int) -> int:
        one = (*zero[:i], type(zero[i])(1), *zero[i + 1 :])
        return cells[one] - cells[zero] if one in cells else 0

    def _history_strides(self, f: Field[Any, Any]) -> tuple[int, list[int]]:
        strides, step = list[int](), 1
        for sort in reversed(f.keys):
            strides.insert(0, step)
            step *= self.size(sort)
        return self.histories[f.name], strides

    @property
    def histories(self) -> dict[str, int]:
        """The first index of each history counter in the growth of a step; under the empty name their number."""
        places, at = dict[str, int](), 0
        for name, f in self.machine.shape.histories.items():
            places[name] = at
            at += self.history_cells(f)
        return {**places, "": at}

    def history_cells(self, f: Field[Any, Any]) -> int:
        """The number of cells of a history counter."""
        return prod(map(self.size, f.keys))

    def size(self, sort: type[Sort]) -> int:
        return self.machine.shape.size(sort, self.sizes)

    def codes(self, domain: Domain[Any]) -> range:
        """The numbers of the values of a domain in C: numbers as they are, members from 1, NOBODY 0."""
        if domain.base is bool:
            return range(2)
        if issubclass(domain.base, Sort):
            return range(0 if domain.optional else 1, self.size(domain.base) + 1)
        values = domain.values(self.sizes)
        return range(values[0], values[-1] + 1) if domain.base is int else range(len(values))
