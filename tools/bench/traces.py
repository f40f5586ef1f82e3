# SPDX-License-Identifier: MIT
"""`make bench-trace`: the speed of judging traces, beside awk joining holds with releases, and the memory."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import process_time
from typing import Annotated

import typer
from rich.table import Table

from impl.linux.trace.reading import Recording
from poolproof import errors, output
from poolproof.errors import BadRequest
from poolproof.interrupts import INTERRUPTS
from poolproof.recordings import Options, judged
from tools.docs.trace_faults_table import TRACES

from .machine import Surroundings

LARGE = Path(__file__).parents[3] / "shared" / "traces" / "6.12.117" / "big_mt.trace.txt.gz"
SMALL = TRACES / "6.12.117" / "vmx_mix.trace.txt.gz"
WITH_DMA = TRACES / "6.12.117" / "vmxnet3_small_swiotlb.trace.txt.gz"

LEAST_SPEED, MOST_MEMORY, MANY = 200_000, 200, 10_000_000
"""The limits: stock events a CPU-second, and megabytes for this number of events."""

JOIN = r"""
/page_pool_state_hold/    { match($0, /pfn=0x[0-9a-f]+/); out[substr($0, RSTART, RLENGTH)] = $0 }
/page_pool_state_release/ { match($0, /pfn=0x[0-9a-f]+/); k = substr($0, RSTART, RLENGTH)
                            if (k in out) delete out[k]; else odd++ }
END { n = 0; for (k in out) n++; print n, odd + 0 }
"""
"""What the bpftrace scripts for leaks do: pages held and not released, and released and not held."""


@dataclass(frozen=True)
class Measured:
    """One run in a process of its own: events, CPU-seconds, the most memory in megabytes."""

    events: int
    seconds: float
    megabytes: float

    @property
    def speed(self) -> float:
        return self.events / max(self.seconds, 1e-9)


def here(what: str, path: str, times: int) -> Measured:
    """Read a recording several times in a row, or judge it, too, in this process."""
    began = process_time()
    if what == "read":
        recording = Recording([path] * times)
        for _ in recording:
            pass
        info = recording.info
    else:
        info = judged([path] * times, Options()).info
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(sum(info.events.values()), process_time() - began, megabytes)


def run(what: str, path: Path, times: int) -> Measured:
    """The same in a process of its own."""
    words = [sys.executable, "-m", "tools.bench.traces", "--one", what, "--times", str(times), str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return Measured(**json.loads(done.stdout))


def joined(path: Path, events: int) -> Measured | None:
    """awk joining holds with releases in the unpacked text; None without awk."""
    if shutil.which("awk") is None:
        return None
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(f"gzip -dc '{path}' | awk '{JOIN}'", shell=True, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(events, seconds, 0.0)


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def bench(
    trace: Annotated[Path, typer.Argument(help="a recording with stock events")] = LARGE,
    rounds: Annotated[int, typer.Option(help="alternating rounds", min=1)] = 5,
    events: Annotated[int, typer.Option(help="events of the long run; 0: none", min=0)] = MANY,
    one: Annotated[str, typer.Option(hidden=True)] = "",
    times: Annotated[int, typer.Option(hidden=True)] = 1,
) -> None:
    """Judge a recording, and the same one over and over, beside a script in awk."""
    if one:
        print(json.dumps(vars(here(one, str(trace), times))))
        return
    path = trace if trace.is_file() or trace != LARGE else SMALL
    if not path.is_file():
        raise BadRequest(f"{path}: no such file; give a recording")
    around = Surroundings()
    rows, is_met = measured(path, rounds, events)
    around.end()
    for line in around.lines():
        output.console.print(line, markup=False)
    output.console.print(rows)
    raise typer.Exit(0 if is_met else 3)


def measured(path: Path, rounds: int, events: int) -> tuple[Table, bool]:
    """The table of one bench, and whether its limits were met."""
    once = run("judge", path, 1)
    scale = max(1, 1_000_000 // max(once.events, 1))
    judges, reads, joins = [], [], []
    for _ in range(rounds):
        judges.append(run("judge", path, scale))
        reads.append(run("read", path, scale))
        joins.append(joined(path, once.events))
    table = Table(title=f"{path.name}, {once.events:,} events, {rounds} rounds", title_justify="left")
    for name in ("what", "events a CPU-second", "of a round", "beside awk", "megabytes", "limit"):
        table.add_column(name, justify="left" if name == "what" else "right")
    awk = [j.speed for j in joins if j]
    speed = median(m.speed for m in judges)
    _row(table, "read and judged", judges, awk, f"{LEAST_SPEED:,} {_met(speed >= LEAST_SPEED)}")
    _row(table, "read only", reads, awk)
    _row(table, "DMA events, judged", [run("judge", WITH_DMA, 400)], awk)
    if awk:
        spread = f"{min(awk):,.0f} to {max(awk):,.0f}"
        table.add_row("awk: holds joined with releases", f"{median(awk):,.0f}", spread, "1.00", "", "")
    met = speed >= LEAST_SPEED
    if events:
        long = run("judge", path, -(-events // max(once.events, 1)))
        met = met and long.megabytes < MOST_MEMORY
        limit = f"{MOST_MEMORY} MB {_met(long.megabytes < MOST_MEMORY)}"
        _row(table, f"over and over: {long.events:,} events", [long], awk, limit)
    return table, met


def _met(is_met: bool) -> str:
    return "met" if is_met else "MISSED"


def _row(table: Table, what: str, runs: Sequence[Measured], awk: Sequence[float], limit: str = "") -> None:
    speeds = [m.speed for m in runs]
    beside = f"{median(speeds) / median(awk):.2f}" if awk else "no awk"
    spread = f"{min(speeds):,.0f} to {max(speeds):,.0f}"
    table.add_row(what, f"{median(speeds):,.0f}", spread, beside, f"{max(m.megabytes for m in runs):,.0f}", limit)


def main() -> None:
    """Measure and print; an error is one line, as in the command."""
    INTERRUPTS.listen()
    sys.exit(errors.guarded(lambda: app(standalone_mode=False, prog_name="python -m tools.bench.traces")))


if __name__ == "__main__":
    main()
