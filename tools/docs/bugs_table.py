# SPDX-License-Identifier: MIT
"""The table of bugs: the model and the trace rule that detect each, or what that needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from impl.linux.conformance import rules
from poolproof import catalog
from spec import invariants, lemmas
from tools import markdown

from . import kernel_reference
from .kernel_reference import Bug

STEPS, FRAGMENTS, LIVENESS, OWNERS, C_POOL, MODEL = (
    "pool steps", "fragments", "liveness", "owners of references", "a pool in C", "a model"
)  # fmt: skip

MEANS = {
    STEPS: "here the cache and the pool ring are one place, and a put is one step",
    FRAGMENTS: "here a page is one thing",
    LIVENESS: "a liveness property: that something happens in the end",
    OWNERS: "here references are a number: an invariant cannot tell who puts one, or of which kind it is",
    C_POOL: "what is below these rules: locks, contexts, bits, bytes, memory order",
    MODEL: "the rules can express it, and no model has it yet",
}
"""What several bugs need."""

NEEDS: dict[str, str] = {
    "B04": STEPS,
    "B05": STEPS,
    "B06": STEPS,
    "B07": STEPS,
    "B08": STEPS,
    "B09": f"{C_POOL}: variants of locks",
    "B10": f"{STEPS}, {LIVENESS}",
    "B11": STEPS,
    "B12": f"{C_POOL}: bits of a word",
    "B13": f"{STEPS}, {LIVENESS}",
    "B14": f"{C_POOL}: creation in steps that fail",
    "B15": f"{MODEL}: a map that fails and leaves its mapping behind",
    "B16": f"{C_POOL}: contexts that must not sleep",
    "B17": f"{C_POOL}: offsets in bytes",
    "B19": f"{MODEL}: an MM reference that is put as one of the pool",
    "B20": OWNERS,
    "B21": MODEL,
    "B22": f"{OWNERS}, {LIVENESS}",
    "B24": MODEL,
    "B25": MODEL,
    "B27": STEPS,
    "B30": f"{LIVENESS}: a batch that is never completed",
    "B31": FRAGMENTS,
    "B32": "a position in the TX ring: which page a completion is about",
    "B33": f"{C_POOL}: tagged pointers",
    "B34": f"{C_POOL}: head pages of compounds",
    "B35": f"{FRAGMENTS}, and a design that uses half pages in turn",
    "B36": FRAGMENTS,
    "B38": f"{FRAGMENTS}, and frames of several buffers",
    "B39": f"{FRAGMENTS}, and a design that uses half pages in turn",
    "B40": MODEL,
    "B42": f"{C_POOL}: sizes of mappings",
    "B43": FRAGMENTS,
    "B45": "a device that finishes: here a descriptor is done when its driver says so",
    "B46": "a driver apart from the stack: here the holders of the one reference are not distinguished",
    "B48": STEPS,
    "B50": "kinds of pools: here every pool maps and syncs",
    "B51": f"{C_POOL}: weak memory",
    "B52": f"{C_POOL}: indices of the ring",
    "B53": "a provider, and references of user space",
    "B54": f"{LIVENESS}, and a provider of fixed capacity",
    "B55": "memory that must not be read",
    "B56": f"{MODEL}: a chain of pages (of one page it is `received_without_a_reference`)",
    "B57": f"{C_POOL}: sizes after a fallback",
    "B58": f"{FRAGMENTS}, {LIVENESS}",
}
"""What each bug without a model needs."""

A_HOME_WHILE_COUNTED = invariants.a_page_has_a_home_exactly_while_a_pool_counts_it.__name__

DENIED_BY: dict[str, str] = {
    "B03": lemmas.a_detached_pool_has_no_mapping_left.__name__,
    "B18": invariants.inflight_is_hold_minus_release.__name__,
    "B23": A_HOME_WHILE_COUNTED,
    "B24": A_HOME_WHILE_COUNTED,
    "B25": A_HOME_WHILE_COUNTED,
    "B41": invariants.every_dma_map_has_exactly_one_unmap.__name__,
    "B42": rules.AS_MAPPED,
}
"""The invariant that `poolproof trace` finds violated where the bug happens and its events are recorded."""

CITED = re.compile(r"B\d\d\b")


def models() -> dict[str, list[str]]:
    """The broken models of each bug: those whose description begins with its number."""
    found: dict[str, list[str]] = {}
    for mutant in catalog.BROKEN:
        if cited := CITED.match(mutant.stands_for):
            found.setdefault(cited[0], []).append(mutant.name)
    return found


def table() -> Iterator[str]:
    """The page below its title."""
    every, broken = list(kernel_reference.bugs(kernel_reference.text())), models()
    yield f"{len(every)} bugs of real kernels ([kernel-reference.md](../kernel-reference.md), section 12); "
    yield f"{len(broken)} of them are broken models here. *Trace rule*: the invariant that `poolproof trace` finds "
    yield "violated in a recording of the bug, if the events that show it are recorded. *Needs*: what a model of the "
    yield "others lacks:\n\n"
    yield from (f"* **{what}**: {means}.\n" for what, means in MEANS.items())
    yield "\n"
    columns = ("bug", "what", "breaks", "model", "trace rule", "needs")
    yield from markdown.table(columns, (row(bug, broken.get(bug.number, [])) for bug in every))


def row(bug: Bug, broken: list[str]) -> Sequence[str]:
    """The cells of one bug."""
    rule = f"`{DENIED_BY[bug.number]}`" if bug.number in DENIED_BY else ""
    names = ", ".join(f"`{name}`" for name in broken)
    needs = f"not yet: {NEEDS[bug.number]}" if bug.number in NEEDS else ""
    return bug.number, bug.title, ", ".join(bug.breaks), names, rule, needs
