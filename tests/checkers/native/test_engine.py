# SPDX-License-Identifier: MIT
"""The search in C behind the interface of the Python one: what it cannot do has a reason, and errors are the same."""

from __future__ import annotations

import pytest

from checkers import engines
from checkers.engines import EngineChoice
from checkers.explore.search import explore
from checkers.native import engine
from checkers.native.build import CannotCompile
from checkers.native.engine import SearchOptions
from models.yardstick import yardstick
from spec.dsl import SpecError
from tests.spec.dsl.snippets import action, machine

from .ways import QUICK, WAYS, each_kind, exactly, needs_a_compiler

pytestmark = needs_a_compiler


# What C cannot do.


def test_a_model_with_too_wide_a_page_is_for_python() -> None:
    """A page record of more bits than a word: the Python search answers, with the reason."""
    wide = "class T(S):\n" + "".join(f"    wide_{n} = field(Page, between(0, 255), 0, 'x')\n" for n in range(8))
    made = machine(wide + "\nS = T\n" + action("s.wide_0[page] = 1\ns.wide_1[page] = 2"))
    sizes = made.sizes("tiny", {})
    seen = engines.explore(made, sizes)
    assert seen.engine.startswith("explore (python): a page's record has ")
    assert seen.states == explore(made, sizes).states
    with pytest.raises(CannotCompile, match="more than a word"):
        engines.explore(made, sizes, choice=EngineChoice("c"))


@pytest.mark.parametrize(("n", "is_too_many"), [(126, False), (127, True)])
def test_a_model_with_too_many_claims_is_for_python(n: int, is_too_many: bool) -> None:
    """There is a bit for each of 126 invariants and witnesses; the last one is judged like the first."""
    claims = "".join(
        f"def invariant_{k}(s: S, dev: Device) -> bool:\n    return not s.up[dev] or {k} != {n - 1} + s.cap - s.cap\n"
        for k in range(n)
    )
    made = machine("def act(s: S, dev: Device) -> None:\n    s.up[dev] = True\n" + claims)
    sizes = made.sizes("tiny", {})
    seen = engines.explore(made, sizes, choice=EngineChoice(options=WAYS["tables, bitmap"]))
    assert seen.engine.startswith("explore (python): 127 invariants" if is_too_many else "explore (c)")
    assert {name: len(f.trace.steps) for name, f in seen.violated.items()} == {f"invariant_{n - 1}": 1}


# Bounds.

LEAVES = {
    "of a page": "def act_last(s: S, page: Page) -> None:\n    require(s.refs[page] > 0)\n    s.refs[page] += 1\n",
    "of a device": "def act_last(s: S, dev: Device) -> None:\n"
    "    require(count(s.pages, lambda p: s.refs[p] > 0) == 2)\n    s.level[dev] -= 1\n",
    "in a branch": "def act_last(s: S, page: Page) -> None:\n    if s.dirty[page]:\n        s.refs[page] -= 2\n"
    "    else:\n        s.dirty[page] = True\n",
}
INVARIANT = "def step(before: S, after: S, page: Page) -> bool:\n    return after.refs[page] != before.refs[page] + 2\n"
FIRST = """
class T(S):
    level = field(Device, between(0, 2), 0, 'x')

S = T

def act_first(s: S, page: Page) -> None:
    require(s.refs[page] < 2)
    s.refs[page] += 1

"""


@each_kind
@pytest.mark.parametrize("invariant", ["", INVARIANT], ids=["alone", "beside an invariant"])
@pytest.mark.parametrize("leaves", LEAVES)
def test_an_action_that_leaves_its_bounds_is_an_error(leaves: str, invariant: str, options: SearchOptions) -> None:
    """The same error at the same line as in Python, whether or not anything is invariant about steps."""
    made = machine(FIRST + LEAVES[leaves] + invariant)
    sizes = made.sizes("tiny", {})
    with pytest.raises(SpecError) as right:
        explore(made, sizes)
    with pytest.raises(SpecError) as caught:
        engine.explore(made, sizes, options=options)
    assert str(caught.value) == str(right.value)


def test_the_level_of_optimisation_changes_nothing() -> None:
    """Code compiled as it is shipped, fully optimised, has the same results as the code of these tests."""
    sizes = yardstick.sizes("tiny", {})
    for tables in (True, False):
        plain, quick = SearchOptions(threads=2, tables=tables), SearchOptions(threads=2, tables=tables, **QUICK)
        assert exactly(engine.explore(yardstick, sizes, yardstick.symmetric, options=plain)) == exactly(
            engine.explore(yardstick, sizes, yardstick.symmetric, options=quick)
        )
