# SPDX-License-Identifier: MIT
"""The compiled parts as Python objects: the model, its tables, and the search over them."""

from __future__ import annotations

import ctypes
import os
from concurrent.futures import ThreadPoolExecutor
from ctypes import Structure, byref, c_char_p, c_double, c_int, c_uint8, c_uint32, c_uint64, c_void_p
from dataclasses import dataclass, replace
from math import comb

from .build import loaded
from .declarations import enum, fields, numbers
from .generate import Model
from .layout import WORD

TRIES = 30_000_000
"""Steps that the closure of page records may take; beyond it evaluated code is used."""

State = tuple[int, ...]
"""A stored state as words."""

_FORMS, _STOPS = numbers("FORM_"), enum("search_stop")
PLAIN, UNARY, GROUP, EVALUATED = (_FORMS[f"FORM_{name}"] for name in ("PLAIN", "UNARY", "GROUP", "EVALUATED"))
FINISHED, SLICE, STATES, MEMORY, FAILED, FOUND = (
    _STOPS[f"STOP_{name}"] for name in ("FINISHED", "SLICE", "STATES", "MEMORY", "FAILED", "FOUND")
)


class Report(Structure):
    """The counts of a search, as in api.h."""

    _fields_ = fields("search_report")


TABLES = ("intern", "closure", "tables")
"""The units of the tables, in the order in which they are compiled as one."""
FORMS = {
    PLAIN: ("form_plain", "form_tabled"),
    UNARY: ("form_unary", "form_tabled"),
    GROUP: ("form_group", "form_tabled"),
    EVALUATED: ("form_evaluated",),
}


def units(*names: str) -> str:
    """The text of one translation unit that consists of these."""
    return "".join(f'#include "{name}.c"\n' for name in names)


def search_units(form: int) -> str:
    """The text of the search for states that are kept so."""
    return units("intern", "level", "state_set", *FORMS[form], "search", "results", "ends", "checkpoint")


@dataclass(frozen=True)
class Config:
    """The parameters a search is compiled for; `space` is the number of ranks of a dense one."""

    form: int
    dense: bool
    words: int
    space: int
    sizes: dict[str, int]
    level: str = "-O2"

    def tuned(self, level: str, sizes: dict[str, int]) -> Config:
        """The same with other parameters of speed, which change no result."""
        return replace(self, level=level or self.level, sizes={**self.sizes, **sizes})

    @property
    def flags(self) -> tuple[str, ...]:
        macros = {**self.sizes, "FORM": self.form, "DENSE": int(self.dense), "WORDS": self.words}
        return (self.level, *(f"-D{name}={value}" for name, value in macros.items()))

    @property
    def name(self) -> str:
        """The storage of states as text."""
        how = "evaluated" if self.form == EVALUATED else "tables"
        return f"{how}, {'bitmap' if self.dense else 'hash set'}"


class Compiled:
    """A model compiled to C, with its tables if it has any."""

    def __init__(self, model: Model, evaluate: bool = False, level: str = "") -> None:
        self.model = model
        self.is_tabled = model.is_tabled and not evaluate
        with ThreadPoolExecutor(1) as beside:
            tables = beside.submit(loaded, "tables", units(*TABLES), "-O2") if self.is_tabled else None
            self.library = loaded(f"model-{model.machine.name}", model.source(), *self._flags(level))
        self.at = ctypes.addressof(c_void_p.in_dll(self.library, "model"))
        self.heard_words = len(model.guards.numbers) // 64 + 1
        self.heard = (c_uint64 * (2 * self.heard_words)).in_dll(self.library, "heard")
        self.tables: int | None = None
        self.failed = ""
        if tables:
            self._close(tables.result())

    def _flags(self, level: str) -> tuple[str, ...]:
        """The compiler flags: code that fills tables runs rarely, evaluated code for every step."""
        return (level or "-Og",) if self.is_tabled else (level or "-O3", "-DEVALUATED")

    def _close(self, code: ctypes.CDLL) -> None:
        """Compute the closure of page records, and the tables."""
        code.tables_new.restype = c_void_p
        code.tables_new.argtypes = [c_void_p, c_uint64]
        code.tables_failed.restype = c_char_p
        for name in ("records", "rests", "lane_words", "failed"):
            getattr(code, f"tables_{name}").argtypes = [c_void_p]
        self.tables = code.tables_new(self.at, TRIES)
        self.records, self.rests = code.tables_records(self.tables), code.tables_rests(self.tables)
        self.lane_words = code.tables_lane_words(self.tables)
        self.failed = (code.tables_failed(self.tables) or b"").decode()

    def config(self, most_dense: int, dense: bool = True) -> Config | None:
        """The configuration with tables, with a bitmap of at most `most_dense` bytes; None if states are too wide."""
        pages, symmetry = self.model.layout.pages, self.model.symmetry
        is_sorted, moves = symmetry.sorts_pages, len(symmetry.moves)
        bits, rest_bits = max(1, (self.records - 1).bit_length()), max(1, (self.rests - 1).bit_length())
        unary = is_sorted and not moves and pages + self.records - 1 + rest_bits <= WORD
        form = UNARY if unary else GROUP if is_sorted or moves else PLAIN
        words = 1 if unary or bits * pages + rest_bits <= WORD else 2
        space = self.rests * (comb(self.records + pages - 1, pages) if is_sorted else self.records**pages)
        if bits * pages + rest_bits > 2 * 64 - 1:
            return None
        sizes = dict(
            PAGES=pages, LANE_WORDS=self.lane_words, SORTED=int(is_sorted), MOVES=moves,
            REST_COUNTS=int(self.model.counts_rest), MOVES_REST=int(self.model.moves_rest),
        )  # fmt: skip
        if form != GROUP:
            sizes |= dict(RECORDS=self.records, BITS=bits)
        return Config(form, dense and space // 8 <= most_dense, words, space, sizes)

    def evaluated(self) -> Config:
        """The configuration without tables."""
        sizes = dict(PAGES=self.model.layout.pages, RECORDS=1, BITS=1, SORTED=0, MOVES=0, LANE_WORDS=1)
        return Config(EVALUATED, False, self.model.layout.words, 0, sizes)


def searcher(config: Config) -> ctypes.CDLL:
    """The search compiled for this configuration."""
    return loaded("search", search_units(config.form), *config.flags)


class NoMemory(Exception):
    """There is not enough memory to start a search."""


class EndMarks:
    """The states of a search from which some run leads to a final one, marked in slices of time."""

    def __init__(self, search: Search) -> None:
        self.search, self.code = search, search.code
        self.code.ends_new.restype = c_void_p
        self.code.ends_run.argtypes = [c_void_p, c_double]
        self.code.ends_stuck.restype = c_uint64
        made = self.code.ends_new(search.at)
        if not made:
            raise NoMemory
        self.at = c_void_p(made)

    def run(self, seconds: float) -> bool:
        """Continue for these seconds; True when every such state is marked."""
        return bool(self.code.ends_run(self.at, seconds))

    def stuck(self, most: int) -> tuple[int, int, list[State]]:
        """The number of states that are not marked, the least depth of one, and the nearest of them."""
        words, depth = self.search.config.words, c_uint32(0)
        flat = (c_uint64 * (most * words))()
        count = int(self.code.ends_stuck(self.at, flat, c_uint64(most), byref(depth)))
        states = [tuple(flat[at : at + words]) for at in range(0, min(count, most) * words, words)]
        return count, depth.value, states

    def close(self) -> None:
        self.code.ends_free(self.at)


class Search:
    """One search in C, paused between calls so that Python can check, stop or save it."""

    def __init__(self, compiled: Compiled, config: Config, threads: int, most_bytes: int, keep_from: int = -1) -> None:
        self.compiled, self.config = compiled, config
        self.code = searcher(config)
        self.code.search_new.restype = c_void_p
        self.code.search_new.argtypes = [c_void_p, c_void_p, c_uint32, c_uint64, c_int, c_uint64]
        self.code.search_run.argtypes = [c_void_p, c_double, c_uint64, c_uint64, c_uint32, c_uint64, c_uint64]
        self.word = c_uint64 * config.words
        made = self.code.search_new(compiled.at, compiled.tables, threads, config.space, keep_from, most_bytes)
        if not made:
            raise NoMemory
        self.at, self.threads, self.most_bytes = c_void_p(made), threads, most_bytes

    def run(self, seconds: float, states: int = 0, depth: int = 0, until: int = 0) -> int:
        """Continue for these seconds, or up to a limit; returns the reason why it paused."""
        low, high = until & (1 << 64) - 1, until >> 64
        return int(self.code.search_run(self.at, seconds, states, self.most_bytes, depth, low, high))

    def report(self) -> tuple[Report, list[int]]:
        """The counts so far, and how often each action was taken."""
        report, fired = Report(), (c_uint64 * len(self.compiled.model.machine.actions))()
        self.code.search_report(self.at, byref(report), fired)
        return report, list(fired)

    def found(self, claim: int) -> tuple[int, tuple[int, ...]] | None:
        """The depth and the state at which a claim was found, if it was."""
        state = self.word()
        depth = self.code.search_found(self.at, c_uint32(claim), state)
        return None if depth < 0 else (depth, tuple(state))

    def failed(self) -> tuple[int, ...] | None:
        """A state in which an action leaves the bounds of a field, if there is one."""
        state = self.word()
        return tuple(state) if self.code.search_failed(self.at, state) else None

    def bytes_of(self, state: tuple[int, ...]) -> bytes:
        """A state as coded by the Python engine."""
        code = (c_uint8 * (self.compiled.model.layout.cells + 1))()
        self.code.search_code(self.at, self.word(*state), code)
        return bytes(code)[:-1]

    def back(self, level: int, states: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
        """For each state the least predecessor in a level, in a search that stores its levels."""
        flat = (c_uint64 * (len(states) * self.config.words))(*(w for state in states for w in state))
        from_ = (c_uint64 * len(flat))()
        self.code.search_back(self.at, c_uint32(level), c_uint32(len(states)), flat, from_)
        words = self.config.words
        return [tuple(from_[i : i + words]) for i in range(0, len(from_), words)]

    def look(self) -> None:
        """Check invariants on the unexpanded states of a stopped search; it cannot be continued afterwards."""
        self.code.search_check_frontier(self.at)

    def save(self, path: str) -> None:
        """Append the search to a file; raises OSError."""
        if why := self.code.search_save(self.at, path.encode()):
            raise OSError(why, os.strerror(why), path)

    def load(self, path: str, skip: int, threads: int) -> bool:
        return bool(self.code.search_load(self.at, path.encode(), c_uint64(skip), c_uint32(threads)))

    def forget(self) -> None:
        """Free the memory of the states; only the findings are left."""
        self.code.search_forget(self.at)

    def close(self) -> None:
        self.code.search_free(self.at)
