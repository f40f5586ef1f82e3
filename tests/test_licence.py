# SPDX-License-Identifier: MIT
"""Every source file names the licence of the project in its first line."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
LICENCE: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["license"]
ROOMS = ("spec", "models", "checkers", "impl", "poolproof", "tools", "tests")
FORMS = {
    ".py": f"# SPDX-License-Identifier: {LICENCE}",
    ".c": f"/* SPDX-License-Identifier: {LICENCE} */",
    ".h": f"/* SPDX-License-Identifier: {LICENCE} */",
}


def sources() -> list[Path]:
    return [path for room in ROOMS for path in (ROOT / room).rglob("*.*") if path.suffix in FORMS]


def first_line(path: Path) -> str:
    """The first line after the one that names an interpreter."""
    lines = path.read_text().splitlines()
    return lines[lines[0].startswith("#!")]


def test_every_source_file_names_the_licence_of_the_project() -> None:
    """The first line of each file in Python and C is the SPDX line of the licence in pyproject.toml."""
    assert {path.suffix for path in sources()} == FORMS.keys()
    assert [str(path.relative_to(ROOT)) for path in sources() if first_line(path) != FORMS[path.suffix]] == []


def test_the_licence_of_the_package_is_that_of_its_text() -> None:
    """LICENSE begins with the name that pyproject.toml and every file have."""
    assert (ROOT / "LICENSE").read_text().startswith(f"{LICENCE} License\n")
