# SPDX-License-Identifier: MIT
"""The local table: every record a page can have, and the actions between them."""

from __future__ import annotations

from dataclasses import dataclass

from checkers.core.stopped import Stopped
from checkers.core.wording import shown
from checkers.explore.search import UNLIMITED, Budget, Search, SearchProgress
from spec.dsl import Machine, Sort, World
from spec.dsl.ir import cell_text, first_sort, members_of


@dataclass(frozen=True)
class LocalTable:
    """The records in the order of the search, and the steps between them by number."""

    records: tuple[str, ...]
    steps: tuple[tuple[int, str, int], ...]
    stopped: Stopped | None


def local_table(
    machine: Machine,
    sizes: dict[str, int],
    symmetric: tuple[type[Sort], ...],
    budget: Budget = UNLIMITED,
    progress: SearchProgress = lambda seen: None,
) -> LocalTable:
    """Collect the steps of single pages in every reachable state of a scope.

    With several pages only pages are taken as symmetric, so that the pools and devices a record names stay distinct.
    """
    recorder, page = RecordRecorder(), first_sort(machine)
    if machine.shape.size(page, sizes) > 1:
        symmetric = tuple(s for s in symmetric if s is page)
    search = Search(machine, sizes, symmetric, budget, "", recorder)
    seen = search.run(progress)
    numbers = {record: n for n, record in enumerate(recorder.records)}
    steps = sorted((numbers[was], action, numbers[now]) for was, action, now in recorder.steps)
    return LocalTable(tuple(describe(search.world, r) for r in recorder.records), tuple(steps), seen.stopped)


class RecordRecorder:
    """An observer that keeps the records of pages, and the steps of each page alone."""

    def __init__(self) -> None:
        self.records: dict[bytes, None] = {}
        self.steps: set[tuple[bytes, str, bytes]] = set()

    def state(self, search: Search, number: int, code: bytes) -> None:
        self.records |= dict.fromkeys(_records(search.world, code))

    def step(self, search: Search, number: int, code: bytes, n: int, after: bytes) -> None:
        world, instance = search.world, search.world.instances[n]
        after = search.symmetry.canonical(after) if world.pages == 1 else after
        arguments = {a.index for a in instance.args if type(a) is first_sort(world.machine)}
        for page, (was, now) in enumerate(zip(_records(world, code), _records(world, after), strict=True)):
            if page in arguments or was != now:
                self.records[now] = None
                self.steps.add((was, instance.action.name, now))


def _records(world: World, code: bytes) -> list[bytes]:
    """The part of a state that belongs to each page."""
    width = world.record
    return [code[page * width : (page + 1) * width] for page in range(world.pages)]


def describe(world: World, record: bytes) -> str:
    """A record in words: the fields that differ from their initial values."""
    words, page = list[str](), first_sort(world.machine)(0)
    for name, offsets in world.offsets.items():
        f = world.machine.shape.fields[name]
        values = world.machine.shape.values(f, world.sizes)
        for key, offset in offsets.items():
            members = members_of(key)
            if members[:1] == (page,) and (values[record[offset]] is not f.start or name == next(iter(world.offsets))):
                words.append(f"{cell_text(name, map(repr, members[1:]))} {shown(values[record[offset]])}")
    return ", ".join(words)
