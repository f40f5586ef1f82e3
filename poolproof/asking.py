"""From what was typed to what is asked: models, scopes, budgets, and the runs themselves with their progress line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.markup import escape

from checkers import engines, judging
from checkers.core.verdict import Verdict
from checkers.engines import NAMES, PYTHON, USUAL, Effort
from checkers.explore.refine import Candidate
from checkers.explore.search import UNLIMITED, Budget, Exploration, Progress
from checkers.judging import Question
from checkers.native.checkpoint import Checkpoint
from checkers.native.engine import Means
from checkers.prove import wellformed
from spec.dsl import Machine, Sort, SpecError
from spec.dsl.machine import first_sort

from . import catalog
from .interrupts import INTERRUPTS

if TYPE_CHECKING:
    from checkers.simulate import Walk

T = TypeVar("T")
Run = tuple[Question, Exploration, list[Verdict]]


class BadRequest(Exception):
    """Something typed that cannot be done; the message names the value, the rule and the way out."""


class BudgetSpent(Exception):
    """A budget ended before there was anything to show; the message says which."""


@dataclass(frozen=True)
class Asked:
    """What the options say about how far to look."""

    scope: str = ""
    sizes: dict[str, int] = field(default_factory=dict)
    symmetry: bool = True
    device_symmetry: bool = False
    pool_symmetry: bool = False
    budget: Budget = UNLIMITED
    effort: Effort = USUAL


UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def bytes_asked(text: str) -> int:
    """A size as people write it, such as 4G; 0 if none is given."""
    number, unit = text.upper().removesuffix("B"), ""
    if number and number[-1] in UNITS:
        number, unit = number[:-1], number[-1]
    if not text:
        return 0
    try:
        size = int(float(number) * UNITS[unit])
    except (ValueError, OverflowError):
        size = 0
    if size < LEAST_MEMORY:
        raise BadRequest(f"--max-memory {text}: is no size of 10M or more; for example --max-memory 4G")
    return size


LEAST_MEMORY = 10**7


def effort_asked(engine: str, threads: int) -> Effort:
    """The engine asked for, with so many threads."""
    if engine and engine not in NAMES:
        raise BadRequest(f"--engine {engine}: is none; there are {' and '.join(NAMES)}")
    if engine == PYTHON and threads > 1:
        raise BadRequest(f"--threads {threads}: the Python search has one; leave out --engine python")
    return Effort(engine, Means(threads=threads))


def on_disk(questions: list[Question], checkpoint: Path | None, resume: Path | None) -> list[Question]:
    """The one question asked, with where its search is written to and goes on from."""
    if checkpoint is None and resume is None:
        return questions
    if len(questions) > 1:
        raise BadRequest(f"{checkpoint or resume}: a checkpoint is of one search; name one model")
    asked = questions[0]
    if asked.effort.engine == PYTHON:
        raise BadRequest(f"{checkpoint or resume}: the Python search writes no checkpoints; leave out --engine python")
    identity = {
        "model": asked.name,
        "digest": asked.machine.digest,
        "scope": asked.sizes,
        "symmetry": [sort.__name__ for sort in asked.symmetric],
    }
    means = replace(asked.effort.means, checkpoint=Checkpoint(identity, checkpoint or resume, resume))
    return [replace(asked, effort=replace(asked.effort, means=means))]


def sizes_asked(
    pages: int | None, pools: int | None, devices: int | None, sets: Sequence[str] | None
) -> dict[str, int]:
    """The sizes given on the command line, by name."""
    named = {"pages": pages, "pools": pools, "devices": devices}
    sizes = {name: size for name, size in named.items() if size is not None}
    for text in sets or ():
        name, _, number = text.partition("=")
        if not number.isdecimal():
            raise BadRequest(f"--set {text}: is not NAME=N; for example --set ring_size=2")
        if name in sizes:
            raise BadRequest(f"--set {text}: {name} is given already, as {sizes[name]}; give it once")
        sizes[name] = int(number)
    return sizes


def question(name: str, asked: Asked) -> Question:
    """The question about one model: its scope with the sizes asked for, and the sorts taken as symmetric."""
    machine = catalog.find(name, asked.budget.seconds)
    if problems := _problems(machine):
        raise SpecError(problems[0])
    scope = asked.scope or ("small" if "small" in machine.scopes and not machine.breaks else "tiny")
    try:
        sizes = machine.sizes(scope, asked.sizes)
    except SpecError as error:
        raise BadRequest(str(error)) from None
    machine.check_runs_in(sizes)
    return Question(
        machine, name, _scope_name(scope, asked.sizes), sizes, _symmetric(machine, asked), asked.budget, asked.effort
    )


def _problems(machine: Machine) -> list[str]:
    """What z3 finds wrong with a machine; an interrupt in there may come out as something else, or not at all."""
    try:
        return wellformed.problems(machine)
    finally:
        INTERRUPTS.look()


def _scope_name(scope: str, changed: dict[str, int]) -> str:
    return ", ".join([scope, *(f"{name}={size}" for name, size in changed.items())])


def _symmetric(machine: Machine, asked: Asked) -> tuple[type[Sort], ...]:
    if not asked.symmetry:
        return ()
    symmetric = list(machine.symmetric)
    for name, wanted in (("Device", asked.device_symmetry), ("Pool", asked.pool_symmetry)):
        declared = [s for s in (*machine.symmetric, *machine.symmetric_if_asked) if s.__name__ == name]
        if wanted and not declared:
            raise BadRequest(
                f"--{name.lower()}-symmetry: {machine.name} does not declare its {name.lower()}s symmetric"
            )
        symmetric += [s for s in declared if wanted and s not in symmetric]
    return tuple(symmetric)


def must_refine(asked: Question) -> None:
    """Refuse to ask a model whether it keeps to rules that it does not name."""
    if asked.machine.refines is None:
        raise BadRequest(f"{asked.name}: does not say which rules it keeps to; give its Machine refines=")


def must_be_a_page(only: str, worlds: Iterable[tuple[Machine, dict[str, int]]]) -> None:
    """Refuse to tell the counterexample of a page that is in none of these scopes."""
    pages: dict[str, None] = {}
    for machine, sizes in worlds:
        sort = first_sort(machine)
        pages |= {repr(sort(n)): None for n in range(machine.shape.size(sort, sizes))}
    if only and only not in pages:
        raise BadRequest(f"--only-page {only}: is no page of the scope; it has {', '.join(pages)}")


def every_run(questions: Iterable[Question], console: Console) -> list[Run]:
    """Ask one after the other; once somebody interrupts, the rest is not begun."""
    done: list[Run] = []
    every = list(questions)
    with engines.prepared([(q.machine, q.sizes, q.symmetric) for q in every], every[0].effort) as ready:
        for number, asked in enumerate(every):
            over = INTERRUPTS.heard or any(judging.was_interrupted(verdicts) for _, _, verdicts in done)
            done.append(_not_begun(asked) if over else run(asked, console, ready[number] if ready else None))
    return done


def run(asked: Question, console: Console, ready: Future[None] | None = None) -> Run:
    """One model in one scope: everything it says about itself, and whether it keeps to the rules it refines."""
    try:
        if ready:
            ready.result()
        seen, verdicts = with_progress(console, asked, lambda progress: judging.check(asked, progress))
    except KeyboardInterrupt:
        return _not_begun(asked)
    if tiny := _refinement_of(asked):
        verdicts.append(_refined(tiny, judging.was_interrupted(verdicts), console))
    return asked, seen, verdicts


def _not_begun(asked: Question) -> Run:
    seen, verdicts = judging.not_begun(asked)
    if tiny := _refinement_of(asked):
        verdicts.append(judging.refinement_not_begun(tiny))
    return asked, seen, verdicts


def _refinement_of(asked: Question) -> Question | None:
    """The question whether a sound model keeps to its rules; it is always asked at tiny."""
    if asked.machine.refines is None or asked.machine.breaks:
        return None
    return replace(asked, scope="tiny", sizes=asked.machine.sizes("tiny", {}))


def _refined(tiny: Question, interrupted: bool, console: Console) -> Verdict:
    try:
        return judging.refinement_not_begun(tiny) if interrupted else refinement(tiny, console)[0]
    except KeyboardInterrupt:
        return judging.refinement_not_begun(tiny)


def refinement(asked: Question, console: Console) -> tuple[Verdict, tuple[Candidate, ...]]:
    """The refinement alone, with the candidates that might have explained a step that does not fit."""
    return with_progress(console, asked, lambda progress: judging.check_refinement(asked, progress))


def walked(asked: Question, steps: int, seed: int, examples: int, console: Console) -> tuple[Walk, list[Verdict]]:
    """A random walk, and what it says about the invariants; of a broken model, about the one it breaks."""
    from checkers.simulate import walk  # and hypothesis with it, which takes a quarter of a second to import

    breaks, seconds = asked.machine.breaks, asked.budget.seconds
    until = breaks.invariant if breaks else ""
    with status(console, asked.name) as tell:
        result = walk(
            asked.machine,
            asked.sizes,
            steps,
            seed,
            examples,
            lambda seen: tell(f"{seen.steps:,} of {steps:,} steps"),
            seconds,
            until,
        )
    return result, judging.judge_walk(asked, result, seed)


def with_progress(console: Console, asked: Question, work: Callable[[Progress], T]) -> T:
    """Do the work, and keep a line up to date that says how far it is."""
    with status(console, asked.name) as tell:

        def progress(seen: Exploration) -> None:
            rate = seen.transitions / max(seen.seconds, 0.001)
            warning = f"; {seen.unsaved}" if seen.unsaved else ""
            tell(f"{seen.states:,} states, depth {seen.depth}, {rate:,.0f} transitions/s{_time_left(seen)}{warning}")

        return work(progress)


def _time_left(seen: Exploration) -> str:
    """How long the search can last at most, where the number of states has a bound."""
    if not seen.most_states or not seen.states:
        return ""
    hours = (seen.most_states - seen.states) * seen.seconds / seen.states / 3600
    if hours > MOST_HOURS:
        return ""
    return f", at most {hours:,.0f} h left" if hours > 2 else f", at most {hours * 3600:,.0f} s left"


MOST_HOURS = 1000
"""A bound beyond this says nothing: the states that are reached are far fewer."""


@contextmanager
def status(console: Console, name: str) -> Iterator[Callable[[str], None]]:
    """A progress line on a terminal, nothing in a pipe."""
    if not console.is_terminal:
        yield lambda text: None
        return
    with console.status(escape(f"{name}: starting")) as line:
        yield lambda text: line.update(escape(f"{name}: {text}"))
