"""Where the command begins: in a child that is waited for; Ctrl-C is heard while the models are still being read."""

from __future__ import annotations

import sys

from .watch import watched


def main() -> None:
    """Run the command, and exit with its code."""
    sys.exit(watched(command))


def command() -> int:
    """Read the models, and run what was typed."""
    try:
        from .cli import main as typed
    except KeyboardInterrupt:
        print("poolproof: interrupted", file=sys.stderr)
        return 3
    return typed()


if __name__ == "__main__":
    main()
