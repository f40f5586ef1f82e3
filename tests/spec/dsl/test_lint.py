# SPDX-License-Identifier: MIT
"""What the lint refuses: text that would silently mean something else when it is lifted."""

import pytest

from .snippets import Bench, action, invariant, refused

BANNED = {
    "is": ("require(s.home[page] is NOBODY)  # here", "`is` compares objects ... use =="),
    "is not": ("require(s.place[page] is not Place.TX)  # here", "`is not` compares objects ... use !="),
    "is in a branch": ("if s.home[page] is None:  # here\n    s.refs[page] = 0", "`is` compares objects"),
    "a set": ("require(s.place[page] in {Place.TX, Place.RING})  # here", "a set ... `x in (A, B)`"),
    "a list": ("require(s.place[page] in [Place.TX, Place.RING])  # here", "a list ... `x in (A, B)`"),
    "a dict": ("require({Place.TX: True}[s.place[page]])  # here", "`Dict` has no place in spec text"),
    "a method": ("require(TABLE.get(s.place[page]))  # here", "only helpers and the words ... are called, by name"),
    "all": ("require(all((s.dirty[page], s.dirty[other])))  # here", "all() is called ... each, some, count"),
    "any": ("require(any((s.dirty[page], s.dirty[other])))  # here", "any() is called"),
    "sum": ("s.refs[page] = sum((1, 2))  # here", "sum() is called"),
    "len": ("s.refs[page] = len(s.pages)  # here", "len() is called"),
    "max": ("s.refs[page] = max(s.refs[page], 1)  # here", "max() is called"),
    "int": ("s.refs[page] = int(s.dirty[page])  # here", "int() is called"),
    "print": ("print(s.refs[page])  # here", "print() is called"),
    "a list comprehension": ("x = [p for p in s.pages]  # here", "a comprehension; use each()"),
    "a generator": ("require(all(s.dirty[p] for p in s.pages))  # here", "is called ... each, some, count"),
    "a loop": (
        "for p in s.pages:  # here\n    s.refs[p] = 0",
        "a loop that assigns to many; an action is one page's step",
    ),
    "while": ("while s.dirty[page]:  # here\n    s.dirty[page] = False", "a loop; an action is one page's step"),
    "an f-string": ("x = f'{s.refs[page]}'  # here", "text made from values"),
    "try": ("try:  # here\n    require(s.dirty[page])\nexcept Exception:\n    pass", "`try` could swallow a guard"),
    "with": ("with s.pages:  # here\n    pass", "`with` has no place"),
    "assert": ("assert s.dirty[page]  # here", "a guard is require()"),
    "raise": ("raise ValueError  # here", "a guard is require()"),
    "global": ("global LIMIT  # here\nLIMIT = 3", "all state is in the first argument"),
    "a walrus": ("require((x := s.refs[page]) > 1)  # here", "`:=`; assign on a line of its own"),
    "an annotation": ("x: int = 3  # here", "an annotated assignment"),
    "del": ("del s.home[page]  # here", "`del`; give the cell another value"),
    "a product": (
        "require(s.dirty[page])\ns.refs[page] = s.refs[page] * 2  # here",
        "`*`: numbers are only added, subtracted and compared",
    ),
    "a remainder": (
        "require(s.dirty[page])\ns.refs[page] = (s.refs[page] + 1) % 2  # here",
        "`%`: numbers are only added, subtracted ... write `0 if at == last else at + 1`",
    ),
    "a loop that only asks": ("for p in s.pages:  # here\n    require(s.dirty[p])", "a loop; use each(), some() or"),
    "a word as a local name": ("require = tainted(s, page)  # here", "require is a word of the notation already"),
    "a word as a member": ("x = each(s.pages, lambda iff: s.dirty[iff])  # here", "iff is a word of the notation"),
    "a helper as a local name": ("tainted = s.dirty[page]  # here", "tainted is a function of the module already"),
    "a class as a member": ("x = some(s.pages, lambda Page: s.dirty[Page])  # here", "Page is a type of the module"),
    "a default in a lambda": ("x = each(s.pages, lambda p, q=LOG: s.dirty[p])  # here", "one plain parameter"),
    "a lambda called": ("f = lambda p: s.dirty[p]  # here\nrequire(f(page))", "a lambda stands only in each()"),
    "a word called by another name": ("need(s.dirty[page])  # here", "need() is not a word of the notation here"),
    "the inside of a word": ("require(_symbolic(s.dirty[page]))  # here", "_symbolic() is not a word of the notation"),
    "a bare global that a lambda calls so": (
        "require(each(s.pages, lambda LOG: s.dirty[LOG]) or LOG == 3)  # here",
        "LOG is a list: hidden state",
    ),
    "a field kept in a local": ("cells = s.dirty\nrequire(cells[page])  # here", "only a field is indexed"),
    "the inside of a value": ("require(page._expr == other._expr)  # here", "page._expr: S declares no _expr"),
    "a method of a field": ("x = s.pages.each  # here", ".each of a value; a value is only compared or assigned"),
    "a member's value": ("require(Place.TX.value == 'TX')  # here", ".value of a value"),
    "a number with an order of its own": ("require(s.refs[page] < LOUD)  # here", "LOUD is a Loud: hidden state"),
    "Python's own": ("require(s.dirty[page] == NotImplemented)  # here", "NotImplemented is not defined here"),
    "a class indexed": ("require(page == Page[0])  # here", "Page is a class, not a value"),
    "bits": ("require(s.dirty[page] & s.dirty[other])  # here", "`BitAnd` has no place"),
    "inversion": ("require(~s.dirty[page])  # here", "`Invert` has no place"),
    "a float": ("s.refs[page] = 1.5  # here", "1.5 is not a value of the notation"),
    "an import": ("import os  # here", "`Import` has no place"),
    "a function inside": ("def inner() -> None:  # here\n    pass", "a function inside a function"),
    "== for =": ("s.place[page] == Place.TX  # here", "a comparison as a statement ... an assignment has one ="),
    "a lone value": ("s.dirty[page]  # here", "an expression as a statement does nothing"),
    "a field assigned whole": ("s.place = Place.TX  # here", "only a cell ... can be assigned"),
    "a parameter assigned": ("page = other  # here", "only a cell ... can be assigned"),
    "a class attribute assigned": ("Page.seen[page] = 1  # here", "only a cell ... can be assigned"),
    "a keyword": ("require(claim=s.dirty[page])  # here", "by name and with plain arguments"),
    "and in require": ("require(s.dirty[page] and s.dirty[other])  # here", "write one require() for each guard"),
    "require in a quantifier": ("x = each(s.pages, lambda p: require(s.dirty[p]))  # here", "require() inside"),
    "a quantifier over a helper": ("require(each(s.pages, tainted))  # here", "takes the members and a lambda"),
    "a helper not called": ("require(tainted)  # here", "tainted is a helper, and is not called here"),
    "a helper compared": ("require(tainted == True)  # here", "tainted is a helper, and is not called here"),
    "a helper as a branch": ("if tainted:  # here\n    s.dirty[page] = False", "tainted is a helper, and is not"),
    "no such member": ("s.place[page] = Place.POOL  # here", "Place has no member POOL; it has FREE, RING, TX"),
    "an attribute of a sort": ("s.refs[page] = Page.index  # here", ".index of something global: hidden state"),
    "randomness": ("s.refs[page] = random.randint(0, 3)  # here", "only helpers and the words ... are called"),
    "a global list": ("if LOG == 3:  # here\n    s.refs[page] = 0", "LOG is a list: hidden state"),
    "a module": ("x = random  # here", "random is a module: hidden state"),
}

TABLE = """
from spec.dsl import require as need
from spec.dsl.words import _symbolic

LOG = []
TABLE = {}

class Loud(int):
    def __lt__(self, other):
        return True
    __gt__ = __lt__

LOUD = Loud(3)

def tainted(s: S, page: Page) -> bool:
    return s.dirty[page]

"""


@pytest.mark.parametrize(("body", "words"), BANNED.values(), ids=BANNED)
def test_what_could_mean_something_else_is_refused_by_its_line(body: str, words: str) -> None:
    """Each construct outside the notation is refused, with the line it stands on and what to write instead."""
    refused(TABLE + action(body), words)


def test_invariants_are_linted_like_actions() -> None:
    """The lint reads invariants too, not only actions."""
    refused(invariant("return s.home[page] is NOBODY  # here"), "`is` compares objects")


def test_helpers_are_linted_like_the_actions_that_call_them() -> None:
    """What is refused in an action is refused in a helper of a helper as well."""
    helpers = """
def idle(s: S, page: Page) -> bool:
    return tired(s, page)

def tired(s: S, page: Page) -> bool:
    return s.home[page] is NOBODY  # here
"""
    refused(helpers + action("require(idle(s, page))"), "`is` compares objects")


def test_a_lambda_is_no_action() -> None:
    """An action is a `def`, whose text and name can be shown; a lambda is refused, wherever it stands."""
    refused("act = lambda s, page: None  # here\n", "a plain `def`, not a lambda")
    refused("act, invariant = (\n    lambda s, page: None,  # here\n    None)\n", "a plain `def`, not a lambda")


def test_a_coroutine_is_no_action() -> None:
    """An `async def` is refused: its body would never run."""
    refused("async def act(s: S, page: Page) -> None:  # here\n    s.dirty[page] = True\n", "not a coroutine")


def test_a_closure_is_refused() -> None:
    """A function that closes over a variable has state outside its arguments."""
    inner = "    def act(s: S, page: Page) -> None:  # here\n        s.refs[page] = limit\n    return act\n"
    refused("def make(limit):\n" + inner + "\nact = make(3)\n", "closes over variables: hidden state")


def test_a_default_argument_is_refused() -> None:
    """A default is evaluated once and kept: state outside the arguments."""
    refused(
        "def act(s: S, page: Page, other: Page = Page(0)) -> None:  # here\n    s.refs[other] = 1\n",
        "has defaults ... hidden",
    )


def test_a_decorated_function_is_refused() -> None:
    """What a decorator does around a function would be in no lifted path."""
    text = "def plain(fn):\n    return fn\n\n@plain  # here\ndef act(s: S, page: Page) -> None:\n    s.refs[page] = 1\n"
    refused(text, "act is decorated; spec functions are plain functions")


@pytest.mark.parametrize(
    "text",
    [
        "@functools.lru_cache\ndef act(s: S, page: Page) -> None:\n    s.refs[page] = 1\n",
        "class Deed:\n    def act(self, s: S, page: Page) -> None:\n        s.refs[page] = 1\n\nact = Deed().act\n",
        "class Deed:\n    def __call__(self, s: S, page: Page) -> None:\n        s.refs[page] = 1\n\nact = Deed()\n",
        "def deed(s: S, page: Page) -> None:\n    s.refs[page] = 1\n\nact = functools.partial(deed)\n",
    ],
    ids=["cached", "a method", "an object", "a partial"],
)
def test_only_plain_functions_are_actions(text: str) -> None:
    """What is called like a function but is none, and so may carry state, is refused."""
    refused(text, "is not a plain function; an action or invariant is a `def`")


def test_a_function_without_text_is_refused() -> None:
    """A function whose source cannot be read cannot be linted, and so is no spec text."""
    refused("exec('def act(s: S, page: Page) -> None:\\n    s.refs[page] = 1')\n", "its text cannot be read")


def test_what_the_notation_needs_is_not_refused() -> None:
    """Plain branches, several targets, constants of the module and helpers pass."""
    text = """
LIMIT = 2
START = Place.RING

def tainted(s: S, page: Page) -> bool:
    if s.dirty[page]:
        return True
    return False

"""
    body = """
'''Text is allowed.'''
require(each(s.pages, lambda LIMIT_HERE: s.refs[LIMIT_HERE] <= LIMIT))
require(tainted(s, page) or not some(s.devices, lambda d: s.mapped[page, d]))
LIMIT_HERE, was = 1, s.place[page]
if was == START:
    s.refs[page] = LIMIT_HERE + 1
elif not s.place[page] in (Place.TX, Place.FREE):
    pass
else:
    s.place[page] = Place.TX if s.dirty[page] else was
"""
    Bench(text + action(body))
