# SPDX-License-Identifier: MIT
"""The command is typed as in the tests of the command, and nothing that was proved before is remembered."""

from __future__ import annotations

import pytest

from tests.poolproof.conftest import desk, run_cli

__all__ = ["desk", "run_cli"]


@pytest.fixture
def no_memory(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is proved here is proved here."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
