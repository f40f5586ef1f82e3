"""The local table: every record a page can have, and which action takes it where."""

from __future__ import annotations

from dataclasses import dataclass

from checkers.core.stopped import Stopped
from checkers.core.wording import named, shown
from checkers.explore.search import UNLIMITED, Budget, Search, SearchProgress
from spec.dsl import Machine, Sort, World
from spec.dsl.ir import first_sort


@dataclass(frozen=True)
class LocalTable:
    """The records in the order in which a search meets them, and the steps between them by number."""

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
    """Collect what happens to single pages in every reachable state of a scope.

    With several pages only pages are taken as symmetric: which pool and device a record names must stay told apart.
    """
    search = Recorder(machine, sizes, symmetric, budget, "")
    if search.world.pages > 1:
        search = Recorder(machine, sizes, tuple(s for s in symmetric if s is first_sort(machine)), budget, "")
    seen = search.run(progress)
    numbers = {record: n for n, record in enumerate(search.records)}
    steps = sorted((numbers[was], action, numbers[now]) for was, action, now in search.steps_seen)
    return LocalTable(tuple(describe(search.world, r) for r in search.records), tuple(steps), seen.stopped)


class Recorder(Search):
    """A search that looks at each step through one page's eyes."""

    def __init__(
        self, machine: Machine, sizes: dict[str, int], symmetric: tuple[type[Sort], ...], budget: Budget, until: str
    ) -> None:
        super().__init__(machine, sizes, symmetric, budget, until)
        self.records: dict[bytes, None] = {}
        self.steps_seen: set[tuple[bytes, str, bytes]] = set()

    def judge_state(self, number: int, code: bytes) -> None:
        for page in range(self.world.pages):
            self.records[self._record(code, page)] = None

    def judge_step(self, number: int, code: bytes, n: int, after: bytes) -> None:
        instance = self.world.instances[n]
        after = self.symmetry.canonical(after) if self.world.pages == 1 else after
        for page in range(self.world.pages):
            was, now = self._record(code, page), self._record(after, page)
            mine = any(type(a) is first_sort(self.world.machine) and a.index == page for a in instance.args)
            if mine or was != now:
                self.records[now] = None
                self.steps_seen.add((was, instance.action.name, now))

    def _record(self, code: bytes, page: int) -> bytes:
        width = self.world.record
        return code[page * width : (page + 1) * width]


def describe(world: World, record: bytes) -> str:
    """A record in words: the fields that differ from how they start."""
    said, page = list[str](), first_sort(world.machine)(0)
    for name, offsets in world.offsets.items():
        f = world.machine.shape.fields[name]
        values = world.machine.shape.values(f, world.sizes)
        for key, offset in offsets.items():
            members = key if isinstance(key, tuple) else (key,)
            if members[0] is page and (values[record[offset]] is not f.start or name == next(iter(world.offsets))):
                rest = named(members[1:])
                said.append(f"{name}{f'[{rest}]' if rest else ''} {shown(values[record[offset]])}")
    return ", ".join(said)
