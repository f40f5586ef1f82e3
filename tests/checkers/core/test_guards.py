"""Guards as places in the text: which of them a search has put to the test."""

from __future__ import annotations

from checkers.core.guards import sites
from checkers.explore.search import explore
from models.yardstick import yardstick
from spec.dsl import drop, instead
from spec.dsl.ir import changed
from spec.ownership import ownership


def test_every_require_of_the_rules_is_a_site() -> None:
    """Actions and the helpers they call are looked through, and each guard is found once."""
    found = [(site.function, site.line) for site in sites(ownership)]
    assert len(found) == len(set(found))
    assert {"enter", "recycle", "pool_free", "device_unbind"} <= {function for function, _ in found}


def test_a_guard_that_is_always_true_is_reported() -> None:
    """With as many descriptors as pages the ring is never full, and the search says which guard made no difference."""
    roomy = explore(yardstick, yardstick.sizes("tiny", {"pages": 1}))
    assert ("rx_post", "never false") in {(site.function, says) for site, says in roomy.untested}
    full = explore(yardstick, yardstick.sizes("tiny", {"pages": 3}))
    assert full.untested == []


def test_a_guard_that_is_never_true_is_reported() -> None:
    """Where nothing is ever released into a state the guard wants, it is said to be never true."""
    stuck = changed(yardstick, "stuck", drop("rx_complete", "s.owner[page] = Owner.STACK"))
    says = {(site.function, says) for site, says in explore(stuck, stuck.sizes("tiny", {})).untested}
    assert ("drop", "never true") in says
    assert ("xmit", "never asked") in says


def test_the_ledger_knows_guards_that_were_changed() -> None:
    """A mutated guard is looked up under its new text."""
    mutant = changed(yardstick, "m", instead("drop", "require(s.owner[page] == Owner.STACK)", "require(s.dirty[page])"))
    assert "require(s.dirty[page])" in {site.text for site in sites(mutant)}
