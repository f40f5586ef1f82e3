"""Each guard of the rules is left out in turn: a promise notices, or there is a reason why nobody must."""

from __future__ import annotations

import pytest

from checkers.guards import sites
from checkers.sweep import sweep_one
from poolproof import documents
from spec.ownership import ownership
from spec.unneeded import UNNEEDED

GUARDS = list(dict.fromkeys((site.function, site.text) for site in sites(ownership)))
TABLE = (documents.DOCS / "tables" / "dropped-guards.md").read_text()


@pytest.mark.parametrize(("function", "guard"), GUARDS, ids=lambda x: x[:40])
def test_a_dropped_guard_is_noticed_or_explained(function: str, guard: str) -> None:
    """What the search finds now is what docs/tables/dropped-guards.md says, and who is unnoticed has a reason."""
    dropped = sweep_one(ownership, function, guard, documents.sweep_scopes(ownership))
    assert documents.dropped_row(dropped) in TABLE
    assert dropped.noticed != (guard in UNNEEDED.get(function, {}))


def test_the_reasons_are_all_of_guards_that_exist() -> None:
    """No reason is kept for a guard that is gone."""
    assert {(f, g) for f, reasons in UNNEEDED.items() for g in reasons} <= set(GUARDS)
