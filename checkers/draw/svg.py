"""The SVG that Graphviz writes, finished: with title and description, no text wider than its place, dark on wish."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

SVG = "http://www.w3.org/2000/svg"
SMALLER = 0.96
"""Graphviz' own table of letters is Verdana's; DejaVu Sans, which stands in for it, is up to 4 % wider."""
DARK = {
    "white": "#0D1117", "black": "#C9D1D9", "#EFEFEF": "#21262D", "#0072B2": "#58A6FF", "#C04E00": "#F0883E",
    "#B00020": "#FF8B85", "#FBE9E9": "#3A1416", "#D5D5D5": "#3D444D", "#9A9A9A": "#6E7681", "#666666": "#9198A1",
    "#1B7837": "#5AC46A", "#762A83": "#C994D8", "#9A6B00": "#E0A92E", "#00808A": "#3CC4CC", "#C2187B": "#F778BA",
    "#4D4D4D": "#A6ADB5",
}  # fmt: skip
"""What each colour of our pictures is where the reader's screen is dark."""


def finished(drawn: bytes, measured: bytes) -> bytes:
    """The picture as people get it, from Graphviz' SVG, and from its JSON, which says how wide it took each text to be.

    The graph's comment holds the title and the description, with a tab between them.
    """
    known: dict[str, Any] = json.loads(measured)
    ElementTree.register_namespace("", SVG)
    root = ElementTree.fromstring(drawn)
    _fit(root, known)
    title, _, said = known.get("comment", known.get("name", "")).partition("\t")
    _head(root, title, said)
    whole: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return whole + b"\n"


def _fit(root: ElementTree.Element, known: dict[str, Any]) -> None:
    """Make each text as wide as it was taken to be, whichever font there is."""
    things = {thing["name"]: thing for thing in known.get("objects", ())}
    for group in root.iter(f"{{{SVG}}}g"):
        title = group.findtext(f"{{{SVG}}}title") or ""
        thing = known if group.get("class") == "graph" else things.get(title, {})
        for text, width in zip(group.findall(f"{{{SVG}}}text"), _widths(thing), strict=False):
            text.set("font-size", f"{SMALLER * float(text.get('font-size', '14')):.2f}")
            if width:
                text.set("textLength", f"{width:g}")
                text.set("lengthAdjust", "spacingAndGlyphs")


def _widths(thing: dict[str, Any]) -> Iterator[float]:
    for drawing in ("_draw_", "_ldraw_"):
        yield from (float(op["width"]) for op in thing.get(drawing, ()) if op["op"] == "T")


def _head(root: ElementTree.Element, title: str, said: str) -> None:
    """A title and a description for who cannot see it, and other colours for who looks at a dark screen."""
    parts = {name: ElementTree.Element(f"{{{SVG}}}{name}") for name in ("title", "desc", "style")}
    parts["title"].text, parts["desc"].text, parts["style"].text = title, said, _style()
    for at, part in enumerate(parts.values()):
        part.tail = "\n"
        root.insert(at, part)
    root.set("role", "img")


def _style() -> str:
    rules = ["text:not([fill]){fill:%s}" % DARK["black"]]  # noqa: UP031 - braces are the language's
    for light, dark in DARK.items():
        rules += [f'[{what}="{light.lower()}"]{{{what}:{dark}}}' for what in ("fill", "stroke")]
    return "@media (prefers-color-scheme:dark){" + "".join(rules) + "}"
