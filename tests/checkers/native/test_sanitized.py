# SPDX-License-Identifier: MIT
"""Compiled searches under gcc's address, undefined-behaviour and thread sanitizers, each as a program of its own."""

from __future__ import annotations

import os
import subprocess
import tempfile
from functools import cache
from itertools import cycle, product
from pathlib import Path

import pytest

from checkers.explore.search import UNLIMITED
from checkers.native import build, library
from checkers.native.engine import Native, SearchOptions
from poolproof import catalog
from spec.dsl import Machine

from .ways import needs_a_compiler

MEMORY, RACES = "address,undefined", "thread"
CHECKED = ("-O1", "-g", "-fno-sanitize-recover=all", "-w", "-D_GNU_SOURCE", "-std=gnu11", "-pthread")
HERE = Path(__file__).parent
BYTES = 1 << 32

WAYS = {
    "tables, bitmap": SearchOptions(threads=1),
    "tables, hash set": SearchOptions(threads=2, bitmap=False),
    "evaluated": SearchOptions(threads=2, tables=False),
}


@cache
def can_sanitize(kind: str) -> bool:
    """Whether the compiler has these sanitizers, and what is made with them runs here."""
    with tempfile.TemporaryDirectory() as folder:
        typed = [*build.command(), *CHECKED, f"-fsanitize={kind}", "-x", "c", "-", "-o", f"{folder}/a"]
        made = subprocess.run(
            typed, input="int main(void) { return 0; }\n", text=True, capture_output=True, check=False
        )
        return (
            made.returncode == 0 and subprocess.run([f"{folder}/a"], capture_output=True, check=False).returncode == 0
        )


def compiled(folder: Path, kind: str, name: str, text: str, *flags: str) -> str:
    """An object made from a text, with the sanitizers in it."""
    source, made = folder / f"of_{name}.c", folder / f"{name}.o"
    source.write_text(text)
    typed = [*build.command(), *CHECKED, f"-fsanitize={kind}", *flags, f"-I{build.HERE}", "-c", str(source)]
    subprocess.run([*typed, "-o", str(made)], check=True)
    return str(made)


def counted(
    machine: Machine, sizes: dict[str, int], options: SearchOptions, kind: str, folder: Path
) -> tuple[list[int], list[int]]:
    """States, transitions, orbits and depth, as the library counts them and as the sanitized program does."""
    native = Native(machine, sizes, machine.symmetric, UNLIMITED, "", options)
    config, tabled = native.config, native.compiled.tables is not None
    objects = [
        compiled(folder, kind, "model", native.model.source(), *(() if tabled else ("-DEVALUATED",))),
        compiled(folder, kind, "search", library.search_units(config.form), *config.flags[1:]),
        compiled(folder, kind, "main", (HERE / "sanitized.c").read_text(), *(("-DTABLED",) if tabled else ())),
        *([compiled(folder, kind, "tables", library.units(*library.TABLES))] if tabled else []),
    ]
    program = folder / "program"
    subprocess.run([*build.command(), *CHECKED, f"-fsanitize={kind}", *objects, "-o", str(program)], check=True)
    typed = [str(program), str(options.threads), str(config.space), str(BYTES)]
    quiet = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}  # tables live as long as their process
    counts = subprocess.run(typed, capture_output=True, text=True, check=False, env=quiet)
    assert counts.returncode == 0, counts.stderr[-2000:]
    seen = native.run(lambda seen: None)
    return [seen.states, seen.transitions, seen.orbit_sum, seen.depth], list(map(int, counts.stdout.split()))


SEARCHES = [
    *product(catalog.SOUND_NAMES, WAYS),
    *zip((bug.name for bug in catalog.BROKEN), cycle(WAYS), strict=False),
]
"""Every sound model in every way; the broken ones take turns."""


@pytest.mark.slow
@needs_a_compiler
@pytest.mark.parametrize(("name", "way"), SEARCHES)
def test_a_search_does_nothing_undefined(name: str, way: str, tmp_path: Path) -> None:
    """No access outside its memory and no overflow; and the counts are those of the library."""
    if not can_sanitize(MEMORY):
        pytest.skip("the C compiler has no address and undefined-behaviour sanitizers here")
    machine = catalog.find(name)
    expected, counts = counted(machine, machine.sizes("tiny", {}), WAYS[way], MEMORY, tmp_path)
    assert counts == expected


MANY = {
    "tables, bitmap": SearchOptions(threads=4, chunk=8),
    "tables, hash set": SearchOptions(threads=4, bitmap=False, chunk=8),
    "evaluated": SearchOptions(threads=4, tables=False, chunk=8),
}


@pytest.mark.slow
@needs_a_compiler
@pytest.mark.parametrize("way", MANY)
@pytest.mark.parametrize("name", catalog.SOUND_NAMES)
def test_threads_do_not_race(name: str, way: str, tmp_path: Path) -> None:
    """Four threads that take few states at once: no access of two threads is unordered but by an atomic."""
    if not can_sanitize(RACES):
        pytest.skip("the C compiler has no thread sanitizer that runs here")
    machine = catalog.find(name)
    sizes = machine.sizes("tiny", {"pages": 5} if name == "yardstick" else {})
    expected, counts = counted(machine, sizes, MANY[way], RACES, tmp_path)
    assert counts == expected
