# SPDX-License-Identifier: MIT
"""Text of kernels to events."""
