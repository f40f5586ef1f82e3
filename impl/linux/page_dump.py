"""The raw words of a "Bad page state" dump: is it a page of a pool, of which one, mapped where, how often referred to.

A `struct page` of a 64-bit kernel is eight words; the kernel prints them as two lines that begin with `raw:`. For a
page of a page_pool they are

    flags     pp_magic      pp                   (padding)
    dma_addr  pp_ref_count  mapcount, _refcount  memcg

on every kernel from 6.1 (where the sixth word is pp_frag_count) to those of 2026. Words are little-endian: of the
seventh the low half is the mapcount or the type of the page, the high half the reference count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from spec import invariants

WORDS = 8
FLAGS, MAGIC, POOL, PADDING, DMA, REFERENCES, COUNTS, MEMCG = range(WORDS)
NAMES = ("flags", "pp_magic", "pp", "padding", "dma_addr", "pp_ref_count", "counts", "memcg")

SIGNATURE = 0xDEAD000000000040
INDEX_SHIFT, INDEX_BITS = 7, 32
INDEX = ((1 << INDEX_BITS) - 1) << INDEX_SHIFT
HEAD, PFMEMALLOC = 1, 2
"""PP_SIGNATURE on x86-64, where the DMA index lies in it, and the two bits that belong to the page allocator."""

KERNEL_SPACE = 0xFF << 56
PAGE_SHIFT = 12
BIAS = 1 << 61
"""More references than this are the stock of a page that is being cut into fragments (BIAS_MAX)."""

POISON = {
    0: "pp_magic is 0: no pool counts this page, or its pool has let go of it already",
    0xDEAD000000000100: "pp_magic is LIST_POISON1: the page was taken off a list, and is in no pool",
    0xDEAD000000000122: "pp_magic is LIST_POISON2: the page was taken off a list, and is in no pool",
}
"""What stands where the magic would be, if the page is something else."""

LEAK = "page_pool leak"
DENIES = invariants.a_page_has_a_home_exactly_while_a_pool_counts_it
STILL_MAPPED = invariants.a_free_page_is_unmapped_unreferenced_and_clean


class NotWords(Exception):
    """Text without the words of a page; the message says what was found, what is needed, and the way out."""


@dataclass(frozen=True)
class Dump:
    """What the text says beside the words; empty where it does not."""

    process: str = ""
    page: int | None = None
    because: str = ""
    kernel: str = ""
    further: int = 0

    @property
    def is_of_a_free_page(self) -> bool:
        """Did the page allocator print it, about a page that was given to it?"""
        return bool(self.process) or bool(self.because)


@dataclass(frozen=True)
class Decoded:
    """One page: its words (None where they were not given), and what is known of it beside them."""

    words: tuple[int | None, ...]
    dump: Dump

    @property
    def is_page_pool(self) -> bool:
        """Does it carry the signature of a pool?"""
        return has_signature(self.words[MAGIC])

    @property
    def dma_index(self) -> int:
        """The number of the mapping in the pool's table of mappings; 0 on kernels without one, or if not mapped."""
        return ((self.words[MAGIC] or 0) & INDEX) >> INDEX_SHIFT if self.is_page_pool else 0

    @property
    def references(self) -> int | None:
        """References that go through the pool: fragments, packets."""
        word = self.words[REFERENCES]
        return None if word is None else _signed(word, 64)

    @property
    def refcount(self) -> int | None:
        """References of the page allocator."""
        word = self.words[COUNTS]
        return None if word is None else _signed(word >> 32, 32)

    @property
    def is_mapped(self) -> bool | None:
        """Had the pool mapped it? None if the words do not say: without an index an address may be left over."""
        if self.dma_index:
            return True
        word = self.words[DMA]
        return None if word is None or _is_dma_address(word) else False

    def lines(self) -> list[str]:
        """The explanation, line by line."""
        said = [*_about(self.dump), self.verdict]
        if self.is_page_pool:
            said += [*_fields(self), f"  kernels:         {kernels(self)}", *_rules(self)]
        return [*said, *next_steps(self)]

    @property
    def verdict(self) -> str:
        """Is it a page of a page_pool, and why (not)?"""
        if self.is_page_pool:
            return f"This is a page of a page_pool: pp_magic is {self.words[MAGIC]:016x}."
        return f"This is not a page of a page_pool: {why_not(self.words[MAGIC])}."

    def as_json(self) -> dict[str, Any]:
        """The record for other tools; addresses are text in hexadecimal, what is not known is null."""
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
    """What the pasted words of a page say: the words alone, the `raw:` lines, or the whole dump."""
    if leaked := DRGN.findall(text):
        raise NotWords(f"{', '.join(leaked[:4])}{', ...' if len(leaked) > 4 else ''}: {A_LIST}")
    first, *further = _dumps(_unquoted(text))
    words = _placed(_words(first))
    return Decoded(words, _said(first, len(further)))


# -- reading -----------------------------------------------------------------------------------------------------------

WORD = re.compile(r"(?<![\w.:])(?:0x)?([0-9a-f]{16})(?![\w.])", re.ASCII | re.IGNORECASE)
ALONE = re.compile(r"(?:0x)?([0-9a-f]{1,16})", re.ASCII | re.IGNORECASE)
SHORT = re.compile(r"(?<![\w.:])(?:0x)?([0-9a-f]{8})(?![\w.])", re.ASCII | re.IGNORECASE)
PROCESS = re.compile(r"Bad page state in process (\S+)")
FRAME = re.compile(r"\bpfn:(?:0x)?([0-9a-f]{1,16})\b", re.ASCII)
BECAUSE = re.compile(r"page dumped because: ([^\r\n]+)")
VERSION = re.compile(
    r"\b(\d{1,3}\.\d{1,3}\.\d{1,3}[\w.+~-]*)\s+(?:[>|]\s*)*#\d|Linux version (\d+\.\d+[\w.+~-]*)", re.ASCII
)
GIVE = "give the two lines of the dump that begin with `raw:`"
DRGN = re.compile(r"Leaked page: (0x[0-9a-f]+)", re.ASCII)
A_LIST = (
    "drgn's list of leaked pages, which shows what the pages hold and not the words of their struct pages; "
    f"look for them in a recording with `poolproof trace`, or {GIVE}"
)
SOFT = re.compile(r"=[ \t]*\r?\n")
ESCAPED = re.compile(r"=([0-9A-F]{2})")
"""What quoted-printable, a coding of mails, does: a line ends with `=` where it was cut, and signs are escaped."""
QUOTE = re.compile(r"^[>|\s]+")
WHOLE = re.compile(r"(?:0x)?([0-9a-f]{16})[,;]?", re.ASCII | re.IGNORECASE)
PIECE = re.compile(r"[0-9a-f]{1,15}", re.ASCII | re.IGNORECASE)


def _dumps(text: str) -> list[str]:
    """The text of each dump, from its first line on; text without that line is one."""
    starts = [m.start() for m in re.finditer("BUG: Bad page state", text)] or [0]
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]


def _said(text: str, further: int) -> Dump:
    process, page, because, version = (p.search(text) for p in (PROCESS, FRAME, BECAUSE, VERSION))
    return Dump(
        process[1] if process else "",
        int(page[1], 16) if page else None,
        because[1].strip() if because else "",
        (version[1] or version[2]) if version else "",
        further,
    )


def _unquoted(text: str) -> str:
    """The text as it was before a mail was coded as quoted-printable, if it was."""
    if not SOFT.search(text):
        return text
    return ESCAPED.sub(lambda m: chr(int(m[1], 16)), SOFT.sub("", text))


def _words(text: str) -> list[int | None]:
    """The words, in their order: after `raw:` if that is there, before whatever follows them."""
    _, marked, rest = text.partition("raw:")
    body = rest.partition("page dumped because")[0]
    found = [word for line in body.split("raw:") for word in _line(line)] if marked else _bare(text)
    if not any(len(word) == 16 for word in found):
        raise NotWords(_nothing(text))
    return [int(word, 16) if word else None for word in found[: 4 * WORDS]]


def _line(text: str) -> list[str]:
    """The words of one `raw:` line, filled up to four: what is missing must not shift the next line."""
    found: list[str] = []
    for n, token in _tokens(text):
        if word := WHOLE.fullmatch(token):
            found.append(word[1])
        elif SHORT.fullmatch(token):
            raise NotWords(_nothing(token))
        elif n == 0 or PIECE.fullmatch(token):
            raise NotWords(_damaged(token))
        if not word or len(found) == 4:
            break
    return found + [""] * (-len(found) % 4)


def _tokens(text: str) -> list[tuple[int, str]]:
    """What stands on each line; two pieces of a word that was cut between two lines are one, if it then is whole."""
    tokens: list[tuple[int, str]] = []
    for n, line in enumerate(text.splitlines()):
        first, *more = (QUOTE.sub("", line) if n else line).split() or [""]
        if tokens and PIECE.fullmatch(tokens[-1][1]) and WHOLE.fullmatch(tokens[-1][1] + first):
            tokens[-1] = tokens[-1][0], tokens[-1][1] + first
            first = ""
        tokens += [(n, token) for token in (first, *more) if token]
        if len(tokens) > WORDS:
            break
    return tokens


def _damaged(token: str) -> str:
    """Why words are not taken that stand beside something else."""
    return f"{token[:40]!r}: is no word of 16 hexadecimal digits, where one must be; words were cut or changed; {GIVE}"


def _bare(text: str) -> list[str]:
    """The words of a text without marks, which must be nothing but words; shorter ones count then, too."""
    alone = [ALONE.fullmatch(token) for token in re.split(r"[\s,]+", text) if token]
    return [m[1] for m in alone if m] if all(alone) else []


def _nothing(text: str) -> str:
    """Why there are no words in a text."""
    if short := SHORT.findall(text):
        return f"{short[0]}: is a word of 32 bits; words of a 64-bit kernel have 16 digits, and only those are decoded"
    begins = " ".join(text.split())[:40] or "nothing"
    return f"{begins!r}: has no word of 16 hexadecimal digits; {GIVE}"


def _placed(words: list[int | None]) -> tuple[int | None, ...]:
    """The words in their places: the magic is the second of a page, wherever the pasted text begins."""
    given = [word for word in words if word is not None]
    at = next((n for n, word in enumerate(words) if has_signature(word)), None)
    if at is None and len(given) < 2:
        raise NotWords(f"{given[0]:016x}: is one word, and not that of a page_pool; {GIVE}")
    placed = [None, *words] if at == 0 else words[at - MAGIC :] if at else words
    return (*placed, *[None] * WORDS)[:WORDS]


# -- understanding -----------------------------------------------------------------------------------------------------


def has_signature(word: int | None) -> bool:
    """Is this word a pool's magic, whatever its DMA index and the two bits of the page allocator are?"""
    return word is not None and word & ~(INDEX | HEAD | PFMEMALLOC) == SIGNATURE


def why_not(word: int | None) -> str:
    """What stands where a pool would have written its magic."""
    if word is None:
        return "its second word, where pp_magic is, was not given"
    if word in POISON:
        return POISON[word]
    if word >= KERNEL_SPACE:
        return f"its second word {word:016x} is a kernel address, a list or a head page, and not {SIGNATURE:016x}"
    return f"its second word {word:016x} is not {SIGNATURE:016x}, whatever its DMA index were"


def kernels(page: Decoded) -> str:
    """Which kernels lay a page out like this."""
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
    """Could a pool have got this from the DMA API? Pools map whole pages; kernel addresses are no DMA addresses."""
    return 0 < word < KERNEL_SPACE and word % (1 << PAGE_SHIFT) == 0


# -- telling -----------------------------------------------------------------------------------------------------------


def _about(dump: Dump) -> list[str]:
    """What the text around the words says."""
    page = f"page 0x{dump.page:x}" if dump.page is not None else ""
    process = f"given back by process {dump.process}" if dump.process else ""
    because = f"dumped because: {dump.because}" if dump.because else ""
    kernel = f"kernel {dump.kernel}" if dump.kernel else ""
    said = ", ".join(part for part in (page, process, because, kernel) if part)
    more = [f"The text has {dump.further} more dumps; this is the first. Decode them one at a time."]
    return ([said[0].upper() + said[1:] + "."] if said else []) + (more if dump.further else [])


def _fields(page: Decoded) -> list[str]:
    said = {
        "pool": _pool(page.words[POOL]),
        "DMA": _dma(page),
        "pp references": _references(page.references),
        "reference count": _refcount(page),
        "page": _bits(page),
    }
    return [f"  {name + ':':16} {text}" for name, text in said.items() if text]


def _pool(word: int | None) -> str:
    if word is None:
        return "not given"
    if word < KERNEL_SPACE:
        return f"{word:016x}, which is no kernel address: the page was overwritten, or is half released"
    return f"{word:016x}"


def _dma(page: Decoded) -> str:
    word = page.words[DMA]
    if page.dma_index:
        where = f"address {word:x}, " if word is not None else ""
        return f"{where}index {page.dma_index} in the pool's table of mappings{_same(page)}"
    if word is None:
        return "not given"
    if page.is_mapped is False:
        what = "0" if not word else f"{word:016x}, which is no DMA address but left over from another use of the page"
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
    return f"{count}{', nobody holds it' if count == 0 else ''}{rest}"


def _bits(page: Decoded) -> str:
    magic = page.words[MAGIC] or 0
    head = "head of a compound page" if magic & HEAD else ""
    reserve = "from the emergency reserves (pfmemalloc), never recycled" if magic & PFMEMALLOC else ""
    charged = f"charged to memory cgroup {page.words[MEMCG]:x}" if page.words[MEMCG] else ""
    return ", ".join(part for part in (head, reserve, charged) if part)


def _rules(page: Decoded) -> list[str]:
    """What the rules say of such a page."""
    seen = page.dump.is_of_a_free_page
    begin = "The page was given to the page allocator, and" if seen else "If this page is in the page allocator,"
    said = [f"The rules: {begin} its pool still counts it. That breaks", *_invariant(DENIES)]
    if page.is_mapped:
        said += ["and, unless its pool was destroyed and has unmapped it,", *_invariant(STILL_MAPPED)]
    return said


def _invariant(invariant: Any) -> list[str]:
    return [f"  {invariant.__name__}", f"    {(invariant.__doc__ or '').strip()}"]


def next_steps(page: Decoded) -> list[str]:
    """What to do now."""
    if not page.is_page_pool:
        return ["Next: no pool is told by these words; `poolproof trace` looks for the page itself in a recording."]
    level = " --level dma" if page.words[DMA] and page.is_mapped is not False else ""
    what = f"pool {page.words[POOL]:x}" if page.words[POOL] else "its pool"
    frame = f" and page 0x{page.dump.page:x}" if page.dump.page is not None else ""
    return [
        "Next:",
        "  the call trace under the dump shows who gave the page back past its pool (put_page, not a put of the pool);",
        f"  record a run with what `poolproof record{level}` prints, until the dump comes again;",
        f"  in what `poolproof trace` says of it look for {what}{frame}, or for those of the new dump after a reboot.",
    ]
