# SPDX-License-Identifier: MIT
"""What all pictures share: file endings, colours, fonts, statements of the DOT language, and saving."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path

from .graphviz_tool import render
from .svg import finished

ENDINGS = (".svg", ".png", ".dot")
COLOUR = {True: "#0072B2", False: "#C04E00"}
"""The system is blue, its environment vermillion: distinct also for the colour-blind, and dark enough on white.

Each colour needs its partner for dark screens in `svg.DARK`; then `make docs`.
"""
LINE = {True: "solid", False: "dashed"}
WRONG, PALE = "#B00020", "#FBE9E9"
"""The line and the fill colour of violations."""
GROUND = "#EFEFEF"
"""The fill colour of places."""
SHARP = "144"
"""Dots per inch of a PNG."""
FONT = "DejaVu Sans,Verdana,Helvetica,sans-serif"
BOX = {"shape": "box", "fontname": FONT, "fontsize": 11, "width": 0, "height": 0}
BREAK = '<br align="left"/>'
GAP = "<td>&#160;&#160;&#160;</td>"
TABLE = '<table border="0" cellborder="0" cellspacing="0" cellpadding="1">'


def save(out: Path, text: Callable[[str], str]) -> None:
    """Write a picture; `text` makes it in the DOT language for a resolution in dots per inch.

    The suffix of the file decides the format. Nothing is written if the layout fails.
    """
    require_suffix(out)
    ending = out.suffix.lower()
    if ending == ".dot":
        out.write_text(text(""), encoding="utf-8")
    elif ending == ".svg":
        out.write_bytes(svg(text("")))
    else:
        out.write_bytes(render(text(SHARP), "png"))


def svg(text: str) -> bytes:
    """The picture as SVG, with a title, a description, colours for dark screens, and texts that fit."""
    return finished(render(text, "svg"), render(text, "json"))


def require_suffix(out: Path) -> None:
    """Raise ValueError for a file name without the suffix of a picture."""
    if out.suffix.lower() not in ENDINGS:
        raise ValueError(f"{out.name} ends in {out.suffix or 'nothing'}; a picture ends in {', '.join(ENDINGS)}")


def look(what: str, **attributes: object) -> str:
    """A statement of the DOT language; a text in angle brackets is an HTML-like label."""
    pairs = ", ".join(f"{k}={v if str(v).startswith('<') else quoted(str(v))}" for k, v in attributes.items())
    return f"{what} [{pairs}]"


def quoted(name: str) -> str:
    """A quoted name of the DOT language."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def action_name(name: str, system: bool) -> str:
    """The label of an action: upright for the system, in italics for its environment, in their colours."""
    shown = plain(name) if system else f"<i>{escape(name)}</i>"
    return f'<font color="{COLOUR[system]}"><b>{shown}</b></font>'


def plain(text: str) -> str:
    """A text as part of an HTML-like label, without Markdown's back-ticks."""
    return escape(text.replace("`", ""))


def described(title: str, parts: Iterable[str]) -> dict[str, str]:
    """The attribute of a graph with the title and the description of its SVG."""
    return {"comment": f"{title}\t{'; '.join(parts).replace('`', '')}"}
