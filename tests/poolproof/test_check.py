# SPDX-License-Identifier: MIT
"""`poolproof check`: what holds, how far, and the files for other tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from poolproof import catalog

from .conftest import Command, Printed
from .drivers import AT_THE_START, NOT_IN_SCOPE, SOUND, VIOLATED, write

COUNTS: list[tuple[str, dict[str, int]]] = [
    ("--pages 2", dict(states=757, unreduced_states=1_413)),
    ("--pages 3", dict(states=4_309, unreduced_states=21_621)),
    ("--pages 2 --symmetry none", dict(states=1_413, unreduced_states=1_413, transitions=6_454)),
    ("--pages 3 --symmetry none", dict(states=21_621, unreduced_states=21_621, transitions=136_168)),
    ("--pages 2 --symmetry all", dict(states=388, unreduced_states=1_413)),
    ("--pages 3 --symmetry all", dict(states=2_164, unreduced_states=21_621)),
]


def verdicts(path: Path) -> list[dict[str, Any]]:
    content: dict[str, list[dict[str, Any]]] = json.loads(path.read_text())
    return content["verdicts"]


@pytest.mark.parametrize(("options", "counts"), COUNTS, ids=[options for options, _ in COUNTS])
def test_the_yardstick_has_the_counts_other_tools_found(
    run_cli: Command, desk: Path, options: str, counts: dict[str, int]
) -> None:
    """With and without symmetry the command reports exactly the known counts, in the file and on the screen."""
    printed = run_cli("check", "yardstick", *options.split(), "--json", "out.json")
    assert printed.code == 0
    for verdict in verdicts(desk / "out.json"):
        assert {name: verdict[name] for name in counts} == counts
    assert all(f"{count:,}" in printed.flat for count in counts.values())


def test_each_invariant_witness_and_action_has_a_verdict_of_its_own(run_cli: Command, desk: Path) -> None:
    """The JSON has a record for each claim, with the label of how far it reaches."""
    run_cli("check", "per_packet", "--scope", "tiny", "--set", "ring_size=2", "--json", "out.json")
    found = verdicts(desk / "out.json")
    kinds = {v["kind"] for v in found}
    assert kinds == {"invariant", "step invariant", "deadlock", "end", "witness", "action", "refinement"}
    assert len({(v["kind"], v["property"]) for v in found}) == len(found)
    labels = {v["label"] for v in found if v["kind"] != "refinement"}
    assert labels == {"exhaustive(tiny, ring_size=2)"}
    assert {v["label"] for v in found if v["kind"] == "refinement"} == {"exhaustive(tiny)"}
    assert {"verdict", "engine", "scope", "digest", "expected", "seconds", "steps", "note"} <= found[0].keys()


def test_the_junit_file_has_each_verdict_with_its_label(run_cli: Command, desk: Path) -> None:
    """JUnit is well-formed XML; an unexpected verdict is a failure, and what was not run is skipped."""
    write(desk / "bad.py", VIOLATED)
    write(desk / "needs.py", NOT_IN_SCOPE)
    assert run_cli("check", "bad.py", "needs.py", "--junit", "out.xml", "--json", "out.json").code == 12
    suites = list(ElementTree.parse(desk / "out.xml").getroot())
    assert [suite.get("name") for suite in suites] == ["bad.py", "needs.py"]
    cases = [case for suite in suites for case in suite]
    assert [case.get("name") for case in cases] == [v["property"] for v in verdicts(desk / "out.json")]
    assert all(
        "exhaustive(tiny)" in (case.findtext("system-out") or "") or case.find("skipped") is not None for case in cases
    )
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    assert failed == ["at_most_one_page_is_posted"]
    assert suites[0].get("failures") == "1"
    assert suites[1].get("skipped") == "2"


def test_the_table_shows_what_holds_and_how_far(run_cli: Command, desk: Path) -> None:
    """A person reads the invariants as sentences, the scope in numbers, and one line that sums it up."""
    write(desk / "my.py", SOUND)
    printed = run_cli("check", "my.py")
    assert printed.code == 0
    assert "in every state at most one page is posted holds" in printed.flat
    assert "at every step a page is posted before it is received holds" in printed.flat
    assert "it can be that a page is received reached in 2" in printed.flat
    assert "my.py: exhaustive(tiny), every reachable state of pages 2" in printed.out
    assert "All 8 checks are as expected." in printed.out
    assert not printed.err


def test_a_witness_that_is_not_run_has_its_reason(run_cli: Command, desk: Path) -> None:
    """ "not run" is no failure, and the reason stands below the table."""
    write(desk / "my.py", NOT_IN_SCOPE)
    printed = run_cli("check", "my.py")
    assert printed.code == 0
    assert "not run there: a page is received, which needs pages >= 3" in printed.out
    assert "not run there" not in run_cli("check", "my.py", "--pages", 3).out


def test_a_violation_has_its_counterexample(run_cli: Command, desk: Path) -> None:
    """Numbered steps, below each only what changed, and at the end the broken invariant as a sentence."""
    write(desk / "my.py", VIOLATED)
    printed = run_cli("check", "my.py")
    lines = printed.out[printed.out.index("my.py: at most") :].splitlines()
    assert lines[:6] == [
        "my.py: at most one page is posted, in 2 steps",
        "  1  post(A)",
        "       place[A]: FREE -> RING",
        "  2  post(B)",
        "       place[B]: FREE -> RING",
        "     This breaks the invariant: at most one page is posted.",
    ]


def test_an_invariant_can_be_broken_at_the_start(run_cli: Command, desk: Path) -> None:
    """A counterexample without steps has "at the start" in its title, and its last line names for whom."""
    write(desk / "my.py", AT_THE_START)
    printed = run_cli("check", "my.py")
    assert printed.code == 12
    assert (
        "my.py: every page is dirty, at the start\n     This breaks the invariant: every page is dirty (A)."
        in printed.out
    )
    assert "1 of 8 checks is not as expected." in printed.out


def test_one_page_can_be_followed(run_cli: Command) -> None:
    """With --only-page A the counterexample leaves out what concerns other pages only, and keeps what is no page's."""
    name = "b28_returned_twice_on_a_full_tx_ring"
    whole, only = run_cli("check", name).out, run_cli("check", name, "--only-page", "A").out
    assert "(B)" in whole
    steps = [line for line in only.splitlines() if line.startswith("  ") and "breaks the invariant" not in line]
    assert not [line for line in steps if "(B" in line or "[B" in line]
    assert {line for line in whole.splitlines() if "[A" in line} <= set(steps)
    assert "       life[pool0]: ABSENT -> LIVE" in steps
    assert "This breaks the invariant: an idle page has no references and no sender (B)." in only


def test_a_broken_model_is_as_expected_and_its_counterexample_is_printed(run_cli: Command) -> None:
    """A bug of the zoo that breaks as declared is no failure; its counterexample is printed if it is named."""
    printed = run_cli("check", "c06_home_to_the_completing_device")
    assert printed.code == 0
    assert "in 5 steps, as declared" in printed.flat
    assert "an idle page is at home and mapped there only, in 5 steps" in printed.out
    assert "The check is as expected." in printed.out


def test_a_model_named_twice_is_checked_once(run_cli: Command, desk: Path) -> None:
    """The same name twice makes no second row and no second suite."""
    run_cli("check", "yardstick", "yardstick", "--scope", "tiny", "--json", "out.json")
    properties = [v["property"] for v in verdicts(desk / "out.json")]
    assert len(properties) == len(set(properties))


def test_guards_that_make_no_difference_are_named(run_cli: Command) -> None:
    """Guards that never refuse a step in the scope are listed."""
    printed = run_cli("check", "yardstick", "--scope", "tiny")
    assert "Guards of yardstick that this scope does not test:" in printed.out
    assert "  never false: xmit: require(in_tx(s, dev) < s.tx_limit)" in printed.out
    assert "does not test" not in run_cli("check", "yardstick", "--scope", "small").out


def saved_by(run_cli: Command, *words: object) -> tuple[Printed, list[str]]:
    printed = run_cli("check", *words, "--trace-dir", "traces")
    return printed, sorted(path.name for path in Path("traces").iterdir())


def test_every_trace_is_saved_and_named_in_the_verdicts(run_cli: Command, desk: Path) -> None:
    """--trace-dir saves witnesses and counterexamples alike; the JSON names the files, the screen the next command."""
    write(desk / "my.py", VIOLATED)
    printed, names = saved_by(run_cli, "my.py", "--json", "out.json")
    assert names == [
        "my.a_page_is_received.itf.json",
        "my.a_page_is_received_then_it_is_free_again.itf.json",
        "my.at_most_one_page_is_posted.itf.json",
    ]
    assert sorted(Path(v["trace"]).name for v in verdicts(desk / "out.json") if v["trace"]) == names
    assert "3 traces saved in traces; `poolproof replay FILE` runs one again." in printed.out
    assert saved_by(run_cli, "my.py")[1] == names


def test_all_models_are_checked_where_none_is_named(run_cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without arguments every shipped model is checked, and one of the expected counterexamples is printed."""
    shown = ("yardstick", "per_packet", "c06_home_to_the_completing_device", "b03_mapping_outlives_the_driver")
    shipped = {name: model for name, model in catalog.SHIPPED.items() if name in shown}
    monkeypatch.setattr(catalog, "SHIPPED", shipped)
    printed = run_cli("check", "--scope", "tiny")
    assert printed.code == 0
    assert all(name in printed.out for name in shown)
    assert printed.out.count("This breaks the invariant") == 1
    assert "b03_mapping_outlives_the_driver: no mapping outlives the driver, in 7 steps" in printed.out
    assert "Another counterexample: poolproof check MODEL" in printed.out
