# SPDX-License-Identifier: MIT
"""A machine in Murphi, the language of rumur: one rule for each path of an action, in a ruleset of its arguments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Any

from checkers.core.intervals import WORD
from spec.dsl import Claim, Field, Machine, Sort, optional
from spec.dsl.ir import Bound, Domain, Quantified, Var
from spec.dsl.ir import Path as ActionPath

from .language import Cell, Language, operators, title

WORDS = """
alias array assert assume begin boolean by case clear const cover do else elsif end endalias endclear endcase
endexists endfor endforall endfunction endif endprocedure endrecord endrule endruleset endstartstate endswitch
endwhile enum error exists false for forall from function if in interleaved invariant ismember isundefined liveness
multiset multisetadd multisetcount multisetremove nobody of ohmurphi procedure process program property put real record
return rule ruleset scalarset startstate switch then to traceuntil true type undefine undefined union until var while
"""


def text(machine: Machine, sizes: dict[str, int], judging: bool = True) -> str:
    """The machine as a Murphi model, with its invariants of states if `judging`."""
    return "\n".join(Murphi(machine, sizes).lines(judging)) + "\n"


class Murphi(Language):
    """NOBODY is -1, sorts are numbers from 0, enums are enums."""

    reserved = frozenset(WORDS.split())
    operators = operators("&", "|", "=")
    bits = WORD

    def cell(self, f: Field[Any, Any], keys: Sequence[str]) -> str:
        return self.field(f) + "".join(f"[{key}]" for key in keys)

    def quantified(self, e: Quantified, bound: dict[str, str]) -> str:
        if e.word == "count":
            every = self.members(e, bound)
            return " + ".join(every if e.body.domain.base is int else [f"({claim} ? 1 : 0)" for claim in every])
        word = {"each": "forall", "some": "exists"}[e.word]
        return f"{word} {self.range(e.var)} do {self.text(e.body, bound)} end"

    # -- types -----------------------------------------------------------------------------------------------------

    def sort(self, sort: type[Sort]) -> str:
        """The type of a sort's members."""
        return self.names.of(sort, sort.__name__)

    def range(self, var: Var) -> str:
        """A parameter, or what a quantifier ranges over, with its type."""
        return f"{self.var(var)}: {self.sort(var.sort)}"

    def kind(self, domain: Domain[Any]) -> str:
        """The type of what a field holds."""
        if domain.base is bool:
            return "boolean"
        if domain.base is int:
            return f"{self.limit(domain.low)}..{self.limit(domain.high)}"
        if issubclass(domain.base, Enum):
            return self.names.of(domain.base, domain.base.__name__)
        name = self.sort(domain.base)
        return self.names.of(("optional", domain.base), f"{name}_or_nobody") if domain.optional else name

    def limit(self, number: int | Bound) -> str:
        """One end of a range of numbers."""
        return self.names.of(number, number.name) if isinstance(number, Bound) else str(number)

    # -- the model, part by part -----------------------------------------------------------------------------------

    def lines(self, judging: bool) -> Iterator[str]:
        """The whole model: what it is, numbers, types, cells, initial states, rules and invariants."""
        yield from (f"-- {line}" for line in self.head())
        yield from self.numbers()
        yield from self.types()
        yield from self.cells()
        yield from self.start()
        for action, paths in self.paths():
            yield f"\n-- {title(action)}"
            for name, path in paths:
                yield from self.within(map(self.range, action.params), list(self.rule(name, path)))
        for claim in self.judged() if judging else ():
            yield from self.invariant(claim)

    def numbers(self) -> Iterator[str]:
        """The sizes of the scope, by name."""
        yield "\nconst"
        for name, value, doc in self.constants():
            yield f"  {name}: {value};  -- {' '.join(doc.split())}"
        yield "  NOBODY: -1;"

    def types(self) -> Iterator[str]:
        """Sorts as ranges, enums as enums."""
        yield "\ntype"
        for group in self.shape.members.values():
            size, perhaps = self.group(group.sort), optional(group.sort)
            yield f"  {self.sort(group.sort)}: 0..{size} - 1;"
            if any(f.domain == perhaps for f in self.shape.fields.values()):
                yield f"  {self.kind(perhaps)}: NOBODY..{size} - 1;"
        for enum in self.enums():
            yield f"  {self.kind(Domain(enum))}: enum {{ {', '.join(map(self.member, enum))} }};"

    def cells(self) -> Iterator[str]:
        """The state."""
        yield "\nvar"
        for f in self.shape.fields.values():
            arrays = "".join(f"array [{self.sort(sort)}] of " for sort in f.keys)
            yield f"  {self.field(f)}: {arrays}{self.kind(f.domain)};  -- {self.meaning(f)}"

    def start(self) -> Iterator[str]:
        """The initial states: a ruleset over the cells with any initial value."""
        yield ""
        free = self.free_cells()
        body = ["startstate", "begin"]
        body += [self.filled(f) for f in self.shape.fields.values() if not any(f is other for other, _ in free)]
        body += [f"  {self.cell(f, [str(k) for k in keys])} := {self.choice((f, keys))};" for f, keys in free]
        choices = [f"{self.choice(cell)}: {self.kind(cell[0].domain)}" for cell in free]
        yield from self.within(choices, [*body, "end;"])

    def choice(self, cell: Cell) -> str:
        """The ruleset parameter for a cell with any initial value."""
        f, keys = cell
        return self.names.of(("start", *cell), "_".join([f.name, *map(str, keys)]))

    def filled(self, f: Field[Any, Any]) -> str:
        """The assignment of the initial value to every cell of a field."""
        keys = [self.names.of(("key", n), f"key_{n}") for n, _ in enumerate(f.keys, 1)]
        loops = "".join(f"for {key}: {self.sort(sort)} do " for key, sort in zip(keys, f.keys, strict=True))
        return f"  {loops}{self.cell(f, keys)} := {self.literal(f.start)}; {'end; ' * len(keys)}".rstrip()

    def rule(self, name: str, path: ActionPath) -> Iterator[str]:
        """One path: guards, kept values, and the assignments in order."""
        kept, puts = self.effects(path)
        yield f'rule "{name}"'
        yield "  " + " &\n  ".join(self.guard(path))
        yield "==>"
        yield from (f"var {k.name}: {self.kind(k.domain)};" for k in kept)
        yield "begin"
        yield from (f"  {k.name} := {k.value};" for k in kept)
        yield from (f"  {cell} := {value};" for cell, value in puts)
        yield "end;"

    def invariant(self, claim: Claim) -> Iterator[str]:
        """An invariant about one state, for all its arguments."""
        yield f"\n-- {title(claim)}"
        yield f'invariant "{claim.name}"'
        every = [f"forall {self.range(v)} do" for v in claim.params]
        yield f"  {' '.join([*every, self.text(claim.expr, {}), *('end' for _ in every)])};"

    def within(self, ranges: Iterable[str], lines: list[str]) -> Iterator[str]:
        """The lines in a ruleset over these ranges, if there are any."""
        listed = "; ".join(ranges)
        if not listed:
            yield from lines
            return
        yield f"ruleset {listed} do"
        yield from ("  " + line.replace("\n", "\n  ") for line in lines)
        yield "end;"
