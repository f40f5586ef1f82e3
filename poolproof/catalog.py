"""Where models come from: the ones that are shipped, by name, and a user's, by the path of a Python file."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

from models.broken.planted import PLANTED
from models.broken.zoo import ZOO
from models.keep_mapped import keep_mapped
from models.per_packet import per_packet
from models.yardstick import yardstick
from spec.dsl import Machine, Mutant, SpecError
from spec.ownership import ownership

from .watch import WATCH

SOUND: tuple[Machine, ...] = (ownership, keep_mapped, per_packet, yardstick)
BROKEN: tuple[Mutant, ...] = (*ZOO, *PLANTED)
SOUND_NAMES: tuple[str, ...] = tuple(m.name for m in SOUND)
SHIPPED: dict[str, Machine | Mutant] = {**{m.name: m for m in SOUND}, **{m.name: m for m in BROKEN}}


class UnknownModel(Exception):
    """The name of no model."""


class NoModel(Exception):
    """A file that cannot be read as a model."""


IMPORT = 60.0
"""Seconds that a user's file may take to be imported, where no --time is given."""


def find(name: str, seconds: float = 0.0) -> Machine:
    """The model of this name, or the one in the Python file at this path, which is imported in so many seconds."""
    if name in SHIPPED:
        return _machine(SHIPPED[name])
    if name.endswith(".py") or "/" in name:
        return load(Path(name), seconds)
    raise UnknownModel(f"{name!r} is no model; {_nearest(name)}, or give the path of a Python file")


def _nearest(name: str) -> str:
    """The names that are most symmetric; a part of a name will do."""
    parts = [known for known in SHIPPED if len(name) > 2 and name in known]
    close = (parts or get_close_matches(name, SHIPPED, cutoff=0.4))[:3]
    return f"perhaps {' or '.join(map(repr, close))}" if close else "see `poolproof list`"


def load(path: Path, seconds: float = 0.0) -> Machine:
    """The machine called MODEL in a user's file."""
    if not path.is_file():
        raise NoModel(f"{path}: there is no such file; give a model's name (see `poolproof list`) or a Python file")
    if path.suffix != ".py":
        raise NoModel(f"{path}: is no Python file; a model's file ends in .py")
    with WATCH.importing(path, seconds or IMPORT), _importable(path.parent.resolve()):
        try:
            model = getattr(_imported(path), "MODEL", None)
            if isinstance(model, Machine | Mutant):
                return _machine(model)
        except (SpecError, KeyboardInterrupt):
            raise
        except BaseException as error:  # whatever a file does when it is imported, such as sys.exit()
            raise NoModel(_cannot_be_imported(path, error)) from error
    raise NoModel(f"{path}: has no MODEL = Machine(...); `poolproof new FILE` writes a file that has one")


def _machine(model: Machine | Mutant) -> Machine:
    try:
        return model.machine if isinstance(model, Mutant) else model
    except SyntaxError as error:
        raise SpecError(f"{model.name}: what it changes is no Python: {(error.text or '').strip()!r}") from None


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
    """While a model loads, what stands beside it can be imported; later its helpers are in nobody's way."""
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
    """Was this found beside the model, and by it?"""
    beside = (directory / f"{package}.py").is_file() or (directory / package).is_dir()
    return beside and package not in before


def _cannot_be_imported(path: Path, error: BaseException) -> str:
    """What went wrong in a user's file, and in which line of it."""
    if isinstance(error, SyntaxError):
        file = (error.filename or "").replace(str(path.resolve()), str(path))
        where = f"{file}:{error.lineno}" if error.lineno else str(path)
        return f"{where}: is no Python: {error.msg}; mend it and ask again"
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if Path(f.filename) == path.resolve()]
    where = f"{path}:{lines[-1]}" if lines else str(path)
    return f"{where}: cannot be imported: {type(error).__name__}: {error}; mend it and ask again"
