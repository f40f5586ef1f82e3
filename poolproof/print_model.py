# SPDX-License-Identifier: MIT
"""A model on the screen: the whole in prose, or one action, field or claim."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import FunctionType
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from checkers.core import prose
from checkers.core.verdict import Exit
from checkers.core.wording import counted, in_steps, shown
from checkers.judging import Question
from checkers.report import tables
from checkers.report.columns import Table, say
from checkers.report.local_table import local_table
from spec.dsl import ANY, Action, Claim, Field, Machine, Witness
from spec.dsl.ir import cell_text, reachable, reads, text, tree_of

from .errors import BadRequest, nearest

BESIDE = (
    "Each of these guards reads every field that its invariant reads, so it might make it true by definition: the "
    "action explains how its party can know as much. `poolproof show {model} NAME` prints all guards of one."
)


def model(console: Console, question: Question, with_table: bool) -> int:
    """Print a model in prose; returns BUDGET if the table is wanted and not complete."""
    machine = question.machine
    doc = escape(f"  {machine.doc}")
    say(console, Text.from_markup(f"[bold]{escape(machine.name)}[/]{doc}  [dim]digest {machine.digest}[/]"))
    for scope in machine.scopes:
        sizes = ", ".join(f"{name} {n}" for name, n in machine.sizes(scope, {}).items())
        say(console, f"scope {scope}: {sizes}", "dim")
    if machine.breaks:
        invariant = tables.sentence(machine.breaks.invariant)
        say(console, f"Broken on purpose: breaks the invariant {invariant!r}, {in_steps(machine.breaks.steps)}.")
    console.print()
    console.print(_fields(machine, machine.shape.fields | machine.shape.histories, machine.shape.bounds))
    console.print()
    say(console, prose.AT_ONCE, "dim")
    for title, system in (("What the system does", True), ("What its environment does", False)):
        console.print(f"\n[bold]{title}[/]")
        for action in (a for a in machine.actions if a.system is system):
            _action(console, action)
    console.print()
    _claims(console, question)
    return _table(console, question) if with_table else Exit.OK


def part(console: Console, question: Question, name: str) -> None:
    """Print one action, field, claim or helper of a model, with the guards or claims that read the same fields."""
    machine = question.machine
    fields = machine.shape.fields | machine.shape.histories
    actions = {a.name: a for a in machine.actions}
    claims = {c.name: c for c in machine.invariants} | {w.name: w for w in machine.witnesses}
    wanted = name.strip().replace(" ", "_")
    if wanted in actions:
        _one_action(console, machine, actions[wanted])
    elif wanted in fields:
        _one_field(console, machine, fields[wanted])
    elif wanted in claims:
        _one_claim(console, machine, claims[wanted])
    elif wanted in helpers(machine):
        _one_helper(console, machine, helpers(machine)[wanted])
    else:
        known = [*actions, *fields, *claims, *helpers(machine)]
        way_out = nearest(wanted, known, f"see `poolproof show {question.name}`")
        raise BadRequest(f"unknown action, field, claim or helper {name!r} of {machine.name} ({way_out})")


def _one_action(console: Console, machine: Machine, action: Action) -> None:
    console.print(f"[bold]{'What the system does' if action.system else 'What its environment does'}[/]")
    _action(console, action)
    say(console, prose.AT_ONCE, "dim")
    console.print()
    console.print(
        _pairs("Invariants that read what its guards read", (p for p in prose.touching(machine) if p[0] is action), 1)
    )


def helpers(machine: Machine) -> dict[str, FunctionType]:
    """The functions that actions and claims call, by name."""
    return {f.__name__: f for fn in _functions(machine) for f in reachable(fn) if f is not fn}


def _functions(machine: Machine) -> list[FunctionType]:
    """The functions of all actions and claims."""
    stages = (stage for witness in machine.witnesses for stage in witness.stages)
    return [written.fn for written in (*machine.actions, *machine.invariants, *stages)]  # type: ignore[misc]


def _one_helper(console: Console, machine: Machine, helper: FunctionType) -> None:
    """The text of a helper, and who calls it."""
    say(console, f"{Path(helper.__code__.co_filename).name}:{helper.__code__.co_firstlineno}", "dim")
    for line in ast.unparse(tree_of(helper)).splitlines():
        say(console, line)
    callers = [fn.__name__ for fn in _functions(machine) if helper in reachable(fn) and fn is not helper]
    console.print()
    say(console, f"used by: {', '.join(callers)}")


def _one_field(console: Console, machine: Machine, field: Field[Any, Any]) -> None:
    console.print(_fields(machine, {field.name: field}, {}))
    writers = [a for a in machine.actions if any(put.field is field for p in a.lifted.paths for put in p.puts)]
    readers = [a for a in machine.actions if any(field.name in reads(g) for g in prose.guards(a))]
    claims = [c for c in machine.invariants if field.name in reads(c.expr)]
    for what, found in (("written by", writers), ("read by", readers)):
        say(console, f"{what}: {', '.join(a.name for a in found) or 'no action'}")
    console.print("invariants that read it:" if claims else "no invariant reads it")
    for claim in claims:
        say(console, f"  {claim.sentence()}")


def _one_claim(console: Console, machine: Machine, claim: Claim | Witness) -> None:
    stages = claim.stages if isinstance(claim, Witness) else (claim,)
    kind = "It can be that" if isinstance(claim, Witness) else "At every step" if claim.is_step else "In every state"
    say(console, Text.from_markup(f"[bold]{kind}: {tables.sentence(claim.name)}[/]"))
    for stage in stages:
        who = ", ".join(f"{v.sort.__name__} {v.name}" for v in stage.params)
        say(console, f"  {' '.join(stage.doc.split())}")
        word = "for each" if claim is stage else "for some"
        say(console, f"  meaning{f', {word} {who}' * bool(who)}: {text(stage.expr)}")
    if isinstance(claim, Claim):
        console.print()
        console.print(_pairs("Guards beside it", (p for p in prose.touching(machine) if p[1] is claim), 0))


def _fields(machine: Machine, fields: dict[str, Field[Any, Any]], bounds: dict[str, Any]) -> Table:
    table = Table("The state")
    table.add_names("field")
    for name in ("holds", "starts as", "meaning"):
        table.add_column(name)
    for f in fields.values():
        if f.history:
            table.add_row(_cell(f), "a counter, never read", "0", escape(f.doc))
        else:
            table.add_row(_cell(f), repr(f.domain), "any" if f.start is ANY else shown(f.start), escape(f.doc))
    for name, number in bounds.items():
        table.add_row(name, f"{number.low}..{number.high}", "by scope", escape(number.doc))
    return table


def _cell(f: Field[Any, Any]) -> str:
    return escape(cell_text(f.name, (k.__name__ for k in f.keys)))


def _action(console: Console, action: Action) -> None:
    doc = escape(f"  {prose.first_line(action.doc)}")
    say(console, Text.from_markup(f"  [bold]{prose.signature(action)}[/]{doc}"))
    if cited := prose.source(action):
        say(console, f"    {cited}", "dim")
    for line in prose.action_lines(action):
        say(console, f"    {line}")


def _claims(console: Console, question: Question) -> None:
    machine = question.machine
    table = Table("Invariants")
    table.add_column("invariant")
    table.add_column("which means")
    for claim in machine.invariants:
        table.add_row(claim.sentence(), escape(prose.first_line(claim.doc)))
    for witness in machine.witnesses:
        meaning = " Then: ".join(prose.first_line(c.doc) for c in witness.stages)
        table.add_row(f"it can be that: {tables.sentence(witness.name)}", escape(meaning))
    console.print(table)
    if pairs := list(prose.beside(machine)):
        console.print(_pairs("Guards beside invariants", pairs))
        say(console, BESIDE.format(model=question.name), "dim")


def _pairs(title: str, pairs: Iterable[prose.Pair], *shown: int) -> Table:
    """Guards beside invariants as pairs, each with the fields that both read; `shown` are the sides to print."""
    sides = shown or (0, 1)
    table = Table(title)
    for side in sides:
        table.add_names("guard of") if side == 0 else table.add_column("invariant")
    table.add_column("both read")
    for action, claim, names in pairs:
        names_of: Sequence[str] = (action.name, claim.sentence())
        table.add_row(*(names_of[side] for side in sides), ", ".join(names))
    return table


def _table(console: Console, question: Question) -> int:
    """Print the local table: each page record, and the actions that change it."""
    found = local_table(question.machine, question.sizes, question.symmetric, question.budget)
    records, steps = counted(len(found.records), "record"), counted(len(found.steps), "step")
    console.print(f"[bold]{records} of one page, {steps} between them[/]")
    for number, record in enumerate(found.records):
        say(console, f"{number:4}  {record}")
        for was, action, now in found.steps:
            if was == number:
                console.print(f"        {action} -> {now}", markup=False)
    if found.stopped:
        console.print(f"Not complete: stopped ({found.stopped}).", markup=False)
    return Exit.BUDGET if found.stopped else Exit.OK
