"""What goes wrong, in one line on standard error, and with an exit code of its own."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import typer
from typer.exceptions import TyperException

from checkers import itf
from checkers.core.cache import NotOurs
from checkers.core.verdict import Exit
from checkers.native.build import CannotCompile
from checkers.native.checkpoint import BadCheckpoint
from checkers.prove.queues import Undecided
from impl.linux import page_dump
from impl.linux.trace.files import Unreadable
from spec.dsl import SpecError

from . import asking, catalog
from .interrupts import INTERRUPTS


def guarded(run: Callable[[], object]) -> int:
    """The exit code of a run; what went wrong is said in one line on standard error."""
    try:
        result = run()
        code = result if isinstance(result, int) else Exit.OK
        return said("interrupted", Exit.BUDGET) if code == TYPER_INTERRUPTED else code
    except typer.Exit as done:
        return done.exit_code
    except TyperException as error:
        return said(_usage(error), Exit.USAGE)
    except (asking.BadRequest, catalog.UnknownModel, CannotCompile, NotOurs) as error:
        return said(str(error), Exit.USAGE)
    except (catalog.NoModel, itf.BadTrace, BadCheckpoint, Unreadable, page_dump.NotWords) as error:
        return said(str(error), Exit.INPUT)
    except (asking.BudgetSpent, Undecided) as error:
        return said(str(error), Exit.BUDGET)
    except SpecError as error:
        return said(str(error), Exit.SPEC)
    except OSError as error:
        return said(f"{error.filename or 'output'}: {error.strerror}; give another place", Exit.USAGE)
    except (KeyboardInterrupt, typer.Abort):
        return said("interrupted", Exit.BUDGET)
    except Exception as error:
        return said("interrupted", Exit.BUDGET) if INTERRUPTS.heard else _our_own(error)


TYPER_INTERRUPTED = 130
"""What typer makes of Ctrl-C."""


def _usage(error: TyperException) -> str:
    """What typer says, with the value it was given and the way out."""
    cause: Any = error.__cause__
    typed = [repr(e["input"]) for e in cause.errors()] if hasattr(cause, "errors") else []
    said = ": ".join([error.format_message().rstrip(".") or "no command is given", *typed])
    context: Any = getattr(error, "ctx", None)
    return f"{said}; see `{context.command_path if context else 'poolproof'} --help`"


def _our_own(error: Exception) -> int:
    if os.environ.get("POOLPROOF_DEBUG"):
        traceback.print_exc()
    what = f"{type(error).__name__}: {error}"
    return said(f"an error of poolproof itself: {what} (POOLPROOF_DEBUG=1 says where)", Exit.TOOL)


def said(message: str, code: int) -> int:
    """Say why the command ends, in one line on standard error."""
    print(f"poolproof: {' '.join(message.split())}", file=sys.stderr)
    return code
