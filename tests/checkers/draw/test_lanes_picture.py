# SPDX-License-Identifier: MIT
"""The swim lanes: where everything stands, and that nothing stands on anything else."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

from checkers.draw.lanes import Lanes, lanes
from checkers.draw.lanes_picture import INK, LINE, WIDEST, Plan, ink, svg, written
from checkers.draw.style import COLOUR, WRONG
from models.per_packet import per_packet
from spec.dsl import World
from tests.checkers.core.test_wording import run

from .test_lanes import BUGS, shown
from .test_ownership import shelf
from .test_svg import ends

EVERY = pytest.mark.parametrize("name", BUGS)
SVG = "{http://www.w3.org/2000/svg}"


def curves(told: Lanes) -> dict[str, list[tuple[float, float]]]:
    """The points of each page's path, as the picture has them."""
    found = {path.attrib["id"].removeprefix("path "): path.attrib["d"] for path in drawn(told, "path")}
    numbers = {page: [float(n) for n in re.findall(r"-?[\d.]+", points)] for page, points in found.items()}
    return {page: list(zip(every[::2], every[1::2], strict=True)) for page, every in numbers.items()}


def drawn(told: Lanes, tag: str) -> list[ET.Element]:
    """The elements of a picture of this kind."""
    return list(ET.fromstring(svg(told)).iter(f"{SVG}{tag}"))


def words(text: ET.Element) -> str:
    return "".join(text.itertext())


@EVERY
def test_a_path_runs_through_the_lane_of_its_place_in_every_row(name: str) -> None:
    """At the height of each row the path of each page is between the edges of the lane in which it is."""
    drawn = shown(name)
    plan = Plan(drawn)
    for page, points in curves(drawn).items():
        for at, row in enumerate(drawn.rows):
            x, y = points[3 * at]
            assert y == pytest.approx(plan.middle(at))
            assert plan.lane(row.at[page]) < x < plan.lane(row.at[page]) + plan.lane_width
    assert set(curves(drawn)) == set(drawn.pages)


@EVERY
def test_no_two_pages_meet(name: str) -> None:
    """In every lane each page has a width of its own, wide enough for its letter."""
    drawn = shown(name)
    plan = Plan(drawn)
    every = sorted(plan.x(page, place) for page in drawn.pages for place in drawn.places)
    assert all(right - left >= 18 for left, right in pairwise(every))


@EVERY
def test_rows_do_not_run_into_each_other(name: str) -> None:
    """A row is as high as its lines, and rows stand below each other."""
    drawn = shown(name)
    plan = Plan(drawn)
    for at, row in enumerate(drawn.rows):
        assert plan.tops[at + 1] - plan.tops[at] > LINE * len(written(row))


@EVERY
def test_no_text_sticks_out(name: str) -> None:
    """Each text ends before the right edge of the picture, and beside the lanes, not in them."""
    told = shown(name)
    plan = Plan(told)
    for text in drawn(told, "text"):
        left, right = ends(text)
        assert right < plan.width
        if float(text.attrib["y"]) > plan.tops[0] and words(text) not in {*told.pages, told.ending}:
            assert right < plan.lane(told.places[0]) or left >= plan.text_left


@EVERY
def test_everything_is_in_the_picture(name: str) -> None:
    """In the SVG stand all lanes, actions with their arguments, changes, letters, and the last sentence."""
    told = shown(name)
    said = set(map(words, drawn(told, "text")))
    assert {*told.places, *told.pages, told.name, told.title, told.ending} <= said
    assert {change.replace("->", "→") for row in told.rows for change in row.told} <= said
    assert {f"{row.action}({row.args})" for row in told.rows if row.number} <= said


def marks(told: Lanes) -> dict[tuple[str, int], ET.Element]:
    """The discs, by page and row."""
    plan, every = Plan(told), drawn(told, "circle")
    at = {(plan.x(page, row.at[page]), plan.middle(n)): (page, n) for n, row in enumerate(told.rows) for page in row.at}
    return {at[float(mark.attrib["cx"]), float(mark.attrib["cy"])]: mark for mark in every}


@EVERY
def test_what_is_wrong_is_red(name: str) -> None:
    """The sentence at the bottom is red, and so is the rim of the page it is about, at the end only."""
    told = shown(name)
    red = {key for key, mark in marks(told).items() if mark.attrib["stroke"] == WRONG.lower()}
    assert red == {(page, len(told.rows) - 1) for page in told.pages if page in told.whom}
    assert {words(text) for text in drawn(told, "text") if text.get("fill") == WRONG.lower()} == {told.ending}


def test_a_page_is_filled_where_it_moves_and_hollow_where_a_step_is_about_it() -> None:
    """Elsewhere its path goes on without a letter."""
    told = shown("b28_returned_twice_on_a_full_tx_ring")
    for at, row in enumerate(told.rows):
        for page in told.pages:
            mark = marks(told).get((page, at))
            filled = page in row.moved or at in (0, len(told.rows) - 1)
            assert (mark is not None and mark.attrib["fill"] != "white") is filled
            assert (mark is not None and mark.attrib["fill"] == "white") is (page in row.about and not filled)


def test_colours_of_pages_are_used_for_nothing_else() -> None:
    """No page has the colour of the system, of its environment, or of what is wrong; alone it keeps its own."""
    assert not {*COLOUR.values(), WRONG} & set(INK)
    assert len(set(INK)) == len(INK)
    name = "b28_returned_twice_on_a_full_tx_ring"
    assert ink(Plan(shown(name)), "B") == ink(Plan(shown(name, "B")), "B") == INK[1]


def test_special_characters_are_no_trouble() -> None:
    """Names and sentences full of them, long ones, and a run that ends well."""
    world = World(shelf, shelf.sizes("tiny", {}))
    trace = run(world, "take_in(A)", "put_out(A)")
    ending = 'require(s.x < 3 and "y" != \\ & z) ' * 8
    told = lanes(world, trace, ('my/<b>&"driver".py', "a & b"), ending)
    said = "".join(map(words, drawn(told, "text")))
    assert 'my/<b>&"driver".py' in said
    assert '"y" != \\ & z' in said
    assert WRONG.lower() not in {e.get("fill") for e in drawn(told, "text")}


def test_many_pages_and_long_lines_fit() -> None:
    """Twelve pages have a width each, and what an initial state chose is broken into lines."""
    world = World(per_packet, per_packet.sizes("tiny", {"pages": 12, "pools": 6, "devices": 4}))
    told = lanes(world, run(world, "pool_create(pool0)", "alloc_and_map(L, pool0)"), ("m", "t"), "So it is.")
    plan = Plan(told)
    assert max(len(line) for line, _ in written(told.rows[0])) <= WIDEST
    assert len({plan.x(page, "FREE") for page in told.pages}) == 12
    assert all(plan.lane("FREE") < plan.x(page, "FREE") < plan.lane("POOL") for page in told.pages)


def test_two_interpreters_draw_the_same() -> None:
    """The text does not depend on the order of sets."""
    script = (
        "from tests.checkers.draw.test_lanes import *; from checkers.draw.lanes_picture import svg;"
        "import sys; sys.stdout.buffer.write(svg(shown(BUGS[2])))"
    )
    for seed in ("1", "2"):
        env = {"PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, check=True)
        assert done.stdout == svg(shown(BUGS[2]))
