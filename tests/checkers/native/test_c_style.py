# SPDX-License-Identifier: MIT
"""The C itself: no warnings, a contract for each public function, one prefix a unit."""

from __future__ import annotations

import re
import subprocess

import pytest

from checkers.explore.search import UNLIMITED
from checkers.native import build, library
from checkers.native.engine import Native
from models.yardstick import yardstick
from spec.dsl import Machine
from spec.ownership import ownership

from .ways import WAYS, needs_a_compiler

STRICT = (*(flag for flag in build.COMMON if flag != "-w"), "-Wall", "-Wextra", "-Wshadow", "-Werror", "-fsyntax-only")
UNUSED = ("unused-parameter", "unused-variable", "unused-label", "unused-function", "shadow")
GENERATED = tuple(f"-Wno-{what}" for what in UNUSED)
"""What a text that is the same for every machine may leave unused."""

UNITS = sorted(build.HERE.glob("*.[ch]"))
PREFIXES = {
    "intern": ("intern",),
    "closure": ("closure",),
    "tables": ("tables", "filling", "rows"),
    "level": ("level", "worker"),
    "state_set": ("set", "steps"),
    "expand": ("expand", "rest_at", "rank_at"),
    "sorted": ("sorted",),
    "form_tabled": ("form",),
    "form_evaluated": ("form",),
    "form_plain": ("form",),
    "form_group": ("form",),
    "search": ("search", "worker", "finds"),
    "results": ("search",),
    "ends": ("ends",),
    "checkpoint": ("checkpoint", "search"),
}
"""How the functions of a unit begin; form_unary has the small helpers of its rank beside."""


def warnings(text: str, *flags: str) -> str:
    typed = [*build.command(), *STRICT, *flags, f"-I{build.HERE}", "-x", "c", "-"]
    return subprocess.run(typed, input=text, capture_output=True, text=True, check=False).stderr


@needs_a_compiler
@pytest.mark.parametrize("symmetric", [(), yardstick.symmetric, yardstick.symmetric_if_asked], ids=str)
@pytest.mark.parametrize("way", ["tables, bitmap", "tables, hash set", "evaluated"])
def test_the_search_compiles_without_warnings(symmetric: tuple[type, ...], way: str) -> None:
    """In every form in which states are kept, and the tables beside it."""
    sizes = yardstick.sizes("tiny", {})
    native = Native(yardstick, sizes, symmetric, UNLIMITED, "", WAYS[way])
    assert warnings(library.search_units(native.config.form), *native.config.flags) == ""
    assert warnings(library.units(*library.TABLES), "-O2") == ""


@needs_a_compiler
@pytest.mark.parametrize("machine", [yardstick, ownership], ids=lambda m: m.name)
@pytest.mark.parametrize("evaluated", [(), ("-DEVALUATED",)], ids=["tables", "evaluated"])
def test_a_generated_model_compiles_without_warnings(machine: Machine, evaluated: tuple[str, ...]) -> None:
    """But for what it leaves unused."""
    sizes = machine.sizes("tiny", {})
    text = Native(machine, sizes, machine.symmetric, UNLIMITED, "", WAYS["evaluated"]).model.source()
    assert isinstance(text, str)
    assert warnings(text, "-O1", *GENERATED, *evaluated) == ""


DEFINED = re.compile(
    r"^(?:int|void|uint\d\d_t|const char \*|struct \w+ \*)\s?\*?((?:search|tables|ends)_\w+)\(", re.MULTILINE
)
"""A function that Python calls."""


def test_every_function_for_python_has_its_contract() -> None:
    """In api.h a comment stands above each function, or behind it; the functions in C are those."""
    header = (build.HERE / "api.h").read_text()
    declared = set(re.findall(r"\b((?:search|tables|ends)_\w+)\(", re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)))
    described = set(re.findall(r"/\* (\w+)\(\) - ", header)) | set(re.findall(r"\b(tables_\w+)\(.*\);\t/\*", header))
    assert declared == described
    defined = set()
    for path in UNITS:
        defined |= set(DEFINED.findall(path.read_text())) if path.suffix == ".c" else set()
    assert defined == declared


@pytest.mark.parametrize("unit", PREFIXES)
def test_functions_of_a_unit_begin_with_its_name(unit: str) -> None:
    """So that a reader knows where to look."""
    for path in (p for p in UNITS if p.stem == unit):
        functions = re.findall(r"^(?:LOCAL|\w*INLINE|static inline) [\w ]+?[ *](\w+)\(", path.read_text(), re.MULTILINE)
        strays = [name for name in functions if not name.startswith(PREFIXES[unit])]
        assert [name for name in strays if name not in ALLOWED] == [], path.name


ALLOWED = {
    *("num", "word", "word_less", "word_same", "record_in", "rest_in", "row_hash", "row_is"),
    *("form", "form_expand", "form_code", "form_word", "form_orbit"),
}
"""Words of the stored state itself."""


def test_every_file_has_its_licence_and_headers_their_guard() -> None:
    """One line each."""
    for path in UNITS:
        text = path.read_text()
        assert text.startswith("/* SPDX-License-Identifier: MIT */\n"), path.name
        if path.suffix == ".h":
            assert f"#ifndef POOLPROOF_{path.stem.upper()}_H\n" in text, path.name
            assert text.rstrip().endswith("#endif"), path.name
