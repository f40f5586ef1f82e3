# SPDX-License-Identifier: MIT
"""A model in prose, made from its docstrings and its lifted paths."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

from spec.dsl import Action, Claim, Field, Machine
from spec.dsl.ir import Expr, Path, Put, Read, negate, reads, text


def first_line(doc: str) -> str:
    """The first sentence of a docstring."""
    return doc.split("\n\n")[0].replace("\n", " ").strip()


def source(action: Action) -> str:
    """The sources that an action cites: slides, kernel functions, contracts."""
    return " ".join(part.replace("\n", " ").strip() for part in action.doc.split("\n\n")[1:])


def signature(action: Action) -> str:
    return f"{action.name}({', '.join(v.name for v in action.params)})"


AT_ONCE = "A step does all its updates at once: `old.` marks the value before the step of what the step changes."
"""How to read the lines of an action."""


Case = tuple[Expr, ...]
"""The conditions of one case of an action, without those of every case."""


def action_lines(action: Action) -> Iterator[str]:
    """When an action is enabled and what it does: first in every case, then in some cases only."""
    always, cases = enabled(action)
    changed = frozenset(put.field for path in action.lifted.paths for put in path.puts)
    if always:
        yield f"when {', '.join(map(text, always))}"
    if () not in cases:
        yield f"{'provided' if always else 'when'} {_cases_text(cases)}"
    for number, (some, puts) in enumerate(updates(action)):
        word = "  and" if number else "then at once"
        case = f", if {_cases_text(some, changed)}:" if () not in some else ""
        yield f"{word}{case} {'; '.join(update(put, changed) for put in puts)}"


def enabled(action: Action) -> tuple[Case, list[Case]]:
    """The conditions of every case of an action, and the cases; the empty case always holds."""
    always, cases = _cases(action)
    return always, _joined(cases)


def updates(action: Action) -> list[tuple[list[Case], list[Put]]]:
    """The updates of an action, each with its cases; the updates of every case come first."""
    _, cases = _cases(action)
    done = [_last(path.puts) for path in action.lifted.paths]
    every = [put for puts in done for put in puts]
    found: dict[tuple[Case, ...], list[Put]] = {((),): []}
    for put in (put for n, put in enumerate(every) if put not in every[:n]):
        mine = [case for case, puts in zip(cases, done, strict=True) if put in puts]
        others = [case for case, puts in zip(cases, done, strict=True) if put not in puts]
        found.setdefault(tuple(_distinguishing(mine, others)), []).append(put)
    return [(list(some), puts) for some, puts in found.items() if puts]


def _cases(action: Action) -> tuple[Case, list[Case]]:
    """The conditions that all paths of an action share, and the others of each path."""
    every = [_conditions(path) for path in action.lifted.paths]
    always = tuple(g for g in every[0] if all(g in conditions for conditions in every))
    return always, [tuple(g for g in conditions if g not in always) for conditions in every]


def _distinguishing(mine: Sequence[Case], others: Sequence[Case]) -> list[Case]:
    """A shortest description of some cases of an action that excludes the others."""
    shared = tuple(g for g in mine[0] if all(g in case for case in mine))
    if not _excludes(shared, others):
        return _joined(mine)
    for g in shared:
        fewer = tuple(x for x in shared if x != g)
        shared = fewer if _excludes(fewer, others) else shared
    return [shared]


def _excludes(case: Case, others: Sequence[Case]) -> bool:
    """True if the case contradicts each of the others."""
    return all(any(negate(g) in other for g in case) for other in others)


def _joined(cases: Sequence[Case]) -> list[Case]:
    """The cases, with two joined into one if they differ by the negation of one condition only."""
    known = list(dict.fromkeys(cases))
    for n, one in enumerate(known):
        for other in known[n + 1 :]:
            rest = tuple(g for g in one if g in other)
            mine, theirs = [g for g in one if g not in rest], [g for g in other if g not in rest]
            if len(mine) == 1 and theirs == [negate(mine[0])]:
                return _joined([rest if case is one else case for case in known if case is not other])
    return known


def _cases_text(cases: Sequence[Case], changed: Collection[Field[Any, Any]] = ()) -> str:
    """Cases as text."""
    return ", or ".join(" and ".join(text(as_it_was(g, changed), False) for g in case) for case in cases)


def _last(puts: Iterable[Put]) -> list[Put]:
    """The last assignment to each cell."""
    return list({(put.field, put.keys): put for put in puts}.values())


def _conditions(path: Path) -> list[Expr]:
    return list(dict.fromkeys(g.claim for g in (*path.branches, *path.givens)))


def update(put: Put, changed: Collection[Field[Any, Any]]) -> str:
    """One update as text; `changed` are the fields that the same step changes."""
    keys = tuple(as_it_was(key, changed) for key in put.keys)
    return f"{text(Read(put.field, keys))} becomes {text(as_it_was(put.value, changed))}"


def as_it_was(e: Expr, changed: Collection[Field[Any, Any]]) -> Expr:
    """The expression with reads of these fields marked as old."""
    inside = {f.name: _within(getattr(e, f.name), changed) for f in fields(e)}
    known = replace(e, **inside)
    return replace(known, when="old") if isinstance(known, Read) and known.field in changed else known


def _within(part: Any, changed: Collection[Field[Any, Any]]) -> Any:
    if isinstance(part, tuple):
        return tuple(_within(p, changed) for p in part)
    return as_it_was(part, changed) if isinstance(part, Expr) else part


def guards(action: Action) -> list[Expr]:
    """The guards and branches of an action."""
    return list(dict.fromkeys(g for path in action.lifted.paths for g in _conditions(path)))


Pair = tuple[Action, Claim, tuple[str, ...]]
"""An action and an invariant, with the fields that the guards of the one and the other read."""


def beside(machine: Machine) -> Iterator[Pair]:
    """Each invariant with each action that has a guard which reads all fields of the invariant.

    Such a guard may repeat the invariant, which would make the proof circular: check that its party can see this much.
    """
    for claim in machine.invariants:
        spoken = reads(claim.expr)
        for action in machine.actions if spoken else ():
            if any(spoken <= reads(g) for g in guards(action)):
                yield action, claim, _in_order(machine, spoken)


def touching(machine: Machine) -> Iterator[Pair]:
    """Each invariant with each action whose guards read any field of it."""
    for claim in machine.invariants:
        for action in machine.actions:
            if both := reads(claim.expr) & {name for g in guards(action) for name in reads(g)}:
                yield action, claim, _in_order(machine, both)


def _in_order(machine: Machine, names: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in machine.shape.fields if name in names)
