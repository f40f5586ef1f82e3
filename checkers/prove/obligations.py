"""What has to be decided so that every invariant holds of any number of pages: a list, each with a name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from checkers.core.wording import sentence
from spec.dsl import Action, Machine
from spec.dsl.ir import Quantified, walk
from spec.dsl.ir import text as spoken

from .counting import Counted
from .fragment import check
from .sizes import smallest
from .theory import Fact, Question, Theory, facts_of

UNSAT, SAT = "unsat", "sat"
ENOUGH = 2
"""Members of each sort in the states that show that something is possible."""

HEAD, TAIL = "(set-logic ALL)\n", "(check-sat)\n"


@dataclass(frozen=True)
class Obligation:
    """A question to the solvers, the answer it must have, and the claims that rest on it.

    `facts` are the names of the claims; none means that all rest on it, for else they might be empty words. A way
    an action can go has the number of its `path`; `counts` says that it is about how a step changes a count.
    """

    name: str
    facts: tuple[str, ...]
    theory: str
    question: Question
    wanted: str = UNSAT
    action: str = ""
    path: int | None = None
    counts: bool = False

    @property
    def breaks(self) -> bool:
        """Would the opposite be a start or a step that breaks a claim?"""
        return self.wanted == UNSAT and not self.counts

    def text(self, counting: bool = False) -> str:
        """The question as SMT-LIB 2 text, with what is known of counts or without."""
        return self.theory + self.body(counting)

    def body(self, counting: bool = False) -> str:
        asked = self.question.known if counting else self.question.asked
        return self.question.declared + asked + TAIL

    def digest(self, counting: bool = False) -> str:
        """A fingerprint of the whole text."""
        begun = _begun(self.theory).copy()
        begun.update(self.body(counting).encode())
        return str(begun.hexdigest())


@lru_cache(maxsize=8)
def _begun(theory: str) -> Any:
    """The fingerprint of a theory, to be gone on with."""
    return hashlib.sha256(theory.encode())


def obligations(machine: Machine, facts: Sequence[Fact] = (), assumed: Sequence[Fact] = ()) -> list[Obligation]:
    """All obligations of these claims (or of all), in the order in which a reader goes through a machine.

    `assumed` are the claims taken to hold before a step; without it all invariants of the machine.
    """
    every = tuple(assumed) or facts_of(machine)
    wanted = tuple(facts) or every
    check(machine, every)
    theory = Theory(machine, facts=every)
    found = [*_starts(theory, wanted), *_steps(theory, wanted), *_counts(theory, wanted)]
    return found if facts else [*found, *possibilities(machine, every)]


def _starts(theory: Theory, facts: Iterable[Fact]) -> Iterator[Obligation]:
    text = HEAD + theory.declared + theory.started
    for fact in facts:
        if not fact.is_step:
            name = f'the start satisfies "{sentence(fact.name)}"'
            yield Obligation(name, (fact.name,), text, theory.broken_at_start(fact))


def _steps(theory: Theory, facts: Iterable[Fact]) -> Iterator[Obligation]:
    text = HEAD + theory.declared + theory.invariants_hold
    for action in theory.machine.actions:
        for fact in facts:
            name = f'{action.name} keeps "{sentence(fact.name)}"'
            yield Obligation(name, (fact.name,), text, theory.broken_by(action, fact), action=action.name)


def _counts(theory: Theory, facts: Sequence[Fact]) -> Iterator[Obligation]:
    """What is used of counts: a step moves one member, and changes the size as it was found to."""
    text = HEAD + theory.declared + theory.invariants_hold
    for counted, resting in counted_by(theory, facts).items():
        for action in theory.machine.actions:
            if any(found.is_derived for found in theory.changes(action, counted)):
                others, size = theory.moves_others(action, counted), theory.miscounted(action, counted)
                moves = f"{action.name} moves one member at most into or out of {counted.said}"
                yield Obligation(moves, resting, text, others, action=action.name, counts=True)
                changes = f"{action.name} changes {counted.said} as it seems to: {said_of(theory, action, counted)}"
                yield Obligation(changes, resting, text, size, action=action.name, counts=True)


def counted_by(theory: Theory, facts: Iterable[Fact]) -> dict[Counted, tuple[str, ...]]:
    """The sets that claims count, and the names of those claims."""
    found: dict[Counted, tuple[str, ...]] = {}
    for fact in facts:
        for x in walk(fact.expr):
            if isinstance(x, Quantified) and theory.is_set(x):
                counted, _, _ = theory.sets.of(x)
                found[counted] = tuple(dict.fromkeys((*found.get(counted, ()), fact.name)))
    return found


def said_of(theory: Theory, action: Action, counted: Counted) -> str:
    """How an action changes a count, path by path where they differ."""
    return ", or ".join(dict.fromkeys(found.said for found in theory.changes(action, counted)))


def possibilities(machine: Machine, facts: Sequence[Fact]) -> Iterator[Obligation]:
    """That the claims leave room for something: for states at all, and for each way each action can go."""
    theory = Theory(machine, enough(machine), facts)
    text = HEAD + theory.declared + theory.invariants_hold
    sizes = ", ".join(f"{n} {name}" for name, n in enough(machine).items())
    yield Obligation(f"all invariants hold together in some state of {sizes}", (), text, theory.anything(), SAT)
    for action in machine.actions:
        for number, path in enumerate(action.lifted.paths):
            way = f" where {spoken(path.branches[-1].claim)}" if path.branches else ""
            ways = f" (way {number + 1} of {len(action.lifted.paths)}{way})" if len(action.lifted.paths) > 1 else ""
            asked = theory.possible(action, number)
            yield Obligation(f"{action.name} can happen{ways}", (), text, asked, SAT, action.name, number)


def enough(machine: Machine) -> dict[str, int]:
    """Sizes at which possibilities are looked for."""
    least = smallest(machine)
    return {name: min(max(ENOUGH, least[name]), m.high) for name, m in machine.shape.members.items()}
