# SPDX-License-Identifier: MIT
"""Counts with parameters in the place of values.

`count(s.pages, lambda p: s.home[p] == pool)` and the same with `other` are one function of a parameter, with two
arguments. The search in C keeps one table for such a function, and a proof has one term for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from spec.dsl.ir import Const, Expr, Quantified, Read, Size, Var, parts, rebuild, walk


@dataclass(frozen=True)
class Abstraction:
    """The body of a count of the members of `vars` as a function of `params`, with their arguments.

    `body` reads one state, whichever it is; `whens` are the states that the count itself reads, as in `Read.when`.
    """

    vars: tuple[Var, ...]
    body: Expr
    params: tuple[Var, ...]
    arguments: tuple[Expr, ...]
    whens: frozenset[str]


def abstraction(
    variables: tuple[Var, ...], body: Expr, is_argument: Callable[[Expr], bool] = lambda e: True
) -> Abstraction:
    """Replace the largest parts of a body that do not depend on the counted members by parameters.

    `is_argument` restricts these parts; literals and sizes of the scope always stay. It must hold for comparisons with
    NOBODY: a parameter that stood for one side of it would not be known to be optional.
    """
    found: dict[Expr, Var] = {}
    opened = _opened(body, frozenset(v.name for v in variables), found, is_argument)
    whens = frozenset(x.when for x in walk(opened) if isinstance(x, Read))
    return Abstraction(variables, _timeless(opened), tuple(found.values()), tuple(found), whens)


def _opened(e: Expr, bound: frozenset[str], found: dict[Expr, Var], is_argument: Callable[[Expr], bool]) -> Expr:
    if isinstance(e, Const | Size):
        return e
    inside = {x.name for x in walk(e) if isinstance(x, Var)}
    if not inside & bound and is_argument(e):
        if e not in found:
            found[e] = Var(f"${len(found) + 1}", cast(Any, e.domain.base))  # no name of Python begins so
        return found[e]
    if isinstance(e, Var):
        return e
    if isinstance(e, Quantified):
        bound |= {e.var.name}
    return rebuild(e, [_opened(p, bound, found, is_argument) for p in parts(e)])


def _timeless(e: Expr) -> Expr:
    """The expression about one state, whichever it is."""
    inner = [_timeless(p) for p in parts(e)]
    return Read(e.field, tuple(inner)) if isinstance(e, Read) else rebuild(e, inner)


def substituted(e: Expr, values: Mapping[Expr, Expr]) -> Expr:
    """The expression with others in the place of some; a quantifier hides what has the name of its variable."""
    if e in values:
        return values[e]
    if isinstance(e, Quantified):
        values = {k: v for k, v in values.items() if k != e.var}
    return rebuild(e, [substituted(p, values) for p in parts(e)])
