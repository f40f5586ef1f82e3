# SPDX-License-Identifier: MIT
"""A run as swim lanes: a lane for each place, a row for each step, and each page a coloured path through the lanes.

Every text and every bend has its place, worked out here in points from the top left; Graphviz only draws them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from textwrap import wrap

from .lanes import Lanes, Row
from .style import COLOUR, FONT, GROUND, PALE, TABLE, WRONG, action_name, described, look, plain, quoted

INK = ("#1B7837", "#762A83", "#9A6B00", "#00808A", "#C2187B", "#4D4D4D")
"""The colours of pages: neither the system's nor its environment's, and the first two told apart by every eye."""
RULE, GREY = "#D5D5D5", "#666666"
LEFT, GUTTER, SLOT, LINE, PAD = 24, 14, 24, 14, 9
"""In points: the column of numbers, what parts columns, a page's width in a lane, a line of text, around a row."""
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


def dot_text(lanes: Lanes, dpi: str = "") -> str:
    """The picture in Graphviz' language, with the position of everything in it."""
    plan = Plan(lanes)
    paper = {"layout": "nop2", "bgcolor": "white", "outputorder": "edgesfirst", "pad": 0.15, "fontname": FONT}
    steps = (f"{row.number} {row.action}({row.args})" for row in lanes.rows if row.number)
    paper |= described(f"{lanes.name}: {lanes.title}", (*steps, lanes.ending))
    paper |= {"_background": " ".join(_ground(plan))} | ({"dpi": dpi} if dpi else {})
    plain = {"shape": "plain", "fontname": FONT, "fontsize": 10}
    lines = [look("graph", **paper), look("node", **plain), look("edge", dir="none", penwidth=3)]
    for part in (_header, _names, _rows, _paths, _marks, _ending):
        lines += part(plan)
    return "\n  ".join([f"digraph {quoted(lanes.name)} {{", *lines]) + "\n}\n"


# -- the ground ----------------------------------------------------------------------------------------------------


def _ground(plan: Plan) -> Iterator[str]:
    """The lanes as bands with a gap between them, and a rule above each row, as Graphviz' drawing operations."""
    top, bottom = HEADER, plan.tops[-1]
    yield _pen("c", GROUND) + " " + _pen("C", GROUND)
    for place in plan.lanes.places:
        left, right = plan.lane(place) + 2, plan.lane(place) + plan.lane_width - 2
        yield f"P 4 {left} {-top} {right} {-top} {right} {-bottom} {left} {-bottom}"
    yield _pen("c", RULE)
    for y in plan.tops:
        yield f"L 2 0 {-y} {plan.width} {-y}"


def _pen(what: str, colour: str) -> str:
    return f"{what} {len(colour)} -{colour}"


# -- texts ---------------------------------------------------------------------------------------------------------


def _text(name: str, x: float, y: float, width: float, html: str, align: str = "left") -> str:
    """One line of text, from x on in this width, at this height."""
    table = TABLE.replace('cellpadding="1"', 'cellpadding="0"')
    label = f'<{table}<tr><td align="{align}" width="{width:g}">{html}</td></tr></table>>'
    return look(quoted(name), pos=f"{x + width / 2:g},{-y:g}!", label=label)


def _header(plan: Plan) -> Iterator[str]:
    """What the picture is of, and how to read it."""
    name, title = plain(plan.lanes.name), plain(plan.lanes.title)
    yield _text("name", 0, 10, plan.width, f'<b><font point-size="{TITLE}">{name}</font></b>')
    yield _text("title", 0, 28, plan.width, title)
    legend = (
        f'<font color="{COLOUR[True]}"><b>the system</b></font>, '
        f'<font color="{COLOUR[False]}"><b><i>its environment</i></b></font>; '
        "filled: the page moves, hollow: the step is about it"
    )
    yield _text("legend", 0, 46, plan.width, legend)


def _names(plan: Plan) -> Iterator[str]:
    """The name of each place, above its lane."""
    for place in plan.lanes.places:
        name = f'<b><font point-size="11">{plain(place)}</font></b>'
        yield _text(f"lane {place}", plan.lane(place), HEADER + 11, plan.lane_width, name, "center")


def _rows(plan: Plan) -> Iterator[str]:
    """The number of each step, its action, and what it changed."""
    for at, row in enumerate(plan.lanes.rows):
        y = plan.middle(at)
        yield _text(f"number {at}", 0, y, LEFT - 6, f'<font color="{GREY}">{row.number}</font>', "right")
        for n, (line, is_action) in enumerate(written(row)):
            html = _action(row) if is_action else plain(line).replace("-&gt;", "→")
            yield _text(f"row {at} line {n}", plan.text_left, y + n * LINE, plan.width - plan.text_left, html)


def _action(row: Row) -> str:
    if not row.number:
        return f'<font color="{GREY}">at the start</font>'
    name = action_name(row.action, row.system)
    return f'<font point-size="11">{name}<font color="{COLOUR[row.system]}">({plain(row.args)})</font></font>'


def _ending(plan: Plan) -> Iterator[str]:
    """The last sentence, across the whole picture."""
    lines = wrap(plan.lanes.ending, int(plan.width / 6.3))
    colour = WRONG if plan.lanes.wrong else "black"
    text = '<br align="left"/>'.join(f"<b>{plain(line)}</b>" for line in lines) + '<br align="left"/>'
    look_of = f'border="1" cellborder="0" cellspacing="0" cellpadding="6" width="{plan.width:g}"'
    table = f'<table {look_of} color="{colour}" bgcolor="{PALE if plan.lanes.wrong else GROUND}">'
    label = f'<{table}<tr><td align="left" balign="left"><font color="{colour}">{text}</font></td></tr></table>>'
    y = plan.tops[-1] + 12 + (12 + LINE * len(lines)) / 2
    yield look("ending", pos=f"{plan.width / 2:g},{-y:g}!", label=label)


# -- paths ---------------------------------------------------------------------------------------------------------


def ink(plan: Plan, page: str) -> str:
    """The colour of a page, the same whichever pages are shown."""
    return INK[plan.lanes.pages[page] % len(INK)]


def _paths(plan: Plan) -> Iterator[str]:
    """For each page one line from the first row to the last; where the page changes its lane it bends over."""
    last = len(plan.lanes.rows) - 1
    for page in plan.lanes.pages if last else ():
        ends = f"{quoted(f'{page} 0')} -> {quoted(f'{page} {last}')}"
        curve = " ".join(f"{x:g},{-y:g}" for x, y in _curve(plan, page))
        yield look(ends, pos=curve, color=ink(plan, page))


def _curve(plan: Plan, page: str) -> Iterator[tuple[float, float]]:
    """A path as points of a curve: between two rows it leaves straight down, and arrives so."""
    points = [(plan.x(page, row.at[page]), plan.middle(at)) for at, row in enumerate(plan.lanes.rows)]
    yield points[0]
    for (left, top), (right, bottom) in pairwise(points):
        yield from ((left, (top + bottom) / 2), (right, (top + bottom) / 2), (right, bottom))


def _marks(plan: Plan) -> Iterator[str]:
    """Each page in each row: filled where it moves, begins or ends, hollow where the step is about it, else a bend."""
    last = len(plan.lanes.rows) - 1
    for at, row in enumerate(plan.lanes.rows):
        for page in plan.lanes.pages:
            filled = at in (0, last) or page in row.moved
            shape = _disc(plan, page, filled) if filled or page in row.about else BEND
            if at == last and plan.lanes.wrong and page in plan.lanes.whom:
                shape |= {"color": WRONG, "penwidth": 3}
            pos = f"{plan.x(page, row.at[page]):g},{-plan.middle(at):g}!"
            yield look(quoted(f"{page} {at}"), pos=pos, **shape)


BEND = {"shape": "point", "style": "invis", "width": 0.01}
"""Where a path goes on as it was."""


def _disc(plan: Plan, page: str, filled: bool) -> dict[str, object]:
    colour = ink(plan, page)
    text = {"label": page, "fontcolor": "white" if filled else colour, "fontname": f"{FONT}"}
    disc = {"shape": "circle", "width": 0.25, "fixedsize": "true", "style": "filled", "penwidth": 2}
    return disc | text | {"color": colour, "fillcolor": colour if filled else "white"}
