# SPDX-License-Identifier: MIT
"""Verdicts as files for other tools: JSON (docs/verdicts.schema.json), JUnit XML, SARIF."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from checkers.core.verdict import Kind, Outcome, Verdict
from checkers.report.tables import counterexample_lines, sentence
from spec.dsl import Machine

from . import __version__

Function = Callable[..., Any]

SCHEMA = "poolproof-verdicts/1"
"""Name and version of the JSON; a change that a reader could trip over raises the number."""

BEGINNINGS = {
    "json": f'{{\n "schema": "{SCHEMA}"',
    "junit": """<?xml version='1.0' encoding='utf-8'?>\n<testsuites name="poolproof\"""",
    "sarif": '{\n "version": "2.1.0"',
}
"""How each kind of file begins. Only files that begin so are overwritten."""

SKIPPED = (Outcome.NOT_RUN, Outcome.NOT_OBSERVABLE)


def document(schema: str, content: Mapping[str, object]) -> dict[str, object]:
    """A JSON document: its schema, the tool with its version, the command, the time in UTC, then the content."""
    return {
        "schema": schema,
        "tool": {"name": "poolproof", "version": __version__},
        "command": ["poolproof", *sys.argv[1:]],
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        **content,
    }


def write_json(path: Path, verdicts: Sequence[Verdict], more: Mapping[str, object] | None = None) -> None:
    """Write all verdicts as one JSON document, with `more` beside them."""
    _write(path, document(SCHEMA, {"verdicts": [v.as_json() for v in verdicts], **(more or {})}))


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def write_junit(path: Path, verdicts: Sequence[Verdict]) -> None:
    """Write all verdicts as JUnit XML: a suite for each model, a case for each verdict."""
    root = ElementTree.Element("testsuites", name="poolproof")
    for model in dict.fromkeys(v.model for v in verdicts):
        mine = [v for v in verdicts if v.model == model]
        suite = ElementTree.SubElement(root, "testsuite", name=model, tests=str(len(mine)))
        suite.set("failures", str(sum(not v.expected for v in mine)))
        suite.set("skipped", str(sum(v.expected and v.outcome in SKIPPED for v in mine)))
        for verdict in mine:
            _case(suite, verdict)
    ElementTree.indent(root)
    path.write_bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


def _case(suite: ElementTree.Element, v: Verdict) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=v.model, name=v.property, time=f"{v.seconds:.3f}")
    text = "; ".join(filter(None, (v.outcome.value, v.label, v.note)))
    if not v.expected:
        ElementTree.SubElement(case, "failure", message=text).text = "\n".join(counterexample_lines(v)) or None
    elif v.outcome in SKIPPED:
        ElementTree.SubElement(case, "skipped", message=v.note)
    ElementTree.SubElement(case, "system-out").text = text


def write_sarif(path: Path, verdicts: Sequence[Verdict], machines: Mapping[str, Machine]) -> None:
    """Write each verdict that is not as expected as a SARIF 2.1.0 result, with file and line of its claim."""
    wrong = [v for v in verdicts if not v.expected and v.kind is not Kind.OBLIGATION]
    rules = [{"id": name, "shortDescription": {"text": sentence(name)}} for name in _properties(wrong)]
    driver = {"name": "poolproof", "version": __version__, "rules": rules}
    results = [_result(v, machines[v.model]) for v in wrong]
    _write(path, {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]})


def _properties(verdicts: Sequence[Verdict]) -> list[str]:
    return list(dict.fromkeys(v.property for v in verdicts))


def _result(verdict: Verdict, machine: Machine) -> dict[str, object]:
    result = ", ".join(filter(None, (verdict.outcome.value, verdict.label, verdict.note)))
    lines = [f"{verdict.model}: {sentence(verdict.property)}: {result}", *counterexample_lines(verdict)]
    return {
        "ruleId": verdict.property,
        "level": "warning" if verdict.outcome in (Outcome.BUDGET, Outcome.UNKNOWN) else "error",
        "message": {"text": "\n".join(lines)},
        "locations": [_location(_function(verdict, machine))],
    }


def _function(verdict: Verdict, machine: Machine) -> Function:
    """The function of the claim; of a deadlock `final`, where there is one; else the last action of the trace."""
    named: dict[str, Function] = dict(_functions(machine))
    if verdict.property in named:
        return named[verdict.property]
    if verdict.kind in (Kind.DEADLOCK, Kind.END) and machine.final:
        return machine.final
    last = verdict.trace.steps[-1:] if verdict.trace else ()
    return last[0].instance.action.fn if last else machine.system[0]


def _functions(machine: Machine) -> Iterator[tuple[str, Function]]:
    yield from ((action.name, action.fn) for action in machine.actions)
    yield from ((witness.name, witness.stages[0].fn) for witness in machine.witnesses)
    yield from ((claim.name, claim.fn) for claim in machine.invariants)


def _location(fn: Function) -> dict[str, object]:
    file = Path(fn.__code__.co_filename).resolve()
    here = Path.cwd().resolve()
    uri = file.relative_to(here).as_posix() if file.is_relative_to(here) else file.as_uri()
    region = {"startLine": fn.__code__.co_firstlineno}
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}
