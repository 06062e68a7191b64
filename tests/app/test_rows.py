"""The rows that charts of the generated app get, together and alone, and how they are sent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.projects import alone, inside, replace_in
from tests.support.waiting import wait_for
from tests.support.web import serving


@pytest.mark.parametrize(
    "function",
    ["kpi(df): return 1", "kpi(df): return {}", "table(df): return [1]"]
    + ["table(df): return None", "table(df): return df['region']"],
)
def test_a_wrong_kind_of_answer_fails_its_own_card(project: Path, function: str) -> None:
    chart = 'TITLE = "Bad"\nDATA = "sales"\nSQL = "SELECT * FROM sales"\n'
    (project / "app/charts/bad.py").write_text(f"{chart}\n\ndef {function}\n", "utf-8")
    output = inside(
        project,
        """
        page = get("/")
        assert page.status_code == 200
        assert page.text.count("could not be drawn") == 1
        assert get("/charts/bad").status_code == 200
        """,
    )
    assert f"{function[: function.index('(')]}() returned " in output


def test_a_table_on_a_dashboard_ends(project: Path) -> None:
    chart = 'TITLE = "Many"\nDATA = "sales"\nDASHBOARDS = ["Many"]\n'
    chart += 'SQL = "SELECT range AS n, range AS \\"1\\" FROM range(20000)"\n\n\n'
    chart += "def table(df): return df.rename(columns={'1': 1})\n"
    (project / "app/charts/many.py").write_text(chart, "utf-8")
    inside(
        project,
        """
        assert get("/dashboards/many").text.count("<tr>") == 26
        lines = get("/charts/many.csv").text.splitlines()
        assert lines == ["\ufeffn,1", *(f"{n},{n}" for n in range(20000))]
        chunks = data["sales"].chunks("SELECT range FROM range(20000)", ())
        assert max(map(len, chunks)) == 2048 * app.engine.query.CHUNK_VECTORS < 20000  # and never all at once
        """,
    )


def test_charts_queried_together_get_the_same_rows_as_each_by_itself(project: Path) -> None:
    inside(
        project,
        r"""
        from dataclasses import replace
        from app.engine import page
        from app.engine.models import Filter
        from pandas.testing import assert_frame_equal

        sqls = [
            "SELECT sum(revenue) AS revenue, max(date) AS last FROM sales",
            "SELECT region, sum(units) AS units FROM sales GROUP BY 1 ORDER BY 2 DESC -- the most first",
            "WITH few AS (SELECT * FROM sales LIMIT 7) SELECT count(*) AS n FROM few",
            "SELECT * FROM sales ORDER BY date DESC, revenue, region, units LIMIT 9",
            "SELECT date_trunc('month', date) AS month, [units] AS u FROM sales WHERE units < 0",
            "SELECT {'a': units, 'b': {'c': region}} AS nested FROM sales ORDER BY ALL LIMIT 2",
        ]
        for regions in (("North",), ("North", "South"), ("nowhere",)):
            active = [Filter("region", regions)]
            frames = data["sales"].query_all(sqls, active)
            for sql, frame in zip(sqls, frames, strict=True):
                assert_frame_equal(frame, data["sales"].query(sql, active))

        queries = []
        data["sales"].query = lambda sql, active: queries.append(sql)
        charts = [*engine.charts.values()]
        active = [Filter("region", ("North",))]
        with flask_app.app_context():
            page._start_queries(charts, active, {})
            assert queries == []
            charts[0] = replace(charts[0], sql="SELECT none FROM sales")
            for answer in page._start_queries(charts, active, {})[0]:
                answer()
        assert sorted(queries) == sorted(chart.sql for chart in charts)
        app.engine.query.MOST_TOGETHER = 10
        assert data["sales"].query_all(sqls, []) == []
        """,
    )


def test_sql_may_begin_with_a_comment_and_end_with_one(project: Path) -> None:
    inside(
        project,
        r"""
        plain = "SELECT count(*) AS n FROM sales"
        own = "WITH few AS (SELECT * FROM sales) SELECT count(*) AS n FROM few"
        more = "WITH RECURSIVE t(n) AS (SELECT 1) SELECT count(*) AS n FROM sales, t"
        for sql in (plain, own, more):
            for before in ("", "\n-- with a comment\n", "/* with\nlines */ ", "--\n-- x\n /* a */"):
                for after in ("", ";", "; -- done", " -- done", "; /* done */"):
                    assert list(data["sales"].query(before + sql + after)["n"]) == [360]
        ordered = data["sales"].query("WITH a AS (FROM sales) SELECT units FROM a ORDER BY units")
        assert ordered["units"].is_monotonic_increasing
        """,
    )


def test_rows_are_strict_json(project: Path) -> None:
    sql = """SELECT 'inf'::DOUBLE AS i, 'nan'::DOUBLE AS n, [1.5, 'nan'::DOUBLE, NULL] AS l,
        TIME '01:02:03' AS t, DATE '2024-01-02' AS d, INTERVAL 3 DAY AS v, 1.5::DECIMAL(9, 2) AS c,
        {'a': DATE '2024-01-02', 'b': '-inf'::DOUBLE} AS s, '\\\\xAA'::BLOB AS b, NULL::INT AS x,
        [[1], [2]] AS w, uuid() AS u, true AS y FROM sales LIMIT 2"""
    chart = f'TITLE = "Odd"\nDATA = "sales"\nSQL = """{sql}"""\n\n\ndef table(df): return df\n'
    (project / "app/charts/odd.py").write_text(chart, "utf-8")
    inside(
        project,
        """
        def no(name):
            raise ValueError(name)
        answer = get("/charts/odd/data.json")
        table = json.loads(answer.data, parse_constant=no)
        row = dict(zip(table["columns"], table["rows"][0]))
        assert row["i"] is row["n"] is row["x"] is None
        assert row["l"] == [1.5, None, None] and row["w"] == [[1], [2]]
        assert row["s"] == {"a": "2024-01-02", "b": None}
        assert (row["t"], row["d"], row["c"]) == ("01:02:03", "2024-01-02", 1.5)
        assert row["v"].startswith("3 days") and row["y"] is True
        assert get("/charts/odd").status_code == get("/charts/odd.csv").status_code == 200
        assert "could not be drawn" not in get("/charts/odd").text
        """,
    )


def test_missing_values_and_empty_texts_are_one_choice(project: Path) -> None:
    changed = '    df["none"] = None\n    return df.replace("East", "")'
    replace_in(project, "loaders/sales.py", ("    return df", changed))
    inside(
        project,
        """
        assert data["sales"].choices("region") == (["", "North", "South", "West"], 0)
        assert data["sales"].choices("none") == ([""], 0)
        """,
    )


def test_a_cached_answer_needs_no_pandas_which_a_worker_imports_behind_it(project: Path) -> None:
    inside(project, 'assert get("/").status_code == 200')
    alone(project, 'get("/"); assert not {"pandas", "duckdb"} & set(sys.modules)')
    with serving(project):
        log = (project / "server.log").read_text("utf-8")
        worker = re.findall(r"Booting worker with pid: (\d+)", log)[-1]
        maps = Path(f"/proc/{worker}/maps")
        wait_for(lambda: "duckdb" in maps.read_text("utf-8"), "the worker to import duckdb")
