# SPDX-License-Identifier: MIT
"""No lemma may be left out: without it some invariant does not follow from the others any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from checkers.prove.obligations import UNSAT, obligations
from checkers.prove.solvers import Z3
from checkers.prove.theory import invariants_of
from spec import lemmas
from spec.dsl import Machine
from spec.ownership import ownership

LEMMAS = [fn for fn in vars(lemmas).values() if getattr(fn, "__module__", "") == lemmas.__name__]


def not_kept(machine: Machine) -> list[str]:
    """The steps that z3 does not find to keep an invariant, with what is known of counts where that helps."""
    every = [o for o in obligations(machine, invariants_of(machine)) if o.breaks and o.action]
    session = Z3(every[0].theory, 10, 0)
    left = [o for o in every if session.ask(o.body()).result != UNSAT]
    return [o.name for o in left if not o.question.known or session.ask(o.body(counting=True)).result != UNSAT]


def test_with_every_lemma_the_invariants_follow_from_each_other() -> None:
    """There are lemmas, they are invariants, and nothing is left open."""
    assert len(LEMMAS) > 3
    assert not_kept(ownership) == []


@pytest.mark.parametrize("lemma", LEMMAS, ids=lambda fn: fn.__name__)
def test_without_a_lemma_an_invariant_does_not_follow(lemma: Callable[..., bool]) -> None:
    """Every other invariant stays, and the proof of one of them fails."""
    left = tuple(fn for fn in ownership.always if fn is not lemma)
    assert len(left) == len(ownership.always) - 1
    assert not_kept(replace(ownership, always=left))
