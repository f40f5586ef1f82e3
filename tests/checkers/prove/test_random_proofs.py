# SPDX-License-Identifier: MIT
"""Proofs of random machines against search in larger scopes: never proved and violated."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, reject, settings
from hypothesis import strategies as st

from checkers.core.verdict import Kind, Outcome
from checkers.explore.search import Budget, explore
from checkers.prove.deciding import SolverOptions
from checkers.prove.proof import Proof, prove
from checkers.prove.sizes import smallest
from spec.dsl import Machine, SpecError
from tests.machines import module
from tests.writer import machine_texts

FAR = Budget(states=20_000)
QUICK = SolverOptions(seconds=2, jobs=1)

SIZES = ("1, 3", "2, 3", "1, 1", "2, 2", "3, 3")
"""How many pages, or devices, a scope may have; where both numbers are the same, a proof knows how many there are."""


@st.composite
def sized(draw: st.DrawFn) -> Machine:
    """A random machine whose sorts are of any number or of a fixed one, and some of whose members have names."""
    text, pages, devices = draw(machine_texts()), draw(st.sampled_from(SIZES)), draw(st.sampled_from(SIZES))
    text = text.replace("members(Page, 1, 3)", f"members(Page, {pages})")
    text = text.replace("members(Device, 1, 2)", f"members(Device, {devices})")
    text = re.sub(r"dict\(pages=\d, devices=\d", f"dict(pages={pages[-1]}, devices={devices[-1]}", text)
    note(text)
    try:
        made: Machine = module(text).MACHINE
    except SpecError:
        reject()
    return made


def proved(machine: Machine) -> Proof:
    """The proof of a machine; what is refused is drawn again."""
    try:
        return prove(machine, machine.name, QUICK)
    except SpecError:
        reject()


def never_proved_and_violated(machine: Machine) -> None:
    """Search all scopes of few members for a run that breaks what is proved, and compare what is violated."""
    proof = proved(machine)
    by_name = {v.property: v for v in proof.verdicts if v.kind is not Kind.PATH}
    least, groups = smallest(machine), machine.shape.members
    for sizes in product(*(range(least[name], m.high + 1) for name, m in groups.items())):
        scope = machine.sizes("tiny", dict(zip(groups, sizes, strict=True)))
        seen = explore(machine, scope, machine.symmetric, FAR)
        for name, found in seen.violated.items():
            assert by_name[name].outcome is not Outcome.HOLDS, f"{name} is proved, and violated with {scope}"
            if by_name[name].scope == scope:
                assert by_name[name].steps == len(found.trace.steps), name


MANY = settings(
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
many: Callable[[Any], Any] = MANY
few: Callable[[Any], Any] = settings(MANY, max_examples=5)


@pytest.mark.slow
@many
@given(sized())
def test_nothing_is_proved_and_violated(machine: Machine) -> None:
    """Of two hundred random machines, and each violation is as short as the explorer finds it in its scope."""
    never_proved_and_violated(machine)


@few
@given(sized())
def test_nothing_of_a_few_machines_is_proved_and_violated(machine: Machine) -> None:
    """The same of a few, in every run of the tests."""
    never_proved_and_violated(machine)
