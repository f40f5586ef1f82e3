# SPDX-License-Identifier: MIT
"""What a text seems to be that is not a trace, and why a line of a trace was not parsed, each with the way out."""

from __future__ import annotations

import re
from collections.abc import Sequence

RECORD = "`poolproof record` prints the script that makes a recording"

KINDS: tuple[tuple[str, str, str], ...] = (
    (r"^#!/bin/\w*sh\b|^(?:import|from) \w+|^\s*def \w+\(|^#include\b", "source text", RECORD),
    (r"^Attaching \d+ probes|^tracepoint:\w+:", "the output of bpftrace", RECORD),
    (r"\braw: [0-9a-f]{8,16} |page dumped because", "the dump of a page", "`poolproof decode -` explains it"),
    (r"^Leaked page: 0x|^ADDRESS +VALUE", "drgn's list of leaked pages", RECORD),
    (r"""['"](?:napi-id|detach-time|inflight-mem)['"]:""", "a netlink dump of page pools", RECORD),
    (r"^NIC statistics:|^ *rx_pp_\w+:", "the statistics of `ethtool -S`", RECORD),
    (r'"#meta": *\{', "a run saved by `poolproof check --trace-dir`", "`poolproof replay` runs it again"),
    (r"^\s*<(?:!DOCTYPE|html|\?xml)", "a page of the web", "save the trace as plain text"),
    (r"^\s*[\[{]\s*(?:[\"'\]}{]|$)", "JSON or the like", RECORD),
)
"""A pattern of a text, what it then seems to be, and the way out."""

QUOTES = ("source text", "a page of the web", "JSON or the like")
"""Kinds of texts that quote messages of the kernel and are not logs."""

A_LOG = "a log of the kernel, without a message about pools that is known", "give it with --dmesg, beside a trace"


def kind(sample: Sequence[str], is_log: bool) -> tuple[str, str] | None:
    """What these lines seem to be, and the way out; None if unknown."""
    text = "\n".join(sample)
    for pattern, what, way in KINDS:
        if re.search(pattern, text, re.MULTILINE):
            return what, way
    return A_LOG if is_log else None


MENDED = "repair them, or put `CPU:0 [LOST 1 EVENTS]` in the place of each: what depends on them is not judged then"

WHY: tuple[tuple[str, str], ...] = (
    (r"\x1b\[", "colour codes stand in it: copy without them (grep --color=never)"),
    (r"\r.", "its lines end in CR alone: tr '\\r' '\\n' <FILE"),
    (
        r"\(_*ptrval_*\)",
        "pointers are not printed, for the kernel had no randomness yet: `echo 0 >options/hash-ptr`, and record again",
    ),
    (r"=0x[0-9a-f]+ \(-?\d+\)", "fields are printed raw: `echo 0 >options/fields`, and print it again"),
    (
        r"\d+us?[ +!#*@$]*: ",
        "it is in the latency format, or dumped into a log: `echo 0 >options/latency-format`, and print it again",
    ),
    (r"\S-\d+ +\d+\S{4,7} +\d+\.\d+: ", "it is in the latency format: `trace-cmd report` prints it without -l"),
)
"""A pattern of a line that was not parsed, the reason, and the way out."""

UNKNOWN = f"it is cut or wrapped, or has fields that are not known; {MENDED}"


def why(line: str) -> str:
    """Why a line of a trace was not parsed, and the way out."""
    return next((reason for pattern, reason in WHY if re.search(pattern, line.rstrip("\r"))), UNKNOWN)


def printable(line: str) -> str:
    """A line from outside made safe to print: shortened, and without control characters."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in " ".join(line[:400].split(" ")).strip())[:160]
