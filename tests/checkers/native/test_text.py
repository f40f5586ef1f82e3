# SPDX-License-Identifier: MIT
"""Names, quotes and counts in generated C: names are distinct, comments end where they should."""

from __future__ import annotations

import pytest

from checkers.explore.search import explore
from checkers.native import engine
from checkers.native.text import comment, name
from spec.dsl import Machine
from tests.machines import module

from .ways import KINDS, each_kind, exactly, needs_a_compiler

HEAD = """
from spec.dsl import Machine, Sort, State, between, count, each, field, history, implies, members, require, some


class Page(Sort, called="{letter}"):
    pass


class Ö(Sort):
    pass


class S(State):
    pages = members(Page, 1, 3)
    others = members(Ö, 1, 3)
    n = field(Page, between(0, 2), 0, "a number")
    up = field(Ö, bool, False, "a flag")
    h = history(Ö, "a counter")


def more(s: S, page: Page) -> None:
    require(s.n[page] < 2)
    s.n[page] += 1


def less(s: S, page: Page) -> None:
    require(s.n[page] > 0)
    s.n[page] = 0


def bump(s: S, other: Ö) -> None:
    s.up[other] = True
    s.h[other] += 1

"""

CLAIMS = {
    "a parameter like a member": """
def claim(s: S, uc3b65f31: Ö) -> bool:
    return implies(s.up[uc3b65f31], each(s.others, lambda q: implies(s.up[q], q == uc3b65f31)))
""",
    "a count beside the growth of a counter": """
def claim(before: S, after: S, other: Ö) -> bool:
    grown = after.h[other] - before.h[other]
    return grown == 0 or count(before.pages, lambda p: before.n[p] == after.h[other] - before.h[other]) <= 1
""",
    "some page beside the growth of a counter": """
def claim(before: S, after: S, other: Ö) -> bool:
    return not some(after.pages, lambda p: after.n[p] == after.h[other] - before.h[other] and after.n[p] == 1)
""",
}
KINDS_OF_CLAIMS = {name: "steps" if "before" in text else "always" for name, text in CLAIMS.items()}


def machine(claim: str, called: str = "names") -> Machine:
    """A machine with this claim, which is false, under this name."""
    made = (
        f"MACHINE = Machine(name={called!r}, doc='a text', state=S, system=(more, less, bump), "
        f"{KINDS_OF_CLAIMS[claim]}=(claim,), scopes={{'tiny': dict(pages=2, others=2)}})\n"
    )
    found: Machine = module(f"{HEAD}{CLAIMS[claim]}\n\n{made}").MACHINE
    return found


@needs_a_compiler
@each_kind
@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_is_judged_in_c_as_in_python(claim: str, options: engine.SearchOptions) -> None:
    """Names that are not ASCII are no other names, and the growth of a counter is no slot of a count."""
    made = machine(claim)
    sizes = made.sizes("tiny", {})
    expected = exactly(explore(made, sizes))
    assert exactly(engine.explore(made, sizes, options=options)) == expected
    assert expected["violated"] == ["claim"]


@needs_a_compiler
def test_no_name_of_a_machine_becomes_code() -> None:
    """A comment ends where it should: not at a mark, nor at one that a backslash and a new line hide."""
    made = machine("a parameter like a member", "x *\\\n/\n#define goto hit=0;goto\n/* ")
    sizes = made.sizes("tiny", {})
    assert engine.explore(made, sizes, options=KINDS["evaluated"]).violated.keys() == {"claim"}


@pytest.mark.parametrize("content", ["a */ b", "a *\\\n/ b", "a **/ b", "\\", "*", "/*"])
def test_a_comment_is_one(content: str) -> None:
    """It is on one line, and what it quotes neither ends it nor begins another."""
    printed = comment(content)
    assert "\n" not in printed
    assert printed.index("*/", 2) == len(printed) - 2


def test_names_are_distinct() -> None:
    """Whatever is in a name, no other name comes out the same."""
    names = ["ö_1", "uc3b65f31", "uc3b65f31_", "u", "ö", "uc3b6", "ö1", "o", "ö_"]
    assert len({name(one) for one in names}) == len(names)
