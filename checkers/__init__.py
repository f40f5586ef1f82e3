# SPDX-License-Identifier: MIT
"""Ways of asking a machine: generic, they know states and actions, not pages and pools."""
