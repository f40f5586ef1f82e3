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
"""Where peers are looked for: beside the checkout, for they are no part of it."""
SOURCE, PROBES = "explore.c", "hashbench.c"
FLAGS = ("-O3", "-march=native")
SECONDS = 1800.0
COUNTS = re.compile(r"states (\d+) transitions (\d+) .*depth (\d+)")
SPEED = re.compile(r"^wall ([\d.]+) .* ([\d.]+|inf) M trans/cpu-s", re.MULTILINE)
ALONE = re.compile(r"generation only: ([\d.]+) ns")
PROBED = re.compile(r"([\d.]+) M ops/s per busy core")


@dataclass(frozen=True)
class Peers:
    """The folder the peers are in, and one for what is compiled of them."""

    folder: Path
    made: Path

    @property
    def is_there(self) -> bool:
        return (self.folder / SOURCE).is_file()

    def run(self, pages: int, symmetric: bool, states: int) -> Run:
        """One search; `states` is how many there are to be, so that its table is neither too small nor too large."""
        program = self._compiled(SOURCE, f"-DNP={pages}", *(["-DSYM"] if symmetric else []))
        said = _said([str(program), str(slots(states))])
        counts, speed = COUNTS.search(said), SPEED.search(said)
        if not (counts and speed):
            first = said.strip().splitlines()[:1] or ["it says nothing"]
            raise ToolError(f"{SOURCE}: output not understood: {first[0]}")
        found, taken, depth = map(int, counts.groups())
        cpu = taken / float(speed[2]) / 1e6 if float(speed[2]) else float(speed[1])
        return Run(found, taken, cpu, float(speed[1]), depth, said=said)

    def limits(self, said: str) -> list[str]:
        """What the machine allows at best: probes of a table larger than any cache, and steps that nobody stores."""
        told = [f"the peer takes a step in {alone[1]} ns where nothing is stored" for alone in ALONE.finditer(said)]
        if (self.folder / PROBES).is_file():
            probed = PROBED.search(_said([str(self._compiled(PROBES, "-pthread")), "b32"]))
            told += (
                [f"a table of 1 GiB takes {probed[1]} M probes (insert if absent) a second and core"] if probed else []
            )
        return told

    def _compiled(self, source: str, *flags: str) -> Path:
        """The program made of a source with these flags; once."""
        made = self.made / "".join([source.removesuffix(".c"), *flags])
        if not made.exists():
            _said([compiler(), *FLAGS, *flags, str(self.folder / source), "-o", str(made)])
        return made


def compiler() -> str:
    """gcc, as the peers' own words have it, or what there is."""
    return "gcc" if which("gcc") else "cc"


def slots(states: int) -> int:
    """The smallest power of two above twice the number of states."""
    return (2 * states).bit_length()


def found(folder: Path | None) -> Path:
    """The folder of the peers; one that was asked for must have them."""
    if folder is not None and not (folder / SOURCE).is_file():
        raise BadRequest(f"--peers {folder}: has no {SOURCE}; give the folder of the peers, or leave --peers out")
    return folder or FOLDER


def _said(words: Sequence[str]) -> str:
    """All that a command says; one that fails or takes too long is an error."""
    name = Path(words[0]).name
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=SECONDS)
    except OSError as error:
        raise ToolError(f"{name} cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise ToolError(f"{name} gives no answer within {SECONDS:g} s") from None
    if done.returncode:
        last = (done.stderr + done.stdout).strip().splitlines()[-1:] or ["it says nothing"]
        raise ToolError(f"{name} fails with exit code {done.returncode}: {last[0]}")
    return done.stdout
