# SPDX-License-Identifier: MIT
"""Lifting: a spec function, run on symbols once for each path, becomes guards and updates over expressions."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from .expr import TRUE, Expr, Size, Var, conjunction
from .forks import Branch, Tree, expression_of, grow
from .histories import absolute_read
from .reach import reachable
from .state import State
from .symbolic import Given, LiftedCells, LiftedMembers, LiftRun, Put, Sym, as_claim
from .values import SpecError
from .words import Current, Refused

T = TypeVar("T")

MOST_PATHS = 64
"""An action with more paths is refused: it is several actions."""


@dataclass(frozen=True)
class Path:
    """One path through an action: its branches and guards in their order, and its assignments.

    `refused_by` is the guard that ends the path, if one is false whatever the state.
    """

    conditions: tuple[Given, ...]
    puts: tuple[Put, ...]
    refused_by: Given | None = None

    @property
    def branches(self) -> tuple[Given, ...]:
        return tuple(c for c in self.conditions if c.is_branch)

    @property
    def givens(self) -> tuple[Given, ...]:
        return tuple(c for c in self.conditions if not c.is_branch and c.claim != TRUE)

    @property
    def guard(self) -> Expr:
        """The claim about the state before under which this path is taken."""
        return conjunction(*(c.claim for c in self.conditions))


@dataclass(frozen=True)
class Lifted:
    """An action as its enabled paths, and the paths that a false guard ends whatever the state."""

    paths: tuple[Path, ...]
    refusals: tuple[Path, ...]


def lift_action(fn: Callable[..., object], state: type[State], params: tuple[Var, ...]) -> Lifted:
    """All paths of an action. It is lifted twice; raises SpecError if the results differ."""
    lifted = _twice(fn, lambda: _lift_once(fn, state, params))
    if not lifted.paths:
        raise SpecError(f"{_place(fn)}: {fn.__name__} is enabled on no path; look for a guard that is always false")
    return lifted


def lift_claim(fn: Callable[..., bool], state: type[State], whens: tuple[str, ...], params: tuple[Var, ...]) -> Expr:
    """An invariant or witness as one expression; `whens` names its states: ("",) or ("before", "after")."""

    def run(answers: tuple[bool, ...]) -> Expr:
        current = LiftRun(answers)
        states = [_lifted_state(state, current, when, is_writable=False) for when in whens]
        return _claim_of(fn, _called(fn, *states, *(Sym(v, current) for v in params)))

    claim = _twice(fn, lambda: expression_of(grow(run)))
    if counter := absolute_read(claim):
        raise SpecError(
            f"{_place(fn)}: {fn.__name__} depends on the value of {counter}, a history counter, which is not part of a "
            f"state; in a step invariant compare after.{counter} with before.{counter}"
        )
    return claim


def _twice(fn: Callable[..., object], lift: Callable[[], T]) -> T:
    """Lift twice: hidden state and randomness show as a difference."""
    first, second = lift(), lift()
    if first != second:
        raise SpecError(
            f"{_place(fn)}: {fn.__name__} gave two different results when lifted twice; it has hidden state"
        )
    return first


def _called(fn: Callable[..., T], *args: Any) -> T:
    """The result of the function; an exception raised in spec text becomes a SpecError."""
    try:
        return fn(*args)
    except SpecError:
        raise
    except Exception as error:
        raise SpecError(f"{_line_of(error, fn)}: {type(error).__name__}: {error}") from error


def _line_of(error: Exception, fn: Callable[..., object]) -> str:
    """The innermost line of spec text that was running when the exception was raised."""
    files = {function.__code__.co_filename for function in reachable(fn)}
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"{frame.filename}:{frame.lineno}" for frame in frames if frame.filename in files]
    return lines[-1] if lines else _place(fn)


def _claim_of(fn: Callable[..., object], result: object) -> Expr:
    try:
        return as_claim(result)
    except SpecError:
        found = "nothing" if result is None else "something that is neither true nor false"
        raise SpecError(f"{_place(fn)}: {fn.__name__} returns {found}; an invariant returns its claim") from None


def _lift_once(fn: Callable[..., object], state: type[State], params: tuple[Var, ...]) -> Lifted:
    leaves = 0

    def run(answers: tuple[bool, ...]) -> tuple[bool, Path]:
        nonlocal leaves
        current = LiftRun(answers, is_action=True)
        enabled = _run_lifted(fn, state, params, current)
        leaves += 1
        if leaves > MOST_PATHS:
            last = [c.where for c in current.conditions if c.is_branch][-1]
            raise SpecError(f"{last}: {fn.__name__} forks into more than {MOST_PATHS} paths; make it two actions")
        return enabled, Path(tuple(current.conditions), tuple(current.puts), current.refused_by)

    leaves_found = list(_leaves(grow(run)))
    return Lifted(tuple(p for on, p in leaves_found if on), tuple(p for on, p in leaves_found if not on))


def _run_lifted(fn: Callable[..., object], state: type[State], params: tuple[Var, ...], current: LiftRun) -> bool:
    outer, Current.run = Current.run, current
    try:
        s = _lifted_state(state, current, "", is_writable=True)
        result = _called(fn, s, *(Sym(v, current) for v in params))
    except Refused:
        return False
    finally:
        Current.run = outer
    if result is not None:
        raise SpecError(f"{_place(fn)}: {fn.__name__} returns something; an action only assigns")
    return True


def _lifted_state(cls: type[State], current: LiftRun, when: str, is_writable: bool) -> Any:
    s, shape = object.__new__(cls), cls._shape
    for name, group in shape.members.items():
        s.__dict__[name] = LiftedMembers(current, group)
    for name, number in shape.bounds.items():
        s.__dict__[name] = Sym(Size(number), current)
    for name, f in (shape.fields | shape.histories).items():
        s.__dict__[name] = LiftedCells(current, f, when, is_writable)
    return s


def _leaves(tree: Tree) -> Iterator[tuple[bool, Path]]:
    if isinstance(tree, Branch):
        yield from _leaves(tree.yes)
        yield from _leaves(tree.no)
    else:
        yield tree


def _place(fn: Callable[..., Any]) -> str:
    return f"{fn.__code__.co_filename}:{fn.__code__.co_firstlineno}"
