# SPDX-License-Identifier: MIT
"""The search in Python, refinement, and which engine answers."""
