# SPDX-License-Identifier: MIT
"""`poolproof decode`: explains the raw words of a page: whether a pool counts it, which one, its mapping."""

from __future__ import annotations

import json
import random
from contextlib import suppress

import pytest

from checkers.core.wording import sentence
from impl.linux import page_dump, page_words
from impl.linux.page_words import NotWords
from spec import invariants

FIRST = "raw: 0017ffffc0000000 dead000000000040 ff11000006d7e000 0000000000000000"
SECOND = "raw: 0000000000000000 0000000000000001 00000000ffffffff 0000000000000000"
MAPPED = "raw: 0000000007231000 0000000000000001 00000000ffffffff 0000000000000000"
DUMP = f"""\
[  164.101001] BUG: Bad page state in process ksoftirqd/1  pfn:7231
[  164.101002] page: refcount:0 mapcount:0 mapping:0000000000000000 index:0xff11000007231000 pfn:0x7231
[  164.101003] flags: 0x17ffffc0000000(node=0|zone=2|lastcpupid=0x1fffff)
[  164.101004] {FIRST}
[  164.101005] {MAPPED}
[  164.101006] page dumped because: page_pool leak
[  164.101007] Modules linked in: vmxnet3
[  164.101008] CPU: 1 UID: 0 PID: 22 Comm: ksoftirqd/1 Not tainted 6.12.117+deb12-amd64 #1  Debian 6.12.117-1~deb12u1
[  164.101009] RAX: ffd40000001c8c40 RBX: 0000000000000246 RCX: 0000000000000000
"""


def with_magic(word: str) -> str:
    return FIRST.replace("dead000000000040", word)


def test_a_whole_dump_gives_page_process_reason_kernel_and_pool() -> None:
    """What stands around the words is read too: who gave which page back, why the kernel printed it, which kernel."""
    page = page_dump.decode(DUMP)
    assert page.dump == page_words.Dump("ksoftirqd/1", 0x7231, "page_pool leak", "6.12.117+deb12-amd64")
    assert page.is_page_pool
    assert page.words[page_words.POOL] == 0xFF11000006D7E000
    printed = "\n".join(page.lines())
    assert "pool ff11000006d7e000 and page 0x7231" in printed
    assert "address 7231000, the same as its physical one" in printed
    assert "6.8 and later" in printed


@pytest.mark.parametrize(
    "text",
    [
        f"{FIRST}\n{SECOND}",
        f"[    1.5] {FIRST}\n[    1.6] {SECOND}",
        f"kernel: {FIRST}\r\nkernel: {SECOND}\r\n",
        f"> {FIRST[:56]}\n> {FIRST[56:]}\n> {SECOND}",
        f"{FIRST} {SECOND}".replace("raw: ", ""),
        f"{FIRST} {SECOND}".replace("raw: ", "").upper(),
        f"{FIRST} {SECOND}".replace("raw: ", "")[17:],
        "17ffffc0000000, 0xdead000000000040, 0xff11000006d7e000, 0, 0, 1, 0xffffffff, 0",
    ],
    ids=["lines", "dmesg", "journal", "mail", "words", "capitals", "from-the-magic-on", "shortened"],
)
def test_however_the_words_are_pasted_the_result_is_the_same(text: str) -> None:
    """Lines or words, with time stamps or without, wrapped by a mail or begun at the magic: one page is one page."""
    page = page_dump.decode(text)
    assert page.words[page_words.MAGIC :] == page_dump.decode(f"{FIRST}\n{SECOND}").words[page_words.MAGIC :]


SOFT = f"{FIRST[:50]}=\n{FIRST[50:]}\n{MAPPED[:60]}=\n{MAPPED[60:]}\n"


@pytest.mark.parametrize(
    "text",
    [
        SOFT,
        SOFT.replace("\n", "\r\n"),
        f"{FIRST[:50]}\n{FIRST[50:]}\n{MAPPED}",
        f"> {FIRST[:50]}\n> {FIRST[50:]}\n> {MAPPED}",
    ],
    ids=["quoted-printable", "with CR", "at a column", "quoted"],
)
def test_words_that_were_cut_in_their_middle_are_joined_where_that_is_certain(text: str) -> None:
    """Two pieces at the end of a line and the begin of the next, which together are one word."""
    assert page_dump.decode(text).words == page_dump.decode(f"{FIRST}\n{MAPPED}").words


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (FIRST.replace("dead000000000040", "dead00000000004"), "dead00000000004"),
        (FIRST.replace("dead000000000040", "dead0000000O0040"), "dead0000000O0040"),
        (f"{FIRST[:50]}\n{MAPPED}", FIRST[39:50]),
        (f"{FIRST[:50]}=\n\n{MAPPED}", FIRST[39:50]),
        (FIRST.replace("0040 ff11", "0040ff11"), "dead000000000040ff11000006d7e000"),
        (f"{FIRST[:50]}\n[ 1.0]{FIRST[50:]}", FIRST[39:50]),
    ],
)
def test_words_that_were_cut_and_cannot_be_joined_are_refused(text: str, value: str) -> None:
    """Nothing is guessed: the piece is named."""
    with pytest.raises(NotWords, match=r"is not a word of 16 hexadecimal digits.*`raw:`") as refused:
        page_dump.decode(text)
    assert value in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "ADDRESS VALUE\nffff88801c70d000: 0000000000000000\n4500003c1c460000 4006a2f10a000002",
        f"see {FIRST.replace('raw: ', '')}",
        "RAX: ffd40000001c8c40 RBX: 0000000000000246 RCX: dead000000000040 ff11000006d7e000",
    ],
)
def test_words_beside_something_else_are_not_taken_for_those_of_a_page(text: str) -> None:
    """Without `raw:` a text must be nothing but words."""
    with pytest.raises(NotWords, match="has no word of 16 hexadecimal digits"):
        page_dump.decode(text)


def test_a_word_that_is_cut_short_does_not_shift_the_next_line() -> None:
    """A line without its last word leaves that word open; the second line is read as it stands."""
    page = page_dump.decode(f"{FIRST[:-17]}\n{MAPPED}")
    assert page.words[page_words.PADDING] is None
    assert page.words[page_words.DMA] == 0x7231000


def test_the_signature_is_known_with_every_index_and_every_bit_of_the_allocator() -> None:
    """Neither the 32 bits of the DMA index nor bits 0 and 1 hide the magic, and the index is read back."""
    of_chance = random.Random(5)
    for index in [0, 1, (1 << 32) - 1, *(of_chance.randrange(1 << 32) for _ in range(200))]:
        for low in range(4):
            page = page_dump.decode(with_magic(f"{page_words.SIGNATURE | index << 7 | low:016x}"))
            assert (page.is_page_pool, page.dma_index) == (True, index)


@pytest.mark.parametrize("bit", [2, 3, 4, 5, 6, *range(39, 64)])
def test_any_other_bit_makes_it_no_page_of_a_pool(bit: int) -> None:
    """A bit outside the index and the allocator's two is a different word, and no pool is named."""
    page = page_dump.decode(with_magic(f"{page_words.SIGNATURE ^ 1 << bit:016x}"))
    assert not page.is_page_pool
    assert page.as_json()["pool"] is None
    assert page.as_json()["denies"] == []


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("dead000000000100", "LIST_POISON1"),
        ("dead000000000122", "LIST_POISON2"),
        ("0000000000000000", "has released it"),
        ("ffd40000001c8c48", "a kernel address"),
        ("0000000000000040", "is not dead000000000040"),
    ],
)
def test_a_page_of_no_pool_gets_the_reason_in_one_line(word: str, why: str) -> None:
    """The word in the place of the magic shows what the page is instead."""
    verdict = page_dump.decode(f"{with_magic(word)}\n{SECOND}").verdict
    assert verdict.startswith("This is not a page of a page_pool: ")
    assert why in verdict
    assert "\n" not in verdict


def test_an_index_shows_the_kernels_with_a_table_of_mappings_and_a_second_broken_invariant() -> None:
    """Only kernels that track mappings write an index; a page freed with one was mapped for a device."""
    page = page_dump.decode(f"{with_magic('dead000000002240')}\n{MAPPED}")
    printed = "\n".join(page.lines())
    assert page.dma_index == 68
    assert page.is_mapped
    assert "ee62ce7a1d90" in printed
    assert sentence(invariants.a_free_page_is_unmapped_unreferenced_and_clean.__name__) in printed
    assert "poolproof record --level dma" in printed


@pytest.mark.parametrize("word", ["0000000000000000", "ff11000007231000", "00000000000071c5"])
def test_what_cannot_be_a_dma_address_is_not_called_one(word: str) -> None:
    """A pool that maps nothing leaves in the page what was there: a kernel address, an index, nothing."""
    page = page_dump.decode(f"{FIRST}\n{SECOND.replace('0000000000000000', word, 1)}")
    assert page.is_mapped is False
    assert "not mapped by its pool" in "\n".join(page.lines())


@pytest.mark.parametrize(
    ("references", "counts", "printed"),
    [
        ("0000000000000001", "00000000ffffffff", "reference count: 0, nothing holds it"),
        ("0000000000000003", "00000002ffffffff", "reference count: 2"),
        ("0000000000000003", "00000002ffffffff", "pp references:   3"),
        ("ffffffffffffffff", "ffffffffffffffff", "pp references:   -1: more were put than were taken"),
        ("ffffffffffffffff", "ffffffffffffffff", "reference count: -1"),
        ("3fffffffffffffff", "0000000100000000", "cutting this page into fragments"),
        ("3fffffffffffffff", "00000001f0000000", "mapcount or type f0000000"),
    ],
)
def test_counts_are_read_from_their_halves_with_their_signs(references: str, counts: str, printed: str) -> None:
    """The reference count is the high half of the seventh word; what was put too often is negative."""
    text = f"{FIRST}\nraw: 0000000000000000 {references} {counts} 0000000000000000"
    assert printed in "\n".join(page_dump.decode(text).lines())


def test_words_that_were_not_given_are_unknown_and_not_zero() -> None:
    """The magic and the pool alone are enough to name the pool; of counts and mappings nothing is claimed."""
    page = page_dump.decode("dead000000000040 ff11000006d7e000")
    assert (page.references, page.refcount, page.is_mapped) == (None, None, None)
    assert "\n".join(page.lines()).count("not given") == 3


def test_invariants_are_quoted_from_the_spec() -> None:
    """The invariant that the dump denies is the spec's own, as a sentence and with its text."""
    printed = "\n".join(page_dump.decode(DUMP).lines())
    invariant = invariants.a_page_has_a_home_exactly_while_a_pool_counts_it
    assert sentence(invariant.__name__) in printed
    assert (invariant.__doc__ or "?") in printed
    assert page_dump.decode(DUMP).as_json()["denies"] == [invariant.__name__]


def test_words_alone_do_not_prove_a_violation() -> None:
    """Without the dump around them the words do not show that the page was freed: the violation is conditional."""
    page = page_dump.decode(f"{FIRST}\n{SECOND}")
    assert "If this page is in the page allocator" in "\n".join(page.lines())
    assert page.as_json()["denies"] == []


def test_of_several_dumps_the_first_is_decoded_and_the_others_are_counted() -> None:
    """A log with three dumps is not taken for one page."""
    page = page_dump.decode(DUMP + DUMP.replace("7231", "7158") * 2)
    assert (page.dump.page, page.dump.further) == (0x7231, 2)
    assert "2 more dumps" in "\n".join(page.lines())


def test_json_has_all_of_it() -> None:
    """The record for other tools can be written, and names every word."""
    record = json.loads(json.dumps(page_dump.decode(DUMP).as_json()))
    assert record["pool"] == "0xff11000006d7e000"
    assert list(record["words"]) == list(page_words.NAMES)


@pytest.mark.parametrize(
    ("text", "value", "rule"),
    [
        ("", "empty text", "16 hexadecimal digits"),
        ("page dumped because: page_pool leak", "page dumped", "16 hexadecimal digits"),
        ("raw:", "raw:", "16 hexadecimal digits"),
        ("raw: c0de1234 00000040 c2345678 00000000", "c0de1234", "32 bits"),
        ("12 34", "12 34", "16 hexadecimal digits"),
        ("0017ffffc0000000", "0017ffffc0000000", "one word"),
        ("raw: 0017ffffc0000000", "0017ffffc0000000", "one word"),
        ("BUG: Bad page state", "BUG: Bad page", "16 hexadecimal digits"),
    ],
)
def test_what_has_no_words_gets_one_line_with_the_value_the_rule_and_the_way_out(
    text: str, value: str, rule: str
) -> None:
    """No page is made up."""
    with pytest.raises(NotWords) as refused:
        page_dump.decode(text)
    printed = str(refused.value)
    assert value in printed
    assert rule in printed
    assert "raw:" in printed or "are decoded" in printed
    assert "\n" not in printed


def test_whatever_is_pasted_is_decoded_or_refused() -> None:
    """Ten thousand damaged dumps raise nothing but the one exception, and all others are explained."""
    of_chance = random.Random(7)
    for _ in range(10_000):
        text = list(DUMP)
        for _ in range(of_chance.randrange(1, 30)):
            at = of_chance.randrange(len(text))
            text[at : at + of_chance.randrange(3)] = of_chance.choice(
                ["", "\n", "raw:", "0", "dead", "é", "f" * 40, " "]
            )
        with suppress(NotWords):
            page = page_dump.decode("".join(text))
            assert page.lines()
            assert json.dumps(page.as_json())
