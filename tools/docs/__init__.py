# SPDX-License-Identifier: MIT
"""The tables and pictures of docs/."""
