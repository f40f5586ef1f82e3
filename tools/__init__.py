# SPDX-License-Identifier: MIT
"""What this repository needs and a user does not: benches, table makers, tampering, agreement."""
