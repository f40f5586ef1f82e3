# SPDX-License-Identifier: MIT
"""Commands as processes of their own that begin with the models already read: a server forks them.

What a test types into a shell takes seconds of reading; here that is done once. The command itself, with its console,
its width and its streams, is begun anew each time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing import get_context
from pathlib import Path

from checkers import simulate
from impl.linux.conformance import holders
from poolproof import output_files, print_proof, questions

READ = (output_files, print_proof, questions, simulate, holders)
"""The slow imports. `poolproof.output` is not among them: it reads the width of the terminal when it is imported."""

FORKS = get_context("forkserver")
FORKS.set_forkserver_preload([__name__])


def typed(*words: str, env: Mapping[str, str], check: bool = False) -> subprocess.CompletedProcess[str]:
    """What the command does in the current directory; everything it printed is here when it has ended."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = FORKS.Process(target=_begin, args=(words, Path.cwd(), dict(env), (out, err)))
        process.start()
        process.join()
        code = process.exitcode
        process.close()
        texts = [p.read_text("utf-8") if p.exists() else "" for p in (out, err)]
    assert code is not None
    done = subprocess.CompletedProcess(words, code, *texts)
    if check:
        done.check_returncode()
    return done


def _begin(words: tuple[str, ...], directory: Path, env: dict[str, str], streams: tuple[Path, ...]) -> None:
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(env)
    for number, path in enumerate(streams, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    sys.argv = ["poolproof", *words]

    from poolproof.__main__ import main

    main()
