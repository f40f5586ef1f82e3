# SPDX-License-Identifier: MIT
"""The report on a recording: how far it can be trusted, violations, pools, who holds pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console

from checkers.core.verdict import Outcome, Verdict
from checkers.core.wording import counted
from checkers.report.columns import Table, say
from checkers.report.tables import sentence
from impl.linux.conformance.holders import Holders, Whereabouts, retries
from impl.linux.conformance.pool_table import SECONDS, TAIL
from impl.linux.conformance.pools import Pool
from impl.linux.conformance.violations import Finding
from impl.linux.trace.dmesg import STALL
from impl.linux.trace.events import LogMessage, Other, described
from impl.linux.trace.info import UNKNOWN

from .recordings import Judged

MOST_POOLS = 20
"""Rows of the table of pools; --json has all."""
CLEAR = "counters are checked, and pages where their order is clear"


def trace(console: Console, done: Judged, verdicts: Sequence[Verdict], every_holder: bool) -> None:
    """The whole report."""
    for line in beginning(done):
        say(console, line)
    for line in caveats(done):
        say(console, line, "yellow")
    console.print(invariants(verdicts))
    for finding in done.judge.findings.shown:
        _finding(console, done, finding)
    if done.judge.findings.further:
        further = counted(done.judge.findings.further, "further violation is", "further violations are")
        console.print(f"\n{further} counted and not printed: of each page the first is.")
    if done.judge.pools.ended:
        console.print(pools(done))
    if early := [p for p in done.judge.pools.ended if p.unmapped_while_held]:
        pages = counted(sum(p.unmapped_while_held for p in early), "page")
        pages += f" of {counted(len(early), 'pool')}"
        console.print(f"Destroy unmapped {pages} still held (by design since 6.12).")
    shown = [*done.stalls, *(h for h in done.held if every_holder or h.pool.destroyed)]
    for held in shown[:MOST_POOLS]:
        _holders(console, held)
    if len(shown) > MOST_POOLS:
        more = counted(len(shown) - MOST_POOLS, "more pool was", "more pools were")
        console.print(f"\n{more} waited for; --json FILE has them all.")
    _log(console, done)
    closing(console, done, verdicts)


def beginning(done: Judged) -> Iterator[str]:
    """The recording, in two lines."""
    info = done.info
    events = sum(info.events.values())
    names = ", ".join(name for _, name in info.names)
    rate = f", {events / done.seconds:,.0f} a second" if done.seconds > 1 else ""
    merged = ", put in the order of time: lines of several CPUs stood one after the other" if info.order else ""
    yield f"{names}: {counted(events, 'event')} in {counted(info.lines, 'line')}{merged}{rate}"
    kernel = f"kernel {info.kernel}" if info.kernel else "kernel not named"
    tracepoints = f"{info.format} tracepoints" if info.format else "no holds or releases"
    words = [kernel, tracepoints, f"{info.tool} text", f"clock {info.clock or UNKNOWN}"]
    words += [info.pointers] if info.format else []
    yield "; ".join(words)


def caveats(done: Judged) -> Iterator[str]:
    """What limits the claims that follow."""
    info, judge = done.info, done.judge
    if done.interrupted:
        yield f"Interrupted after {counted(info.lines, 'line')}: the report is about these."
    if info.lost:
        yield "Events were lost while recording: nothing is known of the pages and pools of that time from there on."
    if info.gaps:
        yield f"{info.gaps + 1} recordings in sequence: histories from before the next one began are missing."
    if info.overwritten:
        events = counted(info.overwritten, "event was", "events were")
        yield f"{events} overwritten or dropped unprinted: histories are missing."
    if judge.mappings.multi_mapped_skipped:
        times = counted(judge.mappings.multi_mapped_skipped, "time")
        yield f"{times} a page was mapped for several other devices at once (fragments, clones): not judged further."
    if info.probe_misses:
        yield f"Kprobes missed {counted(info.probe_misses, 'hit')}; their events are counted here and not judged."
    if info.is_overtaken:
        yield f"Events of CPUs overtake each other or have the same time: {CLEAR}."
    elif info.format and not info.is_ordered:
        yield f"Clock {info.clock}: it does not order events across CPUs; {CLEAR}."
    if info.tool != "ftrace":
        yield f"Text of {info.tool}: read by its documentation, untested on a recording."
    yield from _older([p for p in judge.pools.ended if not p.is_from_the_start])
    if late := sum(p.unlogged_at_end for p in judge.pools.ended):
        which = counted(late, "hold or release is counted and was", "holds or releases are counted and were")
        yield f"{which} not printed before the end: not yet, or lost."
    if info.others:
        some = ", ".join(f"{name} {n:,}" for name, n in info.others.most_common(4))
        more = ", ..." if len(info.others) > 4 else ""
        others = counted(info.events[Other], "other event is", "other events are")
        yield f"{others} counted and not judged: {some}{more}"
    if info.not_understood:
        yield f"{counted(info.not_understood, 'line was', 'lines were')} not understood; --strict shows them."


def _older(pools: Sequence[Pool]) -> Iterator[str]:
    """What is known of the pools that are older than the recording: one line for those of which that is the same."""
    for known in (True, False):
        if some := [p for p in pools if p.knows_older is known]:
            pages = counted(sum(p.older for p in some), "page") if known else "an unknown number of pages"
            lost = sum(p.unexplained for p in some)
            yield (
                f"{counted(len(some), 'pool is', 'pools are')} older than the recording, with {pages} before it; "
                f"{counted(lost, 'release is', 'releases are')} unexplained: history missing."
            )


def invariants(verdicts: Sequence[Verdict]) -> Table:
    """One row for each invariant that is observable in such a trace; the others in one row."""
    table = Table("The invariants in this trace")
    table.add_names("invariant")
    table.add_column("verdict: observed(trace)")
    for v in verdicts:
        if v.outcome is not Outcome.NOT_OBSERVABLE:
            word = "not violated" if v.outcome is Outcome.NOT_VIOLATED else "[bold red]violated[/]"
            table.add_row(sentence(v.property), f"{word} {v.note}")
    if unseen := sum(v.outcome is Outcome.NOT_OBSERVABLE for v in verdicts):
        table.add_section()
        which = "more invariant" if unseen < len(verdicts) else "invariant"
        table.add_row(counted(unseen, which), "[dim]not observable at this level[/]")
    return table


def _finding(console: Console, done: Judged, finding: Finding) -> None:
    """Print a violation: where, what, what was possible before, which actions are refused, what came before."""
    whose = f"page 0x{finding.page:x}" if finding.page else ""
    pool = f"pool {finding.pool}" if finding.pool else ""
    subject = ", ".join(filter(None, (whose, pool)))
    lines = [_where(done, finding)]
    lines.append(f"  This breaks the invariant: {sentence(finding.invariant)}{f' ({subject})' if subject else ''}.")
    lines.append(f"  {finding.what}")
    if finding.before:
        lines.append(f"  before it the page could be: {', '.join(finding.before)}")
    lines += [f"  {refusal.action} is refused: {refusal.why}" for refusal in finding.refused]
    lines += [
        f"  earlier, {done.info.where(e.line)}: {described(e)}"
        for e in dict.fromkeys(finding.recent)
        if e != finding.event
    ]
    console.print()
    for n, line in enumerate(lines):
        say(console, line, "" if n else "bold red")


def _where(done: Judged, finding: Finding) -> str:
    """The line of a violation, and its event."""
    event = finding.event
    return "the kernel's log" if isinstance(event, LogMessage) else f"{done.info.where(event.line)}: {described(event)}"


def pools(done: Judged) -> Table:
    """One row for each lifetime of a pool."""
    table = Table("Pools")
    table.add_names("pool")
    for name in ("pages", "most in flight", "at destroy", "out", "destroy to free", "retries", "releases/s at the end"):
        table.add_column(name, justify="right")
    shown = sorted(done.judge.pools.ended, key=lambda p: (-retries(p), p.first.line))
    for pool in sorted(shown[:MOST_POOLS], key=lambda p: p.first.line):
        device = " ".join(filter(None, (pool.name, pool.device, f"if{pool.ifindex}" if pool.ifindex else "")))
        out = str(max(pool.in_flight, 0)) if pool.is_from_the_start else f"{max(pool.in_flight + pool.older, 0)}?"
        row = (
            f"{pool.holds.seen:,}",
            f"{pool.most_in_flight:,}",
            "" if pool.out_at_destroy is None else f"{pool.out_at_destroy:,}",
            out,
            _waited(done, pool),
            str(retries(pool)),
            _rate(done, pool),
        )
        table.add_row(device, *row)
    if len(shown) > MOST_POOLS:
        table.add_section()
        table.add_row(f"{len(shown) - MOST_POOLS} more (--json)")
    return table


def _waited(done: Judged, pool: Pool) -> str:
    """The time from destroy to free; under a clock that counts events from the retries, which come once a second."""
    if pool.destroyed is None:
        return "in use"
    if done.info.counts_events:
        return f"~{retries(pool)} s" if pool.freed else f"over {retries(pool)} s"
    end = pool.freed.time if pool.freed else done.info.latest
    return f"{'' if pool.freed else 'over '}{max(end - pool.destroyed.time, 0.0):.1f} s"


def _rate(done: Judged, pool: Pool) -> str:
    """Pages returned a second, between the last retry that found some out and the end."""
    if not pool.returned_since_retry or pool.last_retry is None or pool.freed is None:
        return ""
    seconds = 1.0 if done.info.counts_events else max(pool.freed.time - pool.last_retry.time, 1e-6)
    return f"{'~' if done.info.counts_events else ''}{len(pool.returned_since_retry) / seconds:,.0f}"


def _holders(console: Console, held: Holders) -> None:
    """Print who holds the pages of a pool, where they may be, and how they return."""
    age = f"oldest {held.oldest:,.6g} {held.unit}, median {held.median:,.6g} {held.unit}"
    lines = [f"Pool {held.pool.name}, {held.when}: {counted(held.pages, 'page')} out; {age}"]
    for g in held.groups[:5]:
        lines.append(f"  {g.pages} taken by {g.task} on cpu {g.cpu}, holds {g.first} to {g.last}")
    if len(held.groups) > 5:
        lines.append(f"  and {counted(len(held.groups) - 5, 'more task')}")
    for place in held.places:
        lines.append(f"  may be {place.place} ({place.means}); waits for: {_ways(place)}")
    lines.append(f"  {held.verdict.value}: {held.reason}")
    console.print()
    for n, line in enumerate(lines):
        say(console, line, "" if n else "bold")


def _ways(place: Whereabouts) -> str:
    """The ways back to the pool, as actions of the spec."""
    return "; or ".join(", then ".join(way) for way in place.ways[:3])


def _log(console: Console, done: Judged) -> None:
    """Print the messages of the kernel's log."""
    if not done.judge.messages:
        return
    console.print("\nThe kernel's log:", style="bold")
    for event in done.judge.messages[:10]:
        say(console, f"  {event.message.text}")
    if len(done.judge.messages) > 10:
        console.print(f"  and {len(done.judge.messages) - 10} more")


def closing(console: Console, done: Judged, verdicts: Sequence[Verdict]) -> None:
    """Print whether the recording is accepted, and how far that reaches."""
    broken = [v for v in verdicts if v.outcome is Outcome.VIOLATED]
    stalls = len({id(h.pool) for h in (*done.stalls, *done.held) if h.pool.destroyed is not None})
    warned = sum(e.message.about == STALL for e in done.judge.messages)
    if stalls or warned:
        console.print()
        say(console, f"{_waits(stalls, warned)}.", "yellow")
    if broken:
        n, of = done.judge.findings.total, len(broken)
        count = f"{counted(n, 'violation')} of {counted(of, 'invariant')}"
        console.print(f"\n[bold red]Not accepted: {count}.[/]")
    elif not done.judge.judged:
        console.print()
        say(console, f"Nothing was judged: {_nothing(done)}.", "bold yellow")
    else:
        is_whole = done.info.is_whole and not any(p.unlogged_at_end for p in done.judge.pools.ended)
        so_far = " so far" if done.interrupted else "" if is_whole else ", as far as it was seen"
        line = f"Accepted{so_far}: some run of the rules explains every page's history.{_late(done)}"
        console.print()
        say(console, line, "bold green")


def _waits(stalls: int, warned: int) -> str:
    """How many pools wait for pages in the trace, and how often the kernel's log reports one."""
    times = counted(warned, "time")
    if not stalls:
        return f"The kernel's log reports {times} that a pool waits for pages; the trace shows none"
    log = f"; the kernel's log reports it {times}" if warned else ""
    return f"{counted(stalls, 'pool')} had to wait for pages{log}"


def _nothing(done: Judged) -> str:
    """Why no page was judged, and the way out."""
    info = done.info
    if not sum(info.events.values()):
        return "it was recorded, and no page entered or left a pool meanwhile; older pools, or nothing that touches one"
    if info.events[LogMessage] == sum(info.events.values()) and not info.heads:
        return "this is a log of the kernel and not a trace; its messages about pools are above"
    return "no page is seen to enter a pool; begin to record before the driver makes its pools"


def _late(done: Judged) -> str:
    """The holds and releases that were counted and not printed: these pages are undecided."""
    ended = done.judge.pools.ended
    late, n = (
        [f"{number} of pool {p.name}" for p in ended for number in p.first_unlogged],
        sum(p.unlogged_at_end for p in ended),
    )
    if not late:
        return ""
    more = f" and {n - 3:,} more" if n > 3 else ""
    when = f"the last {TAIL} lines" if done.info.counts_events else f"the last {SECONDS:g} s"
    return f" Undecided: {', '.join(late[:3])}{more} counted in {when} and not printed before the end."
