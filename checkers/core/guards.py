# SPDX-License-Identifier: MIT
"""The guards of a machine as places in its text, and which of them a search has seen both true and false."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum
from types import CodeType, FunctionType

from spec.dsl import Machine
from spec.dsl.ir import reachable, tree_of


@dataclass(frozen=True)
class Site:
    """One `require` in the text of an action or a helper."""

    function: str
    text: str
    code: CodeType
    line: int


def sites(machine: Machine) -> list[Site]:
    """Every guard of a machine, each once, in the order of its actions."""
    functions = {f.__code__: f for action in machine.actions for f in reachable(action.fn)}
    return [site for f in functions.values() for site in _sites_of(f)]


def _sites_of(fn: FunctionType) -> Iterator[Site]:
    for node in ast.walk(tree_of(fn)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "require":
            yield Site(fn.__name__, ast.unparse(node), fn.__code__, node.lineno)


class Coverage(Enum):
    """Which answer of a guard a search has not met."""

    NEVER_FALSE = "never false"
    NEVER_TRUE = "never true"
    NEVER_EVALUATED = "never evaluated"


@dataclass(frozen=True)
class Untested:
    """A guard that was not both true and false in a search."""

    site: Site
    coverage: Coverage


def untested(every: list[Site], ledger: set[tuple[CodeType, int, bool]]) -> list[Untested]:
    """The guards that were not both true and false; `ledger` has each answer by code object and instruction offset."""
    seen: dict[tuple[CodeType, int], set[bool]] = {}
    for code, at, answer in ledger:
        seen.setdefault((code, _line(code, at)), set()).add(answer)
    return [one for site in every for one in uncovered(site, seen.get((site.code, site.line), set()))]


def uncovered(site: Site, answers: Collection[bool]) -> Iterator[Untested]:
    """The guard, if these answers are not both true and false."""
    if True not in answers:
        yield Untested(site, Coverage.NEVER_TRUE if False in answers else Coverage.NEVER_EVALUATED)
    elif False not in answers:
        yield Untested(site, Coverage.NEVER_FALSE)


def _line(code: CodeType, at: int) -> int:
    """The line of the instruction at this offset."""
    return next(line for start, end, line in code.co_lines() if start <= at < end and line is not None)
