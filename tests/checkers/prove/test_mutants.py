# SPDX-License-Identifier: MIT
"""Planted faults are judged rightly: killed where there is a run, equivalent where no step is new and none is gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checkers.core.traces import Contradiction
from checkers.explore.refine import refine
from checkers.mutation import Fault, faults
from checkers.prove.deciding import SolverOptions, decide
from checkers.prove.equal import steps_covered_by
from checkers.prove.mutants import BY_REFINEMENT, EQUIVALENT, KILLED, REFUSED, UNOBSERVED, WEAKENS, Judged, Trial
from models.keep_mapped import keep_mapped
from models.yardstick import Owner, Page, Yardstick, stack_write, yardstick
from spec.dsl import Machine, drop, require
from spec.dsl.ir import changed
from spec.ownership import ownership

TRIAL = Trial(yardstick)
ALONE = SolverOptions(jobs=1)


def fault(function: str, line: str) -> Fault:
    return next(f for f in faults(yardstick) if f.function == function and f.text == line)


def judged(function: str, line: str) -> Judged:
    return TRIAL.judge(fault(function, line))


def test_a_fault_that_a_run_shows_is_killed_in_the_smallest_scope() -> None:
    """The verdict has the invariant, the steps and the sizes, and the proof fails, too."""
    found = judged("xmit", "give_to_device(s, page)")
    assert (found.verdict, found.by, found.steps) == (KILLED, "devices access only mapped and synced pages", 4)
    assert (found.sizes["pages"], found.sizes["devices"]) == (1, 1)
    assert found.failing


def test_a_fault_that_makes_the_text_no_spec_is_refused() -> None:
    """The notation refuses it, with the reason."""
    line = "require(s.home[page] != NOBODY)"
    found = Trial(ownership).judge(next(f for f in faults(ownership) if f.function == "recycle" and f.text == line))
    assert found.verdict == REFUSED
    assert "may be NOBODY here" in found.by


@pytest.mark.parametrize(
    ("function", "line", "by"),
    [
        ("stack_write", "require(not s.dirty[page])", ""),
        ("scrub_pool", "require(s.status[dev] == Status.DYING)", "reclaim"),
    ],
)
def test_a_fault_that_permits_nothing_new_is_equivalent(function: str, line: str, by: str) -> None:
    """Its steps are none, or those of another action that is named; and the explorer finds no difference either."""
    found = judged(function, line)
    assert (found.verdict, found.by) == (EQUIVALENT, by)
    mutant, sizes = fault(function, line).planted(yardstick), yardstick.sizes("tiny", {})
    assert refine(replace(mutant, refines=yardstick), sizes).trace is None
    assert refine(replace(yardstick, refines=mutant), sizes).trace is None


def test_a_step_more_that_breaks_no_invariant_is_unobserved() -> None:
    """The step is shown: an invariant is missing, or a reason."""
    found = judged("destroy", "require(s.status[dev] == Status.UP)")
    assert (found.verdict, found.by) == (UNOBSERVED, "new: destroy(eth0): status[eth0]: GONE -> DYING")


def test_a_step_less_that_breaks_no_invariant_is_unobserved() -> None:
    """What the sound machine permitted and this one does not is shown."""
    found = judged("stack_write", "s.dirty[page] = True")
    assert (found.verdict, found.by) == (UNOBSERVED, "gone: stack_write(A): dirty[A]: no -> yes")


def write(s: Yardstick, page: Page) -> None:
    """The stack writes the page, in a design with an action of its own for it."""
    require(s.owner[page] == Owner.STACK)
    require(not s.dirty[page])

    s.dirty[page] = True


def test_a_step_less_is_detected_by_a_design_that_needs_it() -> None:
    """The changed rules must permit a design's own functions; functions that both share change in both."""
    writes, same = fault("stack_write", "s.dirty[page] = True"), replace(yardstick, refines=yardstick)
    own = {fn: write if fn is stack_write else fn for fn in (*yardstick.system, *yardstick.environment)}
    design = replace(
        same, system=tuple(own[f] for f in yardstick.system), environment=tuple(own[f] for f in yardstick.environment)
    )
    found = Trial(yardstick, (design,)).judge(writes)
    assert (found.verdict, found.by) == (BY_REFINEMENT, "not permitted any more: write of yardstick")
    found = Trial(yardstick, (same,)).judge(writes)
    assert (found.verdict, found.by) == (UNOBSERVED, "gone: stack_write(A): dirty[A]: no -> yes")


def test_a_proof_that_fails_without_a_run_is_weaker_only() -> None:
    """Writing down at every step that a page is clean is not needed in any run: only the proof leans on it."""
    weaker = next(f for f in faults(ownership) if (f.function, f.text) == ("put_page", "s.dirty[page] = False"))
    found = Trial(ownership).judge(weaker)
    assert (found.verdict, found.failing) == (
        WEAKENS,
        'put_page keeps "a free page is unmapped unreferenced and clean"',
    )
    assert "put_page(A) violates: a free page is unmapped unreferenced and clean (not reachable" in found.by


def test_a_proof_that_overlooks_a_run_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the proof went through although the explorer finds a violation, one of the two would be wrong."""
    monkeypatch.setattr("checkers.prove.mutants._Case._failing", lambda self: None)
    with pytest.raises(Contradiction, match="the proof holds"):
        judged("xmit", "give_to_device(s, page)")


@pytest.mark.parametrize("machine", [yardstick, keep_mapped], ids=["yardstick", "keep_mapped"])
def test_an_action_does_nothing_new_beside_itself(machine: Machine) -> None:
    """Both solvers prove it for every action, with guards that count and history counters."""
    obligations = [steps_covered_by(machine, action, [action], False) for action in machine.actions]
    assert [d.obligation.name for d in decide(obligations, ALONE) if not d.is_as_wanted] == []


def test_a_map_more_is_something_new() -> None:
    """A step that differs in a history counter only is another step."""
    twice = changed(ownership, "twice", drop("map_for", "s.maps[page, dev] += 1")).action("alloc_into_pool")
    found = decide([steps_covered_by(ownership, twice, [ownership.action("alloc_into_pool")], False)], ALONE)
    assert not found[0].is_as_wanted
