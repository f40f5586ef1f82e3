# SPDX-License-Identifier: MIT
"""The table of actions and kernel functions: those that each docstring names, with files and versions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from checkers.core import prose
from spec.dsl import Action
from spec.ownership import ownership
from tools import markdown

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
    """What an action stands for by its docstring; `own_code` alone where Linux has no such step."""
    found = KERNEL.search(prose.source(action))
    if not found:
        return Stands("", (), NOT_IN_LINUX if "Not in Linux" in action.doc else "", "")
    text = found[1]
    transitions, own, since = (pattern.search(text) for pattern in (TRANSITIONS, OWN_CODE, SINCE))
    return Stands(
        transitions[0] if transitions else "",
        tuple(dict.fromkeys(CALLED.findall(text))),
        own[0] if own else "",
        since[1] if since else "",
    )


def as_numbers(version: str) -> tuple[int, ...]:
    """6.12 comes after 6.1."""
    return tuple(map(int, version.split(".")))


def table() -> Iterator[str]:
    """One row for each function and file of each action."""
    places = kernel_reference.functions(kernel_reference.text())
    columns = ("action", "transition", "kernel function", "file", "versions")
    yield from markdown.table(columns, (row for action in ownership.actions for row in rows(action, places)))


def rows(action: Action, places: dict[str, list[Place]]) -> Iterator[Sequence[str]]:
    """The functions of one action, or that it is the driver's own code."""
    stands = stands_for(action)
    if stands.own_code:
        yield action.name, stands.transitions, stands.own_code, "", ""
    for name in stands.functions:
        yield from function_rows(action, stands, name, places[name])


def function_rows(action: Action, stands: Stands, name: str, places: list[Place]) -> Iterator[Sequence[str]]:
    """The places of one function, in the kernels that the action is about."""
    for file, versions in places:
        mine = [v for v in versions if not stands.since or as_numbers(v) >= as_numbers(stands.since)]
        if mine:
            yield action.name, stands.transitions, f"{name}()", file, ", ".join(mine)
