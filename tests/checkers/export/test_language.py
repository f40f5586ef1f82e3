# SPDX-License-Identifier: MIT
"""The text of an export, without another tool to read it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from checkers.export import murphi, promela
from checkers.export.language import CannotExport, Language
from poolproof import catalog
from spec.dsl import Machine
from tests.exported import WORDS, traps

Write = Callable[[Machine, dict[str, int]], str]
WRITERS = [pytest.param(promela.text, id="promela"), pytest.param(murphi.text, id="murphi")]
MACHINES = [*catalog.SOUND, catalog.find("b03_mapping_outlives_the_driver"), traps(), WORDS]
both = pytest.mark.parametrize("write", WRITERS)
every = pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.name)


def written(write: Write, machine: Machine) -> str:
    return write(machine, machine.sizes("tiny", {}))


@both
@every
def test_each_action_stands_under_its_name_and_line(machine: Machine, write: Write) -> None:
    """Above what an action became stand its name and the file and line it comes from; each of its paths is there."""
    text = written(write, machine)
    for action in machine.actions:
        code = action.fn.__code__
        line = rf"{action.name}, ([a-z]+/)*{Path(code.co_filename).name}:{code.co_firstlineno}: "
        assert re.search(line, text), action.name
    assert len(re.findall(r'^inline |^ *rule "', text, re.MULTILINE)) == sum(
        len(a.lifted.paths) for a in machine.actions
    )


@both
@every
def test_what_is_invariantd_of_states_is_there_and_the_rest_is_named(machine: Machine, write: Write) -> None:
    """Each invariant about states stands in the text; those about steps, and history counters, in the head alone."""
    text = written(write, machine)
    assert all(
        re.search(rf'^(#define {c.name}\(|invariant "{c.name}")', text, re.MULTILINE)
        for c in machine.invariants
        if not c.is_step
    )
    head = text[: re.search(r"#define|const\n", text).start()]  # type: ignore[union-attr]
    for name in [c.name for c in machine.invariants if c.is_step] + list(machine.shape.histories):
        assert re.search(rf"\b{name}\b", head)
        assert f"{name}[" not in text


@both
@every
def test_no_path_of_a_machine_is_in_the_text(machine: Machine, write: Write) -> None:
    """An export is the same wherever it is made."""
    assert str(Path(__file__).parents[3]) not in written(write, machine)
    assert not re.search(r"(^|\s)/\w+/", written(write, machine))


@both
@every
def test_names_are_no_words_of_the_language(machine: Machine, write: Write) -> None:
    """Every name is free of the language's own words, and no two things share one."""
    model: Language = {promela.text: promela.Promela, murphi.text: murphi.Murphi}[write](  # type: ignore[index]
        machine, machine.sizes("tiny", {})
    )
    "".join(model.lines(True))  # type: ignore[attr-defined]
    names = list(model.names.given.values())
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) and name.lower() not in model.reserved for name in names)


def step(text: str, name: str) -> str:
    """The lines of one step, joined."""
    return " ".join(re.split(rf'inline {name}\(|rule "{name}"', text)[1].partition("end;")[0].partition("}")[0].split())


@both
def test_a_value_of_the_state_before_is_kept_where_it_is_written_over(write: Write) -> None:
    """A swap reads the first cell before it writes it; a number that grows needs nothing kept."""
    text = step(written(write, traps()), "swap").replace(":=", "=")
    assert "before_1 = peer[dev]; peer[dev] = peer[other]; peer[other] = before_1" in text
    assert "before" not in step(written(write, traps()), "borrow_1")


@both
def test_guards_and_assignments_keep_their_order(write: Write) -> None:
    """What must be known before a cell is read stands before it, and the later assignment stands later."""
    borrow, learn = step(written(write, traps()), "borrow_1"), step(written(write, traps()), "learn")
    assert borrow.index("owner[page] != NOBODY") < borrow.index("peer[owner[page]]")
    assert learn.index("true") < learn.index("false")
    assert "seen" not in learn


def test_promela_lists_each_initial_state() -> None:
    """Cells with any initial value are chosen together; what spin counts in addition is known and printed."""
    machine = traps()
    text = written(promela.text, machine)
    assert [line for line in text.splitlines() if line.startswith("  :: d_step { peer[0] = 0")] == [
        "  :: d_step { peer[0] = 0; peer[1] = 0 }",
        "  :: d_step { peer[0] = 0; peer[1] = 1 }",
    ]
    assert promela.surplus(machine, machine.sizes("tiny", {})) == (1, 5)
    assert promela.surplus(WORDS, WORDS.sizes("tiny", {})) == (0, 1)
    assert "spin counts one state more, the one before this choice, and 4 transitions more" in text


def test_murphi_ranges_over_each_initial_state() -> None:
    """A ruleset gives the cells that may start as anything every value."""
    assert "ruleset peer_0: Device; peer_1: Device do\n  startstate" in written(murphi.text, traps())


def test_too_many_initial_states_are_refused_by_promela_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal has the number, the limit and the way out."""
    ownership = catalog.find("ownership")
    sizes = ownership.sizes("tiny", {"pools": 6, "devices": 4, "live_pools": 1})
    assert promela.text(ownership, sizes).count(":: d_step { device_of") == 4096
    monkeypatch.setattr(promela, "MOST_STARTS", 4095)
    with pytest.raises(CannotExport) as refused:
        promela.text(ownership, sizes)
    assert "4,096 initial states in this scope; Promela lists each, and more than 4,095 are too" in str(refused.value)
    assert "take a smaller scope, or --to murphi" in str(refused.value)
    assert murphi.text(ownership, sizes)


@both
def test_invariants_can_be_left_out(write: Callable[..., str]) -> None:
    """Without judging nothing is asserted, and everything else is the same."""
    machine = traps()
    text = write(machine, machine.sizes("tiny", {}), False)
    assert not re.search("assert|^invariant|#define a_page", text, re.MULTILINE)
    assert text.count("rule ") + text.count("inline ") == written(write, machine).count("rule ") + text.count("inline ")


@both
def test_comments_cannot_be_left_by_what_they_quote(write: Write) -> None:
    """Documentation with the end of a comment in it stays inside the comment."""
    text = written(write, WORDS)
    if write is promela.text:
        assert text.count("/*") == text.count("*/")
        assert "/*" not in re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    else:
        code = [line.partition("--")[0] for line in text.splitlines()]
        assert not any("names" in line or "∀" in line for line in code)
