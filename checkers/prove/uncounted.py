"""Which claims hold without anything being used of the sizes of sets: the most that keep one another.

A claim may be kept by every step without counting, and yet lean on another claim that is not. So what is to be called
proved without counting is asked beside such claims only, and of all sets of claims for which that works, this finds
the largest: what is not kept is not assumed any more, until nothing more falls. Both solvers are asked afterwards.
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
    """The obligations, and the names of claims that need no counting: their steps now assume only each other."""
    if not any(o.question.known for o in listed):
        return list(listed), frozenset(f.name for f in invariants)
    theory = Theory(machine, invariants=invariants)
    key = _key(listed, options)
    names = options.known.uncounted(key)
    if names is None:
        names = _Leaning(theory, listed, options).largest(progress)
        options.known.keep_uncounted(key, names)
    text = HEAD + theory.declared + theory.assumed_text(f for f in invariants if f.name in names)
    return [replace(o, theory=text) if is_step(o) and o.invariants[0] in names else o for o in listed], names


def is_step(o: Obligation) -> bool:
    """Is it about what a step does to a claim?"""
    return o.breaks and bool(o.action)


def _key(listed: Sequence[Obligation], options: SolverOptions) -> str:
    """A fingerprint of all that the answer hangs on."""
    told = (Z3.version(), repr(options.seconds), *(o.digest() for o in listed))
    return hashlib.sha256(" ".join(told).encode()).hexdigest()


class _Leaning:
    """Which claims the answers lean on: each claim about states is assumed by a switch of its own."""

    def __init__(self, theory: Theory, listed: Sequence[Obligation], options: SolverOptions) -> None:
        self.options = options
        self.live = {f.name for f in theory.invariants if not theory.counts(f)} - set(_broken_at_start(listed, options))
        self.asked = [o for o in listed if is_step(o) and o.invariants[0] in self.live]
        self.states = [f.name for f in theory.invariants if f.name in self.live and not f.is_step]
        invariants = [f for f in theory.invariants if f.name in self.states]
        self.text = CORES + HEAD + theory.declared + "".join(_switched(theory, invariants))

    def largest(self, progress: CountProgress) -> frozenset[str]:
        """The claims that keep one another; what leaned on a claim that fell is asked again."""
        leans: dict[int, set[str] | None] = {}
        waiting = list(range(len(self.asked)))
        while waiting:
            for done, (n, on) in enumerate(self._leaning(waiting), 1):
                leans[n] = on
                progress(done, len(waiting))
            fallen = {self.asked[n].invariants[0] for n, on in leans.items() if on is None} & self.live
            self.live -= fallen
            waiting = [n for n, on in leans.items() if on and on & fallen and self.asked[n].invariants[0] in self.live]
        return frozenset(self.live)

    def _leaning(self, numbers: Sequence[int]) -> Iterator[tuple[int, set[str] | None]]:
        """The claims that obligations lean on; None of one that is not seen to be met beside those that are left."""
        names = {_switch(name): name for name in self.states if name in self.live}
        work = cores(self.text, list(names), self.options.seconds, self.options.seed)
        queue = Queue(work, [self.asked[n].body().removesuffix(TAIL) for n in numbers])
        for _, at, core in answered([queue], self.options.jobs, self.options.seconds):
            found = None if isinstance(core, Lost) or core is None else {names[switch] for switch in core}
            yield numbers[at], found


def _broken_at_start(listed: Sequence[Obligation], options: SolverOptions) -> Iterator[str]:
    """The claims that do not hold at the start, or are not seen to."""
    if starts := [o for o in listed if o.breaks and not o.action]:
        queue = Queue(sessions(Z3, starts[0].theory, options.seconds, options.seed), [o.body() for o in starts])
        for _, at, said in answered([queue], options.jobs, options.seconds):
            if answer_of(said).result != UNSAT:
                yield starts[at].invariants[0]


def _switched(theory: Theory, invariants: Sequence[Invariant]) -> Iterator[str]:
    text = theory.text(None)
    for f in invariants:
        claim = asserted(implied(_switch(f.name), text.for_all(f.params, f.expr)))
        yield f"(declare-const {_switch(f.name)} Bool)\n{claim}"


def _switch(name: str) -> str:
    return f"assumed.{symbol(name)}"
