# SPDX-License-Identifier: MIT
"""Traces as files: what is saved is ITF, comes back whole, and runs again to the same end."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings

from checkers import judging
from checkers.core.verdict import Kind, Verdict
from checkers.itf import BadTrace, Saved, broken_at_the_end, load, rerun, save, shows
from checkers.judging import Question
from models.broken.planted import PLANTED
from models.broken.zoo import ZOO
from models.keep_mapped import keep_mapped
from models.yardstick import yardstick
from spec.dsl import Machine
from tests.machines import machines, module
from tests.poolproof.drivers import AT_THE_START, DRIVER, SOUND, STUCK, VIOLATED, VIOLATED_BY_A_STEP

BUGS = {bug.name: bug for bug in (*ZOO, *PLANTED)}
SOME = ("b01_pool_freed_by_timeout", "b18_counted_out_and_still_at_home", "b47_second_mapping_left_behind")


def driver(model: str) -> Machine:
    made: Machine = module(f"{DRIVER}MODEL = {model}\n").MODEL
    return made


def verdicts(machine: Machine) -> list[Verdict]:
    """What a machine at tiny leaves traces of."""
    posed = Question(machine, machine.name, "tiny", machine.sizes("tiny", {}), machine.symmetric)
    return [v for v in judging.check(posed)[1] if v.trace]


def come_back(verdict: Verdict, directory: Path) -> Saved:
    """Saved and loaded again."""
    save(directory / "t.itf.json", verdict)
    return load(directory / "t.itf.json")


MACHINES = [driver(m) for m in (SOUND, VIOLATED, VIOLATED_BY_A_STEP, AT_THE_START, STUCK)]
MACHINES += [yardstick, keep_mapped]


@pytest.mark.parametrize("machine", MACHINES, ids=[machine.name for machine in MACHINES])
def test_every_trace_comes_back_and_ends_the_same(machine: Machine, tmp_path: Path) -> None:
    """Of every kind: the steps and the states that are run again are those that were found, and so is the end."""
    found = verdicts(machine)
    assert found
    for verdict in found:
        saved = come_back(verdict, tmp_path)
        run = rerun(machine, saved)
        assert run.trace == verdict.trace
        assert not run.refused
        assert shows(run, saved) is not None


@pytest.mark.parametrize("name", SOME)
def test_a_bug_of_the_zoo_is_refused_by_the_sound_model(name: str, tmp_path: Path) -> None:
    """The run that breaks a broken model is stopped by the model it was made from, or breaks nothing there."""
    bug = BUGS[name]
    saved = come_back(verdicts(bug.machine)[0], tmp_path)
    assert shows(rerun(bug.machine, saved), saved) is not None
    run = rerun(bug.base, saved)
    assert shows(run, saved) is None
    assert run.refused or broken_at_the_end(run, saved.property) is None


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(machines())
def test_traces_of_any_machine_come_back(machine: Machine) -> None:
    """For machines written at random, whatever is found is found again from its file."""
    with TemporaryDirectory() as directory:
        for verdict in verdicts(machine):
            saved = come_back(verdict, Path(directory))
            run = rerun(machine, saved)
            assert run.trace == verdict.trace
            assert shows(run, saved) is not None


def test_a_run_that_stops_short_shows_nothing(tmp_path: Path) -> None:
    """Without its last step a run is not at its end, and the invariant is not broken yet."""
    machine = driver(VIOLATED)
    broken = next(v for v in verdicts(machine) if v.property == "at_most_one_page_is_posted")
    saved = come_back(broken, tmp_path)
    assert shows(rerun(machine, other_steps(saved, saved.steps[:-1])), saved) is None


def test_a_deadlock_is_one_only_where_a_run_may_not_end(tmp_path: Path) -> None:
    """The same stuck state is no deadlock on a machine that may end there, nor where something moves."""
    machine = driver(STUCK)
    saved = come_back(next(v for v in verdicts(machine) if v.kind is Kind.DEADLOCK and v.trace), tmp_path)
    assert shows(rerun(machine, saved), saved) == ()
    over = "\n\ndef over(s: Driver) -> bool:\n    return True\n\n\n"
    ends = module(
        f"{DRIVER}{over}MODEL = changed(driver(final=over), 'e', drop('give_back', 's.place[page] = Place.FREE'))"
    )
    assert shows(rerun(ends.MODEL, saved), saved) is None
    assert shows(rerun(driver(SOUND), saved), saved) is None


def test_a_witness_holds_for_the_same_page_throughout(tmp_path: Path) -> None:
    """The stages come about in their order and for the arguments that were saved, not for others."""
    machine = driver(SOUND)
    saved = come_back(next(v for v in verdicts(machine) if "_then_" in v.property), tmp_path)
    assert saved.args == ("A",)
    run = rerun(machine, saved)
    assert shows(run, saved) == ("A",)
    assert shows(run, replace(saved, args=("B",))) is None
    assert shows(run, replace(saved, args=("Z",))) is None


def test_the_file_is_itf(tmp_path: Path) -> None:
    """The head names the format, each state has every variable, maps are pairs, and the action that led there."""
    verdict = next(v for v in verdicts(yardstick) if v.property == "a_page_crosses_two_devices")
    come_back(verdict, tmp_path)
    content = json.loads((tmp_path / "t.itf.json").read_text())
    assert content["#meta"]["format"] == "ITF"
    assert content["#meta"]["digest"] == yardstick.digest
    assert content["vars"] == ["action", *yardstick.shape.fields]
    assert verdict.trace
    assert [s["action"] for s in content["states"]] == ["", *(str(s.instance) for s in verdict.trace.steps)]
    for number, state in enumerate(content["states"]):
        assert state["#meta"] == {"index": number}
        assert set(content["vars"]) == state.keys() - {"#meta"}
    assert [["A", "STACK"], ["B", "ALLOC"]] in [s["owner"]["#map"] for s in content["states"]]
    assert content["states"][0]["mapped"]["#map"][1] == [{"#tup": ["A", "eth1"]}, False]


def test_only_a_trace_is_replaced(tmp_path: Path) -> None:
    """A second save replaces the first; any other file of that name stays as it is."""
    one, other = verdicts(yardstick)
    assert come_back(one, tmp_path) != come_back(other, tmp_path)
    (tmp_path / "t.itf.json").write_text("mine")
    with pytest.raises(BadTrace, match="is there already and is no trace"):
        save(tmp_path / "t.itf.json", one)
    assert (tmp_path / "t.itf.json").read_text() == "mine"


def other_steps(saved: Saved, steps: tuple[str, ...]) -> Saved:
    """A trace with other steps, as of another version; its states are placeholders."""
    return replace(saved, steps=steps, states=saved.states[:1] * (len(steps) + 1), digest="another")


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    """Another start, another action, another invariant: one clear error instead of some run."""
    bug = BUGS["c06_home_to_the_completing_device"]
    saved = come_back(verdicts(bug.machine)[0], tmp_path)
    start = {**saved.states[0], "owner": dict.fromkeys(saved.states[0]["owner"], "POOL")}
    with pytest.raises(BadTrace, match="starts in a state in which c06"):
        rerun(bug.machine, replace(saved, states=(start, *saved.states[1:])))
    last = {**saved.states[-1], "owner": dict.fromkeys(saved.states[-1]["owner"], "POOL")}
    words = r"step \d+, .*, leads to another state than the saved one; the file was changed"
    with pytest.raises(BadTrace, match=words):
        rerun(bug.machine, replace(saved, states=(*saved.states[:-1], last)))
    with pytest.raises(BadTrace, match="'refill\\(Z, eth0\\)' is no action"):
        rerun(bug.machine, other_steps(saved, ("refill(Z, eth0)",)))
    run = rerun(bug.machine, saved)
    with pytest.raises(BadTrace, match="'gone' is no invariant of c06"):
        shows(run, replace(saved, property="gone"))
    with pytest.raises(BadTrace, match="'gone' is no witness of c06"):
        shows(run, replace(saved, property="gone", kind=Kind.WITNESS))


def test_a_step_invariant_is_judged_at_the_last_step_only(tmp_path: Path) -> None:
    """A run without steps breaks no invariant about a step, and one that goes on afterwards does not either."""
    machine = driver(VIOLATED_BY_A_STEP)
    saved = come_back(next(v for v in verdicts(machine) if v.kind is Kind.STEP_INVARIANT and v.trace), tmp_path)
    longer, none = other_steps(saved, (*saved.steps, "give_back(A)")), other_steps(saved, ())
    assert shows(rerun(machine, saved), saved) == ("A",)
    assert shows(rerun(machine, longer), saved) is None
    assert shows(rerun(machine, none), saved) is None
