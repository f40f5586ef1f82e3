# SPDX-License-Identifier: MIT
"""Whatever is in a recording, reading and judging it ends with a verdict or with one clear word.

`make fuzz` runs this with atheris, which is led by the branches that an input reaches; `test_fuzz_traces.py` feeds the
same entry points with damaged recordings, without it.
"""

from __future__ import annotations

import argparse
import gzip
import io
import sys
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Any
from unittest.mock import patch

from checkers.monitor import Monitor
from impl.linux import page_dump, page_words
from impl.linux.conformance import (
    counters,
    holders,
    mapping_judge,
    mappings,
    page_judge,
    pool_table,
    pools,
    rules,
    steps,
    violations,
)
from impl.linux.conformance.page_judge import Judge
from impl.linux.trace import dmesg, events, info, lines, reading
from impl.linux.trace.files import STDIN, Unreadable
from impl.linux.trace.reading import Recording
from spec.ownership import ownership

TRACES = Path(__file__).parents[1] / "traces"
ENTRIES = 300
"""Entries of tables and lists that one line of a recording may add to what is remembered."""

ALWAYS = 3_000
"""Entries that are there before the first line."""


@cache
def monitor(observed: tuple[str, ...]) -> Monitor:
    """The sets of states of the rules, made once."""
    return Monitor(ownership, rules.SCOPE, observed)


def take_line(text: str) -> None:
    """A line through all that reads lines: as an event, as the word of a loss, as a message, as the words of a page."""
    event = lines.event(text, 1)
    if event is not None:
        events.described(event)
    lines.lost(text, 1)
    dmesg.message(text)
    dmesg.is_log(text)


def take_words(text: str) -> None:
    """The words of a page, explained or refused."""
    try:
        page = page_dump.decode(text)
    except page_words.NotWords:
        return
    page.lines()
    page.as_json()


def take_file(data: bytes) -> Judge | None:
    """A whole recording, judged to its end and printed; None if it cannot be read."""
    recording = Recording([STDIN])
    judged = Judge(recording.info, partial(monitor, rules.STOCK), partial(monitor, rules.WITH_DMA), least_retries=0)
    with patch.object(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(data)))):
        try:
            judged.take_all(recording)
        except Unreadable:
            return None
    judged.finish()
    print_all(judged)
    return judged


def print_all(judged: Judge) -> None:
    """All that is printed of a judged recording."""
    judged.findings.as_json(judged.info.line)
    for pool in judged.pools.ended:
        pool.as_json()
    at_end = holders.now(judged.snapshot(), "at the end", judged.last.time) if judged.last is not None else []
    for held in (*judged.stalls, *at_end):
        held.as_json()


def entries(judged: Judge) -> int:
    """How many entries all the tables and lists have that a judge keeps, the monitors' own aside."""
    return sum(len(found) for found in _containers(judged))


def _containers(root: Any) -> Iterator[Any]:
    waiting, seen = [root], {id(root)}
    while waiting:
        found = waiting.pop()
        inner = _inner(found)
        if isinstance(found, (dict, list, set, deque, tuple)):
            yield found
        fresh = [i for i in inner if id(i) not in seen and not isinstance(i, (int, str, float, Monitor))]
        seen.update(map(id, fresh))
        waiting += fresh


def _inner(found: Any) -> list[Any]:
    if isinstance(found, (dict, OrderedDict)):
        return [*found.keys(), *found.values()]
    if isinstance(found, (list, set, deque, tuple)):
        return list(found)
    if type(found).__module__.startswith("impl.linux"):
        names = getattr(type(found), "__slots__", None) or vars(found)
        return [getattr(found, name) for name in names]
    return []


def must_be_bounded(judged: Judge) -> None:
    """What is remembered is in proportion to what was read, also of a recording that makes no sense."""
    kept, most = entries(judged), ALWAYS + ENTRIES * judged.info.lines
    assert kept <= most, f"{kept} entries are kept of {judged.info.lines} lines; at most {most} may be"


def take(data: bytes) -> None:
    """One input of the fuzzer: its first byte selects what reads it; most are lines, which are fast."""
    way, rest = data[:1], data[1:]
    if way and way[0] < 16:
        if judged := take_file(rest):
            must_be_bounded(judged)
    elif way and way[0] < 32:
        take_words(rest.decode("utf-8", "replace"))
    else:
        take_line(rest.decode("utf-8", "replace"))


def seeds() -> Iterator[bytes]:
    """Where the fuzzer begins: a line of each kind of each recording, and the first events of each, as a file."""
    for path in sorted(TRACES.rglob("*.gz")):
        text = gzip.decompress(path.read_bytes()).decode().splitlines()
        parsed = ((lines.event(x, 1), x) for x in text)
        kinds = {(type(e), e.name if isinstance(e, events.Other) else ""): x for e, x in parsed if e}
        yield from (b"\xff" + line.encode() for line in kinds.values())
        head = [line for line in text if line.startswith("#!")][:8]
        body = [line for line in text if not line.startswith("#")][:20]
        yield b"\x00" + "\n".join([*head, *body, *kinds.values()]).encode()
    for path in sorted(TRACES.rglob("*.dmesg.txt")):
        yield from (b"\xff" + line.encode() for line in path.read_text().splitlines())


@dataclass(frozen=True)
class Budget:
    """How many inputs, and where those that were found worth keeping are kept."""

    runs: int
    corpus: Path
    seed: int


def budget_typed() -> Budget:
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--corpus", type=Path, default=Path("build/fuzz"))
    parser.add_argument("--seed", type=int, default=1)
    return Budget(**vars(parser.parse_args()))


MODULES = (
    counters,
    dmesg,
    events,
    info,
    lines,
    mapping_judge,
    mappings,
    page_dump,
    page_words,
    page_judge,
    pool_table,
    pools,
    reading,
    steps,
    violations,
)


def functions() -> Iterator[FunctionType]:
    """All functions that read and judge traces, and those they are called through."""
    for module in MODULES:
        made_here = [f for f in vars(module).values() if getattr(f, "__module__", "") == module.__name__]
        inner = [f for made in made_here if isinstance(made, type) for f in vars(made).values()]
        yield from (f for f in [*made_here, *inner] if isinstance(f, FunctionType))
    yield from (f for f in lines.READERS.values() if isinstance(f, FunctionType))


def main() -> None:
    """A coverage-guided run; an input that raises is written to a file beside the corpus, and the run ends."""
    import atheris  # only here: `make fuzz` installs it

    budget = budget_typed()
    budget.corpus.mkdir(parents=True, exist_ok=True)
    for n, seed in enumerate(seeds()):
        (budget.corpus / f"seed-{n:04}").write_bytes(seed)
    for seen in (rules.STOCK, rules.WITH_DMA):
        monitor(seen).reachable()  # once, and not at the first recording, which would be called slow
    for function in functions():
        atheris.instrument_func(function)
    options = [f"-runs={budget.runs}", f"-seed={budget.seed}", "-max_len=4096", "-timeout=20", "-rss_limit_mb=1024"]
    found = f"-artifact_prefix={budget.corpus.parent}/fuzz-"
    atheris.Setup([sys.argv[0], *options, found, "-print_final_stats=1", str(budget.corpus)], take)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
