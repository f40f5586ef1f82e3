# SPDX-License-Identifier: MIT
"""Runs of the rules written as text: steps by their names, one after the other."""

from __future__ import annotations

from spec.dsl import Instance, Sort, World
from spec.ownership import TINY, ownership

LIVE = "pool_create pool0, alloc_into_pool A pool0"
POSTED = f"{LIVE}, rx_post A frag0 pool0"
RECEIVED = f"{POSTED}, device_done A frag0 pool0, rx_complete A frag0 pool0"
SYNCED = f"{RECEIVED}, sync_for_cpu A frag0 pool0"
HANDED_UP = f"{SYNCED}, pass_up A frag0"
"""The first steps of most stories: eth0 receives a packet into A."""


class Story:
    """A run of the rules in a scope that is tiny but for `sizes`; pool0 is a pool of eth0, the others of `others`."""

    def __init__(self, steps: str, others: str = "eth0", **sizes: int) -> None:
        self.world = World(ownership, {**TINY, **sizes})
        self.sizes = sizes
        self.others = others
        self.code = next(code for code in self.world.initial() if self._is_ours(code))
        self.then(steps)

    def _is_ours(self, code: bytes) -> bool:
        owners = [str(dev) for dev in self.world.values(code)["device_of"].values()]
        return owners == ["eth0", *[self.others] * (len(owners) - 1)]

    def then(self, steps: str) -> Story:
        """Take these steps; each must be permitted, and keep every invariant."""
        for step in filter(None, map(str.strip, steps.split(","))):
            after = self.world.apply(self.code, self._instance(step))
            assert after is not None, f"{step}: {self.world.refusal(self.code, self._instance(step))}"
            assert not list(self.world.violated_by_step(self.code, after)), step
            assert not list(self.world.violated(after)), step
            self.code = after
        return self

    def refuses(self, step: str) -> str:
        """The guard that does not permit this step; empty if it is permitted."""
        return self.world.refusal(self.code, self._instance(step)) or ""

    def is_(self, field: str, *keys: str) -> str:
        """The value of a cell, by name."""
        cells = self.world.values(self.code)[field]
        found = {self._keys(key): value for key, value in cells.items()}
        return str(getattr(found[keys], "name", found[keys]))

    def _instance(self, step: str) -> Instance:
        name, *words = step.split()
        return next(i for i in self.world.instances if str(i) == f"{name}({', '.join(words)})")

    @staticmethod
    def _keys(key: Sort | tuple[Sort, ...]) -> tuple[str, ...]:
        return tuple(map(str, key)) if isinstance(key, tuple) else (str(key),)
