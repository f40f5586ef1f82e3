# SPDX-License-Identifier: MIT
"""The expression tree: simplification keeps the meaning, facts never decide wrongly, the text is right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec.dsl import NOBODY, SpecError
from spec.dsl.expr import (
    FALSE,
    TRUE,
    Const,
    Eq,
    Expr,
    Leaf,
    Less,
    Operation,
    Or,
    Quantified,
    Read,
    Size,
    Sum,
    Var,
    choose,
    conjunction,
    disjunction,
    equal,
    evaluate,
    fold,
    negate,
    operator,
    parts,
    rebuild,
    walk,
)
from spec.dsl.forks import Facts
from spec.dsl.symbolic import LiftRun, Sym
from spec.dsl.text import infix, text
from tests.semantics import encode

from .snippets import Bench

BENCH = Bench("")
N = BENCH.names
PAGE, OTHER, DEV = Var("page", N.Page), Var("other", N.Page), Var("dev", N.Device)
ENV = {"page": BENCH.pages[0], "other": BENCH.pages[1], "dev": BENCH.devices[1]}


def read(name: str, *keys: Expr) -> Expr:
    return Read(vars(N.S)[name], keys)


KEYS = st.sampled_from([PAGE, OTHER])
NUMBERS = st.recursive(
    st.one_of(
        st.builds(lambda k: read("refs", k), KEYS),
        st.builds(Const, st.integers(0, 3)),
        st.just(Size(vars(N.S)["cap"])),
    ),
    lambda inner: st.builds(Sum, inner, inner, st.sampled_from([1, -1])),
    max_leaves=4,
)
ATOMS = st.one_of(
    st.builds(lambda k: read("dirty", k), KEYS),
    st.builds(lambda k, p: equal(read("place", k), Const(p)), KEYS, st.sampled_from(list(N.Place))),
    st.builds(lambda a, b: equal(read("place", a), read("place", b)), KEYS, KEYS),
    st.builds(lambda k, d: equal(read("home", k), d), KEYS, st.sampled_from([DEV, Const(NOBODY)])),
    st.builds(equal, NUMBERS, NUMBERS),
    st.builds(Less, NUMBERS, NUMBERS),
    st.sampled_from([TRUE, FALSE]),
)
CLAIMS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds(negate, inner),
        st.builds(conjunction, inner, inner),
        st.builds(disjunction, inner, inner),
        st.builds(equal, inner, inner),
        st.builds(choose, inner, inner, inner),
    ),
    max_leaves=6,
)


@st.composite
def states(draw: st.DrawFn) -> Any:
    """Any state of the bench at all."""
    values = BENCH.world.values(BENCH.world.initial()[0])
    for name, cells in values.items():
        domain = vars(BENCH.world.state)[name].values_
        cells.update({key: draw(st.sampled_from(domain)) for key in cells})
    return BENCH.world.load(encode(BENCH.world, values))


def value(e: Expr, state: Any) -> Any:
    return evaluate(e, {"": state}, ENV)


@settings(deadline=None, max_examples=100)
@given(states(), st.lists(CLAIMS, min_size=3, max_size=3))
def test_folding_keeps_the_meaning(state: Any, claims: list[Expr]) -> None:
    """And, or, not, equality and choice give a smaller expression of the same value in every state."""
    a, b, c = (value(claim, state) for claim in claims)
    assert value(conjunction(*claims), state) == (a and b and c)
    assert value(disjunction(*claims), state) == (a or b or c)
    assert value(negate(claims[0]), state) == (not a)
    assert value(equal(claims[0], claims[1]), state) == (a == b)
    assert value(choose(*claims), state) == (b if a else c)


@settings(deadline=None, max_examples=100)
@given(states(), CLAIMS)
def test_the_text_of_an_expression_means_the_expression(state: Any, claim: Expr) -> None:
    """What is shown to people is Python that evaluates to the same: brackets stand wherever they are needed."""
    names = {m.name: m for m in N.Place} | {"nobody": NOBODY, "cap": state.cap} | ENV | vars(state)
    assert eval(text(claim), names) == value(claim, state)


@settings(deadline=None, max_examples=100)
@given(states(), st.lists(CLAIMS, max_size=5), st.lists(CLAIMS, min_size=5, max_size=5))
def test_facts_never_decide_wrongly(state: Any, learnt: list[Expr], queries: list[Expr]) -> None:
    """What a path knows is true of a state decides another claim as the state does, or not at all."""
    facts = Facts()
    for claim in learnt:
        facts.learn(claim, value(claim, state))
    for claim in (*queries, *learnt, *map(negate, learnt)):
        assert facts.decide(claim) in (None, value(claim, state))


def test_facts_decide_what_was_learnt() -> None:
    """A claim that was learnt, its negation and its parts are decided; another value of the same cell is excluded."""
    facts, place = Facts(), read("place", PAGE)
    facts.learn(conjunction(equal(place, Const(N.Place.TX)), negate(read("dirty", PAGE))), True)
    either = disjunction(read("dirty", OTHER), read("up", DEV))
    facts.learn(either, True)
    assert facts.decide(equal(place, Const(N.Place.TX))) is True
    assert facts.decide(equal(place, Const(N.Place.FREE))) is False
    assert facts.decide(read("dirty", PAGE)) is False
    assert facts.decide(either) is True
    assert facts.decide(negate(either)) is False
    assert facts.decide(read("dirty", OTHER)) is None


def test_a_device_that_was_found_is_not_nobody() -> None:
    """Equal to a device that is never NOBODY means not NOBODY."""
    facts, home = Facts(), read("home", PAGE)
    assert facts.decide(equal(home, Const(NOBODY))) is None
    facts.learn(equal(home, DEV), True)
    assert facts.decide(equal(home, Const(NOBODY))) is False


@pytest.mark.parametrize(
    ("folded", "to"),
    [
        (conjunction(), TRUE),
        (disjunction(), FALSE),
        (conjunction(TRUE, read("dirty", PAGE)), read("dirty", PAGE)),
        (conjunction(read("dirty", PAGE), negate(read("dirty", PAGE))), FALSE),
        (disjunction(read("dirty", PAGE), negate(read("dirty", PAGE))), TRUE),
        (negate(negate(read("dirty", PAGE))), read("dirty", PAGE)),
        (equal(PAGE, PAGE), TRUE),
        (equal(PAGE, OTHER), equal(OTHER, PAGE)),
        (equal(read("dirty", PAGE), FALSE), negate(read("dirty", PAGE))),
        (equal(read("peer", DEV), Const(NOBODY)), FALSE),
        (equal(Const(1), Const(2)), FALSE),
        (choose(read("dirty", PAGE), TRUE, FALSE), read("dirty", PAGE)),
        (choose(read("dirty", PAGE), PAGE, PAGE), PAGE),
    ],
    ids=lambda e: text(e),
)
def test_what_is_plain_is_folded(folded: Expr, to: Expr) -> None:
    """Constants, repetitions and contradictions do not survive, and equality has one order."""
    assert folded == to


def test_one_is_not_true() -> None:
    """Literals of different kinds are different expressions, though Python takes them for equal."""
    assert Const(1) != Const(True)
    assert len({Const(1), Const(True), Const(0), Const(False)}) == 4


def test_brackets_stand_where_they_change_the_meaning() -> None:
    """A difference of a difference, a comparison compared, and or under and keep their brackets."""
    n, dirty = read("refs", PAGE), read("dirty", PAGE)
    assert text(Sum(n, Sum(n, Const(1), 1), -1)) == "refs[page] - (refs[page] + 1)"
    assert text(Sum(Sum(n, n, -1), Const(1), -1)) == "refs[page] - refs[page] - 1"
    assert text(Eq(Less(n, Const(1)), dirty)) == "(refs[page] < 1) == dirty[page]"
    assert text(negate(Eq(negate(dirty), dirty))) == "(not dirty[page]) != dirty[page]"
    both = conjunction(disjunction(dirty, read("up", DEV)), Less(n, Const(1)))
    assert text(both) == "(dirty[page] or up[dev]) and refs[page] < 1"
    each = Quantified("each", Var("page_1", N.Page), negate(read("dirty", Var("page_1", N.Page))))
    assert text(negate(each)) == "not each(page_1: not dirty[page_1])"
    assert text(Read(vars(N.S)["dirty"], (PAGE,), "after")) == "after.dirty[page]"


def test_walking_meets_everything_inside() -> None:
    """Keys of reads, bounds, and the members of quantifiers are all found inside an expression."""
    nested = Quantified("count", Var("page_1", N.Page), read("dirty", Var("page_1", N.Page)))
    found = list(walk(Less(nested, Size(vars(N.S)["cap"]))))
    assert [type(x).__name__ for x in found] == ["Less", "Quantified", "Var", "Read", "Var", "Size"]


@given(CLAIMS)
def test_folding_meets_each_operation_with_its_parts_in_order(claim: Expr) -> None:
    """A fold that puts every expression together again from its parts gives the expression itself."""

    def leaf(e: Leaf) -> Expr:
        return e

    def join(e: Operation, made: Iterator[Expr]) -> Expr:
        inner = list(made)
        assert tuple(inner) == parts(e)
        return rebuild(e, inner)

    assert fold(claim, leaf, join) == claim


def test_a_fold_computes_no_more_than_is_taken() -> None:
    """The results for parts are computed as they are taken: an `or` that is true already does not look at the rest."""
    seen: list[Leaf] = []

    def leaf(e: Leaf) -> bool:
        seen.append(e)
        return True

    dirty, up = read("dirty", PAGE), read("up", DEV)
    assert fold(Or((dirty, up)), leaf, lambda e, made: any(made))
    assert seen == [dirty]


@given(CLAIMS)
def test_every_operation_has_an_operator(claim: Expr) -> None:
    """A table of the seven operators covers every operation; a sum with the sign -1 is a difference."""
    for e in walk(claim):
        if isinstance(e, Operation):
            assert operator(e) in {"not", "and", "or", "==", "<", "+", "-"}
            assert not isinstance(e, Sum) or operator(e) == {1: "+", -1: "-"}[e.sign]


@settings(deadline=None, max_examples=100)
@given(states(), CLAIMS)
def test_an_expression_rebuilt_of_other_parts_speaks_of_those(state: Any, claim: Expr) -> None:
    """With two variables exchanged throughout, a claim has the value that it has in the exchanged environment."""
    exchanged: dict[Expr, Expr] = {PAGE: OTHER, OTHER: PAGE}

    def rename(e: Expr) -> Expr:
        return exchanged.get(e) or rebuild(e, [rename(p) for p in parts(e)])

    env = {**ENV, "page": ENV["other"], "other": ENV["page"]}
    assert value(rename(claim), state) == evaluate(claim, {"": state}, env)


def test_a_quantifier_is_rebuilt_with_its_variable() -> None:
    """The parts of a quantifier are its variable and its body."""
    member, other = Var("page_1", N.Page), Var("page_2", N.Page)
    each = Quantified("each", member, read("dirty", member))
    assert rebuild(each, [other, read("dirty", other)]) == Quantified("each", other, read("dirty", other))


def test_a_language_without_an_operator_writes_its_negation() -> None:
    """Operators and how tightly they bind come from the table of the language; what it lacks is negated."""
    operators = {"or": ("||", 1), "and": ("&&", 1), "not": ("!", 3), "==": ("==", 2), "<": ("<", 2), ">=": (">=", 2)}
    n, dirty, up = read("refs", PAGE), read("dirty", PAGE), read("up", DEV)
    claim = conjunction(disjunction(dirty, up), negate(Eq(n, Const(1))), negate(Less(n, Const(2))))
    assert infix(claim, operators, text) == "(dirty[page] || up[dev]) && !(refs[page] == 1) && refs[page] >= 2"


def test_a_symbolic_value_is_no_key() -> None:
    """A symbol in a set or dict would never be found there: hashing one is refused."""
    with pytest.raises(SpecError, match="a symbolic value is used as a key of a set or dict"):
        hash(Sym(PAGE, LiftRun(())))
    with pytest.raises(SpecError, match="a symbolic value has no int, float, text"):
        f"{Sym(PAGE, LiftRun(()))}"
    with pytest.raises(SpecError, match="a symbolic value has no int, float, text"):
        int(Sym(read("refs", PAGE), LiftRun(())))
