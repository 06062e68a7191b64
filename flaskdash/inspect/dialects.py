"""SQL dialects: the parts of a chart's SQL that engines write differently.

A dialect has the name that sqlglot uses, which is mostly also the name in SQLAlchemy's addresses.
docs/databases.md lists which dialects the tests run, and which they only parse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from flaskdash.errors import FlaskdashError
from flaskdash.names import is_reserved

TRUNC = "date_trunc('{grain}', {x})"
# Words that DuckDB reserves in addition to the words that all engines reserve.
DUCKDB_WORDS = frozenset(
    """anti asof asymmetric at authorization binary collation concurrently deferrable freeze glob ilike
    initially isnull leading notnull overlaps pivot_longer pivot_wider positional semi tablesample
    unpack variadic verbose""".split()
)
# Words that at least one of the engines reserves.
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
    """An engine's SQL: the templates of the expressions that differ between engines.

    `mark` is the quotation mark of names; if `escapes` is true, a backslash escapes it in a name.
    `trunc` truncates a time to a grain, and `truncs` holds the grains that need another template.
    `ratio` divides without rounding. `later` adds days or hours to a time. `median` is empty if the
    engine has no median. `shuffle` orders rows by chance, in the same order every time.
    `unlimited` is the LIMIT of a query that needs all rows. `ending` closes a chart's SQL.
    `words` are the words that need quotes as names.
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
        """Return a name as an identifier, in quotes if it needs them."""
        plain = re.fullmatch(r"[a-z_][a-z0-9_]*", name)
        if plain and not is_reserved(name) and name not in self.words:
            return name
        if self.escapes:
            escaped = name.replace("\\", r"\\").replace(self.mark, f"\\{self.mark}")
        else:
            escaped = name.replace(self.mark, 2 * self.mark)
        return self.mark + escaped + self.mark

    def cut(self, grain: str, x: str) -> str:
        """Return the SQL that truncates the time X to the beginning of its year, month, hour...

        The grain "auto" is a parameter of the query, which snapshots alone have.
        """
        if grain == "auto":
            return f"date_trunc($grain, {x})"
        return self.truncs.get(grain, self.trunc).format(grain=grain, x=x)

    def after(self, number: int, x: str, unit: str = "DAY") -> str:
        """Return the SQL that adds NUMBER days or hours to the time X."""
        return self.later.format(number=number, x=x, unit=unit)

    def middle(self, x: str) -> str:
        """Return the SQL of a median; raise FlaskdashError if the engine has none."""
        if not self.median:
            raise FlaskdashError(
                f"{self.title} has no median. Use the mean, or a loader without --live.",
                hint="--agg mean",
            )
        return self.median.format(x=x)


DUCKDB = Dialect("duckdb", "DuckDB", shuffle="hash(row_number() OVER ())", words=DUCKDB_WORDS)
DIALECTS = {
    dialect.name: dialect
    for dialect in (
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
            # MariaDB ignores the order of a subquery that has no LIMIT.
            unlimited=f"\nLIMIT {2**64 - 1}",
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
            # By default an alias in SELECT hides the column of the same name in WHERE.
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
            # row_number() needs an ORDER BY in Snowflake.
            shuffle="random(1)",
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
# Schemes of addresses whose dialect has another name. Spark's SQL endpoint speaks Hive's protocol.
SCHEMES = {
    "postgres": "postgresql",
    "mariadb": "mysql",
    "clickhousedb": "clickhouse",
    "hive": "spark",
}


def from_url(url: str) -> Dialect:
    """Return the dialect of an address or a scheme (postgresql+psycopg), by default PostgreSQL's."""
    scheme = url.lower().partition(":")[0].partition("+")[0]
    return DIALECTS.get(SCHEMES.get(scheme, scheme), DIALECTS["postgresql"])
