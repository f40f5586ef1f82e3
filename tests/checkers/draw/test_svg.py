# SPDX-License-Identifier: MIT
"""The pictures as SVG: for who cannot see them, for who likes them dark, and with every text in its box."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from checkers.draw.style import COLOUR, GROUND, PALE, WRONG
from checkers.draw.svg import DARK, SVG, finished
from tools.docs.flows import FLOWS

PICTURES = sorted((Path(__file__).parents[3] / "docs" / "pictures").glob("*.svg"))
EVERY = pytest.mark.parametrize("path", PICTURES, ids=[path.name for path in PICTURES])
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def found(path: Path, tag: str) -> Iterator[ET.Element]:
    return ET.parse(path).getroot().iter(f"{{{SVG}}}{tag}")


def ends(text: ET.Element) -> tuple[float, float]:
    """Where a text begins and ends, however wide its font is."""
    x, width = float(text.attrib["x"]), float(text.attrib["textLength"])
    left = x - {"start": 0, "middle": 0.5, "end": 1}[text.attrib["text-anchor"]] * width
    return left, left + width


def test_there_are_pictures() -> None:
    """The tests below are about something."""
    assert len(PICTURES) >= 6


@EVERY
def test_a_picture_has_a_title_and_a_description(path: Path) -> None:
    """They come first, and describe the picture in words."""
    root = ET.parse(path).getroot()
    title, desc, *_ = root
    assert (title.tag, desc.tag) == (f"{{{SVG}}}title", f"{{{SVG}}}desc")
    named = FLOWS[path.name][0] if path.name in FLOWS else path.name.split(".")[0]
    assert (title.text or "").startswith(named)
    assert len((desc.text or "").split("; ")) > 4
    assert root.get("role") == "img"


@EVERY
def test_no_markdown_is_printed(path: Path) -> None:
    """A docstring's back-ticks are for who reads the source."""
    assert "`" not in "".join(ET.parse(path).getroot().itertext())


@EVERY
def test_every_text_is_within_its_box(path: Path) -> None:
    """Each text has its length, and ends inside the shape around it or inside the picture."""
    root = ET.parse(path).getroot()
    width = float(root.attrib["viewBox"].split()[2])
    for group in root.iter(f"{{{SVG}}}g"):
        edges = [n for shape in group if shape.tag != f"{{{SVG}}}text" for n in _xs(shape)]
        left, right = (min(edges), max(edges)) if edges and group.get("class") == "node" else (-width, width)
        for text in group.findall(f"{{{SVG}}}text"):
            if "".join(text.itertext()).strip():
                begin, end = ends(text)
                assert left <= begin, text.text
                assert end <= right, text.text


def _xs(shape: ET.Element) -> list[float]:
    """The horizontal positions of what a shape is drawn through."""
    if "cx" in shape.attrib:
        middle, radius = float(shape.attrib["cx"]), float(shape.attrib.get("rx") or shape.attrib["r"])
        return [middle - radius, middle + radius]
    numbers = NUMBER.findall(shape.attrib.get("points", "") or shape.attrib.get("d", ""))
    return [float(n) for n in numbers[::2]]


@EVERY
def test_texts_of_one_line_do_not_run_into_each_other(path: Path) -> None:
    """The semicolon after a word stands behind it."""
    for group in found(path, "g"):
        spans = [(t.attrib["y"], *ends(t)) for t in group.findall(f"{{{SVG}}}text")]
        for y, begin, end in spans:
            after = [other for line, other, _ in spans if line == y and other > begin]
            assert not after or end <= min(after) + 0.02


@EVERY
def test_every_colour_has_its_dark_one(path: Path) -> None:
    """No colour of a picture is left as it is where the screen is dark."""
    known = {colour.lower() for colour in DARK} | {"none"}
    used = {e.attrib[what] for e in ET.parse(path).getroot().iter() for what in ("fill", "stroke") if what in e.attrib}
    assert used <= known
    (style,) = found(path, "style")
    assert "prefers-color-scheme:dark" in (style.text or "")


def light(colour: str) -> float:
    """The relative luminance of a colour, as WCAG 2 has it."""
    named = {"white": "#FFFFFF", "black": "#000000"}.get(colour, colour)
    parts = [int(named[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


INKS = ("black", *COLOUR.values(), WRONG, "#666666", "#1B7837", "#762A83", "#9A6B00", "#00808A", "#C2187B", "#4D4D4D")


@pytest.mark.parametrize("ink", INKS)
@pytest.mark.parametrize("ground", ["white", GROUND])
def test_every_ink_can_be_read_in_both(ink: str, ground: str) -> None:
    """Light or dark, an ink stands out from paper and places: 4 to 1 at least, and from paper 4.5."""
    least = 4.5 if ground == "white" else 4.0
    assert contrast(ink, ground) >= least
    assert contrast(DARK[ink], DARK[ground]) >= least


def test_what_is_wrong_can_be_read_on_its_ground() -> None:
    """The last sentence of a run stands on a ground of its own."""
    assert contrast(WRONG, PALE) >= 4.5
    assert contrast(DARK[WRONG], DARK[PALE]) >= 4.5


def test_without_widths_of_graphviz_no_widths_are_set() -> None:
    """Another version may leave out what it measured: then the picture is as it drew it, with title and description."""
    drawn = f'<svg xmlns="{SVG}"><g><title>g</title><text font-size="10.00">x</text></g></svg>'
    made = ET.fromstring(finished(drawn.encode(), b'{"name": "g"}'))
    (text,) = made.iter(f"{{{SVG}}}text")
    assert "textLength" not in text.attrib
    assert made[0].text == "g"
