# SPDX-License-Identifier: MIT
"""Traces as files in the ITF format: saved, loaded, replayed on a model, and turned into tests."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spec.dsl import Claim, Instance, Machine, PoolproofError, Sort, SpecError, World

from .core.traces import Step, Trace
from .core.verdict import Exit, Kind, Verdict
from .core.wording import guard_at, sentence
from .explore.ends import can_end
from .explore.refine import fits


class BadTrace(PoolproofError):
    """A file that is no trace, or not one of this model in this version."""

    exit_code = Exit.INPUT


@dataclass(frozen=True)
class Saved:
    """The content of a trace file: its model and question, and the run."""

    model: str
    digest: str
    scope: dict[str, int]
    kind: Kind
    property: str
    args: tuple[str, ...]
    states: tuple[dict[str, Any], ...]
    steps: tuple[str, ...]


def save(path: Path, verdict: Verdict) -> None:
    """Write the trace of a verdict; replaces a trace, and raises BadTrace for any other file."""
    must_be_free(path)
    assert verdict.trace
    assert verdict.world
    world, trace = verdict.world, verdict.trace
    labels = ["", *(str(s.instance) for s in trace.steps)]
    states = [
        {"#meta": {"index": i}, "action": label, **_state(world, code)}
        for i, (label, code) in enumerate(zip(labels, trace.codes, strict=True))
    ]
    content = {"#meta": _meta(verdict), "vars": ["action", *world.offsets], "states": states}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def must_be_free(path: Path) -> None:
    """Raise BadTrace if there is a file that is no trace."""
    try:
        if path.exists():
            load(path)
    except BadTrace:
        raise BadTrace(f"{path}: is there already and is no trace; give another directory or move it away") from None


def _meta(verdict: Verdict) -> dict[str, Any]:
    return {
        "format": "ITF",
        "format-description": "https://apalache.informal.systems/docs/adr/015adr-trace.html",
        "model": verdict.model,
        "digest": verdict.digest,
        "scope": verdict.scope,
        "kind": verdict.kind.value,
        "property": verdict.property,
        "args": list(verdict.args),
    }


def _state(world: World, code: bytes) -> dict[str, Any]:
    return {
        name: {"#map": [[_key(key), _value(value)] for key, value in cells.items()]}
        if world.machine.shape.fields[name].keys
        else _value(cells[()])
        for name, cells in world.values(code).items()
    }


def _key(key: Any) -> Any:
    return {"#tup": [repr(k) for k in key]} if isinstance(key, tuple) else repr(key)


def _value(value: Any) -> Any:
    return value if isinstance(value, (bool, int)) else repr(value)


def load(path: Path) -> Saved:
    """Read a trace file; raises BadTrace."""
    try:
        return _read(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise BadTrace(f"{path}: cannot be read ({error.strerror}); {SAVED_BY}") from None
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        raise BadTrace(f"{path}: is no trace; {SAVED_BY}") from None


SAVED_BY = "give a file saved by `poolproof check --trace-dir`"


def _read(content: Any) -> Saved:
    meta, states = content["#meta"], content["states"]
    return Saved(
        str(meta["model"]),
        str(meta["digest"]),
        {str(k): int(v) for k, v in meta["scope"].items()},
        Kind(meta["kind"]),
        str(meta["property"]),
        tuple(map(str, meta["args"])),
        tuple(map(_cells, states)),
        tuple(str(s["action"]) for s in states[1:]),
    )


def _cells(state: Any) -> dict[str, Any]:
    """The cells of a saved state, by field and key; of a field without an index its value."""
    return {name: _cells_of(content) for name, content in state.items()}


def _cells_of(content: Any) -> Any:
    is_map = isinstance(content, dict) and "#map" in content
    return {json.dumps(key): value for key, value in content["#map"]} if is_map else content


@dataclass(frozen=True)
class Rerun:
    """A saved run on the current model: the steps that were possible, and the refusal that ended it, if any."""

    world: World
    trace: Trace
    refused: str


def rerun(machine: Machine, saved: Saved) -> Rerun:
    """Replay the saved steps as far as the model permits them.

    Raises BadTrace if the model is unchanged and a step leads to another state than the saved one.
    """
    world = World(machine, _scope(machine, saved))
    start = next((c for c in world.initial() if _is_state(world, c, saved.states[0])), None)
    if start is None:
        raise BadTrace(
            f"the trace starts in a state in which {machine.name} never starts; it belongs to another version"
        )
    code, steps = start, list[Step]()
    for text, state in zip(saved.steps, saved.states[1:], strict=True):
        instance = instance_called(world, text)
        after = world.apply(code, instance)
        if after is None:
            guard = guard_at(machine, world.refusal(code, instance) or "")
            return Rerun(world, Trace(start, tuple(steps)), f"{instance} is refused by {guard}")
        if saved.digest == machine.digest and not _is_state(world, after, state):
            raise BadTrace(
                f"step {len(steps) + 1}, {text}, leads to another state than the saved one; the file was changed"
            )
        steps.append(Step(instance, after))
        code = after
    return Rerun(world, Trace(start, tuple(steps)), "")


def _scope(machine: Machine, saved: Saved) -> dict[str, int]:
    """The scope of the trace; raises BadTrace if the machine has no such scope."""
    given = ", ".join(f"{name}={size}" for name, size in saved.scope.items())
    try:
        sizes = machine.sizes("tiny", saved.scope)
    except SpecError as error:
        raise BadTrace(f"{error}; the trace ({given}) is of another model or version") from None
    if sizes != saved.scope:
        raise BadTrace(f"{machine.name} has no scope {given}; the trace is of another model or version")
    return sizes


def _is_state(world: World, code: bytes, saved: dict[str, Any]) -> bool:
    """True if this is the saved state."""
    return all(saved.get(name) == _cells_of(content) for name, content in _state(world, code).items())


def instance_called(world: World, text: str) -> Instance:
    """The instance with this name, as counterexamples print it."""
    for instance in world.instances:
        if str(instance) == text:
            return instance
    raise BadTrace(
        f"{text!r} is no action of {world.machine.name} in this scope; the trace is of another model or version"
    )


def shows(run: Rerun, saved: Saved) -> tuple[str, ...] | None:
    """Does a run still end in what it was saved for, and for which arguments? None: it does not."""
    machine, codes = run.world.machine, run.trace.codes
    if run.refused:
        return None
    if saved.kind is Kind.DEADLOCK:
        return () if _is_stuck(run.world, codes[-1]) else None
    if saved.kind is Kind.END:
        return None if can_end(machine, run.world.sizes, codes[-1]) else ()
    if saved.kind is Kind.REFINEMENT:
        return None if len(codes) < 2 or fits(machine, run.world.sizes, codes[-2], run.trace.steps[-1].instance) else ()
    if saved.kind is Kind.WITNESS:
        return _reaches(run, saved)
    return broken_at_the_end(run, saved.property)


def _is_stuck(world: World, code: bytes) -> bool:
    """True if no step changes this state, and it is not final."""
    final = world.machine.is_final
    moves = any(after != code for _, after in world.successors(code))
    return not moves and not (final and world.holds(final, code, ()))


def broken_at_the_end(run: Rerun, name: str) -> tuple[str, ...] | None:
    """The arguments for which an invariant is violated by the last state or step of a run; None if it holds."""
    claim = next((c for c in run.world.machine.invariants if c.name == name), None)
    if claim is None:
        raise BadTrace(
            f"{name!r} is no invariant of {run.world.machine.name}; the trace is of another model or version"
        )
    choices = run.world.tuples(claim.params)
    failing = (args for args in choices if _value_of(run, claim, len(run.trace.steps), args) is False)
    return next((tuple(map(repr, args)) for args in failing), None)


def _value_of(run: Rerun, claim: Claim, at: int, args: tuple[Sort, ...]) -> bool | None:
    """The value of a claim in the state after `at` steps, or for the step to it; None if there is no step."""
    world, codes = run.world, run.trace.codes
    if not claim.is_step:
        return world.holds(claim, codes[at], args)
    if not at:
        return None
    taken = run.trace.steps[at - 1].instance
    steps = (n for n, _ in world.successors(codes[at - 1]) if world.instances[n] == taken)
    return next((world.step_holds(claim, codes[at - 1], args) for _ in steps), None)


def _reaches(run: Rerun, saved: Saved) -> tuple[str, ...] | None:
    """The saved arguments, if the run meets the stages of the witness in order for them; else None."""
    witness = next((w for w in run.world.machine.witnesses if w.name == saved.property), None)
    if witness is None:
        raise BadTrace(f"{saved.property!r} is no witness of {run.world.machine.name}; the trace is of another version")
    choices = run.world.tuples(witness.stages[0].params)
    args = next((args for args in choices if tuple(map(repr, args)) == saved.args), None)
    stages = list(witness.stages)
    for at in range(len(run.trace.codes)):
        while args is not None and stages and _value_of(run, stages[0], at, args):
            stages.pop(0)
    return None if stages else saved.args


def _model_text(path: Path, model: str) -> str:
    """The model as an expression of the test, which stands beside the trace: a name, or a file found from there."""
    if not model.endswith(".py"):
        return json.dumps(model)
    return f"str(Path(__file__).parent / {json.dumps(os.path.relpath(model, path.parent))})"


def as_test(path: Path, saved: Saved, model: str) -> str:
    """A pytest test that replays these steps on a model, and fails while they end in the violation.

    For a witness the test fails if the run is not possible any more.
    """
    stem = re.sub(r"\W", "_", Path(model).stem)
    wanted = saved.kind is Kind.WITNESS
    claim = f"It can be that {sentence(saved.property)}" if wanted else sentence(saved.property).capitalize()
    return f'''"""A saved trace as a test, made by `poolproof replay --as-test`; the trace stands beside it."""

from pathlib import Path

from checkers.itf import load, rerun, shows
from poolproof.catalog import find

TRACE = {json.dumps(path.name)}


def test_{stem}_{saved.property}() -> None:
    """{claim}, {"by" if wanted else "also along"} these {len(saved.steps)} steps."""
    saved = load(Path(__file__).with_name(TRACE))
    run = rerun(find({_model_text(path, model)}), saved)
    assert shows(run, saved) is {"not None" if wanted else "None"}
'''
