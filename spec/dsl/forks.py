# SPDX-License-Identifier: MIT
"""Forks: a function that tests an undecided claim is run once for each answer, and the results are joined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .expr import And, Const, Eq, Expr, Not, Or, choose, negate
from .values import NOBODY


class Fork(BaseException):
    """The path does not decide this claim: the function must be run once for each answer."""

    def __init__(self, claim: Expr, where: str) -> None:
        self.claim, self.where = claim, where


@dataclass
class Branch:
    """An inner node of a decision tree: a claim and the subtree for each answer."""

    claim: Expr
    where: str
    yes: Tree
    no: Tree


Tree = Branch | Any
"""A decision tree, with the results of the runs as leaves."""


def grow(run: Callable[[tuple[bool, ...]], Any], answers: tuple[bool, ...] = ()) -> Tree:
    """The decision tree of a deterministic function, which is re-run with longer and longer lists of answers."""
    try:
        return run(answers)
    except Fork as fork:
        return Branch(fork.claim, fork.where, grow(run, (*answers, True)), grow(run, (*answers, False)))


def expression_of(tree: Tree) -> Expr:
    """A decision tree with expressions as leaves, joined into one expression."""
    if isinstance(tree, Branch):
        return choose(tree.claim, expression_of(tree.yes), expression_of(tree.no))
    assert isinstance(tree, Expr)
    return tree


class Facts:
    """The claims a path has decided; derives the truth of others from them by syntax alone, and may fail to."""

    def __init__(self, outer: Facts | None = None) -> None:
        self.known: dict[Expr, bool] = dict(outer.known) if outer else {}

    def learn(self, claim: Expr, answer: bool) -> None:
        """Record the truth of a claim, and of its parts where it determines them."""
        match claim:
            case Not(inner):
                self.learn(inner, not answer)
            case And(claims) if answer:
                for each_claim in claims:
                    self.learn(each_claim, True)
            case Or(claims) if not answer:
                for each_claim in claims:
                    self.learn(each_claim, False)
            case _:
                self.known[claim] = answer

    def decide(self, claim: Expr) -> bool | None:
        """The truth of a claim, or None if it cannot be derived."""
        if claim in self.known:
            return self.known[claim]
        match claim:
            case Const(value):
                return bool(value)
            case Not(inner):
                answer = self.decide(inner)
                return None if answer is None else not answer
            case And(claims):
                return self._decide_all(claims)
            case Or(claims):
                opposite = self._decide_all(tuple(map(negate, claims)))
                return None if opposite is None else not opposite
            case Eq(term, Const() as value):
                return self._decide_literal(term, value)
        return None

    def _decide_all(self, claims: tuple[Expr, ...]) -> bool | None:
        answers = [self.decide(c) for c in claims]
        if False in answers:
            return False
        return True if None not in answers else None

    def _decide_literal(self, term: Expr, value: Const) -> bool | None:
        for fact, holds in self.known.items():
            if holds and isinstance(fact, Eq) and term in (fact.left, fact.right):
                other = fact.right if fact.left == term else fact.left
                if isinstance(other, Const) or (value.value is NOBODY and not other.domain.optional):
                    return other == value
        return None
