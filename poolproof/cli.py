"""The command line: `poolproof check`, `show`, `walk`, `draw` and the rest, each a few lines over checkers/."""

from __future__ import annotations

import os
import shlex
import sys
from json import dumps
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, ConsoleDimensions

from checkers.core.verdict import Exit, exit_code
from checkers.explore.search import Budget
from checkers.judging import Question
from checkers.report.columns import say
from impl.linux import page_dump
from impl.linux.trace import record_script
from impl.linux.trace.files import STDIN

from . import (
    asking,
    catalog,
    drawing,
    exporting,
    proving,
    replaying,
    showing,
    showing_models,
    showing_proofs,
    showing_traces,
    skeleton,
    tracing,
    writing,
)
from .errors import guarded as guarded
from .errors import said as said
from .interrupts import INTERRUPTS

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="rich")


NARROW, PIPED = 60, 150
"""Columns that are printed at least; and as many where neither COLUMNS nor a terminal says how many there are."""


class Output(Console):
    """What is printed, as wide as COLUMNS says or the terminal is.

    A reader who has seen enough (`| head`) ends the printing and changes no verdict.
    """

    @property  # type: ignore[misc]  # rich lets a size be set; nobody here does
    def size(self) -> ConsoleDimensions:
        width, height = super().size
        return ConsoleDimensions(max(NARROW, width), height)

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def columns() -> int | None:
    """None where somebody says how wide to print: COLUMNS, or a terminal that any of the three streams is."""
    told = os.environ.get("COLUMNS", "").isdecimal() or any(map(os.isatty, range(3)))
    return None if told else PIPED


console = Output(highlight=False, width=columns())

Model = Annotated[str, typer.Argument(help="a model's name, or the path of a Python file with a MODEL")]
Models = Annotated[list[str] | None, typer.Argument(help="models by name or path; none: all that are shipped")]
Scope = Annotated[
    str, typer.Option(help="tiny, small or large; without it small if there is one, broken models at tiny")
]
TinyScope = Annotated[str, typer.Option("--scope", help="tiny, small or large")]
Pages = Annotated[int | None, typer.Option(help="pages in the scope")]
Pools = Annotated[int | None, typer.Option(help="pools in the scope")]
Devices = Annotated[int | None, typer.Option(help="devices in the scope")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=N", help="any other size of the scope")]
Seconds = Annotated[float, typer.Option("--time", help="stop after so many seconds; 0: never", min=0.0)]
States = Annotated[int, typer.Option(help="stop after so many states; 0: never", min=0)]
Memory = Annotated[
    str, typer.Option(metavar="SIZE", help="memory for the search, such as 4G; without it what the machine can spare")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="also in what memory states were kept")]
Only = Annotated[str, typer.Option(metavar="A", help="tell the counterexample of this page only")]


@app.command()
def check(
    models: Models = None,
    scope: Scope = "",
    pages: Pages = None,
    pools: Pools = None,
    devices: Devices = None,
    sets: Sets = None,
    symmetry: Annotated[
        bool, typer.Option(help="treat pages, pools, devices symmetric where the model declares them so")
    ] = True,
    device_symmetry: Annotated[bool, typer.Option("--device-symmetry", help="devices too, where declared")] = False,
    pool_symmetry: Annotated[bool, typer.Option("--pool-symmetry", help="pools too, where declared")] = False,
    max_states: States = 0,
    max_memory: Memory = "",
    time: Seconds = 0.0,
    engine: Annotated[str, typer.Option(metavar="c|python", help="which search; without it c if it can")] = "",
    threads: Annotated[int, typer.Option(help="threads of the search in C; 0: all cores", min=0, max=256)] = 0,
    checkpoint: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="write the search there, every minute at least"),
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="FILE", help="go on from a checkpoint, and write further ones there")
    ] = None,
    only_page: Only = "",
    verbose: Verbose = False,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="write all verdicts as JSON")] = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="write all verdicts as JUnit XML")] = None,
    trace_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="save every trace as ITF JSON")] = None,
) -> None:
    """Search every reachable state of a scope, and judge everything the models say about themselves."""
    sizes = asking.sizes_asked(pages, pools, devices, sets)
    budget = Budget(max_states, time, asking.bytes_asked(max_memory))
    effort = asking.effort_asked(engine, threads)
    asked = asking.Asked(scope, sizes, symmetry, device_symmetry, pool_symmetry, budget, effort)
    writing.must_take_verdicts(json, junit)
    writing.must_take_checkpoint(checkpoint, resume)
    questions = [asking.question(name, asked) for name in dict.fromkeys(models or catalog.SHIPPED)]
    questions = asking.on_disk(questions, checkpoint, resume)
    asking.must_be_a_page(only_page, [(q.machine, q.sizes) for q in questions])
    writing.must_take_traces(trace_dir, [q.name for q in questions])
    runs = asking.every_run(questions, console)
    verdicts = writing.saved([v for _, _, vs in runs for v in vs], trace_dir)
    writing.verdicts(verdicts, json, junit)
    showing.results(console, runs, verdicts, only_page, not models, verbose)
    raise typer.Exit(exit_code(verdicts))


@app.command("list")
def list_models() -> None:
    """The models that are shipped: sound ones, historic bugs, planted faults."""
    showing.models(console)


@app.command()
def show(
    model: Model,
    name: Annotated[str, typer.Argument(help="one action, field, invariant or witness of it; without: all")] = "",
    table: Annotated[
        bool, typer.Option("--table", help="also each page record and which action takes it where")
    ] = False,
    scope: TinyScope = "tiny",
    pages: Pages = None,
    pools: Pools = None,
    devices: Devices = None,
    sets: Sets = None,
) -> None:
    """A model in prose: its fields, actions with their guards, invariants beside them; or one of these by name."""
    if name and table:
        raise asking.BadRequest(f"{name} --table: the table is of the whole model; leave out one of them")
    asked = asking.question(model, asking.Asked(scope, asking.sizes_asked(pages, pools, devices, sets)))
    if name:
        showing_models.part(console, asked, name)
    else:
        raise typer.Exit(showing_models.model(console, asked, table))


@app.command()
def refine(
    model: Model,
    scope: TinyScope = "tiny",
    pages: Pages = None,
    pools: Pools = None,
    devices: Devices = None,
    sets: Sets = None,
    max_states: States = 0,
    time: Seconds = 0.0,
) -> None:
    """Check that each step of a model is one step of the rules it refines, or none."""
    sizes = asking.sizes_asked(pages, pools, devices, sets)
    question = asking.question(model, asking.Asked(scope, sizes, budget=Budget(max_states, time)))
    asking.must_refine(question)
    verdict, candidates = asking.refinement(question, console)
    showing.refinement(console, verdict, candidates)
    raise typer.Exit(exit_code([verdict]))


@app.command()
def prove(
    models: Models = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="every obligation, a line each")] = False,
    suggest: Annotated[bool, typer.Option("--suggest", help="look for lemmas that the proof of a model lacks")] = False,
    bmc: Annotated[
        int, typer.Option(metavar="K", help="look for violations within K steps of a scope instead", min=0)
    ] = 0,
    k_induction: Annotated[int, typer.Option(metavar="K", help="prove by k-induction in a scope instead", min=0)] = 0,
    scope: Scope = "",
    pages: Pages = None,
    pools: Pools = None,
    devices: Devices = None,
    sets: Sets = None,
    time: Seconds = 0.0,
    timeout: Annotated[float, typer.Option(help="seconds for each answer of a solver; 0: no limit", min=0.0)] = 10.0,
    jobs: Annotated[int, typer.Option(help="obligations decided at once; 0: as many as there are cores", min=0)] = 0,
    seeds: Annotated[int, typer.Option(metavar="K", help="decide with K seeds of the solvers", min=1, max=100)] = 1,
    cache: Annotated[bool, typer.Option(help="remember what was decided")] = True,
    smt_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="leave every obligation there, for other solvers")
    ] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="write all verdicts as JSON")] = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="write all verdicts as JUnit XML")] = None,
    trace_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="save every violation as ITF JSON")] = None,
) -> None:
    """Prove the invariants for any number of pages (pools, devices, ...), by induction; two solvers decide each step."""
    sizes = asking.sizes_asked(pages, pools, devices, sets)
    given = [f"--{name} {value}" for name, value in (("scope", scope), ("time", time), *sizes.items()) if value]
    proving.must_fit(models or (), bmc, k_induction, suggest, given)
    writing.must_take_verdicts(json, junit)
    writing.must_take_traces(trace_dir, models or catalog.SOUND_NAMES)
    proving.must_take_texts(smt_dir)
    asked = asking.Asked(scope if bmc or k_induction else "tiny", sizes, budget=Budget(seconds=time))
    questions = [asking.question(name, asked) for name in dict.fromkeys(models or catalog.SOUND_NAMES)]
    if bmc or k_induction:
        raise typer.Exit(_in_scopes(questions, bmc, k_induction, json, junit, trace_dir))
    how = proving.asked(timeout, jobs, cache, seeds)
    if suggest:
        found = proving.suggested(questions[0], how, console)
        raise typer.Exit(showing_proofs.suggestion(console, questions[0].name, found))
    proofs = proving.every_proof(questions, how, console)
    for p in proofs:
        p.verdicts = writing.saved(p.verdicts, trace_dir)
    verdicts = [v for p in proofs for v in p.verdicts]
    if json or junit:
        writing.verdicts([*verdicts, *proving.obligations(proofs)], json, junit)
    showing_proofs.proofs(console, proofs, verbose)
    showing.traces_saved(console, verdicts)
    if smt_dir:
        console.print(f"{proving.write_texts(smt_dir, proofs):,} texts left in {smt_dir}")
    raise typer.Exit(exit_code(verdicts))


def _in_scopes(
    questions: list[Question], steps: int, k: int, json: Path | None, junit: Path | None, trace_dir: Path | None
) -> int:
    """Bounded questions about scopes; returns the exit code."""
    runs = proving.bounded(questions, steps, k, console)
    runs = [(asked, writing.saved(verdicts, trace_dir)) for asked, verdicts in runs]
    verdicts = [v for _, vs in runs for v in vs]
    writing.verdicts(verdicts, json, junit)
    showing_proofs.scoped(console, runs)
    showing.traces_saved(console, verdicts)
    return exit_code(verdicts)


@app.command()
def walk(
    model: Model,
    steps: Annotated[int, typer.Option(help="steps in all", min=1)] = 20_000,
    seed: Annotated[int, typer.Option(help="the same seed walks the same way")] = 0,
    examples: Annotated[int, typer.Option(help="walks to take; 0: as many as the steps allow", min=0)] = 0,
    scope: Scope = "",
    pages: Pages = None,
    pools: Pools = None,
    devices: Devices = None,
    sets: Sets = None,
    time: Seconds = 0.0,
    only_page: Only = "",
    trace_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="save the trace as ITF JSON")] = None,
) -> None:
    """Walk a model at random by its own actions, checking every invariant after each step."""
    asked = asking.Asked(scope, asking.sizes_asked(pages, pools, devices, sets), budget=Budget(seconds=time))
    question = asking.question(model, asked)
    asking.must_be_a_page(only_page, [(question.machine, question.sizes)])
    writing.must_take_traces(trace_dir, [model])
    walked, verdicts = asking.walked(question, steps, seed, examples, console)
    verdicts = writing.saved(verdicts, trace_dir)
    showing.walked(console, question, walked, verdicts, only_page)
    showing.traces_saved(console, verdicts)
    raise typer.Exit(exit_code(verdicts))


@app.command()
def draw(
    model: Model,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="the picture: .svg, .png or .dot")],
    states: Annotated[bool, typer.Option("--states", help="the state graph, folded by where the pages are")] = False,
    fold: Annotated[str, typer.Option(metavar="FIELD[,FIELD]", help="fold the states by these fields")] = "",
    scope: TinyScope = "tiny",
    pages: Pages = None,
    pools: Pools = None,
    devices: Devices = None,
    sets: Sets = None,
    max_states: Annotated[int, typer.Option(help="refuse more states; 0: never", min=0)] = drawing.MOST_STATES,
    time: Seconds = 0.0,
) -> None:
    """Draw the ownership graph of a model: its places, and the actions that lead from one to another."""
    drawing.must_be_a_picture(out)
    drawing.must_be_of_states(states, fold, max_states, time)
    budget = Budget(max_states, time)
    question = asking.question(
        model, asking.Asked(scope, asking.sizes_asked(pages, pools, devices, sets), budget=budget)
    )
    if states:
        drawing.states(question, fold, out, console)
    else:
        drawing.places(question, out)
    say(console, f"{out} written")


@app.command()
def replay(
    traces: Annotated[list[Path], typer.Argument(metavar="FILE...", help="files saved with --trace-dir")],
    model: Annotated[str, typer.Option(help="run them on this model instead of the one each names")] = "",
    as_test: Annotated[bool, typer.Option("--as-test", help="print a pytest test that runs it")] = False,
    only_page: Only = "",
    picture: Annotated[
        Path | None, typer.Option("--draw", metavar="FILE", help="draw it as swim lanes too: .svg, .png or .dot")
    ] = None,
) -> None:
    """Run saved traces again on their models, step by step."""
    drawing.must_be_a_picture_of_a_run(picture, as_test)
    replaying.must_be_one(traces, as_test, picture)
    runs = [replaying.again(trace, model, only_page) for trace in traces]
    if as_test:
        console.print(replaying.as_test(runs[0]), end="", markup=False, soft_wrap=True)
        return
    if picture:
        drawing.run(runs[0].name, runs[0].saved, runs[0].run, only_page, picture)
    code = showing.every_replay(console, runs, only_page)
    if picture:
        say(console, f"{picture} written")
    raise typer.Exit(code)


@app.command()
def export(
    model: Model,
    to: Annotated[exporting.To, typer.Option("--to", help="promela: for spin; murphi: for rumur")],
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="a new file to write it to")] = None,
    scope: TinyScope = "tiny",
    pages: Pages = None,
    pools: Pools = None,
    devices: Devices = None,
    sets: Sets = None,
) -> None:
    """Print a model in the language of another model checker, so that it can count and judge it too."""
    writing.must_be_new(out)
    asked = asking.Asked(scope, asking.sizes_asked(pages, pools, devices, sets))
    exporting.export(asking.question(model, asked), to, out, console)


@app.command()
def trace(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="recordings of one boot in sequence; - is standard input")
    ],
    every_holder: Annotated[
        bool, typer.Option("--holders", help="who holds pages: of every pool that was waited for")
    ] = False,
    at: Annotated[str, typer.Option(metavar="LINE|TIME", help="who holds pages at this moment, not at the end")] = "",
    dmesg: Annotated[Path | None, typer.Option(metavar="FILE", help="the kernel's log of the same time")] = None,
    clock: Annotated[str, typer.Option(metavar="NAME", help="the trace clock, where the text does not say it")] = "",
    strict: Annotated[bool, typer.Option("--strict", help="show each line that is not understood")] = False,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="write all of it as JSON")] = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="write all verdicts as JUnit XML")] = None,
) -> None:
    """Hold a recording of a running kernel against the rules: where did it not obey, and who holds which pages."""
    writing.must_take_verdicts(json, junit)
    done = tracing.judged(files, console, tracing.moment(at), every_holder, strict, clock, dmesg)
    verdicts = tracing.verdicts(done)
    writing.verdicts(verdicts, json, junit, tracing.as_json(done))
    showing_traces.trace(console, done, verdicts, every_holder or bool(at))
    if dmesg and not done.judge.messages:
        say(
            console,
            f"{dmesg}: of pools and pages it holds no message that is known here; nothing is said of it",
            "yellow",
        )
    code = exit_code(verdicts)
    raise typer.Exit(code or (Exit.BUDGET if done.interrupted or not done.judge.judged else Exit.OK))


@app.command()
def record(
    level: Annotated[
        str, typer.Option(metavar="|".join(record_script.LEVELS), help="which events: dma has mappings too")
    ] = (record_script.STOCK),
    events: Annotated[int, typer.Option(help="as many fit the buffer of each CPU; 0: as is usual", min=0)] = 0,
) -> None:
    """Print the script that records a trace on the machine in question; nothing is run here."""
    if level not in record_script.LEVELS:
        raise asking.BadRequest(f"--level {level}: is none; there are {' and '.join(record_script.LEVELS)}")
    for line in record_script.recipe(level, events or None):
        console.print(line, markup=False, soft_wrap=True)


@app.command("decode")
def decode_words(
    words: Annotated[
        str, typer.Argument(metavar="WORDS", help="the raw words, or the whole dump; - is standard input")
    ],
    json: Annotated[bool, typer.Option("--json", help="print the record for other tools")] = False,
) -> None:
    """Explain the raw words of a "Bad page state ... page_pool leak" dump: which pool, where mapped, how often held."""
    decoded = page_dump.decode(sys.stdin.read() if words == STDIN else words)
    if json:
        console.print(dumps(decoded.as_json(), indent=1), markup=False, soft_wrap=True)
        return
    for line in decoded.lines():
        say(console, line)


@app.command()
def new(path: Annotated[Path, typer.Argument(metavar="FILE", help="the Python file to write")]) -> None:
    """Write the skeleton of a model of your own; an existing file is never overwritten."""
    skeleton.write(path)
    say(console, f"{path} written; now: poolproof check {shlex.quote(str(path))}")


def main() -> int:
    """Run the command; every error a user can make is one line and an exit code of its own."""
    INTERRUPTS.listen()
    return guarded(lambda: app(standalone_mode=False, prog_name="poolproof"))
