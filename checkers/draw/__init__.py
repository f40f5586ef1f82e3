# SPDX-License-Identifier: MIT
"""Pictures: ownership, states, counterexamples as lanes."""
