"""Work out a text's delimiter, quoting, header line and preamble."""

from __future__ import annotations

import csv
import io
import itertools
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from flaskdash.inspect.values import missing

SAMPLE = 200_000
DELIMITERS = ("\t", ";", "|", ",", "\x01", "^", "~")
LONG_DELIMITERS = ("::", "||", "~|~", "|~|", "|;|")
BLANKS = r"\s+"
GAPS = r"\s{2,}"
NUMBER = re.compile(r"\s*[($€£]*[+-]?[\d.,]*\d[\d.,]*(e[+-]?\d+)?\s*[%€)]?\s*", re.I)
DATE = re.compile(r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?\s*")

MOST_DESCRIPTIONS = 15

Record = list[str]


@dataclass(frozen=True)
class Dialect:
    """How records are written. `delimiter` None means one column.

    `padded` tells that blanks after a delimiter are no part of the value. `escape` is the sign before
    a quote within quotes, where that is not doubled.
    """

    delimiter: str | None
    quoted: bool = True
    padded: bool = False
    quote: str = '"'
    escape: str = ""

    @property
    def is_plain(self) -> bool:
        """Tell whether this is what every reader of CSV can read."""
        usual = self.quoted and not self.padded and self.quote == '"' and not self.escape
        return usual and self.delimiter is not None and len(self.delimiter) == 1


def records(text: str, dialect: Dialect) -> Iterator[Record]:
    """Yield every record of a text; a blank line is an empty record, as in pandas' count."""
    if dialect.delimiter == BLANKS:
        return _words(text) if '"' in text else (line.split() for line in _iterate(text))
    if dialect.delimiter == GAPS:
        return (re.split(GAPS, line.strip()) if line.strip() else [] for line in _iterate(text))
    # Set for good, not put back: readers are lazy. Fields of any length are data here.
    csv.field_size_limit(sys.maxsize)
    mark = separator(text, dialect)
    if len(mark) > 1:
        text, mark = text.replace(mark, "\x1f"), "\x1f"
    return csv.reader(
        io.StringIO(text, newline=""),
        delimiter=mark,
        quoting=csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE,
        skipinitialspace=dialect.padded,
        quotechar=dialect.quote,
        doublequote=not dialect.escape,
        escapechar=dialect.escape or None,
    )


def _iterate(text: str) -> io.StringIO:
    """Return the lines of a text."""
    return io.StringIO(text, newline=None)


def _words(text: str) -> Iterator[Record]:
    """Yield the words of each line, where quotes may hold blanks."""
    lines = (" ".join(line.replace("\t", " ").split(" ")).strip() for line in _iterate(text))
    return csv.reader(lines, delimiter=" ", skipinitialspace=True)


def separator(text: str, dialect: Dialect) -> str:
    """Return the delimiter to read with: for one column, a character that is not in the text."""
    if dialect.delimiter is not None:
        return dialect.delimiter
    return next((mark for mark in (",", "\t", "|", ";", "\x1f") if mark not in text), "\x1f")


def sniff(text: str) -> Dialect:
    """Return the dialect under which most records have the same number of fields."""
    sample = _lines(text, SAMPLE)
    best, best_score = Dialect(None), 0.0
    for delimiter in DELIMITERS:
        if delimiter in sample:
            # A quote after a blank opens a quoted field only if the blank is skipped.
            dialect = Dialect(delimiter, padded=f'{delimiter} "' in sample)
            score = _consistency(sample, dialect)
            if score > best_score + 0.001:
                best, best_score = dialect, score
    for delimiter in LONG_DELIMITERS:
        # Each sign of it stands there only as a part of it.
        if (
            sample.count(delimiter) * delimiter.count("|") == sample.count("|")
            and delimiter in sample
        ):
            dialect = Dialect(delimiter, quoted=False)
            score = _consistency(sample, dialect)
            if score > 0.9 and score >= best_score - 0.05:
                best, best_score = dialect, score
    if best.delimiter == "\t" and _blanks(sample) > 0.9 and _is_mixed(sample):
        return Dialect(BLANKS)
    if best_score < 0.6 and (score := _blanks(sample)) > best_score:
        best = Dialect(BLANKS)
    if best.delimiter in (None, BLANKS) or len(best.delimiter or "") > 1:
        return best
    if _quotes_are_text(text, best.delimiter or ""):
        return Dialect(best.delimiter, quoted=False)
    return _quoting(sample, best, _consistency(sample, best))


def _quoting(sample: str, best: Dialect, score: float) -> Dialect:
    """Return the dialect with the quotes that explain more than the usual ones do."""
    mark = re.escape(best.delimiter or "")
    if '\\"' in sample and '""' not in sample.replace(f'{best.delimiter}""', ""):
        escaped = replace(best, escape="\\")
        if _consistency(sample, escaped) >= score:
            return escaped
    if "'" in sample and '"' not in sample:
        single = replace(best, quote="'")
        fields = len(re.findall(rf"(?m)(?:^|{mark})'[^'\n]*'(?={mark}|\r?$)", sample))
        opened = len(re.findall(rf"(?m)(?:^|{mark})'", sample))
        if fields > 2 and fields == opened and _consistency(sample, single) >= score:
            return single
    # A quote that is closed before the field ends: 12" pipe, "best" offer.
    early = rf'(?m)(?:^|{mark})"[^"\n]*"(?!"|\s*(?:{mark}|$))'
    if best.quoted and not best.padded and re.search(early, sample):
        plain = replace(best, quoted=False)
        inner = re.compile(rf'(?m)(?:^|{mark})"[^"\n]*{mark}[^"\n]*"(?={mark}|\r?$)')
        if not inner.search(sample) and _consistency(sample, plain) >= score:
            return plain
    return best


def _is_mixed(sample: str) -> bool:
    """Tell whether what tabs cut apart still holds numbers with blanks between."""
    cells = [line.split("\t")[0] for line in sample.splitlines() if line.strip()]
    return all(len(cell.split()) > 1 for cell in cells) and "\t" in sample


def gaps(text: str) -> bool:
    """Tell whether two or more blanks stand between all values, and never fewer."""
    lines = [line.strip() for line in text[:SAMPLE].splitlines() if line.strip()]
    widths = Counter(len(re.split(GAPS, line)) for line in lines)
    width, count = widths.most_common(1)[0] if widths else (1, 0)
    return width > 1 and count == len(lines) > 3


def tidiness(text: str, dialect: Dialect) -> float:
    """Return from 0 to 1 how well a dialect explains the text."""
    sample = _lines(text, SAMPLE)
    if dialect.delimiter is None:
        return 0.0
    if dialect.delimiter == BLANKS:
        return _blanks(sample) / 0.95
    return _consistency(sample, dialect)


def _lines(text: str, size: int) -> str:
    """Return the beginning of a text, cut after a whole line."""
    if len(text) <= size:
        return text
    cut = max(text.rfind("\n", 0, size), text.rfind("\r", 0, size))
    return text[: cut + 1] if cut > 0 else text[:size]


def _consistency(sample: str, dialect: Dialect) -> float:
    """Score from 0 to 1 how well a delimiter cuts all records into the same number of fields."""
    widths = [len(record) for record in records(sample, dialect) if any(record)]
    if not widths:
        return 0.0
    if len(widths) > 20:  # the records at both ends may be titles and notes
        widths = widths[:-2]
    common, count = Counter(widths).most_common(1)[0]
    if common == 1:
        # Lists of varying length, or few records under a long preamble.
        wide = [width for width in widths if width > 1]
        return 0.55 * len(wide) / len(widths) if len(wide) > 1 else 0.0
    near = sum(abs(width - common) <= 1 for width in widths)
    # The first record is the header, and a header rarely holds a delimiter by chance.
    header = 0.1 if widths[0] == 1 and len(widths) > 1 else 0.0
    return (0.9 * count + 0.1 * near) / len(widths) - header


def _blanks(sample: str) -> float:
    """Score runs of blanks as the delimiter: every line must have the same number of words."""
    lines = [record for record in records(sample, Dialect(BLANKS)) if any(record)]
    widths = Counter(len(words) for words in lines)
    common, count = widths.most_common(1)[0] if widths else (1, 0)
    # R leaves out the name of the first column.
    short = len(lines[0]) == common - 1 and count == len(lines) - 1 and '"' in sample
    if common < 2 or count < 3 or (len(lines[0]) != common and not short):
        return 0.0
    numeric = sum(bool(NUMBER.fullmatch(word)) for words in lines[1:200] for word in words)
    words = sum(len(words) for words in lines[1:200])
    return 0.95 * count / len(lines) if words and numeric / words > 0.4 else 0.0


def _quotes_are_text(text: str, delimiter: str) -> bool:
    """Tell whether a quote is never closed, so that quotes must be ordinary characters."""
    if text.count('"') % 2 == 0:
        return False
    quoted = [len(record) for record in records(text, Dialect(delimiter))]
    plain = [len(record) for record in records(text, Dialect(delimiter, quoted=False))]
    common, count = Counter(plain).most_common(1)[0]
    return common > 1 and count > 0.95 * len(plain) and len(plain) > len(quoted)


@dataclass(frozen=True)
class Header:
    """Where the names are: `skip` records come before them; `names` None means no header."""

    skip: int
    names: Record | None
    width: int


def find_header(top: list[Record]) -> Header:
    """Return the header among the first records: the first that is as wide as the data."""
    filled = [record for record in top if any(cell.strip() for cell in record)]
    widths = Counter(len(record) for record in filled)
    width = max(widths, key=lambda w: (widths[w], w))
    for index, record in enumerate(top):
        if not _is_row(record, width, top[index:]):
            continue
        if _is_header(record, top[index + 1 :], width):
            names = list(record)
            if names[0].startswith("#"):
                names[0] = names[0].lstrip("# ")
            return Header(index, names, max(width, len(record)))
        return Header(index, None, width)
    return Header(0, None, width)


def _is_row(record: Record, width: int, rest: list[Record]) -> bool:
    """Tell whether a record belongs to the table, rather than to a title above it."""
    cells = [cell for cell in record if cell.strip()]
    if not cells:
        return False
    if width == 1:
        return not record[0].startswith("#") or len(rest) == 1
    if len(record) < width - 1 or (len(record) == 1):
        return False
    if record[0].lstrip().startswith("#") and any(
        other and other[0].lstrip().startswith("#") for other in rest[1:3]
    ):
        return False
    fullest = max(
        sum(bool(cell.strip()) for cell in other) for other in rest[:10] if len(other) >= width - 1
    )
    return len(cells) >= 0.6 * fullest


def _is_header(record: Record, below: list[Record], width: int) -> bool:
    """Tell whether a record holds names, judged against the records below it."""
    below = [other for other in below if len(other) >= min(width, 2)][:200]
    cells = [cell.strip() for cell in record]
    filled = [cell for cell in cells if cell]
    if not below:
        return not any(is_value(cell) for cell in filled)
    named = values = 0
    for index, cell in enumerate(cells):
        column = [other[index].strip() for other in below if index < len(other)]
        column = [value for value in column if value]
        typed = sum(is_value(value) for value in column)
        if column and typed >= 0.8 * len(column):
            # A year or a date names a column of numbers, but not one of years or dates.
            labels = _is_label(cell) and not all(_is_label(value) for value in column)
            if is_value(cell) and not labels:
                values += 1
            else:
                named += bool(cell)
    if named or values:
        return named >= values
    repeated = sum(
        cell in {other[index].strip() for other in below if index < len(other)}
        for index, cell in enumerate(cells)
        if cell
    )
    return repeated <= 0.2 * len(filled) and len(set(filled)) > 0.8 * len(filled)


@dataclass(frozen=True)
class Heading:
    """A header of `rows` rows, of which the last is where it is; 0 for one that pandas can find."""

    header: Header
    rows: int = 0
    notes: list[str] = field(default_factory=list)


def find_heading(top: list[Record]) -> Heading:
    """Return the header among the first records, with what stands above and below its names."""
    header = find_header(top)
    names, at = header.names, header.skip
    if names is None:
        return Heading(header)
    if at and groups(top[at - 1], top[at]):
        return _joined(header, top, at - 1, at)
    if at + 1 < len(top) and goes_on(names, top[at + 1], top[at + 2 :]):
        return _joined(header, top, at, at + 1)
    if count := descriptions(names, top[at + 1 :]):
        note = f"{count} line(s) below the header left out: they describe the columns"
        return Heading(replace(header, skip=at + count), count + 1, [note])
    return Heading(header)


def _joined(header: Header, top: list[Record], first: int, last: int) -> Heading:
    """Return the heading of two rows of names."""
    names = joined(top[first : last + 1])
    note = "2 header rows were joined into one"
    return Heading(replace(header, skip=last, names=names), 2, [note])


def groups(above: Record, names: Record, merged: bool = False) -> bool:
    """Tell whether a row above the names groups them, as merged cells do."""
    filled = [cell for cell in above if cell.strip()]
    twice = len({name for name in names if name.strip()}) < sum(map(bool, names))
    spread = len(above) == len(names) and (not above[-1].strip() or len(filled) < len(names))
    return len(filled) >= 2 and spread and (twice or merged)


def descriptions(names: Record, rest: Sequence[Record]) -> int:
    """Return how many records below the names tell of the columns: labels, units, or metadata.

    They hold words where the records below hold numbers or dates.
    """
    above = min(MOST_DESCRIPTIONS, len(rest) // 2)
    below = [record for record in rest[above:] if len(record) == len(names)]
    if len(below) < 5:
        return 0
    columns = [[r[i].strip() for r in below if r[i].strip()] for i in range(len(names))]
    typed = [i for i, c in enumerate(columns) if c and sum(map(is_value, c)) >= 0.8 * len(c)]
    others = [set(columns[i]) for i in range(len(names))]
    words = []
    for record in rest[:above]:
        if len(record) != len(names):
            break
        cells = [record[i].strip() for i in typed if record[i].strip()]
        told = all(is_word(cell) for cell in cells) and not any(
            record[i].strip() in others[i] for i in range(len(names)) if i not in typed
        )
        beside = any(record[i].strip() for i in range(len(names)) if i not in typed)
        # With a value of its own in another column, two words may be a row of gaps.
        words.append(
            len(cells) if told and (len(cells) > 2 or not beside or len(names) == 2) else -1
        )
    leading = list(
        itertools.takewhile(lambda count: count > 1 and count >= 0.5 * len(typed), words)
    )
    if len(typed) > 1:
        return len(leading) if len(leading) <= 3 else 0
    # One series under lines of metadata: a name and a text in each.
    if len(names) == 2 and typed == [1] and sum(count > 0 for count in words[:8]) >= 3:
        last = max(index for index, count in enumerate(words) if count > 0)
        while last + 1 < len(words) and not rest[last + 1][1].strip():
            last += 1
        return last + 1
    return 0


def is_word(cell: str) -> bool:
    """Tell whether a cell is a word, and neither a value nor a gap."""
    return bool(re.search(r"[^\W\d_]", cell)) and not is_value(cell) and not _is_gap(cell)


def goes_on(names: Record, row: Record, below: list[Record]) -> bool:
    """Tell whether the row below the names is a second part of them: units, or what merged cells head.

    In each column of numbers or dates it holds a word or a year, and none where the names are whole.
    """
    below = [other for other in below if len(other) == len(row)][:200]
    if len(row) != len(names) or len(below) < 3:
        return False
    columns = [[o[i].strip() for o in below if o[i].strip()] for i in range(len(row))]
    typed = [i for i, c in enumerate(columns) if c and sum(map(is_value, c)) >= 0.8 * len(c)]
    rest = [i for i in range(len(row)) if i not in typed and columns[i]]
    cells = [row[i].strip() for i in typed]
    words = list(map(is_word, cells))
    if any(row[i].strip() for i in rest) or not typed:
        return False
    if all(words):
        return len(words) > 1
    blank = [i for i in typed if not names[i].strip() and i > 0]
    labels = [
        bool(_is_label(row[i].strip())) and not all(map(_is_label, columns[i])) for i in typed
    ]
    return bool(blank) and all(w or label for w, label in zip(words, labels, strict=True))


def _is_gap(cell: str) -> bool:
    """Tell whether a cell is a word for "no value"."""
    return cell.lower() in missing.ALWAYS | missing.AMONG_NUMBERS - {"c", "s", "x"}


def joined(rows: Sequence[Record]) -> Record:
    """Return one name for each column from header rows, where merged cells hold their first only."""
    levels = []
    for level, row in enumerate(rows):
        if level < len(rows) - 1:  # the last row has names of its own
            filled, last = [], ""
            for index, cell in enumerate(row):
                above = [other[index] for other in rows[:level]]
                begins = any(above) and level > 0
                last = cell.strip() or ("" if begins else last)
                filled.append(last)
            levels.append(filled)
        else:
            levels.append([cell.strip() for cell in row])
    return [" ".join(dict.fromkeys(filter(None, parts))) for parts in zip(*levels, strict=True)]


def is_value(cell: str) -> bool:
    """Tell whether a cell is a number or a date."""
    return bool(NUMBER.fullmatch(cell) or DATE.fullmatch(cell))


def _is_label(cell: str) -> bool:
    """Tell whether a value can be a column's name: a year or a code of four digits, or a date."""
    return bool(re.fullmatch(r"\d{4}", cell) or DATE.fullmatch(cell))


def head(source: Iterator[Record], count: int) -> list[Record]:
    """Return the first records."""
    return list(itertools.islice(source, count))
