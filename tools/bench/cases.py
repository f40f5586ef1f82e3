# SPDX-License-Identifier: MIT
"""What `make bench` measures: the searches, their peers, and their targets."""

from __future__ import annotations

from dataclasses import dataclass

from checkers.core.wording import counted
from checkers.explore.search import UNLIMITED, Budget
from checkers.native.engine import SearchOptions
from models.keep_mapped import keep_mapped
from models.yardstick import yardstick
from spec.dsl import Machine, Sort
from spec.ownership import ownership

BITMAP = SearchOptions(threads=1)
HASH_SET = SearchOptions(threads=1, bitmap=False)
EVALUATED = SearchOptions(threads=1, tables=False)
ALL_CORES = SearchOptions()

SECONDS_IN_COLD = 2.0
SECONDS_OF_THIRTEEN = 60.0
SECONDS_OF_PROOFS = 20.0
SECONDS_AGAIN = 2.0
SECONDS_OF_BMC = 60.0
BYTES_A_STATE = 24.0
FIVE_MINUTES = Budget(seconds=300.0)
A_MINUTE = Budget(seconds=60.0)


@dataclass(frozen=True)
class Searched:
    """A machine in a scope, with its symmetric sorts."""

    machine: Machine
    scope: str
    sizes: tuple[tuple[str, int], ...]
    symmetric: tuple[type[Sort], ...]

    @property
    def name(self) -> str:
        return f"{self.machine.name}, {self.scope}"

    @property
    def pages(self) -> str:
        """The number of pages, and whether they are symmetric."""
        return counted(dict(self.sizes)["pages"], "page") + (", symmetric" if self.symmetric else "")


@dataclass(frozen=True)
class Way:
    """One way to search, and its target: times the peer's speed; 0 for none."""

    options: SearchOptions
    target: float = 0.0


@dataclass(frozen=True)
class Case:
    """One size of the yardstick, searched in several ways in each round, with or without symmetric pages.

    `threads` is measured against one thread as well, by the wall clock; a case that takes long is measured in each
    `every`th round only.
    """

    pages: int
    symmetric: bool
    ways: tuple[Way, ...]
    threads: Way | None = None
    every: int = 1

    @property
    def name(self) -> str:
        return self.search.pages

    @property
    def search(self) -> Searched:
        return yardstick_of(self.pages, self.symmetric)

    def rounds(self, asked: int) -> int:
        """The rounds of this case, of the given number."""
        return -(-asked // self.every)


def searched(machine: Machine, scope: str, changes: dict[str, int] | None = None, symmetric: bool = True) -> Searched:
    """A machine in one of its scopes, with some sizes changed."""
    sizes = machine.sizes(scope, changes or {})
    return Searched(machine, scope, tuple(sizes.items()), machine.symmetric if symmetric else ())


def yardstick_of(pages: int, symmetric: bool) -> Searched:
    """The yardstick with this number of pages, two devices, ring and TX bound 2, as other tools were measured."""
    return searched(yardstick, "tiny", {"pages": pages}, symmetric)


@dataclass(frozen=True)
class Design:
    """A model that is searched on all cores, and its budget."""

    search: Searched
    budget: Budget = UNLIMITED


@dataclass(frozen=True)
class Plan:
    """All that one run measures; `judged` is false for cases that are too small for targets.

    `bounded` is a model, its pages, and the number of steps within which violations are looked for.
    """

    cases: tuple[Case, ...]
    alone: tuple[tuple[Searched, float], ...]
    cold: tuple[Searched, ...]
    spin: Searched
    designs: tuple[Design, ...]
    proofs: tuple[str, ...]
    bounded: tuple[str, int, int]
    far: tuple[Searched, ...] = ()
    judged: bool = True


TWO_THREADS = Way(SearchOptions(threads=2), 1.5)
UNREDUCED_5 = Case(5, False, (Way(BITMAP, 2.0), Way(HASH_SET, 0.8), Way(EVALUATED, 0.4)))
UNREDUCED_6 = Case(6, False, (Way(BITMAP, 2.0),), threads=TWO_THREADS, every=2)
SYMMETRIC_8 = Case(8, True, (Way(BITMAP, 0.9), Way(HASH_SET, 0.8)))
SYMMETRIC_10 = Case(10, True, (Way(BITMAP, 1.3), Way(HASH_SET, 0.8)), every=2)
SYMMETRIC_12 = Case(12, True, (Way(BITMAP, 1.3),), every=3)
SYMMETRIC_12_LONG = Case(12, True, (Way(BITMAP, 1.3),), threads=TWO_THREADS, every=2)
COLD = (yardstick_of(5, False), searched(ownership, "small"))
PROOFS = ("ownership", "keep_mapped", "per_packet", "yardstick")
BOUNDED = ("keep_mapped", 3, 12)
THIRTEEN = ((yardstick_of(13, True), SECONDS_OF_THIRTEEN),)


def designs(large: Budget) -> tuple[Design, ...]:
    """The rules at small, the design at small and large."""
    small = Design(searched(ownership, "small")), Design(searched(keep_mapped, "small"))
    return (*small, Design(searched(keep_mapped, "large"), large))


USUAL = Plan(
    cases=(UNREDUCED_5, UNREDUCED_6, SYMMETRIC_8, SYMMETRIC_10, SYMMETRIC_12),
    alone=THIRTEEN,
    cold=COLD,
    spin=yardstick_of(5, False),
    designs=designs(A_MINUTE),
    proofs=PROOFS,
    bounded=BOUNDED,
)
LONG = Plan(
    cases=(UNREDUCED_5, UNREDUCED_6, SYMMETRIC_8, SYMMETRIC_10, SYMMETRIC_12_LONG),
    alone=THIRTEEN,
    cold=COLD,
    spin=yardstick_of(5, False),
    designs=designs(UNLIMITED),
    proofs=PROOFS,
    bounded=BOUNDED,
    far=tuple(yardstick_of(pages, True) for pages in (14, 15, 16)),
)
QUICK = Plan(
    cases=(
        Case(4, False, (Way(BITMAP), Way(HASH_SET), Way(EVALUATED)), threads=Way(SearchOptions(threads=2))),
        Case(4, True, (Way(BITMAP), Way(HASH_SET))),
    ),
    alone=(),
    cold=COLD[:1],
    spin=yardstick_of(2, False),
    designs=(Design(searched(keep_mapped, "tiny")),),
    proofs=("yardstick",),
    bounded=("yardstick", 2, 3),
    judged=False,
)
