# SPDX-License-Identifier: MIT
"""Names, values and lengths as text for people."""

from __future__ import annotations

from typing import Any

from spec.dsl import Machine
from spec.dsl.ir import cell_text, members_of

from .guards import sites


def cell(field: str, key: Any) -> str:
    """A cell as text: `place[A]`, `dma[A, eth0]`, or `mode` for a field without an index."""
    return cell_text(field, map(repr, members_of(key)))


def shown(value: Any) -> str:
    """A value as text."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else repr(value)


def sentence(name: str) -> str:
    """A name of the spec as a sentence."""
    return name.replace("_", " ")


def counted(number: int, one: str, more: str = "") -> str:
    """A number with its noun in the singular or plural; `more` is the plural if an s does not make it."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def in_steps(steps: int) -> str:
    """The length of a trace in words."""
    return f"in {counted(steps, 'step')}" if steps else "at the start"


def guard_at(machine: Machine, where: str) -> str:
    """The guard at this file:line, in the text of the machine, which a mutation may have changed."""
    return next((s.text for s in sites(machine) if f"{s.code.co_filename}:{s.line}" == where), where)
