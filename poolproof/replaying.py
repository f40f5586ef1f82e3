"""`poolproof replay`: saved traces run again, each on the model it names or on the one that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from checkers import itf
from spec.dsl import Machine

from . import asking, catalog
from .asking import BadRequest


@dataclass(frozen=True)
class Again:
    """A saved trace, the name of the model it is run on, and the run."""

    trace: Path
    name: str
    saved: itf.Saved
    run: itf.Rerun


def must_be_one(traces: Sequence[Path], as_test: bool, picture: Path | None) -> None:
    """Refuse several traces where one test or one picture is to be made."""
    if len(traces) > 1 and (as_test or picture):
        option = "--as-test" if as_test else f"--draw {picture}"
        raise BadRequest(f"{option}: is of one trace, and {len(traces)} are given; give one")


def again(trace: Path, model: str, only_page: str) -> Again:
    """Load a trace, and take its steps again."""
    saved = itf.load(trace)
    machine = _machine_of(trace, saved, model)
    asking.must_be_a_page(only_page, [(machine, saved.scope)])
    return Again(trace, model or saved.model, saved, itf.rerun(machine, saved))


def as_test(one: Again) -> str:
    """A pytest test that runs the trace."""
    return itf.as_test(one.trace, one.saved, one.name)


def _machine_of(trace: Path, saved: itf.Saved, model: str) -> Machine:
    """The model a trace is run on: the one that was asked for, or the one it names if that is still the same."""
    if model:
        return catalog.find(model)
    try:
        machine = catalog.find(saved.model)
    except (catalog.UnknownModel, catalog.NoModel) as error:
        raise itf.BadTrace(f"{trace}: its model is not found from here ({error}); say where it is: --model") from None
    if machine.digest != saved.digest:
        raise itf.BadTrace(
            f"{trace}: is of {saved.model} {saved.digest}, which is {machine.digest} now; "
            f"give --model {saved.model} to run it on the model as it is"
        )
    return machine
