# SPDX-License-Identifier: MIT
"""A machine for other model checkers: what Promela and Murphi share, made from the lifted paths."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import product
from pathlib import Path
from textwrap import wrap
from typing import Any, ClassVar

from checkers.core.intervals import Intervals, too_large
from checkers.core.prose import first_line
from checkers.core.verdict import Exit
from spec.dsl import ANY, NOBODY, Action, Claim, Field, Machine, PoolproofError, Sort
from spec.dsl.ir import (
    And,
    Const,
    Domain,
    Expr,
    Leaf,
    Operators,
    Quantified,
    Read,
    Size,
    Var,
    history_read,
    infix,
    reads,
)
from spec.dsl.ir import (
    Path as ActionPath,
)

ROOT = Path(__file__).parents[2]
Cell = tuple[Field[Any, Any], tuple[int, ...]]


class CannotExport(PoolproofError):
    """The language cannot express the machine; the message names the value, the rule and the way out."""

    exit_code = Exit.USAGE


class Names:
    """The names in an export: as in the spec, unless the word is reserved in the language, or taken."""

    def __init__(self, reserved: frozenset[str]) -> None:
        self.reserved = reserved
        self.given: dict[object, str] = {}

    def of(self, thing: object, wanted: str) -> str:
        """The name of a thing; the same for each call."""
        if thing not in self.given:
            name = re.sub(r"\W", "_", wanted, flags=re.ASCII)
            name = name if name[0].isalpha() else f"x{name}"
            while name.lower() in self.reserved or name in self.given.values():
                name += "_"
            self.given[thing] = name
        return self.given[thing]


@dataclass(frozen=True)
class Kept:
    """A value of the state before that a path uses after it has overwritten a field in it."""

    name: str
    domain: Domain[Any]
    value: str


CLAIM = 2
"""How tightly comparisons and negations bind, in the tables of `operators`."""


def operators(conjoined: str, disjoined: str, equals: str) -> Operators:
    """The operators of a language, with more brackets than it needs."""
    same = {word: (word, CLAIM) for word in ("!=", "<", ">=", "+", "-")}
    return {"or": (disjoined, 1), "and": (conjoined, 1), "not": ("!", CLAIM), "==": (equals, CLAIM), **same}


class Language(ABC):
    """Expressions, cells and assignments as text; subclasses give the syntax.

    `bits` is the size of its numbers, without the sign.
    """

    reserved: ClassVar[frozenset[str]]
    operators: ClassVar[Operators]
    bits: ClassVar[int]

    def __init__(self, machine: Machine, sizes: dict[str, int]) -> None:
        self.machine, self.shape, self.sizes = machine, machine.shape, sizes
        self.names = Names(self.reserved)
        for where, e, value in Intervals(machine, sizes).beyond(self.bits):
            raise CannotExport(too_large(where, e, value, self.bits))
        for name, f in self.shape.fields.items():
            self.names.of(f, name)
        for name, number in self.shape.bounds.items():
            self.names.of(number, name)

    # -- names -----------------------------------------------------------------------------------------------------

    def field(self, f: Field[Any, Any]) -> str:
        """The array of a field's cells."""
        return self.names.of(f, f.name)

    def var(self, var: Var) -> str:
        """A parameter, or a member that a quantifier ranges over."""
        return self.names.of(("var", var.name), var.name)

    def group(self, sort: type[Sort]) -> str:
        """The constant with the number of members of a sort."""
        return self.names.of(("group", sort), self.shape.scope_name[sort].upper())

    def member(self, value: Enum) -> str:
        """A value of an enum, by the enum's name and its own."""
        return self.names.of((type(value), value.name), f"{type(value).__name__}_{value.name}")

    def constants(self) -> Iterator[tuple[str, int, str]]:
        """The constants of the scope: name, value, and meaning."""
        for name, group in self.shape.members.items():
            yield self.group(group.sort), self.sizes[name], name
        for name, number in self.shape.bounds.items():
            yield self.names.of(number, name), self.sizes[name], number.doc

    def enums(self) -> list[type[Enum]]:
        """The enums that fields hold, in order."""
        held = [f.domain.base for f in self.shape.fields.values()]
        return list(dict.fromkeys(base for base in held if issubclass(base, Enum)))

    # -- expressions -----------------------------------------------------------------------------------------------

    def literal(self, value: Any) -> str:
        """A literal in this language."""
        if value is NOBODY:
            return "NOBODY"
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, Enum):
            return self.member(value)
        number = value.index if isinstance(value, Sort) else value
        return str(number) if number >= 0 else f"({number})"

    def text(self, e: Expr, bound: dict[str, str], least: int = 0) -> str:
        """The expression in this language; `bound` renames the members of quantifiers, `least` is as in `infix`."""

        def leaf(x: Leaf) -> str:
            match x:
                case Const(value):
                    return self.literal(value)
                case Var(name):
                    return bound.get(name) or self.var(x)
                case Size(number):
                    return self.names.of(number, number.name)
                case Read(f, keys):
                    return self.cell(f, [self.text(k, bound) for k in keys])
                case Quantified():
                    return f"({self.quantified(x, bound)})"
            raise TypeError(f"{x!r} has no text")

        return infix(e, self.operators, leaf, least)

    def size(self, sort: type[Sort]) -> int:
        """The number of members of a sort."""
        return self.shape.size(sort, self.sizes)

    def members(self, e: Quantified, bound: dict[str, str]) -> list[str]:
        """The body of a quantifier for each member."""
        every = [self.text(e.body, {**bound, e.var.name: str(n)}) for n in range(self.size(e.var.sort))]
        return [f"({one})" if " " in one else one for one in every]

    @abstractmethod
    def cell(self, f: Field[Any, Any], keys: Sequence[str]) -> str:
        """A cell of the state."""

    @abstractmethod
    def quantified(self, e: Quantified, bound: dict[str, str]) -> str:
        """`each`, `some` or `count` of the members of a sort."""

    # -- states ----------------------------------------------------------------------------------------------------

    def free_cells(self) -> list[Cell]:
        """The cells with any initial value."""
        free = [f for f in self.shape.fields.values() if f.start is ANY]
        return [(f, tuple(k.index for k in key)) for f in free for key in self.shape.keys(f, self.sizes)]

    def starts(self) -> Iterator[tuple[Any, ...]]:
        """Every choice of values for these cells, one for each initial state."""
        return product(*(self.shape.values(f, self.sizes) for f, _ in self.free_cells()))

    # -- actions and invariants --------------------------------------------------------------------------------------

    def paths(self) -> Iterator[tuple[Action, list[tuple[str, ActionPath]]]]:
        """Every action with its paths, each with a name; at most one path of an instance is enabled."""
        for action in self.machine.actions:
            several = len(action.lifted.paths) > 1
            labels = [f"{action.name}_{n}" if several else action.name for n, _ in enumerate(action.lifted.paths, 1)]
            named = [self.names.of(("path", label), label) for label in labels]
            yield action, list(zip(named, action.lifted.paths, strict=True))

    def arguments(self, params: Sequence[Var]) -> Iterator[tuple[int, ...]]:
        """Every choice of arguments, by number."""
        return product(*(range(self.shape.size(v.sort, self.sizes)) for v in params))

    def guard(self, path: ActionPath) -> list[str]:
        """The conditions of a path, in their order."""
        found = path.guard
        claims = found.claims if isinstance(found, And) else (found,)
        return [self.text(c, {}, CLAIM) for c in claims]

    def effects(self, path: ActionPath) -> tuple[list[Kept], list[tuple[str, str]]]:
        """The values that a path keeps from the state before, and its assignments in order."""
        kept: dict[Expr, Kept] = {}
        written: set[str] = set()
        puts = []
        for put in (cell for row in path.puts for cell in row.cells(self.size)):
            if not put.field.history:
                sorts = zip(put.keys, put.field.keys, strict=True)
                keys = [self._before(key, Domain(sort), {*written, put.field.name}, kept) for key, sort in sorts]
                value = self._before(put.value, put.field.domain, written, kept)
                puts.append((self.cell(put.field, keys), value))
                written.add(put.field.name)
        return list(kept.values()), puts

    def _before(self, e: Expr, domain: Domain[Any], written: set[str], kept: dict[Expr, Kept]) -> str:
        """The text of an expression about the state before: a kept value, if it reads a field that was written."""
        if not reads(e) & written:
            return self.text(e, {})
        if e not in kept:
            number = len(kept) + 1
            kept[e] = Kept(self.names.of(("kept", number), f"before_{number}"), domain, self.text(e, {}))
        return kept[e].name

    def judged(self) -> list[Claim]:
        """The invariants of states that use no history counter."""
        return [c for c in self.machine.invariants if not c.is_step and not history_read(c.expr)]

    def meaning(self, f: Field[Any, Any]) -> str:
        """The meaning of a field, with its name in the spec if that differs."""
        renamed = "" if self.field(f) == f.name else f"{f.name}: "
        return renamed + " ".join(f.doc.split())

    # -- what stands above -----------------------------------------------------------------------------------------

    def head(self) -> list[str]:
        """The header: what is exported, and what is left out."""
        scope = ", ".join(f"{name}={size}" for name, size in self.sizes.items())
        left = [c.name for c in self.machine.invariants if c not in self.judged()]
        out = [f"{self.machine.name} at {scope}. {' '.join(self.machine.doc.split())}"]
        out.append("Of the paths of an action with its arguments at most one is enabled: one path taken is one step.")
        if self.shape.histories:
            out.append(f"Left out, being no part of a state: the history counters {', '.join(self.shape.histories)}.")
        if left:
            out.append(f"Left out, because they are about steps or counters: the invariants {', '.join(left)}.")
        if self.machine.is_final:
            out.append(f"Left out: where a run may end ({self.machine.is_final.name}); look for no deadlocks.")
        return [line for text in out for line in wrap(text, 108)]


def title(action: Action | Claim) -> str:
    """The name of a spec function, its place, and its first sentence."""
    return " ".join(f"{action.name}, {where(action)}: {first_line(action.doc)}".split())


def where(written: Action | Claim) -> str:
    """File and line of a spec function; the path is relative to this project."""
    code = written.fn.__code__
    path = Path(code.co_filename)
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    return f"{name}:{code.co_firstlineno}"
