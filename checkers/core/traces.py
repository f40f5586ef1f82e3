# SPDX-License-Identifier: MIT
"""Traces: runs of named members, and the findings they lead to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spec.dsl import Claim, Instance, Sort, World

from .symmetry import Symmetry


class Contradiction(Exception):
    """The result of an engine is refuted by running the spec: a bug of the engine, not of the spec."""


@dataclass(frozen=True)
class Step:
    """One step of a trace: the instance, and the code of the state after."""

    instance: Instance
    code: bytes


@dataclass(frozen=True)
class Trace:
    """A run of named members from an initial state; states are codes."""

    start: bytes
    steps: tuple[Step, ...]

    @property
    def codes(self) -> tuple[bytes, ...]:
        return (self.start, *(s.code for s in self.steps))


@dataclass(frozen=True)
class Finding:
    """A violated or reached claim by name, its arguments, and a shortest trace to it."""

    name: str
    args: tuple[Sort, ...]
    trace: Trace


def steps(world: World, code: bytes) -> Iterator[Step]:
    """Every step from a state."""
    for n, after in world.successors(code):
        yield Step(world.instances[n], after)


def named(symmetry: Symmetry, forms: Sequence[bytes]) -> Trace:
    """A run of named members through states with these canonical forms."""
    world = symmetry.world
    start = next(c for c in world.initial() if symmetry.canonical(c) == forms[0])
    code, taken = start, list[Step]()
    for form in forms[1:]:
        taken.append(next(s for s in steps(world, code) if symmetry.canonical(s.code) == form))
        code = taken[-1].code
    return Trace(start, tuple(taken))


def finding(world: World, claim: Claim, trace: Trace, invariant: bool) -> Finding:
    """The finding of a claim at the end of this trace, for a claim about steps one step later."""
    code = trace.codes[-1]
    if not claim.is_step:
        args = next(a for a in world.tuples(claim.params) if world.holds(claim, code, a) != invariant)
        return Finding(claim.name, args, trace)
    for step in steps(world, code):
        for args in world.tuples(claim.params):
            if world.step_holds(claim, code, args) != invariant:
                return Finding(claim.name, args, Trace(trace.start, (*trace.steps, step)))
    raise AssertionError(f"{claim.name} was found at a state, and now is not")
