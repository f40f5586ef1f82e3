# SPDX-License-Identifier: MIT
"""The entry point: the command in a child process; Ctrl-C works while models are still being imported."""

from __future__ import annotations

import sys

from .watch import watched


def main() -> None:
    """Run the command, and exit with its code."""
    sys.exit(watched(command))


def command() -> int:
    """Import the models, and run the command line."""
    try:
        from .cli import main as run
    except KeyboardInterrupt:
        print("poolproof: interrupted", file=sys.stderr)
        return 3
    return run()


if __name__ == "__main__":
    main()
