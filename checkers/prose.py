"""A model in prose, from its docstrings and its lifted paths: nothing here is typed twice."""

from __future__ import annotations

from collections.abc import Iterator

from spec.dsl import Action, Claim, Machine
from spec.dsl.expr import Expr, Read, text
from spec.dsl.lift import Path
from spec.dsl.machine import reads
from spec.dsl.symbolic import Put


def first_line(doc: str) -> str:
    """The sentence a docstring begins with."""
    return doc.split("\n\n")[0].replace("\n", " ").strip()


def source(action: Action) -> str:
    """What an action cites: the deck, the kernel function, the contract that makes its guards visible."""
    return " ".join(part.replace("\n", " ").strip() for part in action.doc.split("\n\n")[1:])


def signature(action: Action) -> str:
    return f"{action.name}({', '.join(v.name for v in action.params)})"


def action_lines(action: Action) -> Iterator[str]:
    """When an action is enabled and what it does: what all its paths share first, then path by path."""
    paths = action.lifted.paths
    shared = [g for g in _conditions(paths[0]) if all(g in _conditions(p) for p in paths)]
    common = [put for put in _assignments(paths[0]) if all(put in _assignments(p) for p in paths)]
    if shared:
        yield f"when {', '.join(map(text, shared))}"
    if common:
        yield f"then {'; '.join(common)}"
    ways: dict[str, list[str]] = {}
    for path in paths if len(paths) > 1 else ():
        rest = " and ".join(text(g, False) for g in _conditions(path) if g not in shared)
        own = "; ".join(p for p in _assignments(path) if p not in common)
        ways.setdefault(own, []).append(rest)
    for own, whens in ways.items():
        if own:
            yield f"  if {', or '.join(whens)}: {own}"
        elif len(ways) == 1:
            yield f"  provided {', or '.join(whens)}"


def _conditions(path: Path) -> list[Expr]:
    return list(dict.fromkeys(g.claim for g in (*path.branches, *path.givens)))


def _assignments(path: Path) -> list[str]:
    return list(dict.fromkeys(assignment(put) for put in path.puts))


def assignment(put: Put) -> str:
    """One assignment as spec text says it."""
    return f"{text(Read(put.field, put.keys))} = {text(put.value)}"


def guard_fields(action: Action) -> set[str]:
    """The fields an action looks at before it acts."""
    return {name for path in action.lifted.paths for g in (*path.branches, *path.givens) for name in reads(g.claim)}


def shared_fields(machine: Machine) -> Iterator[tuple[str, list[Action], list[Claim]]]:
    """Each field that guards and promises both read: who looks at it, and which promises speak of it."""
    for name in machine.shape.fields:
        guards = [a for a in machine.actions if name in guard_fields(a)]
        promises = [c for c in machine.promises if name in reads(c.expr)]
        if guards and promises:
            yield name, guards, promises
