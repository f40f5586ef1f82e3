# SPDX-License-Identifier: MIT
"""The zoo and the planted faults: each is found broken, by its declared invariant, at its declared length."""

from __future__ import annotations

import pytest

from checkers.core.traces import Finding
from checkers.explore.search import explore
from checkers.itf import Rerun, broken_at_the_end
from models.broken.zoo import ZOO
from poolproof import catalog
from spec.dsl import Mutant


def found(bug: Mutant) -> Finding | None:
    machine = bug.machine
    seen = explore(machine, machine.sizes("tiny", {}), machine.symmetric, until=bug.breaks)
    return seen.violated.get(bug.breaks)


@pytest.mark.parametrize("bug", catalog.BROKEN, ids=lambda b: b.name)
def test_a_broken_model_breaks_the_invariant_it_names(bug: Mutant) -> None:
    """It does so in exactly the number of steps that is declared, and in no fewer."""
    finding = found(bug)
    assert finding is not None
    assert len(finding.trace.steps) == bug.steps


def test_every_invariant_is_broken_by_some_model() -> None:
    """No invariant of a sound model is one that nothing could break."""
    broken = {bug.breaks for bug in catalog.BROKEN}
    invariant = {claim.name for machine in catalog.SOUND for claim in machine.invariants}
    assert invariant <= broken


def test_the_zoo_is_as_rich_as_it_should_be() -> None:
    """15 entries and more, breaking 8 invariants and more, three in 6 steps and more, with the five that must be."""
    zoo = ZOO
    assert len(zoo) >= 15
    assert len({bug.breaks for bug in zoo}) >= 8
    assert sum(bug.steps >= 6 for bug in zoo) >= 3
    assert {"b01", "b03", "b28", "b41"} <= {bug.name.split("_")[0] for bug in zoo}
    assert "a_shared_page_is_reposted" in {bug.name for bug in zoo}


@pytest.mark.parametrize("name", ["b28_returned_twice_on_a_full_tx_ring", "b47_second_mapping_left_behind"])
def test_two_bugs_need_two_devices(name: str) -> None:
    """With one device the counterexample cannot happen."""
    machine = catalog.find(name)
    assert machine.breaks
    seen = explore(machine, machine.sizes("tiny", {"devices": 1}), machine.symmetric)
    assert machine.breaks.invariant not in seen.violated


@pytest.mark.parametrize("name", ["b01_pool_freed_by_timeout", "b03_mapping_outlives_the_driver"])
def test_two_bugs_need_a_detached_pool(name: str) -> None:
    """The shortest counterexample goes through the detaching of a pool."""
    finding = found(next(b for b in ZOO if b.name == name))
    assert finding is not None
    assert any(step.instance.action.name == "pool_detach" for step in finding.trace.steps)


@pytest.mark.parametrize("bug", catalog.BROKEN[::7], ids=lambda b: b.name)
def test_a_counterexample_is_a_run_of_the_model(bug: Mutant) -> None:
    """Each step of a found trace is enabled where it stands, and the invariant is broken at its end."""
    finding = found(bug)
    assert finding is not None
    from spec.dsl import World

    world = World(bug.machine, bug.machine.sizes("tiny", {}))
    for was, step in zip(finding.trace.codes, finding.trace.steps, strict=False):
        assert world.apply(was, step.instance) == step.code
    assert broken_at_the_end(Rerun(world, finding.trace, ""), bug.breaks) is not None
