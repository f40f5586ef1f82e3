# SPDX-License-Identifier: MIT
"""A run as swim lanes: a lane for each place, a row for each step, and each page a coloured path through the lanes.

Every text and every bend has its place, worked out here in points from the top left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from textwrap import wrap
from xml.etree.ElementTree import Element

from .lanes import Lanes, Row
from .style import COLOUR, FONT, GROUND, PALE, WRONG
from .svg import element, text_width, written_out

INK = ("#1B7837", "#762A83", "#9A6B00", "#00808A", "#C2187B", "#4D4D4D")
"""The colours of pages: neither the system's nor its environment's, and the first two told apart by every eye."""
RULE, GREY = "#D5D5D5", "#666666"
LEFT, GUTTER, SLOT, LINE, PAD = 24, 14, 24, 14, 9
"""In points: the column of numbers, what parts columns, a page's width in a lane, a line of text, around a row."""
MARGIN, DISC = 11, 9
"""In points: around the picture, and the radius of a page's mark."""
TITLE, HEADER = 15, 68
"""The size of the title, and the height of all that stands above the lanes' names."""
WIDEST, LETTER = 62, 7.0
"""Letters in a line of text, what is longer is broken; and how wide they may be."""


@dataclass(frozen=True)
class Plan:
    """Where everything stands: x to the right and y down, in points."""

    lanes: Lanes

    @cached_property
    def lane_width(self) -> float:
        longest = max(map(len, self.lanes.places))
        return max(SLOT * len(self.lanes.pages), 8.5 * longest) + GUTTER

    @cached_property
    def text_left(self) -> float:
        return LEFT + self.lane_width * len(self.lanes.places) + GUTTER

    @cached_property
    def width(self) -> float:
        """The whole width: that of the lanes and the longest text beside them, and no less than the title's."""
        longest = max(len(line) for row in self.lanes.rows for line, _ in written(row))
        title = max(len(self.lanes.name) * 0.8 * TITLE, len(self.lanes.title) * LETTER, 430)
        return max(self.text_left + longest * LETTER, title)

    @cached_property
    def tops(self) -> list[float]:
        """The upper edge of each row, and at last the lower edge of the last."""
        tops = [HEADER + 22.0]
        for row in self.lanes.rows:
            tops.append(tops[-1] + 2 * PAD + LINE * max(1, len(written(row))))
        return tops

    @cached_property
    def ending(self) -> list[str]:
        """The lines of the last sentence."""
        return wrap(self.lanes.ending, int(self.width / LETTER))

    @cached_property
    def bottom(self) -> float:
        """The lower edge of the last sentence."""
        return self.tops[-1] + 12 + 12 + LINE * len(self.ending)

    def middle(self, number: int) -> float:
        """The height of the first line of a row, at which its pages stand."""
        return self.tops[number] + PAD + LINE / 2

    def lane(self, place: str) -> float:
        """The left edge of a lane."""
        return LEFT + self.lane_width * self.lanes.places.index(place)

    def x(self, page: str, place: str) -> float:
        """Where the path of a page runs in a lane: each page at a width of its own, so that no two ever meet."""
        pages = list(self.lanes.pages)
        return self.lane(place) + self.lane_width / 2 + SLOT * (pages.index(page) - (len(pages) - 1) / 2)


def written(row: Row) -> list[tuple[str, bool]]:
    """The lines beside a row, and of each whether it is the action."""
    title = f"{row.action}({row.args})" if row.number else "at the start"
    return [(title, True), *((line, False) for told in row.told for line in wrap(told, WIDEST))]


def write(lanes: Lanes, out: Path) -> None:
    """Write the picture of a run; raises ValueError for another suffix than .svg."""
    if out.suffix.lower() != ".svg":
        raise ValueError(f"{out.name} ends in {out.suffix or 'nothing'}; a run is drawn as .svg")
    out.write_bytes(svg(lanes))


def svg(lanes: Lanes) -> bytes:
    """The picture of a run."""
    steps = (f"{row.number} {row.action}({row.args})" for row in lanes.rows if row.number)
    return written_out(drawn(lanes), f"{lanes.name}: {lanes.title}", "; ".join((*steps, lanes.ending)))


def drawn(lanes: Lanes) -> Element:
    """The elements of the picture."""
    plan = Plan(lanes)
    width, height = plan.width + 2 * MARGIN, plan.bottom + 2 * MARGIN
    box = f"{-MARGIN} {-MARGIN} {width:g} {height:g}"
    root = element("svg", viewBox=box, width=f"{width:g}pt", height=f"{height:g}pt", font_family=FONT, font_size=10)
    root.append(element("rect", x=-MARGIN, y=-MARGIN, width=width, height=height, fill="white"))
    every = element("g")
    for part in (_ground, _header, _names, _rows, _paths, _marks, _ending):
        every.extend(part(plan))
    root.append(every)
    return root


# -- the ground ----------------------------------------------------------------------------------------------------


def _ground(plan: Plan) -> Iterator[Element]:
    """The lanes as bands with a gap between them, and a rule above each row."""
    bottom = plan.tops[-1]
    for place in plan.lanes.places:
        left, width = plan.lane(place) + 2, plan.lane_width - 4
        yield element("rect", x=left, y=HEADER, width=width, height=bottom - HEADER, fill=GROUND)
    for y in plan.tops:
        yield element("line", x1=0, y1=y, x2=plan.width, y2=y, stroke=RULE)


# -- texts ---------------------------------------------------------------------------------------------------------


def _text(x: float, y: float, words: str = "", size: float = 10, **attributes: object) -> Element:
    """One line of text, from x on, with its middle at this height."""
    attributes = {"text_anchor": "start"} | attributes
    text = element("text", words, x=x, y=y + 0.35 * size, font_size=size, **attributes)
    return _as_wide(text, text_width(words, size, "font_weight" in attributes))


def _spans(text: Element, *spans: tuple[str, dict[str, object]]) -> Element:
    """The text with parts that have attributes of their own."""
    size = float(text.get("font-size", "10"))
    text.extend(element("tspan", words, **attributes) for words, attributes in spans)
    return _as_wide(text, sum(text_width(words, size, "font_weight" in look) for words, look in spans))


def _as_wide(text: Element, width: float) -> Element:
    """The text in this width, whatever the font is."""
    text.set("textLength", f"{width:g}")
    text.set("lengthAdjust", "spacingAndGlyphs")
    return text


def _header(plan: Plan) -> Iterator[Element]:
    """The subject of the picture, and how to read it."""
    yield _text(0, 10, plan.lanes.name, TITLE, font_weight="bold")
    yield _text(0, 28, plan.lanes.title)
    yield _spans(
        _text(0, 46),
        ("the system", _of(True)),
        (", ", {}),
        ("its environment", _of(False)),
        ("; filled: the page moves, hollow: the step is about it", {}),
    )


def _of(system: bool) -> dict[str, object]:
    """The look of an action: upright for the system, in italics for its environment, in their colours."""
    look: dict[str, object] = {"fill": COLOUR[system], "font_weight": "bold"}
    return look if system else look | {"font_style": "italic"}


def _names(plan: Plan) -> Iterator[Element]:
    """The name of each place, above its lane."""
    for place in plan.lanes.places:
        middle = plan.lane(place) + plan.lane_width / 2
        yield _text(middle, HEADER + 11, place, 11, font_weight="bold", text_anchor="middle")


def _rows(plan: Plan) -> Iterator[Element]:
    """The number of each step, its action, and what it changed."""
    for at, row in enumerate(plan.lanes.rows):
        y = plan.middle(at)
        yield _text(LEFT - 6, y, str(row.number), fill=GREY, text_anchor="end")
        for n, (line, is_action) in enumerate(written(row)):
            if is_action:
                yield _action(row, plan.text_left, y)
            else:
                yield _text(plan.text_left, y + n * LINE, line.replace("->", "→"))


def _action(row: Row, x: float, y: float) -> Element:
    if not row.number:
        return _text(x, y, "at the start", fill=GREY)
    return _spans(_text(x, y, size=11), (row.action, _of(row.system)), (f"({row.args})", {"fill": COLOUR[row.system]}))


def _ending(plan: Plan) -> Iterator[Element]:
    """The last sentence, across the whole picture."""
    colour, ground = (WRONG, PALE) if plan.lanes.wrong else ("black", GROUND)
    top = plan.tops[-1] + 12
    yield element("rect", x=0, y=top, width=plan.width, height=plan.bottom - top, fill=ground, stroke=colour)
    for n, line in enumerate(plan.ending):
        yield _text(8, top + 6 + LINE * (n + 0.5), line, fill=colour, font_weight="bold")


# -- paths ---------------------------------------------------------------------------------------------------------


def ink(plan: Plan, page: str) -> str:
    """The colour of a page, the same whichever pages are shown."""
    return INK[plan.lanes.pages[page] % len(INK)]


def _paths(plan: Plan) -> Iterator[Element]:
    """For each page one line from the first row to the last; where the page changes its lane it bends over."""
    for page in plan.lanes.pages:
        curve = path(plan, page)
        yield element("path", d=curve, fill="none", stroke=ink(plan, page), stroke_width=3, id=f"path {page}")


def path(plan: Plan, page: str) -> str:
    """A path as a curve: between two rows it leaves straight down, and arrives so."""
    points = [(plan.x(page, row.at[page]), plan.middle(at)) for at, row in enumerate(plan.lanes.rows)]
    bends = (
        f"C {left:g} {(top + bottom) / 2:g} {right:g} {(top + bottom) / 2:g} {right:g} {bottom:g}"
        for (left, top), (right, bottom) in pairwise(points)
    )
    return " ".join([f"M {points[0][0]:g} {points[0][1]:g}", *bends])


def _marks(plan: Plan) -> Iterator[Element]:
    """Each page in each row: filled where it moves, begins or ends, hollow where the step is about it."""
    last = len(plan.lanes.rows) - 1
    for at, row in enumerate(plan.lanes.rows):
        for page in plan.lanes.pages:
            filled = at in (0, last) or page in row.moved
            if filled or page in row.about:
                wrong = at == last and plan.lanes.wrong and page in plan.lanes.whom
                yield from _mark(plan, page, row, filled, wrong)


def _mark(plan: Plan, page: str, row: Row, filled: bool, wrong: bool) -> Iterator[Element]:
    """A disc with the name of the page; with a red rim for what is wrong."""
    colour, x, y = ink(plan, page), plan.x(page, row.at[page]), plan.middle(plan.lanes.rows.index(row))
    rim: dict[str, object] = {"stroke": WRONG, "stroke_width": 3} if wrong else {"stroke": colour, "stroke_width": 2}
    yield element("circle", cx=x, cy=y, r=DISC, fill=colour if filled else "white", **rim)
    yield _text(x, y, page, min(10, 18 / len(page)), fill="white" if filled else colour, text_anchor="middle")
