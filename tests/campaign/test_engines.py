# SPDX-License-Identifier: MIT
"""Two hundred machines made at random: every engine gives the same result for each."""

from __future__ import annotations

from collections import Counter
from itertools import cycle

import pytest

from checkers.core.traces import Finding
from checkers.core.verdict import Outcome
from checkers.explore.search import explore, reach
from checkers.export import agree
from checkers.export.other_tools import Rumur, Spin
from checkers.native import engine, staged
from checkers.prove.bounded import bmc
from tests.checkers.native.ways import WAYS, needs_a_compiler, replays, results

from .generator import FEATURES, OF_BUFFERS
from .machines import LARGE, MOST_PLAIN, Taken, campaign

pytestmark = [pytest.mark.slow, needs_a_compiler]

SHARDS = 34
DEPTH = 4
"""Steps that the bounded search looks ahead."""

shards = pytest.mark.parametrize("shard", range(SHARDS))
VERDICTS = ("violated", "lengths", "deadlock", "unreduced")


def verdicts(of: dict[str, object]) -> dict[str, object]:
    """What does not depend on which members are symmetric."""
    return {name: of[name] for name in VERDICTS}


@shards
def test_every_search_gives_the_same_result(shard: int) -> None:
    """Python and C, with symmetry and without, with tables, hashed and evaluated: counts, verdicts, lengths."""
    ways = cycle(WAYS.items())
    for taken in campaign(shard, SHARDS):
        machine, sizes, reduced = taken.machine, taken.sizes, results(taken.reduced)
        plain = explore(machine, sizes, (), MOST_PLAIN)
        if not plain.stopped:
            assert verdicts(results(plain)) == verdicts(reduced), machine.name
        for symmetric, wanted in [(machine.symmetric, reduced)] * 3 + [((), results(plain))] * (
            0 if plain.stopped else 2
        ):
            way, means = next(ways)
            seen = engine.explore(machine, sizes, symmetric, options=means)
            assert results(seen) == wanted, (machine.name, way)
            assert replays(seen)


@shards
def test_witnesses_of_several_stages_are_found_alike(shard: int) -> None:
    """The searches in Python and in C find a shortest run of the same length, or none."""
    for taken in campaign(shard, SHARDS):
        for witness in (w for w in taken.machine.witnesses if len(w.stages) > 1):
            found = reach(taken.machine, taken.sizes, witness), staged.reach(taken.machine, taken.sizes, witness)
            lengths = [len(f.trace.steps) if isinstance(f, Finding) else f for f in found]
            assert lengths[0] == lengths[1], taken.machine.name


@shards
def test_bounded_questions_have_the_answers_of_the_search(shard: int) -> None:
    """Bounded search finds every violation within its bound at its shortest length, and no other."""
    for taken in campaign(shard, SHARDS):
        lengths = {name: len(found.trace.steps) for name, found in taken.reduced.violated.items()}
        found = bmc(taken.machine, taken.sizes, DEPTH)
        assert {b.outcome for b in found} <= {Outcome.VIOLATED, Outcome.HOLDS}, taken.machine.name
        violated = {b.claim.name: b.depth for b in found if b.outcome is Outcome.VIOLATED}
        assert violated == {n: length for n, length in lengths.items() if length <= DEPTH}, taken.machine.name


@pytest.mark.parametrize("tool", [Spin(effort="-O0"), Rumur(effort="-O0")], ids=lambda t: t.name)
def test_every_tenth_is_counted_by_other_tools(tool: agree.Engine) -> None:
    """spin and rumur count the states and transitions of every tenth machine, and judge its invariants symmetric."""
    if not tool.available():
        pytest.skip(f"{tool.name}, a system package, is not installed")
    every = [t for t in campaign(0, 1) if within(tool, t)][::10]
    rows = [agree.compare(t.machine, t.sizes, (agree.Explorer("c"), tool)) for t in every]
    assert [line for row in rows for line in (*row.errors, *row.disagreements)] == []
    assert len(rows) >= 12


def within(tool: agree.Engine, taken: Taken) -> bool:
    """Does the tool count so far? Promela has 31 bits."""
    return tool.name != "spin" or "large numbers" not in taken.features


def test_the_campaign_is_worth_its_time() -> None:
    """Two hundred machines, half of them large, a third with a broken invariant, each feature in ten."""
    every = list(campaign(0, 1))
    features = Counter(feature for taken in every for feature in taken.features)
    assert len(every) >= 200
    assert sum(t.reduced.states > LARGE for t in every) * 2 >= len(every)
    assert sum(bool(t.reduced.violated) for t in every) * 3 >= len(every)
    assert sum(any(not t.reduced.violated.get(p.name) for p in t.machine.invariants) for t in every) * 3 >= len(every)
    assert all(features[feature] >= 10 for feature in (*FEATURES, *OF_BUFFERS)), features
    assert sum(any(len(w.stages) > 1 for w in t.machine.witnesses) for t in every) >= 10
