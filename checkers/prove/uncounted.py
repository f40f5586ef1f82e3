# SPDX-License-Identifier: MIT
"""The largest set of invariants that is inductive without the cardinality axioms.

An invariant may need no counting in its own obligations, and depend on another one that does. The set is found as by
Houdini: the invariants that are not preserved are not assumed any more, until none falls; unsat cores of z3 tell which
obligations have to be asked again. Both solvers decide the obligations afterwards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from spec.dsl import Machine

from .deciding import SolverOptions
from .obligations import HEAD, TAIL, UNSAT, Obligation
from .queues import Queue, answered
from .smt import asserted, implied, symbol
from .solvers import Z3, answer_of, cores, sessions
from .theory import Invariant, Theory
from .workers import Lost

CORES = "(set-option :produce-unsat-cores true)\n"

CountProgress = Callable[[int, int], None]


def counting_free_core(
    machine: Machine,
    invariants: Sequence[Invariant],
    listed: Sequence[Obligation],
    options: SolverOptions,
    progress: CountProgress,
) -> tuple[list[Obligation], frozenset[str]]:
    """The obligations, and the invariants that need no counting: their steps assume only each other."""
    if not any(o.question.known for o in listed):
        return list(listed), frozenset(f.name for f in invariants)
    theory = Theory(machine, invariants=invariants)
    key = _key(listed, options)
    names = options.known.uncounted(key)
    if names is None:
        names = _Houdini(theory, listed, options).largest(progress)
        options.known.keep_uncounted(key, names)
    text = HEAD + theory.declared + theory.assumed_text(f for f in invariants if f.name in names)
    return [replace(o, theory=text) if is_step(o) and o.invariants[0] in names else o for o in listed], names


def is_step(o: Obligation) -> bool:
    """True if it is about a step and an invariant."""
    return o.breaks and bool(o.action)


def _key(listed: Sequence[Obligation], options: SolverOptions) -> str:
    """A digest of all that the result depends on; the texts do not contain the names of invariants."""
    parts = (Z3.version(), repr(options.seconds), *(f"{' '.join(o.invariants)} {o.digest()}" for o in listed))
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


class _Houdini:
    """Houdini with unsat cores: each invariant of states is assumed by a switch of its own."""

    def __init__(self, theory: Theory, listed: Sequence[Obligation], options: SolverOptions) -> None:
        self.options = options
        self.live = {f.name for f in theory.invariants if not theory.counts(f)} - set(_broken_at_start(listed, options))
        self.asked = [o for o in listed if is_step(o) and o.invariants[0] in self.live]
        self.states = [f.name for f in theory.invariants if f.name in self.live and not f.is_step]
        invariants = [f for f in theory.invariants if f.name in self.states]
        self.text = CORES + HEAD + theory.declared + "".join(_switched(theory, invariants))

    def largest(self, progress: CountProgress) -> frozenset[str]:
        """The largest inductive set; obligations that depended on a fallen invariant are asked again."""
        needs: dict[int, set[str] | None] = {}
        waiting = list(range(len(self.asked)))
        while waiting:
            for done, (n, on) in enumerate(self._cores(waiting), 1):
                needs[n] = on
                progress(done, len(waiting))
            fallen = {self.asked[n].invariants[0] for n, on in needs.items() if on is None} & self.live
            self.live -= fallen
            waiting = [n for n, on in needs.items() if on and on & fallen and self.asked[n].invariants[0] in self.live]
        return frozenset(self.live)

    def _cores(self, numbers: Sequence[int]) -> Iterator[tuple[int, set[str] | None]]:
        """The invariants that each obligation depends on; None if it is not decided as unsat."""
        names = {_switch(name): name for name in self.states if name in self.live}
        work = cores(self.text, list(names), self.options.seconds, self.options.seed)
        queue = Queue(work, [self.asked[n].body().removesuffix(TAIL) for n in numbers])
        for _, at, core in answered([queue], self.options.jobs, self.options.seconds):
            found = None if isinstance(core, Lost) or core is None else {names[switch] for switch in core}
            yield numbers[at], found


def _broken_at_start(listed: Sequence[Obligation], options: SolverOptions) -> Iterator[str]:
    """The invariants that are not decided to hold in every initial state."""
    if starts := [o for o in listed if o.breaks and not o.action]:
        queue = Queue(sessions(Z3, starts[0].theory, options.seconds, options.seed), [o.body() for o in starts])
        for _, at, answer in answered([queue], options.jobs, options.seconds):
            if answer_of(answer).result != UNSAT:
                yield starts[at].invariants[0]


def _switched(theory: Theory, invariants: Sequence[Invariant]) -> Iterator[str]:
    text = theory.text(None)
    for f in invariants:
        claim = asserted(implied(_switch(f.name), text.for_all(f.params, f.expr)))
        yield f"(declare-const {_switch(f.name)} Bool)\n{claim}"


def _switch(name: str) -> str:
    return f"assumed.{symbol(name)}"
