# SPDX-License-Identifier: MIT
"""Arguments and options that several commands share, and the enumerations that they take."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[str, typer.Argument(help="a model's name, or the path of a Python file with a MODEL")]
Models = Annotated[list[str] | None, typer.Argument(help="models by name or path; none: all shipped models")]
Scope = Annotated[str, typer.Option(metavar="NAME", help="tiny, small or large; default: small, or else tiny")]
TinyScope = Annotated[str, typer.Option("--scope", metavar="NAME", help="tiny, small or large")]
Pages = Annotated[int | None, typer.Option(help="pages in the scope")]
Pools = Annotated[int | None, typer.Option(help="pools in the scope")]
Devices = Annotated[int | None, typer.Option(help="devices in the scope")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=N", help="any other size of the scope")]
TimeLimit = Annotated[float, typer.Option(metavar="SECONDS", help="stop after this time; 0: no limit", min=0.0)]
MaxStates = Annotated[int, typer.Option(help="stop after this number of states; 0: no limit", min=0)]
OnlyPage = Annotated[str, typer.Option(metavar="A", help="print the steps of this page only")]
Json = Annotated[Path | None, typer.Option(metavar="FILE", help="write all verdicts as JSON")]
Junit = Annotated[Path | None, typer.Option(metavar="FILE", help="write all verdicts as JUnit XML")]
Sarif = Annotated[
    Path | None, typer.Option(metavar="FILE", help="write what is not as expected as SARIF, for code viewers")
]
TraceDir = Annotated[Path | None, typer.Option(metavar="DIR", help="save every trace as ITF JSON")]


class Engine(StrEnum):
    """The two searches."""

    C = "c"
    PYTHON = "python"


class Symmetry(StrEnum):
    """Which sorts a search takes as symmetric."""

    NONE = "none"
    DECLARED = "declared"
    ALL = "all"
