# SPDX-License-Identifier: MIT
"""The three flows of ARCHITECTURE.md as pictures: files, and what goes from one to the next."""

from __future__ import annotations

from html import escape
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple

from checkers.draw.style import BOX, BREAK, COLOUR, FONT, GROUND, described, look, quoted

ROOT = Path(__file__).parents[2]


class Arrow(NamedTuple):
    """What the first file (or thing in the world) gives to the second."""

    start: str
    end: str
    what: str


FLOWS: dict[str, tuple[str, tuple[Arrow, ...]]] = {
    "flow-verdict.svg": (
        "From a model to verdicts",
        (
            Arrow("a model's Python file", "poolproof/catalog.py", "text"),
            Arrow("poolproof/catalog.py", "spec/dsl/lint.py", "functions"),
            Arrow("spec/dsl/lint.py", "spec/dsl/lift.py", "what may stand there"),
            Arrow("spec/dsl/lift.py", "spec/dsl/machine.py", "paths: guards, updates"),
            Arrow("spec/dsl/machine.py", "poolproof/questions.py", "Machine"),
            Arrow("poolproof/questions.py", "checkers/judging.py", "Question"),
            Arrow("checkers/judging.py", "checkers/engines.py", "machine, sizes, budget"),
            Arrow("checkers/engines.py", "checkers/native/generate.py", "where C can"),
            Arrow("checkers/engines.py", "checkers/explore/search.py", "else"),
            Arrow("checkers/native/generate.py", "checkers/native/build.py", "C text"),
            Arrow("checkers/native/build.py", "checkers/native/engine.py", "shared library"),
            Arrow("checkers/native/engine.py", "checkers/core/verdict.py", "Exploration"),
            Arrow("checkers/explore/search.py", "checkers/core/verdict.py", "Exploration"),
            Arrow("checkers/core/verdict.py", "poolproof/print_verdicts.py", "Verdict"),
            Arrow("checkers/core/verdict.py", "poolproof/verdict_files.py", "Verdict"),
            Arrow("checkers/core/verdict.py", "checkers/itf.py", "Verdict with a trace"),
        ),
    ),
    "flow-trace.svg": (
        "From a recording to a report",
        (
            Arrow("a recording of ftrace", "impl/linux/trace/files.py", "bytes"),
            Arrow("impl/linux/trace/files.py", "impl/linux/trace/reading.py", "lines"),
            Arrow("impl/linux/trace/lines.py", "impl/linux/trace/reading.py", "a line as an Event"),
            Arrow("impl/linux/trace/reading.py", "impl/linux/conformance/page_judge.py", "Event"),
            Arrow("spec/ownership.py", "checkers/monitor.py", "Machine"),
            Arrow("impl/linux/conformance/rules.py", "impl/linux/conformance/page_judge.py", "actions of an event"),
            Arrow("checkers/monitor.py", "impl/linux/conformance/page_judge.py", "possible states"),
            Arrow(
                "impl/linux/conformance/pool_table.py", "impl/linux/conformance/page_judge.py", "lifetimes, counters"
            ),
            Arrow("impl/linux/conformance/page_judge.py", "impl/linux/conformance/violations.py", "Finding"),
            Arrow("impl/linux/conformance/page_judge.py", "impl/linux/conformance/holders.py", "pages out of a pool"),
            Arrow("impl/linux/conformance/violations.py", "poolproof/recordings.py", "violations"),
            Arrow("impl/linux/conformance/holders.py", "poolproof/recordings.py", "Holders"),
            Arrow("poolproof/recordings.py", "poolproof/commands/trace.py", "Judged"),
            Arrow("poolproof/commands/trace.py", "poolproof/print_trace.py", "Verdict"),
            Arrow("poolproof/commands/trace.py", "poolproof/verdict_files.py", "Verdict"),
        ),
    ),
    "flow-proof.svg": (
        "From a machine to a proof",
        (
            Arrow("spec/dsl/machine.py", "checkers/prove/theory.py", "Machine"),
            Arrow("checkers/prove/counting.py", "checkers/prove/theory.py", "counts as terms"),
            Arrow("checkers/prove/theory.py", "checkers/prove/obligations.py", "Theory"),
            Arrow("checkers/prove/smt.py", "checkers/prove/obligations.py", "SMT-LIB text"),
            Arrow("checkers/prove/obligations.py", "checkers/prove/deciding.py", "Obligation"),
            Arrow("checkers/prove/known.py", "checkers/prove/deciding.py", "kept answers"),
            Arrow("checkers/prove/deciding.py", "checkers/prove/queues.py", "texts"),
            Arrow("checkers/prove/queues.py", "checkers/prove/workers.py", "one text each"),
            Arrow("checkers/prove/workers.py", "checkers/prove/solvers.py", "z3 and cvc5"),
            Arrow("checkers/prove/solvers.py", "checkers/prove/proof.py", "Answer"),
            Arrow("checkers/prove/proof.py", "checkers/prove/cti.py", "what is not inductive"),
            Arrow("checkers/prove/cti.py", "checkers/prove/near.py", "is it reachable?"),
            Arrow("checkers/prove/proof.py", "poolproof/commands/prove.py", "Proof with verdicts"),
            Arrow("checkers/prove/cti.py", "poolproof/print_proof.py", "Cti"),
            Arrow("poolproof/commands/prove.py", "poolproof/print_proof.py", "Proof"),
        ),
    ),
}
"""By the name of the picture: its title, and its arrows."""


def descriptions() -> dict[str, str]:
    """The line of ARCHITECTURE.md about each file, by its path."""
    found, room = {}, ""
    for line in (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("```")[1].splitlines():
        name, _, about = line.strip().partition(" ")
        if line[:1].strip():
            room = name
        elif name:
            found[room + name] = about.strip()
    return found


def dot_text(name: str) -> str:
    """A flow in Graphviz' language, from top to bottom."""
    title, arrows = FLOWS[name]
    about, nodes = descriptions(), dict.fromkeys(end for a in arrows for end in (a.start, a.end))
    head = described(title, (f"{a.start} gives {a.what} to {a.end}" for a in arrows))
    paper = {"bgcolor": "white", "fontname": FONT, "ranksep": 0.3, "nodesep": 0.25, "pad": 0.15} | head
    lines = [look("graph", **paper), look("node", **BOX), look("edge", arrowsize=0.8, fontname=FONT, fontsize=9)]
    lines += [_box(node, about.get(node, "")) for node in nodes]
    lines += [
        look(f"{quoted(a.start)} -> {quoted(a.end)}", label=f" {a.what} ", fontcolor=COLOUR[True]) for a in arrows
    ]
    return "\n  ".join([f"digraph {quoted(title)} {{", *lines]) + "\n}\n"


def _box(node: str, about: str) -> str:
    """A file with its line of ARCHITECTURE.md; a thing of the world in a rounded box."""
    if not about:
        return look(quoted(node), style="rounded,filled", fillcolor=GROUND)
    lines = "".join(f"{escape(part)}{BREAK}" for part in wrap(about, 48))
    label = f'<<b>{escape(node)}</b>{BREAK}<font point-size="9">{lines}</font>>'
    return look(quoted(node), label=label, style="filled", fillcolor="white", color="#9A9A9A")
