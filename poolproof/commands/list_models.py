# SPDX-License-Identifier: MIT
"""`poolproof list`: the shipped models."""

from __future__ import annotations

from rich.markup import escape

from checkers.report import tables
from checkers.report.columns import Table

from .. import catalog, output


def list_models() -> None:
    """List the shipped models: sound ones, historic bugs, planted faults."""
    sound, broken = Table("Sound", show_header=False), Table("Broken on purpose", show_header=False)
    for table in (sound, broken):
        table.add_names("model")
        table.add_column("what it is")
        table.add_column("what to see in it")
    for machine in catalog.SOUND:
        sound.add_row(machine.name, escape(machine.doc), f"scopes: {', '.join(machine.scopes)}")
    for bug in catalog.BROKEN:
        broken.add_row(bug.name, escape(bug.stands_for.rstrip(".")), f"breaks: {tables.sentence(bug.breaks)}")
    output.console.print(sound, broken)
