# SPDX-License-Identifier: MIT
"""From searches and walks to verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from checkers import judging
from checkers.core.stopped import INTERRUPTED
from checkers.core.traces import Finding, Trace
from checkers.core.verdict import Exit, Kind, Outcome, Verdict
from checkers.engines import explore
from checkers.explore.search import Budget
from checkers.judging import Question
from checkers.simulate import SimulationRun
from models.broken.zoo import ZOO
from spec.dsl import Machine, Mutant, World
from tests.machines import module
from tests.poolproof.drivers import BROKEN, DRIVER, SOUND, UNREACHABLE, VIOLATED

STAGED = """driver(sometimes=(
    (a_page_is_received, it_is_free_again), (a_page_is_received, a_page_is_dirty), a_page_is_received, a_page_is_dirty,
))"""


def question(model: str, budget: Budget = Budget()) -> Question:
    """The question about a small driver at tiny."""
    made = module(f"{DRIVER}MODEL = {model}\n").MODEL
    machine: Machine = made.machine if isinstance(made, Mutant) else made
    return Question(machine, "my.py", "tiny", machine.sizes("tiny", {}), machine.symmetric, budget)


def outcomes(verdicts: list[Verdict]) -> dict[str, Outcome]:
    return {v.property: v.outcome for v in verdicts}


def test_every_question_has_one_verdict() -> None:
    """Each invariant, witness and action, and whether something can always happen, is answered exactly once."""
    posed = question(SOUND)
    _, verdicts = judging.check(posed)
    machine = posed.machine
    names = [c.name for c in machine.invariants] + ["something_can_always_happen"]
    names += [w.name for w in machine.witnesses] + [a.name for a in machine.actions]
    assert [v.property for v in verdicts] == names
    assert all(v.expected for v in verdicts)
    assert {v.digest for v in verdicts} == {machine.digest}


BARE = "always=(), steps=(), sometimes=()"


def test_a_machine_that_claims_nothing_is_no_pass() -> None:
    """The search finds what it finds, and one verdict is unknown: there was nothing to be wrong."""
    _, verdicts = judging.check(question(f"driver({BARE})"))
    open_, stuck, *actions = verdicts
    assert (open_.property, open_.outcome, open_.code) == (judging.CLAIMS, Outcome.UNKNOWN, Exit.BUDGET)
    assert (stuck.kind, stuck.outcome) == (Kind.DEADLOCK, Outcome.HOLDS)
    assert {v.kind for v in actions} == {Kind.ACTION}


@pytest.mark.parametrize(
    "claim",
    ["always=(at_most_one_page_is_posted,)", "steps=(a_page_is_posted_before_it_is_received,)",
     "sometimes=(a_page_is_received,)", "final=at_most_one_page_is_posted", "refines=driver()"],
)  # fmt: skip
def test_any_one_claim_is_enough(claim: str) -> None:
    """An invariant, a step invariant, a witness, a claim of final states, or rules to be refined."""
    name = claim.split("=")[0]
    bare = ", ".join(part for part in BARE.split(", ") if not part.startswith(name))
    assert judging.CLAIMS not in outcomes(judging.check(question(f"driver({bare}, {claim})"))[1])


def test_the_search_goes_on_past_a_violation() -> None:
    """A broken invariant leaves all other verdicts and the counts what they are without it."""
    seen, verdicts = judging.check(question(VIOLATED))
    found = outcomes(verdicts)
    assert found.pop("at_most_one_page_is_posted") is Outcome.VIOLATED
    assert set(found.values()) <= {Outcome.HOLDS, Outcome.REACHED}
    assert not seen.stopped


def test_a_broken_model_has_one_verdict() -> None:
    """Of a broken model only the invariant it names is judged; it is violated in the declared number of steps."""
    _, (verdict,) = judging.check(question(BROKEN))
    assert (verdict.outcome, verdict.expected, verdict.steps) == (Outcome.VIOLATED, True, 2)


def test_a_search_not_begun_leaves_everything_open() -> None:
    """After an interrupt no question has an answer, not even by accident."""
    posed = question(SOUND)
    _, verdicts = judging.not_begun(posed)
    assert [v.property for v in verdicts] == [v.property for v in judging.check(posed)[1]]
    assert {(v.outcome, v.label, v.note) for v in verdicts} == {(Outcome.BUDGET, "not run", "not begun (interrupted)")}
    assert judging.was_interrupted(verdicts)


def test_an_interrupt_in_a_search_of_stages_keeps_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A witness of several stages has a search of its own; stopped there, the main search has its answers still."""
    begun: list[str] = []

    def interrupted(*posed: object) -> None:
        begun.append(str(posed))
        raise KeyboardInterrupt

    monkeypatch.setattr(judging, "reach", interrupted)
    _, verdicts = judging.check(question(STAGED))
    found = outcomes(verdicts)
    assert found["at_most_one_page_is_posted"] is Outcome.HOLDS
    assert found["a_page_is_received_then_it_is_free_again"] is Outcome.BUDGET
    assert found["a_page_is_received_then_a_page_is_dirty"] is Outcome.BUDGET
    assert found["a_page_is_received"] is Outcome.REACHED
    assert found["a_page_is_dirty"] is Outcome.UNREACHABLE
    assert len(begun) == 1
    assert judging.was_interrupted(verdicts)


def test_a_search_of_stages_has_what_the_budget_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of one question is shared by its searches; it never becomes "no limit"."""
    given: list[Budget] = []
    monkeypatch.setattr(judging, "reach", lambda machine, sizes, witness, budget, choice: given.append(budget))
    for took in (20.0, 60.0, 61.0):
        monkeypatch.setattr(judging, "explore", lambda *posed, took=took: replace(explore(*posed), seconds=took))
        judging.check(question(SOUND, Budget(states=1000, seconds=60.0)))
    assert given == [Budget(1000, seconds) for seconds in (40.0, 0.001, 0.001)]


def test_a_search_of_stages_that_stops_leaves_its_witness_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only the search for stages spent its budget, only its witness is open, with the depth that was reached."""
    monkeypatch.setattr(judging, "reach", lambda *_: "7 states searched")
    _, verdicts = judging.check(question(SOUND))
    left = [v for v in verdicts if v.outcome is Outcome.BUDGET]
    assert [(v.property, v.note) for v in left] == [
        ("a_page_is_received_then_it_is_free_again", "stopped (7 states searched) on a search of its own")
    ]


def test_an_unreachable_witness_is_reported() -> None:
    """A witness that no run comes to is unreachable, in one stage or several."""
    _, verdicts = judging.check(question(UNREACHABLE))
    wrong = {v.property for v in verdicts if v.outcome is Outcome.UNREACHABLE and not v.expected}
    assert wrong == {"a_page_is_dirty", "a_page_is_received_then_a_page_is_dirty"}


def test_a_refinement_that_is_cut_short_is_no_pass() -> None:
    """A budget spent before every step was compared leaves the question open."""
    base = ZOO[0].base
    posed = Question(base, base.name, "tiny", base.sizes("tiny", {}), base.symmetric, Budget(states=10))
    verdict, candidates = judging.check_refinement(posed)
    assert (verdict.outcome, verdict.expected, candidates) == (Outcome.BUDGET, False, ())
    assert judging.refinement_not_begun(posed).note == f"not begun ({INTERRUPTED})"


def simulations() -> Iterator[tuple[str, dict[str, object], tuple[Kind, Outcome, bool]]]:
    """Simulations of models, what they found, and the verdict about that."""
    some, empty = Trace(b"", ()), ("", (), Trace(b"", ()))
    invariant = Finding("at_most_one_page_is_posted", (), some)
    other = replace(invariant, name="a_page_is_posted_before_it_is_received")
    yield SOUND, {}, (Kind.SIMULATION, Outcome.HOLDS, True)
    yield SOUND, dict(stopped=INTERRUPTED), (Kind.SIMULATION, Outcome.BUDGET, False)
    yield SOUND, dict(finding=invariant), (Kind.INVARIANT, Outcome.VIOLATED, False)
    yield SOUND, dict(deadlock=Finding(*empty)), (Kind.DEADLOCK, Outcome.DEADLOCK, False)
    yield BROKEN, dict(finding=invariant), (Kind.BROKEN, Outcome.VIOLATED, True)
    yield BROKEN, dict(finding=other), (Kind.BROKEN, Outcome.VIOLATED, False)
    yield BROKEN, {}, (Kind.BROKEN, Outcome.UNKNOWN, False)


@pytest.mark.parametrize(("model", "found", "expected"), list(simulations()))
def test_a_simulation_is_judged_by_what_it_met(
    model: str, found: dict[str, object], expected: tuple[Kind, Outcome, bool]
) -> None:
    """A broken model must break; a simulation that does not meet its bug is unknown, and no pass."""
    posed = question(model)
    run = SimulationRun(World(posed.machine, posed.sizes), steps=7, **found)  # type: ignore[arg-type]
    verdict = judging.judge_simulation(posed, run, 5)[0]
    assert (verdict.kind, verdict.outcome, verdict.expected) == expected
    assert verdict.label == "sampled(7, 5)"


def test_what_a_simulation_never_took_is_not_called_unreachable() -> None:
    """An action that a simulation did not take is unknown: a longer one might take it."""
    posed = question(SOUND)
    run = SimulationRun(World(posed.machine, posed.sizes), {"post": 3, "receive": 0})
    _, never = judging.judge_simulation(posed, run, 0)
    assert (never.property, never.outcome, never.code) == ("receive", Outcome.UNKNOWN, 3)
