# SPDX-License-Identifier: MIT
"""The explorer in C: generated from the lifted paths, compiled once, exact."""
