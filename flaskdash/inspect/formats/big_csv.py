"""Read big delimited text with DuckDB, in a memory that does not grow with the file.

A sample of the records tells how the columns are written. DuckDB then tests each value of the file
against that; those that do not fit are added to the sample, and what it tells is looked at again.
"""

from __future__ import annotations

import csv
import itertools
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from flaskdash.inspect.formats.given import Given
from flaskdash.inspect.literals import literal
from flaskdash.inspect.meaning import sampled
from flaskdash.inspect.model import Read
from flaskdash.inspect.text import lines as trimming
from flaskdash.inspect.text.dialect import BLANKS, CsvDialect, Record, sniff
from flaskdash.inspect.text.encoding import decode
from flaskdash.inspect.text.table import CHUNK, TAIL, TextTable, tabulate
from flaskdash.inspect.values import column_plan, missing
from flaskdash.inspect.values.column_plan import ColumnPlan
from flaskdash.inspect.writing import duckdb_code, tabular
from flaskdash.inspect.writing.draft import Draft, execute
from flaskdash.inspect.writing.duckdb_code import Cast, Unfit, quote
from flaskdash.inspect.writing.pandas_code import Layout, indent
from flaskdash.inspect.writing.reshape import reshape

BIG = 16_000_000  # bytes of text above which DuckDB reads it
HEAD = 2_000_000  # bytes that tell the dialect
FIRST, SAMPLE = 20_000, 60_000  # records that are kept from the beginning, and from the rest
BLOCKS, BLOCK = 64, 2**16  # parts of a plain file that are looked at, and bytes of each
EXAMPLES = 500  # of values that do not fit, looked at in each turn
TURNS = 6
# Taken for a gap wherever one appears later; the others only where the file has them: each costs time.
COMMON = frozenset({"NA", "N/A", "NULL", "null", "NaN", "nan", "None"})
ENCODINGS = ("utf-8", "utf-8-sig", "ascii")


def is_big(given: Given) -> bool:
    """Tell whether a file is so big that DuckDB reads it."""
    return given.path.stat().st_size > BIG


def too_much(given: Given, why: str) -> str:
    """Return the note on a big file that pandas reads all the same."""
    size = given.path.stat().st_size / 1e9
    return (
        f"read with pandas, which takes about {max(5 * size, 0.1):.1f} GB of memory at each "
        f"rebuild: {why}; DuckDB, which reads big files in less, can't read this one the same way"
    )


@dataclass(frozen=True)
class Scan:
    """A sample of the records, its end included, and how wide they are.

    `whole` tells that the widths are those of all records; they are guessed from the sample else.
    """

    widths: Counter[int]
    sample: list[Record]
    first: list[Record]
    whole: bool = True


class Broken(Unfit):
    """DuckDB gave up on the file."""


def read(given: Given) -> Draft:
    """Read a big file; raise Unfit where pandas has to."""
    dialect, plain = _dialect(given)
    if plain:
        with suppress(Broken):  # then its rows differ in width, or its bytes are no UTF-8
            return _read(given, dialect, _peek(given.path, dialect))
    return _read(given, dialect, _scan(given.path, dialect))


def _read(given: Given, dialect: CsvDialect, scan: Scan) -> Draft:
    table = tabulate(lambda: iter(scan.sample))
    if table is None or not table.rows:
        raise Unfit("it has no rows")
    names, name_notes = tabular.column_names(table)
    layout = tabular.layout_of(
        Layout(table.header.skip, table.header.names is not None), table, names
    )
    source = _Source(given.path, dialect, scan, table, layout, names)
    source.refuse()
    with (
        tempfile.TemporaryDirectory(prefix="flaskdash-") as folder,
        sampled.connect(Path(folder)) as connection,
    ):
        plans, counts, absent = _checked(connection, source)
        body = _body(source, plans, counts)
        result = Path(folder) / "result.parquet"
        try:
            execute(body, given.path).write_parquet(str(result), compression="zstd")
        except duckdb.Error as error:
            raise Broken(" ".join(str(error).split())[:100]) from error
        found = sampled.describe(connection, result, tabular.units(plans))
    if scan.whole and found.rows != source.rows:
        raise Unfit(f"DuckDB finds {found.rows:,} rows where there are {source.rows:,}")
    if [column.name for column in found.columns] != names:
        raise Unfit("the names of its columns clash")
    if [column.missing for column in found.columns] != absent:
        raise Unfit("its gaps are read in another way")
    if reshape(found.frame):
        raise Unfit("years, months or dates stand in columns of their own")
    return Draft(
        Read(
            format="tsv" if dialect.delimiter == "\t" else "csv",
            encoding="utf-8",
            delimiter=dialect.delimiter,
            decimal=next((p.decimal for p in plans if p.decimal), "."),
            header_row=layout.skip + 1 if layout.has_header else None,
            rows=found.rows,
            skipped_rows=source.long,
        ),
        body,
        found.frame,
        (*_notes(source), *name_notes, *tabular.column_notes(plans)),
        tabular.units(plans),
        columns=found.columns,
    )


@dataclass(frozen=True)
class _Source:
    """A big file, and how its records are read."""

    path: Path
    dialect: CsvDialect
    scan: Scan
    table: TextTable
    layout: Layout
    names: list[str]

    @property
    def above(self) -> int:
        """Return how many records with something in them come before the first row."""
        count = self.layout.skip + self.layout.has_header
        return sum(not _is_blank(record) for record in self.scan.first[:count])

    @property
    def long(self) -> int:
        """Return the number of rows with too many fields."""
        return sum(count for width, count in self.scan.widths.items() if width > len(self.names))

    @property
    def short(self) -> int:
        """Return the number of rows with too few fields."""
        few = sum(n for width, n in self.scan.widths.items() if 0 < width < len(self.names))
        top = self.scan.first[: self.layout.skip + self.layout.has_header]
        return few - sum(0 < _width(record) < len(self.names) for record in top)

    @property
    def rows(self) -> int:
        """Return the number of rows that are read: those that are not too long."""
        wide = sum(
            _width(record) > len(self.names) for record in self.scan.first[: self.layout.skip]
        )
        total = sum(count for width, count in self.scan.widths.items() if width)
        return total - self.above - self.long + wide

    @property
    def raw(self) -> list[str]:
        """Return the columns' names as they are written; none where they can't be used."""
        names = [name.strip() for name in self.table.header.names or []]
        same = len(names) == len(self.names) and len({n.lower() for n in names}) == len(names)
        return list(self.table.header.names or []) if same and all(names) else []

    def refuse(self) -> None:
        """Raise Unfit for what only pandas can read."""
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
        """Return the arguments of DuckDB's read_csv that say how the records are written."""
        found: dict[str, Any] = {"sep": self.dialect.delimiter, "quotechar": '"', "escapechar": '"'}
        found["header"] = self.layout.has_header
        if self.layout.skip:
            found["skiprows"] = self.layout.skip
        found["na_values"] = list(gaps)
        if self.short:
            found["null_padding"] = True
        if self.long:
            found["ignore_errors"] = True
        return {**found, "auto_detect": False, "strict_mode": True}


def _dialect(given: Given) -> tuple[CsvDialect, bool]:
    """Return the delimiter, from the file's beginning, and whether each line is a record."""
    if given.packed.kind:
        raise Unfit("it is packed")
    with given.path.open("rb") as file:
        head = file.read(HEAD)
        lines = head[: head.rfind(b"\n") + 1] or head
        nul, plain, block = False, True, head
        while block and not nul:
            nul = b"\0" in block
            plain = plain and b'"' not in block and block.count(b"\r") <= block.count(b"\n") + 1
            block = file.read(2**22)
    text, encoding = decode(lines, given.path)
    if encoding not in ENCODINGS:
        raise Unfit(f"its encoding is {encoding}")
    if nul:
        raise Unfit("it holds NUL characters")
    dialect = sniff(text.removeprefix("\ufeff"))
    if dialect.delimiter in (None, BLANKS):
        raise Unfit("it has no delimiter")
    if trimming.detect_trim(text):
        raise Unfit("some of its lines are no rows")
    if not dialect.is_plain:
        raise Unfit("its quotes are not those of CSV")
    return dialect, plain


def _peek(path: Path, dialect: CsvDialect) -> Scan:
    """Look at lines here and there; raise Broken where they differ in width."""
    size, records = path.stat().st_size, list[Record]()
    with path.open("rb") as file:
        for number in range(BLOCKS + 1):
            start = number * (size - BLOCK) // BLOCKS
            if start > file.tell():
                file.seek(start)
                file.readline()  # the rest of a line
            lines = file.readlines(BLOCK if number < BLOCKS else size)
            try:
                text = [line.decode("utf-8-sig" if not number else "utf-8") for line in lines]
            except UnicodeDecodeError as error:
                raise Broken(str(error)) from error
            records += csv.reader(text, delimiter=dialect.delimiter or ",")
    widths = Counter(map(_width, records))
    if len({width for width in widths if width} - {_width(r) for r in records[:TAIL]}) > 0:
        raise Broken("its rows differ in width")
    each = sum(sum(map(len, record)) + len(record) for record in records) / len(records)
    share = max(1.0, size / each / len(records))
    usual, count = widths.most_common(1)[0]
    widths[usual] = round(count * share)
    return Scan(widths, records, records[:200], whole=False)


def _scan(path: Path, dialect: CsvDialect) -> Scan:
    """Pass over all records as Python's csv module reads them."""
    csv.field_size_limit(sys.maxsize)
    widths: Counter[int] = Counter()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            records = csv.reader(file, delimiter=dialect.delimiter or ",")
            first = list(itertools.islice(records, FIRST))
            widths.update(map(_width, first))
            size = sum(sum(map(len, record)) + len(record) for record in first) / len(first)
            step = max(1, round(path.stat().st_size / size / SAMPLE))
            kept, tail, number = list(enumerate(first)), first[-TAIL:], len(first)
            while chunk := list(itertools.islice(records, CHUNK)):
                lengths = Counter(map(len, chunk))
                if lengths[0] or lengths[1]:
                    lengths = Counter(map(_width, chunk))
                widths.update(lengths)
                kept += [(number + i, chunk[i]) for i in range(0, len(chunk), step)]
                number += len(chunk)
                tail = (tail + chunk)[-TAIL:]
    except UnicodeDecodeError as error:
        raise Unfit("it is not all UTF-8") from error
    except csv.Error as error:
        raise Unfit(str(error)) from error
    sample = [record for at, record in kept if at < number - len(tail)] + tail
    return Scan(widths, sample, first[:200])


def _width(record: Record) -> int:
    """Return a record's number of fields, 0 for a blank line, which readers skip."""
    return 0 if _is_blank(record) else len(record)


def _is_blank(record: Record) -> bool:
    return len(record) <= 1 and not (record and record[0].strip())


def _checked(
    connection: duckdb.DuckDBPyConnection, source: _Source
) -> tuple[list[ColumnPlan], list[Counter[str]], list[int]]:
    """Return plans that hold for each value of the file, and how many cells are missing."""
    counts = [Counter(column) for column in source.table.columns]
    share = source.table.rows / max(source.rows, 1)
    tested: list[str] = [""] * len(counts)
    absent = [0] * len(counts)
    raw = connection.read_csv(
        str(source.path),
        columns=dict.fromkeys(source.names, "VARCHAR"),
        **source.arguments([""]),
    )
    raw.create_view("raw")
    for _ in range(TURNS):
        plans = _plans(source, counts)
        found = [duckdb_code.cast(p, c) for p, c in zip(plans, counts, strict=True)]
        tests = [_apart(p, plans, one) for p, one in zip(plans, found, strict=True)]
        late = [i for i, test in enumerate(tests) if test != tested[i]]
        if not late:
            return plans, counts, absent
        tested = tests
        wrong = []
        for i, (gaps, bad) in zip(late, _test(connection, source, plans, tests, late), strict=True):
            absent[i] = gaps
            if gaps and not counts[i][""] and not plans[i].missing:
                counts[i][""] = max(1, round(gaps * share))
            if bad:
                wrong.append(i)
        for i in wrong:
            column = quote(source.names[i])
            examples = connection.execute(
                f"SELECT {column}, count(*) AS n FROM raw WHERE NOT {tests[i]} "
                f"GROUP BY 1 ORDER BY n DESC, 1 LIMIT {EXAMPLES}"
            ).fetchall()
            fresh = {value: n for value, n in examples if value not in counts[i]}
            if not fresh:
                raise Unfit(f"{source.names[i]} has values that DuckDB reads in another way")
            for value, n in fresh.items():
                counts[i][value] = max(1, round(n * share))
    raise Unfit("its columns hold too many different things")


def _plans(source: _Source, counts: Sequence[Counter[str]]) -> list[ColumnPlan]:
    """Return what the known values of the columns tell."""
    pairs = list(zip(source.names, counts, strict=True))
    decimal = "," if source.dialect.delimiter == ";" else "."
    plans = column_plan.settle(
        [column_plan.plan_column(name, known) for name, known in pairs], decimal
    )
    european = tabular.is_european(plans)
    return [tabular.order(p, known, european) for p, known in zip(plans, counts, strict=True)]


def _apart(column: ColumnPlan, plans: Sequence[ColumnPlan], found: Cast) -> str:
    """Return a column's test, which fails for a value that is a gap in another column."""
    words = gaps_of(plans) - missing.PANDAS - column.gaps - {""}
    if not words:
        return found.test
    return f"({found.test} AND coalesce({quote(column.name)} NOT IN ({duckdb_code.listed(words)}), true))"


def gaps_of(plans: Sequence[ColumnPlan]) -> set[str]:
    """Return the words for "no value" in the whole file, and the common ones unless one is a value."""
    found = set[str]().union({""}, *(p.gaps for p in plans))
    return found if any(p.literal_words for p in plans) else found | COMMON


def _test(
    connection: duckdb.DuckDBPyConnection,
    source: _Source,
    plans: Sequence[ColumnPlan],
    tests: Sequence[str],
    late: Sequence[int],
) -> list[tuple[int, int]]:
    """Return for some columns how many cells are missing, and how many do not pass."""
    parts = []
    for i in late:
        column, gaps = quote(source.names[i]), plans[i].gaps - {""}
        gap = f" OR {column} IN ({duckdb_code.listed(gaps)})" if gaps else ""
        parts.append(f"count(*) FILTER (WHERE {column} IS NULL{gap})")
        parts.append(f"count(*) FILTER (WHERE NOT {tests[i]})")
    nothing = " AND ".join(f"{quote(name)} IS NULL" for name in source.names)
    try:
        found = connection.execute(
            f"SELECT {', '.join(parts)}, count(*) FILTER (WHERE {nothing}) FROM raw"
        ).fetchall()[0]
    except duckdb.Error as error:
        raise Broken(" ".join(str(error).split())[:100]) from error
    if found[-1]:
        raise Unfit("it has rows without any value")
    return list(zip(found[:-1:2], found[1::2], strict=True))


def _body(source: _Source, plans: Sequence[ColumnPlan], counts: Sequence[Counter[str]]) -> str:
    """Return the loader's body."""
    raw = source.raw or source.names
    found = [
        duckdb_code.cast(replace(p, name=name), known)
        for p, name, known in zip(plans, raw, counts, strict=True)
    ]
    if source.long:  # what it skips is then for the number of fields alone
        found = [_late(one, name) for one, name in zip(found, raw, strict=True)]
    gaps = gaps_of(plans)
    if any(
        gaps & (p.literal_words | (set(c) - p.gaps - {""}))
        for p, c in zip(plans, counts, strict=True)
    ):
        raise Unfit("a word is a gap in one column, and a value in another")
    steps = [
        f"{one.expression} AS {quote(name)}"
        for one, name in zip(found, raw, strict=True)
        if one.expression
    ]
    renames = [
        f"{quote(a)} AS {quote(b)}" for a, b in zip(raw, source.names, strict=True) if a != b
    ]
    lines = ["import duckdb", ""]
    if source.raw:
        lines = ["import csv", "", *lines]
    limit = f"{BIG / 1e6:.0f} MB"
    lines += [
        f"# DuckDB reads files above {limit}: pandas would take several times their size in memory.",
        "connection = duckdb.connect()",
    ]
    if any("whole(" in step for step in steps):
        lines += [
            "# A cast alone would round 1.5 to 2.",
            "connection.execute(",
            *indent(map(literal, duckdb_code.WHOLE)),
            ")",
        ]
    types = [
        "types = {",
        *(f"    {literal(n)}: {literal(one.kind)}," for n, one in zip(raw, found, strict=True)),
        "}",
    ]
    lines += types
    columns = "types"
    if source.raw:
        columns = '{name: types.get(name, "VARCHAR") for name in header}'
        reader = f"csv.reader(file, delimiter={literal(source.dialect.delimiter)})"
        lines.append('with SOURCE.open(encoding="utf-8-sig", newline="") as file:')
        if source.layout.skip:
            lines += [
                f"    reader = {reader}",
                f"    header = [next(reader) for _ in range({source.layout.skip + 1})][-1]",
            ]
        else:
            lines.append(f"    header = next({reader})")
    lines += ["rows = connection.read_csv(", "    str(SOURCE),", f"    columns={columns},"]
    notes = {
        "skiprows": "what comes before the table",
        "null_padding": "rows with too few fields",
        "ignore_errors": "rows with too many fields are left out",
    }
    for name, value in source.arguments(sorted(gaps)).items():
        why = f"  # {notes[name]}" if name in notes else ""
        shown = repr(value) if name in ("quotechar", "escapechar") else literal(value)
        lines.append(f"    {name}={shown},{why}")
    lines.append(")")
    if not steps and not renames:
        return "\n".join([*lines, "return rows"])
    if not source.raw:
        lines += ["return rows.project(", '    "*"']
        return "\n".join([*lines, *_clause("REPLACE", steps), *_clause("RENAME", renames), ")"])
    casts_of = {
        name: f"{one.expression} AS {quote(name)}"
        for name, one in zip(raw, found, strict=True)
        if one.expression
    }
    names = {
        old: f"{quote(old)} AS {quote(new)}"
        for old, new in zip(raw, source.names, strict=True)
        if old != new
    }
    lines += [
        *duckdb_code.changes("casts", "REPLACE", casts_of, "header"),
        *duckdb_code.changes("names", "RENAME", names, "header"),
    ]
    return "\n".join([*lines, "return rows"])


def _late(one: Cast, name: str) -> Cast:
    """Return a cast that is made after the reading."""
    expression = one.expression
    if not expression and one.kind != "VARCHAR":
        expression = f"CAST({quote(name)} AS {one.kind})"
    return Cast("VARCHAR", expression, one.test)


def _clause(word: str, parts: Sequence[str]) -> list[str]:
    """Return REPLACE or RENAME as lines of a Python string, one for each column."""
    if not parts:
        return []
    ends = [","] * (len(parts) - 1) + [")"]
    return indent(
        [
            literal(f" {word} ("),
            *(literal(f"{part}{end}") for part, end in zip(parts, ends, strict=True)),
        ]
    )


def _notes(source: _Source) -> list[str]:
    """Return what to know about the file as a whole."""
    notes = [f"above {BIG / 1e6:.0f} MB, so DuckDB reads it: a relation, not a DataFrame"]
    if source.layout.skip:
        notes.append(f"{source.layout.skip} line(s) above the header skipped")
    if source.long:
        notes.append(f"{source.long} row(s) with too many fields skipped")
    if source.short:
        notes.append(f"{source.short} row(s) with too few fields: the rest is missing")
    return notes
