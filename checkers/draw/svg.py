# SPDX-License-Identifier: MIT
"""What all SVG pictures have: a title, a description, and colours for dark screens; of Graphviz' texts that fit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

SVG = "http://www.w3.org/2000/svg"
SMALLER = 0.96
"""Graphviz estimates text widths for Verdana; DejaVu Sans, its substitute, is up to 4 % wider."""
DARK = {
    "white": "#0D1117", "black": "#C9D1D9", "#EFEFEF": "#21262D", "#0072B2": "#58A6FF", "#C04E00": "#F0883E",
    "#B00020": "#FF8B85", "#FBE9E9": "#3A1416", "#D5D5D5": "#3D444D", "#9A9A9A": "#6E7681", "#666666": "#9198A1",
    "#1B7837": "#5AC46A", "#762A83": "#C994D8", "#9A6B00": "#E0A92E", "#00808A": "#3CC4CC", "#C2187B": "#F778BA",
    "#4D4D4D": "#A6ADB5",
}  # fmt: skip
"""The colour for dark screens of each colour in the pictures."""


WIDTHS = {
    28: "'ijlIJ", 33: " ,./:;\\|f", 39: "-()[]t!r", 53: '"*_`szc?', 58: "LFkvxy", 62: "PTYaoe",
    64: "ESbdghnpqu$0123456789{}", 69: "KAVBRXZC", 76: "UHNDG&", 82: "OQw", 85: "#+<=>^~→M", 98: "%mW@",
}  # fmt: skip
"""The widths of characters in DejaVu Sans, in hundredths of its size."""
WIDTH_OF = {character: width / 100 for width, characters in WIDTHS.items() for character in characters}
BOLD = 1.12
"""How much wider bold text is."""


def text_width(words: str, size: float, bold: bool = False) -> float:
    """The width of a text in DejaVu Sans; a character that is not ASCII counts as a wide one."""
    return size * sum(WIDTH_OF.get(c, 0.98) for c in words) * (BOLD if bold else 1)


def finished(drawn: bytes, measured: bytes) -> bytes:
    """The finished picture, from Graphviz' SVG and its JSON, which has the estimated width of each text.

    The comment of the graph holds the title and the description, separated by a tab.
    """
    known: dict[str, Any] = json.loads(measured)
    root = ElementTree.fromstring(drawn)
    _fit(root, known)
    _unpaint(root)
    title, _, description = known.get("comment", known.get("name", "")).partition("\t")
    return written_out(root, title, description)


def element(name: str, text: str = "", /, **attributes: object) -> ElementTree.Element:
    """An element of SVG; underscores in the names of attributes become hyphens, colours are in lower case."""
    made = ElementTree.Element(f"{{{SVG}}}{name}")
    made.text = text.replace("`", "") or None
    for key, value in attributes.items():
        shown = f"{value:g}" if isinstance(value, (int, float)) else str(value)
        made.set(key.replace("_", "-"), shown.lower() if shown.startswith("#") else shown)
    return made


def written_out(root: ElementTree.Element, title: str, description: str) -> bytes:
    """The picture as a file, with a title and a description for screen readers, and colours for dark screens."""
    ElementTree.register_namespace("", SVG)
    _head(root, title, description.replace("`", ""))
    whole: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return whole + b"\n"


def _fit(root: ElementTree.Element, known: dict[str, Any]) -> None:
    """Set the width of each text to the estimated one, whatever the font."""
    things = _things(known)
    for group in root.iter(f"{{{SVG}}}g"):
        title = group.findtext(f"{{{SVG}}}title") or ""
        thing = known if group.get("class") == "graph" else things.get(title, {})
        for text, width in zip(group.findall(f"{{{SVG}}}text"), _widths(thing), strict=False):
            text.set("font-size", f"{SMALLER * float(text.get('font-size', '14')):.2f}")
            if width:
                text.set("textLength", f"{width:g}")
                text.set("lengthAdjust", "spacingAndGlyphs")


def _things(known: dict[str, Any]) -> dict[str, Any]:
    """Nodes by name, and edges as Graphviz titles them; edges between the same nodes have one label, or none."""
    nodes = {thing.get("_gvid"): thing for thing in known.get("objects", ())}
    edges = known.get("edges", ())
    ends = [tuple(nodes.get(edge[end], {}).get("name", "") for end in ("tail", "head")) for edge in edges]
    labelled = {"->".join(pair): edge for pair, edge in zip(ends, edges, strict=True) if "_ldraw_" in edge}
    return {**labelled, **{thing["name"]: thing for thing in nodes.values()}}


def _unpaint(root: ElementTree.Element) -> None:
    """Older versions of Graphviz write "transparent" where newer ones write "none"."""
    for element in root.iter():
        for what in ("fill", "stroke"):
            if element.get(what) == "transparent":
                element.set(what, "none")


def _widths(thing: dict[str, Any]) -> Iterator[float]:
    for drawing in ("_draw_", "_ldraw_"):
        yield from (float(op["width"]) for op in thing.get(drawing, ()) if op["op"] == "T")


def _head(root: ElementTree.Element, title: str, description: str) -> None:
    """Add a title and a description for screen readers, and colours for dark screens."""
    parts = {name: ElementTree.Element(f"{{{SVG}}}{name}") for name in ("title", "desc", "style")}
    parts["title"].text, parts["desc"].text, parts["style"].text = title, description, _style()
    for at, part in enumerate(parts.values()):
        part.tail = "\n"
        root.insert(at, part)
    root.set("role", "img")


def _style() -> str:
    rules = ["text:not([fill]){fill:%s}" % DARK["black"]]  # noqa: UP031 - braces are the language's
    for light, dark in DARK.items():
        rules += [f'[{what}="{light.lower()}"]{{{what}:{dark}}}' for what in ("fill", "stroke")]
    return "@media (prefers-color-scheme:dark){" + "".join(rules) + "}"
