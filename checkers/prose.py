"""A model in prose, from its docstrings and its lifted paths: nothing here is typed twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import fields, replace
from typing import Any

from spec.dsl import Action, Claim, Machine
from spec.dsl.expr import Expr, Read, text
from spec.dsl.lift import Path
from spec.dsl.machine import reads
from spec.dsl.state import Field
from spec.dsl.symbolic import Put


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


def action_lines(action: Action) -> Iterator[str]:
    """When an action is enabled and what it does: what all its paths share first, then path by path."""
    paths = action.lifted.paths
    changed = frozenset(put.field for path in paths for put in path.puts)
    shared = [g for g in _conditions(paths[0]) if all(g in _conditions(p) for p in paths)]
    common = [put for put in paths[0].puts if all(put in p.puts for p in paths)]
    if shared:
        yield f"when {', '.join(map(text, shared))}"
    if common:
        yield f"then at once {_updates(common, changed)}"
    ways: dict[str, list[str]] = {}
    for path in paths if len(paths) > 1 else ():
        rest = [g for g in _conditions(path) if g not in shared]
        own = _updates([put for put in path.puts if put not in common], changed)
        told = " and ".join(text(as_it_was(g, changed) if own else g, False) for g in rest)
        ways.setdefault(own, []).append(told)
    for own, whens in ways.items():
        if own:
            yield f"  {'and' if common else 'at once'}, if {', or '.join(whens)}: {own}"
        elif len(ways) == 1:
            yield f"  provided {', or '.join(whens)}"


def _conditions(path: Path) -> list[Expr]:
    return list(dict.fromkeys(g.claim for g in (*path.branches, *path.givens)))


def _updates(puts: Iterable[Put], changed: Collection[Field[Any, Any]]) -> str:
    return "; ".join(dict.fromkeys(update(put, changed) for put in puts))


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
"""A guard beside a promise: whose it is, the promise, and the fields that both read."""


def beside(machine: Machine) -> Iterator[Pair]:
    """Each promise beside each action one guard of which reads all that the promise speaks of.

    Such a guard may make the promise true by its words alone; that its party can see so much is then worth a look.
    """
    for claim in machine.promises:
        spoken = reads(claim.expr)
        for action in machine.actions if spoken else ():
            if any(spoken <= reads(g) for g in guards(action)):
                yield action, claim, _in_order(machine, spoken)


def touching(machine: Machine) -> Iterator[Pair]:
    """Each promise beside each action that looks at any field it speaks of."""
    for claim in machine.promises:
        for action in machine.actions:
            if both := reads(claim.expr) & {name for g in guards(action) for name in reads(g)}:
                yield action, claim, _in_order(machine, both)


def _in_order(machine: Machine, names: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in machine.shape.fields if name in names)
