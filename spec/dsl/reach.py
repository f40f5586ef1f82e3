# SPDX-License-Identifier: MIT
"""What a spec function reads outside of its own lines: it is part of the function's meaning and may not change."""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from . import words
from .classes import check_class, contents, own_bases
from .state import Field, Members, State
from .values import Bound, Sort, SpecError

OF_FUNCTIONS = ("__code__", "__defaults__", "__kwdefaults__", "__closure__")
BY_VALUE = (int, bool, str, CodeType)
MISSING = object()


class Part:
    """One thing that a function reads: `name` of `holder` (a global of a function, an attribute) and its value.

    Parts are equal if their holders are identical and their values are identical, or equal numbers, texts or code.
    """

    __slots__ = ("_key", "holder", "name", "value")

    def __init__(self, holder: Any, name: str, value: Any) -> None:
        self.holder, self.name, self.value = holder, name, value
        self._key = (id(holder), name, *_same(value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Part) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def now(self) -> Any:
        """The value at the moment."""
        if isinstance(self.holder, FunctionType) and self.name not in OF_FUNCTIONS:
            return self.holder.__globals__.get(self.name, MISSING)
        if isinstance(self.holder, FunctionType):
            return getattr(self.holder, self.name)
        return _names(self.holder) if self.name == "" else vars(self.holder).get(self.name, MISSING)

    def is_unchanged(self) -> bool:
        """True if the value is the one that was read first."""
        return _same(self.now()) == self._key[2:]


def _same(value: Any) -> tuple[Any, ...]:
    return type(value), value if type(value) in BY_VALUE else id(value)


Reach = frozenset[Part]


def reach_of(fn: Callable[..., Any], state: type[State]) -> Reach:
    """Everything besides its arguments that a run of `fn` on such a state can depend on.

    Raises SpecError for a class that contains more than declarations.
    """
    functions = list(reachable(fn))
    parts = [part for function in functions for part in _of_function(function)]
    classes = {part.value if isinstance(part.value, type) else type(part.value) for part in parts}
    classes = {cls for cls in classes if issubclass(cls, (Enum, Sort))} | {state} | _classes_of(state)
    return frozenset(parts).union(*map(_of_class, classes))


def _classes_of(state: type[State]) -> set[type[Any]]:
    """The sorts that index a state's fields, and the sorts and enums that these hold."""
    fields = (*state._shape.fields.values(), *state._shape.histories.values())
    bases = {f.domain.base for f in fields if issubclass(f.domain.base, (Enum, Sort))}
    return bases | {m.sort for m in state._shape.members.values()}


def check_unchanged(reach: Iterable[Part]) -> None:
    """Raise SpecError if anything that was read while lifting has changed since."""
    for part in reach:
        if not part.is_unchanged():
            holder, now = part.holder, part.now()
            code = getattr(holder, "__code__", None)
            where = f"{code.co_filename}:{code.co_firstlineno}: " if code else ""
            what = f"{part.name or 'what is in it'} of {getattr(holder, '__name__', holder)}"
            was = f"was {part.value!r} and is {'gone' if now is MISSING else repr(now)}"
            raise SpecError(
                f"{where}{what} has changed since the machine was made ({was}); "
                f"what a spec function reads stays as it is: make another machine, or use a bound"
            )


def reachable(fn: Callable[..., Any]) -> Iterator[FunctionType]:
    """The function and the helpers it calls, each once."""
    seen: set[object] = set()
    todo: list[Any] = [fn]
    while todo:
        function = todo.pop()
        if isinstance(function, FunctionType) and function not in seen:
            seen.add(function)
            yield function
            todo += helpers(function).values()


def helpers(fn: Callable[..., Any]) -> dict[str, FunctionType]:
    """The helpers that a function names: Python functions that are not words of the notation."""
    named = {name: fn.__globals__.get(name) for name in global_names(fn.__code__)}
    return {n: f for n, f in named.items() if isinstance(f, FunctionType) and not is_word(f)}


def is_word(thing: object) -> bool:
    """True for the functions of the notation itself, such as `require`."""
    return isinstance(thing, FunctionType) and thing.__globals__ is vars(words)


@lru_cache(maxsize=4096)
def global_names(code: CodeType) -> tuple[str, ...]:
    """The names that code and its lambdas read from their module, in the order of the text."""
    names = [i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")]
    inside = (name for const in code.co_consts if isinstance(const, CodeType) for name in global_names(const))
    return tuple(dict.fromkeys((*names, *inside)))


def _of_function(fn: FunctionType) -> Iterator[Part]:
    yield from (Part(fn, name, getattr(fn, name)) for name in OF_FUNCTIONS)
    yield from (Part(fn, name, fn.__globals__.get(name, MISSING)) for name in global_names(fn.__code__))


_SEEN: dict[type[Any], frozenset[Part]] | None = None
"""The contents of the classes examined since `classes_once` began; None outside of it."""


_KNOWN: dict[type[Any], frozenset[Part]] = {}
"""The last contents of each class: equal sets are one object, which makes comparing them fast."""


@contextmanager
def classes_once() -> Iterator[None]:
    """Examine each class only once while a machine is built; the builder checks at the end that nothing changed."""
    global _SEEN
    before, _SEEN = _SEEN, {}
    try:
        yield
    finally:
        _SEEN = before


def _of_class(cls: type[Any]) -> frozenset[Part]:
    seen = {} if _SEEN is None else _SEEN
    if cls not in seen:
        check_class(cls)
        found = frozenset(_in_class(cls))
        seen[cls] = _KNOWN[cls] = _KNOWN[cls] if _KNOWN.get(cls) == found else found
    return seen[cls]


def _in_class(cls: type[Any]) -> Iterator[Part]:
    for base in own_bases(cls):
        yield Part(base, "", _names(base))
        for name, thing in contents(base).items():
            yield Part(base, name, thing)
            if isinstance(thing, (Field, Bound, Members)):
                yield from (Part(thing, attribute, value) for attribute, value in vars(thing).items())


def _names(cls: type[Any]) -> str:
    """The names in a class, and those of an enum's members in iteration order."""
    members = [member.name for member in cls] if issubclass(cls, Enum) else []
    return ", ".join([*sorted(contents(cls)), *members])
