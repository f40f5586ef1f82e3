# SPDX-License-Identifier: MIT
"""Other tools find the same counts; a tool that is missing, fails or prints nonsense never agrees."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from select import select
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from checkers.explore.search import Budget, explore
from checkers.export import agree
from checkers.export.other_tools import DEPTH, Count, OtherTool, Rumur, Spin, ToolError
from poolproof import catalog
from spec.dsl import Machine
from tests.exported import QUICK, WORDS, Answering, only_some_pages_are_green, traps
from tests.machines import machines
from tests.sampling import one_in
from tools.docs import build

SMALL = [catalog.find("yardstick"), traps(), traps(only_some_pages_are_green), WORDS]
TABLE = (build.DOCS / "exporting.md").read_text()


def must_agree(machine: Machine, tools: list[OtherTool]) -> None:
    """The tools count the states and transitions that we count, and judge as we do."""
    row = agree.compare(machine, machine.sizes("tiny", {}), (agree.Explorer(), *tools))
    assert (row.errors, row.disagreements) == ([], [])
    assert len(row.counts) == 1 + len(tools)


@pytest.fixture
def installed() -> list[OtherTool]:
    """The other tools there are on this machine."""
    tools: list[OtherTool] = [tool for tool in QUICK if tool.available()]
    return tools or pytest.skip("spin or rumur, and a C compiler, are needed; they are system packages")


@pytest.mark.parametrize("machine", SMALL, ids=["yardstick", "traps", "broken traps", "words"])
def test_other_tools_count_the_same(machine: Machine, installed: list[OtherTool]) -> None:
    """Small models: the same states, the same transitions, and the same verdict about the invariants."""
    must_agree(machine, installed)


@pytest.mark.parametrize("machine", one_in(2, reversed(catalog.SOUND)), ids=lambda m: m.name)
def test_other_tools_count_what_the_docs_have(machine: Machine, installed: list[OtherTool]) -> None:
    """Every sound model at tiny has the states and transitions of docs/exporting.md, and keeps its invariants."""
    row = next(line for line in TABLE.splitlines() if line.startswith(f"│ {machine.name} "))
    states, transitions = (int(n.replace(",", "")) for n in re.findall(r"[\d,]+", row)[:2])
    output = Answering("docs", Count(states, transitions, True))
    found = agree.compare(machine, machine.sizes("tiny", {}), (output, *installed))
    assert (found.errors, found.disagreements) == ([], [])


def test_other_tools_count_machines_written_at_random(installed: list[OtherTool]) -> None:
    """The same for random machines."""

    @settings(deadline=None, max_examples=3, database=None, suppress_health_check=list(HealthCheck))
    @given(machines())
    def compared(machine: Machine) -> None:
        assume(not explore(machine, machine.sizes("tiny", {}), (), Budget(states=2000)).stopped)
        must_agree(machine, installed)

    compared()


# -- stand-ins -----------------------------------------------------------------------------------------------------

SPIN = """(Spin Version 6.5.2 -- 6 December 2019)

Full statespace search for:
	invalid end states	+

State-vector 28 byte, depth reached 51, errors: {errors}
     {stored} states, stored
     1924 states, matched
     {taken} transitions (= stored+matched)
"""
RUMUR = """<?xml version="1.0" encoding="utf-8"?>
<rumur_run>
<information state_size_bits="16" state_size_bytes="2" hash_table_slots="65536"/>
{message}<summary states="{states}" rules_fired="{fired}" errors="{errors}" duration_seconds="0"/>
</rumur_run>
"""
SPIN_RIGHT = SPIN.format(errors=0, stored=509, taken=2433)
RUMUR_RIGHT = RUMUR.format(errors=0, states=508, fired=2428, message="")
Prepared = Callable[[str], None]


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prepared:
    """Stand-ins for spin, rumur and the C compiler; what the compiler makes is a script that is given."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "work"))

    def prepare(script: str) -> None:
        program = executable(tmp_path / "bin" / "program", script)
        executable(tmp_path / "bin" / "cc", f"cp {program} pan && cp {program} model")
        for name in ("spin", "rumur"):
            executable(tmp_path / "bin" / name, "exit 0")

    return prepare


def executable(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def printing(words: str) -> str:
    return f"cat <<'END'\n{words}\nEND"


def answer(tool: OtherTool) -> Count:
    machine = traps()
    return tool.count(machine, machine.sizes("tiny", {}))


@pytest.mark.parametrize(("tool", "output"), [(Spin(), SPIN_RIGHT), (Rumur(), RUMUR_RIGHT)], ids=["spin", "rumur"])
def test_the_output_of_a_tool_is_read(prepared: Prepared, tool: OtherTool, output: str, tmp_path: Path) -> None:
    """States and transitions without what the tool counts too much; and nothing is left behind."""
    prepared(printing(output))
    assert tool.available()
    assert answer(tool) == Count(508, 2428, True)
    assert list((tmp_path / "work").iterdir()) == []


WRONG = [
    pytest.param(Spin(), SPIN.format(errors=0, stored=508, taken=2433), "states, spin 507", id="spin"),
    pytest.param(Rumur(), RUMUR_RIGHT.replace("508", "509"), "states, rumur 509", id="rumur"),
]


@pytest.mark.parametrize(("tool", "output", "line"), WRONG)
def test_a_wrong_number_is_a_disagreement(prepared: Prepared, tool: OtherTool, output: str, line: str) -> None:
    """A tool that counts one state more or less turns the comparison red."""
    prepared(printing(output))
    machine = traps()
    row = agree.compare(machine, machine.sizes("tiny", {}), (agree.Explorer(), tool))
    assert row.disagreements == [f"traps: explore (python) counts 508 {line}"]
    assert agree.exit_code([row]) == 14


SHALLOW = "error: max search depth too small\n" + SPIN_RIGHT
INDEX = "pan:1: assertion violated - invalid array index (at depth 1)\n" + SPIN.format(errors=1, stored=9, taken=9)
RANGE = RUMUR.format(errors=1, states=9, fired=9, message="<message>m:3.1: index out of range</message>\n")
BAD = [
    pytest.param(Spin(), printing("508 states"), "spin: output not understood: 508 states", id="spin nonsense"),
    pytest.param(Spin(), "exit 0", "spin: output not understood: it is empty", id="spin silent"),
    pytest.param(Spin(), printing(SPIN_RIGHT * 2), "spin: output not understood", id="spin twice"),
    pytest.param(Spin(), printing(SPIN_RIGHT.replace("509", "5.09e+02")), "spin: output not", id="spin rounded"),
    pytest.param(Spin(), printing(SHALLOW), "the search is not complete: error: max search depth too", id="spin depth"),
    pytest.param(Spin(), printing("Warning: Search not completed\n" + SPIN_RIGHT), "not complete", id="spin memory"),
    pytest.param(Spin(), printing(INDEX), "not complete: pan:1: assertion violated - invalid", id="spin index"),
    pytest.param(Rumur(), printing("508 states"), "rumur: output not understood: 508 states", id="rumur nonsense"),
    pytest.param(Rumur(), "exit 1", "rumur: output not understood: it is empty", id="rumur silent"),
    pytest.param(Rumur(), printing(RANGE), "not complete: m:3.1: index out of range", id="rumur range"),
]


@pytest.mark.parametrize(("tool", "script", "words"), BAD)
def test_what_is_no_count_is_an_error(prepared: Prepared, tool: OtherTool, script: str, words: str) -> None:
    """Nonsense, silence, and a search that is not complete are errors with the tool's name, never a count."""
    prepared(script)
    with pytest.raises(ToolError, match=r"^(spin|rumur): ") as error:
        answer(tool)
    assert words in str(error.value)


ASSERTED = "pan:1: assertion violated  !(( !(dirty[0]))) (at depth 4)\n" + SPIN.format(errors=1, stored=9, taken=9)
FAILED = RUMUR.format(errors=1, states=9, fired=9, message="<message>invariant &quot;x&quot; failed</message>\n")
BROKEN = [
    pytest.param(Spin(), ASSERTED, SPIN_RIGHT, "assert(", "model.pml", id="spin"),
    pytest.param(Rumur(), FAILED, RUMUR_RIGHT, 'invariant "', "model.m", id="rumur"),
]


@pytest.mark.parametrize(("tool", "stops", "counts", "word", "file"), BROKEN)
def test_a_violated_invariant_is_reported_and_states_are_counted_without(
    prepared: Prepared, tool: OtherTool, stops: str, counts: str, word: str, file: str
) -> None:
    """A tool stops at a violated invariant; a second run without invariants gives the count."""
    prepared(f"if grep -qF '{word}' {file}; then\n{printing(stops)}\nelse\n{printing(counts)}\nfi")
    assert answer(tool) == Count(508, 2428, False)


@pytest.mark.parametrize("tool", QUICK, ids=lambda tool: tool.name)
def test_the_error_of_a_tool_has_the_reason(prepared: Prepared, tool: OtherTool, tmp_path: Path) -> None:
    """The error has the first line of its output, or the reason why it cannot be run."""
    prepared("exit 0")
    executable(tmp_path / "bin" / tool.name, "echo 'line 3: syntax error'; echo more; exit 2")
    with pytest.raises(ToolError, match=f"^{tool.name}: {tool.name} fails: line 3: syntax error$"):
        answer(tool)
    executable(tmp_path / "bin" / "cc", "exit 1")
    executable(tmp_path / "bin" / tool.name, "exit 0")
    with pytest.raises(ToolError, match=f"^{tool.name}: cc fails: exit code 1$"):
        answer(tool)
    executable(tmp_path / "bin" / "cc", "exit 0")
    with pytest.raises(ToolError, match=f"^{tool.name}: .* cannot be run: No such file or directory$"):
        answer(tool)


def test_a_tool_that_takes_too_long_is_stopped_with_all_it_started(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process outlives its time, nor its directory. The time is over when the tool has started one of its own."""
    communicate, child = subprocess.Popen.communicate, tmp_path / "child"
    os.mkfifo(child)
    numbers: list[int] = []

    def hurried(self: subprocess.Popen[bytes], timeout: float) -> tuple[bytes, bytes]:
        assert timeout == 77
        if self.args == ("./pan", f"-m{DEPTH}"):
            numbers.append(int(child.read_text()))
            timeout = 0.001
        return communicate(self, timeout=timeout)

    prepared(f"sleep 600 & echo $! > {child}; wait")
    monkeypatch.setattr(subprocess.Popen, "communicate", hurried)
    with pytest.raises(ToolError, match=r"^spin: ./pan gives no answer within 77 s$"):
        answer(Spin(seconds=77))
    assert_gone(numbers.pop())
    assert list((tmp_path / "work").iterdir()) == []


def test_an_interrupt_stops_the_tool(prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C reaches us, and the tool is stopped before it goes on."""
    started: list[subprocess.Popen[bytes]] = []

    def interrupted(self: subprocess.Popen[bytes], **_: Any) -> Any:
        started.append(self)
        raise KeyboardInterrupt

    prepared("exit 0")
    executable(tmp_path / "bin" / "spin", "sleep 600")
    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        answer(Spin())
    assert started[0].returncode is not None
    assert list((tmp_path / "work").iterdir()) == []


def assert_gone(pid: int) -> None:
    """The process is no more, or is dying; one that is not would live for ten minutes."""
    with suppress(ProcessLookupError):
        dying = os.pidfd_open(pid)
        assert select([dying], [], [], 60.0)[0]
        os.close(dying)


def test_a_tool_that_is_not_there_is_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the tool, or without a C compiler, the answer is that it is not installed."""
    monkeypatch.setenv("PATH", str(tmp_path))
    executable(tmp_path / "spin", "exit 0")
    machine = traps()
    row = agree.compare(machine, machine.sizes("tiny", {}), (Spin(), Rumur()))
    assert row.answers == {"spin": None, "rumur": None}
    assert agree.exit_code([row]) == 0
