# SPDX-License-Identifier: MIT
"""The seconds of proofs: from cold with both solvers, again with kept answers, and of bounded questions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from checkers.core.verdict import Exit
from checkers.export.other_tools import ToolError

SLOW = 1.0
"""Seconds above which an obligation is named."""


@dataclass(frozen=True)
class Proved:
    """Seconds of a proof from cold, of the same once more, and of reading and lifting the models alone."""

    cold: float
    again: float
    lifting: float
    obligations: int
    slow: tuple[str, ...]

    @property
    def note(self) -> str:
        """The note beside the figure."""
        share = f"reading and lifting {self.lifting:.1f} s, {100 * self.lifting / self.cold:.0f} %"
        slow = f"above {SLOW:g} s: {', '.join(self.slow) or 'none'}"
        return f"{self.obligations:,} obligations, z3 and cvc5; {slow}; {share}"


def proofs(models: Sequence[str]) -> Proved:
    """Prove these models twice, in processes of their own; the first one has an empty cache."""
    with tempfile.TemporaryDirectory(prefix="poolproof-") as folder:
        verdicts = Path(folder, "verdicts.json")
        cold = _seconds(folder, "prove", *models, "--json", str(verdicts))
        again = _seconds(folder, "prove", *models)
        lifting = _seconds(folder, "list")
        obligations = [v for v in json.loads(verdicts.read_text())["verdicts"] if v["kind"] == "obligation"]
    slow = tuple(f"{v['property']} ({v['seconds']:.1f} s)" for v in obligations if v["seconds"] > SLOW)
    return Proved(cold, again, lifting, len(obligations), slow)


def bounded(model: str, pages: int, steps: int) -> float:
    """Seconds to look for violations within this number of steps."""
    with tempfile.TemporaryDirectory(prefix="poolproof-") as folder:
        asked = ("--scope", "tiny", "--pages", str(pages), "--bmc", str(steps))
        return _seconds(folder, "prove", model, *asked)


def _seconds(cache: str, *words: str) -> float:
    """Seconds of a command by the wall clock; raises ToolError for any exit code but 0."""
    started = time.perf_counter()
    command, env = [sys.executable, "-m", "poolproof", *words], {**os.environ, "XDG_CACHE_HOME": cache}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode != Exit.OK:
        last = [*_lines(done.stdout), *_lines(done.stderr)][-1:] or ["no output"]
        raise ToolError(f"poolproof {' '.join(words)}: exit code {done.returncode}: {last[0]}")
    return time.perf_counter() - started


def _lines(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if line.strip())
