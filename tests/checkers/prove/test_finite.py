# SPDX-License-Identifier: MIT
"""A scope as terms of z3: their values in states and steps equal those of the running spec."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
import z3
from hypothesis import HealthCheck, given, settings

from checkers.prove import finite
from checkers.prove.choices import Choice, Term, both, either, holds, opposite, truth, unknowns
from checkers.prove.finite import Cell, Encoder, Env, Reader, Write, encoded, slots_of
from checkers.prove.unrolling import Unrolling
from models.keep_mapped import keep_mapped
from models.yardstick import yardstick
from spec.dsl import Instance, Machine, SpecError, World
from spec.dsl.ir import Expr, Less, Path, Put, Var
from tests.exported import traps
from tests.machines import machines, module
from tests.semantics import REFUSED, WRONG, broken, broken_by_steps, concretely

often: Callable[[Any], Any] = settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)

HEAD = "from spec.dsl import Kind, Machine, Sort, State, between, field, history, implies, members, require\n"

OVERDRAWN = (
    HEAD
    + '''
class Page(Sort, called="p"):
    """A page; all are called symmetric."""

class S(State):
    pages = members(Page, 1, 3)
    debt = field(Page, between(0, 1), 0, "a number")
    seen = history(Page, "a counter")

def borrow(s: S, page: Page) -> None:
    """The bounds are not checked."""
    s.debt[page] = s.debt[page] + 1

def forget(s: S, page: Page) -> None:
    """Within one step a history counter goes back: that is out of its bounds too."""
    require(s.debt[page] == 1)
    s.seen[page] += 2
    s.seen[page] -= 1

def a_page_has_no_debt(s: S, page: Page) -> bool:
    """Broken at once."""
    return s.debt[page] == 0

MACHINE = Machine(name="overdrawn", doc="Leaves its bounds.", state=S, system=(borrow, forget),
                  always=(a_page_has_no_debt,), scopes={"tiny": dict(pages=2)}, symmetric=(Page,))
'''
)


class Terms:
    """The terms of a machine, and their values in a state and in each step from it."""

    def __init__(self, machine: Machine) -> None:
        system = replace(encoded(machine, machine.sizes("tiny", {})), order=())
        self.world = system.world
        self.still, self.faults, self.step = Unrolling(system), Unrolling(system), Unrolling(system)
        self.fault = self.faults.leaves_bounds()
        self.step.extend()

    def disagreements(self, code: bytes) -> Iterator[str]:
        """Where the terms differ from the functions of the spec."""
        if self.still.solver.check(*pinned(self.still, 0, code)) == z3.unsat:
            yield "there is no such state"
            return
        self.still.read()
        violated = {c.name for c in self.world.machine.invariants if not c.is_step and self.still.is_broken(c.name, 0)}
        if violated != {name for name, _ in broken(self.world, code)}:
            yield f"broken in {self.world.values(code)}: {violated}"
        yield from self._of_steps(code)

    def _of_steps(self, code: bytes) -> Iterator[str]:
        world = self.world
        outcomes = [concretely(world, code, instance) for instance in world.instances]
        faults = {n for n, outcome in enumerate(outcomes) if outcome == WRONG}
        if (violated := {n for n, _, _ in self._models(self.faults, code, self.fault)}) != faults:
            yield f"from {world.values(code)} these leave the bounds: {violated}"
        if faults:
            return
        wrong = {n: {name for name, _ in found} for n, found in broken_by_steps(world, code).items()}
        expected = [(n, outcome.code, wrong[n]) for n, outcome in enumerate(outcomes) if outcome != REFUSED]
        steps = sorted(islice(self._models(self.step, code), len(expected) + 1))
        if steps != expected:
            yield f"from {world.values(code)}: {steps}, and not {expected}"

    def _models(self, run: Unrolling, code: bytes, *assumed: Term) -> Iterator[tuple[int, bytes, set[str]]]:
        """Every step from this state that the terms allow: what is done, where it leads, what it breaks."""
        fresh, claims = z3.FreshBool("so far"), [c.name for c in self.world.machine.invariants if c.is_step]
        while run.solver.check(*assumed, fresh, *pinned(run, 0, code)) == z3.sat:
            run.read()
            instance, after = run.instance(0), run.code(run.depth)
            yield self.world.instances.index(instance), after, {name for name in claims if run.is_broken(name, 1)}
            run.solver.add(z3.Implies(fresh, z3.Not(z3.And(*taken(run, instance), *pinned(run, run.depth, after)))))


def pinned(run: Unrolling, k: int, code: bytes) -> list[Term]:
    """That the k-th state is the one with this code."""
    system = run.system
    values = ((c, code[system.world.offsets[name][key]]) for (name, key), c in system.now.items())
    return [copied(choice, list(choice)[n], k) for choice, n in values]


def taken(run: Unrolling, instance: Instance) -> list[Term]:
    """That the first step is this one."""
    args = zip(slots_of(instance.action), instance.args, strict=True)
    choices = [(run.system.slots[slot], arg) for slot, arg in args]
    return [copied(choice, value, 0) for choice, value in [(run.system.action, instance.action.name), *choices]]


def copied(choice: Choice, value: Any, k: int) -> Term:
    """That this unknown has this value at the k-th state."""
    claim = z3.BoolVal(True) if choice[value] is True else choice[value]
    return z3.substitute(claim, *((c, z3.Bool(f"{c}@{k}")) for c in unknowns(choice)))


def reachable(world: World, most: int) -> list[bytes]:
    """States as they are found, breadth first, by running the functions of the spec."""
    found = dict.fromkeys(world.initial()[: most // 2])
    for code in (todo := list(found)):
        outcomes = (concretely(world, code, instance) for instance in world.instances)
        new = {o.code: None for o in outcomes if not o.why_not and o.code not in found}
        found.update(new)
        todo += new
        if len(found) > most:
            break
    return todo[:most]


def disagreements(machine: Machine, most: int) -> list[str]:
    """The first that are found in some reachable states, every third of them."""
    terms = Terms(machine)
    for code in reachable(terms.world, 3 * most)[::3]:
        if found := list(terms.disagreements(code)):
            return found
    return []


@often
@given(machines())
def test_the_terms_agree_with_running(machine: Machine) -> None:
    """In reachable states of random machines: what is enabled, where steps lead, and which invariants they break."""
    assert disagreements(machine, 6) == []


@pytest.mark.parametrize("machine", [keep_mapped, yardstick, traps()], ids=lambda m: m.name)
def test_the_terms_of_models_agree_with_running(machine: Machine) -> None:
    """So they do where pages are written through what they point at, and where histories are compared."""
    assert disagreements(machine, 12) == []


@often
@given(machines())
def test_the_initial_states_are_those_of_the_machine(machine: Machine) -> None:
    """All of them, and no others: also where a field may start as anything."""
    terms = Terms(machine)
    assert starts(terms) == set(terms.world.initial())


def starts(terms: Terms) -> set[bytes]:
    """The initial states that the terms allow."""
    run, found = terms.still, set[bytes]()
    run.assert_at(0, *run.system.initial)
    while run.solver.check() == z3.sat:
        run.read()
        found.add(run.code(0))
        run.solver.add(z3.Not(z3.And(pinned(run, 0, run.code(0)))))
    return found


def test_what_leaves_its_bounds_is_reported_and_never_wrapped() -> None:
    """The step has no state after it; symmetric members are distinguished all the same."""
    machine: Machine = module(OVERDRAWN).MACHINE
    assert disagreements(machine, 4) == []
    terms = Terms(machine)
    assert terms.faults.solver.check(terms.fault) == z3.sat


def test_a_member_that_does_not_exist_is_refused() -> None:
    """A scope without a member that the text names is an error of the spec, as it is when the spec runs."""
    text = OVERDRAWN.replace("symmetric=(Page,)", "").replace("return s.debt[page] == 0", "return s.debt[Page(2)] == 0")
    with pytest.raises(SpecError, match=r"names Page\(2\), p, and a scope of 2 pages has none"):
        module(text)
    machine: Machine = module(text.replace("pages=2", "pages=3")).MACHINE
    encoded(machine, machine.sizes("tiny", {}))
    with pytest.raises(SpecError, match=r"names Page\(2\), p, and a scope of 2 pages has none"):
        encoded(machine, machine.sizes("tiny", {"pages": 2}))


# -- planted faults ------------------------------------------------------------------------------------------------

Plant = Callable[[pytest.MonkeyPatch], None]


def changed(owner: Any, name: str, change: Callable[..., Any]) -> Plant:
    """In the place of a method, one that is given the right one first."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        right = getattr(owner, name)
        patch.setattr(owner, name, lambda self, *args: change(right, self, *args))

    return plant


def less_guarded(right: Any, self: Encoder, path: Path, env: Env) -> Term:
    return right(self, replace(path, conditions=path.conditions[:-1]), env)


def last_put_missed(right: Any, self: Encoder, path: Path, env: Env, taken: Term) -> dict[Cell, Write]:
    return dict(right(self, replace(path, puts=path.puts[:-1]), env, taken))


def puts_turned_round(right: Any, self: Encoder, path: Path, env: Env, taken: Term) -> dict[Cell, Write]:
    return dict(right(self, replace(path, puts=path.puts[::-1]), env, taken))


def no_frame(right: Any, self: Encoder, writes: dict[Cell, Write]) -> Iterator[Term]:
    """What is not written may become anything."""
    for cell, choice in self.then.items():
        write = writes.get(cell, Write(False, {}))
        for value, term in choice.items():
            yield either(both(z3.Not(write.written), True), z3.BoolVal(True) == (term == write.value.get(value, False)))


def no_bounds(right: Any, self: Encoder, put: Put, value: Choice, cell: Cell, was: Write) -> Term:
    return False


def fewer_members(right: Any, self: Reader, var: Var, body: Expr, env: Env) -> list[Term]:
    return list(right(self, var, body, env)[:-1])


def one_off(right: Any, self: Reader, e: Expr, env: Env) -> Choice:
    return (
        truth(opposite(holds(right(self, Less(e.right, e.left), env)))) if isinstance(e, Less) else right(self, e, env)
    )


def first_cell_only(right: Any, self: Reader, *args: Any) -> list[tuple[Cell, Term]]:
    return list(right(self, *args)[:1])


def no_growth(right: Any, self: Encoder, growth: dict[Cell, Choice]) -> dict[str, Term]:
    return dict(right(self, self.histories))


FAULTS: dict[str, tuple[Machine, Plant]] = {
    "a guard left out": (traps(), changed(Encoder, "_guard", less_guarded)),
    "an assignment left out": (traps(), changed(Encoder, "_effect", last_put_missed)),
    "assignments in another order": (traps(), changed(Encoder, "_effect", puts_turned_round)),
    "what is not written may become anything": (traps(), changed(Encoder, "_moves", no_frame)),
    "bounds that nobody looks at": (module(OVERDRAWN).MACHINE, changed(Encoder, "_wrong", no_bounds)),
    "a member not counted": (traps(), changed(Reader, "_bodies", fewer_members)),
    "a limit off by one": (traps(), changed(Reader, "_value", one_off)),
    "a key that is always the first member": (traps(), changed(Reader, "places", first_cell_only)),
    "a history that nobody counts": (keep_mapped, changed(Encoder, "_broken", no_growth)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_terms_is_detected(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Terms that differ from the spec are detected by the comparison above."""
    machine, plant = FAULTS[fault]
    plant(monkeypatch)
    assert disagreements(machine, 12) != []


def test_a_missing_initial_state_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that may start as anything, and starts as one thing."""
    monkeypatch.setattr(finite, "initial_values", lambda f, values: values[:1])
    terms = Terms(traps())
    assert starts(terms) != set(terms.world.initial())
