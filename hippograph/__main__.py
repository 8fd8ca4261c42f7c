"""`python -m hippograph`, and what the command `hippograph` starts."""

from __future__ import annotations


def main() -> None:
    """Run the command line and leave with its exit code."""
    from hippograph.cli.app import run

    run()


if __name__ == "__main__":
    main()
