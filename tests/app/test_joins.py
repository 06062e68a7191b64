"""Charts whose SQL joins several loaders: filters, counts, downloads, freshness and refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.projects import copy_project, inside, replace_in, start_error

# Targets of each region; the sales have a region West, too, and a product.
TARGETS = "region,country,target\n" + "".join(
    f"{region},{country},{target}\n"
    for region, country, target in (("North", "A", 100), ("South", "A", 200), ("East", "B", 300))
)
LOADER = '''"""The target of each region."""

from pathlib import Path

import pandas as pd

SOURCE = Path(__file__).parents[2] / "data" / "targets.csv"


def load() -> pd.DataFrame:
    """Return the targets."""
    return pd.read_csv(SOURCE)
'''
JOIN = '''"""Revenue against the target of each region."""

import plotly.graph_objects as go
from pandas import DataFrame

TITLE = "Revenue and target"
DATA = ["sales", "targets"]
FILTERS = ["region", "product", "country"]
DASHBOARDS = ["Joined"]
SQL = """
SELECT region, sum(revenue) AS revenue, min(target) AS target
FROM sales
JOIN targets USING (region)
GROUP BY 1
ORDER BY 1
"""


def figure(df: DataFrame) -> go.Figure:
    """Draw the revenue of each region."""
    return go.Figure(go.Bar(x=df["region"], y=df["revenue"]))
'''
ROWS = (
    JOIN.split("\n\n\ndef figure")[0]
    .replace("Revenue and target", "Rows of both")
    .replace(
        "SELECT region, sum(revenue) AS revenue, min(target) AS target",
        "WITH a AS (SELECT * FROM sales)\nSELECT product, units, target",
    )
    .replace("FROM sales\nJOIN", "FROM a\nJOIN")
    .replace("GROUP BY 1\n", "")
    + '''


def table(df: DataFrame) -> DataFrame:
    """Show the rows."""
    return df
'''
)


@pytest.fixture(scope="module")
def joined_project(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with two loaders and two charts that join them; tests must copy it."""
    root = tmp_path_factory.mktemp("joined") / "shop"
    copy_project(shared_project, root)
    (root / "data/targets.csv").write_text(TARGETS, "utf-8")
    (root / "app/loaders/targets.py").write_text(LOADER, "utf-8")
    (root / "app/charts/joined.py").write_text(JOIN, "utf-8")
    (root / "app/charts/both.py").write_text(
        ROWS.replace("import plotly.graph_objects as go\n", "")
    )
    return root


@pytest.fixture
def joined(joined_project: Path, tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    copy_project(joined_project, root)
    return root


def test_each_filter_goes_to_the_loaders_that_have_its_column(joined: Path) -> None:
    inside(
        joined,
        """
        engine.freeze()
        def rows(query=""):
            return json.loads(get(f"/charts/joined/data.json{query}").data)["rows"]
        everything = rows()
        assert [row[::2] for row in everything] == [["East", 300], ["North", 100], ["South", 200]]
        assert rows("?region=North") == everything[1:2]
        assert rows("?country=A") == everything[1:]
        tea = rows("?country=A&product=Tea")
        assert [row[0] for row in tea] == ["North", "South"]
        assert all(a[1] < b[1] for a, b in zip(tea, everything[1:]))
        """,
    )


def test_pages_and_downloads_follow_all_loaders(joined: Path) -> None:
    inside(
        joined,
        """
        engine.freeze()
        page = get("/dashboards/joined").text
        assert "could not be drawn" not in page
        assert "sales: 360 rows" in " ".join(page.split())
        assert "targets: 3 rows" in " ".join(page.split())
        page = get("/dashboards/joined?country=B&product=Tea").text
        assert "could not be drawn" not in page
        assert "targets: 1 of 3 rows" in " ".join(page.split()).replace("</span>", "")
        assert '"region": {"East": "East"}' in page  # the bars that a click chooses
        found = get("/charts/both/rows?both.find=tea&both.sort=units&both.desc=1&country=B").text
        assert "Tea" in found and "Coffee" not in found
        lines = get("/charts/both.csv?country=B&product=Tea").data.decode().splitlines()
        assert len(lines) > 2 and all(line.endswith(",300") for line in lines[1:])
        """,
    )


def test_a_new_snapshot_of_either_loader_is_another_answer(joined: Path) -> None:
    inside(
        joined,
        """
        engine.freeze()
        before = get("/charts/joined/data.json").data
        data["targets"]._is_frozen = False
        source = Path(data["targets"].loader.sources[0])
        source.write_text(source.read_text().replace("300", "301"))
        data["targets"].build()
        data["targets"]._checked.cache_clear()
        after = get("/charts/joined/data.json").data
        assert b"301" in after and b"301" not in before
        """,
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ('["sales", "target"]', "DATA is ['sales', 'target'], but the loaders are sales, targets."),
        ("[]", "DATA is [], but the loaders are sales, targets."),
        ("5", "DATA is 5, but the loaders are sales, targets."),
        ('["sales", "live"]', "Set LIVE = False in app/loaders/live.py"),
    ],
)
def test_loaders_that_cannot_be_joined_fail_at_the_start(
    joined: Path, data: str, message: str
) -> None:
    replace_in(joined, "charts/joined.py", ('["sales", "targets"]', data))
    if "live" in data:
        loader = (joined / "app/loaders/targets.py").read_text("utf-8")
        (joined / "app/loaders/live.py").write_text(loader + "\n\nLIVE = True\n", "utf-8")
        (joined / "app/engine/live.py").write_text(
            "from app.engine.query import Data as LiveData\n", "utf-8"
        )
    last = start_error(joined)
    assert "app/charts/joined.py: " in last
    assert message in last


def test_a_filter_that_no_loader_has_is_named(joined: Path) -> None:
    replace_in(joined, "charts/joined.py", ('"country"]', '"contry"]'))
    inside(
        joined,
        """
        engine.freeze()
        flask_app.debug = True
        assert "FILTERS has &#39;contry&#39;, which sales or targets does not have" in get("/charts/joined").text
        """,
    )
