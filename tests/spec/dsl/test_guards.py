# SPDX-License-Identifier: MIT
"""Guards come first, are statements of their own, and refuse without an error; assignments follow, on a copy."""

from dataclasses import replace

import pytest

from spec.dsl import Instance, SpecError
from spec.dsl.words import Refused, require

from .snippets import Bench, action, refused

LATE = "require(s.dirty[page])\ns.refs[page] = 1\nrequire(not s.dirty[other])  # here"


def test_a_guard_after_an_assignment_is_refused_when_lifted() -> None:
    """Guards come first: a refusal must never leave half an effect behind."""
    refused(action(LATE), "require() after an assignment; guards come first")


def test_a_guard_after_an_assignment_is_refused_on_one_branch_too() -> None:
    """A guard that only some paths reach after an assignment is late all the same."""
    refused(action("if s.dirty[page]:\n    s.refs[page] = 1\nrequire(s.dirty[other])  # here"), "after an assignment")


def test_a_guard_in_a_helper_called_after_an_assignment_is_refused() -> None:
    """The order counts, not the function in which the guard stands."""
    helper = "def checked(s: S, page: Page) -> None:\n    require(s.dirty[page])  # here\n\n"
    refused(helper + action("s.refs[page] = 1\nchecked(s, page)"), "require() after an assignment")


def test_a_guard_after_an_assignment_is_an_error_concretely() -> None:
    """A function that was never lifted is stopped by the same rule when it runs."""
    bench = Bench(action("s.refs[page] = 1") + action(LATE).replace("def act", "def late"))
    with pytest.raises(SpecError, match=r":\d+: require\(\) after an assignment"):
        attempt(bench, "late", dirty={bench.pages[0]: True})


def test_a_guard_in_a_quantifier_is_refused() -> None:
    """Inside a quantifier a guard would be about a page that is no parameter."""
    helper = "def checked(s: S, page: Page) -> bool:\n    require(s.dirty[page])  # here\n    return True\n\n"
    refused(helper + action("require(each(s.pages, lambda p: checked(s, p)))"), "require() inside a quantifier")
    refused(helper + action("x = count(s.pages, lambda p: checked(s, p))"), "require() inside a quantifier")


def test_a_plainly_false_guard_in_a_quantifier_is_refused() -> None:
    """Also a guard that needs no page: whether it is met depends on what the quantifier skips."""
    helper = "def checked(s: S, page: Page) -> bool:\n    require(False)  # here\n    return True\n\n"
    refused(helper + action("require(some(s.pages, lambda p: s.dirty[p] and checked(s, p)))"), "inside a quantifier")


def test_a_guard_outside_an_action_is_an_error() -> None:
    """`require` needs an action that can be refused."""
    with pytest.raises(SpecError, match=r"test_guards\.py:\d+: require\(\) outside an action"):
        require(True)


def test_a_guard_that_is_no_truth_value_is_an_error_concretely() -> None:
    """A number is neither true nor false, also where nothing was lifted."""
    bench = Bench(action("s.refs[page] = 1") + "\ndef vague(s, page, other, dev):\n    require(s.refs[page])\n")
    with pytest.raises(SpecError, match=r":\d+: require\(0\): a guard is True or False"):
        attempt(bench, "vague")


def test_a_false_guard_is_not_an_error() -> None:
    """A false guard means "not enabled here": no error, no successor, nothing changed."""
    bench = Bench(action("require(s.dirty[page])\ns.refs[page] = 2"))
    clean = bench.state()
    page = bench.pages[0]
    assert list(bench.world.successors(clean)) == []
    assert bench.is_enabled(page, page, bench.devices[0], dirty={page: True})


def test_a_refusal_is_no_exception_that_text_could_catch() -> None:
    """The signal of a guard passes every `except Exception`; only the world that runs the action takes it."""
    assert issubclass(Refused, BaseException)
    assert not issubclass(Refused, Exception)


def test_a_refusal_names_its_guard() -> None:
    """A world names the line of the guard that refuses, also inside a helper."""
    helper = "def checked(s: S, page: Page) -> None:\n    require(s.refs[page] > 0)  # here\n\n"
    bench = Bench(helper + action("require(s.dirty[page])\nchecked(s, page)\ns.refs[page] = 2"))
    instance, page = bench.world.instances[0], bench.pages[0]
    helper_line = next(n for n, line in enumerate(bench.text.split("\n"), 1) if "# here" in line)
    assert bench.world.refusal(bench.state(dirty={page: True}), instance) == f"{bench.names.__file__}:{helper_line}"
    assert bench.world.refusal(bench.state(), instance) == f"{bench.names.__file__}:{helper_line + 3}"
    assert bench.world.refusal(bench.state(dirty={page: True}, refs={page: 1}), instance) is None


def test_a_step_works_on_a_copy() -> None:
    """The state an action runs in is restored after each successor: each instance starts from the same one."""
    bench = Bench(action("s.refs[page] += 1\ns.refs[page] += 1\ns.dirty[other] = True"))
    code = bench.state()
    first = [after for _, after in bench.world.successors(code)]
    assert bench.world.code(bench.world.state) == code
    assert first == [after for _, after in bench.world.successors(code)]
    assert code not in first


def test_an_interrupted_step_leaves_no_trace() -> None:
    """Whoever stops listening after one successor, or meets an error, finds the state unchanged."""
    bench = Bench(action("s.dirty[page] = True\ns.refs[page] += 2"))
    code = bench.state()
    next(bench.world.successors(code))
    assert bench.world.code(bench.world.state) == code
    with pytest.raises(SpecError):
        list(bench.world.successors(bench.state(refs={bench.pages[1]: 2})))
    assert not any(vars(bench.world.state)["dirty"].values())


def attempt(bench: Bench, name: str, **cells: dict[object, object]) -> None:
    """Run a function of the text that was never lifted, in the place of the action."""
    unlifted = replace(bench.machine.actions[0], fn=vars(bench.names)[name])
    bench.world.instances = tuple(Instance(unlifted, i.args) for i in bench.world.instances)
    list(bench.world.successors(bench.state(**cells)))
