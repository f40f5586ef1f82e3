# SPDX-License-Identifier: MIT
"""Checks that history counters decide nothing: no guard reads them, step invariants compare their growth only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from .expr import Eq, Expr, Less, Read, Sum, walk


def history_read(e: Expr) -> str:
    """The name of a history counter that the expression reads, or ''."""
    return next((x.field.name for x in walk(e) if isinstance(x, Read) and x.field.history), "")


def grows_by_history(value: Expr, is_own: Callable[[Expr], bool]) -> bool:
    """True unless the value is the counter itself, once, plus or minus terms without history counters."""
    terms = list(_terms(value, 1))
    own = [sign for term, sign in terms if is_own(term)]
    return own != [1] or any(history_read(term) for term, _ in terms if not is_own(term))


def _terms(number: Expr, sign: int) -> Iterator[tuple[Expr, int]]:
    """The terms of a sum with their signs."""
    if isinstance(number, Sum):
        yield from _terms(number.left, sign)
        yield from _terms(number.right, sign * number.sign)
    else:
        yield number, sign


def absolute_read(e: Expr) -> str:
    """The name of a history counter whose value, not just its growth in the step, decides the claim, or ''."""
    for x in walk(e):
        if isinstance(x, Eq | Less):
            drift = _drift(x.left)
            drift.subtract(_drift(x.right))
            for (field, _), amount in drift.items():
                if amount:
                    return str(field.name)
    return ""


def _drift(number: Expr) -> Counter[Any]:
    """For each history cell, the change of the number if that cell were one higher both before and after."""
    match number:
        case Read(field, keys) if field.history:
            return Counter({(field, keys): 1})
        case Sum(left, right, sign):
            drift, other = _drift(left), _drift(right)
            drift.update({cell: sign * amount for cell, amount in other.items()})
            return drift
    return Counter()
