# SPDX-License-Identifier: MIT
"""Twenty thousand damaged recordings, the same every time: nothing but `Unreadable` is raised, memory is bounded."""

from __future__ import annotations

import gzip
import lzma
import random
from collections.abc import Callable
from itertools import islice

import pytest
import zstandard

from impl.linux.conformance import rules
from impl.linux.trace.files import LONGEST
from tests.quality import fuzz_traces as fuzz
from tools.tampering import in_time

LINES, WORDS, FILES, PACKED = 17_500, 1_000, 1_000, 500

SETS = 1_000
"""Sets of possible states, far more than any input so far has made."""

Damage = Callable[[random.Random, str], str]

ODD = (
    "", " ", "\t", "\0", "\r", "\x1b[31m", "é", "٣", "\u2028", "\U0001f4a9", "-1", "0x", "0", "1", "4294967295",
    "4294967296", "18446744073709551616", "9" * 30, "9" * 5_000, "f" * 17, "f" * 5_000, "1.2.3", ".", "1e400", "nan",
    "=", ":", "[", "]", "[LOST 3 EVENTS]", "#! cpu0: ", "raw:", "DMA-API: ", "inflight", "%s", "None", "\\",
)  # fmt: skip
"""What gets into text that people copy, cut and pack."""


def flipped(of: random.Random, line: str) -> str:
    """Some bytes are others, and may not be UTF-8 any more."""
    data = bytearray(line.encode("utf-8", "replace"))
    for _ in range(min(len(data), of.randrange(1, 5))):
        data[of.randrange(len(data))] ^= 1 << of.randrange(8)
    return data.decode("utf-8", "replace")


def dropped(of: random.Random, line: str) -> str:
    fields = line.split(" ")
    del fields[of.randrange(len(fields))]
    return " ".join(fields)


def doubled(of: random.Random, line: str) -> str:
    fields = line.split(" ")
    at = of.randrange(len(fields))
    return " ".join([*fields[:at], *[fields[at]] * of.randrange(2, 40), *fields[at + 1 :]])


def spliced(of: random.Random, line: str) -> str:
    other = of.choice(SEEDS)
    return line[: of.randrange(len(line) + 1)] + other[of.randrange(len(other) + 1) :]


def odd(of: random.Random, line: str) -> str:
    """Something that does not belong there stands in it, or in the place of a field."""
    at = of.randrange(len(line) + 1)
    return line[:at] + of.choice(ODD) + line[at + of.choice((0, 0, 1, 5, 20)) :]


def renumbered(of: random.Random, line: str) -> str:
    """The number after a sign of equality is another one."""
    parts = line.split("=")
    at = of.randrange(len(parts))
    _, blank, rest = parts[at].partition(" ")
    parts[at] = of.choice((*ODD, str(of.randrange(100)), str(of.randrange(1 << 32)), f"{of.randrange(1 << 64):x}"))
    return "=".join([*parts[:at], parts[at] + blank + rest, *parts[at + 1 :]])


def endless(of: random.Random, line: str) -> str:
    """A line as long as a file."""
    at = of.randrange(len(line) + 1)
    return line[:at] + of.choice((line, " ", "1", "-1", "a ", "[0] ", "DMA-API: ", "0" * 8)) * of.randrange(2_000)


DAMAGE: tuple[Damage, ...] = (flipped, dropped, doubled, spliced, odd, renumbered)


def recorded() -> list[str]:
    """Lines of all kinds, and of the log, from every recording."""
    return [seed[1:].decode() for seed in fuzz.seeds() if seed[0] == 0xFF]


def damaged(of: random.Random, line: str) -> str:
    """One to three kinds of damage; seldom a line without end."""
    for _ in range(of.randrange(1, 4)):
        line = of.choice(DAMAGE)(of, line)
    return endless(of, line) if of.random() < 0.002 else line


def file(of: random.Random) -> bytes:
    """The beginning of a recording, some of its lines damaged, lost, doubled, or in the place of others."""
    text = of.choice(RECORDINGS)
    start = of.choice((0, 0, of.randrange(len(text))))
    found = list(islice(text, start, start + of.randrange(1, 60)))
    for _ in range(of.randrange(1, 10)):
        at, other = of.randrange(len(found)), of.randrange(len(found))
        found[at] = of.choice((damaged(of, found[at]), found[other], of.choice(SEEDS), ""))
    found = in_time(found) if of.random() < 0.9 else found
    return "\n".join(found).encode("utf-8", "replace")


SEEDS = recorded()
RECORDINGS = [gzip.decompress(path.read_bytes()).decode().splitlines() for path in sorted(fuzz.TRACES.rglob("*.gz"))]


def test_no_line_makes_a_reader_stumble() -> None:
    """Fifteen thousand damaged lines are events, other lines, or nothing; none is an exception."""
    of = random.Random(1)
    for _ in range(LINES):
        fuzz.take_line(damaged(of, of.choice(SEEDS)))


def test_no_words_make_the_decoder_stumble() -> None:
    """A thousand damaged lines given as the words of a page are explained or refused."""
    of = random.Random(2)
    for _ in range(WORDS):
        fuzz.take_words(
            "raw: " * of.randrange(3) + damaged(of, "0017ffffc0000000 dead000000000040 " + of.choice(SEEDS))
        )


def test_no_recording_makes_the_judge_stumble_or_remember_more_than_it_read() -> None:
    """Thousands of damaged recordings are judged to their end; what is kept is in proportion to their lines."""
    of = random.Random(3)
    judged = [judge for _ in range(FILES) if (judge := fuzz.take_file(file(of)))]
    for judge in judged:
        fuzz.must_be_bounded(judge)
    assert len(judged) > FILES // 2
    assert sum(judge.findings.total > 0 for judge in judged) > FILES // 10


def test_the_sets_of_states_do_not_grow_with_what_is_read() -> None:
    """Sets of possible states are made by the rules: hundreds of recordings that make no sense need few of them."""
    of = random.Random(4)
    for _ in range(FILES // 4):
        fuzz.take_file(file(of))
    assert sum(len(fuzz.monitor(seen).sets) for seen in (rules.STOCK, rules.WITH_DMA)) < SETS


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, zstandard.compress], ids=["gz", "xz", "zst"])
def test_a_packed_file_that_is_damaged_or_cut_is_never_taken_for_a_whole_one(pack: Callable[[bytes], bytes]) -> None:
    """Cut anywhere it is unreadable; with bytes flipped it is that, or (where no sum protects them) judged."""
    of = random.Random(5)
    packed = pack("\n".join("\n".join(text) for text in RECORDINGS[-4:]).encode())
    small = pack("\n".join(RECORDINGS[0]).encode())
    for _ in range(PACKED // 5):
        assert fuzz.take_file(packed[: of.randrange(7, len(packed))]) is None
        data = bytearray(small)
        data[of.randrange(len(data))] ^= 1 << of.randrange(8)
        fuzz.take_file(bytes(data))


SLOW = (
    " ",
    "-1",
    "1",
    "1 ",
    "a-1 ",
    "a 1 [0] ",
    "a-1 (1 ",
    "a-1 [0] a ",
    "DMA-API: ",
    "a:",
    "page_pool refcnt ",
    "\t",
    "overrun: 1 commit overrun: 1 ",
    "raw:",
    "dead000000000040 ",
    "1.1.1 ",
    "[",
)


@pytest.mark.parametrize("text", SLOW)
def test_the_longest_line_does_not_keep_the_next_one_waiting(text: str) -> None:
    """Whatever a line is made of, the event after it is read; a pattern that tries again and again takes minutes."""
    longest = (text * LONGEST)[:LONGEST]
    for start in ("", "x-1 [000] b...1 4: ", "DMA-API: ", "CPU:0 ", "#! kernel: ", "#! cpu0: ", "BUG: Bad page state "):
        fuzz.take_line(start + longest)
        fuzz.take_words(start + longest)
        judge = fuzz.take_file(f"{start}{longest}\n{SEEDS[0]}".encode())
        assert judge is not None
        assert judge.info.lines == 2
        assert judge.last is not None
        assert judge.last.line == 2


def test_a_leap_of_numbers_costs_what_a_line_costs() -> None:
    """Numbers that are missing are remembered as ranges: a hundred pools that leap keep a hundred ranges."""
    hold = "x-1 [000] b...1 {}: page_pool_state_hold: page_pool={:x} netmem=1 is_net_iov=0, pfn=0x{:x} hold={}"
    text = [hold.format(n, n // 2, n, 1 + 60_000 * (n % 2)) for n in range(2, 302)]
    judge = fuzz.take_file("\n".join(text).encode())
    assert judge is not None
    fuzz.must_be_bounded(judge)
