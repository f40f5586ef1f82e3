"""Canonical forms: of all states that differ only in which page is which, one speaks for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import permutations, product
from math import factorial, prod
from operator import itemgetter
from typing import Any

from spec.dsl import Sort, World
from spec.dsl.machine import first_sort
from spec.dsl.state import one_key

Permutation = dict[type[Sort], tuple[int, ...]]
Pick = Callable[[bytes], Any]


class Symmetry:
    """The group that permutes the members of some sorts, acting on the codes of a world's states.

    Pages are handled by sorting their records, which is exact because nothing points at a page; devices and
    pools by taking the least over their permutations of the sorted form.
    """

    def __init__(self, world: World, sorts: tuple[type[Sort], ...]) -> None:
        self.world, self.sorts = world, sorts
        self.width, self.split = world.record, world.record * world.pages
        self.sorts_pages = first_sort(world.machine) in sorts
        self._moves = [
            self._move(sigma) for sigma in self._permutations() if any(list(p) != sorted(p) for p in sigma.values())
        ]
        sizes = [world.machine.shape.size(s, world.sizes) for s in sorts]
        self.order = prod(map(factorial, sizes))

    def _permutations(self) -> Iterator[Permutation]:
        others = [s for s in self.sorts if s is not first_sort(self.world.machine)]
        ranges = [permutations(range(self.world.machine.shape.size(s, self.world.sizes))) for s in others]
        for choice in product(*ranges):
            yield dict(zip(others, choice, strict=True))

    def _move(self, sigma: Permutation) -> tuple[Pick, list[list[int]]]:
        """Where each byte of the permuted code comes from, and what becomes of its value."""
        world, cells = self.world, sum(map(len, self.world.offsets.values()))
        source, tables = [0] * cells, [list[int]()] * cells
        for name, offsets in world.offsets.items():
            f = world.machine.shape.fields[name]
            table = list(range(256))
            if f.domain.base in sigma:
                shift = 1 if f.domain.optional else 0
                table[shift : shift + len(sigma[f.domain.base])] = [i + shift for i in sigma[f.domain.base]]
            for key, offset in offsets.items():
                members = key if isinstance(key, tuple) else (key,)
                moved = one_key(tuple(type(m)(sigma[type(m)][m.index]) if type(m) in sigma else m for m in members))
                source[offsets[moved]], tables[offsets[moved]] = offset, table
        return itemgetter(*source), tables

    def canonical(self, code: bytes) -> bytes:
        """The one code that speaks for the whole orbit of this one."""
        best = self._sorted(code)
        for pick, tables in self._moves:
            best = min(best, self._sorted(self._moved(code, pick, tables)))
        return best

    @staticmethod
    def _moved(code: bytes, pick: Pick, tables: list[list[int]]) -> bytes:
        picked = pick(code)
        return bytes(
            [table[v] for table, v in zip(tables, picked if isinstance(picked, tuple) else (picked,), strict=True)]
        )

    def _sorted(self, code: bytes) -> bytes:
        if not self.sorts_pages:
            return code
        width, split = self.width, self.split
        return b"".join(sorted([code[i : i + width] for i in range(0, split, width)])) + code[split:]

    def orbit_size(self, code: bytes) -> int:
        """How many states this canonical one speaks for: the group's order over the stabiliser's."""
        fixing = 1 + sum(self._sorted(self._moved(code, *move)) == code for move in self._moves)
        same = 1
        if self.sorts_pages:
            records = Counter(code[i : i + self.width] for i in range(0, self.split, self.width))
            same = prod(map(factorial, records.values()))
        return self.order // (fixing * same)

    def repeats(self, code: bytes) -> set[int]:
        """Pages whose record equals their left neighbour's: what happens to one of them happens to both."""
        if not self.sorts_pages:
            return set()
        width = self.width
        return {
            i
            for i in range(1, self.world.pages)
            if code[i * width : (i + 1) * width] == code[(i - 1) * width : i * width]
        }
