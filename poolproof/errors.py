# SPDX-License-Identifier: MIT
"""Errors a user can make: one line on standard error that names value, rule and way out, and an exit code each."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from enum import Enum
from typing import Any

import typer
from typer.exceptions import TyperException

from checkers.core.verdict import Exit
from impl.linux.page_words import NotWords
from impl.linux.trace.files import Unreadable
from spec.dsl import PoolproofError

from .interrupts import INTERRUPTS

TYPER_INTERRUPTED = 130
"""The exit code that typer gives Ctrl-C."""


class BadRequest(PoolproofError):
    """Arguments that cannot be carried out."""

    exit_code = Exit.USAGE


class BudgetSpent(PoolproofError):
    """A budget ended before there was a result to print."""

    exit_code = Exit.BUDGET


class NothingToJudge(PoolproofError):
    """A question about a model that claims nothing."""

    exit_code = Exit.BUDGET


class NoModel(PoolproofError):
    """A file that cannot be read as a model."""

    exit_code = Exit.INPUT


def unknown(what: str, value: str, choices: Iterable[str]) -> BadRequest:
    """The error for a value that is none of a few choices."""
    return BadRequest(f"unknown {what} {value!r} (choose {either(choices)})")


def either(choices: Iterable[str]) -> str:
    """The choices as a phrase: "stock or dma"."""
    *most, last = choices
    return f"{', '.join(most)} or {last}" if most else last


def nearest(value: str, known: Iterable[str], otherwise: str) -> str:
    """The way out for a name that is none of many: the nearest ones (a part of a name will do), or `otherwise`."""
    every = list(known)
    parts = [name for name in every if len(value) > 2 and value in name]
    close = (parts or get_close_matches(value, every, cutoff=0.6))[:3]
    return f"did you mean {either(close)}?" if close else otherwise


def guarded(run: Callable[[], object]) -> int:
    """Run a command; an error becomes one line on standard error. Returns the exit code."""
    try:
        result = run()
        code = result if isinstance(result, int) else Exit.OK
        return fail("interrupted", Exit.BUDGET) if code == TYPER_INTERRUPTED else code
    except typer.Exit as done:
        return done.exit_code
    except TyperException as error:
        return fail(_usage(error), Exit.USAGE)
    except PoolproofError as error:
        return fail(str(error), error.exit_code)
    except (Unreadable, NotWords) as error:
        return fail(str(error), Exit.INPUT)
    except OSError as error:
        return fail(f"{error.filename or 'output'}: {error.strerror}; give another place", Exit.USAGE)
    except (KeyboardInterrupt, typer.Abort):
        return fail("interrupted", Exit.BUDGET)
    except Exception as error:
        return fail("interrupted", Exit.BUDGET) if INTERRUPTS.heard else _internal(error)


def _usage(error: TyperException) -> str:
    """typer's message, with the value that was given and its choices, or where to read on."""
    cause: Any = error.__cause__
    given = [e["input"] for e in cause.errors()] if hasattr(cause, "errors") else []
    if given and (choices := _choices(error)):
        return str(unknown(type(choices[0]).__name__.lower(), str(given[0]), [c.value for c in choices]))
    message = error.format_message().rstrip(".") or "no command is given"
    context: Any = getattr(error, "ctx", None)
    path = context.command_path if context else "poolproof"
    return f"{': '.join([message, *map(repr, given)])}; see `{path} --help`"


def _choices(error: TyperException) -> tuple[Enum, ...]:
    """The values of the enumeration that the option at fault takes; empty for an option of another type."""
    descriptor = getattr(getattr(error, "param", None), "type_descriptor", None)
    return tuple(c for c in getattr(descriptor, "choices", None) or () if isinstance(c, Enum))


def _internal(error: Exception) -> int:
    if os.environ.get("POOLPROOF_DEBUG"):
        traceback.print_exc()
    what = f"{type(error).__name__}: {error}"
    return fail(f"an error of poolproof itself: {what} (POOLPROOF_DEBUG=1 prints where)", Exit.TOOL)


def fail(message: str, code: int) -> int:
    """Print the message as one line on standard error, and return the exit code."""
    print(f"poolproof: {' '.join(message.split())}", file=sys.stderr)
    return code
