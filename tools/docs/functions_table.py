"""The table of actions and kernel functions: what each action's docstring names, and where that is in the kernel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from checkers.core import prose
from spec.dsl import Action
from spec.ownership import ownership

from . import kernel_reference
from .kernel_reference import Place

KERNEL = re.compile(r"Kernel: (.+?)\.(?: |$)")
"""What an action stands for: `Kernel: T4, some_function(), another_function(): a remark.`"""

TRANSITIONS = re.compile(r"T\d+(?:(?:,| to| and| after) T\d+)*")
CALLED = re.compile(r"(\w+)\(\)")
OWN_CODE = re.compile(r"the [\w' ]+ own code")
SINCE = re.compile(r"since (\d+\.\d+)")
NOT_IN_LINUX = "not in Linux"


class Stands(NamedTuple):
    """What an action stands for in the kernel."""

    transitions: str
    functions: tuple[str, ...]
    own_code: str
    since: str


def stands_for(action: Action) -> Stands:
    """What the docstring of an action says that it stands for; nothing but `own_code` where Linux has no such step."""
    found = KERNEL.search(prose.source(action))
    if not found:
        return Stands("", (), NOT_IN_LINUX if "Not in Linux" in action.doc else "", "")
    said = found[1]
    transitions, own, since = (pattern.search(said) for pattern in (TRANSITIONS, OWN_CODE, SINCE))
    return Stands(
        transitions[0] if transitions else "",
        tuple(dict.fromkeys(CALLED.findall(said))),
        own[0] if own else "",
        since[1] if since else "",
    )


def as_numbers(version: str) -> tuple[int, ...]:
    """6.12 comes after 6.1."""
    return tuple(map(int, version.split(".")))


def table() -> Iterator[str]:
    """One row for each function and file of each action."""
    places = kernel_reference.functions(kernel_reference.text())
    yield "| action | transition | kernel function | file | versions |\n|---|---|---|---|---|\n"
    for action in ownership.actions:
        stands = stands_for(action)
        if stands.own_code:
            yield f"| {action.name} | {stands.transitions} | {stands.own_code} | | |\n"
        for name in stands.functions:
            yield from rows(action, stands, name, places[name])


def rows(action: Action, stands: Stands, name: str, places: list[Place]) -> Iterator[str]:
    """The places of one function, in the kernels that the action speaks of."""
    for file, versions in places:
        mine = [v for v in versions if not stands.since or as_numbers(v) >= as_numbers(stands.since)]
        if mine:
            yield f"| {action.name} | {stands.transitions} | {name}() | {file} | {', '.join(mine)} |\n"
