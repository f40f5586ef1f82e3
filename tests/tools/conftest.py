# SPDX-License-Identifier: MIT
"""An empty directory for the tests of tools, as those of the command have it."""

from tests.poolproof.conftest import desk as desk
