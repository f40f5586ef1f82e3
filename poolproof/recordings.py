# SPDX-License-Identifier: MIT
"""Recordings of running kernels: read, judged by the rules, with who held pages at a moment of the recording."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic

from checkers.monitor import Monitor
from impl.linux.conformance import holders, rules
from impl.linux.conformance.holders import Holders
from impl.linux.conformance.page_judge import Judge
from impl.linux.trace.dmesg import Log
from impl.linux.trace.events import Event, LogMessage
from impl.linux.trace.files import STDIN, Unreadable, lines_of, opened
from impl.linux.trace.info import RecordingInfo
from impl.linux.trace.merging import TimeGoesBack
from impl.linux.trace.reading import NOT_FROM_A_PIPE, Recording
from spec.dsl import Machine
from spec.ownership import ownership

from . import output
from .errors import BadRequest

EVERY = 50_000
"""Events between two updates of the progress line."""

MERGED = "lines of several CPUs that stand one after the other are sorted by time"
FILTERED = "most numbers are missing, or the lines of all CPUs but one: lines were filtered, or are of one CPU only"
INCOMPLETE = "lines of several CPUs one after the other do not explain each other, and some may be missing"


@dataclass(frozen=True)
class Moment:
    """A line or a time of a recording."""

    line: int = 0
    time: float = 0.0

    def is_before(self, event: Event) -> bool:
        return self.line < event.line if self.line else self.time < event.time

    def __str__(self) -> str:
        return f"at line {self.line}" if self.line else f"at {self.time:g}"


@dataclass(frozen=True)
class Options:
    """How to read and judge.

    `at` is the moment whose holders of pages are wanted (None: the end), `every_holder` wants those of every pool that
    was waited for, `strict` prints lines that are not understood, `clock` is the trace clock where the text has none,
    `log` a file of the kernel's log.
    """

    at: Moment | None = None
    every_holder: bool = False
    strict: bool = False
    clock: str = ""
    log: Path | None = None
    machine: Machine = ownership


@dataclass
class Judged:
    """A recording, its judge, who held the pages of pools that were waited for, and who held pages at the moment."""

    info: RecordingInfo
    judge: Judge
    stalls: list[Holders] = field(default_factory=list)
    held: list[Holders] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False


MONITORS: dict[tuple[str, tuple[str, ...]], Monitor] = {}


def monitor(machine: Machine, observed: tuple[str, ...]) -> Monitor:
    """The sets of states of these rules that the observed fields distinguish; made once."""
    key = (machine.digest, observed)
    return MONITORS.get(key) or MONITORS.setdefault(key, Monitor(machine, rules.SCOPE, observed))


def judged(paths: Sequence[str], options: Options) -> Judged:
    """Read recordings and judge them; after an interrupt, what was read by then."""
    if paths.count(STDIN) > 1:
        raise BadRequest("-: standard input can be read once; give it once")
    messages = _log(options.log)
    show = partial(_print_line, set()) if options.strict else None
    try:
        return _judged(Recording(paths, show), options, messages)
    except TimeGoesBack:
        if options.at is not None and options.at.line:
            raise BadRequest(f"--at {options.at.line}: {MERGED}; give a time, for example --at 12.5s") from None
        return _judged(Recording(paths, show, merged=True), options, messages)


def _judged(recording: Recording, options: Options, messages: Iterable[Event]) -> Judged:
    """Read recordings and judge them, from the first line to the last."""
    recording.info.clock = recording.info.given_clock = options.clock
    judge = _judge(recording.info, options.machine, 0 if options.every_holder else holders.WARNED)
    done, began = Judged(recording.info, judge), monotonic()
    try:
        with _frozen():
            _read(recording, judge, done, options.at)
    except KeyboardInterrupt:
        done.interrupted = True
    judge.take_all(messages)
    judge.finish()
    done.seconds = monotonic() - began
    if options.at is None and judge.last is not None:
        done.held = holders.now(judge.snapshot(), "at the end", max(judge.last.time, recording.info.latest))
    done.stalls = judge.stalls
    if not judge.findings.total:  # events were lost after a finding, and it was withdrawn
        done.stalls, done.held = (list(map(holders.without_blame, found)) for found in (done.stalls, done.held))
    _require_understood(recording, judge)
    return done


def _require_understood(recording: Recording, judge: Judge) -> None:
    """Refuse violations that a line which was not understood, filtered or out of order may explain."""
    if left := recording.not_parsed():
        raise Unreadable(left)
    info, names = recording.info, ", ".join(name for _, name in recording.info.names)
    if judge.findings.total == judge.denied_by_the_log:
        return
    if info.is_overtaken and not recording.is_merged:
        raise Unreadable(f"{names}: lines overtake each other, and no order explains them; {NOT_FROM_A_PIPE}")
    if recording.is_merged and not info.matches_heads:
        raise Unreadable(f"{names}: {INCOMPLETE}; give `trace` as it is, or the whole of each CPU with its head")
    if judge.pools.is_sparse or (judge.pools.has_gaps and info.lacks_cpus):
        raise Unreadable(f"{names}: {FILTERED}; give the whole of `trace`")
    if judge.never_recorded:
        raise Unreadable(f"{names}: it has no {judge.never_recorded}, though there were some; record all events")


@contextmanager
def _frozen() -> Iterator[None]:
    """Exempt the objects of now from garbage collection while events are read; it would take a fifth of the time."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def of_lines(lines: Iterable[str], machine: Machine = ownership) -> Judge:
    """The judge of some lines of one recording."""
    recording = Recording([])
    recording.info.names.append((1, "text"))
    judge = _judge(recording.info, machine)
    judge.take_all(recording.events(lines))
    judge.finish()
    return judge


def _judge(info: RecordingInfo, machine: Machine, least_retries: int = holders.WARNED) -> Judge:
    stock, with_dma = (partial(monitor, machine, observed) for observed in (rules.STOCK, rules.WITH_DMA))
    return Judge(info, stock, with_dma, least_retries)


def _read(recording: Recording, judge: Judge, done: Judged, at: Moment | None) -> None:
    """Judge all events, and keep who held pages at the moment."""
    events, is_inside = _with_progress(recording), True
    if at is not None:
        after: list[Event] = []
        judge.take_all(_until(events, at, after))
        is_inside = judge.last is not None and bool(after or (at.line and at.line <= recording.info.lines))
        if is_inside and judge.last is not None:
            done.held = holders.now(judge.snapshot(), str(at), at.time or judge.last.time)
        judge.take_all(after)
    judge.take_all(events)
    if at is not None and not is_inside:
        raise BadRequest(f"--at: {at} comes after the end ({recording.info.lines} lines), or before the first event")


def _until(events: Iterator[Event], at: Moment, after: list[Event]) -> Iterator[Event]:
    """The events up to the moment; the first one after it, which had to be read, goes into `after`."""
    for event in events:
        if at.is_before(event):
            after.append(event)
            return
        yield event


def _with_progress(recording: Recording) -> Iterator[Event]:
    """The events, with a progress line on a terminal."""
    if not output.console.is_terminal:
        yield from recording
        return
    began = monotonic()
    with output.status("reading") as update:
        for n, event in enumerate(recording, 1):
            yield event
            if n % EVERY == 0:
                rate = n / max(monotonic() - began, 1e-9)
                update(f"{n:,} events, {rate:,.0f} a second{recording.left()}")


def _print_line(shown: set[str], where: str, line: str) -> None:
    """Print a line that is not understood; once, though a recording may be read twice."""
    if where in shown:
        return
    shown.add(where)
    output.console.print(f"{where}: not understood: {line}", markup=False, soft_wrap=True)


def _log(path: Path | None) -> list[LogMessage]:
    """The messages about pages in a file of the kernel's log, plain or packed."""
    if path is None:
        return []
    log, messages = Log(), []
    with opened(str(path), "give the output of dmesg") as (_, text):
        for n, line in enumerate(lines_of(text, str(path), can_be_empty=True), 1):
            if found := log.take(line.rstrip("\r")):
                messages.append(LogMessage(n, str(path), 0, 0.0, found))
    return messages
