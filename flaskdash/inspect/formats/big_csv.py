"""Read big delimited text with DuckDB, in memory that does not grow with the file.

The columns are planned from a sample of the records. DuckDB then tests every value of the file
against the plans. Values that fail are added to the sample, and the columns are planned again.
"""

from __future__ import annotations

import csv
import itertools
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from flaskdash.inspect.formats.source_file import SourceFile
from flaskdash.inspect.literals import literal
from flaskdash.inspect.meaning import sampled
from flaskdash.inspect.model import Omission, Read
from flaskdash.inspect.reading import BLANKS, DETECTED
from flaskdash.inspect.text import lines as trimming
from flaskdash.inspect.text.dialect import (
    CsvDialect,
    Record,
    find_header,
    is_word,
    records,
    sniff,
    take,
)
from flaskdash.inspect.text.encoding import decode
from flaskdash.inspect.text.table import CHUNK, TAIL, TextTable, tabulate
from flaskdash.inspect.values import column_plan, missing
from flaskdash.inspect.values.column_plan import ColumnPlan
from flaskdash.inspect.writing import duckdb_code, tabular
from flaskdash.inspect.writing.draft import Draft, execute
from flaskdash.inspect.writing.duckdb_code import Cast, Unfit, quote
from flaskdash.inspect.writing.pandas_code import Layout, indent
from flaskdash.inspect.writing.reshape import reshape

BIG = 16_000_000  # bytes above which DuckDB reads a file
HEAD = 2_000_000  # bytes from which the dialect is detected
FIRST, SAMPLE = 20_000, 60_000  # records from the beginning, and from the whole file
BLOCKS, BLOCK = 64, 2**16  # the number of parts that are sampled from a plain file, and their bytes
EXAMPLES = 500  # values of a column that are added to the sample in each attempt
ATTEMPTS = 6
# These always mean "no value", so that they may also appear in later data. Other words mean it only
# if the file has them, because testing each word takes time.
COMMON = frozenset({"NA", "N/A", "NULL", "null", "NaN", "nan", "None"})
ENCODINGS = ("utf-8", "utf-8-sig", "ascii")


def is_big(source: SourceFile) -> bool:
    """Tell whether a file is so big that DuckDB reads it."""
    return source.path.stat().st_size > BIG


def memory_note(source: SourceFile, reason: str) -> str:
    """Return the note on a big file that only pandas can read."""
    memory = max(5 * source.path.stat().st_size / 1e9, 0.1)
    return (
        f"read with pandas, which takes about {memory:.1f} GB of memory at each rebuild: DuckDB "
        f"takes less, but can't read this file in the same way, as {reason}"
    )


@dataclass(frozen=True)
class Scan:
    """A sample of the records, up to the last one, and the number of records of each width.

    `first` are the first records of the file. If `whole` is false, the widths are estimated from
    the sample.
    """

    widths: Counter[int]
    sample: list[Record]
    first: list[Record]
    whole: bool = True


class Broken(Unfit):
    """DuckDB can't parse the file, or not from a sample of its lines."""


def read(source: SourceFile) -> Draft:
    """Read a big file; raise Unfit if pandas must read it."""
    dialect, plain = _detect_dialect(source)
    if plain:
        # Broken means that the rows differ in width or are not UTF-8. A full scan handles the former.
        with suppress(Broken):
            return _read(source, dialect, _sample_blocks(source.path, dialect))
    return _read(source, dialect, _scan(source.path, dialect))


def _read(source: SourceFile, dialect: CsvDialect, scan: Scan) -> Draft:
    file, name_notes = _big_file(source, dialect, scan)
    with (
        tempfile.TemporaryDirectory(prefix="flaskdash-") as folder,
        sampled.connect(Path(folder)) as connection,
    ):
        plans, counts, missing_counts = _tested_plans(connection, file)
        body = _body(file, plans, counts)
        copy = Path(folder) / "result.parquet"
        try:
            execute(body, source.path).write_parquet(str(copy), compression="zstd")
        except duckdb.Error as error:
            raise Broken(" ".join(str(error).split())[:100]) from error
        result = sampled.describe(connection, copy, tabular.units(plans))
    if scan.whole and result.rows != file.rows:
        raise Unfit(f"DuckDB reads {result.rows:,} of its {file.rows:,} rows")
    if [column.name for column in result.columns] != file.names:
        raise Unfit("the names of its columns clash")
    if [column.missing for column in result.columns] != missing_counts:
        raise Unfit("DuckDB reads its missing values differently")
    if reshape(result.frame):
        raise Unfit("years, months or dates have columns of their own")
    layout = file.layout
    return Draft(
        Read(
            format="tsv" if dialect.delimiter == "\t" else "csv",
            encoding="utf-8",
            delimiter=dialect.delimiter,
            decimal=next((plan.decimal for plan in plans if plan.decimal), "."),
            header_row=layout.skip + 1 if layout.has_header else None,
            rows=result.rows,
            skipped_rows=file.long,
        ),
        body,
        result.frame,
        (*_notes(file), *name_notes, *tabular.column_notes(plans)),
        tabular.units(plans),
        columns=result.columns,
        omitted=tuple(_omitted(file)),
    )


def _big_file(
    source: SourceFile, dialect: CsvDialect, scan: Scan
) -> tuple[_BigFile, Sequence[str]]:
    """Return the layout of a file, and notes on its names. Raises Unfit if pandas must read it."""
    table = tabulate(lambda: iter(scan.sample))
    if table is None or not table.rows:
        raise Unfit("it has no rows")
    names, name_notes = tabular.column_names(table)
    layout = tabular.layout_of(
        Layout(table.header.skip, table.header.names is not None), table, names
    )
    file = _BigFile(source.path, dialect, scan, table, layout, names)
    file.refuse()
    return file, name_notes


@dataclass(frozen=True)
class _BigFile:
    """A big file, its layout, and the numbers of its rows."""

    path: Path
    dialect: CsvDialect
    scan: Scan
    table: TextTable
    layout: Layout
    names: list[str]

    @property
    def above(self) -> int:
        """Return the number of records before the first row that are not blank."""
        count = self.layout.skip + self.layout.has_header
        return sum(not _is_blank(record) for record in self.scan.first[:count])

    @property
    def long(self) -> int:
        """Return the number of rows with too many fields."""
        return sum(count for width, count in self.scan.widths.items() if width > len(self.names))

    @property
    def short(self) -> int:
        """Return the number of rows with too few fields."""
        width = len(self.names)
        short = sum(count for size, count in self.scan.widths.items() if 0 < size < width)
        top = self.scan.first[: self.layout.skip + self.layout.has_header]
        return short - sum(0 < _width(record) < width for record in top)

    @property
    def rows(self) -> int:
        """Return the number of rows without too many fields, which are the rows that are read."""
        wide = sum(
            _width(record) > len(self.names) for record in self.scan.first[: self.layout.skip]
        )
        total = sum(count for width, count in self.scan.widths.items() if width)
        return total - self.above - self.long + wide

    @property
    def raw(self) -> list[str]:
        """Return the names in the file, or [] if they are not unique and complete."""
        written = list(self.table.header.names or [])
        distinct = {name.strip().lower() for name in written}
        usable = len(written) == len(self.names) == len(distinct) and "" not in distinct
        return written if usable else []

    def refuse(self) -> None:
        """Raise Unfit if only pandas can read the file."""
        layout, table = self.layout, self.table
        reasons = {
            "it has a footer": layout.footer,
            "its rows end in a delimiter": tabular.without_blank_columns(table).trailing,
            "its header has too few names": 0 < len(table.header.names or []) < table.width,
            "it has rows of delimiters only": layout.drop_blank,
            "its first row has too many fields": layout.bad_first,
            "it has one column only": table.width < 2,
            "many of its rows have too few fields": self.short > 0.3 * max(self.rows, 1),
            "its lines above the header hold line breaks": any(
                "\n" in cell for record in self.scan.first[: layout.skip + 1] for cell in record
            ),
        }
        for reason, holds in reasons.items():
            if holds:
                raise Unfit(reason)

    def arguments(self, gaps: Sequence[str]) -> dict[str, Any]:
        """Return the arguments of DuckDB's read_csv for the notation of the records."""
        arguments: dict[str, Any] = {
            "sep": self.dialect.delimiter,
            "quotechar": '"',
            "escapechar": '"',
            "header": self.layout.has_header,
        }
        if self.layout.skip:
            arguments["skiprows"] = self.layout.skip
        arguments["na_values"] = list(gaps)
        if self.short:
            arguments["null_padding"] = True
        if self.long:
            arguments["ignore_errors"] = True
        return {**arguments, "auto_detect": False, "strict_mode": True}


def _detect_dialect(source: SourceFile) -> tuple[CsvDialect, bool]:
    """Return the dialect of a file's beginning, and whether each line of the file is a record."""
    reading = source.reading
    if source.packed.kind:
        raise Unfit("it is packed")
    if replace(reading, sep=None, quote=None, sheet=None) != DETECTED:
        raise Unfit("--read says where its table is")
    with source.path.open("rb") as file:
        head = file.read(HEAD)
        lines = head[: head.rfind(b"\n") + 1] or head
        nul, plain, block = False, True, head
        while block and not nul:
            nul = b"\0" in block
            plain = plain and b'"' not in block and block.count(b"\r") <= block.count(b"\n") + 1
            block = file.read(2**22)
    text, encoding = decode(lines, source.path)
    if encoding not in ENCODINGS:
        raise Unfit(f"its encoding is {encoding}")
    if nul:
        raise Unfit("it holds NUL characters")
    dialect = sniff(text.removeprefix("\ufeff"), reading.sep, reading.quote)
    if dialect.delimiter in (None, BLANKS):
        raise Unfit("it has no delimiter")
    if trimming.detect_trim(text):
        raise Unfit("some of its lines are not rows")
    if not dialect.is_plain:
        raise Unfit("its quotes are not those of CSV")
    if _repeats_header(source.path, text, dialect):
        raise Unfit("its header is repeated among the rows")
    return dialect, plain


def _repeats_header(path: Path, text: str, dialect: CsvDialect) -> bool:
    """Tell whether the line of the header, which is in TEXT, comes again anywhere in the file."""
    header = find_header(take(records(text, dialect), TAIL))
    lines = text.splitlines()
    if not header.names or header.skip >= len(lines) or not all(map(is_word, header.names)):
        return False
    line = b"\n" + lines[header.skip].encode()
    count = 0
    with path.open("rb") as file:
        end = b"\n"
        while block := file.read(2**22):
            count += (end + block).count(line + b"\n") + (end + block).count(line + b"\r\n")
            end = block[-len(line) - 1 :]
    return count > 1


def _sample_blocks(path: Path, dialect: CsvDialect) -> Scan:
    """Sample lines from blocks all over the file; raise Broken if their widths differ."""
    size, records = path.stat().st_size, list[Record]()
    with path.open("rb") as file:
        for number in range(BLOCKS + 1):
            start = number * (size - BLOCK) // BLOCKS
            if start > file.tell():
                file.seek(start)
                file.readline()  # The block begins within a line.
            lines = file.readlines(BLOCK if number < BLOCKS else size)
            try:
                text = [line.decode("utf-8-sig" if not number else "utf-8") for line in lines]
            except UnicodeDecodeError as error:
                raise Broken(str(error)) from error
            records += csv.reader(text, delimiter=dialect.delimiter or ",")
    widths = Counter(map(_width, records))
    first_widths = {_width(record) for record in records[:TAIL]}
    if any(width and width not in first_widths for width in widths):
        raise Broken("its rows differ in width")
    factor = max(1.0, size / _mean_size(records) / len(records))
    usual, count = widths.most_common(1)[0]
    widths[usual] = round(count * factor)
    return Scan(widths, records, records[:200], whole=False)


def _mean_size(records: Sequence[Record]) -> float:
    """Return the mean number of characters of a record, with its delimiters."""
    return sum(sum(map(len, record)) + len(record) for record in records) / len(records)


def _scan(path: Path, dialect: CsvDialect) -> Scan:
    """Read all records with Python's csv module, and sample every n-th."""
    csv.field_size_limit(sys.maxsize)
    widths: Counter[int] = Counter()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            records = csv.reader(file, delimiter=dialect.delimiter or ",")
            first = list(itertools.islice(records, FIRST))
            widths.update(map(_width, first))
            step = max(1, round(path.stat().st_size / _mean_size(first) / SAMPLE))
            numbered, tail, total = list(enumerate(first)), first[-TAIL:], len(first)
            while chunk := list(itertools.islice(records, CHUNK)):
                lengths = Counter(map(len, chunk))
                if lengths[0] or lengths[1]:
                    lengths = Counter(map(_width, chunk))
                widths.update(lengths)
                numbered += [(total + index, chunk[index]) for index in range(0, len(chunk), step)]
                total += len(chunk)
                tail = (tail + chunk)[-TAIL:]
    except UnicodeDecodeError as error:
        raise Unfit("some of its bytes are not UTF-8") from error
    except csv.Error as error:
        raise Unfit(str(error)) from error
    sample = [record for number, record in numbered if number < total - len(tail)] + tail
    return Scan(widths, sample, first[:200])


def _width(record: Record) -> int:
    """Return the number of fields of a record, or 0 for a blank line, which DuckDB skips."""
    return 0 if _is_blank(record) else len(record)


def _is_blank(record: Record) -> bool:
    return len(record) <= 1 and not (record and record[0].strip())


def _tested_plans(
    connection: duckdb.DuckDBPyConnection, file: _BigFile
) -> tuple[list[ColumnPlan], list[Counter[str]], list[int]]:
    """Plan the columns so that the plans hold for every value of the file.

    Returns the plans, the counts of the sampled values, and the number of missing cells of each
    column. Raises Unfit if no plans hold.
    """
    counts = [Counter(column) for column in file.table.columns]
    share = file.table.rows / max(file.rows, 1)
    passed = [""] * len(counts)
    missing_counts = [0] * len(counts)
    raw = connection.read_csv(
        str(file.path),
        columns=dict.fromkeys(file.names, "VARCHAR"),
        **file.arguments([""]),
    )
    raw.create_view("raw")
    for _ in range(ATTEMPTS):
        plans = _plans(file, counts)
        casts = [duckdb_code.cast(plan, count) for plan, count in zip(plans, counts, strict=True)]
        tests = [_strict_test(plan, plans, cast) for plan, cast in zip(plans, casts, strict=True)]
        untested = [index for index, test in enumerate(tests) if test != passed[index]]
        if not untested:
            return plans, counts, missing_counts
        passed = tests
        results = _run_tests(connection, file, plans, tests, untested)
        for index, (gaps, _) in zip(untested, results, strict=True):
            missing_counts[index] = gaps
            if gaps and not counts[index][""] and not plans[index].missing:
                counts[index][""] = max(1, round(gaps * share))
        for index, (_, failures) in zip(untested, results, strict=True):
            if failures:
                _add_failing_values(
                    connection, file.names[index], tests[index], counts[index], share
                )
    raise Unfit("the values of a column have too many different forms")


def _add_failing_values(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    test: str,
    counts: Counter[str],
    share: float,
) -> None:
    """Add the most frequent values of a column that fail its test to the counts of the sample."""
    column = quote(name)
    examples = connection.execute(
        f"SELECT {column}, count(*) AS n FROM raw WHERE NOT {test} "
        f"GROUP BY 1 ORDER BY n DESC, 1 LIMIT {EXAMPLES}"
    ).fetchall()
    unseen = {value: count for value, count in examples if value not in counts}
    if not unseen:
        raise Unfit(f"{name} has values that DuckDB reads differently")
    for value, count in unseen.items():
        counts[value] = max(1, round(count * share))


def _plans(file: _BigFile, counts: Sequence[Counter[str]]) -> list[ColumnPlan]:
    """Plan the columns by the sampled values."""
    decimal = "," if file.dialect.delimiter == ";" else "."
    plans = [
        column_plan.plan_column(name, count) for name, count in zip(file.names, counts, strict=True)
    ]
    plans = column_plan.settle(plans, decimal)
    european = tabular.is_european(plans)
    return [tabular.order(plan, count, european) for plan, count in zip(plans, counts, strict=True)]


def _strict_test(column: ColumnPlan, plans: Sequence[ColumnPlan], cast: Cast) -> str:
    """Return the test of a column, which also fails for a word that is a gap in another column."""
    words = gaps_of(plans) - missing.PANDAS - column.gaps - {""}
    if not words:
        return cast.test
    is_value = f"{quote(column.name)} NOT IN ({duckdb_code.listed(words)})"
    return f"({cast.test} AND coalesce({is_value}, true))"


def gaps_of(plans: Sequence[ColumnPlan]) -> set[str]:
    """Return the words for "no value" in any column, and COMMON unless such a word is a value."""
    gaps = set[str]().union({""}, *(plan.gaps for plan in plans))
    return gaps if any(plan.literal_words for plan in plans) else gaps | COMMON


def _run_tests(
    connection: duckdb.DuckDBPyConnection,
    file: _BigFile,
    plans: Sequence[ColumnPlan],
    tests: Sequence[str],
    indices: Sequence[int],
) -> list[tuple[int, int]]:
    """Return the number of missing cells, and of cells that fail, of the columns at `indices`."""
    parts = []
    for index in indices:
        column, gaps = quote(file.names[index]), plans[index].gaps - {""}
        is_gap = f" OR {column} IN ({duckdb_code.listed(gaps)})" if gaps else ""
        parts.append(f"count(*) FILTER (WHERE {column} IS NULL{is_gap})")
        parts.append(f"count(*) FILTER (WHERE NOT {tests[index]})")
    is_empty = " AND ".join(f"{quote(name)} IS NULL" for name in file.names)
    try:
        *numbers, empty_rows = connection.execute(
            f"SELECT {', '.join(parts)}, count(*) FILTER (WHERE {is_empty}) FROM raw"
        ).fetchall()[0]
    except duckdb.Error as error:
        raise Broken(" ".join(str(error).split())[:100]) from error
    if empty_rows:
        raise Unfit("it has rows without any value")
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _body(file: _BigFile, plans: Sequence[ColumnPlan], counts: Sequence[Counter[str]]) -> str:
    """Return the loader's body."""
    names = file.raw or file.names
    casts = [
        duckdb_code.cast(replace(plan, name=name), count)
        for plan, name, count in zip(plans, names, counts, strict=True)
    ]
    if file.long:
        # DuckDB skips rows that it can't parse. So it reads text, and only rows with too many
        # fields are skipped.
        casts = [_after_reading(cast, name) for cast, name in zip(casts, names, strict=True)]
    gaps = gaps_of(plans)
    for plan, count in zip(plans, counts, strict=True):
        values = plan.literal_words | (set(count) - plan.gaps - {""})
        if gaps & values:
            raise Unfit("a word means no value in one column, and is a value in another")
    replacements = {
        name: f"{cast.expression} AS {quote(name)}"
        for name, cast in zip(names, casts, strict=True)
        if cast.expression
    }
    renames = {
        old: f"{quote(old)} AS {quote(new)}"
        for old, new in zip(names, file.names, strict=True)
        if old != new
    }
    lines = [
        *_opening(file, replacements.values()),
        "types = {",
        *(
            f"    {literal(name)}: {literal(cast.kind)},"
            for name, cast in zip(names, casts, strict=True)
        ),
        "}",
        *_reading(file, sorted(gaps)),
    ]
    if not file.raw and (replacements or renames):
        clauses = [
            *_clause("REPLACE", list(replacements.values())),
            *_clause("RENAME", list(renames.values())),
        ]
        return "\n".join([*lines, "return rows.project(", '    "*"', *clauses, ")"])
    if replacements or renames:
        lines += duckdb_code.changes("casts", "REPLACE", replacements, "header")
        lines += duckdb_code.changes("names", "RENAME", renames, "header")
    return "\n".join([*lines, "return rows"])


def _opening(file: _BigFile, expressions: Iterable[str]) -> list[str]:
    """Return the imports, and the lines that connect to DuckDB."""
    lines = [
        *(["import csv", ""] if file.raw else []),
        "import duckdb",
        "",
        f"# DuckDB reads files above {BIG / 1e6:.0f} MB: pandas would take several times their size "
        "in memory.",
        "connection = duckdb.connect()",
    ]
    if any("whole(" in expression for expression in expressions):
        lines += [
            "# A cast alone would round 1.5 to 2.",
            "connection.execute(",
            *indent(map(literal, duckdb_code.WHOLE)),
            ")",
        ]
    return lines


def _reading(file: _BigFile, gaps: Sequence[str]) -> list[str]:
    """Return the lines that read the file, after its header if its names can be used."""
    lines = []
    columns = "types"
    if file.raw:
        columns = '{name: types.get(name, "VARCHAR") for name in header}'
        reader = f"csv.reader(file, delimiter={literal(file.dialect.delimiter)})"
        lines.append('with SOURCE.open(encoding="utf-8-sig", newline="") as file:')
        if file.layout.skip:
            lines += [
                f"    reader = {reader}",
                f"    header = [next(reader) for _ in range({file.layout.skip + 1})][-1]",
            ]
        else:
            lines.append(f"    header = next({reader})")
    lines += ["rows = connection.read_csv(", "    str(SOURCE),", f"    columns={columns},"]
    notes = {
        "skiprows": "the lines above the table",
        "null_padding": "rows with too few fields",
        "ignore_errors": "rows with too many fields are left out",
    }
    for name, value in file.arguments(gaps).items():
        comment = f"  # {notes[name]}" if name in notes else ""
        code = repr(value) if name in ("quotechar", "escapechar") else literal(value)
        lines.append(f"    {name}={code},{comment}")
    return [*lines, ")"]


def _after_reading(cast: Cast, name: str) -> Cast:
    """Return a cast that is made after DuckDB has read the column as text."""
    expression = cast.expression
    if not expression and cast.kind != "VARCHAR":
        expression = f"CAST({quote(name)} AS {cast.kind})"
    return Cast("VARCHAR", expression, cast.test)


def _clause(word: str, parts: Sequence[str]) -> list[str]:
    """Return REPLACE or RENAME as lines of a Python string, one for each column."""
    if not parts:
        return []
    ends = [","] * (len(parts) - 1) + [")"]
    columns = [literal(f"{part}{end}") for part, end in zip(parts, ends, strict=True)]
    return indent([literal(f" {word} ("), *columns])


def _omitted(file: _BigFile) -> Iterator[Omission]:
    """Yield what DuckDB leaves out of a file; it does not say where rows of another width are."""
    yield from (part for part in file.table.omitted if part.reason == "rows above the table")
    if file.long:
        yield Omission("rows with too many fields", file.long)


def _notes(file: _BigFile) -> list[str]:
    """Return the notes on the file as a whole."""
    notes = [f"above {BIG / 1e6:.0f} MB, so DuckDB reads it: a relation, not a DataFrame"]
    if file.layout.skip:
        notes.append(f"{file.layout.skip} line(s) above the header skipped")
    if file.long:
        notes.append(f"{file.long} row(s) with too many fields skipped")
    if file.short:
        notes.append(f"{file.short} row(s) with too few fields: the missing fields have no value")
    return notes
