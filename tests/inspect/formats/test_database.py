"""Databases as sources, read into a snapshot or queried live, on servers that the tests start."""

from __future__ import annotations

import datetime
import json
import re
import shutil
import sqlite3
import stat
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from flaskdash.inspect.dialects import DIALECTS
from tests.support import servers
from tests.support.fixtures import Cli
from tests.support.loaders import run_loaders_once
from tests.support.projects import inside, run
from tests.support.waiting import wait_for
from tests.support.web import fetch, serving

pytestmark = pytest.mark.slow

HOSTILE = ("O'Brien", '100% "sure"', "a:name and :f0", "back\\slash", "%s %(f0)s", "$f0 ?", "--")
REGIONS = ("North", "South", *HOSTILE)
ROWS = 900
TABLE = """CREATE TABLE orders (id INTEGER PRIMARY KEY, ordered {moment}, region VARCHAR(20),
    units INTEGER, amount {number}, paid BOOLEAN, extra {odd})"""
KINDS = {
    "kpi": ("--y", "amount", "--agg", "sum"),
    "line": ("--x", "ordered", "--y", "amount", "--grain", "week", "--color", "region"),
    "bar": ("--x", "region", "--y", "units", "--limit", "5"),
    "scatter": ("--x", "units", "--y", "amount", "--color", "paid"),
    "histogram": ("--x", "amount"),
    "table": ("--limit", "20"),
}


def rows() -> list[tuple[Any, ...]]:
    start = datetime.datetime(2024, 1, 1)
    return [
        (
            n,
            start + datetime.timedelta(hours=7 * n),
            None if n % 50 == 49 else REGIONS[n % len(REGIONS)],
            n * 7 % 11,
            None if n % 60 == 59 else n % 97 * 1.25,
            n % 3 == 0,
            '{"a": 1}',
        )
        for n in range(ROWS)
    ]


class Shop:
    """A database with the table `orders`: its address, and the server, if it has one."""

    def __init__(self, name: str, url: str, server: servers.Server | None = None) -> None:
        self.name, self.url, self.server = name, url, server

    def log(self) -> str:
        assert self.server is not None
        return self.server.log.read_text("utf-8", "replace")


def filled(server: servers.Server, **types: str) -> Shop:
    name = server.admin.get_backend_name()
    engine = sa.create_engine(sa.make_url(server.url()).set(drivername=server.admin.drivername))
    with engine.begin() as connection:
        connection.exec_driver_sql(TABLE.format(**types))
        marks = ", ".join(["%s"] * 7)
        connection.exec_driver_sql(f"INSERT INTO orders VALUES ({marks})", rows())
        connection.exec_driver_sql("CREATE TABLE other (n INTEGER)")
    engine.dispose()
    return Shop(name, server.url(), server)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Shop]:
    with servers.postgresql() as server:
        yield filled(server, moment="TIMESTAMPTZ", number="NUMERIC(9, 2)", odd="JSONB")


@pytest.fixture(scope="module")
def mariadb() -> Iterator[Shop]:
    with servers.mariadb() as server:
        yield filled(server, moment="DATETIME", number="DECIMAL(9, 2)", odd="JSON")


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    path = tmp_path_factory.mktemp("sqlite") / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute(TABLE.format(moment="DATETIME", number="DOUBLE", odd="BLOB"))
        texts = [(row[0], str(row[1]), *row[2:]) for row in rows()]
        connection.executemany(f"INSERT INTO orders VALUES ({', '.join('?' * 7)})", texts)
    connection.close()
    return Shop("sqlite", f"sqlite:///{path}")


@pytest.fixture(params=["postgresql", "mariadb", "sqlite"])
def shop(request: pytest.FixtureRequest) -> Shop:
    """Return each database in turn."""
    database: Shop = request.getfixturevalue(request.param)
    return database


Make = Any


@pytest.fixture
def make(folder: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return a function that makes a project from a database, with the environment of the tests."""

    def made(shop: Shop, *flags: str) -> Path:
        given = ("--data", shop.url, "--table", "orders", *flags)
        flaskdash("new", "dash", *given, "--no-install", "--no-git")
        root = folder / "dash"
        (root / ".venv").symlink_to(sys.prefix)
        monkeypatch.chdir(root)
        return root

    return made


def secret(text: str) -> bool:
    """Tell whether a text contains the password, plain or encoded as in a URL."""
    quoted = urllib.parse.quote(servers.PASSWORD, safe="")
    return any(form in text for form in (servers.PASSWORD, quoted, "s3cret"))


# The files that are written


@pytest.mark.parametrize("flags", [(), ("--live",)], ids=["snapshot", "live"])
def test_the_address_is_in_env_alone(make: Make, postgresql: Shop, flags: tuple[str, ...]) -> None:
    root = make(postgresql, *flags)
    for path in root.rglob("*"):
        if path.is_file() and ".venv" not in path.parts and path.name != ".env":
            assert not secret(path.read_text("utf-8", "replace")), path
    assert secret((root / ".env").read_text("utf-8"))
    assert stat.S_IMODE((root / ".env").stat().st_mode) == 0o600
    assert "\nDATABASE_URL=\n" in (root / ".env.example").read_text("utf-8")
    assert (root / "app/engine/live.py").exists() == bool(flags)
    for package in ("psycopg[binary]", "sqlalchemy"):
        assert f'"{package}>=' in (root / "pyproject.toml").read_text("utf-8")


def test_add_data_appends_to_env_once(
    made: Path, flaskdash: Cli, postgresql: Shop, sqlite: Shop
) -> None:
    (made / ".env").write_text("SECRET_KEY=x", "utf-8")  # without a newline at its end
    pyproject = (made / "pyproject.toml").read_text("utf-8")
    more = '"sqlalchemy>=2.0",\n    "psycopg[binary]>=3.2",\n    "pandas'
    (made / "pyproject.toml").write_text(pyproject.replace('"pandas', more), "utf-8")
    first = flaskdash("add-data", postgresql.url, "--table", "orders")
    assert "append    .env: DATABASE_URL" in first.output
    again = flaskdash("add-data", postgresql.url, "--table", "orders", "--name", "twice", "--live")
    assert "append" not in again.output
    by_name = flaskdash("add-data", "DATABASE_URL", "--table", "orders", "--name", "third")
    assert "append" not in by_name.output
    local = flaskdash("add-data", sqlite.url, "--table", "orders", "--name", "local")
    assert "append    .env: LOCAL_URL" in local.output
    lines = (made / ".env").read_text("utf-8").splitlines()
    assert [line.partition("=")[0] for line in lines] == ["SECRET_KEY", "DATABASE_URL", "LOCAL_URL"]
    assert 'Table(\n    "DATABASE_URL",' in (made / "app/loaders/third.py").read_text("utf-8")
    for result in (first, again, by_name, local):
        assert not secret(result.output)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ((), "has 2 tables. Choose one with --table: orders, other.\nTry: --table orders"),
        (("--table", "nope"), "has no table 'nope'. Choose one with --table: orders, other."),
        (("--query", "SELECT nope FROM orders"), "nope"),
        (("--table", "other"), "other has columns but no rows"),
        *(
            (("--table", "orders", "--refresh", text), f"--refresh '{text}' is not an interval")
            for text in ("soon", "1٣m", "100000d", "nan", "-1h")
        ),
    ],
)
def test_the_error_for_a_source_that_can_not_be_added(
    made: Path, flaskdash: Cli, postgresql: Shop, flags: tuple[str, ...], message: str
) -> None:
    env = (made / ".env").read_text("utf-8")
    result = flaskdash("add-data", postgresql.url, *flags, code=1)
    assert message in result.output
    assert not secret(result.output)
    assert (made / ".env").read_text("utf-8") == env


def test_addresses_without_a_database(made: Path, flaskdash: Cli, postgresql: Shop) -> None:
    assert postgresql.server is not None
    wrong = postgresql.server.url(password="wr0ng%pw")
    refused = "postgresql://shop:s3cret@127.0.0.1:9/shop"
    odd = "postgresql://shop:s3cret/@127.0.0.1:x/shop"
    for url in (wrong, refused, odd, "sqlite:///no/such.db"):
        output = flaskdash("add-data", url, "--table", "orders", code=1).output
        assert "can't be read" in output
        assert "wr0ng" not in output
        assert "s3cret" not in output
    assert "NO_SUCH_URL" in flaskdash("add-data", "NO_SUCH_URL", code=1).output
    output = flaskdash("add-data", "trino://me@host/db", "--table", "orders", code=1).output
    assert "SQLAlchemy dialect" in output
    assert (
        "--live only applies to databases"
        in flaskdash("add-data", "x.csv", "--live", code=1).output
    )


def test_inspect_shows_no_password(flaskdash: Cli, shop: Shop) -> None:
    for flags in ((), ("--json",)):
        result = flaskdash("inspect", shop.url, "--table", "orders", *flags)
        assert not secret(result.output)
    columns = {column["name"]: column["type"] for column in json.loads(result.output)["columns"]}
    expected = {"ordered": "datetime", "region": "text", "units": "integer", "amount": "number"}
    assert columns.items() >= expected.items()


def test_keys_are_no_measures(flaskdash: Cli, shop: Shop) -> None:
    url = sa.make_url(shop.url)
    if shop.server is not None:
        url = url.set(drivername=shop.server.admin.drivername)
    engine, tables = sa.create_engine(url), sa.MetaData()
    key = sa.ForeignKey("people.person")
    people = sa.Table("people", tables, sa.Column("person", sa.Integer, primary_key=True))
    amount = sa.Column("amount", sa.Integer)
    loans = sa.Table("loans", tables, sa.Column("person", sa.Integer, key), amount)
    tables.create_all(engine)
    try:
        with engine.begin() as connection:
            connection.execute(people.insert(), [{"person": n} for n in range(1, 90)])
            rows = [{"person": n * 37 % 89 + 1, "amount": n * n % 997} for n in range(600)]
            connection.execute(loans.insert(), rows)
        path = url.database if shop.name == "sqlite" else shop.url
        for source in {shop.url, path}:
            columns = json.loads(flaskdash("inspect", source, "--table", "loans", "--json").stdout)
            roles = {column["name"]: column["role"] for column in columns["columns"]}
            assert roles == {"person": "identifier", "amount": "measure"}
    finally:
        tables.drop_all(engine)
        engine.dispose()


# The project


# The code of a project is the same for each database, but for its address.
@pytest.mark.parametrize(
    ("engine", "flags"),
    [("postgresql", ("--live",)), ("mariadb", ()), ("sqlite", ("--live",)), ("sqlite", ())],
)
def test_a_project_passes_its_own_checks(
    make: Make,
    flaskdash: Cli,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
    flags: tuple[str, ...],
) -> None:
    shop: Shop = request.getfixturevalue(engine)
    root = make(shop, *flags)
    run_loaders_once(monkeypatch)
    for kind, more in KINDS.items():
        flaskdash("add-chart", f"my_{kind}", "--kind", kind, *more)
    assert "All checks passed" in run(root, "ruff", "check", "--no-cache")
    assert "already formatted" in run(root, "ruff", "format", "--check", "--no-cache")
    if shop.name == "postgresql" and flags:
        assert "no issues found" in run(root, "mypy")
    summary = run(root, "pytest", "-q", "-p", "no:cacheprovider").splitlines()[-1]
    assert re.fullmatch(r"\d+ passed in .*", summary), summary


def test_tests_of_a_project_skip_without_the_address(make: Make, sqlite: Shop) -> None:
    root = make(sqlite)
    (root / ".env").unlink()
    printed = run(root, "pytest", "-q", "-rs", "-p", "no:cacheprovider")
    assert "DATABASE_URL is not set: see .env.example" in printed
    assert re.search(r"4 passed, \d+ skipped", printed)


def test_a_snapshot_has_all_rows_as_they_are(make: Make, shop: Shop) -> None:
    make(shop)
    inside(
        Path.cwd(),
        f"""
        data["orders"].build()
        orders = data["orders"].query("SELECT * FROM orders ORDER BY id")
        assert len(orders) == {ROWS} and list(orders)[:3] == ["id", "ordered", "region"]
        assert str(orders["ordered"].iloc[1]) == "2024-01-01 07:00:00"
        assert set(orders["region"].dropna()) == set({REGIONS!r})
        assert orders["region"].isna().sum() == {ROWS // 50}
        assert orders["amount"].sum() == {sum(row[4] or 0 for row in rows())}
        assert data["orders"].columns()["units"] == "BIGINT"
        assert orders["paid"].sum() == {ROWS // 3}
        """,
    )


def test_a_query_instead_of_a_table(made: Path, flaskdash: Cli, shop: Shop) -> None:
    (made / ".venv").symlink_to(sys.prefix)
    query = (
        "SELECT region, sum(units) AS units FROM orders WHERE region LIKE '%r%' GROUP BY region;"
    )
    for name, flags in (("sums", ()), ("sums_live", ("--live", "--refresh", "5m"))):
        given = ("--query", query, "--name", name, *flags)
        result = _offline(made, flaskdash, "add-data", shop.url, *given)
        assert f"create    app/loaders/{name}.py" in result
    assert 'REFRESH = "5m"' in (made / "app/loaders/sums_live.py").read_text("utf-8")
    inside(
        made,
        """
        data["sums"].build()
        for name in ("sums", "sums_live"):
            sums = data[name].query(f"SELECT region, units FROM {name} ORDER BY region")
            assert "North" in set(sums["region"]) and "South" not in set(sums["region"])
            assert sums["units"].dtype.kind in "if"
        """,
    )


def _offline(made: Path, flaskdash: Cli, *args: str) -> str:
    """Run a command in a project that already has all packages, so that uv is not called."""
    file = made / "pyproject.toml"
    text = file.read_text("utf-8")
    if "sqlalchemy" not in text:
        more = '"sqlalchemy>=2.0",\n    "psycopg[binary]>=3.2",\n    "pymysql>=1",\n    "pandas'
        file.write_text(text.replace('"pandas', more), "utf-8")
    return flaskdash(*args).output


# Live


def test_filters_are_pushed_down(make: Make, shop: Shop) -> None:
    make(shop, "--live")
    inside(
        Path.cwd(),
        f"""
        from app.engine.models import Filter
        count = "SELECT count(*) AS n FROM orders"
        for value in {REGIONS!r}:
            counted = data["orders"].query(count, [Filter("region", (value,))])
            expected = sum(row == value for row in {[row[2] for row in rows()]!r})
            assert list(counted["n"]) == [expected], value
        listed, more = data["orders"].choices("region")
        regions = {[row[2] or "" for row in rows()]!r}
        assert "" in regions
        assert sorted(listed) == sorted({{*regions}}) and more == 0
        for values in (("",), ("", "{REGIONS[0]}"), ("{REGIONS[0]}",), ("no\\0",)):
            passed = sum(region in values for region in regions)
            counts = [data["orders"].count([Filter("region", values, is_not=n)]) for n in (0, 1)]
            assert counts == [passed, {ROWS} - passed], values
        from app.engine.models import Offer
        units, february = Filter("units", ("3", "4")), Filter("ordered", (), "2024-02-01", "2024-02-29")
        offered = data["orders"].offered([
            Offer("region", False, (units, february)), Offer("units", False, (february,)),
            Offer("ordered", True, (units,)), Offer("amount", True, (Filter("region", ("no",)),)),
        ])
        few = {[(row[2] or "", str(row[3]), str(row[1])[:10]) for row in rows()]!r}
        assert {{*offered[0]}} == {{r for r, u, d in few if u in "34" and d[:7] == "2024-02"}}
        assert {{*offered[1]}} == {{u for r, u, d in few if d[:7] == "2024-02"}}
        days = [d for r, u, d in few if u in "34"]
        assert [text[:10] for text in offered[2]] == [min(days), max(days)]
        assert not any(offered[3])
        low, high, different = data["orders"].span("ordered")
        assert (str(low)[:10], str(high)[:10], different) == ("2024-01-01", "2024-09-19", {ROWS})
        assert data["orders"].count() == {ROWS}
        days = Filter("ordered", (), "2024-02-01", "2024-02-29")
        both = data["orders"].query(count, [days, Filter("units", ("3", "4"))])
        assert list(both["n"]) == [{sum(row[1].month == 2 and row[3] in (3, 4) for row in rows())}]
        assert list(data["orders"].query(count, [Filter("region", ("no\\0", "no"))])["n"]) == [0]
        assert data["orders"].query(count, [Filter("ordered", (), "", "9999-12-31")])["n"][0] == {
            ROWS
        }
        known = {[row[4] for row in rows() if row[4] is not None]!r}
        least, most, _ = data["orders"].span("amount")
        assert (float(least), float(most)) == (min(known), max(known))
        middle = sorted(known)[len(known) // 2]
        for low, high in ((str(middle), ""), ("", str(middle)), ("1", "1e2"), ("3", "2")):
            expected = [a for a in known if a >= float(low or "-inf") and a <= float(high or "inf")]
            passed = data["orders"].count([Filter("amount", (), low, high)])
            assert passed == len(expected), (low, high, passed, len(expected))
        assert data["orders"].count([Filter("units", (), "3", "4")]) == data["orders"].count([Filter("units", ("3", "4"))]
        )
        regions = {[row[2] or "" for row in rows()]!r}
        for text in ("OR", "r", "'", "%", "_", ":name", "\\\\", "/", "50% o", "\\0", "no such"):
            expected = sum(text.lower() in name.lower() for name in regions)
            assert data["orders"].count([Filter("region", (), "", "", text)]) == expected, text
        assert data["orders"].count([Filter("nope", ("x",), "1", "2", "y")]) == {ROWS}
        like = "SELECT count(*) AS n FROM orders WHERE region LIKE '%a:name%' -- 100% :x"
        assert data["orders"].query(like)["n"][0] == {
            sum("a:name" in (row[2] or "") for row in rows())
        }
        own = "WITH few AS (SELECT * FROM orders) SELECT count(*) AS n FROM few;"
        assert data["orders"].query(own, [Filter("paid", tuple(data["orders"].choices("paid")[0][:1]))])["n"][0] < {
            ROWS
        }
        """,
    )
    if shop.name == "postgresql":
        assert re.search(r"AS source WHERE region IN \(\$1::VARCHAR\)", shop.log())
        assert "parameters: $1 = 'O''Brien'" in shop.log()
    elif shop.name == "mysql":
        assert "AS source WHERE region IN ('O\\'Brien')" in shop.log()


def test_values_of_filters_are_parameters_in_each_dialect(make: Make, sqlite: Shop) -> None:
    make(sqlite, "--live")
    inside(
        Path.cwd(),
        r"""
        from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite
        from app.engine.models import Filter
        filters = [
            Filter("region", ("a'b; --",), "", "", "50% of_\\"),
            Filter("amount", (), "1.25", "99.5"),
            Filter("ordered", (), "2024-02-03", "2024-02-04"),
            Filter("units", ("7",)),
            Filter("paid", ("", "North"), is_not=True),
        ]
        clause = data["orders"]._where(filters)
        for module in (mssql, mysql, oracle, postgresql, sqlite):
            compiled = clause.compile(dialect=module.dialect())
            for value in ("a'b", "50", "of_", "1.25", "99.5", "2024", "7", "North"):
                assert value not in str(compiled), (module, value)
            assert sorted(map(str, compiled.params.values())) == sorted([
                "['', 'North']", "", "['7']", '["a\'b; --"]', "1.25", "99.5", "2024-02-03", "2024-02-05",
                "50/% of/_\\",
            ]), compiled.params
        """,
    )


def test_nothing_can_be_written(make: Make, postgresql: Shop, mariadb: Shop, sqlite: Shop) -> None:
    make(postgresql, "--live")
    for shop in (postgresql, mariadb, sqlite):
        inside(
            Path.cwd(),
            """
            import sqlalchemy as sa
            from app.engine.database import DatabaseError
            try:
                with engine.loaders["orders"].table.connection() as connection:
                    connection.execute(sa.text("DELETE FROM orders"))
                    connection.commit()
                raise SystemExit("it was written")
            except DatabaseError as error:
                assert "read" in str(error).lower(), error
            """,
            DATABASE_URL=shop.url,
        )


def chart(root: Path, name: str, sql: str, dashboard: str = "Overview") -> None:
    text = f'TITLE = "{name}"\nDATA = "orders"\nDASHBOARDS = ["{dashboard}"]\nSQL = "{sql}"\n'
    text += "\n\ndef table(df): return df\n"
    (root / f"app/charts/{name}.py").write_text(text, "utf-8")


@pytest.mark.parametrize("shop", ["postgresql", "mariadb"], indirect=True)
def test_a_slow_query_ends_and_the_other_charts_are_drawn(make: Make, shop: Shop) -> None:
    root = make(shop, "--live")
    sleep = {"postgresql": "pg_sleep(30)", "mysql": "sleep(30)"}[shop.name]
    chart(root, "slow", f"SELECT count(*) AS n, {sleep} AS s FROM orders")
    log = inside(
        root,
        """
        page = get("/").text
        assert page.count("could not be drawn") == 1
        assert "The last refresh failed (DatabaseError)" in page
        assert get("/charts/amount-over-time").status_code == 200
        """,
        QUERY_SECONDS="1",
    )
    assert "max_statement_time" in log or "statement timeout" in log
    assert not secret(log)


def test_a_slow_query_of_sqlite_ends(make: Make, sqlite: Shop) -> None:
    root = make(sqlite, "--live")
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS m FROM n"
    )
    chart(root, "slow", endless)
    log = inside(root, 'assert get("/").text.count("could not be drawn") == 1', QUERY_SECONDS="1")
    assert "interrupted" in log


@pytest.mark.parametrize("shop", ["postgresql", "mariadb"], indirect=True)
def test_a_dead_database_leaves_the_last_answers(make: Make, shop: Shop) -> None:
    root = make(shop, "--live")
    kept_answers = root / "app/engine/kept_answers.py"
    kept_answers.write_text(
        kept_answers.read_text("utf-8")
        .replace("RETRY_SECONDS = 10.0", "RETRY_SECONDS = 0.5")
        .replace("PAUSE_SECONDS = 60.0", "PAUSE_SECONDS = 0.5")
    )
    loader = root / "app/loaders/orders.py"
    text = loader.read_text("utf-8").replace('REFRESH = "1m"', 'REFRESH = "3s"')
    loader.write_text(text, "utf-8")
    assert 'REFRESH = "3s"' in text
    assert shop.server is not None
    failed = "The last refresh failed (DatabaseError)"

    def page(path: str = "/") -> str:
        status, body = fetch(url + path)
        assert status in (200, 503), body
        assert not secret(body.decode())
        return body.decode()

    with serving(root) as url:
        before = page()
        assert "could not be drawn" not in before
        assert "read <time" in before
        shop.server.kill()
        try:
            wait_for(lambda: failed in page(), "the page to say so")
            assert fetch(f"{url}/charts/amount-over-time.csv?region=Nowhere")[0] == 503
            page_after = page()
            assert "could not be drawn" not in page_after
            assert _figures(page_after) == _figures(before)
            assert "See the log." in page("/?region=South&region=North")
            assert fetch(url + "/up")[0] == 200
        finally:
            shop.server.start()
        wait_for(lambda: failed not in page(), "the page to recover")
        assert "could not be drawn" not in page("/?region=South")
    assert not secret((root / "server.log").read_text("utf-8"))
    assert "Traceback" not in (root / "server.log").read_text("utf-8").replace(
        "failed\nTraceback", ""
    )


def _figures(page: str) -> list[str]:
    return re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page)


@pytest.mark.parametrize("flags", [(), ("--live",)], ids=["snapshot", "live"])
def test_a_project_without_the_address(make: Make, sqlite: Shop, flags: tuple[str, ...]) -> None:
    root = make(sqlite, *flags)
    (root / ".env").unlink()
    log = inside(
        root,
        """
        page = get("/")
        page = get("/")
        assert page.status_code == 503, page.text
        assert int(page.headers["Retry-After"]) > 0
        """,
    )
    assert "DATABASE_URL is not set. Write DATABASE_URL=... to .env" in log


def test_few_answers_are_stored(make: Make, sqlite: Shop) -> None:
    root = make(sqlite, "--live")
    inside(
        root,
        """
        import app.engine.kept_answers
        app.engine.kept_answers.MOST_KEPT = 5
        for n in range(12):
            data["orders"].query(f"SELECT {n} AS n FROM orders LIMIT 1")
        assert len(list((flask_app.config["INSTANCE"] / "orders.live").iterdir())) == 5
        """,
    )


def test_invented_filters_do_not_displace_answers(make: Make, sqlite: Shop, tmp_path: Path) -> None:
    """Only what a form offers is stored, and answers to no filters go last."""
    copy = tmp_path / "copy.sqlite"
    shutil.copy(sqlite.url.removeprefix("sqlite:///"), copy)
    root = make(Shop("sqlite", f"sqlite:///{copy}"), "--live")
    inside(
        root,
        """
        import app.engine.kept_answers
        from app.engine.models import Filter
        folder = flask_app.config["INSTANCE"] / "orders.live"
        assert "could not be drawn" not in get("/").text
        before = {*folder.iterdir()}
        for n in (1, 2):
            for query in ("region=zz{}", "region=South&region=zz{}", "units=9{}", "region.has=a{}",
                          "ordered.from=0001-01-0{}", "units.from=-{}"):
                get("/?" + query.format(n))
        assert {*folder.iterdir()} == before
        most = app.engine.kept_answers.MOST_KEPT = len(before) + 5
        for region in data["orders"].choices("region")[0]:
            data["orders"].query("SELECT * FROM orders LIMIT 1", [Filter("region", (region,))])
        assert len([*folder.iterdir()]) == most
        assert before < {*folder.iterdir()}
        app.engine.kept_answers.MOST_KEPT = 300
        assert "could not be drawn" not in get("/?region=South").text
        """,
    )
    copy.rename(tmp_path / "away.sqlite")
    shutil.rmtree(root / "instance/cache")  # so that the database is asked
    inside(
        root,
        """
        for path in ("/", "/?region=South"):
            answer = get(path)
            assert answer.status_code == 200
            assert "could not be drawn" not in answer.text
        assert "The last refresh failed (DatabaseError)" in get("/").text
        """,
    )


def test_remove_deletes_the_answers_too(make: Make, flaskdash: Cli, sqlite: Shop) -> None:
    root = make(sqlite, "--live")
    inside(root, 'assert get("/").status_code == 200')
    assert re.search(r"orders +app/loaders/orders.py +DATABASE_URL +live", flaskdash("list").output)
    assert (root / "instance/orders.live").is_dir()
    flaskdash("remove", "orders", "--force")
    assert not (root / "instance/orders.live").exists()
    assert (root / "app/engine/live.py").exists()


NAMES = ('a"b', "a`b", "100% of {{ 7 * 7 }}", "x\\\\y", '"""', "select", ":name", "Größe $f0")


@pytest.mark.parametrize(
    ("engine", "flags"),
    [
        ("postgresql", ("--live",)),
        ("mariadb", ("--live",)),
        ("sqlite", ("--live",)),
        ("sqlite", ()),
    ],
)
def test_hostile_names(
    engine: str,
    flags: tuple[str, ...],
    request: pytest.FixtureRequest,
    folder: Path,
    flaskdash: Cli,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop: Shop = request.getfixturevalue(engine)
    quote = DIALECTS[shop.name].quote
    # SQLAlchemy does not read a backtick in the name of a column of MySQL's.
    names = [name for name in NAMES if shop.name != "mysql" or "`" not in name]
    table = quote('or"d %s')
    columns = ", ".join(f"{quote(name)} VARCHAR(20)" for name in names)
    values = ", ".join(f"'{n}'" for n in range(len(names)))
    url = sa.make_url(shop.url)
    engine = sa.create_engine(
        url.set(drivername=shop.server.admin.drivername) if shop.server else url
    )
    statements = [f"DROP TABLE IF EXISTS {table}", f"CREATE TABLE {table} ({columns})"]
    with engine.begin() as connection:
        for statement in (*statements, *[f"INSERT INTO {table} VALUES ({values})"] * 3):
            text = statement if shop.name == "sqlite" else statement.replace("%", "%%")
            connection.exec_driver_sql(text)
    engine.dispose()
    given = ("--data", shop.url, "--table", 'or"d %s', *flags)
    flaskdash("new", "dash", *given, "--no-install", "--no-git")
    (folder / "dash/.venv").symlink_to(sys.prefix)
    monkeypatch.chdir(folder / "dash")
    run_loaders_once(monkeypatch)
    named = [f for name in names for f in ("--filter", name)]
    for kind, x in (("bar", names[0]), ("bar", names[-2]), ("table", "")):
        flaskdash("add-chart", "--kind", kind, *(("--x", x) if x else ()), *named)
    inside(
        folder / "dash",
        """
        from app.engine.models import Filter
        (name,) = data
        assert list(data[name].columns()) == NAMES
        for n, column in enumerate(NAMES):
            assert data[name].choices(column) == ([str(n)], 0)
            for value, count in ((str(n), 3), ("'", 0)):
                rows = data[name].query(f"SELECT count(*) AS n FROM {name}", [Filter(column, (value,))])
                assert rows["n"][0] == count
        page = get("/").text
        assert "could not be drawn" not in page
        """.replace("NAMES", repr(names)),
    )


# A file of SQLite


def test_a_file_of_sqlite_is_copied_like_any_other(
    folder: Path, flaskdash: Cli, sqlite: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(sqlite.url.removeprefix("sqlite:///"))
    flaskdash("new", "dash", "--data", path, "--table", "orders", "--no-install", "--no-git")
    assert (folder / "dash/data/orders.sqlite").read_bytes() == path.read_bytes()
    assert not (folder / "dash/app/engine/database.py").exists()
    (folder / "dash/.venv").symlink_to(sys.prefix)
    monkeypatch.chdir(folder / "dash")
    run(folder / "dash", "ruff", "check", "--no-cache")
    inside(
        folder / "dash",
        f"""
        data["orders"].build()
        orders = data["orders"].query("SELECT * FROM orders ORDER BY id")
        assert len(orders) == {ROWS} and orders["ordered"].dtype.kind == "M"
        assert orders["paid"].dtype == bool and "extra" not in orders
        """,
    )


def test_a_file_of_sqlite_with_several_tables(folder: Path, flaskdash: Cli) -> None:
    with sqlite3.connect(folder / "two.db") as connection:
        connection.execute('CREATE TABLE "a b" (n INTEGER)')
        connection.execute("CREATE TABLE c (day TEXT, n INTEGER)")
        connection.executemany(
            "INSERT INTO c VALUES (?, ?)", [(f"2024-01-{n:02}", n) for n in range(1, 29)]
        )
    connection.close()
    output = flaskdash("inspect", "two.db", code=1).output
    assert "c, a b" in output  # the largest first
    assert "Try: --table c" in output
    output = flaskdash("inspect", "two.db", "--table", "a b", code=1).output
    assert "no rows in the table a b" in output
    columns = json.loads(flaskdash("inspect", "two.db", "--table", "c", "--json").output)["columns"]
    assert [column["type"] for column in columns] == ["date", "integer"]
    (folder / "bad.db").write_bytes((folder / "two.db").read_bytes()[:5000])
    assert "can't be read" in flaskdash("inspect", "bad.db", "--table", "c", code=1).output


def test_pages_of_a_table_are_those_of_the_database(make: Make, flaskdash: Cli, shop: Shop) -> None:
    """Pages are sorted, searched and cut in the database, with the search text as a parameter."""
    make(shop, "--live")
    flaskdash("add-chart", "latest", "--kind", "table")
    orders = [(row[0], row[2], row[3]) for row in rows()]
    inside(
        Path.cwd(),
        f"""
        from app.engine.models import View
        from app.engine.models import Filter
        orders = {orders!r}
        sql = "SELECT id, region, units FROM orders ORDER BY id DESC LIMIT 1000; -- all"
        answers = data["orders"]._answers
        run, lengths = answers._run, []
        def run_and_count(statement):
            rows = run(statement)
            lengths.append(len(rows))
            return rows
        answers._run = run_and_count
        def page(**view):
            page = data["orders"].page(sql, filters, View("", **view), 25)
            return [int(n) for n in page.rows["id"]], page.total
        filters = ()
        ids = [row[0] for row in orders]
        assert page() == (ids[:-26:-1], {ROWS})
        assert page(page=99) == (ids[24::-1], {ROWS})
        sql, mine = engine.charts["latest"].sql, sql
        assert page() == (ids[:-26:-1], {ROWS})
        sql = mine
        files = sorted(answers.folder.iterdir())
        assert files
        assert page(sort="id", page=2) == (ids[25:50], {ROWS})
        assert page(sort="nope") == page()
        by_units = sorted(orders, key=lambda row: (-row[2], row[0]))
        assert page(sort="units", desc=True, page=3)[0] == [row[0] for row in by_units[50:75]]
        for desc in (False, True):  # missing values come last, whichever way
            last = data["orders"].page(sql, (), View("", sort="region", desc=desc, page=36), 25)
            assert last.rows["region"].isna().sum() == {sum(row[2] is None for row in rows())}
        for text in {HOSTILE!r}:
            matches = [row[0] for row in orders if text in (row[1] or "")]
            assert page(find=text, sort="id") == (matches[:25], len(matches)), text
        for text in ("NORTH", "north"):
            assert page(find=text)[1] == sum(row[1] == "North" for row in orders), text
        for text in ("%", "_", "/", "[", "no such text"):
            assert page(find=text)[1] == sum(text in (row[1] or "") for row in orders), text
        filters = [Filter("region", ("South",))]
        assert sorted(answers.folder.iterdir()) == files
        assert page(find="899")[1] == sum(row[1] == "South" and "899" in str(row[0]) for row in orders)
        assert max(lengths) == 25
        """,
    )
