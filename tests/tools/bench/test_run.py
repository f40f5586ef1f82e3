# SPDX-License-Identifier: MIT
"""What `make bench` measures, refuses and prints; no test depends on speed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from checkers.native.build import compiler
from poolproof import errors, output
from tests.poolproof.conftest import Printed
from tools.bench import cases, run, runs
from tools.bench import peer as peers
from tools.bench.machine import Surroundings
from tools.bench.peer import Peers, slots
from tools.bench.results import Limit, Row
from tools.bench.runs import Run

pytestmark = pytest.mark.skipif(not compiler(), reason="no C compiler (cc) on this machine")

STAND_IN = """
#include <stdio.h>
#ifdef SYM
#define STATES 19981
#define TRANSITIONS 139940
#else
#define STATES 345749
#define TRANSITIONS 2781114
#endif
int main(void)
{{
    printf("NP=%d any states %d transitions %d (+1 initial) depth 23\\n", NP, STATES - {states}, TRANSITIONS - {taken});
    printf("wall 0.50 cpu 0.40: 1.0 M states/cpu-s, 7.0 M trans/cpu-s, 1.0 tsc cycles/trans\\n");
    return 0;
}}
"""
SMALL = replace(cases.QUICK, cases=cases.QUICK.cases[1:], cold=(), designs=())

Measure = Callable[..., Printed]


@pytest.fixture
def measure(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Measure:
    """Type the command; what is printed is caught."""
    monkeypatch.setattr(output, "console", output.Output(highlight=False, width=170))

    def typed(*words: object) -> Printed:
        capsys.readouterr()
        code = errors.guarded(lambda: run.app([str(word) for word in words], standalone_mode=False))
        return Printed(code, *capsys.readouterr())

    return typed


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure one case only, and no other tool."""
    monkeypatch.setattr(cases, "QUICK", SMALL)
    monkeypatch.setattr(runs, "spin", lambda measured: None)


def peer(folder: Path, states: int = 0, taken: int = 0) -> Path:
    """A folder with a peer that counts this many too few."""
    (folder / "explore.c").write_text(STAND_IN.format(states=states, taken=taken))
    return folder


@pytest.mark.slow
def test_a_quick_run_counts_what_is_known(measure: Measure, tmp_path: Path) -> None:
    """Every way of ours, and the peer, count what three other tools have counted; tiny cases have no target."""
    printed = measure("--quick", "--peers", peer(tmp_path))
    assert (printed.code, printed.err) == (0, "")
    for way in ("tables, bitmap", "tables, hash set", "evaluated, hash set"):
        assert f"4 pages {way} 345,749 2,781,114 23" in printed.flat
    for way in ("tables, bitmap", "tables, hash set"):
        assert f"4 pages, symmetric {way} 19,981 139,940 23" in printed.flat
    assert "keep_mapped, tiny" in printed.flat
    assert "6,672" in printed.flat
    assert "targets" not in printed.flat
    assert printed.out.startswith("date ")


@pytest.mark.slow
def test_without_peers_only_their_columns_are_empty(measure: Measure, small: None, tmp_path: Path) -> None:
    """Without a peer the bench measures ours, and prints that there is none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(peers, "FOLDER", tmp_path)
        printed = measure("--quick")
    assert printed.code == 0
    assert printed.flat.count("not there") == 2
    assert "spin is not installed" in printed.flat


@pytest.mark.parametrize(
    ("states", "taken", "difference"),
    [(1, 0, "19,981 states, the peer (explore.c) 19,980"), (0, 1, "139,940 transitions, the peer (explore.c) 139,939")],
)
def test_a_peer_that_counts_otherwise_is_no_peer(
    measure: Measure, small: None, tmp_path: Path, states: int, taken: int, difference: str
) -> None:
    """The bench fails with one line that names both engines and both numbers."""
    printed = measure("--quick", "--peers", peer(tmp_path, states, taken))
    assert printed.code == 14
    case = "poolproof: yardstick, 4 pages, symmetric: our tables, bitmap counts"
    assert printed.err == f"{case} {difference}; no speeds are compared\n"


@pytest.mark.slow
def test_spin_must_agree_too(measure: Measure, small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool that counts another number of states is not faster or slower, it is wrong."""
    monkeypatch.setattr(runs, "spin", lambda measured: Run(1413, 6453, 1.0, 1.0))
    printed = measure("--quick", "--peers", peer(tmp_path))
    assert printed.code == 14
    assert "yardstick, 2 pages: our tables, bitmap counts 6,454 transitions, spin 6,453" in printed.err


def test_a_peer_that_is_not_understood_is_an_error(measure: Measure, small: None, tmp_path: Path) -> None:
    """The output of a peer is a count, or the bench ends with the code of a broken tool."""
    (tmp_path / "explore.c").write_text('#include <stdio.h>\nint main(void) { puts("table full"); return 0; }\n')
    printed = measure("--quick", "--peers", tmp_path)
    assert (printed.code, printed.err) == (150, "poolproof: explore.c: output not understood: table full\n")


def test_a_peer_that_does_not_compile_is_an_error(measure: Measure, small: None, tmp_path: Path) -> None:
    """So does one that is no C."""
    (tmp_path / "explore.c").write_text("#error no\n")
    printed = measure("--quick", "--peers", tmp_path)
    assert printed.code == 150
    assert "fails with exit code 1" in printed.err


def test_an_interrupt_shows_what_was_measured(
    measure: Measure, small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C ends the bench as a budget does, and what was measured so far is printed."""

    def interrupted(*words: object) -> Run:
        raise KeyboardInterrupt

    monkeypatch.setattr(Peers, "run", interrupted)
    printed = measure("--quick", "--peers", peer(tmp_path))
    assert (printed.code, printed.err) == (3, "poolproof: interrupted; the report has what was measured so far\n")
    assert "4 pages, symmetric tables, bitmap 19,981 139,940 23" in printed.flat
    assert "hash set" not in printed.flat


@pytest.mark.slow
def test_markdown_keeps_what_stands_before_it(measure: Measure, small: None, tmp_path: Path) -> None:
    """Tables are written after the mark, again and again; the words before it stay."""
    file = tmp_path / "speed.md"
    file.write_text(f"# Words\n\n{run.MARK}what was there\n")
    for _ in range(2):
        assert measure("--quick", "--peers", peer(tmp_path), "--markdown", file).code == 0
    text = file.read_text()
    assert text.startswith(f"# Words\n\n{run.MARK}\n```\ndate ")
    assert "| 4 pages, symmetric | tables, bitmap | 19,981 | 139,940 | 23 |" in text
    assert "what was there" not in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--peers", "nowhere"), "--peers nowhere: has no explore.c; give the folder of the peers"),
        (("--quick", "--long"), "--quick --long: opposites; give one of them"),
        (("--markdown", "notes.md"), "notes.md: has no line"),
        (("--markdown", "no/where.md"), "the directory no does not exist"),
        (("--rounds", "0"), "'0'"),
    ],
)
def test_what_cannot_be_done_is_refused_before_it_is_begun(
    measure: Measure, desk: Path, words: tuple[str, ...], message: str
) -> None:
    """One line with the value, the rule and the way out, and exit code 2."""
    Path("notes.md").write_text("mine\n")
    printed = measure(*words)
    assert (printed.code, printed.out) == (2, "")
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert Path("notes.md").read_text() == "mine\n"


def at(cpu: float) -> Run:
    return Run(10, 1_000_000, cpu, 2 * cpu)


def test_a_ratio_is_of_medians_and_its_range_of_rounds() -> None:
    """One round in which others used the machine moves the range and not the ratio."""
    row = Row("any", 2.0, run.by_cpu, [at(1.0), at(1.0), at(8.0)], [at(2.0), at(2.0), at(2.0)])
    assert (row.ratio, row.spread, row.met) == (2.0, (0.25, 2.0), True)
    assert replace(row, target=2.1).met is False
    assert replace(row, rival=[]).met is None
    assert Row("any", 2.0, run.by_wall, [at(1.0)], [at(2.0)]).rivals == 0.25


def test_a_limit_is_met_by_the_median() -> None:
    """A single slow start breaks no limit."""
    assert Limit("any", "s", 2.0, [1.0, 1.5, 9.0]).met
    assert not Limit("any", "s", 2.0, [2.5, 1.5, 9.0]).met


@pytest.mark.parametrize(("states", "log2"), [(5_631_309, 24), (92_083_181, 28), (4, 4), (3, 3)])
def test_the_peers_table_is_as_large_as_it_must_be(states: int, log2: int) -> None:
    """The smallest power of two above twice the number of states."""
    assert slots(states) == log2
    assert 2 ** (log2 - 1) <= 2 * states < 2**log2


def test_load_that_is_not_ours_is_warned_of() -> None:
    """A machine on which others compute is named as one, before and after; our own load is none."""
    quiet = Surroundings(load=(0.1, 0.1, 0.1), load_after=(1.1, 1.0, 0.5), seconds=100.0, own_load=1.0)
    assert not list(quiet.warnings())
    busy = replace(quiet, load=(1.9, 1.0, 1.0), load_after=(2.9, 1.0, 1.0))
    assert [line.split(":")[0] for line in busy.warnings()] == ["warning"] * 2


def test_the_cost_of_a_state_is_read_from_the_engine() -> None:
    """Bits of a bitmap, or bytes of a hash set; only these are held to a number of bytes."""
    bitmap = Run(1, 1, 1.0, 1.0, memory="bitmap of 99 bits, 44 % used: 2.3 bits a state")
    table = Run(1, 1, 1.0, 1.0, memory="hash set, 12.1 bytes a state")
    assert (bitmap.a_state, bitmap.bytes_a_state) == ("2.3 bits", 0.0)
    assert (table.a_state, table.bytes_a_state) == ("12.1 bytes", 12.1)
