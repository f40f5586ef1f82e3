"""`list`, `show` and `refine`: models in prose, and whether a design keeps to the rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkers.prose import shared_fields
from poolproof import catalog
from spec.dsl import Machine

from .conftest import Ask
from .drivers import SOUND, write

SOUND_MODELS = {machine.name: machine for machine in catalog.SOUND}


def test_list_names_every_model(ask: Ask) -> None:
    """Each shipped model is in the list, a broken one with what it stands for and breaks."""
    said = ask("list")
    assert said.code == 0
    rows = said.flat
    assert all(f" {name} " in rows for name in catalog.SHIPPED)
    assert said.out.count("breaks: ") == len(catalog.BROKEN)


@pytest.mark.parametrize("machine", SOUND_MODELS.values(), ids=SOUND_MODELS.keys())
def test_show_says_all_there_is(ask: Ask, machine: Machine) -> None:
    """Every field, action, promise and witness is shown, and each scope with its sizes."""
    said = ask("show", machine.name)
    assert said.code == 0
    for field in (*machine.shape.fields.values(), *machine.shape.histories.values()):
        assert f"{field.name}[{', '.join(k.__name__ for k in field.keys)}]" in said.out
    for action in machine.actions:
        assert f"  {action.name}({', '.join(v.name for v in action.params)})  " in said.out
    for claim in machine.promises:
        assert claim.sentence() in said.flat
    assert said.out.count("it can be that: ") == len(machine.witnesses)
    assert all(f"scope {scope}: pages " in said.out for scope in machine.scopes)


@pytest.mark.parametrize("machine", SOUND_MODELS.values(), ids=SOUND_MODELS.keys())
def test_show_puts_guards_beside_promises(ask: Ask, machine: Machine) -> None:
    """Each field that guards and promises both read stands in the last table, with the actions that look at it."""
    beside = ask("show", machine.name).out.split("Guards beside promises")[1]
    shared = list(shared_fields(machine))
    assert shared
    for name, actions, _ in shared:
        assert f"│ {name} " in beside
        assert all(f"{action.name}: " in beside for action in actions)


def test_show_quotes_an_action_in_prose(ask: Ask) -> None:
    """An action is its sentence, its source, when it may happen and what it does."""
    shown = ask("show", "keep_mapped").out
    at = shown.index("  rx_post(page, pool)  The driver takes an idle page from its pool and posts it")
    lines = shown[at:].splitlines()[:4]
    assert lines[1].startswith("    Kernel: T1 and T7, page_pool_dev_alloc_pages()")
    assert lines[2].startswith("    when home[page] == pool, place[page] == POOL, life[pool] == LIVE, count(")
    assert lines[3] == "    then place[page] = RX_RING"


@pytest.mark.parametrize("name", SOUND_MODELS)
def test_show_table_lists_what_a_page_can_be(ask: Ask, name: str) -> None:
    """The local table numbers each record of a page and says which action leads from which to which."""
    said = ask("show", name, "--table", "--pages", 1)
    title = next(line for line in said.out.splitlines() if "records of one page" in line)
    records, steps = int(title.split()[0]), int(title.split()[5])
    table = said.out.split(title)[1].splitlines()[1:]
    assert said.code == 0
    assert [int(line.split()[0]) for line in table if not line.startswith(" " * 8)] == list(range(records))
    assert sum(" -> " in line for line in table) == steps
    assert all(int(line.split(" -> ")[1]) < records for line in table if " -> " in line)


def test_show_of_a_broken_model_says_what_it_is_for(ask: Ask) -> None:
    """A bug of the zoo is shown with the promise it breaks."""
    said = ask("show", "b03_mapping_outlives_the_driver")
    assert "Broken on purpose: breaks the promise 'no mapping outlives the driver', in 7 steps." in said.out


def test_show_speaks_of_starts_as_people_do(ask: Ask, desk: Path) -> None:
    """A field that holds yes or no starts as one of these."""
    write(desk / "my.py", SOUND)
    assert "dirty[Page] yes or no no never written" in ask("show", "my.py").flat


@pytest.mark.parametrize("name", ["keep_mapped", "per_packet"])
def test_each_design_keeps_to_the_rules(ask: Ask, name: str) -> None:
    """At tiny each step of a design is one step of the rules, or none."""
    said = ask("refine", name)
    assert said.code == 0
    assert f"{name}: each step is a step of ownership or none: holds exhaustive(tiny)" in said.out


def test_a_design_that_leaves_the_rules_is_shown_where(ask: Ask) -> None:
    """The story ends with the step that is none of the rules; each candidate says which guard refuses it."""
    said = ask("refine", "b03_mapping_outlives_the_driver")
    assert said.code == 12
    story, candidates = said.out.split("     This step is none of the rules. What they might have done instead:\n")
    assert "  6  pool_detach(pool0)\n       life[pool0]: SCRUBBING -> DETACHED\n" in story
    told = dict(line.strip().split(" is refused by ") for line in candidates.splitlines())
    assert told["pool_create(pool0)"] == "require(s.life[pool] == Life.ABSENT)"
    assert told["pool_detach(pool0)"].startswith("require(not some(s.pages, lambda p: s.home[p] == pool and s.dma[")
