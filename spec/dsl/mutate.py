# SPDX-License-Identifier: MIT
"""Mutations as data: a broken machine is a sound one with statements replaced or left out."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from functools import cached_property
from types import CodeType, FunctionType
from typing import Any

from .functions import Function
from .machine import Breaks, Machine
from .reach import helpers, reachable
from .source import MUTATED, tree_of
from .values import SpecError, nearest


@dataclass(frozen=True)
class Change:
    """In `function`, replace `statement` by the text `becomes`; an empty text leaves it out."""

    function: str
    statement: str
    becomes: str


def drop(function: str, statement: str) -> tuple[Change, ...]:
    """Leave a statement out: `drop("pool_free", "require(...)")`."""
    return (Change(function, statement, ""),)


def instead(function: str, statement: str, becomes: str) -> tuple[Change, ...]:
    """Replace a statement, or the condition of an `if`, by another text."""
    return (Change(function, statement, becomes),)


def swap(function: str, one: str, other: str) -> tuple[Change, ...]:
    """Exchange two statements."""
    return (Change(function, one, other), Change(function, other, one))


@dataclass(frozen=True)
class Mutant:
    """A broken machine as data: changes, the invariant they violate, the shortest number of steps, and a description.

    `sizes` changes the scopes of the sound machine where the bug needs larger ones. The machine is built on first use.
    """

    base: Machine
    name: str
    changes: tuple[Change, ...]
    breaks: str
    steps: int
    stands_for: str
    sizes: tuple[tuple[str, int], ...] = ()

    @cached_property
    def machine(self) -> Machine:
        """The machine with these changes."""
        invariants = [c.name for c in self.base.invariants]
        if self.breaks not in invariants:
            hint = nearest(self.breaks, invariants)
            raise SpecError(f"{self.name}: breaks={self.breaks!r} is not an invariant of {self.base.name}{hint}")
        mutated = changed(self.base, self.name, self.changes)
        scopes = {scope: {**given, **dict(self.sizes)} for scope, given in self.base.scopes.items()}
        breaks = Breaks(self.breaks, self.steps, self.stands_for)
        return replace(mutated, name=self.name, doc=self.stands_for, scopes=scopes, breaks=breaks)


def functions_of(machine: Machine) -> frozenset[Function]:
    """All functions and helpers of a machine's actions."""
    return frozenset(f for action in machine.actions for f in reachable(action.fn))


def changed(base: Machine, name: str, changes: tuple[Change, ...], among: frozenset[Function] = frozenset()) -> Machine:
    """The machine with its functions changed, without an expectation of what that violates.

    `among` restricts the changes to these functions, where several have the same name.
    """
    rebuild = Rebuild(name, changes, functions_of(base) & (among or functions_of(base)))
    return replace(base, system=tuple(map(rebuild, base.system)), environment=tuple(map(rebuild, base.environment)))


class Rebuild:
    """Rebuilds the functions that a change affects, and returns all others unchanged."""

    def __init__(self, name: str, changes: tuple[Change, ...], among: frozenset[Function]) -> None:
        self.name, self.changes, self.among = name, changes, among
        self.made: dict[Any, Any] = {}
        known = {f.__name__ for f in among}
        for change in changes:
            if change.function not in known:
                hint = nearest(change.function, sorted(known))
                raise SpecError(f"{name}: changes {change.function!r}, which is not an action or helper here{hint}")

    def __call__(self, fn: Any) -> Any:
        if fn not in self.made:
            self.made[fn] = fn
            self.made[fn] = self._rebuilt(fn)
        return self.made[fn]

    def _rebuilt(self, fn: Any) -> Function:
        mine = tuple(c for c in self.changes if c.function == fn.__name__ and fn in self.among)
        others = {name: self(helper) for name, helper in helpers(fn).items()}
        if not mine and all(fn.__globals__[name] is helper for name, helper in others.items()):
            return fn  # type: ignore[no-any-return]
        code = _compiled(self.name, fn, mine) if mine else fn.__code__.replace()
        MUTATED.setdefault(code, tree_of(fn))
        made = FunctionType(code, {**fn.__globals__, **others}, fn.__name__)
        made.__annotations__, made.__doc__, made.__module__ = fn.__annotations__, fn.__doc__, fn.__module__
        return made


def _compiled(name: str, fn: Function, changes: tuple[Change, ...]) -> CodeType:
    tree = tree_of(fn)
    edited = ast.parse(ast.unparse(tree)).body[0]  # a copy whose line numbers are put back below
    assert isinstance(edited, ast.FunctionDef)
    for mine, original in zip(ast.walk(edited), ast.walk(tree), strict=True):
        ast.copy_location(mine, original)
    editor = Editor(changes)
    edited = editor.visit(edited)
    if unmet := [c for c in changes if c not in editor.met]:
        statements = [
            ast.unparse(s) for s in ast.walk(tree) if isinstance(s, ast.stmt) and not isinstance(s, ast.FunctionDef)
        ]
        raise SpecError(
            f"{name}: {fn.__name__} has no statement {unmet[0].statement!r}{nearest(unmet[0].statement, statements)}"
        )
    module = ast.fix_missing_locations(ast.Module([edited], []))
    compiled = compile(module, fn.__code__.co_filename, "exec", dont_inherit=True)
    code = next(c for c in compiled.co_consts if isinstance(c, CodeType) and c.co_name == edited.name)
    MUTATED[code] = edited
    return code


class Editor(ast.NodeTransformer):
    """Replaces each statement, or condition of an `if`, named by a change."""

    def __init__(self, changes: tuple[Change, ...]) -> None:
        self.changes = {ast.unparse(ast.parse(c.statement)): c for c in changes}
        self.met: list[Change] = []

    def visit(self, node: ast.AST) -> Any:
        is_assigned_to = isinstance(getattr(node, "ctx", None), ast.Store)
        is_text = isinstance(node, (ast.stmt, ast.expr)) and not is_assigned_to
        change = self.changes.get(ast.unparse(node)) if is_text else None
        if change is None:
            return self.generic_visit(node)
        self.met.append(change)
        becomes = ast.parse(change.becomes).body or [ast.Pass()]
        if isinstance(node, ast.expr) and isinstance(becomes[0], ast.Expr):
            becomes[0] = becomes[0].value  # type: ignore[call-overload]
        for new in becomes:
            for part in ast.walk(new):
                ast.copy_location(part, node)
        return becomes[0] if isinstance(node, ast.expr) else becomes
