# SPDX-License-Identifier: MIT
"""The lock server that reads that the lock is given back, and leaves the message there.

Source: wilcoxjay/mypyvy at cd80557a, examples/misc/pd/lockserv_unsafe.pyv: lockserv.pyv with one conjunct disabled.
Published (mypyvy): unsafe.
Difference in counting: neither states nor the length of a run are given there. A shortest run has 12 steps: five until
the server has the lock again, three until a client holds it, one in which the old message frees it once more, and
three until another one holds it too.
"""

from dataclasses import replace

from lockserv import MODEL as LOCKSERV  # type: ignore[import-not-found]  # stands beside this file

from spec.dsl import drop
from spec.dsl.ir import changed

MODEL = replace(
    changed(LOCKSERV, "lockserv_unsafe", drop("get_back", "s.returned[c] = False")),
    name="lockserv_unsafe",
    doc="A lock server that gets the same lock back as often as it likes.",
)
