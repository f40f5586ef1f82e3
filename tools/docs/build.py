# SPDX-License-Identifier: MIT
"""`make docs`: the tables and pictures of docs/, generated from the models and recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from checkers.core import prose
from checkers.core.wording import counted, in_steps, sentence
from checkers.draw import lanes_picture, states_picture
from checkers.draw import ownership as ownership_picture
from checkers.draw.lanes import lanes
from checkers.draw.states import folded, state_graph
from checkers.draw.style import svg
from checkers.explore.search import Exploration, explore
from checkers.report.counterexample import ending
from checkers.report.local_table import LocalTable, local_table
from models.keep_mapped import keep_mapped
from poolproof import catalog
from poolproof.print_verdicts import EXAMPLE
from spec.dsl import Machine, Mutant
from spec.ownership import ownership
from tools import markdown

from . import bugs_table, command_table, flows, functions_table, mutants_table, proofs_table, trace_faults_table

DOCS = Path(__file__).parents[2] / "docs"
MADE = "<!-- made by `make docs`; a test compares -->\n\n"


def local(machine: Machine) -> LocalTable:
    """The local table in docs/: one page, one pool, with the symmetry that the model declares."""
    sizes = machine.sizes("tiny", {"pages": 1} | ({"pools": 1} if "pools" in machine.scopes["tiny"] else {}))
    return local_table(machine, sizes, machine.symmetric)


def tiny(machine: Machine) -> Exploration:
    """The search whose counts are in docs/."""
    return explore(machine, machine.sizes("tiny", {}), machine.symmetric)


def counts() -> Iterator[str]:
    """How many states the sound models have at tiny."""
    yield "# Counts at `tiny`\n\n" + MADE
    columns = ("model", "states", "unreduced states", "transitions", "depth")
    seen = {machine.name: tiny(machine) for machine in catalog.SOUND}
    rows = ([name, f"{s.states:,}", f"{s.orbit_sum:,}", f"{s.transitions:,}", s.depth] for name, s in seen.items())
    yield from markdown.table(columns, rows, right=columns[1:])


def local_tables() -> Iterator[str]:
    """Each page record of the sound models, and the actions that change it."""
    yield (
        "# Local tables\n\n"
        + MADE
        + "The records that one page can have, and the actions that change them (`poolproof show MODEL --table`).\n"
    )
    for machine in catalog.SOUND:
        table = local(machine)
        yield f"\n## {machine.name}: {counted(len(table.records), 'record')}, {counted(len(table.steps), 'step')}\n\n"
        for number, record in enumerate(table.records):
            steps = (f"{action} → {now}" for was, action, now in table.steps if was == number)
            yield f"* **{number}** {record}\n  * {', '.join(steps)}\n"


def zoo() -> Iterator[str]:
    """The broken models: what each stands for, and the invariant it breaks."""
    yield "# Broken on purpose\n\n" + MADE
    yield "Each violates its invariant in a shortest run of this length; `poolproof check NAME` prints the run.\n\n"
    columns = ("model", "of", "what is wrong", "violated invariant", "steps")
    rows = ([b.name, b.base.name, b.stands_for, sentence(b.breaks), b.steps] for b in catalog.BROKEN)
    yield from markdown.table(columns, rows, right=("steps",))


def planted_faults() -> Iterator[str]:
    """Each guard, branch and update of the rules left out in turn: what detects it, or why nothing has to."""
    yield "# Planted faults\n\n" + MADE
    yield from mutants_table.table()


def trace_faults() -> Iterator[str]:
    """Each way of tampering with a recording: how often it is detected, and why not always."""
    yield "# Recordings tampered with\n\n" + MADE
    yield from trace_faults_table.table()


def actions() -> Iterator[str]:
    """The actions of the rules: their kernel functions, then each in prose."""
    yield f"# The actions of the rules\n\n{MADE}## In the kernel\n\n"
    yield "The numbers are those of [kernel-reference.md](../kernel-reference.md).\n\n"
    yield from functions_table.table()
    yield f"\n## In prose\n\n{prose.AT_ONCE}\n\n"
    for action in ownership.actions:
        yield f"### {prose.signature(action)}\n\n{prose.first_line(action.doc)}\n\n{prose.source(action)}\n\n"
        yield "```\n" + "\n".join(prose.action_lines(action)) + "\n```\n\n"


def bugs() -> Iterator[str]:
    """Every bug of the kernel reference: the model or trace rule that detects it, or what that needs."""
    yield "# Bugs of real kernels\n\n" + MADE
    yield from bugs_table.table()


def proofs() -> Iterator[str]:
    """What is proved for any number of pages, and how steps change counts."""
    yield "# Proved for any number\n\n" + MADE
    yield from proofs_table.proofs()


def command() -> Iterator[str]:
    """The reference of the command line."""
    yield "# The command line\n\n" + MADE
    yield from command_table.table()


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "counts.md": counts,
    "local.md": local_tables,
    "trace-faults.md": trace_faults,
    "zoo.md": zoo,
    "planted-faults.md": planted_faults,
    "proofs.md": proofs,
    "actions.md": actions,
    "bugs.md": bugs,
    "command.md": command,
}
PICTURES: dict[str, Machine] = {f"{machine.name}.svg": machine for machine in catalog.SOUND}


def states(machine: Machine) -> bytes:
    """The picture of the states of a sound model at tiny, folded by the places of its pages."""
    graph = folded(state_graph(machine, machine.sizes("tiny", {}), machine.symmetric), (machine.place.name,))
    return svg(states_picture.dot_text(graph))


def run(bug: Mutant) -> bytes:
    """The picture of a shortest run in which a broken model breaks its invariant."""
    machine = bug.machine
    seen = explore(machine, machine.sizes("tiny", {}), machine.symmetric, until=bug.breaks)
    found, told = seen.violated[bug.breaks], sentence(bug.breaks)
    titles, args = (bug.name, f"{told}, {in_steps(len(found.trace.steps))}"), tuple(map(repr, found.args))
    return lanes_picture.svg(lanes(seen.world, found.trace, titles, ending(told, args), args))


def flow(name: str) -> bytes:
    """The picture of a flow through the files."""
    return svg(flows.dot_text(name))


DRAWN: dict[str, Callable[[], bytes]] = {
    "keep_mapped.states.svg": lambda: states(keep_mapped),
    f"{EXAMPLE}.run.svg": lambda: run(next(bug for bug in catalog.BROKEN if bug.name == EXAMPLE)),
    **{name: partial(flow, name) for name in flows.FLOWS},
}
"""Pictures of states, of runs and of flows: the functions that draw them."""


def main() -> None:
    """Write every table and picture."""
    for directory in ("tables", "pictures"):
        (DOCS / directory).mkdir(parents=True, exist_ok=True)
    for name, make in TABLES.items():
        (DOCS / "tables" / name).write_text("".join(make()))
        print(f"docs/tables/{name}")
    for name, machine in PICTURES.items():
        ownership_picture.draw(machine, machine.sizes("tiny", {}), DOCS / "pictures" / name)
        print(f"docs/pictures/{name}")
    for name, draw in DRAWN.items():
        (DOCS / "pictures" / name).write_bytes(draw())
        print(f"docs/pictures/{name}")


if __name__ == "__main__":
    main()
