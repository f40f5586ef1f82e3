# SPDX-License-Identifier: MIT
"""Refinement in C: the search of a design, in which the actions of the machine above say whether each step is theirs.

They are compiled on the design's state, which has all fields of theirs. What the tables decide for a page's record is
decided once; where the record does not decide it, the whole state does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from checkers.core.intervals import WORD, Intervals, too_large
from checkers.core.symmetry import Symmetry
from checkers.explore.search import ANY_INVARIANT, Budget
from spec.dsl import Claim, Machine, Sort, State, World
from spec.dsl.ir import TRUE, Expr

from .actions import UnnotedGuards, function
from .build import CannotCompile
from .engine import Native, SearchOptions
from .generate import Asked, Model, array_of, expressions_of
from .text import name

Matches = Callable[[World, bytes, bytes], bool]
"""Whether the step that a world has just taken is one of the machine above: the oracle, in Python."""


def step_claim(named: str, world: World, matches: Matches) -> Claim:
    """The claim that a step is one of the machine above, as the search asks it in C and Python checks it again."""

    def fits(before: State, after: State) -> bool:
        return matches(world, world.code(before), world.code(after))

    fits.__name__ = named
    return Claim(fits, (), frozenset(), TRUE, ("before", "after"))


class RefinementModel(Model):
    """A design whose one claim is that each step is one of the machine above, or none."""

    def __init__(self, world: World, symmetry: Symmetry, above: Machine, claim: Claim) -> None:
        self.above, self.claim = above, claim
        super().__init__(world, symmetry)
        for where, e, value in Intervals(above, world.sizes).beyond(WORD):
            raise CannotCompile(too_large(where, e, value, WORD))

    def _claims(self) -> Iterator[Asked]:
        yield Asked(0, self.claim, True)

    def _intervals(self) -> Iterator[Intervals]:
        yield from super()._intervals()
        yield Intervals(self.above, self.world.sizes)

    def _acted(self) -> Iterator[Expr]:
        yield from super()._acted()
        yield from (e for action in self.above.actions for e in expressions_of(action))

    def _claim(self, claim: Claim, kind: str, prefix: str = "claim") -> Iterator[str]:
        """It has no text of its own: see `_judge`."""
        yield from ()

    def is_told_locally(self, claim: Claim) -> bool:
        """True if the record of the page that takes the step, counts, pools and devices decide it."""
        return all(map(self._is_one_pages, self.above.actions))

    def _classes(self) -> dict[str, list[Asked]]:
        """It belongs to a page's step: without a page's record its actions with a page cannot be tried."""
        told = self.is_tabled and self.is_told_locally(self.claim)
        nothing: dict[str, list[Asked]] = {key: [] for key in super()._classes()}
        return nothing | {"every_step": self.asked, ("of_pages_step" if told else "untold"): self.asked}

    def _judge(self) -> Iterator[str]:
        guards = UnnotedGuards()
        for action in self.above.actions:
            yield from function(action, self.text, guards, "above")
        yield from self._same()
        yield "\nstatic inline int is_above(const S *s, const S *t, int pages)\n{"
        yield "\tstruct heard now, *h = &now;\n\tS u;"
        yield "\t(void)h;\n\tif (same(s, t))\n\t\treturn 1;"
        for action in self.above.actions:
            loops = "".join(f"{self._loop(v)} " for v in action.params)
            args = "".join(f", {name(v.name)}" for v in action.params)
            yield f"\t{loops}{{\n\t\tint taken = above_{action.name}(s, &u, h{args});"
            yield "\t\tif (taken == WRONG) return 0;\n\t\tif (taken == 1 && same(&u, t)) return 1;\n\t}"
        yield "\treturn 0;\n}"
        yield "\nstatic claims_t judge(claims_t asked, const S *s, const S *t, int pages)\n{"
        yield "\treturn asked & 1 && !is_above(s, t, pages);\n}"

    def _same(self) -> Iterator[str]:
        """Whether two states are one for the machine above, and their steps raised its history counters alike."""
        fields, histories = self.above.shape.fields, self.above.shape.histories
        cells = sorted(at for f in fields for at in self.layout.offsets[f].values())
        counters = [self.machine.shape.histories[f] for f in histories]
        grown = [self.layout.histories[f.name] + n for f in counters for n in range(self.layout.history_cells(f))]
        yield "\n" + array_of("uint16_t", "above_cells", cells)
        yield array_of("uint16_t", "above_grown", grown)
        yield "static inline int same(const S *s, const S *t)\n{\n\tint differ = 0;"
        yield f"\tfor (int i = 0; i < {len(cells)}; i++)"
        yield "\t\tdiffer |= CELL(s, above_cells[i]) ^ CELL(t, above_cells[i]);"
        yield f"\tfor (int i = 0; i < {len(grown)}; i++)"
        yield "\t\tdiffer |= s->grown[above_grown[i]] != t->grown[above_grown[i]];"
        yield "\treturn !differ;\n}"


class NativeRefinement(Native):
    """The search of a design that ends at the first step which the machine above does not have."""

    def __init__(
        self, low: Machine, high: Machine, sizes: dict[str, int], symmetric: tuple[type[Sort], ...], budget: Budget,
        options: SearchOptions, named: str, matches: Matches,
    ) -> None:  # fmt: skip
        self.above, self.named, self.matches = high, named, matches
        plain = replace(low, final=None, sometimes=(), needs={}, refines=None)
        super().__init__(plain, sizes, symmetric, budget, ANY_INVARIANT, options)

    def _model(self) -> Model:
        claim = step_claim(self.named, self.world, self.matches)
        return RefinementModel(self.world, self.symmetry, self.above, claim)
