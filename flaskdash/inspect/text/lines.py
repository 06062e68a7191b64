"""Find the lines of a text that are not rows: rulers, comments, repeated headers."""

from __future__ import annotations

import csv
import html
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from flaskdash.inspect.literals import literal

RULER = r"(?=.*(---|===))[|+:=\s-]*"
SAMPLE_LINES = 5000
HEAD_CHARACTERS = 500_000
MAX_COMMENT_SHARE = 0.2
MOST_STRAY_QUOTES = 0.05  # of the lines
_RULER = re.compile(RULER)
SPREADSHEET = "urn:schemas-microsoft-com:office:spreadsheet"
LEAST_TAGS = 3  # rows of a table in a page
# Of the tables in a page, and of the sheets in XML of Excel 2003: the tags that begin a row and a
# cell, and that end a cell; the attribute for the columns that a cell takes more; the end of a table.
MARKUP = {
    "html": (r"<tr\b[^>]*>", r"<t[dh]\b([^>]*)>", r"</t(?:[dhr]|able)\b", "", "</table"),
    "xml": (
        r"<(?:ss:)?Row\b[^>]*>",
        r"<(?:ss:)?Cell\b([^>]*)>",
        r"</(?:ss:)?(?:Cell|Row)\b|<(?:ss:)?Comment\b",
        r'Index="(\d{1,4})',
        "</worksheet",
    ),
}


@dataclass(frozen=True)
class Trim:
    """The changes to make to a text's lines before it is parsed.

    The rows of tables in `markup`, which is "html" or "xml", become lines first. Only the lines of the `span` are read, given as two expressions, and only those with the beginning
    `start`. Lines that are `rulers` or `comments` are removed, and so are `bars` at both ends of a
    line and byte order `marks` inside the text. `header` is a line that is repeated among the rows. In lines
    with a quote that has no pair, that quote is removed, so that they have `fields` again. A blank cell is put in at the `blanks`: lines, and places in them.
    """

    markup: str = ""
    span: tuple[str, str] = ("", "")
    start: str = ""
    rulers: bool = False
    bars: bool = False
    comments: bool = False
    marks: bool = False
    header: str = ""
    fields: int = 0
    delimiter: str = ","
    blanks: tuple[tuple[int, int], ...] = ()

    def __bool__(self) -> bool:
        return self != NO_TRIM

    def statements(self, text: str) -> list[str]:
        """Return statements that assign the trimmed lines of the expression `text` to `lines`."""
        lines = [f'lines = {text}.split("\\n")']
        if self.markup:
            lines = _markup_statements(self.markup, text)
        if any(self.span):
            lines.append(f"lines = lines[{':'.join(self.span)}]  # those of the table")
        if self.start:
            lines.append(
                f"lines = [line for line in lines if line.startswith({literal(self.start)})]"
            )
        if self.marks:
            lines.append(r'lines = [line.lstrip("\ufeff") for line in lines]  # from joined files')
        if self.comments:
            lines += [
                "# Skip the comments among the rows.",
                'lines = [line for line in lines if not line.startswith("#")]',
            ]
        if self.rulers:
            lines += [
                "# Skip the lines that only draw a border.",
                f'lines = [line for line in lines if not re.fullmatch(r"{RULER}", line)]',
            ]
        if self.bars:
            lines += [
                "# The bars at both ends of a line are a border, not delimiters.",
                'lines = [line.strip().removeprefix("|").removesuffix("|") for line in lines]',
            ]
        if self.header:
            lines += [
                "# Skip the header where it is repeated among the rows.",
                f"header = {literal(self.header)}",
                "first = lines.index(header)",
                "lines = [line for i, line in enumerate(lines) if i <= first or line != header]",
            ]
        if self.fields:
            mark = "" if self.delimiter == "," else f", delimiter={literal(self.delimiter)}"
            lines += [
                "# A quote without its pair would swallow the lines after it: remove it.",
                "for number, line in enumerate(lines):",
                "    if line.count('\"') % 2:",
                "        places = [n for n, mark in enumerate(line) if mark == '\"']",
                "        texts = [line[:n] + line[n + 1 :] for n in places]",
                f"        rows = [next(csv.reader([text]{mark})) for text in texts]",
                f"        fits = [row for row in rows if len(row) == {self.fields}]",
                "        if fits:  # the row with the fewest quotes in its cells",
                '            best = min(fits, key=lambda row: "".join(row).count(\'"\'))',
                "            lines[number] = texts[rows.index(best)]",
            ]
        if self.blanks:
            mark = "" if self.delimiter == "," else f", delimiter={literal(self.delimiter)}"
            lines += [
                "# A cell is missing in these lines, at this place: put in a blank one.",
                f"for number, place in {list(self.blanks)}:",
                f"    cells = next(csv.reader([lines[number]]{mark}))",
                '    cells.insert(place, "")',
                """    cells = ['"' + cell.replace('"', '""') + '"' if cell else "" for cell in cells]""",
                f"    lines[number] = {literal(self.delimiter)}.join(cells)",
            ]
        return lines

    @property
    def modules(self) -> list[str]:
        """Return the imports that the statements need."""
        modules = ["import csv"] * bool(self.fields or self.blanks) + ["import html"] * bool(
            self.markup
        )
        return [*modules, *["import re"] * bool(self.rulers or self.markup)]

    def apply(self, text: str) -> str:
        """Return the trimmed text, as the loader will read it."""
        namespace: dict[str, object] = {
            "text": unify_newlines(text),
            "re": re,
            "csv": csv,
            "html": html,
        }
        # The code is written above, and quotes the data as literals.
        exec("\n".join(self.statements("text")), namespace)  # noqa: S102
        return "\n".join(namespace["lines"])  # type: ignore[arg-type]


NO_TRIM = Trim()


def _markup_statements(markup: str, text: str) -> list[str]:
    """Return statements that assign the rows of tables, with tabs between cells, to `lines`."""
    row, cell, end, place, table = MARKUP[markup]
    lines = [
        "# The cells between the tags, with tabs in place of these.",
        "lines = []",
        f'for row in re.split(r"{row}", {text}, flags=re.IGNORECASE)[1:]:',
        f'    parts = re.split(r"{cell}", row, flags=re.IGNORECASE)',
        "    cells = []",
        "    for marks, cell in zip(parts[1::2], parts[2::2]):",
        f'        content = re.split(r"{end}", cell, flags=re.IGNORECASE)[0]',
    ]
    if place:
        lines += [
            f"        if place := re.search(r'{place}', marks):",
            '            cells += [""] * (int(place[1]) - 1 - len(cells))',
        ]
    span = r"colspan=.?(\d{1,3})" if markup == "html" else r"MergeAcross=.(\d{1,3})"
    more = "int(span[1]) - 1" if markup == "html" else "int(span[1])"
    return [
        *lines,
        '        content = html.unescape(re.sub(r"<[^>]*>", " ", content))',
        '        cells.append(" ".join(content.split()))',
        f'        if span := re.search(r"{span}", marks, re.IGNORECASE):',
        f'            cells += [""] * ({more})',
        '    lines.append("\\t".join(cells))',
        f'    if "{table}" in row.lower():',
        '        lines.append("")  # between two tables',
    ]


def detect_markup(text: str) -> str:
    """Return "html" or "xml" if a text holds tables in such tags, else ""."""
    start = text.lstrip("\ufeff \t\r\n")[:HEAD_CHARACTERS].lower()
    if start.startswith("<?xml") and SPREADSHEET in start:
        return "xml"
    is_page = start.startswith(
        ("<!doctype html", "<!--", "<html", "<head", "<body", "<table", "<div", "<meta", "<style")
    )
    return "html" if is_page and "<table" in start and start.count("<tr") >= LEAST_TAGS else ""


def unify_newlines(text: str) -> str:
    r"""Return a text with \n at the end of each line, as Python's text mode does."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def detect_trim(text: str) -> Trim:
    """Return the trimming that a text needs before its delimiter can be detected."""
    sample = _filled_lines(text[:HEAD_CHARACTERS])
    rulers = sum(bool(_RULER.fullmatch(line)) for line in sample)
    barred = [line for line in sample if "|" in line and not _RULER.fullmatch(line)]
    mostly_barred = len(barred) > 0.5 * (len(sample) - rulers)
    is_boxed = bool(rulers) and mostly_barred and _have_equal_bars(barred)
    enclosed = [line.strip().startswith("|") and line.strip().endswith("|") for line in barred]
    may_have_comments = not is_boxed and ("\n#" in text or "\r#" in text)
    return Trim(
        rulers=is_boxed,
        bars=is_boxed and sum(enclosed) > 0.9 * len(enclosed),
        comments=may_have_comments and _has_comments(_filled_lines(text)),
        marks="\n\ufeff" in text or "\r\ufeff" in text,
    )


def _filled_lines(text: str) -> list[str]:
    """Return the lines of a text that are not blank."""
    return [line for line in unify_newlines(text).split("\n") if line.strip()]


def _have_equal_bars(lines: Sequence[str]) -> bool:
    """Tell whether most lines have the same number of bars."""
    counts = Counter(line.count("|") for line in lines)
    return bool(counts) and counts.most_common(1)[0][1] > 0.8 * len(lines)


def _has_comments(lines: Sequence[str]) -> bool:
    """Tell whether a few lines among the rows begin with # and are not shaped like the rows.

    A line inside a quoted cell is text, whatever it begins with.
    """
    quotes = [0, *accumulate(line.count('"') for line in lines)]
    is_paired = quotes[-1] % 2 == 0
    if any(
        is_paired and n % 2 and line.startswith("#") for n, line in zip(quotes, lines, strict=False)
    ):
        return False
    marked = [index for index, line in enumerate(lines) if line.startswith("#")]
    first = next((index for index, line in enumerate(lines) if not line.startswith("#")), None)
    if first is None or not marked or len(marked) - first > MAX_COMMENT_SHARE * len(lines):
        return False
    comments = [lines[index] for index in marked if index > first + 1]
    rows = [line for line in lines[first:] if not line.startswith("#")]
    if not comments or len(rows) < 3:
        return False
    row_shapes = {_delimiter_counts(row) for row in rows[:SAMPLE_LINES]}
    return not any(_delimiter_counts(line) in row_shapes for line in comments)


def _delimiter_counts(line: str) -> tuple[int, ...]:
    """Return how often each common delimiter occurs in a line."""
    return tuple(line.count(delimiter) for delimiter in "\t;|,")


def count_fields(text: str, delimiter: str) -> int:
    """Return the number of fields of the rows, if some lines have a quote without its pair, or 0.

    It is 0, too, if such lines are parts of one record, or can't be mended.
    """
    lines = unify_newlines(text).split("\n")
    odd = [line for line in lines if line.count('"') % 2]
    if not odd or len(odd) > max(1, MOST_STRAY_QUOTES * len(lines)):
        return 0
    even = [line for line in lines if line.strip() and line.count('"') % 2 == 0]
    fields = Counter(_count_fields(even, delimiter)).most_common(1)[0][0] if even else 0
    mended = (
        Trim(fields=fields, delimiter=delimiter).apply("\n".join(lines)) if fields > 1 else text
    )
    if any(line.count('"') % 2 for line in mended.split("\n")):
        return 0
    wrong, still_wrong = (
        sum(size not in (0, fields) for size in _count_fields(part.split("\n"), delimiter))
        for part in (text, mended)
    )
    # All quotes of the text are paired if it has cells of several lines, and these have no gaps.
    is_paired = text.count('"') % 2 == 0
    return fields if still_wrong < wrong or (not is_paired and still_wrong == wrong) else 0


def _count_fields(lines: Sequence[str], delimiter: str) -> list[int]:
    return [len(row) for row in csv.reader((f"{line}\n" for line in lines), delimiter=delimiter)]


def repeated_header(text: str, names: Sequence[str]) -> str:
    """Return the line with the names if it is repeated below, or ""."""
    filled = [name for name in names if name.strip()]
    # Each name may have quotes, blanks and a delimiter around it.
    max_length = sum(map(len, names)) + 4 * len(names) + 40
    for line in unify_newlines(text[:HEAD_CHARACTERS]).split("\n"):
        if line and len(line) < max_length and all(name in line for name in filled):
            if len(filled) < 2 or text.count(line) < 2:
                return ""
            count = f"\n{unify_newlines(text)}\n".count(f"\n{line}\n")
            return line if count > 1 else ""
    return ""
