# SPDX-License-Identifier: MIT
"""Random simulation: hypothesis draws the steps of a machine, each is checked, and a violation is shortened.

A run that finds something is shortened here by leaving out steps. Hypothesis' own shrinker edits draws, and after a
dropped step the same draw selects another action; that took up to a minute, and this takes milliseconds.
"""

from __future__ import annotations

import random
import time
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, chain, combinations

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from spec.dsl import Instance, Machine, Sort, SpecError, Violation, World
from spec.dsl.ir import first_sort

from .core.stopped import INTERRUPTED, Stopped, after_seconds
from .core.traces import Finding, Step, Trace
from .explore.search import ANY_INVARIANT

LENGTH = 100
"""Steps in one run of hypothesis, unless the number of runs is given."""

DRAWS = 100
"""The number of values of one draw: from so few hypothesis draws evenly, whatever other modules are loaded."""

WEIGHTS = (1.0, 0.1, 0.01)
"""The weights an action may have in an episode."""

DISRUPTIVE_WEIGHTS = (1.0, 0.1, 0.01, 0.001)
"""Further factors for actions on pools and devices, most of which cannot be undone."""

REVISITING = 5
"""The weight of a move to a state that was visited n times is divided by (n + 1) to this power."""

REMEMBERED = 20_000
"""States whose enabled steps are cached."""

CHECK_EVERY = 256
"""Steps between two checks of the clock."""


@dataclass
class SimulationRun:
    """The result of a simulation, which ends at the first finding.

    `counts` is how often each action was taken, `finding` a short run to a violated invariant, `deadlock` one to a
    deadlock; `examples` is the number of hypothesis' runs, and `stopped` the limit that ended the simulation early.
    """

    world: World
    counts: dict[str, int] = field(default_factory=dict)
    steps: int = 0
    examples: int = 0
    seconds: float = 0.0
    finding: Finding | None = None
    deadlock: Finding | None = None
    stopped: Stopped | None = None

    @property
    def never(self) -> tuple[str, ...]:
        """The actions that were not taken."""
        return tuple(name for name, taken in self.counts.items() if not taken)


SimulationProgress = Callable[[SimulationRun], None]


def simulate(
    machine: Machine,
    sizes: dict[str, int],
    steps: int,
    seed: int,
    examples: int = 0,
    progress: SimulationProgress = lambda seen: None,
    seconds: float = 0.0,
    until: str = "",
) -> SimulationRun:
    """Take `steps` random steps in a scope, up to the first violated invariant or deadlock.

    `examples` is the number of hypothesis' runs to spread the steps over (a run holds about 900 at most), `seconds` a
    limit (0: none). `until` names the one invariant to look for; ANY_INVARIANT leaves out deadlocks only.
    """
    return Simulator(World(machine, sizes), steps, seconds, until).run(seed, examples, progress)


class Over(KeyboardInterrupt):
    """Ends the simulation: a finding, or a limit. An interrupt is the one exception hypothesis does not catch."""

    def __init__(self, stopped: Stopped | None = None) -> None:
        super().__init__()
        self.stopped = stopped


Violated = tuple[str, tuple[Sort, ...]]
"""The name of a violated invariant and its arguments; the empty name stands for a deadlock."""


@dataclass(frozen=True)
class Move:
    """An enabled step, the invariants it violates, and its share of the weight of its action."""

    step: Step
    action: str
    violated: tuple[Violated, ...]
    share: float


class Simulator:
    """One simulation: a cache of the enabled steps of states, and the result so far."""

    def __init__(self, world: World, steps: int, seconds: float, until: str) -> None:
        self.world, self.until = world, until
        self.budget, self.seconds, self.started = steps, seconds, time.monotonic()
        self.seen = SimulationRun(world, {a.name: 0 for a in world.machine.actions})
        self.starts = world.initial()
        self.weightings = [action_weights(row, world.machine) for row in range(DRAWS)]
        self.moves = lru_cache(REMEMBERED)(self._moves)
        self.violated = lru_cache(REMEMBERED)(lambda code: self._wanted(self.world.violated(code)))

    def run(self, seed: int, examples: int, progress: SimulationProgress) -> SimulationRun:
        """Let hypothesis run, and return the result, also after an interrupt."""
        self.progress, seen = progress, self.seen
        seeded = hypothesis.seed(seed)(lambda: Episodes(self))
        try:
            run_state_machine_as_test(seeded, settings=quiet(self.budget, examples))  # type: ignore[arg-type]
        except KeyboardInterrupt as why:
            seen.stopped = why.stopped if isinstance(why, Over) else INTERRUPTED
        seen.seconds = time.monotonic() - self.started
        return seen

    def _moves(self, code: bytes) -> tuple[Move, ...]:
        """The enabled steps of a state in a fixed order, each with the invariants it violates."""
        taken = list[tuple[Step, str, tuple[Violated, ...]]]()
        for n, after in self.world.successors(code):
            step = Step(self.world.instances[n], after)
            taken.append((step, step.instance.action.name, self._wanted(self.world.violated_by_step(code, after))))
        moves = Counter(action for _, action, _ in taken)
        return tuple(Move(step, action, violated, 1 / moves[action]) for step, action, violated in taken)

    def is_stuck(self, code: bytes) -> bool:
        """True if no step changes this state."""
        return all(move.step.code == code for move in self.moves(code))

    def _wanted(self, violations: Iterable[Violation]) -> tuple[Violated, ...]:
        return tuple((v.claim.name, v.args) for v in violations if self.until in ("", ANY_INVARIANT, v.claim.name))

    def judge(self, code: bytes, by_step: tuple[Violated, ...] = ()) -> Violated | None:
        """What is found in a state that was reached by a step which violates these invariants."""
        for violated in (*self.violated(code), *by_step):
            return violated
        final = self.world.machine.is_final
        ends = not self.until and self.is_stuck(code) and not (final and self.world.holds(final, code, ()))
        return ("", ()) if ends else None

    def count(self, move: Move) -> None:
        """Count one more step; raises Over beyond the budget."""
        seen = self.seen
        if seen.steps >= self.budget:
            raise Over
        seen.steps += 1
        seen.counts[move.action] += 1
        if seen.steps % CHECK_EVERY == 0:
            seen.seconds = time.monotonic() - self.started
            self.progress(seen)
            if self.seconds and seen.seconds > self.seconds:
                raise Over(after_seconds(self.seconds))

    def report(self, trace: Trace, violated: Violated) -> None:
        """Keep the finding with a shortened trace, and end the simulation."""
        found = in_order(self, shortest(self, Finding(*violated, trace)))
        self.seen.finding, self.seen.deadlock = (found, None) if found.name else (None, found)
        raise Over


def quiet(steps: int, examples: int) -> settings:
    """Settings of hypothesis as a source of draws: no database, no deadline, no output; the budget ends the runs."""
    length = 1 - (-steps // examples) if examples else LENGTH
    return settings(
        max_examples=examples or 2 * steps // length + 1,  # the start of an episode takes a turn too
        stateful_step_count=length,
        phases=(Phase.generate,),
        database=None,
        deadline=None,
        derandomize=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )


def action_weights(row: int, machine: Machine) -> dict[str, float]:
    """The weight of each action in an episode of this row; in the first row all are equal."""
    draw, page, weights = random.Random(row), first_sort(machine), dict[str, float]()
    for action in machine.actions:
        weights[action.name] = draw.choice(WEIGHTS)
        if not any(v.sort is page for v in action.params):
            weights[action.name] *= draw.choice(DISRUPTIVE_WEIGHTS)
    return weights if row else dict.fromkeys(weights, 1.0)


class Episodes(RuleBasedStateMachine):
    """One run of hypothesis: episode after episode, each from an initial state to one that nothing leaves.

    The weight of a move is the weight of its action in this episode, shared among the moves of the action, and less
    where the episode has been before. That makes episodes long and rare actions frequent, and depends on the draws of
    this run alone.
    """

    def __init__(self, simulator: Simulator) -> None:
        super().__init__()
        self.simulator, self.over = simulator, True
        simulator.seen.examples += 1

    @rule(high=st.integers(0, DRAWS - 1), low=st.integers(0, DRAWS - 1))
    def go_on(self, high: int, low: int) -> None:
        """Start an episode, or take a step."""
        if self.over:
            self._begin(high, low)
        else:
            self._step((high * DRAWS + low) / DRAWS**2)

    def _begin(self, high: int, low: int) -> None:
        """Start an episode with an initial state and the weights of a row."""
        simulator = self.simulator
        self.start, self.code = simulator.starts[high % len(simulator.starts)], b""
        self.weights = simulator.weightings[low]
        self.steps: list[Step] = []
        self.visits = Counter[bytes]()
        self._arrive(self.start, ())

    def _step(self, share: float) -> None:
        """Take the move at this share of the sum of all weights."""
        moves = self.simulator.moves(self.code)
        sums = list(accumulate(map(self._weight, moves)))
        move = moves[bisect(sums, share * sums[-1])]
        self.simulator.count(move)
        self.steps.append(move.step)
        self._arrive(move.step.code, move.violated)

    def _weight(self, move: Move) -> float:
        visited: float = (1 + self.visits[move.step.code]) ** REVISITING
        return self.weights[move.action] * move.share / visited

    def _arrive(self, code: bytes, by_step: tuple[Violated, ...]) -> None:
        """Report what is found in this state; the episode is over where nothing leaves it."""
        if violated := self.simulator.judge(code, by_step):
            self.simulator.report(Trace(self.start, tuple(self.steps)), violated)
        self.over = self.simulator.is_stuck(code) and (code == self.code or not self.simulator.moves(code))
        self.code = code
        self.visits[code] += 1


# -- shortening --------------------------------------------------------------------------------------------------------


def again(simulator: Simulator, start: bytes, instances: Iterable[Instance]) -> Finding | None:
    """Take those of these steps that are enabled, up to a state in which any enabled step finds something."""
    code, steps = start, list[Step]()
    try:
        for instance in instances:
            moves = simulator.moves(code)
            for move in moves:
                if violated := simulator.judge(move.step.code, move.violated):
                    return Finding(*violated, Trace(start, (*steps, move.step)))
            for move in (m for m in moves if m.step.instance is instance):
                code = move.step.code
                steps.append(move.step)
    except SpecError:
        pass  # a shortened run may leave the bounds of a field, the full one did not
    return None


def shortest(simulator: Simulator, found: Finding) -> Finding:
    """Leave out stretches, from half of the run down to single steps and pairs, as long as something is found."""
    size = len(found.trace.steps) // 2
    while size:
        runs = (again(simulator, found.trace.start, tries) for tries in fewer(found.trace, size))
        same_kind = (r for r in runs if r and bool(r.name) is bool(found.name))
        shorter = next((r for r in same_kind if len(r.trace.steps) < len(found.trace.steps)), None)
        found, size = (shorter, min(size, len(shorter.trace.steps))) if shorter else (found, size // 2)
    return found


def fewer(trace: Trace, size: int) -> Iterator[list[Instance]]:
    """The steps without each stretch of this size; for size 1 also without each pair."""
    every = range(len(trace.steps))
    for cut in chain((every[at : at + size] for at in every[::size]), combinations(every, 2) if size == 1 else ()):
        yield [trace.steps[at].instance for at in every if at not in cut]


def in_order(simulator: Simulator, found: Finding) -> Finding:
    """The same run with symmetric members renamed in the order of their appearance: page A before page B."""
    taken, renamed = [s.instance for s in found.trace.steps], dict[Sort, Sort]()
    for sort in (*simulator.world.machine.symmetric, *simulator.world.machine.symmetric_if_asked):
        appear = dict.fromkeys(member for i in taken for member in i.args if type(member) is sort)
        renamed |= {member: sort(at) for at, member in enumerate(appear)}
    known = {(i.action.name, i.args): i for i in simulator.world.instances}
    instances = [known[i.action.name, tuple(renamed.get(m, m) for m in i.args)] for i in taken]
    runs = (again(simulator, start, instances) for start in simulator.starts)
    return next((r for r in runs if r and len(r.trace.steps) == len(taken) and r.name == found.name), found)
