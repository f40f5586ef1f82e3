"""The lint of spec text: what may stand in an action or a promise is listed here, and the rest is refused by line."""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
from collections.abc import Callable, Iterator
from enum import Enum
from types import FunctionType
from typing import Any

from . import words
from .values import NOBODY, Sort, SpecError

QUANTIFIERS = ("each", "some", "count")
WORDS = (*QUANTIFIERS, "require", "implies", "iff")

ALLOWED: tuple[type[ast.AST], ...] = (
    ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.Assign, ast.AugAssign, ast.If, ast.IfExp, ast.Expr,
    ast.Pass, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.BinOp, ast.Add, ast.Sub,
    ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Call, ast.Lambda,
    ast.Attribute, ast.Subscript, ast.Tuple, ast.Constant, ast.Name, ast.Load, ast.Store,
)  # fmt: skip

REMEDIES: dict[type[ast.AST], str] = {
    ast.Is: "`is` compares objects, not values; use ==",
    ast.IsNot: "`is not` compares objects, not values; use !=",
    ast.For: "a loop; use each(), some() or count()",
    ast.While: "a loop; an action is one page's step",
    ast.Try: "`try` could swallow a guard; guards are not errors",
    ast.With: "`with` has no place in spec text",
    ast.ListComp: "a comprehension; use each(), some() or count()",
    ast.SetComp: "a comprehension; use each(), some() or count()",
    ast.DictComp: "a comprehension; use each(), some() or count()",
    ast.GeneratorExp: "a comprehension; use each(), some() or count()",
    ast.JoinedStr: "text made from values; spec text only compares and assigns",
    ast.Global: "`global`: all state is in the first argument",
    ast.Nonlocal: "`nonlocal`: all state is in the first argument",
    ast.Set: "a set would need values that can be hashed; write `x in (A, B)`",
    ast.Assert: "`assert`; a guard is require(), a claim is a promise",
    ast.AnnAssign: "an annotated assignment; the fields of the state have their types already",
    ast.NamedExpr: "`:=`; assign on a line of its own",
    ast.List: "a list; write `x in (A, B)`",
    ast.Delete: "`del`; give the cell another value, such as NOBODY",
    ast.Raise: "`raise`; a guard is require(), a claim is a promise",
}

SOURCES: dict[object, ast.FunctionDef] = {}
"""The text of functions that were made by a mutation, and so stand in no file."""


LINTED: set[FunctionType] = set()
"""Helpers are called by many, and looked at once."""


def tree_of(fn: Callable[..., Any]) -> ast.FunctionDef:
    """The syntax tree of a function, with the line numbers of its file."""
    code = fn.__code__
    if code.co_name == "<lambda>":
        raise SpecError(f"{code.co_filename}:{code.co_firstlineno}: an action or promise is a plain `def`, no lambda")
    if code in SOURCES:
        return SOURCES[code]
    try:
        lines, first = inspect.getsourcelines(fn)
    except (OSError, TypeError) as error:
        raise SpecError(f"{fn.__name__}: its text cannot be read ({error}); spec functions stand in a file") from None
    tree = ast.parse(textwrap.dedent("".join(lines))).body[0]
    if not isinstance(tree, ast.FunctionDef):
        raise SpecError(f"{code.co_filename}:{first}: an action or promise is a plain `def`, no coroutine")
    return ast.increment_lineno(tree, first - 1)


def lint(fn: Callable[..., Any]) -> None:
    """Refuse what could go silently wrong in this function and in every helper it calls."""
    if not isinstance(fn, FunctionType):
        raise SpecError(f"{fn!r} is no plain function; an action or promise is a `def` of a module, without decorators")
    for function in reachable(fn):
        if function not in LINTED:
            _lint_one(function)
            LINTED.add(function)


def reachable(fn: Callable[..., Any]) -> Iterator[FunctionType]:
    """The function and the spec helpers it calls, each once."""
    seen: set[object] = set()
    todo = [fn]
    while todo:
        function = todo.pop()
        if isinstance(function, FunctionType) and function.__code__ not in seen:
            seen.add(function.__code__)
            yield function
            todo += helpers(function).values()


def helpers(fn: Callable[..., Any]) -> dict[str, FunctionType]:
    """The spec functions a function names: Python functions that are not words of the notation."""
    named = {name: fn.__globals__.get(name) for name in _names(fn.__code__)}
    return {n: f for n, f in named.items() if isinstance(f, FunctionType) and f.__module__ != words.__name__}


def _names(code: Any) -> Iterator[str]:
    yield from code.co_names
    for const in code.co_consts:
        if inspect.iscode(const):
            yield from _names(const)


def _lint_one(fn: FunctionType) -> None:
    tree, file = tree_of(fn), fn.__code__.co_filename

    def refuse(node: ast.AST, why: str) -> None:
        raise SpecError(f"{file}:{lines.get(node, tree.lineno)}: {why}")

    lines = _lines(tree)
    if fn.__closure__ or fn.__defaults__ or fn.__kwdefaults__:
        refuse(tree, f"{fn.__name__} has defaults or closes over variables: hidden state; use arguments and fields")
    if tree.decorator_list:
        refuse(tree.decorator_list[0], f"{fn.__name__} is decorated; spec functions are plain functions")
    for node in _body_nodes(tree):
        _lint_node(fn, node, refuse)
    _lint_names(fn, tree, refuse)


def _lines(tree: ast.FunctionDef) -> dict[ast.AST, int]:
    """The line of each node; an operator has none of its own, and stands where its expression does."""
    lines: dict[ast.AST, int] = {tree: tree.lineno}
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            lines[child] = getattr(child, "lineno", lines[node])
    return lines


def _body_nodes(tree: ast.FunctionDef) -> Iterator[ast.AST]:
    """Every node of the function but its annotations, which no run evaluates."""
    for statement in tree.body:
        yield from ast.walk(statement)


def _lint_node(fn: FunctionType, node: ast.AST, refuse: Callable[[ast.AST, str], None]) -> None:
    if isinstance(node, ast.Compare):
        for op in node.ops:
            if type(op) in REMEDIES:
                refuse(node, REMEDIES[type(op)])
    if not isinstance(node, ALLOWED):
        refuse(node, REMEDIES.get(type(node), f"`{type(node).__name__}` has no place in spec text"))
    match node:
        case ast.FunctionDef():
            refuse(node, "a function inside a function; make it a helper of the module")
        case ast.Expr(value=ast.Constant(value=str())) | ast.Expr(value=ast.Call()):
            pass
        case ast.Expr(value=ast.Compare()):
            refuse(node, "a comparison as a statement does nothing; an assignment has one =, a guard is require()")
        case ast.Expr():
            refuse(node, "an expression as a statement does nothing")
        case ast.Assign(targets=targets):
            _lint_targets(fn, targets, refuse)
        case ast.AugAssign(target=target):
            _lint_targets(fn, [target], refuse)
        case ast.Call():
            _lint_call(fn, node, refuse)
        case ast.Constant(value=value) if not (value is None or isinstance(value, (bool, int, str))):
            refuse(node, f"{value!r} is no value of the notation")


def _lint_targets(fn: FunctionType, targets: list[Any], refuse: Callable[[ast.AST, str], None]) -> None:
    for target in targets:
        match target:
            case ast.Name(id=name) if name not in fn.__code__.co_varnames[: fn.__code__.co_argcount]:
                pass
            case ast.Subscript(value=ast.Attribute(value=ast.Name(id=name))) if name not in fn.__globals__:
                pass
            case ast.Tuple(elts=inside):
                _lint_targets(fn, inside, refuse)
            case _:
                refuse(target, "only a cell (`s.place[page] = ...`) or a new local name can be assigned")


def _lint_call(fn: FunctionType, node: ast.Call, refuse: Callable[[ast.AST, str], None]) -> None:
    if not isinstance(node.func, ast.Name) or node.keywords:
        refuse(node, "only helpers and the words of the notation are called, by name and with plain arguments")
        return
    name = node.func.id
    target = fn.__globals__.get(name, getattr(builtins, name, None))
    if not isinstance(target, FunctionType) and not (isinstance(target, type) and issubclass(target, Sort)):
        refuse(node, f"{name}() is called; spec text calls only its own helpers and {', '.join(WORDS)}")
    if name == "require" and any(isinstance(a, ast.BoolOp) and isinstance(a.op, ast.And) for a in node.args):
        refuse(node, "require(... and ...); write one require() for each guard, so that a refusal can say which")
    if name in QUANTIFIERS and not (len(node.args) == 2 and isinstance(node.args[1], ast.Lambda)):
        refuse(node, f"{name}() takes the members and a lambda: {name}(s.pages, lambda p: ...)")
    if any(isinstance(n, ast.Call) and getattr(n.func, "id", "") == "require" for a in node.args for n in ast.walk(a)):
        refuse(node, "require() inside a quantifier or an argument; a guard is a statement of its own")


def _lint_names(fn: FunctionType, tree: ast.FunctionDef, refuse: Callable[[ast.AST, str], None]) -> None:
    """What a function reads of its module: enums, sorts and constants, and helpers only to call them."""
    nodes = list(_body_nodes(tree))
    used = {node.func for node in nodes if isinstance(node, ast.Call)}
    used |= {node.value for node in nodes if isinstance(node, ast.Attribute)}
    own = {*fn.__code__.co_varnames, *(node.arg for node in nodes if isinstance(node, ast.arg))}
    for node in nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Load()) if name in fn.__globals__ and name not in own:
                _lint_global(fn.__globals__[name], node, node in used, refuse)
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if name in fn.__globals__ and name not in own:
                _lint_attribute(fn.__globals__[name], node, attr, refuse)


def _lint_global(value: Any, node: ast.Name, is_used: bool, refuse: Callable[[ast.AST, str], None]) -> None:
    if isinstance(value, FunctionType) and not is_used:
        refuse(node, f"{node.id} is a helper, and is not called here; write {node.id}(...)")
    if isinstance(value, type) and not is_used:
        refuse(node, f"{node.id} is a class, not a value; name a member of it, or a parameter")
    fixed = isinstance(value, (bool, int, Enum, Sort, FunctionType)) or value is NOBODY
    if not fixed and not (isinstance(value, type) and issubclass(value, (Enum, Sort))):
        kind = type(value).__name__
        refuse(node, f"{node.id} is a {kind}: hidden state; spec text uses arguments, enums, constants, helpers")


def _lint_attribute(value: Any, node: ast.Attribute, attr: str, refuse: Callable[[ast.AST, str], None]) -> None:
    if not (isinstance(value, type) and issubclass(value, Enum)):
        refuse(node, f".{attr} of something global: hidden state; spec text uses arguments, enums, constants, helpers")
    elif attr not in value.__members__:
        refuse(node, f"{value.__name__} has no member {attr}; it has {', '.join(value.__members__)}")
