# SPDX-License-Identifier: MIT
"""Canonical forms: of all states that differ only by a renaming of symmetric members, one stands for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import permutations, product
from math import factorial, prod

from spec.dsl import Sort, World
from spec.dsl.ir import first_sort, members_of, one_key

Permutation = dict[type[Sort], tuple[int, ...]]


class Move:
    """One permutation of devices and pools, acting on page records and on the rest of a code, with a cache.

    A page keeps its record, so records and rest are permuted one by one; there are few different ones.
    """

    def __init__(self, source: list[int], tables: list[list[int]]) -> None:
        self.source, self.tables = source, tables
        self.known: dict[tuple[int, bytes], bytes] = {}

    def __call__(self, start: int, part: bytes) -> bytes:
        """The part of a code that begins at this offset, moved."""
        moved = self.known.get((start, part))
        if moved is None:
            cells = range(start, start + len(part))
            moved = self.known[start, part] = bytes(self.tables[i][part[self.source[i] - start]] for i in cells)
        return moved


class Symmetry:
    """The group of permutations of the members of some sorts, acting on the codes of states.

    Page records are sorted, which is exact because no field names a page. For devices and pools the canonical form is
    the least sorted form over all permutations.
    """

    def __init__(self, world: World, sorts: tuple[type[Sort], ...]) -> None:
        self.world, self.sorts = world, sorts
        self.width, self.split = world.record, world.record * world.pages
        self.sorts_pages = first_sort(world.machine) in sorts
        moving = [sigma for sigma in self._permutations() if any(list(p) != sorted(p) for p in sigma.values())]
        self.moves = [self._move(sigma) for sigma in moving]
        sizes = [world.machine.shape.size(s, world.sizes) for s in sorts]
        self.order = prod(map(factorial, sizes))

    def _permutations(self) -> Iterator[Permutation]:
        others = [s for s in self.sorts if s is not first_sort(self.world.machine)]
        ranges = [permutations(range(self.world.machine.shape.size(s, self.world.sizes))) for s in others]
        for choice in product(*ranges):
            yield dict(zip(others, choice, strict=True))

    def _move(self, sigma: Permutation) -> Move:
        """The source of each byte of the permuted code, and the table of its values."""
        world, cells = self.world, sum(map(len, self.world.offsets.values()))
        source, tables = [0] * cells, [list[int]()] * cells
        for name, offsets in world.offsets.items():
            f = world.machine.shape.fields[name]
            table = list(range(256))
            if f.domain.base in sigma:
                shift = 1 if f.domain.optional else 0
                table[shift : shift + len(sigma[f.domain.base])] = [i + shift for i in sigma[f.domain.base]]
            for key, offset in offsets.items():
                members = (type(m)(sigma[type(m)][m.index]) if type(m) in sigma else m for m in members_of(key))
                moved = one_key(tuple(members))
                source[offsets[moved]], tables[offsets[moved]] = offset, table
        return Move(source, tables)

    def canonical(self, code: bytes) -> bytes:
        """The code that represents the orbit of this one."""
        return min(self._forms(code)) if self.moves else self._joined(self._records(code), code[self.split :])

    def _forms(self, code: bytes) -> list[bytes]:
        """The sorted form of a code under each permutation of devices and pools."""
        records, rest, width = self._records(code), code[self.split :], self.width
        forms = [self._joined(records, rest)]
        for move in self.moves:
            moved = [move(n * width, record) for n, record in enumerate(records)]
            forms.append(self._joined(moved, move(self.split, rest)))
        return forms

    def _records(self, code: bytes) -> list[bytes]:
        return [code[n * self.width : (n + 1) * self.width] for n in range(self.world.pages)]

    def _joined(self, records: list[bytes], rest: bytes) -> bytes:
        return b"".join(sorted(records) if self.sorts_pages else records) + rest

    def orbit_size(self, code: bytes) -> int:
        """The number of states in the orbit of a canonical one: the order of the group over that of the stabiliser."""
        fixing = self._forms(code).count(code)
        same = prod(map(factorial, Counter(self._records(code)).values())) if self.sorts_pages else 1
        return self.order // (fixing * same)

    def repeats(self, code: bytes) -> set[int]:
        """The pages whose record equals that of the page before: their steps are the same up to renaming."""
        if not self.sorts_pages:
            return set()
        records = self._records(code)
        return {i for i in range(1, len(records)) if records[i] == records[i - 1]}
