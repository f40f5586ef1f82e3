# SPDX-License-Identifier: MIT
"""`poolproof trace`: a recording of a running kernel, judged by the rules."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from checkers.core.verdict import Exit, Kind, Outcome, Verdict, exit_code
from checkers.core.wording import counted
from checkers.report.columns import say
from impl.linux.conformance import rules
from spec.dsl import Machine
from spec.ownership import ownership

from .. import output, print_trace, recordings
from ..errors import BadRequest
from ..options import Json, Junit
from ..output_files import VerdictFiles
from ..recordings import Judged, Moment, Options

LABEL = "observed(trace)"


class Clock(StrEnum):
    """The trace clocks of the kernel."""

    GLOBAL = "global"
    COUNTER = "counter"
    MONO = "mono"
    MONO_RAW = "mono_raw"
    BOOT = "boot"
    TAI = "tai"
    TSC = "x86-tsc"
    LOCAL = "local"
    PERF = "perf"
    UPTIME = "uptime"


CLOCKS = f"the trace clock ({', '.join(Clock)}), where the text does not name it"


def trace(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="recordings of one boot in sequence; - is standard input")
    ],
    every_holder: Annotated[
        bool, typer.Option("--holders", help="print who held the pages of every pool that was waited for")
    ] = False,
    at: Annotated[str, typer.Option(metavar="LINE|TIME", help="print who holds pages then, not at the end")] = "",
    dmesg: Annotated[Path | None, typer.Option(metavar="FILE", help="the kernel's log of the same time")] = None,
    clock: Annotated[Clock | None, typer.Option(metavar="CLOCK", help=CLOCKS)] = None,
    strict: Annotated[bool, typer.Option("--strict", help="print each line that is not understood")] = False,
    json: Json = None,
    junit: Junit = None,
) -> None:
    """Judge a recording of a running kernel by the rules: where it violates them, and who holds which pages."""
    outputs = VerdictFiles(json, junit)
    outputs.require()
    done = recordings.judged(files, Options(moment(at), every_holder, strict, clock or "", dmesg))
    verdicts = verdicts_of(done)
    outputs.write(verdicts, more=as_json(done))
    print_trace.trace(output.console, done, verdicts, every_holder or bool(at))
    if dmesg and not done.judge.messages:
        say(output.console, f"{dmesg}: no known message about pools or pages in it", "yellow")
    code = exit_code(verdicts)
    raise typer.Exit(code or (Exit.BUDGET if done.interrupted or not done.judge.judged else Exit.OK))


def moment(text: str) -> Moment | None:
    """The moment of --at: a line, or a time if it has a point or an s."""
    if not text:
        return None
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e18:
        raise BadRequest(f"--at {text}: neither a line nor a time; for example --at 1200, or --at 11.607s")
    return Moment(line=int(text)) if text.isdecimal() else Moment(time=seconds)


def verdicts_of(done: Judged, machine: Machine = ownership) -> list[Verdict]:
    """A verdict for each invariant: not violated in a number of events, violated, or not observable in such a trace."""
    names = [c.name for c in machine.invariants]
    return [
        _verdict(done, machine, name) for name in dict.fromkeys([*names, rules.AS_MAPPED, *done.judge.findings.counts])
    ]


def _verdict(done: Judged, machine: Machine, name: str) -> Verdict:
    broken, tried = done.judge.findings.counts.get(name, 0), done.judge.tried(name)
    if broken:
        outcome, note = Outcome.VIOLATED, counted(broken, "time")
    elif tried:
        outcome, note = Outcome.NOT_VIOLATED, f"in {counted(tried, 'event')}"
    else:
        outcome, note = Outcome.NOT_OBSERVABLE, "at this level"
    return Verdict(
        "trace", Kind.INVARIANT, name, outcome, LABEL, "monitor", rules.SCOPE, machine.digest, not broken,
        seconds=done.seconds, note=note,
    )  # fmt: skip


def as_json(done: Judged) -> dict[str, object]:
    """What the JSON has beside the verdicts: the recording, violations, pools, who held pages, the kernel's log."""
    info, judge = done.info, done.judge
    return {
        "recording": {
            "files": [name for _, name in info.names],
            "lines": info.lines,
            "events": info.events_by_name(),
            "other_events": dict(info.others),
            "not_understood": info.not_understood,
            "pages_judged": judge.judged,
            "merged": bool(info.order),
            "kernel": info.kernel,
            "format": info.format,
            "tool": info.tool,
            "clock": info.clock,
            "hashed_pointers": info.is_hashed,
            "overwritten": info.overwritten,
            "lost": info.lost,
            "probe_misses": info.probe_misses,
            "interrupted": done.interrupted,
        },
        "findings": judge.findings.as_json(info.line),
        "pools": [pool.as_json() for pool in judge.pools.ended],
        "holders": [h.as_json() for h in (*done.stalls, *done.held)],
        "kernel_log": [event.message.text for event in judge.messages],
    }
