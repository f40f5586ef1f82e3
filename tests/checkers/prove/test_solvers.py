# SPDX-License-Identifier: MIT
"""Both solvers read what they are handed; what they do not read is an error, what takes too long is not known."""

from __future__ import annotations

from importlib.metadata import version
from itertools import combinations
from time import perf_counter

import pytest

from checkers.prove.obligations import HEAD, TAIL, Obligation, obligations
from checkers.prove.solvers import DEFINITE, SOLVERS, UNKNOWN, Z3, Cvc5, Session, SolverError, versions
from models.yardstick import yardstick
from spec.dsl import Machine
from spec.ownership import ownership
from tests.machines import module

from .test_smt import ROW

each_solver = pytest.mark.parametrize("solver", SOLVERS, ids=lambda s: s.name)


def kinds(machine: Machine) -> list[Obligation]:
    """One obligation of each kind for each action: starts, steps, counts and possibilities."""
    found = {(o.action, o.wanted, o.counts, bool(o.question.known)): o for o in obligations(machine)}
    return list(found.values())


@each_solver
@pytest.mark.parametrize("machine", [yardstick, ownership, module(ROW).MACHINE], ids=lambda m: m.name)
def test_both_read_every_form_of_text(solver: type[Session], machine: Machine) -> None:
    """Obligations of every kind, without what is known of counts and with it, each as one text."""
    for obligation in kinds(machine)[:: 1 if machine is not ownership else 5]:
        for counting in (False, True) if obligation.question.known else (False,):
            verdict = solver(obligation.text(counting).removesuffix(TAIL), 10, 0).ask(TAIL).result
            assert verdict in (*DEFINITE, UNKNOWN)


@each_solver
def test_a_session_forgets_its_questions(solver: type[Session]) -> None:
    """Questions beside a theory do not see one another."""
    session = solver(HEAD + "(declare-const a Bool)\n(assert a)\n", 5, 0)
    questions = [
        "(assert (not a))",
        "(assert a)",
        "(declare-const b Bool)(assert b)",
        "(declare-const b Int)(assert (> b 0))",
    ]
    assert [session.ask(one + TAIL).result for one in questions] == ["unsat", "sat", "sat", "sat"]


WRONG = {
    "no such name": "(assert (nobody.knows 1))",
    "the wrong sort": "(declare-const n Int)(assert (and n true))",
    "not closed": "(assert (and true",
    "no such command": "(prove true)",
}


@each_solver
@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_text_that_is_wrong_is_an_error_that_names_the_solver(solver: type[Session], text: str) -> None:
    """Nothing that a solver cannot read is taken for an answer: neither in a theory nor in a question."""
    with pytest.raises(SolverError, match=f"^{solver.name}: "):
        solver(HEAD + text + "\n", 5, 0)
    with pytest.raises(SolverError, match=f"^{solver.name}: "):
        solver(HEAD, 5, 0).ask(text + TAIL)


def pigeons(holes: int) -> str:
    """One pigeon more than there are holes, each in a hole of its own: impossible, and long to see."""
    names = [[f"in.{p}.{h}" for h in range(holes)] for p in range(holes + 1)]
    lines = [f"(declare-const {name} Bool)" for row in names for name in row]
    lines += [f"(assert (or {' '.join(row)}))" for row in names]
    pairs = ((a, b) for column in zip(*names, strict=True) for a, b in combinations(column, 2))
    lines += [f"(assert (not (and {a} {b})))" for a, b in pairs]
    return "\n".join(lines) + "\n"


@each_solver
def test_what_takes_too_long_is_not_known(solver: type[Session]) -> None:
    """A limit of time ends a question, not the session."""
    session, began = solver(HEAD, 0.3, 0), perf_counter()
    answer = session.ask(pigeons(20) + TAIL)
    assert answer.result == UNKNOWN
    assert 0.1 < answer.seconds < perf_counter() - began + 0.01 < 60
    assert session.ask(pigeons(2) + TAIL).result == "unsat"


def test_the_versions_are_those_that_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A solver that is not installed has none."""
    assert list(versions()) == ["z3", "cvc5"]
    assert version("z3-solver").startswith(versions()["z3"])
    assert version("cvc5") == versions()["cvc5"]
    monkeypatch.setattr(Cvc5, "version", staticmethod(not_installed))
    assert list(versions()) == ["z3"]


def not_installed() -> str:
    raise ImportError("no such module")


def test_both_solvers_decide() -> None:
    """Two that have nothing in common."""
    assert (Z3, Cvc5) == SOLVERS
