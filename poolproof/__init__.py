# SPDX-License-Identifier: MIT
"""The `poolproof` command."""

__version__ = "0.1.0"
