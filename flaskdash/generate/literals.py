"""Text for the files of a project, escaped."""

from __future__ import annotations


def one_line(text: str) -> str:
    """Return text as one line for a docstring or a comment."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line.replace("\\", "/").replace('"', "'").rstrip(".")[:80]


def triple_quoted(query: str) -> str:
    """Return SQL as a Python string over several lines."""
    return '"""\n' + query.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') + '\n"""'
