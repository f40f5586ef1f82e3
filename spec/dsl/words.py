# SPDX-License-Identifier: MIT
"""The words of the notation: `require` for guards; `each`, `some`, `count`, `implies`, `iff` for claims."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sized
from types import CodeType
from typing import Any, Protocol, TypeVar, overload

from .state import Members
from .values import Sort, wrong

S = TypeVar("S", bound=Sort)
T = TypeVar("T", bound=Sort)


class Refused(BaseException):
    """A guard is false: the action is not enabled here. Not an error, and a spec must not catch it."""


class Run(Protocol):
    """The run in progress, concrete or lifted."""

    @property
    def puts(self) -> Sized:
        """The assignments of the action so far."""

    @property
    def depth(self) -> int:
        """The number of enclosing quantifiers; always 0 in a concrete run, whose text was lifted before."""

    @property
    def is_lifting(self) -> bool:
        """True if `guard` is called for every guard, also for those whose claim is True or False already."""

    def guard(self, claim: Any) -> None:
        """Process a guard; raises Refused if it is known to be false."""


class Current:
    """The run that `require` reports to, and the guards seen true and false, if they are recorded.

    A ledger entry is (code, offset of the call, truth).
    """

    run: Run | None = None
    ledger: set[tuple[CodeType, int, bool]] | None = None


def require(claim: bool) -> None:
    """A guard: if the claim is false the action is not enabled. Guards come before assignments."""
    run = Current.run
    if run is None:
        wrong("require() outside an action; an invariant returns its claim, and actions are run through a machine")
    if run.puts:
        wrong("require() after an assignment; guards come first, then the effect")
    if run.depth:
        wrong("require() inside a quantifier; write require(each(...)) or require(some(...))")
    if Current.ledger is not None:
        frame = sys._getframe(1)
        Current.ledger.add((frame.f_code, frame.f_lasti, claim is True))
    if claim is True and not run.is_lifting:
        return
    if claim is False and not run.is_lifting:
        raise Refused
    run.guard(claim)


@overload
def each(group: Members[S], claim: Callable[[S], bool]) -> bool: ...
@overload
def each(group: tuple[Members[S], Members[T]], claim: Callable[[S, T], bool]) -> bool: ...
def each(group: Any, claim: Callable[..., bool]) -> Any:
    """The claim holds for every member, or every pair: `each(s.pages, lambda p: s.place[p] != Place.TX)`."""
    return _quantified("each", group, claim)


@overload
def some(group: Members[S], claim: Callable[[S], bool]) -> bool: ...
@overload
def some(group: tuple[Members[S], Members[T]], claim: Callable[[S, T], bool]) -> bool: ...
def some(group: Any, claim: Callable[..., bool]) -> Any:
    """The claim holds for at least one member, or one pair."""
    return _quantified("some", group, claim)


@overload
def count(group: Members[S], claim: Callable[[S], bool]) -> int: ...
@overload
def count(group: tuple[Members[S], Members[T]], claim: Callable[[S, T], bool]) -> int: ...
def count(group: Any, claim: Callable[..., bool]) -> Any:
    """The number of members, or pairs, for which it holds: `count((s.pages, s.frags), lambda p, f: s.sent[p, f])`."""
    return _quantified("count", group, claim)


def _quantified(word: str, group: Any, claim: Callable[..., bool]) -> Any:
    first, *others = group if isinstance(group, tuple) else (group,)
    return first.quantified(word, claim, *others)


def implies(when: bool, then: bool) -> bool:
    """If the first claim holds, so does the second."""
    if isinstance(when, bool) and isinstance(then, bool):
        return not when or then
    return _symbolic(when, then).implies(when, then)


def iff(one: bool, other: bool) -> bool:
    """Both claims hold, or neither."""
    if isinstance(one, bool) and isinstance(other, bool):
        return one is other
    return _symbolic(one, other).iff(one, other)


def _symbolic(*claims: Any) -> Any:
    found = [claim for claim in claims if hasattr(claim, "iff")]
    return (
        found[0]
        if found
        else wrong("implies() and iff() take two claims; compare a value with something to make it one")
    )
