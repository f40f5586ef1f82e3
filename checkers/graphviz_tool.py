"""Where Graphviz comes from: the `dot` on PATH if there is one, or else the library inside pygraphviz' wheel."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable

import graphviz


class DrawingError(RuntimeError):
    """Graphviz could not make a picture of a text; the message is what Graphviz said."""


def render(text: str, kind: str) -> bytes:
    """The picture ("svg" or "png") that Graphviz lays out from a text in its DOT language."""
    return _by_program(text, kind) if shutil.which("dot") else _quietly(lambda: _by_library(text, kind))


def _by_program(text: str, kind: str) -> bytes:
    """Ask the `dot` on PATH."""
    try:
        return graphviz.Source(text).pipe(format=kind, quiet=True)
    except graphviz.CalledProcessError as error:
        raise DrawingError(f"{shutil.which('dot')}: {error}") from None


def _by_library(text: str, kind: str) -> bytes:
    """Ask the library; it is imported here only, so that a machine with `dot` needs no wheel for its platform."""
    from pygraphviz import AGraph

    picture: bytes = AGraph(string=text).draw(format=kind, prog="dot")
    return picture


def _quietly(make: Callable[[], bytes]) -> bytes:
    """Keep to ourselves what the library says on stderr (of fonts, mostly), unless it fails."""
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            return make()
        except Exception as error:
            said.seek(0)
            raise DrawingError(f"{error} {said.read().decode(errors='replace')}".strip()) from error
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
