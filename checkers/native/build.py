"""From C text to loaded code: compiled once with the system's compiler, and kept under a name that says from what."""

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
"""Seconds that compiled code is kept after it was last loaded."""
MAKING = "making-"
"""How folders are called in which something is being compiled; a compiler that is killed leaves one behind."""
COMMON = ("-w", "-D_GNU_SOURCE", "-std=gnu11", "-shared", "-fPIC", "-pthread", "-march=native")


class CannotCompile(PoolproofError):
    """There is no C compiler, or it rejects the code, or the model is beyond the C search; the message says which."""

    exit_code = Exit.USAGE


@cache
def compiler() -> str:
    """The compiler and its version; empty if this machine has none."""
    if not command():
        return ""
    said = subprocess.run([*command(), "--version"], capture_output=True, text=True, check=False)
    return f"{shlex.join(command())} {said.stdout.splitlines()[0] if said.returncode == 0 and said.stdout else ''}"


def command() -> list[str]:
    """How the compiler is called: what CC says, or cc; nothing if there is none."""
    name, *options = shlex.split(os.environ.get("CC", "")) or ["cc"]
    found = shutil.which(name)
    return [found, *options] if found else []


@cache
def processor() -> str:
    """What compiled code depends on: the machine, and what its processor can do."""
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
    """The library made from this text, compiled unless it is there already; before that, what is out of use goes."""
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
    """Remove what nobody has loaded for so long; whoever has it loaded keeps it."""
    for path in (*folder.glob("*.so"), *folder.glob(f"{MAKING}*")):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > KEPT:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _made_anew(text: str, flags: tuple[str, ...], path: Path) -> ctypes.CDLL:
    """The library, compiled once more: what was there could not be loaded."""
    try:
        _compile(text, flags, path)
        return ctypes.CDLL(str(path))
    except OSError as error:
        path.unlink(missing_ok=True)
        raise CannotCompile(f"the C compiler leaves nothing that can be loaded: {error}") from None


def _compile(text: str, flags: tuple[str, ...], path: Path) -> None:
    """Compile into a file of its own, and give it its name when it is whole."""
    if not compiler():
        raise CannotCompile("no C compiler (cc) on this machine")
    with tempfile.TemporaryDirectory(prefix=MAKING, dir=path.parent) as folder:
        source, made = Path(folder) / "model.c", Path(folder) / "model.so"
        source.write_text(text, encoding="utf-8")
        typed = [*command(), *COMMON, *flags, f"-I{HERE}", str(source), "-o", str(made)]
        said = subprocess.run(typed, capture_output=True, text=True, check=False)
        if said.returncode:
            raise CannotCompile(f"the C compiler refuses: {_first_error(said.stderr)}")
        made.replace(path)


def _first_error(said: str) -> str:
    return next((line for line in said.splitlines() if "error" in line), said.strip() or "it says nothing")
