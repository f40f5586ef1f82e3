"""From what was typed to what is asked: models, scopes, budgets, and the runs themselves with their progress line."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from checkers import itf, judge, wellformed
from checkers.explore import UNLIMITED, Budget, Exploration, Progress
from checkers.judge import Question
from checkers.refine import Candidate
from checkers.verdict import Verdict
from checkers.walk import Walk, walk
from spec.dsl import Machine, Sort, SpecError

from . import catalog

T = TypeVar("T")
Run = tuple[Question, Exploration, list[Verdict]]


class BadRequest(Exception):
    """Something typed that cannot be done; the message names the value, the rule and the way out."""


@dataclass(frozen=True)
class Asked:
    """What the options say about how far to look."""

    scope: str = ""
    sizes: dict[str, int] = field(default_factory=dict)
    symmetry: bool = True
    device_symmetry: bool = False
    pool_symmetry: bool = False
    budget: Budget = UNLIMITED


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
        sizes[name] = int(number)
    return sizes


def question(name: str, asked: Asked) -> Question:
    """The question about one model: its scope with the sizes asked for, and the sorts taken as alike."""
    machine = catalog.find(name)
    if problems := wellformed.problems(machine):
        raise SpecError(problems[0])
    scope = asked.scope or ("small" if "small" in machine.scopes and not machine.breaks else "tiny")
    try:
        sizes = machine.sizes(scope, asked.sizes)
    except SpecError as error:
        raise BadRequest(str(error)) from None
    return Question(machine, name, _scope_name(scope, asked.sizes), sizes, _alike(machine, asked), asked.budget)


def _scope_name(scope: str, changed: dict[str, int]) -> str:
    return ", ".join([scope, *(f"{name}={size}" for name, size in changed.items())])


def _alike(machine: Machine, asked: Asked) -> tuple[type[Sort], ...]:
    if not asked.symmetry:
        return ()
    alike = list(machine.alike)
    for name, wanted in (("Device", asked.device_symmetry), ("Pool", asked.pool_symmetry)):
        declared = [s for s in (*machine.alike, *machine.alike_if_asked) if s.__name__ == name]
        if wanted and not declared:
            raise BadRequest(f"--{name.lower()}-symmetry: {machine.name} does not declare its {name.lower()}s alike")
        alike += [s for s in declared if wanted and s not in alike]
    return tuple(alike)


def must_be_writable(path: Path | None) -> None:
    """Refuse an output that could not be written, before the work and not after it."""
    if path is None:
        return
    if path.is_dir():
        raise BadRequest(f"{path}: is a directory; give the name of a file")
    if not path.parent.is_dir():
        raise BadRequest(f"{path}: the directory {path.parent} does not exist; create it or write elsewhere")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise BadRequest(f"{path}: cannot be written; write elsewhere")


def run(asked: Question, console: Console) -> Run:
    """One model in one scope: everything it says about itself, and whether it keeps to the rules it refines."""
    seen, verdicts = _with_progress(console, asked, lambda progress: judge.check(asked, progress))
    if asked.machine.refines and not asked.machine.breaks and not seen.stopped:
        tiny = replace(asked, scope="tiny", sizes=asked.machine.sizes("tiny", {}))
        verdicts.append(_with_progress(console, tiny, lambda progress: judge.check_refinement(tiny, progress)[0]))
    return asked, seen, verdicts


def refinement(asked: Question, console: Console) -> tuple[Verdict, tuple[Candidate, ...]]:
    """The refinement alone, with the candidates that might have explained a step that does not fit."""
    return _with_progress(console, asked, lambda progress: judge.check_refinement(asked, progress))


def walked(asked: Question, steps: int, seed: int, examples: int, console: Console) -> tuple[Walk, list[Verdict]]:
    """A random walk, and what it says about the promises."""
    with _status(console, f"walking {asked.name}"):
        result = walk(asked.machine, asked.sizes, steps, seed, examples)
    return result, judge.judge_walk(asked, result, seed)


def _status(console: Console, text: str) -> AbstractContextManager[object]:
    """A progress line on a terminal, nothing in a pipe."""
    return console.status(text) if console.is_terminal else nullcontext()


def _with_progress(console: Console, asked: Question, work: Callable[[Progress], T]) -> T:
    """Do the work, and keep a line up to date that says how far it is."""
    if not console.is_terminal:
        return work(lambda seen: None)
    with console.status(f"{asked.name}: starting") as line:

        def progress(seen: Exploration) -> None:
            rate = seen.transitions / max(seen.seconds, 0.001)
            line.update(f"{asked.name}: {seen.states:,} states, depth {seen.depth}, {rate:,.0f} transitions/s")

        return work(progress)


def saved(verdicts: list[Verdict], directory: Path | None) -> list[Verdict]:
    """Save every trace into the directory, and say so in the verdicts."""
    if directory is None:
        return verdicts
    directory.mkdir(parents=True, exist_ok=True)
    return [_saved(v, directory) if v.trace else v for v in verdicts]


def _saved(verdict: Verdict, directory: Path) -> Verdict:
    path = directory / f"{Path(verdict.model).stem}.{verdict.property}.itf.json"
    itf.save(path, verdict)
    return replace(verdict, saved=path)
