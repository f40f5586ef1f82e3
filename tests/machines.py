# SPDX-License-Identifier: MIT
"""The machines that tests of the notation and of the engines run over, and how a machine is made from text."""

from __future__ import annotations

import linecache
from itertools import count
from types import ModuleType

from hypothesis import note, reject
from hypothesis import strategies as st

from poolproof import catalog
from spec.dsl import Machine, SpecError

from .writer import machine_texts

_numbers = count(1)


def shipped() -> list[Machine]:
    """Every machine that must obey the rules of the notation: all sound models, and all broken ones."""
    return [*catalog.SOUND, *(bug.machine for bug in catalog.BROKEN)]


def module(text: str) -> ModuleType:
    """A module made from text; its source can be read back, as the lint of spec functions demands."""
    made = ModuleType(f"written_{next(_numbers)}")
    made.__file__ = f"<{made.__name__}>"
    linecache.cache[made.__file__] = (len(text), None, text.splitlines(keepends=True), made.__file__)
    exec(compile(text, made.__file__, "exec", dont_inherit=True), vars(made))
    return made


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    """A small machine written at random; the few texts that the notation refuses are drawn again."""
    text = draw(machine_texts())
    note(text)
    try:
        made: Machine = module(text).MACHINE
    except SpecError:
        reject()
    return made
