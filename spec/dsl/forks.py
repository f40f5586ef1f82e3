"""Forks: how a function that meets an undecided claim is run once for each answer, and joined again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .expr import And, Const, Eq, Expr, Not, Or, choose, negate
from .values import NOBODY


class Fork(BaseException):
    """The path does not decide this claim: the function has to be run once for each answer."""

    def __init__(self, claim: Expr, where: str) -> None:
        self.claim, self.where = claim, where


@dataclass
class Branch:
    """A fork in the road and what each answer leads to."""

    claim: Expr
    where: str
    yes: Tree
    no: Tree


Tree = Branch | Any
"""A decision tree: branches, and at its leaves whatever the run came to."""


def grow(run: Callable[[tuple[bool, ...]], Any], answers: tuple[bool, ...] = ()) -> Tree:
    """The decision tree of a deterministic function that is re-run with ever longer lists of answers."""
    try:
        return run(answers)
    except Fork as fork:
        return Branch(fork.claim, fork.where, grow(run, (*answers, True)), grow(run, (*answers, False)))


def fold(tree: Tree) -> Expr:
    """A tree of expressions as one expression: how a quantifier's body is joined again."""
    if isinstance(tree, Branch):
        return choose(tree.claim, fold(tree.yes), fold(tree.no))
    assert isinstance(tree, Expr)
    return tree


class Facts:
    """What a path has decided so far; answers new questions from it where plain syntax is enough."""

    def __init__(self, outer: Facts | None = None) -> None:
        self.known: dict[Expr, bool] = dict(outer.known) if outer else {}

    def learn(self, claim: Expr, answer: bool) -> None:
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
