# SPDX-License-Identifier: MIT
"""A search on disk: it goes on as if it had never been stopped, from the file it wrote and from no other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from math import inf
from pathlib import Path
from typing import Any

import pytest

from checkers.core.stopped import INTERRUPTED
from checkers.explore.search import UNLIMITED, Budget, Exploration
from checkers.native import checkpoint, engine, library
from checkers.native.checkpoint import BadCheckpoint, Checkpoint
from checkers.native.engine import SearchOptions
from poolproof import catalog
from spec.dsl import Machine, Sort
from tests.clock import ticking
from tests.machines import module
from tests.poolproof.drivers import SOUND, write
from tests.sampling import one_in

from .test_shapes import LONG
from .ways import QUICK, exactly, hurried, needs_a_compiler

pytestmark = needs_a_compiler

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class SearchCall:
    """A question, and how it is searched; checkpoints are written when it is stopped, and not by the clock."""

    machine: Machine
    symmetric: tuple[type[Sort], ...]
    sizes: dict[str, int]
    how: dict[str, Any]

    def __call__(
        self, path: Path | None = None, resume: Path | None = None, budget: Budget = UNLIMITED, **more: Any
    ) -> Exploration:
        identity = {"model": self.machine.name, "scope": self.sizes, "symmetry": [s.__name__ for s in self.symmetric]}
        point = Checkpoint(identity, path or resume, resume, interval=inf) if path or resume else None
        options = replace(SearchOptions(threads=1, **QUICK), checkpoint=point, **{**self.how, **more})
        return engine.explore(self.machine, self.sizes, self.symmetric, budget, options=options)


def search_of(name: str, symmetric: bool = True, sizes: dict[str, int] | None = None, **how: Any) -> SearchCall:
    machine: Machine = module(LONG).MACHINE if name == "long" else catalog.find(name)
    return SearchCall(machine, machine.symmetric if symmetric else (), machine.sizes("tiny", sizes or {}), how)


SEARCHES = {
    "pages symmetric, a bitmap": search_of("yardstick", sizes=dict(pages=4)),
    "devices symmetric too": search_of("ownership"),
    "no symmetry": search_of("yardstick", symmetric=False, sizes=dict(pages=3)),
    "a hash set": search_of("yardstick", sizes=dict(pages=4), bitmap=False),
    "a hash set, no symmetry": search_of("yardstick", symmetric=False, sizes=dict(pages=3), bitmap=False),
    "evaluated": search_of("yardstick", sizes=dict(pages=4), tables=False),
    "a broken model": search_of("b47_second_mapping_left_behind"),
    "states of two words": search_of("long", bitmap=False),
    "states of two words, evaluated": search_of("long", tables=False),
}


@pytest.mark.parametrize("threads", [(1, 2), (3, 1)], ids=str)
@pytest.mark.parametrize("search", SEARCHES)
def test_a_stopped_search_goes_on_as_if_it_had_not_been(search: str, threads: tuple[int, int], tmp_path: Path) -> None:
    """Stopped at several depths, each time gone on with: the same counts, findings, traces and guards in the end."""
    question, file = SEARCHES[search], tmp_path / "search"
    whole = question(threads=1)
    most = whole.states
    first, *stops = (budget for budget in (1, 30, most // 10, most // 3, 2 * most // 3) if budget)
    seen = question(file, budget=Budget(states=first), threads=threads[0])
    for n, stop in enumerate(stops):
        assert seen.stopped
        seen = question(resume=file, budget=Budget(states=stop), threads=threads[n % 2])
        assert seen.states >= min(stop, most)
    seen = question(resume=file, threads=threads[1])
    assert exactly(seen) == exactly(whole)
    assert not seen.stopped


def test_a_search_gone_on_with_knows_the_time_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seconds of a search are those of all its sittings: here of the first, the second one takes no time."""
    question, file = SEARCHES["devices symmetric too"], tmp_path / "search"
    monkeypatch.setattr(engine, "time", ticking(10.0))
    question(file, budget=Budget(states=300))
    saved = json.loads(file.read_bytes().partition(b"\n")[0])["seconds"]
    assert saved >= 10
    monkeypatch.setattr(engine, "time", ticking(0.0))
    assert question(resume=file).seconds == saved


def test_a_checkpoint_may_be_gone_on_with_twice(tmp_path: Path) -> None:
    """Further checkpoints go into the file it came from; the file is whole at any time."""
    question, file = SEARCHES["devices symmetric too"], tmp_path / "search"
    question(file, budget=Budget(states=300))
    kept = file.read_bytes()
    one = question(resume=file)
    assert file.read_bytes() == kept
    assert exactly(question(resume=file)) == exactly(one)
    assert [path.name for path in tmp_path.iterdir()] == ["search"]


def test_with_other_memory_the_states_are_kept_as_before(tmp_path: Path) -> None:
    """A search that began with a bitmap goes on with it, whatever memory there is by then; so does a hash set."""
    alone = search_of("yardstick", symmetric=False, sizes=dict(pages=5))
    for first, then, kind in ((200_000_000, 6_300_000, "bitmap"), (6_300_000, 200_000_000, "hash set")):
        file = tmp_path / kind
        seen = alone(file, budget=Budget(states=400, memory=first))
        assert seen.memory.startswith(kind)
        assert alone(resume=file, budget=Budget(states=900, memory=then)).memory.startswith(kind)


def test_the_first_checkpoint_comes_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a second, two, four: who kills a search loses half of it at most, and never more than a minute."""
    monkeypatch.setattr(checkpoint, "time", ticking(1.0))
    point, intervals = Checkpoint({}, tmp_path / "search"), list[int]()
    made = engine.Native(SAVED.machine, SAVED.sizes, SAVED.symmetric, UNLIMITED, "", SearchOptions(threads=1, **QUICK))
    search = library.Search(made.compiled, made.config, threads=1, most_bytes=10**9)
    for _ in range(8):
        intervals.append(next(seconds for seconds in count(1) if point.is_due()))
        assert point.save(search, made.config, 0.0) == ""
    assert intervals == [1, 2, 4, 8, 16, 32, 60, 60]


def test_an_interrupt_is_gone_on_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C writes a checkpoint before the search ends."""
    question, file = search_of("yardstick", sizes=dict(pages=5)), tmp_path / "search"

    def interrupted(self: library.Search, *_: object, **__: object) -> int:
        monkeypatch.undo()
        hurried(self, 0.0)
        raise KeyboardInterrupt

    monkeypatch.setattr(library.Search, "run", interrupted)
    seen = question(file)
    assert seen.stopped == INTERRUPTED
    assert seen.states < 78_565
    assert exactly(question(resume=file)) == exactly(question())


# A process that is killed.

CHILD = """
import sys
from pathlib import Path
from checkers.native import engine, library
from checkers.native.checkpoint import Checkpoint
from checkers.native.engine import SearchOptions
from models.yardstick import yardstick
from tests.checkers.native.ways import hurried

def go_on(seen):
    print(seen.states, flush=True)
    sys.stdin.readline()

library.Search.run = hurried
file, resume, symmetric, bitmap, tables = sys.argv[1:]
sizes = yardstick.sizes("tiny", dict(pages=4))
sorts = yardstick.symmetric if symmetric == "1" else ()
point = Checkpoint({"model": "yardstick"}, Path(file), Path(file) if resume == "1" else None, interval=0)
options = SearchOptions(2, tables == "1", bitmap == "1", point, chunk=64, level="-O1")
seen = engine.explore(yardstick, sizes, sorts, options=options, progress=go_on)
lengths = {name: len(found.trace.steps) for name, found in seen.reached.items()}
print("done", seen.states, seen.orbit_sum, seen.transitions, seen.depth, sorted(lengths.items()), len(seen.untested))
"""
"""After each slice it writes a line, waits for one as long as there may be one, and writes a checkpoint."""


def child(file: Path, *how: int) -> subprocess.Popen[str]:
    words = (sys.executable, "-c", CHILD, str(file), *map(str, how))
    environment, pipe = {**os.environ, "PYTHONPATH": str(ROOT)}, subprocess.PIPE
    return subprocess.Popen(words, env=environment, stdin=pipe, stdout=pipe, text=True)


def killed(process: subprocess.Popen[str], slices: int) -> None:
    """Let the search go on after each of `slices` slices, then kill it: it is somewhere before the end of the next."""
    assert process.stdin
    assert process.stdout
    for _ in range(slices):
        assert process.stdout.readline()
        process.stdin.write("\n")
        process.stdin.flush()
    process.kill()
    process.wait()


@pytest.mark.parametrize(
    ("how", "counts"),
    one_in(3, [(how, "done 345749 345749 2781114 23 ") for how in ((0, 1, 1), (0, 0, 1), (0, 0, 0))]),
    ids=["a bitmap", "a hash set", "evaluated"],
)
def test_a_killed_process_goes_on_where_it_was(how: tuple[int, int, int], counts: str, tmp_path: Path) -> None:
    """Killed in the middle, whatever it was doing, and once more: the numbers are those of one that was not."""
    file = tmp_path / "search"
    unhurt = child(tmp_path / "other", 0, *how).communicate()[0].splitlines()[-1]
    for resume in (0, 1):
        killed(child(file, resume, *how), 2 + resume)
        assert file.exists()
    ended = child(file, 1, *how).communicate()[0].splitlines()
    assert ended[-1] == unhurt
    assert unhurt.startswith(counts)
    assert int(ended[0]) > 4, "it went on"


# Files that are none.

SAVED = search_of("yardstick", sizes=dict(pages=3))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A checkpoint of a search with symmetry, stopped in the middle of a level."""
    SAVED(tmp_path / "search", budget=Budget(states=300))
    return tmp_path / "search"


def refused(question: SearchCall, file: Path) -> str:
    """The error for a file that cannot be resumed from; the file stays as it is."""
    before = file.read_bytes()
    with pytest.raises(BadCheckpoint) as caught:
        question(resume=file)
    assert file.read_bytes() == before
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{file}: ")


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (search_of("per_packet"), "is of another model (yardstick, not per_packet); ask the same question as then"),
        (search_of("yardstick"), "is of another scope ({'pages': 3, "),
        (search_of("yardstick", symmetric=False, sizes=dict(pages=3)), "is of another symmetry (['Page'], not [])"),
        (search_of("yardstick", sizes=dict(pages=3), tables=False), "is of another engine (["),
        (search_of("yardstick", sizes=dict(pages=3), chunk=16), "is of another engine (["),
    ],
    ids=["model", "scope", "symmetry", "way of searching", "chunks"],
)
def test_a_checkpoint_of_another_question_is_refused(other: SearchCall, words: str, saved: Path) -> None:
    """One line has the difference with both values, and the way out."""
    assert refused(other, saved).startswith(words)


def test_a_checkpoint_of_other_code_is_refused(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint is refused where the code of the search has changed."""
    monkeypatch.setattr(checkpoint, "shared_text", lambda: "other code")
    assert refused(SAVED, saved).startswith("is of another version of the code (")


def test_a_file_that_is_cut_short_is_refused(saved: Path) -> None:
    """At whatever length: in the first line, in the counts, in the states, in the set, in the seal."""
    whole = saved.read_bytes()
    line = whole.index(b"\n") + 1
    lengths = [0, 1, line // 2, line - 1, line, line + 1, line + 79, line + 80, line + 400, line + 3000]
    lengths += [len(whole) * n // 10 for n in range(1, 10)] + [len(whole) - n for n in (33, 32, 31, 1)]
    for length in lengths:
        saved.write_bytes(whole[:length])
        assert refused(SAVED, saved).startswith(("is cut short", "is no checkpoint of this"))
    saved.write_bytes(whole + b"x")
    assert refused(SAVED, saved).startswith("is cut short or damaged; begin anew without")


def test_a_file_with_a_flipped_bit_is_refused(saved: Path) -> None:
    """Wherever the bit is, the file is not gone on from."""
    whole = saved.read_bytes()
    line = whole.index(b"\n") + 1
    for at in (0, line // 2, line - 1, line, line + 8, line + 40, line + 90, len(whole) // 2, len(whole) - 1):
        for bit in (0, 6):
            saved.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
            assert refused(SAVED, saved).startswith("is ")


@pytest.mark.parametrize("text", [b"", b"{}", b"[]\n", b"\xff\xfe", b'{"format": "poolproof checkpoint 0"}\nx', b"7"])
def test_a_file_that_is_something_else_is_refused(text: bytes, saved: Path) -> None:
    """Whatever it is: text, JSON of another kind, an older format."""
    saved.write_bytes(text)
    error = refused(SAVED, saved)
    assert error == "is no checkpoint of this version; begin anew without --resume"


def test_the_first_line_describes_the_file(saved: Path) -> None:
    """Whoever finds the file can read of which question it is."""
    head = json.loads(saved.read_bytes().partition(b"\n")[0])
    assert head["format"] == checkpoint.FORMAT
    assert (head["model"], head["threads"]) == ("yardstick", 1)


FULL = "No space left on device"


def half(self: library.Search, path: str) -> None:
    """A disk that is full in the middle of a search."""
    with open(path, "ab") as file:
        file.write(b"half a search")
    raise OSError(28, FULL)


def none_of_it(self: library.Search, path: str) -> None:
    raise OSError(28, FULL)


@pytest.mark.parametrize("save", [half, none_of_it])
def test_a_write_that_fails_leaves_the_earlier_file(
    save: Callable[..., None], saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new one is written beside it and renamed when it is whole; until then the old one stands."""
    before, budget, other = saved.read_bytes(), Budget(states=600), saved.with_name("other")
    other.write_bytes(before)
    unhurt = SAVED(resume=other, budget=budget)
    other.unlink()
    monkeypatch.setattr(library.Search, "save", save)
    seen = SAVED(resume=saved, budget=budget)
    assert seen.unsaved == f"{saved}: a checkpoint could not be written ({FULL}); the one before it stands"
    assert exactly(seen) == exactly(unhurt)
    assert not unhurt.unsaved
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["search"]
    monkeypatch.undo()
    assert not SAVED(resume=saved).stopped


def test_a_search_goes_on_where_none_of_it_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every checkpoint fails, and the answer at the end is the same, with the file that could not be written."""
    question, file, failed = search_of("yardstick", sizes=dict(pages=5)), tmp_path / "search", list[str]()

    def fails(self: library.Search, path: str) -> None:
        failed.append(path)
        half(self, path)

    monkeypatch.setattr(library.Search, "run", hurried)
    monkeypatch.setattr(library.Search, "save", fails)
    monkeypatch.setattr(Checkpoint, "is_due", lambda self: True)
    seen = question(file)
    assert failed
    assert seen.unsaved == f"{file}: a checkpoint could not be written ({FULL}); there is none to go on from"
    assert exactly(seen) == exactly(question())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_the_system_error_of_a_write_is_printed(tmp_path: Path) -> None:
    """A file that takes nothing, and a directory that is not there: the words are the system's."""
    made = engine.Native(SAVED.machine, SAVED.sizes, SAVED.symmetric, UNLIMITED, "", SearchOptions(threads=1, **QUICK))
    search = library.Search(made.compiled, made.config, threads=1, most_bytes=10**9)
    for path, error in (("/dev/full", FULL), (str(tmp_path / "none" / "x"), "No such file or directory")):
        with pytest.raises(OSError, match=error):
            search.save(path)
    search.save(str(tmp_path / "x"))
    search.close()


def test_a_checkpoint_is_its_users_alone(saved: Path) -> None:
    """Whatever the umask, and whatever stood in the way of the new file."""
    assert saved.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("comment", "ends"), [("above", True), ("beside", False), ("below", False)], ids=["above", "beside", "below"]
)
def test_the_readme_is_right_about_comments(comment: str, ends: bool, tmp_path: Path) -> None:
    """A comment that moves lines of a model's file ends its checkpoint, because C code names them; others do not."""
    file, model = tmp_path / "search", write(tmp_path / "my.py", SOUND)
    text = model.read_text()

    def question() -> SearchCall:
        machine = catalog.load(model)
        return SearchCall(machine, machine.symmetric, machine.sizes("tiny", {"pages": 4}), {})

    question()(file, budget=Budget(states=5))
    line = "    require(s.place[page] == Place.FREE)\n"
    changed = {
        "above": f"# new\n{text}",
        "below": f"{text}# new\n",
        "beside": text.replace(line, f"{line[:-1]}  # new\n"),
    }
    assert changed[comment] != text
    model.write_text(changed[comment])
    if ends:
        assert "is of another version of the code" in refused(question(), file)
    else:
        assert question()(resume=file).stopped is None
