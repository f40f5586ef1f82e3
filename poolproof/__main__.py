"""Where the command begins: Ctrl-C is heard while the models are still being read."""

from __future__ import annotations

import sys


def main() -> None:
    """Read the models, and run the command."""
    try:
        from .cli import main as command
    except KeyboardInterrupt:
        print("poolproof: interrupted", file=sys.stderr)
        sys.exit(3)
    command()


if __name__ == "__main__":
    main()
