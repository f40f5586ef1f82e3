# SPDX-License-Identifier: MIT
"""Proofs for any number of pages, and bounded questions too large to explore."""
