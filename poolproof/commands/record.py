# SPDX-License-Identifier: MIT
"""`poolproof record`: the script that records a trace on another machine."""

from __future__ import annotations

from typing import Annotated

import typer

from impl.linux.trace.record_script import Level, recipe

from .. import output


def record(
    level: Annotated[Level, typer.Option(help="which events: dma adds DMA mappings and syncs")] = Level.STOCK,
    events: Annotated[int, typer.Option(help="events that fit each CPU's buffer; 0: the level's default", min=0)] = 0,
) -> None:
    """Print the script that records a trace on the machine in question; nothing is run here."""
    for line in recipe(level, events or None):
        output.console.print(line, markup=False, soft_wrap=True)
