# SPDX-License-Identifier: MIT
"""Lines that are not in the order of time are put in order where that is certain, and refused where it is not."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from impl.linux.trace.files import Unreadable
from impl.linux.trace.lines import PREFIX
from poolproof import recordings
from poolproof.errors import BadRequest
from poolproof.recordings import Moment, Options
from tests.impl.linux.printed import A, B, P, Printer
from tools.tampering import in_time

TRACES = Path(__file__).parents[3] / "traces"
SEVERAL = ("6.1.192/mix_small", "6.1.192/kp_tun_mix", "6.12.117/vmxnet3_small", "6.12.117/hold_stalled")
"""Recordings whose events are of two CPUs."""


def lines_of(name: str) -> list[str]:
    return gzip.decompress((TRACES / f"{name}.trace.txt.gz").read_bytes()).decode().splitlines()


def cpu_of(line: str) -> int | None:
    found = None if line.startswith("#") else PREFIX.match(line)
    return int(found[3]) if found else None


def parts(lines: list[str], cpus: int | None = None) -> list[list[str]]:
    """The events of each CPU; of `cpus` CPUs, more than there are, if given: tasks move at random."""
    events = [line for line in lines if not line.startswith("#") and PREFIX.match(line)]
    if cpus:
        of = Random(1)
        events = [line.replace(f"[{cpu_of(line):03}]", f"[{of.randrange(cpus):03}]", 1) for line in events]
    return [[line for line in events if cpu_of(line) == cpu] for cpu in sorted({cpu_of(line) or 0 for line in events})]


def judged(path: Path, lines: list[str]) -> recordings.Judged:
    path.write_text("\n".join(lines) + "\n")
    return recordings.judged([str(path)], Options())


@pytest.mark.parametrize("heads", ["none", "one", "each"])
@pytest.mark.parametrize("cpus", [None, 2, 4])
@pytest.mark.parametrize("name", SEVERAL)
def test_lines_of_each_cpu_one_after_the_other_give_the_same_result(
    name: str, cpus: int | None, heads: str, tmp_path: Path
) -> None:
    """`grep -h` or `cat` over per_cpu, of 2 CPUs and of 4: the same pools, the same pages, no violation."""
    lines = lines_of(name)
    head = [line for line in lines if line.startswith("#")]
    each = parts(lines, cpus)
    text = head if heads == "one" else []
    for part in each:
        text = [*text, *(head if heads == "each" else []), *part]
    whole, done = judged(tmp_path / "whole", lines), judged(tmp_path / "t", text)
    assert done.judge.findings.total == 0
    times = [float(found[4]) for line in text if (found := PREFIX.match(line)) and not line.startswith("#")]
    assert bool(done.info.order) is (times != sorted(times))
    assert [p.holds.seen for p in done.judge.pools.ended] == [p.holds.seen for p in whole.judge.pools.ended]


REFUSED: dict[str, Callable[[list[str]], list[str]]] = {
    "reversed (tac)": lambda lines: lines[::-1],
    "sorted as text": sorted,
    "shuffled": lambda lines: Random(2).sample(lines, len(lines)),
    "twice": lambda lines: [*lines, *lines],
    "parts with heads that overlap": lambda lines: [*lines[:200], *lines[:10], *lines[100:]],
    "halves in the wrong order": lambda lines: [*lines[150:], *lines[:150]],
}


@pytest.mark.parametrize("how", REFUSED)
def test_where_the_lines_of_one_cpu_go_back_no_order_is_certain(how: str, tmp_path: Path) -> None:
    """One line that names the place, both times, and the way out."""
    with pytest.raises(
        Unreadable, match=r"line \d+: time goes back from .* on cpu \d.*give each recording once"
    ) as caught:
        judged(tmp_path / "t", REFUSED[how](lines_of("6.12.117/hold_stalled")))
    assert "\n" not in str(caught.value)


def test_a_real_violation_is_found_in_merged_lines(tmp_path: Path) -> None:
    """The head vouches that all lines are there: a page that is held twice is denied, by its line in the file."""
    p = Printer()
    p.lines.append("# entries-in-buffer/entries-written: 4/4   #P:2")
    p.hold(P, A, 1, cpu=0).release(P, A, 1, cpu=1).hold(P, A, 2, cpu=0).hold(P, A, 3, cpu=1)
    head, (one, two, three, four) = p.lines[:2], p.lines[2:]
    done = judged(tmp_path / "t", [*head, one, three, two, four])
    (found,) = done.judge.findings.as_json(done.info.line)
    assert (found["line"], found["invariant"]) == (6, "inflight_is_hold_minus_release")
    assert done.info.where(done.judge.findings.shown[0].event.line) == "line 6"


def test_merged_lines_not_confirmed_by_their_heads_deny_nothing(tmp_path: Path) -> None:
    """Of one CPU the end was cut off: what is missing is not the kernel's fault, and is not accepted either."""
    p = Printer().hold(P, A, 1, cpu=0).release(P, A, 1, cpu=1).hold(P, A, 2, cpu=0).release(P, A, 2, cpu=1)
    p.hold(P, A, 3, cpu=0)
    assert judged(tmp_path / "whole", p.lines).judge.findings.total == 0
    with pytest.raises(Unreadable, match="some may be missing"):
        judged(tmp_path / "t", [p.lines[0], p.lines[1], p.lines[3], p.lines[5], p.lines[2]])


def test_events_at_one_time_on_two_cpus_are_in_no_order(tmp_path: Path) -> None:
    """Where the clock is too coarse for an order, numbers decide, as under a clock that orders nothing."""
    text = [Printer().lines[0]]
    for cpu, release, hold in ((0, 1, 2), (1, 2, 1)):
        p = Printer()
        p.hold(P, A if cpu else B, hold, cpu=cpu).release(P, B if cpu else A, release, cpu=cpu)
        text += p.lines[1:]
    done = judged(tmp_path / "t", text)
    assert done.info.is_overtaken
    assert not done.info.is_ordered
    assert done.judge.findings.total == 0


def test_a_moment_in_merged_lines_is_a_time(tmp_path: Path) -> None:
    """A line number is ambiguous where lines were reordered."""
    p = Printer().hold(P, A, 1, cpu=0).hold(P, B, 2, cpu=1).release(P, A, 1, cpu=0)
    (tmp_path / "t").write_text("\n".join([p.lines[0], p.lines[2], p.lines[1], p.lines[3]]))
    with pytest.raises(BadRequest, match="give a time"):
        recordings.judged([str(tmp_path / "t")], Options(Moment(line=2)))
    assert recordings.judged([str(tmp_path / "t")], Options(Moment(time=0.0015))).held[0].pages == 1


def test_times_stay_where_they_are_when_lines_are_moved() -> None:
    """Recordings that are tampered with are still in the order of time."""
    lines = Printer().hold(P, A, 1).hold(P, B, 2).lines
    swapped = in_time([lines[0], lines[2], lines[1]])
    assert [PREFIX.match(line)[4] for line in swapped[1:]] == ["0.001000", "0.002000"]  # type: ignore[index]
    assert "hold=2" in swapped[1]


def test_the_lines_of_one_cpu_alone_deny_nothing(tmp_path: Path) -> None:
    """`per_cpu/cpu0/trace`: the head counts two CPUs, and numbers are missing."""
    p = Printer()
    p.lines.append("# entries-in-buffer/entries-written: 3/3   #P:2")
    p.hold(P, A, 1, cpu=0).hold(P, A, 2, cpu=0).release(P, A, 2, cpu=0).wait()
    with pytest.raises(Unreadable, match="of one CPU only"):
        judged(tmp_path / "t", [line.replace("[001]", "[000]") for line in p.lines])
    with pytest.raises(Unreadable, match="of one CPU only"):
        judged(tmp_path / "t", [line for line in p.lines if "[000]" in line])


@pytest.mark.parametrize("name", ["6.12.117/drop_small", "6.1.192/default_format", "6.12.117/hold_stalled"])
def test_lines_about_one_page_deny_nothing(name: str, tmp_path: Path) -> None:
    """`grep pfn=0x...`: of the numbers of its pool most are missing, which no kernel does."""
    lines = lines_of(name)
    page = next(line for line in lines if " page_pool_state_hold: " in line).split("pfn=")[1].split()[0]
    kept = [line for line in lines if line.startswith("#") or f"pfn={page} " in line]
    with pytest.raises(Unreadable, match="lines were filtered"):
        judged(tmp_path / "t", kept)


def test_merged_lines_of_a_buffer_that_ran_over_deny_nothing(tmp_path: Path) -> None:
    """The oldest lines of one CPU were overwritten, by its head: no gap shows where they were."""
    text: list[str] = []
    for n, part in enumerate(parts(lines_of("6.12.117/mm_hold"))):
        kept = part[len(part) // 2 :] if n else part
        text += ["# tracer: nop", f"# entries-in-buffer/entries-written: {len(kept)}/{len(part)}   #P:2", *kept]
    with pytest.raises(Unreadable, match="some may be missing"):
        judged(tmp_path / "t", text)
