# SPDX-License-Identifier: MIT
"""What the classes of a spec may contain: declarations only, because methods are not linted."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import Enum, EnumMeta
from types import FunctionType
from typing import Any

from .state import Field, Indexed, Members, State, Variable
from .values import Bound, Kind, Sort, SpecError

WRITTEN_BY_PYTHON = (
    "__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__static_attributes__", "__firstlineno__",
    "__annotations__", "__annotate__", "__annotate_func__", "__annotations_cache__",
)  # fmt: skip


OF_STATES = ("_journal", "_sizes")
"""Attributes of a concrete state, besides those of State."""


class _Plain(Kind):
    """An enum that contains nothing but a member."""

    MEMBER = "a value"


WRITTEN_INTO_ENUMS = frozenset(vars(_Plain)) - {"MEMBER"}


def check_class(cls: type[Any]) -> None:
    """Refuse a State, Sort or enum class that contains more than declarations."""
    if issubclass(cls, State):
        _check_state(cls)
    elif issubclass(cls, Sort):
        _check_sort(cls)
    else:
        _check_enum(cls)


def own_bases(cls: type[Any]) -> Iterator[type[Any]]:
    """The class and those it extends, without the base classes of the notation."""
    yield from (base for base in cls.__mro__ if base not in (State, Sort, Kind, Enum, object))


def contents(cls: type[Any]) -> dict[str, Any]:
    """The attributes that a class itself defines, without those that Python adds to every class."""
    return {name: thing for name, thing in vars(cls).items() if name not in WRITTEN_BY_PYTHON}


def _check_state(cls: type[Any]) -> None:
    for base in own_bases(cls):
        if type(base) is not type or not issubclass(base, State):
            raise SpecError(f"{_of(base)}: a state extends only State, or another state")
        for name, thing in contents(base).items():
            if name != "_shape" and type(thing) not in (Members, Bound, Indexed, Variable):
                _refuse(base, name, thing, "a state only declares members, bounds and fields; write a helper function")
            if name != "_shape" and (name in OF_STATES or hasattr(State, name)):
                _refuse(base, name, thing, "that name is one of State's own; give the field another one")


def _check_sort(cls: type[Any]) -> None:
    for base in own_bases(cls):
        if type(base) is not type or not issubclass(base, Sort):
            raise SpecError(f"{_of(base)}: a sort extends only Sort")
        for name, thing in contents(base).items():
            if name not in ("called", "_known"):
                _refuse(
                    base, name, thing, "a sort has a name and a text; declare a field for anything about its members"
                )


def _check_enum(cls: type[Any]) -> None:
    if type(cls) is not EnumMeta or list(own_bases(cls)) != [cls]:
        raise SpecError(f"{_of(cls)}: an enum of a spec extends Kind and nothing else: `class {cls.__name__}(Kind)`")
    for name, thing in contents(cls).items():
        if name not in WRITTEN_INTO_ENUMS and name not in cls.__members__:
            _refuse(cls, name, thing, "an enum has only members")
    for name, member in cls.__members__.items():
        if name != member.name:
            raise SpecError(
                f"{_of(cls)}: {name} and {member.name} have the same value, which makes them one member; "
                f"give each a value of its own"
            )


def _refuse(cls: type[Any], name: str, thing: Any, rule: str) -> None:
    code = _code(thing)
    where = f"{code.co_filename}:{code.co_firstlineno}" if code else _of(cls)
    kind = "Field" if isinstance(thing, Field) else type(thing).__name__
    raise SpecError(f"{where}: {cls.__name__}.{name} is a {kind}; {rule}")


def _code(thing: Any) -> Any:
    """The code of a method, property, class method or static method, or None."""
    for name in ("fget", "fset", "fdel", "__func__", "func"):
        thing = getattr(thing, name, None) or thing
    return thing.__code__ if isinstance(thing, FunctionType) else None


def _of(cls: type[Any]) -> str:
    """The file and name of a class."""
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return f"{file or cls.__module__}: class {cls.__name__}"
