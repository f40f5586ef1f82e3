# SPDX-License-Identifier: MIT
"""`poolproof record`: the script that it prints records on a target what `poolproof trace` can read."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from impl.linux.trace import record_script
from impl.linux.trace.events import Event
from impl.linux.trace.info import RecordingInfo
from impl.linux.trace.reading import Recording
from impl.linux.trace.record_script import Level

TRACES = Path(__file__).parents[3] / "traces"
SHELLS = [
    pytest.param(shell, marks=pytest.mark.skipif(not shutil.which(shell), reason=f"{shell} is not installed here"))
    for shell in ("sh", "dash", "bash", "busybox")
]
HAS_PHYS = ("dma/dma_map_phys", "dma/dma_unmap_phys")

SHIMS = """\
mkdir() { [ ! -e "$1" ] && cp -r "$FAKE/instance" "$1"; }
rmdir() { mv "$1" "$FAKE/removed"; }
dmesg() { cat "$FAKE/dmesg"; }
"""
"""What tracefs does by itself when a directory is made or removed, and a log that is the same everywhere.

Functions, and not commands on the PATH: a busybox that prefers its own commands looks for no others.
"""

KERNELS_ECHO = """\
grep -rl 1 "$I/events" | sort >"$FAKE/enabled"
cat "$I/tracing_on" "$I/trace_clock" "$I/buffer_size_kb" "$I/options/hash-ptr" >"$FAKE/settings"
echo 'local [global] counter uptime perf mono mono_raw boot tai x86-tsc' >"$I/trace_clock"
echo '[  101.000000] page_pool_release_retry() stalled pool shutdown: id 6, 80 inflight 60 sec' >>"$FAKE/dmesg"
"""
"""The thing that is done while the script records: it looks around, and plays the kernel."""


@dataclass
class Target:
    """A directory that looks like the tracefs of a kernel with these events and these losses."""

    root: Path

    @classmethod
    def make(cls, root: Path, events: tuple[str, ...], overrun: int = 0, dropped: int = 0) -> Target:
        instance = root / "instance"
        for event in events:
            write(instance / "events" / event / "enable", "0\n")
        write(instance / "events/enable", "0\n")
        for name, text in {"tracing_on": "1\n", "trace_clock": "[local] global\n", "buffer_size_kb": "7\n"}.items():
            write(instance / name, text)
        write(instance / "options/hash-ptr", "1\n")
        write(instance / "trace", body(RECORDED))
        for cpu in range(2):
            write(instance / f"per_cpu/cpu{cpu}/stats", stats(overrun * cpu, dropped * cpu))
        for event in events:
            (root / "events" / event).mkdir(parents=True)
        write(root / "dmesg", "[    1.000000] page_pool leak of yesterday\n[    2.000000] up\n")
        (root / "instances").mkdir()
        return cls(root)

    def record(self, lines: list[str], shell: str = "sh", does: str = KERNELS_ECHO, **more: str) -> str:
        """Run the script around a command; return its messages."""
        script = write(self.root / "record.sh", SHIMS + "\n".join(lines) + "\n")
        ours = {"PATH": os.environ["PATH"], "FAKE": str(self.root), "TRACEFS": str(self.root)}
        ours |= {"OUT": str(self.root / "out"), "I": str(self.root / "instances/poolproof")}
        run = [shell, "sh"] if shell == "busybox" else [shell]
        done = subprocess.run(
            [*run, str(script), "sh", "-c", does], env=ours | more, capture_output=True, text=True, timeout=60
        )
        return f"{done.stderr}exit {done.returncode}"

    def read(self) -> tuple[list[Event], RecordingInfo]:
        recording = Recording([str(self.root / "out.trace.txt.gz")])
        return list(recording), recording.info

    def text_of(self, name: str) -> str:
        return (self.root / name).read_text()


RECORDED = TRACES / "6.12.117/drop_small.trace.txt.gz"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def body(recording: Path) -> str:
    """The kernel's own part of a recording: all but the lines that were put before it."""
    lines = gzip.decompress(recording.read_bytes()).decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("#!"))


def stats(overrun: int, dropped: int) -> str:
    """A CPU's statistics, as kernels print them."""
    return (
        f"entries: 65\noverrun: {overrun}\ncommit overrun: 0\nbytes: 3120\noldest event ts:  2739.123\n"
        f"now ts:  2740.456\ndropped events: {dropped}\nread events: 0\n"
    )


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """A kernel like 6.12: all events but those that came later."""
    return Target.make(tmp_path, tuple(e for e in record_script.events(Level.DMA) if e not in HAS_PHYS))


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("level", list(Level))
def test_what_the_script_writes_is_what_the_reader_reads(target: Target, level: Level, shell: str) -> None:
    """Under every shell: kernel, clock, real addresses and no losses are read, and every event of the trace."""
    printed = target.record(record_script.recipe(level), shell)
    events, info = target.read()
    assert printed.endswith("exit 0"), printed
    assert "nothing was lost" in printed
    assert info.kernel == os.uname().release
    assert (info.clock, info.is_hashed, info.is_whole, info.not_understood) == ("global", False, True, 0)
    assert [e._replace(line=0) for e in events] == [e._replace(line=0) for e in Recording([str(RECORDED)])]


def test_a_bare_name_of_the_clock_is_read_as_well(target: Target) -> None:
    """Whether the kernel lists all clocks or only the chosen one, it is global."""
    target.record(record_script.recipe(), does="true")
    assert target.read()[1].clock == "global"


def test_all_is_set_before_the_recording_begins_and_the_thing_is_done_while_it_runs(target: Target) -> None:
    """While the command runs, tracing is on, the clock global, addresses are real, and the buffers have their size."""
    target.record(record_script.recipe(per_cpu=1_000_000))
    assert target.text_of("settings").split() == ["1", "global", "97657", "0"]


@pytest.mark.parametrize("level", list(Level))
def test_the_events_of_the_level_are_enabled_as_far_as_the_target_has_them(target: Target, level: Level) -> None:
    """Nothing else is traced, and events that this kernel lacks are named and left out."""
    printed = target.record(record_script.recipe(level))
    there = {e for e in record_script.events(level) if e not in HAS_PHYS}
    assert {"/".join(Path(p).parts[-3:-1]) for p in target.text_of("enabled").split()} == there
    assert ("this kernel does not have: dma/dma_map_phys dma/dma_unmap_phys" in printed) == (level == Level.DMA)


def test_nothing_is_left_behind(target: Target) -> None:
    """After the recording the instance is gone, and was quiet when it went; the files are for their owner only."""
    target.record(record_script.recipe())
    assert not (target.root / "instances/poolproof").exists()
    assert (target.text_of("removed/tracing_on"), target.text_of("removed/events/enable")) == ("0\n", "0\n")
    assert (target.root / "out.trace.txt.gz").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("does", ["exit 3", "kill -INT $PPID"])
def test_a_command_that_fails_or_is_interrupted_ends_the_recording_and_not_the_script(
    target: Target, does: str
) -> None:
    """What goes wrong is what one wants to see: the trace is written all the same."""
    assert target.record(record_script.recipe(), does=does).endswith("exit 0")
    assert len(target.read()[0]) == 130


@pytest.mark.parametrize(("overrun", "dropped"), [(7, 0), (0, 5), (7, 5)])
def test_events_that_were_lost_are_reported_and_read(tmp_path: Path, overrun: int, dropped: int) -> None:
    """The statistics of each CPU are in the file: the reader counts the losses that the script reports."""
    target = Target.make(tmp_path, record_script.events(Level.STOCK), overrun, dropped)
    printed = target.record(record_script.recipe())
    info = target.read()[1]
    assert f"{overrun + dropped} events were LOST" in printed
    assert info.overwritten == overrun + dropped
    assert not info.is_whole


def test_only_what_was_logged_meanwhile_is_kept(target: Target) -> None:
    """Only messages logged during the recording are kept."""
    target.record(record_script.recipe())
    assert "stalled pool shutdown" in target.text_of("out.dmesg.txt")
    assert "yesterday" not in target.text_of("out.dmesg.txt")


def test_a_target_that_cannot_record_gets_the_reason_and_is_not_changed(tmp_path: Path) -> None:
    """No tracefs, no page_pool, or another recording: one line each, and no file is written."""
    target = Target.make(tmp_path, ("xdp/mem_connect",))
    assert "no page_pool events" in target.record(record_script.recipe())
    assert "mount -t tracefs" in target.record(record_script.recipe(), TRACEFS="/nowhere")
    (tmp_path / "events/page_pool").mkdir()
    (tmp_path / "instances/poolproof").mkdir()
    assert "is another recording running?" in target.record(record_script.recipe())
    assert not list(tmp_path.glob("out*"))


def test_it_can_be_pasted_into_a_shell(target: Target) -> None:
    """A shell that reads the script line by line runs it, and goes on with its own settings afterwards."""
    lines = [line.replace('record "$@"', "record true; false; echo still here") for line in record_script.recipe()]
    ours = {
        "PATH": os.environ["PATH"],
        "FAKE": str(target.root),
        "TRACEFS": str(target.root),
        "OUT": str(target.root / "out"),
    }
    done = subprocess.run(["sh"], input=SHIMS + "\n".join(lines), env=ours, capture_output=True, text=True, timeout=60)
    assert done.stdout == "still here\n"
    assert len(target.read()[0]) == 130


def test_the_trace_cmd_line_names_the_same_events_clock_and_size() -> None:
    """The command of trace-cmd records the same events."""
    lines = record_script.recipe(Level.DMA, per_cpu=10_240, name="mine")
    line = next(line for line in lines if "trace-cmd record" in line)
    assert "-C global -b 1001 -o mine.dat" in line
    assert [e.strip().replace(":", "/") for e in line.split("-e ")[1:]] == list(record_script.events(Level.DMA))


def test_the_script_fits_a_terminal() -> None:
    """No line of the script itself is longer than what the project allows itself; only trace-cmd's is."""
    assert all(len(line) <= 120 for line in record_script.recipe(Level.DMA) if "trace-cmd record" not in line)
