# SPDX-License-Identifier: MIT
"""Spec functions: actions and claims, linted and lifted. Equal functions are lifted once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any, get_type_hints

from .expr import Expr, Var
from .lift import Lifted, lift_action, lift_claim
from .lint import lint
from .reach import Reach
from .state import State
from .values import SpecError

Function = Callable[..., Any]


@dataclass(frozen=True)
class Written:
    """A spec function as written, with its parameters after the states.

    `reach` is everything its code reads besides its arguments, as it was when the function was lifted.
    """

    fn: Function
    params: tuple[Var, ...]
    reach: Reach

    @property
    def name(self) -> str:
        return self.fn.__name__

    @property
    def doc(self) -> str:
        return inspect.getdoc(self.fn) or ""


@dataclass(frozen=True)
class Action(Written):
    """An action: the function as written and as lifted; `system` is False for actions of the environment."""

    lifted: Lifted
    system: bool

    @property
    def conditions(self) -> tuple[Expr, ...]:
        """All guards and branch conditions of the action."""
        leaves = (*self.lifted.paths, *self.lifted.refusals)
        return tuple(condition.claim for path in leaves for condition in path.conditions)


@dataclass(frozen=True)
class Claim(Written):
    """An invariant or a witness: a function of one state, or of the states before and after a step."""

    expr: Expr
    whens: tuple[str, ...]

    @property
    def is_step(self) -> bool:
        return len(self.whens) == 2

    def sentence(self) -> str:
        """The name as a sentence."""
        return self.name.replace("_", " ")


_LIFTED: dict[tuple[Function, Reach, type[State], tuple[Var, ...], int], Any] = {}
"""Lifted functions by everything the result depends on: mutants share unchanged functions, machines share those of
the state class they extend. The number is the number of states of a claim, 0 for an action."""


def action_of(fn: Function, state: type[State], system: bool) -> Action:
    """The action of a function."""
    own, params = signature(fn, state, 1)
    reach = lint(fn, own)
    key = (fn, reach, own, params, 0)
    if key not in _LIFTED:
        _LIFTED[key] = lift_action(fn, own, params)
    return Action(fn, params, reach, _LIFTED[key], system)


def claim_of(fn: Function, state: type[State], states: int) -> Claim:
    """The claim of a function of `states` states; 0 means as many as its signature has."""
    count = states or _states_in_signature(fn)
    own, params = signature(fn, state, count)
    reach = lint(fn, own)
    key = (fn, reach, own, params, count)
    if key not in _LIFTED:
        whens = ("",) if count == 1 else ("before", "after")
        _LIFTED[key] = Claim(fn, params, reach, lift_claim(fn, own, whens, params), whens)
    found: Claim = _LIFTED[key]
    return found


def line_of(fn: Function) -> str:
    """File and first line of a function."""
    return f"{fn.__code__.co_filename}:{fn.__code__.co_firstlineno}"


def _states_in_signature(fn: Function) -> int:
    return sum(issubclass(hint, State) for hint in _hints(fn)[1].values())


def _hints(fn: Function) -> tuple[str, dict[str, type]]:
    check_is_function(fn)
    where = f"{line_of(fn)}: {fn.__name__}"
    try:
        hints = get_type_hints(fn)
    except NameError as error:
        raise SpecError(f"{where}: its annotations contain an unknown name: {error}") from None
    hints.pop("return", None)
    names = inspect.signature(fn).parameters
    if missing := [n for n in names if not isinstance(hints.get(n), type)]:
        raise SpecError(f"{where}: parameter {missing[0]} needs a type: the state class or a sort")
    return where, {n: hints[n] for n in names}


def signature(fn: Function, state: type[State], states: int) -> tuple[type[State], tuple[Var, ...]]:
    """The state class of a spec function, and its parameters after the states, each a member of a sort."""
    where, hints = _hints(fn)
    leading, rest = list(hints.items())[:states], list(hints.items())[states:]
    if len(leading) < states or not all(issubclass(state, hint) and issubclass(hint, State) for _, hint in leading):
        wanted = "a state" if states == 1 else "two states, before and after,"
        raise SpecError(f"{where}: takes {wanted} first, of type {state.__name__} or its base")
    for name, hint in rest:
        stem, _, number = name.rpartition("_")
        if number.isdigit() and stem in {sort.__name__.lower() for sort in state._shape.scope_name}:
            raise SpecError(f"{where}: parameter {name} has the name of a quantifier's member; rename it")
        if hint not in state._shape.scope_name:
            raise SpecError(f"{where}: parameter {name} is a {hint.__name__}, which {state.__name__} has no members of")
    own = leading[0][1] if leading and leading[0][1] is not State else state
    return own, tuple(Var(name, hint) for name, hint in rest)


def check_is_function(fn: object) -> None:
    """Refuse whatever is not a plain `def`: methods, cached functions, lambdas."""
    if not isinstance(fn, FunctionType):
        raise SpecError(
            f"{fn!r} is not a plain function; an action or invariant is a `def` of a module, without decorators"
        )
    if fn.__name__ == "<lambda>":
        raise SpecError(f"{line_of(fn)}: an action or invariant is a plain `def`, not a lambda")
