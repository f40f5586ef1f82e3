# SPDX-License-Identifier: MIT
"""Expressions as text with infix operators: one printer, and a table of operators for each language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from .expr import (
    Const,
    Eq,
    Every,
    Expr,
    Leaf,
    Less,
    Not,
    Operation,
    Quantified,
    Read,
    Size,
    Var,
    operator,
    pairs,
    parts,
)
from .values import Sort

Operators = Mapping[str, tuple[str, int]]
"""How a language writes each operator, and how tightly that binds: an operand that binds less tightly gets brackets.

The keys are those of `expr.operator` and those of !=, <=, > and >= that the language has; a negated comparison for
which it has no operator of its own is written with "not".
"""

PYTHON: Operators = {
    "or": ("or", 1),
    "and": ("and", 1),
    "not": ("not ", 2),
    **{word: (word, 3) for word in ("==", "!=", "<", "<=", ">", ">=")},
    **{word: (word, 4) for word in ("+", "-")},
}
"""Python's own, but that an `and` inside an `or` gets brackets too: they are easier to read."""


def infix(e: Expr, operators: Operators, leaf: Callable[[Leaf], str], least: int = 0) -> str:
    """The expression with infix operators; `leaf` writes what is no operation, as in `expr.fold`.

    What binds less tightly than `least` is put in brackets as a whole.
    """
    if not isinstance(e, Operation):
        return leaf(e)
    name, operands = _written(e, operators)
    word, level = operators[name]
    needs = [level if name in ("not", "+", "-") else level + 1, *[level + 1] * (len(operands) - 1)]
    inside = [infix(x, operators, leaf, need) for x, need in zip(operands, needs, strict=True)]
    made = f"{word}{inside[0]}" if name == "not" else f" {word} ".join(inside)
    return f"({made})" if level < least else made


def _written(e: Operation, operators: Operators) -> tuple[str, tuple[Expr, ...]]:
    """The operator that stands for an operation, and its operands: a literal stands on the right of a comparison."""
    match e:
        case Not(Eq(a, b)) if "!=" in operators:
            return "!=", (a, b)
        case Not(Less(Const() as a, b)) if "<=" in operators:
            return "<=", (b, a)
        case Less(Const() as a, b) if ">" in operators:
            return ">", (b, a)
        case Not(Less(a, b)) if ">=" in operators:
            return ">=", (a, b)
    return operator(e), parts(e)


def text(e: Expr, loose: bool = True) -> str:
    """The expression as spec text writes it; `loose` leaves out the outermost brackets of an `and` or `or`."""
    return infix(e, PYTHON, _leaf, 0 if loose else 2)


def _leaf(e: Leaf) -> str:
    match e:
        case Const(value):
            return value.name if hasattr(value, "name") and not isinstance(value, Sort) else repr(value)
        case Var(name):
            return name
        case Every():
            return ":"
        case Size(number):
            return number.name
        case Read(f, keys, when):
            return cell_text(f"{when + '.' if when else ''}{f.name}", map(text, keys))
        case Quantified(word):
            variables, body = pairs(e)
            return f"{word}({', '.join(v.name for v in variables)}: {text(body)})"


def cell_text(field: str, keys: Iterable[str]) -> str:
    """A cell as spec text writes it: a field with its keys, or a field without an index."""
    inside = ", ".join(keys)
    return f"{field}[{inside}]" if inside else field
