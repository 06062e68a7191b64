"""Run the command line: ``python -m flaskdash``."""

import sys


def main() -> None:
    """Run the command line; exit without a traceback if Ctrl-C interrupts its import."""
    try:
        from flaskdash.cli import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
