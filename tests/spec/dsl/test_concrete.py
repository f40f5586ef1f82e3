# SPDX-License-Identifier: MIT
"""The concrete state: what it holds, what it refuses, and that it checks kinds as strictly as lifting does."""

import pickle
from copy import deepcopy
from enum import Enum
from typing import Any

import pytest

from spec.dsl import NOBODY, Kind, Sort, SpecError

from .snippets import Bench, action

BENCH = Bench("")
PAGE, OTHER = BENCH.pages
ETH0, ETH1 = BENCH.devices
N = BENCH.names


def fresh() -> Any:
    return BENCH.machine.state.concrete(BENCH.machine.sizes("tiny", {}))


@pytest.mark.parametrize(
    ("field", "key", "value"),
    [
        ("place", PAGE, N.Turn.CPU), ("place", PAGE, "TX"), ("place", PAGE, 0), ("place", PAGE, None),
        ("dirty", PAGE, 1), ("dirty", PAGE, 0), ("refs", PAGE, True), ("refs", PAGE, 4), ("refs", PAGE, -1),
        ("refs", PAGE, 1.0), ("home", PAGE, PAGE), ("home", PAGE, None), ("home", PAGE, N.Device(2)),
        ("peer", ETH0, NOBODY), ("mapped", (PAGE, ETH0), 1),
    ],
    ids=repr,
)  # fmt: skip
def test_a_value_of_another_kind_is_refused(field: str, key: Any, value: Any) -> None:
    """Another sort's enum, a string, 1 for True, a device out of scope: refused where it is written, in words."""
    state = fresh()
    with pytest.raises(SpecError, match=rf"test_concrete\.py:\d+: {field}\[.*outside its bounds"):
        vars(state)[field][key] = value


@pytest.mark.parametrize(
    ("field", "key"),
    [("up", NOBODY), ("up", PAGE), ("mapped", (ETH0, PAGE)), ("mapped", PAGE), ("dirty", N.Page(2)), ("dirty", 0)],
    ids=repr,
)
def test_a_key_of_another_kind_is_refused(field: str, key: Any) -> None:
    """A cell that does not exist is neither read nor written, such as that of NOBODY."""
    state = fresh()
    with pytest.raises(SpecError, match=rf"{field}\[.* does not exist; test the key with != NOBODY first"):
        _ = vars(state)[field][key]
    with pytest.raises(SpecError, match="does not exist"):
        vars(state)[field][key] = True


def test_a_number_out_of_bounds_names_the_action() -> None:
    """An action that counts too far is stopped at the line that does, with its arguments and the bounds."""
    bench = Bench(action("s.refs[page] += 1"))
    full = bench.state(refs={bench.pages[1]: 3})
    with pytest.raises(SpecError, match=r"^act\(B, A, eth0\): <.*>:\d+: refs\[B\] = 4: outside its bounds, 0, 1, 2, 3"):
        list(bench.world.successors(full))


def test_a_history_counter_only_grows() -> None:
    """Counting back would make the counter no history."""
    state = fresh()
    state.taken[PAGE] = 2
    with pytest.raises(SpecError, match="a history counter only grows; it is 2"):
        state.taken[PAGE] = 1


def test_pages_and_devices_have_no_truth_value() -> None:
    """Device 0, NOBODY and a whole state have no truth value: a comparison has to be written."""
    for thing in (PAGE, ETH0):
        with pytest.raises(SpecError, match=r"has no truth value; compare it: == NOBODY"):
            bool(thing)
    with pytest.raises(SpecError, match="NOBODY has no truth value"):
        bool(NOBODY)
    with pytest.raises(SpecError, match="a state is used as a truth value"):
        bool(fresh())


def test_states_are_not_compared_as_a_whole() -> None:
    """Before and after are different objects: comparing them is always False."""
    with pytest.raises(SpecError, match="a state is compared as a whole; compare its fields"):
        _ = fresh() == fresh()


def test_members_are_one_object_each() -> None:
    """The page of an index is the same one wherever it was made, copied or unpickled; sorts do not mix."""
    assert N.Page(1) is OTHER
    assert N.Page(0) != N.Device(0)
    assert deepcopy(OTHER) is OTHER
    assert pickle.loads(pickle.dumps(NOBODY)) is NOBODY


def test_members_have_names_for_people() -> None:
    """Pages are letters, devices have numbers, and after Z comes A1."""
    assert [repr(N.Page(i)) for i in (0, 25, 26, 53)] == ["A", "Z", "A1", "B2"]
    assert repr(ETH1) == "eth1"

    class Plain(Sort):
        """A sort without called=."""

    assert repr(Plain(3)) == "plain3"


def test_kinds_show_their_name() -> None:
    """An enum member appears in counterexamples by its name alone."""

    class Hue(Kind):
        RED = "red"

    assert repr(Hue.RED) == "RED"
    assert isinstance(Hue.RED, Enum)


def test_a_code_is_the_whole_state() -> None:
    """The code of a loaded code is the code itself, for every cell and value."""
    world = BENCH.world
    for offset, size in sizes_of_cells().items():
        for value in range(size):
            code = bytes(value if at == offset else 0 for at in range(len(world.initial()[0])))
            assert world.code(world.load(code)) == code


def sizes_of_cells() -> dict[int, int]:
    """How many values each cell of a code has."""
    world = BENCH.world
    return {at: len(vars(world.state)[name].values_) for name, cells in world.offsets.items() for at in cells.values()}


def test_the_record_of_a_page_is_one_slice() -> None:
    """All cells of one page lie together, those of the first page first, devices after all pages."""
    world = BENCH.world
    owners = {at: key for cells in world.offsets.values() for key, at in cells.items()}
    heads = [key[0] if isinstance(key, tuple) else key for _, key in sorted(owners.items())]
    assert heads == [PAGE] * world.record + [OTHER] * world.record + [ETH0, ETH0, ETH1, ETH1]


def test_any_start_is_every_start() -> None:
    """A field that starts as ANY gives an initial state for each choice of its values; the others give one."""
    states = [BENCH.world.values(code) for code in BENCH.world.initial()]
    assert len(states) == 2 * 2
    assert {(s["peer"][ETH0], s["peer"][ETH1]) for s in states} == {(a, b) for a in (ETH0, ETH1) for b in (ETH0, ETH1)}
    assert all(set(s["place"].values()) == {N.Place.FREE} for s in states)


def test_numbers_of_the_scope_read_as_numbers() -> None:
    """A bound is the scope's number in a concrete state, and there are as many members as in the scope."""
    state = fresh()
    assert state.cap == 2
    assert state.pages.all == (PAGE, OTHER)
