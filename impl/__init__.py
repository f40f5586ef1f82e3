# SPDX-License-Identifier: MIT
"""Real things, and what ties them to the spec."""
