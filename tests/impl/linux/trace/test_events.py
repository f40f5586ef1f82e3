# SPDX-License-Identifier: MIT
"""Events of a recording."""

from typing import get_args

from impl.linux.trace.events import NAMES, Event


def test_each_kind_of_event_has_one_name() -> None:
    """Reports and JSON count events by name."""
    assert set(NAMES) == set(get_args(Event))
    assert len(set(NAMES.values())) == len(NAMES)
