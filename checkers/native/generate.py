# SPDX-License-Identifier: MIT
"""A machine in a scope as C: cells, counts, a function for each action and claim, and tables of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

from checkers.core.intervals import INT, WORD, Intervals, fits, too_large
from checkers.core.symmetry import Symmetry
from spec.dsl import Action, Claim, SpecError, World
from spec.dsl.ir import Const, Expr, Read, Var, looks_elsewhere, one_key, walk
from spec.dsl.ir import Path as ActionPath

from .actions import Guards, function
from .build import CannotCompile
from .counts import Count, Counts
from .layout import Layout
from .text import Place, Text, comment, name

MOST_ARGS = 6
"""The most arguments of an action, and slots of a count (see engine.h)."""

MOST_COUNTED = 1 << 15
"""Tables keep counts below this (see tables.h); larger ones are evaluated."""

MOST_VALUES = {"uint8_t": 1 << 8, "uint16_t": 1 << 16}
"""The values that a constant array of each type can hold are below these."""


@dataclass(frozen=True)
class Asked:
    """A claim with its number in C; it is found if an invariant is false, or a witness true."""

    number: int
    claim: Claim
    is_invariant: bool


class Model:
    """The generated C text, and what Python needs to read the results."""

    def __init__(self, world: World, symmetry: Symmetry, stages: int = 0) -> None:
        self.world, self.machine, self.symmetry = world, world.machine, symmetry
        self.layout = Layout(world.machine, world.sizes, stages)
        self.counts = Counts(self.layout)
        self.text = Text(self.layout, self.counts)
        for where, e, value in self.text.intervals.beyond(WORD):
            raise SpecError(too_large(where, e, value, WORD))
        self.guards = Guards()
        self.asked = list(self._claims())
        self._learn_counts()
        self.kept = self.counts.number_all()

    def _claims(self) -> Iterator[Asked]:
        """The invariants, and the witnesses of one stage that fit the scope."""
        fit = [w.stages[0] for w in self.machine.witnesses if len(w.stages) == 1 and w.fits(self.world.sizes)]
        for number, claim in enumerate((*self.machine.invariants, *fit)):
            yield Asked(number, claim, number < len(self.machine.invariants))

    def _intervals(self) -> Iterator[Intervals]:
        """The numbers that expressions of the machine may be."""
        yield self.text.intervals

    def initial(self) -> list[bytes]:
        """The codes of the initial states."""
        return self.world.initial()

    def _learn_counts(self) -> None:
        """Collect every count, and the precision in which the tables need it."""
        final = [self.machine.is_final] if self.machine.is_final else []
        claims = [*(a.claim for a in self.asked), *final]
        acted = list(self._acted())
        for e in (*(c.expr for c in claims), *acted):
            list(self.counts.uses(e))
        for e in acted:
            self.counts.demand(e)
        for asked in self.asked:
            if self.is_told_locally(asked.claim):
                self.counts.demand(asked.claim.expr)

    def _acted(self) -> Iterator[Expr]:
        """The expressions by which actions depend on counts."""
        yield from (e for action in self.machine.actions for e in expressions_of(action))

    # -- what one page's record decides ------------------------------------------------------------------------------

    @cached_property
    def is_tabled(self) -> bool:
        """True if every action is a step of at most one page, decided by its record, counts, pools and devices."""
        first, shape = self.layout.first, self.machine.shape
        names_page = any(f.domain.base is first or first in f.keys[1:] for f in shape.fields.values())
        slots = max((len(c.slots) for c in self.counts.all()), default=0)
        small = max(map(self.counts.most, self.counts.all()), default=0) < MOST_COUNTED
        one_pages = all(map(self._is_one_pages, self.machine.actions))
        return not names_page and slots <= MOST_ARGS and small and one_pages

    def _is_one_pages(self, action: Action) -> bool:
        first = self.layout.first
        if sum(v.sort is first for v in action.params) > 1 or len(action.params) > MOST_ARGS:
            return False
        every = list(expressions_of(action))
        keys = [k for path in action.lifted.paths for p in path.puts for k in p.keys[:1] if k.domain.base is first]
        plain = all(isinstance(k, Var) for k in keys)
        return plain and not looks_elsewhere(self.machine, every) and all(map(self._is_countable, every))

    def _is_countable(self, e: Expr) -> bool:
        names_page = any(isinstance(x, Const) and isinstance(x.value, self.layout.first) for x in walk(e))
        return not names_page and self.counts.countable(e)

    def writes_rest(self, action: Action) -> bool:
        """True if the action assigns to a cell of no page."""
        puts = [p for path in action.lifted.paths for p in path.puts if not p.field.history]
        return any(not self.layout.is_paged(p.field) for p in puts)

    @cached_property
    def counts_rest(self) -> bool:
        """True if the contribution of a page to a count depends on pools and devices."""
        return any(c.reads_rest for c in self.counts.all())

    @cached_property
    def moves_rest(self) -> bool:
        """True if a step of a page may change pools or devices."""
        return any(self.is_paged(a) and self.writes_rest(a) for a in self.machine.actions)

    def is_paged(self, action: Action | Claim) -> bool:
        return any(v.sort is self.layout.first for v in action.params)

    def is_told_locally(self, claim: Claim) -> bool:
        """True if the claim is decided by the record of at most one page, counts, pools and devices."""
        pages = [v for v in claim.params if v.sort is self.layout.first]
        e = claim.expr
        if len(pages) > 1 or looks_elsewhere(self.machine, [e]) or not self._is_countable(e):
            return False
        uses = list(self.counts.uses(e))
        if claim.is_step and any(u.count.reads_rest and u.when == "after" for u in uses):
            return False
        return not (claim.is_step and pages) or not (uses or self._sees_other_steps(e))

    def _sees_other_steps(self, e: Expr) -> bool:
        """True if a claim about a page may depend on the step of another page."""
        reads = [x.field for x in walk(e) if isinstance(x, Read) and not self.layout.is_paged(x.field)]
        return any(f.history for f in reads) or (self.moves_rest and bool(reads))

    # -- the file ----------------------------------------------------------------------------------------------------

    def source(self) -> str:
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield comment(f"{self.machine.name} in the scope {self.world.sizes}: made from the spec, not to be edited.")
        yield "#include <stdint.h>"
        yield f"typedef {self._grown()} GROWN;"
        yield from self._sizes()
        yield from self._packing()
        yield '#include "model_shared.c"'
        for count in self.counts.all():
            yield from self._count(count)
        for action in self.machine.actions:
            yield "\n" + comment(f"{action.name}({', '.join(v.name for v in action.params)}): {_place(action.fn)}")
            yield from function(action, self.text, self.guards)
        for asked in {a.claim.name: a for a in self.asked}.values():
            yield from self._claim(asked.claim, "invariant" if asked.is_invariant else "witness")
        if self.machine.is_final:
            yield from self._claim(self.machine.is_final, "where a run may end", "final")
        yield from self._judge()
        yield "#ifdef EVALUATED"
        yield from self._expand()
        yield "#else"
        yield from self._take()
        yield "#endif"
        yield from self._tables()
        yield from self._model()

    def _sizes(self) -> Iterator[str]:
        lay = self.layout
        pad = sum(s for f in self.machine.shape.fields.values() for s in lay.strides(f)[1]) + 8
        spread = sum((1 << width) - 1 << 8 * n for n, width in enumerate(lay.widths[: min(lay.record, 8)]))
        values: dict[str, int] = dict(
            PAGES=lay.pages, RECORD=lay.record, CELLS=lay.cells, WORDS=lay.words, PAD=pad + -pad % 8,
            HISTORIES=lay.histories[""], VALUES=1 << max(lay.widths, default=0),
            RECORD_BITS=lay.record_bits, PAGES_A_WORD=lay.pages_a_word, RECORD_SPREAD=spread,
            SORTS_PAGES=self.symmetry.sorts_pages, MOVES=len(self.symmetry.moves), SITES=len(self._sites()),
        )  # fmt: skip
        yield from (f"#define {key} {int(value)}{'ull' * (value >= 1 << 31)}" for key, value in values.items())

    def _grown(self) -> str:
        """The C type for the growth of a history counter in a step."""
        most = max((n for known in self._intervals() for n in known.growth.values()), default=0)
        return "int32_t" if fits((0, most), INT) else "int64_t"

    def _sites(self) -> list[str]:
        for action in self.machine.actions:
            for path in (*action.lifted.paths, *action.lifted.refusals):
                for given in (*path.conditions, *([path.refused_by] if path.refused_by else [])):
                    if not given.is_branch:
                        self.guards.number(given)
        return list(self.guards.numbers)

    def _count(self, count: Count) -> Iterator[str]:
        """The contribution of one page to a count, and the count: from the tables, or over all pages."""
        values = [f"v{n}" for n in range(len(count.slots))]
        body = self.text.of(count.body, Place({"": "s", "before": "s", "after": "s"}, counted=count.page))
        yield "\n" + comment(f"pages: {count.comment}")
        yield f"static inline int member_{count.number}(const S *s, const uint8_t *r, int self, const int *v)"
        yield f"{{\n\treturn {body};\n}}"
        yield f"static inline int count_{count.number}(const S *s{''.join(f', int {v}' for v in values)})"
        yield f"{{\n\tconst int v[] = {{ {', '.join(values) or '0'} }};"
        index = "0"
        for value, slot in zip(values, count.slots, strict=True):
            codes = self.counts.codes(slot)
            if slot.base is not self.layout.first:
                index = f"({index}) * {len(codes)} + ({value} - {codes[0]})"
        yield f"\tif (s->counts)\n\t\treturn s->counts[{count.base} + {index}]"
        yield f"\t\t\t- member_{count.number}(s, s->was, OTHER, v) + member_{count.number}(s, PAGE(s, 1), 1, v);"
        yield "\tint n = 0;\n\tfor (int self = 1; self <= PAGES; self++)"
        yield f"\t\tn += member_{count.number}(s, PAGE(s, self), self, v);\n\treturn n;\n}}"

    def _claim(self, claim: Claim, kind: str, prefix: str = "claim") -> Iterator[str]:
        states = {"before": "s", "after": "t"} if claim.is_step else {"": "s"}
        params = "".join(f", int {name(v.name)}" for v in claim.params)
        yield "\n" + comment(f"{kind} {claim.sentence()}: {_place(claim.fn)}")
        yield f"static inline int {prefix}_{claim.name}(const S *s, const S *t{params})"
        yield f"{{\n\treturn {self.text.of(claim.expr, Place(states))};\n}}"

    def _take(self) -> Iterator[str]:
        yield "\nstatic int take(int action, const S *s, S *t, const int *v)\n{"
        yield "\tstruct heard now = { 0 }, *h = &now;\n\tint taken = WRONG;\n\tswitch (action) {"
        for number, action in enumerate(self.machine.actions):
            args = "".join(f", v[{n}]" for n in range(len(action.params)))
            yield f"\tcase {number}: taken = act_{action.name}(s, t, h{args}); break;"
        yield "\t}\n\thear(&now);\n\treturn taken;\n}"

    def _judge(self) -> Iterator[str]:
        """The claims that are found: violated invariants, reached witnesses."""
        yield "\nstatic claims_t judge(claims_t asked, const S *s, const S *t, int pages)\n{\n\tclaims_t hit = 0;"
        for asked in self.asked:
            yield f"\tif (asked >> {asked.number} & 1) {{"
            args = "".join(f", {name(v.name)}" for v in asked.claim.params)
            loops = "".join(f"{self._loop(v)} " for v in asked.claim.params)
            told = f"{'!' if asked.is_invariant else ''}claim_{asked.claim.name}(s, t{args})"
            yield f"\t\t{loops}if ({told}) {{ hit |= (claims_t)1 << {asked.number}; goto done_{asked.number}; }}"
            yield f"\t\tdone_{asked.number}:;\n\t}}"
        yield "\treturn hit;\n}"

    def _loop(self, v: Var) -> str:
        most = "pages" if v.sort is self.layout.first else str(self.layout.size(v.sort))
        return f"for (int {name(v.name)} = 1; {name(v.name)} <= {most}; {name(v.name)}++)"

    def _expand(self) -> Iterator[str]:
        """Every action with every argument, on evaluated states."""
        yield "\nstatic int expand(const S *s, struct successors *out)\n{\n\tS t;\n\tint pages = PAGES, ok;"
        yield "\tstruct heard now = { 0 }, *h = &now;"
        for number, action in enumerate(self.machine.actions):
            args = "".join(f", {name(v.name)}" for v in action.params)
            paged = [name(v.name) for v in action.params if v.sort is self.layout.first]
            skip = f"if (repeats(out, {paged[0]})) continue; " if len(paged) == 1 else ""
            yield f"\t{''.join(f'{self._loop(v)} {{ ' for v in action.params)}{skip}"
            yield f"\t\tok = act_{action.name}(s, &t, h{args});"
            yield f"\t\tif (ok < 0) return WRONG;\n\t\tif (ok) {{ WATCH(s, &t); successor(out, {number}, s, &t); }}"
            yield f"\t{'} ' * len(action.params)}"
        yield "\thear(&now);\n\treturn 0;\n}"

    # -- the tables --------------------------------------------------------------------------------------------------

    def _packing(self) -> Iterator[str]:
        lay, moves = self.layout, self.symmetry.moves
        yield array_of("uint16_t", "word_of", lay.words_of)
        yield array_of("uint8_t", "shift_of", lay.shifts)
        yield array_of("uint8_t", "width_of", lay.widths)
        yield array_of("uint8_t", "initial", [byte for code in self.initial() for byte in code])
        yield array_of("uint16_t", "comes_from", [at for m in moves for at in m.source])
        yield array_of(
            "uint8_t", "becomes", [b for m in moves for t in m.tables for b in t[: 1 << max(lay.widths, default=0)]]
        )

    def _tables(self) -> Iterator[str]:
        lanes, rows = list[str](), list[str]()
        for count in self.counts.all():
            thresholds = self.counts.thresholds(count)
            for choice in self.counts.choices(count):
                values = ", ".join(map(str, choice)) or "0"
                rows.append(f"{{ {count.number}, {{ {values} }}, {len(lanes)}, {len(thresholds)} }}")
                lanes += [f"{{ {len(rows) - 1}, {at} }}" for at in thresholds]
        yield _rows("struct count", "count", rows)
        yield _rows("struct lane", "lane", lanes)
        instances = [self._instance(n, a, args) for n, a in enumerate(self.machine.actions) for args in self._args(a)]
        for number, (_, reads, counts) in enumerate(instances):
            yield array_of("uint16_t", f"reads_{number}", reads)
            yield array_of("uint16_t", f"counts_{number}", counts)
        yield _rows("struct instance", "instance", [
            f"{{ {head}, reads_{n}, {len(reads)}, counts_{n}, {len(counts)} }}"
            for n, (head, reads, counts) in enumerate(instances)
        ])  # fmt: skip
        yield "static int member(int count, const S *s, const int *v)\n{\n\tswitch (count) {"
        for count in self.counts.all():
            yield f"\tcase {count.number}: return member_{count.number}(s, PAGE(s, 1), OTHER, v);"
        yield "\t}\n\treturn 0;\n}"

    def _args(self, action: Action) -> Iterable[tuple[int, ...]]:
        """The choices of arguments; page 1 stands for any page."""
        first = self.layout.first
        return product(*(range(1, 2 if v.sort is first else self.layout.size(v.sort) + 1) for v in action.params))

    def _instance(self, number: int, action: Action, args: tuple[int, ...]) -> tuple[str, list[int], list[int]]:
        known = {v.name: n for v, n in zip(action.params, args, strict=True)}
        paged, writes = int(self.is_paged(action)), int(self.writes_rest(action))
        reads = sorted({at for e in expressions_of(action) for at in self._cells_read(e, known)})
        counts = sorted({n for e in expressions_of(action) for n in self._counts_used(e, known)})
        values = ", ".join(map(str, args)) or "0"
        at = next((n for n, v in enumerate(action.params) if v.sort is self.layout.first), 0)
        return f"{number}, {len(args)}, {paged}, {writes}, {at}, {{ {values} }}", reads, counts

    def _cells_read(self, e: Expr, known: dict[str, int]) -> Iterator[int]:
        """The cells of pools and devices that an expression may read, numbered from the first one."""
        before = self.layout.pages * self.layout.record
        for x in walk(e):
            if isinstance(x, Read) and not x.field.history and not self.layout.is_paged(x.field):
                choices = [self._members(k, known) for k in x.keys]
                for key in product(*choices):
                    made = tuple(sort(n - 1) for sort, n in zip(x.field.keys, key, strict=True))
                    yield self.layout.offsets[x.field.name][one_key(made)] - before

    def _members(self, key: Expr, known: dict[str, int]) -> Iterable[int]:
        if isinstance(key, Var) and key.name in known:
            return (known[key.name],)
        return range(1, self.layout.size(key.domain.base) + 1)

    def _counts_used(self, e: Expr, known: dict[str, int]) -> Iterator[int]:
        """The numbers of the counts that an expression may use."""
        for use in self.counts.uses(e):
            values = [self._values(v, slot, known) for v, slot in zip(use.values, use.count.slots, strict=True)]
            for n, choice in enumerate(self.counts.choices(use.count)):
                if all(value in fits for value, fits in zip(choice, values, strict=True)):
                    yield use.count.base + n

    def _values(self, e: Expr, slot: Any, known: dict[str, int]) -> Iterable[int]:
        if isinstance(e, Var) and e.name in known and e.sort is not self.layout.first:
            return (known[e.name],)
        return self.counts.codes(slot)

    def _model(self) -> Iterator[str]:
        masks = {key: self._mask(value) for key, value in self._classes().items()}
        numbers: dict[str, object] = dict(
            actions=len(self.machine.actions), claims=len(self.asked), initials=len(self.initial()),
            counts=self.kept, most=max(map(self.counts.most, self.counts.all()), default=0),
            lanes=sum(len(self.counts.thresholds(c)) * len(self.counts.choices(c))
                                        for c in self.counts.all()),
            instances=sum(len(list(self._args(a))) for a in self.machine.actions),
            steps=len(self.world.instances),
            rest_counts=int(self.counts_rest), moves_rest=int(self.moves_rest),
        )  # fmt: skip
        final = f"return final_{self.machine.is_final.name}(s, s)" if self.machine.is_final else "return 0"
        yield f"static int is_final(const S *s)\n{{\n\t{final};\n}}"
        fields = [f".{key} = {value}" for key, value in (numbers | masks).items()]
        yield f"const struct model model = {{ MODEL_PARTS,\n\t{', '.join(fields)} }};"

    def _classes(self) -> dict[str, list[Asked]]:
        """Masks of the claims by what they depend on."""
        told = [a for a in self.asked if self.is_told_locally(a.claim)]
        steps = [a for a in told if a.claim.is_step]
        return dict(
            every_step=[a for a in self.asked if a.claim.is_step],
            of_row=[a for a in told if not a.claim.is_step and not self.is_paged(a.claim)],
            of_page=[a for a in told if not a.claim.is_step and self.is_paged(a.claim)],
            of_pages_step=[a for a in steps if self.is_paged(a.claim)],
            of_step=[a for a in steps if not self.is_paged(a.claim)],
            untold=[a for a in self.asked if a not in told],
        )

    def _mask(self, asked: list[Asked]) -> str:
        bits = sum(1 << a.number for a in asked)
        return f"(claims_t){bits >> 64}ull << 64 | {bits & (1 << 64) - 1}ull"


def expressions_of(action: Action) -> Iterator[Expr]:
    """Every expression of an action."""
    paths: tuple[ActionPath, ...] = (*action.lifted.paths, *action.lifted.refusals)
    for path in paths:
        yield from (c.claim for c in path.conditions)
        for put in path.puts:
            yield from (*put.keys, put.value)


def _place(fn: Any) -> str:
    """File and line of a spec function, without the folders that only this machine has."""
    return f"{Path(fn.__code__.co_filename).name}:{fn.__code__.co_firstlineno}"


def array_of(kind: str, what: str, values: Iterable[int]) -> str:
    """A constant array in C; raises CannotCompile if a value does not fit its type: it would be cut."""
    listed = list(values)
    if listed and max(listed) >= MOST_VALUES[kind]:
        raise CannotCompile(
            f"{what} has a value of {max(listed)}, more than the C search can hold: a smaller scope may"
        )
    return f"static const {kind} {what}[] = {{ {', '.join(map(str, listed)) or '0'} }};"


def _rows(kind: str, what: str, rows: list[str]) -> str:
    return f"static const {kind} {what}[] = {{\n\t" + ",\n\t".join(rows or ["{ 0 }"]) + "\n};"
