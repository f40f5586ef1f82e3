"""`poolproof prove`: from what was typed to proofs, with a line of progress, and the texts for other solvers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from checkers.core.cache import cache_folder
from checkers.core.verdict import Verdict
from checkers.judging import Question
from checkers.prove import proof, scoped
from checkers.prove.deciding import Decided, Effort
from checkers.prove.known import Known
from checkers.prove.proof import Proof
from checkers.prove.suggest import Suggestion, suggest

from . import asking
from .asking import BadRequest
from .interrupts import INTERRUPTS


@dataclass(frozen=True)
class Asked:
    """What the options say about how to prove."""

    effort: Effort
    seeds: int = 1


def asked(timeout: float, jobs: int, cache: bool, seeds: int) -> Asked:
    """The effort that was asked for; what is remembered lies beside the compiled code."""
    known = Known(cache_folder() / "proofs.sqlite" if cache else None)
    return Asked(Effort(timeout, jobs, known), seeds)


def every_proof(questions: Sequence[Question], how: Asked, console: Console) -> list[Proof]:
    """Prove one model after the other."""
    return [_proof(question, how, console) for question in questions]


def _proof(question: Question, how: Asked, console: Console) -> Proof:
    with asking.status(console, question.name) as tell:

        def progress(what: str, done: int, of: int) -> None:
            INTERRUPTS.look()
            tell(f"{done:,} of {of:,} obligations {what}".rstrip())

        return proof.prove(question.machine, question.name, how.effort, how.seeds, progress)


def must_take_texts(directory: Path | None) -> None:
    """Refuse to leave texts where something else is."""
    if directory is None:
        return
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise BadRequest(f"{directory}: is there already and not empty; give a new directory")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadRequest(f"{directory}: cannot be a directory ({error.strerror}); give another") from None


def write_texts(directory: Path, proofs: Sequence[Proof]) -> int:
    """Leave every obligation as a file that any solver of SMT-LIB 2 reads; returns how many."""
    count = 0
    for proved in proofs:
        folder = directory / Path(proved.name).stem
        folder.mkdir(exist_ok=True)
        for number, decided in enumerate(proved.decided, 1):
            o = decided.obligation
            name = re.sub(r"[^A-Za-z0-9]+", "_", o.name).strip("_")[:100]
            head = f"; {o.name}\n; expected: {o.wanted}\n(set-info :status {decided.agreed})\n"
            (folder / f"{number:04}_{name}.smt2").write_text(head + o.text(decided.counting), encoding="utf-8")
            count += 1
    return count


def obligations(proofs: Sequence[Proof]) -> list[Verdict]:
    """Every obligation as a verdict of its own, for other tools."""
    return [_obligation(proved, decided) for proved in proofs for decided in proved.decided]


def _obligation(proved: Proof, decided: Decided) -> Verdict:
    times = ", ".join(f"{name} {a.said} in {a.seconds:.3f} s" for name, a in decided.answers.items())
    return replace(
        proof.base(proved, [decided]),
        kind="obligation",
        property=decided.obligation.name,
        outcome=proof.became(decided),
        label=proof.label_of(proved, decided),
        expected=decided.is_as_wanted,
        note=f"{times}; sha256 {decided.obligation.digest(decided.counting)}",
    )


def bounded(
    questions: Sequence[Question], steps: int, k: int, console: Console
) -> list[tuple[Question, list[Verdict]]]:
    """Bounded questions about one model after the other: so many steps, or k-induction."""
    done: list[tuple[Question, list[Verdict]]] = []
    for question in questions:
        with asking.status(console, question.name) as tell:

            def progress(depth: int, seconds: float, tell: Callable[[str], None] = tell) -> None:
                INTERRUPTS.look()
                tell(f"{depth} steps, {seconds:.0f} s")

            ask = scoped.within if steps else scoped.inductive
            done.append((question, ask(question, steps or k, progress)))
    return done


def suggested(question: Question, how: Asked, console: Console) -> Suggestion:
    """Lemmas for a model whose invariants do not follow from each other."""
    if question.machine.breaks:
        raise BadRequest(f"{question.name}: is broken on purpose; --suggest is for a model that should hold")
    with asking.status(console, question.name) as tell:
        return suggest(question.machine, how.effort, tell)


def must_fit(models: Sequence[str], steps: int, k: int, suggests: bool, sized: Sequence[str]) -> None:
    """Refuse options that do not go together."""
    if steps and k:
        raise BadRequest(f"--bmc {steps} --k-induction {k}: are two questions; give one of them")
    if suggests and (steps or k or len(models) != 1):
        raise BadRequest(
            "--suggest: looks at one model, for any number; name it, and leave out --bmc and --k-induction"
        )
    if sized and not (steps or k):
        raise BadRequest(f"{sized[0]}: a proof is for any number; a scope goes with --bmc K or --k-induction K")
