# SPDX-License-Identifier: MIT
"""Models of SMT-LIB texts, found by z3 in a worker: the values of constants by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .workers import Work

Model = dict[str, Any]
"""A truth value, a number, or the name of a constructor, by the name of a constant."""


def models(seconds: float) -> Work:
    """The work of a worker that finds a model of each text, or None."""

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
    """The work of a worker that decides texts by name under assumptions: constants that are true, and that are false.

    An answer is "sat" with a model, "unsat", or the reason of an unknown. A request without a name asks for a small
    unsat core of the last answer, which takes time.
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
            found = solver.check(*map(z3.Bool, on), *(z3.Not(z3.Bool(n)) for n in off))
            result = solver.reason_unknown() if found == z3.unknown else str(found)
            yield [result, read(solver.model()) if found == z3.sat else None]

    return work


def milliseconds(seconds: float) -> int:
    """A limit as z3 takes it; 0 seconds are no limit."""
    return max(1, round(1000 * seconds)) if seconds else 2**32 - 1


def read(model: Any) -> Model:
    """The values of a model's constants."""
    return {d.name(): _value(model[d]) for d in model.decls() if d.arity() == 0}


def _value(value: Any) -> bool | int | str:
    import z3

    if z3.is_bool(value):
        return bool(z3.is_true(value))
    return int(value.as_long()) if z3.is_int_value(value) else str(value.decl().name())
