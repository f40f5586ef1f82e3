"""Who imports whom: the rule of ARCHITECTURE.md, kept true."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {"spec", "models", "checkers", "impl", "poolproof", "tests"}
MAY = {
    "spec/dsl": {"spec.dsl"},
    "spec": {"spec"},
    "models": {"models", "spec"},
    "checkers": {"checkers", "spec.dsl"},
    "impl": {"impl", "spec"},
    "poolproof": OURS - {"tests"},
}


def files() -> list[Path]:
    return sorted(
        p for folder in ("spec", "models", "checkers", "impl", "poolproof") for p in (ROOT / folder).rglob("*.py")
    )


def imported(path: Path) -> Iterator[str]:
    """The modules a file imports, by their full names."""
    package = ".".join(path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (f"{package}." if node.level else "") + (node.module or "")


def allowed(path: Path) -> set[str]:
    relative = path.relative_to(ROOT).as_posix()
    return next(may for folder, may in MAY.items() if relative.startswith(folder + "/"))


@pytest.mark.parametrize("path", files(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_a_file_imports_only_what_its_folder_may(path: Path) -> None:
    """Rules import no checkers, checkers no rules and no models, the notation nothing else of ours."""
    ours = {name for name in imported(path) if name.split(".")[0] in OURS}
    assert all(any(name == ok or name.startswith(ok + ".") for ok in allowed(path)) for name in ours), ours


@pytest.mark.parametrize("path", [p for p in files() if p.is_relative_to(ROOT / "spec")], ids=str)
def test_the_spec_needs_the_standard_library_only(path: Path) -> None:
    """Whoever reads the rules needs Python and nothing else; no solver comes near them."""
    installed = {"z3", "hypothesis", "networkx", "graphviz", "pygraphviz", "rich", "typer", "click"}
    assert not {name.split(".")[0] for name in imported(path)} & installed


def test_every_file_has_its_line_in_the_architecture() -> None:
    """ARCHITECTURE.md names each module once, so that a reader finds it."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    missing = [p.name for p in files() if p.name not in text and not p.name.startswith("__")]
    assert missing == []
