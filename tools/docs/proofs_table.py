# SPDX-License-Identifier: MIT
"""The table of what is proved for any number, and of how steps change counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checkers.core.cache import cache_folder
from checkers.core.verdict import Kind, Outcome
from checkers.core.wording import sentence
from checkers.prove.counting import CardinalityTerm
from checkers.prove.deciding import SolverOptions
from checkers.prove.known import Known
from checkers.prove.obligations import change_text, counted_by
from checkers.prove.proof import Proof, prove
from checkers.prove.theory import Theory
from poolproof import catalog
from spec.dsl import Machine
from tools import markdown


def proofs() -> Iterator[str]:
    """Each invariant with its label, how each action changes each count, and paths that are never taken."""
    every = [prove(m, m.name, SolverOptions(known=Known(cache_folder() / "proofs.sqlite"))) for m in catalog.SOUND]
    yield "What the labels mean: [../any-number.md](../any-number.md). `poolproof prove -v` lists each obligation.\n\n"
    yield from _sizes(every)
    yield from _labels(every)
    for proof in every:
        yield from _counts(proof.machine)
    yield "\n## Paths that are never taken\n\nEach of their branches is taken elsewhere.\n\n"
    for proof in every:
        for v in (v for v in proof.verdicts if v.outcome is Outcome.UNREACHABLE):
            yield f"* {proof.name}: {v.property.replace(' can happen', '')}\n"


def _sizes(every: list[Proof]) -> Iterator[str]:
    columns = ("model", "obligations", "paths possible", "never taken")
    yield from markdown.table(columns, map(_size, every), right=columns[1:])


def _size(proof: Proof) -> Sequence[str]:
    paths = [v.outcome for v in proof.verdicts if v.kind is Kind.PATH]
    counts = (str(paths.count(outcome)) for outcome in (Outcome.REACHED, Outcome.UNREACHABLE))
    return proof.name, f"{len(proof.decided):,}", *counts


def _labels(every: list[Proof]) -> Iterator[str]:
    """One row an invariant, one column a model."""
    rows: dict[tuple[Kind, str], dict[str, str]] = {}
    for proof in every:
        for v in (v for v in proof.verdicts if v.kind is not Kind.PATH):
            label = v.label if v.outcome is Outcome.HOLDS else v.outcome.value
            rows.setdefault((v.kind, v.property), {})[proof.name] = label
    names = [proof.name for proof in every]
    when = {Kind.INVARIANT: "in every state", Kind.STEP_INVARIANT: "at every step"}
    cells = (
        (when[kind], sentence(name), *(found.get(n, "") for n in names))
        for (kind, name), found in sorted(rows.items(), key=lambda row: row[0][0].value)
    )
    yield "\n"
    yield from markdown.table(("", "invariant", *names), cells)


def _counts(machine: Machine) -> Iterator[str]:
    """How each action changes each set that an invariant counts."""
    theory = Theory(machine)
    yield f"\n## Counts of {machine.name}\n"
    for counted, dependents in counted_by(theory, theory.invariants).items():
        yield f"\n`{counted.text}`, for: {', '.join(map(sentence, dependents))}\n\n"
        yield from (f"* {name}: {change}\n" for name, change in _changes(theory, counted))


def _changes(theory: Theory, counted: CardinalityTerm) -> Iterator[tuple[str, str]]:
    for action in theory.machine.actions:
        if (change := change_text(theory, action, counted)) != "unchanged":
            yield action.name, change
