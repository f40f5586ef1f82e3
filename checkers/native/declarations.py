# SPDX-License-Identifier: MIT
"""The numbers, enums and structs of c/api.h as Python sees them: they are written once, there."""

from __future__ import annotations

import ctypes
import re
from functools import cache
from pathlib import Path
from typing import Any

HEADER = Path(__file__).with_name("c") / "api.h"
TYPES = {"uint32_t": ctypes.c_uint32, "uint64_t": ctypes.c_uint64}


@cache
def _text() -> str:
    """The header without its comments."""
    return re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.DOTALL)


def numbers(prefix: str) -> dict[str, int]:
    """What the header defines as plain numbers under names that begin so."""
    return {name: int(value) for name, value in re.findall(rf"#define ({prefix}\w+)\s+(\d+)", _text())}


def enum(name: str) -> dict[str, int]:
    """The members of an enum without values of their own, from 0 on."""
    return {member: n for n, member in enumerate(re.findall(r"\w+", _body("enum", name)))}


def fields(struct: str) -> list[tuple[str, Any]]:
    """The fields of a struct of plain numbers, for a ctypes.Structure."""
    lines = re.findall(r"(\w+) ([\w, ]+);", _body("struct", struct))
    return [(name, TYPES[kind]) for kind, names in lines for name in re.findall(r"\w+", names)]


def _body(kind: str, name: str) -> str:
    found = re.search(rf"{kind} {name} \{{(.*?)\}};", _text(), re.DOTALL)
    assert found, f"c/api.h has no {kind} {name}"
    return found[1]
