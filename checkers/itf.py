"""Traces as files: saved in the ITF format that other tools read, loaded, and run again on the model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spec.dsl import Instance, Machine, World

from .explore import Step, Trace
from .verdict import Verdict


class BadTrace(Exception):
    """A file that is no trace, or not one of this model in this version."""


@dataclass(frozen=True)
class Saved:
    """What a trace file says: which model and question it belongs to, and the run itself, by name."""

    model: str
    digest: str
    scope: dict[str, int]
    kind: str
    property: str
    args: tuple[str, ...]
    start: dict[str, dict[str, Any]]
    steps: tuple[str, ...]


def save(path: Path, verdict: Verdict) -> None:
    """Write the trace of a verdict; a trace of that name is replaced, any other file is left alone."""
    if path.exists():
        load(path)
    assert verdict.trace
    assert verdict.world
    world, trace = verdict.world, verdict.trace
    labels = ["", *(str(s.instance) for s in trace.steps)]
    states = [
        {"#meta": {"index": i}, "action": label, **_state(world, code)}
        for i, (label, code) in enumerate(zip(labels, trace.codes, strict=True))
    ]
    meta = {
        "format": "ITF",
        "format-description": "https://apalache.informal.systems/docs/adr/015adr-trace.html",
        "model": verdict.model,
        "digest": verdict.digest,
        "scope": verdict.scope,
        "kind": verdict.kind,
        "property": verdict.property,
        "args": list(verdict.args),
    }
    content = {"#meta": meta, "vars": ["action", *world.offsets], "states": states}
    path.write_text(json.dumps(content, indent=1) + "\n")


def _state(world: World, code: bytes) -> dict[str, Any]:
    return {
        name: {"#map": [[_key(key), _value(value)] for key, value in cells.items()]}
        for name, cells in world.values(code).items()
    }


def _key(key: Any) -> Any:
    return {"#tup": [repr(k) for k in key]} if isinstance(key, tuple) else repr(key)


def _value(value: Any) -> Any:
    return value if isinstance(value, (bool, int)) else repr(value)


def load(path: Path) -> Saved:
    """Read a trace file; anything that is not one is refused in one line."""
    try:
        content = json.loads(path.read_text())
        meta, states = content["#meta"], content["states"]
        return Saved(
            str(meta["model"]),
            str(meta["digest"]),
            {str(k): int(v) for k, v in meta["scope"].items()},
            str(meta["kind"]),
            str(meta["property"]),
            tuple(map(str, meta["args"])),
            {
                k: {json.dumps(key): v for key, v in cells["#map"]}
                for k, cells in states[0].items()
                if isinstance(cells, dict) and "#map" in cells
            },
            tuple(str(s["action"]) for s in states[1:]),
        )
    except OSError as error:
        raise BadTrace(
            f"{path}: cannot be read ({error.strerror}); give a file saved by `poolproof check --trace-dir`"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise BadTrace(f"{path}: is no trace; give a file saved by `poolproof check --trace-dir`") from None


@dataclass(frozen=True)
class Rerun:
    """A saved run on the model as it is now: the steps it could take, and what stopped it."""

    world: World
    trace: Trace
    refused: str


def rerun(machine: Machine, saved: Saved) -> Rerun:
    """Take the saved steps again, one by one, as far as the model permits them."""
    world = World(machine, saved.scope)
    start = next((c for c in world.initial() if _same_start(world, c, saved)), None)
    if start is None:
        raise BadTrace(
            f"the trace starts in a state in which {machine.name} never starts; it belongs to another version"
        )
    code, steps = start, list[Step]()
    for text in saved.steps:
        instance = instance_called(world, text)
        after = world.apply(code, instance)
        if after is None:
            return Rerun(world, Trace(start, tuple(steps)), f"{instance} is refused at {world.refusal(code, instance)}")
        steps.append(Step(instance, after))
        code = after
    return Rerun(world, Trace(start, tuple(steps)), "")


def _same_start(world: World, code: bytes, saved: Saved) -> bool:
    cells = _state(world, code)
    return all(
        saved.start.get(name, {}).get(json.dumps(key)) == value
        for name, content in cells.items()
        for key, value in content["#map"]
    )


def instance_called(world: World, text: str) -> Instance:
    """The instance with this name, as stories print it."""
    for instance in world.instances:
        if str(instance) == text:
            return instance
    raise BadTrace(
        f"{text!r} is no action of {world.machine.name} in this scope; the trace is of another model or version"
    )


def broken_at_the_end(run: Rerun, name: str) -> tuple[str, ...] | None:
    """For which arguments the promise of this name is broken in the last state or step of a run; None: it holds."""
    world, codes = run.world, run.trace.codes
    claim = next((c for c in world.machine.promises if c.name == name), None)
    if claim is None:
        raise BadTrace(f"{name!r} is no promise of {world.machine.name}; the trace is of another model or version")
    if not claim.is_step:
        failing = (a for a in world.tuples(claim.params) if not world.holds(claim, codes[-1], a))
        return next((tuple(map(repr, a)) for a in failing), None)
    if not run.trace.steps:
        return None
    last = run.trace.steps[-1].instance
    for n, _ in world.successors(codes[-2]):
        if world.instances[n] == last:
            failing = (a for a in world.tuples(claim.params) if not world.step_holds(claim, codes[-2], a))
            return next((tuple(map(repr, a)) for a in failing), None)
    return None


def as_test(path: Path, saved: Saved) -> str:
    """A pytest test that takes these steps again and fails for as long as they break the promise."""
    name = f"test_{saved.model.split('/')[-1].removesuffix('.py')}_keeps_{saved.property}"
    return f'''"""Made from {path.name} by `poolproof replay --as-test`."""

from pathlib import Path

from checkers.itf import broken_at_the_end, load, rerun
from poolproof.catalog import find

TRACE = Path(__file__).with_name({path.name!r})


def {name}() -> None:
    """{saved.property.replace("_", " ")}, also along the {len(saved.steps)} steps that once broke it."""
    saved = load(TRACE)
    run = rerun(find(saved.model), saved)
    assert run.refused or broken_at_the_end(run, saved.property) is None
'''
