"""Is a history explained? All states that are possible after what was observed, by the spec's own steps.

What can be observed of a step are the history counters it raises, in the order in which it raises them. A step that
raises none that is observed is hidden; any number of hidden ones may have happened between two observations, also while
a step has shown a part of what it raises. Sets of states are numbered, and what an observation makes of a set is worked
out once, so that an event costs a look-up however long the history is.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from spec.dsl import Instance, Machine, Sort, World

from .core.wording import guard_at

Label = tuple[str, tuple[Sort, ...]]
"""Something observed: a history counter by name, and whose."""

Standing = tuple[bytes, tuple[Label, ...]]
"""A state, and what its last step has raised and nobody has observed yet."""

Fact = Callable[..., bool]
"""What an observation says of the state itself: a function as invariants are, with its arguments given."""

BEFORE = "before it"
"""What is said of an observation that was to come first."""

NOTHING = 0
"""The number of the empty set: no run of the spec explains what was observed."""


@dataclass(frozen=True)
class Refused:
    """An action that could have explained an observation, and why it did not in the most possible states."""

    action: str
    why: str


@dataclass(frozen=True)
class Way:
    """From where the first member may be, a shortest way to an observation: the actions in order."""

    place: Any
    actions: tuple[str, ...]


class Monitor:
    """The sets of states of a scope; `observed` are the history counters that can be seen."""

    def __init__(self, machine: Machine, sizes: dict[str, int], observed: Iterable[str]) -> None:
        self.world = World(machine, sizes)
        self.observed = frozenset(observed)
        self.steps: dict[bytes, list[tuple[int, tuple[Label, ...], bytes]]] = {}
        self.sets: list[frozenset[Standing]] = [frozenset()]
        self.numbers: dict[frozenset[Standing], int] = {frozenset(): NOTHING}
        self.known: dict[tuple[Any, ...], int] = {}
        self.emits: dict[Label, set[int]] = {}
        self._reachable: list[bytes] = []
        self._told: dict[tuple[Any, ...], list[Any]] = {}

    def observe(self, at: int, label: Label) -> int:
        """The set of states that are possible after one more observation."""
        key = (at, label)
        if key not in self.known:
            self.known[key] = self._closed(self._after(at, label))
        return self.known[key]

    def assume(self, at: int, fact: Fact, *args: Sort) -> int:
        """The states of a set in which a fact holds, and what hidden steps lead to from there."""
        key = (at, fact, args)
        if key not in self.known:
            holds = self._judge(fact, args)
            self.known[key] = self._closed({one for one in self.sets[at] if holds(one[0])})
        return self.known[key]

    def where(self, fact: Fact, *args: Sort) -> int:
        """All reachable states in which a fact holds: for a history that begins in the middle."""
        key = (fact, args)
        if key not in self.known:
            holds = self._judge(fact, args)
            self.known[key] = self._closed({(code, ()) for code in self.reachable() if holds(code)})
        return self.known[key]

    def reachable(self) -> list[bytes]:
        """Every reachable state."""
        if not self._reachable:
            waiting = deque(self.world.initial())
            seen = dict.fromkeys(waiting)
            while waiting:
                for _, _, after in self._from(waiting.popleft()):
                    if after not in seen:
                        seen[after] = None
                        waiting.append(after)
            self._reachable = list(seen)
        return self._reachable

    def _judge(self, fact: Fact, args: tuple[Sort, ...]) -> Callable[[bytes], bool]:
        return lambda code: bool(fact(self.world.load(code), *args))

    def _after(self, at: int, label: Label) -> set[Standing]:
        found: set[Standing] = set()
        for code, pending in self.sets[at]:
            if pending[:1] == (label,):
                found.add((code, pending[1:]))
            elif not pending:
                found.update((after, raised[1:]) for _, raised, after in self._from(code) if raised[:1] == (label,))
        return found

    def _closed(self, states: set[Standing]) -> int:
        """With all that hidden steps lead to; they may be taken before what is pending is observed, too."""
        found, waiting = set(states), list(states)
        while waiting:
            code, pending = waiting.pop()
            for _, raised, after in self._from(code):
                if not raised and (after, pending) not in found:
                    found.add((after, pending))
                    waiting.append((after, pending))
        return self._number(frozenset(found))

    def _number(self, states: frozenset[Standing]) -> int:
        if states not in self.numbers:
            self.numbers[states] = len(self.sets)
            self.sets.append(states)
        return self.numbers[states]

    def _from(self, code: bytes) -> list[tuple[int, tuple[Label, ...], bytes]]:
        """The steps of a state: which instance, what it raises that is observed, and where it leads."""
        if code not in self.steps:
            self.steps[code] = [(n, self._seen(self.world.raised()), after) for n, after in self.world.successors(code)]
            for n, raised, _ in self.steps[code]:
                for label in raised:
                    self.emits.setdefault(label, set()).add(n)
        return self.steps[code]

    def _seen(self, raised: Iterable[tuple[str, Any]]) -> tuple[Label, ...]:
        return tuple((name, key if isinstance(key, tuple) else (key,)) for name, key in raised if name in self.observed)

    # -- telling why ---------------------------------------------------------------------------------------------------

    def possible(self, at: int, field: str) -> list[Any]:
        """The values of this field of the first member in the states of a set, in the order of their declaration."""
        key = ("possible", at, field)
        if key not in self._told:
            values = {next(iter(self.world.values(code)[field].values())) for code, _ in self.sets[at]}
            domain = self.world.machine.shape.values(self.world.machine.shape.fields[field], self.world.sizes)
            self._told[key] = [value for value in domain if value in values]
        return list(self._told[key])

    def ways(self, at: int, label: Label, field: str, fact: Fact, *args: Sort) -> list[Way]:
        """From each value of a field of the first member: a shortest run to this observation by each last action."""
        key = ("ways", at, label, field, fact, args)
        if key not in self._told:
            holds, starts = self._judge(fact, args), dict[Any, list[bytes]]()
            for code in sorted(code for code, pending in self.sets[at] if not pending and holds(code)):
                starts.setdefault(next(iter(self.world.values(code)[field].values())), []).append(code)
            places = [place for place in self.possible(at, field) if place in starts]
            self._told[key] = [Way(place, way) for place in places for way in self._runs(starts[place], label)]
        return list(self._told[key])

    def _runs(self, starts: list[bytes], label: Label) -> list[tuple[str, ...]]:
        """The shortest runs from any of these states to an observation, one for each action it may end with."""
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

    def refusals(self, at: int, label: Label) -> list[Refused]:
        """For each action that could have raised this: the guard that said no, or what was to be observed before."""
        key = ("refusals", at, label)
        if key not in self._told:
            self._told[key] = self._refusals(at, label)
        return list(self._told[key])

    def _refusals(self, at: int, label: Label) -> list[Refused]:
        votes: dict[str, Counter[str]] = {}
        for action, why in self._refused(at, label):
            votes.setdefault(action, Counter())[why] += 1
        machine, found = self.world.machine, [(name, _weightiest(votes[name])) for name in sorted(votes)]
        return [Refused(name, guard_at(machine, why) if ":" in why else why) for name, why in found]

    def _refused(self, at: int, label: Label) -> Iterator[tuple[str, str]]:
        for instance, code in self._could(at, label):
            raised = next((raised for n, raised, _ in self._from(code) if self.world.instances[n] == instance), None)
            if raised is None:
                yield instance.action.name, self.world.refusal(code, instance) or ""
            elif label in raised:
                yield instance.action.name, f"{raised[0][0]} {BEFORE}"

    def _could(self, at: int, label: Label) -> Iterator[tuple[Instance, bytes]]:
        """Every instance that raises this somewhere, in every state of a set from which a step could be taken."""
        self.reachable()
        instances = [self.world.instances[n] for n in sorted(self.emits.get(label, ()))]
        codes = sorted(code for code, pending in self.sets[at] if not pending)
        return ((instance, code) for instance in instances for code in codes)

    def broken(self, at: int, label: Label) -> list[str]:
        """The invariants that would be broken if this were a step that nobody guards, the most frequent first."""
        key = ("broken", at, label)
        if key not in self._told:
            self._told[key] = self._broken(at, label)
        return list(self._told[key])

    def _broken(self, at: int, label: Label) -> list[str]:
        votes: Counter[str] = Counter()
        for instance, code in self._could(at, label):
            raised, violations = self.world.unguarded(code, instance)
            if label in self._seen(raised):
                votes.update({v.claim.name for v in violations})
        return sorted((c.name for c in self.world.machine.invariants if votes[c.name]), key=lambda name: -votes[name])


def _weightiest(votes: Counter[str]) -> str:
    """Why an action did not explain it: where it was enabled, what it lacks; else the guard that said no most often."""
    return next((why for why in votes if why.endswith(BEFORE)), votes.most_common(1)[0][0])
