"""Where models come from: the ones that are shipped, by name, and a user's, by the path of a Python file."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from models.broken.planted import PLANTED
from models.broken.zoo import ZOO
from models.keep_mapped import keep_mapped
from models.per_packet import per_packet
from models.yardstick import yardstick
from spec.dsl import Machine, Mutant, SpecError
from spec.dsl.mutate import nearest
from spec.ownership import ownership

SOUND: tuple[Machine, ...] = (ownership, keep_mapped, per_packet, yardstick)
BROKEN: tuple[Mutant, ...] = (*ZOO, *PLANTED)
SHIPPED: dict[str, Machine | Mutant] = {**{m.name: m for m in SOUND}, **{m.name: m for m in BROKEN}}


class UnknownModel(Exception):
    """The name of no model, or a file that holds none."""


class NoModel(Exception):
    """A file that cannot be read as a model."""


def find(name: str) -> Machine:
    """The model of this name, or the one in the Python file at this path."""
    if name in SHIPPED:
        shipped = SHIPPED[name]
        return shipped.machine if isinstance(shipped, Mutant) else shipped
    if name.endswith(".py") or "/" in name:
        return load(Path(name))
    raise UnknownModel(f"{name!r} is no model{nearest(name, list(SHIPPED))}; or give the path of a Python file")


def load(path: Path) -> Machine:
    """The machine called MODEL in a user's file; its directory is importable while it loads."""
    if not path.is_file():
        raise NoModel(f"{path}: there is no such file; give a model's name (see `poolproof list`) or a Python file")
    module_name = f"user_model_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise NoModel(f"{path}: is no Python file; a model's file ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except SpecError:
        raise
    except SyntaxError as error:
        raise NoModel(f"{path}:{error.lineno}: is no Python: {error.msg}") from None
    except Exception as error:
        raise NoModel(f"{path}: cannot be imported: {type(error).__name__}: {error}") from None
    finally:
        sys.path.remove(str(path.parent.resolve()))
    model = getattr(module, "MODEL", None)
    if isinstance(model, Mutant):
        model = model.machine
    if not isinstance(model, Machine):
        raise NoModel(f"{path}: has no MODEL = Machine(...); `poolproof new FILE` writes a file that has one")
    return model
