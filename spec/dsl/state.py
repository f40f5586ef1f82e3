# SPDX-License-Identifier: MIT
"""Declarations of a state class, and the concrete state that spec functions read and write when they run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import product, starmap
from typing import Any, ClassVar, Generic, TypeVar, overload

from .values import ANY, Bound, Domain, Sort, SpecError, domain_of, here, wrong

K = TypeVar("K")
V = TypeVar("V")
A = TypeVar("A", bound=Sort)
B = TypeVar("B", bound=Sort)
C = TypeVar("C", bound=Sort)
W = TypeVar("W")
S = TypeVar("S", bound=Sort)

Write = tuple["Cells[Any, Any, Any]", Any, Any, int, int]
"""A write in the journal: cells, key, old value, offset in the state's code, new code."""


class Cells(dict[K, V], Generic[K, W, V]):
    """One field of one state: `s.place[page]` reads, `s.place[page] = Place.TX` writes and is journalled.

    W is the type of what is written to: a key, or a row of them, `s.bytes[page, :] = Bytes.STALE`.
    """

    def __init__(self, name: str, values: tuple[V, ...], offsets: dict[K, int], journal: list[Write]) -> None:
        super().__init__()
        self.name, self.values_, self.offsets, self.journal = name, values, offsets, journal
        self.codes = {value: code for code, value in enumerate(values)}

    def __missing__(self, key: K) -> V:
        wrong(f"{self.name}[{key!r}] does not exist; test the key with != NOBODY first")

    def __setitem__(self, key: W, value: V) -> None:  # type: ignore[override]
        code = self.codes.get(value, -1)
        if code < 0 or type(value) is not type(self.values_[code]):
            wrong(f"{self.name}[{key!r}] = {value!r}: outside its bounds, {_listed(self.values_)}")
        for cell in self._cells(key):
            self.journal.append((self, cell, self[cell], self.offsets[cell], code))
            dict.__setitem__(self, cell, value)

    def _cells(self, key: Any) -> Iterable[Any]:
        """The keys of the cells that are written to: one, or those of a row."""
        if type(key) is not tuple or slice not in map(type, key):
            return (key,)
        every: Any = self.offsets
        return [cell for cell in every if all(type(k) is slice or k is own for k, own in zip(key, cell, strict=True))]


class Tally(Cells[K, K, int]):
    """A history counter: it only ever grows, no guard may read it, and it is not part of a state's identity."""

    def __setitem__(self, key: K, value: int) -> None:
        if value < self[key]:
            wrong(f"{self.name}[{key!r}] = {value!r}: a history counter only grows; it is {self[key]!r}")
        self.journal.append((self, key, self[key], -1, 0))
        dict.__setitem__(self, key, value)


def _listed(values: tuple[Any, ...]) -> str:
    shown = [repr(v) for v in values]
    return ", ".join(shown) if len(shown) <= 6 else f"{shown[0]}..{shown[-1]}"


OF_MEMBERS: dict[str, Callable[[Iterable[Any]], Any]] = {"each": all, "some": any, "count": sum}
"""The value of a quantifier from the values of its body."""


class Members(Generic[S]):
    """All members of a sort in a scope: what `each`, `some` and `count` range over."""

    def __init__(self, sort: type[S], low: int, high: int) -> None:
        self.sort, self.low, self.high, self.name = sort, low, high, "?"
        self.all: tuple[S, ...] = ()
        self.is_read = False  # set by each quantifier over all members; reset by the refusal cache's user

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def of(self, size: int) -> Members[S]:
        """These members in a scope of the given size."""
        made = Members(self.sort, self.low, self.high)
        made.name, made.all = self.name, tuple(self.sort(i) for i in range(size))
        return made

    def quantified(self, word: str, claim: Callable[..., bool], *others: Members[Any]) -> Any:
        """`each`, `some` or `count` of the members, or of their combinations with members of others."""
        groups = (self, *others)
        for group in groups:
            group.is_read = True
        return OF_MEMBERS[word](starmap(claim, product(*(group.all for group in groups))))


class Field(Generic[K, V]):
    """A declared field: the sorts that index it, its domain, its start value, and a text on meaning and writers."""

    def __init__(
        self, keys: tuple[type[Sort], ...], domain: Domain[V], start: V, doc: str, history: bool = False
    ) -> None:
        self.keys, self.domain, self.start, self.doc, self.history, self.name = keys, domain, start, doc, history, "?"
        self.where = here()

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


class Indexed(Field[K, V], Generic[K, W, V]):
    """A field with a cell for each member of a sort, or for each combination of members of several."""

    @overload
    def __get__(self, s: None, owner: type) -> Indexed[K, W, V]: ...
    @overload
    def __get__(self, s: object, owner: type) -> Cells[K, W, V]: ...
    def __get__(self, s: object | None, owner: type) -> Any:
        return self  # a state keeps its own cells under this name; only the class itself arrives here


class Variable(Field[tuple[()], V]):
    """A field of one cell: `s.mode` reads, `s.mode = Mode.SLOW` writes."""

    @overload
    def __get__(self, s: None, owner: type) -> Variable[V]: ...
    @overload
    def __get__(self, s: object, owner: type) -> V: ...
    def __get__(self, s: object | None, owner: type) -> Any:
        return self if s is None else s.__dict__[self.name][()]

    def __set__(self, s: object, value: V) -> None:
        s.__dict__[self.name][()] = value


@overload
def field(keys: type[A], values: type[V] | Domain[V], start: V, doc: str) -> Indexed[A, A, V]: ...
@overload
def field(
    keys: tuple[type[A], type[B]], values: type[V] | Domain[V], start: V, doc: str
) -> Indexed[tuple[A, B], tuple[A, B | slice], V]: ...
@overload
def field(
    keys: tuple[type[A], type[B], type[C]], values: type[V] | Domain[V], start: V, doc: str
) -> Indexed[tuple[A, B, C], tuple[A, B | slice, C | slice], V]: ...
def field(keys: Any, values: Any, start: Any, doc: str) -> Any:
    """Declare a field: `dma = field((Page, Device), Dma, Dma.UNMAPPED, "its mapping; written by ...")`.

    `start` is the value in the initial state; with ANY each value gives an initial state.
    """
    _documented(doc)
    return Indexed(_sorts(keys), domain_of(values), start, doc)


def variable(values: type[V] | Domain[V], start: V, doc: str) -> Variable[V]:
    """Declare a field without an index: `mode = variable(Mode, Mode.FAST, "how packets are taken; written by ...")`.

    `start` is as in `field`.
    """
    _documented(doc)
    return Variable((), domain_of(values), start, doc)


@overload
def history(keys: type[A], doc: str) -> Indexed[A, A, int]: ...
@overload
def history(keys: tuple[type[A], type[B]], doc: str) -> Indexed[tuple[A, B], tuple[A, B], int]: ...
@overload
def history(keys: tuple[type[A], type[B], type[C]], doc: str) -> Indexed[tuple[A, B, C], tuple[A, B, C], int]: ...
def history(keys: Any, doc: str) -> Any:
    """Declare a history counter: it starts at 0 and is raised by actions; no guard reads it."""
    return Indexed(_sorts(keys), Domain(int), 0, doc, history=True)


def _sorts(keys: Any) -> tuple[type[Sort], ...]:
    """The sorts that index a field."""
    sorts = keys if isinstance(keys, tuple) else (keys,)
    if not sorts or not all(isinstance(k, type) and issubclass(k, Sort) for k in sorts):
        wrong(f"a field is indexed by one or more sorts, not by {keys!r}; without an index it is a variable()")
    return sorts


def _documented(doc: str) -> None:
    if not doc:
        wrong("a field needs a text: what it means and which actions write it")


def members(sort: type[S], low: int = 1, high: int = 12) -> Members[S]:
    """Declare the members of a sort, and the least and largest number that a scope may have; at least one."""
    if not 1 <= low <= high:
        wrong(f"members({sort.__name__}, {low}, {high}): a scope has at least one {sort.__name__}")
    return Members(sort, low, high)


def bound(low: int, high: int, doc: str) -> Bound:
    """Declare a number fixed by the scope, and its range."""
    if not low <= high:
        wrong(f"bound({low}, {high}) is empty; the first number must not be above the second")
    return Bound(low, high, doc)


class Shape:
    """The declarations of a state class in their order: members of sorts, bounds and fields."""

    def __init__(self, owner: type) -> None:
        declared: dict[str, Any] = {}
        for base in reversed(owner.__mro__):
            for name, thing in vars(base).items():
                if isinstance(declared.get(name), Members | Bound | Field):
                    raise SpecError(f"{base.__name__} declares {name} again; what it extends is kept as it is")
                declared[name] = thing
        self.members = {n: t for n, t in declared.items() if isinstance(t, Members)}
        self.bounds = {n: t for n, t in declared.items() if isinstance(t, Bound)}
        every = {n: t for n, t in declared.items() if isinstance(t, Field)}
        self.fields = {n: t for n, t in every.items() if not t.history}
        self.histories = {n: t for n, t in every.items() if t.history}
        self.scope_name = {m.sort: n for n, m in self.members.items()}
        for name, group in self.members.items():
            if self.scope_name[group.sort] != name:
                twice = f"{name} and {self.scope_name[group.sort]}"
                raise SpecError(f"{owner.__name__} has two groups of {group.sort.__name__}s, {twice}; leave one")
        for name, f in every.items():
            for sort in (*f.keys, *([f.domain.base] if issubclass(f.domain.base, Sort) else [])):
                if sort not in self.scope_name:
                    raise SpecError(f"field {name} uses {sort.__name__}; declare its members in {owner.__name__} too")

    def size(self, sort: type[Sort], sizes: dict[str, int]) -> int:
        return sizes[self.scope_name[sort]] if sort in self.scope_name else 0

    def keys(self, f: Field[Any, Any], sizes: dict[str, int]) -> Iterator[tuple[Sort, ...]]:
        return product(*(tuple(sort(i) for i in range(self.size(sort, sizes))) for sort in f.keys))

    def values(self, f: Field[Any, Any], sizes: dict[str, int]) -> tuple[Any, ...]:
        values = f.domain.values(sizes, self.size(f.domain.base, sizes))
        if not 0 < len(values) <= 256:
            raise SpecError(f"field {f.name} has {len(values)} values; between 1 and 256 are allowed")
        return values


class State:
    """A state of a machine; a subclass declares what is in it. Spec functions get one as their first argument.

    A concrete state also has a *code*, one byte a cell: the records of the first sort's members come first, so
    that a page's whole record is one slice.
    """

    _shape: ClassVar[Shape]
    _sizes: dict[str, int]
    _journal: list[Write]

    def __init_subclass__(cls) -> None:
        cls._shape = Shape(cls)

    def __eq__(self, other: object) -> bool:
        wrong("a state is compared as a whole; compare its fields")

    def __bool__(self) -> bool:
        wrong("a state is used as a truth value; compare its fields")

    __hash__ = object.__hash__

    @classmethod
    def concrete(cls, sizes: dict[str, int]) -> Any:
        """A state of this scope in which every cell holds its field's first value; `World.load` sets others."""
        return _build(cls, sizes)


def _build(cls: type[State], sizes: dict[str, int]) -> State:
    s, shape = cls(), cls._shape
    s._sizes, s._journal = sizes, []
    for name, group in shape.members.items():
        s.__dict__[name] = group.of(sizes[name])
    for name in shape.bounds:
        s.__dict__[name] = sizes[name]
    for name, offsets in layout(shape, sizes).items():
        f = shape.fields[name]
        values = shape.values(f, sizes)
        s.__dict__[name] = cells = Cells[Any, Any, Any](name, values, offsets, s._journal)
        dict.update(cells, dict.fromkeys(offsets, values[0]))
    for name, f in shape.histories.items():
        tally: Tally[Any] = Tally(name, (), {}, s._journal)
        dict.update(tally, {one_key(key): 0 for key in shape.keys(f, sizes)})
        s.__dict__[name] = tally
    return s


def one_key(key: tuple[Any, ...]) -> Any:
    """The key as spec text writes it: a page, or a pair."""
    return key[0] if len(key) == 1 else key


def members_of(key: Any) -> tuple[Any, ...]:
    """The members of a key as spec text writes it."""
    return key if isinstance(key, tuple) else (key,)


def layout(shape: Shape, sizes: dict[str, int]) -> dict[str, dict[Any, int]]:
    """The offset of each cell in a state's code: grouped by member of each sort, so that a record is a slice.

    Fields without an index come last.
    """
    places: dict[str, dict[Any, int]] = {name: {} for name in shape.fields}
    at = 0
    for group in shape.members.values():
        for index in range(sizes[group.name]):
            for name, f in shape.fields.items():
                if f.keys[:1] == (group.sort,):
                    for key in shape.keys(f, sizes):
                        if key[0].index == index:
                            places[name][one_key(key)] = at
                            at += 1
    for name in (n for n, f in shape.fields.items() if not f.keys):
        places[name][()] = at
        at += 1
    return places


def initial_values(f: Field[Any, Any], values: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a cell of this field may hold in an initial state."""
    if f.start is ANY:
        return values
    if not any(f.start == v and type(f.start) is type(v) for v in values):
        raise SpecError(f"field {f.name} starts as {f.start!r}, which is not one of {_listed(values)}")
    return (f.start,)
