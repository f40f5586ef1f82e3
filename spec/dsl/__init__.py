# SPDX-License-Identifier: MIT
"""The notation: everything a spec or a model is written with. Start with `docs/reading-the-spec.md`."""

from .functions import Action, Claim
from .machine import Breaks, Machine, Witness
from .mutate import Mutant, drop, instead, swap
from .state import Field, Members, State, bound, field, history, members, variable
from .values import ANY, NOBODY, Kind, PoolproofError, Sort, SpecError, between, optional
from .words import count, each, iff, implies, require, some
from .world import Instance, Violation, World

__all__ = [
    "ANY",
    "NOBODY",
    "Action",
    "Breaks",
    "Claim",
    "Field",
    "Instance",
    "Kind",
    "Machine",
    "Members",
    "Mutant",
    "PoolproofError",
    "Sort",
    "SpecError",
    "State",
    "Violation",
    "Witness",
    "World",
    "between",
    "bound",
    "count",
    "drop",
    "each",
    "field",
    "history",
    "iff",
    "implies",
    "instead",
    "members",
    "optional",
    "require",
    "some",
    "swap",
    "variable",
]
