# SPDX-License-Identifier: MIT
"""What a function reaches is part of what it is: lifted anew where that differs, refused where it has changed since."""

from typing import Any

import pytest

from checkers.explore.search import explore
from spec.dsl import Machine, SpecError, World
from tests.machines import module

from .snippets import PRELUDE, action, assemble

STARTS = {
    "a constant": ("MOST = 2\n", "MOST", "MOST = 3"),
    "a constant of a helper": ("MOST = 2\n\ndef most():\n    return MOST\n", "most()", "MOST = 3"),
    "a helper": ("def most():\n    return 2\n\ndef more():\n    return 3\n", "most()", "most = more"),
    "a helper's code": (
        "def most():\n    return 2\n\ndef more():\n    return 3\n", "most()", "most.__code__ = more.__code__"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("head", "most", "change"), STARTS.values(), ids=STARTS)
def test_a_change_is_seen_by_the_next_machine_and_refused_in_the_last(head: str, most: str, change: str) -> None:
    """A machine made after a change is lifted from what stands there then; the one made before runs no more."""
    body = f"require(s.refs[page] < {most})\ns.refs[page] = s.refs[page] + 1"
    names: Any = module(f"{PRELUDE}{head}\n\n{action(body)}")
    first = assemble(names)
    before = deepest(first)
    exec(change, vars(names))
    second = assemble(names)
    assert deepest(second) == before + 2  # each of the two pages can be counted up once more
    with pytest.raises(SpecError, match="has changed since the machine was made"):
        World(first, first.sizes("tiny", {}))


def deepest(machine: Machine) -> int:
    """The length of the longest shortest run: how often the pages can be counted up, all together."""
    return explore(machine, machine.sizes("tiny", {})).depth


GONE = {
    "a field": "S.refs.domain = between(0, 2)",
    "a start": "S.refs.start = 1",
    "an attribute of the state": "S.wide = property(lambda s: True)",
    "an attribute of a sort": "Page.__eq__ = lambda a, b: True",
    "an enum's equality": "Place.__eq__ = lambda a, b: True",
    "an enum's member": "type.__setattr__(Place, 'TX', Place.RING)",
    "a default": "act.__defaults__ = (Page(0),)",
    "the code": "act.__code__ = invariant.__code__",
    "a constant that is gone": "del LIMIT",
    "a word": "require = implies",
}


@pytest.mark.parametrize("change", GONE.values(), ids=GONE)
def test_what_was_read_while_lifting_must_still_be_there(change: str) -> None:
    """No engine runs a machine whose text reads something else than what was lifted."""
    body = "require(s.refs[page] < LIMIT or s.place[page] == Place.TX)\ns.refs[page] = 0"
    invariant = "def invariant(s: S, page: Page) -> bool:\n    return s.refs[page] >= 0\n"
    names: Any = module(f"{PRELUDE}LIMIT = 2\n\n{action(body)}\n\n{invariant}")
    made = assemble(names)
    World(made, made.sizes("tiny", {}))
    exec(change, vars(names))
    with pytest.raises(SpecError, match="changed since the machine was made"):
        World(made, made.sizes("tiny", {}))


def test_a_function_reads_a_module() -> None:
    """A mapping of another kind could give another value at each access."""

    class Moody(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            return 9 if name == "LIMIT" else super().__getitem__(name)

    head = "LIMIT = 1\n\ndef few(s: S, page: Page) -> bool:\n    return s.refs[page] < LIMIT\n\n"
    names: Any = module(f"{PRELUDE}{head}{action('require(few(s, page))')}")
    names.few = type(names.few)(names.few.__code__, Moody(vars(names)), "few")
    with pytest.raises(SpecError, match="few does not read a module"):
        assemble(names)


def test_another_function_of_the_same_code_is_another_function() -> None:
    """Two functions may share their code and read different modules: each is linted and lifted by itself."""
    head = "LIMIT = 1\n\n"
    body = "require(s.refs[page] < LIMIT)\ns.refs[page] = s.refs[page] + 1"
    names: Any = module(PRELUDE + head + action(body))
    other = type(names.act)(names.act.__code__, {**vars(names), "LIMIT": 3}, "act")
    other.__annotations__ = names.act.__annotations__
    assert deepest(assemble(names)) == 2
    names.act = other
    assert deepest(assemble(names)) == 6
