"""Run the command line: ``python -m flaskdash``."""

from flaskdash.cli import main

if __name__ == "__main__":
    main()
