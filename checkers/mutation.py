# SPDX-License-Identifier: MIT
"""Faults to plant in the text of a machine: each guard and part of one, each branch, and each update left out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from types import FunctionType

from spec.dsl import Machine, drop, instead
from spec.dsl.ir import Change, changed, functions_of, reachable, tree_of


@dataclass(frozen=True)
class Fault:
    """One change in a function of a machine: `what` is left out, as spec text, as a part `of` a statement."""

    function: str
    what: str
    of: str
    changes: tuple[Change, ...]

    def planted(self, machine: Machine) -> Machine:
        """The machine with this fault; raises SpecError if the notation refuses it."""
        mutant = changed(machine, machine.name, self.changes)
        _ = mutant.actions
        return mutant

    def planted_in_what_is_shared(self, design: Machine, rules: Machine) -> Machine:
        """The design with this fault in the functions it shares with the rules; unchanged if it shares none."""
        shared = functions_of(design) & functions_of(rules)
        if not any(f.__name__ == self.function for f in shared):
            return design
        return changed(design, design.name, self.changes, shared)

    @property
    def text(self) -> str:
        """What is left out, in one line; unique within its function."""
        return f"{self.what} of {self.of}" if self.of else self.what


def faults(machine: Machine) -> list[Fault]:
    """Every fault, in the order of the actions and their text; shared functions are changed once."""
    functions = {f.__code__: f for action in machine.actions for f in reachable(action.fn)}
    return list(dict.fromkeys(fault for f in functions.values() for fault in _of_function(f)))


def _of_function(fn: FunctionType) -> Iterator[Fault]:
    statements = [node for node in ast.walk(tree_of(fn)) if isinstance(node, ast.stmt)]
    for statement in sorted(statements, key=lambda node: (node.lineno, node.col_offset)):
        yield from _of_statement(fn.__name__, statement)


def _of_statement(function: str, statement: ast.stmt) -> Iterator[Fault]:
    """A guard or an update left out, a branch that is always or never taken, and each part of a claim."""
    text = ast.unparse(statement)
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Name(id="require"), args=[claim])):
            yield Fault(function, text, "", drop(function, text))
            yield from _of_parts(function, text, claim, _guards)
        case ast.Expr(value=ast.Call()) | ast.Assign(targets=[ast.Subscript() | ast.Attribute()]) | ast.AugAssign():
            yield Fault(function, text, "", drop(function, text))
        case ast.If(test=test):
            yield from _of_branch(function, statement, ast.unparse(test))
            yield from _of_parts(function, ast.unparse(test), test, ast.unparse)
        case ast.Return(value=ast.expr() as value):
            yield from _of_parts(function, text, value, lambda e: f"return {ast.unparse(e)}")


def _guards(claim: ast.expr) -> str:
    """A claim as `require` statements, one for each part of a conjunction."""
    only = claim.values[0] if isinstance(claim, ast.BoolOp) and len(claim.values) == 1 else claim
    every = only.values if isinstance(only, ast.BoolOp) and isinstance(only.op, ast.And) else [only]
    return "; ".join(f"require({ast.unparse(one)})" for one in every)


def _of_branch(function: str, statement: ast.If, test: str) -> Iterator[Fault]:
    """The branch always taken, or never; not the latter if it has one statement only, whose absence is the same."""
    yield Fault(function, "always", f"if {test}", instead(function, test, "True"))
    if len(statement.body) > 1 or statement.orelse:
        yield Fault(function, "never", f"if {test}", instead(function, test, "False"))


def _of_parts(function: str, whole: str, claim: ast.expr, written: Callable[[ast.expr], str]) -> Iterator[Fault]:
    """Each operand of each `and` and `or` left out."""
    copied = deepcopy(claim)
    for node in [x for x in ast.walk(copied) if isinstance(x, ast.BoolOp)]:
        every = node.values
        for at, part in enumerate(every):
            node.values = [*every[:at], *every[at + 1 :]]
            yield Fault(function, ast.unparse(part), whole, instead(function, whole, written(copied)))
        node.values = every
