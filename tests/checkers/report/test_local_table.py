# SPDX-License-Identifier: MIT
"""The local table: every record of one page, and what takes it where."""

from __future__ import annotations

from checkers.report.local_table import local_table
from models.yardstick import Page, yardstick
from spec.dsl import drop
from spec.dsl.ir import changed
from spec.ownership import ownership


def test_the_yardstick_has_its_17_records() -> None:
    """The number of local records found by other means is found here, too, with two devices that are not symmetric."""
    table = local_table(yardstick, yardstick.sizes("tiny", {}), (Page,))
    assert len(table.records) == 17


def test_a_record_has_what_differs_from_the_start() -> None:
    """The first record is a page as it starts, and each other names its place and what else is set."""
    table = local_table(ownership, ownership.sizes("tiny", {"pools": 1}), ownership.symmetric)
    assert table.records[0] == "place FREE"
    assert all(record.startswith("place ") for record in table.records)
    assert len(set(table.records)) == len(table.records)


def test_every_record_can_be_left() -> None:
    """No record of the rules is a dead end: some step leads away from each."""
    table = local_table(ownership, ownership.sizes("tiny", {"pools": 1}), ownership.symmetric)
    left = {was for was, _, now in table.steps if was != now}
    assert left == set(range(len(table.records)))


def test_the_same_records_are_met_with_more_pages() -> None:
    """Records are those of one page: a second page adds none."""
    one = local_table(yardstick, yardstick.sizes("tiny", {"pages": 1}), (Page,))
    two = local_table(yardstick, yardstick.sizes("tiny", {"pages": 2}), (Page,))
    assert set(one.records) == set(two.records)


def test_a_planted_fault_shows_in_the_table() -> None:
    """An update left out adds records that the sound machine does not have."""
    mutant = changed(yardstick, "m", drop("free", "s.origin[page] = NOBODY"))
    sound = local_table(yardstick, yardstick.sizes("tiny", {}), (Page,))
    faulty = local_table(mutant, mutant.sizes("tiny", {}), (Page,))
    assert set(faulty.records) - set(sound.records)
