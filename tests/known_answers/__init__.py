# SPDX-License-Identifier: MIT
"""Machines whose numbers others have published, as users of poolproof would write them; docs/known-answers.md."""
