# SPDX-License-Identifier: MIT
"""`poolproof decode`: the raw words of a page dump, explained."""

from __future__ import annotations

import sys
from json import dumps
from typing import Annotated

import typer

from checkers.report.columns import say
from impl.linux import page_dump
from impl.linux.trace.files import STDIN

from .. import output


def decode(
    words: Annotated[
        str, typer.Argument(metavar="WORDS", help="the raw words, or the whole dump; - is standard input")
    ],
    json: Annotated[bool, typer.Option("--json", help="print the record as JSON")] = False,
) -> None:
    """Explain the raw words of a "Bad page state ... page_pool leak" dump: pool, DMA address, references."""
    decoded = page_dump.decode(sys.stdin.read() if words == STDIN else words)
    if json:
        output.console.print(dumps(decoded.as_json(), indent=1), markup=False, soft_wrap=True)
        return
    for line in decoded.lines():
        say(output.console, line)
