# SPDX-License-Identifier: MIT
"""Running Linux kernels: their traces judged by the rules, and who holds which pages."""
