# SPDX-License-Identifier: MIT
"""Guards as places in the text: which of them a search has put to the test."""

from __future__ import annotations

from checkers.core.guards import Coverage, sites
from checkers.explore.search import explore
from models.yardstick import yardstick
from spec.dsl import drop, instead
from spec.dsl.ir import changed
from spec.ownership import ownership


def test_every_require_of_the_rules_is_a_site() -> None:
    """Actions and the helpers they call are looked through, and each guard is found once."""
    found = [(site.function, site.line) for site in sites(ownership)]
    assert len(found) == len(set(found))
    assert {"alloc_into_pool", "recycle", "pool_free", "device_unbind"} <= {function for function, _ in found}


def test_a_guard_that_is_always_true_is_reported() -> None:
    """With as many descriptors as pages the ring is never full, and the guard on that is reported."""
    roomy = explore(yardstick, yardstick.sizes("tiny", {"pages": 1}))
    assert ("rx_post", Coverage.NEVER_FALSE) in {(one.site.function, one.coverage) for one in roomy.untested}
    full = explore(yardstick, yardstick.sizes("tiny", {"pages": 3}))
    assert full.untested == []


def test_a_guard_that_is_never_true_is_reported() -> None:
    """A guard on a state that nothing leads to is never true, and the one behind it never evaluated."""
    stuck = changed(yardstick, "stuck", drop("rx_complete", "s.owner[page] = Owner.STACK"))
    found = {(one.site.function, one.coverage) for one in explore(stuck, stuck.sizes("tiny", {})).untested}
    assert ("drop", Coverage.NEVER_TRUE) in found
    assert ("xmit", Coverage.NEVER_EVALUATED) in found


def test_the_ledger_knows_guards_that_were_changed() -> None:
    """A mutated guard is looked up under its new text."""
    mutant = changed(yardstick, "m", instead("drop", "require(s.owner[page] == Owner.STACK)", "require(s.dirty[page])"))
    assert "require(s.dirty[page])" in {site.text for site in sites(mutant)}
