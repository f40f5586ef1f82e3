"""Compiled searches under gcc's address and undefined-behaviour sanitizers, each as a program of its own."""

from __future__ import annotations

import os
import subprocess
import tempfile
from functools import cache
from itertools import cycle, product
from pathlib import Path

import pytest

from checkers.explore.search import UNLIMITED
from checkers.native import build
from checkers.native.engine import Native, SearchOptions
from poolproof import catalog
from spec.dsl import Machine

from .ways import needs_a_compiler

CHECKED = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-w", "-std=gnu11", "-pthread")
HERE = Path(__file__).parent
BYTES = 1 << 32

WAYS = {
    "tables, bitmap": SearchOptions(threads=1),
    "tables, hash set": SearchOptions(threads=2, bitmap=False),
    "evaluated": SearchOptions(threads=2, tables=False),
}


@cache
def can_sanitize() -> bool:
    """Does the compiler bring its sanitizers?"""
    with tempfile.TemporaryDirectory() as folder:
        typed = [*build.command(), *CHECKED, "-x", "c", "-", "-o", f"{folder}/a"]
        return subprocess.run(typed, input="int main(void) { return 0; }\n", text=True, check=False).returncode == 0


def compiled(folder: Path, name: str, text: str, *flags: str) -> str:
    """An object made from a text, with the sanitizers in it."""
    source, made = folder / f"of_{name}.c", folder / f"{name}.o"
    source.write_text(text)
    typed = [*build.command(), *CHECKED, *flags, f"-I{build.HERE}", "-c", str(source), "-o", str(made)]
    subprocess.run(typed, check=True)
    return str(made)


def counted(machine: Machine, options: SearchOptions, folder: Path) -> tuple[list[int], list[int]]:
    """States, transitions, orbits and depth, as the library counts them and as the sanitized program does."""
    native = Native(machine, machine.sizes("tiny", {}), machine.symmetric, UNLIMITED, "", options)
    config, tabled = native.config, native.compiled.tables is not None
    objects = [
        compiled(folder, "model", native.model.source(), *(() if tabled else ("-DEVALUATED",))),
        compiled(folder, "search", '#include "search.c"\n', *config.flags[1:]),
        compiled(folder, "main", (HERE / "sanitized.c").read_text(), *(("-DTABLED",) if tabled else ())),
        *([compiled(folder, "tables", '#include "tables.c"\n')] if tabled else []),
    ]
    program = folder / "program"
    subprocess.run([*build.command(), *CHECKED, *objects, "-o", str(program)], check=True)
    typed = [str(program), str(options.threads), str(config.space), str(BYTES)]
    quiet = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}  # tables live as long as their process
    said = subprocess.run(typed, capture_output=True, text=True, check=False, env=quiet)
    assert said.returncode == 0, said.stderr[-2000:]
    seen = native.run(lambda seen: None)
    return [seen.states, seen.transitions, seen.orbit_sum, seen.depth], list(map(int, said.stdout.split()))


ASKED = [
    *product(catalog.SOUND_NAMES, WAYS),
    *zip((bug.name for bug in catalog.BROKEN), cycle(WAYS), strict=False),
]
"""Every sound model in every way; the broken ones take turns."""


@pytest.mark.slow
@needs_a_compiler
@pytest.mark.parametrize(("name", "way"), ASKED)
def test_a_search_does_nothing_undefined(name: str, way: str, tmp_path: Path) -> None:
    """No access outside its memory and no overflow; and the counts are those of the library."""
    if not can_sanitize():
        pytest.skip("the C compiler has no address and undefined-behaviour sanitizers here")
    expected, said = counted(catalog.find(name), WAYS[way], tmp_path)
    assert said == expected
