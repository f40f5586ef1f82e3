# SPDX-License-Identifier: MIT
"""`poolproof show`: a model, or a part of it, in prose."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import output, print_model, questions
from ..errors import BadRequest
from ..options import Devices, Model, Pages, Pools, Sets, TinyScope
from ..questions import Request


def show(
    model: Model,
    name: Annotated[str, typer.Argument(help="one action, field, invariant or witness of it; default: all")] = "",
    table: Annotated[
        bool, typer.Option("--table", help="print each page record and the actions that change it, too")
    ] = False,
    scope: TinyScope = "tiny",
    pages: Pages = None,
    pools: Pools = None,
    devices: Devices = None,
    sets: Sets = None,
) -> None:
    """Print a model in prose: its fields, actions with their guards, invariants; or one of these by name."""
    if name and table:
        raise BadRequest(f"{name} --table: the table is of the whole model; leave out one of them")
    question = questions.question(model, Request(scope, questions.scope_sizes(pages, pools, devices, sets)))
    if name:
        print_model.part(output.console, question, name)
    else:
        raise typer.Exit(print_model.model(output.console, question, table))
