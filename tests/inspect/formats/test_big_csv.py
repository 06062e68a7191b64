"""Big text: DuckDB reads it as pandas would, or a note says why it can't."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from flaskdash.inspect import inspect_source, source
from flaskdash.inspect.formats import big_csv, csv, parquet
from flaskdash.inspect.meaning import roles, sampled
from flaskdash.inspect.writing.draft import execute
from flaskdash.inspect.writing.duckdb_code import Unfit
from tests.support.fixtures import Cli

DAYS = [f"2024-{m:02}-{d:02}" for m in range(1, 5) for d in range(1, 28)]
PLACES = ("North", "South, far", 'East "E"', "Île-de-France", "日本")


def lines(header: str, row: str, count: int = 100, end: str = "\n") -> str:
    """Return a text with a header and a row for each number, which fills in `{n}` and more."""
    rows = [
        row.format(
            n=n,
            day=DAYS[n],
            region=("North", "South", "Ostsee")[n % 3],
            cents=f"{n * 7 % 90}.{n % 100:02}",
        )
        for n in range(count)
    ]
    return end.join([header, *rows]) + end


TIDY = lines("day,region,units,price", "{day},{region},{n},{cents}")
FIT = {
    "tidy": TIDY,
    "bom": "\ufeff" + TIDY,
    "no last line end": TIDY.rstrip(),
    "crlf": lines("day,region,units,price", "{day},{region},{n},{cents}", end="\r\n"),
    "tabs": TIDY.replace(",", "\t"),
    "pipes": TIDY.replace(",", "|"),
    "comma decimals": lines("day;region;price", "{day};{region};{cents}").replace(".", ","),
    "grouped": lines("region,total", '{region},"1,{n:03}.25"'),
    "grouped whole": lines("region,total", '{region},"1,{n:03}"'),
    "european": lines("region;total", "{region};1.{n:03},25"),
    "money": lines("region,total", "{region},${n}.50"),
    "negative money": lines("region,total", "{region},($1{n}.50)"),
    "percent": lines("region,share", "{region},{cents}%"),
    "unit": lines("region,time", "{region},{n} min"),
    "brackets": lines("region,total", '{region},"$1,{n:03}.10"'),
    "leading zeros": lines("zip,units", "0{n:04},{n}"),
    "long digits": lines("key,units", "12345678901234567{n:03},{n}"),
    "codes": lines("code,units", "10{n}.0,{n}"),
    "day first": lines("day,units", "{n:02}/06/2023,{n}", 28),
    "us dates": lines("day,units", "6/2{n}/2023,{n}", 9),
    "month names": lines("day,units", "{n:02}-Mar-2023,{n}", 28),
    "stamps": lines("at,units", "{day} 10:{n:02}:07,{n}", 60),
    "stamps with T": lines("at,units", "{day}T10:{n:02}:07.250,{n}", 60),
    "digit dates": lines("day,units", "202301{n:02},{n}", 28).replace("20230100", "20230131"),
    "booleans": lines("region,open", "{region},true") + "North,false\n",
    "gaps": TIDY + "2024-05-01,,,\n2024-05-02,NA,n/a,-\n",
    "odd gaps": TIDY + "2024-05-01,North,unknown,1.5\n",
    "no value at all": lines("region,nothing,units", "{region},,{n}"),
    "quotes": lines("region,text,units", '{region},"a ""word"", and more",{n}'),
    "line breaks": lines("region,text,units", '{region},"one\ntwo",{n}'),
    "letters": "place,units\n"
    + "".join(f'"{p.replace(chr(34), chr(34) * 2)}",{n}\n' for n in range(40) for p in PLACES),
    "preamble": "Sales of 2024\nAll shops\n" + TIDY,
    "no header": TIDY.partition("\n")[2],
    "blank lines": TIDY.replace("2024-02-01", "\n2024-02-01"),
    "padded text": lines("region,units", " {region} ,{n}"),
    "padded numbers": lines("region,units", "{region}, {n} "),
    "blanks in names": lines(" Region ,Units sold", "{region},{n}"),
    "one name twice": lines("units,units", "{region},{n}"),
    "short rows": TIDY + "2024-05-01,North\n2024-05-02,South,4\n",
    "long rows": TIDY + "2024-05-01,North,1,2,3\n2024-05-02,South,4,5.5\n",
    "exponents": lines("region,value", "{region},{n}.5e-3"),
    "plus": lines("region,change", "{region},+{n}"),
    "whole with a gap": lines("region,units", "{region},{n}") + "North,\n",
    "NA is a place": lines("continent,units", "NA,{n}", 40) + lines("", "EU,{n}", 40).lstrip(),
    "None is a value": lines("damage,units", "None,{n}") + "Some,4\n",
    "number late": lines("name,units", "{region},{n}") + "12,4\n",
    "hostile names": lines(
        "a\"); DROP,it's,{{c}}".replace('"', '""').join(['"', '"']) + ",n", "{region},{n}"
    ),
}
UNFIT = {
    "footer": TIDY + "\nTotal,,5000,\nSource: us\n",
    "encoding": TIDY.replace("South", "Süd").encode("cp1252"),
    "zones": lines("at,units", "{day}T10:00:00+02:00,{n}"),
    "quarters": lines("quarter,units", "2023-Q1,{n}") + "2023-Q2,3\n",
    "years in columns": lines("region,2019,2020,2021,2022,2023", "{region},{n},1,2,3,{n}"),
    "trailing delimiters": lines("region,units", "{region},{n},"),
    "delimiters only": TIDY + ",,,\n" + "2024-05-02,South,4,5.5\n",
    "NUL": TIDY + "2024-05-02,So\0uth,4,5.5\n",
    "one column": lines("units", "{n}"),
    "scaled": lines("region,total", "{region},{n}.5K"),
}


def put(folder: Path, text: str | bytes) -> Path:
    path = folder / "sales.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("name", FIT)
def test_duckdb_reads_text_as_pandas_does(name: str, tmp_path: Path) -> None:
    file, _ = source.open_source(put(tmp_path, FIT[name]), None)
    by_pandas, inspection = csv.read_whole(file), big_csv.read(file)
    frame = execute(inspection.body, file.path).df()
    assert list(frame.columns) == list(by_pandas.frame.columns)
    for column in by_pandas.frame.columns:
        expected, actual = by_pandas.frame[column], frame[column]
        if expected.isna().all():
            assert actual.isna().all()
            continue
        if pd.api.types.is_datetime64_any_dtype(expected):
            expected, actual = expected.astype("datetime64[us]"), actual.astype("datetime64[us]")
        pd.testing.assert_series_equal(expected, actual, check_exact=False, rtol=1e-12)
    assert (inspection.read.rows, inspection.read.skipped_rows) == (
        by_pandas.read.rows,
        by_pandas.read.skipped_rows,
    )
    assert inspection.read.header_row == by_pandas.read.header_row
    assert inspection.units == by_pandas.units
    untyped = [c.name for c in inspection.columns if c.role == "empty"]
    described = roles.describe(by_pandas.frame, by_pandas.units)
    assert [(c.name, c.type, c.role) for c in inspection.columns if c.name not in untyped] == [
        (c.name, c.type, c.role) for c in described if c.name not in untyped
    ]


@pytest.mark.parametrize("name", UNFIT)
def test_pandas_reads_files_that_duckdb_reads_differently(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path, UNFIT[name])
    with pytest.raises(Unfit):
        big_csv.read(source.open_source(path, None)[0])
    monkeypatch.setattr(big_csv, "BIG", 0)
    inspection = inspect_source(path)
    assert "import pandas" in inspection.body
    assert any("GB of memory" in note for note in inspection.notes)


LATE = {
    "text among numbers": "2024-04-20,North,some,1.5",
    "a fraction among whole numbers": "2024-04-20,North,7.5,1.5",
    "leading zeros": "2024-04-20,North,007,1.5",
    "a gap": "2024-04-20,North,,1.5",
    "a word for a gap": "2024-04-20,North,n/a,1.5",
    "a gap among text": "2024-04-20,-,7,1.5",
    "no date": "2024-04-31,North,7,1.5",
    "blanks": "2024-04-20, North,7,1.5",
    "too many fields": "2024-04-20,North,7,1.5,9",
    "too few fields": "2024-04-20,North",
    "quotes": '2024-04-20,"North, and\nmore",7,1.5',
    "too many digits": "2024-04-20,North,12345678901234567890,1.5",
}


@pytest.mark.parametrize("name", LATE)
def test_values_that_are_not_in_the_sample_are_read_from_the_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The odd row is far from both ends of the file, so a sample of a few rows misses it."""
    text = TIDY + (LATE[name] + "\n") + 40 * TIDY.partition("\n")[2]
    for constant, value in {"FIRST": 40, "SAMPLE": 40, "BLOCKS": 1, "BLOCK": 500}.items():
        monkeypatch.setattr(big_csv, constant, value)
    file, _ = source.open_source(put(tmp_path, text), None)
    by_pandas, inspection = csv.read_whole(file), big_csv.read(file)
    pd.testing.assert_frame_equal(
        by_pandas.frame,
        execute(inspection.body, file.path).df(),
        check_dtype=False,
        check_exact=False,
    )
    assert inspection.read.rows == by_pandas.read.rows
    assert dict(zip(by_pandas.frame, by_pandas.frame.isna().sum(), strict=True)) == {
        column.name: column.missing for column in inspection.columns
    }


def test_a_new_file_that_does_not_fit_fails(tmp_path: Path) -> None:
    """A refresh with a different file raises an error before it rounds, cuts or drops values."""
    path = put(tmp_path, TIDY)
    body = big_csv.read(source.open_source(path, None)[0]).body
    for late in LATE:
        if late in (
            "a gap",
            "a word for a gap",
            "a gap among text",
            "blanks",
            "quotes",
            "leading zeros",
        ):
            continue  # those are read as they are
        put(tmp_path, TIDY + LATE[late] + "\n" + TIDY.partition("\n")[2])
        with pytest.raises(duckdb.Error):
            execute(body, path).df()
    for wrong in ("1.5", "1,5", "1e3", "1E3", "1."):
        put(tmp_path, f'price,day,units,region\n1.5,2024-01-01,"{wrong}",North\n')
        with pytest.raises(duckdb.Error):
            execute(body, path).df()
    put(tmp_path, "price,day,units,region\n1.5,2024-01-01,3,North\n")
    assert execute(body, path).df()["units"].tolist() == [3]


def test_a_note_says_that_duckdb_reads_a_big_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(big_csv, "BIG", 0)
    inspection = inspect_source(put(tmp_path, TIDY))
    assert "DuckDB reads it" in inspection.notes[0]
    assert inspection.total == 100
    assert "duckdb" in inspection.body


def test_a_project_of_big_text_runs(
    folder: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loader returns a relation, and charts are chosen from a sample of its rows."""
    monkeypatch.setattr(big_csv, "BIG", 0)
    monkeypatch.setattr(sampled, "MAX_ROWS", 50)
    monkeypatch.setattr(sampled, "SAMPLE", 40)
    flaskdash("new", "shop", "--data", put(folder, TIDY), "--no-install", "--no-git")
    loader = folder / "shop" / "app" / "loaders" / "sales.py"
    assert "-> DuckDBPyRelation:" in loader.read_text("utf-8")
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    subprocess.run(run, cwd=folder / "shop", check=True)
    monkeypatch.chdir(folder / "shop")
    flaskdash("add-chart", "--kind", "histogram", "--x", "price", "--title", "Prices")


@pytest.mark.parametrize("rename", ["", ' AS "Order\'s day"'])
def test_big_parquet_is_a_relation(
    rename: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "BIG", 0)
    path = tmp_path / "some.parquet"
    day = f"TIMESTAMPTZ '2024-01-01 12:00:00+00'{rename or ' AS day'}"
    duckdb.sql(f"SELECT {day}, n, n / 3 AS price FROM range(60) rows(n)").write_parquet(str(path))
    inspection = inspect_source(path)
    frame = execute(inspection.body, path).df()
    assert len(frame) == inspection.total == 60
    assert str(frame.iloc[0, 0]) == "2024-01-01 12:00:00"
    assert list(frame.columns) == [column.name for column in inspection.columns]


def test_a_sample_describes_all_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts are of the whole file; the sample has the least, the greatest and rare values."""
    monkeypatch.setattr(sampled, "MAX_ROWS", 50_000)
    path = tmp_path / "some.parquet"
    duckdb.sql(
        "SELECT n AS row, n % 7 AS units, CASE WHEN n = 77777 THEN 'rare' ELSE 'usual' END AS kind, "
        "CASE WHEN n = 55555 THEN -1e9 WHEN n % 10 > 0 THEN sqrt(n) END AS value FROM range(100000) t(n)"
    ).write_parquet(str(path))
    with sampled.connect(tmp_path) as connection:
        inspection = sampled.describe(connection, path, {})
    assert inspection.rows == 100_000
    assert set(inspection.frame["kind"]) == {"rare", "usual"}
    assert inspection.frame["value"].min() == -1e9
    assert [column.role for column in inspection.columns[:2]] == ["identifier", "measure"]
    assert inspection.columns[3].missing == 10_000
    assert inspection.columns[1].distinct == 7


def test_remarks_on_a_sample_mention_the_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "region,units\n" + "".join(f"North,{n % 9 or 9999}\n" for n in range(500))
    monkeypatch.setattr(big_csv, "BIG", 0)
    assert "(in a sample" not in " ".join(inspect_source(put(tmp_path, text)).notes)
    monkeypatch.setattr(sampled, "MAX_ROWS", 200)
    monkeypatch.setattr(sampled, "SAMPLE", 100)
    notes = inspect_source(put(tmp_path, text)).notes
    assert [note for note in notes if "9999" in note and "(in a sample of" in note]


def test_a_missing_column_is_not_an_error_of_duckdb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(big_csv, "BIG", 0)
    monkeypatch.setattr(parquet, "BIG", 0)
    text = "day;n;price\n" + "".join(f"{i % 28 + 1:02d}.01.2024;{i};{i},5\n" for i in range(60))
    path = put(tmp_path, text)
    inspection = inspect_source(path)
    assert "strptime" in inspection.body
    path.write_text("n;price\n1;2,5\n")
    assert execute(inspection.body, path).fetchall() == [(1, 2.5)]
    path = tmp_path / "some.parquet"
    duckdb.sql("SELECT [n] AS tags, TIME '08:00:00' AS at, n FROM range(60) rows(n)").write_parquet(
        str(path)
    )
    inspection = inspect_source(path)
    duckdb.sql("SELECT [n] AS tags, n FROM range(2) rows(n)").write_parquet(str(path))
    assert execute(inspection.body, path).fetchall() == [("[0]", 0), ("[1]", 1)]


def test_a_header_that_comes_again_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(big_csv, "BIG", 100)
    path = tmp_path / "joined.csv"
    path.write_text(TIDY + TIDY)
    inspection = inspect_source(path)
    assert inspection.read.rows == 200
    assert "its header is repeated among the rows" in inspection.notes[0]
