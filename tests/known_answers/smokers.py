# SPDX-License-Identifier: MIT
"""Patil's cigarette smokers: the dealer lays out all ingredients but one, and who has that one smokes.

Source: tlaplus/Examples at 32a32c7b, specifications/CigaretteSmokers: CigaretteSmokers.tla, CigaretteSmokers.cfg,
manifest.json; three ingredients.
Published (TLC): 6 distinct states, 15 generated states, depth 2.
Difference in counting: TLC also counts the three initial states as generated, and a first state as depth 1. What lies
on the table is written here as the ingredient that is missing; while a smoker smokes it is that of the
smoker, so that it distinguishes no two states.
"""

from spec.dsl import ANY, Machine, Sort, State, field, implies, members, require


class Ingredient(Sort, called="ingredient{n}"):
    """An ingredient, and the smoker who has no end of it."""


class Dealer(Sort, called="dealer"):
    """The dealer, and the table."""


class Smokers(State):
    """Who smokes, and what lies on the table."""

    dealers = members(Dealer, 1, 1)
    ingredients = members(Ingredient, 1, 8)
    smokes = field(Ingredient, bool, False, "the one who has it smokes; written by both actions")
    offered = field(Dealer, bool, True, "something lies on the table; written by both actions")
    missing = field(Dealer, Ingredient, ANY, "what the last offer lacked; written by stop_smoking")


def start_smoking(s: Smokers, dealer: Dealer, smoker: Ingredient) -> None:
    """Who has what is missing takes the rest."""
    require(s.offered[dealer])
    require(s.missing[dealer] == smoker)

    s.smokes[smoker] = True
    s.offered[dealer] = False


def stop_smoking(s: Smokers, dealer: Dealer, smoker: Ingredient, lacking: Ingredient) -> None:
    """The smoker is done, and the dealer makes another offer."""
    require(not s.offered[dealer])
    require(s.smokes[smoker])

    s.smokes[smoker] = False
    s.offered[dealer] = True
    s.missing[dealer] = lacking


def at_most_one_smokes(s: Smokers, one: Ingredient, other: Ingredient) -> bool:
    """Published as AtMostOne."""
    return implies(s.smokes[one] and s.smokes[other], one == other)


def who_smokes_has_what_was_missing(s: Smokers, smoker: Ingredient, dealer: Dealer) -> bool:
    """A lemma: and the table is empty."""
    return implies(s.smokes[smoker], not s.offered[dealer] and s.missing[dealer] == smoker)


def somebody_smokes(s: Smokers, smoker: Ingredient) -> bool:
    """What the dealer is there for."""
    return s.smokes[smoker]


MODEL = Machine(
    name="smokers",
    doc="Cigarette smokers.",
    state=Smokers,
    system=(start_smoking, stop_smoking),
    always=(at_most_one_smokes, who_smokes_has_what_was_missing),
    sometimes=(somebody_smokes,),
    scopes={"tiny": dict(ingredients=3, dealers=1)},
    symmetric=(Ingredient,),
)
