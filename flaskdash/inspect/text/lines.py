"""Find the lines of a text that are no rows: rulers, comments, the header once more."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from flaskdash.inspect.literals import literal

RULER = r"[|+:=\s-]*(-{3}|={3})[|+:=\s-]*"
SAMPLE = 5000
HEAD = 500_000
FEW = 0.2
_RULER = re.compile(RULER)


@dataclass(frozen=True)
class Trim:
    """What is done to the lines of a text before it is read.

    `rulers` and `comments` are left out, `bars` at both ends of lines are cut off, and so are byte
    order marks within (`marks`). `header` is a line that comes again further down.
    """

    rulers: bool = False
    bars: bool = False
    comments: bool = False
    marks: bool = False
    header: str = ""

    def __bool__(self) -> bool:
        """Tell whether there is anything to do."""
        return self != NO_TRIM

    def statements(self, text: str) -> list[str]:
        """Return statements that make `lines` of an expression for the whole text."""
        lines = [f'lines = {text}.split("\\n")']
        if self.marks:
            lines.append(r'lines = [line.lstrip("\ufeff") for line in lines]  # from joined files')
        if self.comments:
            lines += [
                "# Comments among the rows are left out.",
                'lines = [line for line in lines if not line.startswith("#")]',
            ]
        if self.rulers:
            lines += [
                "# Rulers are left out.",
                f'lines = [line for line in lines if not re.fullmatch(r"{RULER}", line)]',
            ]
        if self.bars:
            lines += [
                "# A bar at both ends is no delimiter.",
                'lines = [line.strip().removeprefix("|").removesuffix("|") for line in lines]',
            ]
        if self.header:
            lines += [
                "# The header comes again among the rows.",
                f"header = {literal(self.header)}",
                "first = lines.index(header)",
                "lines = [line for i, line in enumerate(lines) if i <= first or line != header]",
            ]
        return lines

    def apply(self, text: str) -> str:
        """Return the text without what is left out, as the loader will read it."""
        names: dict[str, object] = {"text": unix(text), "re": re}
        exec("\n".join(self.statements("text")), names)  # noqa: S102 - written above, data are literals
        return "\n".join(names["lines"])  # type: ignore[arg-type]


NO_TRIM = Trim()


def unix(text: str) -> str:
    r"""Return a text with \n at the end of each line, as Python reads it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def find(text: str) -> Trim:
    """Return what has to be done to a text before its delimiter can be found."""
    sample = [line for line in unix(text[:HEAD]).split("\n") if line.strip()]
    rulers = sum(bool(_RULER.fullmatch(line)) for line in sample)
    barred = [line for line in sample if "|" in line and not _RULER.fullmatch(line)]
    boxed = bool(rulers) and len(barred) > 0.5 * (len(sample) - rulers) and _even(barred)
    ends = [line.strip().startswith("|") and line.strip().endswith("|") for line in barred]
    marked = not boxed and ("\n#" in text or "\r#" in text)
    return Trim(
        rulers=boxed,
        bars=boxed and sum(ends) > 0.9 * len(ends),
        comments=marked
        and _has_comments([line for line in unix(text).split("\n") if line.strip()]),
        marks="\n\ufeff" in text or "\r\ufeff" in text,
    )


def _even(lines: Sequence[str]) -> bool:
    """Tell whether most lines have as many bars."""
    counts = Counter(line.count("|") for line in lines)
    return bool(counts) and counts.most_common(1)[0][1] > 0.8 * len(lines)


def _has_comments(lines: Sequence[str]) -> bool:
    """Tell whether a few lines among the rows are comments, unlike the rows."""
    marked = [index for index, line in enumerate(lines) if line.startswith("#")]
    first = next((index for index, line in enumerate(lines) if not line.startswith("#")), None)
    if first is None or not marked or len(marked) - first > FEW * len(lines):
        return False
    among = [lines[index] for index in marked if index > first + 1]
    rows = [line for line in lines[first:] if not line.startswith("#")]
    if not among or len(rows) < 3:
        return False
    usual = {_signature(row) for row in rows[:SAMPLE]}
    return not any(_signature(line) in usual for line in among)


def _signature(line: str) -> tuple[int, ...]:
    """Return how often each delimiter stands in a line."""
    return tuple(line.count(mark) for mark in "\t;|,")


def again(text: str, names: Sequence[str]) -> str:
    """Return the line with the names, if it comes again below; else ""."""
    filled = [name for name in names if name.strip()]
    size = sum(map(len, names)) + 4 * len(names) + 40
    for line in unix(text[:HEAD]).split("\n"):
        if line and len(line) < size and all(name in line for name in filled):
            if len(filled) < 2 or text.count(line) < 2:
                return ""
            return line if f"\n{unix(text)}\n".count(f"\n{line}\n") > 1 else ""
    return ""
