# SPDX-License-Identifier: MIT
"""The text of a theory beside the functions it was made from: in a state of known values both must agree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any

from checkers.prove.counted_terms import of_member
from checkers.prove.obligations import HEAD
from checkers.prove.smt import View, applied, asserted, cell_name, conj, either, size_name
from checkers.prove.solvers import Z3
from checkers.prove.theory import Invariant, Taken, Theory
from spec.dsl import Field, Instance, Sort, World
from spec.dsl.ir import Var
from tests.semantics import REFUSED, WRONG, concretely

MOST_STEPS = 12
"""The number of steps from a state that are compared; of more, this number at random."""


@dataclass(frozen=True)
class Expected:
    """A term that must be true, and its meaning in words; `exact` if the text may leave nothing open about it."""

    what: str
    term: str
    exact: bool = True

    @property
    def step(self) -> str:
        """The step that it is about; empty if it is about one state."""
        return self.what.partition(" after ")[2]


def disagreements(theory: Theory, world: World, code: bytes, random: Random | None = None) -> list[str]:
    """Where the text of a theory and the functions part in one state; the invariants need not hold there."""
    expected = list(_expected(theory, world, code, random or Random(0)))
    text = theory.declared + _closed(theory, world) + fixed(theory, world, code)
    text += "".join(f"(declare-const term.{n} Bool)\n(assert (= term.{n} {s.term}))\n" for n, s in enumerate(expected))
    session = Z3(HEAD + text, 20, 0)
    every = either(*(f"(not term.{n})" for n, s in enumerate(expected) if s.exact))
    answer = session.read(f"(push 1)\n{asserted(every)}(check-sat)\n").strip()
    if answer != "unsat":
        values = session.read(f"(get-value ({' '.join(f'term.{n}' for n in range(len(expected)))}))")
        wrong = [int(n) for n in re.findall(r"\(term\.(\d+) false\)", values)]
        return [expected[n].what for n in wrong if expected[n].exact] or [answer]
    session.read("(pop 1)")
    return _impossible(session, expected)


def _impossible(session: Z3, expected: Sequence[Expected]) -> list[str]:
    """Results of the functions that the text contradicts: each exact term beside all terms of one step.

    A count that a step leaves open has one name after every step, so that two steps never share a question.
    """
    exact = [n for n, s in enumerate(expected) if s.exact]
    steps = dict.fromkeys(s.step for s in expected)
    return [text for step in steps for text in _denied(session, expected, exact, step)]


def _denied(session: Z3, expected: Sequence[Expected], exact: list[int], step: str) -> list[str]:
    """Terms of one step that contradict the theory: alone, or only all of them together."""
    mine = [n for n, s in enumerate(expected) if s.step == step]
    if session.ask(asserted(conj(*(f"term.{n}" for n in (*exact, *mine)))) + "(check-sat)\n").result == "sat":
        return []
    alone = [expected[n].what for n in mine if session.ask(f"(assert term.{n})(check-sat)").result != "sat"]
    return alone or [f"all of it together {step}"]


# -- the state -----------------------------------------------------------------------------------------------------


def fixed(theory: Theory, world: World, code: bytes) -> str:
    """Every cell has the value it has in this state, every number of the scope its own; nothing was counted yet."""
    lines = [f"(= {size_name(b)} {world.sizes[n]})" for n, b in world.machine.shape.bounds.items()]
    for f in world.machine.shape.fields.values():
        values = world.values(code)[f.name]
        value = {key: theory.symbols.literal(values[_one(key)], f.domain.base) for key in _keys(f.keys, world)}
        lines += [f"(= {_cell(theory, f, key)} {value[key]})" for key in value]
    for f in world.machine.shape.histories.values():
        lines += [f"(= {_cell(theory, f, key)} 0)" for key in _keys(f.keys, world)]
    return "".join(map(asserted, lines))


def _keys(sorts: Sequence[type[Any]], world: World) -> Iterator[tuple[Sort, ...]]:
    return world.tuples([Var("key", sort) for sort in sorts])


def _one(key: tuple[Sort, ...]) -> Any:
    return key[0] if len(key) == 1 else key


def _cell(theory: Theory, f: Field[Any, Any], key: tuple[Sort, ...]) -> str:
    return applied(cell_name(f), list(map(theory.symbols.literal, key)))


def _closed(theory: Theory, world: World) -> str:
    """In a theory of any number: there are exactly these members, and counts are sums over them."""
    return "" if theory.is_finite else closed(theory, world)


def closed(theory: Theory, world: World) -> str:
    """A theory of any number, of a world's sizes: every member has a name, and a count is the sum over them."""
    lines = []
    for sort in world.machine.shape.scope_name:
        if sort in theory.members:
            continue
        names = [theory.symbols.literal(m[0]) for m in _keys((sort,), world)]
        new = [n for n in names if f"declare-const {n} " not in theory.declared]
        lines += [theory.symbols.constant(n, sort) for n in new]
        every = [*names, *([theory.symbols.nobody(sort)] if sort in theory.optional else [])]
        lines += [asserted(f"(distinct {' '.join(every)})")] if len(every) > 1 else []
        lines.append(asserted(f"(forall ((? {theory.symbols.sort(sort)})) {either(*(f'(= ? {n})' for n in every))})"))
    return "".join(lines) + "".join(asserted(_summed(theory, world, counted)) for counted in theory._every_set())


def _summed(theory: Theory, world: World, counted: Any) -> str:
    """The size of a set is the number of its members, whatever its parameters are."""
    names = {v.name: f"?{v.name}" for v in counted.params}
    kinds = " ".join(f"({names[v.name]} {theory.symbols.sort(v.sort)})" for v in counted.params)
    members = ([theory.symbols.literal(m) for m in key] for key in _keys(tuple(v.sort for v in counted.vars), world))
    text = theory.text(None)
    ones = (f"(ite {text.term(counted.body, {**names, **of_member(counted, m)})} 1 0)" for m in members)
    size = applied(counted.name, list(names.values()))
    sum_of_all = f"(= {size} (+ 0 {' '.join(ones)}))"
    return f"(forall ({kinds}) {sum_of_all})" if names else sum_of_all


# -- terms that must be true ---------------------------------------------------------------------------------------


def _expected(theory: Theory, world: World, code: bytes, random: Random) -> Iterator[Expected]:
    state, text = world.load(code), theory.text(theory._counts())
    for invariant, args in _facts(theory, world, is_step=False):
        term, claim = text.term(invariant.expr, _called(theory, invariant.params, args)), _function(world, invariant)
        yield Expected(f"{invariant.name}{args} here", _is(term, claim(state, *args)))
    enabled = []
    for instance in world.instances:
        outcome = concretely(world, code, instance)
        if outcome != WRONG:
            guards = (conj(*t.guards) for t in taken(theory, instance))
            yield Expected(f"{instance} is enabled", _is(either(*guards), outcome != REFUSED))
            enabled += [instance] if outcome != REFUSED else []
    for instance in random.sample(enabled, min(MOST_STEPS, len(enabled))):
        yield from _of_step(theory, world, code, instance)


def _of_step(theory: Theory, world: World, code: bytes, instance: Instance) -> Iterator[Expected]:
    """The cells after a step, and the terms of the step and of the state after."""
    successors = ((n, after) for n, after in world.successors(code) if world.instances[n] is instance)
    for _, code_after in successors:
        before, after = world.load(code, world.before), world.state
        for found in taken(theory, instance):
            way = conj(*found.guards)
            for what, term in _cells_after(theory, world, found.view, code_after):
                yield Expected(f"{what} after {instance}", f"(=> {way} {term})")
            for invariant, args in _facts(theory, world):
                states = (before, after) if invariant.is_step else (after,)
                wanted = _is(_after(theory, found, invariant, args), _function(world, invariant)(*states, *args))
                exact = theory.is_finite or not invariant.counts
                yield Expected(f"{invariant.name}{args} after {instance}", f"(=> {way} {wanted})", exact)


def taken(theory: Theory, instance: Instance) -> list[Taken]:
    """The ways an action can go, as terms about these very arguments."""
    names, found = _called(theory, instance.action.params, instance.args), []
    for path in instance.action.lifted.paths:
        counts = theory._counts(path)
        text = theory.text(counts)
        guards = tuple(text.term(c.claim, names) for c in path.conditions)
        writes = tuple(text.write(put, names) for put in path.puts)
        found.append(Taken(counts, guards, View(writes, tuple(names.items()))))
    return found


def _cells_after(theory: Theory, world: World, view: View, after: bytes) -> Iterator[tuple[str, str]]:
    text, values = theory.text(None, view), world.values(after)
    for f in world.machine.shape.fields.values():
        for key in _keys(f.keys, world):
            term = text.read(f, list(map(theory.symbols.literal, key)), "")
            yield f"{f.name}{key}", f"(= {term} {theory.symbols.literal(values[f.name][_one(key)], f.domain.base)})"


def _after(theory: Theory, found: Taken, invariant: Invariant, args: tuple[Sort, ...]) -> str:
    whens = ("before", "after") if invariant.is_step else ("",)
    return theory.text(found.counts, found.view, whens).term(invariant.expr, _called(theory, invariant.params, args))


def _facts(theory: Theory, world: World, is_step: bool | None = None) -> Iterator[tuple[Invariant, tuple[Sort, ...]]]:
    """The invariants, each with all its arguments."""
    invariants = {c.name for c in world.machine.invariants}
    for invariant in theory.invariants:
        if invariant.name in invariants and is_step in (None, invariant.is_step):
            yield from product([invariant], world.tuples(invariant.params))


def _function(world: World, invariant: Invariant) -> Any:
    return next(c.fn for c in world.machine.invariants if c.name == invariant.name)


def _called(theory: Theory, params: Sequence[Var], args: Sequence[Sort]) -> dict[str, str]:
    return {v.name: theory.symbols.literal(arg) for v, arg in zip(params, args, strict=True)}


def _is(term: str, value: bool) -> str:
    return term if value else f"(not {term})"


# -- states to compare in ------------------------------------------------------------------------------------------


def reached(world: World, random: Random, steps: int) -> bytes:
    """A state some random steps from a start."""
    code = random.choice(world.initial())
    for _ in range(steps):
        after = [after for _, after in world.successors(code)]
        code = random.choice(after) if after else code
    return code


def well_typed(world: World) -> list[range]:
    """The values that each cell may have, by number."""
    choices = [range(0)] * sum(map(len, world.offsets.values()))
    for name, offsets in world.offsets.items():
        for offset in offsets.values():
            choices[offset] = range(len(vars(world.probe)[name].values_))
    return choices


def drawn(world: World, random: Random) -> bytes:
    """Any state of the declared values, reachable or not."""
    return bytes(random.choice(values) for values in well_typed(world))


def theory_of(world: World) -> Theory:
    """The theory of the numbers of members that a world has."""
    return Theory(world.machine, {n: world.sizes[n] for n in world.machine.shape.members})
