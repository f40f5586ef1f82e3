# SPDX-License-Identifier: MIT
"""Whether each step of an action is a step of other actions, or changes nothing.

It is decided for any number of pages, in the states that satisfy every invariant. Two states are equal if all fields
and history counters are; which action takes a step does not matter, as no invariant depends on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from spec.dsl import Action, Field, Machine, Sort
from spec.dsl.ir import Path, Read, Var

from .counted_terms import AbstractCardinality
from .obligations import HEAD, Obligation
from .smt import BEFORE, View, asserted, conj, either, negated
from .theory import Question, Theory, arguments

Names = Mapping[str, str]


def steps_covered_by(machine: Machine, action: Action, others: Sequence[Action], is_about_others: bool) -> Obligation:
    """The obligation that each step of the action changes nothing, or is a step of the others with the same arguments.

    With `is_about_others` their arguments may also be members related to these: a page's home, a pool's device.
    """
    return _Asked(Theory(machine), action, is_about_others).obligation(others)


@dataclass(frozen=True)
class _TakenPath:
    """A path with arguments: its guard, and the state it leads to."""

    guard: str
    view: View


class _Asked:
    """The question for a step of an action that no other action has; it is about constants only."""

    def __init__(self, theory: Theory, action: Action, is_about_others: bool) -> None:
        self.theory, self.action, self.is_about_others = theory, action, is_about_others
        self.names = arguments("arg", action.params)
        self.declared = [self._somebody(v, self.names[v.name]) for v in action.params]
        self.known: list[str] = []

    def obligation(self, others: Sequence[Action]) -> Obligation:
        mine = list(self._paths(self.action, self.names, ()))
        theirs = [
            path for other in others for names, real in self._choices(other) for path in self._paths(other, names, real)
        ]
        news = [
            conj(path.guard, self._differ(path.view, BEFORE), *(self._unlike(path, o) for o in theirs)) for path in mine
        ]
        asked = asserted(either(*news))
        question = Question(asked, asserted(conj(*self.known)) + asked if self.known else "", "".join(self.declared))
        text = HEAD + self.theory.declared + self.theory.invariants_hold
        return Obligation(
            f"{self.action.name} is covered by other actions", (), text, question, action=self.action.name
        )

    def _paths(self, action: Action, names: Names, real: Sequence[str]) -> Iterator[_TakenPath]:
        return (self._path(path, names, real) for path in action.lifted.paths)

    def _path(self, path: Path, names: Names, real: Sequence[str]) -> _TakenPath:
        counts = AbstractCardinality(self.theory, path)
        text = self.theory.text(counts)
        guards = [text.term(c.claim, names) for c in path.conditions]
        view = View(tuple(text.write(put, names) for put in path.puts), tuple(names.items()))
        self.known += counts.known
        self.declared += counts.declared
        return _TakenPath(conj(*real, *guards), view)

    def _choices(self, other: Action) -> Iterator[tuple[Names, list[str]]]:
        """The arguments the other action may have, with the claims that they are not NOBODY."""
        if not self.is_about_others:
            yield arguments("arg", other.params), []
            return
        text = self.theory.text(None)
        for terms in product(*(self._related(v.sort) for v in other.params)):
            names = {v.name: term for v, term in zip(other.params, terms, strict=True)}
            yield names, [text.real(v.sort, names[v.name]) for v in other.params]

    def _related(self, sort: type[Any]) -> list[str]:
        """The members of a sort that are arguments, or are reached from one by at most two fields."""
        text = self.theory.text(None)
        found: list[tuple[type[Any], str]] = [(v.sort, self.names[v.name]) for v in self.action.params]
        pointers = [f for f in self.theory.machine.shape.fields.values() if issubclass(f.domain.base, Sort)]
        for _ in range(2):
            found += [(f.domain.base, text.read(f, [m], "")) for f in pointers for s, m in found if f.keys == (s,)]
        return list(dict.fromkeys(member for kind, member in found if kind is sort))

    def _unlike(self, path: _TakenPath, other: _TakenPath) -> str:
        """The other path is not enabled, or leads to another state."""
        return either(negated(other.guard), self._differ(path.view, other.view))

    def _differ(self, one: View, other: View) -> str:
        """Some cell differs."""
        fields = dict.fromkeys(write.field for view in (one, other) for write in view.writes)
        return either(*(self._differ_in(f, one, other) for f in fields))

    def _differ_in(self, f: Field[Any, Any], one: View, other: View) -> str:
        cell = tuple(Var(f"cell.{self.theory.fresh()}", k) for k in f.keys)
        self.declared += [self._somebody(v, v.name) for v in cell]
        names = {v.name: v.name for v in cell}
        values = [self.theory.text(None, view).term(Read(f, cell), names) for view in (one, other)]
        return f"(distinct {values[0]} {values[1]})"

    def _somebody(self, v: Var, name: str) -> str:
        """The declaration of a constant that is any member, but not NOBODY."""
        real = self.theory.text(None).real(v.sort, name)
        return self.theory.symbols.constant(name, v.sort) + (asserted(real) if real != "true" else "")
