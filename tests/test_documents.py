# SPDX-License-Identifier: MIT
"""The documents are true: tables and pictures are generated and compared, the guide is followed to the letter."""

from __future__ import annotations

import gzip
import io
import re
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from checkers.core.verdict import Exit
from checkers.draw.ownership import dot_text, ownership_graph
from checkers.native import engine, layout
from poolproof import catalog, output
from poolproof.cli import app
from poolproof.errors import guarded
from spec.dsl.ir import MOST_PATHS
from tools.docs import build, flows

from .test_walkthroughs import matches

QUICK = [name for name in build.TABLES if name != "planted-faults.md"]
LONG = ("trace-faults.md", "proofs.md")
"""Tables that take long; tests/quality/test_tampering.py always makes a part of the first."""
GUIDE = (build.DOCS / "writing-a-model.md").read_text()
INDEX = (build.DOCS / "README.md").read_text()


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow if n in LONG else ()) for n in QUICK])
def test_a_table_is_what_its_command_makes(name: str) -> None:
    """A table in docs/ equals the one made now; `make docs` makes it anew."""
    assert (build.DOCS / "tables" / name).read_text() == "".join(build.TABLES[name]())


@pytest.mark.parametrize("name", build.PICTURES)
def test_a_picture_shows_what_the_model_does(name: str) -> None:
    """Each place and each action of the model stands in its picture, by name."""
    machine = build.PICTURES[name]
    graph = ownership_graph(machine, machine.sizes("tiny", {}))
    picture = (build.DOCS / "pictures" / name).read_text()
    assert dot_text(graph)
    assert all(f">{place.name}<" in picture for place in machine.place.domain.base)
    assert all(f">{action.name}<" in picture for action in machine.actions)


@pytest.mark.parametrize("name", build.DRAWN)
def test_a_picture_of_states_a_run_or_a_flow_is_what_is_made_now(name: str) -> None:
    """All texts of the picture, in no order, equal those of the picture made now."""
    made = build.DRAWN[name]()
    there = (build.DOCS / "pictures" / name).read_bytes()
    assert Counter(ElementTree.fromstring(there).itertext()) == Counter(ElementTree.fromstring(made).itertext())


def run_cli(*words: str) -> int:
    return guarded(lambda: app(list(words), standalone_mode=False))


def blocks(text: str) -> list[str]:
    """What stands between fences, block by block."""
    return [part.partition("\n")[2] for part in text.split("```")[1::2]]


def driver_of_the_guide() -> str:
    """The one long Python block of the guide."""
    return next(b for b in blocks(GUIDE) if "MODEL = " in b)


def test_the_skeleton_of_the_guide_is_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Step 1 of the guide: `new`, then `check`, and the last line that the guide quotes."""
    monkeypatch.chdir(tmp_path)
    assert run_cli("new", "mydriver.py") == 0
    assert run_cli("check", "mydriver.py") == 0
    (quoted,) = re.findall(r"`check` should end with \"([^\"]*)\"", GUIDE)
    assert " ".join(quoted.split()) in capsys.readouterr().out


def test_the_guide_finds_its_bug_and_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Steps 2 to 4: the driver as printed violates the invariant of the guide in as many steps; mended it does not."""
    monkeypatch.chdir(tmp_path)
    text = driver_of_the_guide()
    Path("mydriver.py").write_text(text)
    assert run_cli("check", "mydriver.py") == 12
    stdout = capsys.readouterr().out
    shown = re.findall(r"^mydriver.py: (.*) steps$", GUIDE, re.MULTILINE)
    assert shown
    assert all(f"mydriver.py: {line} steps" in stdout for line in shown)
    Path("mydriver.py").write_text("".join(x for x in text.splitlines(True) if "s.refs[page] = 1  #" not in x))
    assert run_cli("check", "mydriver.py") == 0
    assert run_cli("refine", "mydriver.py") == 0


def test_the_driver_of_the_guide_is_short() -> None:
    """The driver of the guide is about 60 lines."""
    assert len([x for x in driver_of_the_guide().splitlines() if x.strip()]) <= 65


def test_the_readme_has_the_counterexample_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The counterexample in README.md is the one `check` prints."""
    readme = (build.DOCS.parent / "README.md").read_text()
    counterexample = next(b for b in blocks(readme) if b.startswith("b03"))
    assert run_cli("check", "b03_mapping_outlives_the_driver") == 0
    stdout = capsys.readouterr().out
    assert all(line in stdout for line in counterexample.splitlines() if line.strip() and line.strip() != "...")


def test_every_link_of_the_docs_leads_somewhere() -> None:
    """A relative link in a page of the root or of docs/ names a file that exists."""
    root = build.DOCS.parent
    for page in [*root.glob("*.md"), *build.DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert target.startswith("http") or (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_dependency_has_its_reason() -> None:
    """Each pinned package stands in docs/decisions/dependencies.md, and each pin is exact."""
    root, reasons = build.DOCS.parent, (build.DOCS / "decisions" / "dependencies.md").read_text()
    for file in ("requirements.txt", "requirements-dev.txt"):
        for line in (root / file).read_text().splitlines():
            if line and not line.startswith("#"):
                name, version = line.split("==")
                assert name in reasons
                assert version


def test_the_models_of_the_readme_exist() -> None:
    """Each model README.md names in its table is shipped."""
    readme = (build.DOCS.parent / "README.md").read_text()
    assert all(f"`{machine.name}`" in readme for machine in catalog.SOUND)


def test_the_index_has_every_page() -> None:
    """docs/README.md links each page of docs/ once or more."""
    linked = {(build.DOCS / target).resolve() for target in re.findall(r"\]\(([^)#]+)\)", INDEX)}
    assert {page.resolve() for page in build.DOCS.rglob("*.md")} - {build.DOCS.resolve() / "README.md"} <= linked


def test_the_exit_codes_are_written_alike() -> None:
    """README.md, docs/output.md and the code have the same codes, and the same order of severity."""
    codes = {code for name, code in vars(Exit).items() if isinstance(code, int)}
    order = " > ".join(map(str, Exit.BY_WEIGHT))
    for page in (build.DOCS.parent / "README.md", build.DOCS / "output.md"):
        text = page.read_text()
        assert {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} == codes
        assert f"If several apply, the most severe wins: {order}." in text


@pytest.mark.parametrize("name", flows.FLOWS)
def test_a_flow_is_of_files_that_exist(name: str) -> None:
    """Each box with a slash is a file, and has its line in ARCHITECTURE.md."""
    _, arrows = flows.FLOWS[name]
    files = {end for arrow in arrows for end in (arrow.start, arrow.end) if "/" in end}
    assert all((flows.ROOT / file).is_file() for file in files)
    assert files <= flows.descriptions().keys()


TRACING = (build.DOCS / "tracing.md").read_text()


def test_the_answers_of_the_recipe_are_those_of_the_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each answer in docs/tracing.md is printed by its command in this order; `...` stands for lines left out."""
    monkeypatch.chdir(build.DOCS.parent)
    monkeypatch.setattr(output, "console", output.Output(highlight=False, width=150))
    recording = "tests/traces/6.12.117/hold_stalled.trace.txt.gz"
    run_cli("trace", recording, "--dmesg", recording.replace(".trace.txt.gz", ".dmesg.txt"))
    printed = capsys.readouterr().out
    text = gzip.decompress(Path(recording).read_bytes())
    cut = b"\n".join(line for line in text.split(b"\n") if not line.endswith(b" hold=70"))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(cut))))
    run_cli("trace", "-")
    printed += capsys.readouterr().out
    answers = [part.removeprefix("answer\n") for part in TRACING.split("```")[1::2] if part.startswith("answer\n")]
    assert len(answers) == 3
    lines = [line.rstrip() for line in printed.splitlines()]
    assert all(matches(["...", *answer.splitlines(), "..."], lines) for answer in answers)


def test_the_limits_on_the_page_are_those_of_the_engines() -> None:
    """Each number stands in the table of limits of the page on a state of one's own."""
    page = (build.DOCS / "own-state.md").read_text().partition("## Limits")[2]
    limits = {
        "paths of an action": MOST_PATHS,
        "invariants and witnesses of a search in C": engine.MOST_CLAIMS,
        "bits of a page's record in C": layout.WORD,
        "pages in C": engine.MOST_PAGES,
    }
    assert all(f"| {what} | {most} |" in page for what, most in limits.items())
