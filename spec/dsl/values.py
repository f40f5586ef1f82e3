# SPDX-License-Identifier: MIT
"""What a field may hold: enums, truth values, small numbers, members of sorts."""

from __future__ import annotations

import difflib
import sys
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Final, Generic, Never, NoReturn, TypeVar, cast

V = TypeVar("V")


class PoolproofError(Exception):
    """The base of all errors a user can act on: the message names the value, the rule and the way out in one line.

    `exit_code` is what the command exits with, as the README lists the codes. The base stands in the notation because
    every other room may import it.
    """

    exit_code: ClassVar[int] = 150


class SpecError(PoolproofError):
    """A spec breaks a rule of the notation; the message has the place, the rule and the way out."""

    exit_code = 75


def here() -> str:
    """File and line of the running spec text: the innermost frame outside this package and `enum`."""
    frame = sys._getframe(1)
    while frame.f_back and _is_machinery(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _is_machinery(module: str) -> bool:
    return module == "enum" or module.startswith(__package__ or "?")


def wrong(message: str) -> NoReturn:
    """Raise SpecError for the line of spec text that is running."""
    raise SpecError(f"{here()}: {message}")


def nearest(word: str, known: list[str]) -> str:
    """ "; did you mean ...?" with the most similar known names, or "; known are ..." if none is similar."""
    close = difflib.get_close_matches(word, known, n=3, cutoff=0.4)
    return f"; did you mean {' or '.join(repr(c) for c in close)}?" if close else f"; known are {', '.join(known[:12])}"


class Kind(Enum):
    """The base of the enums a field may hold; members hash by identity, for speed."""

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return self.name


class Sort:
    """A finite set of things without structure, numbered from 0: `Page`, `Pool`, `Device`.

    A subclass gives the names of its members: `class Device(Sort, called="eth{n}")`; `{letter}` gives A, B, C.
    """

    index: int
    called: ClassVar[str]
    _known: ClassVar[dict[int, Any]]

    def __init_subclass__(cls, called: str = "") -> None:
        cls.called = called or cls.__name__.lower() + "{n}"
        cls._known = {}

    def __new__(cls, index: int) -> Any:
        """The one object for this index: equal members are identical."""
        if isinstance(index, int) and (type(index) is not int or index < 0):
            wrong(f"{cls.__name__}({index!r}): members are numbered by whole numbers from 0")
        if index not in cls._known:
            made = cls._known[index] = super().__new__(cls)
            object.__setattr__(made, "index", index)
        return cls._known[index]

    def __setattr__(self, name: str, value: object) -> NoReturn:
        wrong(f"{self!r}.{name} = ...: a member of a sort has no attributes; give the state a field")

    def __getnewargs__(self) -> tuple[int]:
        return (self.index,)

    def __bool__(self) -> bool:
        raise SpecError(f"a {type(self).__name__} has no truth value; compare it: == NOBODY, or == another one")

    def __repr__(self) -> str:
        return self.called.format(n=self.index, letter=letter(self.index))


def letter(index: int) -> str:
    """A, B, ..., Z, A1, B1, ...: the names of pages in counterexamples."""
    return chr(ord("A") + index % 26) + (str(index // 26) if index >= 26 else "")


class Nobody:
    """The only value of `NOBODY`: no page, no pool, no device."""

    def __bool__(self) -> bool:
        raise SpecError("NOBODY has no truth value; write == NOBODY or != NOBODY")

    def __repr__(self) -> str:
        return "nobody"

    def __reduce__(self) -> str:
        return "NOBODY"


NOBODY: Final[Never] = cast(Never, Nobody())
"""The value of an optional field that holds nothing; any optional field may be compared with it."""

ANY: Final[Never] = cast(Never, object())
"""As a start value: each value of the field gives an initial state."""


class Bound:
    """A number fixed by the scope, such as the size of the RX ring; in a state it is an int."""

    def __init__(self, low: int, high: int, doc: str) -> None:
        self.low, self.high, self.doc, self.name = low, high, doc, "?"

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, s: object, owner: type) -> int:
        return cast(int, self)  # a state keeps its own int under this name; only the class itself arrives here

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Domain(Generic[V]):
    """The values a field may hold, in the order of their codes: code 0 of an optional field is NOBODY."""

    base: type[Any]
    optional: bool = False
    low: int | Bound = 0
    high: int | Bound = 0

    def values(self, sizes: dict[str, int], count: int = 0) -> tuple[Any, ...]:
        """All values in a scope: `sizes` are its bounds, `count` the number of members of a sort."""
        if self.base is bool:
            return (False, True)
        if self.base is int:
            return tuple(range(_number(self.low, sizes), _number(self.high, sizes) + 1))
        if issubclass(self.base, Enum):
            return tuple(self.base)
        members = tuple(self.base(i) for i in range(count))
        return (NOBODY, *members) if self.optional else members

    def __repr__(self) -> str:
        if self.base is bool:
            return "yes or no"
        if self.base is int:
            return f"{self.low}..{self.high}"
        if issubclass(self.base, Enum):
            return ", ".join(member.name for member in self.base)
        return f"a {self.base.__name__}" + (" or nobody" if self.optional else "")


def _number(bound: int | Bound, sizes: dict[str, int]) -> int:
    return sizes[bound.name] if isinstance(bound, Bound) else bound


def between(low: int, high: Any) -> Domain[int]:
    """Whole numbers from low to high, both included; high may be a `Bound`."""
    for limit in (low, high):
        if type(limit) is not int and not isinstance(limit, Bound):
            wrong(f"between({low!r}, {high!r}): {limit!r} is not a number; give a whole one, or a bound of the state")
    if isinstance(low, int) and isinstance(high, int) and not low <= high:
        wrong(f"between({low}, {high}) is empty; the first number must not be above the second")
    return Domain(int, low=low, high=high)


def optional(sort: type[V]) -> Domain[V]:
    """A member of the sort, or NOBODY."""
    if not (isinstance(sort, type) and issubclass(sort, Sort)):
        wrong(f"optional({sort!r}): only a sort has NOBODY; give the enum a member for it")
    return Domain(sort, optional=True)


def domain_of(values: type[Any] | Domain[Any]) -> Domain[Any]:
    """The domain of an enum, bool, a sort or a domain, as given to a field's declaration."""
    if isinstance(values, Domain):
        return values
    if isinstance(values, type) and (values is bool or issubclass(values, (Enum, Sort))):
        return Domain(values)
    wrong(f"a field cannot hold {values!r}; use a Kind, bool, a Sort, between(low, high) or optional(Sort)")


BOOL: Final[Domain[bool]] = Domain(bool)
NUMBER: Final[Domain[int]] = Domain(int)
NOTHING: Final[Domain[Any]] = Domain(Nobody, optional=True)
"""The domain of NOBODY itself."""


def literal_domain(value: object) -> Domain[Any]:
    """The narrowest domain of a concrete value in spec text. Raises SpecError if it has none."""
    if type(value) is bool:
        return BOOL
    if type(value) is int:
        return Domain(int, low=value, high=value)
    if isinstance(value, (Enum, Sort)):
        return Domain(type(value))
    if isinstance(value, Nobody):
        return NOTHING
    raise SpecError(
        f"{value!r} is not a value of the notation; use enum members, True, False, whole numbers, NOBODY or a parameter"
    )
