# SPDX-License-Identifier: MIT
"""Graphviz: the `dot` on PATH if there is one, or else the library in the wheel of pygraphviz."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable

import graphviz

from checkers.core.verdict import Exit
from spec.dsl import PoolproofError


class DrawingError(PoolproofError):
    """Graphviz could not make a picture; the message gives the reason."""

    exit_code = Exit.TOOL


def render(text: str, kind: str) -> bytes:
    """A picture ("svg" or "png", or its "json") of a text in the DOT language."""
    program = shutil.which("dot")
    return _by_program(program, text, kind) if program else _by_library(text, kind)


def _by_program(program: str, text: str, kind: str) -> bytes:
    """Run the `dot` on PATH."""
    try:
        picture: bytes = graphviz.Source(text).pipe(format=kind, quiet=True)
    except graphviz.CalledProcessError as error:
        raise DrawingError(f"{program}: {error}") from None
    return picture


def _by_library(text: str, kind: str) -> bytes:
    """Use the library; it is imported here only, so that it is not needed if there is a `dot`."""
    try:
        from pygraphviz import AGraph
    except ImportError as error:
        raise DrawingError(f"no `dot` on PATH and no pygraphviz ({error}); install one of them") from None
    return _quietly(lambda: AGraph(string=text).draw(format=kind, prog="dot"))


def _quietly(make: Callable[[], bytes]) -> bytes:
    """Suppress the library's warnings on stderr (mostly on fonts); raises DrawingError for its errors."""
    sys.stderr.flush()
    terminal, wrong = os.dup(2), ""
    with tempfile.TemporaryFile() as output:
        os.dup2(output.fileno(), 2)
        try:
            picture = make()
        except Exception as error:
            wrong = f"{error} "
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
        output.seek(0)
        messages = output.read().decode(errors="replace")
    if wrong or any(line.startswith("Error:") for line in messages.splitlines()):
        raise DrawingError(f"Graphviz: {wrong}{messages}".strip())
    return picture
