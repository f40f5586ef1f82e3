# SPDX-License-Identifier: MIT
"""What lifting refuses: values used as what they are not, at the line where the text does it."""

import pytest

from spec.dsl import SpecError

from .snippets import action, invariant, machine, refused

GUARD = {
    "a string": ("s.place[page] == 'TX'", "'TX' is not a value of the notation"),
    "None": ("s.home[page] == None", "None is not a value of the notation"),
    "a class": ("s.place[page] == Place", "Place is a class, not a value; name a member of it"),
    "an enum of another field": ("s.place[page] == Turn.CPU", "a Place is compared with a Turn"),
    "an enum of another field in a tuple": ("s.place[page] in (Turn.CPU, Place.TX)", "a Place is compared with a Turn"),
    "1 for True": ("s.dirty[page] == 1", "a truth value is compared with a number"),
    "True for 1": ("s.refs[page] == True", "a number is compared with a truth value"),
    "a page with a device": ("page == dev", "a Page is compared with a Device"),
    "an optional device with a page": ("s.home[page] == page", "is compared with a Page"),
    "NOBODY for what is never nobody": ("s.peer[dev] == NOBODY", "a Device is compared with NOBODY, but it is never"),
    "NOBODY for an enum": ("s.place[page] != NOBODY", "a Place is compared with NOBODY"),
    "an order of pages": ("page < other", "a Page has no order and no arithmetic"),
    "an order of devices": ("s.home[page] >= dev", "a Device has no order"),
    "an order of enums": ("s.place[page] <= Place.TX", "a Place has no order"),
    "an order of truth values": ("s.dirty[page] > False", "a truth value has no order"),
    "a sum of enums": ("s.refs[page] + s.place[page] == 1", "a Place has no order and no arithmetic"),
    "a sum of truth values": ("s.refs[page] + s.dirty[page] == 1", "a truth value has no order and no arithmetic"),
    "a difference of pages": ("page - other == 0", "a Page has no order and no arithmetic"),
    "minus": ("-s.refs[page] == 1", "a symbolic value has no int, float"),
    "a page as a guard": ("page", "a Page is used as a truth value"),
    "a page as a condition": ("not page", "a Page is used as a truth value"),
    "a device read from a field as a condition": ("not s.home[page]", "a Device is used as a truth value"),
    "a number as a guard": ("s.refs[page]", "a number is used as a truth value"),
    "a number as a condition": ("not s.refs[page]", "a number is used as a truth value"),
    "an enum as a condition": ("not s.place[page]", "a Place is used as a truth value"),
    "a count as a condition": ("not count(s.pages, lambda p: s.dirty[p])", "a number is used as a truth value"),
    "a number in a quantifier": ("each(s.pages, lambda p: s.refs[p])", "a number is used as a truth value"),
    "an enum in a count": ("count(s.pages, lambda p: s.place[p]) == 1", "a Place is used as a truth value"),
    "implies of a number": ("implies(s.dirty[page], s.refs[page])", "a number is used as a truth value"),
    "implies of a literal": ("implies(True, 3)", "implies() and iff() take two claims"),
    "iff of a field": ("iff(s.dirty, True)", "implies() and iff() take two claims"),
    "a field without an index": ("s.place == Place.TX", "place is used as a whole; index it: place[...]"),
    "a field on the right": ("s.place[page] == s.place", "place is used as a whole; index it"),
    "a field as a condition": ("not s.dirty", "dirty is used as a whole; index it"),
    "two fields compared": ("s.place != s.place", "place is used as a whole; index it"),
    "a field without an index, ordered": ("s.refs < 3", "refs is used as a whole; index it"),
    "membership of a field": ("page in s.place", "place is used as a whole; index it"),
    "membership of a sort": ("page in s.pages", "pages is used as a value or in a loop"),
    "all pages as a condition": ("not s.pages", "pages is used as a value or in a loop"),
    "membership of an enum": ("s.place[page] in Place", "Place is a class, not a value"),
    "a state as a condition": ("not s", "a state is used as a truth value"),
    "a state compared": ("s == s", "a state is compared as a whole"),
    "a page as key of a device field": ("s.up[page]", "up is indexed by a Device, not by a Page"),
    "a number as key": ("s.dirty[1]", "dirty is indexed by a Page, not by a number"),
    "NOBODY as key": ("s.up[NOBODY]", "up is indexed by a Device, not by"),
    "an enum as key": ("s.dirty[Place.TX]", "dirty is indexed by a Page, not by a Place"),
    "one key of two": ("s.mapped[page]", "mapped has 2 keys (Page, Device), not 1"),
    "two keys of one": ("s.dirty[page, dev]", "dirty has 1 keys (Page), not 2"),
    "keys in the wrong order": ("s.mapped[dev, page]", "mapped is indexed by a Page, not by a Device"),
    "a key that may be nobody": ("s.up[s.home[page]]", "may be NOBODY here; test it with != NOBODY first"),
    "a key that is nobody": ("s.home[page] == NOBODY and s.up[s.home[page]] or True", "may be NOBODY here"),
    "a key tested too late": ("s.up[s.home[page]] and s.home[page] != NOBODY or True", "may be NOBODY here"),
    "a key of another page tested": ("s.home[other] == NOBODY or s.up[s.home[page]]", "may be NOBODY here"),
    "an eager implies": ("implies(s.home[page] != NOBODY, s.up[s.home[page]])", "may be NOBODY here"),
    "a symbol as a key of a tuple": ("(True, False)[s.refs[page]]", "only a field is indexed"),
    "a symbol indexed": ("s.refs[page][0] == 1", "only a field is indexed"),
    "an attribute of a page": ("page.index == 0", "page.index: S declares no index; known are pages, devices"),
    "an attribute of an enum value": ("s.place[page].name == 'TX'", ".name of a value; a value is only compared"),
    "an enum looked up": ("Place[s.place[page]] == Place.TX", "Place is a class, not a value"),
    "an enum made from a value": ("Place(s.place[page]) == Place.TX", "Place() is called"),
    "a name that does not exist": ("s.dirty[pgae]", "pgae is not defined here; did you mean 'page'"),
    "a field that does not exist": ("s.drity[page]", "s.drity: S declares no drity; did you mean 'dirty'?"),
    "a word with one argument": ("implies(s.dirty[page])", "TypeError: implies() missing 1 required"),
    "a sum of an enum": ("Place.TX + 1 == 2", "TypeError: unsupported operand"),
    "a history counter": ("s.taken[page] < 3", "a guard reads taken, a history counter"),
    "a history counter in a count": ("count(s.pages, lambda p: s.taken[p] > 1) == 0", "reads taken, a history counter"),
    "a history counter in a branch": ("s.dirty[page] or s.taken[page] > 1", "reads taken, a history counter"),
}

EFFECT = {
    "a history counter kept": ("s.refs[page] = s.taken[page]", "the new value of refs reads taken, a history counter"),
    "a history counter as a branch": (
        "if s.taken[page] > 3:  # here\n    s.dirty[page] = True",
        "a condition reads taken",
    ),
    "an enum of another field": ("s.place[page] = Turn.CPU", "place holds FREE, RING, TX, not a Turn"),
    "a string": ("s.place[page] = 'TX'", "'TX' is not a value of the notation"),
    "None for nobody": ("s.home[page] = None", "None is not a value of the notation"),
    "1 for True": ("s.dirty[page] = 1", "dirty holds yes or no, not a number"),
    "True for 1": ("s.refs[page] = True", "refs holds 0..cap, not a truth value"),
    "a page for a device": ("s.home[page] = page", "home holds a Device or nobody, not a Page"),
    "nobody for a number": ("s.refs[page] = NOBODY", "refs holds 0..cap, not"),
    "nobody for a device": ("s.peer[dev] = NOBODY", "peer holds a Device, not"),
    "what may be nobody": ("s.peer[dev] = s.home[page]", "peer is never NOBODY, but the value may be"),
    "a constant above the bounds": ("s.refs[page] = 4", "refs holds 0..cap, 4 is outside its bounds"),
    "a constant below the bounds": ("s.refs[page] = -1", "refs holds 0..cap, -1 is outside its bounds"),
    "a field": ("s.dirty[page] = s.dirty", "dirty is used as a whole; index it"),
    "a key that may be nobody": ("s.up[s.home[page]] = True", "may be NOBODY here; test it with != NOBODY first"),
    "the wrong key": ("s.up[page] = True", "up is indexed by a Device, not by a Page"),
    "a bound": ("s.cap[page] = 1", "a symbolic value has no int, float, text, index"),
    "inside a quantifier": (
        "each(s.pages, lambda p: clean(s, p))  # there",
        "dirty is assigned inside a quantifier; an action is one page's step",
    ),
}

HELPERS = """
def clean(s: S, page: Page) -> bool:
    s.dirty[page] = False  # within
    return True

"""


@pytest.mark.parametrize(("claim", "words"), GUARD.values(), ids=GUARD)
def test_a_claim_that_is_none_is_refused_in_a_guard(claim: str, words: str) -> None:
    """A guard compares values of one sort, under keys that exist; anything else is refused by its line."""
    text = action(f"if s.dirty[other]:\n    require(s.dirty[page])\nrequire({claim})  # here\ns.dirty[page] = True")
    refused(text.replace("0..cap", "0..3"), words)


@pytest.mark.parametrize("claim", [c for c, words in GUARD.values() if "history" not in words and c != "page"])
def test_a_claim_that_is_none_is_refused_in_an_invariant(claim: str) -> None:
    """What is refused in a guard is refused in an invariant as well."""
    refused(invariant(f"return not ({claim})  # here"), "")


@pytest.mark.parametrize(("assignment", "words"), EFFECT.values(), ids=EFFECT)
def test_a_value_of_another_kind_is_refused_in_an_assignment(assignment: str, words: str) -> None:
    """A cell takes a value of its own domain only, and only where its key exists."""
    marked = assignment if "#" in assignment else f"{assignment}  # here"
    body = HELPERS.replace("within", "here") if "there" in assignment else HELPERS
    refused(body + action(marked), words.replace("0..cap", "0..3"))


def test_an_invariant_may_not_assign() -> None:
    """An invariant only looks: an assignment in one is refused, also in a helper it calls."""
    refused(invariant("s.dirty[page] = False  # here\nreturn True"), "an invariant assigns to dirty; only actions may")
    text = HELPERS.replace("within", "here") + invariant("return clean(s, page)")
    refused(text, "an invariant assigns to dirty; only actions may")


def test_an_invariant_has_no_guard() -> None:
    """`require` is a word of actions; in an invariant it would hide the states in which the claim is not made."""
    refused(
        invariant("require(s.dirty[page])  # here\nreturn True"), "require() outside an action; an invariant returns"
    )


@pytest.mark.parametrize("ending", ["pass", "return", "return NOBODY", "return s.refs[page]", "return s.place"])
def test_an_invariant_returns_its_claim(ending: str) -> None:
    """An invariant that returns nothing, or no truth value, is refused and not taken for a false one."""
    text = f"def invariant(s: S, page: Page) -> bool:  # here\n    {ending}\n"
    refused(text, "invariant returns ... an invariant returns its claim")


def test_an_action_returns_nothing() -> None:
    """An action only assigns; a return value would be ignored."""
    refused(
        "def act(s: S, page: Page) -> bool:  # here\n    return s.dirty[page]\n", "act returns something; an action"
    )


def test_an_action_on_no_path_is_an_error() -> None:
    """An action that no state enables would vanish without a word."""
    for guard in ("False", "s.place[page] == Place.TX)\n    require(s.place[page] == Place.RING"):
        text = f"def act(s: S, page: Page) -> None:  # here\n    require({guard})\n    s.dirty[page] = True\n"
        refused(text, "act is enabled on no path; look for a guard that is always false")


def test_a_claim_about_absolute_history_is_refused() -> None:
    """A history counter is no part of a state: only its growth in a step can be invariant."""
    head = "def step(before: S, after: S, page: Page) -> bool:  # here\n"
    words = "depends on the value of taken ... compare after.taken with before.taken"
    refused(head + "    return after.taken[page] <= 3\n", words)
    refused(head + "    return after.taken[page] + before.taken[page] == 1\n", words)
    refused("def invariant(s: S, page: Page) -> bool:  # here\n    return s.taken[page] == 0\n", words)
    refused("def witness(s: S, page: Page) -> bool:  # here\n    return s.taken[page] > 1\n", words)
    machine(head + "    return (after.taken[page] - before.taken[page]) + 1 <= after.refs[page] - 1\n")
    machine(head + "    return after.taken[page] == before.taken[page] + 1\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def act() -> None:  # here\n    pass\n", "act: takes a state first, of type S or its base"),
        ("def act(page: Page, s: S) -> None:  # here\n    pass\n", "act: takes a state first"),
        ("def act(s: S, page) -> None:  # here\n    pass\n", "act: parameter page needs a type"),
        ("def act(s: S, page: 'Pgae') -> None:  # here\n    pass\n", "annotations contain an unknown name"),
        ("def act(s: S, n: int) -> None:  # here\n    pass\n", "parameter n is a int, which S has no members of"),
        ("def act(s: S, page_1: Page) -> None:  # here\n    pass\n", "page_1 has the name of a quantifier's member"),
        ("def step(s: S, page: Page) -> bool:  # here\n    return True\n", "takes two states, before and after,"),
        ("class T(State):\n    pages = members(Page)\n\ndef act(s: T) -> None:  # here\n    pass\n", "of type S or"),
    ],
)  # fmt: skip
def test_the_parameters_of_a_function_are_checked(text: str, words: str) -> None:
    """First the state, or the two of a step, then members of its sorts, each with its type."""
    refused(text, words)


@pytest.mark.parametrize("value", ["s.taken[other] + 1", "s.taken[page] + s.taken[other]", "1", "2 - s.taken[page]"])
def test_a_history_counter_becomes_itself_and_more(value: str) -> None:
    """A counter that another one decides would change with the whole past, which is no part of a state."""
    refused(action(f"s.taken[page] = {value}  # here"), "taken is assigned something else than a sum of taken")


def test_a_mistake_that_python_finds_names_the_line_of_the_spec() -> None:
    """An exception in a helper is reported at the helper's line, and the cause is kept."""
    body = "    if s.dirty[page]:\n        x = 1\n    return x == 1  # here\n\n"
    helper = "def broken(s: S, page: Page) -> bool:\n" + body
    refused(helper + action("require(broken(s, page))"), "UnboundLocalError")
    with pytest.raises(SpecError) as caught:
        machine(helper + action("require(broken(s))"))
    assert isinstance(caught.value.__cause__, TypeError)
