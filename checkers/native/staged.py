# SPDX-License-Identifier: MIT
"""Witnesses of several stages, searched in C: a state carries how many stages are done for given arguments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from checkers.core.stopped import Reason, Stopped
from checkers.core.symmetry import Symmetry
from checkers.core.traces import Finding, Step, Trace, steps
from checkers.core.wording import counted
from checkers.explore.search import UNLIMITED, Budget, advance, up_to_names
from spec.dsl import Machine, Sort, Witness, World

from .engine import DEFAULT_OPTIONS, Native, SearchOptions
from .generate import Asked, Model
from .library import Search

Args = tuple[Sort, ...]


def reach(
    machine: Machine,
    sizes: dict[str, int],
    witness: Witness,
    budget: Budget = UNLIMITED,
    options: SearchOptions = DEFAULT_OPTIONS,
) -> Finding | Stopped | None:
    """A shortest run that meets the stages in order, as `checkers.explore.search.reach` finds it."""
    best, states = None, 0
    world = World(machine, sizes)
    for args in up_to_names(world, world.tuples(witness.stages[0].params)):
        left = replace(budget, states=max(budget.states - states, 1)) if budget.states else budget
        search = Staged(machine, sizes, witness, args, left, replace(options, checkpoint=None, tables=False))
        seen = search.run(lambda seen: None)
        states += seen.states
        if search.finding is None and seen.stopped:
            if seen.stopped.reason is Reason.INTERRUPTED:
                raise KeyboardInterrupt
            return Stopped(seen.stopped.reason, f"{counted(states, 'state')} searched")
        if search.finding and (best is None or len(search.finding.trace.steps) < len(best.trace.steps)):
            best = search.finding
    return best


class StagedModel(Model):
    """A model with one more cell at the end of a state: the number of stages that are done."""

    def __init__(self, world: World, witness: Witness, args: Args) -> None:
        self.witness, self.args = witness, args
        super().__init__(world, Symmetry(world, ()), stages=len(witness.stages))

    def _claims(self) -> Iterator[Asked]:
        """The stages; the search looks for the claim 0, which holds when all of them are done."""
        for number, claim in enumerate(self.witness.stages):
            yield Asked(number, claim, False)

    def initial(self) -> list[bytes]:
        done = [(code, advance(self.world, self.witness, 0, code, self.args)) for code in self.world.initial()]
        return [code + bytes([stage]) for code, stage in done]

    def _judge(self) -> Iterator[str]:
        """The claim 0 holds when all stages are done; a step may complete one stage, a state several."""
        args = "".join(f", {arg.index + 1}" for arg in self.args)
        yield "\nstatic inline int stages(const S *s, const S *t)\n{\n\tint done = CELL(s, STAGE), taken = 0;"
        for asked in self.asked:
            holds = f"done == {asked.number} && claim_{asked.claim.name}"
            if asked.claim.is_step:
                yield f"\tif (!taken && {holds}(s, t{args})) done++, taken = 1;"
            else:
                yield f"\ttaken |= done == {asked.number};"
                yield f"\tif ({holds}(t, t{args})) done++;"
        yield "\treturn done;\n}"
        yield "static claims_t judge(claims_t asked, const S *s, const S *t, int pages)"
        yield f"{{\n\treturn asked & (CELL(s, STAGE) == {len(self.asked)});\n}}"

    def _sizes(self) -> Iterator[str]:
        yield from super()._sizes()
        yield f"#define STAGE {self.layout.cells - 1}"
        yield "#define WATCH(s, t) put(t, STAGE, stages(s, t))"


class Staged(Native):
    """The search for one choice of arguments; `finding` is its result."""

    def __init__(
        self,
        machine: Machine,
        sizes: dict[str, int],
        witness: Witness,
        args: Args,
        budget: Budget,
        options: SearchOptions,
    ) -> None:
        self.witness, self.args = witness, args
        self.finding: Finding | None = None
        super().__init__(machine, sizes, (), budget, "", options)

    def _model(self) -> Model:
        return StagedModel(self.world, self.witness, self.args)

    def _until(self) -> int:
        return 1

    def _raise(self, search: Search) -> None:
        raise AssertionError("an action leaves its bounds; the search for invariants reports which")

    def _collect(self, search: Search) -> None:
        """The run with named members, through states with the same numbers of done stages."""
        if found := search.found(0):
            codes = [search.bytes_of(state) for state in self.back(search, {0: found})[0]]
            code, taken = codes[0], list[Step]()
            for to in codes[1:]:
                taken.append(next(s for s in self._next(code) if s.code == to))
                code = to
            named = tuple(Step(s.instance, s.code[:-1]) for s in taken)
            self.finding = Finding(self.witness.name, self.args, Trace(codes[0][:-1], named))

    def _next(self, code: bytes) -> Iterator[Step]:
        """Every step from a state; the last byte of a code is the number of stages done."""
        stage, before = code[-1], code[:-1]
        for step in steps(self.world, before):
            claim = self.witness.stages[stage]
            taken = claim.is_step and self.world.step_holds(claim, before, self.args)
            done = advance(self.world, self.witness, stage + taken, step.code, self.args)
            yield Step(step.instance, step.code + bytes([done]))
