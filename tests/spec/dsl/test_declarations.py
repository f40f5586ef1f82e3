# SPDX-License-Identifier: MIT
"""What may be declared: fields, members, bounds, and the machine that lists its functions."""

from typing import Any

import pytest

from spec.dsl import NOBODY, Kind, Machine, Sort, SpecError, State, between, bound, field, members, optional
from tests.machines import module

from .snippets import IDLE, PRELUDE, action, assemble, invariant, machine, refused


class Page(Sort, called="{letter}"):
    """A page."""


class Device(Sort):
    """A device."""


class Place(Kind):
    FREE = "free"
    POOL = "in the pool"


def test_a_field_is_indexed_by_sorts() -> None:
    """A key that is no sort is refused."""
    wrong: tuple[Any, ...] = (int, (Page, Place), ())
    for keys in wrong:
        with pytest.raises(SpecError, match="a field is indexed by one or more sorts"):
            field(keys, bool, False, "a text")


def test_a_field_needs_a_text() -> None:
    """A field without a text is refused: the state is documentation."""
    with pytest.raises(SpecError, match="needs a text: what it means and which actions write it"):
        field(Page, bool, False, "")


@pytest.mark.parametrize("values", [int, str, 3, list, None, float])
def test_a_field_holds_what_can_be_enumerated(values: Any) -> None:
    """An unbounded integer, or text, would make states without end."""
    with pytest.raises(SpecError, match=r"a field cannot hold .*; use a Kind, bool, a Sort, between"):
        field(Page, values, 0, "a text")


@pytest.mark.parametrize("sort", [Place, bool, int, between(0, 3)])
def test_only_a_sort_can_be_optional(sort: Any) -> None:
    """NOBODY stands for a member of a sort; an enum has a member of its own for "none"."""
    with pytest.raises(SpecError, match="only a sort has NOBODY; give the enum a member for it"):
        optional(sort)


def test_ranges_are_not_empty() -> None:
    """A range from high to low, or no members at all, is refused where it is declared."""
    with pytest.raises(SpecError, match=r"between\(3, 2\) is empty"):
        between(3, 2)
    with pytest.raises(SpecError, match=r"bound\(3, 2\) is empty"):
        bound(3, 2, "a text")
    for low, high in ((0, 3), (3, 2), (-1, 0)):
        with pytest.raises(SpecError, match="a scope has at least one Page"):
            members(Page, low, high)


@pytest.mark.parametrize(("low", "high"), [(0, "size"), ("0", 3), (0, 1.5), (True, 2)])
def test_a_range_is_of_numbers(low: Any, high: Any) -> None:
    """What is no number is named, with the line of the field and what may stand there."""
    line = "n = field(Page, between(LOW, HIGH), 0, 'a text')  # here"
    text = f"class T(S):\n    {line.replace('LOW', repr(low)).replace('HIGH', repr(high))}\n\nS = T\n"
    refused(text, f"between({low!r}, {high!r}) ... is not a number; give a whole one, or a bound of the state")


def test_lists_are_tuples() -> None:
    """A comma that is forgotten makes a function of what should be a list of one."""
    names: Any = module(PRELUDE + action("s.dirty[page] = True"))
    with pytest.raises(SpecError, match=r"m: system= is not a tuple; write system=\(one, other\) or system=\(one,\)"):
        Machine("m", "a text", names.S, names.act, scopes={"tiny": dict(pages=1, devices=1, cap=1)})


def test_a_field_speaks_only_of_declared_sorts() -> None:
    """A field indexed by a sort without members, or holding one, is refused when its state is made."""
    with pytest.raises(SpecError, match="field up uses Device; declare its members in Lonely too"):

        class Lonely(State):
            pages = members(Page)
            up = field(Device, bool, False, "a text")

    with pytest.raises(SpecError, match="field home uses Device"):

        class Homeless(State):
            pages = members(Page)
            home = field(Page, optional(Device), NOBODY, "a text")


def test_a_sort_has_one_group_of_members() -> None:
    """Two groups of one sort would make "all pages" mean two things."""
    with pytest.raises(SpecError, match="Twice has two groups of Pages, pages and more; leave one"):

        class Twice(State):
            pages = members(Page)
            more = members(Page)


@pytest.mark.parametrize(
    ("values", "start", "words"),
    [
        (Place, False, "starts as False, which is not one of FREE, POOL"),
        (bool, 0, "starts as 0, which is not one of False, True"),
        (between(0, 2), 3, "starts as 3, which is not one of 0, 1, 2"),
        (Device, NOBODY, "starts as nobody, which is not one of device0"),
        (between(0, 300), 0, "has 301 values; between 1 and 256 are allowed"),
    ],
)
def test_a_field_starts_as_one_of_its_values(values: Any, start: Any, words: str) -> None:
    """A start that is no value of the field is found when the machine is made, not when it first runs."""

    class Odd(State):
        pages = members(Page)
        devices = members(Device)
        odd = field(Page, values, start, "a text")

    with pytest.raises(SpecError, match=f"field odd {words}"):
        Machine("odd", "a text", Odd, (IDLE,), scopes={"tiny": dict(pages=1, devices=1)})


def test_a_state_extends_another() -> None:
    """A model may add fields to the state of a spec, and the functions of the spec take the larger state."""
    larger = "class Larger(S):\n    extra = field(Page, bool, ANY, 'more')\n\ndef act(s: S, page: Page) -> None:\n"
    made: Any = module(PRELUDE + larger + "    pass\n")
    made.S = made.Larger
    assert list(assemble(made).shape.fields)[-1] == "extra"


def test_names_are_given_once() -> None:
    """Actions, invariants and witnesses are found by name, so each has its own."""
    refused(
        action("s.dirty[page] = True") + "act_again = act\n",
        "act is listed twice; give each action and claim a name of its own",
    )
    refused(invariant("return True") + "witness_it = invariant\n", "invariant is listed twice")


def test_a_state_keeps_what_it_extends() -> None:
    """A model may not give a field of the spec another meaning: the spec's functions would not mean the same."""

    class Small(State):
        pages = members(Page)
        cap = bound(0, 3, "a number")
        dirty = field(Page, bool, False, "a text")

    for name, thing in (
        ("dirty", field(Page, Place, Place.FREE, "a text")),
        ("cap", 3),
        ("pages", members(Page, 1, 2)),
    ):
        with pytest.raises(SpecError, match=f"Larger declares {name} again; what it extends is kept as it is"):
            type("Larger", (Small,), {name: thing})


def test_the_stages_of_a_witness_speak_of_the_same_things() -> None:
    """Several claims to be reached in order have the same parameters."""
    names: Any = module(
        PRELUDE
        + "def first(s: S, page: Page) -> bool:\n    return s.dirty[page]\n\n"
        + "def then(s: S, dev: Device) -> bool:\n    return s.up[dev]\n"
    )
    sizes = dict(pages=1, devices=1, cap=1)
    with pytest.raises(SpecError, match="the stages of first_then_then differ in their parameters; give all the same"):
        Machine("m", "a text", names.S, (IDLE,), sometimes=((names.first, names.then),), scopes={"tiny": sizes})


def test_a_machine_has_actions() -> None:
    """A machine in which nothing can happen satisfies every invariant."""
    with pytest.raises(SpecError, match="still has no actions"):
        Machine("still", "a text", machine("").state, (), scopes={"tiny": dict(pages=1, devices=1, cap=1)})


@pytest.mark.parametrize(
    ("scopes", "words"),
    [
        ({}, "has no scope called tiny"),
        ({"tiny": dict(pages=1, devices=1)}, "scope 'tiny' of m leaves out cap"),
        ({"tiny": dict(pages=1, devices=1, cap=9)}, "cap=9 is out of range; m takes 0 to 3"),
        ({"tiny": dict(pages=0, devices=1, cap=1)}, "pages=0 is out of range; m takes 1 to 12"),
        ({"tiny": dict(pages=1, devices=1, cap=1, rings=1)}, "m has no size 'rings'; it has pages, devices, cap"),
        ({"tiny": dict(pages=1, devices=1, cap=1), "huge": dict(pages=1)}, "leaves out devices, cap"),
    ],
)
def test_scopes_give_every_size_within_its_range(scopes: Any, words: str) -> None:
    """Each scope of a machine is complete and within the declared ranges, which is found when it is made."""
    with pytest.raises(SpecError, match=words):
        Machine("m", "a text", machine("").state, (IDLE,), scopes=scopes)


def test_sizes_of_a_scope_are_checked() -> None:
    """Changing a size of a scope is checked like the scope itself."""
    made = machine("")
    assert made.sizes("tiny", {"pages": 3}) == dict(pages=3, devices=2, cap=2)
    with pytest.raises(SpecError, match="pages=13 is out of range; snippet takes 1 to 12"):
        made.sizes("tiny", {"pages": 13})
    with pytest.raises(SpecError, match="snippet has no scope 'small'; it has tiny"):
        made.sizes("small", {})


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ("final=over", r"<written_\d+>:\d+: final=over has a parameter; say it of all with each"),
        ("place=Low.on", r"place=on of m must hold an Enum for each Page"),
    ],
)
def test_an_end_and_a_place_are_of_what_a_search_can_use(changed: str, words: str) -> None:
    """An end is a claim of a whole state; a place is an enum."""
    text = (
        "from spec.dsl import Machine, Sort, State, field, members\n"
        'class Page(Sort, called="{letter}"):\n    """A page."""\n'
        'class Low(State):\n    pages = members(Page)\n    on = field(Page, bool, False, "a text")\n'
        "def put(s: Low, page: Page) -> None:\n    s.on[page] = True\n"
        "def over(s: Low, page: Page) -> bool:\n    return s.on[page]\n"
        f"MACHINE = Machine(name='m', doc='d', state=Low, system=(put,), {changed}, scopes={{'tiny': dict(pages=1)}})\n"
    )
    with pytest.raises(SpecError, match=words):
        module(text)
