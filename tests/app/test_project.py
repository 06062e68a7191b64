"""The generated project from within: its cache, its snapshots, what it takes and what it sends."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.projects import START, inside
from tests.support.web import fetch, serving


def change(project: Path, file: str, *pairs: tuple[str, str]) -> None:
    path = project / "app" / file
    text = path.read_text("utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


# The cache


def test_the_cache_keeps_to_its_room_and_drops_what_is_oldest(project: Path) -> None:
    inside(
        project,
        """
        app.engine.cache.ON_DISK = 40 * 2**12
        cache.folder.mkdir(parents=True)
        (cache.folder / "left-over.123").write_bytes(b"x" * 2**12)
        os.utime(cache.folder / "left-over.123", (1, 1))
        names = [f"{n % 16:x}{n:031}" for n in range(1, 400)]
        for n, name in enumerate(names):
            cache._write(name, b"x" * 100)
            os.utime(cache.folder / name, (1000 + n, 1000 + n))
        files = {path.name for path in cached_files()}
        assert 20 < len(files) < 60, len(files)
        assert files == set(names[-len(files):])
        """,
    )


def test_an_answer_is_sent_where_the_cache_cannot_be_written(project: Path) -> None:
    inside(
        project,
        """
        data["sales"].build()
        cache.folder.write_text("a file where the folder should be")
        assert get("/").status_code == get("/").status_code == 200
        cache.folder.unlink()
        assert get("/").status_code == 200
        assert len(cached_files()) == 1
        cached_files()[0].write_bytes(b"")  # as a power loss may leave it
        cache._get.cache_clear()
        assert b"Overview" in get("/").data
        """,
    )


def test_an_answer_in_memory_is_not_looked_for_on_disk(project: Path) -> None:
    inside(
        project,
        """
        first = get("/").data
        assert get("/").data == first
        for path in cached_files():
            path.unlink()
        assert get("/").data == first
        assert not cached_files()
        """,
    )


def test_one_thread_builds_and_the_others_wait(project: Path) -> None:
    inside(
        project,
        """
        from concurrent.futures import ThreadPoolExecutor
        from app.engine.cache import Answer
        builds = []
        def build():
            builds.append(time.sleep(0.3))
            return Answer("answer")
        def ask(_):
            with flask_app.test_request_context():
                return cache.response("key", build, "text/plain").data
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(ask, range(8))) == {b"answer"}
        assert len(builds) == 1
        """,
    )


# Filters


def test_values_that_nobody_can_choose_are_not_kept(project: Path) -> None:
    inside(
        project,
        """
        assert get("/?region=North").status_code == 200
        before = cached_files()
        chart = "/charts/revenue-by-region/data.json"
        for query in ("region=Nowhere", "region=North&region=No", "date=x"):
            for url in (f"/?{query}", f"{chart}?{query}"):
                tag = get(url).headers["ETag"]
                assert get(url, **{"If-None-Match": tag}).status_code == 304
        assert cached_files() == before
        assert json.loads(get(f"{chart}?region=Nowhere").data)["rows"] == []
        assert get(f"{chart}?region=North&date.from=2023-02-01").headers["ETag"]
        """,
    )
    inside(
        project,
        """
        assert get("/?region=North").status_code == 200
        assert not {"pandas", "duckdb"} & set(sys.modules)
        """,
    )


def test_a_chosen_value_beyond_the_first_ones_stays(project: Path) -> None:
    inside(
        project,
        """
        from dataclasses import replace
        from app.engine.models import Filter
        for slug, chart in engine.charts.items():
            engine.charts[slug] = replace(chart, filters={**chart.filters, "region": "choice"})
        def control(*values):
            controls = engine.controls([*engine.charts.values()], [Filter("region", values)])
            return next(control for control in controls if control.column == "region")
        assert control().more == 0
        assert control().choices == ("East", "North", "South", "West")
        app.engine.query.MOST_CHOICES = 2
        data["sales"]._facts.cache_clear()
        assert control().more == 2
        assert control("West").choices == ("East", "North", "West")
        assert b'value="West" checked' in get("/?region=West").data
        assert "ETag" in get("/?region=West").headers
        before = cached_files()
        assert get("/?region=West&region=Nowhere").status_code == 200
        assert cached_files() == before
        """,
    )


def set_filters(project: Path, forms: str) -> None:
    """Give the chart of revenue by region these FILTERS."""
    path = project / "app/charts/revenue_by_region.py"
    text, n = re.subn(r"FILTERS = .*", f"FILTERS = {forms}", path.read_text("utf-8"))
    assert n == 1
    path.write_text(text, "utf-8")


ROWS = """
from urllib.parse import parse_qsl
from app.engine import filters
from werkzeug.datastructures import MultiDict
data["sales"].build()
charts = [*engine.charts.values()]
def rows(query):
    return client.get(f"/charts/total-revenue/data.json?{query}")
def active(query):
    return filters.from_query(MultiDict(parse_qsl(query)), engine.filter_forms(charts))
def count(query):
    return data["sales"].count(active(query))
def controls(query=""):
    return {control.column: control for control in engine.controls(charts, active(query))}
"""


def test_a_range_of_numbers_lets_its_rows_through(project: Path) -> None:
    set_filters(project, '["revenue", "units"]')
    inside(
        project,
        """
        control = controls("revenue.from=13.5&revenue.to=garbage")["revenue"]
        assert control.form == "range"
        assert (control.low, control.high, control.ends) == ("13.5", "", ("13.5", "84.5"))
        assert controls()["units"].form == "choice"  # whole numbers, and few of them
        table = "SELECT revenue, units FROM sales"
        revenues = sorted(data["sales"].query(table)["revenue"])
        for query, expected in {
            "revenue.from=13.5": [r for r in revenues if r >= 13.5],
            "revenue.from=20&revenue.to=40.5": [r for r in revenues if 20 <= r <= 40.5],
            "revenue.to=1e1": [r for r in revenues if r <= 10],
            "revenue.from=nan": revenues, "revenue.from=inf": revenues, "revenue.to=": revenues,
            "revenue.from=2023-01-01": revenues,
            "revenue.from=40&revenue.to=30": [],
        }.items():
            assert count(query) == len(expected), query
        assert 0 < count("units.from=4&units.to=6") < len(revenues)
        # What anybody can type is not kept here; a browser may keep it.
        before = cached_files()
        assert rows("revenue.from=13.5").headers["Cache-Control"] == "no-cache"
        assert before == cached_files()
        assert "ETag" in rows("units=4").headers
        """,
        START + ROWS,
    )


def test_a_search_finds_text_as_it_is(project: Path) -> None:
    source = project / "data/sales.csv"
    odd = ["100% Tea", "100 Tea", "a_b", "aXb", "GRÜN", "back\\slash", "it's"]
    lines = [f"2024-05-{n + 1:02},{n},{odd[n % 7]},1,1" for n in range(28)]
    source.write_text(source.read_text("utf-8") + "\n".join(lines) + "\n", "utf-8")
    set_filters(project, '{"product": "search", "region": "single"}')
    inside(
        project,
        r"""
        assert controls("product.has=+tea+")["product"].text == "tea"
        assert controls()["region"].form == "single"
        for text, expected in {
            "100%25": 4, "0%25": 4, "%25": 4, "_": 4, "A_B": 4, "grün": 4, "GRün+": 4, "k\\s": 4,
            "t's": 4, "%00": 0, "nothing": 0, "": 388, "x"*5000: 0, "'+OR+1=1+--": 0,
        }.items():
            assert count(f"product.has={text}") == expected, text
        assert count("product.has=tea") == 8 + 120
        assert count("product.has=tea&product=100%25+Tea") == 4
        before = cached_files()
        assert rows("product.has=tea&product=100%25+Tea").headers["Cache-Control"] == "no-cache"
        assert before == cached_files()
        """,
        START + ROWS,
    )


def test_what_has_too_many_values_is_searched(project: Path) -> None:
    set_filters(project, '["product", "region"]')
    inside(
        project,
        """
        app.engine.query.MOST_CHOICES = 3
        assert controls()["product"].form == "choice"
        assert controls()["region"].form == "search"
        page = get("/?region=East").text
        assert '<input type="search" name="region.has"' in page
        assert '<input type="hidden" name="region" value="East">' in page  # a form keeps it
        assert "ETag" in get("/?region=East").headers
        before = cached_files()
        assert get("/?region=Nowhere").status_code == 200
        assert cached_files() == before
        """,
        START + ROWS,
    )


@pytest.mark.parametrize(
    ("forms", "message"),
    [
        ('{"region": "range"}', "FILTERS has 'region' as 'range', but it is VARCHAR"),
        ('{"revenue": "days"}', "FILTERS has 'revenue' as 'days', but it is DOUBLE"),
        ('{"regon": "choice"}', "FILTERS has 'regon', which sales does not have"),
    ],
)
def test_a_form_that_does_not_fit_its_column_fails_its_chart(
    project: Path, forms: str, message: str
) -> None:
    set_filters(project, forms)
    code = 'data["sales"].build(); assert get("/").text.count("could not be drawn") == 1'
    assert message in inside(project, code)


def test_a_form_that_there_is_not_fails_at_the_start(project: Path) -> None:
    set_filters(project, '{"region": "dropdown"}')
    completed = subprocess.run(
        [project / ".venv/bin/python", "-c", "from app import create_app; create_app()"],
        cwd=project,
        capture_output=True,
        text=True,
    )
    last = completed.stderr.strip().splitlines()[-1]
    assert last.endswith(
        "app/charts/revenue_by_region.py: FILTERS has the form 'dropdown'. "
        "Write choice, single, range, days, search."
    )


def test_spans_of_days_end_with_the_data(project: Path) -> None:
    source = project / "data/sales.csv"
    header = source.read_text("utf-8").splitlines()[0]

    def spans(*days: str) -> list[str]:
        lines = [f"{day},North,Tea,1,{n}.5" for n, day in enumerate(days)]
        source.write_text("\n".join([header, *lines]) + "\n", "utf-8")
        code = """
            from app.engine.controls import presets
            data["sales"].build(force=True)
            spans = presets(controls("region=North")["date"], [])
            print(*(" ".join(span) for span in spans), sep="\\n")
            """
        set_filters(project, '["date"]')
        return inside(project, code, START + ROWS).strip().splitlines()

    assert spans(*(f"2024-{m:02}-{d:02}" for m in (1, 2, 3) for d in range(1, 29, 3))) == [
        "Last 7 days date.from=2024-03-22&date.to=2024-03-28",
        "Last 30 days date.from=2024-02-28&date.to=2024-03-28",
        "This month date.from=2024-03-01&date.to=2024-03-28",
    ]  # this year is all of it, and 90 days ago there was nothing
    assert spans(*(f"{y}-{m:02}-01" for y in (2022, 2023, 2024) for m in range(1, 13))) == [
        "Last 90 days date.from=2024-09-03&date.to=2024-12-01",
        "This year date.from=2024-01-01&date.to=2024-12-01",
        "Last year date.from=2023-01-01&date.to=2023-12-31",
    ]
    assert spans(*(f"{y}-01-01" for y in range(1990, 2024))) == []


def test_chips_name_each_active_filter_and_link_to_the_page_without_it(project: Path) -> None:
    set_filters(project, '["date", "region", "product", "revenue"]')
    inside(
        project,
        """
        import html, re
        data["sales"].build()
        def chips(query):
            page = get(f"/?{query}").text
            chips = re.findall(r'<a class="chip" href="[?]([^"]*)"[^>]*>([^<]*)<', page)
            return {html.unescape(text): html.unescape(link) for link, text in chips}, page
        query = "date.from=2023-02-01&date.to=2023-02-28&region=East&region=North&product.has=te"
        links, page = chips(query + "&revenue.to=40&nonsense=1&revenue.from=x")
        assert links == {
            "Date: 2023-02-01 \u2013 2023-02-28":
                "region=East&region=North&product.has=te&revenue.to=40",
            "Region: East": "date.from=2023-02-01&date.to=2023-02-28&region=North"
                "&product.has=te&revenue.to=40",
            "Region: North": "date.from=2023-02-01&date.to=2023-02-28&region=East"
                "&product.has=te&revenue.to=40",
            "Product has “te”": "date.from=2023-02-01&date.to=2023-02-28&region=East"
                "&region=North&revenue.to=40",
            "Revenue: to 40": query,
        }
        assert re.search(r"<span>[1-9] of 360 rows</span>", page)
        assert page.count('class="reset"') == 1
        for link in links.values():
            assert len(chips(link)[0]) == 4
        links, page = chips("")
        assert not links and 'class="reset"' not in page and "<span>360 rows</span>" in page
        links, _ = chips("&".join(f"region={n}" for n in range(9)))
        assert links == {"Region: 9 values": ""}
        hostile = "</a><script>alert(1)</script>"
        links, page = chips(f"region={hostile}&product.has={hostile}")
        assert hostile not in page and f"Region: {hostile}" in links
        """,
    )


def test_counts_of_several_loaders(project: Path) -> None:
    (project / "app/loaders/costs.py").write_text(
        "import pandas as pd\n\nSOURCE = __file__\n\n\ndef load():\n"
        "    return pd.DataFrame({'region': ['North', 'South'] * 3, 'cost': range(6)})\n",
        "utf-8",
    )
    chart = (project / "app/charts/total_revenue.py").read_text("utf-8")
    costs = chart.replace('"sales"', '"costs"').replace("sum(revenue)", "sum(cost)")
    costs = costs.replace("FROM sales", "FROM costs")
    costs = re.sub("FILTERS = .*", 'FILTERS = ["region"]', costs)
    (project / "app/charts/costs.py").write_text(costs, "utf-8")
    inside(
        project,
        """
        data["sales"].build(), data["costs"].build()
        page = get("/?region=North").text
        assert "<span>costs: 3 of 6 rows</span>" in page
        assert "<span>sales: " in page and " of 360 rows</span>" in page
        page = get("/?date.to=2023-01-10").text
        assert "<span>costs: 6 of 6 rows</span>" in page  # it has no dates
        assert "<span>sales: 10 of 360 rows</span>" in page
        """,
    )


def test_no_data_is_said_of_each_kind(project: Path) -> None:
    inside(
        project,
        """
        import re
        data["sales"].build()
        page = get("/?date.to=1999-01-01").text
        cards = dict(re.findall(r'<article [^>]*id="([^"]*)"[^>]*>(.*?)</article>', page, re.S))
        assert len(cards) >= 8
        for slug, card in cards.items():
            empty = "No data for these filters." in card
            assert empty or (slug == "rows-chart" and '<p class="value">0</p>' in card), slug
            assert empty == ("No data for" in get(f"/charts/{slug}?date.to=1999-01-01").text)
        """,
    )


def test_nothing_is_no_choice(project: Path) -> None:
    changed = '    df["none"] = None\n    return df.replace("East", "")'
    change(project, "loaders/sales.py", ("    return df", changed))
    inside(
        project,
        """
        assert data["sales"].choices("region") == (["North", "South", "West"], 0)
        assert data["sales"].choices("none") == ([], 0)
        """,
    )


def test_the_first_answer_has_pandas_and_duckdb_imported_behind_it(project: Path) -> None:
    inside(project, 'assert get("/").status_code == 200')
    inside(
        project,
        """
        get("/").close()
        assert not {"pandas", "duckdb"} & set(sys.modules)
        deadline = time.monotonic() + 30
        while not data["sales"]._facts.cache_info().currsize and time.monotonic() < deadline:
            time.sleep(0.1)
        assert {"pandas", "duckdb"} <= set(sys.modules)
        """,
    )


# Loaders and snapshots

FAILING = ("    return df", '    open("calls", "a").write("x")\n    raise OSError("pass" "word")')


def test_a_first_build_that_fails_is_remembered(project: Path) -> None:
    change(project, "loaders/sales.py", FAILING)
    code = """
        for path in ("/", "/charts/revenue-by-region/data.json", "/"):
            answer = get(path)
            assert answer.status_code == 503
            assert 0 < int(answer.headers["Retry-After"]) <= 30
            assert "sales failed (OSError" in answer.text, answer.text
            assert "password" not in answer.text
        assert get("/ready").status_code == 503
        assert get("/up").status_code == 200
        """
    assert "password" in inside(project, code)
    inside(project, code)  # another process knows it too
    assert (project / "calls").read_text() == "x"
    change(project, "loaders/sales.py", (FAILING[1], "    return df"))
    inside(project, 'assert get("/").status_code == 200')


def test_a_failure_is_remembered_where_the_disk_is_full(project: Path) -> None:
    change(project, "loaders/sales.py", FAILING)
    inside(
        project,
        """
        (data["sales"].folder / "sales.json.tmp").mkdir(parents=True)  # so that it can't be written
        for _ in range(3):
            assert get("/").status_code == 503
            data["sales"]._checked.cache_clear()
        assert Path("calls").read_text() == "x"
        app.engine.snapshots.RETRY_SECONDS = 0
        assert get("/").status_code == 503
        assert Path("calls").read_text() == "xx"
        """,
    )


def test_requests_do_not_wait_for_ever_for_a_first_build(project: Path) -> None:
    change(
        project, "loaders/sales.py", ("    return df", "    import time; time.sleep(3); return df")
    )
    inside(
        project,
        """
        app.engine.snapshots.WAIT_SECONDS = 0.2
        for _ in range(3):
            answer = get("/")
            assert answer.status_code == 503
            assert "still reading" in answer.text
            assert answer.headers["Retry-After"]
        app.engine.snapshots.WAIT_SECONDS = 30
        assert get("/").status_code == 200
        """,
    )


def test_a_damaged_snapshot_is_built_anew(project: Path) -> None:
    damage = """
        data["sales"].build()
        path = data["sales"].folder / data["sales"].peek().file
        whole = path.read_bytes()
        path.write_bytes(BAD)
        """
    for bad in ('b""', "whole[:-100]", "whole[:len(whole) // 2] + bytes(len(whole) // 2)"):
        inside(project, damage.replace("BAD", bad))
        inside(project, 'assert get("/charts/total-revenue/data.json").status_code == 200')
    inside(
        project, 'data["sales"].build(); (data["sales"].folder / "sales.json").write_text("{}x")'
    )
    inside(project, 'assert get("/").status_code == 200')


def test_a_source_may_vanish(project: Path) -> None:
    inside(
        project,
        """
        assert get("/").status_code == 200
        Path("data/sales.csv").unlink()
        data["sales"]._checked.cache_clear()
        assert get("/").status_code == 200
        data["sales"]._build.join()
        data["sales"]._checked.cache_clear()
        assert "The last refresh failed" in get("/").text
        """,
    )


def test_a_loader_is_read_again_when_refresh_has_passed(project: Path) -> None:
    loader = project / "app/loaders/clock.py"
    loader.write_text(
        'import time\n\nREFRESH = "15m"\nSOURCE = "https://example.com/x.csv"\n\n\n'
        "def load():\n    import pandas as pd\n\n    return pd.DataFrame({'t': [time.time()]})\n",
        "utf-8",
    )
    inside(
        project,
        """
        first = data["clock"].state()
        assert data["clock"].check() == first
        later = time.time() + 901
        time.time = lambda: later
        assert data["clock"].check() == first  # the last good one, while the next is built
        data["clock"]._build.join()
        assert data["clock"].check().built > first.built
        assert engine.loaders["sales"].max_age > 10**9
        first = data["sales"].build()
        assert data["sales"].build() == first
        assert data["sales"].build(force=True).built > first.built
        """,
    )
    loader.write_text(loader.read_text("utf-8").replace("SOURCE", "PLACE"), "utf-8")
    inside(project, 'assert data["clock"].build().rows == 1')


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('REFRESH = "15m"', "", "SOURCE or REFRESH is missing. See "),
        ('"15m"', '"0m"', "REFRESH is '0m'. Write 15m, 1h or 1d."),
        ('"15m"', '"soon"', "REFRESH is 'soon'. Write 15m, 1h or 1d."),
        ('"15m"', "15", "REFRESH is 15. Write 15m, 1h or 1d."),
    ],
)
def test_a_refresh_that_does_not_fit_fails_at_the_start(
    project: Path, old: str, new: str, message: str
) -> None:
    loader = project / "app/loaders/clock.py"
    loader.write_text('REFRESH = "15m"\n\n\ndef load():\n    pass\n'.replace(old, new), "utf-8")
    code = "from app import create_app; create_app()"
    completed = subprocess.run(
        [project / ".venv/bin/python", "-c", code], cwd=project, capture_output=True, text=True
    )
    assert f"app/loaders/clock.py: {message}" in completed.stderr


# Charts and their rows


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


# HTTP


def test_an_error_keeps_its_headers(project: Path) -> None:
    inside(
        project,
        """
        for path in ("/", "/charts/revenue-by-region/data.json"):
            answer = client.post(path)
            assert answer.status_code == 405
            assert "GET" in answer.headers["Allow"]
        assert answer.json["error"]
        assert "<h1>405: Method Not Allowed</h1>" in client.post("/").text
        """,
    )


def test_only_an_address_with_a_version_lasts_a_year(project: Path) -> None:
    inside(
        project,
        """
        for name in ("vendor/plotly-basic.min.js", "style.css"):
            for coding in ("br", "gzip", ""):
                headers = {"Accept-Encoding": coding}
                old = client.get(f"/static/{name}", headers=headers)
                assert old.headers["Cache-Control"] == "no-cache"
                assert old.headers["Vary"] == "Accept-Encoding"
                new = client.get(f"/static/{name}?v=1", headers=headers)
                assert new.headers["Cache-Control"] == "public, max-age=31536000, immutable"
                assert new.headers.get("Content-Encoding", "") == coding
                again = client.get(f"/static/{name}", headers=headers | {"If-None-Match": old.headers["ETag"]})
                assert again.status_code == 304
        """,
    )


def test_no_header_says_where_the_pages_are(project: Path) -> None:
    options = (project / "Procfile").read_text("utf-8").split('"')[0].split("gunicorn ", 1)[1]
    docker = (project / "Dockerfile").read_text("utf-8").replace('", "', " ")
    assert options.strip() in docker
    with serving(project) as url:
        assert fetch(f"{url}/charts/revenue-by-region", SCRIPT_NAME="/charts")[0] == 200


def test_rows_that_cannot_be_read_are_counted(project: Path) -> None:
    source = project / "data" / "sales.csv"
    source.write_text(source.read_text("utf-8") + "2024-01-01,North,Tea,1,2,3,4\n" * 3, "utf-8")
    change(project, "loaders/sales.py", ("read_csv(SOURCE", "read_csv(SOURCE, on_bad_lines='warn'"))
    printed = inside(
        project,
        """
        state = data["sales"].build()
        assert (state.rows, state.unread, state.error) == (360, 3, ""), state
        assert "360 rows (and 3 that can" in get("/").text
        """,
    )
    assert "Skipping line 362" in printed


# A source that has changed its columns


@pytest.mark.parametrize(
    ("csv", "error"),
    [
        ("date,region,product,units\n2024-01-01,North,Tea,3\n", "revenue is gone"),
        (
            "date,region,product,units,revenue\n2024-01-01,1,Tea,many,1.5\n",
            "region was VARCHAR, is BIGINT; units was BIGINT, is VARCHAR",
        ),
        ("date,region,product,units,revenue,new\n2024-01-01,North,Tea,3.5,2,x\n", ""),
        ("date,region,product,units,revenue\n2024-01-01,,Tea,,2\n", ""),
    ],
)
def test_a_refresh_that_changes_columns_says_which(project: Path, csv: str, error: str) -> None:
    """The last good snapshot stays, until the loader is saved: that accepts the change."""
    inside(project, 'data["sales"].build()')
    (project / "data/sales.csv").write_text(csv, "utf-8")
    loader = project / "app/loaders/sales.py"
    code = f"""
        state = data["sales"].build()
        assert state.error == {error!r}, state
        assert state.rows == {360 if error else 1}
        assert data["sales"].peek() == state
        assert (data["sales"].folder / state.file).is_file()
        assert len([*data["sales"].folder.glob("*.parquet")]) == (1 if state.error else 2)
        client = create_app().test_client()
        page = client.get("/").text
        assert ("The last refresh failed" in page) == bool(state.error)
        assert state.error in page
        assert client.get("/ready").json["loaders"]["sales"]["error"] == state.error
        data["sales"].build(force=True)
        """
    printed = inside(project, code)
    assert error in printed
    loader.write_text(loader.read_text("utf-8") + "\n", "utf-8")
    inside(project, 'assert data["sales"].build().rows == 1')


def test_a_snapshot_is_never_written_over(project: Path) -> None:
    """A query that has begun reads on, and what a killed builder left goes at the next build."""
    inside(
        project,
        """
        first = data["sales"].build()
        before = (data["sales"].folder / first.file).read_bytes()
        second = data["sales"].build(force=True)
        assert second.file != first.file
        assert (data["sales"].folder / first.file).read_bytes() == before
        (data["sales"].folder / "sales.1.parquet").write_bytes(b"half of it")
        third = data["sales"].build(force=True)
        left = {path.name for path in data["sales"].folder.glob("*.parquet")}
        assert left == {second.file, third.file}
        """,
    )
