"""A model in prose, from its docstrings and its lifted paths: nothing here is typed twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

from spec.dsl import Action, Claim, Field, Machine
from spec.dsl.ir import Expr, Path, Put, Read, negate, reads, text


def first_line(doc: str) -> str:
    """The sentence a docstring begins with."""
    return doc.split("\n\n")[0].replace("\n", " ").strip()


def source(action: Action) -> str:
    """What an action cites: the deck, the kernel function, the contract that makes its guards visible."""
    return " ".join(part.replace("\n", " ").strip() for part in action.doc.split("\n\n")[1:])


def signature(action: Action) -> str:
    return f"{action.name}({', '.join(v.name for v in action.params)})"


AT_ONCE = "A step does all its updates at once: `old.` marks the value before the step of what the step changes."
"""How the lines of an action are to be read."""


Case = tuple[Expr, ...]
"""What all holds in one case of an action, beside what holds in every case."""


def action_lines(action: Action) -> Iterator[str]:
    """When an action is enabled and what it does: what it always does first, then what in some cases only."""
    always, cases = enabled(action)
    changed = frozenset(put.field for path in action.lifted.paths for put in path.puts)
    if always:
        yield f"when {', '.join(map(text, always))}"
    if () not in cases:
        yield f"{'provided' if always else 'when'} {_said(cases)}"
    for number, (some, puts) in enumerate(updates(action)):
        word = "  and" if number else "then at once"
        case = f", if {_said(some, changed)}:" if () not in some else ""
        yield f"{word}{case} {'; '.join(update(put, changed) for put in puts)}"


def enabled(action: Action) -> tuple[Case, list[Case]]:
    """What holds whenever an action is enabled, and cases of which one holds beside it; the empty one always does."""
    always, cases = _cases(action)
    return always, _joined(cases)


def updates(action: Action) -> list[tuple[list[Case], list[Put]]]:
    """The updates of an action, each with the cases in which it is done; those that are always done come first."""
    _, cases = _cases(action)
    done = [_last(path.puts) for path in action.lifted.paths]
    every = [put for puts in done for put in puts]
    found: dict[tuple[Case, ...], list[Put]] = {((),): []}
    for put in (put for n, put in enumerate(every) if put not in every[:n]):
        mine = [case for case, puts in zip(cases, done, strict=True) if put in puts]
        others = [case for case, puts in zip(cases, done, strict=True) if put not in puts]
        found.setdefault(tuple(_telling(mine, others)), []).append(put)
    return [(list(some), puts) for some, puts in found.items() if puts]


def _cases(action: Action) -> tuple[Case, list[Case]]:
    """What all paths of an action share, and what each has of its own."""
    every = [_conditions(path) for path in action.lifted.paths]
    always = tuple(g for g in every[0] if all(g in conditions for conditions in every))
    return always, [tuple(g for g in conditions if g not in always) for conditions in every]


def _telling(mine: Sequence[Case], others: Sequence[Case]) -> list[Case]:
    """What tells some cases of an action from the others, in as few words as may be."""
    shared = tuple(g for g in mine[0] if all(g in case for case in mine))
    if not _excludes(shared, others):
        return _joined(mine)
    for g in shared:
        fewer = tuple(x for x in shared if x != g)
        shared = fewer if _excludes(fewer, others) else shared
    return [shared]


def _excludes(case: Case, others: Sequence[Case]) -> bool:
    """Does each of the others contradict this?"""
    return all(any(negate(g) in other for g in case) for other in others)


def _joined(cases: Sequence[Case]) -> list[Case]:
    """The cases, with two taken as one where they differ in nothing but whether one condition holds."""
    known = list(dict.fromkeys(cases))
    for n, one in enumerate(known):
        for other in known[n + 1 :]:
            rest = tuple(g for g in one if g in other)
            mine, theirs = [g for g in one if g not in rest], [g for g in other if g not in rest]
            if len(mine) == 1 and theirs == [negate(mine[0])]:
                return _joined([rest if case is one else case for case in known if case is not other])
    return known


def _said(cases: Sequence[Case], changed: Collection[Field[Any, Any]] = ()) -> str:
    """Some cases in words."""
    return ", or ".join(" and ".join(text(as_it_was(g, changed), False) for g in case) for case in cases)


def _last(puts: Iterable[Put]) -> list[Put]:
    """What becomes of each cell in the end."""
    return list({(put.field, put.keys): put for put in puts}.values())


def _conditions(path: Path) -> list[Expr]:
    return list(dict.fromkeys(g.claim for g in (*path.branches, *path.givens)))


def update(put: Put, changed: Collection[Field[Any, Any]]) -> str:
    """One update as what becomes of a cell; `changed` are the fields that the same step changes."""
    keys = tuple(as_it_was(key, changed) for key in put.keys)
    return f"{text(Read(put.field, keys))} becomes {text(as_it_was(put.value, changed))}"


def as_it_was(e: Expr, changed: Collection[Field[Any, Any]]) -> Expr:
    """The expression, with what it reads of these fields marked as old."""
    inside = {f.name: _within(getattr(e, f.name), changed) for f in fields(e)}
    known = replace(e, **inside)
    return replace(known, when="old") if isinstance(known, Read) and known.field in changed else known


def _within(part: Any, changed: Collection[Field[Any, Any]]) -> Any:
    if isinstance(part, tuple):
        return tuple(_within(p, changed) for p in part)
    return as_it_was(part, changed) if isinstance(part, Expr) else part


def guards(action: Action) -> list[Expr]:
    """All that an action looks at before it acts."""
    return list(dict.fromkeys(g for path in action.lifted.paths for g in _conditions(path)))


Pair = tuple[Action, Claim, tuple[str, ...]]
"""A guard beside an invariant: whose it is, the invariant, and the fields that both read."""


def beside(machine: Machine) -> Iterator[Pair]:
    """Each invariant beside each action one guard of which reads all that the invariant speaks of.

    Such a guard may make the invariant true by its words alone; that its party can see so much is then worth a look.
    """
    for claim in machine.invariants:
        spoken = reads(claim.expr)
        for action in machine.actions if spoken else ():
            if any(spoken <= reads(g) for g in guards(action)):
                yield action, claim, _in_order(machine, spoken)


def touching(machine: Machine) -> Iterator[Pair]:
    """Each invariant beside each action that looks at any field it speaks of."""
    for claim in machine.invariants:
        for action in machine.actions:
            if both := reads(claim.expr) & {name for g in guards(action) for name in reads(g)}:
                yield action, claim, _in_order(machine, both)


def _in_order(machine: Machine, names: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in machine.shape.fields if name in names)
