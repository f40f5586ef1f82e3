# SPDX-License-Identifier: MIT
"""From C text to loaded code: compiled once with the system's compiler, and cached under a digest of all inputs."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from checkers.core.cache import cache_folder
from checkers.core.verdict import Exit
from spec.dsl import PoolproofError

HERE = Path(__file__).with_name("c")
KEPT = 30 * 24 * 3600.0
"""Seconds that compiled code is kept after it was loaded last."""
MAKING = "making-"
"""The prefix of temporary folders of the compiler; one that is killed leaves such a folder behind."""
COMMON = ("-w", "-D_GNU_SOURCE", "-std=gnu11", "-shared", "-fPIC", "-pthread", "-march=native")


class CannotCompile(PoolproofError):
    """There is no C compiler, or it rejects the code, or the model is beyond the C search; the message says which."""

    exit_code = Exit.USAGE


@cache
def compiler() -> str:
    """The compiler and its version; empty if there is none."""
    if not command():
        return ""
    run = subprocess.run([*command(), "--version"], capture_output=True, text=True, check=False)
    return f"{shlex.join(command())} {run.stdout.splitlines()[0] if run.returncode == 0 and run.stdout else ''}"


def command() -> list[str]:
    """The command of the compiler: CC, or cc; empty if there is none."""
    name, *options = shlex.split(os.environ.get("CC", "")) or ["cc"]
    found = shutil.which(name)
    return [found, *options] if found else []


@cache
def processor() -> str:
    """The machine and the features of its processor, on which compiled code depends."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    return platform.machine() + next((line for line in lines if line.startswith("flags")), platform.processor())


@cache
def shared_text() -> str:
    return "".join(path.read_text() for path in sorted(HERE.glob("*.[ch]")))


@cache
def _folder() -> Path:
    return cache_folder()


def loaded(name: str, text: str, *flags: str) -> ctypes.CDLL:
    """The library of this text, compiled if it is not cached; then unused libraries are removed first."""
    key = hashlib.sha256("\0".join((text, shared_text(), compiler(), processor(), *COMMON, *flags)).encode())
    path = _folder() / f"{re.sub(r'[^A-Za-z0-9_-]', '_', name)[:60]}-{key.hexdigest()[:20]}.so"
    try:
        if not path.exists():
            _remove_unused(path.parent)
            _compile(text, flags, path)
        with suppress(OSError):
            os.utime(path)
        return ctypes.CDLL(str(path))
    except OSError:
        return _made_anew(text, flags, path)


def _remove_unused(folder: Path) -> None:
    """Remove libraries that were not loaded for KEPT seconds; processes that have one loaded keep it."""
    for path in (*folder.glob("*.so"), *folder.glob(f"{MAKING}*")):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > KEPT:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _made_anew(text: str, flags: tuple[str, ...], path: Path) -> ctypes.CDLL:
    """The library, compiled again because the cached one could not be loaded."""
    try:
        _compile(text, flags, path)
        return ctypes.CDLL(str(path))
    except OSError as error:
        path.unlink(missing_ok=True)
        raise CannotCompile(f"the C compiler makes nothing that can be loaded: {error}") from None


def _compile(text: str, flags: tuple[str, ...], path: Path) -> None:
    """Compile into a temporary file, and move it to its name when it is complete."""
    if not compiler():
        raise CannotCompile("no C compiler (cc) on this machine")
    with tempfile.TemporaryDirectory(prefix=MAKING, dir=path.parent) as folder:
        source, made = Path(folder) / "model.c", Path(folder) / "model.so"
        source.write_text(text, encoding="utf-8")
        words = [*command(), *COMMON, *flags, f"-I{HERE}", str(source), "-o", str(made)]
        run = subprocess.run(words, capture_output=True, text=True, check=False)
        if run.returncode:
            raise CannotCompile(f"the C compiler fails: {_first_error(run.stderr)}")
        made.replace(path)


def _first_error(output: str) -> str:
    return next((line for line in output.splitlines() if "error" in line), output.strip() or "without a message")
