"""`poolproof trace`: recordings read, judged by the rules, and told; verdicts as from every other engine."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic

from rich.console import Console

from checkers.core.verdict import Outcome, Verdict
from checkers.monitor import Monitor
from impl.linux.conformance import holders, rules
from impl.linux.conformance.holders import Holders
from impl.linux.conformance.page_judge import Judge
from impl.linux.conformance.pools import Pool
from impl.linux.trace.dmesg import Log
from impl.linux.trace.events import MESSAGE, Event
from impl.linux.trace.files import STDIN, Unreadable, lines_of, opened
from impl.linux.trace.merging import TimeGoesBack
from impl.linux.trace.reading import NOT_FROM_A_PIPE, ORDERED, UNORDERED, Heard, Recording
from spec.dsl import Machine
from spec.ownership import ownership

from .asking import BadRequest, status

LABEL = "observed(trace)"
EVERY = 50_000
"""Events between two words of progress."""


@dataclass(frozen=True)
class Moment:
    """A line, or a time, at which somebody wants to know who holds pages."""

    line: int = 0
    time: float = 0.0

    def is_before(self, event: Event) -> bool:
        """Is this the moment, before the event?"""
        return self.line < event.line if self.line else self.time < event.time

    def __str__(self) -> str:
        return f"at line {self.line}" if self.line else f"at {self.time:g}"


@dataclass
class Judged:
    """A recording, what was made of it, and who held pages when."""

    heard: Heard
    judge: Judge
    stalls: list[Holders] = field(default_factory=list)
    held: list[Holders] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False


MONITORS: dict[tuple[str, tuple[str, ...]], Monitor] = {}


def monitor(machine: Machine, observed: tuple[str, ...]) -> Monitor:
    """The sets of states of these rules, as far as such observations can tell; made once."""
    key = (machine.digest, observed)
    return MONITORS.get(key) or MONITORS.setdefault(key, Monitor(machine, rules.SCOPE, observed))


def moment(text: str) -> Moment | None:
    """The moment given with --at: a line, or a time if it has a point or an s."""
    if not text:
        return None
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e18:
        raise BadRequest(f"--at {text}: is neither a line nor a time; for example --at 1200, or --at 11.607s")
    return Moment(line=int(text)) if text.isdecimal() else Moment(time=seconds)


def judged(
    paths: Sequence[str],
    console: Console,
    at: Moment | None = None,
    every_holder: bool = False,
    strict: bool = False,
    clock: str = "",
    log: Path | None = None,
    machine: Machine = ownership,
) -> Judged:
    """Read recordings and judge them; an interrupt ends the reading, and what was read is judged."""
    if paths.count(STDIN) > 1:
        raise BadRequest("-: standard input can be read once; give it once")
    if clock and clock not in (*ORDERED, *UNORDERED):
        raise BadRequest(f"--clock {clock}: is none; there are {', '.join((*ORDERED, *UNORDERED))}")
    said = _log(log)
    show = partial(_not_understood, console, set()) if strict else None
    try:
        return _judged(Recording(paths, show), console, at, every_holder, clock, said, machine)
    except TimeGoesBack:
        if at is not None and at.line:
            raise BadRequest(f"--at {at.line}: {MERGED}; give a time, for example --at 12.5s") from None
        return _judged(Recording(paths, show, merged=True), console, at, every_holder, clock, said, machine)


MERGED = "lines of several CPUs that stand one after the other are put in the order of time"


def _judged(
    recording: Recording,
    console: Console,
    at: Moment | None,
    every_holder: bool,
    clock: str,
    said: Iterable[Event],
    machine: Machine,
) -> Judged:
    """Read recordings and judge them, from the first line to the last."""
    recording.heard.clock = recording.heard.told_clock = clock
    judge = _judge(recording.heard, machine)
    done, began = Judged(recording.heard, judge), monotonic()
    judge.accounts.at_end = partial(_look_back, done, every_holder)
    try:
        with _nothing_to_collect():
            _read(recording, judge, done, at, console)
    except KeyboardInterrupt:
        done.interrupted = True
    judge.take_all(said)
    judge.finish()
    done.seconds = monotonic() - began
    if at is None and judge.last is not None:
        at_end = judge.last._replace(time=max(judge.last.time, recording.heard.latest))
        done.held = holders.now(judge, "at the end", at_end)
    if not judge.findings.total:  # what was found may have been taken back: events were lost by then
        done.stalls, done.held = (list(map(holders.unblamed, found)) for found in (done.stalls, done.held))
    _must_be_understood(recording, judge)
    return done


def _must_be_understood(recording: Recording, judge: Judge) -> None:
    """What a line said that was not understood may be what explains all others: without it nothing is claimed."""
    if left := recording.left_over():
        raise Unreadable(left)
    heard, names = recording.heard, ", ".join(name for _, name in recording.heard.names)
    if judge.findings.total == judge.denied_by_the_log:
        return
    if heard.is_overtaken and not recording.is_merged:
        raise Unreadable(f"{names}: lines overtake each other, and no order explains them; {NOT_FROM_A_PIPE}")
    if recording.is_merged and not heard.is_vouched_for:
        raise Unreadable(f"{names}: {NOT_ALL_HERE}; give `trace` as it is, or the whole of each CPU with its head")
    if judge.accounts.is_sparse or (judge.accounts.has_gaps and heard.lacks_cpus):
        raise Unreadable(f"{names}: {FILTERED}; give the whole of `trace`")
    if judge.never_recorded:
        raise Unreadable(f"{names}: no {judge.never_recorded} is in it, though there were some; record all events")


FILTERED = "most numbers are missing, or the lines of all CPUs but one: lines were filtered, or are of one CPU only"
NOT_ALL_HERE = "lines of several CPUs one after the other do not explain each other, and some may be missing"


@contextmanager
def _nothing_to_collect() -> Iterator[None]:
    """What is there now is not looked at for garbage while events go by: a fifth of the time would go into that."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def of_lines(lines: Iterable[str], machine: Machine = ownership) -> Judge:
    """What is made of some lines of one recording."""
    recording = Recording([])
    recording.heard.names.append((1, "text"))
    judge = _judge(recording.heard, machine)
    judge.take_all(recording.events(lines))
    judge.finish()
    return judge


def _judge(heard: Heard, machine: Machine) -> Judge:
    return Judge(heard, *(partial(monitor, machine, seen) for seen in (rules.STOCK, rules.WITH_DMA)))


def _look_back(done: Judged, every_holder: bool, pool: Pool) -> None:
    """A pool has ended: if it was waited for long, or somebody asks for all, who had its pages."""
    if every_holder or holders.retries(pool) >= holders.WARNED:
        done.stalls += filter(None, [holders.drained(done.judge, pool)])


def _read(recording: Recording, judge: Judge, done: Judged, at: Moment | None, console: Console) -> None:
    """All events; where somebody asked for a moment, who held pages then."""
    events, is_inside = _with_progress(recording, console), True
    if at is not None:
        after: list[Event] = []
        judge.take_all(_until(events, at, after))
        is_inside = judge.last is not None and bool(after or (at.line and at.line <= recording.heard.lines))
        if is_inside and judge.last is not None:
            done.held = holders.now(judge, str(at), judge.last._replace(time=at.time or judge.last.time))
        judge.take_all(after)
    judge.take_all(events)
    if at is not None and not is_inside:
        raise BadRequest(f"--at: {at} comes after the end, or before the first event; give another")


def _until(events: Iterator[Event], at: Moment, after: list[Event]) -> Iterator[Event]:
    """The events up to the moment; the one after it, which had to be read, is put aside."""
    for event in events:
        if at.is_before(event):
            after.append(event)
            return
        yield event


def _with_progress(recording: Recording, console: Console) -> Iterator[Event]:
    """The events, and now and then a word of how far it is: on a terminal only."""
    if not console.is_terminal:
        yield from recording
        return
    began = monotonic()
    with status(console, "reading") as tell:
        for n, event in enumerate(recording, 1):
            yield event
            if n % EVERY == 0:
                rate = n / max(monotonic() - began, 1e-9)
                tell(f"{n:,} events, {rate:,.0f} a second{recording.left()}")


def _not_understood(console: Console, shown: set[str], where: str, line: str) -> None:
    """Show a line once, also where a recording has to be read again."""
    if where in shown:
        return
    shown.add(where)
    console.print(f"{where}: not understood: {line}", markup=False, soft_wrap=True)


def _log(path: Path | None) -> list[Event]:
    """The messages about pages in a file of the kernel's log, plain or packed."""
    if path is None:
        return []
    log, said = Log(), []
    with opened(str(path), "give the output of dmesg") as (_, text):
        for n, line in enumerate(lines_of(text, str(path), can_be_empty=True), 1):
            if found := log.take(line.rstrip("\r")):
                said.append(Event(MESSAGE, n, str(path), 0, 0.0, more=(found,)))
    return said


# -- verdicts ----------------------------------------------------------------------------------------------------------


def verdicts(done: Judged, machine: Machine = ownership) -> list[Verdict]:
    """One record an invariant: observed to hold on so many events, violated, or not to be seen in such a trace."""
    names = [c.name for c in machine.invariants]
    return [
        _verdict(done, machine, name) for name in dict.fromkeys([*names, rules.SYMMETRIC, *done.judge.findings.counts])
    ]


def _verdict(done: Judged, machine: Machine, name: str) -> Verdict:
    broken, tried = done.judge.findings.counts.get(name, 0), done.judge.tried(name)
    if broken:
        outcome, note = Outcome.VIOLATED, f"{broken:,} time{'s' if broken > 1 else ''}"
    elif tried:
        outcome, note = Outcome.OBSERVED, f"on {tried:,} events"
    else:
        outcome, note = Outcome.UNSEEN, "at this level"
    return Verdict(
        "trace", "invariant", name, outcome, LABEL, "monitor", rules.SCOPE, machine.digest, not broken,
        seconds=done.seconds, note=note,
    )  # fmt: skip


def as_json(done: Judged) -> dict[str, object]:
    """What else there is to know of a trace, beside its verdicts."""
    heard, judge = done.heard, done.judge
    return {
        "recording": {
            "files": [name for _, name in heard.names],
            "lines": heard.lines,
            "events": dict(heard.events),
            "other_events": dict(heard.others),
            "not_understood": heard.not_understood,
            "pages_judged": judge.judged,
            "merged": bool(heard.order),
            "kernel": heard.kernel,
            "prints": heard.generation,
            "tool": heard.tool,
            "clock": heard.clock,
            "hashed_pointers": heard.is_hashed,
            "overwritten": heard.overwritten,
            "lost": heard.lost,
            "probe_misses": heard.probe_misses,
            "interrupted": done.interrupted,
        },
        "findings": judge.findings.as_json(heard.line),
        "pools": [pool.as_json() for pool in judge.accounts.ended],
        "holders": [h.as_json() for h in (*done.stalls, *done.held)],
        "kernel_log": [event.more[0].text for event in judge.messages],
    }
