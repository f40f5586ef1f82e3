# SPDX-License-Identifier: MIT
"""A machine in Promela, the language of spin: one d_step for each path of an action with its arguments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

from checkers.core.intervals import INT
from checkers.core.wording import counted
from spec.dsl import Field, Machine
from spec.dsl.ir import Path as ActionPath
from spec.dsl.ir import Quantified, Var

from .language import CannotExport, Language, operators, title

WORDS = """
active always assert atomic bit bool break byte chan d_step d_proctype do else empty enabled end eval eventually
false fi for full get_priority goto hidden if implies in init inline int len local ltl mtype nempty never nfull np_
od of pc_value pid print printf printm priority proctype provided release return run select set_priority short show
skip timeout trace notrace true typedef unless unsigned until weakuntil stronguntil xr xs next equivalent
c_code c_decl c_expr c_state c_track accept progress machine nobody linux unix i386 now this
auto case char const continue default double enum extern float long register restrict signed sizeof static struct
switch typeof asm union void volatile while uchar ushort uint ulong main
"""
MOST_STARTS = 4096
"""The most initial states: Promela has no choice of values without a step, so each is a line of text."""


def text(machine: Machine, sizes: dict[str, int], judging: bool = True) -> str:
    """The machine as a Promela model, with its invariants of states if `judging`."""
    return "\n".join(Promela(machine, sizes).lines(judging)) + "\n"


def surplus(machine: Machine, sizes: dict[str, int]) -> tuple[int, int]:
    """The numbers of states and transitions that spin counts in addition to those of the machine.

    It counts one transition for the root. A choice of initial states adds the state before it, and one transition for
    each choice.
    """
    starts = _starts(Promela(machine, sizes))
    return (1, 1 + starts) if starts else (0, 1)


def _starts(model: Promela) -> int:
    """The number of initial states to choose from; 0 if there is no choice."""
    free = model.free_cells()
    return prod(len(model.shape.values(f, model.sizes)) for f, _ in free) if free else 0


class Promela(Language):
    """NOBODY is 255, enums are numbered from 0, and an array with several keys is one long array."""

    reserved = frozenset(WORDS.split())
    operators = operators("&&", "||", "==")
    bits = INT

    def cell(self, f: Field[Any, Any], keys: Sequence[str]) -> str:
        if not keys:
            return self.field(f)
        index = keys[0]
        for sort, key in zip(f.keys[1:], keys[1:], strict=True):
            index = f"{f'({index})' if ' ' in index else index}*{self.group(sort)} + {key}"
        return f"{self.field(f)}[{index}]"

    def quantified(self, e: Quantified, bound: dict[str, str]) -> str:
        return {"each": " && ", "some": " || ", "count": " + "}[e.word].join(self.members(e, bound))

    # -- the model, part by part -----------------------------------------------------------------------------------

    def lines(self, judging: bool) -> Iterator[str]:
        """The whole model: what it is, numbers, cells, actions, invariants, and the process that takes steps."""
        yield "/*"
        yield from (f" * {_quoted(line)}" for line in self.head())
        yield " */"
        yield from self.numbers()
        yield ""
        yield from self.cells()
        for action, paths in self.paths():
            yield f"\n/* {_quoted(title(action))} */"
            for name, path in paths:
                yield from self.step(name, action.params, path)
        if judging:
            yield from self.invariants()
        yield from self.process(judging)

    def numbers(self) -> Iterator[str]:
        """The sizes of the scope and the members of enums, by name."""
        for name, value, doc in self.constants():
            yield f"#define {name} {value}  /* {_quoted(doc)} */"
        yield "#define NOBODY 255"
        for enum in self.enums():
            yield ""
            yield from (f"#define {self.member(value)} {n}" for n, value in enumerate(enum))

    def cells(self) -> Iterator[str]:
        """The state; fields with any initial value are set by the first step."""
        for f in self.shape.fields.values():
            size = f"[{'*'.join(map(self.group, f.keys))}]" if f.keys else ""
            start = "" if any(f is free for free, _ in self.free_cells()) else f" = {self.literal(f.start)}"
            yield f"{self.kind(f)} {self.field(f)}{size}{start};  /* {_quoted(self.meaning(f))} */"
        kept = {k.name: None for _, paths in self.paths() for _, path in paths for k in self.effects(path)[0]}
        yield from (f"hidden int {name};  /* used within one step, no part of the state */" for name in kept)

    def kind(self, f: Field[Any, Any]) -> str:
        """The smallest type that holds a field's values."""
        if f.domain.base is int:
            numbers = self.shape.values(f, self.sizes)
            return "byte" if numbers[0] >= 0 and numbers[-1] <= 255 else "int"
        return "bool" if f.domain.base is bool else "byte"

    def step(self, name: str, params: tuple[Var, ...], path: ActionPath) -> Iterator[str]:
        """One path as one step: guards, kept values, and the assignments in order."""
        kept, puts = self.effects(path)
        yield f"inline {name}({', '.join(map(self.var, params))}) {{"
        yield "  d_step {"
        yield "    " + " &&\n    ".join(self.guard(path)) + " ->"
        done = [f"{k.name} = {k.value}" for k in kept] + [f"{cell} = {value}" for cell, value in puts]
        yield "    " + ";\n    ".join(done or ["skip"])
        yield "  }"
        yield "}"

    def invariants(self) -> Iterator[str]:
        """The invariants about states, as macros of their arguments."""
        for claim in self.judged():
            name = self.names.of(("invariant", claim.name), claim.name)
            params = ", ".join(map(self.var, claim.params))
            yield f"\n/* {_quoted(title(claim))} */"
            yield f"#define {name}({params}) ({self.text(claim.expr, {})})"

    def process(self, judging: bool) -> Iterator[str]:
        """The process: it chooses an initial state, and then takes steps."""
        yield "\nactive proctype machine() {"
        yield from self.choice()
        yield "end:"
        yield "  do"
        for action, paths in self.paths():
            for name, _ in paths:
                yield from (f"  :: {call}" for call in self.calls(name, action.params))
        for claim in self.judged() if judging else ():
            calls = self.calls(self.names.of(("invariant", claim.name), claim.name), claim.params)
            yield from (f"  :: d_step {{ !{call} -> assert({call}) }}" for call in calls)
        yield "  od"
        yield "}"

    def calls(self, name: str, params: tuple[Var, ...]) -> Iterator[str]:
        """The name with every choice of arguments."""
        return (f"{name}({', '.join(map(str, args))})" for args in self.arguments(params))

    def choice(self) -> Iterator[str]:
        """The first step, if fields have any initial value: one branch for each initial state."""
        starts = _starts(self)
        if starts > MOST_STARTS:
            raise CannotExport(
                f"{self.machine.name} has {starts:,} initial states in this scope; Promela lists each, and more than "
                f"{MOST_STARTS:,} are too many; take a smaller scope, or --to murphi"
            )
        if starts:
            steps = counted(starts, "transition")
            yield f"  /* spin counts one state more, the one before this choice, and {steps} more */"
            yield "  if"
            yield from (f"  :: d_step {{ {'; '.join(self.chosen(values))} }}" for values in self.starts())
            yield "  fi;"

    def chosen(self, values: tuple[Any, ...]) -> Iterator[str]:
        """The assignments that make one choice of an initial state."""
        for (f, keys), value in zip(self.free_cells(), values, strict=True):
            yield f"{self.cell(f, [str(k) for k in keys])} = {self.literal(value)}"


def _quoted(words: str) -> str:
    """Text that cannot end a comment."""
    return " ".join(words.replace("*/", "* /").replace("/*", "/ *").split())
