# SPDX-License-Identifier: MIT
"""`poolproof replay`: saved traces run again, printed, drawn, or made into tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from checkers import itf
from checkers.core.verdict import Exit, Kind, heaviest
from checkers.core.wording import in_steps, sentence
from checkers.draw import lanes_picture
from checkers.draw.lanes import TooLong, lanes
from checkers.report.columns import say
from checkers.report.counterexample import NO_END, NO_STEP, STUCK, counterexample, ending
from spec.dsl import Machine

from .. import catalog, output, output_files, questions
from ..errors import BadRequest, NoModel
from ..options import OnlyPage


def replay(
    traces: Annotated[list[Path], typer.Argument(metavar="FILE...", help="files saved with --trace-dir")],
    model: Annotated[
        str, typer.Option(metavar="NAME", help="run them on this model, not on the one that each names")
    ] = "",
    as_test: Annotated[bool, typer.Option("--as-test", help="print a pytest test that runs the trace")] = False,
    only_page: OnlyPage = "",
    picture: Annotated[
        Path | None, typer.Option("--draw", metavar="FILE", help="draw it as swim lanes, too, as .svg")
    ] = None,
) -> None:
    """Run saved traces again on their models, step by step."""
    require_options(traces, as_test, picture)
    runs = [run_again(trace, model, only_page) for trace in traces]
    if as_test:
        text = itf.as_test(runs[0].trace, runs[0].saved, runs[0].name)
        output.console.print(text, end="", markup=False, soft_wrap=True)
        return
    if picture:
        draw_run(runs[0], only_page, picture)
    code = report_all(runs, only_page)
    if picture:
        say(output.console, f"{picture} written")
    raise typer.Exit(code)


@dataclass(frozen=True)
class Replayed:
    """A saved trace, the name of the model it ran on, and the run."""

    trace: Path
    name: str
    saved: itf.Saved
    run: itf.Rerun


def require_options(traces: Sequence[Path], as_test: bool, picture: Path | None) -> None:
    """Refuse a picture that cannot be written, and more than one trace for one test or one picture."""
    if picture:
        output_files.require_picture(picture, [".svg"])
    if picture and as_test:
        raise BadRequest(f"--draw {picture}: --as-test prints a test only; give one of them")
    if len(traces) > 1 and (as_test or picture):
        option = "--as-test" if as_test else f"--draw {picture}"
        raise BadRequest(f"{option}: takes one trace, and {len(traces)} are given; give one")


def run_again(trace: Path, model: str, only_page: str) -> Replayed:
    """Load a trace, and take its steps again."""
    saved = itf.load(trace)
    machine = _machine_of(trace, saved, model)
    questions.require_page(only_page, [(machine, saved.scope)])
    return Replayed(trace, model or saved.model, saved, itf.rerun(machine, saved))


def _machine_of(trace: Path, saved: itf.Saved, model: str) -> Machine:
    """The machine of --model, or the one that the trace names if it still means the same."""
    if model:
        return catalog.find(model)
    try:
        machine = catalog.find(saved.model)
    except (BadRequest, NoModel) as error:
        raise itf.BadTrace(f"{trace}: its model is not found from here ({error}); give its path as --model") from None
    if machine.digest != saved.digest:
        raise itf.BadTrace(
            f"{trace}: is of {saved.model} {saved.digest}, which is {machine.digest} now; "
            f"give --model {saved.model} to run it on the model as it is"
        )
    return machine


def draw_run(one: Replayed, only: str, out: Path) -> None:
    """Draw a run as swim lanes; raises BadRequest for one that is too long to read."""
    args = itf.shows(one.run, one.saved)
    titles = one.name, f"{sentence(one.saved.property)}, {in_steps(len(one.saved.steps))}"
    whom = None if _is_witness(one.saved) else args
    try:
        drawn = lanes(one.run.world, one.run.trace, titles, last_sentence(one.saved, one.run), whom, only)
    except TooLong as error:
        way_out = f"draw one page only (--only-page {only or 'A'}), or a shorter trace"
        raise BadRequest(f"{out}: {error}; {way_out}") from None
    lanes_picture.write(drawn, out)


def _is_witness(saved: itf.Saved) -> bool:
    return saved.kind is Kind.WITNESS


def report_all(runs: Sequence[Replayed], only: str) -> int:
    """Print one run after the other; returns the most severe exit code."""
    codes = []
    for number, one in enumerate(runs):
        if number:
            output.console.print()
        codes.append(_report(one, only))
    return heaviest(codes)


def _report(one: Replayed, only: str) -> int:
    """Print a run and how it ends on the model as it is; returns its exit code."""
    title = f"{one.name}: {sentence(one.saved.property)}, {in_steps(len(one.saved.steps))}"
    lines = counterexample(one.run.world, one.run.trace, last_sentence(one.saved, one.run), only)
    for n, line in enumerate((title, *lines)):
        say(output.console, line, "" if n else "bold")
    return _code(one.run.world.machine, one.saved, itf.shows(one.run, one.saved) is not None)


def last_sentence(saved: itf.Saved, run: itf.Rerun) -> str:
    """How a saved run ends on the model as it is."""
    if run.refused:
        return f"Here the model stops: {run.refused}. The run is not possible any more."
    claim, args = sentence(saved.property), itf.shows(run, saved)
    if _is_witness(saved):
        return f"So it can be that {claim}." if args is not None else f"This does not show any more that {claim}."
    if args is None:
        return f"The invariant holds here: {claim}."
    return {Kind.DEADLOCK: STUCK, Kind.END: NO_END, Kind.REFINEMENT: NO_STEP}.get(saved.kind, ending(claim, args))


def _code(machine: Machine, saved: itf.Saved, shown: bool) -> int:
    """OK for a violation that is gone or declared, and for a witness that is still reached."""
    if _is_witness(saved):
        return Exit.OK if shown else Exit.VACUOUS
    if not shown or (machine.breaks and machine.breaks.invariant == saved.property):
        return Exit.OK
    return Exit.DEADLOCK if saved.kind in (Kind.DEADLOCK, Kind.END) else Exit.SAFETY
