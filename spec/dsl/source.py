# SPDX-License-Identifier: MIT
"""The text of a spec function, read from its file; compiled again it must give the code that runs."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import CodeType
from typing import Any

from .values import SpecError

MUTATED: dict[CodeType, ast.FunctionDef] = {}
"""The syntax trees of functions made by a mutation, which are in no file."""

KEPT = 64
"""Number of files whose syntax trees and code are cached; both depend on the text alone."""

Defined = ast.FunctionDef | ast.AsyncFunctionDef


def tree_of(fn: Callable[..., Any]) -> ast.FunctionDef:
    """The syntax tree of the code that runs when `fn` is called, with the line numbers of its file.

    Raises SpecError if the file, compiled again, does not give that code: it was edited after the import, or the
    function was made or replaced at run time.
    """
    code = fn.__code__
    if code in MUTATED:
        return MUTATED[code]
    where = f"{code.co_filename}:{code.co_firstlineno}"
    file, text = _read(fn)
    tree = next((t for t in _parsed(text) if first_line(t) == code.co_firstlineno and t.name == code.co_name), None)
    if isinstance(tree, ast.AsyncFunctionDef):
        raise SpecError(f"{where}: an action or invariant is a plain `def`, not a coroutine")
    if tree is None or code not in _compiled(file, text):
        raise SpecError(
            f"{where}: the code of {fn.__name__} differs from this line of the file: the file was edited since it "
            f"was imported, or the function was made at run time; run again, or write it as a plain `def`"
        )
    return tree


def first_line(tree: Defined) -> int:
    """The first line of a function: that of its first decorator, if it has one."""
    return min([tree.lineno, *(d.lineno for d in tree.decorator_list)])


def _read(fn: Callable[..., Any]) -> tuple[str, str]:
    """The file of the running code, and its present text."""
    file = fn.__code__.co_filename
    linecache.checkcache(file)
    if text := "".join(linecache.getlines(file, fn.__globals__)):
        return file, text
    raise SpecError(f"{fn.__name__}: its text cannot be read ({file}); spec functions must be in a file")


@lru_cache(maxsize=KEPT)
def _parsed(text: str) -> tuple[Defined, ...]:
    """Every function of a text; none if the text is not Python."""
    try:
        nodes = ast.walk(ast.parse(text))
    except (SyntaxError, ValueError):
        return ()
    return tuple(node for node in nodes if isinstance(node, Defined))


@lru_cache(maxsize=KEPT)
def _compiled(file: str, text: str) -> frozenset[CodeType]:
    """Every code object that the text compiles to."""
    return frozenset(_inside(compile(text, file, "exec", dont_inherit=True)))


def _inside(code: CodeType) -> Iterator[CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _inside(const)
