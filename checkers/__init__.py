# SPDX-License-Identifier: MIT
"""Engines that check a machine: generic, they know states and actions, not pages and pools."""
