"""Detect a text's delimiter, quoting, header and preamble."""

from __future__ import annotations

import csv
import io
import itertools
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from flaskdash.errors import FlaskdashError
from flaskdash.inspect.reading import BLANKS, GAPS, Reading
from flaskdash.inspect.values import missing

SAMPLE_SIZE = 200_000
DELIMITERS = ("\t", ";", "|", ",", "\x01", "^", "~", "#")
# Text has these for other reasons, so they must split nearly all lines alike.
RARE_DELIMITERS = frozenset("^~#")
LEAST_RARE_CONSISTENCY = 0.9
LEAST_CONSISTENCY = 0.05
LEAST_PLAUSIBLE = 0.5  # of the cells that are values, for another delimiter to be offered
THIN = 0.1  # readings that differ less in their consistency are both offered
DRAW = 0.02  # readings whose consistency differs less are compared by their cells
LONG_DELIMITERS = ("::", "||", "~|~", "|~|", "|;|")
# A cell may be long and hostile: `*+` takes what it can and never gives it back, in linear time.
NUMBER = re.compile(r"\s*+[($€£]*+[+-]?\s*+[.,]*+\d[\d.,]*+(e[+-]?\d++)?\s*+[%€)]?\s*+", re.I)
DATE = re.compile(
    r"\s*+(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*+)?|(19|20)\d\d[- ]?[A-Z][a-z]{2}|[A-Z][a-z]{2}[- ](19|20)\d\d)\s*+"
)

HEADER_ROWS = 4
MAX_DESCRIPTIONS = 15
MOST_LEVELS = 0.5  # distinct values of a category, as a share of its cells
MOST_WITH_DIGITS = 0.95  # of the values of a column of codes

Record = list[str]


@dataclass(frozen=True)
class CsvDialect:
    """How the fields of a text's records are separated and quoted.

    `delimiter` is None if there is only one column. Blanks after the delimiter are ignored if
    `padded` is set. `escape` is the character before a quote inside quotes, or "" if such quotes
    are doubled.
    """

    delimiter: str | None
    quoted: bool = True
    padded: bool = False
    quote: str = '"'
    escape: str = ""

    @property
    def is_plain(self) -> bool:
        """Tell whether every CSV reader can read this dialect."""
        is_usual = self.quoted and not self.padded and self.quote == '"' and not self.escape
        return is_usual and self.delimiter is not None and len(self.delimiter) == 1


def records(text: str, dialect: CsvDialect) -> Iterator[Record]:
    """Yield the records of a text. A blank line is an empty record, as in pandas' line count."""
    if dialect.delimiter == BLANKS:
        if '"' in text:
            return _quoted_words(text)
        return (line.split() for line in _open_lines(text))
    if dialect.delimiter == GAPS:
        lines = (line.strip() for line in _open_lines(text))
        return (re.split(GAPS, line) if line else [] for line in lines)
    # Fields may have any length. The limit is not reset because the reader is lazy.
    csv.field_size_limit(sys.maxsize)
    delimiter = separator(text, dialect)
    if len(delimiter) > 1:
        text, delimiter = text.replace(delimiter, "\x1f"), "\x1f"
    return csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE,
        skipinitialspace=dialect.padded,
        quotechar=dialect.quote,
        doublequote=not dialect.escape,
        escapechar=dialect.escape or None,
    )


def _open_lines(text: str) -> io.StringIO:
    return io.StringIO(text, newline=None)


def _quoted_words(text: str) -> Iterator[Record]:
    """Yield the words of each line. A quoted word may contain blanks."""
    lines = (line.replace("\t", " ").strip() for line in _open_lines(text))
    return csv.reader(lines, delimiter=" ", skipinitialspace=True)


def separator(text: str, dialect: CsvDialect) -> str:
    """Return the delimiter to read with. For one column, it is a character not in the text."""
    if dialect.delimiter is not None:
        return dialect.delimiter
    candidates = (",", "\t", "|", ";", "\x1f")
    return next((candidate for candidate in candidates if candidate not in text), "\x1f")


def sniff(text: str, mark: str | None = None, quote: str | None = None) -> CsvDialect:
    """Return the dialect that gives most records the same number of fields.

    `mark` and `quote` are the delimiter and the quote that the user gives, if any.
    """
    dialect = _dialect_of(text, mark)
    if quote is None:
        return dialect
    return replace(dialect, quoted=bool(quote), quote=quote or '"', escape="")


def _dialect_of(text: str, mark: str | None) -> CsvDialect:
    sample = _without_comments(_first_lines(text, SAMPLE_SIZE))
    if mark is not None:
        given = CsvDialect(mark, padded=f'{mark} "' in sample, quoted=len(mark) == 1)
        return _with_quotes(text, sample, given) if len(mark) == 1 else given
    best, best_score = _best_delimiter(sample)
    if best.delimiter == "\t" and _word_score(sample) > 0.9 and _has_words_in_cells(sample):
        return CsvDialect(BLANKS)
    if best_score < 0.6 and _word_score(sample) > best_score:
        best = CsvDialect(BLANKS)
    if best.delimiter in (None, BLANKS) or len(best.delimiter or "") > 1:
        return best
    return _with_quotes(text, sample, best)


def _with_quotes(text: str, sample: str, best: CsvDialect) -> CsvDialect:
    """Return a dialect of one character with the quoting rules that explain the text."""
    if _has_unclosed_quote(text, best.delimiter or ""):
        return CsvDialect(best.delimiter, quoted=False)
    return _quoting(sample, best, _consistency(sample, best))


def other_delimiter(text: str, dialect: CsvDialect) -> str:
    """Return a delimiter that explains the text nearly as well as the one of a dialect, or ""."""
    sample = _without_comments(_first_lines(text, SAMPLE_SIZE))
    scores = {reading.delimiter: score for score, reading in _readings(sample)}
    best = scores.pop(dialect.delimiter, 0.0)
    rivals = [mark for mark, score in scores.items() if score >= best - THIN and mark]
    rival = max(rivals, key=scores.__getitem__, default="") if best else ""
    least = LEAST_PLAUSIBLE * _plausibility(sample, dialect)
    is_plausible = rival and _plausibility(sample, replace(dialect, delimiter=rival)) >= least
    return rival if is_plausible else ""


def _readings(sample: str) -> list[tuple[float, CsvDialect]]:
    """Return the dialects whose delimiters may separate the values, with scores from 0 to 1."""
    readings = []
    for delimiter in DELIMITERS:
        if delimiter in sample:
            # A quote after a blank opens a quoted field only if the blank is skipped.
            dialect = CsvDialect(delimiter, padded=f'{delimiter} "' in sample)
            score = _consistency(sample, dialect)
            is_rare = delimiter in RARE_DELIMITERS
            if score >= (LEAST_RARE_CONSISTENCY if is_rare else LEAST_CONSISTENCY):
                readings.append((score, dialect))
    return readings


def _best_delimiter(sample: str) -> tuple[CsvDialect, float]:
    """Return the dialect with the most consistent delimiter, and its score from 0 to 1."""
    readings = _readings(sample)
    best_score = max((score for score, _ in readings), default=0.0)
    rivals = [dialect for score, dialect in readings if score >= best_score - DRAW]
    best = max(rivals, key=lambda dialect: _plausibility(sample, dialect), default=CsvDialect(None))
    for delimiter in LONG_DELIMITERS:
        # Its characters must not occur anywhere else.
        bars = sample.count(delimiter) * delimiter.count("|")
        if delimiter in sample and bars == sample.count("|"):
            dialect = CsvDialect(delimiter, quoted=False)
            score = _consistency(sample, dialect)
            if score > 0.9 and score >= best_score - 0.05:
                best, best_score = dialect, score
    return best, best_score


def _plausibility(sample: str, dialect: CsvDialect) -> float:
    """Return the share of cells that are values, without those that cut a quotation in two."""
    cells = [
        cell.strip() for row in itertools.islice(records(sample, dialect), 200) for cell in row
    ]
    cut = sum(cell.count('"') % 2 or cell.count("'") % 2 for cell in cells)
    return (sum(map(is_value, cells)) - cut) / max(1, len(cells))


def _quoting(sample: str, best: CsvDialect, score: float) -> CsvDialect:
    """Return the dialect with other quoting rules, if they explain the sample at least as well."""
    delimiter = re.escape(best.delimiter or "")
    if '\\"' in sample and '""' not in sample.replace(f'{best.delimiter}""', ""):
        escaped = replace(best, escape="\\")
        if _consistency(sample, escaped) >= score:
            return escaped
    if "'" in sample and '"' not in sample:
        single = replace(best, quote="'")
        pattern = rf"(?m)(?:^|{delimiter})'[^'\n]*'(?={delimiter}|\r?$)"
        fields = len(re.findall(pattern, sample))
        opened = len(re.findall(rf"(?m)(?:^|{delimiter})'", sample))
        if fields > 2 and fields == opened and _consistency(sample, single) >= score:
            return single
    # A quote that is closed before the field ends: 12" pipe, "best" offer.
    early = rf'(?m)(?:^|{delimiter})"[^"\n]*"(?!"|\s*(?:{delimiter}|$))'
    if best.quoted and not best.padded and re.search(early, sample):
        plain = replace(best, quoted=False)
        quoted_delimiter = re.compile(
            rf'(?m)(?:^|{delimiter})"[^"\n{delimiter}]*{delimiter}[^"\n]*"(?={delimiter}|\r?$)'
        )
        if not quoted_delimiter.search(sample) and _consistency(sample, plain) >= score:
            return plain
    return best


def _has_words_in_cells(sample: str) -> bool:
    """Tell whether the first cell of every line, split at tabs, contains several words."""
    cells = [line.split("\t")[0] for line in sample.splitlines() if line.strip()]
    return all(len(cell.split()) > 1 for cell in cells) and "\t" in sample


def is_split_by_gaps(text: str) -> bool:
    """Tell whether at least two blanks separate all values."""
    lines = [line.strip() for line in text[:SAMPLE_SIZE].splitlines() if line.strip()]
    widths = Counter(len(re.split(GAPS, line)) for line in lines)
    width, count = widths.most_common(1)[0] if widths else (1, 0)
    return width > 1 and count == len(lines) > 3


def tidiness(text: str, dialect: CsvDialect) -> float:
    """Score from 0 to 1 how well a dialect explains the text."""
    sample = _first_lines(text, SAMPLE_SIZE)
    if dialect.delimiter is None:
        return 0.0
    if dialect.delimiter == BLANKS:
        return _word_score(sample) / 0.95
    return _consistency(sample, dialect)


def _without_comments(sample: str) -> str:
    """Return a sample without lines that begin with #, if there are several and not only these."""
    lines = sample.splitlines(keepends=True)
    rows = [line for line in lines if not line.startswith("#")]
    return "".join(rows) if len(rows) > 1 and len(lines) - len(rows) > 1 else sample


def _first_lines(text: str, size: int) -> str:
    """Return the first whole lines of a text, up to `size` characters."""
    if len(text) <= size:
        return text
    end = max(text.rfind("\n", 0, size), text.rfind("\r", 0, size))
    return text[: end + 1] if end > 0 else text[:size]


def _consistency(sample: str, dialect: CsvDialect) -> float:
    """Score from 0 to 1 how well a delimiter splits all records into the same number of fields."""
    rows = [record for record in records(sample, dialect) if any(record)]
    widths = [len(record) for record in rows]
    if not widths:
        return 0.0
    if all(len(row) == 2 and not row[1] for row in rows):
        return 2 * LEAST_CONSISTENCY  # what ends each line separates nothing
    if len(widths) > 20:
        # The last records may be notes.
        widths = widths[:-2]
    common, count = Counter(widths).most_common(1)[0]
    if common == 1:
        # Lists of varying length, or few records under a long preamble.
        wide = [width for width in widths if width > 1]
        return 0.55 * len(wide) / len(widths) if len(wide) > 1 else 0.0
    similar = sum(abs(width - common) <= 1 for width in widths)
    # The first record is the header, and a header rarely contains a delimiter by chance.
    penalty = 0.1 if widths[0] == 1 and len(widths) > 1 else 0.0
    return (0.9 * count + 0.1 * similar) / len(widths) - penalty


def _word_score(sample: str) -> float:
    """Score from 0 to 0.95 how well runs of blanks separate the same number of words per line."""
    lines = [record for record in records(sample, CsvDialect(BLANKS)) if any(record)]
    widths = Counter(map(len, lines))
    common, count = widths.most_common(1)[0] if widths else (1, 0)
    if common < 2 or count < 3:
        return 0.0
    # R leaves out the name of the first column.
    is_from_r = len(lines[0]) == common - 1 and count == len(lines) - 1 and '"' in sample
    if len(lines[0]) != common and not is_from_r:
        return 0.0
    rows = [line for line in lines[1:200] if len(line) == common]
    numeric = [
        [bool(NUMBER.fullmatch(word)) for word in column] for column in zip(*rows, strict=True)
    ]
    share = sum(map(sum, numeric)) / max(1, len(rows) * common)
    # Prose has no numbers, or some anywhere; a table has a column of them.
    has_numbers = share > 0.4 or (len(rows) > 20 and any(map(all, numeric)))
    return 0.95 * count / len(lines) if rows and has_numbers else 0.0


def _has_unclosed_quote(text: str, delimiter: str) -> bool:
    """Tell whether a quote is never closed, so that quotes must be ordinary characters."""
    if text.count('"') % 2 == 0:
        return False
    quoted = [len(record) for record in records(text, CsvDialect(delimiter))]
    plain = [len(record) for record in records(text, CsvDialect(delimiter, quoted=False))]
    common, count = Counter(plain).most_common(1)[0]
    return common > 1 and count > 0.95 * len(plain) and len(plain) > len(quoted)


@dataclass(frozen=True)
class Header:
    """The position of the column names.

    `skip` records come before them. `names` is None if there is no header. `width` is the number of
    columns.
    """

    skip: int
    names: Record | None
    width: int


def find_header(top: list[Record]) -> Header:
    """Return the header among the first records: the first record that is as wide as the data."""
    filled = [record for record in top if any(cell.strip() for cell in record)]
    width = most_common_width(Counter(map(len, filled)))
    for index, record in enumerate(top):
        if not _is_row(record, width, top[index:]) or _is_settings(record, width, top[index + 1 :]):
            continue
        if _is_header(record, top[index + 1 :], width):
            return Header(index, list(record), max(width, len(record)))
        if _word_count(record, top[index + 1 :])[0]:  # settings as wide as the rows
            for place in range(index + 1, min(index + MAX_DESCRIPTIONS, len(top))):
                words, typed = _word_count(top[place], top[place + 1 :])
                if words == typed > 1:
                    return Header(place, list(top[place]), max(width, len(top[place])))
        return Header(index, None, width)
    return Header(0, None, width)


def _word_count(record: Record, below: list[Record]) -> tuple[int, int]:
    """Return in how many columns of numbers or dates a record has a word, and how many there are."""
    rows = [row for row in below if len(row) == len(record)]
    columns = _columns(rows[len(rows) // 2 :], len(record))
    typed = [index for index, column in enumerate(columns) if is_typed(column)]
    return sum(is_word(record[index].strip()) for index in typed), len(typed)


def _is_settings(record: Record, width: int, below: list[Record]) -> bool:
    """Tell whether a record is a line of settings: of another width than the header below it.

    Only words above numbers or dates prove that header if it does not follow at once, or if the
    record has one cell less: R leaves out the name of the first column.
    """
    position = next((i for i, row in enumerate(below) if len(row) == width), None)
    if position is None or len(record) == width:
        return False
    names, rows = [cell.strip() for cell in below[position]], below[position + 1 :]
    if not all(map(is_word, filter(None, names))) or not _is_header(below[position], rows, width):
        return False
    if position == 0 and len(record) != width - 1:
        return True
    columns = _columns([row for row in rows if len(row) == width][:200], width)
    return all(names) and any(map(is_typed, columns))


def most_common_width(widths: Counter[int]) -> int:
    """Return the most common number of fields. The wider one wins a draw; 1 if there are none."""
    return max(widths, key=lambda width: (widths[width], width), default=1)


def _is_row(record: Record, width: int, records: list[Record]) -> bool:
    """Tell whether a record belongs to the table, not to a title above it.

    It is the first of `records`.
    """
    filled = sum(bool(cell.strip()) for cell in record)
    if not filled:
        return False
    if width == 1:
        return not record[0].startswith("#") or len(records) == 1
    if len(record) < width - 1 or (len(record) == 1):
        return False
    if _is_comment(record) and any(map(_is_comment, records[1:3])):
        return False
    fullest = max(
        sum(bool(cell.strip()) for cell in row) for row in records[:10] if len(row) >= width - 1
    )
    return filled >= 0.6 * fullest


def _is_comment(record: Record) -> bool:
    return bool(record) and record[0].lstrip().startswith("#")


def _is_header(record: Record, below: list[Record], width: int) -> bool:
    """Tell whether a record contains names, compared with the records below it."""
    rows = [row for row in below if len(row) >= min(width, 2)][:200]
    cells = [cell.strip() for cell in record]
    filled = [cell for cell in cells if cell]
    if not rows:
        return not any(is_value(cell) for cell in filled)
    # The first rows below may be more rows of names.
    rows = rows[min(HEADER_ROWS - 1, len(rows) // 2) :]
    columns = [[row[i].strip() for row in rows if i < len(row)] for i in range(len(cells))]
    names = values = 0
    for cell, column in zip(cells, columns, strict=True):
        column = [value for value in column if value]
        if is_typed(column):
            # A year or a date can name a column of numbers, but not one of years or dates.
            names_numbers = is_label(cell) and not all(map(is_label, column))
            if is_value(cell) and not names_numbers:
                values += 1
            else:
                names += bool(cell)
    if names or values:
        return names >= values
    repeated = sum(cell in column for cell, column in zip(cells, columns, strict=True) if cell)
    return repeated <= 0.2 * len(filled) and len(set(filled)) > 0.8 * len(filled)


@dataclass(frozen=True)
class HeaderBlock:
    """The header and the number of its `rows`, the last of which `header` describes.

    `rows` is 0 for a header that pandas finds without help.
    """

    header: Header
    rows: int = 0
    notes: list[str] = field(default_factory=list)


def find_header_block(top: list[Record]) -> HeaderBlock:
    """Return the header among the first records, with the rows that belong to it."""
    header = find_header(top)
    names, position = header.names, header.skip
    if names is None:
        # Half of a row of groups may be blank, and so may the row that names the index.
        for first in range(max(0, position - HEADER_ROWS), position - 1):
            rows = top[first:position]
            if {len(row) for row in rows} == {header.width} and names_index(rows[:-1], rows[-1]):
                return _join_rows(header, top, first, position - 1)
        return HeaderBlock(header)
    first = position - bool(position and is_group_row(top[position - 1], top[position]))
    last = position
    while last - first < HEADER_ROWS - 1 and _continues_header(top[first:], last - first):
        last += 1
    if first < last:
        return _join_rows(header, top, first, last)
    rows = top[position + 1 :]
    if count := count_descriptions(names, rows):
        note = f"{count} line(s) below the header left out: they describe the columns"
        return HeaderBlock(replace(header, skip=position + count), count + 1, [note])
    return HeaderBlock(header)


def given_header(path: Path, top: list[Record], reading: Reading) -> HeaderBlock | None:
    """Return the header that the user's choices give; None if they leave it open.

    Raises FlaskdashError if there is no line of that number.
    """
    index = reading.header - 1 if reading.header else reading.skip or 0
    if reading.header is None and not index:
        return None
    if not any(map(any, top[index:])):
        raise FlaskdashError(
            f"{path} has no values from line {index + 1} on. Choose another line for the table.",
            '--read "header=1"',
        )
    if reading.header is None:
        block = find_header_block(top[index:])
        header = replace(block.header, skip=block.header.skip + index)
        return replace(block, header=header)
    below = [record for record in top[index:] if any(map(str.strip, record))]
    width = most_common_width(Counter(map(len, below)))
    if not reading.header:
        return HeaderBlock(Header(index, None, width))
    return HeaderBlock(Header(index, list(top[index]), max(width, len(top[index]))))


def _continues_header(rows: list[Record], last: int) -> bool:
    """Tell whether the row after LAST, which is the last one of a header so far, belongs to it."""
    if last + 2 >= len(rows):
        return False
    row, below = rows[last + 1], rows[last + 2 :]
    if is_second_header(rows[last], row, below):
        return True
    return last > 0 and names_index(rows[: last + 1], row)


def names_index(header: Sequence[Record], row: Record) -> bool:
    """Tell whether a row below a header only names the index, as pandas writes it.

    It has words where the first row of the header is blank, and nothing else.
    """
    if len(row) != len(header[0]) or not any(map(is_word, map(str.strip, row))):
        return False
    return all(
        bool(cell.strip()) != bool(name.strip())
        for cell, name in zip(row, _filled(header[0]), strict=True)
    )


def _filled(row: Record) -> Record:
    """Return a row of groups, in which a blank cell belongs to the merged cell on its left."""
    groups: Record = []
    for cell in row:
        groups.append(cell if cell.strip() or not groups else groups[-1])
    return groups


def _join_rows(header: Header, top: list[Record], first: int, last: int) -> HeaderBlock:
    """Return the header block of several rows of names, up to the record `last`."""
    names = join_names(top[first : last + 1])
    note = f"{last - first + 1} header rows were joined into one"
    return HeaderBlock(replace(header, skip=last, names=names), last - first + 1, [note])


def is_group_row(above: Record, names: Record, merged: bool = False) -> bool:
    """Tell whether a row above the names groups them, as merged cells do."""
    groups = [cell for cell in above if cell.strip()]
    is_repeated = len({name for name in names if name.strip()}) < sum(map(bool, names))
    is_spread = len(groups) < len(above) == len(names)
    return len(groups) >= 2 and is_spread and (is_repeated or merged)


def count_descriptions(names: Record, rows: Sequence[Record]) -> int:
    """Return how many records below the names describe the columns: labels, units or metadata.

    They contain words in columns of numbers or dates.
    """
    limit = min(MAX_DESCRIPTIONS, len(rows) // 2)
    sample = [row for row in rows[limit:] if len(row) == len(names)]
    if len(sample) < 5:
        return 0
    columns = _columns(sample, len(names))
    typed = [index for index, column in enumerate(columns) if is_typed(column)]
    if len(names) == 2 and typed == [1]:
        return _count_metadata(rows, _count_words(rows[:limit], columns, typed))
    typed = [i for i, column in enumerate(columns) if i in typed or _has_digits(column)]
    counts = _count_words(rows[:limit], columns, typed)
    if len(typed) < 2:
        return 0
    threshold = 0.5 * len(typed)
    leading = itertools.takewhile(lambda count: count > 1 and count >= threshold, counts)
    descriptions = len(list(leading))
    return descriptions if descriptions <= 3 else 0


def _count_metadata(rows: Sequence[Record], counts: Sequence[int]) -> int:
    """Return the number of lines of metadata, a name and a text, above the only series."""
    if sum(count > 0 for count in counts[:8]) < 3:
        return 0
    last = max(index for index, count in enumerate(counts) if count > 0)
    while last + 1 < len(counts) and not rows[last + 1][1].strip():
        last += 1
    return last + 1


def _count_words(rows: Sequence[Record], columns: list[Record], typed: list[int]) -> list[int]:
    """Return the number of words in the typed columns of each row, or -1 if it is a row of data.

    The result ends at the first row of another width.
    """
    untyped = [index for index in range(len(columns)) if index not in typed]
    coded = [index for index in typed if not is_typed(columns[index])]
    distinct = {index: set(columns[index]) for index in untyped}
    categories = [i for i in untyped if len(distinct[i]) <= MOST_LEVELS * len(columns[i])]
    counts = []
    for row in rows:
        if len(row) != len(columns):
            break
        cells = [row[index].strip() for index in typed if row[index].strip()]
        labels = {index: row[index].strip() for index in untyped}
        is_known = any(label in distinct[index] for index, label in labels.items())
        # With a value in another column, two words may be a row of gaps; so may one in a code.
        codes = sum(bool(row[index].strip()) for index in coded)
        has_label = any(labels.values()) or codes == 1
        is_certain = len(cells) - codes > 2 or codes > 1 or not has_label or len(columns) == 2
        # No category has this label: a question stands above its answers.
        unlike = [index for index in categories if labels[index]]
        is_certain = is_certain or len(cells) > 1 < len(unlike)
        # A mark such as "-" is the unit of what has none.
        described = [cell for cell in cells if is_word(cell) or any(map(str.isalnum, cell))]
        is_description = all(map(is_word, described)) and not is_known and is_certain
        is_description = is_description and bool(described or not cells)
        counts.append(len(cells) if is_description else -1)
    return counts


def _columns(rows: Sequence[Record], width: int) -> list[Record]:
    """Return the values of each column that are not blank."""
    return [[row[i].strip() for row in rows if row[i].strip()] for i in range(width)]


def is_typed(column: Record) -> bool:
    """Tell whether at least four in five values of a column are numbers or dates."""
    return bool(column) and sum(map(is_value, column)) >= 0.8 * len(column)


def _has_digits(column: Record) -> bool:
    """Tell whether nearly all values of a column have a digit, as codes do."""
    return len(column) > 4 and sum(map(_has_digit, column)) >= MOST_WITH_DIGITS * len(column)


def _has_digit(cell: str) -> bool:
    return any(map(str.isdigit, cell))


def is_word(cell: str) -> bool:
    """Tell whether a cell contains letters and is neither a value nor a gap."""
    return bool(re.search(r"[^\W\d_]", cell)) and not is_value(cell) and not _is_gap(cell)


def is_second_header(names: Record, row: Record, below: list[Record]) -> bool:
    """Tell whether the row below the names is a second header row: units, or parts of groups.

    It contains a word or a year in each column of numbers or dates, and nothing in the columns
    whose name is complete.
    """
    rows = [record for record in below if len(record) == len(row)][:200]
    if len(row) != len(names) or len(rows) < 3:
        return False
    columns = _columns(rows[min(HEADER_ROWS - 2, len(rows) // 2) :], len(row))
    typed = [index for index, column in enumerate(columns) if is_typed(column)]
    untyped = [index for index, column in enumerate(columns) if column and index not in typed]
    if _completes_names(names, row, columns):
        return True
    if any(row[index].strip() and names[index].strip() for index in untyped) or not typed:
        return False
    cells = [row[index].strip() for index in typed]
    words = [is_word(cell) or _is_sign(cell) for cell in cells]
    if all(words):
        return len(words) > 1 and any(map(is_word, cells))
    has_blank_name = any(not names[index].strip() and index > 0 for index in typed)
    labels = [
        is_label(cell) and not all(map(is_label, columns[index]))
        for index, cell in zip(typed, cells, strict=True)
    ]
    return has_blank_name and all(word or label for word, label in zip(words, labels, strict=True))


def _is_sign(cell: str) -> bool:
    """Tell whether a cell is the sign of a unit: % or a currency's."""
    return cell in ("%", "‰", "°") or (len(cell) == 1 and unicodedata.category(cell) == "Sc")


def _completes_names(names: Record, row: Record, columns: list[Record]) -> bool:
    """Tell whether a row has words below all blank names, and nothing below some full ones.

    So do the options of a question: "Which do you own?" above Bicycle, Car and Scooter. An option with
    digits (18 - 24) is a name if its column contains nothing else.
    """
    cells = [cell.strip() for cell in row]
    blank = [index for index, name in enumerate(names) if not name.strip()]
    empty = [index for index, cell in enumerate(cells) if not cell and names[index].strip()]
    are_words = all(
        (is_word(cell) and not _has_digit(cell)) or set(map(str.strip, column)) == {cell}
        for cell, column in zip(cells, columns, strict=True)
        if cell
    )
    return (
        len(blank) > 1
        and are_words
        and all(cells[index] for index in blank)
        and any(len(columns[index]) > 1 for index in empty)
    )


def _is_gap(cell: str) -> bool:
    """Tell whether a cell is a word for "no value"."""
    return cell.lower() in missing.ALWAYS | missing.AMONG_NUMBERS - {"c", "s", "x"}


def join_names(rows: Sequence[Record]) -> Record:
    """Return one name per column from several header rows.

    In all rows but the last, a blank cell belongs to the merged cell on its left.
    """
    if len(rows) > 2 and names_index(rows[:-1], rows[-1]):
        pairs = zip(join_names(rows[:-1]), rows[-1], strict=True)
        return [cell.strip() or name for name, cell in pairs]
    levels = []
    for level, row in enumerate(rows[:-1]):
        filled, group = [], ""
        for index, cell in enumerate(row):
            begins_group = level > 0 and any(upper[index] for upper in rows[:level])
            group = cell.strip() or ("" if begins_group else group)
            filled.append(group)
        levels.append(filled)
    levels.append([cell.strip() for cell in rows[-1]])
    return [" ".join(dict.fromkeys(filter(None, parts))) for parts in zip(*levels, strict=True)]


def is_value(cell: str) -> bool:
    """Tell whether a cell is a number or a date."""
    return bool(NUMBER.fullmatch(cell) or DATE.fullmatch(cell))


def is_label(cell: str) -> bool:
    """Tell whether a value can be a column's name: a year, a code of four digits, or a date."""
    return bool(re.fullmatch(r"\d{4}", cell) or DATE.fullmatch(cell))


def take(source: Iterator[Record], count: int) -> list[Record]:
    """Return the first `count` records."""
    return list(itertools.islice(source, count))
