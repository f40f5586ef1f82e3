# SPDX-License-Identifier: MIT
"""Verdicts as files: JSON by its schema, counterexamples in JUnit, SARIF results with file and line of the claim."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from checkers.core.verdict import Kind, Outcome
from poolproof import __version__, verdict_files

from .conftest import Command
from .drivers import AT_THE_START, NEVER_FIRES, SOUND, STUCK, UNREACHABLE, VIOLATED, write

ROOT = Path(__file__).parents[2]
SCHEMA: dict[str, Any] = json.loads((ROOT / "docs" / "verdicts.schema.json").read_text())
RECORDING = ROOT / "tests/traces/6.12.117/hold_stalled.trace.txt.gz"


@pytest.mark.parametrize(
    "words",
    [
        ("check", "bad.py", "stuck.py", "c06_home_to_the_completing_device", "--trace-dir", "traces"),
        ("check", "bad.py", "--max-states", "2"),
        ("prove", "bad.py", "--jobs", "1", "--no-cache"),
        ("prove", "bad.py", "--bmc", "3"),
        ("trace", RECORDING),
    ],
    ids=lambda words: " ".join(map(str, words[:2])),
)
def test_the_json_follows_its_schema(run_cli: Command, desk: Path, words: tuple[object, ...]) -> None:
    """What --json writes is valid by docs/verdicts.schema.json, with tool, version, command and time."""
    write(desk / "bad.py", VIOLATED)
    write(desk / "stuck.py", STUCK)
    run_cli(*words, "--json", "out.json")
    content = json.loads((desk / "out.json").read_text())
    jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(content)
    assert content["tool"] == {"name": "poolproof", "version": __version__}
    assert content["command"][0] == "poolproof"
    assert abs(datetime.fromisoformat(content["time"]) - datetime.now(UTC)) < timedelta(hours=1)
    assert content["verdicts"]


def test_the_schema_lists_all_kinds_and_outcomes() -> None:
    """A new kind of verdict or outcome is a change of the schema."""
    properties = SCHEMA["$defs"]["verdict"]["properties"]
    assert properties["kind"]["enum"] == [kind.value for kind in Kind]
    assert properties["verdict"]["enum"] == [outcome.value for outcome in Outcome]
    assert SCHEMA["$id"] == SCHEMA["properties"]["schema"]["const"] == verdict_files.SCHEMA


def test_the_schema_refuses_what_is_no_verdict(run_cli: Command, desk: Path) -> None:
    """A missing key, an unknown one and a value of another type are errors, so the test above can fail."""
    write(desk / "my.py", SOUND)
    run_cli("check", "my.py", "--json", "out.json")
    for wrong in ({"label": None}, {"more": 1}, {"states": -1}, {"kind": "promise"}):
        content = json.loads((desk / "out.json").read_text())
        content["verdicts"][0] |= wrong
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(content, SCHEMA)
    del content["tool"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content | {"verdicts": []}, SCHEMA)


def test_a_junit_failure_has_the_counterexample(run_cli: Command, desk: Path) -> None:
    """The text of a failure is what the screen shows of it."""
    write(desk / "my.py", VIOLATED)
    printed = run_cli("check", "my.py", "--junit", "out.xml")
    (failure,) = ElementTree.parse(desk / "out.xml").iter("failure")
    assert failure.text
    assert failure.text.startswith("my.py: at most one page is posted, in 2 steps\n  1  post(A)\n")
    assert failure.text in printed.out


def sarif(run_cli: Command, desk: Path, *words: object) -> list[dict[str, Any]]:
    """The results in the SARIF file of a command."""
    run_cli(*words, "--sarif", "out.sarif")
    content = json.loads((desk / "out.sarif").read_text())
    assert content["version"] == "2.1.0"
    (run,) = content["runs"]
    assert run["tool"]["driver"]["version"] == __version__
    results: list[dict[str, Any]] = run["results"]
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {result["ruleId"] for result in results}
    return results


@pytest.mark.parametrize(
    ("model", "claim", "function"),
    [
        (VIOLATED, "at_most_one_page_is_posted", "at_most_one_page_is_posted"),
        (AT_THE_START, "every_page_is_dirty", "every_page_is_dirty"),
        (UNREACHABLE, "a_page_is_dirty", "a_page_is_dirty"),
        (NEVER_FIRES, "clean", "clean"),
        (STUCK, "something_can_always_happen", "receive"),
    ],
)
def test_a_sarif_result_has_file_and_line(run_cli: Command, desk: Path, model: str, claim: str, function: str) -> None:
    """A claim that does not hold is at its own `def`; a deadlock, for want of `final`, at its last action."""
    text = write(desk / "my.py", model).read_text()
    result = next(r for r in sarif(run_cli, desk, "check", "my.py") if r["ruleId"] == claim)
    (location,) = result["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "my.py"
    line = text.splitlines()[location["physicalLocation"]["region"]["startLine"] - 1]
    assert line.startswith(f"def {function}(")


def test_a_sarif_message_has_the_counterexample(run_cli: Command, desk: Path) -> None:
    """The first line is the verdict, then come the steps; `prove` has them, too."""
    write(desk / "my.py", VIOLATED)
    (result,) = sarif(run_cli, desk, "check", "my.py")
    assert result["level"] == "error"
    assert result["message"]["text"].splitlines()[:3] == [
        "my.py: at most one page is posted: violated, exhaustive(tiny)",
        "my.py: at most one page is posted, in 2 steps",
        "  1  post(A)",
    ]
    (desk / "out.sarif").unlink()
    (result,) = sarif(run_cli, desk, "prove", "my.py", "--jobs", "1", "--no-cache")
    assert "This breaks the invariant: at most one page is posted." in result["message"]["text"]


def test_a_sarif_file_of_a_sound_model_is_empty(run_cli: Command, desk: Path) -> None:
    """What is as expected is no result; a second run replaces the file."""
    write(desk / "my.py", SOUND)
    assert sarif(run_cli, desk, "check", "my.py") == []
    assert sarif(run_cli, desk, "check", "my.py") == []
