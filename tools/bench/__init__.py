# SPDX-License-Identifier: MIT
"""How fast it is, beside others."""
