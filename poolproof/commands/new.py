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

from spec.buffer_actions import cpu_write, device_done, put_last, rx_complete, rx_post, sync_for_cpu
from spec.dsl import Machine, require
from spec.ownership import ALWAYS, STEPS, TINY, everything_is_over, ownership
from spec.page import Frag, Ownership, Page, Place, Pool
from spec.page_actions import alloc_into_pool, recycle, sync_home
from spec.pool_actions import (
    device_unbind, pool_create, pool_destroy, pool_detach, pool_free, queue_stop, scrub, scrub_unmap, sync_off,
)


def rx_drop(s: Ownership, page: Page, frag: Frag) -> None:
    """My driver's own step: it puts a packet that it does not want."""
    require(s.place[page, frag] == Place.DRIVER)
    put_last(s, page, frag)


def a_packet_was_received(s: Ownership, page: Page, frag: Frag) -> bool:
    """It must be possible that the driver has a received packet; a model that forbids everything proves nothing."""
    return s.place[page, frag] == Place.DRIVER


MODEL = Machine(
    name="{stem}",
    doc="My driver: refill, receive, drop.",
    state=Ownership,
    system=(
        alloc_into_pool, rx_post, rx_complete, sync_for_cpu, rx_drop, sync_home, recycle,
        pool_create, queue_stop, pool_destroy, sync_off, scrub, scrub_unmap, pool_detach, pool_free,
    ),
    environment=(device_done, cpu_write, device_unbind),
    always=ALWAYS,
    steps=STEPS,
    sometimes=(a_packet_was_received,),
    scopes={{"tiny": dict(TINY, pages=2, pools=1, devices=1, max_refs=1)}},
    symmetric=(Page, Frag, Pool),
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
