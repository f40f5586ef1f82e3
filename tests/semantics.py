# SPDX-License-Identifier: MIT
"""The effect of an action on a state, computed twice: by running its function, and by evaluating its lifted paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from spec.dsl import Claim, Instance, Sort, SpecError, Violation, World
from spec.dsl.ir import Current, Expr, Put, Refused, evaluate, one_key

Value = dict[str, dict[Any, Any]]


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt: the state after and the history counted, or why there is none."""

    code: bytes = b""
    counted: tuple[tuple[str, str, int], ...] = ()
    why_not: str = ""


REFUSED = Outcome(why_not="a guard says no")
WRONG = Outcome(why_not="a value is outside its bounds")


def concretely(world: World, code: bytes, instance: Instance) -> Outcome:
    """Run the function itself."""
    state = world.load(code, world.state)
    outer, Current.run = Current.run, world
    try:
        instance.action.fn(state, *instance.args)
        return Outcome(world.code(state), _counted({n: vars(state)[n] for n in world.machine.shape.histories}))
    except Refused:
        return REFUSED
    except SpecError:
        return WRONG
    finally:
        world._undo()
        Current.run = outer


def lifted(world: World, code: bytes, instance: Instance) -> Outcome:
    """Find the one enabled path, and make its assignments in order; all of them speak of the state before."""
    state, env = world.load(code), environment(instance.action.params, instance.args)
    enabled = [p for p in instance.action.lifted.paths if evaluate(p.guard, {"": state}, env)]
    assert len(enabled) <= 1, f"{instance} has {len(enabled)} enabled paths"
    if not enabled:
        return REFUSED
    puts = [
        put for row in enabled[0].puts for put in row.cells(lambda sort: world.machine.shape.size(sort, world.sizes))
    ]
    writes = [_write(put, {"": state}, env) for put in puts]
    after, counted = world.values(code), {n: dict(vars(state)[n]) for n in world.machine.shape.histories}
    for put, (key, value) in zip(puts, writes, strict=True):
        if not put.field.history and not _fits(vars(state)[put.field.name].values_, value):
            return WRONG
        (counted if put.field.history else after)[put.field.name][key] = value
    return Outcome(encode(world, after), _counted(counted))


def claimed(claim: Claim, states: tuple[Any, ...], args: tuple[Sort, ...]) -> bool:
    """The value of a lifted claim for one state, or for the states before and after a step."""
    found = evaluate(claim.expr, dict(zip(claim.whens, states, strict=True)), environment(claim.params, args))
    assert isinstance(found, bool)
    return found


def environment(params: tuple[Any, ...], args: tuple[Sort, ...]) -> dict[str, Sort]:
    return {v.name: arg for v, arg in zip(params, args, strict=True)}


def encode(world: World, values: Value) -> bytes:
    """The code of a state given as plain dictionaries."""
    code = bytearray(sum(map(len, world.offsets.values())))
    for name, offsets in world.offsets.items():
        for key, offset in offsets.items():
            code[offset] = vars(world.probe)[name].values_.index(values[name][key])
    return bytes(code)


def _write(put: Put, states: dict[str, Any], env: dict[str, Any]) -> tuple[Any, Any]:
    def value(e: Expr) -> Any:
        return evaluate(e, states, env)

    return one_key(tuple(map(value, put.keys))), value(put.value)


def _fits(values: tuple[Any, ...], value: Any) -> bool:
    return any(value == v and type(value) is type(v) for v in values)


def _counted(histories: Value) -> tuple[tuple[str, str, int], ...]:
    return tuple((name, repr(k), v) for name, cells in histories.items() for k, v in cells.items() if v)


def disagreements(world: World, code: bytes) -> list[str]:
    """Where running and lifting part in this state: actions, claims about it, and claims about each step from it."""
    found = outcomes_that_differ(world, code, world.instances)
    found += list(_disagreeing_claims(world, code))
    for number, _ in world.successors(code):
        found += _disagreeing_steps(world, code, world.instances[number])
    return found


def outcomes_that_differ(world: World, code: bytes, instances: Iterable[Instance]) -> list[str]:
    """The actions, with their arguments, that do something else here when they run than when they were lifted."""
    both = ((instance, concretely(world, code, instance), lifted(world, code, instance)) for instance in instances)
    return [f"{instance}: run {run}, lifted {other}" for instance, run, other in both if run != other]


def claims(world: World) -> list[Claim]:
    """All claims of a machine: invariants, stages of witnesses, where a run may end."""
    machine = world.machine
    final = (machine.is_final,) if machine.is_final else ()
    return [*machine.invariants, *(c for w in machine.witnesses for c in w.stages), *final]


def _disagreeing_claims(world: World, code: bytes) -> Iterator[str]:
    state = world.load(code)
    for claim in claims(world):
        for args in world.tuples(claim.params) if not claim.is_step else ():
            if claim.fn(state, *args) is not claimed(claim, (state,), args):
                yield f"{claim.name}{args}: run {claim.fn(state, *args)}"


def _disagreeing_steps(world: World, code: bytes, instance: Instance) -> Iterator[str]:
    """Claims about the step that the world's `successors` has just yielded."""
    before, after = world.load(code, world.before), world.state
    for claim in claims(world):
        for args in world.tuples(claim.params) if claim.is_step else ():
            if claim.fn(before, after, *args) is not claimed(claim, (before, after), args):
                yield f"{claim.name}{args} after {instance}: run {claim.fn(before, after, *args)}"


Broken = set[tuple[str, tuple[Sort, ...]]]
"""Invariants by name, and the arguments they fail for."""


def broken(world: World, code: bytes) -> Broken:
    """The state invariants violated here, each with its arguments."""
    state = world.load(code)
    about = [c for c in world.machine.invariants if not c.is_step]
    return {(c.name, args) for c in about for args in world.tuples(c.params) if not c.fn(state, *args)}


def broken_by_steps(world: World, code: bytes) -> dict[int, Broken]:
    """For each instance enabled here, the step invariants it violates, each with its arguments."""
    before, about = world.load(code, world.before), [c for c in world.machine.invariants if c.is_step]
    return {
        n: {(c.name, args) for c in about for args in world.tuples(c.params) if not c.fn(before, world.state, *args)}
        for n, _ in world.successors(code)
    }


def as_broken(violations: Iterable[Violation]) -> Broken:
    return {(v.claim.name, v.args) for v in violations}
