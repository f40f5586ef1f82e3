# SPDX-License-Identifier: MIT
"""Models on which `poolproof prove` once said something false, or broke: each has its true answer."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from .conftest import Ask

ANSWERS = Path(__file__).parents[1] / "answers"


@pytest.fixture(autouse=True)
def _no_memory(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is proved here is remembered nowhere else."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def verdicts(path: Path) -> dict[str, dict[str, Any]]:
    """The invariants of a file of verdicts, by name."""
    content: dict[str, list[dict[str, Any]]] = json.loads(path.read_text())
    return {v["property"]: v for v in content["verdicts"] if "invariant" in v["kind"]}


def test_a_sort_of_one_member_has_one_in_a_proof(ask: Ask) -> None:
    """The published invariant of the lock server is inductive, for there is one server; it is in the title."""
    said = ask("prove", ANSWERS / "lockserv_lemmas.py", "--jobs", "1")
    assert said.code == 0
    assert "Proved for any number of nodes, one server" in said.out
    assert said.flat.count(" any-N ") == 7


def test_what_is_violated_is_as_long_as_check_finds_it(ask: Ask, desk: Path) -> None:
    """Each invariant names a shortest run of a scope, shows it, and `check` agrees in that scope."""
    broken = ANSWERS / "lockserv_broken.py"
    said = ask("prove", broken, "--jobs", "1", "--json", "prove.json")
    assert said.code == 12
    assert "Checked for any number of nodes, one server" in said.out
    found = verdicts(desk / "prove.json")
    assert {v["verdict"] for v in found.values()} == {"violated"}
    for nodes in {v["scope"]["nodes"] for v in found.values()}:
        file = f"check{nodes}.json"
        assert ask("check", broken, "--set", f"nodes={nodes}", "--json", file).code == 12
        checked = verdicts(desk / file)
        for name, v in found.items():
            if v["scope"]["nodes"] == nodes:
                assert (v["steps"], v["scope"]) == (checked[name]["steps"], checked[name]["scope"])
                assert f"violated in {v['steps']} with nodes {nodes}, servers 1" in said.flat
    assert len(re.findall("This breaks the invariant", said.out)) == 7


@pytest.mark.parametrize(
    ("name", "least", "invariant"), [("named", 2, "nobody is used"), ("oob3", 3, "the third is free")]
)
def test_a_member_that_is_named_is_there(ask: Ask, name: str, least: int, invariant: str) -> None:
    """Where the text names the k-th page, the proof is for that many at least, by its title."""
    said = ask("prove", ANSWERS / f"{name}.py", "--jobs", "1")
    assert said.code == 12
    assert f"Checked for any number of pages, at least {least}" in said.out
    assert f"{invariant} violated in 1 with pages {least}" in said.flat


def test_two_enums_of_one_name_are_two(ask: Ask) -> None:
    """What they are called in Python does not matter."""
    said = ask("prove", ANSWERS / "kinds.py", "--jobs", "1")
    assert said.code == 0
    assert "one any-N" in said.flat


def test_numbers_are_those_of_mathematics(ask: Ask) -> None:
    """What is false at the start is false at the start, however large the numbers: by proof and by bounded search."""
    said = ask("prove", ANSWERS / "bigc2.py", "--jobs", "1")
    assert said.code == 12
    assert "big violated in 0 with pages 1" in said.flat
    said = ask("prove", ANSWERS / "bigc2.py", "--bmc", "1")
    assert said.code == 12
    assert "big violated in 0" in said.flat
    assert ask("prove", ANSWERS / "bigc2.py", "--k-induction", "1").code == 12


EMPTIED = '''
"""A lemma contradicts what an action needs."""

from spec.dsl import Machine, Sort, State, field, members, require


class Page(Sort, called="{letter}"):
    """A page."""


class S(State):
    pages = members(Page, 1, 4)
    used = field(Page, bool, False, "whether it is used")
    lost = field(Page, bool, False, "whether it is lost")


def take(s: S, page: Page) -> None:
    require(not s.used[page])
    s.used[page] = True


def find(s: S, page: Page) -> None:
    require(s.lost[page])
    s.lost[page] = False


def nothing_is_lost(s: S, page: Page) -> bool:
    return not s.lost[page]


MODEL = Machine(name="emptied", doc="x", state=S, system=(take, find), always=(nothing_is_lost,),
                scopes={"tiny": dict(pages=2)})
'''


def test_a_way_that_a_lemma_empties_is_a_verdict(ask: Ask, desk: Path) -> None:
    """The invariant holds, and nothing can be said of the action that never happens: no pass, and no error of ours."""
    (desk / "emptied.py").write_text(EMPTIED)
    said = ask("prove", "emptied.py", "--jobs", "1")
    assert said.code == 14
    assert "find can happen: unreachable, proofs about it are vacuous" in said.flat
    assert ask("prove", "emptied.py", "--jobs", "1", "--suggest").code in (0, 3)
