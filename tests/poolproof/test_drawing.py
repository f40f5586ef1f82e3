# SPDX-License-Identifier: MIT
"""`draw --states` and `replay --draw`: pictures, and what is refused before a file is touched."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from checkers.draw import states
from poolproof import catalog, questions

from .conftest import Command
from .drivers import BROKEN, SOUND, STUCK, VIOLATED, write
from .test_bad_input import must_be_one_line
from .test_replay import C06, saved

REFUSED: list[tuple[str, int, str]] = [
    ("draw yardstick --states -o out.bmp", 2, "out.bmp: unknown kind of picture '.bmp' (choose .svg, .png or .dot)"),
    ("draw yardstick --states -o none/out.svg", 2, "none/out.svg: the directory none does not exist"),
    ("draw yardstick --states -o .svg", 2, ".svg: unknown kind of picture '' (choose .svg, .png or .dot)"),
    ("draw yardstick --fold place -o out.svg", 2, "--fold: only for the state graph; give --states with it"),
    ("draw yardstick --max-states 9 -o out.svg", 2, "--max-states: only for the state graph; give --states with it"),
    ("draw yardstick --time-limit 9 -o out.svg", 2, "--time-limit: only for the state graph; give --states with it"),
    (
        "draw yardstick --states --fold life -o out.svg",
        2,
        "unknown field 'life' (choose owner,",
    ),
    (
        "draw yardstick --states --fold place, -o out.svg",
        2,
        "unknown field '' (choose owner, at",
    ),
    (
        "draw yardstick --states --fold place,status -o out.svg",
        2,
        "there are 121 nodes and 437 edges; at most 60 and 120 are drawn",
    ),
    (
        "draw yardstick --states --max-states 700 -o out.svg",
        2,
        "yardstick: has 700 states or more in this scope; take",
    ),
    (
        "draw yardstick --states --pages 3 --time-limit 0.001 -o out.svg",
        3,
        "(0.001 s) before all states were found",
    ),
    ("draw yardstick --states --pages 99 -o out.svg", 2, "pages=99 is out of range"),
    ("draw yardstick --states --set ring_size -o out.svg", 2, "--set ring_size: not of the form NAME=N"),
    ("replay text.txt --draw out.bmp", 2, "out.bmp: unknown kind of picture"),
    ("replay text.txt --draw none/out.svg", 2, "none/out.svg: the directory none does not exist"),
    (
        "replay text.txt --draw out.svg --as-test",
        2,
        "--draw out.svg: --as-test prints a test only; give one of them",
    ),
    ("replay text.txt --draw out.svg", 65, "text.txt: is no trace"),
]


@pytest.mark.parametrize(("typed", "code", "words"), REFUSED, ids=[typed for typed, _, _ in REFUSED])
def test_what_cannot_be_drawn_is_refused_in_one_line(
    run_cli: Command, desk: Path, typed: str, code: int, words: str
) -> None:
    """One line names the value, the rule and the way out, and no picture is there."""
    (desk / "text.txt").write_text("mine\n")
    must_be_one_line(run_cli(*typed.split()), code, words)
    assert [path.name for path in desk.iterdir()] == ["text.txt"]


@pytest.mark.parametrize("ending", [".svg", ".png", ".dot"])
def test_states_are_drawn_in_every_format(run_cli: Command, desk: Path, ending: str) -> None:
    """A picture of that kind is written, over one that was there, and the command prints its name."""
    out = desk / f"states{ending}"
    for _ in range(2):
        printed = run_cli("draw", "yardstick", "--states", "--pages", "1", "-o", out.name)
        assert (printed.code, printed.out) == (0, f"{out.name} written\n")
    assert out.read_bytes().startswith({".svg": b"<?xml", ".png": b"\x89PNG", ".dot": b"digraph"}[ending])


def test_the_scope_and_the_fold_are_those_of_the_options(run_cli: Command, desk: Path) -> None:
    """Sizes and fields are on the picture; `place` is the field of places, whatever the model calls it."""
    assert run_cli("draw", "yardstick", "--states", "--pages", 1, "--set", "tx_limit=1", "-o", "a.dot").code == 0
    assert "seen with pages=1, devices=2, ring_size=2, tx_limit=1" in (desk / "a.dot").read_text()
    assert (
        run_cli("draw", "yardstick", "--states", "--fold", "place,owner,dirty", "--pages", 1, "-o", "b.dot").code == 0
    )
    assert '"STACK dirty=yes"' in (desk / "b.dot").read_text()
    assert run_cli("draw", "yardstick", "--pages", 1, "-o", "c.dot").code == 0
    assert "seen with pages=1," in (desk / "c.dot").read_text()


def test_a_limit_that_is_lifted_or_interrupted(run_cli: Command, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--max-states 0 lifts the limit; Ctrl-C ends with the code of a spent budget, and without a picture."""
    assert run_cli("draw", "yardstick", "--states", "--pages", 1, "--max-states", 0, "-o", "a.dot").code == 0

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(states.StepRecorder, "step", interrupted)
    must_be_one_line(run_cli("draw", "yardstick", "--states", "-o", "b.dot"), 3, "stopped (interrupted)")
    assert not (desk / "b.dot").exists()


def test_models_of_ones_own_are_drawn(run_cli: Command, desk: Path) -> None:
    """A user's file, a broken one, one that gets stuck, and one without `place`."""
    for model, words in (
        (SOUND, "FREE, RING"),
        (BROKEN, "2 RING"),
        (VIOLATED, "break: at most one"),
        (STUCK, "deadlock"),
    ):
        assert run_cli("draw", write(desk / "my.py", model).name, "--states", "-o", "my.dot").code == 0
        assert words in (desk / "my.dot").read_text()
    write(desk / "my.py", "driver(place=None)")
    must_be_one_line(run_cli("draw", "my.py", "--states", "-o", "none.dot"), 75, "give it place=, a field of the state")
    assert run_cli("draw", "my.py", "--states", "--fold", "dirty", "-o", "none.dot").code == 0


@pytest.mark.parametrize("name", [m.name for m in catalog.SOUND])
def test_every_sound_model_fits_a_picture_at_tiny(run_cli: Command, desk: Path, name: str) -> None:
    """Folded by places, the default, each shipped model is something a reader takes."""
    assert run_cli("draw", name, "--states", "-o", "out.dot").code == 0


# -- runs ----------------------------------------------------------------------------------------------------------


def test_a_run_is_drawn_beside_its_counterexample(run_cli: Command, desk: Path) -> None:
    """The counterexample and the exit code are those without a picture; one line more says where it is."""
    trace, out = saved(run_cli, C06), desk / "run.svg"
    plain = run_cli("replay", trace)
    for _ in range(2):
        drawn = run_cli("replay", trace, "--draw", out.name)
        assert (drawn.code, drawn.out) == (plain.code, f"{plain.out}{out.name} written\n")
    assert out.read_bytes().startswith(b"<?xml")
    words = "run.png: unknown kind of picture '.png' (choose .svg)"
    must_be_one_line(run_cli("replay", trace, "--draw", "run.png"), 2, words)


def words_of(picture: Path) -> list[tuple[str, str]]:
    """The texts of a picture in their order, with their colours."""
    found = ElementTree.parse(picture).getroot().iter("{http://www.w3.org/2000/svg}text")
    return [("".join(text.itertext()), text.get("fill", "")) for text in found]


ENDINGS: list[tuple[str, str, int, str, bool]] = [
    (VIOLATED, "at_most_one_page_is_posted", 12, "This breaks the invariant: at most one page is posted.", True),
    (STUCK, "something_can_always_happen", 11, "Here nothing can happen any more", True),
    (SOUND, "a_page_is_received", 0, "So it can be that a page is received.", False),
]


@pytest.mark.parametrize(("model", "claim", "code", "ending", "wrong"), ENDINGS)
def test_a_picture_ends_as_the_counterexample_does(
    run_cli: Command, desk: Path, model: str, claim: str, code: int, ending: str, wrong: bool
) -> None:
    """Its last sentence is the counterexample's, and red where something is wrong."""
    write(desk / "my.py", model)
    said = run_cli("replay", saved(run_cli, "my.py", claim), "--draw", "run.svg")
    texts = words_of(desk / "run.svg")
    at, colour = next((n, colour) for n, (text, colour) in enumerate(texts) if text.startswith(ending[:20]))
    assert said.code == code
    assert (colour == "#b00020") is wrong
    assert ending in " ".join(text for text, _ in texts[at:])


def test_a_run_that_is_refused_is_drawn_so_far(run_cli: Command, desk: Path) -> None:
    """On a mended model the picture ends at the guard that refuses the step, and names it; nothing is red."""
    write(desk / "bad.py", VIOLATED)
    write(desk / "good.py", SOUND)
    trace = saved(run_cli, "bad.py", "at_most_one_page_is_posted")
    assert run_cli("replay", trace, "--model", "good.py", "--draw", "run.svg").code == 0
    texts = [text for text, _ in words_of(desk / "run.svg")]
    assert any("Here the model stops: post(B) is refused by" in text for text in texts)
    assert "#b00020" not in (desk / "run.svg").read_text().partition("</style>")[2]
    assert {"0", "1"} <= set(texts)
    assert "2" not in texts


def test_too_long_a_run_is_refused_and_one_page_of_it_is_not(run_cli: Command, desk: Path) -> None:
    """More steps than a picture takes are one line with the way out, before anything is printed or written."""
    write(desk / "my.py", SOUND)
    trace = saved(run_cli, "my.py", "a_page_is_received")
    content = json.loads(trace.read_text())
    names = [f"{action}({page})" for page in "AAAB" for action in ("post", "receive", "give_back")] * 10
    content["states"][1:] = [{"action": name} for name in names]
    content["#meta"]["digest"] = "another"  # whose states are unknown
    trace.write_text(json.dumps(content))
    printed = run_cli("replay", trace, "--model", "my.py", "--draw", "run.svg")
    must_be_one_line(printed, 2, "run.svg: 120 steps are too many for one picture (at most 80); draw one page only")
    assert not (desk / "run.svg").exists()
    assert run_cli("replay", trace, "--model", "my.py", "--draw", "run.svg", "--only-page", "B").code == 0
    assert (desk / "run.svg").exists()


def test_an_unwritable_picture_is_refused_before_the_work(run_cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file is a directory nothing is explored."""
    monkeypatch.setattr(questions, "question", lambda *_: pytest.fail("the work was begun"))
    Path("out.svg").mkdir()
    must_be_one_line(run_cli("draw", "yardstick", "--states", "-o", "out.svg"), 2, "out.svg: is a directory")
