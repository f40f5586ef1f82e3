# SPDX-License-Identifier: MIT
"""docs/kernel-reference.md as data: the numbers it defines, its functions, its bugs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[2] / "docs" / "kernel-reference.md"

DEFINES = re.compile(r"^(?:\| |\* \*\*|#### )([PTSLQDB]\d+)\b", re.MULTILINE)
"""A number begins a row of a table, an item of a list or a heading."""

SECTION = re.compile(r"^##+ (\d+(?:\.\d+)?) .*$", re.MULTILINE)
STEP = re.compile(r"^\* \*\*(\d+[a-d]?)\.\*\*", re.MULTILINE)
FUNCTION = re.compile(r"^\| (\w+)\(\) \| (\S+) \| ([^|]+) \|", re.MULTILINE)
BUG = re.compile(r"^#### (B\d\d) (.+)\n(?:.*\n)+?\* \*\*Breaks:\*\* ([^.]+)\.", re.MULTILINE)
NUMBER = re.compile(r"[SLQ]\d+")


class Place(NamedTuple):
    """A file that contains a function, and the kernels in which it does."""

    file: str
    versions: tuple[str, ...]


class Bug(NamedTuple):
    """A bug of a real kernel: its number, what it is, the properties that it breaks."""

    number: str
    title: str
    breaks: tuple[str, ...]


def text() -> str:
    """The page as it stands."""
    return PAGE.read_text(encoding="utf-8")


def numbers(page: str) -> list[str]:
    """Every number that the page defines, in its order; one that is defined twice is there twice."""
    return DEFINES.findall(page)


def sections(page: str) -> dict[str, frozenset[str]]:
    """The sections by number, each with the numbered steps or rules in it."""
    heads = list(SECTION.finditer(page))
    ends = [head.start() for head in heads[1:]] + [len(page)]
    return {head[1]: frozenset(STEP.findall(page[head.end() : end])) for head, end in zip(heads, ends, strict=True)}


def functions(page: str) -> dict[str, list[Place]]:
    """Where each kernel function is; one that moved has several places."""
    found: dict[str, list[Place]] = {}
    for name, file, versions in FUNCTION.findall(page):
        found.setdefault(name, []).append(Place(file, tuple(versions.strip().split(", "))))
    return found


def bugs(page: str) -> Iterator[Bug]:
    """The bugs in the order of the page."""
    for number, title, breaks in BUG.findall(page):
        yield Bug(number, title, tuple(NUMBER.findall(breaks)))
