# SPDX-License-Identifier: MIT
"""The peer: a search written by hand in C for the yardstick alone, compiled and run beside ours."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from checkers.export.other_tools import ToolError
from poolproof.errors import BadRequest

from .runs import Run

FOLDER = Path(__file__).parents[3] / "shared" / "peers"
"""The default of --peers: beside the checkout, which does not contain them."""
SOURCE, PROBES = "explore.c", "hashbench.c"
FLAGS = ("-O3", "-march=native")
SECONDS = 1800.0
COUNTS = re.compile(r"states (\d+) transitions (\d+) .*depth (\d+)")
SPEED = re.compile(r"^wall ([\d.]+) .* ([\d.]+|inf) M trans/cpu-s", re.MULTILINE)
ALONE = re.compile(r"generation only: ([\d.]+) ns")
PROBED = re.compile(r"([\d.]+) M ops/s per busy core")


@dataclass(frozen=True)
class Peers:
    """The folder of the peers, and one for the programs compiled from them."""

    folder: Path
    made: Path

    @property
    def is_there(self) -> bool:
        return (self.folder / SOURCE).is_file()

    def run(self, pages: int, symmetric: bool, states: int) -> Run:
        """One search; `states` is the number of states, by which its table is sized."""
        program = self._compiled(SOURCE, f"-DNP={pages}", *(["-DSYM"] if symmetric else []))
        text = _output([str(program), str(slots(states))])
        counts, speed = COUNTS.search(text), SPEED.search(text)
        if not (counts and speed):
            first = text.strip().splitlines()[:1] or ["none"]
            raise ToolError(f"{SOURCE}: output not understood: {first[0]}")
        found, taken, depth = map(int, counts.groups())
        cpu = taken / float(speed[2]) / 1e6 if float(speed[2]) else float(speed[1])
        return Run(found, taken, cpu, float(speed[1]), depth, output=text)

    def limits(self, text: str) -> list[str]:
        """The bounds of the machine: probes of a table larger than any cache, and steps without storing states."""
        bounds = [f"the peer takes a step in {alone[1]} ns where nothing is stored" for alone in ALONE.finditer(text)]
        if (self.folder / PROBES).is_file():
            probed = PROBED.search(_output([str(self._compiled(PROBES, "-pthread")), "b32"]))
            bounds += (
                [f"a table of 1 GiB takes {probed[1]} M probes (insert if absent) a second and core"] if probed else []
            )
        return bounds

    def _compiled(self, source: str, *flags: str) -> Path:
        """The program compiled from a source with these flags; once."""
        made = self.made / "".join([source.removesuffix(".c"), *flags])
        if not made.exists():
            _output([compiler(), *FLAGS, *flags, str(self.folder / source), "-o", str(made)])
        return made


def compiler() -> str:
    """gcc, for which the peers are written, or else cc."""
    return "gcc" if which("gcc") else "cc"


def slots(states: int) -> int:
    """The smallest power of two above twice the number of states."""
    return (2 * states).bit_length()


def found(folder: Path | None) -> Path:
    """The folder of the peers; raises BadRequest if --peers has none."""
    if folder is not None and not (folder / SOURCE).is_file():
        raise BadRequest(f"--peers {folder}: has no {SOURCE}; give the folder of the peers, or leave --peers out")
    return folder or FOLDER


def _output(words: Sequence[str]) -> str:
    """The output of a command; raises ToolError if it fails or takes too long."""
    name = Path(words[0]).name
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=SECONDS)
    except OSError as error:
        raise ToolError(f"{name} cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise ToolError(f"{name} does not end within {SECONDS:g} s") from None
    if done.returncode:
        last = (done.stderr + done.stdout).strip().splitlines()[-1:] or ["no output"]
        raise ToolError(f"{name} fails with exit code {done.returncode}: {last[0]}")
    return done.stdout
