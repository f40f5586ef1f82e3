# SPDX-License-Identifier: MIT
"""Lemmas that a proof lacks: the largest inductive set of candidates, and the few of them that help.

The largest set is found by Houdini: candidates that a step violates are dropped until none is. Steps are searched
among few pages, pools and devices; the result is decided for any number by both solvers, like any invariant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from checkers.core.traces import Contradiction
from spec.dsl import Action, Machine
from spec.dsl.ir import And, Expr, Not, Or, negate
from spec.dsl.ir import text as spoken

from .candidates import candidates, holds_in
from .cti import Reading, limited, probes
from .deciding import SolverOptions, decide
from .models import Model, switched
from .obligations import HEAD, SAT, TAIL, UNSAT, enough, obligations
from .queues import Queue, Server, Undecided, answered
from .smt import asserted, implied, symbol
from .solvers import Z3, answer_of, sessions
from .theory import Invariant, Theory, invariants_of
from .workers import Lost

TextProgress = Callable[[str], None]


@dataclass(frozen=True)
class Suggestion:
    """Lemmas that make the invariants inductive, as far as they do; `failing` are the invariants that still fail."""

    lemmas: tuple[Invariant, ...]
    kept: int
    tried: int
    failing: tuple[str, ...]


def suggest(machine: Machine, options: SolverOptions, progress: TextProgress = lambda text: None) -> Suggestion:
    """Look for lemmas; the result names the invariants that still fail."""
    invariants = invariants_of(machine)
    progress("making candidates")
    tried = candidates(machine)
    with Houdini(machine, invariants, tried, options) as houdini:
        houdini.run(progress)
        progress(f"{len(houdini.live)} candidates are inductive; selecting those that help")
        failing = _failing(machine, invariants, options)
        while True:
            lemmas = houdini.fewest(houdini.helping(failing), progress)
            lacking = tuple(dict.fromkeys(name for _, name in _failing(machine, (*invariants, *lemmas), options)))
            if not houdini.forgets(lacking):
                return Suggestion(lemmas, len(houdini.live), len(tried), lacking)


def _failing(machine: Machine, invariants: Sequence[Invariant], options: SolverOptions) -> list[tuple[str, str]]:
    """The obligations that are not decided as wanted, each an action and an invariant."""
    decided = decide([o for o in obligations(machine, invariants, invariants) if o.breaks], options)
    return [(d.obligation.action, d.obligation.invariants[0]) for d in decided if not d.is_as_wanted]


class Houdini:
    """The candidates that are left, and the steps among few members that may violate them."""

    def __init__(
        self, machine: Machine, invariants: Sequence[Invariant], tried: Sequence[Invariant], options: SolverOptions
    ) -> None:
        self.machine, self.invariants, self.options = machine, tuple(invariants), options
        self.theory = Theory(machine, enough(machine), invariants)
        self.tried = list(self._good_at_start(tried))
        self.live = list(self.tried)
        texts = {action.name: self._text(action) for action in machine.actions}
        self.solver = Server(switched(texts), options.seconds)

    def __enter__(self) -> Houdini:
        return self

    def __exit__(self, *_: object) -> None:
        self.solver.end()

    def _good_at_start(self, tried: Sequence[Invariant]) -> Iterator[Invariant]:
        """The candidates that hold in every initial state."""
        text = HEAD + self.theory.declared + self.theory.started
        asked = [self.theory.broken_at_start(invariant) for invariant in tried]
        queue = Queue(sessions(Z3, text, self.options.seconds, 0), [q.declared + q.asked + TAIL for q in asked])
        every = answered([queue], self.options.jobs, self.options.seconds)
        good = {at for _, at, answer in every if answer_of(answer).result == UNSAT}
        return (invariant for at, invariant in enumerate(tried) if at in good)

    def _text(self, action: Action) -> str:
        """A step before which candidates hold, and after which some goal does not; each has a switch."""
        text, every = self.theory.text(None), (*self.invariants, *self.tried)
        lines = [HEAD, self.theory.declared, self.theory.invariants_hold, limited(self.machine, {})]
        lines += [f"(declare-const goal.{symbol(f.name)} Bool)\n" for f in every]
        for f in self.tried:
            kept = asserted(implied(f"keep.{symbol(f.name)}", text.for_all(f.params, f.expr)))
            lines.append(f"(declare-const keep.{symbol(f.name)} Bool)\n{kept}")
        lines.append(self.theory.broken_in_some_way(action, [(f"goal.{symbol(f.name)}", f) for f in every]))
        return "".join([*lines, probes(self.theory)])

    def _broken(self, action: Action, kept: Iterable[Invariant], goals: Iterable[Invariant]) -> Model | None:
        """A step of the action that violates a goal while all of `kept` hold before it, if there is one."""
        wanted = {f.name for f in goals}
        every = [f.name for f in (*self.invariants, *self.tried)]
        on = [f"keep.{symbol(f.name)}" for f in kept] + [f"goal.{symbol(name)}" for name in every if name in wanted]
        result, model = self._asked(action.name, on, [f"goal.{symbol(name)}" for name in every if name not in wanted])
        if result not in (SAT, UNSAT):
            raise Undecided(
                f"z3 does not decide whether {action.name} keeps the candidates: {result}; give more --solver-timeout"
            )
        return model if result == SAT else None

    def _asked(self, *request: Any) -> Any:
        try:
            return self.solver.ask(request)
        except Lost as lost:
            raise Undecided(f"z3 ended in the search for lemmas: {lost}; give more --solver-timeout") from None

    def _can_break(self, action: Action, kept: Iterable[Invariant], goals: Iterable[Invariant]) -> bool:
        return self._broken(action, kept, goals) is not None

    def run(self, progress: TextProgress) -> None:
        """Drop the candidates that some step violates, until none does."""
        before = -1
        while before != len(self.live):
            before = len(self.live)
            for action in self.machine.actions:
                progress(f"{len(self.live)} candidates are left; trying steps of {action.name}")
                while self.live and (model := self._broken(action, self.live, self.live)) is not None:
                    dropped = self._broken_after(action, model)
                    self.live = [f for f in self.live if f.name not in dropped]

    def _broken_after(self, action: Action, model: Model) -> set[str]:
        """The candidates that the step of a model violates, by running it."""
        read = Reading(self.theory, model)
        world = read.world()
        after = world.apply(read.code(world), read.instance(action))
        found = {f.name for f in self.live if after is not None and not holds_in(f, world, after)}
        if not found:
            raise Contradiction(f"a step of {action.name} violates a candidate for z3, and none when it is run")
        return found

    def forgets(self, names: Iterable[str]) -> bool:
        """Drop candidates that are inductive among few members only; true if there was one."""
        before = len(self.live)
        self.live = [f for f in self.live if f.name not in names]
        return len(self.live) < before

    def helping(self, failing: Iterable[tuple[str, str]]) -> list[Invariant]:
        """Candidates with which these obligations hold, and those that these depend on in turn."""
        by_name, chosen = {f.name: f for f in (*self.invariants, *self.live)}, list[Invariant]()
        waiting = [(self.machine.action(action), by_name[name]) for action, name in failing if action]
        while waiting:
            action, invariant = waiting.pop(0)
            if self._can_break(action, chosen, [invariant]) and not self._can_break(action, self.live, [invariant]):
                used = {name.removeprefix("keep.") for name in self._asked("", [], [])}
                new = [f for f in self.live if f.name in used and f not in chosen]
                chosen += new
                waiting += [(a, f) for f in new for a in self.machine.actions]
        return chosen

    def fewest(self, helping: Sequence[Invariant], progress: TextProgress) -> tuple[Invariant, ...]:
        """A minimal subset that proves as much: one after the other is left out, the longest first."""
        lemmas = list(helping)
        enough_for = [f for f in self.invariants if not self._breaks_any(lemmas, [f])]
        for lemma in sorted(helping, key=lambda f: -len(spoken(f.expr))):
            progress(f"{len(lemmas)} lemmas; trying to leave out one")
            fewer = [f for f in lemmas if f != lemma]
            if not self._breaks_any(fewer, [*enough_for, *fewer]):
                lemmas = fewer
        return tuple(lemmas)

    def _breaks_any(self, kept: Sequence[Invariant], goals: Sequence[Invariant]) -> bool:
        return any(self._can_break(action, kept, goals) for action in self.machine.actions)


def sentence_of(invariant: Invariant) -> str:
    """A lemma as text; of a disjunction the conclusion is an unnegated part, or else the shortest one."""
    match invariant.expr:
        case Or(claims):
            then = min(claims, key=lambda claim: (isinstance(claim, Not), len(spoken(claim))))
            when = " and ".join(_inside(negate(claim)) for claim in claims if claim != then)
            return f"if {when} then {_inside(then)}"
    return spoken(invariant.expr)


def _inside(claim: Expr) -> str:
    return f"({spoken(claim)})" if isinstance(claim, Or | And) else spoken(claim)
