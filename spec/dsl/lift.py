"""Lifting: one spec function, run on symbols once a path, becomes guards and updates over expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from .expr import Expr, Size, Var, conjunction, negate
from .state import State
from .symbolic import Branch, Given, LiftedCells, LiftedMembers, LiftRun, Put, Sym, Tree, as_claim, fold, grow
from .values import SpecError
from .words import Current, Refused

T = TypeVar("T")

MOST_PATHS = 64
"""An action that forks more often is several actions."""


@dataclass(frozen=True)
class Path:
    """One way through an action: the branches it took, the guards it met, the assignments it made."""

    branches: tuple[Given, ...]
    givens: tuple[Given, ...]
    puts: tuple[Put, ...]

    @property
    def guard(self) -> Expr:
        """What must hold in the state before for this path to be the one taken."""
        return conjunction(*(g.claim for g in (*self.branches, *self.givens)))


@dataclass(frozen=True)
class Lifted:
    """An action as its enabled paths, and the conditions under which it refused outright."""

    paths: tuple[Path, ...]
    refusals: tuple[Expr, ...]


def lift_action(fn: Callable[..., object], state: type[State], params: tuple[Var, ...]) -> Lifted:
    """All paths of an action; it is lifted twice, and must come out the same."""
    lifted = _twice(fn, lambda: _lift_once(fn, state, params))
    if not lifted.paths:
        raise SpecError(f"{_place(fn)}: {fn.__name__} is enabled on no path; look for a guard that is plainly false")
    return lifted


def lift_claim(fn: Callable[..., bool], state: type[State], whens: tuple[str, ...], params: tuple[Var, ...]) -> Expr:
    """A promise or witness as one expression; `whens` names the states it is given: ("",) or ("before", "after")."""

    def run(answers: tuple[bool, ...]) -> Expr:
        current = LiftRun(answers)
        states = [_lifted_state(state, current, when, writable=False) for when in whens]
        return as_claim(fn(*states, *(Sym(v, current) for v in params)))

    return _twice(fn, lambda: fold(grow(run)))


def _twice(fn: Callable[..., object], lift: Callable[[], T]) -> T:
    """Lift twice: hidden state, randomness and late binding show as a difference."""
    first, second = lift(), lift()
    if first != second:
        raise SpecError(f"{_place(fn)}: {fn.__name__} came out differently when lifted twice; it has hidden state")
    return first


def _lift_once(fn: Callable[..., object], state: type[State], params: tuple[Var, ...]) -> Lifted:
    leaves = 0

    def run(answers: tuple[bool, ...]) -> tuple[bool, LiftRun]:
        nonlocal leaves
        current = LiftRun(answers)
        enabled = _run_lifted(fn, state, params, current)
        leaves += 1
        if leaves > MOST_PATHS:
            raise SpecError(
                f"{current.forks[-1]}: {fn.__name__} forks into more than {MOST_PATHS} paths; make it two actions"
            )
        return enabled, current

    paths, refusals = [], []
    for branches, (enabled, leaf) in _leaves(grow(run)):
        if enabled:
            paths.append(Path(branches, tuple(leaf.givens), tuple(leaf.puts)))
        else:
            refusals.append(conjunction(*(g.claim for g in (*branches, *leaf.givens))))
    return Lifted(tuple(paths), tuple(refusals))


def _run_lifted(fn: Callable[..., object], state: type[State], params: tuple[Var, ...], current: LiftRun) -> bool:
    outer, Current.run = Current.run, current
    try:
        result = fn(_lifted_state(state, current, "", writable=True), *(Sym(v, current) for v in params))
    except Refused:
        return False
    finally:
        Current.run = outer
    if result is not None:
        raise SpecError(f"{_place(fn)}: {fn.__name__} returns something; an action only assigns")
    return True


def _lifted_state(cls: type[State], current: LiftRun, when: str, writable: bool) -> Any:
    s, shape = object.__new__(cls), cls._shape
    for name, group in shape.members.items():
        s.__dict__[name] = LiftedMembers(current, group)
    for name, number in shape.bounds.items():
        s.__dict__[name] = Sym(Size(number), current)
    for name, f in (shape.fields | shape.histories).items():
        s.__dict__[name] = LiftedCells(current, f, when, writable)
    return s


def _leaves(tree: Tree, branches: tuple[Given, ...] = ()) -> Iterator[tuple[tuple[Given, ...], tuple[bool, LiftRun]]]:
    if isinstance(tree, Branch):
        yield from _leaves(tree.yes, (*branches, Given(tree.claim, tree.where)))
        yield from _leaves(tree.no, (*branches, Given(negate(tree.claim), tree.where)))
    else:
        yield branches, tree


def _place(fn: Callable[..., Any]) -> str:
    return f"{fn.__code__.co_filename}:{fn.__code__.co_firstlineno}"
