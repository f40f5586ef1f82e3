# SPDX-License-Identifier: MIT
"""The tutorial and the how-to on a state of one's own, followed to the letter: files, changes, commands, outputs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from poolproof import output
from poolproof.cli import app
from poolproof.errors import guarded

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("tutorial.md", "own-state.md")
FENCE = re.compile(r"^```(\w+) ?(.*)\n((?:.*\n)*?)```$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block: its kind, what follows the kind (a file, or an exit code), and its text."""

    kind: str
    of: str
    text: str


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page."""
    return [Block(*found) for found in FENCE.findall((DOCS / page).read_text())]


def patch(text: str, change: str) -> str:
    """The text after a change in the form of a diff without line numbers; its old lines stand there once."""
    lines = [line if line.strip() else " \n" for line in change.splitlines(keepends=True)]
    old, new = ("".join(line[1:] for line in lines if line[0] in (" ", sign)) for sign in "-+")
    assert text.count(old) == 1, old
    return text.replace(old, new)


def matches(expected: list[str], printed: list[str]) -> bool:
    """True if the lines are those expected, in order; `...` stands for any number of lines."""
    if not expected:
        return not printed
    if expected[0] == "...":
        return any(matches(expected[1:], printed[n:]) for n in range(len(printed) + 1))
    return bool(printed) and expected[0] == printed[0] and matches(expected[1:], printed[1:])


@pytest.mark.parametrize("page", PAGES)
def test_a_page_followed_to_the_letter_gives_its_outputs(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files are written, changes made and commands typed in the order of the page; every output and code is real."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(output, "console", output.Output(highlight=False, width=80))
    for block in blocks(page):
        match block.kind:
            case "python":
                Path(block.of).write_text(block.text)
            case "diff":
                Path(block.of).write_text(patch(Path(block.of).read_text(), block.text))
            case "console":
                command, *expected = block.text.splitlines()
                words = shlex.split(command.removeprefix("$ poolproof "))
                assert guarded(partial(app, words, standalone_mode=False)) == int(block.of or 0)
                out = capsys.readouterr().out.replace("\u00a0", " ").strip("\n")
                printed = [line.rstrip() for line in out.splitlines()]
                assert matches(expected, printed), "\n".join([command, *printed])


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_what_is_compared(page: str) -> None:
    """Each page writes a file, changes it and shows outputs; no block is of a kind that nothing looks at."""
    kinds = [block.kind for block in blocks(page)]
    assert set(kinds) == {"python", "diff", "console"}
    assert kinds.count("console") >= 4
    assert (DOCS / page).read_text().count("```") == 2 * len(kinds)


def test_a_difference_in_an_output_is_found() -> None:
    """A line that is changed, added or left out does not match; `...` matches lines, and nothing else."""
    printed = ["a", "b", "c"]
    assert all(matches(lines, printed) for lines in (["a", "b", "c"], ["a", "..."], ["...", "c"], ["...", "b", "..."]))
    wrong: Iterator[list[str]] = iter([["a", "b"], ["a", "c"], ["b", "..."], ["...", "b"], ["a", "x", "c"], []])
    assert not any(matches(lines, printed) for lines in wrong)
