# SPDX-License-Identifier: MIT
"""What an action means: reads see earlier writes, writes are ordered, keys may coincide, branches follow guards.

Every step here is taken twice, by running the function and by its lifted paths, which must agree.
"""

import pytest

from spec.dsl import NOBODY
from spec.dsl.expr import TRUE
from spec.dsl.text import text

from .snippets import Bench, action


def test_a_read_sees_an_earlier_write() -> None:
    """Reading a home after assigning it gives the new one."""
    bench = Bench(action("s.home[page] = dev\nif s.home[page] == dev:\n    s.up[s.home[page]] = True"))
    page, dev = bench.pages[0], bench.devices[1]
    assert bench.after(page, page, dev)["up"] == {bench.devices[0]: False, dev: True}
    assert len(bench.machine.actions[0].lifted.paths) == 1


def test_what_was_written_is_compared_like_the_cell() -> None:
    """A home just taken, or just given up, is still compared with NOBODY and with a device."""
    run = "if s.home[page] == NOBODY:\n    s.refs[page] = 1\nif s.home[page] == dev:\n    s.refs[page] = 2"
    given, taken = Bench(action(f"s.home[page] = dev\n{run}")), Bench(action(f"s.home[page] = NOBODY\n{run}"))
    for bench, refs in ((given, 2), (taken, 1)):
        assert bench.after(bench.pages[0], bench.pages[0], bench.devices[0])["refs"][bench.pages[0]] == refs
        assert len(bench.machine.actions[0].lifted.paths) == 1


def test_a_read_before_a_write_keeps_the_old_value() -> None:
    """A value that was read into a name does not change with the cell."""
    bench = Bench(action("was = s.refs[page]\ns.refs[page] = 3\ns.refs[other] = was"))
    page, other = bench.pages
    assert bench.after(page, other, bench.devices[0], refs={page: 1})["refs"] == {page: 3, other: 1}


def test_writes_are_made_in_order() -> None:
    """The last write to a cell stays, and each sees those before it."""
    bench = Bench(action("s.refs[page] += 1\ns.refs[page] += 1\ns.refs[page] -= 1"))
    page, other = bench.pages
    assert bench.after(page, other, bench.devices[0])["refs"] == {page: 1, other: 0}


def test_two_page_parameters_may_be_one_page() -> None:
    """A write to one page is seen through the other parameter where both are the same page."""
    bench = Bench(action("s.place[page] = Place.TX\nif s.place[other] == Place.TX:\n    s.dirty[other] = True"))
    page, other = bench.pages
    dev = bench.devices[0]
    assert bench.after(page, page, dev)["dirty"] == {page: True, other: False}
    assert bench.after(page, other, dev)["dirty"] == {page: False, other: False}
    assert bench.after(page, other, dev, place={other: bench.names.Place.TX})["dirty"] == {page: False, other: True}


def test_two_writes_may_hit_one_page() -> None:
    """Where two parameters are the same page, the later write wins."""
    bench = Bench(action("s.refs[page] = 1\ns.refs[other] = 2"))
    page, other = bench.pages
    assert bench.after(page, page, bench.devices[0])["refs"] == {page: 2, other: 0}
    assert bench.after(page, other, bench.devices[0])["refs"] == {page: 1, other: 2}


def test_a_cell_of_two_keys_is_the_same_where_both_are() -> None:
    """A mapping is written for a page and a device; another device's, or another page's, is another cell."""
    bench = Bench(action("s.mapped[page, dev] = True\nif s.mapped[other, s.peer[dev]]:\n    s.refs[page] = 1"))
    page, other = bench.pages
    eth0, eth1 = bench.devices
    for second, peer, refs in ((page, eth0, 1), (page, eth1, 0), (other, eth0, 0), (other, eth1, 0)):
        assert bench.after(page, second, eth0, peer={eth0: peer})["refs"][page] == refs


def test_a_key_is_taken_when_it_is_written() -> None:
    """The cell `up[home[page]]` is the one of the home at that moment, though the home is then forgotten."""
    bench = Bench(action("require(s.home[page] != NOBODY)\ns.up[s.home[page]] = True\ns.home[page] = NOBODY"))
    page, dev = bench.pages[0], bench.devices[1]
    after = bench.after(page, page, dev, home={page: dev})
    assert after["up"][dev]
    assert after["home"][page] is NOBODY


def test_a_count_sees_the_acting_pages_new_value() -> None:
    """A count after a write counts the written page by what it now is, and the others by what they were."""
    bench = Bench(action("s.dirty[page] = True\ns.refs[other] = count(s.pages, lambda p: s.dirty[p])"))
    page, other = bench.pages
    dev = bench.devices[0]
    for was, others, sum_of_both in ((False, False, 1), (False, True, 2), (True, False, 1), (True, True, 2)):
        assert bench.after(page, other, dev, dirty={page: was, other: others})["refs"][other] == sum_of_both


def test_quantifiers_see_two_writes() -> None:
    """Each and some after two writes read every page as it now is, also where both wrote the same page."""
    body = """
s.dirty[page] = True
s.dirty[other] = False
if each(s.pages, lambda p: s.dirty[p]):
    s.refs[page] = 3
if some(s.pages, lambda p: s.dirty[p]):
    s.refs[other] = 2
"""
    bench = Bench(action(body))
    page, other = bench.pages
    assert bench.after(page, other, bench.devices[0], dirty={other: True})["refs"] == {page: 0, other: 2}
    assert bench.after(page, page, bench.devices[0], dirty={other: True})["refs"] == {page: 2, other: 0}
    assert bench.after(page, page, bench.devices[0])["refs"] == {page: 0, other: 0}


def test_guards_protect_the_branches_after_them() -> None:
    """A branch may follow a device that a guard has found; where the guard is false it is not evaluated."""
    bench = Bench(action("require(s.home[page] != NOBODY)\nif s.up[s.home[page]]:\n    s.dirty[page] = True"))
    page, dev = bench.pages[0], bench.devices[0]
    assert not bench.is_enabled(page, page, dev)
    assert bench.after(page, page, dev, home={page: dev}, up={dev: True})["dirty"][page]
    assert not bench.after(page, page, dev, home={page: dev})["dirty"][page]


def test_a_branch_may_come_before_a_guard() -> None:
    """A guard on one branch is no guard on the other."""
    bench = Bench(action("if s.dirty[page]:\n    require(s.refs[page] > 0)\ns.up[dev] = True"))
    page, dev = bench.pages[0], bench.devices[0]
    assert bench.is_enabled(page, page, dev)
    assert not bench.is_enabled(page, page, dev, dirty={page: True})
    assert bench.is_enabled(page, page, dev, dirty={page: True}, refs={page: 1})


def test_the_conditions_of_a_path_stand_in_the_order_they_were_met() -> None:
    """A path's guard reads like its text, so that what comes first protects what comes after."""
    bench = Bench(action("require(s.home[page] != NOBODY)\nif s.up[s.home[page]]:\n    s.dirty[page] = True"))
    first, second = bench.machine.actions[0].lifted.paths
    assert text(first.guard) == "home[page] != nobody and up[home[page]]"
    assert text(second.guard) == "home[page] != nobody and not up[home[page]]"
    assert [c.claim for c in first.givens] == [first.conditions[0].claim]
    assert [c.claim for c in first.branches] == [first.conditions[1].claim]


def test_numbers_of_the_scope_are_values() -> None:
    """A bound is compared, added and assigned like any number."""
    bench = Bench(action("require(s.refs[page] < s.cap)\ns.refs[page] = s.cap - s.refs[page] + 1"))
    page, dev = bench.pages[0], bench.devices[0]
    assert bench.after(page, page, dev, refs={page: 1})["refs"][page] == 2
    assert not bench.is_enabled(page, page, dev, refs={page: 2})


@pytest.mark.parametrize(
    ("condition", "refs"),
    [
        ("0 < s.refs[page] < 3", {1, 2}),
        ("s.refs[page] in (1, 3)", {1, 3}),
        ("s.refs[page] not in (1, 3)", {0, 2}),
        ("not s.refs[page] >= 2", {0, 1}),
        ("2 >= s.refs[page] and 1 != s.refs[page]", {0, 2}),
        ("s.refs[page] == 1 or 2 < s.refs[page]", {1, 3}),
        ("(2 if s.refs[page] < 2 else 3) == s.refs[page] + 1", {1, 2}),
        ("3 - s.refs[page] < s.refs[page]", {2, 3}),
        ("implies(s.refs[page] > 0, s.refs[page] > 1)", {0, 2, 3}),
        ("iff(s.refs[page] > 0, s.refs[page] > 1)", {0, 2, 3}),
        ("(s.refs[page] > 0) == (s.refs[page] > 1)", {0, 2, 3}),
        ("(s.refs[page] > 0) != (s.refs[page] > 1)", {1}),
        ("(s.refs[page], s.refs[page]) == (2, s.cap)", {2}),
        ("s.refs[page] - (1 - s.refs[page]) == 3", {2}),
    ],
)
def test_conditions_mean_what_they_mean_in_python(condition: str, refs: set[int]) -> None:
    """Chains, tuples, choices, sums and negations, alone or nested, are lifted to what they mean."""
    bench = Bench(action(f"if {condition}:\n    s.up[dev] = True") + f"\nunused = {condition!r}\n")
    page, dev = bench.pages[0], bench.devices[0]
    assert {n for n in range(4) if bench.after(page, page, dev, refs={page: n})["up"][dev]} == refs


def test_membership_in_a_tuple_may_name_nobody_and_a_parameter() -> None:
    """`home in (NOBODY, dev)` is true for the one and the other."""
    bench = Bench(action("require(s.home[page] in (NOBODY, dev))\ns.dirty[page] = True"))
    page = bench.pages[0]
    eth0, eth1 = bench.devices
    assert bench.is_enabled(page, page, eth0)
    assert bench.is_enabled(page, page, eth0, home={page: eth0})
    assert not bench.is_enabled(page, page, eth0, home={page: eth1})


def test_a_helper_may_return_early() -> None:
    """A helper with several returns is joined to one claim wherever it is called."""
    helper = """
def idle(s: S, page: Page) -> bool:
    if s.place[page] == Place.FREE:
        return True
    if s.dirty[page]:
        return False
    return s.refs[page] == 0

"""
    bench = Bench(helper + action("if idle(s, page):\n    s.up[dev] = True"))
    page, dev, place = bench.pages[0], bench.devices[0], bench.names.Place
    assert bench.after(page, page, dev, dirty={page: True})["up"][dev]
    assert not bench.after(page, page, dev, dirty={page: True}, place={page: place.TX})["up"][dev]
    assert bench.after(page, page, dev, place={page: place.TX})["up"][dev]


def test_an_action_may_return_early() -> None:
    """What stands after an early return does not happen on that path."""
    bench = Bench(action("if s.dirty[page]:\n    s.refs[page] = 1\n    return\ns.refs[page] = 2"))
    page, dev = bench.pages[0], bench.devices[0]
    assert bench.after(page, page, dev, dirty={page: True})["refs"][page] == 1
    assert bench.after(page, page, dev)["refs"][page] == 2


def test_history_counts_beside_the_state() -> None:
    """A history counter is counted by both semantics symmetric, and the state's identity does not know of it."""
    bench = Bench(
        action("s.taken[page] += 1\ns.taken[other] += 1\nif s.dirty[page]:\n    s.taken[page] += s.refs[page]")
    )
    page, other = bench.pages
    once = bench.step(page, other, bench.devices[0])
    assert once.counted == (("taken", "A", 1), ("taken", "B", 1))
    assert once.code == bench.state()
    assert bench.step(page, page, bench.devices[0]).counted == (("taken", "A", 2),)
    assert bench.step(page, page, bench.devices[0], dirty={page: True}, refs={page: 3}).counted == (("taken", "A", 5),)


def test_a_guard_that_is_plainly_true_is_no_condition() -> None:
    """`require(True)` leaves nothing in the path."""
    bench = Bench(action("require(True)\ns.dirty[page] = True"))
    assert bench.machine.actions[0].lifted.paths[0].guard == TRUE
