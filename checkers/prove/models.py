"""Models of SMT-LIB texts, found by z3 in a process of its own: the values of their constants, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .workers import Work

Model = dict[str, Any]
"""By the name of a constant a truth value, a number, or the name of a constructor."""


def models(seconds: float) -> Work:
    """The work of finding a model of each text; None where there is none, or none is found."""

    def work(texts: Iterator[Any]) -> Iterator[Any]:
        import z3

        yield None
        for text in texts:
            solver = z3.Solver()
            solver.set("timeout", milliseconds(seconds))
            solver.from_string(text)
            yield read(solver.model()) if solver.check() == z3.sat else None

    return work


def switched(texts: Mapping[str, str]) -> Work:
    """The work of asking texts by name under assumptions: names of constants that hold, and of those that do not.

    An answer is "sat" with a model, "unsat", or why there is none. A request without a name asks for the assumptions
    that the last answer leans on: few, and not found at once.
    """

    def work(requests: Iterator[Any]) -> Iterator[Any]:
        import z3

        solver: Any = None
        solvers: dict[str, Any] = {}
        yield None
        for name, on, off in requests:
            if not name:
                yield [str(c) for c in solver.unsat_core()]
                continue
            if name not in solvers:
                solvers[name] = z3.Solver()
                solvers[name].set("core.minimize", True)
                solvers[name].from_string(texts[name])
            solver = solvers[name]
            said = solver.check(*map(z3.Bool, on), *(z3.Not(z3.Bool(n)) for n in off))
            why = solver.reason_unknown() if said == z3.unknown else str(said)
            yield [why, read(solver.model()) if said == z3.sat else None]

    return work


def milliseconds(seconds: float) -> int:
    """A limit as z3 takes it, for which 0 seconds are none."""
    return max(1, round(1000 * seconds)) if seconds else 2**32 - 1


def read(model: Any) -> Model:
    """The values of a model's constants."""
    return {d.name(): _value(model[d]) for d in model.decls() if d.arity() == 0}


def _value(value: Any) -> bool | int | str:
    import z3

    if z3.is_bool(value):
        return bool(z3.is_true(value))
    return int(value.as_long()) if z3.is_int_value(value) else str(value.decl().name())
