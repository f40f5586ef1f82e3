# SPDX-License-Identifier: MIT
"""Compiled code: made once, whole or not at all; without a compiler the engine gives that as the reason."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from checkers import engines
from checkers.engines import EngineChoice
from checkers.explore.search import explore
from checkers.native import build
from checkers.native.build import CannotCompile
from models.yardstick import yardstick

from .ways import needs_a_compiler, results

ROOT = Path(__file__).parents[3]
ADD = "int add(int a, int b) { return a + b; }\n"


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache folder of its own; what is known of the compiler is found out anew, during the test and after it."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    cached = build.compiler, build._folder
    for known in cached:
        known.cache_clear()
    yield folder / "poolproof"
    for known in cached:
        known.cache_clear()


def compiler(folder: Path, text: str) -> Path:
    """A compiler that is a shell script."""
    script = folder / "mycc"
    script.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo mycc 1 && exit\n{text}\n')
    script.chmod(0o755)
    return script


@needs_a_compiler
def test_code_is_compiled_once(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same text is loaded from the cache; another text, or other flags, are compiled anew."""
    assert build.loaded("a/b */", ADD, "-O0").add(2, 3) == 5
    kept = list(fresh.iterdir())
    assert [path.name[:6] for path in kept] == ["a_b___"]
    monkeypatch.setattr(build, "_compile", lambda *_: pytest.fail("it was compiled again"))
    assert build.loaded("a/b */", ADD, "-O0").add(2, 3) == 5
    monkeypatch.undo()


@needs_a_compiler
def test_other_code_is_other_code(fresh: Path) -> None:
    """Code with another text or other flags is loaded as such, however similar its name."""
    assert build.loaded("x", ADD, "-O0").add(2, 3) == 5
    assert build.loaded("x", ADD.replace("+", "-"), "-O0").add(2, 3) == -1
    assert build.loaded("x", ADD.replace("+", "+ N *"), "-O0", "-DN=2").add(2, 3) == 8
    assert build.loaded("x", ADD.replace("+", "+ N *"), "-O0", "-DN=3").add(2, 3) == 11
    assert len(list(fresh.iterdir())) == 4


@needs_a_compiler
def test_code_out_of_use_is_removed(fresh: Path) -> None:
    """Files not loaded for thirty days are removed when something is compiled; files of other programs stay."""
    for text in (ADD, ADD.replace("+", "-")):
        build.loaded("x", text, "-O0")
    (fresh / "making-abc").mkdir()
    (fresh / "making-abc" / "model.c").write_text(ADD)
    (fresh / "notes.txt").write_text("not ours")
    for path in fresh.iterdir():
        os.utime(path, (0, 0))
    assert build.loaded("x", ADD, "-O0").add(2, 3) == 5
    assert len(list(fresh.iterdir())) == 4
    assert build.loaded("new", ADD, "-O0").add(2, 3) == 5
    assert sorted(path.name.partition("-")[0] for path in fresh.iterdir()) == ["new", "notes.txt", "x"]
    assert build.loaded("x", ADD.replace("+", "-"), "-O0").add(2, 3) == -1


MISSING = "no C compiler (cc) on this machine"


def test_without_a_compiler_the_python_search_answers(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is the same, with the reason why the engine was not C; `--engine c` is refused."""
    monkeypatch.setenv("CC", "no-such-compiler")
    sizes = yardstick.sizes("tiny", {})
    seen = engines.explore(yardstick, sizes, yardstick.symmetric)
    assert seen.engine == f"explore (python): {MISSING}"
    assert results(seen) == results(explore(yardstick, sizes, yardstick.symmetric))
    with pytest.raises(CannotCompile, match="no C compiler"):
        engines.explore(yardstick, sizes, yardstick.symmetric, choice=EngineChoice("c"))


def test_a_compiler_that_refuses_is_quoted(fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is the compiler's first line with an error in it; no incomplete file is left behind."""
    script = compiler(tmp_path, "echo 'in file x:' >&2; echo 'x.c:1: error: too hot today' >&2; exit 1")
    monkeypatch.setenv("CC", str(script))
    seen = engines.explore(yardstick, yardstick.sizes("tiny", {}), yardstick.symmetric)
    assert seen.engine == "explore (python): the C compiler fails: x.c:1: error: too hot today"
    assert seen.states == 757
    assert list(fresh.iterdir()) == []


def test_a_compiler_that_makes_nothing_is_one_that_refuses(
    fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A success without a file is none, and neither is a file that is no library."""
    for does in ("exit 0", 'for last; do :; done; echo rubbish > "$last"'):
        build.compiler.cache_clear()
        monkeypatch.setenv("CC", str(compiler(tmp_path, does)))
        seen = engines.explore(yardstick, yardstick.sizes("tiny", {}), yardstick.symmetric)
        assert seen.engine.startswith("explore (python): the C compiler ")
        assert seen.states == 757


@needs_a_compiler
def test_damaged_code_is_made_anew(fresh: Path) -> None:
    """A file that cannot be loaded, as a full disk leaves it, is compiled once more."""
    assert build.loaded("x", ADD, "-O0").add(2, 3) == 5
    (kept,) = fresh.iterdir()
    path = kept.rename(kept.with_name("loaded"))
    kept.write_bytes(path.read_bytes()[:100])
    assert build.loaded("x", ADD, "-O0").add(2, 3) == 5


@needs_a_compiler
def test_a_compiler_may_be_a_command(fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CC may have options, and a path with spaces in it."""
    (tmp_path / "with space").mkdir()
    script = compiler(tmp_path / "with space", '[ "$1" = -my ] && shift && exec cc "$@"')
    monkeypatch.setenv("CC", f"'{script}' -my")
    assert build.loaded("x", ADD, "-O0").add(2, 3) == 5


@needs_a_compiler
def test_a_cache_that_cannot_be_written_is_another_folder(
    fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the user's cache is no folder, a temporary one does."""
    (tmp_path / "cache").write_text("a file")
    assert build.loaded("x", ADD, "-O0").add(2, 3) == 5
    assert build._folder() != fresh
    assert (tmp_path / "cache").read_text() == "a file"


TWICE = """
from checkers.native import engine
from models.yardstick import yardstick
seen = engine.explore(yardstick, yardstick.sizes("tiny", {}), yardstick.symmetric)
print(seen.states, seen.transitions)
"""


@needs_a_compiler
def test_two_processes_may_compile_the_same_at_once(tmp_path: Path) -> None:
    """Both get whole code and the same answer, and one file of each kind is kept."""
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    both = [subprocess.Popen([sys.executable, "-c", TWICE], env=env, stdout=subprocess.PIPE, text=True) for _ in "ab"]
    assert [process.communicate()[0] for process in both] == ["757 3286\n"] * 2
    kept = sorted(path.name.rpartition("-")[0] for path in (tmp_path / "poolproof").iterdir())
    assert kept == ["model-yardstick", "search", "tables"]
