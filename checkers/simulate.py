"""Random walks: hypothesis runs a machine by its own actions, each step is judged, and what is found is shortened.

Hypothesis draws; once something is found, steps are left out by name. Its own shrinker edits draws, and after a
dropped step the same draw means another action: that took up to a minute, and this takes milliseconds.
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

from .core.traces import Finding, Step, Trace
from .explore.search import ANY_INVARIANT

LENGTH = 100
"""Steps in one of hypothesis' runs, unless the number of runs is given."""

DRAWS = 100
"""What a draw is out of: from so few hypothesis draws evenly, and the same whatever else is loaded."""

CARES = (1.0, 0.1, 0.01)
"""How much a life may care for an action."""

PATIENCE = (1.0, 0.1, 0.01, 0.001)
"""How soon a life may turn to what befalls pools and devices: there is mostly no way back from it."""

REMEMBERED = 20_000
"""States of which a walk remembers what is enabled."""

CHECK_EVERY = 256
"""Steps between two looks at the clock."""


@dataclass
class Walk:
    """What a walk has seen, up to the first find: how often each action was taken, and what was found.

    `finding` is a short run to a broken invariant, `deadlock` one to a state in which nothing moves and which is not
    final. `stopped` says why the walk was cut short, and is empty otherwise.
    """

    world: World
    counts: dict[str, int] = field(default_factory=dict)
    steps: int = 0
    examples: int = 0
    seconds: float = 0.0
    finding: Finding | None = None
    deadlock: Finding | None = None
    stopped: str = ""

    @property
    def never(self) -> tuple[str, ...]:
        """The actions that were not taken."""
        return tuple(name for name, taken in self.counts.items() if not taken)


Progress = Callable[[Walk], None]


def walk(
    machine: Machine,
    sizes: dict[str, int],
    steps: int,
    seed: int,
    examples: int = 0,
    progress: Progress = lambda seen: None,
    seconds: float = 0.0,
    until: str = "",
) -> Walk:
    """Walk about a scope for so many steps in all, up to the first broken invariant or deadlock.

    `examples` is the number of hypothesis' runs to spread the steps over (one holds some 900 at most), `seconds` a
    limit of time (0: none), and `until` names an invariant whose violation is all that is wanted (or `ANY_INVARIANT`).
    """
    return Walker(World(machine, sizes), steps, seconds, until).run(seed, examples, progress)


class Over(KeyboardInterrupt):
    """Something is found, or the steps or the time are spent; an interrupt passes through hypothesis at once."""


What = tuple[str, tuple[Sort, ...]]
"""What is found: the name of a broken invariant and its arguments; no name means that nothing can move."""


@dataclass(frozen=True)
class Move:
    """An enabled step, the invariants it breaks, and its part in the moves by the same action."""

    step: Step
    action: str
    broken: tuple[What, ...]
    part: float


class Walker:
    """One walk: what is known of the machine's states, and what was seen so far."""

    def __init__(self, world: World, steps: int, seconds: float, until: str) -> None:
        self.world, self.until = world, until
        self.budget, self.seconds, self.started = steps, seconds, time.monotonic()
        self.seen = Walk(world, {a.name: 0 for a in world.machine.actions})
        self.starts = world.initial()
        self.tempers = [temper(row, world.machine) for row in range(DRAWS)]
        self.moves = lru_cache(REMEMBERED)(self._moves)
        self.broken = lru_cache(REMEMBERED)(lambda code: self._wanted(self.world.violated(code)))

    def run(self, seed: int, examples: int, progress: Progress) -> Walk:
        """Let hypothesis walk, and tell what came of it, also if it was cut short."""
        self.progress, seen = progress, self.seen
        lives = hypothesis.seed(seed)(lambda: Lives(self))
        try:
            run_state_machine_as_test(lives, settings=quiet(self.budget, examples))  # type: ignore[arg-type]
        except KeyboardInterrupt as why:
            seen.stopped = str(why) if isinstance(why, Over) else "interrupted"
        seen.seconds = time.monotonic() - self.started
        return seen

    def _moves(self, code: bytes) -> tuple[Move, ...]:
        """Everything that is enabled in a state, in a fixed order, and judged."""
        taken = list[tuple[Step, str, tuple[What, ...]]]()
        for n, after in self.world.successors(code):
            step = Step(self.world.instances[n], after)
            taken.append((step, step.instance.action.name, self._wanted(self.world.violated_by_step(code, after))))
        symmetric = Counter(action for _, action, _ in taken)
        return tuple(Move(step, action, broken, 1 / symmetric[action]) for step, action, broken in taken)

    def is_stuck(self, code: bytes) -> bool:
        """Nothing changes this state."""
        return all(move.step.code == code for move in self.moves(code))

    def _wanted(self, violations: Iterable[Violation]) -> tuple[What, ...]:
        return tuple((v.claim.name, v.args) for v in violations if self.until in ("", ANY_INVARIANT, v.claim.name))

    def judge(self, code: bytes, broken: tuple[What, ...] = ()) -> What | None:
        """What is found on arriving in a state by a step that breaks these invariants."""
        for what in (*self.broken(code), *broken):
            return what
        final = self.world.machine.is_final
        ends = not self.until and self.is_stuck(code) and not (final and self.world.holds(final, code, ()))
        return ("", ()) if ends else None

    def count(self, move: Move) -> None:
        """One step more, as long as the budget allows it."""
        seen = self.seen
        if seen.steps >= self.budget:
            raise Over
        seen.steps += 1
        seen.counts[move.action] += 1
        if seen.steps % CHECK_EVERY == 0:
            seen.seconds = time.monotonic() - self.started
            self.progress(seen)
            if self.seconds and seen.seconds > self.seconds:
                raise Over(f"{self.seconds:g} s")

    def report(self, trace: Trace, what: What) -> None:
        """Keep the find as a short trace, and end the walk."""
        found = in_order(self, shortest(self, Finding(*what, trace)))
        self.seen.finding, self.seen.deadlock = (found, None) if found.name else (None, found)
        raise Over


def quiet(steps: int, examples: int) -> settings:
    """Hypothesis as a source of runs: no database, no clock, nothing printed. The budget of steps ends the walk."""
    length = 1 - (-steps // examples) if examples else LENGTH
    return settings(
        max_examples=examples or 2 * steps // length + 1,  # a birth takes a turn too
        stateful_step_count=length,
        phases=(Phase.generate,),
        database=None,
        deadline=None,
        derandomize=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )


def temper(row: int, machine: Machine) -> dict[str, float]:
    """How much a life with this temper cares for each action; the first has no favourites."""
    draw, page, cares = random.Random(row), first_sort(machine), dict[str, float]()
    for action in machine.actions:
        of_a_page = any(v.sort is page for v in action.params)
        cares[action.name] = draw.choice(CARES) * (1.0 if of_a_page else draw.choice(PATIENCE)) if row else 1.0
    return cares


class Lives(RuleBasedStateMachine):
    """One of hypothesis' runs: life after life, each from an initial state to where nothing moves any more.

    Every enabled move has a weight: actions by the temper of this life, shared among an action's moves, and less
    where this life has been. That makes lives long and rare actions frequent, and depends on this run's draws alone.
    """

    def __init__(self, walker: Walker) -> None:
        super().__init__()
        self.walker, self.over = walker, True
        walker.seen.examples += 1

    @rule(high=st.integers(0, DRAWS - 1), low=st.integers(0, DRAWS - 1))
    def live(self, high: int, low: int) -> None:
        """Be born, or take a step."""
        if self.over:
            self._begin(high, low)
        else:
            self._step((high * DRAWS + low) / DRAWS**2)

    def _begin(self, high: int, low: int) -> None:
        """Begin a life: an initial state and a temper."""
        walker = self.walker
        self.start, self.code = walker.starts[high % len(walker.starts)], b""
        self.cares = walker.tempers[low]
        self.steps: list[Step] = []
        self.been = Counter[bytes]()
        self._arrive(self.start, ())

    def _step(self, share: float) -> None:
        """Take the move at this share of all weights."""
        moves = self.walker.moves(self.code)
        sums = list(accumulate(map(self._weight, moves)))
        move = moves[bisect(sums, share * sums[-1])]
        self.walker.count(move)
        self.steps.append(move.step)
        self._arrive(move.step.code, move.broken)

    def _weight(self, move: Move) -> float:
        return self.cares[move.action] * move.part / (1 + self.been[move.step.code]) ** 5

    def _arrive(self, code: bytes, broken: tuple[What, ...]) -> None:
        """See whether something is found here, and whether this life is over."""
        if what := self.walker.judge(code, broken):
            self.walker.report(Trace(self.start, tuple(self.steps)), what)
        self.over = self.walker.is_stuck(code) and (code == self.code or not self.walker.moves(code))
        self.code = code
        self.been[code] += 1


# A find is shortened by leaving steps out, by name; what is then not enabled is left out with them.


def again(walker: Walker, start: bytes, instances: Iterable[Instance]) -> Finding | None:
    """Take these steps, leaving out what is not enabled, up to where any step at all finds something."""
    code, steps = start, list[Step]()
    try:
        for instance in instances:
            moves = walker.moves(code)
            for move in moves:
                if what := walker.judge(move.step.code, move.broken):
                    return Finding(*what, Trace(start, (*steps, move.step)))
            for move in (m for m in moves if m.step.instance is instance):
                code = move.step.code
                steps.append(move.step)
    except SpecError:
        pass  # the walk itself met no such state
    return None


def shortest(walker: Walker, found: Finding) -> Finding:
    """Leave out stretches, from half of the run down to single steps and pairs, as long as something is found."""
    size = len(found.trace.steps) // 2
    while size:
        runs = (again(walker, found.trace.start, tries) for tries in fewer(found.trace, size))
        symmetric = (r for r in runs if r and bool(r.name) is bool(found.name))
        shorter = next((r for r in symmetric if len(r.trace.steps) < len(found.trace.steps)), None)
        found, size = (shorter, min(size, len(shorter.trace.steps))) if shorter else (found, size // 2)
    return found


def fewer(trace: Trace, size: int) -> Iterator[list[Instance]]:
    """The steps without so many in a row, and in the end without any two."""
    every = range(len(trace.steps))
    for cut in chain((every[at : at + size] for at in every[::size]), combinations(every, 2) if size == 1 else ()):
        yield [trace.steps[at].instance for at in every if at not in cut]


def in_order(walker: Walker, found: Finding) -> Finding:
    """The same run with members that are symmetric named in the order in which they appear: page A before page B."""
    taken, renamed = [s.instance for s in found.trace.steps], dict[Sort, Sort]()
    for sort in (*walker.world.machine.symmetric, *walker.world.machine.symmetric_if_asked):
        appear = dict.fromkeys(member for i in taken for member in i.args if type(member) is sort)
        renamed |= {member: sort(at) for at, member in enumerate(appear)}
    known = {(i.action.name, i.args): i for i in walker.world.instances}
    instances = [known[i.action.name, tuple(renamed.get(m, m) for m in i.args)] for i in taken]
    runs = (again(walker, start, instances) for start in walker.starts)
    return next((r for r in runs if r and len(r.trace.steps) == len(taken) and r.name == found.name), found)
