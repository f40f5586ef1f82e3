# SPDX-License-Identifier: MIT
"""The words of a `struct page` in pasted text: a dump, its `raw:` lines, a mail that quotes them, or words alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

WORDS = 8
FLAGS, MAGIC, POOL, PADDING, DMA, REFERENCES, COUNTS, MEMCG = range(WORDS)
NAMES = ("flags", "pp_magic", "pp", "padding", "dma_addr", "pp_ref_count", "counts", "memcg")

SIGNATURE = 0xDEAD000000000040
INDEX_SHIFT, INDEX_BITS = 7, 32
INDEX = ((1 << INDEX_BITS) - 1) << INDEX_SHIFT
HEAD, PFMEMALLOC = 1, 2
"""PP_SIGNATURE on x86-64, the bits of the DMA index in it, and the two bits of the page allocator."""


class NotWords(Exception):
    """Text without the words of a page; the message has what was found, the rule and the way out."""


@dataclass(frozen=True)
class Dump:
    """The facts of a dump beside the words; empty where they are not given. `further` counts more dumps in the text."""

    process: str = ""
    page: int | None = None
    because: str = ""
    kernel: str = ""
    further: int = 0

    @property
    def is_of_a_free_page(self) -> bool:
        """True if the page allocator printed the dump, about a page that was freed."""
        return bool(self.process) or bool(self.because)


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
"""Quoted-printable, an encoding of mails: a line that was cut ends with `=`, and characters are escaped."""
QUOTE = re.compile(r"^[>|\s]+")
WHOLE = re.compile(r"(?:0x)?([0-9a-f]{16})[,;]?", re.ASCII | re.IGNORECASE)
PIECE = re.compile(r"[0-9a-f]{1,15}", re.ASCII | re.IGNORECASE)


def parsed(text: str) -> tuple[tuple[int | None, ...], Dump]:
    """The words of a page in their places, None where they are not given, and the other facts of the text.

    Raises NotWords.
    """
    if leaked := DRGN.findall(text):
        raise NotWords(f"{', '.join(leaked[:4])}{', ...' if len(leaked) > 4 else ''}: {A_LIST}")
    first, *further = _dumps(_unquoted(text))
    return _placed(_words(first)), _dump(first, len(further))


def _dumps(text: str) -> list[str]:
    """The text of each dump from its first line on; text without such a line is one dump."""
    starts = [m.start() for m in re.finditer("BUG: Bad page state", text)] or [0]
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]


def _dump(text: str, further: int) -> Dump:
    process, page, because, version = (p.search(text) for p in (PROCESS, FRAME, BECAUSE, VERSION))
    return Dump(
        process[1] if process else "",
        int(page[1], 16) if page else None,
        because[1].strip() if because else "",
        (version[1] or version[2]) if version else "",
        further,
    )


def _unquoted(text: str) -> str:
    """The text decoded from quoted-printable, if it is encoded."""
    if not SOFT.search(text):
        return text
    return ESCAPED.sub(lambda m: chr(int(m[1], 16)), SOFT.sub("", text))


def _words(text: str) -> list[int | None]:
    """The words in their order: those of the `raw:` lines if there are any, else the whole text."""
    _, marked, rest = text.partition("raw:")
    body = rest.partition("page dumped because")[0]
    found = [word for line in body.split("raw:") for word in _line(line)] if marked else _bare(text)
    if not any(len(word) == 16 for word in found):
        raise NotWords(_no_words(text))
    return [int(word, 16) if word else None for word in found[: 4 * WORDS]]


def _line(text: str) -> list[str]:
    """The words of one `raw:` line, filled up to four, so that a missing one does not shift the next line."""
    found: list[str] = []
    for n, token in _tokens(text):
        if word := WHOLE.fullmatch(token):
            found.append(word[1])
        elif SHORT.fullmatch(token):
            raise NotWords(_no_words(token))
        elif n == 0 or PIECE.fullmatch(token):
            raise NotWords(_damaged(token))
        if not word or len(found) == 4:
            break
    return found + [""] * (-len(found) % 4)


def _tokens(text: str) -> list[tuple[int, str]]:
    """The tokens with their lines; two pieces of a word cut between lines are joined if the result is whole."""
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
    """The message for a token that is not a word."""
    return f"{token[:40]!r}: is not a word of 16 hexadecimal digits; words were cut or changed; {GIVE}"


def _bare(text: str) -> list[str]:
    """The words of a text without `raw:`, which must be nothing but words; shorter ones are allowed then."""
    alone = [ALONE.fullmatch(token) for token in re.split(r"[\s,]+", text) if token]
    return [m[1] for m in alone if m] if all(alone) else []


def _no_words(text: str) -> str:
    """The message for a text without words."""
    if short := SHORT.findall(text):
        return f"{short[0]}: is a word of 32 bits; words of a 64-bit kernel have 16 digits, and only those are decoded"
    begins = repr(" ".join(text.split())[:40]) if text.strip() else "empty text"
    return f"{begins}: has no word of 16 hexadecimal digits; {GIVE}"


def _placed(words: list[int | None]) -> tuple[int | None, ...]:
    """The words in their places: the magic is the second word of a page, wherever the pasted text begins."""
    given = [word for word in words if word is not None]
    at = next((n for n, word in enumerate(words) if has_signature(word)), None)
    if at is None and len(given) < 2:
        raise NotWords(f"{given[0]:016x}: is one word, and not the magic of a page_pool; {GIVE}")
    placed = [None, *words] if at == 0 else words[at - MAGIC :] if at else words
    return (*placed, *[None] * WORDS)[:WORDS]


def has_signature(word: int | None) -> bool:
    """True if a word is a pool's magic, with any DMA index and any bits of the page allocator."""
    return word is not None and word & ~(INDEX | HEAD | PFMEMALLOC) == SIGNATURE
