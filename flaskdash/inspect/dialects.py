"""What engines write differently: the SQL of a chart is the same but for this.

A name is that of sqlglot, and of SQLAlchemy's dialect where that has one. Which of them are run by
the tests, and which are only parsed, is told in docs/databases.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from flaskdash.errors import FlaskdashError
from flaskdash.names import is_reserved

TRUNC = "date_trunc('{grain}', {x})"
# Words that DuckDB keeps for itself, beside those that every engine does; then the others' own.
DUCKDB_WORDS = frozenset(
    """anti asof asymmetric at authorization binary collation concurrently deferrable freeze glob ilike
    initially isnull leading notnull overlaps pivot_longer pivot_wider positional semi tablesample
    unpack variadic verbose""".split()
)
WORDS = DUCKDB_WORDS | frozenset(
    """before bigint blob change char character condition contains continue convert cursor decimal
    define delayed deterministic div double each elseif empty enclosed enum escape escaped exclude
    exit explain extract first_value float following force function generated get hash if ignore
    iif infile inout int integer iterate keys kill lag last_value lead leave linear lines localtime
    long lookup loop maxvalue mod modifies new no nth_value ntile numeric of off optimize option
    out outfile period precision procedure proto purge raise read reads real regexp release rename
    repeat replace require resignal respect restrict return revoke rlike row_number rowid schema
    schemas sensitive separator session_user signal smallint spatial specific sql sqlexception ssl
    starting stored straight_join struct sysdate terminated tinyint trigger unbounded undo unlock
    unsigned usage use utc_date varchar varying virtual while within write xor year_month
    zerofill""".split()
)


@dataclass(frozen=True)
class Dialect:
    """How an engine writes what differs.

    `mark` is what stands around a name; a backslash `escapes` it in some. `truncs` are the grains that it cuts a time to in another way than `trunc`. `ratio` divides
    without rounding. `later` is a time so many days or hours on. `median` is empty where the engine has none. `shuffle` orders rows by chance,
    and the same way each time. `unlimited` stands in
    for a LIMIT where there is none. `ending` closes a chart's SQL.
    """

    name: str
    title: str
    mark: str = '"'
    escapes: bool = False
    trunc: str = TRUNC
    truncs: Mapping[str, str] = field(default_factory=dict)
    ratio: str = "{x} / {width}"
    floor: str = "floor({x})"
    least: str = "least({x}, {y})"
    greatest: str = "greatest({x}, {y})"
    median: str = "median({x})"
    later: str = "{x} + INTERVAL '{number}' {unit}"
    text: str = "CAST({x} AS VARCHAR)"
    shuffle: str = "row_number() OVER () * 2654435761 % 4294967296"
    unlimited: str = ""
    ending: str = ""
    words: frozenset[str] = WORDS

    def quote(self, name: str) -> str:
        """Return a name as an identifier, in quotes where it needs them."""
        plain = re.fullmatch(r"[a-z_][a-z0-9_]*", name)
        if plain and not is_reserved(name) and name not in self.words:
            return name
        if self.escapes:
            return (
                self.mark
                + name.replace("\\", r"\\").replace(self.mark, f"\\{self.mark}")
                + self.mark
            )
        return self.mark + name.replace(self.mark, 2 * self.mark) + self.mark

    def cut(self, grain: str, x: str) -> str:
        """Return a time, cut to the beginning of its year, month, hour..."""
        return self.truncs.get(grain, self.trunc).format(grain=grain, x=x)

    def after(self, number: int, x: str, unit: str = "DAY") -> str:
        """Return a time, so many days or hours later."""
        return self.later.format(number=number, x=x, unit=unit)

    def middle(self, x: str) -> str:
        """Return the median of an expression; raise FlaskdashError where the engine has none."""
        if not self.median:
            raise FlaskdashError(
                f"{self.title} has no median", hint="--agg mean, or a loader without --live"
            )
        return self.median.format(x=x)


DUCKDB = Dialect("duckdb", "DuckDB", shuffle="hash(row_number() OVER ())", words=DUCKDB_WORDS)
DIALECTS = {
    each.name: each
    for each in (
        DUCKDB,
        Dialect(
            "postgresql",
            "PostgreSQL",
            ratio="CAST({x} AS double precision) / {width}",
            median="percentile_cont(0.5) WITHIN GROUP (ORDER BY {x})",
        ),
        Dialect(
            "mysql",
            "MySQL",
            mark="`",
            truncs={
                "year": "MAKEDATE(YEAR({x}), 1)",
                "quarter": "MAKEDATE(YEAR({x}), 1) + INTERVAL (QUARTER({x}) - 1) QUARTER",
                "month": "DATE({x}) - INTERVAL (DAYOFMONTH({x}) - 1) DAY",
                "week": "DATE({x}) - INTERVAL WEEKDAY({x}) DAY",
                "day": "DATE({x})",
                "hour": "TIMESTAMP(DATE({x})) + INTERVAL HOUR({x}) HOUR",
            },
            text="CAST({x} AS CHAR)",
            unlimited=f"\nLIMIT {2**64 - 1}",  # MariaDB drops the order of a subquery without
            median="",
        ),
        Dialect(
            "sqlite",
            "SQLite",
            truncs={
                "year": "date({x}, 'start of year')",
                "quarter": "date({x}, 'start of month', "
                "'-' || ((strftime('%m', {x}) - 1) % 3) || ' months')",
                "month": "date({x}, 'start of month')",
                "week": "date({x}, '-6 days', 'weekday 1')",
                "day": "date({x})",
                "hour": "strftime('%Y-%m-%d %H:00:00', {x})",
            },
            ratio="{x} * 1.0 / {width}",
            floor="(CAST({x} AS INTEGER) - ({x} < CAST({x} AS INTEGER)))",
            later="datetime({x}, '+{number} {unit}')",
            least="min({x}, {y})",
            greatest="max({x}, {y})",
            median="",
        ),
        Dialect(
            "clickhouse",
            "ClickHouse",
            escapes=True,
            median="quantileExactInclusive(0.5)({x})",
            text="toString({x})",
            # Else a column that the SELECT gives the name of another is meant in WHERE.
            ending="\nSETTINGS prefer_column_name_to_alias = 1",
        ),
        Dialect(
            "bigquery",
            "BigQuery",
            mark="`",
            escapes=True,
            trunc="DATE_TRUNC(CAST({x} AS DATE), {grain})",
            truncs={
                "week": "DATE_TRUNC(CAST({x} AS DATE), ISOWEEK)",
                "hour": "TIMESTAMP_TRUNC(CAST({x} AS TIMESTAMP), HOUR)",
            },
            median="APPROX_QUANTILES({x}, 2)[OFFSET(1)]",
            later="DATETIME_ADD(CAST({x} AS DATETIME), INTERVAL {number} {unit})",
            text="CAST({x} AS STRING)",
            shuffle="MOD(row_number() OVER () * 2654435761, 4294967296)",
        ),
        Dialect(
            "snowflake",
            "Snowflake",
            later="DATEADD({unit}, {number}, {x})",
            shuffle="random(1)",  # no window without an order
        ),
        Dialect(
            "trino",
            "Trino",
            ratio="CAST({x} AS double) / {width}",
            median="approx_percentile({x}, 0.5)",
        ),
        Dialect(
            "databricks", "Databricks", mark="`", shuffle="rand(1)", text="CAST({x} AS STRING)"
        ),
        Dialect("spark", "Apache Spark", mark="`", shuffle="rand(1)", text="CAST({x} AS STRING)"),
    )
}
# SQLAlchemy's names of dialects that are known here under another one.
NAMES = {"postgres": "postgresql", "mariadb": "mysql", "clickhousedb": "clickhouse"}
NAMES |= {"hive": "spark"}  # whose SQL endpoint speaks Hive's protocol


def of(url: str) -> Dialect:
    """Return the dialect of a URL, or of its scheme: postgresql+psycopg; PostgreSQL's where unknown."""
    plain = url.lower().partition(":")[0].partition("+")[0]
    return DIALECTS.get(NAMES.get(plain, plain), DIALECTS["postgresql"])
