# SPDX-License-Identifier: MIT
"""The reference of the command line: every subcommand with its arguments, options and defaults."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer

from poolproof.cli import app
from tools import markdown


def table() -> Iterator[str]:
    """The page below its title."""
    yield "`-h` or `--help` prints the same on the screen. Every command ends with one of the\n"
    yield "[exit codes](../output.md#exit-codes).\n"
    top: Any = typer.main.get_command(app)
    for name, command in sorted(top.commands.items()):
        yield f"\n## poolproof {name}\n\n{inspect.cleandoc(command.help)}\n\n"
        yield from markdown.table(("argument or option", "meaning", "default"), map(_row, _shown(command)))


def _shown(command: Any) -> list[Any]:
    return [p for p in command.params if not getattr(p, "hidden", False) and p.name != "help"]


def _row(param: Any) -> tuple[str, str, str]:
    options = ", ".join(f"`{option}`" for option in (*param.opts, *param.secondary_opts))
    if param.param_type_name == "argument":
        return f"`{param.metavar or param.name.upper()}`", param.help or "", "" if param.required else "none"
    value = "" if _is_flag(param) else f" {_value(param)}"
    return f"{options}{value}", param.help or "", _default(param)


def _is_flag(param: Any) -> bool:
    return bool(param.is_flag)


def _value(param: Any) -> str:
    """The form of a value: the metavar, the choices, or the type."""
    if param.metavar:
        return str(param.metavar)
    descriptor = param.type_descriptor
    if descriptor.choices:
        return "|".join(choice.value for choice in descriptor.choices)
    return "TEXT" if "str" in str(descriptor.annotation) else "N"


def _default(param: Any) -> str:
    if param.required:
        return "required"
    default = getattr(param.default, "value", param.default)
    if isinstance(default, bool):
        return ("on" if default else "") if param.secondary_opts else ""
    return "" if default in (None, "") else f"{default:g}" if isinstance(default, float) else str(default)
