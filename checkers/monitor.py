# SPDX-License-Identifier: MIT
"""Trace acceptance by subset construction: the set of states consistent with the observed counter increments.

A step is observed by the history counters it raises, in the order of the assignments. A step that raises no observed
counter is hidden; any number of hidden steps may happen between two observations, also between those of one step. Sets
of states are numbered and each transition between sets is computed once, so that an event costs a look-up.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from spec.dsl import Instance, Machine, Sort, World
from spec.dsl.ir import members_of

from .core.breadth_first import breadth_first
from .core.wording import guard_at

Label = tuple[str, tuple[Sort, ...]]
"""An observation: a history counter by name, and its keys."""

Pending = tuple[bytes, tuple[Label, ...]]
"""A state, and the increments of its last step that are not observed yet."""

Fact = Callable[..., bool]
"""A claim that an observation makes about the state itself, with its arguments."""

EMPTY = 0
"""The number of the empty set: no run of the spec explains the observations."""


@dataclass(frozen=True)
class Refusal:
    """An action that raises an observed counter somewhere, and what prevented it in most of the possible states.

    Either `guard`, the text of a guard that was false, or `missing`, a counter that must be observed to rise first.
    """

    action: str
    guard: str = ""
    missing: str = ""

    @property
    def why(self) -> str:
        """The reason as text."""
        return f"{self.missing} before it" if self.missing else self.guard


@dataclass(frozen=True)
class Route:
    """A shortest run to an observation: the value of a field it begins with, and its actions in order."""

    place: Any
    actions: tuple[str, ...]


class Monitor:
    """The sets of states of a scope; `observed` are the history counters that observations can show.

    Methods take and return sets by number.
    """

    def __init__(self, machine: Machine, sizes: dict[str, int], observed: Iterable[str]) -> None:
        self.world = World(machine, sizes)
        self.observed = frozenset(observed)
        self.steps: dict[bytes, list[tuple[int, tuple[Label, ...], bytes]]] = {}
        self.sets: list[frozenset[Pending]] = [frozenset()]
        self.numbers: dict[frozenset[Pending], int] = {frozenset(): EMPTY}
        self.transitions: dict[tuple[Any, ...], int] = {}
        self.emits: dict[Label, set[int]] = {}
        self._reachable: list[bytes] = []
        self._answers: dict[tuple[Any, ...], list[Any]] = {}

    def observe(self, states: int, label: Label) -> int:
        """The set of states that are possible after one more observation; EMPTY if no run explains it."""
        key = (states, label)
        if key not in self.transitions:
            self.transitions[key] = self._closed(self._after(states, label))
        return self.transitions[key]

    def assume(self, states: int, fact: Fact, *args: Sort) -> int:
        """The states of a set in which a fact holds, and those that hidden steps lead to from there."""
        key = (states, fact, args)
        if key not in self.transitions:
            holds = self._judge(fact, args)
            self.transitions[key] = self._closed({one for one in self.sets[states] if holds(one[0])})
        return self.transitions[key]

    def where(self, fact: Fact, *args: Sort) -> int:
        """All reachable states in which a fact holds, for a history that begins in the middle."""
        key = (fact, args)
        if key not in self.transitions:
            holds = self._judge(fact, args)
            self.transitions[key] = self._closed({(code, ()) for code in self.reachable() if holds(code)})
        return self.transitions[key]

    def reachable(self) -> list[bytes]:
        """Every reachable state."""
        if not self._reachable:
            starts, steps = self.world.initial(), lambda code: ((n, after) for n, _, after in self._from(code))
            self._reachable = list(breadth_first(starts, steps, {}))
        return self._reachable

    def _judge(self, fact: Fact, args: tuple[Sort, ...]) -> Callable[[bytes], bool]:
        return lambda code: bool(fact(self.world.load(code), *args))

    def _after(self, states: int, label: Label) -> set[Pending]:
        found: set[Pending] = set()
        for code, pending in self.sets[states]:
            if pending[:1] == (label,):
                found.add((code, pending[1:]))
            elif not pending:
                found.update((after, raised[1:]) for _, raised, after in self._from(code) if raised[:1] == (label,))
        return found

    def _closed(self, states: set[Pending]) -> int:
        """The set closed under hidden steps, which may also be taken before pending increments are observed."""
        found, waiting = set(states), list(states)
        while waiting:
            code, pending = waiting.pop()
            for _, raised, after in self._from(code):
                if not raised and (after, pending) not in found:
                    found.add((after, pending))
                    waiting.append((after, pending))
        return self._number(frozenset(found))

    def _number(self, states: frozenset[Pending]) -> int:
        if states not in self.numbers:
            self.numbers[states] = len(self.sets)
            self.sets.append(states)
        return self.numbers[states]

    def _from(self, code: bytes) -> list[tuple[int, tuple[Label, ...], bytes]]:
        """The steps of a state: number of the instance, the observed counters it raises, and the state after."""
        if code not in self.steps:
            self.steps[code] = [(n, self._seen(self.world.raised()), after) for n, after in self.world.successors(code)]
            for n, raised, _ in self.steps[code]:
                for label in raised:
                    self.emits.setdefault(label, set()).add(n)
        return self.steps[code]

    def _seen(self, raised: Iterable[tuple[str, Any]]) -> tuple[Label, ...]:
        return tuple((name, members_of(key)) for name, key in raised if name in self.observed)

    # -- explanations --------------------------------------------------------------------------------------------------

    def possible(self, states: int, field: str) -> list[Any]:
        """The values of this field of the first member in the states of a set, in the order of their declaration."""
        key = ("possible", states, field)
        if key not in self._answers:
            values = {next(iter(self.world.values(code)[field].values())) for code, _ in self.sets[states]}
            domain = self.world.machine.shape.values(self.world.machine.shape.fields[field], self.world.sizes)
            self._answers[key] = [value for value in domain if value in values]
        return list(self._answers[key])

    def routes(self, states: int, label: Label, field: str, fact: Fact, *args: Sort) -> list[Route]:
        """Shortest runs to this observation, from each value of the first member's field and by each last action.

        Runs begin in states of the set in which the fact holds.
        """
        key = ("routes", states, label, field, fact, args)
        if key not in self._answers:
            holds, starts = self._judge(fact, args), dict[Any, list[bytes]]()
            for code in sorted(code for code, pending in self.sets[states] if not pending and holds(code)):
                starts.setdefault(next(iter(self.world.values(code)[field].values())), []).append(code)
            places = [place for place in self.possible(states, field) if place in starts]
            self._answers[key] = [Route(place, run) for place in places for run in self._runs(starts[place], label)]
        return list(self._answers[key])

    def _runs(self, starts: list[bytes], label: Label) -> list[tuple[str, ...]]:
        """Shortest runs from any of these states to an observation, one for each action that may end them."""
        waiting, seen, found = (
            deque((code, tuple[str, ...]()) for code in starts),
            set(starts),
            dict[str, tuple[str, ...]](),
        )
        while waiting:
            code, so_far = waiting.popleft()
            for n, raised, after in self._from(code):
                action = self.world.instances[n].action.name
                if label in raised:
                    found.setdefault(action, (*so_far, action))
                elif not raised and after not in seen:
                    seen.add(after)
                    waiting.append((after, (*so_far, action)))
        return list(found.values())

    def refusals(self, states: int, label: Label) -> list[Refusal]:
        """One refusal for each action that raises this counter in some reachable state."""
        key = ("refusals", states, label)
        if key not in self._answers:
            self._answers[key] = self._refusals(states, label)
        return list(self._answers[key])

    def _refusals(self, states: int, label: Label) -> list[Refusal]:
        votes: dict[str, Counter[Refusal]] = {}
        for refusal in self._refused(states, label):
            votes.setdefault(refusal.action, Counter())[refusal] += 1
        found = [_most_telling(votes[name]) for name in sorted(votes)]
        return [replace(r, guard=guard_at(self.world.machine, r.guard)) if r.guard else r for r in found]

    def _refused(self, states: int, label: Label) -> Iterator[Refusal]:
        """What prevented each instance in each state; `guard` is file and line here."""
        for instance, code in self._could(states, label):
            raised = next((raised for n, raised, _ in self._from(code) if self.world.instances[n] == instance), None)
            if raised is None:
                yield Refusal(instance.action.name, guard=self.world.refusal(code, instance) or "")
            elif label in raised:
                yield Refusal(instance.action.name, missing=raised[0][0])

    def _could(self, states: int, label: Label) -> Iterator[tuple[Instance, bytes]]:
        """Each instance that raises this in some reachable state, with each state of the set to step from."""
        self.reachable()
        instances = [self.world.instances[n] for n in sorted(self.emits.get(label, ()))]
        codes = sorted(code for code, pending in self.sets[states] if not pending)
        return ((instance, code) for instance in instances for code in codes)

    def broken(self, states: int, label: Label) -> list[str]:
        """The invariants that steps raising this would violate without their guards, the most frequent first."""
        key = ("broken", states, label)
        if key not in self._answers:
            self._answers[key] = self._broken(states, label)
        return list(self._answers[key])

    def _broken(self, states: int, label: Label) -> list[str]:
        votes: Counter[str] = Counter()
        for instance, code in self._could(states, label):
            raised, violations = self.world.unguarded(code, instance)
            if label in self._seen(raised):
                votes.update({v.claim.name for v in violations})
        return sorted((c.name for c in self.world.machine.invariants if votes[c.name]), key=lambda name: -votes[name])


def _most_telling(votes: Counter[Refusal]) -> Refusal:
    """The refusal to report of an action: a missing observation, else the guard that was false most often."""
    return next((refusal for refusal in votes if refusal.missing), votes.most_common(1)[0][0])
