"""What a spec function reaches outside of its own lines: it is part of what the function means, and may not change."""

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
    """One thing that a function reaches: `name` of `holder` (a function's global, an attribute), and what it was.

    Parts are equal if they are of the same object and hold the same object, or an equal number, text or code.
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
        """What stands there at the moment."""
        if isinstance(self.holder, FunctionType) and self.name not in OF_FUNCTIONS:
            return self.holder.__globals__.get(self.name, MISSING)
        if isinstance(self.holder, FunctionType):
            return getattr(self.holder, self.name)
        return _names(self.holder) if self.name == "" else vars(self.holder).get(self.name, MISSING)

    def is_unchanged(self) -> bool:
        return _same(self.now()) == self._key[2:]


def _same(value: Any) -> tuple[Any, ...]:
    return type(value), value if type(value) in BY_VALUE else id(value)


Reach = frozenset[Part]


def reach_of(fn: Callable[..., Any], state: type[State]) -> Reach:
    """Everything that running `fn` on such a state can depend on, beside its arguments.

    Classes that hold more than declarations are refused.
    """
    functions = list(reachable(fn))
    parts = [part for function in functions for part in _of_function(function)]
    classes = {part.value if isinstance(part.value, type) else type(part.value) for part in parts}
    classes = {cls for cls in classes if issubclass(cls, (Enum, Sort))} | {state} | _classes_of(state)
    return frozenset(parts).union(*map(_of_class, classes))


def _classes_of(state: type[State]) -> set[type[Any]]:
    """The sorts and enums that a state's fields are indexed by and hold."""
    fields = (*state._shape.fields.values(), *state._shape.histories.values())
    bases = {f.domain.base for f in fields if issubclass(f.domain.base, (Enum, Sort))}
    return bases | {m.sort for m in state._shape.members.values()}


def check_unchanged(reach: Iterable[Part]) -> None:
    """Refuse to go on where something that was read while lifting is not there any more, or is another thing."""
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
    """The function and the spec helpers it calls, each once."""
    seen: set[object] = set()
    todo: list[Any] = [fn]
    while todo:
        function = todo.pop()
        if isinstance(function, FunctionType) and function not in seen:
            seen.add(function)
            yield function
            todo += helpers(function).values()


def helpers(fn: Callable[..., Any]) -> dict[str, FunctionType]:
    """The spec functions a function names: Python functions that are not words of the notation."""
    named = {name: fn.__globals__.get(name) for name in global_names(fn.__code__)}
    return {n: f for n, f in named.items() if isinstance(f, FunctionType) and not is_word(f)}


def is_word(thing: object) -> bool:
    """Is this one of the functions that the notation itself gives?"""
    return isinstance(thing, FunctionType) and thing.__globals__ is vars(words)


@lru_cache(maxsize=4096)
def global_names(code: CodeType) -> tuple[str, ...]:
    """The names that code reads from its module, in the order of the text; those of its lambdas too."""
    names = [i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")]
    inside = (name for const in code.co_consts if isinstance(const, CodeType) for name in global_names(const))
    return tuple(dict.fromkeys((*names, *inside)))


def _of_function(fn: FunctionType) -> Iterator[Part]:
    yield from (Part(fn, name, getattr(fn, name)) for name in OF_FUNCTIONS)
    yield from (Part(fn, name, fn.__globals__.get(name, MISSING)) for name in global_names(fn.__code__))


_SEEN: dict[type[Any], frozenset[Part]] | None = None
"""What the classes contain that were looked at since `classes_once` began."""


_KNOWN: dict[type[Any], frozenset[Part]] = {}
"""What was found in each class last: equal sets are one object, which makes them quick to compare."""


@contextmanager
def classes_once() -> Iterator[None]:
    """Look at each class once only, while a machine is made: who makes it checks at the end that nothing changed."""
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
    """What a class contains, by name; of an enum its members too, as iterating over it gives them."""
    members = [member.name for member in cls] if issubclass(cls, Enum) else []
    return ", ".join([*sorted(contents(cls)), *members])
