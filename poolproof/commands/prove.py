# SPDX-License-Identifier: MIT
"""`poolproof prove`: invariants for any number of pages by induction, or bounded questions about a scope."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from checkers.core.cache import cache_folder
from checkers.core.verdict import Kind, Verdict, exit_code
from checkers.core.wording import counted
from checkers.explore.search import Budget
from checkers.judging import NO_INVARIANT, Question
from checkers.prove import proof, scoped
from checkers.prove.deciding import Decided, SolverOptions
from checkers.prove.known import Known
from checkers.prove.proof import Proof
from checkers.prove.suggest import Suggestion, suggest
from checkers.prove.theory import invariants_of

from .. import catalog, output, output_files, print_proof, print_verdicts, questions
from ..errors import BadRequest, NothingToJudge
from ..interrupts import INTERRUPTS
from ..options import Devices, Json, Junit, Models, Pages, Pools, Sarif, Scope, Sets, TimeLimit, TraceDir
from ..output_files import VerdictFiles
from ..questions import Request


@dataclass(frozen=True)
class Plan:
    """How to prove: the limits and processes of the solvers, and with how many seeds."""

    options: SolverOptions
    seeds: int = 1


def prove(
    models: Models = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="print every obligation")] = False,
    suggest: Annotated[bool, typer.Option("--suggest", help="look for lemmas that a model's proof lacks")] = False,
    bmc: Annotated[
        int, typer.Option(metavar="K", help="look for violations within K steps of a scope instead", min=0)
    ] = 0,
    k_induction: Annotated[int, typer.Option(metavar="K", help="prove by k-induction in a scope instead", min=0)] = 0,
    scope: Scope = "",
    pages: Pages = None,
    pools: Pools = None,
    devices: Devices = None,
    sets: Sets = None,
    time_limit: TimeLimit = 0.0,
    solver_timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="for each answer of a solver; 0: no limit", min=0.0)
    ] = 10.0,
    jobs: Annotated[int, typer.Option(help="obligations decided at once; 0: one a core", min=0)] = 0,
    solver_seeds: Annotated[
        int, typer.Option(metavar="K", help="decide with K seeds of the solvers", min=1, max=100)
    ] = 1,
    cache: Annotated[bool, typer.Option(help="keep answers of the solvers, and use those that are kept")] = True,
    smt_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="write every obligation there, for other solvers")
    ] = None,
    json: Json = None,
    junit: Junit = None,
    sarif: Sarif = None,
    trace_dir: TraceDir = None,
) -> None:
    """Prove the invariants for any number of pages (pools, devices, ...) by induction; two solvers decide each step."""
    files, is_bounded = VerdictFiles(json, junit, sarif), bool(bmc or k_induction)
    sizes = questions.scope_sizes(pages, pools, devices, sets)
    given = [f"--{n} {value}" for n, value in (("scope", scope), ("time-limit", time_limit), *sizes.items()) if value]
    require_options(models or (), bmc, k_induction, suggest, given)
    files.require()
    output_files.require_trace_directory(trace_dir, models or catalog.SOUND_NAMES)
    require_empty_directory(smt_dir)
    request = Request(scope if is_bounded else "tiny", sizes, budget=Budget(seconds=time_limit))
    every = [questions.question(name, request) for name in dict.fromkeys(models or catalog.SOUND_NAMES)]
    require_invariants(every, is_bounded)
    if is_bounded:
        raise typer.Exit(bounded(every, bmc, k_induction, files, trace_dir))
    plan = Plan(solver_options(solver_timeout, jobs, cache), solver_seeds)
    if suggest:
        raise typer.Exit(print_proof.suggestion(output.console, every[0].name, suggested(every[0], plan)))
    raise typer.Exit(proved(every, plan, files, trace_dir, smt_dir, verbose))


def require_options(models: Sequence[str], steps: int, k: int, suggests: bool, sized: Sequence[str]) -> None:
    """Refuse options that do not go together; `sized` are those of a scope."""
    if steps and k:
        raise BadRequest(f"--bmc {steps} --k-induction {k}: two questions; give one of them")
    if suggests and (steps or k or len(models) != 1):
        raise BadRequest("--suggest: takes one model, for any number; name it, without --bmc and --k-induction")
    if sized and not (steps or k):
        raise BadRequest(f"{sized[0]}: a proof is for any number; a scope goes with --bmc K or --k-induction K")


def require_invariants(every: Sequence[Question], is_bounded: bool) -> None:
    """Refuse a model with nothing to prove; a proof for any number is also about the ranges of numbers."""
    for q in every:
        if not (q.machine.invariants if is_bounded else invariants_of(q.machine)):
            raise NothingToJudge(f"{q.name}: {NO_INVARIANT}")


def require_empty_directory(directory: Path | None) -> None:
    """Create the directory for SMT-LIB files; refuse one that is not empty."""
    if directory is None:
        return
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise BadRequest(f"{directory}: exists and is not an empty directory; give a new one")
    output_files.make_directory(directory)


def solver_options(timeout: float, jobs: int, cache: bool) -> SolverOptions:
    """The options of the solvers; answers are kept beside the compiled code."""
    return SolverOptions(timeout, jobs, Known(cache_folder() / "proofs.sqlite" if cache else None))


def proved(
    every: Sequence[Question],
    plan: Plan,
    files: VerdictFiles,
    trace_dir: Path | None,
    smt_dir: Path | None,
    verbose: bool,
) -> int:
    """Prove, print and write; returns the exit code."""
    proofs = [_proof(question, plan) for question in every]
    for p in proofs:
        p.verdicts = output_files.save_traces(p.verdicts, trace_dir)
    verdicts = [v for p in proofs for v in p.verdicts]
    if files:
        files.write([*verdicts, *obligations(proofs)], [(q.name, q.machine) for q in every])
    print_proof.proofs(output.console, proofs, verbose)
    print_verdicts.traces_saved(output.console, verdicts)
    if smt_dir:
        output.console.print(f"{counted(write_texts(smt_dir, proofs), 'file')} written to {smt_dir}")
    return exit_code(verdicts)


def _proof(question: Question, plan: Plan) -> Proof:
    with output.status(question.name) as update:

        def progress(what: str, done: int, of: int) -> None:
            INTERRUPTS.look()
            update(f"{done:,} of {counted(of, 'obligation')} {what}".rstrip())

        return proof.prove(question.machine, question.name, plan.options, plan.seeds, progress)


def obligations(proofs: Sequence[Proof]) -> list[Verdict]:
    """Every obligation as a verdict of its own, for the files."""
    return [_obligation(p, decided) for p in proofs for decided in p.decided]


def _obligation(p: Proof, decided: Decided) -> Verdict:
    times = ", ".join(f"{name} {a.result} in {a.seconds:.3f} s" for name, a in decided.answers.items())
    return replace(
        proof.base(p, [decided]),
        kind=Kind.OBLIGATION,
        property=decided.obligation.name,
        outcome=proof.became(decided),
        label=proof.label_of(p, decided),
        expected=decided.is_as_wanted,
        note=f"{times}; sha256 {decided.obligation.digest(decided.counting)}",
    )


def write_texts(directory: Path, proofs: Sequence[Proof]) -> int:
    """Write every obligation as a file in SMT-LIB 2, with the answer as its status; returns how many."""
    count = 0
    for p in proofs:
        folder = directory / Path(p.name).stem
        folder.mkdir(exist_ok=True)
        for number, decided in enumerate(p.decided, 1):
            o = decided.obligation
            name = re.sub(r"[^A-Za-z0-9]+", "_", o.name).strip("_")[:100]
            head = f"; {o.name}\n; expected: {o.wanted}\n(set-info :status {decided.agreed})\n"
            (folder / f"{number:04}_{name}.smt2").write_text(head + o.text(decided.counting), encoding="utf-8")
            count += 1
    return count


def bounded(every: Sequence[Question], steps: int, k: int, files: VerdictFiles, trace_dir: Path | None) -> int:
    """Answer bounded questions about scopes, print and write; returns the exit code."""
    runs = [(question, output_files.save_traces(_bounded(question, steps, k), trace_dir)) for question in every]
    verdicts = [v for _, vs in runs for v in vs]
    files.write(verdicts, [(q.name, q.machine) for q in every])
    print_proof.scoped(output.console, runs)
    print_verdicts.traces_saved(output.console, verdicts)
    return exit_code(verdicts)


def _bounded(question: Question, steps: int, k: int) -> list[Verdict]:
    """Violations within `steps`, or k-induction where that is 0."""
    with output.status(question.name) as update:

        def progress(depth: int, seconds: float, update: Callable[[str], None] = update) -> None:
            INTERRUPTS.look()
            update(f"{counted(depth, 'step')}, {seconds:.0f} s")

        return (scoped.within if steps else scoped.inductive)(question, steps or k, progress)


def suggested(question: Question, plan: Plan) -> Suggestion:
    """Lemmas for a model whose invariants do not follow from each other."""
    if question.machine.breaks:
        raise BadRequest(f"{question.name}: is broken on purpose; --suggest is for a model that should hold")
    with output.status(question.name) as update:
        return suggest(question.machine, plan.options, update)
