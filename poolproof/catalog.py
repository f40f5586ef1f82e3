# SPDX-License-Identifier: MIT
"""Models: the shipped ones by name, a user's by the path of a Python file."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from models.broken.planted import PLANTED
from models.broken.zoo import ZOO
from models.keep_mapped import keep_mapped
from models.per_packet import per_packet
from models.yardstick import yardstick
from spec.dsl import Machine, Mutant, SpecError
from spec.ownership import ownership

from .errors import BadRequest, NoModel, nearest
from .watch import WATCH

SOUND: tuple[Machine, ...] = (ownership, keep_mapped, per_packet, yardstick)
BROKEN: tuple[Mutant, ...] = (*ZOO, *PLANTED)
SOUND_NAMES: tuple[str, ...] = tuple(m.name for m in SOUND)
SHIPPED: dict[str, Machine | Mutant] = {**{m.name: m for m in SOUND}, **{m.name: m for m in BROKEN}}


IMPORT = 60.0
"""Seconds that a user's file may take to be imported, where no --time-limit is given."""


def find(name: str, seconds: float = 0.0) -> Machine:
    """The model of this name, or in the Python file at this path; `seconds` limit the import (0: IMPORT)."""
    if name in SHIPPED:
        return _machine(SHIPPED[name])
    if name.endswith(".py") or "/" in name:
        return load(Path(name), seconds)
    way_out = nearest(name, SHIPPED, "see `poolproof list`, or give the path of a Python file")
    raise BadRequest(f"unknown model {name!r} ({way_out})")


def load(path: Path, seconds: float = 0.0) -> Machine:
    """The machine called MODEL in a user's file."""
    if path.is_dir():
        raise NoModel(f"{path}: is a directory; give a Python file")
    if not path.is_file():
        raise NoModel(f"{path}: no such file; give a model's name (see `poolproof list`) or a Python file")
    if path.suffix != ".py":
        raise NoModel(f"{path}: not a Python file; a model's file ends in .py")
    with WATCH.importing(path, seconds or IMPORT), _importable(path.parent.resolve()):
        try:
            model = getattr(_imported(path), "MODEL", None)
            if isinstance(model, Machine | Mutant):
                return _machine(model)
        except (SpecError, KeyboardInterrupt):
            raise
        except BaseException as error:  # anything that a file does when it is imported, such as sys.exit()
            raise NoModel(_cannot_be_imported(path, error)) from error
    raise NoModel(f"{path}: has no MODEL = Machine(...); `poolproof new FILE` writes a file that has one")


def _machine(model: Machine | Mutant) -> Machine:
    try:
        return model.machine if isinstance(model, Mutant) else model
    except SyntaxError as error:
        raise SpecError(f"{model.name}: its change is not Python: {(error.text or '').strip()!r}") from None


def _imported(path: Path) -> ModuleType:
    name = f"user_model_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@contextmanager
def _importable(directory: Path) -> Iterator[None]:
    """While a model loads, modules beside it can be imported; afterwards they are forgotten."""
    before = set(sys.modules)
    sys.path.insert(0, str(directory))
    try:
        yield
    finally:
        if str(directory) in sys.path:
            sys.path.remove(str(directory))
        for name in set(sys.modules) - before:
            if _stands_in(directory, name.partition(".")[0], before):
                del sys.modules[name]


def _stands_in(directory: Path, package: str, before: set[str]) -> bool:
    """True if this package lies beside the model and was imported by it."""
    beside = (directory / f"{package}.py").is_file() or (directory / package).is_dir()
    return beside and package not in before


def _cannot_be_imported(path: Path, error: BaseException) -> str:
    """The error in a user's file, with its line."""
    if isinstance(error, SyntaxError):
        file = (error.filename or "").replace(str(path.resolve()), str(path))
        where = f"{file}:{error.lineno}" if error.lineno else str(path)
        return f"{where}: not Python: {error.msg}; correct it and run again"
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if Path(f.filename) == path.resolve()]
    where = f"{path}:{lines[-1]}" if lines else str(path)
    return f"{where}: cannot be imported: {type(error).__name__}: {error}; correct it and run again"
