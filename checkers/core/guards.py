"""The guards of a machine as places in its text, and which of them a search has seen say yes and no."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType

from spec.dsl import Machine
from spec.dsl.reach import reachable
from spec.dsl.source import tree_of


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


def untested(every: list[Site], ledger: set[tuple[CodeType, int, bool]]) -> list[tuple[Site, str]]:
    """The guards that never said no, or never said yes, or were never asked."""
    seen: dict[tuple[CodeType, int], set[bool]] = {}
    for code, at, answer in ledger:
        seen.setdefault((code, _line(code, at)), set()).add(answer)
    answers = [(site, seen.get((site.code, site.line), set())) for site in every]
    return [(site, says(False in given, True in given)) for site, given in answers if len(given) < 2]


def says(no: bool, yes: bool) -> str:
    """What is wrong with a guard that has not said both no and yes."""
    return "never false" if yes else "never true" if no else "never asked"


def _line(code: CodeType, at: int) -> int:
    """The first line of the statement that the instruction at this offset belongs to."""
    return next(line for start, end, line in code.co_lines() if start <= at < end and line is not None)
