# SPDX-License-Identifier: MIT
"""`poolproof export`: a model in the language of another model checker, on the screen or in a new file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from checkers.export import murphi, promela
from checkers.report.columns import say

from .. import output, output_files, questions
from ..options import Devices, Model, Pages, Pools, Sets, TinyScope
from ..questions import Request


class Language(StrEnum):
    """The languages of other model checkers."""

    PROMELA = "promela"
    MURPHI = "murphi"


WRITERS = {Language.PROMELA: promela.text, Language.MURPHI: murphi.text}


def export(
    model: Model,
    to: Annotated[Language, typer.Option("--to", help="promela: for spin; murphi: for rumur")],
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="a new file to write it to")] = None,
    scope: TinyScope = "tiny",
    pages: Pages = None,
    pools: Pools = None,
    devices: Devices = None,
    sets: Sets = None,
) -> None:
    """Print a model in the language of another model checker, so that it can count and judge it, too."""
    output_files.require_new(out)
    question = questions.question(model, Request(scope, questions.scope_sizes(pages, pools, devices, sets)))
    text = WRITERS[to](question.machine, question.sizes)
    if out is None:
        output.console.out(text, end="", highlight=False)
        return
    output_files.create(out, text)
    say(output.console, f"{out} written; docs/exporting.md explains how to count its states")
