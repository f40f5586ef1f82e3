# SPDX-License-Identifier: MIT
"""The numbers of members a proof is about: any number, a least number, or a fixed one."""

from __future__ import annotations

from collections.abc import Iterable

from spec.dsl import Machine, Sort, SpecError
from spec.dsl.ir import Const, expressions, walk


def fixed(machine: Machine) -> dict[str, int]:
    """The sorts with the same number of members in every scope."""
    return {name: m.low for name, m in machine.shape.members.items() if m.low == m.high}


def named_members(machine: Machine) -> set[Const]:
    """The members that the text of the machine names."""
    starts = (f.start for f in machine.shape.fields.values() if isinstance(f.start, Sort))
    said = (x for _, e in expressions(machine) for x in walk(e) if isinstance(x, Const) and isinstance(x.value, Sort))
    return {*map(Const, starts), *said}


def smallest(machine: Machine) -> dict[str, int]:
    """The least sizes of a scope: as declared, and with all members that the text names."""
    least = {name: m.low for name, m in machine.shape.members.items()}
    for member in sorted((c.value for c in named_members(machine)), key=lambda m: m.index):
        name = machine.shape.scope_name[type(member)]
        least[name] = max(least[name], member.index + 1)
        if member.index < 0 or least[name] > machine.shape.members[name].high:
            most = machine.shape.members[name].high
            which = f"{type(member).__name__}({member.index})"
            raise SpecError(f"{machine.name} names {which}; of its {name} there are {most} at most, counted from 0")
    return least


def reach(machines: Iterable[Machine]) -> str:
    """The sizes a proof of these is about, as text ("any number of nodes, one server"); empty if they differ."""
    said = {_said(machine) for machine in machines}
    return said.pop() if len(said) == 1 else ""


def _said(machine: Machine) -> str:
    least, always = smallest(machine), fixed(machine)
    several = [name for name in least if name not in always]
    plain = [name for name in several if least[name] == 1]
    parts = [f"any number of {listed(plain)}"] if plain else []
    parts += [f"any number of {name}, at least {least[name]}" for name in several if name not in plain]
    for name, size in always.items():
        one = machine.shape.members[name].sort.__name__.lower()
        parts.append(f"one {one}" if size == 1 else f"{size} {name}")
    return ", ".join(parts)


def listed(names: list[str]) -> str:
    """Names as people list them."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
