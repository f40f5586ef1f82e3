# SPDX-License-Identifier: MIT
"""The subcommands, one file each: what is typed, what runs, what is printed."""
