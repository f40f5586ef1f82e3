# SPDX-License-Identifier: MIT
"""Files as lines of text, plain or packed, from a path or from standard input; binary files are refused."""

from __future__ import annotations

import gzip
import lzma
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import zstandard

STDIN = "-"
CHUNK = 1 << 18
LONGEST = 1 << 16
"""Bytes of the longest line that is read as one."""


class Unreadable(Exception):
    """A file that is not a recording; the message has its name, the reason and the way out."""


class opened:
    """A context manager: the file as stored, and the same file unpacked."""

    def __init__(self, path: str, way_out: str = "give the file of a trace") -> None:
        self.path, self.way_out = path, way_out

    def __enter__(self) -> tuple[IO[bytes], IO[bytes]]:
        try:
            raw = sys.stdin.buffer if self.path == STDIN else Path(self.path).open("rb")
        except OSError as error:
            raise Unreadable(f"{self.path}: {(error.strerror or '').lower()}; {self.way_out}") from None
        self.raw = raw
        return raw, _unpacked(raw)

    def __exit__(self, *_: object) -> None:
        if self.path != STDIN:
            self.raw.close()


def _unpacked(raw: Any) -> IO[bytes]:
    """The unpacked file; the format is derived from its first bytes, not from its name."""
    begins = raw.peek(6)[:6]
    if begins.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.GzipFile(fileobj=raw))
    if begins.startswith(b"\xfd7zXZ\x00"):
        return cast(IO[bytes], lzma.LZMAFile(raw))
    if begins.startswith(b"\x28\xb5\x2f\xfd"):
        return cast(IO[bytes], _Zstd(raw))
    return cast(IO[bytes], raw)


class _Zstd:
    """A file packed with zstd; unlike the library's reader it raises EOFError if the file ends too early."""

    def __init__(self, raw: Any) -> None:
        self.raw, self.text = raw, zstandard.ZstdDecompressor().decompressobj()

    def read1(self, size: int) -> bytes:
        """Some of the text: what about a kilobyte unpacks to, which bounds memory."""
        while packed := self._more():
            if text := self.text.decompress(packed):
                return text
        if not self.text.eof:
            raise EOFError("it ends in the middle")
        return b""

    def _more(self) -> bytes:
        """The next bytes; those behind a frame begin another one."""
        behind: bytes = self.text.unused_data if self.text.eof else b""
        packed = behind or self.raw.read(1024)
        if self.text.eof and packed:
            self.text = zstandard.ZstdDecompressor().decompressobj()
        return bytes(packed)


BINARIES = {b"\x17\x08\x44tra": "trace-cmd report", b"PERFIL": "perf script"}
"""First bytes of binary recordings, and the tool that prints them as text."""


def lines_of(file: Any, path: str, can_be_empty: bool = False) -> Iterator[str]:
    """The lines of a file. Raises Unreadable if it is empty, not text, or ends too early."""
    rest, is_first = "", True
    while chunk := _chunk(file, path):
        if is_first:
            _require_text(chunk, path)
            is_first = False
        *whole, rest = (rest + chunk.decode("utf-8", "replace")).split("\n")
        yield from whole
        if len(rest) > LONGEST:
            yield rest
            rest = ""
    if is_first and not can_be_empty:
        raise Unreadable(f"{path}: is empty; `poolproof record` prints the script that makes a recording")
    if rest:
        yield rest


def _chunk(file: Any, path: str) -> bytes:
    try:
        return bytes(file.read1(CHUNK))
    except (EOFError, lzma.LZMAError, zstandard.ZstdError, gzip.BadGzipFile, OSError) as error:
        reason = str(error).rstrip(".")
        raise Unreadable(f"{path}: cannot be unpacked to its end ({reason}); copy it again") from None
    except Exception as error:
        raise Unreadable(f"{path}: cannot be unpacked ({type(error).__name__}: {error}); copy it again") from None


def _require_text(chunk: bytes, path: str) -> None:
    for begins, tool in BINARIES.items():
        if chunk.startswith(begins):
            raise Unreadable(f"{path}: is a binary recording; print it with `{tool}` and give that text")
    if b"\0" in chunk[:4096]:
        raise Unreadable(f"{path}: is binary; give the text that ftrace, `trace-cmd report` or `perf script` prints")
