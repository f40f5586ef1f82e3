# SPDX-License-Identifier: MIT
"""The command as a process: whatever a model's file does, its end is reported, and nothing is left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from poolproof import watch
from poolproof.watch import PASSED_ON, Watch

from . import forked
from .drivers import SOUND, write
from .test_budgets import COMMAND, ENVIRONMENT

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no os.fork here")
pytestmark = needs_fork

ENDINGS = {
    "import os\nos._exit(0)": "exit code 0 without a report",
    "import os\nos._exit(7)": "exit code 7 without a report",
    "import os\nos.kill(os.getpid(), 11)": "killed by signal 11, Segmentation fault",
    "import os\nos.kill(os.getpid(), 15)": "killed by signal 15, Terminated",
    "import os\nos.kill(os.getpid(), 9)": "killed by signal 9, Killed (is memory short? see --max-memory)",
    "import os\nos.execv('/bin/true', ['true'])": "exit code 0 without a report",
}
ENDLESS = {
    "plain": "while True:\n    pass",
    "deaf": "while True:\n    try:\n        sum(iter(int, 1))\n    except BaseException:\n        pass",
    "asleep": "import time\ntime.sleep(1000)",
}


def typed(*words: str) -> subprocess.CompletedProcess[str]:
    """A command as a process of its own; everything it printed is here when it has ended."""
    return forked.typed(*words, env=ENVIRONMENT)


def one_line(printed: str) -> str:
    assert printed.startswith("poolproof: ")
    assert printed.count("\n") == 1
    return printed


@pytest.mark.parametrize("text", ENDINGS, ids=list(ENDINGS.values()))
def test_a_file_that_ends_the_process_is_no_pass(desk: Path, text: str) -> None:
    """Exit code 150, and one line that names the file and how the process ended."""
    (desk / "my.py").write_text(text)
    done = typed("check", "my.py")
    assert (done.returncode, done.stdout) == (150, "")
    assert f"my.py: ended the command while it was imported: {ENDINGS[text]}; nothing is known" in one_line(done.stderr)


@pytest.mark.parametrize(
    "command", ["check", "show", "refine", "prove", "simulate", "draw -o a.svg", "export --to murphi"]
)
def test_every_command_is_watched(desk: Path, command: str) -> None:
    """Whichever command imports the file."""
    (desk / "my.py").write_text("import os\nos._exit(0)")
    name, *options = command.split()
    done = typed(name, "my.py", *options)
    assert done.returncode == 150
    assert "my.py: ended the command" in one_line(done.stderr)


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS.keys())
def test_an_import_that_never_ends_is_ended(desk: Path, text: str) -> None:
    """After --time-limit, whatever the file does or catches: exit code 3, one line with file, limit and way out."""
    (desk / "my.py").write_text(text)
    done = typed("check", "my.py", "--time-limit", "0.5")
    assert (done.returncode, done.stdout) == (3, "")
    assert "was not imported within 0.5 s; correct what does not end in it, or give a longer --time-limit" in one_line(
        done.stderr
    )


def test_without_a_time_an_import_has_a_minute(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --time-limit, and in commands that have none, the limit is the catalog's, while the file is imported."""
    limits = "from poolproof import catalog\ncatalog.IMPORT = 0.25\nfrom poolproof.__main__ import main\nmain()"
    (desk / "my.py").write_text("while True:\n    pass")
    for words in (["show", "my.py"], ["check", "my.py"], ["export", "my.py", "--to", "murphi"]):
        done = subprocess.run(
            (sys.executable, "-c", limits, *words), capture_output=True, text=True, env=ENVIRONMENT, check=False
        )
        assert done.returncode == 3
        assert "my.py: was not imported within 0.25 s" in one_line(done.stderr)


def test_the_limit_is_of_the_import_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a file is imported the clock runs, and afterwards it does not; both are reported to the parent."""
    reading, writing = os.pipe()
    watched = Watch()
    watched.pipe = writing
    for fails in (False, True):
        with suppress(ZeroDivisionError), watched.importing(Path("my driver.py"), 1000):
            assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 1000
            assert not fails or 1 / 0
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    os.close(writing)
    me = os.getpid()
    with os.fdopen(reading) as printed:
        assert printed.read().splitlines() == [f"{me} imports 1000 my driver.py", f"{me} imported "] * 2


def test_a_fork_made_by_a_file_prints_nothing(desk: Path) -> None:
    """A file that forks: the copy's end is not taken for the command's."""
    write(desk / "my.py", SOUND)
    text = (desk / "my.py").read_text()
    (desk / "my.py").write_text(f"import os\nif not os.fork():\n    raise SystemExit(0)\n{text}")
    done = typed("check", "my.py")
    assert done.returncode == 0
    assert "All 8 checks are as expected." in done.stdout


@pytest.mark.parametrize("closed", [(1,), (1, 2), (0, 1, 2)])
def test_where_there_is_nowhere_to_print_to(desk: Path, closed: tuple[int, ...]) -> None:
    """`poolproof list >&-` is exit code 2, and one line where there is a place for it."""
    shut = " ".join(f"{n}{'<' if n == 0 else '>'}&-" for n in closed)
    done = subprocess.run(
        ["sh", "-c", f'"$@" {shut}', "sh", *COMMAND, "list"],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "" if 2 in closed else "standard output is closed" in one_line(done.stderr)


@pytest.mark.parametrize("closed", ["2>&-", "<&-"])
def test_other_closed_streams_change_no_answer(desk: Path, closed: str) -> None:
    """Output is complete; where standard error is closed the exit code is left."""
    for words, code in (("check yardstick --scope tiny", 0), ("check none", 2)):
        done = subprocess.run(
            ["sh", "-c", f'"$@" {closed}', "sh", *COMMAND, *words.split()],
            capture_output=True, text=True, env=ENVIRONMENT, check=False,
        )  # fmt: skip
        assert done.returncode == code
        assert ("should be" in done.stdout) is not code
        assert "Traceback" not in done.stderr


# -- signals -----------------------------------------------------------------------------------------------------------


def begun(desk: Path, group: bool = False) -> tuple[subprocess.Popen[str], int]:
    """A command whose model is being imported, and the number of the process that imports it."""
    file = desk / "pid"
    (desk / "my.py").write_text(
        f"import os, time\nopen({str(file) + '.new'!r}, 'w').write(str(os.getpid()))\n"
        f"os.rename({str(file) + '.new'!r}, {str(file)!r})\ntime.sleep(1000)"
    )
    process = subprocess.Popen(
        (*COMMAND, "check", "my.py"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=ENVIRONMENT, start_new_session=group,
    )  # fmt: skip
    while not file.exists():
        assert process.poll() is None
        time.sleep(0.01)
    return process, int(file.read_text())


def is_gone(pid: int) -> bool:
    """True if the process ends; it is no child of this one, so it is polled."""
    for _ in range(3000):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] == "Z":
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_the_command_ends_all_of_it(desk: Path, number: int) -> None:
    """The one who sent it sees that the command died of it, and nothing runs on."""
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("the tests were started so that this signal is ignored")
    process, child = begun(desk)
    assert child != process.pid
    process.send_signal(number)
    _, err = process.communicate()
    assert process.returncode == -number
    assert err == ""
    assert is_gone(child)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ends a child with its parent")
def test_a_command_that_is_killed_leaves_nothing_behind(desk: Path) -> None:
    """Not even where it has no time to report."""
    process, child = begun(desk)
    process.kill()
    process.communicate()
    assert is_gone(child)


@pytest.mark.parametrize("group", [False, True], ids=["the command", "its whole group"])
def test_an_interrupt_has_its_effect_once(desk: Path, group: bool) -> None:
    """Ctrl-C reaches both processes, `kill -INT` one of them: either way it is one interrupt, and one line."""
    process, child = begun(desk, group=True)
    if group:
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert (process.returncode, err) == (3, "poolproof: interrupted\n")
    assert is_gone(child)


def test_one_interrupt_from_two_sides_is_not_two_interrupts() -> None:
    """One that came by the terminal and was passed on is one; the next is another."""
    received = Watch()
    sequence = [signal.SIGINT, PASSED_ON, PASSED_ON, PASSED_ON, signal.SIGINT, signal.SIGINT, signal.SIGINT]
    assert [received.is_news(number) for number in sequence] == [True, False, True, True, False, False, True]


def test_without_fork_the_command_runs_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no os.fork there is no child, and the exit code is the command's."""
    monkeypatch.delattr(os, "fork")
    me = os.getpid()
    assert watch.watched(lambda: 12 if os.getpid() == me else 0) == 12
