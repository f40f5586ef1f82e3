# SPDX-License-Identifier: MIT
"""`make bench`: the speed of the search, beside one written by hand for the same machine, in the same run."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from checkers.core.verdict import Exit
from checkers.explore.search import UNLIMITED, Budget
from checkers.export.other_tools import ToolError
from checkers.native.engine import SearchOptions
from poolproof import errors, output, output_files
from poolproof.errors import BadRequest
from poolproof.interrupts import INTERRUPTS

from . import cases, peer, proofs, report, runs
from .cases import (
    ALL_CORES,
    BITMAP,
    BYTES_A_STATE,
    FIVE_MINUTES,
    SECONDS_AGAIN,
    SECONDS_IN_COLD,
    SECONDS_OF_BMC,
    SECONDS_OF_PROOFS,
    Case,
    Plan,
    Searched,
    Way,
)
from .machine import Surroundings
from .peer import SOURCE, Peers
from .results import Differs, Limit, Results, Row, must_agree
from .runs import Run, Tell

MARK = "<!-- made by `python -m tools.bench.run --markdown`; what stands before this line is kept -->\n"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")


class Bench:
    """One run of all measurements; `results` has what is measured so far at any time."""

    def __init__(self, plan: Plan, rounds: int, peers: Peers, tell: Tell) -> None:
        self.plan, self.rounds, self.peers, self.tell = plan, rounds, peers, tell
        self.results = Results(has_peer=peers.is_there)
        self.first: dict[str, Run] = {}

    def run(self) -> None:
        """Measure everything in the plan, in this order."""
        for case in self.plan.cases:
            self._case(case)
        self._alone()
        self._memory()
        self._cold()
        self._proofs()
        self._spin()
        self._designs()
        self._far()

    def _searched(self, asked: Searched, options: SearchOptions, label: str, budget: Budget = UNLIMITED) -> Run:
        """One run of ours, with progress."""
        return runs.ours(asked, options, lambda seen: self.tell(f"{label}: {seen}"), budget)

    # -- against the peer ----------------------------------------------------------------------------------------------

    def _case(self, case: Case) -> None:
        """Round after round: each of our ways, and after the first of them the peer."""
        rows = [Row(case.name, way.target, by_cpu) for way in case.ways]
        threads = Row(case.name, case.threads.target, by_wall) if case.threads else None
        self.results.rows += rows
        self.results.threads += [threads] if threads else []
        rounds = case.rounds(self.rounds)
        for n in range(rounds):
            self._round(case, rows, f"{case.name}, round {n + 1} of {rounds}")
            if case.threads and threads:
                run = self._ours(case, case.threads, f"{case.name}, round {n + 1} of {rounds}, two threads")
                threads.rival.append(rows[0].last)
                threads.ours.append(run)

    def _round(self, case: Case, rows: list[Row], label: str) -> None:
        """Our first way, the peer, our other ways."""
        rival: list[Run] = []
        for n, (way, row) in enumerate(zip(case.ways, rows, strict=True)):
            row.ours.append(self._ours(case, way, label))
            if n == 0:
                rival = self._peer(case, label)
            row.rival += rival

    def _ours(self, case: Case, way: Way, label: str) -> Run:
        """One run of ours; raises Differs if it counts otherwise than the first one."""
        run = self._searched(case.search, way.options, f"{label}, ours")
        if run.stopped:
            raise ToolError(f"yardstick, {case.name}: the search stops at {run.stopped}; no speeds are compared")
        first = self.first.setdefault(case.name, run)
        must_agree(case.name, f"our {first.how}", first, f"our {run.how}", run)
        return run

    def _peer(self, case: Case, label: str) -> list[Run]:
        """One run of the peer; raises Differs if it counts otherwise than we do. Empty without a peer."""
        if not self.peers.is_there:
            return []
        self.tell(f"{label}: the peer")
        ours = self.first[case.name]
        run = self.peers.run(case.pages, case.symmetric, ours.states)
        must_agree(case.name, f"our {ours.how}", ours, f"the peer ({SOURCE})", run)
        if self.plan.judged and not self.results.physical:
            self.results.physical = self.peers.limits(run.output)
        return [run]

    # -- against numbers -----------------------------------------------------------------------------------------------

    def _alone(self) -> None:
        """Cases with a limit in CPU-seconds instead of a peer."""
        for asked, most in self.plan.alone:
            run = self._searched(asked, BITMAP, asked.pages)
            limit = self._limit(f"{asked.pages}, one core", "CPU-seconds", 0.0 if run.stopped else most)
            counted = (
                f"{run.states:,} states, {run.transitions:,} transitions, {run.rate:.1f} M/s, {run.a_state} a state"
            )
            limit.note = f"stopped: {run.stopped}" if run.stopped else counted
            limit.measured.append(run.cpu)

    def _limit(self, what: str, unit: str, target: float) -> Limit:
        """A new limit, without measurements yet."""
        self.results.limits.append(Limit(what, unit, target if self.plan.judged else 0.0))
        return self.results.limits[-1]

    def _memory(self) -> None:
        """The most bytes a state in a hash set, over all cases that had one."""
        sizes = [run.bytes_a_state for row in self.results.rows for run in row.ours if run.bytes_a_state]
        if sizes:
            self._limit("a state in a hash set, at most", "bytes", BYTES_A_STATE).measured.append(max(sizes))

    def _cold(self) -> None:
        """From text to compiled code, in a fresh process with an empty cache."""
        for asked in self.plan.cold:
            limit = self._limit(f"lift, generate, compile {asked.name}, {asked.pages}", "s", SECONDS_IN_COLD)
            for _ in range(self.rounds):
                self.tell(limit.what)
                limit.measured.append(runs.cold(asked))

    def _proofs(self) -> None:
        """Proofs for any number from cold and once more, and bounded questions."""
        models, (name, pages, steps) = self.plan.proofs, self.plan.bounded
        cold = self._limit(f"prove {', '.join(models)}", "s", SECONDS_OF_PROOFS)
        again = self._limit("the same again, with the answers that are kept", "s", SECONDS_AGAIN)
        for _ in range(self.rounds):
            self.tell(cold.what)
            proved = proofs.proofs(models)
            cold.measured.append(proved.cold)
            again.measured.append(proved.again)
            cold.note = proved.note
        limit = self._limit(f"violations of {name}, {pages} pages, within {steps} steps (bmc)", "s", SECONDS_OF_BMC)
        for _ in range(self.rounds):
            self.tell(limit.what)
            limit.measured.append(proofs.bounded(name, pages, steps))

    # -- others --------------------------------------------------------------------------------------------------------

    def _spin(self) -> None:
        """spin, where it is installed, on the text we export for it."""
        asked = self.plan.spin
        self.tell(f"spin, {asked.pages}")
        run = runs.spin(asked)
        own = self.first.get(asked.pages) or self._searched(asked, BITMAP, asked.pages)
        if run:
            must_agree(asked.pages, f"our {own.how}", own, "spin", run)
        self.results.spin.append((asked.pages, run, own))

    def _designs(self) -> None:
        """The rules and the design, on all cores."""
        for design in self.plan.designs:
            run = self._searched(design.search, ALL_CORES, design.search.name, design.budget)
            self.results.designs.append((design.search, run))

    def _far(self) -> None:
        """More and more pages, until five minutes are not enough."""
        for asked in self.plan.far:
            run = self._searched(asked, BITMAP, asked.pages, FIVE_MINUTES)
            self.results.far.append((asked, run))
            if run.stopped:
                return


def by_cpu(run: Run) -> float:
    return run.rate


def by_wall(run: Run) -> float:
    return run.wall_rate


# -- the command -------------------------------------------------------------------------------------------------------


@app.command()
def bench(
    rounds: Annotated[int, typer.Option(help="rounds for each case; fewer for large ones", min=1)] = 3,
    peers: Annotated[
        Path | None, typer.Option(metavar="DIR", help="where explore.c is; default: shared/peers beside the checkout")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="tiny cases, one round, to see that everything works")] = False,
    long: Annotated[bool, typer.Option("--long", help="also the cases that take many minutes")] = False,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="write the tables there, too")] = None,
) -> None:
    """Measure the speed of the search: medians, and ratios to a search written by hand, in alternating rounds."""
    if quick and long:
        raise BadRequest("--quick --long: opposites; give one of them")
    plan = cases.QUICK if quick else cases.LONG if long else cases.USUAL
    folder = peer.found(peers)
    before = kept(markdown)
    with tempfile.TemporaryDirectory(prefix="poolproof-") as made, output.status("measuring") as tell:
        run = Bench(plan, 1 if quick else rounds, Peers(folder, Path(made)), tell)
        code, head = measured(run)
    report.show(output.console, head, run.results)
    if markdown and not code:
        markdown.write_text(before + MARK + "\n" + report.document(head, run.results), encoding="utf-8")
        output.console.print(f"{markdown} written", markup=False)
    raise typer.Exit(code)


def measured(run: Bench) -> tuple[int, list[str]]:
    """Measure until the end, an error or an interrupt; returns the exit code and the first lines of the report."""
    around, code = Surroundings(), Exit.OK
    try:
        run.run()
    except KeyboardInterrupt:
        code = errors.fail("interrupted; the report has what was measured so far", Exit.BUDGET)
    except Differs as error:
        code = errors.fail(str(error), Exit.VACUOUS)
    except ToolError as error:
        code = errors.fail(str(error), Exit.TOOL)
    around.end()
    return code, list(around.lines())


def kept(markdown: Path | None) -> str:
    """The text of the file before our mark, which is kept."""
    output_files.require_writable(markdown)
    if markdown is None or not markdown.exists():
        return ""
    before, mark, _ = markdown.read_text(encoding="utf-8").partition(MARK)
    if not mark:
        raise BadRequest(f"{markdown}: has no line {MARK.strip()!r} to write the tables after; give a new file")
    return before


def main() -> None:
    """Measure and print; an error is one line, as in the command."""
    INTERRUPTS.listen()
    sys.exit(errors.guarded(lambda: app(standalone_mode=False, prog_name="python -m tools.bench.run")))


if __name__ == "__main__":
    main()
