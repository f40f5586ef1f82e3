# SPDX-License-Identifier: MIT
"""A cat in six boxes moves to a box beside it every night, and one box is looked into every day.

Source: tlaplus/Examples at 32a32c7b, specifications/Moving_Cat_Puzzle: Cat.tla, CatEvenBoxes.cfg, manifest.json; six
boxes.
Published (TLC): 48 distinct states, 128 generated states, depth 1.
Difference in counting: TLC also counts the 48 initial states as generated, and a first state as depth 1; every state
is an initial one.
"""

from spec.dsl import ANY, Kind, Machine, Sort, State, between, field, members, require


class Row(Sort, called="row"):
    """The row of boxes."""


class Way(Kind):
    """Which way the search goes on."""

    LEFT = "to lower boxes"
    RIGHT = "to higher boxes"


class Boxes(State):
    """Where the cat is, and where it is looked for."""

    rows = members(Row, 1, 1)
    cat = field(Row, between(1, 6), ANY, "the box of the cat; written by both actions")
    looked = field(Row, between(2, 5), ANY, "the box that is looked into; written by both actions")
    way = field(Row, Way, ANY, "which way the search goes on; written by both actions")


def look(s: Boxes, row: Row) -> None:
    """The next box; at the last but one, the same box again, and then back."""
    if s.way[row] == Way.RIGHT:
        if s.looked[row] < 5:
            s.looked[row] = s.looked[row] + 1
        else:
            s.way[row] = Way.LEFT
    elif s.looked[row] > 2:
        s.looked[row] = s.looked[row] - 1
    else:
        s.way[row] = Way.RIGHT


def go_right(s: Boxes, row: Row) -> None:
    """The cat moves to the next box, and the next look is taken."""
    require(s.cat[row] < 6)

    s.cat[row] = s.cat[row] + 1
    look(s, row)


def go_left(s: Boxes, row: Row) -> None:
    """The cat moves to the box before, and the next look is taken."""
    require(s.cat[row] > 1)

    s.cat[row] = s.cat[row] - 1
    look(s, row)


def the_cat_is_found(s: Boxes, row: Row) -> bool:
    """It can be found."""
    return s.looked[row] == s.cat[row]


MODEL = Machine(
    name="cat_in_boxes",
    doc="A cat in six boxes.",
    state=Boxes,
    system=(go_right, go_left),
    sometimes=(the_cat_is_found,),
    scopes={"tiny": dict(rows=1)},
)
