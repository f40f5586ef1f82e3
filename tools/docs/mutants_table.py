# SPDX-License-Identifier: MIT
"""The table of planted faults: what detects each thing left out of the rules, or why nothing does."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache

from checkers.core.wording import counted
from checkers.mutation import Fault, faults
from checkers.prove.mutants import (
    BY_DEADLOCK,
    BY_REFINEMENT,
    BY_WITNESS,
    DETECTED,
    EQUIVALENT,
    KILLED,
    REFUSED,
    UNOBSERVED,
    WEAKENS,
    Judged,
    Trial,
)
from models.keep_mapped import keep_mapped
from models.per_packet import per_packet
from spec.ownership import ownership
from spec.redundant import REDUNDANT, UNDETECTED
from tools import markdown

MEANS = {
    KILLED: "an invariant is broken in a run of this length",
    BY_WITNESS: "no invariant is broken, and a witness is not reached any more, or an action never taken",
    BY_DEADLOCK: "no invariant is broken, and a state is reached in which nothing can happen any more",
    BY_REFINEMENT: "no invariant is broken, and a step of a design is not permitted any more, "
    "though the functions that it has of the rules were changed with them",
    REFUSED: "the notation refuses the text",
    WEAKENS: "no run up to `small` breaks anything, but an invariant does not follow from the others any more",
    EQUIVALENT: "z3 and cvc5 prove, for any number of pages, that in every state that keeps the invariants the same "
    "steps are permitted: by the same action, or by the one that is named",
    UNOBSERVED: "none of these: an invariant is missing, or a reason is given",
}


@cache
def trial() -> Trial:
    """The rules, and the designs that must still refine them."""
    return Trial(ownership, (keep_mapped, per_packet))


def judge(fault: Fault) -> Judged:
    """Plant one fault in the rules."""
    return trial().judge(fault)


def judge_all() -> list[Judged]:
    """Plant every fault, on all cores."""
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(judge, faults(ownership)))


def table() -> Iterator[str]:
    """The page below its title."""
    every = judge_all()
    counted = Counter(judged.verdict for judged in every)
    yield f"{len(every)} faults of `spec/`, one at a time: each guard and each part of it, each branch, update.\n\n"
    yield from (f"* **{counted[verdict]} {verdict}**: {means}.\n" for verdict, means in MEANS.items())
    names = [f"{j.fault.function}: `{j.fault.text}`" for j in every if j.verdict == UNOBSERVED]
    yield f"\nDetected by nothing: {'; '.join(names)}.\n\n"
    columns = ("in", "left out", "verdict", "detected by", "where", "why it stays")
    yield from markdown.table(columns, map(row, every))


def row(judged: Judged) -> Sequence[str]:
    """The cells of one fault."""
    fault = judged.fault
    out = f"`{fault.what}`" + (f" of `{fault.of}`" if fault.of else "")
    noticed = judged.by if judged.verdict in DETECTED else ""
    return fault.function, out, judged.verdict, noticed, _where(judged), reason(judged)


def _where(judged: Judged) -> str:
    """The length of the run and its scope, or what a proof found."""
    if judged.verdict in DETECTED and judged.verdict != REFUSED:
        names = list(ownership.shape.members)
        scope = ", ".join(f"{name} {judged.sizes[name]}" for name in names)
        return f"{counted(judged.steps, 'step')}, {scope}" if judged.steps else f"small: {scope}"
    if judged.verdict == EQUIVALENT:
        return f"the same as {judged.by}" if judged.by else "the same step, or none"
    return "" if judged.verdict == REFUSED else judged.by


def reason(judged: Judged) -> str:
    """Why it stays in the rules although nothing detects its absence."""
    if judged.verdict in DETECTED:
        return ""
    reasons = (why.get(judged.fault.function, {}).get(judged.fault.text) for why in (REDUNDANT, UNDETECTED))
    return next(filter(None, reasons), "NO REASON GIVEN")
