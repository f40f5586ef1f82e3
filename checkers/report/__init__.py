# SPDX-License-Identifier: MIT
"""Tables, counterexamples as text, the local table."""
