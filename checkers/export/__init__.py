# SPDX-License-Identifier: MIT
"""Machines for other tools, and whether these count the same."""
