# SPDX-License-Identifier: MIT
"""Models for which `poolproof prove` once had a false answer, or failed: each has its true answer."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from .conftest import Command

ANSWERS = Path(__file__).parents[1] / "answers"


@pytest.fixture(autouse=True)
def _no_memory(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is proved here is remembered nowhere else."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def verdicts(path: Path) -> dict[str, dict[str, Any]]:
    """The invariants of a file of verdicts, by name."""
    content: dict[str, list[dict[str, Any]]] = json.loads(path.read_text())
    return {v["property"]: v for v in content["verdicts"] if "invariant" in v["kind"]}


def test_a_sort_of_one_member_has_one_in_a_proof(run_cli: Command) -> None:
    """The published invariant of the lock server is inductive, for there is one server; it is in the title."""
    printed = run_cli("prove", ANSWERS / "lockserv_lemmas.py", "--jobs", "1")
    assert printed.code == 0
    assert "Proved for any number of nodes, one server" in printed.out
    assert printed.flat.count(" any-N ") == 7


def test_what_is_violated_is_as_long_as_check_finds_it(run_cli: Command, desk: Path) -> None:
    """Each invariant names a shortest run of a scope, shows it, and `check` agrees in that scope."""
    broken = ANSWERS / "lockserv_broken.py"
    printed = run_cli("prove", broken, "--jobs", "1", "--json", "prove.json")
    assert printed.code == 12
    assert "Checked for any number of nodes, one server" in printed.out
    found = verdicts(desk / "prove.json")
    assert {v["verdict"] for v in found.values()} == {"violated"}
    for nodes in {v["scope"]["nodes"] for v in found.values()}:
        file = f"check{nodes}.json"
        assert run_cli("check", broken, "--set", f"nodes={nodes}", "--json", file).code == 12
        checked = verdicts(desk / file)
        for name, v in found.items():
            if v["scope"]["nodes"] == nodes:
                assert (v["steps"], v["scope"]) == (checked[name]["steps"], checked[name]["scope"])
                assert f"violated in {v['steps']} with nodes {nodes}, servers 1" in printed.flat
    assert len(re.findall("This breaks the invariant", printed.out)) == 7


@pytest.mark.parametrize(
    ("name", "least", "invariant"), [("named", 2, "nobody is used"), ("oob3", 3, "the third is free")]
)
def test_a_member_that_is_named_is_there(run_cli: Command, name: str, least: int, invariant: str) -> None:
    """Where the text names the k-th page, the proof is for that many at least, by its title."""
    printed = run_cli("prove", ANSWERS / f"{name}.py", "--jobs", "1")
    assert printed.code == 12
    assert f"Checked for any number of pages, at least {least}" in printed.out
    assert f"{invariant} violated in 1 with pages {least}" in printed.flat


def test_two_enums_of_one_name_are_two(run_cli: Command) -> None:
    """What they are called in Python does not matter."""
    printed = run_cli("prove", ANSWERS / "kinds.py", "--jobs", "1")
    assert printed.code == 0
    assert "one any-N" in printed.flat


def test_numbers_are_those_of_mathematics(run_cli: Command) -> None:
    """What is false at the start is false at the start, however large the numbers: by proof and by bounded search."""
    printed = run_cli("prove", ANSWERS / "bigc2.py", "--jobs", "1")
    assert printed.code == 12
    assert "big violated in 0 with pages 1" in printed.flat
    printed = run_cli("prove", ANSWERS / "bigc2.py", "--bmc", "1")
    assert printed.code == 12
    assert "big violated in 0" in printed.flat
    assert run_cli("prove", ANSWERS / "bigc2.py", "--k-induction", "1").code == 12


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


def test_a_way_that_a_lemma_empties_is_a_verdict(run_cli: Command, desk: Path) -> None:
    """The invariant holds, and the action that never happens is unknown: no pass, and no error of poolproof itself."""
    (desk / "emptied.py").write_text(EMPTIED)
    printed = run_cli("prove", "emptied.py", "--jobs", "1")
    assert printed.code == 14
    assert "find can happen: unreachable, proofs about it are vacuous" in printed.flat
    assert run_cli("prove", "emptied.py", "--jobs", "1", "--suggest").code in (0, 3)
