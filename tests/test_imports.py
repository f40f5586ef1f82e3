# SPDX-License-Identifier: MIT
"""Who imports whom: the rule of ARCHITECTURE.md, kept true."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {"spec", "models", "checkers", "impl", "poolproof", "tools", "tests"}
CORE = {"checkers.core", "spec.dsl"}
SEARCH = {*CORE, "checkers.explore"}
MAY = {
    "spec/dsl": {"spec.dsl"},
    "spec": {"spec"},
    "models": {"models", "spec"},
    "checkers/core": CORE,
    "checkers/explore": SEARCH,
    "checkers/native": {*SEARCH, "checkers.native"},
    "checkers/report": {*SEARCH, "checkers.report"},
    "checkers/draw": {*SEARCH, "checkers.report", "checkers.draw"},
    "checkers/export": {*SEARCH, "checkers.native", "checkers.engines", "checkers.export"},
    "checkers/prove": {
        *SEARCH,
        "checkers.report",
        "checkers.mutation",
        "checkers.engines",
        "checkers.judging",
        "checkers.prove",
    },
    "checkers/monitor.py": CORE,
    "checkers/mutation.py": CORE,
    "checkers/simulate.py": SEARCH,
    "checkers/itf.py": SEARCH,
    "checkers/engines.py": {*SEARCH, "checkers.native"},
    "checkers/judging.py": {*SEARCH, "checkers.engines", "checkers.simulate"},
    "checkers/__init__.py": set[str](),
    "impl/linux/trace": {"impl.linux.trace", "checkers.core.wording"},
    "impl": {"impl", "spec", "checkers.monitor", "checkers.core.wording"},
    "poolproof": OURS - {"tests", "tools"},
    "tools": OURS - {"tests"},
}
"""What a room may import; of several the longest name counts. No two rooms of checkers/ may import each other."""


def files() -> list[Path]:
    return sorted(p for folder in sorted(OURS - {"tests"}) for p in (ROOT / folder).rglob("*.py"))


def module(path: Path) -> list[str]:
    """The parts of a file's full name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return list(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[str]:
    """All that a file imports, modules and what is taken from them, by full names."""
    package = module(path) if path.name == "__init__.py" else module(path)[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{source}.{alias.name}" for alias in node.names)


def allowed(path: Path) -> set[str]:
    relative = path.relative_to(ROOT).as_posix()
    rooms = [room for room in MAY if relative == room or relative.startswith(room + "/")]
    return MAY[max(rooms, key=len)]


@pytest.mark.parametrize("path", files(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_a_file_imports_only_what_its_folder_may(path: Path) -> None:
    """Rules import no checkers, checkers no rules and no models, the notation nothing else of ours."""
    ours = {name for name in imported(path) if name.split(".")[0] in OURS}
    assert all(any(name == ok or name.startswith(ok + ".") for ok in allowed(path)) for name in ours), ours


def test_the_notation_has_one_inner_face() -> None:
    """Outside of spec/dsl everything imports `spec.dsl` or `spec.dsl.ir`, but for the tests of the notation itself."""
    own = (ROOT / "spec" / "dsl", ROOT / "tests" / "spec")
    outside = [*files(), *(ROOT / "tests").rglob("*.py")]
    inside = {p.stem for p in own[0].glob("*.py")} - {"__init__", "ir"}
    for path in outside:
        if not path.is_relative_to(own[0]) and not path.is_relative_to(own[1]):
            private = {n for n in imported(path) if n.startswith("spec.dsl.") and n.split(".")[2] in inside}
            assert not private, f"{path.relative_to(ROOT)}: {private}"


@pytest.mark.parametrize("path", [p for p in files() if p.is_relative_to(ROOT / "spec")], ids=str)
def test_the_spec_needs_the_standard_library_only(path: Path) -> None:
    """Whoever reads the rules needs Python and nothing else; no solver comes near them."""
    installed = {"z3", "hypothesis", "networkx", "graphviz", "pygraphviz", "rich", "typer", "click"}
    assert not {name.split(".")[0] for name in imported(path)} & installed


def test_every_file_has_its_line_in_the_architecture() -> None:
    """ARCHITECTURE.md names each module once, so that a reader finds it."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    listed = [f"{room}{name}" for room, name in entries(text)]
    modules = [p for p in files() if p.name not in ("__init__.py", "__main__.py")]
    there = [p.relative_to(ROOT).as_posix() for p in (*modules, *(ROOT / "checkers").rglob("*.[ch]"))]
    assert sorted(name for name in listed if name.endswith((".py", ".c", ".h"))) == sorted(there)


def entries(text: str) -> Iterator[tuple[str, str]]:
    """Room and name of each line of the listing: a room begins at the margin, its files are indented."""
    room = ""
    for line in text.split("```")[1].splitlines():
        word = line.split()[0] if line.split() else ""
        if line[:1].strip():
            room = word
        elif line.startswith("  ") and word:
            yield room, word
