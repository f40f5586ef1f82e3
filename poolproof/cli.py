"""The command line: `poolproof check`, `show`, `walk`, `draw` and the rest, each a few lines over checkers/."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from typer.exceptions import TyperException

from checkers import itf, report
from checkers.draw import draw as draw_picture
from checkers.explore import Budget
from checkers.verdict import Exit, exit_code
from spec.dsl import SpecError

from . import asking, catalog, showing, skeleton

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="rich")
console = Console(highlight=False, width=None if sys.stdout.isatty() else 150)

Model = Annotated[str, typer.Argument(help="a model's name, or the path of a Python file with a MODEL")]
Models = Annotated[list[str] | None, typer.Argument(help="models by name or path; none: all that are shipped")]
Scope = Annotated[str, typer.Option(help="tiny, small or large; without it small, broken models at tiny")]
Pages = Annotated[int | None, typer.Option(help="pages in the scope")]
Pools = Annotated[int | None, typer.Option(help="pools in the scope")]
Devices = Annotated[int | None, typer.Option(help="devices in the scope")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=N", help="any other size of the scope")]
Seconds = Annotated[float, typer.Option("--time", help="stop a search after so many seconds", min=0.0)]
States = Annotated[int, typer.Option(help="stop a search after so many states", min=0)]
Only = Annotated[str, typer.Option(metavar="A", help="tell the story of this page only")]


@app.command()
def check(
    models: Models = None,
    scope: Scope = "",
    pages: Pages = None,
    pools: Pools = None,
    devices: Devices = None,
    sets: Sets = None,
    symmetry: Annotated[bool, typer.Option(help="treat pages alike where the model declares them so")] = True,
    device_symmetry: Annotated[bool, typer.Option("--device-symmetry", help="devices too, where declared")] = False,
    pool_symmetry: Annotated[bool, typer.Option("--pool-symmetry", help="pools too, where declared")] = False,
    max_states: States = 0,
    time: Seconds = 0.0,
    only_page: Only = "",
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="write all verdicts as JSON")] = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="write all verdicts as JUnit XML")] = None,
    trace_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="save every trace as ITF JSON")] = None,
) -> None:
    """Search every reachable state of a scope, and judge everything the models say about themselves."""
    sizes = asking.sizes_asked(pages, pools, devices, sets)
    asked = asking.Asked(scope, sizes, symmetry, device_symmetry, pool_symmetry, Budget(max_states, time))
    questions = [asking.question(name, asked) for name in models or catalog.SHIPPED]
    for path in (json, junit):
        asking.must_be_writable(path)
    runs = [asking.run(q, console) for q in questions]
    verdicts = asking.saved([v for _, _, vs in runs for v in vs], trace_dir)
    showing.results(console, runs, verdicts, only_page, everything=not models)
    if json:
        report.write_json(json, verdicts)
    if junit:
        report.write_junit(junit, verdicts)
    raise typer.Exit(exit_code(verdicts))


@app.command("list")
def list_models() -> None:
    """The models that are shipped: sound ones, historic bugs, planted faults."""
    showing.models(console)


@app.command()
def show(
    model: Model,
    table: Annotated[
        bool, typer.Option("--table", help="also each page record and which action takes it where")
    ] = False,
    scope: Scope = "tiny",
    pages: Pages = None,
    pools: Pools = None,
    devices: Devices = None,
    sets: Sets = None,
) -> None:
    """A model in prose: its fields, its actions with their guards, its promises beside them."""
    asked = asking.Asked(scope, asking.sizes_asked(pages, pools, devices, sets))
    showing.model(console, asking.question(model, asked), table)


@app.command()
def refine(
    model: Model,
    scope: Scope = "tiny",
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
    verdict, candidates = asking.refinement(question, console)
    showing.refinement(console, verdict, candidates)
    raise typer.Exit(exit_code([verdict]))


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
    only_page: Only = "",
    trace_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="save the trace as ITF JSON")] = None,
) -> None:
    """Walk a model at random by its own actions, checking every promise after each step."""
    asked = asking.Asked(scope, asking.sizes_asked(pages, pools, devices, sets))
    question = asking.question(model, asked)
    walked, verdicts = asking.walked(question, steps, seed, examples, console)
    verdicts = asking.saved(verdicts, trace_dir)
    showing.walked(console, question, walked, verdicts, only_page)
    raise typer.Exit(exit_code(verdicts))


@app.command()
def draw(
    model: Model,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="the picture: .svg, .png or .dot")],
    scope: Scope = "tiny",
) -> None:
    """Draw the ownership graph of a model: its places, and the actions that lead from one to another."""
    question = asking.question(model, asking.Asked(scope, {}))
    asking.must_be_writable(out)
    draw_picture(question.machine, question.sizes, out)
    console.print(f"{out} written")


@app.command()
def replay(
    trace: Annotated[Path, typer.Argument(help="a file saved with --trace-dir")],
    model: Annotated[str, typer.Option(help="run it on this model instead of the one it names")] = "",
    as_test: Annotated[bool, typer.Option("--as-test", help="print a pytest test that runs it")] = False,
    only_page: Only = "",
) -> None:
    """Run a saved trace again on the model, step by step."""
    saved = itf.load(trace)
    machine = catalog.find(model or saved.model)
    if not model and machine.digest != saved.digest:
        raise itf.BadTrace(
            f"{trace}: is of {saved.model} {saved.digest}, which is {machine.digest} now; "
            f"give --model {saved.model} to run it on the model as it is"
        )
    if as_test:
        console.print(itf.as_test(trace, saved), end="", markup=False, soft_wrap=True)
        return
    raise typer.Exit(showing.replayed(console, saved, itf.rerun(machine, saved), only_page))


@app.command()
def new(path: Annotated[Path, typer.Argument(metavar="FILE", help="the Python file to write")]) -> None:
    """Write the skeleton of a model of your own; an existing file is never overwritten."""
    skeleton.write(path)
    console.print(f"{path} written; now: poolproof check {path}")


def main() -> None:
    """Run the command; every error a user can make is one line and an exit code of its own."""
    sys.exit(guarded(lambda: app(standalone_mode=False)))


def guarded(run: Callable[[], object]) -> int:
    """The exit code of a run; what went wrong is said in one line on standard error."""
    try:
        result = run()
        return result if isinstance(result, int) else Exit.OK
    except typer.Exit as done:
        return done.exit_code
    except TyperException as error:
        return said(error.format_message(), Exit.USAGE)
    except (asking.BadRequest, catalog.UnknownModel) as error:
        return said(str(error), Exit.USAGE)
    except (catalog.NoModel, itf.BadTrace) as error:
        return said(str(error), Exit.INPUT)
    except SpecError as error:
        return said(str(error), Exit.SPEC)
    except OSError as error:
        return said(f"{error.filename}: {error.strerror}", Exit.USAGE)
    except (KeyboardInterrupt, typer.Abort):
        return said("interrupted", Exit.BUDGET)
    except Exception as error:
        if os.environ.get("POOLPROOF_DEBUG"):
            traceback.print_exc()
        return said(
            f"an error of poolproof itself: {type(error).__name__}: {error} (POOLPROOF_DEBUG=1 says where)", Exit.TOOL
        )


def said(message: str, code: int) -> int:
    """Say why the command ends, in one line on standard error."""
    print(f"poolproof: {' '.join(message.split())}", file=sys.stderr)
    return code
