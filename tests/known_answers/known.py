# SPDX-License-Identifier: MIT
"""The published figures of each machine, the measured ones, and the row of docs/known-answers.md."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from checkers.explore.search import UNLIMITED, Search
from poolproof import catalog
from spec.dsl import Machine

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Counts:
    """TLC's figures at the end of a search."""

    distinct: int
    generated: int
    depth: int

    def sentence(self) -> str:
        return f"{self.distinct} distinct states, {self.generated} generated states, depth {self.depth}"


@dataclass(frozen=True)
class Known:
    """A machine by its file, and what is known of it.

    `late` is by how many levels TLC's depth exceeds the least; `proved` is what the proof is of;
    `steps` is the length of a shortest run that is published or, of what is unsafe, follows from the text.
    """

    name: str
    counts: Counts | None = None
    late: int = 0
    proved: str = ""
    reached: str = ""
    steps: int = 0

    @property
    def path(self) -> Path:
        return HERE / f"{self.name}.py"


KNOWN = (
    Known("tcommit", Counts(34, 94, 7), proved="any number of managers"),
    Known("two_phase", Counts(288, 1146, 11), proved="any number of managers, one coordinator"),
    Known("voucher", Counts(64, 193, 7), proved="any number of vouchers"),
    Known("smokers", Counts(6, 15, 2), proved="any number of ingredients, one dealer"),
    Known("peterson", Counts(42, 77, 11), proved="2 processes, one memory", reached="one_is_inside", steps=4),
    Known("ewd840", Counts(302, 2001, 10), late=1, proved="3 nodes, one token"),
    Known("prisoners", Counts(214, 860, 14), proved="3 prisoners, one room"),
    Known("cat_in_boxes", Counts(48, 128, 1), proved="one row"),
    Known("lockserv", proved="any number of clients, one server", reached="the_lock_is_held", steps=3),
    Known("client_server", proved="any number of nodes, responses and requests"),
)
UNSAFE = Known("lockserv_unsafe", steps=12)
COUNTED = tuple(known for known in KNOWN if known.counts)
EDITIONS = ("first_edition", "fragments")
"""Machines of this project's own that are kept to be measured against: test_editions.py."""


@dataclass(frozen=True)
class Measured:
    """What the Python search counts without symmetry; `again` are further ways through a guard with `or`."""

    states: int
    transitions: int
    depth: int
    initial: int
    again: int


@cache
def machine(known: Known) -> Machine:
    """The user model in this file."""
    return catalog.load(known.path)


@cache
def measured(known: Known) -> Measured:
    """A search of `tiny`, and the value of the file's `AGAIN` in each reachable state."""
    of = machine(known)
    search = Search(of, of.sizes("tiny", {}), (), UNLIMITED, "")
    seen, world = search.run(lambda _: None), search.world
    ways = replace(of, always=getattr(sys.modules[f"user_model_{known.name}"], "AGAIN", ()), sometimes=()).invariants
    again = sum(world.holds(w, code, args) for code in search.codes for w in ways for args in world.tuples(w.params))
    return Measured(seen.states, seen.transitions, seen.depth, len(world.initial()), again)


def row(known: Known) -> str:
    """The row of docs/known-answers.md for a machine whose states others have counted."""
    theirs, ours = known.counts, measured(known)
    assert theirs
    numbers = (theirs.distinct, theirs.generated, theirs.depth)
    mine = (ours.states, ours.transitions, ours.initial, ours.again, ours.depth)
    return f"| `{known.name}` | {' | '.join(f'{n:,}' for n in (*numbers, *mine))} | {known.proved} |"
