# SPDX-License-Identifier: MIT
"""Classes of a spec only declare: a method would run while lifting, and no lint reads it."""

import pytest

from spec.dsl import SpecError
from tests.machines import module

from .snippets import PRELUDE, action, machine, refused

ON_A_STATE = {
    "a property": "    @property  # here\n    def wide(self):\n        return isinstance(self.cap, int)\n",
    "a method": "    def wide(self):  # here\n        return True\n",
    "attributes at will": "    def __getattr__(self, name):  # here\n        return 3\n",
    "an equality": "    def __eq__(self, other):  # here\n        return True\n    __hash__ = None\n",
    "a static method": "    @staticmethod  # here\n    def wide():\n        return True\n",
    "a class method": "    @classmethod  # here\n    def __class_getitem__(cls, key):\n        return 3\n",
    "a number": "    most = 3\n",
    "a list": "    seen = []\n",
}


@pytest.mark.parametrize("text", ON_A_STATE.values(), ids=ON_A_STATE)
def test_a_state_only_declares(text: str) -> None:
    """A state with anything but members, bounds and fields is refused, by line where it has one."""
    state = f"class T(S):\n{text}\nS = T\n\n"
    refused(state + action("s.dirty[page] = True"), "a state only declares members, bounds and fields")


@pytest.mark.parametrize("text", [t for t in ON_A_STATE.values() if "cap" not in t], ids=lambda t: t.strip()[:20])
def test_a_sort_only_names(text: str) -> None:
    """A sort has a name and a text, and nothing that would run."""
    sort = f"class Odd(Sort):\n{text}\nclass T(S):\n    odds = members(Odd, 1, 1)\n\nS = T\n\n"
    with pytest.raises(SpecError, match="a sort has a name and a text"):
        machine(sort + action("s.dirty[page] = True"))


ONLY = "an enum has only members"
ENUMS = {
    "an equality": ("class Odd(Kind):\n    A = 1\n    def __eq__(self, other):  # here\n        return True\n", ONLY),
    "a property": ("class Odd(Kind):\n    A = 1\n    @property  # here\n    def b(self):\n        return 1\n", ONLY),
    "numbers": ("from enum import IntEnum\nclass Odd(IntEnum):\n    A = 1\n", "extends Kind and nothing else"),
    "flags": ("from enum import Flag\nclass Odd(Flag):\n    A = 1\n", "extends Kind and nothing else"),
    "a mixin": ("class Mix:\n    pass\nclass Odd(Mix, Kind):\n    A = 1\n", "extends Kind and nothing else"),
    "a base with methods": (
        "class Base(Kind):\n    def __eq__(self, other):\n        return True\nclass Odd(Base):\n    A = 1\n",
        "extends Kind and nothing else",
    ),
    "a metaclass": (
        "from enum import EnumMeta\nclass Meta(EnumMeta):\n    pass\nclass Odd(Kind, metaclass=Meta):\n    A = 1\n",
        "extends Kind and nothing else",
    ),
    "one value twice": ("class Odd(Kind):\n    A = 1\n    B = 1\n", "B and A have the same value ... one member"),
    "a number and a truth value": ("class Odd(Kind):\n    A = 1\n    B = True\n", "B and A have the same value"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), ENUMS.values(), ids=ENUMS)
def test_an_enum_only_lists_its_members(text: str, words: str) -> None:
    """An enum with operators, methods or a second name for a member is refused, in a field or in the text."""
    held = "class T(S):\n    odd = field(Page, Odd, Odd.A, 'odd')\n\nS = T\n\n"
    refused(text + "\n" + held + action("s.dirty[page] = True"), words)
    refused(text + "\n" + action("if Odd.A == Odd.A:\n    s.dirty[page] = True"), words)


@pytest.mark.parametrize("name", ["_journal", "_sizes", "concrete"])
def test_a_field_has_a_name_of_its_own(name: str) -> None:
    """What a state uses for itself is no name of a field."""
    state = f"class T(S):\n    {name} = field(Page, bool, False, 'a text')\n\nS = T\n\n"
    refused(state + action("s.dirty[page] = True"), f"T.{name} is a Field; that name is one of State's own")


def test_a_state_extends_states_only() -> None:
    """A mixin, or a class of classes of its own, could answer for the fields."""
    mixin = "class Mix:\n    pass\n\nclass T(Mix, S):\n    pass\n\nS = T\n\n"
    refused(mixin + action("s.dirty[page] = True"), "a state extends only State, or another state")
    meta = "class Meta(type):\n    pass\n\nclass T(S, metaclass=Meta):\n    pass\n\nS = T\n\n"
    refused(meta + action("s.dirty[page] = True"), "a state extends only State, or another state")


def test_members_have_no_attributes_and_are_known_by_number() -> None:
    """A member that could be given another number, or a truth value for one, would be another member."""
    names = vars(module(PRELUDE))
    with pytest.raises(SpecError, match="a member of a sort has no attributes"):
        names["Page"](0).index = 1
    for index in (-1, True):
        with pytest.raises(SpecError, match="members are numbered by whole numbers from 0"):
            names["Page"](index)
