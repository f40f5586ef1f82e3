# SPDX-License-Identifier: MIT
"""The proof obligations of a machine: if all are met, every invariant holds for any number of pages."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from checkers.core.wording import sentence
from spec.dsl import Action, Machine
from spec.dsl.ir import text as spoken

from .counting import CardinalityTerm
from .fragment import check
from .sizes import smallest
from .theory import Invariant, Question, Theory, invariants_of

UNSAT, SAT = "unsat", "sat"
ENOUGH = 2
"""Members of each sort in the states that show that something is satisfiable."""

HEAD, TAIL = "(set-logic ALL)\n", "(check-sat)\n"


@dataclass(frozen=True)
class Obligation:
    """A question to the solvers, the wanted answer, and the names of the invariants that depend on it.

    No name means that all invariants depend on it: without it they might be vacuous. `path` is the number of a path of
    the action that must be satisfiable; `counts` marks questions on how a step changes a cardinality.
    """

    name: str
    invariants: tuple[str, ...]
    theory: str
    question: Question
    wanted: str = UNSAT
    action: str = ""
    path: int | None = None
    counts: bool = False

    @property
    def breaks(self) -> bool:
        """True if the opposite answer is an initial state or a step that violates an invariant."""
        return self.wanted == UNSAT and not self.counts

    def text(self, counting: bool = False) -> str:
        """The question as SMT-LIB 2 text, with or without the cardinality axioms."""
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
    """The fingerprint of a theory, to which a body can be added."""
    return hashlib.sha256(theory.encode())


def obligations(
    machine: Machine, invariants: Sequence[Invariant] = (), assumed: Sequence[Invariant] = ()
) -> list[Obligation]:
    """The obligations of these invariants (or of all): first of initial states, then action by action.

    `assumed` are the invariants assumed before a step, by default all of the machine.
    """
    every = tuple(assumed) or invariants_of(machine)
    wanted = tuple(invariants) or every
    check(machine, every)
    theory = Theory(machine, invariants=every)
    found = [*_starts(theory, wanted), *_steps(theory, wanted), *_counts(theory, wanted)]
    return found if invariants else [*found, *possibilities(machine, every)]


def _starts(theory: Theory, invariants: Iterable[Invariant]) -> Iterator[Obligation]:
    text = HEAD + theory.declared + theory.started
    for invariant in invariants:
        if not invariant.is_step:
            name = f'the start satisfies "{sentence(invariant.name)}"'
            yield Obligation(name, (invariant.name,), text, theory.broken_at_start(invariant))


def _steps(theory: Theory, invariants: Iterable[Invariant]) -> Iterator[Obligation]:
    text = HEAD + theory.declared + theory.invariants_hold
    for action in theory.machine.actions:
        for invariant in invariants:
            name = f'{action.name} keeps "{sentence(invariant.name)}"'
            yield Obligation(name, (invariant.name,), text, theory.broken_by(action, invariant), action=action.name)


def _counts(theory: Theory, invariants: Sequence[Invariant]) -> Iterator[Obligation]:
    """What is assumed of cardinalities: a step moves at most one member, and changes the size as derived."""
    text = HEAD + theory.declared + theory.invariants_hold
    for counted, resting in counted_by(theory, invariants).items():
        for action in theory.machine.actions:
            if any(found.is_derived for found in theory.changes(action, counted)):
                others, size = theory.moves_others(action, counted), theory.miscounted(action, counted)
                moves = f"{action.name} moves at most one member into or out of {counted.text}"
                yield Obligation(moves, resting, text, others, action=action.name, counts=True)
                changes = f"{action.name} changes {counted.text} as derived: {change_text(theory, action, counted)}"
                yield Obligation(changes, resting, text, size, action=action.name, counts=True)


def counted_by(theory: Theory, invariants: Iterable[Invariant]) -> dict[CardinalityTerm, tuple[str, ...]]:
    """The sets whose size the invariants use, and the names of those invariants."""
    found: dict[CardinalityTerm, tuple[str, ...]] = {}
    for invariant in invariants:
        for x in theory.sets_in(invariant.expr):
            counted, _, _ = theory.sets.of(x)
            found[counted] = tuple(dict.fromkeys((*found.get(counted, ()), invariant.name)))
    return found


def change_text(theory: Theory, action: Action, counted: CardinalityTerm) -> str:
    """How an action changes a cardinality, path by path where they differ."""
    return ", or ".join(dict.fromkeys(found.text for found in theory.changes(action, counted)))


def possibilities(machine: Machine, invariants: Sequence[Invariant]) -> Iterator[Obligation]:
    """That the invariants are satisfiable together, and with each path of each action."""
    theory = Theory(machine, enough(machine), invariants)
    text = HEAD + theory.declared + theory.invariants_hold
    sizes = ", ".join(f"{n} {name}" for name, n in enough(machine).items())
    yield Obligation(f"all invariants hold together in some state of {sizes}", (), text, theory.anything(), SAT)
    for action in machine.actions:
        for number, path in enumerate(action.lifted.paths):
            where = f" where {spoken(path.branches[-1].claim)}" if path.branches else ""
            which = f" (path {number + 1} of {len(action.lifted.paths)}{where})" if len(action.lifted.paths) > 1 else ""
            asked = theory.possible(action, number)
            yield Obligation(f"{action.name} can happen{which}", (), text, asked, SAT, action.name, number)


def enough(machine: Machine) -> dict[str, int]:
    """The sizes in which satisfiability is decided."""
    least = smallest(machine)
    return {name: min(max(ENOUGH, least[name]), m.high) for name, m in machine.shape.members.items()}
