# SPDX-License-Identifier: MIT
"""The lint of spec text: a list of what may stand in an action or invariant; all else is refused by line."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from types import FunctionType
from typing import Any, NoReturn

from . import words
from .reach import Reach, is_word, reach_of, reachable
from .source import tree_of
from .state import State
from .values import NOBODY, Sort, SpecError, nearest

QUANTIFIERS = ("each", "some", "count")
WORDS = (*QUANTIFIERS, "require", "implies", "iff")

ALLOWED: tuple[type[ast.AST], ...] = (
    ast.Return, ast.Assign, ast.AugAssign, ast.If, ast.IfExp, ast.Expr,
    ast.Pass, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.BinOp, ast.Add, ast.Sub,
    ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Call, ast.Lambda,
    ast.Attribute, ast.Subscript, ast.Slice, ast.Tuple, ast.Constant, ast.Name, ast.Load, ast.Store,
)  # fmt: skip

ARITHMETIC = "numbers are only added, subtracted and compared; for a ring's index write `0 if at == last else at + 1`"
COMPREHENSION = "a comprehension; use each(), some() or count()"
HIDDEN = "hidden state"
NO_STATE = "all state is in the first argument"

REMEDIES: dict[type[ast.AST], str] = {
    ast.Is: "`is` compares objects, not values; use ==",
    ast.IsNot: "`is not` compares objects, not values; use !=",
    ast.While: "a loop; an action is one page's step",
    ast.Try: "`try` could swallow a guard; guards are not errors",
    ast.With: "`with` has no place in spec text",
    ast.ListComp: COMPREHENSION,
    ast.SetComp: COMPREHENSION,
    ast.DictComp: COMPREHENSION,
    ast.GeneratorExp: COMPREHENSION,
    ast.JoinedStr: "text made from values; spec text only compares and assigns",
    ast.Global: f"`global`: {NO_STATE}",
    ast.Nonlocal: f"`nonlocal`: {NO_STATE}",
    ast.Set: "a set would need values that can be hashed; write `x in (A, B)`",
    ast.Assert: "`assert`; a guard is require(), a claim is an invariant",
    ast.AnnAssign: "an annotated assignment; the fields of the state have their types already",
    ast.NamedExpr: "`:=`; assign on a line of its own",
    ast.List: "a list; write `x in (A, B)`",
    ast.Delete: "`del`; give the cell another value, such as NOBODY",
    ast.Raise: "`raise`; a guard is require(), a claim is an invariant",
    ast.FunctionDef: "a function inside a function; make it a helper of the module",
    ast.Mult: f"`*`: {ARITHMETIC}",
    ast.Mod: f"`%`: {ARITHMETIC}",
    ast.Div: f"`/`: {ARITHMETIC}",
    ast.FloorDiv: f"`//`: {ARITHMETIC}",
    ast.Pow: f"`**`: {ARITHMETIC}",
}

ONE_STEP = (
    "a loop that assigns to many; an action is one page's step: what walks over all pages is a state of the pool, "
    "a step for one page, and a closing step whose guard requires that the walk has finished"
)
NO_LOOP = "a loop; use each(), some() or count()"

TABLE = "docs/own-state.md lists what to write instead"
"""The way out that every refusal of the lint ends with."""

LINTED: dict[tuple[Callable[..., Any], type[State], Reach], None] = {}
"""The functions that were linted, with the state class and everything they read."""


def lint(fn: Callable[..., Any], state: type[State]) -> Reach:
    """Raise SpecError for whatever is not allowed in a function and its helpers; return everything they read."""
    reach = reach_of(fn, state)
    if (fn, state, reach) not in LINTED:
        for function in reachable(fn):
            _Lint(function, state).check()
        LINTED[fn, state, reach] = None
    return reach


class _Lint:
    """The lint of one function on states of a class; `bound` are its parameters and local names at a place."""

    def __init__(self, fn: FunctionType, state: type[State]) -> None:
        self.fn, self.tree, self.state = fn, tree_of(fn), state
        self.params = fn.__code__.co_varnames[: fn.__code__.co_argcount]

    def check(self) -> None:
        fn, tree = self.fn, self.tree
        if type(fn.__globals__) is not dict:
            self.refuse(tree, f"{fn.__name__} does not read a module; write it as a plain `def` of a file")
        if fn.__closure__ or fn.__defaults__ or fn.__kwdefaults__:
            self.refuse(
                tree, f"{fn.__name__} has defaults or closes over variables: {HIDDEN}; use arguments and fields"
            )
        if tree.decorator_list:
            self.refuse(tree.decorator_list[0], f"{fn.__name__} is decorated; spec functions are plain functions")
        if not _is_plain(tree.args):
            self.refuse(tree, f"{fn.__name__} has parameters with * or /; spec functions have plain ones")
        own = frozenset(fn.__code__.co_varnames)
        for name in self.params:
            self._may_be_own(name, tree)
        for statement in tree.body:
            self._look(statement, own)

    def refuse(self, node: ast.AST, why: str) -> NoReturn:
        where = f"{self.fn.__code__.co_filename}:{getattr(node, 'lineno', self.tree.lineno)}"
        raise SpecError(f"{where}: {why} ({TABLE})")

    def _look(self, node: ast.AST, bound: frozenset[str]) -> None:
        """Check a statement or expression and everything in it."""
        for part in (node, *_operators(node)):
            if not isinstance(part, ALLOWED):
                self.refuse(node, _remedy(part))
        match node:
            case ast.Expr(value=value):
                self._statement(value)
            case ast.Assign(targets=targets):
                self._targets(targets, bound)
            case ast.AugAssign(target=target):
                self._targets([target], bound)
            case ast.Constant(value=value) if type(value) not in (bool, int, str) and value is not None:
                self.refuse(node, f"{value!r} is not a value of the notation")
            case ast.Name(id=name) if name not in bound:
                self._global(node, name)
            case ast.Lambda():
                self.refuse(node, "a lambda stands only in each(), some() and count(), for their members")
        self._inside(node, bound)

    def _inside(self, node: ast.AST, bound: frozenset[str]) -> None:
        """Check the expressions in a node, each with the names that are bound there."""
        match node:
            case ast.Call():
                name = self._call(node, bound)
                if name in QUANTIFIERS:
                    members, claim = node.args
                    assert isinstance(claim, ast.Lambda)
                    groups = members.elts if isinstance(members, ast.Tuple) else [members]
                    if not 1 <= len(groups) <= 2:
                        self.refuse(node, f"{name}() of {len(groups)} groups; it goes over members, or over pairs")
                    self._every(groups, bound)
                    self._look(claim.body, bound | self._members(claim, len(groups)))
                else:
                    self._every(node.args, bound)
            case ast.Attribute():
                self._attribute(node, bound)
            case ast.Subscript(value=cells, slice=key):
                self._every((cells, key), bound)
                if not isinstance(cells, ast.Attribute):
                    self.refuse(node, "only a field is indexed: `s.place[page]`")
                if self._is_variable(cells.attr):
                    self.refuse(node, f"{cells.attr} has no index; write `s.{cells.attr}`")
            case _:
                self._every(ast.iter_child_nodes(node), bound)

    def _every(self, nodes: Iterable[ast.AST], bound: frozenset[str]) -> None:
        for node in nodes:
            if not isinstance(node, (ast.operator, ast.unaryop, ast.cmpop, ast.boolop, ast.expr_context)):
                self._look(node, bound)

    def _statement(self, value: ast.expr) -> None:
        match value:
            case ast.Constant(value=str()) | ast.Call():
                pass
            case ast.Compare():
                why = "an assignment has one =, a guard is require()"
                self.refuse(value, f"a comparison as a statement does nothing; {why}")
            case _:
                self.refuse(value, "an expression as a statement does nothing")

    def _targets(self, targets: list[Any], bound: frozenset[str]) -> None:
        for target in targets:
            match target:
                case ast.Name(id=name) if name not in self.params:
                    self._may_be_own(name, target)
                case ast.Subscript(value=ast.Attribute(value=ast.Name(id=name))) if name in bound:
                    pass
                case ast.Attribute(value=ast.Name(id=name), attr=attr) if name in bound and self._is_variable(attr):
                    pass
                case ast.Tuple(elts=inside):
                    self._targets(inside, bound)
                case _:
                    self.refuse(target, "only a cell (`s.place[page] = ...`) or a new local name can be assigned")

    # -- calls -----------------------------------------------------------------------------------------------------

    def _call(self, node: ast.Call, bound: frozenset[str]) -> str:
        """Check a call without its arguments; return the name that is called."""
        if not isinstance(node.func, ast.Name) or node.keywords:
            self.refuse(node, "only helpers and the words of the notation are called, by name and with plain arguments")
        name = node.func.id
        target = None if name in bound else self.fn.__globals__.get(name)
        if not isinstance(target, FunctionType) and not (isinstance(target, type) and issubclass(target, Sort)):
            self.refuse(node, f"{name}() is called; spec text calls only its own helpers and {', '.join(WORDS)}")
        if is_word(target) or name in WORDS:
            self._word(node, name, target)
        for argument in node.args:
            if any(isinstance(n, ast.Call) and getattr(n.func, "id", "") == "require" for n in ast.walk(argument)):
                self.refuse(node, "require() inside a quantifier or an argument; a guard is a statement of its own")
        return name

    def _word(self, node: ast.Call, name: str, target: object) -> None:
        """A word of the notation is used under its own name, and no other function has that name."""
        if name not in WORDS or target is not getattr(words, name):
            names = ", ".join(WORDS)
            self.refuse(node, f"{name}() is not a word of the notation here; import {names} under their names")
        if name == "require" and any(isinstance(a, ast.BoolOp) and isinstance(a.op, ast.And) for a in node.args):
            self.refuse(
                node, "require(... and ...); write one require() for each guard, so that a refusal names one of them"
            )
        if name in QUANTIFIERS and not (len(node.args) == 2 and isinstance(node.args[1], ast.Lambda)):
            self.refuse(node, f"{name}() takes the members and a lambda: {name}(s.pages, lambda p: ...)")

    def _members(self, claim: ast.Lambda, count: int) -> frozenset[str]:
        """The parameters of a quantifier's lambda, one for each group of members."""
        names = [argument.arg for argument in claim.args.args]
        if not _is_plain(claim.args) or len(names) != count:
            wanted = "one plain parameter, the member: lambda p: ..."
            pair = "two plain parameters, the members of a pair: lambda p, f: ..."
            self.refuse(claim, f"the lambda of a quantifier has {wanted if count == 1 else pair}")
        for name in names:
            self._may_be_own(name, claim)
        return frozenset(names)

    # -- names -----------------------------------------------------------------------------------------------------

    def _may_be_own(self, name: str, node: ast.AST) -> None:
        """Refuse a parameter or local name that hides a word, a helper or a class."""
        hidden = self.fn.__globals__.get(name)
        if name in WORDS or isinstance(hidden, (FunctionType, type)):
            what = "a word of the notation" if name in WORDS else f"a {type(hidden).__name__} of the module"
            self.refuse(node, f"{name} is {what} already; give the parameter or local name another one")

    def _global(self, node: ast.Name, name: str) -> None:
        """Check a global name: spec text reads constants, enum members and members of sorts."""
        if name not in self.fn.__globals__:
            known = [*self.fn.__code__.co_varnames, *self.fn.__globals__]
            near = nearest(name, [n for n in known if not n.startswith("_")]).partition("; known are")[0]
            self.refuse(node, f"{name} is not defined here{near}; spec text uses none of Python's own functions")
        value = self.fn.__globals__[name]
        if isinstance(value, FunctionType):
            self.refuse(node, f"{name} is a helper, and is not called here; write {name}(...)")
        if isinstance(value, type):
            self.refuse(node, f"{name} is a class, not a value; name a member of it, or a parameter")
        if not (type(value) in (bool, int) or value is NOBODY or isinstance(value, (Enum, Sort))):
            what = f"a {type(value).__name__}: {HIDDEN}; spec text uses arguments, enums, constants, helpers"
            self.refuse(node, f"{name} is {what}")

    def _attribute(self, node: ast.Attribute, bound: frozenset[str]) -> None:
        """A field, members or a bound of the state; or a member of an enum."""
        attr = node.attr
        if not isinstance(node.value, ast.Name):
            self._look(node.value, bound)
            self.refuse(node, f".{attr} of a value; a value is only compared or assigned")
        if node.value.id in bound:
            self._declared(node, node.value.id, attr)
            return
        value = self.fn.__globals__.get(node.value.id)
        if not (isinstance(value, type) and issubclass(value, Enum)):
            rest = "spec text uses arguments, enums, constants, helpers"
            self.refuse(node, f".{attr} of something global: {HIDDEN}; {rest}")
        if attr not in value.__members__:
            self.refuse(node, f"{value.__name__} has no member {attr}; it has {', '.join(value.__members__)}")

    def _is_variable(self, name: str) -> bool:
        """True for a field without an index."""
        return name in self.state._shape.fields and not self.state._shape.fields[name].keys

    def _declared(self, node: ast.Attribute, name: str, attr: str) -> None:
        shape = self.state._shape
        declared = [*shape.members, *shape.bounds, *shape.fields, *shape.histories]
        if attr not in declared:
            self.refuse(node, f"{name}.{attr}: {self.state.__name__} declares no {attr}{nearest(attr, declared)}")


def _is_plain(args: ast.arguments) -> bool:
    """True for parameters without *, / and defaults."""
    return not (args.posonlyargs or args.kwonlyargs or args.vararg or args.kwarg or args.defaults)


def _operators(node: ast.AST) -> Iterator[ast.AST]:
    """The operators of an expression, which have no lines of their own."""
    match node:
        case ast.Compare(ops=ops):
            yield from ops
        case ast.UnaryOp(op=op) | ast.BinOp(op=op) | ast.BoolOp(op=op) | ast.AugAssign(op=op):
            yield op


def _remedy(node: ast.AST) -> str:
    """The rule and what to write instead."""
    if isinstance(node, ast.For):
        assigns = any(isinstance(n, (ast.Assign, ast.AugAssign)) for n in ast.walk(node))
        return ONE_STEP if assigns else NO_LOOP
    return REMEDIES.get(type(node), f"`{type(node).__name__}` has no place in spec text")
