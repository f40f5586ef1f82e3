"""Ctrl-C, heard also where Python loses it: an interrupt that meets a destructor is dropped, and z3 has many."""

from __future__ import annotations

from types import FrameType

import z3

from .watch import WATCH


class Interrupts:
    """Remembers that somebody interrupted, whatever became of the exception."""

    def __init__(self) -> None:
        self.heard = False

    def listen(self) -> None:
        """From now on, remember each interrupt; z3 is not to answer it instead."""
        z3.set_param("ctrl_c", False)
        WATCH.listen(self._hear)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.heard = True
        raise KeyboardInterrupt

    def look(self) -> None:
        """Interrupt now, if an interrupt was heard before."""
        if self.heard:
            raise KeyboardInterrupt


INTERRUPTS = Interrupts()
