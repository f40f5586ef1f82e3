# SPDX-License-Identifier: MIT
"""Explains the raw words of a "Bad page state" dump: is the page a pool's, of which pool, its mapping, its references.

A `struct page` of a 64-bit kernel is eight words; the kernel prints them as two lines that begin with `raw:`. For a
page of a page_pool they are

    flags     pp_magic      pp                   (padding)
    dma_addr  pp_ref_count  mapcount, _refcount  memcg

on every kernel from 6.1 (where the sixth word is pp_frag_count) to those of 2026. Words are little-endian: of the
seventh the low half is the mapcount or the type of the page, the high half the reference count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from checkers.core.wording import counted, sentence
from spec import invariants

from .page_words import (
    COUNTS,
    DMA,
    HEAD,
    INDEX,
    INDEX_SHIFT,
    MAGIC,
    MEMCG,
    NAMES,
    PFMEMALLOC,
    POOL,
    REFERENCES,
    SIGNATURE,
    Dump,
    has_signature,
    parsed,
)  # fmt: skip

KERNEL_SPACE = 0xFF << 56
PAGE_SHIFT = 12
BIAS = 1 << 61
"""More references than this are those of a page that is being cut into fragments (BIAS_MAX)."""

POISON = {
    0: "pp_magic is 0: no pool counts this page, or its pool has released it already",
    0xDEAD000000000100: "pp_magic is LIST_POISON1: the page was taken off a list, and is in no pool",
    0xDEAD000000000122: "pp_magic is LIST_POISON2: the page was taken off a list, and is in no pool",
}
"""Known values of the word of the magic in pages that are not a pool's."""

LEAK = "page_pool leak"
DENIES = invariants.a_page_has_a_home_exactly_while_a_pool_counts_it
STILL_MAPPED = invariants.a_free_page_is_unmapped_unreferenced_and_clean


@dataclass(frozen=True)
class Decoded:
    """One page: its words, None where they are not given, and the other facts of the dump."""

    words: tuple[int | None, ...]
    dump: Dump

    @property
    def is_page_pool(self) -> bool:
        """True if the page has the signature of a pool."""
        return has_signature(self.words[MAGIC])

    @property
    def dma_index(self) -> int:
        """The number of the mapping in the pool's table of mappings; 0 on kernels without one, or if not mapped."""
        return ((self.words[MAGIC] or 0) & INDEX) >> INDEX_SHIFT if self.is_page_pool else 0

    @property
    def references(self) -> int | None:
        """The pp references: those of fragments and packets."""
        word = self.words[REFERENCES]
        return None if word is None else _signed(word, 64)

    @property
    def refcount(self) -> int | None:
        """The page references."""
        word = self.words[COUNTS]
        return None if word is None else _signed(word >> 32, 32)

    @property
    def is_mapped(self) -> bool | None:
        """Whether the pool mapped the page; None if the words do not decide it: an address may be left over."""
        if self.dma_index:
            return True
        word = self.words[DMA]
        return None if word is None or _is_dma_address(word) else False

    def lines(self) -> list[str]:
        """The explanation, line by line."""
        lines = [*_about(self.dump), self.verdict]
        if self.is_page_pool:
            lines += [*_fields(self), f"  kernels:         {kernels(self)}", *_rules(self)]
        return [*lines, *next_steps(self)]

    @property
    def verdict(self) -> str:
        """Whether it is a page of a page_pool, and why."""
        if self.is_page_pool:
            return f"This is a page of a page_pool: pp_magic is {self.words[MAGIC]:016x}."
        return f"This is not a page of a page_pool: {why_not(self.words[MAGIC])}."

    def as_json(self) -> dict[str, Any]:
        """The page for JSON output; addresses are hexadecimal text, unknown values null."""
        pool, dma = (self.words[POOL], self.words[DMA]) if self.is_page_pool else (None, None)
        return {
            "is_page_pool": self.is_page_pool,
            "verdict": self.verdict,
            "pool": _hex(pool),
            "dma_address": _hex(dma),
            "dma_index": self.dma_index,
            "is_mapped": self.is_mapped if self.is_page_pool else None,
            "pp_references": self.references if self.is_page_pool else None,
            "refcount": self.refcount,
            "kernels": kernels(self) if self.is_page_pool else "",
            "denies": [DENIES.__name__] if self.is_page_pool and self.dump.is_of_a_free_page else [],
            "page": _hex(self.dump.page),
            "process": self.dump.process,
            "because": self.dump.because,
            "kernel": self.dump.kernel,
            "words": dict(zip(NAMES, map(_hex, self.words), strict=True)),
        }


def decode(text: str) -> Decoded:
    """The page of pasted text: the words alone, the `raw:` lines, or the whole dump. Raises NotWords."""
    return Decoded(*parsed(text))


# -- meaning -----------------------------------------------------------------------------------------------------------


def why_not(word: int | None) -> str:
    """Why the word of the magic is not a pool's."""
    if word is None:
        return "its second word, where pp_magic is, was not given"
    if word in POISON:
        return POISON[word]
    if word >= KERNEL_SPACE:
        return f"its second word {word:016x} is a kernel address, a list or a head page, and not {SIGNATURE:016x}"
    return f"its second word {word:016x} is not {SIGNATURE:016x} with any DMA index"


def kernels(page: Decoded) -> str:
    """The kernels that lay out a page like this."""
    if page.dma_index:
        return "with a table of mappings (ee62ce7a1d90: mainline since spring 2025, 6.12.y since about 6.12.35)"
    since = "6.8 and later (the first to look for this leak)" if page.dump.because == LEAK else "6.1 and later"
    if page.is_mapped is False:
        return f"{since}; the pool does not map its pages"
    return f"{since}; without a table of mappings, or of a pool that does not map its pages"


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _hex(value: int | None) -> str | None:
    return None if value is None else f"0x{value:x}"


def _is_dma_address(word: int) -> bool:
    """True if the DMA API may have given this to a pool: a whole page, and not a kernel address."""
    return 0 < word < KERNEL_SPACE and word % (1 << PAGE_SHIFT) == 0


# -- explanation -------------------------------------------------------------------------------------------------------


def _about(dump: Dump) -> list[str]:
    """The facts of the dump beside the words."""
    page = f"page 0x{dump.page:x}" if dump.page is not None else ""
    process = f"given back by process {dump.process}" if dump.process else ""
    because = f"dumped because: {dump.because}" if dump.because else ""
    kernel = f"kernel {dump.kernel}" if dump.kernel else ""
    about = ", ".join(part for part in (page, process, because, kernel) if part)
    more = [f"The text has {counted(dump.further, 'more dump')}; this is the first. Decode them one at a time."]
    return ([about[0].upper() + about[1:] + "."] if about else []) + (more if dump.further else [])


def _fields(page: Decoded) -> list[str]:
    fields = {
        "pool": _pool(page.words[POOL]),
        "DMA": _dma(page),
        "pp references": _references(page.references),
        "reference count": _refcount(page),
        "page": _bits(page),
    }
    return [f"  {name + ':':16} {text}" for name, text in fields.items() if text]


def _pool(word: int | None) -> str:
    if word is None:
        return "not given"
    if word < KERNEL_SPACE:
        return f"{word:016x}, which is not a kernel address: the page was overwritten, or is half released"
    return f"{word:016x}"


def _dma(page: Decoded) -> str:
    word = page.words[DMA]
    if page.dma_index:
        where = f"address {word:x}, " if word is not None else ""
        return f"{where}index {page.dma_index} in the pool's table of mappings{_same(page)}"
    if word is None:
        return "not given"
    if page.is_mapped is False:
        what = (
            "0" if not word else f"{word:016x}, which is not a DMA address but left over from another use of the page"
        )
        return f"{what}: not mapped by its pool, no index"
    return f"address {word:x}{_same(page)}, no index; or left over, if the pool does not map its pages"


def _same(page: Decoded) -> str:
    frame = page.dump.page
    return ", the same as its physical one" if frame is not None and page.words[DMA] == frame << PAGE_SHIFT else ""


def _references(count: int | None) -> str:
    if count is None:
        return "not given"
    if count > BIAS:
        return f"{count:#x}: the pool is cutting this page into fragments"
    if count < 0:
        return f"{count}: more were put than were taken"
    if count == 1:
        return "1: one holder, or none, because the last put leaves it at 1"
    return f"{count}: fragments or packets that have not been put" if count else "0: the last was put"


def _refcount(page: Decoded) -> str:
    word, count = page.words[COUNTS], page.refcount
    if word is None or count is None:
        return "not given"
    kind = word & 0xFFFFFFFF
    rest = "" if kind == 0xFFFFFFFF else f"; mapcount or type {kind:08x}, where a page of a pool has ffffffff"
    return f"{count}{', nothing holds it' if count == 0 else ''}{rest}"


def _bits(page: Decoded) -> str:
    magic = page.words[MAGIC] or 0
    head = "head of a compound page" if magic & HEAD else ""
    reserve = "from the emergency reserves (pfmemalloc), never recycled" if magic & PFMEMALLOC else ""
    charged = f"charged to memory cgroup {page.words[MEMCG]:x}" if page.words[MEMCG] else ""
    return ", ".join(part for part in (head, reserve, charged) if part)


def _rules(page: Decoded) -> list[str]:
    """The invariants that such a page violates."""
    seen = page.dump.is_of_a_free_page
    begin = "The page was given to the page allocator, and" if seen else "If this page is in the page allocator,"
    lines = [f"The rules: {begin} its pool still counts it. That violates", *_invariant(DENIES)]
    if page.is_mapped:
        lines += ["and, unless its pool was destroyed and has unmapped it,", *_invariant(STILL_MAPPED)]
    return lines


def _invariant(invariant: Any) -> list[str]:
    return [f"  {sentence(invariant.__name__)}", f"    {(invariant.__doc__ or '').strip()}"]


def next_steps(page: Decoded) -> list[str]:
    """What to do now."""
    if not page.is_page_pool:
        return ["Next: these words name no pool; look for the page itself in a recording with `poolproof trace`."]
    level = " --level dma" if page.words[DMA] and page.is_mapped is not False else ""
    what = f"pool {page.words[POOL]:x}" if page.words[POOL] else "its pool"
    frame = f" and page 0x{page.dump.page:x}" if page.dump.page is not None else ""
    return [
        "Next:",
        "  the call trace under the dump shows who freed the page past its pool (put_page, not a put of the pool);",
        f"  record a run with what `poolproof record{level}` prints, until the dump comes again;",
        f"  in the report of `poolproof trace` look for {what}{frame}, or for those of the new dump after a reboot.",
    ]
