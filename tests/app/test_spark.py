"""Apache Spark as a distributed engine: `make test-spark` starts a cluster, and moves a project to it."""

from __future__ import annotations

import csv
import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from flaskdash.charts import sql
from flaskdash.inspect.dialects import DIALECTS, DUCKDB, Dialect
from flaskdash.inspect.formats.database import _template
from tests.support.data import sales_csv
from tests.support.dialects import CHARTS, COLUMNS, TABLE, plain, rows
from tests.support.fixtures import Cli
from tests.support.waiting import need, wait_for
from tests.support.web import fetch, free_port, serving

# The driver leaves it to the garbage collector to close its sockets.
unclosed = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
pytestmark = [pytest.mark.spark, unclosed]
SPARK = DIALECTS["spark"]
LOOPBACK = "127.0.0.1"
DEPLOY = "org.apache.spark.deploy"
SMALL = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.driver.host": LOOPBACK,
    "spark.driver.bindAddress": LOOPBACK,
    "spark.executor.memory": "600m",
    "spark.executor.extraJavaOptions": SMALL,
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.files.minPartitionNum": "4",
}


class Cluster:
    """A master, two workers of one core each, and the SQL endpoint, all on the loopback."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        need("java")
        package = find_spec("pyspark")
        assert package is not None, "make test-spark installs it"
        assert package.origin is not None
        self.home, self.folder, self.stack = Path(package.origin).parent, folder, stack
        master, port = f"spark://{LOOPBACK}:{free_port()}", free_port()
        self.url = f"hive://{LOOPBACK}:{port}/default?auth=NOSASL"
        flags = ["--host", LOOPBACK, "--webui-port", "0"]
        where = master.rpartition(":")[2]
        self.start("master", "spark-class", f"{DEPLOY}.master.Master", *flags, "--port", where)
        wait_for(lambda: "Starting Spark master" in self.log("master"), "the master", 60)
        for name in ("worker-1", "worker-2"):
            size = ["--cores", "1", "--memory", "1g", "--work-dir", str(folder / name)]
            self.start(name, "spark-class", f"{DEPLOY}.worker.Worker", *flags, *size, master)
        wait_for(lambda: self.log("master").count("Registering worker") >= 2, "the workers", 60)
        endpoint = "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"
        hive = {"thrift.bind.host": LOOPBACK, "thrift.port": port, "authentication": "NOSASL"}
        flags = ["--master", master, "--class", endpoint]
        flags += [flag for item in SETTINGS.items() for flag in ("--conf", "=".join(item))]
        flags.append("spark-internal")
        for name, value in hive.items():
            flags += ["--hiveconf", f"hive.server2.{name}={value}"]
        self.endpoint = self.start("endpoint", "spark-submit", *flags, memory="1g")
        wait_for(lambda: "HiveThriftServer2 started" in self.log("endpoint"), "the endpoint", 120)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text("utf-8", "replace")

    def start(
        self, name: str, program: str, *args: str, memory: str = "256m"
    ) -> subprocess.Popen[bytes]:
        options = f"-Dspark.master.rest.enabled=false -Dderby.system.home={self.folder} {SMALL}"
        env = {"SPARK_HOME": str(self.home), "SPARK_LOCAL_IP": LOOPBACK}
        env |= {"SPARK_DAEMON_MEMORY": memory, "SPARK_DAEMON_JAVA_OPTS": options}
        env |= {"SPARK_LOCAL_DIRS": str(self.folder / "spill")}
        log = self.stack.enter_context((self.folder / f"{name}.log").open("wb"))
        process = subprocess.Popen(
            [self.home / "bin" / program, *args],
            cwd=self.folder,
            env=os.environ | env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # with its executor it is ended as one group
        )
        self.stack.callback(end, process)
        return process

    def tasks(self, worker: str) -> int:
        """Return how many tasks the executors of a worker have run."""
        logs = (self.folder / worker).glob("*/*/stderr")
        return sum(log.read_text("utf-8", "replace").count("Finished task") for log in logs)


def end(process: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Lend the cluster with two tables, each in four files: that of the dialects, and sales."""
    folder = tmp_path_factory.mktemp("spark")
    with duckdb.connect() as local:
        local.execute(TABLE.format(q='"', moment="TIMESTAMP", number="DOUBLE"))
        local.executemany(f"INSERT INTO sales VALUES ({', '.join('?' * 7)})", rows())
        (folder / "sales.csv").write_text(sales_csv(), "utf-8")
        shop = local.read_csv(str(folder / "sales.csv"))
        for name, relation in (("sales", local.table("sales")), ("shop", shop)):
            numbered = relation.project("*, row_number() OVER () AS n")
            for part in range(4):
                path = folder / name / f"part-{part}.parquet"
                path.parent.mkdir(exist_ok=True)
                some = numbered.filter(f"n % 4 = {part}").project("* EXCLUDE (n)")
                some.write_parquet(str(path))
    with ExitStack() as stack:
        cluster = Cluster(folder, stack)
        with table(cluster).connection() as connection:
            for name in ("sales", "shop"):
                where = f"USING parquet LOCATION 'file://{folder / name}'"
                connection.exec_driver_sql(f"CREATE TABLE {name} {where}")
        yield cluster


Run = Callable[[str], list[Any]]
with _template("") as database:
    """The code that a project asks its databases with."""


def table(cluster: Cluster) -> Any:
    os.environ["CLUSTER_URL"] = cluster.url
    return database.Table("CLUSTER_URL", "", {})


@pytest.fixture(scope="module")
def on_cluster(cluster: Cluster) -> Iterator[Run]:
    with table(cluster).connection(60) as connection:
        yield lambda text: list(connection.execute(database.Statement(text)))


@pytest.fixture(scope="module")
def on_duckdb(cluster: Cluster) -> Iterator[Run]:
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW sales AS FROM '{cluster.folder}/sales/*.parquet'")
        yield lambda text: connection.execute(text).fetchall()


def chart_sql(name: str, to: Dialect) -> str:
    chart, bins = CHARTS[name]
    return sql.select(chart, COLUMNS, bins, to)


# Kinds that show some of the rows, in an order of the engine's own.
SAMPLED = {"scatter", "bubble", "map", "violin"}


def same(name: str, got: list[Any], expected: list[Any]) -> None:
    got, expected = ([tuple(map(plain, row)) for row in rows] for rows in (got, expected))
    assert expected
    if CHARTS[name][0].kind in SAMPLED:
        got, expected = sorted(got), sorted(expected)
    assert got == expected


ORDERED = [name for name in CHARTS if CHARTS[name][0].kind not in SAMPLED]


# To Spark a VARCHAR has a length: the names of parts that are numbers are text by CAST.
UNKNOWN = pytest.mark.xfail(raises=sa.exc.OperationalError, strict=True)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=UNKNOWN if name == "donut of numbers" else ()) for name in ORDERED],
)
def test_the_sql_for_duckdb_is_the_same_in_the_cluster(
    name: str, on_cluster: Run, on_duckdb: Run
) -> None:
    text = chart_sql(name, DUCKDB)
    same(name, on_cluster(text), on_duckdb(text))


OWN = [name for name in CHARTS if chart_sql(name, SPARK) != chart_sql(name, DUCKDB)]


@pytest.mark.parametrize("name", [name for name in OWN if " last " not in name])
def test_its_own_sql_is_the_same_too(name: str, on_cluster: Run, on_duckdb: Run) -> None:
    same(name, on_cluster(chart_sql(name, SPARK)), on_duckdb(chart_sql(name, DUCKDB)))


def test_a_scatter_for_duckdb_is_not_understood(cluster: Cluster) -> None:
    statement = database.Statement(chart_sql("scatter", DUCKDB))
    expected = pytest.raises(RuntimeError, match="WINDOW_FUNCTION_FRAME_NOT_ORDERED")
    with expected, table(cluster).connection() as connection:
        connection.execute(statement)


def test_the_work_is_divided(cluster: Cluster, on_cluster: Run) -> None:
    assert on_cluster("SELECT count(*) FROM sales, shop") == [(200 * 360,)]
    wait_for(lambda: min(map(cluster.tasks, ("worker-1", "worker-2"))) > 0, "both to work")


def test_a_query_ends_in_time(cluster: Cluster) -> None:
    slow = database.Statement("SELECT count(*) FROM range(900000000000) WHERE id % 7 = 8")
    with pytest.raises(RuntimeError, match="TIMEDOUT"), table(cluster).connection(2) as connection:
        connection.execute(slow).scalar()


def test_what_is_asked_stays_a_value(cluster: Cluster) -> None:
    hostile = ["'", "\\' OR 1=1 --", "\\", "\\u0027", "%s %(x)s %%", "${env:HOME}", "a\nb", '"x"']
    with table(cluster).connection() as connection:
        for value in hostile:
            statement = database.Statement("SELECT ", sa.literal(value), " AS x")
            assert connection.execute(statement).scalar() == value


def test_tables_are_named(made: Path, flaskdash: Cli, cluster: Cluster) -> None:
    output = flaskdash("add-data", cluster.url, "--live", code=1).output
    assert "has 2 tables" in output
    assert "sales, shop" in output
    assert "no table 'nope'" in flaskdash("add-data", cluster.url, "--table", "nope", code=1).output
    refused = f"hive://{LOOPBACK}:{free_port()}/default?auth=NOSASL"
    assert "can't be read" in flaskdash("add-data", refused, "--table", "x", code=1).output


FILTERED = "?region=North&region=South", "?date.from=2023-03-05&date.to=2023-08-09"


def answers(root: Path) -> dict[str, Any]:
    """Return the rows of all charts, without a filter and with some, and what filters offer."""
    contents: dict[str, Any] = {}
    slugs = [
        path.stem.replace("_", "-") for path in sorted((root / "app/charts").glob("[a-z]*.py"))
    ]
    with serving(root) as url:
        for slug in slugs:
            for filters in ("", *FILTERED):
                status, body = fetch(f"{url}/charts/{slug}.csv{filters}")
                assert status == 200, (slug, filters, body, (root / "server.log").read_text())
                contents[slug + filters] = [
                    [number(cell) for cell in row]
                    for row in csv.reader(io.StringIO(body.decode("utf-8-sig")))
                ]
        status, page = fetch(f"{url}/")
        assert status == 200
        contents["controls"] = sorted(set(controls(page.decode())))
    return contents


def number(cell: str) -> Any:
    try:
        return round(float(cell), 6)
    except ValueError:
        return cell


def controls(page: str) -> list[str]:
    return [line.strip() for line in page.splitlines() if "<option" in line or "<input" in line]


def test_a_project_is_moved_by_the_url_of_its_loader(
    folder: Path, flaskdash: Cli, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = cluster.folder / "sales.csv"
    flaskdash("new", "shop", "--data", source, "--no-install", "--no-git")
    root = folder / "shop"
    (root / ".venv").symlink_to(sys.prefix)
    monkeypatch.chdir(root)
    kinds = {
        "histogram": ("--x", "revenue"),
        "bar": ("--x", "product", "--y", "units", "--agg", "median"),
        "line": ("--x", "date", "--y", "revenue", "--grain", "month", "--color", "region"),
        "table": ("--limit", "20"),
    }
    for kind, flags in kinds.items():
        flaskdash("add-chart", "--kind", kind, *flags, "--data", "sales")
    charts = {path: path.read_bytes() for path in (root / "app/charts").glob("*.py")}
    before = answers(root)

    flaskdash("remove", "loaders/sales", "--force")
    added = flaskdash(
        "add-data", cluster.url, "--table", "shop", "--name", "sales", "--live", "--refresh", "1h"
    )
    assert "DATABASE_URL" in added.output
    assert LOOPBACK not in (root / "app/loaders/sales.py").read_text("utf-8")
    tasks = sum(map(cluster.tasks, ("worker-1", "worker-2")))
    after = answers(root)
    assert {path: path.read_bytes() for path in (root / "app/charts").glob("*.py")} == charts
    assert sum(map(cluster.tasks, ("worker-1", "worker-2"))) > tasks
    assert after == before
    assert len({str(before["total-units" + some]) for some in ("", *FILTERED)}) == 3
    assert "West" in str(before["controls"])

    # A chart that is added now is written for the cluster.
    flags = ("--x", "units", "--y", "revenue", "--title", "Sizes")
    flaskdash("add-chart", "--kind", "scatter", *flags, "--data", "sales")
    assert "ORDER BY rand(1)" in (root / "app/charts/sizes.py").read_text("utf-8")
    assert len(answers(root)["sizes"]) == 361

    # The last answers are shown while the endpoint is not there; what was never asked has none.
    with serving(root) as url:
        page = f"{url}/charts/sizes"
        first = fetch(f"{page}.csv?region=East")
        os.killpg(cluster.endpoint.pid, signal.SIGKILL)
        cluster.endpoint.wait(10)
        shutil.rmtree(root / "instance/cache")
        again = fetch(f"{page}.csv?region=East")
        assert again == first
        assert again[0] == 200
        assert b"The last refresh failed (DatabaseError)" in fetch(f"{page}?region=East")[1]
        assert b"The log says why." in fetch(f"{page}?region=West")[1]
    shutil.rmtree(root / "instance/cache")
    with serving(root) as url:
        assert fetch(f"{url}/charts/sizes.csv?region=East") == first
