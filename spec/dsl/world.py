# SPDX-License-Identifier: MIT
"""A machine in a scope, run concretely: the spec functions are called on plain Python values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass
from itertools import product
from math import prod
from operator import itemgetter
from typing import Any

from .functions import Action, Claim
from .machine import Machine, first_sort, is_local, looks_elsewhere
from .refusals import GuardRefusalCache
from .state import Members, State, initial_values, layout
from .values import Sort, SpecError, wrong
from .words import Current, Refused


@dataclass(frozen=True)
class Instance:
    """An action with its arguments: one transition label."""

    action: Action
    args: tuple[Sort, ...]

    def __str__(self) -> str:
        return f"{self.action.name}({', '.join(map(repr, self.args))})"


@dataclass(frozen=True)
class Violation:
    """An invariant that is violated, and for which arguments."""

    claim: Claim
    args: tuple[Sort, ...]


class Unguarded:
    """A run in which guards have no effect."""

    puts: Sized = ()
    depth = 0
    is_lifting = True

    def guard(self, claim: Any) -> None:
        """Ignore the claim."""


class World:
    """A machine in a scope. States are passed as codes, one byte a cell.

    Actions run on `state`, and claims about a code are evaluated on `probe`; `before` is the state before a step
    whose state after is `state`.
    """

    depth = 0
    is_lifting = False

    def __init__(self, machine: Machine, sizes: dict[str, int]) -> None:
        machine.check_runs_in(sizes)
        self.machine, self.sizes = machine, sizes
        self.state: State = machine.state.concrete(sizes)
        self.puts: Sized = self.state._journal
        self.before: State = machine.state.concrete(sizes)
        self.probe: State = machine.state.concrete(sizes)
        self.offsets = layout(machine.shape, sizes)
        self.instances = tuple(Instance(a, args) for a in machine.actions for args in self.tuples(a.params))
        self.pages = machine.shape.size(first_sort(machine), sizes)
        self.record = sum(
            len(at) for n, at in self.offsets.items() if machine.shape.fields[n].keys[:1] == (first_sort(machine),)
        )
        self.record //= self.pages
        self._plan = [
            (name, tuple(at), picker(tuple(at.values())), self.state.__dict__[name].values_)
            for name, at in self.offsets.items()
            if at
        ]
        sort = first_sort(machine)
        self._every_page: Members[Sort] = self.state.__dict__[machine.shape.scope_name[sort]]
        elsewhere = {a.name for a in machine.actions if looks_elsewhere(machine, a.conditions)}
        every = list(range(self.pages))
        pages_of = [
            every if i.action.name in elsewhere else [a.index for a in i.args if type(a) is sort]
            for i in self.instances
        ]
        self._refusal_cache = GuardRefusalCache(pages_of, self.record, self.record * self.pages, self._every_page)
        self._loaded: dict[State, bytes] = {}
        self._memo: dict[Any, tuple[Violation, ...]] = {}
        self._sorted_claims()

    @property
    def most_states(self) -> int:
        """An upper bound of the number of states: the values of each cell, multiplied."""
        shape = self.machine.shape
        return prod(len(shape.values(shape.fields[name], self.sizes)) ** len(at) for name, at in self.offsets.items())

    def tuples(self, params: Iterable[Any]) -> Iterator[tuple[Sort, ...]]:
        """All argument tuples for these parameters, in a fixed order."""
        return product(*(tuple(v.sort(i) for i in range(self.machine.shape.size(v.sort, self.sizes))) for v in params))

    # -- states ----------------------------------------------------------------------------------------------------

    def initial(self) -> list[bytes]:
        """The codes of the initial states."""
        choices: list[list[int]] = [[] for _ in range(sum(map(len, self.offsets.values())))]
        for name, at in self.offsets.items():
            f = self.machine.shape.fields[name]
            values = self.machine.shape.values(f, self.sizes)
            for offset in at.values():
                choices[offset] = [values.index(v) for v in initial_values(f, values)]
        return [bytes(code) for code in product(*choices)]

    def load(self, code: bytes, state: State | None = None) -> State:
        """Set `state` (by default the probe) to the state with this code, and return it."""
        s = self.probe if state is None else state
        if self._loaded.get(s) != code:
            for name, keys, pick, values in self._plan:
                dict.update(s.__dict__[name], zip(keys, [values[v] for v in pick(code)], strict=True))
            self._loaded[s] = code if s is not self.state else b""
        return s

    def code(self, s: State) -> bytes:
        """The code of a state."""
        out = bytearray(sum(map(len, self.offsets.values())))
        for name, at in self.offsets.items():
            cells = s.__dict__[name]
            for key, offset in at.items():
                out[offset] = cells.codes[cells[key]]
        return bytes(out)

    def values(self, code: bytes) -> dict[str, dict[Any, Any]]:
        """A state as plain dictionaries, field by field."""
        s = self.load(code)
        return {name: dict(s.__dict__[name]) for name in self.offsets}

    # -- steps -----------------------------------------------------------------------------------------------------

    def guard(self, claim: Any) -> None:
        wrong(f"require({claim!r}): a guard is True or False; compare the value with something")

    def successors(self, code: bytes) -> Iterator[tuple[int, bytes]]:
        """Each enabled instance by number, with the code of its successor, which `state` is until the next one."""
        state = self.load(code, self.state)
        outer, Current.run = Current.run, self
        try:
            candidates, missing = self._refusal_cache.candidates(code)
            for number in candidates:
                instance, self._every_page.is_read = self.instances[number], False
                try:
                    instance.action.fn(state, *instance.args)
                except Refused:
                    self._refusal_cache.refuses(number)
                    continue
                except SpecError as error:
                    raise SpecError(f"{instance}: {error}") from None
                yield number, self._after(code)
                self._undo()
            self._refusal_cache.learn(missing)
        finally:
            self._undo()
            Current.run = outer

    def _after(self, code: bytes) -> bytes:
        changed = bytearray(code)
        for _, _, _, offset, value in self.state._journal:
            if offset >= 0:
                changed[offset] = value
        return bytes(changed)

    def _undo(self) -> None:
        journal = self.state._journal
        for cells, key, old, _, _ in reversed(journal):
            dict.__setitem__(cells, key, old)
        journal.clear()

    def counted(self) -> frozenset[tuple[str, Any, int]]:
        """The history counters raised by the step that `successors` has just yielded, with their new values."""
        return frozenset((c.name, k, c[k]) for c, k, _, offset, _ in self.state._journal if offset < 0 and c[k])

    def raised(self) -> tuple[tuple[str, Any], ...]:
        """The history counters that this step has raised, with their keys, in the order of the assignments."""
        return tuple((c.name, k) for c, k, _, offset, _ in self.state._journal if offset < 0)

    def unguarded(self, code: bytes, instance: Instance) -> tuple[tuple[tuple[str, Any], ...], tuple[Violation, ...]]:
        """The counters an instance would raise and the invariants it would violate if its guards had no effect."""
        self.load(code, self.state)
        outer, Current.run = Current.run, Unguarded()
        try:
            instance.action.fn(self.state, *instance.args)
            after = self._after(code)
            return self.raised(), (*self.violated(after), *self.violated_by_step(code, after))
        except SpecError:  # without its guards an action may exceed the bounds of a field
            return (), ()
        finally:
            self._undo()
            Current.run = outer

    def step_holds(self, claim: Claim, code: bytes, args: tuple[Sort, ...]) -> bool:
        """True if a step claim holds for the step that `successors` has just yielded."""
        return claim.fn(self.load(code, self.before), self.state, *args) is True

    def apply(self, code: bytes, instance: Instance) -> bytes | None:
        """The state after one instance, or None if it is not enabled."""
        return next((after for n, after in self.successors(code) if self.instances[n] == instance), None)

    def refusal(self, code: bytes, instance: Instance) -> str | None:
        """File and line of the guard that refuses this instance in this state, or None if it is enabled."""
        self.load(code, self.state)
        outer, Current.run = Current.run, self
        try:
            instance.action.fn(self.state, *instance.args)
        except Refused as refused:
            trace = refused.__traceback__
            assert trace
            while trace.tb_next and trace.tb_next.tb_frame.f_globals.get("__name__") != WORDS:
                trace = trace.tb_next
            return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        finally:
            self._undo()
            Current.run = outer
        return None

    # -- claims ----------------------------------------------------------------------------------------------------

    def _sorted_claims(self) -> None:
        """Split the invariants into page-local ones, decided by one page's record, and the rest.

        A local invariant without a page parameter is evaluated with the first page.
        """
        machine, sort = self.machine, first_sort(self.machine)
        self._local: dict[bool, list[tuple[Claim, int, list[tuple[Sort, ...]]]]] = {False: [], True: []}
        self._global: dict[bool, list[tuple[Claim, list[tuple[Sort, ...]]]]] = {False: [], True: []}
        for claim in machine.invariants:
            tuples = list(self.tuples(claim.params))
            at = next((i for i, v in enumerate(claim.params) if v.sort is sort), -1)
            if is_local(machine, claim):
                self._local[claim.is_step].append((claim, at, tuples))
            else:
                self._global[claim.is_step].append((claim, tuples))

    def violated(self, code: bytes) -> Iterator[Violation]:
        """The state invariants violated in this state."""
        yield from self._violated(False, (self.load(code),), code, b"")

    def violated_by_step(self, code: bytes, after: bytes) -> Iterator[Violation]:
        """The step invariants violated by the step that `successors` has just yielded."""
        if self.machine.steps:
            self.load(code, self.before)
            yield from self._violated(True, (self.before, self.state), code, after)

    def _violated(self, step: bool, states: tuple[State, ...], code: bytes, after: bytes) -> Iterator[Violation]:
        for claim, tuples in self._global[step]:
            for args in tuples:
                if claim.fn(*states, *args) is not True:
                    yield Violation(claim, args)
        if not self._local[step]:
            return
        split, width = self.pages * self.record, self.record
        counted = self.counted() if step else frozenset()
        for page in range(self.pages):
            here = slice(page * width, (page + 1) * width)
            key = (step, page, code[here], code[split:], after[here], after[split:], counted)
            found = self._memo.get(key)
            if found is None:
                found = self._memo[key] = tuple(self._violated_locally(step, states, page))
            yield from found

    def _violated_locally(self, step: bool, states: tuple[State, ...], page: int) -> Iterator[Violation]:
        for claim, at, tuples in self._local[step]:
            for args in tuples:
                if (args[at].index if at >= 0 else 0) == page and claim.fn(*states, *args) is not True:
                    yield Violation(claim, args)

    def holds(self, claim: Claim, code: bytes, args: tuple[Sort, ...]) -> bool:
        """True if a state claim holds in this state."""
        return claim.fn(self.load(code), *args) is True


WORDS = Refused.__module__


def picker(offsets: tuple[int, ...]) -> Callable[[bytes], Iterable[int]]:
    """A function that returns the bytes of a code at these offsets, of any number."""
    if len(offsets) > 1:
        return itemgetter(*offsets)
    only = slice(offsets[0], offsets[0] + 1) if offsets else slice(0)
    return itemgetter(only)
