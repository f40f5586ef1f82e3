# SPDX-License-Identifier: MIT
"""The swim lanes: where everything stands, and that nothing stands on anything else."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

from checkers.draw.graphviz_tool import render
from checkers.draw.lanes import Lanes, lanes
from checkers.draw.lanes_picture import INK, LINE, WIDEST, Plan, dot_text, ink, written
from checkers.draw.style import COLOUR, WRONG
from models.per_packet import per_packet
from spec.dsl import World
from tests.checkers.core.test_wording import run

from .test_lanes import BUGS, shown
from .test_ownership import shelf

EVERY = pytest.mark.parametrize("name", BUGS)
SVG = "{http://www.w3.org/2000/svg}"


def curves(drawn: Lanes) -> dict[str, list[tuple[float, float]]]:
    """The points of each page's path, as the text has them."""
    found = re.findall(r'"(\w+) 0" -> "\w+ \d+" \[pos="([^"]*)"', dot_text(drawn))
    return {page: [(float(x), -float(y)) for x, y in (p.split(",") for p in points.split())] for page, points in found}


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
    """By a generous measure, each text ends before the right edge of the picture, and beside the lanes, not in them."""
    drawn = shown(name)
    plan, root = Plan(drawn), ET.fromstring(render(dot_text(drawn), "svg"))
    right = float(root.attrib["viewBox"].split()[2])
    for text in root.iter(f"{SVG}text"):
        words, x = "".join(text.itertext()), float(text.attrib["x"])
        width = 0.62 * len(words) * float(text.attrib["font-size"])
        assert x + width < right
        if float(text.attrib["y"]) > plan.tops[0] and words not in {*drawn.pages, drawn.ending}:
            assert x + width < plan.lane(drawn.places[0]) or x >= plan.text_left


@EVERY
def test_everything_is_in_the_picture(name: str) -> None:
    """In the SVG stand all lanes, actions with their arguments, changes, letters, and the last sentence."""
    drawn = shown(name)
    root = ET.fromstring(render(dot_text(drawn), "svg"))
    words = {"".join(text.itertext()) for text in root.iter(f"{SVG}text")}
    assert {*drawn.places, *drawn.pages, drawn.name, drawn.title, drawn.ending} <= words
    assert {change.replace("->", "→") for row in drawn.rows for change in row.told} <= words
    assert {row.action for row in drawn.rows if row.number} <= words
    assert {f"({row.args})" for row in drawn.rows if row.number} <= words


@EVERY
def test_who_is_to_blame_is_red(name: str) -> None:
    """The sentence at the bottom is red, and so is the rim of the page it is about, at the end only."""
    drawn = shown(name)
    red = [line.split("[")[0].strip() for line in dot_text(drawn).splitlines() if WRONG in line]
    last = len(drawn.rows) - 1
    assert red == [*(f'"{page} {last}"' for page in drawn.pages if page in drawn.whom), "ending"]


def test_a_page_is_filled_where_it_moves_and_hollow_where_a_step_is_about_it() -> None:
    """Elsewhere its path goes on without a letter."""
    drawn = shown("b28_returned_twice_on_a_full_tx_ring")
    marks = {line.split('"')[1]: line for line in dot_text(drawn).splitlines() if re.match(r' *"[AB] \d+" \[', line)}
    for at, row in enumerate(drawn.rows):
        for page in drawn.pages:
            filled = page in row.moved or at in (0, len(drawn.rows) - 1)
            mark = marks[f"{page} {at}"]
            assert ('fillcolor="#' in mark) is filled
            assert ('fillcolor="white"' in mark) is (page in row.about and not filled)


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
    drawn = lanes(world, trace, ('my/<b>&"driver".py', "a & b"), ending)
    text = dot_text(drawn)
    words = "".join(ET.fromstring(render(text, "svg")).itertext())
    assert 'my/<b>&"driver".py' in words
    assert '"y" != \\ & z' in words
    assert WRONG not in text


def test_many_pages_and_long_lines_fit() -> None:
    """Twelve pages have a width each, and what an initial state chose is broken into lines."""
    world = World(per_packet, per_packet.sizes("tiny", {"pages": 12, "pools": 6, "devices": 4}))
    drawn = lanes(world, run(world, "pool_create(pool0)", "alloc_and_map(L, pool0)"), ("m", "t"), "So it is.")
    plan = Plan(drawn)
    assert max(len(line) for line, _ in written(drawn.rows[0])) <= WIDEST
    assert len({plan.x(page, "FREE") for page in drawn.pages}) == 12
    assert all(plan.lane("FREE") < plan.x(page, "FREE") < plan.lane("POOL") for page in drawn.pages)
    assert render(dot_text(drawn), "png").startswith(b"\x89PNG")


def test_two_interpreters_draw_the_same() -> None:
    """The text does not depend on the order of sets."""
    script = (
        "from tests.checkers.draw.test_lanes import *; from checkers.draw.lanes_picture import dot_text;"
        "print(dot_text(shown(BUGS[2])), end='')"
    )
    for seed in ("1", "2"):
        env = {"PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, check=True)
        assert done.stdout.decode() == dot_text(shown(BUGS[2]))
