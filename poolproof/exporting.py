"""`poolproof export`: a model in the language of another model checker, as text on the screen or in a new file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from rich.console import Console

from checkers.export import murphi, promela
from checkers.export.language import CannotExport
from checkers.judging import Question

from . import writing
from .asking import BadRequest


class To(StrEnum):
    """The languages there are, as they are typed."""

    PROMELA = "promela"
    MURPHI = "murphi"


WRITERS = {To.PROMELA: promela.text, To.MURPHI: murphi.text}


def export(asked: Question, to: To, out: Path | None, console: Console) -> None:
    """Print the model, or write it into a file that is not there yet."""
    try:
        text = WRITERS[to](asked.machine, asked.sizes)
    except CannotExport as error:
        raise BadRequest(str(error)) from None
    if out is None:
        console.out(text, end="", highlight=False)
        return
    writing.create(out, text)
    console.print(f"{out} written; docs/exporting.md says how to count its states", markup=False, soft_wrap=True)
