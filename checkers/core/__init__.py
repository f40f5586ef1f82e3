# SPDX-License-Identifier: MIT
"""What engines share with those who print: traces, verdicts, wording, symmetry, guards, prose."""
