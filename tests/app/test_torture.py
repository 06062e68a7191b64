"""Readers, a source that is replaced again and again, and builders that are killed, all at once.

Nothing here depends on how fast the machine is: a version comes when the one before has been seen,
a builder is killed between the begin and the end of its build, and no answer that was asked for
after a version had been seen may be older.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.support.data import REGIONS
from tests.support.waiting import wait_for
from tests.support.web import fetch, serving

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="gunicorn, and kill -9"),
]

VERSIONS = 20  # each comes once the one before has been seen, however long that takes
DEATHS = random.Random(7).sample(range(2, VERSIONS), 8)  # versions at which builders die
READERS = 4
PATIENCE = 60.0  # seconds for a version to be seen, on a machine that has much else to do
KPIS = 4
BUILDERS = """
import os, signal, sys, time
import duckdb, pandas
from app import create_app
sales = create_app().extensions["engine"].data["sales"]
print("ready", flush=True)
for after in sys.stdin:
    builder = os.fork()
    if not builder:
        sales.build(force=True)
        os._exit(0)
    time.sleep(float(after))
    os.kill(builder, signal.SIGKILL)
    print(os.WIFSIGNALED(os.waitpid(builder, 0)[1]), flush=True)
"""
LONGEST_BUILD = 0.1  # seconds, about: one that is killed later than that has often ended
CHART = '''"""What version the rows are of: `units` of each row is its number."""

TITLE = "Versions {n}"
DATA = "sales"
FILTERS = ["region"]
SQL = """
SELECT min(units) AS low, max(units) AS high, count(*) AS rows, CAST(sum(units) AS BIGINT) AS total
FROM sales
"""


def {kind}(df):
    """Show them."""
    low, high, rows, total = (int(value) for value in df.iloc[0])
    return {result}
'''
VALUE = re.compile(r'<p class="value">(\d+) (\d+) (\d+) (\d+)</p>')


def rows_of(version: int, regions: int) -> int:
    """Return how many rows a version has for that many regions."""
    return (40 + version) * regions


def write(path: Path, version: int) -> None:
    """Put a version in the source's place."""
    lines = ["date,region,product,units,revenue"]
    for region in REGIONS:
        lines += [
            f"2024-01-{n % 28 + 1:02},{region},Tea,{version},1.5"
            for n in range(rows_of(version, 1))
        ]
    beside = path.with_suffix(".part")
    beside.write_text("\n".join(lines) + "\n", "utf-8")
    beside.replace(path)


@dataclass
class Observations:
    """What the readers got: the newest version, when it was first seen, and what was wrong."""

    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    firsts: dict[int, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    answers: int = 0

    def check(self, path: str, regions: int, begun: float, status: int, body: str) -> None:
        """Check one answer: it is of one version, all of it, and not of one that is long gone."""
        with self.lock:
            self.answers += 1
            if status != 200:
                self.wrong.append(f"{path}: {status} {body[:200]}")
                return
            if path.startswith("/charts"):
                values = [tuple(row) for row in json.loads(body)["rows"]]
            else:
                values = [tuple(map(int, match)) for match in VALUE.findall(body)]
            if not values:
                self.wrong.append(f"{path}: nothing shown: {body}")
                return
            version = values[0][0]
            rows = rows_of(version, regions)
            if set(values) != {(version, version, rows, version * rows)}:
                self.wrong.append(f"{path}: a mix: {values}")
            now = time.monotonic()
            self.firsts.setdefault(version, now)
            newer = [v for v, at in self.firsts.items() if v > version and at < begun]
            if newer:
                self.wrong.append(f"{path}: version {version} after {max(newer)}")


def read(url: str, observations: Observations, chance: random.Random) -> None:
    """Ask for pages and rows under filters, until told to stop."""
    choices = [group for size in range(1, 4) for group in combinations(REGIONS, size)]
    while not observations.stop.is_set():
        group = chance.choice(choices)
        path = chance.choice(
            ["/", "/charts/version-table/data.json", "/charts/version-0/data.json"]
        )
        begun = time.monotonic()
        query = urlencode([("region", region) for region in group])
        status, body = fetch(f"{url}{path}?{query}")
        observations.check(path, len(group), begun, status, body.decode("utf-8", "replace"))


@contextmanager
def builders(project: Path) -> Iterator[Callable[[float], bool]]:
    """Lend what has a builder killed after some seconds, and tells whether it was still at it."""
    process = subprocess.Popen(
        [project / ".venv/bin/python", "-W", "ignore", "-c", BUILDERS],
        cwd=project,
        env=os.environ | {"SECRET_KEY": "of the torture"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        bufsize=1,
    )

    def killed(after: float) -> bool:
        assert process.stdin
        assert process.stdout
        process.stdin.write(f"{after}\n")
        line = process.stdout.readline()
        assert line in ("True\n", "False\n")
        return line == "True\n"

    with process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield killed


@contextmanager
def threads(*bodies: threading.Thread) -> Iterator[None]:
    """Run threads beside the block."""
    for each in bodies:
        each.start()
    try:
        yield
    finally:
        for each in bodies:
            each.join(60)


def test_readers_get_one_version_whole_while_builders_die(project: Path) -> None:
    for old in (project / "app/charts").glob("[!_]*.py"):
        old.unlink()
    value = 'f"{low} {high} {rows} {total}"'
    for n in range(KPIS):
        text = CHART.format(n=n, kind="kpi", result=f'{{"value": {value}}}')
        (project / f"app/charts/version_{n}.py").write_text(text, "utf-8")
    text = CHART.format(n="table", kind="table", result="df")
    (project / "app/charts/version_table.py").write_text(text, "utf-8")
    source = project / "data/sales.csv"
    write(source, 1)
    chance = random.Random(11)
    observations = Observations()
    with (
        serving(project, SECRET_KEY="of the torture", WEB_CONCURRENCY="2") as url,
        builders(project) as killed,
    ):
        wait_for(lambda: fetch(f"{url}/")[0] == 200, "the first snapshot", PATIENCE)
        readers = [
            threading.Thread(target=read, args=[url, observations, random.Random(n)])
            for n in range(READERS)
        ]
        with threads(*readers):
            try:
                for version in range(2, VERSIONS + 1):
                    write(source, version)
                    while version in DEATHS and not killed(chance.uniform(0, LONGEST_BUILD)):
                        pass  # it was quicker
                    wait_for(
                        lambda: version in observations.firsts or bool(observations.wrong),  # noqa: B023
                        f"version {version}",
                        PATIENCE,
                    )
            finally:
                observations.stop.set()
        newest = [fetch(f"{url}/charts/version-table/data.json")[1] for _ in range(10)]
    assert observations.wrong == [], f"{len(observations.wrong)} of {observations.answers}"
    assert all(f"{VERSIONS * rows_of(VERSIONS, 4)}" in body.decode() for body in newest)
    assert sorted(observations.firsts) == list(range(1, VERSIONS + 1))
    assert observations.answers > 4 * VERSIONS
    left = {path.name for path in (project / "instance").iterdir()}
    snapshots = {name for name in left if name.endswith(".parquet")}
    assert left - snapshots == {"cache", "sales.json", "sales.lock"}
    assert len(snapshots) <= 2, "the last one, and that before it for who still reads it"
    assert all(len(path.name) == 32 for path in (project / "instance/cache").iterdir())
    shutil.rmtree(project / "instance")
