# SPDX-License-Identifier: MIT
"""Ctrl-C, remembered where Python loses it: an interrupt during a destructor is dropped, and z3 has many."""

from __future__ import annotations

from types import FrameType

import z3

from .watch import WATCH


class Interrupts:
    """Whether there was an interrupt, whatever became of its exception."""

    def __init__(self) -> None:
        self.heard = False

    def listen(self) -> None:
        """From now on remember each interrupt; z3 does not handle it itself."""
        z3.set_param("ctrl_c", False)
        WATCH.listen(self._hear)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.heard = True
        raise KeyboardInterrupt

    def look(self) -> None:
        """Raise KeyboardInterrupt if there was an interrupt before."""
        if self.heard:
            raise KeyboardInterrupt


INTERRUPTS = Interrupts()
