"""A machine in a scope, running concretely: the functions themselves are called, on plain Python values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass
from itertools import product
from operator import itemgetter
from typing import Any

from .machine import Action, Claim, Machine, first_sort, is_local, looks_elsewhere
from .refusals import Hopeless
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
    """An invariant that does not hold, and for which arguments."""

    claim: Claim
    args: tuple[Sort, ...]


class Unguarded:
    """A run in which no guard is asked."""

    puts: Sized = ()
    depth = 0
    is_lifting = True

    def guard(self, claim: Any) -> None:
        """Whatever the claim, go on."""


class World:
    """A machine in a scope. States are passed as codes, one byte a cell.

    `state` is where actions run; claims about a code are asked of `probe`, and `before` stands beside `state`
    while a step is judged.
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
            len(at) for n, at in self.offsets.items() if machine.shape.fields[n].keys[0] is first_sort(machine)
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
        self._hopeless = Hopeless(pages_of, self.record, self.record * self.pages, self._every_page)
        self._loaded: dict[State, bytes] = {}
        self._memo: dict[Any, tuple[Violation, ...]] = {}
        self._sorted_claims()

    def tuples(self, params: Iterable[Any]) -> Iterator[tuple[Sort, ...]]:
        """Every choice of arguments for these parameters, in a fixed order."""
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
        """Make `state` (or the probe) the state with this code."""
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
        """Every enabled instance by number and the code it leads to; meanwhile `state` is the state after."""
        state = self.load(code, self.state)
        outer, Current.run = Current.run, self
        try:
            candidates, learning = self._hopeless.candidates(code)
            for number in candidates:
                instance, self._every_page.asked = self.instances[number], False
                try:
                    instance.action.fn(state, *instance.args)
                except Refused:
                    self._hopeless.refuses(number)
                    continue
                except SpecError as error:
                    raise SpecError(f"{instance}: {error}") from None
                yield number, self._after(code)
                self._undo()
            self._hopeless.learn(learning)
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
        """The history counters that the step `successors` has just yielded has raised, and by how much."""
        return frozenset((c.name, k, c[k]) for c, k, _, offset, _ in self.state._journal if offset < 0 and c[k])

    def raised(self) -> tuple[tuple[str, Any], ...]:
        """The history counters that this step has raised, and whose, in the order in which it did."""
        return tuple((c.name, k) for c, k, _, offset, _ in self.state._journal if offset < 0)

    def unguarded(self, code: bytes, instance: Instance) -> tuple[tuple[tuple[str, Any], ...], tuple[Violation, ...]]:
        """What an instance would raise, and which invariants it would break, if nobody asked its guards."""
        self.load(code, self.state)
        outer, Current.run = Current.run, Unguarded()
        try:
            instance.action.fn(self.state, *instance.args)
            after = self._after(code)
            return self.raised(), (*self.violated(after), *self.violated_by_step(code, after))
        except SpecError:  # without its guards an action may leave the bounds of a field
            return (), ()
        finally:
            self._undo()
            Current.run = outer

    def step_holds(self, claim: Claim, code: bytes, args: tuple[Sort, ...]) -> bool:
        """Does a claim about a step hold for the one that `successors` has just yielded?"""
        return claim.fn(self.load(code, self.before), self.state, *args) is True

    def apply(self, code: bytes, instance: Instance) -> bytes | None:
        """The state after one instance, or None where it is not enabled."""
        return next((after for n, after in self.successors(code) if self.instances[n] == instance), None)

    def refusal(self, code: bytes, instance: Instance) -> str | None:
        """Where a guard of this instance says no in this state (file:line), or None where it is enabled."""
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
        """Sort the invariants into page-local ones, whose verdict one page's record decides, and the rest.

        A local invariant without a page parameter goes with the first page.
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
        """The state invariants that do not hold in this state."""
        yield from self._violated(False, (self.load(code),), code, b"")

    def violated_by_step(self, code: bytes, after: bytes) -> Iterator[Violation]:
        """The step invariants broken by the step that `successors` has just yielded."""
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
        """Does a claim about one state hold here?"""
        return claim.fn(self.load(code), *args) is True


WORDS = Refused.__module__


def picker(offsets: tuple[int, ...]) -> Callable[[bytes], Iterable[int]]:
    """What takes the bytes at these offsets out of a code, however many they are."""
    if len(offsets) > 1:
        return itemgetter(*offsets)
    only = slice(offsets[0], offsets[0] + 1) if offsets else slice(0)
    return itemgetter(only)
