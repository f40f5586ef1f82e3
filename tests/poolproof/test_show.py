# SPDX-License-Identifier: MIT
"""`list`, `show` and `refine`: models in prose, and whether a design keeps to the rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkers.core.prose import AT_ONCE, beside, first_line, touching
from poolproof import catalog, output
from spec.dsl import Machine

from .conftest import Command
from .drivers import SOUND, write
from .test_bad_input import must_be_one_line

SOUND_MODELS = {machine.name: machine for machine in catalog.SOUND}


def test_list_names_every_model(run_cli: Command) -> None:
    """Each shipped model is in the list, a broken one with what it stands for and breaks."""
    printed = run_cli("list")
    assert printed.code == 0
    rows = printed.flat
    assert all(f" {name} " in rows for name in catalog.SHIPPED)
    assert printed.out.count("breaks: ") == len(catalog.BROKEN)


@pytest.mark.parametrize("machine", SOUND_MODELS.values(), ids=SOUND_MODELS.keys())
def test_show_prints_everything_of_a_model(run_cli: Command, machine: Machine) -> None:
    """Every field, action, invariant and witness is shown, and each scope with its sizes."""
    printed = run_cli("show", machine.name)
    assert printed.code == 0
    for field in (*machine.shape.fields.values(), *machine.shape.histories.values()):
        assert f"{field.name}[{', '.join(k.__name__ for k in field.keys)}]" in printed.out
    for action in machine.actions:
        assert f"  {action.name}({', '.join(v.name for v in action.params)})  " in printed.out
    for claim in machine.invariants:
        assert claim.sentence() in printed.flat
    assert printed.out.count("it can be that: ") == len(machine.witnesses)
    assert all(f"scope {scope}: pages " in printed.out for scope in machine.scopes)


@pytest.mark.parametrize("machine", SOUND_MODELS.values(), ids=SOUND_MODELS.keys())
def test_show_puts_guards_beside_invariants(run_cli: Command, machine: Machine) -> None:
    """Each guard that reads all fields of an invariant is a pair with it; the reason is the fields that both read."""
    table = run_cli("show", machine.name).out.split("Guards beside invariants")[1]
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in table.splitlines() if line.startswith("│")]
    pairs = [[action.name, claim.sentence(), ", ".join(names)] for action, claim, names in beside(machine)]
    assert pairs
    assert rows == pairs


@pytest.mark.parametrize("machine", SOUND_MODELS.values(), ids=SOUND_MODELS.keys())
def test_show_of_one_thing_shows_that_and_what_is_beside_it(run_cli: Command, machine: Machine) -> None:
    """An action, a field, an invariant, a witness: by name, alone, in few lines, with what reads the same fields."""
    for action, claim, names in list(touching(machine))[::97]:
        of_action, of_claim = (
            run_cli("show", machine.name, action.name),
            run_cli("show", machine.name, claim.sentence()),
        )
        assert of_action.code == of_claim.code == 0
        assert f"  {action.name}({', '.join(v.name for v in action.params)})  " in of_action.out
        assert f"│ {claim.sentence()} " in of_action.out
        assert f"│ {action.name} " in of_claim.out
        assert all(f" {name}" in of_claim.out for name in names)
        assert max(len(of_action.out.splitlines()), len(of_claim.out.splitlines())) < 80
    for name in (*machine.shape.fields, *machine.shape.histories, *(w.name for w in machine.witnesses)):
        printed = run_cli("show", machine.name, name)
        assert printed.code == 0
        assert len(printed.out.splitlines()) < 80


def test_show_of_a_field_names_its_readers_and_writers(run_cli: Command, desk: Path) -> None:
    """By the paths of the actions and by the claims, not by docstrings."""
    write(desk / "my.py", SOUND)
    printed = run_cli("show", "my.py", "place")
    assert "written by: post, receive, give_back" in printed.out
    assert "read by: post, receive, give_back" in printed.out
    assert "  at most one page is posted\n" in printed.out
    nobody = run_cli("show", "my.py", "dirty")
    assert "written by: no action" in nobody.out
    assert "no invariant reads it" in nobody.out


def test_show_of_what_is_not_there_names_what_is_near(run_cli: Command) -> None:
    """One line, exit code 2; the table goes with the whole model only."""
    must_be_one_line(
        run_cli("show", "keep_mapped", "xmit_don"),
        2,
        "field, claim or helper 'xmit_don' of keep_mapped (did you mean xmit_done or",
    )
    must_be_one_line(run_cli("show", "keep_mapped", "qqq"), 2, "see `poolproof show keep_mapped`")
    must_be_one_line(run_cli("show", "keep_mapped", "place", "--table"), 2, "leave out one of them")


def test_show_is_no_longer_than_it_has_to_be(run_cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 80 columns the largest model is shown in under 600 lines; each docstring is there once."""
    monkeypatch.setattr(output, "console", output.Output(highlight=False, width=80))
    printed = run_cli("show", "keep_mapped")
    assert len(printed.out.splitlines()) < 600
    assert all(
        printed.flat.count(" ".join(first_line(a.doc).split())) == 1 for a in SOUND_MODELS["keep_mapped"].actions
    )


def test_updates_are_marked_as_simultaneous(run_cli: Command) -> None:
    """What a step changes and reads is marked as old, so that the lines do not read as a sequence."""
    shown = run_cli("show", "keep_mapped", "put_last_outside").out
    assert AT_ONCE in shown
    assert (
        "then at once returned[old.home[page]] becomes old.returned[old.home[page]] + 1; home[page] becomes nobody"
        in shown
    )
    assert " = " not in shown


def test_show_quotes_an_action_in_prose(run_cli: Command) -> None:
    """An action is its sentence, its source, when it may happen and what it does."""
    shown = run_cli("show", "keep_mapped").out
    at = shown.index("  rx_post(page, pool)  The driver takes an idle page from its pool and posts it")
    lines = shown[at:].splitlines()[:4]
    assert lines[1].startswith("    Kernel: T1 and T7, page_pool_dev_alloc_pages()")
    assert lines[2].startswith("    when home[page] == pool, place[page] == POOL, life[pool] == LIVE, count(")
    assert (
        next(line for line in shown[at:].splitlines() if "then" in line)
        == "    then at once place[page] becomes RX_RING"
    )


@pytest.mark.parametrize("name", SOUND_MODELS)
def test_show_table_lists_what_a_page_can_be(run_cli: Command, name: str) -> None:
    """The local table numbers each record of a page with the actions that lead from one to another."""
    printed = run_cli("show", name, "--table", "--pages", 1)
    title = next(line for line in printed.out.splitlines() if "records of one page" in line)
    records, steps = int(title.split()[0]), int(title.split()[5])
    table = printed.out.split(title)[1].splitlines()[1:]
    assert printed.code == 0
    assert [int(line.split()[0]) for line in table if not line.startswith(" " * 8)] == list(range(records))
    assert sum(" -> " in line for line in table) == steps
    assert all(int(line.split(" -> ")[1]) < records for line in table if " -> " in line)


def test_show_of_a_broken_model_has_its_purpose(run_cli: Command) -> None:
    """A bug of the zoo is shown with the invariant it breaks."""
    printed = run_cli("show", "b03_mapping_outlives_the_driver")
    assert "Broken on purpose: breaks the invariant 'no mapping outlives the driver', in 7 steps." in printed.out


def test_show_speaks_of_starts_as_people_do(run_cli: Command, desk: Path) -> None:
    """A field that holds yes or no starts as one of these."""
    write(desk / "my.py", SOUND)
    assert "dirty[Page] yes or no no never written" in run_cli("show", "my.py").flat


@pytest.mark.parametrize("name", ["keep_mapped", "per_packet"])
def test_each_design_keeps_to_the_rules(run_cli: Command, name: str) -> None:
    """At tiny each step of a design is one step of the rules, or none."""
    printed = run_cli("refine", name)
    assert printed.code == 0
    assert f"{name}: each step is a step of ownership or none: holds exhaustive(tiny)" in printed.out


def test_a_design_that_leaves_the_rules_is_shown_where(run_cli: Command) -> None:
    """The counterexample ends with the step that is none of the rules; each candidate has the guard that refuses it."""
    printed = run_cli("refine", "b03_mapping_outlives_the_driver")
    assert printed.code == 12
    counterexample, candidates = printed.out.split(
        "     This step is none of the rules. What they might have done instead:\n"
    )
    assert "  6  pool_detach(pool0)\n       life[pool0]: SCRUBBING -> DETACHED\n" in counterexample
    told = dict(line.strip().split(" is refused by ") for line in candidates.splitlines())
    assert told["pool_create(pool0)"] == "require(s.life[pool] == Life.ABSENT)"
    assert told["pool_detach(pool0)"].startswith("require(not some(s.pages, lambda p: s.home[p] == pool and s.dma[")


def test_show_of_a_helper_shows_its_text_and_its_callers(run_cli: Command) -> None:
    """What a guard calls is found by its name, and a misspelt name leads to it."""
    shown = run_cli("show", "keep_mapped", "has_room_at_home")
    assert shown.code == 0
    assert "def has_room_at_home(s: KeepMapped, page: Page) -> bool:" in shown.out
    assert "used by: xdp_drop_directly, " in shown.flat
    must_be_one_line(run_cli("show", "keep_mapped", "has_room_at_hom"), 2, "did you mean has_room_at_home")
