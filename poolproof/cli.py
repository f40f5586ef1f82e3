# SPDX-License-Identifier: MIT
"""The command line: the subcommands of commands/, and how they end."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from checkers.core.verdict import Exit

from . import __version__
from .commands.check import check
from .commands.decode import decode
from .commands.draw import draw
from .commands.export import export
from .commands.list_models import list_models
from .commands.new import new
from .commands.prove import prove
from .commands.record import record
from .commands.refine import refine
from .commands.replay import replay
from .commands.show import show
from .commands.simulate import simulate
from .commands.trace import trace
from .errors import guarded
from .interrupts import INTERRUPTS

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"poolproof {__version__}")
        raise typer.Exit()


@app.callback()
def top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print it and exit")
    ] = False,
) -> None:
    """Who owns a network page: check, prove and simulate models of it, and judge recordings of running kernels."""


app.command("list")(list_models)
for command in (check, show, refine, prove, simulate, draw, replay, export, trace, record, decode, new):
    app.command()(command)


def main() -> int:
    """Run the command; returns the exit code."""
    INTERRUPTS.listen()
    try:
        return guarded(lambda: app(standalone_mode=False, prog_name="poolproof"))
    except SystemExit as done:
        if not completes():
            raise
        return done.code if isinstance(done.code, int) else Exit.OK


def completes() -> bool:
    """True if a shell is completing a line, or its script is printed or installed; typer ends these by SystemExit."""
    return "_POOLPROOF_COMPLETE" in os.environ or sys.argv[1:2] in (["--show-completion"], ["--install-completion"])
