# SPDX-License-Identifier: MIT
"""Events to verdicts: a recording against the rules."""
