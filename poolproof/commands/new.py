# SPDX-License-Identifier: MIT
"""`poolproof new`: the skeleton of a model of a driver."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from checkers.report.columns import say

from .. import output, output_files
from ..errors import BadRequest

TEXT = '''"""My driver: what it does with its pages. Ask with `poolproof check {name}`."""

from spec.dsl import Machine, require
from spec.ownership import ALWAYS, STEPS, everything_is_over, ownership
from spec.page import Ownership, Page, Place, Pool
from spec.page_actions import alloc_into_pool, cpu_write, recycle, rx_complete, rx_post, sync_for_cpu
from spec.pool_actions import device_unbind, pool_create, pool_destroy, pool_detach, pool_free, scrub, scrub_unmap


def rx_drop(s: Ownership, page: Page, pool: Pool) -> None:
    """My driver's own step: a packet it does not want goes straight back to its pool."""
    require(s.home[page] == pool)
    recycle(s, page)


def a_packet_was_received(s: Ownership, page: Page) -> bool:
    """It must be possible that the driver holds a received page; a model that forbids everything proves nothing."""
    return s.place[page] == Place.STACK


MODEL = Machine(
    name="{stem}",
    doc="My driver: refill, receive, drop.",
    state=Ownership,
    system=(
        alloc_into_pool, rx_post, rx_complete, sync_for_cpu, rx_drop,
        pool_create, pool_destroy, scrub, scrub_unmap, pool_detach, pool_free,
    ),
    environment=(cpu_write, device_unbind),
    always=ALWAYS,
    steps=STEPS,
    sometimes=(a_packet_was_received,),
    scopes={{"tiny": dict(pages=2, pools=1, devices=1, ring_size=1, tx_limit=1, max_refs=1, live_pools=1)}},
    symmetric=(Page, Pool),
    place=Ownership.place,
    final=everything_is_over,
    refines=ownership,
)
'''


def new(path: Annotated[Path, typer.Argument(metavar="FILE", help="the Python file to write")]) -> None:
    """Write the skeleton of a model of your own; an existing file is never overwritten."""
    if path.suffix != ".py":
        raise BadRequest(f"{path}: a model is a Python file; give a name that ends in .py")
    output_files.require_new(path)
    output_files.create(path, TEXT.format(name=path, stem=path.stem))
    say(output.console, f"{path} written; next: poolproof check {shlex.quote(str(path))}")
