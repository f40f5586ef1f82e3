# SPDX-License-Identifier: MIT
"""Simulation: what it finds, how short its traces are, that it starves no action, and what it reports."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checkers.core.stopped import INTERRUPTED, after_seconds
from checkers.core.traces import Finding
from checkers.explore.search import explore
from checkers.simulate import CHECK_EVERY, SimulationRun, simulate
from models.yardstick import Owner, Page, Status, Yardstick, every_device_is_freed, final_free, yardstick
from poolproof import catalog
from spec.dsl import Machine, Mutant, SpecError, World, drop, each, instead
from spec.dsl.ir import Change, changed
from spec.ownership import ownership
from tests.clock import ticking
from tests.sampling import one_in

STEPS = 20_000

FAULTS: dict[str, tuple[Machine, tuple[Change, ...]]] = {
    "a pool is freed while pages are out": (ownership, drop("pool_free", "require(in_flight(s, pool) == 0)")),
    "detached before the simulation is over": (
        ownership,
        drop(
            "pool_detach",
            "require(not some(s.pages, lambda p: s.home[p] == pool and s.dma[p, s.device_of[pool]] != Dma.UNMAPPED))",
        ),
    ),
    "every sender's mapping is undone": (
        ownership,
        instead("end_tx", "s.home[page] == NOBODY or s.device_of[s.home[page]] != dev", "s.tx_dev[page] == NOBODY"),
    ),
    "the cpu writes what is shared": (ownership, drop("cpu_write", "require(s.refs[page] == 1)")),
    "the cpu writes before its turn": (ownership, drop("cpu_write", "require(shown_to_cpu(s, page))")),
    "home without a sync": (ownership, drop("recycle_to_pool", "sync_if_mapped(s, page, s.device_of[s.home[page]])")),
    "home with a foreign reference": (ownership, drop("recycle", "require(not s.foreign[page])")),
    "posted again while shared": (ownership, drop("rx_repost", "require(s.refs[page] == 1)")),
    "unbound while sending": (ownership, drop("device_unbind", "require(in_tx(s, dev) == 0)")),
    "sent by a device that is gone": (ownership, drop("redirect", "require(s.bind[dev] == Bind.BOUND)")),
    "unmapped and not counted": (ownership, drop("unmap_for", "s.unmaps[page, dev] += 1")),
    "a second mapping stays": (yardstick, drop("tx_complete", "s.mapped[page, dev] = False")),
    "completed by another device": (yardstick, drop("tx_complete", "require(s.at[page] == dev)")),
    "gone while sending": (yardstick, drop("final_free", "require(in_tx(s, dev) == 0)")),
    "sent without a sync": (yardstick, drop("xmit", "give_to_device(s, page)")),
}


def tiny(machine: Machine) -> dict[str, int]:
    return machine.sizes("tiny", {})


def counterexample(finding: Finding) -> list[str]:
    return [str(step.instance) for step in finding.trace.steps]


def missed(bugs: tuple[Mutant, ...]) -> tuple[list[str], list[int]]:
    """The broken models that a simulation misses, and by how much the other counterexamples exceed the shortest."""
    names, longer = [], []
    for bug in bugs:
        seen = simulate(bug.machine, tiny(bug.machine), STEPS, seed=0, until=bug.breaks)
        if seen.finding is None:
            names.append(bug.name)
        else:
            longer.append(len(seen.finding.trace.steps) - bug.steps)
    return names, longer


@pytest.mark.parametrize("part", one_in(3, range(3)))
def test_a_walk_finds_four_of_five_broken_models(part: int) -> None:
    """Within 20,000 steps, and its counterexample is on average hardly longer than a shortest one."""
    bugs = catalog.BROKEN[part::3]
    names, longer = missed(bugs)
    assert len(names) <= len(bugs) / 5, names
    assert sum(longer) <= len(longer) / 2
    assert min(longer) >= 0


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found_by_a_short_run(name: str) -> None:
    """At most three steps longer than the shortest run to the same broken invariant."""
    base, changes = FAULTS[name]
    machine = changed(base, name, changes)
    found = simulate(machine, tiny(machine), STEPS, seed=0).finding
    assert found
    shortest = explore(machine, tiny(machine), machine.symmetric, until=found.name).violated[found.name]
    assert len(shortest.trace.steps) <= len(found.trace.steps) <= len(shortest.trace.steps) + 3


@pytest.mark.parametrize("machine", one_in(2, catalog.SOUND), ids=lambda m: m.name)
def test_a_sound_machine_is_walked_without_a_find(machine: Machine) -> None:
    """All steps are taken and counted, and no action is starved: each gets a hundredth of an even share at least."""
    seen = simulate(machine, machine.sizes("small", {}), STEPS, seed=0)
    assert (seen.finding, seen.deadlock, seen.never, seen.stopped) == (None, None, (), None)
    assert sum(seen.counts.values()) == seen.steps == STEPS
    assert min(seen.counts.values()) >= STEPS / len(seen.counts) / 100


def test_the_same_seed_walks_the_same_way() -> None:
    """Another seed walks otherwise."""
    machine = changed(ownership, "unsynced", FAULTS["home without a sync"][1])
    one, same, other = (simulate(machine, tiny(machine), STEPS, seed) for seed in (5, 5, 6))
    assert one.finding
    assert (one.counts, one.finding) == (same.counts, same.finding)
    assert one.counts != other.counts


def test_a_counterexample_is_a_run_of_the_model_in_which_page_a_comes_first() -> None:
    """Each step is enabled where it stands, the invariant is broken at the end only, and steps of the search count."""
    machine = changed(ownership, "early", FAULTS["a pool is freed while pages are out"][1])
    sizes = machine.sizes("small", {})
    seen, world = simulate(machine, sizes, STEPS, seed=3), World(machine, sizes)
    assert seen.finding
    assert sum(seen.counts.values()) == seen.steps
    assert counterexample(seen.finding)[:2] == ["pool_create(pool0)", "alloc_into_pool(A, pool0)"]
    trace = seen.finding.trace
    for was, step in zip(trace.codes, trace.steps, strict=False):
        assert not list(world.violated(was))
        assert world.apply(was, step.instance) == step.code
    broken = {(v.claim.name, v.args) for v in world.violated(trace.codes[-1])}
    assert (seen.finding.name, seen.finding.args) in broken


def test_only_the_invariant_that_is_wanted_ends_a_walk() -> None:
    """Others are walked past, and so is a deadlock."""
    machine = changed(yardstick, "unmarked", drop("free", "s.origin[page] = NOBODY"))
    names = {"a_free_page_has_no_origin_and_no_mapping", "an_idle_page_is_at_home_and_mapped_there_only"}
    broken = explore(machine, tiny(machine)).violated.keys()
    for name in names & broken:
        found = simulate(machine, tiny(machine), STEPS, seed=0, until=name).finding
        assert found
        assert found.name == name


def test_a_deadlock_is_a_find_of_its_own() -> None:
    """A device that never gets to its end is stuck after `destroy`, whatever else happens."""
    machine = changed(yardstick, "endless", drop("final_free", "s.status[dev] = Status.GONE"))
    seen = simulate(machine, tiny(machine), STEPS, seed=0)
    assert seen.finding is None
    assert seen.deadlock
    assert counterexample(seen.deadlock) == ["destroy(eth0)", "destroy(eth1)"]
    assert simulate(machine, tiny(machine), 500, seed=0, until="rings_are_never_overrun").deadlock is None


def everybody_is_gone(s: Yardstick) -> bool:
    """No device is, in the initial state."""
    return each(s.devices, lambda d: s.status[d] == Status.GONE)


def everything_is_final(s: Yardstick) -> bool:
    """A run may end anywhere."""
    return each(s.devices, lambda d: s.status[d] == s.status[d])


def no_page_is_free(s: Yardstick, page: Page) -> bool:
    """Broken before anything happens."""
    return s.owner[page] != Owner.ALLOC


def test_a_walk_may_end_where_it_begins() -> None:
    """Where nothing can move from the start, that is a deadlock, unless it is final: then nothing was taken."""
    nothing = replace(yardstick, system=(final_free,), environment=(), sometimes=(), final=everybody_is_gone)
    seen = simulate(nothing, tiny(nothing), 100, seed=0)
    assert seen.deadlock
    assert seen.deadlock.trace.steps == ()
    seen = simulate(replace(nothing, final=everything_is_final), tiny(nothing), 100, seed=0)
    assert (seen.deadlock, seen.steps, seen.never) == (None, 0, ("final_free",))


def test_an_invariant_broken_from_the_start_needs_no_step() -> None:
    """The initial state is judged too."""
    machine = replace(yardstick, always=(no_page_is_free,))
    found = simulate(machine, tiny(machine), 100, seed=0).finding
    assert found
    assert found.trace.steps == ()


def test_an_action_that_is_never_taken_is_named() -> None:
    """Here no page that can be reclaimed is where it would be reclaimed."""
    machine = changed(
        yardstick,
        "unclaimed",
        instead("reclaim", "require(s.at[page] == dev)", "require(s.at[page] != s.origin[page])"),
    )
    assert simulate(machine, tiny(machine), 2_000, seed=0).never == ("reclaim",)


def test_an_interrupted_simulation_keeps_its_counts() -> None:
    """What was counted so far is kept."""

    def interrupt(seen: SimulationRun) -> None:
        if seen.steps > 1_000:
            raise KeyboardInterrupt

    seen = simulate(yardstick, tiny(yardstick), STEPS, seed=0, progress=interrupt)
    assert seen.stopped == INTERRUPTED
    assert 1_000 < seen.steps < 2_000
    assert sum(seen.counts.values()) == seen.steps


def test_a_walk_stops_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stops at its next look at the clock; here that is the third, a second after the one before."""
    monkeypatch.setattr("checkers.simulate.time", ticking(1.0))
    seen = simulate(yardstick, tiny(yardstick), STEPS, seed=0, seconds=2.5)
    assert seen.stopped == after_seconds(2.5)
    assert seen.steps == 3 * CHECK_EVERY


@pytest.mark.parametrize(("steps", "examples"), [(1, 0), (90, 0), (300, 3), (5, 10)])
def test_steps_and_examples_are_limits(steps: int, examples: int) -> None:
    """The number of steps in all, and of runs of hypothesis."""
    seen = simulate(yardstick, tiny(yardstick), steps, seed=0, examples=examples)
    assert 0 < seen.steps <= steps
    assert seen.examples <= (examples or steps)
    assert examples or seen.steps == steps


def test_hypothesis_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """Not even when something is found; the command prints it as a counterexample."""
    machine = changed(yardstick, "unsynced", FAULTS["sent without a sync"][1])
    assert simulate(machine, tiny(machine), STEPS, seed=0).finding
    assert capfd.readouterr() == ("", "")


def test_an_error_of_the_spec_is_no_find() -> None:
    """A value out of its bounds is a mistake in the model, and the simulation reports the step."""
    machine = changed(ownership, "unbound", drop("clone", "require(s.refs[page] < s.max_refs)"))
    with pytest.raises(SpecError, match=r"clone\(A\): .*outside its bounds"):
        simulate(machine, tiny(machine), STEPS, seed=0)


def test_an_end_may_be_declared() -> None:
    """The yardstick ends where every device is gone: what would be a deadlock is none."""
    assert yardstick.final is every_device_is_freed
    endless = replace(yardstick, final=None)
    assert simulate(endless, tiny(endless), STEPS, seed=0).deadlock
