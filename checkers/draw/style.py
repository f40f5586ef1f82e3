"""What all pictures share: endings, colours, type, statements of Graphviz' language, and how a picture is saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path

from .graphviz_tool import render
from .svg import finished

ENDINGS = (".svg", ".png", ".dot")
COLOUR = {True: "#0072B2", False: "#C04E00"}
"""The system blue, its environment vermillion: told apart by every eye, and dark enough to be read on white."""
LINE = {True: "solid", False: "dashed"}
WRONG, PALE = "#B00020", "#FBE9E9"
"""What violates an invariant, as ink and as ground."""
GROUND = "#EFEFEF"
"""What a place is filled with."""
SHARP = "144"
"""Dots an inch in a PNG, so that it is sharp where it is shown smaller."""
FONT = "DejaVu Sans,Verdana,Helvetica,sans-serif"
BOX = {"shape": "box", "fontname": FONT, "fontsize": 11, "width": 0, "height": 0}
BREAK = '<br align="left"/>'
GAP = "<td>&#160;&#160;&#160;</td>"
TABLE = '<table border="0" cellborder="0" cellspacing="0" cellpadding="1">'


def save(out: Path, text: Callable[[str], str]) -> None:
    """Write a picture; `text` gives it in Graphviz' language for so many dots an inch, the ending says of which kind.

    Nothing is written where it cannot be laid out.
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
    """The picture as SVG: with a title and a description, dark where its reader likes it dark, and no text too wide."""
    return finished(render(text, "svg"), render(text, "json"))


def require_suffix(out: Path) -> None:
    """Refuse a name that does not say which kind of picture is meant."""
    if out.suffix.lower() not in ENDINGS:
        raise ValueError(f"{out.name} ends in {out.suffix or 'nothing'}; a picture ends in {', '.join(ENDINGS)}")


def look(what: str, **attributes: object) -> str:
    """A statement of the language; a text in angle brackets is one of its tables."""
    said = ", ".join(f"{k}={v if str(v).startswith('<') else quoted(str(v))}" for k, v in attributes.items())
    return f"{what} [{said}]"


def quoted(name: str) -> str:
    """A name as the language takes it, whatever is in it."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def action_name(name: str, system: bool) -> str:
    """An action as all pictures name it: the system's upright, its environment's in italics, each in its colour."""
    shown = plain(name) if system else f"<i>{escape(name)}</i>"
    return f'<font color="{COLOUR[system]}"><b>{shown}</b></font>'


def plain(text: str) -> str:
    """A text as it stands on a picture: without Markdown's back-ticks, and nothing in it is a mark of ours."""
    return escape(text.replace("`", ""))


def described(title: str, parts: Iterable[str]) -> dict[str, str]:
    """The attribute of a graph from which an SVG has its title and its description."""
    return {"comment": f"{title}\t{'; '.join(parts).replace('`', '')}"}
