"""The words of the notation: `require` for guards; `each`, `some`, `count`, `implies`, `iff` for claims."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sized
from types import CodeType
from typing import Any, Protocol, TypeVar

from .state import Members
from .values import Sort, wrong

S = TypeVar("S", bound=Sort)


class Refused(BaseException):
    """A guard said no: the action is not enabled here. No error, and nothing a spec may catch."""


class Run(Protocol):
    """What is running at the moment, concretely or lifted."""

    @property
    def puts(self) -> Sized:
        """What the action has assigned so far."""

    @property
    def depth(self) -> int:
        """How many quantifiers the run is inside of; a concrete run need not count, its text was lifted before."""

    @property
    def is_lifting(self) -> bool:
        """Does the run want to hear of every guard, of those too whose claim is plain?"""

    def guard(self, claim: Any) -> None:
        """Take a guard: raise `Refused` if it is known to be false."""


class Current:
    """The run that `require` speaks to, and the ledger of guards seen true and false, when somebody keeps one."""

    run: Run | None = None
    ledger: set[tuple[CodeType, int, bool]] | None = None


def require(claim: bool) -> None:
    """The guard of an action: if the claim is false the action is not enabled. Guards come before assignments."""
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


def each(group: Members[S], claim: Callable[[S], bool]) -> bool:
    """The claim holds for every member: `each(s.pages, lambda p: s.place[p] != Place.TX)`."""
    return group.each(claim)


def some(group: Members[S], claim: Callable[[S], bool]) -> bool:
    """The claim holds for at least one member."""
    return group.some(claim)


def count(group: Members[S], claim: Callable[[S], bool]) -> int:
    """The number of members for which the claim holds."""
    return group.count(claim)


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
